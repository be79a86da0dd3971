//! "But 40 nahi 45", "pin 201303 karo", "flat 302": a part of what was told in free words is another, the rest holds.

use crate::fold::{ascii_digits, fold, listed as is, words};
use crate::negation::{self, Verdict};

/// What goes with another number for the one that was told.
const AMENDS: &str = "make but it only instead actually need want que sean son pero mejor ponme pon kar karo kardo karna chahiye par lekin likho \
    likhna likh krdo kr change cambia cambialo haz hazlo करो कर करना लिखो चाहिए पर लेकिन";
/// What a postal code is called.
const POSTAL: &str = "pin pincode pincod zip zipcode postcode postal cp पिन पिनकोड पिनकोड";
/// What numbers of orders stand behind.
const ORDERS: &str = "ord order pedido orden ऑर्डर";
/// Words of a message that amends a part, at most.
const LONGEST: usize = 14;
/// Words of a message that names no old number, at most.
const SHORT: usize = 8;
/// Digits from which a number is a code rather than a count.
const CODE: usize = 4;

/// A text after an amendment, and what was put into it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Amended {
    pub(super) text: String,
    pub(super) part: String,
}

/// A number in a text: its digits, where they stand (bytes), and the word before them, folded.
struct Number {
    digits: String,
    from: usize,
    to: usize,
    label: String,
}

fn numbers(text: &str) -> Vec<Number> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(from) = text[at..].find(|c: char| c.is_ascii_digit()).map(|n| at + n) {
        let to = text[from..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |n| from + n);
        let label = words(&text[..from]).pop().unwrap_or_default();
        all.push(Number { digits: text[from..to].to_owned(), from, to, label });
        at = to;
    }
    all
}

/// What was told, with the other number in it. Nothing if it cannot be seen which number is meant, or if more is said.
pub(super) fn amended(before: &str, said: &str) -> Option<Amended> {
    let (before, said) = (ascii_digits(before), ascii_digits(said));
    let length = words(&said).len();
    let (had, mut told) = (numbers(&before), numbers(&said));
    // "Better cancel ORD-10012" is no other postal code.
    told.retain(|n| !is(ORDERS, &n.label));
    if length > LONGEST || told.is_empty() || told.len() > 3 {
        return None;
    }
    let place = |byte: usize| said[..byte].chars().count();
    let spans: Vec<(usize, usize)> = told.iter().map(|n| (place(n.from), place(n.to))).collect();
    let denied: Vec<bool> =
        negation::judge(&said, &spans).into_iter().map(|v| v == Verdict::Negated).collect();
    let known = |n: &Number| had.iter().any(|h| h.digits == n.digits);
    let new: Vec<&Number> =
        told.iter().zip(&denied).filter(|(n, denied)| !known(n) && !**denied).map(|(n, _)| n).collect();
    let (first, more) = new.split_first()?;
    if more.iter().any(|n| n.digits != first.digits) {
        return None;
    }
    let alike = |h: &&Number| h.digits.len().abs_diff(first.digits.len()) <= 1;
    let named = told.iter().zip(&denied).filter(|(n, denied)| known(n) && (**denied || length <= 6));
    let named = named.map(|(n, _)| n).next();
    let postal = first.digits.len() > CODE;
    let old = match named {
        Some(named) => had.iter().filter(|h| h.digits == named.digits).find(alike),
        None if told.iter().any(known) => None,
        None => only(had.iter().filter(|h| {
            first.digits.len() >= CODE && h.digits.len() == first.digits.len() && h.digits.len() >= CODE
        }))
        .or_else(|| only(had.iter().filter(|h| telling(&h.label) && h.label == first.label)))
        // The first number of an enquiry is how many.
        .or_else(|| {
            let counts = length <= SHORT && !postal && words(&said).iter().any(|w| is(AMENDS, w));
            had.first().filter(|h| counts && h.digits.len() < CODE)
        }),
    };
    let text = match old {
        Some(old) => format!("{}{}{}", &before[..old.from], first.digits, &before[old.to..]),
        // The code was left out before.
        None if postal && named.is_none() && words(&said).iter().any(|w| is(POSTAL, w)) => {
            format!("{}, {}", before.trim_end_matches([' ', ',', '.']), first.digits)
        }
        None => return None,
    };
    Some(Amended { text, part: first.digits.clone() })
}

/// Whether a word in front of a number says which number it is.
fn telling(label: &str) -> bool {
    label.chars().count() >= 2 && label.chars().any(char::is_alphabetic) && !is(AMENDS, &fold(label))
}

fn only<'n>(mut found: impl Iterator<Item = &'n Number>) -> Option<&'n Number> {
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::amended;

    #[test]
    fn another_number_for_the_one_told() {
        let told = "40 Dell laptops by 10 December";
        for (said, wanted) in [
            ("par 40 nahi 45", Some("45 Dell laptops by 10 December")),
            ("but make it 45", Some("45 Dell laptops by 10 December")),
            ("लेकिन ४५ कर दो", Some("45 Dell laptops by 10 December")),
            ("10 no, 12", Some("40 Dell laptops by 12 December")),
            ("45 kardo aur bhej do", Some("45 Dell laptops by 10 December")),
            ("arre 45 laptop likho 40 nahi", Some("45 Dell laptops by 10 December")),
            ("sí, pero que sean 45", Some("45 Dell laptops by 10 December")),
            ("send it to 12 Park Street in Delhi please", None),
            ("call me at 5", None),
        ] {
            assert_eq!(amended(told, said).map(|a| a.text).as_deref(), wanted, "{said}");
        }
    }

    #[test]
    fn a_part_of_an_address_is_another() {
        let told = "flat 12 b, shanti niketan, sector 18 noida 201301";
        for (said, wanted) in [
            ("arey ruko pincode 201303 hai galat likh diya", Some(("201301", "201303"))),
            ("haan bas pin 201303 karo baaki sahi hai", Some(("201301", "201303"))),
            ("yes but the postcode is 201303", Some(("201301", "201303"))),
            ("no, el código postal es 201303", Some(("201301", "201303"))),
            ("हाँ, पिनकोड २०१३०३ है", Some(("201301", "201303"))),
            ("sector 62 hai, baaki sahi", Some(("18", "62"))),
            ("flat 302", Some(("12", "302"))),
            ("no, flat 14, park street 201301", None),
            ("B-7, Lake Road 44, Pune 411001", None),
            ("haan", None),
            ("better cancel ORD-110092", None),
        ] {
            let wanted = wanted.map(|(old, new)| told.replace(old, new));
            assert_eq!(amended(told, said).map(|a| a.text), wanted, "{said}");
        }
        let bare = amended("12 Park Street, Kolkata", "haan, pin 700016").unwrap();
        assert_eq!((bare.text.as_str(), bare.part.as_str()), ("12 Park Street, Kolkata, 700016", "700016"));
    }
}
