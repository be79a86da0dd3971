//! What products have beside kind, brand, colour and price: figures ("16 GB of RAM") and properties ("noise cancelling"), with
//! the words that customers have for them.

use super::wishes::Quantity;
use crate::shop::catalog::{Catalogue, Product};
use crate::shop::error::ShopError;
use crate::shop::i18n::Texts;
use crate::shop::sizes;
use crate::shop::text::words;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A figure that products of some kinds have.
#[derive(Debug, Clone, Deserialize)]
pub struct Measure {
    /// `ram`, `litres`, …
    pub id: String,
    /// For customers.
    pub names: Texts,
    words: Vec<String>,
    units: Vec<String>,
    /// The unit tells only beside one of the words, or where no other figure of the unit can be that much.
    #[serde(default)]
    pub beside: bool,
    /// One of the words beside a number tells without a unit: "256 de memoria".
    #[serde(default)]
    pub bare: bool,
    features: Vec<String>,
    /// What the number of a feature is multiplied by where it has another unit than the figure: days are 24 hours.
    #[serde(default)]
    factors: BTreeMap<String, f64>,
    /// Units of the sizes that hold the figure.
    #[serde(default)]
    sizes: Vec<String>,
    /// A number means that much or more: a fridge for five serves four.
    #[serde(default)]
    pub least: bool,
    /// Whether more is better.
    pub more: bool,
    #[serde(default)]
    wish: Vec<String>,
    /// How a figure is said, `{n}` for the number.
    label: Texts,
}

/// A property that a product has or has not.
#[derive(Debug, Clone, Deserialize)]
pub struct Trait {
    /// `5g`, `anc`, `women`, …
    pub id: String,
    /// For customers.
    pub names: Texts,
    words: Vec<String>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    among: Vec<String>,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    brands: Vec<String>,
    #[serde(default)]
    not_brands: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
    /// Nothing in the shop has it.
    #[serde(default)]
    pub none: bool,
    r#for: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    measures: Vec<Measure>,
    traits: Vec<Trait>,
}

/// What a phrase names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A figure, by its place.
    Measure(usize),
    /// Much of a figure, or little where that is better.
    Good(usize),
    /// A property, by its place.
    Trait(usize),
}

/// Longest phrase, in words.
pub(super) const PHRASE: usize = 4;

/// All figures and properties.
#[derive(Debug)]
pub struct Traits {
    /// Figures.
    pub measures: Vec<Measure>,
    /// Properties.
    pub traits: Vec<Trait>,
    phrases: BTreeMap<String, BTreeSet<Name>>,
    units: BTreeMap<String, BTreeSet<usize>>,
}

impl Traits {
    /// Reads the embedded file.
    ///
    /// # Errors
    /// [`ShopError::Data`] for a file that does not fit.
    pub fn load() -> Result<Traits, ShopError> {
        let text = include_str!("../catalog/attributes.yml");
        let File { measures, traits } = crate::shop::catalog::yaml("attributes.yml", text)?;
        let mut ids = BTreeSet::new();
        let twice =
            measures.iter().map(|m| &m.id).chain(traits.iter().map(|t| &t.id)).find(|id| !ids.insert(*id));
        if let Some(id) = twice {
            return Err(ShopError::data("attributes.yml", format!("`{id}` occurs twice")));
        }
        let mut phrases: BTreeMap<String, BTreeSet<Name>> = BTreeMap::new();
        let mut units: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let mut add = |text: &str, name: Name| {
            phrases.entry(words(text).join(" ")).or_default().insert(name);
        };
        for (i, measure) in measures.iter().enumerate() {
            measure.words.iter().chain(&measure.names.0).for_each(|w| add(w, Name::Measure(i)));
            measure.wish.iter().for_each(|w| add(w, Name::Good(i)));
            for unit in &measure.units {
                units.entry(words(unit).join(" ")).or_default().insert(i);
            }
        }
        for (i, property) in traits.iter().enumerate() {
            property.words.iter().chain(&property.names.0).for_each(|w| add(w, Name::Trait(i)));
        }
        Ok(Traits { measures, traits, phrases, units })
    }

    /// The longest phrase that begins the words, and what it names.
    pub(super) fn phrase(&self, said: &[String]) -> Option<(usize, &BTreeSet<Name>)> {
        (1..=said.len().min(PHRASE)).rev().find_map(|n| Some((n, self.phrases.get(&said[..n].join(" "))?)))
    }

    /// Figures that a unit may belong to.
    pub(super) fn unit(&self, word: &str) -> Option<&BTreeSet<usize>> {
        self.units.get(word)
    }
}

/// A number for customers: `1.5`, `16`.
pub(super) fn figure(n: f64) -> String {
    format!("{n}")
}

impl Measure {
    /// The figures of a product, several where it comes in sizes.
    #[must_use]
    pub fn values(&self, product: &Product) -> Vec<f64> {
        let fact = self.features.iter().find_map(|f| Some((f, product.fact(f)?)));
        let own = fact.and_then(|(feature, value)| {
            let number: f64 = value.parse().ok()?;
            Some(number * self.factors.get(feature).copied().unwrap_or(1.0))
        });
        let sized = product.all_sizes().iter().filter_map(|size| {
            let key = sizes::key(size);
            let digits = key.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(key.len());
            let (number, unit) = key.split_at(digits);
            let number: f64 = number.parse().ok().filter(|_| self.sizes.iter().any(|s| s == unit))?;
            Some(if unit == "tb" { number * 1024.0 } else { number })
        });
        let mut all: Vec<f64> = sized.collect();
        if all.is_empty() {
            all.extend(own);
        }
        all
    }

    /// What a product's data say about it, by variety: its features' lines, or the sizes.
    #[must_use]
    pub fn lines(&self, product: &Product) -> Option<Texts> {
        let feature = self.features.iter().find_map(|f| product.facts.iter().position(|(key, _)| key == f));
        if let Some(at) = feature {
            return Some(product.features.at(at));
        }
        let sizes: Vec<&String> = product
            .all_sizes()
            .iter()
            .filter(|size| {
                let key = sizes::key(size);
                self.sizes.iter().any(|s| key.ends_with(s.as_str()))
            })
            .collect();
        let joined = sizes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
        (!sizes.is_empty()).then(|| Texts([joined.clone(), joined.clone(), joined.clone(), joined]))
    }

    /// Whether one of these figures is as much as is wished. A screen of 15.6 inches is a 15-inch screen, and what is enough
    /// for five is enough for four.
    #[must_use]
    pub fn fits(&self, quantity: &Quantity, values: &[f64]) -> bool {
        values.iter().any(|v| match self.least {
            true => quantity.is_reached_by(*v),
            false => quantity.is(*v) || (self.id == "screen" && quantity.is(v.floor())),
        })
    }

    /// A figure in words.
    pub(super) fn say(&self, n: f64) -> Texts {
        Texts(self.label.0.clone().map(|l| l.replace("{n}", &figure(n))))
    }

    /// Whether some product of these kinds has the figure.
    #[must_use]
    pub fn known(&self, catalogue: &Catalogue, kinds: &BTreeSet<&str>) -> bool {
        catalogue.products.iter().any(|p| kinds.contains(p.kind.as_str()) && self.lines(p).is_some())
    }
}

impl Trait {
    /// Whether it can be asked of a product at all.
    #[must_use]
    pub fn concerns(&self, product: &Product) -> bool {
        self.r#for.iter().any(|f| *f == product.kind || *f == product.category)
    }

    /// Whether a product has it; nothing if its data do not tell.
    #[must_use]
    pub fn has(&self, product: &Product) -> Option<bool> {
        if self.none {
            return Some(false);
        }
        if !self.kinds.is_empty() {
            return Some(self.kinds.contains(&product.kind));
        }
        if !self.brands.is_empty() {
            return Some(self.brands.contains(&product.brand));
        }
        if !self.not_brands.is_empty() {
            return Some(!self.not_brands.contains(&product.brand));
        }
        let key = |keys: &[String]| product.facts.iter().any(|(f, _)| keys.contains(f));
        if !self.features.is_empty() {
            let told = key(&self.features);
            return (told || self.among.is_empty() || key(&self.among)).then_some(told);
        }
        let own = || {
            let texts = product.features.0[0].iter().chain([&product.name, &product.description.0[0]]);
            texts.flat_map(|t| words(t)).collect::<BTreeSet<String>>()
        };
        (!self.text.is_empty()).then(|| self.text.iter().any(|t| words(t).iter().all(|w| own().contains(w))))
    }

    /// Whether the data of these kinds tell of it at all.
    #[must_use]
    pub fn known(&self, catalogue: &Catalogue, kinds: &BTreeSet<&str>) -> bool {
        let mut of_kind = catalogue.products.iter().filter(|p| kinds.contains(p.kind.as_str()));
        of_kind.any(|p| self.none || self.has(p) == Some(true))
    }

    /// The line of the data that tells, by variety.
    #[must_use]
    pub fn line(&self, product: &Product) -> Option<Texts> {
        let at = product.facts.iter().position(|(f, _)| self.features.contains(f))?;
        Some(product.features.at(at))
    }
}
