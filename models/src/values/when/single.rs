//! One day, week, month: what its words say together, in whatever order the language puts them.

use super::{Days, Sense, Token, Unit};
use jiff::{ToSpan, civil::Date};

/// What was said. Words that say the same thing twice leave one of them; contradictions leave nothing.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Bag {
    day: Option<i8>,
    weekday: Option<i8>,
    month: Option<i8>,
    feast: Option<(i8, i8)>,
    number: Option<u16>,
    second: Option<u16>,
    ordinal: Option<u16>,
    year: Option<i16>,
    unit: Option<Unit>,
    pair: Option<(u16, u16, char)>,
    triple: Option<(u16, u16, u16)>,
    this: bool,
    next: bool,
    coming: bool,
    last: bool,
    ahead: bool,
    after: bool,
    ago: bool,
    within: bool,
    from: bool,
    before: bool,
    until: bool,
    of_month: bool,
    third: Option<Third>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Third {
    Start,
    Middle,
    End,
    LastDay,
}

/// Sets what is not set yet.
fn once<T: PartialEq>(place: &mut Option<T>, value: T) -> Option<()> {
    match place {
        Some(old) if *old != value => None,
        _ => {
            *place = Some(value);
            Some(())
        }
    }
}

impl Bag {
    pub(super) fn read(tokens: &[Token]) -> Option<Self> {
        let mut bag = Self::default();
        for token in tokens {
            match *token {
                Token::Sense(sense) => bag.add(sense)?,
                Token::Pair(a, b, sign) => once(&mut bag.pair, (a, b, sign))?,
                Token::Triple(a, b, c) => once(&mut bag.triple, (a, b, c))?,
                Token::Dash | Token::Clock(..) => return None,
            }
        }
        Some(bag)
    }

    fn add(&mut self, sense: Sense) -> Option<()> {
        match sense {
            Sense::Day(n) => once(&mut self.day, n)?,
            Sense::Manana => once(&mut self.day, 1)?,
            Sense::Weekday(n) => once(&mut self.weekday, n)?,
            Sense::Month(n) => once(&mut self.month, n)?,
            Sense::Feast(m, d) => once(&mut self.feast, (m, d))?,
            Sense::Number(n @ 1900..=2200) => once(&mut self.year, n as i16)?,
            Sense::Number(n) if self.number.is_none() => self.number = Some(n),
            Sense::Number(n) => once(&mut self.second, n)?,
            Sense::Ordinal(n) => once(&mut self.ordinal, n)?,
            Sense::Unit(unit) => once(&mut self.unit, unit)?,
            Sense::This => self.this = true,
            Sense::Next => self.next = true,
            Sense::Coming => self.coming = true,
            Sense::Last => self.last = true,
            Sense::In => self.ahead = true,
            Sense::After => self.after = true,
            Sense::Ago => self.ago = true,
            Sense::Within => self.within = true,
            Sense::From => self.from = true,
            Sense::Before => self.before = true,
            // A leading `hasta` or `to` has nothing before it to begin with.
            Sense::Until | Sense::To => self.until = true,
            Sense::DayOfMonth => self.of_month = true,
            Sense::Start => once(&mut self.third, Third::Start)?,
            Sense::Middle => once(&mut self.third, Third::Middle)?,
            Sense::End => once(&mut self.third, Third::End)?,
            Sense::LastDay => once(&mut self.third, Third::LastDay)?,
            Sense::Now => once(&mut self.day, 0)?,
            Sense::Between | Sense::Skip => {}
            _ => return None,
        }
        Some(())
    }

    pub(super) fn days(mut self, today: Date) -> Option<Days> {
        // A number after the month is the year: `25 Nov 26`.
        if let (Some(second @ 20..=99), Some(_), None) = (self.second, self.month, self.year) {
            (self.year, self.second) = (Some(2000 + second as i16), None);
        }
        if self.second.is_some() {
            return None;
        }
        // `twenty fifth`
        if let (Some(tens @ (20 | 30)), Some(ones @ 1..=9)) = (self.number, self.ordinal) {
            (self.number, self.ordinal) = (Some(tens + ones), None);
        }
        let counted = self.unit.is_some() && (self.number.is_some() || self.ahead && self.after);
        let found = self.plain(today)?;
        if counted {
            return Some(found);
        }
        // What lies before or after the day said.
        Some(match found {
            Days::One(day) if self.until => Days::Range(today.min(day), Some(day)),
            Days::One(day) if self.before => {
                Days::Range(today.min(day), Some(day.yesterday().ok()?.max(today.min(day))))
            }
            Days::One(day) if self.after => Days::Range(day.tomorrow().ok()?, None),
            Days::One(day) if self.from => Days::Range(day, None),
            Days::Range(from, Some(to)) if self.until => Days::Range(today.min(from), Some(to)),
            Days::Range(from, Some(_)) if self.before => {
                Days::Range(today.min(from), Some(from.yesterday().ok()?))
            }
            Days::Range(_, Some(to)) if self.after => Days::Range(to.tomorrow().ok()?, None),
            Days::Range(from, Some(_)) if self.from => Days::Range(from, None),
            other => other,
        })
    }

    fn plain(&self, today: Date) -> Option<Days> {
        if let Some((a, b, c)) = self.triple {
            return written(a, b, c).map(Days::One);
        }
        if let Some((a, b, sign)) = self.pair {
            return self.pair(a, b, sign, today);
        }
        if let Some((month, day)) = self.feast {
            return match self.year {
                Some(year) => Date::new(year, month, day).ok(),
                None => upcoming(day, month, today),
            }
            .map(Days::One);
        }
        if self.unit.is_some() {
            return self.counted(today);
        }
        if let Some(month) = self.month {
            return self.in_month(month, today);
        }
        if let Some(offset) = self.day {
            return day_ahead(today, offset.into());
        }
        match (self.number.or(self.ordinal), self.weekday) {
            (Some(n), weekday) => {
                let day = i8::try_from(n).ok().filter(|d| (1..=31).contains(d))?;
                day_of_month(day, weekday, today).map(Days::One)
            }
            (None, Some(weekday)) => self.weekday(weekday, today).map(Days::One),
            (None, None) => None,
        }
    }

    fn weekday(&self, weekday: i8, today: Date) -> Option<Date> {
        let ahead = i32::from((weekday - monday_offset(today)).rem_euclid(7));
        let days = if self.last {
            if ahead == 0 { -7 } else { ahead - 7 }
        } else if self.next && !self.coming {
            // In the week that begins next Monday.
            i32::from(7 - monday_offset(today) + weekday)
        } else if self.this {
            ahead
        } else if ahead == 0 {
            // Who means today says so.
            7
        } else {
            ahead
        };
        today.checked_add(days.days()).ok()
    }

    /// `11-25` has no month 25, so the day is second. `25-27` is no date, but a range of a month's days.
    fn pair(&self, a: u16, b: u16, sign: char, today: Date) -> Option<Days> {
        let bounds = (i8::try_from(a).ok()?, i8::try_from(b).ok()?);
        if self.unit.is_some() || self.month.is_some() {
            let of = |n: u16| Self { pair: None, number: Some(n), ..*self }.plain(today);
            return match (of(a)?, of(b)?) {
                (Days::One(from), Days::One(to)) if from <= to => Some(Days::Range(from, Some(to))),
                _ => None,
            };
        }
        let valid = |day: i8, month: i8| (1..=31).contains(&day) && (1..=12).contains(&month);
        let (day, month) = match bounds {
            (day, month) if valid(day, month) => (day, month),
            (month, day) if valid(day, month) => (day, month),
            (from, to) if sign == '-' && from < to => {
                let from = day_of_month(from, None, today)?;
                let to = day_of_month(to, None, from)?;
                return Some(Days::Range(from, Some(to)));
            }
            _ => return None,
        };
        upcoming(day, month, self.year.map_or(today, |year| first(year, 1).unwrap_or(today))).map(Days::One)
    }

    fn in_month(&self, month: i8, today: Date) -> Option<Days> {
        if let Some(n) = self.number.or(self.ordinal) {
            let day = i8::try_from(n).ok()?;
            return match self.year {
                Some(year) => Date::new(year, month, day).ok(),
                None if self.last => {
                    let ahead = upcoming(day, month, today)?;
                    ahead.checked_sub(1.year()).ok()
                }
                None => upcoming(day, month, today),
            }
            .map(Days::One);
        }
        let year = match self.year {
            Some(year) => year,
            None if self.last => today.year() - i16::from(month >= today.month()),
            None => today.year() + i16::from(month < today.month()),
        };
        self.month_of(first(year, month)?, today)
    }

    /// The month that begins with `first`, or a third or the last day of it; what is over is left out.
    fn month_of(&self, first: Date, today: Date) -> Option<Days> {
        let last = first.last_of_month();
        let day = |n: i8| first.with().day(n).build().ok();
        let (from, to) = match self.third {
            None => (first, last),
            Some(Third::Start) => (first, day(10)?),
            Some(Third::Middle) => (day(11)?, day(20)?),
            Some(Third::End) => (day(21)?, last),
            Some(Third::LastDay) => return Some(Days::One(last)),
        };
        let from = if from < today && today <= to { today } else { from };
        Some(Days::Range(from, Some(to)))
    }

    /// Weeks, months, days: `in 3 days`, `next week`, `viernes de la próxima semana`, `first week of December`.
    fn counted(&self, today: Date) -> Option<Days> {
        let unit = self.unit?;
        let ordinal = self.ordinal.or(if self.ago && self.number.is_none() { Some(1) } else { None });
        if let (Unit::Week, Some(month), Some(n)) = (unit, self.month, ordinal) {
            return self.week_of_month(month, n, today);
        }
        if let (Unit::Week, Some(month), true) =
            (unit, self.month, self.last || self.third == Some(Third::End))
        {
            return self.week_of_month(month, 5, today);
        }
        if self.month.is_some() {
            return None;
        }
        let far = self.next || self.coming;
        // `5 of next month`, `agle mahine ki 5 tareekh`, `first of next month`
        if unit == Unit::Month
            && !self.counts()
            && (far || self.this || self.of_month)
            && let Some(n) = self.number.or(self.ordinal)
        {
            let first = today.first_of_month().checked_add(i32::from(far).months()).ok()?;
            let day = i8::try_from(n).ok()?;
            return Some(Days::One(first.with().day(day).build().ok()?));
        }
        match (unit, self.number) {
            (unit, Some(n)) if far && !self.ago => {
                // `next 3 days`: from tomorrow on.
                let to = add(today, unit, i64::from(n))?;
                Some(Days::Range(today.tomorrow().ok()?, Some(to)))
            }
            (unit, Some(n)) if self.within => Some(Days::Range(today, Some(add(today, unit, i64::from(n))?))),
            (unit, Some(n)) if self.ago => {
                let base = day_ahead(today, self.day.unwrap_or(0).into())?;
                Some(Days::One(add(one(base)?, unit, -i64::from(n))?))
            }
            (unit, Some(n)) if self.ahead || self.after => {
                let base = day_ahead(today, self.day.unwrap_or(0).into())?;
                Some(Days::One(add(one(base)?, unit, i64::from(n))?))
            }
            (_, Some(_)) => None,
            (unit, None) => self.whole(unit, today),
        }
    }

    const fn counts(&self) -> bool {
        self.ahead || self.after || self.ago || self.within
    }

    /// A unit without a number: this, next, last one.
    fn whole(&self, unit: Unit, today: Date) -> Option<Days> {
        let step = if self.last {
            -1
        } else if self.next || self.coming {
            1
        } else if self.this || self.third.is_some() || unit == Unit::Weekend {
            0
        } else {
            return None;
        };
        let monday = today.checked_sub(i32::from(monday_offset(today)).days()).ok()?;
        match unit {
            Unit::Day => day_ahead(today, step),
            Unit::Week | Unit::Weekend => {
                // Spanish "próximo fin de semana" is the one ahead.
                let saturday_ahead = unit == Unit::Weekend && self.coming && monday_offset(today) < 5;
                let step = if saturday_ahead { 0 } else { step };
                let monday = monday.checked_add((7 * step).days()).ok()?;
                if let Some(weekday) = self.weekday {
                    return monday.checked_add(i32::from(weekday).days()).ok().map(Days::One);
                }
                let first = if unit == Unit::Week { 0 } else { 5 };
                let (first, last) = match self.third {
                    Some(Third::Start) => (0, 1),
                    Some(Third::Middle) => (2, 3),
                    Some(Third::End) => (4, 6),
                    Some(Third::LastDay) => (6, 6),
                    None => (first, 6),
                };
                let from = monday.checked_add(first.days()).ok()?;
                let to = monday.checked_add(last.days()).ok()?;
                let from = if step == 0 { from.max(today.min(to)) } else { from };
                Some(Days::Range(from, Some(to)))
            }
            Unit::Month => {
                let first = today.first_of_month().checked_add(step.months()).ok()?;
                self.month_of(first, today)
            }
            Unit::Year => {
                let year = today.year() + i16::try_from(step).ok()?;
                if self.third == Some(Third::LastDay) {
                    return Date::new(year, 12, 31).ok().map(Days::One);
                }
                let from = first(year, 1)?;
                let from = if step == 0 { from.max(today) } else { from };
                Some(Days::Range(from, Date::new(year, 12, 31).ok()))
            }
            Unit::Fortnight | Unit::Hour | Unit::Minute => None,
        }
    }

    /// Weeks of a month are its days 1–7, 8–14 and so on; the fifth is its last seven days.
    fn week_of_month(&self, month: i8, n: u16, today: Date) -> Option<Days> {
        let year = self.year.unwrap_or(today.year() + i16::from(month < today.month()));
        let first = first(year, month)?;
        let last = first.last_of_month();
        let (from, to) = match n {
            1..=4 => {
                let from = first.checked_add((7 * (i32::from(n) - 1)).days()).ok()?;
                (from, from.checked_add(6.days()).ok()?)
            }
            5 => (last.checked_sub(6.days()).ok()?, last),
            _ => return None,
        };
        Some(Days::Range(from, Some(to)))
    }
}

fn one(days: Days) -> Option<Date> {
    match days {
        Days::One(day) => Some(day),
        Days::Range(..) => None,
    }
}

fn monday_offset(date: Date) -> i8 {
    date.weekday().to_monday_zero_offset()
}

fn first(year: i16, month: i8) -> Option<Date> {
    Date::new(year, month, 1).ok()
}

fn day_ahead(today: Date, days: i32) -> Option<Days> {
    today.checked_add(days.days()).ok().map(Days::One)
}

fn add(date: Date, unit: Unit, n: i64) -> Option<Date> {
    let n = i32::try_from(n).ok().filter(|n| n.abs() <= 1000)?;
    let span = match unit {
        Unit::Day => n.days(),
        Unit::Week => n.weeks(),
        Unit::Fortnight => (2 * n).weeks(),
        Unit::Month => n.months(),
        Unit::Year => n.years(),
        Unit::Weekend | Unit::Hour | Unit::Minute => return None,
    };
    date.checked_add(span).ok()
}

/// Day, month and year in figures: the year first if it is the first, else the day, unless only the month can be.
fn written(a: u16, b: u16, c: u16) -> Option<Date> {
    let small = |n: u16| i8::try_from(n).ok();
    let year =
        |n: u16| i16::try_from(if n < 100 { 2000 + n } else { n }).ok().filter(|y| (1900..=2200).contains(y));
    if a > 31 {
        return Date::new(year(a)?, small(b)?, small(c)?).ok();
    }
    let (day, month) = if b > 12 { (b, a) } else { (a, b) };
    Date::new(year(c)?, small(month)?, small(day)?).ok()
}

/// The next such day, today included. A 29 February may be years ahead.
fn upcoming(day: i8, month: i8, today: Date) -> Option<Date> {
    (today.year()..today.year().saturating_add(9))
        .filter_map(|year| Date::new(year, month, day).ok())
        .find(|date| *date >= today)
}

/// The next such day of any month, today included; the next that is on the weekday, if one of the next twelve months has it.
fn day_of_month(day: i8, weekday: Option<i8>, today: Date) -> Option<Date> {
    let days: Vec<Date> = (0..13)
        .filter_map(|n| {
            let first = today.first_of_month().checked_add(n.months()).ok()?;
            Date::new(first.year(), first.month(), day).ok().filter(|date| *date >= today)
        })
        .collect();
    let fits = weekday.and_then(|w| days.iter().find(|date| monday_offset(**date) == w));
    fits.or(days.first()).copied()
}
