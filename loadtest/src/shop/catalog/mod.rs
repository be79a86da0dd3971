//! What the shop sells: hand-written data files, composed into products once at the start.

mod parse;

pub(crate) use parse::yaml;

use super::error::ShopError;
use super::i18n::{Country, Money, TextLists, Texts};
use super::search::Traits;
use super::sizes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A category of the shop.
#[derive(Debug, Clone, Deserialize)]
pub struct Category {
    /// `phones`, `laptops`, `audio`, `televisions`, `kitchen`, `shoes`, `clothing`.
    pub id: String,
    /// For customers.
    pub names: Texts,
    /// What people call it.
    pub words: Vec<String>,
}

/// A brand, a colour or a model with its spellings.
#[derive(Debug, Clone, Deserialize)]
pub struct Word {
    /// The canonical form.
    pub id: String,
    /// Spellings in all varieties.
    pub words: Vec<String>,
    /// For customers, where the canonical form does not serve.
    #[serde(default)]
    pub names: Option<Texts>,
}

/// `words.yml`.
#[derive(Debug, Clone, Deserialize)]
pub struct Words {
    /// Categories in the order of the menu.
    pub categories: Vec<Category>,
    /// Brands.
    pub brands: Vec<Word>,
    /// Colours.
    pub colors: Vec<Word>,
    /// Makers whose things the shop does not sell.
    pub other_makers: Vec<Word>,
    /// Words without meaning for the search.
    pub stop: Vec<String>,
    /// Things that customers ask for and the shop does not sell, though their names hold a word of what it sells.
    pub not_sold: Vec<String>,
    /// Model names in other spellings.
    pub models: Vec<Word>,
}

/// A kind of product.
#[derive(Debug, Clone, Deserialize)]
pub struct Kind {
    /// `phone`, `running shoes`, …
    pub id: String,
    /// The category's id.
    pub category: String,
    /// For customers.
    pub names: Texts,
    /// What people call it.
    pub words: Vec<String>,
    /// Descriptions by tier.
    about: BTreeMap<String, Texts>,
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Stock keeping unit, `PH-SAM-S24`.
    pub sku: String,
    /// Brand and model.
    pub name: String,
    /// The brand.
    pub brand: String,
    /// The category's id.
    pub category: String,
    /// The kind's id.
    pub kind: String,
    /// List price in hundredths by country, in the order of [`Country::ALL`]; `None` where it is not sold.
    list: [Option<i64>; 3],
    /// Percent off the list price.
    pub discount: i64,
    /// Canonical colours.
    pub colors: Vec<String>,
    /// Sizes; shoes in the UK scale.
    sizes: Vec<String>,
    /// Mean of the ratings, 1–5.
    pub rating: f64,
    /// Months of warranty.
    pub warranty: u32,
    /// Keys of the features with their first values, in the order of the features.
    pub facts: Vec<(String, String)>,
    /// Features.
    pub features: TextLists,
    /// Description.
    pub description: Texts,
}

impl Product {
    /// Whether the country sells it.
    #[must_use]
    pub fn sold_in(&self, country: Country) -> bool {
        self.list[country as usize].is_some()
    }

    /// The price before any discount.
    #[must_use]
    pub fn list_price(&self, country: Country) -> Option<Money> {
        self.list[country as usize].map(|minor| Money { minor, country })
    }

    /// What the customer pays: discounted, in whole rupees and pesos, and in whole cents of a euro.
    #[must_use]
    pub fn price(&self, country: Country) -> Option<Money> {
        let list = self.list[country as usize]?;
        let minor = list * (100 - self.discount) / 100;
        let minor = if country == Country::ES { minor } else { (minor + 50) / 100 * 100 };
        Some(Money { minor, country })
    }

    /// Sizes in the country's own scale.
    #[must_use]
    pub fn sizes(&self, country: Country) -> Vec<String> {
        if self.category != "shoes" {
            return self.sizes.clone();
        }
        self.sizes
            .iter()
            .map(|s| s.parse().map_or_else(|_| s.clone(), |uk| sizes::shoe(uk, country)))
            .collect()
    }

    /// The first value of a feature, by its key.
    #[must_use]
    pub fn fact(&self, key: &str) -> Option<&str> {
        self.facts.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Sizes as the data have them.
    #[must_use]
    pub fn all_sizes(&self) -> &[String] {
        &self.sizes
    }

    /// The product as lists show it.
    #[must_use]
    pub fn short(&self, country: Country, in_stock: bool) -> ProductShort {
        ProductShort {
            sku: self.sku.clone(),
            name: self.name.clone(),
            brand: self.brand.clone(),
            category: self.category.clone(),
            kind: self.kind.clone(),
            price: self.price(country),
            list_price: self.list_price(country),
            discount_percent: self.discount,
            colors: self.colors.clone(),
            sizes: self.sizes(country),
            in_stock,
        }
    }
}

/// A product as lists show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductShort {
    /// Stock keeping unit.
    #[schema(example = "PH-SAM-S24")]
    pub sku: String,
    /// Brand and model.
    #[schema(example = "Samsung Galaxy S24")]
    pub name: String,
    /// The brand.
    pub brand: String,
    /// The category's id.
    pub category: String,
    /// The kind's id.
    pub kind: String,
    /// What the customer pays now.
    #[schema(value_type = super::i18n::MoneyWire)]
    pub price: Option<Money>,
    /// The price before the discount.
    #[schema(value_type = super::i18n::MoneyWire)]
    pub list_price: Option<Money>,
    /// Percent off the list price.
    pub discount_percent: i64,
    /// Canonical English colour names.
    pub colors: Vec<String>,
    /// Sizes in the country's scale.
    pub sizes: Vec<String>,
    /// Whether any store of the country has it.
    pub in_stock: bool,
}

/// All data about products.
#[derive(Debug)]
pub struct Catalogue {
    /// Products in the order of the file.
    pub products: Vec<Product>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Categories and vocabulary.
    pub words: Words,
    /// Figures and properties that products have, and their names.
    pub traits: Traits,
    by_sku: BTreeMap<String, usize>,
}

impl Catalogue {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// [`ShopError::Data`] with file and line for a line that does not fit.
    pub fn load() -> Result<Catalogue, ShopError> {
        parse::load()
    }

    /// The product with that SKU, case-insensitively.
    #[must_use]
    pub fn product(&self, sku: &str) -> Option<&Product> {
        self.by_sku.get(&sku.to_uppercase()).map(|i| &self.products[*i])
    }

    /// How many products a category has in a country.
    #[must_use]
    pub fn count(&self, category: &str, country: Country) -> usize {
        self.products.iter().filter(|p| p.category == category && p.sold_in(country)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole() {
        let catalogue = Catalogue::load().unwrap();
        assert!(catalogue.products.len() >= 200, "{}", catalogue.products.len());
        assert_eq!(catalogue.words.categories.len(), 7);
        for product in &catalogue.products {
            assert!(product.features.0.iter().all(|f| f.len() >= 2), "{}", product.sku);
            assert!(product.description.0.iter().all(|d| d.contains(&product.name)), "{}", product.sku);
            assert!(Country::ALL.iter().any(|c| product.sold_in(*c)), "{}", product.sku);
            let texts = product.features.0.iter().flatten().chain(&product.description.0);
            assert!(texts.into_iter().all(|t| !t.contains(['{', '}'])), "{}", product.sku);
        }
        for category in &catalogue.words.categories {
            for country in Country::ALL {
                assert!(catalogue.count(&category.id, country) >= 9, "{} {country}", category.id);
            }
        }
    }

    #[test]
    fn prices_are_what_the_customer_pays() {
        let catalogue = Catalogue::load().unwrap();
        let phone = catalogue.product("ph-apl-ip15").unwrap();
        let paid = |c| serde_json::to_string(&phone.price(c)).unwrap();
        assert_eq!(paid(Country::IN), r#"{"amount":64308,"currency":"INR"}"#);
        assert_eq!(paid(Country::ES), r#"{"amount":790.28,"currency":"EUR"}"#);
        assert_eq!(catalogue.product("PH-SAM-M14").unwrap().price(Country::ES), None);
    }
}
