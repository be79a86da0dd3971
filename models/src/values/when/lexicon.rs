//! Words of dates and times in the four varieties, with the spellings people use.
//!
//! A word may mean different things in different languages (`mar` is March or Tuesday, `ago` is August or past), so that
//! each language has its own table and the others are asked only for what it does not know: customers mix.

use super::{
    super::{number_words, scan::key},
    words::{EN, ES, HI, HI_LATN, Table},
};
use std::{collections::HashMap, sync::LazyLock};

/// Part of the day. The hours are those of [`Part::hours`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before work.
    Early,
    /// Until noon.
    Morning,
    /// Until the evening.
    Afternoon,
    /// `tarde`: from noon until it is dark.
    Tarde,
    /// Until bedtime.
    Evening,
    /// After that.
    Night,
    /// `madrugada`: the hours after midnight.
    Small,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 24 hours.
    Day,
    /// Monday to Sunday.
    Week,
    /// Two weeks.
    Fortnight,
    /// Saturday and Sunday.
    Weekend,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
    /// 60 minutes.
    Hour,
    /// 60 seconds.
    Minute,
}

/// What a word or phrase means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of the table say it
pub enum Sense {
    Day(i8),
    /// Tomorrow as a date, the morning as a time.
    Manana,
    Weekday(i8),
    Month(i8),
    Feast(i8, i8),
    Number(u16),
    Ordinal(u16),
    Unit(Unit),
    This,
    Next,
    Coming,
    Last,
    In,
    After,
    Ago,
    Within,
    From,
    To,
    Before,
    Until,
    Between,
    And,
    Or,
    DayOfMonth,
    Start,
    Middle,
    End,
    LastDay,
    Part(Part),
    Noon,
    Midnight,
    Now,
    Clock,
    /// `a las`: before an hour, or between two of them.
    ALas,
    Am,
    Pm,
    Half,
    Quarter,
    Past,
    Minus,
    Saadhe,
    Sava,
    Paune,
    Dedh,
    Dhai,
    Skip,
}

/// Languages in the order in which the others are asked.
const LANGUAGES: [(&str, Table); 4] = [("en", EN), ("hi-Latn", HI_LATN), ("hi", HI), ("es", ES)];

/// Phrases have at most this many words.
pub const LONGEST: usize = 4;

static TABLES: LazyLock<Vec<HashMap<String, Vec<Sense>>>> = LazyLock::new(|| {
    LANGUAGES
        .iter()
        .map(|(_, table)| {
            let mut all: HashMap<String, Vec<Sense>> = HashMap::new();
            for (sense, phrases) in *table {
                for phrase in phrases.split('|') {
                    let words: Vec<String> = phrase.split(' ').map(key).collect();
                    all.entry(words.join(" ")).or_default().push(*sense);
                }
            }
            all
        })
        .collect()
});

fn order(language: &str) -> impl Iterator<Item = usize> + use<> {
    let first = match language {
        // Devanagari carries English words in Latin letters and the other way round.
        "hi" => [2, 1, 0, 3],
        "hi-Latn" => [1, 0, 2, 3],
        "es" => [3, 0, 1, 2],
        _ => [0, 1, 2, 3],
    };
    first.into_iter()
}

/// What a phrase means in a language, else in another one: one sense, or two where a word is both a day and a part of the
/// day (`tonight`).
pub fn senses(phrase: &str, language: &str) -> Option<&'static [Sense]> {
    order(language).find_map(|i| TABLES[i].get(phrase)).map(Vec::as_slice)
}

/// The number that a word stands for.
pub fn number(word: &str) -> Option<u16> {
    number_words::number(word)
}

/// The one weekday, month or day that a misspelt word of at least five letters means: one slip of the finger, two from nine
/// letters on. `None` where two are as near.
pub fn nearest(word: &str, language: &str) -> Option<Sense> {
    let length = word.chars().count();
    if length < 5 {
        return None;
    }
    let allowed = if length >= 9 { 2 } else { 1 };
    for table in order(language) {
        let mut best: Option<(usize, Sense)> = None;
        let mut tied = false;
        for (known, senses) in &TABLES[table] {
            let long = known.chars().count();
            let [sense @ (Sense::Day(_) | Sense::Weekday(_) | Sense::Month(_) | Sense::Manana)] =
                senses.as_slice()
            else {
                continue;
            };
            if long < 5 || known.contains(' ') || long.abs_diff(length) > allowed {
                continue;
            }
            let distance = strsim::osa_distance(word, known);
            match best {
                _ if distance > allowed => {}
                Some((d, s)) if d == distance => tied |= s != *sense,
                Some((d, _)) if d < distance => {}
                _ => (best, tied) = (Some((distance, *sense)), false),
            }
        }
        if let Some((_, sense)) = best {
            return (!tied).then_some(sense);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Sense::*, *};

    #[test]
    fn the_language_decides_what_a_word_means() {
        assert_eq!(senses("mar", "en"), Some(&[Month(3)][..]));
        assert_eq!(senses("mar", "es"), Some(&[Weekday(1)][..]));
        assert_eq!(senses("ago", "en"), Some(&[Ago][..]));
        assert_eq!(senses("ago", "es"), Some(&[Month(8)][..]));
        assert_eq!(senses("kal", "en"), Some(&[Day(1)][..]));
        assert_eq!(senses("tonight", "hi"), Some(&[Day(0), Part(super::Part::Night)][..]));
        assert_eq!(senses("shoes", "en"), None);
    }

    #[test]
    fn slips_of_the_finger() {
        assert_eq!(nearest("tomorow", "en"), Some(Day(1)));
        assert_eq!(nearest("wednsday", "en"), Some(Weekday(2)));
        assert_eq!(nearest("thrusday", "en"), Some(Weekday(3)));
        assert_eq!(nearest("juevs", "es"), Some(Weekday(3)));
        assert_eq!(nearest("shanivarr", "hi-Latn"), Some(Weekday(5)));
        assert_eq!(nearest("shoes", "en"), None);
    }
}
