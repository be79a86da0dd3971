//! Forgiving comparison of words in Latin and Devanagari script.

use std::{collections::HashMap, sync::LazyLock};
use unicode_normalization::UnicodeNormalization;

/// Lower case, without Latin accents and Devanagari nukta, candrabindu as anusvara, digits of both scripts as ASCII.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}' | '\u{200c}' | '\u{200d}'))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '\u{901}' => '\u{902}',
            '०'..='९' => char::from(b'0' + u8::try_from(u32::from(c) - 0x966).unwrap_or(0)),
            _ => c,
        })
        .collect()
}

/// How Latin letters are spelt in Devanagari, folded: "ए15" is the A15, "13सी" the 13C.
const LETTERS: [(&str, &str); 25] = [
    ("ए", "a"),
    ("बी", "b"),
    ("सी", "c"),
    ("डी", "d"),
    ("ई", "e"),
    ("एफ", "f"),
    ("जी", "g"),
    ("एच", "h"),
    ("आई", "i"),
    ("जे", "j"),
    ("के", "k"),
    ("एल", "l"),
    ("एम", "m"),
    ("एन", "n"),
    ("ओ", "o"),
    ("पी", "p"),
    ("क्यू", "q"),
    ("आर", "r"),
    ("एस", "s"),
    ("टी", "t"),
    ("यू", "u"),
    ("वी", "v"),
    ("डब्ल्यू", "w"),
    ("एक्स", "x"),
    ("जेड", "z"),
];

/// The Latin letter that a Devanagari word spells.
#[must_use]
pub fn letter(word: &str) -> Option<&'static str> {
    // Asked of every word of every product: folded once.
    static FOLDED: LazyLock<HashMap<String, &'static str>> =
        LazyLock::new(|| LETTERS.iter().map(|(name, letter)| (fold(name), *letter)).collect());
    if word.is_ascii() { None } else { FOLDED.get(word).copied() }
}

/// A letter's name right before or behind a number is that letter: such words are names of models.
fn lettered(word: String) -> String {
    if word.is_ascii() {
        return word;
    }
    let digit = |c: char| c.is_ascii_digit();
    let ends = word.find(|c| !digit(c)).unwrap_or(word.len());
    let begins = word.find(digit).unwrap_or(word.len());
    let (number, rest) = word.split_at(ends);
    let (name, figures) = word.split_at(begins);
    match (letter(rest), letter(name)) {
        (Some(letter), _) if !number.is_empty() => format!("{number}{letter}"),
        (_, Some(letter)) if !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{letter}{figures}")
        }
        _ => word,
    }
}

/// Words of a text: folded, cut at everything that is no letter, sign or digit; plural endings removed.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let folded: Vec<char> = fold(text).chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, &c) in folded.iter().enumerate() {
        let digit = |j: Option<usize>| j.and_then(|j| folded.get(j)).is_some_and(char::is_ascii_digit);
        let inside = c.is_alphanumeric()
            || ('\u{900}'..='\u{963}').contains(&c)
            || (matches!(c, '.') && digit(i.checked_sub(1)) && digit(Some(i + 1)));
        if inside {
            word.push(c);
        } else if !word.is_empty() {
            words.push(lettered(singular(&std::mem::take(&mut word))));
        }
    }
    if !word.is_empty() {
        words.push(lettered(singular(&word)));
    }
    words
}

/// Cuts the plural `s` of English and Spanish. Both sides of every comparison go through it, so that cutting too much
/// (`adidas`, `jeans`) does no harm.
fn singular(word: &str) -> String {
    let ascii_word = word.len() >= 4 && word.bytes().all(|b| b.is_ascii_alphabetic());
    match word.strip_suffix('s') {
        Some(stem) if ascii_word && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// How far apart two words are, if a slip of the finger can explain it: at most one edit in four to six letters, two
/// in longer words (optimal string alignment: a transposition is one edit). Words with digits must be equal, and the
/// first letters agree.
#[must_use]
pub fn slip(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return Some(0);
    }
    if a.chars().next() != b.chars().next() || a.chars().chain(b.chars()).any(|c| c.is_ascii_digit()) {
        return None;
    }
    let (a_len, b_len) = (a.chars().count(), b.chars().count());
    let allowed = match a_len.min(b_len) {
        0..4 => return None,
        4..7 => 1,
        _ => 2,
    };
    if a_len.abs_diff(b_len) > allowed {
        return None;
    }
    let distance = strsim::osa_distance(a, b);
    (distance <= allowed).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_fold_scripts_accents_and_plurals() {
        assert_eq!(words("¿Móviles o Zapatillas?"), ["movile", "o", "zapatilla"]);
        assert_eq!(words("Levi's T-shirts, 1.5 L"), ["levi", "t", "shirt", "1.5", "l"]);
        assert_eq!(words("फ़ोन १२८GB"), ["फोन", "128gb"]);
        assert_eq!(
            words("रेडमी 13सी, ए१५, एस24, 5जी, 128जीबी के"),
            ["रेडमी", "13c", "a15", "s24", "5g", "128जीबी", "के"]
        );
    }

    #[test]
    fn slips_are_forgiven_by_length_and_numbers_never() {
        assert_eq!(slip("iphne", "iphone"), Some(1));
        assert_eq!(slip("samsnug", "samsung"), Some(1));
        assert_eq!(slip("s24", "s23"), None);
        assert_eq!(slip("tv", "tb"), None);
        assert_eq!(slip("nike", "bike"), None);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn slip_is_symmetric(a in "[a-d]{0,9}", b in "[a-d]{0,9}") {
            prop_assert_eq!(slip(&a, &b), slip(&b, &a));
        }
    }
}
