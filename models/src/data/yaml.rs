//! Rasa 3.1 training files: `nlu:` with `intent`, `synonym`, `lookup` and `regex` blocks, `stories:`.

use super::{
    Dataset, Example, Lookup, Pattern, markup,
    node::{self, Node},
    problems::{Kind, Problem},
    stories,
};
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::Path;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    nlu: Vec<Spanned<Block>>,
    stories: Option<Spanned<Node>>,
}

#[derive(Deserialize)]
struct Block {
    intent: Option<String>,
    synonym: Option<String>,
    lookup: Option<String>,
    regex: Option<String>,
    /// A block scalar with `- ` lines, or a list of texts or of mappings with `text`.
    examples: Option<Spanned<Node>>,
}

/// Adds the blocks and stories of a file that has just been put into `set.files`. An ill-formed example, block or story
/// is left out and reported.
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
    let form = |line: usize, what: String, mend: &str| Problem {
        kind: Kind::Form,
        file: path.to_owned(),
        line,
        what,
        mend: mend.into(),
    };
    for block in parsed.nlu {
        let place = node::line(&block);
        let block = block.value;
        let kinds = [&block.intent, &block.synonym, &block.lookup, &block.regex];
        if kinds.iter().all(|kind| kind.is_none()) {
            let what = "a block that is none of `intent`, `synonym`, `lookup` and `regex` is not used".into();
            set.problems.push(form(place, what, "see how its first key is spelt"));
            continue;
        }
        let Some(examples) = block.examples else {
            let what = "a block without `examples` is not used".into();
            set.problems.push(form(place, what, "write `examples: |` and lines `- …` below it"));
            continue;
        };
        let (items, left) = items(&examples, &lines).map_err(|(line, what)| {
            data(line, what, "write lines `- …` after `examples: |`, or a list of texts, numbers in quotes")
        })?;
        set.problems.extend(left.into_iter().map(|(line, content)| {
            form(line, format!("`{content}` has no `- ` before it and is not used"), "write `- ` before it")
        }));
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
    if let Some(node) = &parsed.stories {
        let source = stories::Source { path, file, lang, lines: &lines };
        let (read, problems) = stories::read(&source, node);
        set.stories.extend(read);
        set.problems.extend(problems);
    }
    Ok(())
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Texts with their 1-based lines.
type Placed = Vec<(usize, String)>;

/// The items, and the lines that are none; the line and kind of what is no text.
fn items(examples: &Spanned<Node>, lines: &[&str]) -> Result<(Placed, Placed), (usize, String)> {
    let none = |node: &Spanned<Node>| (node::line(node), format!("an example is {}", node.value.kind()));
    match &examples.value {
        Node::List(list) => {
            let text = |item: &Spanned<Node>| {
                let node = match &item.value {
                    Node::Map(entries) => {
                        &entries.iter().find(|(key, _)| key == "text").ok_or_else(|| none(item))?.1
                    }
                    _ => item,
                };
                match &node.value {
                    Node::Text(text) => Ok((node::line(node), text.trim().to_owned())),
                    _ => Err(none(node)),
                }
            };
            let all = list.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            Ok((all.into_iter().filter(|(_, text)| !text.is_empty()).collect(), Vec::new()))
        }
        Node::Text(text) => {
            // The scalar's location may be its `|` or its first line; its lines are looked up from there on.
            let mut at = node::line(examples).saturating_sub(1);
            let (mut out, mut left) = (Vec::new(), Vec::new());
            for content in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
                while at < lines.len() && lines[at].trim() != content {
                    at += 1;
                }
                match content.strip_prefix('-').map(str::trim) {
                    Some("") => {}
                    Some(item) => out.push((at + 1, item.to_owned())),
                    None => left.push((at + 1, content.to_owned())),
                }
                at += 1;
            }
            Ok((out, left))
        }
        Node::Other => Ok((Vec::new(), Vec::new())),
        Node::Map(_) => Err(none(examples)),
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
        let bad = "nlu:\n  - intent: inform\n    examples:\n      - yes please\n      - 9\n";
        let error = read(&mut set, Path::new("t.yml"), bad, "en").unwrap_err();
        assert!(error.to_string().contains("t.yml:5") && error.to_string().contains("quotes"), "{error}");
    }

    #[test]
    fn the_same_example_in_two_blocks_has_two_lines() {
        let text = "nlu:\n  - intent: a\n    examples: |\n      - ok\n  - intent: b\n    examples: |\n      - ok\n  - intent: c\n    examples:\n      - ok\n      - text: fine\n";
        let mut set = Dataset { files: vec!["t.yml".into()], ..Dataset::default() };
        read(&mut set, Path::new("t.yml"), text, "en").unwrap();
        assert_eq!(set.examples.iter().map(|e| e.line).collect::<Vec<_>>(), [4, 7, 10, 11]);
    }

    #[test]
    fn what_is_not_used_is_said_with_its_line() {
        let text = "nlu:\n  - intent: a\n    examples: |\n      - ok\n      fine\n      -\n      - yes\n  - inten: b\n    examples: |\n      - no\n  - intent: c\n    exampels: |\n      - no\n  - synonym: black\n    examples: |\n      kala\n";
        let mut set = Dataset { files: vec!["t.yml".into()], ..Dataset::default() };
        read(&mut set, Path::new("t.yml"), text, "en").unwrap();
        assert_eq!(set.examples.iter().map(|e| e.text.as_str()).collect::<Vec<_>>(), ["ok", "yes"]);
        let found: Vec<(usize, Kind)> = set.problems.iter().map(|p| (p.line, p.kind)).collect();
        assert_eq!(found, [5, 8, 11, 16].map(|line| (line, Kind::Form)));
        assert!(set.problems[0].what.contains("fine") && set.problems[1].what.contains("`intent`"));
        assert!(set.synonyms.is_empty());
    }
}
