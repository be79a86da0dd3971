//! What the heads see of a message beside the encoder's vectors.

pub mod context;
pub mod gazetteer;
pub mod sentence;
pub mod token;
pub mod vocabulary;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A feature's name, hashed; `kind` keeps families apart.
pub fn name(kind: u8, text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), u64::from(kind))
}

/// A feature made of two.
pub const fn pair(a: u64, b: u64) -> u64 {
    a.rotate_left(23).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ b.wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
}

/// A word's consonants, runs made one: `kahaan`, `kahan` and `khan` all give `khn`, which levels most of the spellings
/// of romanised Hindi and many typos. Words of other scripts and words without consonants stay as they are.
pub fn skeleton(fold: &str) -> String {
    if !fold.is_ascii() {
        return fold.to_owned();
    }
    let mut out = String::with_capacity(fold.len());
    for (i, c) in fold.chars().enumerate() {
        let c = match c {
            'w' => 'v',
            'z' => 'j',
            'q' => 'k',
            c => c,
        };
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') && i > 0;
        if !vowel && !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// Digits as `0`, upper case as `X`, lower case as `x`, other letters as `l`; runs longer than four are cut to four.
pub fn shape(text: &str) -> String {
    let mut out = String::new();
    let mut run = ('\0', 0);
    for c in text.chars() {
        let s = if c.is_ascii_digit() {
            '0'
        } else if c.is_uppercase() {
            'X'
        } else if c.is_lowercase() {
            'x'
        } else if c.is_alphabetic() {
            'l'
        } else {
            c
        };
        run = if run.0 == s { (s, run.1 + 1) } else { (s, 1) };
        // Six digits are a pincode in India, five in Spain and Mexico: numbers keep their length up to eight.
        if run.1 <= if s == '0' { 8 } else { 4 } {
            out.push(s);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeletons_and_shapes() {
        assert_eq!(skeleton("kahaan"), skeleton("kahan"));
        assert_eq!(skeleton("order"), "ordr");
        assert_eq!(skeleton("कहाँ"), "कहाँ");
        assert_eq!(shape("ORD-10293"), "XXX-00000");
        assert_eq!(shape("110001"), "000000");
        assert_ne!(name(1, "a"), name(2, "a"));
        assert_ne!(pair(1, 2), pair(2, 1));
    }
}
