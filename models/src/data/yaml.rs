//! Rasa 3.1 NLU files: `nlu:` with `intent`, `synonym`, `lookup` and `regex` blocks.

use super::{
    Dataset, Example, Lookup, Pattern, markup,
    problems::{Kind, Problem},
};
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::Path;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    nlu: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    intent: Option<String>,
    synonym: Option<String>,
    lookup: Option<String>,
    regex: Option<String>,
    examples: Option<Examples>,
}

/// Either a block scalar with `- ` lines or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Examples {
    List(Vec<Item>),
    Text(Spanned<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Plain(Spanned<String>),
    Object { text: Spanned<String> },
}

/// Adds the blocks of a file that has just been put into `set.files`. An ill-formed example is left out and reported.
///
/// # Errors
/// `CHARLA-E4011` where the file is not YAML of that form.
pub fn read(set: &mut Dataset, path: &Path, text: &str, lang: &str) -> Result<()> {
    let data = |line: usize, what: String, mend: &str| Error::Data {
        file: path.to_owned(),
        line,
        what,
        mend: mend.into(),
    };
    let parsed: File = serde_saphyr::from_str(text).map_err(|e| {
        let line = e.location().map_or(1, |l| l.line() as usize);
        data(
            line,
            format!("not a Rasa 3.1 NLU file: {}", first_line(&e)),
            "see `nlu:` in Rasa's training data format",
        )
    })?;
    let lines: Vec<&str> = text.lines().collect();
    let file = set.files.len().saturating_sub(1);
    for block in parsed.nlu {
        let Some(examples) = block.examples else { continue };
        let items = items(examples, &lines);
        if let Some(intent) = block.intent {
            for (line, item) in items {
                match markup::parse(&item) {
                    Ok((text, entities)) => set.examples.push(Example {
                        text,
                        lang: lang.to_owned(),
                        intent: intent.clone(),
                        entities,
                        file,
                        line,
                    }),
                    Err(ill) => set.problems.push(Problem {
                        kind: Kind::Markup,
                        file: path.to_owned(),
                        line,
                        what: format!("{} at character {}", ill.what, ill.at + 1),
                        mend: "write [text](entity) or [text]{\"entity\": \"…\", \"value\": \"…\"}".into(),
                    }),
                }
            }
        } else if let Some(value) = block.synonym {
            for (line, variant) in items {
                let key = variant.to_lowercase();
                if let Some(before) = set.synonyms.insert(key, value.clone())
                    && before != value
                {
                    set.problems.push(Problem {
                        kind: Kind::Synonym,
                        file: path.to_owned(),
                        line,
                        what: format!("`{variant}` stands for both `{before}` and `{value}`"),
                        mend: "keep it under one of them; the later one is used".into(),
                    });
                }
            }
        } else if let Some(name) = block.lookup {
            let phrases = items.into_iter().map(|(_, phrase)| phrase).collect();
            set.lookups.push(Lookup { name, phrases });
        } else if let Some(name) = block.regex {
            for (line, pattern) in items {
                regex::Regex::new(&pattern).map_err(|e| {
                    data(
                        line,
                        format!("`{pattern}` is no regular expression: {}", first_line(&e)),
                        "look-around and back-references are not supported",
                    )
                })?;
                set.patterns.push(Pattern { name: name.clone(), pattern });
            }
        }
    }
    Ok(())
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The items with their 1-based lines.
fn items(examples: Examples, lines: &[&str]) -> Vec<(usize, String)> {
    match examples {
        Examples::List(list) => list
            .into_iter()
            .map(|item| match item {
                Item::Plain(text) | Item::Object { text } => {
                    (text.referenced.line() as usize, text.value.trim().to_owned())
                }
            })
            .filter(|(_, text)| !text.is_empty())
            .collect(),
        Examples::Text(text) => {
            // The scalar's location may be its `|` or its first line; its lines are looked up from there on.
            let mut at = (text.referenced.line() as usize).saturating_sub(1);
            let mut out = Vec::new();
            for content in text.value.lines().map(str::trim).filter(|l| !l.is_empty()) {
                while at < lines.len() && lines[at].trim() != content {
                    at += 1;
                }
                let item = content.strip_prefix('-').map(str::trim).unwrap_or_default();
                if !item.is_empty() {
                    out.push((at + 1, item.to_owned()));
                }
                at += 1;
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "version: \"3.1\"\nnlu:\n  - intent: track_order\n    examples: |\n      - where is [8842](order_id)\n\n      - where is my [order\n      - [x](a b)\n      - status?\n  - synonym: black\n    examples: |\n      - Kala\n  - regex: pincode\n    examples: |\n      - \\d{6}\n  - lookup: city\n    examples:\n      - Pune\n      - Nagpur\n";

    #[test]
    fn examples_have_their_lines_and_blocks_their_kinds() {
        let mut set = Dataset { files: vec!["t.yml".into()], ..Dataset::default() };
        read(&mut set, Path::new("t.yml"), FILE, "en").unwrap();
        let lines: Vec<usize> = set.examples.iter().map(|e| e.line).collect();
        assert_eq!(lines, [5, 7, 9]);
        assert_eq!(set.problems.len(), 1);
        assert_eq!((set.problems[0].line, set.problems[0].kind), (8, Kind::Markup));
        assert_eq!(set.synonyms["kala"], "black");
        assert_eq!(set.patterns[0].pattern, "\\d{6}");
        assert_eq!(set.lookups[0].phrases, ["Pune", "Nagpur"]);
    }

    #[test]
    fn a_broken_file_names_its_place() {
        let mut set = Dataset { files: vec!["t.yml".into()], ..Dataset::default() };
        let error = read(&mut set, Path::new("t.yml"), "nlu:\n  - intent: [\n", "en").unwrap_err();
        assert!(error.to_string().contains("t.yml:"), "{error}");
        let bad = "nlu:\n  - regex: x\n    examples: |\n      - (?<=a)b\n";
        let error = read(&mut set, Path::new("t.yml"), bad, "en").unwrap_err();
        assert!(error.to_string().contains("t.yml:4"), "{error}");
    }
}
