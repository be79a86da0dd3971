//! The encoders that can be had, and what is particular to each.

use super::{
    convert::{Converted, e5, minilm},
    packages::{E5, MINILM, Package, WEIGHTS},
};
use crate::{data::Dataset, error::Result};

/// An encoder by what it reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// multilingual-e5-small: all four varieties.
    #[default]
    Multilingual,
    /// all-MiniLM-L6-v2: English only, in half the layers (ADR 23).
    English,
}

/// How an encoder comes into the cache and how it is run.
pub(super) struct Recipe {
    /// Names what the conversion makes of the weights, and the folder: raised with every change after which vectors differ.
    pub conversion: &'static str,
    /// What is fetched.
    pub packages: &'static [Package],
    /// Makes the files that are run of weights and tokenizer.
    pub convert: fn(&[u8], &[u8]) -> Result<Converted>,
    /// Its layers.
    pub layers: usize,
    /// The file of the layers that can be trained on. Named by their number: a folder of before holds fewer, and is completed.
    pub top: &'static str,
    /// What it expects before a text that is compared with others of its kind.
    pub prefix: &'static str,
}

impl Recipe {
    /// Names weights and conversion.
    pub fn id(&self) -> String {
        let weights = self.packages.iter().flat_map(|p| p.members).find(|m| m.name == WEIGHTS);
        format!("{}-{}", self.conversion, weights.map_or("", |m| &m.sha256[..8]))
    }
}

const MULTILINGUAL: Recipe = Recipe {
    conversion: "e5small-int8-1",
    packages: E5,
    convert: e5::convert,
    layers: e5::LAYERS,
    top: "top8.bin",
    prefix: "query: ",
};

const ENGLISH: Recipe = Recipe {
    conversion: "minilm6-int8-1",
    packages: MINILM,
    convert: minilm::convert,
    layers: minilm::LAYERS,
    top: "top6.bin",
    prefix: "",
};

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Multilingual, Self::English];

    pub(super) const fn recipe(self) -> &'static Recipe {
        match self {
            Self::Multilingual => &MULTILINGUAL,
            Self::English => &ENGLISH,
        }
    }

    /// What to tell whoever trains with this encoder on examples that it cannot read: how many, the first one's place, and the
    /// mend; `None` where there is none. Examples of unknown language count as readable.
    pub fn misreads(self, data: &Dataset) -> Option<String> {
        if self == Self::Multilingual {
            return None;
        }
        let foreign = || data.examples.iter().filter(|e| !e.lang.is_empty() && e.lang != "en");
        let first = foreign().next()?;
        let file = data.files.get(first.file).map(|f| f.display().to_string()).unwrap_or_default();
        Some(format!(
            "{} of {} examples are not in English (the first, `{}`: {file}:{}), and the English encoder reads nothing else: \
             train with the multilingual one",
            foreign().count(),
            data.examples.len(),
            first.lang,
            first.line
        ))
    }

    /// Whose encoders' ids begin so.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| id.starts_with(&kind.recipe().id()))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Multilingual => "multilingual",
            Self::English => "english",
        })
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| format!("there is no encoder {name:?}; there are multilingual and english"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Example;

    #[test]
    fn encoders_are_known_by_name_and_by_id() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            let id = kind.recipe().id();
            assert_eq!((Kind::of_id(&id), Kind::of_id(&format!("{id}-first-3"))), (Some(kind), Some(kind)));
        }
        assert!("klingon".parse::<Kind>().unwrap_err().contains("multilingual and english"));
        assert_eq!(Kind::of_id("e5small-int8-0-00000000"), None);
    }

    #[test]
    fn examples_that_an_encoder_cannot_read_are_told_with_their_place() {
        let example = |lang: &str, line: usize| Example {
            text: "hola".into(),
            lang: lang.into(),
            intent: "greet".into(),
            entities: Vec::new(),
            file: 0,
            line,
        };
        let set = |langs: &[&str]| Dataset {
            files: vec!["nlu/greet.yml".into()],
            examples: langs.iter().enumerate().map(|(i, lang)| example(lang, i + 1)).collect(),
            ..Dataset::default()
        };
        let mixed = set(&["en", "", "es", "hi-Latn"]);
        let told = Kind::English.misreads(&mixed).unwrap();
        assert!(told.starts_with("2 of 4 examples") && told.contains("`es`: nlu/greet.yml:3"), "{told}");
        assert_eq!(Kind::Multilingual.misreads(&mixed), None);
        assert_eq!(Kind::English.misreads(&set(&["en", ""])), None);
    }
}
