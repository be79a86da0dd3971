//! What customers write instead of tapping: each spelling means one option, each yes or no one thing.

use crate::Assistant;
use crate::config::domain::SlotType;
use crate::config::flows::StepKind;
use crate::finding::{Findings, codes};
use crate::fold::{fold, words};
use std::collections::BTreeMap;

pub(super) fn check(a: &Assistant, f: &mut Findings) {
    slots(a, f);
    questions(a, f);
    options(a, f);
}

fn slots(a: &Assistant, f: &mut Findings) {
    for (name, slot) in &a.domain.slots {
        let SlotType::Categorical(values) = &slot.kind else { continue };
        let mut meant: BTreeMap<Vec<String>, &str> = BTreeMap::new();
        for (value, spellings) in values {
            for spelling in std::iter::once(value).chain(spellings) {
                let folded = words(spelling);
                if folded.is_empty() {
                    f.error(
                        &slot.place,
                        codes::SHAPE,
                        format!("a spelling of `{value}` in slot `{name}` has no words: `{spelling}`"),
                        "write what customers write, or remove it",
                    );
                } else if let Some(other) = meant.insert(folded, value)
                    && other != value
                {
                    f.error(
                        &slot.place,
                        codes::DUPLICATE,
                        format!("`{spelling}` is both `{other}` and `{value}` in slot `{name}`"),
                        "keep it with one of them; case, accents and nukta make no difference",
                    );
                }
            }
        }
    }
}

fn questions(a: &Assistant, f: &mut Findings) {
    for step in a.flows.values().flat_map(|flow| &flow.steps) {
        let StepKind::Collect(c) = &step.kind else { continue };
        if c.yes.is_empty() && c.no.is_empty() {
            continue;
        }
        if a.domain.slots.get(&c.slot).is_some_and(|s| s.kind != SlotType::Bool) {
            f.error(
                &step.place,
                codes::SHAPE,
                format!("`yes` and `no` need a bool slot, `{}` is none", c.slot),
                "write the spellings at the slot's `values`, or make the slot `type: bool`",
            );
        }
        for both in c.yes.iter().filter(|y| c.no.iter().any(|n| fold(n) == fold(y))) {
            f.error(
                &step.place,
                codes::DUPLICATE,
                format!("`{both}` is both a yes and a no"),
                "keep it with one of them",
            );
        }
    }
}

fn options(a: &Assistant, f: &mut Findings) {
    for (key, languages) in &a.responses {
        for variation in languages.values().flat_map(|r| &r.variations) {
            for (says, word) in [(true, "affirm"), (false, "deny")] {
                if variation.options().filter(|o| o.says == Some(says)).count() > 1 {
                    f.error(
                        &variation.place,
                        codes::DUPLICATE,
                        format!("`{key}` has two options with `{word}: true`"),
                        "a written answer can take up one",
                    );
                }
            }
            let mut meant: BTreeMap<Vec<String>, String> = BTreeMap::new();
            for option in variation.options() {
                for synonym in &option.synonyms {
                    let folded = words(synonym);
                    let id = option.id.source().to_owned();
                    if folded.is_empty() {
                        f.error(
                            &option.place,
                            codes::SHAPE,
                            format!("a synonym has no words: `{synonym}`"),
                            "write what customers write, or remove it",
                        );
                    } else if let Some(other) = meant.insert(folded, id.clone())
                        && other != id
                    {
                        f.error(
                            &option.place,
                            codes::DUPLICATE,
                            format!("`{synonym}` is a synonym of two options of `{key}`"),
                            "keep it with one of them",
                        );
                    }
                }
            }
        }
        let offers = |l: &str| {
            languages.get(l).map(|r| {
                r.variations
                    .iter()
                    .flat_map(|v| v.options())
                    .filter_map(|o| o.says.map(|s| (o.id.source().to_owned(), s)))
                    .collect::<std::collections::BTreeSet<_>>()
            })
        };
        let Some(reference) = offers("en") else { continue };
        for (language, response) in languages {
            if offers(language).is_some_and(|mine| mine != reference) {
                f.warn(
                    &response.place,
                    codes::TRANSLATION,
                    format!("a written yes to `{key}` takes up something else in {language} than in en"),
                    "mark the same options `affirm: true` and `deny: true` in every language",
                );
            }
        }
    }
}
