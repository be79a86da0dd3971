//! Filters of templates: money, numbers and dates as the customer's country and language write them.

use crate::payload;
use crate::wording::address;
use minijinja::{Environment, State, value::Value};

/// Installs all filters.
pub(crate) fn install(env: &mut Environment<'static>) {
    env.add_filter("money", money);
    env.add_filter("number", number);
    env.add_filter("date", date);
    env.add_filter("clock", clock);
    env.add_filter("truncate", |text: Value, n: usize| cut(&plain(&text), n));
    env.add_filter("lang", lang);
    env.add_filter("segment", |value: Value| segment(&plain(&value)));
    env.add_filter("address", |text: Value| address::told(&plain(&text)).map(|told| told.address));
    env.add_filter("quote", |value: Value| payload::quote(&plain(&value)));
}

fn plain(value: &Value) -> String {
    if value.is_none() || value.is_undefined() { String::new() } else { value.to_string() }
}

/// A path segment, percent-encoded (RFC 3986: unreserved characters stay).
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn context(state: &State, key: &str) -> String {
    state.lookup("context").and_then(|c| c.get_attr(key).ok()).map(|v| plain(&v)).unwrap_or_default()
}

/// Cuts to at most `limit` characters, the last of which is `…` if anything was cut. Trailing blanks before it go.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    if limit > 0 {
        out.push('…');
    }
    out
}

/// As [`cut`], but between two words where that leaves at least half: a name cut in the middle of a word reads like another.
pub(crate) fn cut_words(text: &str, limit: usize) -> String {
    let short = cut(text, limit);
    let Some(kept) = short.strip_suffix('…').filter(|_| short.chars().count() <= limit && short != text)
    else {
        return short;
    };
    let whole = text[kept.len()..].starts_with(char::is_whitespace);
    match kept.rfind(char::is_whitespace) {
        Some(at) if !whole && kept[..at].chars().count() * 2 >= limit => {
            format!(
                "{}…",
                kept[..at]
                    .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '·' | ','))
            )
        }
        _ => short,
    }
}

/// The entry of a `{en: …, es: …}` map in the conversation's language.
fn lang(state: &State, value: Value) -> Value {
    if value.kind() != minijinja::value::ValueKind::Map {
        return value;
    }
    let language = context(state, "language");
    for key in [language.as_str(), "en"] {
        if let Ok(found) = value.get_attr(key)
            && !found.is_undefined()
            && !found.is_none()
        {
            return found;
        }
    }
    let first = value.try_iter().ok().and_then(|mut keys| keys.next());
    first.and_then(|k| value.get_item(&k).ok()).unwrap_or_default()
}

fn as_number(value: &Value) -> Option<f64> {
    f64::try_from(value.clone()).ok().or_else(|| value.as_str().and_then(|s| s.trim().parse().ok()))
}

fn number(state: &State, value: Value) -> String {
    match as_number(&value) {
        Some(n) => {
            let decimals = if n.fract().abs() < 1e-9 { 0 } else { 2 };
            grouped(n, decimals, &context(state, "country"))
        }
        None => plain(&value),
    }
}

/// `{amount, currency}` or a number in the business number's currency.
fn money(state: &State, value: Value) -> String {
    let amount = value.get_attr("amount").ok().filter(|v| !v.is_undefined()).unwrap_or_else(|| value.clone());
    let Some(amount) = as_number(&amount) else { return plain(&value) };
    let currency = value
        .get_attr("currency")
        .ok()
        .map(|v| plain(&v))
        .filter(|c| !c.is_empty())
        .unwrap_or_else(|| context(state, "currency"));
    format_money(amount, &currency)
}

/// Rupees in lakh groups without paise where there are none, euros after the amount with a comma, dollars and pesos before it.
pub(crate) fn format_money(amount: f64, currency: &str) -> String {
    let whole = amount.fract().abs() < 1e-9;
    match currency {
        "INR" => format!("₹{}", grouped(amount, if whole { 0 } else { 2 }, "IN")),
        "EUR" => format!("{} €", grouped(amount, 2, "ES")),
        "MXN" | "USD" => format!("${}", grouped(amount, 2, "MX")),
        "GBP" => format!("£{}", grouped(amount, 2, "GB")),
        "" => grouped(amount, if whole { 0 } else { 2 }, "IN"),
        other => format!("{other} {}", grouped(amount, 2, "GB")),
    }
}

fn grouped(n: f64, decimals: usize, country: &str) -> String {
    let text = format!("{:.*}", decimals, n.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (group, point) = if country == "ES" { (".", ",") } else { (",", ".") };
    let digits: Vec<char> = whole.chars().rev().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < digits.len() {
        // Indian grouping: three digits, then pairs.
        let size = if country == "IN" && at > 0 { 2 } else { 3 };
        let end = (at + size).min(digits.len());
        out.push(digits[at..end].iter().rev().collect());
        at = end;
    }
    out.reverse();
    let sign = if n < 0.0 { "-" } else { "" };
    let whole = out.join(group);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{fraction}") }
}

const MONTHS: [(&str, [&str; 12]); 3] = [
    (
        "en",
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    ),
    (
        "es",
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
    ),
    ("hi", ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"]),
];
const DAYS: [(&str, [&str; 7]); 4] = [
    ("en", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
    ("es", ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]),
    ("hi", ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"]),
    ("hi-Latn", ["Somvaar", "Mangalvaar", "Budhvaar", "Guruvaar", "Shukravaar", "Shanivaar", "Ravivaar"]),
];

/// A time of day as the language says it: `18:00` → `शाम 6 बजे`, `shaam 6 baje`; the others write it as it is.
fn clock(state: &State, value: Value) -> String {
    let text = plain(&value);
    spoken(&text, &context(state, "language")).unwrap_or(text)
}

fn spoken(text: &str, language: &str) -> Option<String> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
    let part = match hour {
        4..12 => 0,
        12..16 => 1,
        16..20 => 2,
        _ => 3,
    };
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let time = if minute == 0 { twelve.to_string() } else { format!("{twelve}:{minute:02}") };
    match language {
        "hi" => Some(format!("{} {time} बजे", ["सुबह", "दोपहर", "शाम", "रात"][part])),
        "hi-Latn" => Some(format!("{} {time} baje", ["subah", "dopahar", "shaam", "raat"][part])),
        _ => None,
    }
}

fn date(state: &State, value: Value, style: Option<String>) -> String {
    let text = plain(&value);
    let language = context(state, "language");
    let found = match style.as_deref() {
        Some("short") => short_date(&text, &language),
        style => format_date(&text, &language, style == Some("long")),
    };
    found.unwrap_or(text)
}

/// Weekday, day and month, each as short as the language has them: `Sun 22 Nov`, `dom 22 nov`, `रवि 22 नवंबर`, `Ravi 22 Nov`.
fn short_date(text: &str, language: &str) -> Option<String> {
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    let days = DAYS.iter().find(|(l, _)| *l == language).unwrap_or(&DAYS[0]).1;
    let weekday = days[date.weekday().to_monday_zero_offset() as usize];
    let weekday = match language {
        "hi" => weekday.trim_end_matches("वार").to_owned(),
        "hi-Latn" => weekday.trim_end_matches("vaar").to_owned(),
        _ => weekday.chars().take(3).collect(),
    };
    Some(format!("{weekday} {}", format_date(text, language, false)?))
}

/// An ISO date (or the date of an ISO instant) in words, both ends of an interval of two dates; nothing for what is no date.
pub(crate) fn format_date(text: &str, language: &str, long: bool) -> Option<String> {
    if let Some((from, to)) = text.split_once('/') {
        let (from, to) = (format_date(from, language, long)?, format_date(to, language, long)?);
        return Some(format!("{from} – {to}"));
    }
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    let months = match language {
        "es" => MONTHS[1].1,
        "hi" => MONTHS[2].1,
        _ => MONTHS[0].1,
    };
    let month = months[(date.month() - 1) as usize];
    let day = date.day();
    if !long {
        // Hindi months are short already, and cutting Devanagari by characters would break syllables.
        let month = if language == "hi" { month.to_owned() } else { month.chars().take(3).collect() };
        return Some(format!("{day} {month}"));
    }
    let days = DAYS.iter().find(|(l, _)| *l == language).unwrap_or(&DAYS[0]).1;
    let weekday = days[date.weekday().to_monday_zero_offset() as usize];
    Some(match language {
        "es" => format!("{weekday} {day} de {month}"),
        _ => format!("{weekday}, {day} {month}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_country_does() {
        assert_eq!(format_money(12999.0, "INR"), "₹12,999");
        assert_eq!(format_money(1234567.5, "INR"), "₹12,34,567.50");
        assert_eq!(format_money(1299.0, "EUR"), "1.299,00 €");
        assert_eq!(format_money(12999.0, "MXN"), "$12,999.00");
        assert_eq!(format_money(-5.0, "INR"), "₹-5");
    }

    #[test]
    fn times_as_the_language_says_them() {
        assert_eq!(spoken("18:00", "hi").unwrap(), "शाम 6 बजे");
        assert_eq!(spoken("11:30", "hi-Latn").unwrap(), "subah 11:30 baje");
        assert_eq!(spoken("13:00", "hi-Latn").unwrap(), "dopahar 1 baje");
        assert_eq!(spoken("18:00", "en"), None);
        assert_eq!(spoken("evening", "hi"), None);
    }

    #[test]
    fn dates_in_words() {
        assert_eq!(format_date("2026-11-24", "en", false).unwrap(), "24 Nov");
        assert_eq!(format_date("2026-11-24T10:00:00Z", "es", true).unwrap(), "martes 24 de noviembre");
        assert_eq!(format_date("2026-11-24", "hi", false).unwrap(), "24 नवंबर");
        assert_eq!(format_date("2026-11-24", "hi-Latn", true).unwrap(), "Mangalvaar, 24 November");
        assert_eq!(format_date("kal", "en", false), None);
        let short = |language| short_date("2026-11-22", language).unwrap();
        assert_eq!(
            ["en", "es", "hi", "hi-Latn"].map(short),
            ["Sun 22 Nov", "dom 22 nov", "रवि 22 नवंबर", "Ravi 22 Nov"]
        );
        assert_eq!(format_date("2026-11-28/2026-11-29", "en", false).unwrap(), "28 Nov – 29 Nov");
        assert_eq!(format_date("2026-11-28/soon", "en", false), None);
    }

    #[test]
    fn cutting_respects_characters() {
        assert_eq!(cut("नमस्ते दुनिया", 5), "नमस्…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("a longer text", 9), "a longer…");
        assert_eq!(cut_words("Prestige Deluxe VS Mixer Grinder", 24), "Prestige Deluxe VS…");
        assert_eq!(cut_words("Handloomcottonsareeforsale", 24), cut("Handloomcottonsareeforsale", 24));
        assert_eq!(cut_words("OnePlus SuperVOOC 100W Charger", 24), "OnePlus SuperVOOC 100W…");
        assert_eq!(cut_words("short", 24), "short");
    }
}
