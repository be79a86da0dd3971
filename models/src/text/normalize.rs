//! Normal form of a message, with a map back to the characters as written.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text in normal form: NFKC, digits of every script as ASCII, straight quotes and dashes, no invisible characters,
/// runs of more than two equal characters (digits apart) cut to two. Case is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalized {
    /// The normal form.
    pub text: String,
    /// For each character of `text`: the characters `start..end` of the original that it stands for.
    pub origin: Vec<(u32, u32)>,
}

impl Normalized {
    /// Brings a text into normal form.
    pub fn new(original: &str) -> Self {
        let chars: Vec<char> = original.chars().collect();
        let mut out =
            Self { text: String::with_capacity(original.len()), origin: Vec::with_capacity(chars.len()) };
        let mut tail = ['\0'; 2];
        let mut i = 0;
        while i < chars.len() {
            // A base with its marks is composed as one: `e` + U+0301 is `é`.
            let mut end = i + 1;
            while end < chars.len() && is_combining_mark(chars[end]) {
                end += 1;
            }
            if end == i + 1 && chars[i].is_ascii() {
                out.push(chars[i], i, end, &mut tail);
            } else {
                for c in chars[i..end].iter().copied().nfkc() {
                    out.push(c, i, end, &mut tail);
                }
            }
            i = end;
        }
        out
    }

    fn push(&mut self, c: char, start: usize, end: usize, tail: &mut [char; 2]) {
        let c = fold(c);
        let invisible = match c {
            '\u{200D}' => !is_pictograph(tail[1]),
            _ => is_invisible(c),
        };
        let again = !c.is_ascii_digit() && !c.is_whitespace() && tail[0] == c && tail[1] == c;
        if invisible || again {
            // What is left out belongs to the character before it, so that a span over a word covers all of it.
            if let Some(last) = self.origin.last_mut() {
                last.1 = last.1.max(end as u32);
            }
            return;
        }
        self.text.push(c);
        self.origin.push((start as u32, end as u32));
        *tail = [tail[1], c];
    }

    /// Place in the original of the normal form's characters `start..end` (not empty).
    pub fn place(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.origin.get(start).map_or(0, |o| o.0);
        let to = self.origin.get(end.saturating_sub(1)).map_or(from, |o| o.1);
        (from as usize, to as usize)
    }
}

fn fold(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{00B4}' | '`' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{00AB}' | '\u{00BB}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => digit(c).unwrap_or(c),
    }
}

/// Zeros of the decimal digits (Unicode category Nd) of scripts in daily use; nine more follow each.
const ZEROS: [u32; 22] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xA8D0, 0xABF0, 0xFF10,
];

fn digit(c: char) -> Option<char> {
    let code = c as u32;
    if code < ZEROS[0] {
        return None;
    }
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{FE0E}' | '\u{FE0F}'
        | '\u{202A}'..='\u{202E}' | '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{7F}')
}

fn is_pictograph(c: char) -> bool {
    matches!(c as u32, 0x2190..=0x2BFF | 0x1F000..=0x1FAFF)
}

/// Lower case without the diacritics of Latin letters (`ñ` → `n`), marks of other scripts kept.
pub fn fold_word(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.to_lowercase().nfd().filter(|c| !('\u{300}'..='\u{36F}').contains(c)).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_digits_elongations_and_the_way_back() {
        let n = Normalized::new("Hellooooo ८८४२ cafe\u{301} ﬁn “x”");
        assert_eq!(n.text, "Helloo 8842 café fin \"x\"");
        assert_eq!(n.place(0, 6), (0, 9));
        assert_eq!(n.place(7, 11), (10, 14));
        assert_eq!(n.place(12, 16), (15, 20));
        assert_eq!(Normalized::new("1000000").text, "1000000");
        assert_eq!(Normalized::new("👨‍👩‍👧 ok").text, "👨\u{200d}👩\u{200d}👧 ok");
        assert_eq!(fold_word("Dónde"), "donde");
        assert_eq!(fold_word("कहाँ"), "कहाँ");
    }

    proptest! {
        #[test]
        fn places_lie_in_the_text_and_never_go_back(text in "\\PC{0,60}|[aáा़ँ०-९ \u{200d}👍🏽e\u{301}]{0,40}") {
            let n = Normalized::new(&text);
            let length = text.chars().count() as u32;
            prop_assert_eq!(n.origin.len(), n.text.chars().count());
            let mut last = 0;
            for &(start, end) in &n.origin {
                prop_assert!(start < end && end <= length && start >= last);
                last = start;
            }
        }
    }
}
