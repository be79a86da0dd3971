//! A search that says what it gave up: never the kind of thing, but the colour, the size, the price limits, in this order;
//! and whether the model asked for is there at all.

use super::details::Details;
use super::{Index, Query, Understood, than};
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
    /// Wishes given up because nothing had all of them: `color`, `size`, `feature`, `price`, `brand`, `model`, `words`;
    /// `maker` where the brand named is not sold at all.
    pub relaxed: Vec<&'static str>,
    /// Whether the shop sells this kind of thing at all.
    pub sold: bool,
    /// The one product that the words name, if they name one.
    pub meant: Option<&'c Product>,
    /// What was asked for, in words, by variety; prices left out.
    pub asked: Texts,
    /// Details that nothing fulfils, in words.
    pub missing: Vec<Texts>,
    /// Details that the shop's data say nothing of.
    pub unknown: Vec<Texts>,
    /// Makers named whose things the shop does not sell.
    pub makers: Vec<String>,
    /// The figure that the products are sorted by, best first.
    pub by: Option<Texts>,
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

/// Which details are kept while which wishes are given up, in turn: colour and size go before the details, these before the
/// price, and the brand goes last.
fn passes(details: usize) -> Vec<(Vec<usize>, &'static [&'static [&'static str]])> {
    let all: Vec<usize> = (0..details).collect();
    let mut fewer: Vec<Vec<usize>> = Vec::new();
    if details > 1 {
        fewer.extend(all.iter().map(|at| all.iter().copied().filter(|i| i != at).collect()));
    }
    let mut passes = vec![(all.clone(), &GIVE_UP[..4])];
    passes.extend(fewer.iter().map(|f| (f.clone(), &GIVE_UP[..1])));
    passes.push((all.clone(), &GIVE_UP[4..8]));
    if details > 0 {
        passes.extend(fewer.into_iter().map(|f| (f, &GIVE_UP[4..8])));
        passes.push((Vec::new(), &GIVE_UP[..4]));
        passes.push((Vec::new(), &GIVE_UP[4..8]));
    }
    passes.push((all, &GIVE_UP[8..]));
    if details > 0 {
        passes.push((Vec::new(), &GIVE_UP[8..]));
    }
    passes
}

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

/// Whether a product is one of the models that are not wanted, in words that are no brand, kind or colour: "not the iPhone" rules
/// out all of them, "not the 15" of a wish for an iPhone only the one that is called just that.
pub(super) fn is_named_out(product: &Product, wish: &BTreeSet<String>, not: &[Vec<String>]) -> bool {
    if not.is_empty() {
        return false;
    }
    let own: BTreeSet<String> = words(&product.name).into_iter().collect();
    let brand = words(&product.brand);
    not.iter().any(|model| {
        let rest = own.iter().filter(|w| !brand.contains(w) && !wish.contains(*w) && !model.contains(w));
        let numbered = model.iter().any(|w| w.bytes().any(|b| b.is_ascii_digit()));
        model.iter().all(|w| own.contains(w)) && (!numbered || rest.count() == 0)
    })
}

/// Whether a product is among what is not wanted; a colour rules it out only if it comes in no other.
pub(super) fn excluded(product: &Product, not: &BTreeSet<Term>) -> bool {
    let colors = |c: &String| not.contains(&Term::Color(c.clone()));
    not.contains(&Term::Brand(product.brand.clone()))
        || not.contains(&Term::Kind(product.kind.clone()))
        || (!product.colors.is_empty() && product.colors.iter().all(colors))
}

pub(super) fn amount(product: &Product, country: Country) -> f64 {
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
        let mut query = self.told(catalogue, query);
        let text = query.q.clone().unwrap_or_default().trim().to_owned();
        let text = text.as_str();
        let mut asked = self.understand(text);
        // "HP 15s" stays HP's, whichever other brand is named beside it.
        let other = |b: &String| {
            let brands: Vec<Term> = asked.brands.iter().cloned().map(Term::Brand).collect();
            let said = self.vocabulary.meanings(b);
            !asked.names.is_empty() && !brands.is_empty() && !brands.iter().any(|t| said.contains(t))
        };
        if query.brand.as_ref().is_some_and(other) {
            query.brand = None;
        }
        let makers = self.other_makers(catalogue, &query);
        let kinds = self.kinds_of(catalogue, &query, &asked);
        let details = Details::new(catalogue, &query, &asked, &kinds, self);
        query.size = query.size.filter(|s| !details.is_no_size(s));
        // What is a detail is no part of a name.
        asked.features.retain(|w| !details.is_used(w));
        let asked = asked;
        let query = &query;
        let mut answer = Answer {
            sold: true,
            asked: self.describe(catalogue, query, &asked, &details.labels(), &kinds),
            unknown: details.unknown.clone(),
            makers,
            ..Answer::default()
        };
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
        let need = asked.need();
        let covers = |i: usize| need.is_empty() || self.covers(i, catalogue, &need, &asked, query.country);
        // A model that the shop has is looked for alone: another price or colour of it, not something else.
        let plain = Query { brand: query.brand.clone(), country: query.country, ..Query::default() };
        let of_brand = self.filters(&plain);
        let there = !need.is_empty()
            && catalogue
                .products
                .iter()
                .enumerate()
                .any(|(i, p)| of_brand(i, p) && asked.is_kind(p) && asked.is_brand(p) && covers(i));
        let kind = kinds.first().copied().filter(|_| kinds.len() == 1);
        let than = than::filters(catalogue, &query.than, kind, query.country);
        for label in than.iter().map(|f| f.label(catalogue)) {
            for (said, label) in answer.asked.0.iter_mut().zip(label.0) {
                *said = [said.as_str(), &label].join(" · ");
            }
        }
        'search: for (kept, give_ups) in passes(details.filters.len()) {
            for give_up in give_ups {
                // Nobody pays three times as much for a fridge that serves one more.
                let dearer = give_up.contains(&"price") && kept.iter().any(|f| details.is_estimate(*f));
                if dearer || !give_up.iter().all(|what| has(what)) {
                    continue;
                }
                let fits = |i: usize, p: &Product| {
                    (!there || covers(i))
                        && than.iter().all(|f| f.fits(catalogue, p, query.country))
                        && kept.iter().all(|f| details.fits(*f, i, p))
                };
                let found = self.attempt(catalogue, query, text, &asked, give_up, &fits);
                if !found.is_empty() {
                    answer.relaxed = give_up.to_vec();
                    let gone = details.filters.iter().enumerate().filter(|(i, _)| !kept.contains(i));
                    answer.missing = gone.map(|(_, f)| f.label.clone()).collect();
                    if !answer.missing.is_empty() {
                        answer.relaxed.push("feature");
                    }
                    answer.products = found;
                    break 'search;
                }
            }
        }
        // Without any kind of thing, what comes near is anything at all.
        let aimless = text.is_empty() && query.category.is_none();
        let brandless = query.brand.as_deref().is_some_and(|b| self.brands(b).is_empty());
        if brandless {
            answer.relaxed.push("maker");
        }
        if aimless && (brandless || (!answer.relaxed.is_empty() && query.brand.is_none())) {
            answer.products.clear();
        }
        if answer.products.is_empty() {
            // Nothing bigger is no want of the kind.
            answer.sold = !than.is_empty() || (text.is_empty() && !brandless);
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
        } else if let Some(by) = details.by.filter(|_| answer.meant.is_none()) {
            let measure = &catalogue.traits.measures[by];
            answer.products.sort_by(|a, b| measure.better(b, a));
            answer.by = Some(measure.names.clone());
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
        also: &dyn Fn(usize, &Product) -> bool,
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
                    && also(*i, product)
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
        let need = asked.need();
        let place = |product: &Product| catalogue.products.iter().position(|p| p.sku == product.sku);
        let covers = |product: &&'c Product| {
            place(product).is_some_and(|i| self.covers(i, catalogue, &need, asked, query.country))
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
            // What comes near is of one kind.
            if let Some(kind) = answer.products.first().map(|p| p.kind.clone()) {
                answer.products.retain(|p| p.kind == kind);
            }
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

    /// Whether a product has every word that names the model asked for.
    fn covers(
        &self,
        i: usize,
        catalogue: &Catalogue,
        need: &BTreeSet<&String>,
        asked: &Understood,
        country: Country,
    ) -> bool {
        need.iter().all(|w| {
            self.names[i].contains(*w)
                || self.texts[i].contains(*w)
                || asked
                    .sizes
                    .iter()
                    .filter(|s| s.split(' ').next() == Some(w.as_str()))
                    .any(|s| self.has_size(i, &catalogue.products[i], s, country))
        })
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
    pub(super) fn kindless(&self) -> bool {
        self.kinds.is_empty() && self.categories.is_empty()
    }

    /// Words that name a model.
    fn need(&self) -> BTreeSet<&String> {
        let numbered = |w: &&String| w.bytes().any(|b| b.is_ascii_digit());
        self.names.iter().chain(self.features.iter().filter(numbered)).collect()
    }
}

#[cfg(test)]
mod tests;
