//! "Something smaller", "aur bada dikhao", "uno más barato que ese": than what was shown.

use super::{Than, find};
use crate::shop::catalog::{Catalogue, Product};
use crate::shop::i18n::{Country, Texts};

/// The figures that say how big a thing is.
const SIZES: [&str; 4] = ["screen", "litres", "load", "tons"];

/// A comparison that every product found has to stand.
pub(super) enum Filter {
    /// By the figure at this place less than this.
    Smaller(usize, f64),
    /// By the figure at this place more than this.
    Bigger(usize, f64),
    /// Costs less than this.
    Cheaper(f64),
}

/// What the pieces of a comparison are in a figure: of products what they have, else the number.
fn figures(catalogue: &Catalogue, measure: usize, than: &str) -> Vec<f64> {
    let one = |piece: &str| -> Vec<f64> {
        match catalogue.product(piece) {
            Some(product) => catalogue.traits.measures[measure].values(product),
            None => {
                let digits: String = piece
                    .chars()
                    .skip_while(|c| !c.is_ascii_digit())
                    .take_while(|c| c.is_ascii_digit())
                    .collect();
                digits.parse().into_iter().collect()
            }
        }
    };
    than.split(',').map(str::trim).flat_map(one).collect()
}

/// What is asked of the products found; a comparison with what no data tell of asks nothing.
pub(super) fn filters(
    catalogue: &Catalogue,
    than: &Than,
    kind: Option<&str>,
    country: Country,
) -> Vec<Filter> {
    let mut all = Vec::new();
    let sized = |id: &str| catalogue.traits.measures.iter().position(|m| m.id == id);
    let known = |m: &usize| {
        let of_kind = catalogue.products.iter().filter(|p| Some(p.kind.as_str()) == kind);
        of_kind.clone().any(|p| !catalogue.traits.measures[*m].values(p).is_empty())
    };
    if let Some(measure) = SIZES.iter().filter_map(|id| sized(id)).find(known) {
        let of = |text: &Option<String>| {
            text.as_deref().map(|t| figures(catalogue, measure, t)).unwrap_or_default()
        };
        all.extend(of(&than.smaller).into_iter().reduce(f64::min).map(|n| Filter::Smaller(measure, n)));
        all.extend(of(&than.bigger).into_iter().reduce(f64::max).map(|n| Filter::Bigger(measure, n)));
    }
    let cheaper = than.cheaper.iter().flat_map(|all| all.split(','));
    let prices = cheaper.filter_map(|sku| catalogue.product(sku.trim())).map(|p| find::amount(p, country));
    all.extend(prices.reduce(f64::min).map(Filter::Cheaper));
    all
}

impl Filter {
    /// In words, by variety.
    pub(super) fn label(&self, catalogue: &Catalogue) -> Texts {
        let said = |measure: usize, n: f64, words: [&str; 4]| {
            let figure = catalogue.traits.measures[measure].say(n);
            Texts([0, 1, 2, 3].map(|i| words[i].replace("{n}", &figure.0[i])))
        };
        match *self {
            Filter::Smaller(m, n) => said(m, n, ["under {n}", "menos de {n}", "{n} से छोटा", "{n} se chhota"]),
            Filter::Bigger(m, n) => said(m, n, ["over {n}", "más de {n}", "{n} से बड़ा", "{n} se bada"]),
            Filter::Cheaper(_) => {
                Texts(["cheaper", "más barato", "इससे सस्ता", "isse sasta"].map(str::to_owned))
            }
        }
    }

    /// Whether a product stands the comparison.
    pub(super) fn fits(&self, catalogue: &Catalogue, product: &Product, country: Country) -> bool {
        let values = |m: usize| catalogue.traits.measures[m].values(product);
        match *self {
            Filter::Smaller(m, n) => values(m).iter().any(|v| *v < n),
            Filter::Bigger(m, n) => values(m).iter().any(|v| *v > n),
            Filter::Cheaper(n) => find::amount(product, country) < n,
        }
    }
}
