//! Words: what features are computed of and entities are made of.

use super::normalize::{Normalized, fold_word};
use regex::Regex;
use std::sync::LazyLock;

/// One word, number, email address, emoji or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Normal form, case kept.
    pub text: String,
    /// Lower case without Latin diacritics.
    pub fold: String,
    /// First character in the original, inclusive.
    pub start: usize,
    /// Exclusive.
    pub end: usize,
    /// Bytes in the normal form.
    pub bytes: (usize, usize),
}

// Order matters: the first alternative that fits wins. Numbers keep their separators and units (`15,000`, `3pm`,
// `128GB`, `12/08/2024`), codes their hyphen (`ORD-10293`), while ranges (`500-800`) and compounds (`T-shirt`) come apart,
// since one side may be marked without the other.
#[allow(clippy::unwrap_used)] // a constant pattern; a test compiles it
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [\w.+-]+@[\w-]+(?:\.[\w-]+)+
      | \d{1,4}(?:-\d{1,2}-|\.\d{1,2}\.)\d{2,4}
      | \p{L}{1,6}-\d[\p{L}\d]*
      | \d+(?:[.,:/]\d+)*[\p{L}\p{M}\d]*
      | [\p{L}\p{M}\d_]+
      | '\p{L}{1,2}\b
      | \p{Extended_Pictographic}\p{Emoji_Modifier}?(?:\x{200D}\p{Extended_Pictographic}\p{Emoji_Modifier}?)*
      | \S",
    )
    .unwrap()
});

/// Splits a normal form into words.
pub fn split(normal: &Normalized) -> Vec<Word> {
    let text = &normal.text;
    let (mut words, mut byte, mut at) = (Vec::new(), 0, 0);
    for found in WORD.find_iter(text) {
        at += text[byte..found.start()].chars().count();
        let length = found.as_str().chars().count();
        let (start, end) = normal.place(at, at + length);
        words.push(Word {
            text: found.as_str().to_owned(),
            fold: fold_word(found.as_str()),
            start,
            end,
            bytes: (found.start(), found.end()),
        });
        at += length;
        byte = found.end();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::slice;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        split(&Normalized::new(text)).into_iter().map(|w| w.text).collect()
    }

    #[test]
    fn words_of_every_variety() {
        assert_eq!(texts("where's ORD-10293?"), ["where", "'s", "ORD-10293", "?"]);
        assert_eq!(texts("under ₹15,000 or 1.5lakh"), ["under", "₹", "15,000", "or", "1.5lakh"]);
        assert_eq!(texts("ऑर्डर ८८४२ कहाँ है।"), ["ऑर्डर", "8842", "कहाँ", "है", "।"]);
        assert_eq!(texts("¿dónde está? 👍🏽🎉"), ["¿", "dónde", "está", "?", "👍🏽", "🎉"]);
        assert_eq!(texts("a.b@c.co.in, 12-08-2024 10:30am"), ["a.b@c.co.in", ",", "12-08-2024", "10:30am"]);
        assert_eq!(texts("500-800 T-shirt #A1B2"), ["500", "-", "800", "T", "-", "shirt", "#", "A1B2"]);
    }

    proptest! {
        #[test]
        fn words_are_apart_in_order_and_in_the_text(text in "\\PC{0,60}|[a-cाकि़०-९ '@.\\-👍🏽\u{200d}\u{301}]{0,40}") {
            let words = split(&Normalized::new(&text));
            let length = text.chars().count();
            // One original character may become several words (`½` is `1`, `⁄`, `2`): places may be equal, never go back.
            let mut last = (0, 0);
            for word in &words {
                prop_assert!(word.start < word.end && word.end <= length);
                prop_assert!(word.start >= last.0 && word.end >= last.1);
                prop_assert!(!slice(&text, word.start, word.end).is_empty());
                last = (word.start, word.end);
            }
        }
    }
}
