//! Sizes as customers write them, and shoe sizes in the scale of each country.

use super::i18n::Country;
use super::text::fold;
use std::sync::LazyLock;

/// Units a size may carry, with the spellings that mean them.
const UNITS: [(&str, &[&str]); 9] = [
    ("gb", &["gb", "gigas", "giga", "जीबी"]),
    ("tb", &["tb", "टीबी"]),
    ("inch", &["inches", "inch", "in", "pulgadas", "pulgada", "इंच", "\"", "''", "”"]),
    ("kg", &["kilos", "kilo", "kgs", "kg", "किलो"]),
    ("l", &["litres", "liters", "litros", "litre", "liter", "litro", "ltr", "लीटर", "l"]),
    ("w", &["watts", "watt", "vatios", "w"]),
    ("mm", &["mm"]),
    ("ton", &["tons", "toneladas", "tonelada", "ton", "टन"]),
    ("", &["number", "numero", "size", "talla", "uk", "eu", "mx", "no", "नंबर", "साइज"]),
];

/// Letter sizes written out.
const LETTERS: [(&str, &[&str]); 6] = [
    ("xs", &["extra small"]),
    ("s", &["small", "chica", "pequena", "chota", "छोटा"]),
    ("m", &["medium", "mediana", "medium size", "मीडियम"]),
    ("l", &["large", "grande", "bada", "लार्ज"]),
    ("xl", &["extra large", "extra grande", "एक्स्ट्रा लार्ज"]),
    ("xxl", &["2xl", "xx large", "double xl"]),
];

/// Folded spelling → what it means, in the order of the lists: a search for sizes looks at some for every product.
static FOLDED: LazyLock<[Vec<(String, &str)>; 2]> = LazyLock::new(|| {
    let folded = |lists: &[(&'static str, &[&str])]| {
        lists.iter().flat_map(|(of, names)| names.iter().map(|name| (fold(name), *of))).collect()
    };
    [folded(&LETTERS), folded(&UNITS)]
});

fn meant(list: &[(String, &'static str)], said: &str) -> Option<&'static str> {
    list.iter().find(|(name, _)| name == said).map(|(_, of)| *of)
}

/// One spelling for every way to write a size: `55 इंच`, `55"` and `55 inch` are all `55inch`.
#[must_use]
pub fn key(size: &str) -> String {
    let folded = fold(size);
    let folded = folded.trim();
    let [letters, units] = &*FOLDED;
    if let Some(letter) = meant(letters, folded) {
        return letter.to_owned();
    }
    let digits: String = folded
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    if digits.is_empty() {
        return folded.split_whitespace().collect();
    }
    let rest = folded.replacen(&digits, "", 1);
    let rest = rest.trim().trim_start_matches(['-', ' ']).trim();
    // Longer spellings first in each list, and whole-word comparison, so that `l` never eats `litros`.
    let unit = meant(units, rest).unwrap_or(rest);
    format!("{}{}", digits.trim_end_matches('.'), unit.replace(' ', ""))
}

/// Whether the wish names the size. A bare number finds the size with its unit (`128` finds `128GB`).
#[must_use]
pub fn matches(size: &str, wish: &str) -> bool {
    let (size, wish) = (key(size), key(wish));
    size == wish
        || (!wish.is_empty()
            && wish.bytes().all(|b| b.is_ascii_digit())
            && size.trim_end_matches(char::is_alphabetic) == wish)
}

/// A shoe size of the UK scale (which India uses) in the country's own scale: EU for Spain, centimetres for Mexico.
/// Usual conversion of the sport shoe makers' charts, rounded to whole sizes.
#[must_use]
pub fn shoe(uk: u8, country: Country) -> String {
    match country {
        Country::IN => uk.to_string(),
        Country::ES => (u16::from(uk) + if uk < 7 { 33 } else { 34 }).to_string(),
        // 22 cm at UK 3, one more for each whole size.
        Country::MX => (u16::from(uk) + 19).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_size_are_one() {
        for wish in ["128GB", "128 gb", "128 GB", "१२८ जीबी", "128"] {
            assert!(matches("128GB", wish), "{wish}");
        }
        for wish in ["55 inch", "55\"", "55 pulgadas", "55 इंच", "55"] {
            assert!(matches("55 inch", wish), "{wish}");
        }
        assert!(
            matches("L", "large")
                && matches("9", "UK 9")
                && matches("9", "size 9")
                && matches("1.5 L", "1.5 litros")
        );
        assert!(!matches("256GB", "128GB") && !matches("128GB", "28") && !matches("XL", "L"));
    }

    #[test]
    fn shoes_follow_the_country() {
        assert_eq!([shoe(8, Country::IN), shoe(8, Country::ES), shoe(8, Country::MX)], ["8", "42", "27"]);
    }
}
