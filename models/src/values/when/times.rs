//! A time of day or a range of the day.

use super::{Part, Sense, Token, Unit, content, halves, tokens};
use jiff::{
    SignedDuration,
    civil::{DateTime, Time},
};
use serde_json::{Value, json};

/// A time of day or a range of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// At that minute.
    At(Time),
    /// From, to, and the part of the day if one was named; one end may be open.
    Range(Option<Time>, Option<Time>, Option<Part>),
}

impl Part {
    /// First and last minute, hours of a shop's day: the Spanish `tarde` is longer than an afternoon.
    pub const fn hours(self) -> (Time, Time) {
        let (from, to) = match self {
            Self::Early => (6, 9),
            Self::Morning => (8, 12),
            Self::Afternoon => (12, 17),
            Self::Tarde => (12, 20),
            Self::Evening => (17, 21),
            Self::Night => return (Time::constant(20, 0, 0, 0), Time::constant(23, 59, 0, 0)),
            Self::Small => (0, 6),
        };
        (Time::constant(from, 0, 0, 0), Time::constant(to, 0, 0, 0))
    }

    /// `morning`, `afternoon`, `evening` or `night`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Early | Self::Morning => "morning",
            Self::Afternoon | Self::Tarde => "afternoon",
            Self::Evening => "evening",
            Self::Night | Self::Small => "night",
        }
    }

    /// The hour of 24 that an hour of 12 means in this part of the day. `12 de la mañana` is noon.
    const fn hour(self, hour: u16) -> u16 {
        match (self, hour) {
            (_, 13..) => hour,
            (Self::Early | Self::Small, 12) => 0,
            (Self::Early | Self::Small | Self::Morning, _) => hour,
            // `dopahar 11 baje` comes before noon.
            (Self::Afternoon, 10 | 11) => hour,
            (Self::Afternoon | Self::Tarde, 12) => 12,
            (Self::Evening | Self::Night, 12) => 0,
            (Self::Night, 1..=5) => hour,
            (_, 0) => 0,
            _ => hour + 12,
        }
    }
}

impl Hours {
    /// `"17:00"`, or `{"from": "17:00", "to": "21:00", "part": "evening"}`, where ends and part may be missing.
    pub fn value(self) -> Value {
        let text = |time: Time| time.strftime("%H:%M").to_string();
        match self {
            Self::At(time) => json!(text(time)),
            Self::Range(from, to, part) => {
                let mut out = serde_json::Map::new();
                for (key, value) in [
                    ("from", from.map(text)),
                    ("to", to.map(text)),
                    ("part", part.map(|p| p.name().to_owned())),
                ] {
                    out.extend(value.map(|v| (key.to_owned(), json!(v))));
                }
                Value::Object(out)
            }
        }
    }
}

/// Reads a time of day; `None` where the text is something else. Without `now`, `in 2 hours` and `now` stay text.
///
/// An hour without morning or evening is one of a shop's day: 1–7 are after noon, 8–12 as they are.
pub fn time(text: &str, language: &str, now: Option<DateTime>) -> Option<Hours> {
    let mut tokens = tokens(text, language)?;
    // A day beside the time is told by the date.
    let day = |t: &Token| matches!(t, Token::Sense(Sense::Day(_) | Sense::Weekday(_) | Sense::This));
    tokens.retain(|t| !day(t));
    if let [Token::Sense(Sense::Manana)] = tokens.as_slice() {
        return Some(whole(Part::Morning));
    }
    // `6 de mañana` is the morning's, `mañana a las 6` tomorrow's.
    if let [_, .., last @ Token::Sense(Sense::Manana)] = tokens.as_mut_slice() {
        *last = Token::Sense(Sense::Part(Part::Morning));
    }
    tokens.retain(|t| *t != Token::Sense(Sense::Manana));
    let apart = tokens.into_iter().flat_map(|token| match token {
        Token::Pair(a, b, '-') => {
            vec![Token::Sense(Sense::Number(a)), Token::Dash, Token::Sense(Sense::Number(b))]
        }
        other => vec![other],
    });
    hours(&apart.collect::<Vec<_>>(), now)
}

fn whole(part: Part) -> Hours {
    let (from, to) = part.hours();
    Hours::Range(Some(from), Some(to), Some(part))
}

fn hours(tokens: &[Token], now: Option<DateTime>) -> Option<Hours> {
    let has = |wanted: &[Sense]| wanted.iter().any(|s| tokens.contains(&Token::Sense(*s)));
    let relative = has(&[Sense::Unit(Unit::Hour), Sense::Unit(Unit::Minute)])
        && has(&[Sense::In, Sense::After, Sense::Within]);
    if relative || tokens == [Token::Sense(Sense::Now)] {
        return from_now(tokens, now).map(Hours::At);
    }
    if let Some((left, right)) = cut(tokens) {
        return range(left, right);
    }
    let mut clock = Clock::default();
    let mut rest = tokens;
    while let [first, more @ ..] = rest {
        rest = clock.read(*first, more)?;
    }
    clock.answer()
}

/// A range's ends. `10 to 5` is one, `20 to 6` and `10 minutes to 5` are not.
fn cut(tokens: &[Token]) -> Option<(&[Token], &[Token])> {
    if tokens.iter().any(|t| matches!(t, Token::Sense(Sense::Unit(_) | Sense::Quarter | Sense::Minus))) {
        let has = |sense| tokens.contains(&Token::Sense(sense));
        if has(Sense::To) && !has(Sense::From) {
            return None;
        }
    }
    if let [Token::Sense(Sense::Number(20 | 25)), Token::Sense(Sense::To), ..] = tokens {
        return None;
    }
    halves(tokens, false)
}

fn range(left: &[Token], right: &[Token]) -> Option<Hours> {
    let right = match right {
        [rest @ .., Token::Sense(Sense::Until)] => rest,
        all => all,
    };
    let read = |tokens: &[Token]| {
        let mut clock = Clock::default();
        let mut rest = tokens;
        while let [first, more @ ..] = rest {
            rest = clock.read(*first, more)?;
        }
        Some(clock)
    };
    let (mut from, mut to) = (read(left)?, read(right)?);
    if let (None, None, Some(a), Some(b)) = (from.hour, to.hour, from.part, to.part) {
        // `morning to evening`
        return (from.plain() && to.plain() && a.hours().0 < b.hours().1).then_some(Hours::Range(
            Some(a.hours().0),
            Some(b.hours().1),
            None,
        ));
    }
    let said = |clock: &Clock| clock.part.is_some() || clock.half.is_some() || clock.exact.is_some();
    let (left_said, right_said) = (said(&from), said(&to));
    if !right_said {
        (to.part, to.half) = (from.part, from.half);
    } else if !left_said {
        (from.part, from.half) = (to.part, to.half);
    }
    let (mut a, mut b) = (from.time()?, to.time()?);
    let half_day = SignedDuration::from_hours(12);
    if a >= b && b == Time::midnight() && (right_said || a.hour() >= 12) {
        // `10 pm to 12 am`, `raat 10 se 12 baje`: the day's last minute.
        b = Time::constant(23, 59, 0, 0);
    }
    if a >= b && !right_said && b.hour() < 12 {
        // `10 am to 8`, `subah 10 se 5 baje`; `6 to 8` begins after noon, and so it ends
        b = b.checked_add(half_day).ok()?;
    }
    if a >= b && !left_said && a.hour() >= 12 {
        // `11-1 pm` begins before noon.
        a = a.checked_sub(half_day).ok()?;
    }
    (a < b).then_some(Hours::Range(Some(a), Some(b), None))
}

/// `in 2 hours`, `half an hour later`, `now`; the same day only.
fn from_now(tokens: &[Token], now: Option<DateTime>) -> Option<Time> {
    if let [Token::Sense(Sense::Now)] = tokens {
        return now.map(|now| minute(now.time()));
    }
    let (mut minutes, mut unit, mut ahead): (Option<i64>, Option<Unit>, bool) = (None, None, false);
    for token in tokens {
        match token {
            // "half an hour": the article counts nothing.
            Token::Sense(Sense::Number(n)) => minutes = minutes.or(Some(i64::from(*n) * 60)),
            Token::Sense(Sense::Half) => minutes = Some(30),
            Token::Sense(Sense::Dedh) => minutes = Some(90),
            Token::Sense(Sense::Dhai) => minutes = Some(150),
            Token::Sense(Sense::Unit(u @ (Unit::Hour | Unit::Minute))) if unit.is_none() => unit = Some(*u),
            Token::Sense(Sense::In | Sense::After | Sense::Within) => ahead = true,
            _ => return None,
        }
    }
    let minutes = minutes?;
    let span = SignedDuration::from_mins(if unit? == Unit::Minute { minutes / 60 } else { minutes });
    let now = now.filter(|_| ahead)?;
    let then = now.checked_add(span).ok()?;
    (then.date() == now.date()).then(|| minute(then.time()))
}

fn minute(time: Time) -> Time {
    time.with().second(0).subsec_nanosecond(0).build().unwrap_or(time)
}

/// What has been read of one time.
#[derive(Debug, Default, Clone, Copy)]
struct Clock {
    hour: Option<u16>,
    minute: Option<u16>,
    /// Quarters added by `saadhe` (2), `sava` (1), `paune` (−1), `half past`, `quarter to`.
    quarters: Option<i16>,
    /// Minutes before the hour that follows: `20 to 6`.
    before_hour: Option<u16>,
    part: Option<Part>,
    /// `true` after noon.
    half: Option<bool>,
    exact: Option<Time>,
    from: bool,
    until: bool,
    before: bool,
    after: bool,
}

impl Clock {
    /// Reads a token, and those after it that belong to it; gives what is left. `None`: this is no time.
    fn read<'t>(&mut self, first: Token, more: &'t [Token]) -> Option<&'t [Token]> {
        use Sense::{
            ALas, After, Am, And, Before, Between, Clock as Oclock, Dedh, Dhai, From, Half, In, Midnight,
            Minus, Noon, Number, Past, Paune, Pm, Quarter, Saadhe, Sava, To, Until, Within,
        };
        let Token::Sense(sense) = first else {
            match first {
                Token::Clock(h, m) | Token::Pair(h, m, '.') => self.set(h, Some(m))?,
                _ => return None,
            }
            return Some(more);
        };
        match sense {
            Sense::Part(part) => once(&mut self.part, part)?,
            Am => once(&mut self.half, false)?,
            Pm => once(&mut self.half, true)?,
            Noon => {
                // `12 del mediodía`, `2 del mediodía`
                match self.hour {
                    None => once(&mut self.exact, Time::constant(12, 0, 0, 0))?,
                    Some(_) => once(&mut self.part, Part::Afternoon)?,
                }
            }
            Midnight => match self.hour {
                None => once(&mut self.exact, Time::midnight())?,
                Some(_) => once(&mut self.part, Part::Small)?,
            },
            Dedh => self.set(1, Some(30))?,
            Dhai => self.set(2, Some(30))?,
            Saadhe => once(&mut self.quarters, 2)?,
            Sava => once(&mut self.quarters, 1)?,
            Paune => once(&mut self.quarters, -1)?,
            Half | Quarter => return self.fraction(sense == Half, more),
            And => match more {
                [Token::Sense(Half), rest @ ..] => {
                    once(&mut self.minute, 30)?;
                    return Some(rest);
                }
                [Token::Sense(Quarter), rest @ ..] => {
                    once(&mut self.minute, 15)?;
                    return Some(rest);
                }
                [Token::Sense(Number(m)), rest @ ..] if self.hour.is_some() => {
                    once(&mut self.minute, *m)?;
                    return Some(rest);
                }
                _ => return None,
            },
            Minus => match more {
                [Token::Sense(Quarter), rest @ ..] => {
                    once(&mut self.quarters, -1)?;
                    return Some(rest);
                }
                [Token::Sense(Number(m @ 1..=59)), rest @ ..] if self.hour.is_some() => {
                    once(&mut self.before_hour, *m)?;
                    return Some(rest);
                }
                _ => return None,
            },
            Number(n) => return self.number(n, more),
            // `bajkar 20 minute`: the number after it is read as minutes.
            Oclock | ALas | Sense::Unit(Unit::Minute) | In => {}
            Sense::Unit(Unit::Hour) if self.hour.is_some() => {}
            Past if self.before_hour.is_some() => {
                // `10 past 5`
                self.minute = self.before_hour.take();
            }
            To if self.before_hour.is_some() || self.quarters.is_some() => {}
            From => self.from = true,
            Until | To => self.until = true,
            Before | Sense::Ago => self.before = true,
            After => self.after = true,
            Between | Within => {}
            _ => return None,
        }
        Some(more)
    }

    fn number<'t>(&mut self, n: u16, more: &'t [Token]) -> Option<&'t [Token]> {
        match (self.hour, more) {
            // `10 past 5`, `10 minutes to 5`, `20 to 6`
            (None, [Token::Sense(Sense::Past | Sense::To), ..])
            | (None, [Token::Sense(Sense::Unit(Unit::Minute)), Token::Sense(Sense::Past | Sense::To), ..])
                if n < 60 && more.iter().any(content) =>
            {
                once(&mut self.before_hour, n)?;
            }
            (None, _) if n >= 100 => self.set(n / 100, Some(n % 100))?,
            (None, _) => self.set(n, None)?,
            (Some(_), _) if n < 60 => once(&mut self.minute, n)?,
            _ => return None,
        }
        Some(more)
    }

    /// `half past five`, `half five`, `5 media` (from `5 y media` with the "y" left out), `quarter to six`.
    fn fraction<'t>(&mut self, half: bool, more: &'t [Token]) -> Option<&'t [Token]> {
        let quarters = if half { 2 } else { 1 };
        match more {
            [Token::Sense(Sense::Past), rest @ ..] => {
                once(&mut self.quarters, quarters)?;
                Some(rest)
            }
            [Token::Sense(Sense::To), rest @ ..] if !half => {
                once(&mut self.quarters, -1)?;
                Some(rest)
            }
            _ => {
                once(&mut self.quarters, quarters)?;
                Some(more)
            }
        }
    }

    fn set(&mut self, hour: u16, minute: Option<u16>) -> Option<()> {
        if hour > 24 || minute.is_some_and(|m| m > 59) {
            return None;
        }
        once(&mut self.hour, hour)?;
        minute.map_or(Some(()), |m| once(&mut self.minute, m))
    }

    const fn plain(&self) -> bool {
        self.minute.is_none() && self.quarters.is_none() && self.exact.is_none()
    }

    fn time(&self) -> Option<Time> {
        if let Some(exact) = self.exact {
            return (self.hour.is_none() && self.quarters.is_none()).then_some(exact);
        }
        // `sava baje` is a quarter past one, `paun baje` a quarter to.
        let hour = self.hour.or(self.quarters.filter(|q| q.abs() == 1).map(|_| 1))?;
        let (afternoon, part) = (self.half, self.part);
        let hour = match (afternoon, part, hour) {
            (_, _, 24) => 0,
            (_, _, 13..) => hour,
            (Some(true), _, 12) => 12,
            (Some(true), _, _) => hour + 12,
            (Some(false), _, 12) => 0,
            (Some(false), ..) => hour,
            (None, Some(part), _) => part.hour(hour),
            (None, None, 1..=7) => hour + 12,
            (None, None, _) => hour,
        };
        let minutes = i64::from(hour) * 60
            + i64::from(self.minute.unwrap_or(0))
            + i64::from(self.quarters.unwrap_or(0)) * 15
            - i64::from(self.before_hour.unwrap_or(0));
        let minutes = minutes.rem_euclid(24 * 60);
        Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()
    }

    fn answer(&self) -> Option<Hours> {
        if self.hour.is_none() && self.quarters.is_none() && self.exact.is_none() {
            let part = self.part.filter(|_| self.plain() && self.half.is_none())?;
            let (from, to) = part.hours();
            return Some(if self.before {
                Hours::Range(None, Some(from), None)
            } else if self.after {
                Hours::Range(Some(to), None, None)
            } else {
                whole(part)
            });
        }
        let time = self.time()?;
        Some(if self.until || self.before {
            Hours::Range(None, Some(time), None)
        } else if self.from || self.after {
            Hours::Range(Some(time), None, None)
        } else {
            Hours::At(time)
        })
    }
}

/// Sets what is not set yet; what was said twice alike stays.
fn once<T: PartialEq>(place: &mut Option<T>, value: T) -> Option<()> {
    if place.as_ref().is_some_and(|old| *old != value) {
        return None;
    }
    *place = Some(value);
    Some(())
}
