//! Labelled examples: what is read, and from where.

pub mod jsonl;
pub mod markup;
pub mod problems;
pub mod yaml;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The intent that means "not for a shop".
pub const OUT_OF_SCOPE: &str = "out_of_scope";

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
    /// Reads a folder (`LANG/*.yml`, `*.yml`, sorted by name) or one file (`.yml`, `.yaml`, `.jsonl`).
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
                self.folder(&entry, &name)?;
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

    /// Intents in alphabetical order.
    pub fn intents(&self) -> BTreeSet<String> {
        self.examples.iter().map(|e| e.intent.clone()).collect()
    }

    /// Entity labels in alphabetical order.
    pub fn entities(&self) -> BTreeSet<String> {
        self.examples.iter().flat_map(|e| &e.entities).map(|s| s.entity.clone()).collect()
    }

    /// Languages in alphabetical order.
    pub fn languages(&self) -> BTreeSet<String> {
        self.examples.iter().map(|e| e.lang.clone()).collect()
    }

    /// A hash of all that training looks at (not of file names and places), hexadecimal.
    pub fn hash(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let mut put = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for e in &self.examples {
            put(&e.text);
            put(&e.lang);
            put(&e.intent);
            for s in &e.entities {
                put(&format!("{}:{}:{}", s.entity, s.start, s.end));
            }
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
        hex::encode(hash.finalize())
    }
}

/// The characters `start..end` of a text.
pub fn slice(text: &str, start: usize, end: usize) -> String {
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}
