//! A search that says what it gave up: never the kind of thing, but the colour, the size, the price limits, in this order;
//! and whether the model asked for is there at all.

use super::{Index, Query, Understood};
use crate::shop::catalog::{Catalogue, Product};
use crate::shop::i18n::{Country, Texts};
use crate::shop::sizes;
use crate::shop::text::words;
use crate::shop::vocab::Term;
use std::collections::{BTreeSet, HashSet};

/// What was found, and how it differs from what was asked for.
#[derive(Debug, Default)]
pub struct Answer<'c> {
    /// Best first.
    pub products: Vec<&'c Product>,
    /// Wishes given up because nothing had all of them: `color`, `size`, `price`, `brand`, `model`, `words`.
    pub relaxed: Vec<&'static str>,
    /// Whether the shop sells this kind of thing at all.
    pub sold: bool,
    /// The one product that the words name, if they name one.
    pub meant: Option<&'c Product>,
    /// What was asked for, in words, by variety; prices left out.
    pub asked: Texts,
}

/// What may be given up, one after the other and then together.
const GIVE_UP: [&[&str]; 14] = [
    &[],
    &["color"],
    &["size"],
    &["color", "size"],
    &["price"],
    &["color", "price"],
    &["size", "price"],
    &["color", "size", "price"],
    &["brand"],
    &["brand", "color"],
    &["brand", "size"],
    &["brand", "color", "size"],
    &["brand", "price"],
    &["brand", "color", "size", "price"],
];

/// Quantities in a product's features: a number and the word behind it, as sizes are spelt.
pub(super) fn measures(product: &Product) -> HashSet<String> {
    let mut all = HashSet::new();
    for text in product.features.0.iter().flatten() {
        let words = words(text);
        for pair in words.windows(2) {
            if pair[0].bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                all.insert(sizes::key(&format!("{} {}", pair[0], pair[1])));
            }
        }
    }
    all
}

/// Whether a product is among what is not wanted; a colour rules it out only if it comes in no other.
pub(super) fn excluded(product: &Product, not: &BTreeSet<Term>) -> bool {
    let colors = |c: &String| not.contains(&Term::Color(c.clone()));
    not.contains(&Term::Brand(product.brand.clone()))
        || not.contains(&Term::Kind(product.kind.clone()))
        || (!product.colors.is_empty() && product.colors.iter().all(colors))
}

fn amount(product: &Product, country: Country) -> f64 {
    product.price(country).and_then(|m| m.amount().as_f64()).unwrap_or(f64::MAX)
}

impl Index {
    /// Whether a product comes in a size, or has it among its features: "16 gb" of a laptop is its memory.
    pub(super) fn has_size(&self, i: usize, product: &Product, wish: &str, country: Country) -> bool {
        product.sizes(country).iter().any(|s| sizes::matches(s, wish))
            || (wish.chars().any(char::is_alphabetic) && self.measures[i].contains(&sizes::key(wish)))
    }

    /// Products that come nearest to a wish. Wishes that nothing fulfils are given up and named in the answer.
    #[must_use]
    pub fn find<'c>(&self, catalogue: &'c Catalogue, query: &Query) -> Answer<'c> {
        let text = query.q.as_deref().unwrap_or("").trim();
        let asked = self.understand(text);
        // "HP 15s" stays HP's, whichever other brand is named beside it.
        let other = |b: &String| {
            let brands: Vec<Term> = asked.brands.iter().cloned().map(Term::Brand).collect();
            let said = self.vocabulary.meanings(b);
            !asked.names.is_empty() && !brands.is_empty() && !brands.iter().any(|t| said.contains(t))
        };
        let own = query.brand.as_ref().is_some_and(other).then(|| Query { brand: None, ..query.clone() });
        let query = own.as_ref().unwrap_or(query);
        let mut answer =
            Answer { sold: true, asked: self.describe(catalogue, query, &asked), ..Answer::default() };
        if catalogue.words.not_sold.iter().any(|w| is_named(&words(text), &words(w))) {
            answer.sold = false;
            return answer;
        }
        let has = |what: &str| match what {
            "color" => query.color.is_some() || !asked.colors.is_empty(),
            "size" => query.size.is_some(),
            "price" => query.price_min.is_some() || query.price_max.is_some(),
            _ => query.brand.is_some() || (!asked.brands.is_empty() && !asked.kindless()),
        };
        for give_up in GIVE_UP {
            if !give_up.iter().all(|what| has(what)) {
                continue;
            }
            let found = self.attempt(catalogue, query, text, &asked, give_up);
            if !found.is_empty() {
                answer.relaxed = give_up.to_vec();
                answer.products = found;
                break;
            }
        }
        if answer.products.is_empty() {
            answer.sold = text.is_empty();
            return answer;
        }
        self.model(catalogue, query, text, &asked, &mut answer);
        if query.cheapest || answer.relaxed.contains(&"price") {
            let limit = query.price_max.is_none().then_some(query.price_min).flatten();
            let key = |p: &&Product| {
                limit
                    .filter(|_| !query.cheapest)
                    .map_or(amount(p, query.country), |min| (amount(p, query.country) - min).abs())
            };
            answer.products.sort_by(|a, b| key(a).total_cmp(&key(b)));
        }
        answer
    }

    fn attempt<'c>(
        &self,
        catalogue: &'c Catalogue,
        query: &Query,
        text: &str,
        asked: &Understood,
        give_up: &[&str],
    ) -> Vec<&'c Product> {
        let gone = |what: &str| give_up.contains(&what);
        let eased = Query {
            color: query.color.clone().filter(|_| !gone("color")),
            size: query.size.clone().filter(|_| !gone("size")),
            brand: query.brand.clone().filter(|_| !gone("brand")),
            price_min: query.price_min.filter(|_| !gone("price")),
            price_max: query.price_max.filter(|_| !gone("price")),
            ..query.clone()
        };
        let fits = self.filters(&eased);
        let by_brand = !gone("brand");
        let candidates: Vec<usize> = (0..catalogue.products.len())
            .filter(|i| {
                let product = &catalogue.products[*i];
                fits(*i, product)
                    && asked.is_kind(product)
                    && (!by_brand || asked.is_brand(product))
                    && (gone("color") || asked.colors.is_empty() || asked.colors_of(product))
            })
            .collect();
        let ranked = match text.is_empty() {
            true => candidates,
            false => self.rank(catalogue, &candidates, asked, query.country),
        };
        let ranked = self.with_words(catalogue, ranked, query);
        ranked.into_iter().map(|i| &catalogue.products[i]).collect()
    }

    /// Those that have one of the words in name or description; all, if none has.
    fn with_words(&self, catalogue: &Catalogue, found: Vec<usize>, query: &Query) -> Vec<usize> {
        let also = words(query.also.as_deref().unwrap_or(""));
        let wanted: Vec<String> = also.into_iter().filter(|w| !self.vocabulary.is_stop(w)).collect();
        let sized = |i: usize, w: &str| {
            let sizes = catalogue.products[i].sizes(query.country);
            w.len() >= 2
                && w.bytes().all(|b| b.is_ascii_digit())
                && sizes.iter().any(|s| sizes::matches(s, w))
        };
        let count = |i: &usize| {
            let has =
                |w: &&String| self.texts[*i].contains(*w) || self.names[*i].contains(*w) || sized(*i, w);
            wanted.iter().filter(has).count()
        };
        let most = found.iter().map(count).max().unwrap_or(0);
        match most {
            0 => found,
            _ => found.into_iter().filter(|i| count(i) == most).collect(),
        }
    }

    /// Looks whether the words name a model: with it alone if it is there, and says so if it is not.
    fn model<'c>(
        &self,
        catalogue: &'c Catalogue,
        query: &Query,
        text: &str,
        asked: &Understood,
        answer: &mut Answer<'c>,
    ) {
        let numbered = |w: &&String| w.bytes().any(|b| b.is_ascii_digit());
        let need: BTreeSet<&String> =
            asked.names.iter().chain(asked.features.iter().filter(numbered)).collect();
        let place = |product: &Product| catalogue.products.iter().position(|p| p.sku == product.sku);
        let covers = |product: &&'c Product| {
            place(product).is_some_and(|i| {
                need.iter().all(|w| {
                    self.names[i].contains(*w)
                        || self.texts[i].contains(*w)
                        || asked
                            .sizes
                            .iter()
                            .filter(|s| s.split(' ').next() == Some(w.as_str()))
                            .any(|s| self.has_size(i, product, s, query.country))
                })
            })
        };
        if need.is_empty() {
            let known = |w: &String| {
                self.texts.iter().any(|t| t.contains(w))
                    || self.vocabulary.phrase(std::slice::from_ref(w)).is_some()
            };
            let several = asked.features.len() > 1 && !asked.kindless();
            if several && asked.features.iter().any(|w| !known(w) && !self.in_phrase(text, w)) {
                answer.relaxed.push("words");
            }
            answer.meant = answer
                .products
                .first()
                .copied()
                .filter(|_| answer.products.len() == 1 && answer.relaxed.is_empty());
            return;
        }
        let covering: Vec<&'c Product> = answer.products.iter().copied().filter(covers).collect();
        if covering.is_empty() {
            answer.relaxed.push("model");
            answer.products.truncate(5);
            return;
        }
        let bare = |product: &&'c Product| {
            let brand = words(&product.brand);
            let name: BTreeSet<String> =
                words(&product.name).into_iter().filter(|w| !brand.contains(w)).collect();
            name.iter().collect::<BTreeSet<_>>() == need
        };
        let named = covering.iter().copied().find(bare);
        answer.meant = match covering.as_slice() {
            [one] => Some(*one),
            _ => named,
        }
        .filter(|_| answer.relaxed.is_empty());
        answer.products = covering;
        if let Some(named) = named {
            answer.products.sort_by_key(|p| p.sku != named.sku);
        }
    }

    /// Whether a word belongs to a phrase of the vocabulary: `air` of `air fryer`.
    fn in_phrase(&self, text: &str, word: &str) -> bool {
        let tokens = self.tokens(text);
        (0..tokens.len()).any(|at| {
            self.vocabulary
                .phrase(&tokens[at..])
                .or_else(|| self.vocabulary.near_phrase(&tokens[at..]))
                .is_some_and(|(n, _)| tokens[at..at + n].iter().any(|t| t == word))
                || self.vocabulary.nearest(&tokens[at]).is_some_and(|_| tokens[at] == word)
        })
    }

    /// What was asked for in words: brand, kind, colour, size.
    fn describe(&self, catalogue: &Catalogue, query: &Query, asked: &Understood) -> Texts {
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
        const INCH: [&str; 4] = [" inch", " pulgadas", " इंच", " inch"];
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
            let size = query
                .size
                .as_ref()
                .map(|s| if bare(s) { format!("{} {s}", SIZE[i]) } else { s.replace(" inch", INCH[i]) });
            [brand, kind, size, color].into_iter().flatten().collect::<Vec<_>>().join(" · ")
        };
        Texts([text(0), text(1), text(2), text(3)])
    }
}

/// Whether words name a thing in a text: several of them wherever they stand, one alone only as what the text is about –
/// last ("phone cover", "car" but not "car charger") or before its complement ("funda de móvil").
fn is_named(text: &[String], thing: &[String]) -> bool {
    const COMPLEMENT: [&str; 6] = ["de", "para", "for", "del", "ke", "के"];
    match thing {
        [] => false,
        [one] => text.iter().enumerate().any(|(at, w)| {
            w == one && text.get(at + 1).is_none_or(|next| COMPLEMENT.contains(&next.as_str()))
        }),
        _ => text.windows(thing.len()).any(|w| w == thing),
    }
}

impl Understood {
    /// Whether nothing says what kind of thing is wanted.
    fn kindless(&self) -> bool {
        self.kinds.is_empty() && self.categories.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static SHOP: LazyLock<(Catalogue, Index)> = LazyLock::new(|| {
        let catalogue = Catalogue::load().unwrap();
        let index = Index::new(&catalogue);
        (catalogue, index)
    });

    fn find(query: Query) -> (Vec<String>, Vec<&'static str>, bool, Option<String>, String) {
        let a = SHOP.1.find(&SHOP.0, &query);
        (
            a.products.iter().map(|p| p.name.clone()).collect(),
            a.relaxed.clone(),
            a.sold,
            a.meant.map(|p| p.name.clone()),
            a.asked.0[0].clone(),
        )
    }

    fn q(text: &str) -> Query {
        Query { q: Some(text.into()), ..Query::default() }
    }

    #[test]
    fn the_kind_is_kept_and_what_is_given_up_is_said() {
        let red = Some("red".to_owned());
        let (found, relaxed, ..) = find(Query { color: red, price_max: Some(3000.0), ..q("saree") });
        assert_eq!((found, relaxed), (vec!["Charla Handloom Cotton Saree".to_owned()], vec!["color"]));
        let white = Query {
            brand: Some("Nike".into()),
            size: Some("9".into()),
            color: Some("white".into()),
            price_max: Some(5000.0),
            ..q("shoes")
        };
        let (found, relaxed, _, _, asked) = find(white);
        assert!(relaxed.is_empty() && found.iter().all(|n| n.starts_with("Nike")), "{found:?} {relaxed:?}");
        assert_eq!(asked, "Nike · Shoes · size 9 · white");
        let (found, relaxed, ..) = find(Query { price_max: Some(100.0), ..q("laptop") });
        assert_eq!((found[0].as_str(), relaxed), ("Lenovo IdeaPad 1", vec!["price"]));
        let (found, relaxed, ..) = find(Query { brand: Some("Nike".into()), ..q("phone") });
        assert!(relaxed == ["brand"] && found.len() > 10);
    }

    #[test]
    fn what_is_not_sold_is_not_replaced() {
        for text in ["keypad phone", "books", "fridge stand", "किताबें", "funda de móvil", "camera", "xqzv"]
        {
            let (found, _, sold, ..) = find(q(text));
            assert!(found.is_empty() && !sold, "{text}: {found:?}");
        }
        for text in ["camera phone", "car charger", "phone"] {
            assert!(!find(q(text)).0.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_model_is_that_one_or_none() {
        for (text, wanted) in [
            ("iphone 15", Some("Apple iPhone 15")),
            ("iphone 15 pro", Some("Apple iPhone 15 Pro")),
            ("ipad air", Some("Apple iPad Air 11 M2")),
            ("OnePlus 12", Some("OnePlus 12")),
            ("वनप्लस 12", Some("OnePlus 12")),
            ("note 13 pro", Some("Xiaomi Redmi Note 13 Pro")),
            ("galaxy s24", Some("Samsung Galaxy S24")),
            ("revolution 7", Some("Nike Revolution 7")),
            ("levis 511", Some("Levi's 511 Slim")),
            ("oneplus nord", None),
            ("samsung phone", None),
        ] {
            let (found, relaxed, _, meant, _) = find(q(text));
            assert_eq!(meant.as_deref(), wanted, "{text}: {found:?}");
            assert!(relaxed.is_empty(), "{text}: {relaxed:?}");
        }
        assert_eq!(find(q("oneplus nord")).0.len(), 2);
        for text in ["iphone 17", "iphone 15 pro max", "galaxy s25", "oneplus 13"] {
            let (found, relaxed, _, meant, _) = find(q(text));
            assert!(
                meant.is_none() && relaxed == ["model"] && !found.is_empty(),
                "{text}: {found:?} {relaxed:?}"
            );
        }
        for text in ["tv 55 inch", "power bank 20000", "5g phone", "1.5 ton ac"] {
            let (found, relaxed, ..) = find(q(text));
            assert!(relaxed.is_empty() && !found.is_empty(), "{text}: {found:?} {relaxed:?}");
        }
    }

    #[test]
    fn denied_things_are_left_out_and_features_count_as_sizes() {
        let (found, ..) =
            find(Query { price_max: Some(5000.0), exclude: Some("boAt".into()), ..q("earbuds") });
        assert!(!found.is_empty() && found.iter().all(|n| !n.starts_with("boAt")), "{found:?}");
        let (found, relaxed, ..) = find(Query { size: Some("16 gigas".into()), ..q("laptop") });
        assert!(relaxed.is_empty() && found.iter().any(|n| n.contains("ThinkPad")), "{found:?}");
        let (found, ..) = find(Query { also: Some("cotton wala dikhao".into()), ..q("saree") });
        assert_eq!(found, ["Charla Handloom Cotton Saree"]);
        let (found, ..) = find(Query { also: Some("xiaomi wala 43 ka".into()), ..q("tv") });
        assert_eq!(found, ["Xiaomi X Series 4K"]);
        let (found, relaxed, _, meant, _) = find(Query { brand: Some("Dell".into()), ..q("HP 15s") });
        assert_eq!((found.len(), meant.as_deref()), (1, Some("HP 15s")), "{found:?} {relaxed:?}");
        let both = Query { brand: Some("JBL boAt".into()), ..q("earbuds") };
        let (found, _, _, _, asked) = find(both);
        assert_eq!((found.len(), asked.as_str()), (3, "JBL / boAt · Earbuds"));
        let (found, ..) = find(Query { cheapest: true, ..q("phone") });
        assert_eq!(found[0], "Xiaomi Redmi 13C");
    }
}
