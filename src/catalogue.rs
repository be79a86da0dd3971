//! Names of what the shop sells, fetched from its inventory every few minutes, so that understanding can tell `redme note`
//! from `Redmi Note`. Names only: stock, price and orders are asked live in every turn.
//!
//! A fetch that fails changes nothing: the last catalogue serves, after a restart the one that was kept on disk.

use crate::{backends::Backends, telemetry::names as metric, understanding::Understanding};
use charla_dialogue::{effect::BackendCall, event::Outcome};
use charla_models::values::catalogue::{Catalogue, Names};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

/// Products a page.
const PAGE: usize = 100;
/// At most this many products are read; names of more would cost memory and find each other.
const MOST: usize = 20_000;
/// Budget of one page.
const BUDGET_MS: u64 = 10_000;
/// First wait after a failure; it doubles up to the usual pause.
const RETRY: Duration = Duration::from_secs(5);

/// Where the names of products come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogueSettings {
    /// Backend by its configured name; without such a backend there is no catalogue. Default `inventory`.
    pub backend: String,
    /// Lists products: `?country=&limit=&offset=` → `{"total", "items": [{"name", "brand", "kind", "category", "colors",
    /// "sizes"}]}`. Default `/inventory/products`.
    pub path: String,
    /// Pause between two fetches, seconds; 0 switches it off. Default 300.
    pub refresh_s: u64,
}

impl Default for CatalogueSettings {
    fn default() -> Self {
        Self { backend: "inventory".into(), path: "/inventory/products".into(), refresh_s: 300 }
    }
}

/// Keeps understanding's catalogue fresh.
pub struct Refresher {
    /// Where from.
    pub settings: CatalogueSettings,
    /// The shop's systems.
    pub backends: Backends,
    /// What gets the catalogue.
    pub understanding: Understanding,
    /// Countries of the business numbers; each has its own products.
    pub countries: BTreeSet<String>,
    /// The last catalogue is kept here.
    pub file: PathBuf,
}

impl Refresher {
    /// Runs until it is aborted; nothing waits for it. `None` where it is switched off or the backend is not configured.
    pub fn spawn(self) -> Option<tokio::task::JoinHandle<()>> {
        let known = self.backends.states().iter().any(|(name, _)| *name == self.settings.backend);
        (known && self.settings.refresh_s > 0).then(|| tokio::spawn(self.run()))
    }

    async fn run(self) {
        let file = self.file.clone();
        if let Ok(Some(names)) = tokio::task::spawn_blocking(move || kept(&file)).await {
            self.install(names).await;
        }
        let pause = Duration::from_secs(self.settings.refresh_s);
        let mut retry = RETRY.min(pause);
        loop {
            let outcome = match self.refresh().await {
                Ok(()) => {
                    retry = RETRY.min(pause);
                    "ok"
                }
                Err(reason) => {
                    tracing::warn!(
                        backend = self.settings.backend,
                        reason,
                        "the catalogue was not fetched; the last one serves"
                    );
                    "failed"
                }
            };
            metrics::counter!(metric::CATALOGUE_FETCHES, "outcome" => outcome).increment(1);
            if outcome == "ok" {
                tokio::time::sleep(pause).await;
            } else {
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(pause);
            }
        }
    }

    /// Fetches all pages of all countries, then swaps the catalogue as a whole.
    ///
    /// # Errors
    /// A fixed word for why a page could not be had; the catalogue in use stays.
    pub async fn refresh(&self) -> Result<(), String> {
        let mut names = Names::default();
        for country in &self.countries {
            let mut offset = 0;
            loop {
                let page = self.page(country, offset).await?;
                let items = page["items"].as_array().ok_or("malformed")?;
                items.iter().for_each(|item| add(&mut names, item));
                offset += items.len();
                let total = page["total"].as_u64().unwrap_or_default() as usize;
                if items.is_empty() || offset >= total || offset >= MOST {
                    break;
                }
            }
        }
        if names == *self.understanding.catalogue().names() {
            return Ok(());
        }
        let (file, copy) = (self.file.clone(), names.clone());
        let kept = tokio::task::spawn_blocking(move || keep(&file, &copy)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, file = %self.file.display(), "the catalogue is not kept for the next start");
        }
        self.install(names).await;
        Ok(())
    }

    async fn page(&self, country: &str, offset: usize) -> Result<Value, String> {
        let query = BTreeMap::from([
            ("country".to_owned(), country.to_owned()),
            ("limit".to_owned(), PAGE.to_string()),
            ("offset".to_owned(), offset.to_string()),
        ]);
        let call = BackendCall {
            id: 0,
            action: "catalogue".into(),
            backend: self.settings.backend.clone(),
            method: "GET".into(),
            path: self.settings.path.clone(),
            query,
            body: None,
            answers: vec![],
            budget_ms: BUDGET_MS,
        };
        match self.backends.call(&call, None).await {
            Outcome::Ok { body, .. } => Ok(body),
            Outcome::Failed { kind, status } => {
                Err(status.map_or(kind.clone(), |status| format!("{kind} {status}")))
            }
        }
    }

    async fn install(&self, names: Names) {
        let products = names.products.len();
        // Building the index takes long enough to be noticed by whoever shares the thread.
        match tokio::task::spawn_blocking(move || Catalogue::new(names)).await {
            Ok(catalogue) => {
                self.understanding.set_catalogue(catalogue);
                tracing::info!(products, "understanding knows the shop's names");
            }
            Err(error) => tracing::error!(%error, "the catalogue could not be built"),
        }
    }
}

/// Takes a product's names; what is missing or not text is passed over.
fn add(names: &mut Names, item: &Value) {
    let text = |key: &str| item[key].as_str().map(str::trim).filter(|t| !t.is_empty());
    names.products.extend(text("name").map(str::to_owned));
    for key in ["kind", "category"] {
        names.products.extend(text(key).map(|id| id.replace(['_', '-'], " ")));
    }
    names.brands.extend(text("brand").map(str::to_owned));
    let list = |key: &str| {
        item[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    names.colors.extend(list("colors"));
    names.sizes.extend(list("sizes"));
}

fn kept(file: &Path) -> Option<Names> {
    let text = std::fs::read(file).ok()?;
    serde_json::from_slice(&text)
        .inspect_err(
            |error| tracing::warn!(%error, file = %file.display(), "the kept catalogue cannot be read"),
        )
        .ok()
}

fn keep(file: &Path, names: &Names) -> std::io::Result<()> {
    // Written beside it and renamed: a crash leaves the old one or the new one.
    let beside = file.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec(names)?)?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_taken_from_products_and_kept() {
        let mut names = Names::default();
        add(
            &mut names,
            &json!({
                "name": "Samsung Galaxy S24", "brand": "Samsung", "kind": "phone", "category": "phones",
                "colors": ["black", "grey"], "sizes": ["128GB"], "price": {"amount": 1}
            }),
        );
        add(&mut names, &json!({"name": " ", "kind": "air_fryer", "colors": null}));
        assert_eq!(
            names.products.iter().collect::<Vec<_>>(),
            ["Samsung Galaxy S24", "air fryer", "phone", "phones"]
        );
        assert_eq!(names.colors.len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("catalogue.json");
        assert_eq!(kept(&file), None);
        keep(&file, &names).unwrap();
        assert_eq!(kept(&file), Some(names));
        std::fs::write(&file, "{").unwrap();
        assert_eq!(kept(&file), None);
    }
}
