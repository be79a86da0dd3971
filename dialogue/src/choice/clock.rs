//! Days and times: as understanding has normalised them, and as they are written in options.

use serde_json::Value;

/// Whether an entity says when.
pub(super) fn is_when(entity: &str) -> bool {
    matches!(entity, "date" | "time")
}

/// Texts of a row that are days (`2026-11-27`, also of an instant) or times (`17:00`).
fn fields<'v>(entity: &str, row: &'v Value) -> Vec<&'v str> {
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

/// The times of day that a number with its unit may be, and how many words it takes: "5 pm" → 17:00, "11 baje" → 11:00 or
/// 23:00. No times: the word at this place is no time.
pub(super) fn read(said: &[String], at: usize) -> (Vec<String>, usize) {
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
        _ if before == "las" && glued.is_empty() => (both(hour, write), 1),
        _ if digits.contains(':') && glued.is_empty() => (both(hour, write), 1),
        _ => (vec![], 1),
    }
}

fn both(hour: u8, write: impl Fn(u8) -> String) -> Vec<String> {
    if hour < 12 { vec![write(hour), write(hour + 12)] } else { vec![write(hour)] }
}
