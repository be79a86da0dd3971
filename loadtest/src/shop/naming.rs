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

/// "LG wala nahi, Xiaomi wala": what may stand between a thing and the word that denies it.
const OF: [&str; 6] = ["wala", "wali", "wale", "वाला", "वाली", "वाले"];
/// Words that deny what precedes them.
const DENIED: [&str; 6] = ["nahi", "nhi", "nahin", "nai", "नहीं", "नही"];
/// Letters that a word of a name has at least to name its product alone: "Samba", not "Go".
const TELLING: usize = 5;
/// Lines of models whose names are everyday words as well.
const EVERYDAY: [&str; 5] = ["note", "pro", "max", "plus", "ultra"];

/// The words of a text that the shop's vocabulary knows.
#[derive(Debug, Default)]
pub struct Named {
    terms: BTreeSet<Term>,
    /// Words that are in no phrase of the vocabulary.
    unknown: BTreeSet<String>,
    /// Lines of models: `ipad`.
    models: BTreeSet<String>,
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
            let model = vocabulary.model(&said[at..]);
            let line = model.map_or(said[at].as_str(), |(_, model)| model);
            if vocabulary.is_model(line) && !EVERYDAY.contains(&line) {
                named.models.insert(line.to_owned());
            }
            if let Some((length, model)) = model {
                named.rest.extend(words(model));
                named.unknown.extend(words(model));
                at += length;
                continue;
            }
            match vocabulary.phrase(&said[at..]) {
                Some((length, terms)) => {
                    let next = said.get(at + length).map(String::as_str);
                    let phone = terms
                        .iter()
                        .any(|t| matches!(t, Term::Kind(k) | Term::Category(k) if k.contains("phone")));
                    if denied(vocabulary, &said[at + length..]) {
                        at += length;
                        continue;
                    }
                    if !(phone && next.is_some_and(|w| NO_PRODUCT.contains(&w))) {
                        named.terms.extend(terms.iter().cloned());
                    }
                    named.rest.extend(said[at..at + length].iter().cloned());
                    at += length;
                }
                None => {
                    if !vocabulary.is_stop(&said[at]) {
                        named.rest.insert(said[at].clone());
                        named.unknown.insert(said[at].clone());
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
            || !self.models.is_empty()
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
        // "The iPad", "the Pegasus": one word of the name that means nothing else.
        let alone = |w: &String| {
            self.models.contains(w) || (w.chars().count() >= TELLING && self.unknown.contains(w))
        };
        if known == 0 && name < 2 * NAME && !words(&product.name).iter().any(alone) {
            return 0;
        }
        known + color + name
    }

    /// Whether things that were ordered together have all that is named, each of them a part: "the saree of the Xiaomi
    /// order". For orders of which no single thing fits; a word of a name ("las Samba") is enough then.
    #[must_use]
    pub fn fits_together(&self, products: &[&Product]) -> bool {
        let has = |term: &Term| {
            products.iter().any(|p| match term {
                Term::Kind(kind) => *kind == p.kind,
                Term::Brand(brand) => *brand == p.brand,
                _ => false,
            })
        };
        // A word may mean several kinds, but every brand named must be there.
        let brands = self.terms.iter().filter(|t| matches!(t, Term::Brand(_))).all(has);
        let kinds: Vec<&Term> = self.terms.iter().filter(|t| matches!(t, Term::Kind(_))).collect();
        let kinds = kinds.is_empty() || kinds.iter().any(|k| has(k));
        let by_name = || {
            let mut own = products.iter().flat_map(|p| words(&p.name));
            own.any(|w| w.chars().count() >= TELLING && self.unknown.contains(&w))
        };
        let told = self.terms.iter().any(|t| matches!(t, Term::Kind(_) | Term::Brand(_)));
        if told { brands && kinds } else { by_name() }
    }

    /// Whether a word of the text is the product's own: its brand, a word of its model, a colour only it may have.
    #[must_use]
    pub fn tells(&self, product: &Product) -> bool {
        let kind = self.terms.iter().any(|t| matches!(t, Term::Brand(b) if *b == product.brand));
        let model = words(&product.name).into_iter().filter(|w| w.chars().count() > 1);
        kind || model.into_iter().any(|w| self.rest.contains(&w))
    }

    /// Whether a word that is no brand's is of the product's name: "UR75".
    #[must_use]
    pub fn tells_model(&self, product: &Product) -> bool {
        let brand = words(&product.brand);
        let own = words(&product.name).into_iter().filter(|w| w.chars().count() > 1 && !brand.contains(w));
        own.into_iter().any(|w| self.rest.contains(&w))
    }

    fn of_name(&self, product: &Product) -> u32 {
        let own: BTreeSet<String> = words(&product.name).into_iter().collect();
        NAME * own.iter().filter(|w| self.rest.contains(*w)).count() as u32
    }
}

/// Whether what follows a thing denies it, and does not tell of it: "LG wala nahi", but not "LG wala nahi aaya".
fn denied(vocabulary: &Vocabulary, rest: &[String]) -> bool {
    let of = rest.iter().take_while(|w| OF.contains(&w.as_str())).count();
    rest.get(of).is_some_and(|w| DENIED.contains(&w.as_str()))
        && (of + 1 == rest.len() || vocabulary.phrase(&rest[of + 1..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_of_one_order_are_named_together_and_denied_ones_not() {
        let catalogue = Catalogue::load().unwrap();
        let vocabulary = Vocabulary::new(&catalogue);
        let of_name = |name: &str| catalogue.products.iter().find(|p| p.name.contains(name)).unwrap();
        let of_brand = |brand: &str| catalogue.products.iter().find(|p| p.brand == brand).unwrap();
        let (samba, saree) = (of_name("Samba"), of_name("Saree"));
        let (xiaomi, lg) = (of_brand("Xiaomi"), of_brand("LG"));
        let named = |text: &str| Named::new(&vocabulary, text);
        let cancel = named("xiaomi wale order me se saree cancel krdo, baaki rehne do");
        assert!(cancel.fits_together(&[xiaomi, saree]) && !cancel.fits_together(&[lg, saree]));
        assert!(named("quiero anular las Samba nada más").fits_together(&[lg, samba]));
        assert!(!named("cancel my order please").fits_together(&[lg, samba]));
        let late = named("wo jo late ho gya h usme LG wala nhi, xiaomi wala");
        assert!(late.fits(xiaomi) > 0 && late.fits(lg) == 0);
        assert!(named("LG wala nahi aaya").fits(lg) > 0);
    }

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
            "ipad wapas krna hai, chalu hi nai ho rha",
            "आईपैड वापस करना है",
            "cancel the pegasus",
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
            "please note that I need it by noon",
        ] {
            assert_eq!(best(text), (false, 0), "{text}");
        }
    }
}
