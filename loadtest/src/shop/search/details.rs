//! The details of a wish against what the shop's data tell of the kinds of things that are looked for.

use super::traits::Name;
use super::wishes::{Bound, Quantity, Wishes};
use super::{Index, Query, Understood};
use crate::shop::catalog::{Catalogue, Product};
use crate::shop::i18n::Texts;
use crate::shop::text::words;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// One detail that narrows the choice.
#[derive(Debug)]
pub(super) struct Filter {
    /// In words, by variety.
    pub label: Texts,
    what: What,
}

#[derive(Debug)]
enum What {
    Trait(usize),
    Quantity(Quantity, usize),
    Word(String),
}

/// The details of one wish.
pub(super) struct Details<'c> {
    catalogue: &'c Catalogue,
    index: &'c Index,
    wishes: Wishes,
    /// What can be filtered by.
    pub filters: Vec<Filter>,
    /// What the data say nothing of.
    pub unknown: Vec<Texts>,
    /// The figure of which much is wished.
    pub by: Option<usize>,
}

/// Parts that are named without a digit.
const PARTS: [&str; 10] =
    ["ryzen", "snapdragon", "intel", "amd", "geforce", "rtx", "exynos", "bionic", "celeron", "mediatek"];

impl<'c> Details<'c> {
    pub(super) fn new(
        catalogue: &'c Catalogue,
        query: &Query,
        asked: &Understood,
        kinds: &BTreeSet<&str>,
        index: &'c Index,
    ) -> Details<'c> {
        let traits = &catalogue.traits;
        let text = query.words.as_deref().unwrap_or_default();
        let wishes = traits.read(text);
        let mut details =
            Details { catalogue, index, wishes, filters: Vec::new(), unknown: Vec::new(), by: None };
        let concerned = |i: usize| -> BTreeSet<&str> {
            let concerns = |k: &&str| {
                catalogue
                    .products
                    .iter()
                    .find(|p| p.kind == **k)
                    .is_some_and(|p| traits.traits[i].concerns(p))
            };
            kinds.iter().copied().filter(concerns).collect()
        };
        for i in details.wishes.traits.clone() {
            let property = &traits.traits[i];
            let concerned = concerned(i);
            let sized = |size: &str| {
                let mut of_kind =
                    catalogue.products.iter().enumerate().filter(|(_, p)| kinds.contains(p.kind.as_str()));
                of_kind.any(|(i, p)| index.has_size(i, p, size, query.country))
            };
            // Whoever names a size that there is wants that one, for whomever.
            if concerned.is_empty() || (property.none && query.size.as_deref().is_some_and(sized)) {
                continue;
            }
            match property.known(catalogue, &concerned) {
                true => details.filters.push(Filter { label: property.names.clone(), what: What::Trait(i) }),
                false => details.unknown.push(property.names.clone()),
            }
        }
        for quantity in details.wishes.quantities.clone() {
            let (known, likely) = figure_of(catalogue, kinds, &quantity);
            match (known, likely) {
                (Some(m), _) => details
                    .filters
                    .push(Filter { label: traits.say(&quantity, m), what: What::Quantity(quantity, m) }),
                // "A phone, there are two people": nobody would ask that of a phone.
                (None, Some(m)) if !traits.measures[m].least => {
                    details.unknown.push(traits.say(&quantity, m));
                }
                (None, _) => {}
            }
        }
        let mixed = |w: &String| {
            PARTS.contains(&w.as_str())
                || (w.len() >= 2
                    && w.bytes().any(|b| b.is_ascii_digit())
                    && w.starts_with(|c: char| c.is_ascii_alphabetic()))
        };
        let last = text.lines().last().unwrap_or_default();
        for word in words(last).into_iter().filter(mixed) {
            let somewhere = catalogue
                .products
                .iter()
                .enumerate()
                .any(|(i, p)| kinds.contains(p.kind.as_str()) && index.texts[i].contains(&word));
            let taken = index.all_names.contains(&word) || details.wishes.used.contains(&word);
            if somewhere && !taken && !asked.features.contains(&word) {
                let label = Texts([(); 4].map(|()| word.clone()));
                details.filters.push(Filter { label, what: What::Word(word) });
            }
        }
        let good: Vec<usize> = details.wishes.good.iter().copied().collect();
        details.by = good.iter().copied().find(|m| traits.measures[*m].known(catalogue, kinds));
        if let (None, Some(m)) = (details.by, good.first()) {
            details.unknown.push(traits.measures[*m].names.clone());
        }
        details
    }

    /// The details that narrow, in words.
    pub(super) fn labels(&self) -> Vec<Texts> {
        self.filters.iter().map(|f| f.label.clone()).collect()
    }

    /// Whether a size is the number of something else: "8" of "8 gig ram".
    pub(super) fn is_no_size(&self, size: &str) -> bool {
        self.wishes.quantities.iter().any(|q| q.is_size(size))
    }

    /// Whether a detail is one by which the shop only estimates: for how many something is enough.
    pub(super) fn is_estimate(&self, filter: usize) -> bool {
        matches!(self.filters[filter].what, What::Quantity(_, m) if self.catalogue.traits.measures[m].least)
    }

    /// Whether a word belongs to a detail.
    pub(super) fn is_used(&self, word: &str) -> bool {
        self.wishes.used.contains(word)
    }

    /// Whether a product fulfils a detail.
    pub(super) fn fits(&self, filter: usize, i: usize, product: &Product) -> bool {
        let traits = &self.catalogue.traits;
        match &self.filters[filter].what {
            What::Trait(t) => traits.traits[*t].has(product) == Some(true),
            What::Quantity(quantity, m) => {
                let measure = &traits.measures[*m];
                measure.fits(quantity, &measure.values(product))
            }
            What::Word(word) => self.index.texts[i].contains(word),
        }
    }
}

/// The figure that a quantity is of and by which products of these kinds can be chosen, and the one that it is of at all: the
/// first that some product has as much of, or that tells by more than its unit; what is less than any disk holds is memory.
fn figure_of(
    catalogue: &Catalogue,
    kinds: &BTreeSet<&str>,
    quantity: &Quantity,
) -> (Option<usize>, Option<usize>) {
    let measures = &catalogue.traits.measures;
    let values = |m: usize| -> Vec<f64> {
        let of_kind = catalogue.products.iter().filter(|p| kinds.contains(p.kind.as_str()));
        of_kind.flat_map(|p| measures[m].values(p)).collect()
    };
    let known = |m: &usize| measures[*m].known(catalogue, kinds);
    let first = quantity.measures.iter().copied().find(known);
    let much = Quantity { bound: Bound::Exactly, ..quantity.clone() };
    let has = |m: &usize| measures[*m].fits(&much, &values(*m));
    let small = |m: usize| values(m).into_iter().all(|v| quantity.number < v);
    let told_beside = quantity.measures.iter().copied().rfind(|m| measures[*m].beside);
    match (quantity.measures.iter().copied().filter(known).find(has), first) {
        (Some(m), _) => (Some(m), Some(m)),
        (None, Some(m)) if !measures[m].beside && small(m) => match told_beside {
            Some(other) => (Some(other).filter(known), Some(other)),
            None => (Some(m), Some(m)),
        },
        (None, first) => (first, first.or_else(|| quantity.measures.first().copied())),
    }
}

impl super::traits::Measure {
    /// The best figure of a product.
    #[must_use]
    pub fn best(&self, product: &Product) -> Option<f64> {
        let better = |x: f64, y: f64| if self.more { x.max(y) } else { x.min(y) };
        self.values(product).into_iter().reduce(better)
    }

    /// Orders products by the figure, the better one greater; what has none is the least.
    #[must_use]
    pub fn better(&self, a: &Product, b: &Product) -> Ordering {
        match (self.best(a), self.best(b)) {
            (Some(a), Some(b)) if self.more => a.total_cmp(&b),
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

impl Index {
    /// Kinds of the things that are looked for.
    pub(super) fn kinds_of<'c>(
        &self,
        catalogue: &'c Catalogue,
        query: &Query,
        asked: &Understood,
    ) -> BTreeSet<&'c str> {
        let plain = Query { category: query.category.clone(), country: query.country, ..Query::default() };
        let fits = self.filters(&plain);
        let all = catalogue.products.iter().enumerate();
        let all = all.filter(|(i, p)| fits(*i, p) && asked.is_kind(p));
        if asked.kindless() && query.category.is_none() && !asked.names.is_empty() {
            let of = |(i, p): (usize, &'c Product)| {
                asked.names.iter().all(|n| self.names[i].contains(n)).then_some(p.kind.as_str())
            };
            return all.filter_map(of).collect();
        }
        all.map(|(_, p)| p.kind.as_str()).collect()
    }
}

/// What a question names: figures and properties.
#[must_use]
pub fn named(catalogue: &Catalogue, text: &str) -> BTreeSet<Name> {
    let wishes = catalogue.traits.read(text);
    let measures = wishes.named.iter().chain(&wishes.good).copied();
    let figures = &catalogue.traits.measures;
    let told = |q: &Quantity, m: &usize| q.measures.len() == 1 || !figures[*m].beside;
    let quantities = wishes.quantities.iter();
    let quantities = quantities.flat_map(|q| q.measures.iter().copied().filter(move |m| told(q, m)));
    measures
        .chain(quantities)
        .map(Name::Measure)
        .chain(wishes.traits.iter().copied().map(Name::Trait))
        .collect()
}
