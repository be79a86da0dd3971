//! The shop's day, and reproducible chance.

use super::i18n::Country;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tells the day: the machine's, or a fixed one for tests.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    fixed: Option<Date>,
}

impl Clock {
    /// A clock that stands still on a day, or runs with the machine's.
    #[must_use]
    pub fn new(fixed: Option<Date>) -> Clock {
        Clock { fixed }
    }

    /// Today in the machine's time zone.
    #[must_use]
    pub fn today(&self) -> Date {
        self.fixed.unwrap_or_else(|| Zoned::now().date())
    }

    /// Today where the customers of a country are, as their assistant counts days.
    #[must_use]
    pub fn today_in(&self, country: Country) -> Date {
        self.fixed.unwrap_or_else(|| day_in(country, Timestamp::now()))
    }

    /// Now, RFC 3339 in UTC to the second; noon on a fixed day.
    #[must_use]
    pub fn now(&self) -> String {
        match self.fixed {
            Some(day) => format!("{day}T12:00:00Z"),
            None => format!("{:.0}", Timestamp::now()),
        }
    }
}

/// The day in a country at that moment; the machine's where it does not know the country's time zone.
fn day_in(country: Country, at: Timestamp) -> Date {
    let zone = TimeZone::get(country.timezone()).unwrap_or_else(|_| TimeZone::system());
    at.to_zoned(zone).date()
}

/// The day that many days later; the day itself at the end of the calendar.
#[must_use]
pub fn plus(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// Reproducible chance: a number below `bound` that depends on the seed and the words alone.
#[must_use]
pub fn chance(seed: u64, words: &[&str], bound: u64) -> u64 {
    xxh3_64_with_seed(words.join("\u{1f}").as_bytes(), seed) % bound.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_country_has_its_own_day() {
        let at: Timestamp = "2026-11-25T04:30:00Z".parse().unwrap();
        let days = Country::ALL.map(|country| day_in(country, at).to_string());
        assert_eq!(days, ["2026-11-25", "2026-11-25", "2026-11-24"]);
        let at: Timestamp = "2026-11-25T20:00:00Z".parse().unwrap();
        assert_eq!(Country::ALL.map(|country| day_in(country, at).day()), [26, 25, 25]);
    }
}
