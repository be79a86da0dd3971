//! What was asked for, in words.

use super::{Index, Query, Understood};
use crate::shop::catalog::Catalogue;
use crate::shop::i18n::Texts;
use crate::shop::sizes;
use crate::shop::vocab::Term;
use std::collections::BTreeSet;

impl Index {
    /// What was asked for in words: brand, kind, colour, size.
    pub(super) fn describe(
        &self,
        catalogue: &Catalogue,
        query: &Query,
        asked: &Understood,
        details: &[Texts],
        found: &BTreeSet<&str>,
    ) -> Texts {
        let category = query.category.as_deref().map(|c| self.vocabulary.meanings(c)).unwrap_or_default();
        let kinds: BTreeSet<&String> = asked
            .kinds
            .iter()
            .chain(category.iter().filter_map(|t| if let Term::Kind(k) = t { Some(k) } else { None }))
            .collect();
        let groups: BTreeSet<&String> = asked
            .categories
            .iter()
            .chain(category.iter().filter_map(|t| if let Term::Category(c) = t { Some(c) } else { None }))
            .collect();
        let named = |i: usize| -> Option<String> {
            if let Some(kind) = kinds.first().filter(|_| kinds.len() == 1) {
                return catalogue.kinds.iter().find(|k| k.id == **kind).map(|k| k.names.0[i].clone());
            }
            let group = groups.first().filter(|_| groups.len() == 1 && kinds.is_empty())?;
            catalogue.words.categories.iter().find(|c| c.id == **group).map(|c| c.names.0[i].clone())
        };
        let brand = match query.brand.as_deref() {
            Some(b) => {
                let terms = self.vocabulary.meanings(b).into_iter();
                let names = terms.filter_map(|t| if let Term::Brand(name) = t { Some(name) } else { None });
                let names: Vec<String> = names.collect();
                Some(if names.is_empty() { b.to_owned() } else { names.join(" / ") })
            }
            None => asked.brands.first().filter(|_| asked.brands.len() == 1).cloned(),
        };
        let color = match query.color.as_deref() {
            Some(c) => self.colors(c).into_iter().next().or_else(|| Some(c.to_owned())),
            None => asked.colors.first().cloned(),
        };
        const SIZE: [&str; 4] = ["size", "talla", "साइज़", "size"];
        // Only clothes and shoes have sizes that need the word.
        let worn = |id: &String| {
            let category = catalogue.kinds.iter().find(|k| k.id == *id).map_or(id, |k| &k.category);
            matches!(category.as_str(), "shoes" | "clothing")
        };
        // What only its model names is of a kind, too: "iPhone 256".
        let of_found = |id: &&str| worn(&(*id).to_owned());
        let worn = match kinds.is_empty() && groups.is_empty() {
            true => found.is_empty() || found.iter().any(of_found),
            false => kinds.iter().chain(&groups).any(|id| worn(id)),
        };
        // A number alone is said with its unit.
        let whole = |s: &String| -> Option<String> {
            let number = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            let all = catalogue.products.iter().filter(|p| found.contains(p.kind.as_str()));
            let mut sizes = all.flat_map(|p| p.sizes(query.country));
            sizes.find(|size| number && !worn && sizes::matches(size, s))
        };
        let size = query.size.as_ref().map(|s| whole(s).unwrap_or_else(|| s.clone()));
        const INCH: [&str; 4] = [" inch", " pulgadas", " इंच", " inch"];
        const LITRE: [&str; 4] = [" l", " l", " लीटर", " litre"];
        let text = |i: usize| {
            // A model is named as it was written.
            let kind = named(i)
                .filter(|_| asked.names.is_empty())
                .or_else(|| query.q.clone().filter(|q| q.chars().count() <= 40));
            let brand = brand
                .clone()
                .filter(|b| kind.as_ref().is_none_or(|k| !k.to_lowercase().contains(&b.to_lowercase())));
            let color = color.as_ref().map(|c| {
                let names = catalogue.words.colors.iter().find(|w| w.id == *c).and_then(|w| w.names.as_ref());
                names.map_or_else(|| c.clone(), |n| n.0[i].clone())
            });
            let bare = |s: &String| s.chars().count() <= 3;
            let size = size.as_ref().map(|s| match s.strip_suffix(" l") {
                Some(litres) => format!("{litres}{}", LITRE[i]),
                None if bare(s) && worn => format!("{} {s}", SIZE[i]),
                None => s.replace(" inch", INCH[i]),
            });
            // "Running shoes" are for running.
            let said = named(0).unwrap_or_default().to_lowercase();
            let details = details.iter().filter(|d| !said.contains(&d.0[0].to_lowercase()));
            let details = details.map(|d| d.0[i].clone());
            let said: Vec<String> = [brand, kind, size, color].into_iter().flatten().chain(details).collect();
            // Whoever names a price alone asks for anything.
            const ANYTHING: [&str; 4] = ["Products", "Productos", "प्रोडक्ट", "Products"];
            if said.is_empty() { ANYTHING[i].to_owned() } else { said.join(" · ") }
        };
        Texts([text(0), text(1), text(2), text(3)])
    }
}
