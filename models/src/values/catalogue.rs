//! Names of the shop's products, brands, colours and sizes, found by what customers write.

use super::{
    phonetic::{latin, skeleton, slip},
    scan::key,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Names longer than this many words are found by their first ones.
const LONGEST_NAME: usize = 8;
/// Longer texts are no names.
const LONGEST_TEXT: usize = 80;

/// Words that are right as they are, though one letter makes another ware of them.
const RIGHT: [&str; 12] = [
    "short", "shorts", "boot", "boots", "coat", "coats", "skort", "dishes", "lamp", "lamps", "belt", "belts",
];

/// What the shop sells now, as its inventory names it. Order and repetition do not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// Names of products, with or without the brand, and of kinds and categories of products.
    pub products: BTreeSet<String>,
    /// Makers.
    pub brands: BTreeSet<String>,
    /// Colours.
    pub colors: BTreeSet<String>,
    /// Sizes and capacities.
    pub sizes: BTreeSet<String>,
}

/// [`Names`] ready to be searched. Never changed: a newer one is swapped in whole.
#[derive(Debug, Default)]
pub struct Catalogue {
    names: Names,
    products: Index,
    brands: Index,
    colors: Index,
    sizes: HashMap<String, String>,
}

impl Catalogue {
    /// Builds the indexes; milliseconds for a thousand products.
    pub fn new(names: Names) -> Self {
        let mut products = Index::default();
        for name in &names.products {
            let words: Vec<&str> = name.split_whitespace().take(LONGEST_NAME).collect();
            // Customers leave the brand out, or the end.
            for start in 0..words.len() {
                for end in start + 1..=words.len() {
                    products.add(words[start..end].join(" "));
                }
            }
        }
        let index = |names: &BTreeSet<String>| {
            let mut index = Index::default();
            names.iter().for_each(|name| index.add(name.clone()));
            index
        };
        Self {
            brands: index(&names.brands),
            colors: index(&names.colors),
            sizes: names
                .sizes
                .iter()
                .map(|size| (super::plain_size(size).to_lowercase(), size.clone()))
                .collect(),
            products,
            names,
        }
    }

    /// What it was built of.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The name that an entity's text means, as the shop spells it: of a product the part that was said (`redme note` →
    /// `Redmi Note`). `None` where nothing, or more than one thing equally, comes near.
    pub fn resolve(&self, entity: &str, text: &str) -> Option<&str> {
        if text.len() > LONGEST_TEXT * 4 || text.chars().count() > LONGEST_TEXT {
            return None;
        }
        match entity {
            "product" => self.products.find(text),
            "brand" => self.brands.find(text),
            "color" => self.colors.find(text),
            "size" => self.sizes.get(&super::plain_size(text).to_lowercase()).map(String::as_str),
            _ => None,
        }
    }

    /// As [`resolve`](Self::resolve), but only spellings that are the same but for case, blanks, hyphens and a plural.
    pub fn exact(&self, entity: &str, text: &str) -> Option<&str> {
        match entity {
            "product" => self.products.exact(&joined(text)),
            "brand" => self.brands.exact(&joined(text)),
            "color" => self.colors.exact(&joined(text)),
            _ => self.resolve(entity, text),
        }
    }
}

/// What typos leave alone: the digits, and the first sound.
type Bucket = (String, Option<char>);

/// Names by their spelling without blanks, and by their [`Bucket`].
#[derive(Debug, Default)]
struct Index {
    names: Vec<String>,
    exact: HashMap<String, usize>,
    near: HashMap<Bucket, Vec<(String, usize)>>,
}

impl Index {
    fn add(&mut self, name: String) {
        let spelt = joined(&name);
        if spelt.is_empty() || self.exact.contains_key(&spelt) {
            return;
        }
        let at = self.names.len();
        self.near.entry(bucket(&spelt)).or_default().push((spelt.clone(), at));
        self.exact.insert(spelt, at);
        self.names.push(name);
    }

    fn exact(&self, spelt: &str) -> Option<&str> {
        let singular = |ending: &str| spelt.strip_suffix(ending).filter(|s| s.len() > 3);
        let at = self
            .exact
            .get(spelt)
            .or_else(|| self.exact.get(singular("s")?))
            .or_else(|| self.exact.get(singular("es")?))
            .or_else(|| self.exact.get(&format!("{spelt}s")).filter(|_| spelt.len() > 3))?;
        Some(self.names[*at].as_str())
    }

    fn find(&self, text: &str) -> Option<&str> {
        let spelt = joined(text);
        if let Some(name) = self.exact(&spelt) {
            return Some(name);
        }
        if RIGHT.contains(&spelt.as_str()) {
            return None;
        }
        let foreign = !spelt.is_ascii();
        let sounds = latin(&spelt);
        if let Some(name) = self.exact(&sounds) {
            return Some(name);
        }
        let mut best: Option<(usize, usize)> = None;
        let mut tied = false;
        for (name, at) in self.near.get(&bucket(&sounds)).into_iter().flatten() {
            let apart = if foreign { ear(&sounds, name) } else { slip(&sounds, name) };
            let Some(apart) = apart else { continue };
            match best {
                Some((least, _)) if least < apart => {}
                Some((least, _)) if least == apart => tied = true,
                _ => (best, tied) = (Some((apart, *at)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, at)| self.names[at].as_str())
    }
}

/// How far a name written in Devanagari is from the Latin spelling; vowels are anybody's guess there.
fn ear(sounds: &str, name: &str) -> Option<usize> {
    let length = name.chars().count();
    if length < 3 || skeleton(sounds) != skeleton(name) {
        return None;
    }
    let distance = strsim::osa_distance(sounds, &name.replace('x', "ks"));
    (distance * 5 <= length.max(sounds.chars().count()) * 2).then_some(distance)
}

fn bucket(spelt: &str) -> Bucket {
    (spelt.chars().filter(char::is_ascii_digit).collect(), skeleton(spelt).chars().next())
}

/// Letters and digits, as [`key`] spells them.
fn joined(text: &str) -> String {
    key(&crate::text::normalize::Normalized::new(text).text)
        .chars()
        .filter(|c| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn catalogue() -> Catalogue {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Catalogue::new(Names {
            products: set(&[
                "Apple iPhone 15",
                "Apple iPhone 15 Pro",
                "Apple iPhone 16",
                "Samsung Galaxy S24",
                "Samsung Galaxy S24 Ultra",
                "Xiaomi Redmi Note 13",
                "Xiaomi Redmi Note 13 Pro",
                "boAt Airdopes 141",
                "Philips Air Fryer XL",
                "Nike Revolution 7 Running Shoes",
                "Shoes",
                "Oxford Shirt",
                "Apple Watch SE",
                "Pressure Cooker",
                "Zapatillas",
            ]),
            brands: set(&[
                "Samsung", "Apple", "Xiaomi", "Nike", "Adidas", "Sony", "OnePlus", "boAt", "LG", "HP",
                "Levi's",
            ]),
            colors: set(&["black", "blue", "green", "grey", "silver", "purple"]),
            sizes: set(&["128GB", "XL", "55 inch", "9"]),
        })
    }

    #[test]
    fn names_are_found_with_typos() {
        let catalogue = catalogue();
        for (entity, text, name) in [
            ("brand", "samsng", Some("Samsung")),
            ("brand", "SAMSUNG", Some("Samsung")),
            ("brand", "samsumg", Some("Samsung")),
            ("brand", "सैमसंग", Some("Samsung")),
            ("brand", "addidas", Some("Adidas")),
            ("brand", "adiddas", Some("Adidas")),
            ("brand", "एडिडास", Some("Adidas")),
            ("brand", "nikey", Some("Nike")),
            ("brand", "नाइकी", Some("Nike")),
            ("brand", "soni", Some("Sony")),
            ("brand", "सोनी", Some("Sony")),
            ("brand", "one plus", Some("OnePlus")),
            ("brand", "levis", Some("Levi's")),
            ("brand", "aple", Some("Apple")),
            ("brand", "lg", Some("LG")),
            ("brand", "mg", None),
            ("brand", "motorola", None),
            ("product", "redme note", Some("Redmi Note")),
            ("product", "redmi note 13", Some("Redmi Note 13")),
            ("product", "galxy s24", Some("Galaxy S24")),
            ("product", "galaxy s 24 ultra", Some("Galaxy S24 Ultra")),
            ("product", "गैलेक्सी S24", Some("Galaxy S24")),
            ("product", "iphone15", Some("iPhone 15")),
            ("product", "iPhone 15 pro", Some("iPhone 15 Pro")),
            ("product", "iphne 16", Some("iPhone 16")),
            ("product", "iphone 17", None),
            ("product", "air fryr", Some("Air Fryer")),
            ("product", "runing shoos", Some("Running Shoes")),
            ("product", "shoos", Some("Shoes")),
            ("product", "shoe", Some("Shoes")),
            ("product", "zapatilas", Some("Zapatillas")),
            ("product", "airdops", Some("Airdopes")),
            ("product", "sofa", None),
            ("product", "shirts", Some("Shirt")),
            ("product", "skirt", None),
            ("product", "short", None),
            ("product", "cooler", None),
            ("product", "watches", Some("Watch")),
            ("product", "", None),
            ("color", "blak", Some("black")),
            ("color", "bleu", Some("blue")),
            ("color", "silvr", Some("silver")),
            ("color", "gren", Some("green")),
            ("color", "mauve", None),
            ("size", "128 gb", Some("128GB")),
            ("size", "55\"", Some("55 inch")),
            ("size", "xl", Some("XL")),
            ("size", "256GB", None),
            ("city", "black", None),
        ] {
            assert_eq!(catalogue.resolve(entity, text), name, "{entity} {text}");
        }
        assert_eq!(catalogue.exact("brand", "samsng"), None);
        assert_eq!(catalogue.exact("brand", "samsung"), Some("Samsung"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_and_names_find_themselves(
            text in "\\PC{0,50}",
            names in proptest::collection::btree_set("[A-Za-z]{1,8}( [A-Za-z0-9]{1,6}){0,3}", 1..12),
        ) {
            let catalogue = Catalogue::new(Names { products: names.clone(), brands: names.clone(), ..Names::default() });
            for entity in ["product", "brand", "color", "size"] {
                let _ = catalogue.resolve(entity, &text);
            }
            for name in &names {
                let found = catalogue.resolve("product", name).unwrap();
                prop_assert_eq!(joined(found), joined(name));
            }
        }
    }
}
