//! Cuts texts into the pieces that an encoder knows, by its `tokenizer.json`.

use super::{linear::failed, unigram::Unigram};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;
use tokenizers::{
    DecoderWrapper, Encoding, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    tokenizer::TokenizerImpl,
};

/// The library's tokenizer around our own model.
type Around =
    TokenizerImpl<Unigram, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// See the module.
pub(super) enum Tokenizer {
    /// A unigram model, in our own form of it.
    Unigram(Box<Around>),
    /// Any other, the library's.
    Library(Box<tokenizers::Tokenizer>),
}

#[derive(Deserialize)]
struct File {
    model: Head,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type", default)]
    kind: String,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// `CHARLA-E4107` where it is none.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(crate::error::Error::io(path))?;
        let kind = serde_json::from_slice::<File>(&bytes).map_err(failed)?.model.kind;
        Ok(if kind == "WordPiece" {
            Self::Library(Box::new(tokenizers::Tokenizer::from_bytes(&bytes).map_err(failed)?))
        } else {
            Self::Unigram(Box::new(Around::from_bytes(&bytes).map_err(failed)?))
        })
    }

    /// Pieces with their places in bytes, special ones around them.
    ///
    /// # Errors
    /// `CHARLA-E4107`.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        match self {
            Self::Unigram(tokenizer) => tokenizer.encode(text, true),
            Self::Library(tokenizer) => tokenizer.encode(text, true),
        }
        .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_file_are_read_and_places_are_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let words = serde_json::json!({
            "version": "1.0", "added_tokens": [], "post_processor": null, "decoder": null,
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "cafe": 1, "##s": 2, "now": 3}},
        });
        std::fs::write(&path, words.to_string()).unwrap();
        let cut = Tokenizer::from_file(&path).unwrap().encode("Cafés zzz now").unwrap();
        assert_eq!(cut.get_ids(), [1, 2, 0, 3]);
        assert_eq!(cut.get_offsets(), [(0, 5), (5, 6), (7, 10), (11, 14)], "the accent is two bytes");
        let unigram = serde_json::json!({
            "version": "1.0", "added_tokens": [], "post_processor": null, "decoder": null, "normalizer": null,
            "pre_tokenizer": null,
            "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["ab", -1.5]]},
        });
        std::fs::write(&path, unigram.to_string()).unwrap();
        assert_eq!(Tokenizer::from_file(&path).unwrap().encode("aba").unwrap().get_ids(), [2, 1]);
        std::fs::write(&path, "{}").unwrap();
        assert!(Tokenizer::from_file(&path).is_err());
    }
}
