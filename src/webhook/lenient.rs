//! Reading JSON that may be strange: a field of an unexpected shape counts as absent and spoils nothing beside it.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A field, or `None` if it has another shape than `T`.
pub(super) fn soft<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&'de RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A text that may have been sent as a number (ids are, at times). Empty counts as absent: some payloads blank a phone
/// number out instead of leaving it away.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let raw = <&'de RawValue>::deserialize(from)?;
    Ok(text_of(raw))
}

fn text_of(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok().filter(|text| !text.is_empty()),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// A whole number that may have been sent as text (Meta's timestamps and quantities are).
pub(super) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let raw = <&'de RawValue>::deserialize(from)?;
    Ok(text_of(raw).and_then(|text| text.trim().parse().ok()))
}

/// A number that may have been sent as text; finite.
pub(super) fn float<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let raw = <&'de RawValue>::deserialize(from)?;
    Ok(text_of(raw).and_then(|text| text.trim().parse().ok()).filter(|number: &f64| number.is_finite()))
}

/// The elements of what should be an array: `Ok` of none if absent, `Err` of the raw text if it is something else.
pub(super) fn elements(raw: Option<&RawValue>) -> Result<Vec<&RawValue>, &RawValue> {
    match raw {
        None => Ok(Vec::new()),
        Some(raw) => serde_json::from_str(raw.get()).map_err(|_| raw),
    }
}

/// Replaces UTF-16 surrogates without a partner (`"\ud83d"`) by U+FFFD. Texts cut in the middle of an emoji carry them;
/// `serde_json` rightly refuses such a string, which would cost a whole message for half an emoji.
pub(super) fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    const REPLACEMENT: &str = "\\ufffd";
    let bytes = json.as_bytes();
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    // What lies before `kept` has been copied.
    let (mut at, mut kept) = (0, 0);
    while let Some(step) = json[at..].find('\\') {
        at += step;
        match unit(bytes, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                out.push_str(&json[kept..at]);
                out.push_str(REPLACEMENT);
                at += 6;
                kept = at;
            }
            Some(_) => at += 6,
            // Another escape: its second character is one ASCII byte in valid JSON; anything else is left to the parser.
            None => at += 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    out.push_str(&json[kept..]);
    Cow::Owned(out)
}

/// The UTF-16 unit of the `\uXXXX` escape at `at`, if there is one.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    if &escape[..2] != b"\\u" || !escape[2..].iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample<'a> {
        #[serde(deserialize_with = "text")]
        id: Option<String>,
        #[serde(deserialize_with = "int")]
        at: Option<i64>,
        #[serde(deserialize_with = "float")]
        latitude: Option<f64>,
        #[serde(deserialize_with = "soft")]
        flag: Option<bool>,
        #[serde(borrow)]
        rest: Option<&'a RawValue>,
    }

    #[test]
    fn strange_fields_count_as_absent_and_spoil_nothing() {
        let sample: Sample = serde_json::from_str(
            r#"{"id":{"a":1},"at":"17","latitude":"-4.5","flag":"yes","rest":{"b":[1]},"more":null}"#,
        )
        .unwrap();
        assert_eq!((sample.id, sample.at, sample.latitude, sample.flag), (None, Some(17), Some(-4.5), None));
        assert!(elements(sample.rest).is_err());
        let sample: Sample =
            serde_json::from_str(r#"{"id":42,"at":18,"latitude":true,"rest":null}"#).unwrap();
        assert_eq!((sample.id.as_deref(), sample.at, sample.latitude), (Some("42"), Some(18), None));
        assert!(elements(sample.rest).unwrap().is_empty());
        let sample: Sample = serde_json::from_str(r#"{"id":"","latitude":"NaN"}"#).unwrap();
        assert_eq!((sample.id, sample.latitude), (None, None));
    }

    #[test]
    fn half_an_emoji_does_not_cost_the_text() {
        let cases = [
            (r#""a \ud83d b""#, "a \u{fffd} b"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\\ud83d \uD83D""#, "\\ud83d \u{fffd}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
        ];
        for (json, expected) in cases {
            let text: String = serde_json::from_str(&without_lone_surrogates(json)).unwrap();
            assert_eq!(text, expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn valid_json_keeps_its_meaning(text in any::<String>()) {
            // Every character as an escape, so that each pair of surrogates is seen.
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            for json in [format!("\"{escaped}\""), serde_json::to_string(&text).unwrap()] {
                let read: String = serde_json::from_str(&without_lone_surrogates(&json)).unwrap();
                prop_assert_eq!(&read, &text);
            }
        }

        #[test]
        fn nothing_makes_it_panic(json in r#"(\\\\|\\u[dD][0-9a-f]{3}|\\u|\\|é|[a-f0-9"])*"#) {
            let _ = without_lone_surrogates(&json);
        }
    }
}
