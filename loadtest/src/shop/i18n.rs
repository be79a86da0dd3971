//! Texts in the four varieties the shop speaks, countries and money.

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The varieties, in the order in which data files list texts.
pub const LANGS: [&str; 4] = ["en", "es", "hi", "hi-Latn"];

/// One text in four varieties; in JSON an object with the keys of [`LANGS`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[schema(value_type = std::collections::BTreeMap<String, String>)]
pub struct Texts(pub [String; 4]);

impl Texts {
    /// Fills `{name}` in each variety.
    #[must_use]
    pub fn fill(&self, name: &str) -> Texts {
        Texts(self.0.clone().map(|t| t.replace("{name}", name)))
    }
}

/// Units before which a number is a measure: "Bluetooth 5.3" is a name.
const UNITS: [&str; 9] = ["kg", "g", "l", "litros", "pulgadas", "w", "toneladas", "tonelada", "mm"];

/// A Spanish text with decimal commas where a unit follows, as Spain writes them.
fn decimal_commas(text: &str) -> String {
    let unit = |word: &str| {
        let word = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        UNITS.contains(&word.as_str())
    };
    let number = |word: &str| {
        let (whole, part) = word.split_once('.')?;
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        (digits(whole) && digits(part)).then(|| format!("{whole},{part}"))
    };
    let said: Vec<&str> = text.split(' ').collect();
    let written = said.iter().enumerate().map(|(at, word)| {
        let measure = said.get(at + 1).is_some_and(|next| unit(next));
        number(word).filter(|_| measure).unwrap_or_else(|| (*word).to_owned())
    });
    written.collect::<Vec<_>>().join(" ")
}

impl Texts {
    /// As the country writes numbers.
    #[must_use]
    pub fn written_in(mut self, country: Country) -> Texts {
        if country == Country::ES {
            self.0[1] = decimal_commas(&self.0[1]);
        }
        self
    }
}

impl TextLists {
    /// The text at a place, by variety; empty where a variety has none there.
    #[must_use]
    pub fn at(&self, at: usize) -> Texts {
        Texts([0, 1, 2, 3].map(|variety: usize| self.0[variety].get(at).cloned().unwrap_or_default()))
    }

    /// As the country writes numbers.
    #[must_use]
    pub fn written_in(mut self, country: Country) -> TextLists {
        if country == Country::ES {
            self.0[1].iter_mut().for_each(|text| *text = decimal_commas(text));
        }
        self
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(LANGS.len()))?;
        for (lang, text) in LANGS.iter().zip(&self.0) {
            map.serialize_entry(lang, text)?;
        }
        map.end()
    }
}

/// A list of texts in four varieties; in JSON an object of arrays.
#[derive(Debug, Clone, Default, PartialEq, ToSchema)]
#[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
pub struct TextLists(pub [Vec<String>; 4]);

impl Serialize for TextLists {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(LANGS.len()))?;
        for (lang, texts) in LANGS.iter().zip(&self.0) {
            map.serialize_entry(lang, texts)?;
        }
        map.end()
    }
}

/// A country the shop sells in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
pub enum Country {
    /// India, rupees.
    #[default]
    #[serde(alias = "in", alias = "In")]
    IN,
    /// Spain, euros.
    #[serde(alias = "es", alias = "Es")]
    ES,
    /// Mexico, pesos.
    #[serde(alias = "mx", alias = "Mx")]
    MX,
}

impl Country {
    /// All, in the order of the price columns.
    pub const ALL: [Country; 3] = [Country::IN, Country::ES, Country::MX];

    /// IANA name of the time zone in which most of its customers are.
    #[must_use]
    pub fn timezone(self) -> &'static str {
        match self {
            Country::IN => "Asia/Kolkata",
            Country::ES => "Europe/Madrid",
            Country::MX => "America/Mexico_City",
        }
    }

    /// ISO 4217 code of the currency.
    #[must_use]
    pub fn currency(self) -> &'static str {
        match self {
            Country::IN => "INR",
            Country::ES => "EUR",
            Country::MX => "MXN",
        }
    }

    /// ISO 3166 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Country::IN => "IN",
            Country::ES => "ES",
            Country::MX => "MX",
        }
    }

    /// The country with that ISO 3166 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Country> {
        Country::ALL.into_iter().find(|c| c.code().eq_ignore_ascii_case(code))
    }

    /// Months of guarantee on what a maker gives so many: in Spain never less than the three years of the law (Real Decreto-ley
    /// 7/2021).
    #[must_use]
    pub fn warranty(self, months: u32) -> u32 {
        match self {
            Country::ES => months.max(36),
            Country::IN | Country::MX => months,
        }
    }

    /// Days in which a delivered order can be returned.
    #[must_use]
    pub fn return_days(self) -> i64 {
        match self {
            Country::IN | Country::MX => 10,
            Country::ES => 14,
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money, kept in hundredths so that sums are exact; in JSON `{"amount": 12999, "currency": "INR"}` in
/// whole units with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "MoneyWire")]
pub struct Money {
    /// Hundredths of the currency's unit.
    pub minor: i64,
    /// Whose currency.
    pub country: Country,
}

impl Money {
    /// Whole units as a JSON number without a superfluous `.0`.
    #[must_use]
    pub fn amount(self) -> serde_json::Number {
        if self.minor % 100 == 0 {
            (self.minor / 100).into()
        } else {
            // Hundredths of any price in the shop are far below 2^53, so the conversion is exact.
            #[allow(clippy::cast_precision_loss)]
            serde_json::Number::from_f64(self.minor as f64 / 100.0)
                .unwrap_or_else(|| (self.minor / 100).into())
        }
    }
}

/// The wire form of [`Money`].
#[derive(Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyWire {
    /// Whole units, at most two decimals.
    #[schema(value_type = f64, example = 12999)]
    amount: serde_json::Number,
    /// ISO 4217.
    #[schema(value_type = String, example = "INR")]
    currency: &'static str,
}

impl From<Money> for MoneyWire {
    fn from(money: Money) -> MoneyWire {
        MoneyWire { amount: money.amount(), currency: money.country.currency() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spain_writes_commas_and_guarantees_three_years() {
        for (text, wanted) in [
            ("Pesa 1.46 kg", "Pesa 1,46 kg"),
            ("Pantalla de 15.6 pulgadas, Full HD", "Pantalla de 15,6 pulgadas, Full HD"),
            ("Bluetooth 5.3 de 10 W", "Bluetooth 5.3 de 10 W"),
        ] {
            assert_eq!(decimal_commas(text), wanted);
        }
        assert_eq!((Country::ES.warranty(24), Country::MX.warranty(24)), (36, 24));
    }
}
