//! Labelled examples: what is read, and from where.

pub mod jsonl;
pub mod markup;
mod node;
pub mod problems;
pub mod stories;
pub mod turns;
pub mod yaml;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};
use stories::Story;

/// The intent that means "not for a shop".
pub const OUT_OF_SCOPE: &str = "out_of_scope";
/// A folder of this name is of its parent's language.
const STORIES: &str = "stories";

/// Whether an intent is the one for what no shop does, by our name or by those of the public sets (CLINC150: `oos`, HINT3:
/// `…/NO_NODES_DETECTED`).
pub fn is_out_of_scope(intent: &str) -> bool {
    let name = intent.rsplit('/').next().unwrap_or(intent);
    name == OUT_OF_SCOPE || name == "oos" || name == "NO_NODES_DETECTED"
}

/// A marked span of an example's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Label.
    pub entity: String,
    /// First character (Unicode scalar values), inclusive.
    pub start: usize,
    /// Exclusive.
    pub end: usize,
    /// The canonical value where the markup gives one, else the text of the span.
    #[serde(default)]
    pub value: String,
}

/// One labelled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// As a customer would write it.
    pub text: String,
    /// Variety: `en`, `es`, `hi`, `hi-Latn`; empty where unknown.
    pub lang: String,
    /// Its one intent.
    pub intent: String,
    /// Marked spans, in order of their place.
    pub entities: Vec<Span>,
    /// Place of the file in [`Dataset::files`].
    pub file: usize,
    /// 1-based.
    pub line: usize,
}

/// A named list of phrases of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Entity or feature name.
    pub name: String,
    /// The phrases.
    pub phrases: Vec<String>,
}

/// A named regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Entity or feature name.
    pub name: String,
    /// Syntax of the `regex` crate.
    pub pattern: String,
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Files in the order of reading.
    pub files: Vec<PathBuf>,
    /// The examples in the order of the files.
    pub examples: Vec<Example>,
    /// The conversations in the order of the files; see [`Dataset::story_turns`] and [`Dataset::held_out_turns`].
    pub stories: Vec<Story>,
    /// Variant (lower case) → canonical value.
    pub synonyms: BTreeMap<String, String>,
    /// Lookup tables.
    pub lookups: Vec<Lookup>,
    /// Regular expressions.
    pub patterns: Vec<Pattern>,
    /// Found while reading; see [`problems::check`] for the rest.
    pub problems: Vec<problems::Problem>,
}

impl Dataset {
    /// Reads a folder (`LANG/**.yml`, `*.yml`, sorted by name) or one file (`.yml`, `.yaml`, `.jsonl`). A folder's name is
    /// the language of what lies in it, but for folders called `stories`, which only keep things in order.
    ///
    /// # Errors
    /// `CHARLA-E4010` where something cannot be read, `CHARLA-E4011` where a file is not of its format.
    pub fn read(path: &Path) -> Result<Self> {
        let mut set = Self::default();
        if path.is_dir() {
            set.folder(path, "")?;
        } else {
            set.file(path, "")?;
        }
        Ok(set)
    }

    fn folder(&mut self, path: &Path, lang: &str) -> Result<()> {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
            .map_err(Error::io(path))?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() {
                self.folder(&entry, if name == STORIES { lang } else { &name })?;
            } else if name.ends_with(".yml") || name.ends_with(".yaml") {
                self.file(&entry, lang)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, lang: &str) -> Result<()> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        self.files.push(path.to_owned());
        if path.extension().is_some_and(|e| e == "jsonl") {
            jsonl::read(self, path, &text)
        } else {
            yaml::read(self, path, &text, lang)
        }
    }

    /// Examples and the messages of stories that are trained on.
    fn trained(&self) -> impl Iterator<Item = &Example> {
        let stories = self.stories.iter().filter(|s| !s.held_out);
        self.examples.iter().chain(stories.flat_map(|s| s.turns.iter().map(|t| &t.example)))
    }

    /// Intents that are trained, in alphabetical order.
    pub fn intents(&self) -> BTreeSet<String> {
        self.trained().map(|e| e.intent.clone()).collect()
    }

    /// Entity labels that are trained, in alphabetical order.
    pub fn entities(&self) -> BTreeSet<String> {
        self.trained().flat_map(|e| &e.entities).map(|s| s.entity.clone()).collect()
    }

    /// Languages in alphabetical order.
    pub fn languages(&self) -> BTreeSet<String> {
        self.trained().map(|e| e.lang.clone()).collect()
    }

    /// A hash of all that training and its evaluation look at (not of names and places of files and stories), hexadecimal.
    pub fn hash(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let mut put = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        let message = |e: &Example, put: &mut dyn FnMut(&str)| {
            put(&e.text);
            put(&e.lang);
            put(&e.intent);
            for s in &e.entities {
                put(&format!("{}:{}:{}", s.entity, s.start, s.end));
            }
        };
        for e in &self.examples {
            message(e, &mut put);
        }
        for (variant, value) in &self.synonyms {
            put(variant);
            put(value);
        }
        for lookup in &self.lookups {
            put(&lookup.name);
            lookup.phrases.iter().for_each(|p| put(p));
        }
        for pattern in &self.patterns {
            put(&pattern.name);
            put(&pattern.pattern);
        }
        for story in &self.stories {
            put(if story.held_out { "held-out story" } else { "story" });
            story.opening.iter().for_each(|a| put(&a.name));
            for turn in &story.turns {
                put("customer");
                message(&turn.example, &mut put);
                put("bot");
                turn.actions.iter().for_each(|a| put(&a.name));
            }
        }
        hex::encode(hash.finalize())
    }
}

/// The messages of a `.jsonl` file, labelled or not, or of what else [`Dataset::read`] reads.
///
/// # Errors
/// `CHARLA-E4010` where it cannot be read, `CHARLA-E4011` where it is not of its format.
pub fn messages(path: &Path) -> Result<Vec<String>> {
    if path.extension().is_some_and(|e| e == "jsonl") {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        return jsonl::texts(path, &text);
    }
    Ok(Dataset::read(path)?.examples.into_iter().map(|e| e.text).collect())
}

/// The characters `start..end` of a text.
pub fn slice(text: &str, start: usize, end: usize) -> String {
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NLU: &str =
        "nlu:\n  - intent: greet\n    examples: |\n      - hi\n      - hello [Asha](person_name)\n";
    const TALK: &str = "stories:\n  - story: a\n    steps:\n      - user: \"[TEXT]\"\n        intent: affirm\n      - action: utter_ok\n";

    fn set(files: &[(&str, &str)]) -> Dataset {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Dataset::read(folder.path()).unwrap()
    }

    #[test]
    fn without_stories_the_hash_is_what_it_was() {
        // sha256 over each string's length (eight bytes, little-endian) and bytes, computed apart from this code.
        assert_eq!(
            set(&[("en/a.yml", NLU)]).hash(),
            "e5c457b67484d3d29ce37d2084f058625233c65cf9c20921985fe96e9957fddf"
        );
    }

    #[test]
    fn stories_count_into_the_hash_and_lie_in_their_language() {
        let talk = |text: &str| TALK.replace("[TEXT]", text);
        let held = talk("yes").replace("story: a", "story: a\n    metadata: {split: held_out}");
        let plain = set(&[("en/a.yml", NLU)]);
        let one = set(&[("en/a.yml", NLU), ("en/stories/t.yml", &talk("yes"))]);
        assert_eq!(
            (one.stories[0].lang.as_str(), one.stories[0].turns[0].example.lang.as_str()),
            ("en", "en")
        );
        assert_eq!(one.examples, plain.examples);
        assert!(one.intents().contains("affirm"));
        let held = set(&[("en/a.yml", NLU), ("en/stories/t.yml", &held)]);
        assert!(!held.intents().contains("affirm"));
        // Beside examples, or in a deeper folder of a language: the same conversation.
        let together = set(&[("en/a.yml", &format!("{NLU}{}", talk("yes")))]);
        assert_eq!(together.hash(), one.hash());
        let mut hashes = vec![plain.hash(), one.hash(), held.hash()];
        hashes.push(set(&[("en/a.yml", NLU), ("en/stories/t.yml", &talk("yep"))]).hash());
        let other = talk("yes").replace("utter_ok", "utter_fine");
        hashes.push(set(&[("en/a.yml", NLU), ("en/stories/t.yml", &other)]).hash());
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 5);
    }
}
