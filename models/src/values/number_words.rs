//! Number words of the four varieties, with the spellings people use.

use super::scan::key;
use std::{collections::HashMap, sync::LazyLock};

/// Value, words apart by blanks. Where two languages write the same word, the first line wins.
const SMALL: &[(u16, &str)] = &[
    (0, "zero cero shunya शून्य"),
    (1, "a an one un una uno ek एक single"),
    (2, "two dos do दो"),
    (3, "three tres teen tin तीन"),
    (4, "four cuatro char chaar चार"),
    (5, "five cinco paanch panch paanchh पांच"),
    (6, "six seis chhe che chhah chah chhai छह छः छे छ"),
    (7, "seven siete saat sat सात"),
    (8, "eight ocho aath ath आठ"),
    (9, "nine nueve nau नौ"),
    (10, "ten diez das dus दस"),
    (11, "eleven once gyarah gyara gyaarah ग्यारह"),
    (12, "twelve doce barah bara baarah बारह"),
    (13, "thirteen trece terah tera तेरह"),
    (14, "fourteen catorce chaudah chauda चौदह"),
    (15, "fifteen quince pandrah pandra पंद्रह पन्द्रह"),
    (16, "sixteen dieciseis solah sola सोलह"),
    (17, "seventeen diecisiete satrah satra सत्रह"),
    (18, "eighteen dieciocho atharah athara अठारह अट्ठारह"),
    (19, "nineteen diecinueve unnis unnees उन्नीस"),
    (20, "twenty veinte bees bis बीस"),
    (21, "veintiuno veintiun veintiuna ikkis ikkees इक्कीस"),
    (22, "veintidos bais baees बाईस बाइस"),
    (23, "veintitres teis teees तेईस तेइस"),
    (24, "veinticuatro chaubis chaubees चौबीस"),
    (25, "veinticinco pachis pachees pacchis पच्चीस"),
    (26, "veintiseis chabbis chhabbis छब्बीस"),
    (27, "veintisiete sattais सत्ताईस सत्ताइस"),
    (28, "veintiocho atthais athais अट्ठाईस अठाईस"),
    (29, "veintinueve untis unattis उनतीस"),
    (30, "thirty treinta tees तीस"),
    (31, "ikattis iktis इकतीस इकत्तीस"),
    (32, "battis बत्तीस"),
    (33, "taintis तैंतीस"),
    (34, "chauntis चौंतीस"),
    (35, "paintis paintees पैंतीस"),
    (36, "chhattis छत्तीस"),
    (37, "saintis सैंतीस"),
    (38, "adtis अड़तीस"),
    (39, "untalis उनतालीस"),
    (40, "forty fourty cuarenta chalis chaalis chalees chaalees चालीस"),
    (45, "paintalis paintaalis पैंतालीस"),
    (48, "adtalis अड़तालीस"),
    (50, "fifty cincuenta pachas pachaas pachhaas पचास"),
    (55, "pachpan पचपन"),
    (60, "sixty sesenta saath साठ"),
    (65, "painsath पैंसठ"),
    (70, "seventy setenta sattar सत्तर"),
    (75, "pachhattar pachattar पचहत्तर"),
    (80, "eighty ochenta assi अस्सी"),
    (85, "pachasi पचासी"),
    (90, "ninety noventa nabbe नब्बे"),
    (95, "pachanve पचानवे"),
    (99, "ninyanve निन्यानवे"),
    (100, "hundred hundreds cien ciento sau सौ"),
    (200, "doscientos doscientas"),
    (300, "trescientos trescientas"),
    (400, "cuatrocientos cuatrocientas"),
    (500, "quinientos quinientas"),
    (600, "seiscientos seiscientas"),
    (700, "setecientos setecientas"),
    (800, "ochocientos ochocientas"),
    (900, "novecientos novecientas"),
];

static NUMBERS: LazyLock<HashMap<String, u16>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (number, words) in SMALL {
        for word in words.split(' ') {
            all.entry(key(word)).or_insert(*number);
        }
    }
    all
});

/// The number that a word stands for, 0–900; the word as [`key`] spells it.
pub fn number(word: &str) -> Option<u16> {
    NUMBERS.get(word).copied()
}

/// What a word makes of the number before it: thousand, lakh, crore, dozen.
pub fn scale(word: &str) -> Option<f64> {
    Some(match word {
        "k" | "mil" | "thousand" | "thousands" | "thou" | "luca" | "lucas" | "hazar" | "hazaar" | "hajar"
        | "hajaar" | "hzar" | "hzaar" | "hzr" | "hazr" | "hjar" | "hjr" | "hazzar" | "हजार" | "हजर" => {
            1e3
        }
        "lakh" | "lakhs" | "lac" | "lacs" | "laakh" | "lkh" | "l" | "लाख" => 1e5,
        "crore" | "crores" | "cr" | "karod" | "करोड" => 1e7,
        "million" | "millions" | "millon" | "millones" => 1e6,
        "dozen" | "dozens" | "docena" | "docenas" | "darjan" | "दर्जन" => 12.0,
        "couple" | "par" => 2.0,
        _ => return None,
    })
}

/// Whether a scale word, coming behind `before` or behind another scale, is the particle that it looks like: "2 hazar *k*
/// andar" and "2000 *k* andar" are Hindi's *ke*.
pub fn is_particle(word: &str, before: Option<f64>) -> bool {
    word == "k" && before.is_none_or(|n| n >= 1000.0)
}

/// What a Hindi fraction word makes of the number after it, in halves and quarters of the unit that follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fraction {
    /// `sadhe teen` = 3 + ½.
    Plus(f64),
    /// `paune teen` = 3 − ¼.
    Minus(f64),
    /// A number in itself: `dedh` = 1½.
    Whole(f64),
}

/// Reads a fraction word.
pub fn fraction(word: &str) -> Option<Fraction> {
    Some(match word {
        "sadhe" | "saadhe" | "sadhey" | "sarhe" | "saarhe" | "saade" | "sade" | "साढे" | "साडे" => {
            Fraction::Plus(0.5)
        }
        "sava" | "sawa" | "savva" | "sawaa" | "सवा" => Fraction::Plus(0.25),
        "paune" | "pone" | "pauna" | "pauney" | "pavne" | "पौने" | "पौना" => {
            Fraction::Minus(0.25)
        }
        "dedh" | "derh" | "ded" | "dhed" | "daidh" | "डेढ" => Fraction::Whole(1.5),
        "dhai" | "dhaai" | "dhayi" | "adhai" | "adhaai" | "ढाई" | "अढाई" => {
            Fraction::Whole(2.5)
        }
        "aadha" | "aadhe" | "adha" | "half" | "media" | "medio" | "आधा" | "आधे" => {
            Fraction::Whole(0.5)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_tables_spell_them() {
        assert_eq!(number("do"), Some(2));
        assert_eq!(number(&key("पाँच")), Some(5));
        assert_eq!(number(&key("veintidós")), Some(22));
        assert_eq!(number("xyz"), None);
        assert_eq!(scale(&key("हज़ार")), Some(1e3));
        assert_eq!(scale(&key("करोड़")), Some(1e7));
        assert_eq!(fraction(&key("साढ़े")), Some(Fraction::Plus(0.5)));
    }
}
