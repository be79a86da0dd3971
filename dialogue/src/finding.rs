//! What `charla check` says about a configuration.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Works, but somebody should look.
    Warning,
    /// The configuration cannot be served.
    Error,
}

/// One finding, with its place and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {file}:{line}:{column}: {message} ({mend})")]
pub struct Finding {
    /// File as handed to [`Assistant::load`](crate::Assistant::load).
    pub file: String,
    /// 1-based; 0 where the whole file is meant.
    pub line: u32,
    /// 1-based, in characters; 0 where the whole line is meant.
    pub column: u32,
    /// How bad.
    pub severity: Severity,
    /// `CHARLA-E1nnn`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

/// Codes of findings; `docs/formats.md` lists them.
pub mod codes {
    /// A file is not valid YAML.
    pub const YAML: &str = "CHARLA-E1001";
    /// A key that this place does not know.
    pub const UNKNOWN_KEY: &str = "CHARLA-E1002";
    /// A value of the wrong shape.
    pub const SHAPE: &str = "CHARLA-E1003";
    /// A name (step, slot, response, action, intent, entity, flow, condition) that nothing defines.
    pub const UNKNOWN_NAME: &str = "CHARLA-E1004";
    /// A condition that does not parse.
    pub const CONDITION: &str = "CHARLA-E1005";
    /// A template or expression that does not parse.
    pub const TEMPLATE: &str = "CHARLA-E1006";
    /// A step that nothing reaches.
    pub const UNREACHABLE: &str = "CHARLA-E1007";
    /// A response missing in a language.
    pub const TRANSLATION: &str = "CHARLA-E1008";
    /// Over a limit of the channel.
    pub const LIMIT: &str = "CHARLA-E1009";
    /// An intent that leads nowhere.
    pub const INTENT: &str = "CHARLA-E1010";
    /// Defined and never used.
    pub const UNUSED: &str = "CHARLA-E1011";
    /// Defined twice.
    pub const DUPLICATE: &str = "CHARLA-E1012";
    /// An irreversible action without a confirmation before it.
    pub const CONFIRM: &str = "CHARLA-E1013";
    /// A payload that does not parse.
    pub const PAYLOAD: &str = "CHARLA-E1014";
    /// A regular expression that does not parse.
    pub const REGEX: &str = "CHARLA-E1015";
    /// A setting out of its range.
    pub const RANGE: &str = "CHARLA-E1016";
    /// Named conditions that use each other in a circle.
    pub const CIRCLE: &str = "CHARLA-E1018";
}

/// Collects findings while files are read.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub list: Vec<Finding>,
}

/// A place in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// File.
    pub file: std::sync::Arc<str>,
    /// Line from 1.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
}

impl Findings {
    pub fn add(
        &mut self,
        place: &Place,
        severity: Severity,
        code: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.list.push(Finding {
            file: place.file.to_string(),
            line: place.line,
            column: place.column,
            severity,
            code: code.to_owned(),
            message: message.into(),
            mend: mend.into(),
        });
    }

    pub fn error(&mut self, place: &Place, code: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.add(place, Severity::Error, code, message, mend);
    }

    pub fn warn(&mut self, place: &Place, code: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.add(place, Severity::Warning, code, message, mend);
    }

    /// An unknown name, with the nearest known one.
    pub fn unknown<'a>(
        &mut self,
        place: &Place,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let mend = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("define the {what} or correct the name"),
        };
        self.error(place, codes::UNKNOWN_NAME, format!("unknown {what} `{name}`"), mend);
    }
}

/// The known name nearest to `name` by edit distance, if it is near at all (a third of its length).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(2);
    known.into_iter().map(|k| (distance(name, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_typos_and_nothing_else() {
        let known = ["order_id", "pincode", "city"];
        assert_eq!(nearest("ordr_id", known), Some("order_id"));
        assert_eq!(nearest("pin_code", known), Some("pincode"));
        assert_eq!(nearest("completely", known), None);
    }
}
