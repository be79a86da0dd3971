//! One spelling for what people write in many: case, accents, nukta, digits of other scripts, punctuation.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use unicode_normalization::UnicodeNormalization;

/// Devanagari's nukta: people type `ज़` and `ज`, `ख़राब` and `खराब` alike.
const NUKTA: char = '\u{093C}';
/// Joiners and variation selectors change how a character looks, not which it is.
const INVISIBLE: [char; 4] = ['\u{200B}', '\u{200C}', '\u{200D}', '\u{FE0F}'];

/// Without accents, nukta and invisible joiners; chandrabindu as anusvara (`हाँ`, `हां`). Case and punctuation stay.
pub fn unmarked(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd()
        .filter(|c| !('\u{0300}'..='\u{036F}').contains(c) && *c != NUKTA && !INVISIBLE.contains(c))
        .map(|c| if c == '\u{0901}' { '\u{0902}' } else { c })
        .collect()
}

/// Lower case, [`unmarked`], digits as ASCII.
fn plain(text: &str) -> String {
    if text.is_ascii() {
        // Nothing to decompose in most messages, each of which is folded a dozen times.
        return text.to_ascii_lowercase();
    }
    ascii_digits(&unmarked(&text.to_lowercase()))
}

/// Lower case, [`unmarked`], digits as ASCII, without sentence punctuation and repeated blanks.
pub fn fold(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        let c = match c {
            '¡' | '!' | '¿' | '?' | '.' | ',' | ';' | '।' | '"' | '\'' | '’' => ' ',
            other => other,
        };
        if c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// Digits of any script as ASCII: patterns are written with `[0-9]`.
pub fn ascii_digits(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\u{0966}'..='\u{096F}' => char::from(b'0' + (c as u32 - 0x0966) as u8),
            '\u{0660}'..='\u{0669}' => char::from(b'0' + (c as u32 - 0x0660) as u8),
            '\u{FF10}'..='\u{FF19}' => char::from(b'0' + (c as u32 - 0xFF10) as u8),
            other => other,
        })
        .collect()
}

thread_local! {
    /// Word lists already folded, by the place of their text: they are constants of the program, a few dozen.
    static FOLDED: RefCell<HashMap<(usize, usize), HashSet<String>>> = RefCell::default();
}

/// Whether a folded word is in a list of words between blanks. Each list is folded once, not for every word of a message.
pub(crate) fn listed(list: &'static str, word: &str) -> bool {
    FOLDED.with_borrow_mut(|all| {
        let key = (list.as_ptr().addr(), list.len());
        all.entry(key).or_insert_with(|| list.split_whitespace().map(fold).collect()).contains(word)
    })
}

/// Folded phrases by the place of their list.
type Phrases = HashMap<(usize, usize), Rc<[String]>>;

thread_local! {
    static PHRASES: RefCell<Phrases> = RefCell::default();
}

/// The phrases of a list, folded once.
pub(crate) fn phrases(list: &'static [&'static str]) -> Rc<[String]> {
    PHRASES.with_borrow_mut(|all| {
        let key = (list.as_ptr().addr(), list.len());
        all.entry(key).or_insert_with(|| list.iter().map(|phrase| fold(phrase)).collect()).clone()
    })
}

/// Whether a folded text is one of a list's phrases.
pub(crate) fn among(list: &'static [&'static str], text: &str) -> bool {
    phrases(list).iter().any(|phrase| phrase == text)
}

/// Whether a character is part of a word; Devanagari's virama is, though Unicode does not call it a letter.
pub(crate) fn in_word(c: char) -> bool {
    c.is_alphanumeric() || ('\u{0900}'..='\u{0963}').contains(&c)
}

/// One spelling of the small words that Hindi in Latin letters is typed with in many: `nhi`, `mt`, `kro`.
pub(crate) fn typed(word: &str) -> &str {
    match word {
        "nhi" | "nahin" | "nai" | "nahii" | "nhin" => "nahi",
        "नही" => "नहीं",
        "mt" | "matt" => "mat",
        "kro" | "kroo" | "karoo" => "karo",
        "krna" | "krnaa" | "karnaa" => "karna",
        "krni" => "karni",
        "kr" => "kar",
        "rha" => "raha",
        "rhi" => "rahi",
        "rhe" => "rahe",
        "rhne" => "rehne",
        other => other,
    }
}

/// The words of a text, folded. A time of day (`17:30`) is one word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded: Vec<char> = plain(text).chars().collect();
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, c) in folded.iter().enumerate() {
        let digit = |at: Option<usize>| at.and_then(|at| folded.get(at)).is_some_and(char::is_ascii_digit);
        let colon = *c == ':' && digit(i.checked_sub(1)) && digit(Some(i + 1));
        if in_word(*c) || colon {
            word.push(*c);
        } else if matches!(c, '\'' | '’') {
            // "doesn't" is one word, however its apostrophe is written.
        } else if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fall_together() {
        assert_eq!(fold(" ¡BÓRRAME  mis Datos! "), "borrame mis datos");
        assert_eq!(fold("ख़राब"), fold("खराब"));
        assert_eq!(fold("रिफ़ंड"), fold("रिफंड"));
        assert_eq!(fold("हाँ"), fold("हां"));
        assert_eq!(fold("mañana"), "manana");
        assert_eq!(fold("१२"), "12");
    }

    #[test]
    fn words_keep_their_signs() {
        assert_eq!(words("It doesn't fit, (at all)"), ["it", "doesnt", "fit", "at", "all"]);
        assert_eq!(words("27 Nov, 17:00"), ["27", "nov", "17:00"]);
        assert_eq!(words("ऑर्डर रद्द करो"), ["ऑर्डर", "रद्द", "करो"]);
        assert_eq!(words("wrong_item"), ["wrong", "item"]);
        assert!(words("… 👍").is_empty());
    }
}
