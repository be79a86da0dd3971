//! Stores, towns and postal codes, and distances between them.

use super::catalog::yaml;
use super::error::ShopError;
use super::i18n::{Country, Texts};
use super::text::{slip, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A point on the earth, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North is positive.
    pub lat: f64,
    /// East is positive.
    pub lon: f64,
}

impl Point {
    /// Great-circle distance in kilometres (haversine formula, mean earth radius 6371 km).
    #[must_use]
    pub fn km_to(self, other: Point) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let half = |x: f64| (x / 2.0).sin().powi(2);
        let h = half(b - a) + a.cos() * b.cos() * half((other.lon - self.lon).to_radians());
        2.0 * 6371.0 * h.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// A store of the shop.
#[derive(Debug, Clone, Deserialize)]
pub struct Store {
    /// `IN-DEL-CP`.
    pub id: String,
    /// For customers.
    pub name: String,
    /// Where.
    pub country: Country,
    /// Where.
    pub city: String,
    /// Street.
    pub address: String,
    /// Postal code.
    pub pincode: String,
    /// International form.
    pub phone: String,
    lat: f64,
    lon: f64,
    open: String,
    close: String,
    words: Vec<String>,
}

impl Store {
    /// Where it is.
    #[must_use]
    pub fn point(&self) -> Point {
        Point { lat: self.lat, lon: self.lon }
    }

    /// Whether it is open at `HH:MM`, on a day on which it opens at all.
    #[must_use]
    pub fn open_at(&self, time: &str) -> bool {
        (self.open.as_str()..self.close.as_str()).contains(&time)
    }

    /// Opening hours in words. Spanish stores are closed on Sundays.
    #[must_use]
    pub fn hours(&self) -> Texts {
        let (open, close) = (&self.open, &self.close);
        Texts(if self.country == Country::ES {
            [
                format!("Monday to Saturday {open}–{close}"),
                format!("De lunes a sábado de {open} a {close}"),
                format!("सोमवार से शनिवार {open}–{close}"),
                format!("Somvaar se shanivaar {open}–{close}"),
            ]
        } else {
            [
                format!("Every day {open}–{close}"),
                format!("Todos los días de {open} a {close}"),
                format!("हर दिन {open}–{close}"),
                format!("Har din {open}–{close}"),
            ]
        })
    }

    /// The store as the API shows it.
    #[must_use]
    pub fn view(&self, distance_km: Option<f64>) -> StoreView {
        StoreView {
            id: self.id.clone(),
            name: self.name.clone(),
            address: self.address.clone(),
            city: self.city.clone(),
            pincode: self.pincode.clone(),
            phone: self.phone.clone(),
            hours: self.hours(),
            sunday: self.country != Country::ES,
            latitude: self.lat,
            longitude: self.lon,
            distance_km: distance_km.map(round_km),
        }
    }
}

/// One decimal: the tables are no better than that.
pub(crate) fn round_km(km: f64) -> f64 {
    (km * 10.0).round() / 10.0
}

/// A store as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoreView {
    /// Identifier.
    #[schema(example = "IN-DEL-CP")]
    pub id: String,
    /// For customers.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// Town.
    pub city: String,
    /// Postal code.
    pub pincode: String,
    /// International form.
    pub phone: String,
    /// Opening hours by variety.
    pub hours: Texts,
    /// Whether it is open on Sundays.
    pub sunday: bool,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// From the place asked about; `null` if it is unknown.
    pub distance_km: Option<f64>,
}

/// `girona` is Girona; what has capitals of its own keeps them.
pub(crate) fn capitalised(name: &str) -> String {
    if name.chars().any(char::is_uppercase) {
        return name.to_owned();
    }
    let small = ["de", "del", "la", "las", "los", "el", "y"];
    let word = |(i, word): (usize, &str)| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if i == 0 || !small.contains(&word) => first.to_uppercase().chain(letters).collect(),
            _ => word.to_owned(),
        }
    };
    name.split_whitespace().enumerate().map(word).collect::<Vec<String>>().join(" ")
}

/// Road freight from the nearest store that has it.
pub(crate) fn delivery_days(km: f64) -> u8 {
    match km {
        ..30.0 => 1,
        ..300.0 => 2,
        ..800.0 => 3,
        ..1500.0 => 4,
        _ => 5,
    }
}

#[derive(Deserialize)]
struct PlacesFile {
    cities: Vec<(Country, String, f64, f64, Vec<String>)>,
    postal: BTreeMap<Country, BTreeMap<String, [f64; 2]>>,
}

struct City {
    country: Country,
    name: String,
    point: Point,
    words: Vec<String>,
}

/// What is known about where a customer is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wish {
    /// Postal code.
    pub pincode: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// A store's name or id.
    pub store: Option<String>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
}

/// A place found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'p> {
    /// Where.
    pub point: Point,
    /// The store, if one was named.
    pub store: Option<&'p Store>,
}

/// Stores and places.
pub struct Places {
    /// In the order of the file.
    pub stores: Vec<Store>,
    cities: Vec<City>,
    postal: BTreeMap<(Country, String), Point>,
}

impl Places {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// [`ShopError::Data`] for a file that does not fit.
    pub fn load() -> Result<Places, ShopError> {
        let stores: Vec<Store> = yaml("stores.yml", include_str!("catalog/stores.yml"))?;
        let file: PlacesFile = yaml("places.yml", include_str!("catalog/places.yml"))?;
        let cities = file.cities.into_iter().map(|(country, name, lat, lon, other)| {
            let words = other.iter().chain([&name]).map(|w| words(w).join(" ")).collect();
            City { country, name, point: Point { lat, lon }, words }
        });
        let mut postal = BTreeMap::new();
        for (country, prefixes) in file.postal {
            for (prefix, [lat, lon]) in prefixes {
                for prefix in range(&prefix)
                    .ok_or_else(|| ShopError::data("places.yml", format!("prefix `{prefix}`")))?
                {
                    postal.insert((country, prefix), Point { lat, lon });
                }
            }
        }
        Ok(Places { stores, cities: cities.collect(), postal })
    }

    /// The store with that id.
    #[must_use]
    pub fn store(&self, id: &str) -> Option<&Store> {
        self.stores.iter().find(|s| s.id.eq_ignore_ascii_case(id))
    }

    /// The place a customer means. A store wins over a position, a position over a postal code, that over a town;
    /// what cannot be found is passed over.
    #[must_use]
    pub fn find(&self, wish: &Wish, country: Country) -> Option<Found<'_>> {
        let store = wish.store.as_deref().and_then(|s| self.store_named(s, country));
        if let Some(store) = store {
            return Some(Found { point: store.point(), store: Some(store) });
        }
        let position = wish.lat.zip(wish.lon).filter(|(lat, lon)| lat.abs() <= 90.0 && lon.abs() <= 180.0);
        let point = position
            .map(|(lat, lon)| Point { lat, lon })
            .or_else(|| wish.pincode.as_deref().and_then(|p| self.pincode(p, country)))
            .or_else(|| wish.city.as_deref().and_then(|c| self.city(c, country)))
            // People name a town where a store was asked for, and a store's quarter for the town.
            .or_else(|| wish.store.as_deref().and_then(|s| self.city(s, country)))
            .or_else(|| wish.city.as_deref().and_then(|c| self.store_named(c, country)).map(Store::point))?;
        Some(Found { point, store: None })
    }

    fn store_named(&self, text: &str, country: Country) -> Option<&Store> {
        if let Some(store) = self.store(text.trim()) {
            return Some(store);
        }
        const NOISE: [&str; 14] = [
            "store",
            "branch",
            "shop",
            "showroom",
            "tienda",
            "sucursal",
            "la",
            "de",
            "en",
            "the",
            "स्टोर",
            "दुकान",
            "dukan",
            "wala",
        ];
        let wanted: Vec<String> = words(text).into_iter().filter(|w| !NOISE.contains(&w.as_str())).collect();
        let wanted = wanted.join(" ");
        let stores = || self.stores.iter().filter(|s| s.country == country);
        let names =
            |s: &Store| s.words.iter().chain([&s.name]).map(|n| words(n).join(" ")).collect::<Vec<_>>();
        stores()
            .find(|s| names(s).contains(&wanted))
            .or_else(|| stores().find(|s| names(s).iter().any(|n| slip(&wanted, n).is_some())))
            .or_else(|| {
                stores().find(|s| {
                    names(s)
                        .iter()
                        .any(|n| !wanted.is_empty() && format!(" {wanted} ").contains(&format!(" {n} ")))
                })
            })
    }

    fn city(&self, text: &str, country: Country) -> Option<Point> {
        let wanted = words(text).join(" ");
        let cities = || self.cities.iter().filter(|c| c.country == country);
        let exact = cities().find(|c| c.words.contains(&wanted));
        exact
            .or_else(|| cities().find(|c| c.words.iter().any(|w| slip(&wanted, w).is_some())))
            .map(|c| c.point)
            .or_else(|| self.pincode(text, country))
    }

    /// The name of the town that a text means.
    #[must_use]
    pub fn city_name(&self, text: &str, country: Country) -> Option<&str> {
        let wanted = words(text).join(" ");
        let cities = || self.cities.iter().filter(|c| c.country == country);
        let own = |c: &&City| c.words.contains(&wanted);
        let near = |c: &&City| c.words.iter().any(|w| slip(&wanted, w).is_some());
        cities().find(own).or_else(|| cities().find(near)).map(|c| c.name.as_str())
    }

    /// Where a postal code lies: a store's own code exactly, others by their first digits.
    #[must_use]
    pub fn pincode(&self, text: &str, country: Country) -> Option<Point> {
        let code: String =
            super::text::fold(text).chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let length = if country == Country::IN { 6 } else { 5 };
        if code.len() != length || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if let Some(store) = self.stores.iter().find(|s| s.country == country && s.pincode == code) {
            return Some(store.point());
        }
        [3, 2].into_iter().find_map(|n| self.postal.get(&(country, code[..n].to_owned())).copied())
    }

    /// The country's stores, nearest first where the place is known.
    #[must_use]
    pub fn nearest(&self, from: Option<Point>, country: Country) -> Vec<(&Store, Option<f64>)> {
        let stores = self.stores.iter().filter(|s| s.country == country);
        let mut near: Vec<_> = stores.map(|s| (s, from.map(|p| p.km_to(s.point())))).collect();
        near.sort_by(|a, b| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0)));
        near
    }
}

/// `110`, or `10-12` for three prefixes of the same length.
fn range(text: &str) -> Option<Vec<String>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let width = from.len();
    Some((from.parse::<u32>().ok()?..=to.parse().ok()?).map(|n| format!("{n:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(wish: Wish, country: Country) -> String {
        let places = Places::load().unwrap();
        let found = places.find(&wish, country).expect("known");
        places.nearest(Some(found.point), country)[0].0.id.clone()
    }

    fn pin(code: &str) -> Wish {
        Wish { pincode: Some(code.into()), ..Wish::default() }
    }

    fn city(name: &str) -> Wish {
        Wish { city: Some(name.into()), ..Wish::default() }
    }

    #[test]
    fn any_plausible_code_has_a_nearest_store() {
        for (code, store) in [
            ("110001", "IN-DEL-CP"),
            ("110017", "IN-DEL-SK"),
            ("400 053", "IN-MUM-AN"),
            ("302001", "IN-DEL-SK"),
            ("421301", "IN-MUM-AN"),
            ("560001", "IN-BLR-IN"),
            ("682001", "IN-BLR-IN"),
            ("७००००१", "IN-KOL-PS"),
            ("411045", "IN-PUN-KP"),
        ] {
            assert_eq!(nearest(pin(code), Country::IN), store, "{code}");
        }
        assert_eq!(nearest(pin("28045"), Country::ES), "ES-MAD-GV");
        assert_eq!(nearest(pin("17001"), Country::ES), "ES-BCN-PG");
        assert_eq!(nearest(pin("03100"), Country::MX), "MX-CMX-RF");
        assert_eq!(nearest(pin("66220"), Country::MX), "MX-MTY-MP");
        let places = Places::load().unwrap();
        for bad in ["000000", "99999", "9999999", "abc", ""] {
            assert!(places.pincode(bad, Country::IN).is_none(), "{bad}");
        }
        for n in 1..=52 {
            assert!(places.pincode(&format!("{n:02}001"), Country::ES).is_some(), "{n}");
        }
        for n in (1..=99).filter(|n| !(17..=19).contains(n)) {
            assert!(places.pincode(&format!("{n:02}000"), Country::MX).is_some(), "{n}");
        }
    }

    #[test]
    fn towns_and_stores_are_known_in_all_scripts() {
        for name in ["Delhi", "dilli", "दिल्ली", "Dehli", "new delhi", "गुड़गांव"]
        {
            assert!(nearest(city(name), Country::IN).starts_with("IN-DEL"), "{name}");
        }
        assert_eq!(nearest(city("bangalore"), Country::IN), "IN-BLR-IN");
        assert_eq!(nearest(city("CDMX"), Country::MX), "MX-CMX-RF");
        for (name, country, store) in [
            ("Koramangala", Country::IN, "IN-BLR-IN"),
            ("whitefield", Country::IN, "IN-BLR-IN"),
            ("barna", Country::ES, "ES-BCN-PG"),
            ("Girona", Country::ES, "ES-BCN-PG"),
            ("coyoacán", Country::MX, "MX-CMX-RF"),
        ] {
            assert_eq!(nearest(city(name), country), store, "{name}");
        }
        assert_eq!(nearest(city("malaga"), Country::ES), "ES-MAD-GV");
        let places = Places::load().unwrap();
        for (name, country, id) in [
            ("Connaught Place store", Country::IN, "IN-DEL-CP"),
            ("कनॉट प्लेस", Country::IN, "IN-DEL-CP"),
            ("conaught place", Country::IN, "IN-DEL-CP"),
            ("tienda Gran Via", Country::ES, "ES-MAD-GV"),
            ("in-del-sk", Country::IN, "IN-DEL-SK"),
            ("andheri", Country::IN, "IN-MUM-AN"),
        ] {
            let wish = Wish { store: Some(name.into()), ..Wish::default() };
            assert_eq!(places.find(&wish, country).unwrap().store.map(|s| s.id.as_str()), Some(id), "{name}");
        }
        assert!(places.find(&city("Atlantis"), Country::IN).is_none());
        assert_eq!(places.city_name("गोमती नगर", Country::IN), Some("Lucknow"));
        assert_eq!(places.city_name("mumbay", Country::IN), Some("Mumbai"));
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let (delhi, mumbai) = (Point { lat: 28.61, lon: 77.21 }, Point { lat: 19.08, lon: 72.88 });
        assert!((delhi.km_to(mumbai) - 1150.0).abs() < 15.0);
    }
}
