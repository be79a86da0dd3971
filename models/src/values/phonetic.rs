//! How words sound, roughly: what a misspelt or transliterated name has in common with the right one.

/// Devanagari in Latin letters, without the unspoken final `a`: `सैमसंग` → `saimasang`. Other characters stay.
pub fn latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The last consonant still carries its inherent vowel.
    let mut inherent = false;
    for c in text.chars() {
        let consonant = consonant(c);
        if inherent {
            match (matra(c), consonant) {
                (Some(vowel), _) => {
                    out.push_str(vowel);
                    inherent = false;
                    continue;
                }
                (None, Some(_)) => out.push('a'),
                (None, None) if matches!(c, '\u{902}' | '\u{901}') => out.push('a'),
                // Virama, or the end of the word.
                (None, None) => {}
            }
            inherent = false;
        }
        match (consonant, vowel(c), c) {
            (Some(letters), ..) => {
                out.push_str(letters);
                inherent = true;
            }
            (None, Some(letters), _) => out.push_str(letters),
            (_, _, '\u{902}' | '\u{901}') => out.push('n'),
            // The vowel was written with its consonant already.
            (_, _, '\u{93C}' | '\u{94D}' | '\u{903}') => {}
            _ => match matra(c) {
                Some(letters) => out.push_str(letters),
                None => out.push(c),
            },
        }
    }
    out
}

fn consonant(c: char) -> Option<&'static str> {
    Some(match c {
        'क' => "k",
        'ख' => "kh",
        'ग' => "g",
        'घ' => "gh",
        'ङ' | 'ञ' | 'ण' | 'न' => "n",
        'च' => "ch",
        'छ' => "chh",
        'ज' => "j",
        'झ' => "jh",
        'ट' | 'त' => "t",
        'ठ' | 'थ' => "th",
        'ड' | 'द' => "d",
        'ढ' | 'ध' => "dh",
        'प' => "p",
        'फ' => "ph",
        'ब' => "b",
        'भ' => "bh",
        'म' => "m",
        'य' => "y",
        'र' => "r",
        'ल' | 'ळ' => "l",
        'व' => "v",
        'श' | 'ष' => "sh",
        'स' => "s",
        'ह' => "h",
        _ => return None,
    })
}

fn vowel(c: char) -> Option<&'static str> {
    Some(match c {
        'अ' | 'आ' => "a",
        'इ' | 'ई' => "i",
        'उ' | 'ऊ' => "u",
        'ए' => "e",
        'ऐ' => "ai",
        'ओ' | 'ऑ' => "o",
        'औ' => "au",
        'ऋ' => "ri",
        _ => return None,
    })
}

fn matra(c: char) -> Option<&'static str> {
    Some(match c {
        'ा' => "a",
        'ि' | 'ी' => "i",
        'ु' | 'ू' => "u",
        'े' | 'ॅ' => "e",
        'ै' => "ai",
        'ो' | 'ॉ' => "o",
        'ौ' => "au",
        'ृ' => "ri",
        _ => return None,
    })
}

/// What is left of a word when vowels, `h` and `y` are out, doubled letters are one, and letters that sound alike are the
/// same: `samsng` and `samsung` are `smsng`. Digits stay.
pub fn skeleton(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut previous = '\0';
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let sounds = match (c, chars.peek()) {
            ('p', Some('h')) => "f",
            ('c', Some('e' | 'i')) | ('z', _) => "s",
            ('c' | 'q', _) => "k",
            ('x', _) => "ks",
            ('w', _) => "v",
            ('a' | 'e' | 'i' | 'o' | 'u' | 'h' | 'y', _) => "",
            _ => {
                if c != previous {
                    out.push(c);
                }
                previous = c;
                continue;
            }
        };
        for sound in sounds.chars() {
            if sound != previous {
                out.push(sound);
            }
            previous = sound;
        }
        if sounds.is_empty() {
            previous = '\0';
        }
    }
    out
}

/// How far apart two spellings are (edits; a swap is one) if a slip of the finger or of the ear explains it, else `None`.
/// Digits must agree; so must the first sound. Words that sound alike may differ by one letter in four or five, two up to
/// nine, three beyond; others by one in at least seven, two in at least ten.
pub fn slip(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return Some(0);
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(a) != digits(b) {
        return None;
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    let (short, long) = (letters(a).min(letters(b)), letters(a).max(letters(b)));
    let (bones_a, bones_b) = (skeleton(a), skeleton(b));
    let vowel = |text: &str| text.starts_with(['a', 'e', 'i', 'o', 'u']);
    if vowel(a) != vowel(b) || bones_a.chars().next() != bones_b.chars().next() {
        return None;
    }
    let alike = bones_a == bones_b;
    let allowed = match (alike, short) {
        (_, 0..=3) => return None,
        (true, 4..=5) => 1,
        (true, 6..=9) => 2,
        (true, _) => 3,
        (false, 4..=6) => return None,
        (false, 7..=9) => 1,
        (false, _) => 2,
    };
    if long - short > allowed {
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
    fn sounds() {
        assert_eq!(skeleton("samsng"), skeleton("samsung"));
        assert_eq!(skeleton("addidas"), skeleton("adidas"));
        assert_eq!(skeleton("galxy"), skeleton("galaxy"));
        assert_eq!(skeleton("philips"), skeleton("filips"));
        assert_ne!(skeleton("shirt"), skeleton("skirt"));
        assert_eq!(latin("सोनी"), "soni");
        assert_eq!(latin("सैमसंग"), "saimasang");
        assert_eq!(latin("एडिडास"), "edidas");
        assert_eq!(latin("नोट 13"), "not 13");
    }

    #[test]
    fn slips() {
        assert_eq!(slip("samsng", "samsung"), Some(1));
        assert_eq!(slip("redme", "redmi"), Some(1));
        assert_eq!(slip("shoos", "shoes"), Some(1));
        assert_eq!(slip("samsumg", "samsung"), Some(1));
        assert_eq!(slip("iphone15", "iphone16"), None);
        assert_eq!(slip("shirt", "skirt"), None);
        assert_eq!(slip("cooler", "cooker"), None);
        assert_eq!(slip("sony", "soni"), Some(1));
        assert_eq!(slip("lg", "hp"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(a in "\\PC{0,30}|[क-ह़ा-्ंँ]{0,20}", b in "[a-z0-9]{0,20}") {
            let _ = latin(&a);
            let _ = skeleton(&a);
            prop_assert_eq!(slip(&a, &b).is_some(), slip(&b, &a).is_some());
        }
    }
}
