//! A unigram language model over pieces of words (Kudo 2018), as e5's tokenizer has one, in little memory: the library's own keeps
//! a hash map for each node of its trie, which is 100 MB for 119,000 pieces. Everything around the model – normal form,
//! splitting, places, special tokens – stays the library's.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};
use tokenizers::{Model, Result, Token, models::unigram::UnigramTrainer};
use yada::{DoubleArray, builder::DoubleArrayBuilder};

/// What an unknown character costs beyond the rarest piece: sentencepiece's constant.
const UNKNOWN_PENALTY: f64 = 10.0;

/// See the module.
pub struct Unigram {
    /// Piece → id.
    trie: DoubleArray<Vec<u8>>,
    /// All pieces, one after the other, in the order of their ids.
    text: String,
    /// Where each piece begins in `text`, and the end.
    starts: Vec<u32>,
    /// Logarithm of each piece's probability.
    scores: Vec<f64>,
    unknown: u32,
    least: f64,
}

/// The model's part of a `tokenizer.json`.
#[derive(Deserialize)]
struct File {
    vocab: Vec<(String, f64)>,
    unk_id: u32,
    #[serde(default)]
    byte_fallback: bool,
}

impl<'de> Deserialize<'de> for Unigram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let file = File::deserialize(deserializer)?;
        if file.byte_fallback {
            return Err(D::Error::custom("a unigram model that falls back to bytes is not supported"));
        }
        Self::new(&file.vocab, file.unk_id).map_err(D::Error::custom)
    }
}

impl Unigram {
    /// From pieces with the logarithms of their probabilities, in the order of their ids. Of a piece that comes twice the last
    /// one counts.
    fn new(pieces: &[(String, f64)], unknown: u32) -> std::result::Result<Self, String> {
        if unknown as usize >= pieces.len() {
            return Err(format!("the unknown piece has number {unknown}, there are {}", pieces.len()));
        }
        let ids: HashMap<&[u8], u32> = pieces
            .iter()
            .zip(0u32..)
            .filter(|((p, _), _)| !p.is_empty())
            .map(|((p, _), id)| (p.as_bytes(), id))
            .collect();
        let mut keys: Vec<(&[u8], u32)> = ids.into_iter().collect();
        keys.sort_unstable();
        let trie =
            DoubleArrayBuilder::build(&keys).map_err(|error| format!("the pieces make no trie: {error}"))?;
        let mut text = String::new();
        let mut starts = vec![0];
        for (piece, _) in pieces {
            text.push_str(piece);
            starts.push(u32::try_from(text.len()).map_err(|_| "more than 4 GiB of pieces")?);
        }
        let scores: Vec<f64> = pieces.iter().map(|(_, score)| *score).collect();
        let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let trie = DoubleArray::new(trie).map_err(|error| format!("the pieces make no trie: {error}"))?;
        Ok(Self { trie, text, starts, scores, unknown, least })
    }

    fn piece(&self, id: u32) -> Option<&str> {
        let (from, to) = (*self.starts.get(id as usize)?, *self.starts.get(id as usize + 1)?);
        self.text.get(from as usize..to as usize)
    }

    /// Pieces of the likeliest way to cut a text: (id, first byte, end). Unknown characters beside each other are one.
    fn cut(&self, text: &str) -> Vec<(u32, usize, usize)> {
        /// The best way to here.
        #[derive(Clone, Copy)]
        struct Best {
            score: f64,
            id: u32,
            from: usize,
        }
        let mut best: Vec<Option<Best>> = vec![None; text.len() + 1];
        for (from, c) in text.char_indices() {
            let until = if from == 0 { 0.0 } else { best[from].map_or(f64::NEG_INFINITY, |b| b.score) };
            let one = from + c.len_utf8();
            let mut offer = |to: usize, id: u32, score: f64| {
                let score = until + score;
                if best[to].is_none_or(|b| score > b.score) {
                    best[to] = Some(Best { score, id, from });
                }
            };
            let mut alone = false;
            for (id, length) in self.trie.common_prefix_search(&text.as_bytes()[from..]) {
                offer(from + length, id, self.scores[id as usize]);
                alone |= from + length == one;
            }
            if !alone {
                offer(one, self.unknown, self.least - UNKNOWN_PENALTY);
            }
        }
        let mut cut: Vec<(u32, usize, usize)> = Vec::new();
        let mut end = text.len();
        while let Some(b) = best[end].filter(|_| end > 0) {
            match cut.last_mut() {
                Some(after) if b.id == self.unknown && after.0 == self.unknown => after.1 = b.from,
                _ => cut.push((b.id, b.from, end)),
            }
            end = b.from;
        }
        cut.reverse();
        cut
    }
}

impl Model for Unigram {
    type Trainer = UnigramTrainer;

    fn tokenize(&self, text: &str) -> Result<Vec<Token>> {
        let token =
            |(id, from, to): (u32, usize, usize)| Token::new(id, text[from..to].to_owned(), (from, to));
        Ok(self.cut(text).into_iter().map(token).collect())
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.trie.exact_match_search(token.as_bytes())
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        self.piece(id).map(str::to_owned)
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        (0u32..).map_while(|id| Some((self.piece(id)?.to_owned(), id))).collect()
    }

    fn get_vocab_size(&self) -> usize {
        self.scores.len()
    }

    fn save(&self, folder: &Path, _: Option<&str>) -> Result<Vec<PathBuf>> {
        // Nobody writes what was only read.
        Err(format!("{}: this model is for reading only", folder.display()).into())
    }

    fn get_trainer(&self) -> UnigramTrainer {
        UnigramTrainer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces() -> Vec<(String, f64)> {
        let words =
            ["<unk>", "▁", "a", "b", "ab", "ba", "▁a", "aba", "क", "ऑ", "ऑर", "र्", "▁ऑर", "é", "bb", "abab"];
        words.iter().enumerate().map(|(i, w)| ((*w).to_owned(), -((i * 7 % 11) as f64) / 3.0 - 0.1)).collect()
    }

    proptest! {
        /// The library's own model, which is fuller and slower, says the same.
        #[test]
        fn cuts_as_the_librarys_model_does(text in "[ab▁कऑर्éxz😀]{0,24}") {
            let theirs = tokenizers::models::unigram::Unigram::from(pieces(), Some(0), false).unwrap();
            let ours = Unigram::new(&pieces(), 0).unwrap();
            prop_assert_eq!(ours.tokenize(&text).unwrap(), theirs.tokenize(&text).unwrap());
            for (id, (piece, _)) in pieces().iter().enumerate() {
                prop_assert_eq!(ours.token_to_id(piece), Some(id as u32));
                prop_assert_eq!(ours.id_to_token(id as u32), Some(piece.clone()));
            }
        }
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(Unigram::new(&pieces(), 99).is_err());
        let fallback = serde_json::json!({"vocab": pieces(), "unk_id": 0, "byte_fallback": true});
        assert!(serde_json::from_value::<Unigram>(fallback).is_err());
        let read: Unigram =
            serde_json::from_value(serde_json::json!({"vocab": pieces(), "unk_id": 0})).unwrap();
        assert_eq!(read.get_vocab_size(), pieces().len());
        assert_eq!(read.get_vocab().len(), pieces().len());
        assert_eq!(read.token_to_id("zz"), None);
    }
}
