//! What an entity's text means: `२०k` is 20000, `kala` is `black`, `#ord-10293` is `ORD-10293`, `kal` is a date.
//!
//! In two steps: [`value`] is the model's, and the same whenever it is asked; [`settle`] is the moment's: dates and times
//! relative to the request's `now`, names of what the shop sells at present. Between them an answer can be kept.

mod bounds;
pub mod catalogue;
mod limits;
mod lists;
mod mentions;
mod number_words;
pub mod numbers;
mod phonetic;
mod scan;
pub mod when;

use crate::{
    features::gazetteer::Gazetteer,
    pool::{Parse, ParseRequest},
    text::normalize::Normalized,
};
use catalogue::Catalogue;
use serde_json::{Value, json};

/// The value of an entity's text. Numbers for amounts and quantities where one can be read, else text.
pub fn value(entity: &str, text: &str, gazetteer: &Gazetteer) -> Value {
    let normal = Normalized::new(text).text;
    let normal = normal.trim();
    match entity {
        "price_max" => numbers::amount(normal).map_or_else(|| json!(normal), number),
        "price_min" => numbers::lower_amount(normal).map_or_else(|| json!(normal), number),
        "quantity" => numbers::quantity(normal).map_or_else(|| json!(normal), number),
        "order_id" => json!(normal.trim_start_matches(['#', ' ']).replace(' ', "").to_uppercase()),
        "pincode" => json!(pincode(normal)),
        "email" => json!(normal.to_lowercase()),
        "size" => json!(size(normal, gazetteer)),
        "person_name" => json!(normal),
        _ => gazetteer
            .canonical(normal)
            .or_else(|| gazetteer.canonical(text))
            .map_or_else(|| json!(normal.to_lowercase()), |v| json!(v)),
    }
}

/// The currency that a price names, as its ISO 4217 code; see [`numbers::currency`].
pub fn currency(entity: &str, text: &str) -> Option<&'static str> {
    matches!(entity, "price_max" | "price_min").then(|| numbers::currency(text)).flatten()
}

/// Whole numbers without a decimal point.
fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 9e15 { json!(n as i64) } else { json!(n) }
}

/// Digits alone where words stand around them (`pin 110 001`, `C.P. 28013`), else letters upper case (`SW1A1AA`).
fn pincode(normal: &str) -> String {
    let joined: String = normal.chars().filter(|c| c.is_alphanumeric()).collect();
    let digits: String = joined.chars().filter(char::is_ascii_digit).collect();
    let letters = joined.trim_start_matches(|c: char| !c.is_ascii_digit());
    if (4..=8).contains(&digits.len()) && letters == digits { digits } else { joined.to_uppercase() }
}

fn size(normal: &str, gazetteer: &Gazetteer) -> String {
    gazetteer.canonical(normal).map_or_else(|| plain_size(normal), str::to_owned)
}

/// Letters upper case and units without a blank: `xl` → `XL`, `128 gb` → `128GB`, `55 inches` → `55 inch`.
fn plain_size(text: &str) -> String {
    let lower = Normalized::new(text).text.trim().to_lowercase();
    let bytes = lower.as_bytes();
    let part = |at: usize| match bytes[at] {
        b',' => bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
        byte => byte.is_ascii_digit() || byte == b'.',
    };
    let digits = (0..bytes.len()).take_while(|&at| part(at)).count();
    let (number, unit) = lower.split_at(digits);
    // `42,5` has a decimal comma.
    let comma = number.contains(',').then(|| numbers::parse(number)).flatten();
    let number = comma.map_or_else(|| number.to_owned(), |n| n.to_string());
    let unit = unit.trim_start_matches(['-', ' ']);
    match unit {
        "" => number,
        "gb" | "tb" | "mb" if digits > 0 => format!("{number}{}", unit.to_uppercase()),
        "\"" | "''" | "in" | "inch" | "inches" | "pulgadas" | "pulgada" | "इंच" | "इन्च" if digits > 0 =>
        {
            format!("{number} inch")
        }
        "l" | "lt" | "ltr" | "litre" | "litres" | "liter" | "liters" | "litros" | "litro" | "लीटर"
            if digits > 0 =>
        {
            format!("{number} l")
        }
        "w" | "watt" | "watts" | "wat" | "vatio" | "vatios" | "वाट" | "वॉट" if digits > 0 => {
            format!("{number}W")
        }
        _ if digits == 0 && lower.len() <= 4 && lower.is_ascii() => lower.to_uppercase(),
        _ if digits > 0 => format!("{number} {unit}"),
        _ => lower,
    }
}

/// Varieties tried for a date or time where the message's own language makes nothing of it.
const LANGUAGES: [&str; 4] = ["en", "es", "hi", "hi-Latn"];

/// Brings dates, times and names to what they mean at this moment: ISO 8601 in the shop's civil time where the request has
/// a `now`, the catalogue's spelling where there is a catalogue. Spans and texts stay; what cannot be read stays as it is.
pub fn settle(parse: &mut Parse, request: &ParseRequest, catalogue: Option<&Catalogue>) {
    if let Some(catalogue) = catalogue {
        mentions::add(parse, &request.text, catalogue);
    }
    limits::settle(parse, &request.text);
    if let Some(catalogue) = catalogue {
        mentions::add_kind(parse, &request.text, catalogue);
    }
    let locked =
        request.language.as_deref().filter(|l| parse.languages.iter().any(|(o, p)| o == l && *p >= 0.1));
    let likely = parse.languages.iter().map(|(l, _)| l.as_str());
    let mut languages: Vec<&str> = Vec::with_capacity(4);
    for language in locked.into_iter().chain(likely).chain(LANGUAGES) {
        if LANGUAGES.contains(&language) && !languages.contains(&language) {
            languages.push(language);
        }
    }
    let (now, today) = (request.now, request.now.map(|now| now.date()));
    for found in &mut parse.entities {
        let text = found.text.as_str();
        let value = match found.entity.as_str() {
            "date" => languages.iter().find_map(|l| when::date(text, l, today)).map(when::Days::value),
            "time" => {
                let bounded = bounds::beside(&request.text, found.start, found.end);
                let read = |text: &str| languages.iter().find_map(|l| when::time(text, l, now));
                bounded.and_then(|text| read(&text)).or_else(|| read(text)).map(when::Hours::value)
            }
            entity => catalogue.and_then(|catalogue| name(catalogue, entity, text, &found.value)),
        };
        if let Some(value) = value {
            found.value = value;
        }
    }
}

/// The catalogue's name for an entity. A synonym of the training data has said what is meant: its value is only looked up.
fn name(catalogue: &Catalogue, entity: &str, text: &str, value: &Value) -> Option<Value> {
    let known = value.as_str()?;
    let synonym = known.to_lowercase() != Normalized::new(text).text.trim().to_lowercase();
    let found = if synonym && entity != "size" {
        catalogue.exact(entity, known)
    } else {
        catalogue.resolve(entity, text)
    };
    found.map(|name| json!(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::gazetteer::Tables;

    #[test]
    fn values_of_each_kind() {
        let gazetteer = Gazetteer::new(Tables {
            synonyms: [("kala".to_owned(), "black".to_owned()), ("काला".to_owned(), "black".to_owned())]
                .into(),
            ..Tables::default()
        });
        let of = |entity: &str, text: &str| value(entity, text, &gazetteer);
        assert_eq!(of("price_max", "₹15,000"), json!(15000));
        assert_eq!(of("price_max", "२० हज़ार"), json!(20000));
        assert_eq!(of("price_min", "something"), json!("something"));
        assert_eq!(of("quantity", "do"), json!(2));
        assert_eq!(of("order_id", "#a1b2c3"), json!("A1B2C3"));
        assert_eq!(of("order_id", "ord-१०२९३"), json!("ORD-10293"));
        assert_eq!(of("color", "Kala"), json!("black"));
        assert_eq!(of("color", "काला"), json!("black"));
        assert_eq!(of("size", "128 gb"), json!("128GB"));
        assert_eq!(of("size", "xl"), json!("XL"));
        assert_eq!(of("size", "42,5"), json!("42.5"));
        assert_eq!(of("size", "1,7 litros"), json!("1.7 l"));
        assert_eq!(of("size", "1,000 w"), json!("1000W"));
        assert_eq!(of("size", "55-inch"), json!("55 inch"));
        assert_eq!(of("pincode", "110 001"), json!("110001"));
        assert_eq!(of("pincode", "C.P. 28013"), json!("28013"));
        assert_eq!(of("pincode", "११०००१"), json!("110001"));
        assert_eq!(of("pincode", "sw1a 1aa"), json!("SW1A1AA"));
        assert_eq!(of("price_min", "15-20k"), json!(15000));
        assert_eq!(of("email", "Asha@X.in"), json!("asha@x.in"));
        assert_eq!(of("date", "Mañana"), json!("mañana"));
        assert_eq!(of("person_name", "Asha Verma"), json!("Asha Verma"));
    }
}
