//! Sparse features of a whole message: words, pairs of words, consonant skeletons, character n-grams.

use super::{name, pair, skeleton};
use crate::text::Word;

const WORD: u8 = 1;
const BIGRAM: u8 = 2;
const SKELETON: u8 = 3;
const GRAM: u8 = 4;
const EDGE: u8 = 5;
const LENGTH: u8 = 6;
/// Words beyond this are not looked at.
const MOST: usize = 64;

/// Hashed features, without repetition, in ascending order.
pub fn features(words: &[Word]) -> Vec<u64> {
    let words = &words[..words.len().min(MOST)];
    let mut out = Vec::with_capacity(words.len() * 24);
    let forms: Vec<String> = words.iter().map(|w| form(&w.fold)).collect();
    let mut before = name(WORD, "^");
    for form in &forms {
        let word = name(WORD, form);
        out.push(word);
        out.push(name(BIGRAM, "").wrapping_add(pair(before, word)));
        let bones = skeleton(form);
        if bones.len() > 1 {
            out.push(name(SKELETON, &bones));
        }
        grams(form, &mut out);
        before = word;
    }
    out.push(name(BIGRAM, "").wrapping_add(pair(before, name(WORD, "$"))));
    for bones in forms.windows(2).map(|w| (skeleton(&w[0]), skeleton(&w[1]))) {
        out.push(pair(name(SKELETON, &bones.0), name(SKELETON, &bones.1)));
    }
    if let (Some(first), Some(last)) = (forms.first(), forms.last()) {
        out.push(name(EDGE, first));
        out.push(pair(name(EDGE, "$"), name(EDGE, last)));
    }
    out.push(name(LENGTH, &words.len().min(8).to_string()));
    out.sort_unstable();
    out.dedup();
    out
}

/// Numbers are alike for the intent; their length still tells an order from a pincode.
fn form(fold: &str) -> String {
    if fold.contains('@') {
        return "<email>".into();
    }
    if fold.chars().any(|c| c.is_ascii_digit()) { super::shape(fold) } else { fold.to_owned() }
}

/// Character n-grams of lengths 2 to 5 with the word's borders.
fn grams(form: &str, out: &mut Vec<u64>) {
    let chars: Vec<char> =
        std::iter::once('<').chain(form.chars().take(24)).chain(std::iter::once('>')).collect();
    let mut gram = String::new();
    for length in 2..=5 {
        for window in chars.windows(length) {
            gram.clear();
            gram.extend(window);
            out.push(name(GRAM, &gram));
        }
    }
}

/// Features of the language: n-grams of lengths 1 to 4 and words; numbers and signs say nothing.
pub fn language_features(words: &[Word]) -> Vec<u64> {
    let mut out = Vec::new();
    let mut gram = String::new();
    for word in words.iter().take(MOST).filter(|w| w.text.chars().all(|c| c.is_alphabetic() || !c.is_ascii()))
    {
        // Diacritics tell languages apart, so the folded form will not do.
        let lower = word.text.to_lowercase();
        out.push(name(WORD, &lower));
        let chars: Vec<char> =
            std::iter::once('<').chain(lower.chars().take(24)).chain(std::iter::once('>')).collect();
        for length in 1..=4 {
            for window in chars.windows(length) {
                gram.clear();
                gram.extend(window);
                out.push(name(GRAM, &gram));
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Analysis;

    #[test]
    fn numbers_are_alike_and_spellings_meet() {
        let of = |text: &str| features(&Analysis::new(text).words);
        assert_eq!(of("order 8842"), of("order 1234"));
        assert_ne!(of("order 8842"), of("order 110001"));
        let (a, b) = (of("kahan"), of("kahaan"));
        assert!(a.iter().filter(|f| b.contains(f)).count() >= 5);
        assert!(language_features(&Analysis::new("8842 ?").words).is_empty());
    }
}
