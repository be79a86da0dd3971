//! What stands in the configuration's files, read and compiled.

pub mod actions;
pub mod conditions;
pub mod courtesy;
pub mod domain;
pub mod flows;
pub mod on_values;
pub mod responses;
pub mod settings;
pub mod ways;

use crate::finding::{Findings, Place, codes};
use crate::template::{Setting, Templates, Text};
use crate::yaml::Reader;
use std::collections::BTreeMap;

/// Languages a text may be written in. `other` and `other-indic` are understood as such and answered, not spoken.
pub const LANGUAGES: [&str; 4] = ["en", "es", "hi", "hi-Latn"];

/// A text in several languages; a text without language stands for all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names(pub BTreeMap<String, String>);

impl Names {
    /// The name in a language, else in English, else any.
    pub fn get(&self, language: &str) -> Option<&str> {
        [language, "en", ""]
            .iter()
            .find_map(|l| self.0.get(*l))
            .or_else(|| self.0.values().next())
            .map(String::as_str)
    }

    pub(crate) fn read(at: Reader, findings: &mut Findings) -> Self {
        if at.node.entries().is_empty() {
            return Names(at.string(findings).map(|s| (String::new(), s)).into_iter().collect());
        }
        at.only(findings, &LANGUAGES);
        Names(at.entries().filter_map(|(k, v)| Some((k.key(), v.string(findings)?))).collect())
    }
}

/// Compiles a text template at a place.
pub(crate) fn text(
    templates: &mut Templates,
    findings: &mut Findings,
    place: &Place,
    source: &str,
) -> Option<Text> {
    templates
        .text(source)
        .map_err(|e| {
            findings.error(
                place,
                codes::TEMPLATE,
                format!("the template does not parse: {e}"),
                "balance braces and tags; check the names of filters",
            )
        })
        .ok()
}

/// Compiles a setting at a place.
pub(crate) fn setting(templates: &mut Templates, findings: &mut Findings, at: Reader) -> Option<Setting> {
    templates
        .setting(&at.node.json())
        .map_err(|e| {
            findings.error(
                &at.place(),
                codes::TEMPLATE,
                format!("the template does not parse: {e}"),
                "balance braces and tags; check the names of filters",
            )
        })
        .ok()
}

/// Compiles an expression at a place; values that are no text are constants.
pub(crate) fn expression(templates: &mut Templates, findings: &mut Findings, at: Reader) -> Option<Setting> {
    let Some(source) = at.node.text() else {
        return Some(Setting::Constant(at.node.json()));
    };
    let inner = source.trim().strip_prefix("{{").and_then(|s| s.strip_suffix("}}")).unwrap_or(source).trim();
    templates
        .expression(inner)
        .map_err(|e| {
            findings.error(
                &at.place(),
                codes::TEMPLATE,
                format!("the expression does not parse: {e}"),
                "write what could stand between {{ and }}; a text constant needs quotes of its own",
            )
        })
        .ok()
}

/// Parses a condition at a place; `true` and `false` may stand without quotes.
pub(crate) fn condition(findings: &mut Findings, at: Reader) -> Option<crate::condition::Condition> {
    let source = at.string(findings)?;
    crate::condition::Condition::parse(&source)
        .map(|condition| condition.standing(at.place()))
        .map_err(|e| {
            let mut place = at.place();
            place.column += e.at as u32 - 1;
            findings.error(
                &place,
                codes::CONDITION,
                format!("the condition does not parse: {}", e.message),
                "see `Conditions` in docs/formats.md",
            );
        })
        .ok()
}
