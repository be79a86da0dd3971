//! Reads the catalogue's data files.

use super::{Catalogue, Kind, Product, Words};
use crate::shop::error::ShopError;
use crate::shop::i18n::{TextLists, Texts};
use crate::shop::search::Traits;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

const PRODUCTS: &str = include_str!("products.psv");
const COLUMNS: usize = 12;

/// Reads one embedded YAML file.
pub(crate) fn yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ShopError> {
    serde_saphyr::from_str(text).map_err(|e| ShopError::data(file, e))
}

pub(super) fn load() -> Result<Catalogue, ShopError> {
    let words: Words = yaml("words.yml", include_str!("words.yml"))?;
    let kinds: Vec<Kind> = yaml("kinds.yml", include_str!("kinds.yml"))?;
    let features: BTreeMap<String, Texts> = yaml("features.yml", include_str!("features.yml"))?;
    let mut products = Vec::new();
    let mut by_sku = BTreeMap::new();
    for (number, line) in PRODUCTS.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let place = format!("products.psv:{}", number + 1);
        let product = product(line, &kinds, &features).map_err(|reason| ShopError::data(&place, reason))?;
        let known: BTreeSet<&str> = words.colors.iter().map(|c| c.id.as_str()).collect();
        if let Some(color) = product.colors.iter().find(|c| !known.contains(c.as_str())) {
            return Err(ShopError::data(place, format!("colour `{color}` is not in words.yml")));
        }
        if by_sku.insert(product.sku.clone(), products.len()).is_some() {
            return Err(ShopError::data(place, format!("`{}` occurs twice", product.sku)));
        }
        products.push(product);
    }
    Ok(Catalogue { products, kinds, words, traits: Traits::load()?, by_sku })
}

fn product(line: &str, kinds: &[Kind], library: &BTreeMap<String, Texts>) -> Result<Product, String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [sku, name, kind_id, brand, tier, prices, discount, colors, sizes, rating, warranty, features] =
        cells[..]
    else {
        return Err(format!("{} cells instead of {COLUMNS}", cells.len()));
    };
    let kind = kinds
        .iter()
        .find(|k| k.id == kind_id)
        .ok_or_else(|| format!("kind `{kind_id}` is not in kinds.yml"))?;
    let about = kind
        .about
        .get(tier)
        .ok_or_else(|| format!("kind `{kind_id}` has no description for tier `{tier}`"))?;
    let list = prices
        .split('/')
        .map(|p| if p == "-" { Ok(None) } else { p.parse::<i64>().map(|units| Some(units * 100)) })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("price `{prices}`: {e}"))?;
    Ok(Product {
        sku: sku.to_owned(),
        name: name.to_owned(),
        brand: brand.to_owned(),
        category: kind.category.clone(),
        kind: kind.id.clone(),
        list: list.try_into().map_err(|_| format!("`{prices}` is not three prices"))?,
        discount: discount.parse().map_err(|e| format!("discount `{discount}`: {e}"))?,
        colors: cells_of(colors),
        sizes: cells_of(sizes),
        rating: rating.parse().map_err(|e| format!("rating `{rating}`: {e}"))?,
        warranty: warranty.parse().map_err(|e| format!("warranty `{warranty}`: {e}"))?,
        facts: features.split(';').map(fact).collect(),
        features: feature_lists(features, library)?,
        description: about.fill(name),
    })
}

/// `ram:16` is RAM, 16.
fn fact(feature: &str) -> (String, String) {
    let (key, values) = feature.split_once(':').unwrap_or((feature, ""));
    (key.to_owned(), values.split(',').next().unwrap_or_default().to_owned())
}

fn cells_of(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|s| !s.is_empty() && *s != "-").map(str::to_owned).collect()
}

/// `display:6.1,OLED;5g` filled into the library's sentences.
fn feature_lists(cell: &str, library: &BTreeMap<String, Texts>) -> Result<TextLists, String> {
    let mut lists = TextLists::default();
    for feature in cell.split(';') {
        let (key, values) = feature.split_once(':').unwrap_or((feature, ""));
        let template = library.get(key).ok_or_else(|| format!("feature `{key}` is not in features.yml"))?;
        let values: Vec<&str> = values.split(',').collect();
        for (list, text) in lists.0.iter_mut().zip(&template.0) {
            let filled =
                values.iter().enumerate().fold(text.clone(), |t, (i, v)| t.replace(&format!("{{{i}}}"), v));
            if filled.contains('{') {
                return Err(format!("feature `{feature}` lacks a value for `{text}`"));
            }
            list.push(filled);
        }
    }
    Ok(lists)
}
