//! What an entity's text means: `२०k` is 20000, `kala` is `black`, `#ord-10293` is `ORD-10293`.
//!
//! Dates and times stay text (their normal form), since what they mean depends on the shop's clock and time zone; the
//! dialogue reads the simple ones.

pub mod numbers;

use crate::{features::gazetteer::Gazetteer, text::normalize::Normalized};
use serde_json::{Value, json};

/// The value of an entity's text. Numbers for amounts and quantities where one can be read, else text.
pub fn value(entity: &str, text: &str, gazetteer: &Gazetteer) -> Value {
    let normal = Normalized::new(text).text;
    let normal = normal.trim();
    match entity {
        "price_max" | "price_min" => numbers::amount(normal).map_or_else(|| json!(normal), number),
        "quantity" => numbers::quantity(normal).map_or_else(|| json!(normal), number),
        "order_id" => json!(normal.trim_start_matches('#').replace(' ', "").to_uppercase()),
        "pincode" => json!(normal.replace([' ', '-'], "")),
        "email" => json!(normal.to_lowercase()),
        "size" => json!(size(normal, gazetteer)),
        "person_name" => json!(normal),
        _ => gazetteer
            .canonical(normal)
            .or_else(|| gazetteer.canonical(text))
            .map_or_else(|| json!(normal.to_lowercase()), |v| json!(v)),
    }
}

/// Whole numbers without a decimal point.
fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 9e15 { json!(n as i64) } else { json!(n) }
}

/// Letters upper case and units without a blank: `xl` → `XL`, `128 gb` → `128GB`, `55 inches` → `55 inch`.
fn size(normal: &str, gazetteer: &Gazetteer) -> String {
    if let Some(canonical) = gazetteer.canonical(normal) {
        return canonical.to_owned();
    }
    let lower = normal.to_lowercase();
    let digits = lower.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
    let (number, unit) = lower.split_at(digits);
    let unit = unit.trim_start_matches(['-', ' ']);
    match unit {
        "" => number.to_owned(),
        "gb" | "tb" | "mb" if digits > 0 => format!("{number}{}", unit.to_uppercase()),
        "\"" | "in" | "inch" | "inches" | "pulgadas" | "pulgada" | "इंच" if digits > 0 => {
            format!("{number} inch")
        }
        "l" | "lt" | "ltr" | "litre" | "litres" | "liter" | "liters" | "litros" | "litro" | "लीटर"
            if digits > 0 =>
        {
            format!("{number} l")
        }
        _ if digits == 0 && lower.len() <= 4 && lower.is_ascii() => lower.to_uppercase(),
        _ if digits > 0 => format!("{number} {unit}"),
        _ => lower,
    }
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
        assert_eq!(of("size", "55-inch"), json!("55 inch"));
        assert_eq!(of("pincode", "110 001"), json!("110001"));
        assert_eq!(of("email", "Asha@X.in"), json!("asha@x.in"));
        assert_eq!(of("date", "Mañana"), json!("mañana"));
        assert_eq!(of("person_name", "Asha Verma"), json!("Asha Verma"));
    }
}
