//! What a message tells that came with no field of its own: "jeans dikha kali wali", "oneplus ya vivo", "juttiya chahiye".

use super::{Index, Query};
use crate::shop::catalog::Catalogue;
use crate::shop::text::words;
use crate::shop::vocab::Term;
use std::collections::BTreeSet;

/// Names of brands and colours that are everyday words too.
const EVERYDAY: [&str; 14] = [
    "bata", "baata", "zara", "jara", "bote", "manzana", "plata", "tan", "sona", "cafe", "arena", "marino",
    "hara", "lila",
];
/// "Black Friday" is no colour.
const NO_COLOR: [&str; 4] = ["friday", "tape", "star", "berry"];

/// What makes an amount of a number.
const AMOUNT: [&str; 16] = [
    "lakh",
    "lac",
    "k",
    "hazar",
    "hazaar",
    "hajar",
    "thousand",
    "mil",
    "peso",
    "euro",
    "rupee",
    "rs",
    "लाख",
    "हजार",
    "रुपये",
    "रुपए",
];

/// "MacBook Air 1" of "macbook air 1 lakh tak" is a MacBook Air.
fn without_amount(q: &str, text: &str) -> String {
    let said = words(text);
    let amount = |number: &str| {
        said.windows(2).any(|w| w[0] == number && AMOUNT.contains(&w[1].as_str()))
            && !said.windows(2).any(|w| w[0] == number && !AMOUNT.contains(&w[1].as_str()))
    };
    match q.trim().rsplit_once(' ') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) && amount(number) => {
            name.to_owned()
        }
        _ => q.to_owned(),
    }
}

impl Index {
    /// Terms that stand in a line exactly, with the words that say them.
    fn said(&self, line: &str) -> Vec<(String, BTreeSet<Term>)> {
        let said = words(line);
        let mut all = Vec::new();
        let mut at = 0;
        while at < said.len() {
            if let Some((n, _)) = self.vocabulary.model(&said[at..]) {
                at += n;
                continue;
            }
            match self.vocabulary.phrase(&said[at..]) {
                Some((n, terms)) => {
                    let everyday = n == 1 && EVERYDAY.contains(&said[at].as_str());
                    let next = said.get(at + n).map(String::as_str);
                    if !everyday && !next.is_some_and(|w| NO_COLOR.contains(&w)) {
                        all.push((said[at..at + n].join(" "), terms.clone()));
                    }
                    at += n;
                }
                None => at += 1,
            }
        }
        all
    }

    /// The brands that a text means.
    pub(super) fn brands(&self, text: &str) -> BTreeSet<String> {
        let terms = self.vocabulary.meanings(text).into_iter();
        terms.filter_map(|t| if let Term::Brand(b) = t { Some(b) } else { None }).collect()
    }

    /// The query with what its words tell besides: a kind and a colour where none is given, further brands.
    pub(super) fn told(&self, catalogue: &Catalogue, query: &Query) -> Query {
        let mut told = query.clone();
        let Some(text) = query.words.as_deref() else { return told };
        let not = query.exclude.as_deref().map(|x| self.vocabulary.meanings(x)).unwrap_or_default();
        let lines: Vec<Vec<(String, BTreeSet<Term>)>> = text.lines().rev().map(|l| self.said(l)).collect();
        let kind = |t: &Term| matches!(t, Term::Kind(_) | Term::Category(_));
        if query.q.is_none() && query.category.is_none() {
            told.q = lines.iter().flatten().find(|(_, t)| t.iter().any(kind)).map(|(said, _)| said.clone());
        }
        told.q = told.q.map(|q| without_amount(&q, text));
        let understood = query.q.as_deref().map(|q| self.understand(q)).unwrap_or_default();
        if query.color.is_none() && understood.colors.is_empty() && understood.names.is_empty() {
            let color = |t: &Term| matches!(t, Term::Color(_)) && !not.contains(t);
            told.color =
                lines.iter().flatten().find(|(_, t)| t.iter().all(color)).map(|(said, _)| said.clone());
        }
        if let Some(brand) = &query.brand {
            let known = self.brands(brand);
            let more = lines.first().into_iter().flatten().flat_map(|(_, terms)| terms);
            let more: BTreeSet<&String> = more
                .filter(|t| !not.contains(t))
                .filter_map(|t| if let Term::Brand(b) = t { Some(b) } else { None })
                .filter(|b| catalogue.words.brands.iter().any(|w| w.id == **b))
                .collect();
            if !known.is_empty() && more.iter().any(|b| known.contains(*b)) {
                let other = more.into_iter().filter(|b| !known.contains(*b));
                told.brand = Some([brand].into_iter().chain(other).cloned().collect::<Vec<_>>().join(" "));
            }
        }
        told
    }

    /// Makers named whose things the shop does not sell.
    pub(super) fn other_makers(&self, catalogue: &Catalogue, query: &Query) -> Vec<String> {
        let Some(brand) = query.brand.as_deref() else { return Vec::new() };
        let last = query.words.as_deref().and_then(|w| w.lines().last()).unwrap_or_default();
        let used = catalogue.traits.read(last).used;
        let said = words(last);
        let named = |spelling: &String, text: &[String]| {
            let spelling = words(spelling);
            let at = text.windows(spelling.len().max(1)).position(|w| w == spelling.as_slice());
            at.is_some_and(|at| {
                // "Vivo en Madrid" is where somebody lives, and the noise of "noise cancelling" is none.
                let next = text.get(at + spelling.len()).map(String::as_str);
                next != Some("en") && !spelling.iter().all(|w| used.contains(w))
            })
        };
        let makers = catalogue.words.other_makers.iter();
        let own = words(brand);
        let mut all: Vec<String> = makers
            .filter(|m| m.words.iter().any(|w| named(w, &said) || named(w, &own)))
            .map(|m| m.id.clone())
            .collect();
        if all.is_empty() && self.brands(brand).is_empty() {
            all.push(brand.to_owned());
        }
        all
    }
}
