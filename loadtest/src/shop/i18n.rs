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
