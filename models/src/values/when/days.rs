//! A day or a range of days.

use super::{Sense, Token, halves, single::Bag, tokens};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

/// A day or a range of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// One day.
    One(Date),
    /// From the first to the last day, both included; without a last day, from the first on.
    Range(Date, Option<Date>),
}

impl Days {
    /// `"2026-11-25"`, or `{"from": "2026-11-28", "to": "2026-11-29"}`, where `to` may be missing.
    pub fn value(self) -> Value {
        match self {
            Self::One(day) => json!(day.to_string()),
            Self::Range(from, Some(to)) if from == to => json!(from.to_string()),
            Self::Range(from, Some(to)) => json!({"from": from.to_string(), "to": to.to_string()}),
            Self::Range(from, None) => json!({"from": from.to_string()}),
        }
    }
}

/// Reads a day or a range of days; `None` where the text is something else. Without `today`, only what does not depend on
/// it (a day with month and year).
///
/// `language`: the variety's code, for words that two of them share.
pub fn date(text: &str, language: &str, today: Option<Date>) -> Option<Days> {
    let tokens = without_times(&tokens(text, language)?);
    match today {
        Some(today) => days(&tokens, today),
        None => {
            // What does not depend on today is the same on any two days.
            let on = |year, month, day| days(&tokens, Date::new(year, month, day).ok()?);
            on(2024, 2, 5).filter(|found| on(2031, 9, 18).as_ref() == Some(found))
        }
    }
}

fn days(tokens: &[Token], today: Date) -> Option<Days> {
    let tokens = &without_hyphens(tokens);
    if let Some((left, right)) = halves(tokens, false) {
        return range(left, right, today, false);
    }
    match halves(tokens, true) {
        Some((left, right)) => range(left, right, today, true),
        None => Bag::read(tokens)?.days(today),
    }
}

/// From the one to the other; `neighbours`: only if they are next to each other (`sábado y domingo`).
fn range(left: &[Token], right: &[Token], today: Date, neighbours: bool) -> Option<Days> {
    let right = match right {
        // `shukravaar se ravivaar tak`
        [rest @ .., Token::Sense(Sense::Until)] => rest,
        all => all,
    };
    let (wide_left, mut wide_right) = (inherit(left, right), inherit(right, left));
    if wide_left.len() > left.len() {
        // `in 2 or 3 days`: the "in" is for both.
        let counts =
            |t: &&Token| matches!(t, Token::Sense(Sense::In | Sense::Within | Sense::After | Sense::Ago));
        wide_right.extend(left.iter().filter(counts));
    }
    let one = |tokens: &[Token], today: Date| match Bag::read(tokens)?.days(today)? {
        Days::One(day) => Some(day),
        Days::Range(..) => None,
    };
    let mut from = one(&wide_left, today)?;
    let weekday = |t: &Token| matches!(t, Token::Sense(Sense::Weekday(_)));
    // `next Monday to Wednesday`: the Wednesday after that Monday.
    let to = if wide_right.iter().all(weekday) { one(&wide_right, from)? } else { one(&wide_right, today)? };
    if from > to {
        // Under way already: `20 to 28 November` on the 25th.
        let before = [from.checked_sub(1.month()), from.checked_sub(1.year())];
        from = before.into_iter().flatten().find(|day| *day <= to)?;
    }
    if neighbours && from.tomorrow().ok() != Some(to) {
        return None;
    }
    Some(Days::Range(from, Some(to)))
}

/// A lone number takes what the other end says about it: `25 to 27 November`, `2 to 3 days`, `25 Nov – 27`.
fn inherit(tokens: &[Token], other: &[Token]) -> Vec<Token> {
    let is_number = |t: &Token| matches!(t, Token::Sense(Sense::Number(1..=99) | Sense::Ordinal(_)));
    let mut out = tokens.to_vec();
    let lone = tokens.iter().filter(|t| super::content(t)).count() == 1 && tokens.iter().any(is_number);
    if lone {
        out.retain(|t| !matches!(t, Token::Sense(Sense::DayOfMonth)));
        let mut own = true;
        out.extend(other.iter().copied().filter(|t| {
            // The other end's own number stays there; a year is for both.
            let its_number = is_number(t) && std::mem::take(&mut own);
            let month = matches!(
                t,
                Token::Sense(
                    Sense::Month(_)
                        | Sense::Unit(_)
                        | Sense::In
                        | Sense::After
                        | Sense::Within
                        | Sense::Ago
                        | Sense::This
                        | Sense::Next
                        | Sense::Coming
                        | Sense::Last
                        | Sense::Number(_)
                )
            );
            month && !its_number
        }));
    }
    out
}

/// Leaves the hyphens of `25-Nov-2026` out, but not that of `25 Nov - 27`.
fn without_hyphens(tokens: &[Token]) -> Vec<Token> {
    use Sense::{Month, Number};
    let mut out = Vec::with_capacity(tokens.len());
    let mut joined = false;
    for (i, token) in tokens.iter().enumerate() {
        if *token == Token::Dash && i > 0 {
            match (tokens[i - 1], tokens.get(i + 1)) {
                (Token::Sense(Number(_)), Some(Token::Sense(Month(_)))) => {
                    joined = true;
                    continue;
                }
                (Token::Sense(Month(_)), Some(Token::Sense(Number(n)))) if joined || *n > 31 => continue,
                _ => {}
            }
        }
        out.push(*token);
    }
    out
}

/// Leaves the time of day out: `viernes a las 6`, `kal subah 10 baje`.
fn without_times(tokens: &[Token]) -> Vec<Token> {
    use Sense::{ALas, Am, And, Clock, Half, Midnight, Noon, Number, Paune, Pm, Quarter, Saadhe, Sava};
    let mut out: Vec<Token> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match (tokens[i], tokens.get(i + 1)) {
            (Token::Clock(..), _) | (Token::Sense(Sense::Part(_) | Noon | Midnight | Am | Pm | Clock), _) => {
            }
            (Token::Sense(Number(_)), Some(Token::Sense(Clock | Am | Pm))) => i += 1,
            (Token::Sense(ALas), Some(Token::Sense(Number(_)) | Token::Clock(..)))
            | (Token::Sense(Saadhe | Sava | Paune), Some(Token::Sense(Number(_)))) => {
                i += 1;
                if let [Token::Sense(And), Token::Sense(Half | Quarter | Number(_)), ..] = tokens[i + 1..] {
                    i += 2;
                } else if let Some(Token::Sense(Half)) = tokens.get(i + 1) {
                    i += 1;
                }
            }
            (token, _) => out.push(token),
        }
        i += 1;
    }
    out
}
