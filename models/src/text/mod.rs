//! From a message as written to words with their places.

pub mod normalize;
pub mod script;
pub mod tokens;

pub use tokens::Word;

/// At most this many characters of a message are looked at.
pub const MAX_CHARS: usize = 4096;

/// At most this many words are looked at: the encoder's positions end at 512 pieces, and nobody asks in more words.
pub const MAX_WORDS: usize = 192;

/// A message in words.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Normalised, with the way back.
    pub normal: normalize::Normalized,
    /// Its words in order.
    pub words: Vec<Word>,
}

impl Analysis {
    /// Normalises and splits.
    pub fn new(text: &str) -> Self {
        let cut = text.char_indices().nth(MAX_CHARS).map_or(text, |(i, _)| &text[..i]);
        let normal = normalize::Normalized::new(cut);
        let mut words = tokens::split(&normal);
        words.truncate(MAX_WORDS);
        Self { normal, words }
    }
}
