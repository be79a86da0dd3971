//! Days and times: as understanding has normalised them, and as they are written in options.

use crate::event::Entity;
use crate::fold::listed;
use serde_json::Value;

/// Whether an entity says when.
pub(super) fn is_when(entity: &str) -> bool {
    matches!(entity, "date" | "time")
}

/// Texts of a row that are days (`2026-11-27`, also of an instant) or times (`17:00`).
pub(super) fn fields<'v>(entity: &str, row: &'v Value) -> Vec<&'v str> {
    let Value::Object(map) = row else { return vec![] };
    map.values().filter_map(Value::as_str).filter_map(|s| part(entity, s)).collect()
}

fn part<'s>(entity: &str, text: &'s str) -> Option<&'s str> {
    let (length, separator) = if entity == "date" { (10, '-') } else { (5, ':') };
    let head = text.get(..length)?;
    let shaped = head.chars().all(|c| c.is_ascii_digit() || c == separator) && head.contains(separator);
    let whole = text.len() == length || (entity == "date" && text[length..].starts_with('T'));
    (shaped && whole).then_some(head)
}

/// Whether a text is an ISO date or instant.
pub(super) fn is_date(text: &str) -> bool {
    part("date", text).is_some()
}

/// The days of the week from Monday, folded.
const WEEKDAYS: [&str; 7] = [
    "monday mon mondays lunes lun somvar somwar somvaar सोमवार सोम",
    "tuesday tue tues martes mangal mangalvar mangalwar mangalvaar मंगलवार मंगल",
    "wednesday wed miercoles mie budh budhvar budhwar budhvaar बुधवार बुध",
    "thursday thu thur thurs jueves jue guru guruvar guruwar brihaspativar guruvaar गुरुवार गुरु बृहस्पतिवार",
    "friday fri viernes vie shukra shukravar shukrawar shukravaar shukrwar शुक्रवार शुक्र",
    "saturday sat sabado sab shani shanivar shaniwar shanivaar शनिवार शनि",
    "sunday sun domingo dom ravi ravivar raviwar ravivaar itvar itwar sande रविवार रवि इतवार",
];

/// Whether a day was called by its name alone, and a row lies on such a day.
pub(super) fn same_weekday(entity: &Entity, row: &Value) -> bool {
    if entity.entity != "date" {
        return false;
    }
    let said = crate::fold::words(&entity.text);
    let beside = |w: &String| listed("the on this el la este esta ko ka wala is को का वाला वाली इस", w);
    let mut named = said.iter().filter(|w| !beside(w)).map(|w| WEEKDAYS.iter().position(|d| listed(d, w)));
    let (Some(Some(day)), None) = (named.next(), named.next()) else { return false };
    fields("date", row).into_iter().any(|date| {
        date.parse::<jiff::civil::Date>()
            .is_ok_and(|d| usize::try_from(d.weekday().to_monday_zero_offset()).is_ok_and(|n| n == day))
    })
}

/// Whether a day told without a year is that of a row in another one.
pub(super) fn same_day_of_another_year(entity: &Entity, row: &Value) -> bool {
    const YEAR: usize = 4;
    let text = || crate::fold::ascii_digits(&entity.text);
    let year = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() == YEAR);
    if entity.entity != "date" || year(&text()) {
        return false;
    }
    let day = |date: &str| date.parse::<jiff::civil::Date>().ok().map(|d| (d.month(), d.day()));
    let told = entity.value.as_str().and_then(day);
    told.is_some() && fields("date", row).into_iter().any(|date| day(date) == told)
}

/// Whether a row has a day or a time at all.
pub(super) fn has(entity: &str, row: &Value) -> bool {
    !fields(entity, row).is_empty()
}

/// Whether a normalised day or time, or a range of them, is that of a row. ISO forms compare as texts.
pub(super) fn fits(entity: &str, value: &Value, row: &Value) -> bool {
    let end = |key: &str| value.get(key).and_then(Value::as_str).and_then(|s| part(entity, s));
    fields(entity, row).into_iter().any(|field| match value {
        Value::String(s) => part(entity, s) == Some(field),
        Value::Object(_) => {
            let (from, to) = (end("from"), end("to"));
            (from.is_some() || to.is_some())
                && from.is_none_or(|f| f <= field)
                && to.is_none_or(|t| if entity == "date" { field <= t } else { field < t })
        }
        _ => false,
    })
}

/// Minutes since midnight of a time of day as values have it: `17:00`, `17:00:00`.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let (hour, rest) = text.split_once(':').filter(|(hour, _)| hour.len() == 2)?;
    let (minute, seconds) = rest.split_at_checked(2)?;
    let whole = seconds.is_empty() || seconds.starts_with(':');
    Some(hour.parse::<u32>().ok().filter(|_| whole)? * 60 + minute.parse::<u32>().ok()?)
}

/// The times of day that a number with its unit may be, and how many words it takes: "5 pm" → 17:00, "11 baje" → 11:00 or
/// 23:00. No times: the word at this place is no time.
pub(super) fn read(said: &[String], at: usize) -> (Vec<String>, usize) {
    if let Some(found) = in_words(said, at) {
        return found;
    }
    let word = said[at].as_str();
    let (digits, glued) = match word.find(|c: char| !c.is_ascii_digit() && c != ':') {
        Some(end) => word.split_at(end),
        None => (word, ""),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "00"));
    let (Ok(hour), Ok(minute)) = (hour.parse::<u8>(), minute.parse::<u8>()) else { return (vec![], 1) };
    if hour > 23 || minute > 59 || digits.len() > 5 {
        return (vec![], 1);
    }
    let (unit, length) = match glued {
        "" => (said.get(at + 1).map_or("", String::as_str), 2),
        unit => (unit, 1),
    };
    let before = at.checked_sub(1).map_or("", |b| said[b].as_str());
    let write = |hour: u8| format!("{hour:02}:{minute:02}");
    match unit {
        "pm" if hour < 12 => (vec![write(hour + 12)], length),
        "pm" | "hrs" | "h" => (vec![write(hour)], length),
        "am" => (vec![write(hour % 12)], length),
        "baje" | "बजे" | "oclock" => (both(hour, write), length),
        "wala" | "wali" | "vala" | "वाला" | "वाली" => (both(hour, write), length),
        _ if before == "las" && glued.is_empty() => (both(hour, write), 1),
        _ if digits.contains(':') && glued.is_empty() => (both(hour, write), 1),
        _ => (vec![], 1),
    }
}

/// The hours from one to twelve as words, folded.
const HOURS: [&str; 12] = [
    "one una ek एक",
    "two dos do दो",
    "three tres teen tin तीन",
    "four cuatro char chaar चार",
    "five cinco paanch panch पांच पाच",
    "six seis chhe che chah छह छे",
    "seven siete saat सात",
    "eight ocho aath आठ",
    "nine nueve nau नौ",
    "ten diez das दस",
    "eleven once gyarah gyara gyaarah ग्यारह",
    "twelve doce barah baarah बारह",
];

fn hour(word: &str) -> Option<u8> {
    match word.parse::<u8>() {
        Ok(n) => (1..=12).contains(&n).then_some(n),
        Err(_) => HOURS.iter().position(|list| listed(list, word)).and_then(|n| u8::try_from(n + 1).ok()),
    }
}

/// "Saadhe chaar", "सवा पाँच", "paune chhe", "half past four", "half four", "seis y media", "chaar baje".
fn in_words(said: &[String], at: usize) -> Option<(Vec<String>, usize)> {
    let word = |n: usize| said.get(at + n).map_or("", String::as_str);
    let is = |n: usize, list: &'static str| listed(list, word(n));
    let baje = |n: usize| usize::from(is(n, "baje bje बजे oclock"));
    let write = |minutes: u16| -> Vec<String> {
        let of = |minutes: u16| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        vec![of(minutes), of(minutes + 12 * 60)]
    };
    let time = |hour: u8, minutes: i16| write((i16::from(hour) * 60 + minutes).unsigned_abs() % (12 * 60));
    if is(0, "saadhe sadhe sade saade साढ़े साढे") {
        return hour(word(1)).map(|h| (time(h, 30), 2 + baje(2)));
    }
    if is(0, "sava savaa सवा") {
        return hour(word(1)).map(|h| (time(h, 15), 2 + baje(2)));
    }
    if is(0, "paune pone paone पौने") {
        return hour(word(1)).map(|h| (time(h, -15), 2 + baje(2)));
    }
    if is(0, "dedh डेढ़ डेढ") && baje(1) == 1 {
        return Some((time(1, 30), 2));
    }
    if is(0, "dhai ढाई") && baje(1) == 1 {
        return Some((time(2, 30), 2));
    }
    if is(0, "half") {
        let past = usize::from(is(1, "past"));
        return hour(word(1 + past)).map(|h| (time(h, 30), 2 + past));
    }
    if is(0, "quarter") && is(1, "past to") {
        let minutes = if is(1, "past") { 15 } else { -15 };
        return hour(word(2)).map(|h| (time(h, minutes), 3));
    }
    let h = hour(word(0))?;
    if is(1, "y") && is(2, "media cuarto") {
        return Some((time(h, if is(2, "media") { 30 } else { 15 }), 3));
    }
    if is(1, "menos") && is(2, "cuarto") {
        return Some((time(h, -15), 3));
    }
    // Digits with their unit are read as they always were.
    let written = word(0).parse::<u8>().is_err();
    if written && is(1, "thirty") {
        return Some((time(h, 30), 2));
    }
    let las = at.checked_sub(1).is_some_and(|b| matches!(said[b].as_str(), "las" | "la"));
    // "La una y la otra" are no hours.
    let other = is(1, "y o") && !is(2, "media cuarto");
    (written && (baje(1) == 1 || (las && !other))).then(|| (time(h, 0), 1 + baje(1)))
}

fn both(hour: u8, write: impl Fn(u8) -> String) -> Vec<String> {
    if hour < 12 { vec![write(hour), write(hour + 12)] } else { vec![write(hour)] }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::fold::words;

    #[test]
    fn times_in_words() {
        for (text, wanted) in [
            ("साढ़े चार वाला", Some("16:30")),
            ("sadhe gyarah wala", Some("11:30")),
            ("sadhe 4 baje", Some("16:30")),
            ("सवा पाँच", Some("17:15")),
            ("paune chhe", Some("17:45")),
            ("half four", Some("16:30")),
            ("half past eleven", Some("11:30")),
            ("quarter to six", Some("17:45")),
            ("seis y media", Some("18:30")),
            ("11 y media", Some("11:30")),
            ("chaar baje", Some("16:00")),
            ("saadhe barah", Some("12:30")),
            ("dedh baje", Some("13:30")),
            ("do dijiye", None),
            ("half of it", None),
            ("una cita", None),
        ] {
            let (times, _) = read(&words(text), 0);
            match wanted {
                Some(time) => assert!(times.contains(&time.to_owned()), "{text}: {times:?}"),
                None => assert!(times.is_empty(), "{text}: {times:?}"),
            }
        }
        let (times, _) = read(&words("la primera no, la de la una"), 6);
        assert!(times.contains(&"13:00".to_owned()));
        assert!(read(&words("la una y la otra"), 1).0.is_empty());
    }
}
