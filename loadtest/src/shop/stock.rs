//! Stock by product, store, colour and size.

use super::catalog::{Catalogue, Product};
use super::clock::chance;
use super::error::ApiError;
use super::i18n::Country;
use super::places::Places;
use super::sizes;
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, BTreeSet};

/// Out of a hundred pairs of product and store, how many have nothing at all.
const EMPTY_PAIRS: u64 = 22;
/// Out of a hundred variants that a store keeps, how many are sold out.
const EMPTY_VARIANTS: u64 = 25;

/// Pairs that never depend on the seed, so that a demonstration can be told in advance: (SKU, store, has it).
const STORY: [(&str, &str, bool); 8] = [
    ("PH-APL-IP15", "IN-DEL-CP", true),
    ("PH-APL-IP15", "ES-MAD-GV", true),
    ("PH-APL-IP15", "MX-CMX-RF", true),
    ("PH-SAM-S24", "IN-DEL-CP", false),
    ("PH-SAM-S24", "IN-DEL-SK", false),
    ("PH-SAM-S24", "IN-MUM-AN", true),
    ("SN-ADI-SAMBA", "ES-MAD-GV", false),
    ("EB-APL-APP2", "MX-CMX-RF", false),
];

/// Fills the empty table.
///
/// # Errors
/// SQLite's.
pub fn seed(
    connection: &Connection,
    catalogue: &Catalogue,
    places: &Places,
    seed: u64,
) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare("INSERT INTO stock (sku, store, color, size, quantity) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for product in &catalogue.products {
        for store in places.stores.iter().filter(|s| product.sold_in(s.country)) {
            let story = STORY
                .iter()
                .find(|(sku, at, _)| *sku == product.sku && *at == store.id)
                .map(|(.., has)| *has);
            let empty = match story {
                Some(has) => !has,
                None => chance(seed, &[&product.sku, &store.id], 100) < EMPTY_PAIRS,
            };
            for color in or_one(&product.colors) {
                for size in or_one(&product.sizes(store.country)) {
                    let words = [product.sku.as_str(), &store.id, &color, &size];
                    let sold_out = story != Some(true) && chance(seed ^ 1, &words, 100) < EMPTY_VARIANTS;
                    let quantity = if empty || sold_out { 0 } else { 1 + chance(seed ^ 2, &words, 9) };
                    insert.execute((
                        &product.sku,
                        &store.id,
                        &color,
                        &size,
                        i64::try_from(quantity).unwrap_or(0),
                    ))?;
                }
            }
        }
    }
    Ok(())
}

/// A product without colours or sizes still has one variant.
fn or_one(values: &[String]) -> Vec<String> {
    if values.is_empty() { vec![String::new()] } else { values.to_vec() }
}

/// Which variants count.
#[derive(Debug, Clone, Default)]
pub struct Variant {
    /// Canonical colours, any of which will do; `None`: any colour. An empty set (a colour the shop does not know) fits
    /// nothing.
    pub colors: Option<BTreeSet<String>>,
    /// Size as the customer wrote it; `None`: any.
    pub size: Option<String>,
}

/// Pieces by store id.
pub type ByStore = BTreeMap<String, i64>;

/// Pieces in a size (`None`: any) by canonical colour and store id; what there are none of is left out.
///
/// # Errors
/// [`ApiError`] 500 if SQLite fails.
pub fn by_color(
    connection: &Connection,
    sku: &str,
    size: Option<&str>,
) -> Result<BTreeMap<String, ByStore>, ApiError> {
    let mut statement = connection
        .prepare_cached("SELECT store, color, size, quantity FROM stock WHERE sku = ?1 AND quantity > 0")?;
    let mut rows = statement.query([sku])?;
    let mut found: BTreeMap<String, ByStore> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (store, color): (String, String) = (row.get(0)?, row.get(1)?);
        let own = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        if size.is_none_or(|s| sizes::matches(own, s)) {
            *found.entry(color).or_default().entry(store).or_insert(0) += row.get::<_, i64>(3)?;
        }
    }
    Ok(found)
}

/// Pieces by store id of those colours that will do; stores without any are left out.
#[must_use]
pub fn in_colors(pieces: &BTreeMap<String, ByStore>, colors: Option<&BTreeSet<String>>) -> ByStore {
    let mut found = ByStore::new();
    for (_, stores) in pieces.iter().filter(|(color, _)| colors.is_none_or(|c| c.contains(*color))) {
        for (store, quantity) in stores {
            *found.entry(store.clone()).or_insert(0) += quantity;
        }
    }
    found
}

/// Pieces by store id; stores without any are left out.
///
/// # Errors
/// [`ApiError`] 500 if SQLite fails.
pub fn by_store(connection: &Connection, sku: &str, variant: &Variant) -> Result<ByStore, ApiError> {
    let pieces = by_color(connection, sku, variant.size.as_deref())?;
    Ok(in_colors(&pieces, variant.colors.as_ref()))
}

/// Whether any store of the country has the product.
///
/// # Errors
/// [`ApiError`] 500 if SQLite fails.
pub fn anywhere(connection: &Connection, product: &Product, country: Country) -> Result<bool, ApiError> {
    // Not LIKE: SQLite would plan the statement anew for every pattern.
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM stock WHERE sku = ?1 AND substr(store, 1, 3) = ?2 AND quantity > 0 LIMIT 1",
    )?;
    Ok(statement.query_row((&product.sku, format!("{}-", country.code())), |_| Ok(())).optional()?.is_some())
}

/// Sets every variant of a product in a store (or in all stores) to a quantity; answers how many rows changed.
///
/// # Errors
/// [`ApiError`] 500 if SQLite fails.
pub fn set(
    connection: &Connection,
    sku: &str,
    store: Option<&str>,
    quantity: i64,
) -> Result<usize, ApiError> {
    Ok(connection.execute(
        "UPDATE stock SET quantity = ?3 WHERE sku = ?1 AND (?2 IS NULL OR store = ?2)",
        (sku, store, quantity),
    )?)
}
