//! Whether a customer's words name an item of an order: "the air fryer one", "मेरी साड़ी", "el de la camisa".

use super::catalog::{Catalogue, Product};
use super::text::words;
use super::vocab::{Term, Vocabulary};
use std::collections::BTreeSet;

/// Weights of what a word names; only their order matters.
const NAME: u32 = 4;
const KIND: u32 = 3;
const BRAND: u32 = 2;
const CATEGORY: u32 = 1;
const COLOR: u32 = 1;

/// "Phone number", "call my mobile": no product is meant.
const NO_PRODUCT: [&str; 14] = [
    "number",
    "no",
    "num",
    "call",
    "pe",
    "par",
    "numero",
    "नंबर",
    "पर",
    "पे",
    "रिटर्न",
    "return",
    "refund",
    "payment",
];

/// The words of a text that the shop's vocabulary knows.
#[derive(Debug, Default)]
pub struct Named {
    terms: BTreeSet<Term>,
    /// Other words, which may be of a product's name.
    rest: BTreeSet<String>,
}

impl Named {
    /// What a text names.
    #[must_use]
    pub fn new(vocabulary: &Vocabulary, text: &str) -> Named {
        let said = words(text);
        let mut named = Named::default();
        let mut at = 0;
        while at < said.len() {
            if let Some((length, model)) = vocabulary.model(&said[at..]) {
                named.rest.extend(words(model));
                at += length;
                continue;
            }
            match vocabulary.phrase(&said[at..]) {
                Some((length, terms)) => {
                    let next = said.get(at + length).map(String::as_str);
                    let phone = terms
                        .iter()
                        .any(|t| matches!(t, Term::Kind(k) | Term::Category(k) if k.contains("phone")));
                    if !(phone && next.is_some_and(|w| NO_PRODUCT.contains(&w))) {
                        named.terms.extend(terms.iter().cloned());
                    }
                    named.rest.extend(said[at..at + length].iter().cloned());
                    at += length;
                }
                None => {
                    if !vocabulary.is_stop(&said[at]) {
                        named.rest.insert(said[at].clone());
                    }
                    at += 1;
                }
            }
        }
        named
    }

    /// Whether a product, of whatever kind or make, is named at all.
    #[must_use]
    pub fn any(&self, catalogue: &Catalogue) -> bool {
        self.terms.iter().any(|t| matches!(t, Term::Kind(_) | Term::Brand(_)))
            || catalogue.products.iter().any(|p| self.of_name(p) >= 2 * NAME)
    }

    /// How well a product is named, 0 if not at all.
    #[must_use]
    pub fn fits(&self, product: &Product) -> u32 {
        let has = |term: Term, weight: u32| if self.terms.contains(&term) { weight } else { 0 };
        let kind = has(Term::Kind(product.kind.clone()), KIND);
        let brand = has(Term::Brand(product.brand.clone()), BRAND);
        let category = has(Term::Category(product.category.clone()), CATEGORY);
        let color = product.colors.iter().map(|c| has(Term::Color(c.clone()), COLOR)).max().unwrap_or(0);
        let kinds = self.terms.iter().any(|t| matches!(t, Term::Kind(_)));
        let brands = self.terms.iter().any(|t| matches!(t, Term::Brand(_)));
        // "The Samsung TV" is no Samsung phone.
        if (kinds && kind == 0) || (brands && brand == 0) {
            return 0;
        }
        let known = kind + brand + category;
        let name = self.of_name(product);
        if known == 0 && name < 2 * NAME {
            return 0;
        }
        known + color + name
    }

    /// Whether a word of the text is the product's own: its brand, a word of its model, a colour only it may have.
    #[must_use]
    pub fn tells(&self, product: &Product) -> bool {
        let kind = self.terms.iter().any(|t| matches!(t, Term::Brand(b) if *b == product.brand));
        let model = words(&product.name).into_iter().filter(|w| w.chars().count() > 1);
        kind || model.into_iter().any(|w| self.rest.contains(&w))
    }

    fn of_name(&self, product: &Product) -> u32 {
        let own: BTreeSet<String> = words(&product.name).into_iter().collect();
        NAME * own.iter().filter(|w| self.rest.contains(*w)).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_named_in_all_varieties_and_orders_are_not() {
        let catalogue = Catalogue::load().unwrap();
        let vocabulary = Vocabulary::new(&catalogue);
        let best = |text: &str| {
            let named = Named::new(&vocabulary, text);
            let most = catalogue.products.iter().map(|p| named.fits(p)).max().unwrap_or(0);
            let fitting = catalogue.products.iter().filter(|p| most > 0 && named.fits(p) == most);
            let kinds: BTreeSet<&str> = fitting.map(|p| p.kind.as_str()).collect();
            (named.any(&catalogue), kinds.len())
        };
        for text in [
            "the air fryer one",
            "मेरी साड़ी अभी तक नहीं आई",
            "el de la camisa",
            "saree wapas karni hai",
            "samsung galaxy s24 wala",
        ] {
            let (any, kinds) = best(text);
            assert!(any && (1..=3).contains(&kinds), "{text}: {kinds}");
        }
        for text in [
            "where is my order",
            "cancel my order please",
            "mera order kahan hai",
            "मेरा ऑर्डर कहाँ है",
            "¿dónde está mi pedido?",
            "call my phone number",
        ] {
            assert_eq!(best(text), (false, 0), "{text}");
        }
    }
}
