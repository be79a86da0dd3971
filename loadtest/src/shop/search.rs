//! The forgiving product search: meanings of words narrow the choice, names and features rank it.

use super::catalog::{Catalogue, Product};
use super::i18n::Country;
use super::sizes;
use super::text::{self, slip, words};
use super::vocab::{Term, Vocabulary};
use std::collections::{BTreeSet, HashSet};

mod describe;
mod details;
mod find;
mod than;
mod told;
pub mod traits;
mod wishes;

pub use details::named;
pub use find::Answer;
pub use traits::Traits;

/// What is asked for; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Free text.
    pub q: Option<String>,
    /// A category's id or name.
    pub category: Option<String>,
    /// A brand.
    pub brand: Option<String>,
    /// A colour.
    pub color: Option<String>,
    /// A size in any spelling.
    pub size: Option<String>,
    /// Lowest price, whole units.
    pub price_min: Option<f64>,
    /// Highest price, whole units.
    pub price_max: Option<f64>,
    /// Brands, colours, kinds and models that are not wanted, separated by commas.
    pub exclude: Option<String>,
    /// Numbers of products that are not wanted, separated by commas.
    pub without: Option<String>,
    /// Smaller, bigger or cheaper than what was shown: sizes or numbers of products, separated by commas.
    pub than: Than,
    /// Further words: products that have one of them in name or description, if any has.
    pub also: Option<String>,
    /// The customer's messages, one a line: details that they name narrow the choice too.
    pub words: Option<String>,
    /// Cheapest first instead of best first.
    pub cheapest: bool,
    /// Where.
    pub country: Country,
}

/// What a product has to be smaller, bigger or cheaper than.
#[derive(Debug, Clone, Default)]
pub struct Than {
    /// Sizes or products.
    pub smaller: Option<String>,
    /// Sizes or products.
    pub bigger: Option<String>,
    /// Products.
    pub cheaper: Option<String>,
}

/// Weights of what a word of the query finds. Only their order matters: a model's own name counts more than its kind,
/// a kind more than a brand, and a word of the feature list is a tie-break.
const NAME: u32 = 10;
const NAME_SLIP: u32 = 6;
/// Taken off for a word of the name that the query does not have: "S24" means the S24 before the S24 FE, whatever the
/// colour.
const NAME_EXTRA: u32 = 4;
const KIND: u32 = 8;
const BRAND: u32 = 6;
const COLOR: u32 = 3;
const FEATURE: u32 = 1;

/// The search index.
#[derive(Debug)]
pub struct Index {
    vocabulary: Vocabulary,
    /// Words of each product's name.
    names: Vec<HashSet<String>>,
    /// Words of each product's features and description.
    texts: Vec<HashSet<String>>,
    /// Quantities in each product's features, as sizes are spelt: `16gb`, `7kg`.
    measures: Vec<HashSet<String>>,
    all_names: HashSet<String>,
}

/// A query's free text, understood.
#[derive(Debug, Default)]
struct Understood {
    kinds: BTreeSet<String>,
    categories: BTreeSet<String>,
    brands: BTreeSet<String>,
    colors: BTreeSet<String>,
    names: Vec<String>,
    slips: Vec<String>,
    features: Vec<String>,
    sizes: Vec<String>,
}

impl Query {
    /// Whether a product is one of those that are not wanted again.
    #[must_use]
    pub fn passes_over(&self, product: &Product) -> bool {
        self.without.as_deref().is_some_and(|all| all.split(',').any(|sku| sku.trim() == product.sku))
    }
}

impl Index {
    /// Builds the index.
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Index {
        let names: Vec<HashSet<String>> =
            catalogue.products.iter().map(|p| words(&p.name).into_iter().collect()).collect();
        let texts = catalogue.products.iter().map(|p| {
            let texts = p.features.0.iter().flatten().chain(&p.description.0);
            texts.flat_map(|t| words(t)).collect()
        });
        Index {
            vocabulary: Vocabulary::new(catalogue),
            measures: catalogue.products.iter().map(find::measures).collect(),
            texts: texts.collect(),
            all_names: names.iter().flatten().cloned().collect(),
            names,
        }
    }

    /// The canonical colours a text names.
    #[must_use]
    pub fn colors(&self, text: &str) -> BTreeSet<String> {
        let colors = self.vocabulary.meanings(text).into_iter();
        colors.filter_map(|t| if let Term::Color(c) = t { Some(c) } else { None }).collect()
    }

    /// Products that fit, best first. Without free text the catalogue's order holds.
    #[must_use]
    pub fn search<'c>(&self, catalogue: &'c Catalogue, query: &Query) -> Vec<&'c Product> {
        let fits = self.filters(query);
        let candidates: Vec<usize> =
            (0..catalogue.products.len()).filter(|i| fits(*i, &catalogue.products[*i])).collect();
        let text = query.q.as_deref().unwrap_or("").trim();
        if text.is_empty() {
            return candidates.into_iter().map(|i| &catalogue.products[i]).collect();
        }
        let asked = self.understand(text);
        // Kind and brand together; if the shop has no such thing, the kind alone, then the brand alone.
        for (by_kind, by_brand) in [(true, true), (true, false), (false, true)] {
            let chosen: Vec<usize> = candidates
                .iter()
                .copied()
                .filter(|i| {
                    (!by_kind || asked.is_kind(&catalogue.products[*i]))
                        && (!by_brand || asked.is_brand(&catalogue.products[*i]))
                })
                .collect();
            let ranked = self.rank(catalogue, &chosen, &asked, query.country);
            if !ranked.is_empty() {
                return ranked.into_iter().map(|i| &catalogue.products[i]).collect();
            }
        }
        Vec::new()
    }

    fn filters<'q>(&'q self, query: &'q Query) -> impl Fn(usize, &Product) -> bool + use<'q> {
        let meanings = |text: &Option<String>| {
            text.as_deref().filter(|t| !t.trim().is_empty()).map(|t| self.vocabulary.meanings(t))
        };
        let (category, brand, color) =
            (meanings(&query.category), meanings(&query.brand), meanings(&query.color));
        let size = query.size.as_deref().filter(|s| !s.trim().is_empty());
        let mut not = BTreeSet::new();
        let mut models: Vec<Vec<String>> = Vec::new();
        let unwanted = query.exclude.iter().flat_map(|all| all.split(',')).filter(|w| !w.trim().is_empty());
        for wish in unwanted {
            let named = self.tokens(wish);
            // "Not the iPhone 13" rules out that model, not its kind.
            if named.iter().any(|w| self.all_names.contains(w)) && self.vocabulary.exact(wish).is_none() {
                models.push(named);
            } else {
                not.extend(self.vocabulary.meanings(wish));
            }
        }
        // The wish's own words matter to models that are denied, and seldom is one.
        let asked = query.q.as_deref().filter(|_| !models.is_empty());
        let wanted: BTreeSet<String> = asked.map(|q| self.tokens(q)).into_iter().flatten().collect();
        let any = |terms: &Option<BTreeSet<Term>>, wanted: &[Term]| {
            terms.as_ref().is_none_or(|t| wanted.iter().any(|w| t.contains(w)))
        };
        move |i, product| {
            let Some(price) = product.price(query.country) else { return false };
            let price = price.amount().as_f64().unwrap_or(f64::MAX);
            let colors: Vec<Term> = product.colors.iter().cloned().map(Term::Color).collect();
            any(&category, &[Term::Category(product.category.clone()), Term::Kind(product.kind.clone())])
                && any(&brand, &[Term::Brand(product.brand.clone())])
                && any(&color, &colors)
                && size.is_none_or(|wish| self.has_size(i, product, wish, query.country))
                && !find::excluded(product, &not)
                && !find::is_named_out(product, &wanted, &models)
                && !query.passes_over(product)
                && query.price_min.is_none_or(|min| price >= min)
                && query.price_max.is_none_or(|max| price <= max)
        }
    }

    fn understand(&self, text: &str) -> Understood {
        let tokens = self.tokens(text);
        let mut asked = Understood::default();
        let mut i = 0;
        while i < tokens.len() {
            let token = &tokens[i];
            if i + 1 < tokens.len() && token.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                // "128 gb" and "55 pulgadas" are one size; the number still counts as part of a name.
                asked.sizes.push(format!("{token} {}", tokens[i + 1]));
            }
            if token.bytes().any(|b| b.is_ascii_digit()) {
                asked.sizes.push(token.clone());
            }
            let rest = &tokens[i..];
            let exact = self.vocabulary.phrase(rest);
            // "air fryr" means more than the exact "air"; but stop words begin no phrase ("de correr").
            let near = || self.vocabulary.near_phrase(rest).filter(|_| !self.vocabulary.is_stop(token));
            if let Some((length, terms)) = exact.or_else(near) {
                asked.mean(terms);
                // "red shoes" shall not prefer what happens to be named "Derby Shoes" by more than a hair.
                asked.features.extend(tokens[i..i + length].iter().cloned());
                i += length;
                continue;
            }
            i += 1;
            if self.all_names.contains(token) {
                asked.names.push(token.clone());
            } else if !self.vocabulary.is_stop(token) {
                self.guess(token, &mut asked);
            }
        }
        asked
    }

    /// A word that is nowhere as it stands: the nearest vocabulary entry or name, or a word of the descriptions.
    fn guess(&self, token: &str, asked: &mut Understood) {
        let vocabulary = self.vocabulary.nearest(token);
        let name = self.all_names.iter().filter_map(|n| slip(token, n).map(|d| (d, n))).min();
        match (vocabulary, name) {
            (Some((distance, _)), Some((nearer, name))) if nearer < distance => {
                asked.slips.push(name.clone())
            }
            (Some((_, terms)), _) => asked.mean(&terms),
            (None, Some((_, name))) => asked.slips.push(name.clone()),
            (None, None) => asked.features.push(token.to_owned()),
        }
    }

    /// Words with model names in their canonical spelling, `iphone15` cut and `s 24` joined where a name asks for it.
    fn tokens(&self, text: &str) -> Vec<String> {
        let raw = words(text);
        let mut tokens: Vec<String> = Vec::with_capacity(raw.len());
        let mut i = 0;
        while i < raw.len() {
            if let Some((length, model)) = self.vocabulary.model(&raw[i..]) {
                tokens.push(model.to_owned());
                i += length;
                continue;
            }
            // "ए 15", "13 सी": letters of a model, spelt in Devanagari.
            let latin = |word: &String| text::letter(word).map_or_else(|| word.clone(), str::to_owned);
            let joined = raw.get(i + 1).map(|next| format!("{}{}", latin(&raw[i]), latin(next)));
            let spelt = raw.get(i + 1).is_some_and(|next| text::letter(next).is_some());
            let apart =
                |j: &String| self.all_names.contains(j) && (spelt || !self.all_names.contains(&raw[i]));
            if let Some(joined) = joined.filter(apart) {
                tokens.push(joined);
                i += 2;
                continue;
            }
            let cut = raw[i].find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0);
            match cut.map(|at| raw[i].split_at(at)) {
                Some((word, number))
                    if !self.all_names.contains(&raw[i]) && self.all_names.contains(word) =>
                {
                    tokens.extend([word.to_owned(), number.to_owned()]);
                }
                _ => tokens.push(raw[i].clone()),
            }
            i += 1;
        }
        tokens
    }

    fn rank(
        &self,
        catalogue: &Catalogue,
        chosen: &[usize],
        asked: &Understood,
        country: Country,
    ) -> Vec<usize> {
        let constrained = !asked.kinds.is_empty() || !asked.categories.is_empty() || !asked.brands.is_empty();
        // A number alone ("15") finds nothing: some word of the name has to be there.
        let is_word = |n: &&String| n.bytes().any(|b| b.is_ascii_alphabetic());
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for &i in chosen {
            let product = &catalogue.products[i];
            let names: HashSet<&String> = asked.names.iter().filter(|n| self.names[i].contains(*n)).collect();
            let slips = asked.slips.iter().filter(|n| self.names[i].contains(*n)).count();
            let features =
                asked.features.iter().chain(&asked.names).filter(|f| self.texts[i].contains(*f)).count();
            let described = asked.features.iter().any(|f| self.texts[i].contains(f));
            if !constrained
                && slips == 0
                && !described
                && !names.iter().any(is_word)
                && !asked.colors_of(product)
            {
                continue;
            }
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let mut score = NAME * count(names.len()) + NAME_SLIP * count(slips) + FEATURE * count(features);
            if !names.is_empty() {
                let brand_words = words(&product.brand);
                let extra =
                    self.names[i].iter().filter(|w| !names.contains(w) && !brand_words.contains(w)).count();
                score = score.saturating_sub(NAME_EXTRA * count(extra));
            }
            score += if asked.kinds.contains(&product.kind) { KIND } else { 0 };
            score += if asked.brands.contains(&product.brand) { BRAND } else { 0 };
            score += if asked.colors_of(product) { COLOR } else { 0 };
            let sizes = product.sizes(country);
            score += if sizes.iter().any(|s| asked.sizes.iter().any(|w| sizes::matches(s, w))) {
                COLOR
            } else {
                0
            };
            scored.push((score, i));
        }
        if !constrained {
            // What shares one word of four with the query is noise beside a full match.
            let best = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
            scored.retain(|(score, _)| score * 3 >= best);
        }
        let best = scored.iter().max_by_key(|(score, i)| (*score, std::cmp::Reverse(*i))).map(|(_, i)| *i);
        if constrained && best.is_some_and(|i| asked.colors_of(&catalogue.products[i])) {
            // "red shoes": where there are red ones, only those.
            scored.retain(|(_, i)| asked.colors_of(&catalogue.products[*i]));
        }
        scored.sort_by_key(|(score, i)| (std::cmp::Reverse(*score), self.names[*i].len(), *i));
        scored.into_iter().map(|(_, i)| i).collect()
    }
}

impl Understood {
    fn mean(&mut self, terms: &BTreeSet<Term>) {
        for term in terms {
            match term {
                Term::Kind(k) => self.kinds.insert(k.clone()),
                Term::Category(c) => self.categories.insert(c.clone()),
                Term::Brand(b) => self.brands.insert(b.clone()),
                Term::Color(c) => self.colors.insert(c.clone()),
            };
        }
    }

    fn is_kind(&self, product: &Product) -> bool {
        // "running shoes": the kind says more than the category.
        match (self.kinds.is_empty(), self.categories.is_empty()) {
            (true, true) => true,
            (true, false) => self.categories.contains(&product.category),
            (false, _) => self.kinds.contains(&product.kind),
        }
    }

    fn is_brand(&self, product: &Product) -> bool {
        self.brands.is_empty() || self.brands.contains(&product.brand)
    }

    fn colors_of(&self, product: &Product) -> bool {
        product.colors.iter().any(|c| self.colors.contains(c))
    }
}

#[cfg(test)]
mod tests;
