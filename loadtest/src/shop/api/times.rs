//! Which of the free times fit a customer's wish best: the day and the time of day asked for, else what lies nearest.

use jiff::civil::Date;

/// A wished stretch of days, both included.
pub fn days(text: &str) -> Option<(Date, Date)> {
    let text = text.trim();
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    let from = from.parse().ok()?;
    Some((from, to.parse().unwrap_or(from)))
}

/// A wished time as minutes of the day, both included: `17:00`, `17:00/21:00`, `../12:00`.
pub fn times(text: &str) -> Option<(u32, u32)> {
    let text = text.trim();
    match text.split_once('/') {
        None => minutes(text).map(|t| (t, t)),
        Some(("..", to)) => Some((0, minutes(to)?)),
        Some((from, "..")) => Some((minutes(from)?, 24 * 60)),
        Some((from, to)) => Some((minutes(from)?, minutes(to)?)),
    }
}

/// Minutes of the day of `17:00`.
pub fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// How far a time is from the wished ones, minutes.
fn off(time: &str, wish: (u32, u32)) -> u32 {
    let Some(at) = minutes(time) else { return u32::MAX };
    wish.0.saturating_sub(at).max(at.saturating_sub(wish.1))
}

/// Times offered at most instead of a wished one on a wished day.
const NEAREST: usize = 3;

/// What was found for a wish.
#[derive(Debug, PartialEq)]
pub struct Fitting<T> {
    /// The free times to offer, in order.
    pub slots: Vec<T>,
    /// Whether anything is free on the wished days; true without such a wish.
    pub day_free: bool,
    /// Whether these are the wished times; true without such a wish.
    pub time_free: bool,
}

/// Picks at most `most` of the free times (in order), at most `per_day` a day unless a day is asked for. On the wished day the
/// wished times; if there are none, the three nearest ones of that day.
pub fn fitting<T: Clone + Ord>(
    free: &[T],
    key: impl Fn(&T) -> (Date, &'static str),
    day: Option<(Date, Date)>,
    time: Option<(u32, u32)>,
    (most, per_day): (usize, usize),
) -> Fitting<T> {
    let on_day = |t: &T| day.is_none_or(|(from, to)| (from..=to).contains(&key(t).0));
    let on_time = |t: &T| time.is_none_or(|wish| off(key(t).1, wish) == 0);
    let after = |t: &T| day.is_none_or(|(from, _)| key(t).0 >= from);
    let spread = |all: Vec<T>, each: usize| {
        let mut out: Vec<T> = Vec::new();
        for t in all {
            let same = out.iter().filter(|o| key(o).0 == key(&t).0).count();
            if same < each && out.len() < most {
                out.push(t);
            }
        }
        out
    };
    let each = if day.is_some() { most } else { per_day };
    let exact: Vec<T> = free.iter().filter(|t| on_day(t) && on_time(t)).cloned().collect();
    if !exact.is_empty() {
        return Fitting { slots: spread(exact, each), day_free: true, time_free: true };
    }
    let day_free = free.iter().any(on_day);
    let mut near: Vec<T> = match (day, time) {
        // The nearest times of the wished day; other days only if they are asked for.
        (Some(_), Some(wish)) if day_free => {
            let mut same: Vec<T> = free.iter().filter(|t| on_day(t)).cloned().collect();
            same.sort_by_key(|t| off(key(t).1, wish));
            same.truncate(NEAREST);
            same
        }
        (_, Some(wish)) => {
            let mut all: Vec<T> = free.iter().filter(|t| after(t)).cloned().collect();
            let hits: Vec<T> = all.iter().filter(|t| on_time(t)).cloned().collect();
            if hits.is_empty() {
                all.sort_by_key(|t| (off(key(t).1, wish), key(t).0));
                spread(all, 1)
            } else {
                spread(hits, per_day)
            }
        }
        _ => spread(free.iter().filter(|t| after(t)).cloned().collect(), per_day),
    };
    near.sort();
    let time_free = time.is_none_or(|wish| near.iter().all(|t| off(key(t).1, wish) == 0));
    Fitting { slots: near, day_free, time_free }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: i8) -> Date {
        Date::constant(2026, 11, day)
    }

    fn free() -> Vec<(Date, &'static str)> {
        vec![
            (date(22), "10:00"),
            (date(22), "15:00"),
            (date(23), "11:30"),
            (date(23), "13:00"),
            (date(23), "18:00"),
            (date(24), "10:00"),
            (date(24), "16:30"),
        ]
    }

    fn found(day: Option<&str>, time: Option<&str>) -> (Vec<(i8, &'static str)>, bool, bool) {
        let fit = fitting(&free(), |t| *t, day.and_then(days), time.and_then(times), (4, 2));
        (fit.slots.into_iter().map(|(d, t)| (d.day(), t)).collect(), fit.day_free, fit.time_free)
    }

    #[test]
    fn wishes_are_met_or_come_close() {
        assert_eq!(found(Some("2026-11-23"), Some("13:00")), (vec![(23, "13:00")], true, true));
        assert_eq!(
            found(Some("2026-11-22"), Some("11:00")),
            (vec![(22, "10:00"), (22, "15:00")], true, false),
            "the nearest of that day"
        );
        assert_eq!(
            found(Some("2026-11-22"), Some("18:00/21:00")),
            (vec![(22, "10:00"), (22, "15:00")], true, false),
            "that day's, however far"
        );
        assert_eq!(found(None, Some("15:00/20:00")).0, [(22, "15:00"), (23, "18:00"), (24, "16:30")]);
        assert!(!found(Some("2026-11-21"), None).1, "nothing on that day");
        assert_eq!(found(Some("2026-11-23/2026-11-24"), Some("../12:00")).0, [(23, "11:30"), (24, "10:00")]);
        assert_eq!(
            found(None, None),
            (vec![(22, "10:00"), (22, "15:00"), (23, "11:30"), (23, "13:00")], true, true)
        );
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(times("17:00"), Some((1020, 1020)));
        assert_eq!(times("../12:00"), Some((0, 720)));
        assert_eq!(times("17:00/.."), Some((1020, 1440)));
        assert_eq!(times("evening"), None);
        assert_eq!(days("whenever"), None);
    }
}
