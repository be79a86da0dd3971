//! Brands and models of the catalogue that stand in a message as the shop spells them, though the tagger passed them over:
//! "aur puma wala?", "revolution 7".

use super::catalogue::Catalogue;
use crate::pool::{Parse, ParsedEntity};
use serde_json::json;

/// Brands that are everyday words too: `bata` is "tell" and `zara` "a little" in Hindi, "boat" floats – the latter mostly not
/// in a shop.
const EVERYDAY: [&str; 2] = ["bata", "zara"];
/// Words of the longest name looked for.
const LONGEST: usize = 4;

/// Adds an entity for each name found outside the tagger's entities.
pub(super) fn add(parse: &mut Parse, text: &str, catalogue: &Catalogue) {
    let chars: Vec<char> = text.chars().collect();
    let inside = |c: char| {
        c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) || matches!(c, '\'' | '’')
    };
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    for at in 0..=chars.len() {
        match (start, chars.get(at).is_some_and(|c| inside(*c))) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    numbered(parse, &chars, &words, catalogue);
    let mut at = 0;
    while at < words.len() {
        let found = (1..=LONGEST.min(words.len() - at)).rev().find_map(|n| {
            let (start, end) = (words[at].0, words[at + n - 1].1);
            if parse.entities.iter().any(|e| e.start < end && start < e.end) {
                return None;
            }
            let said: String = chars[start..end].iter().collect();
            let (entity, name) = named(catalogue, &said, n)?;
            Some((
                n,
                ParsedEntity {
                    entity: entity.into(),
                    start,
                    end,
                    value: json!(name),
                    text: said,
                    currency: None,
                    confidence: 0.6,
                },
            ))
        });
        match found {
            Some((n, entity)) => {
                parse.entities.push(entity);
                at += n;
            }
            None => at += 1,
        }
    }
    parse.entities.sort_by_key(|e| e.start);
}

/// Makes one name of a brand and the number behind it: "वनप्लस 12", however sure the tagger is of the number.
fn numbered(parse: &mut Parse, chars: &[char], words: &[(usize, usize)], catalogue: &Catalogue) {
    let brands: Vec<(usize, String)> = parse
        .entities
        .iter()
        .filter(|e| e.entity == "brand")
        .filter_map(|e| Some((e.end, e.value.as_str()?.to_owned())))
        .collect();
    for (end, brand) in brands {
        let Some(&(from, to)) = words.iter().find(|(from, _)| *from >= end) else { continue };
        let said: String = chars[from..to].iter().collect();
        let apart = chars[end..from].iter().all(|c| c.is_whitespace() || *c == '-');
        let plain = crate::text::normalize::Normalized::new(&said).text;
        if !apart || !plain.chars().any(|c| c.is_ascii_digit()) {
            continue;
        }
        let Some(name) = catalogue.exact("product", &format!("{brand} {}", plain.trim())) else { continue };
        let sure = |e: &ParsedEntity| e.confidence >= 0.6 && e.entity != "product" && e.entity != "quantity";
        if parse.entities.iter().any(|e| e.start < to && from < e.end && sure(e)) {
            continue;
        }
        parse.entities.retain(|e| !(e.start < to && from < e.end));
        let value = json!(name);
        parse.entities.push(ParsedEntity {
            entity: "product".into(),
            start: from,
            end: to,
            value,
            text: said,
            currency: None,
            confidence: 0.8,
        });
    }
    parse.entities.sort_by_key(|e| e.start);
}

/// Adds the kind of thing that a message with a price or another value is about: "phone 3-4 hazar".
pub(super) fn add_kind(parse: &mut Parse, text: &str, catalogue: &Catalogue) {
    let value = |e: &ParsedEntity| {
        e.entity.starts_with("price_") || matches!(e.entity.as_str(), "brand" | "color" | "size")
    };
    if !parse.entities.iter().any(value) || parse.entities.iter().any(|e| e.entity == "product") {
        return;
    }
    let kinds = &catalogue.names().products;
    let chars: Vec<char> = text.chars().collect();
    let mut start = None;
    for at in 0..=chars.len() {
        match (start, chars.get(at).is_some_and(|c| c.is_alphabetic())) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                let said: String = chars[from..at].iter().collect();
                let word = said.to_lowercase();
                let kind = kinds.get(&word).or_else(|| kinds.get(word.strip_suffix('s')?));
                let free = !parse.entities.iter().any(|e| e.start < at && from < e.end);
                if let Some(kind) = kind.filter(|_| free) {
                    let value = json!(kind);
                    let entity = "product".to_owned();
                    parse.entities.push(ParsedEntity {
                        entity,
                        start: from,
                        end: at,
                        value,
                        text: said,
                        currency: None,
                        confidence: 0.6,
                    });
                    break;
                }
            }
            _ => {}
        }
    }
    parse.entities.sort_by_key(|e| e.start);
}

/// A brand by its name, a model by two words or more with a number among them.
fn named<'c>(catalogue: &'c Catalogue, said: &str, words: usize) -> Option<(&'static str, &'c str)> {
    if words <= 2
        && said.chars().count() >= 2
        && !EVERYDAY.contains(&said.to_lowercase().as_str())
        && let Some(brand) = catalogue.exact("brand", said)
    {
        return Some(("brand", brand));
    }
    let branded = said.rsplit_once(' ').is_some_and(|(first, _)| {
        !EVERYDAY.contains(&first.to_lowercase().as_str()) && catalogue.exact("brand", first).is_some()
    });
    let numbered = branded || (said.chars().any(|c| c.is_numeric()) && said.chars().any(char::is_alphabetic));
    let plain = !said.chars().any(|c| matches!(c, '.' | ','));
    (words >= 2 && numbered && plain)
        .then(|| catalogue.exact("product", said))
        .flatten()
        .map(|name| ("product", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::catalogue::Names;

    #[test]
    fn names_that_were_passed_over_are_added() {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let catalogue = Catalogue::new(Names {
            products: set(&["Nike Revolution 7", "Apple iPhone 15", "OnePlus Nord 4", "phone"]),
            brands: set(&["Puma", "JBL", "boAt", "Bata", "OnePlus", "Nike"]),
            ..Names::default()
        });
        for (text, wanted) in [
            ("aur puma wala?", &[("brand", "Puma")][..]),
            ("jbl aur boat me se konsa", &[("brand", "JBL"), ("brand", "boAt")]),
            ("revolution 7", &[("product", "Revolution 7")]),
            ("one plus ka", &[("brand", "OnePlus")]),
            ("oneplus nord price", &[("product", "OnePlus Nord")]),
            ("mujhe bata do", &[]),
            ("7 days", &[]),
            ("phone number", &[]),
        ] {
            let mut parse = Parse {
                languages: vec![],
                intents: vec![],
                entities: vec![],
                out_of_scope: 0.0,
                candidates: vec![],
                model: String::new(),
                tier: String::new(),
            };
            add(&mut parse, text, &catalogue);
            add_kind(&mut parse, text, &catalogue);
            let found: Vec<(&str, &str)> =
                parse.entities.iter().map(|e| (e.entity.as_str(), e.value.as_str().unwrap())).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
