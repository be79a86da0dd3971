//! Rasa's entity markup: `[text](entity)`, `[text](entity:value)` and `[text]{"entity": "…", "value": "…"}`.

use super::Span;
use serde::Deserialize;

/// Why markup was not understood; the place is a character of the marked-up text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ill {
    /// 0-based character.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

#[derive(Deserialize)]
struct Braces {
    entity: String,
    #[serde(default)]
    value: Option<String>,
}

/// Takes the markup out of a line.
///
/// A bracket that no `(` or `{` follows is text, as in Rasa.
///
/// # Errors
/// [`Ill`] for nested or empty brackets and for braces that are not an object with `entity`.
pub fn parse(line: &str) -> Result<(String, Vec<Span>), Ill> {
    let chars: Vec<char> = line.chars().collect();
    let (mut text, mut spans, mut len, mut i) = (String::new(), Vec::new(), 0usize, 0usize);
    while i < chars.len() {
        if chars[i] == '['
            && let Some(close) = closing(&chars, i + 1, ']')
            && let Some(open @ ('(' | '{')) = chars.get(close + 1).copied()
        {
            let what = |what: String| Ill { at: i, what };
            let inner = &chars[i + 1..close];
            if inner.contains(&'[') {
                return Err(what("a marked span inside another".into()));
            }
            if inner.iter().all(|c| c.is_whitespace()) {
                return Err(what("an empty span".into()));
            }
            let close_char = if open == '(' { ')' } else { '}' };
            let end = closing(&chars, close + 2, close_char)
                .ok_or_else(|| what(format!("`{open}` without `{close_char}`")))?;
            let (entity, value) = label(&chars, open, close + 1, end).map_err(what)?;
            // Markup may take a blank in by mistake; spans never begin or end with one.
            let lead = inner.iter().take_while(|c| c.is_whitespace()).count();
            let tail = inner.iter().rev().take_while(|c| c.is_whitespace()).count();
            let covered: String = inner[lead..inner.len() - tail].iter().collect();
            spans.push(Span {
                entity,
                start: len + lead,
                end: len + inner.len() - tail,
                value: value.unwrap_or(covered),
            });
            text.extend(inner);
            len += inner.len();
            i = end + 1;
        } else {
            text.push(chars[i]);
            len += 1;
            i += 1;
        }
    }
    Ok((text, spans))
}

fn closing(chars: &[char], from: usize, close: char) -> Option<usize> {
    (from..chars.len()).find(|&i| chars[i] == close)
}

fn label(chars: &[char], open: char, from: usize, to: usize) -> Result<(String, Option<String>), String> {
    if open == '{' {
        let object: String = chars[from..=to].iter().collect();
        let braces: Braces = serde_json::from_str(&object)
            .map_err(|e| format!("`{object}` is not an object with `entity`: {e}"))?;
        return Ok((braces.entity, braces.value));
    }
    let inside: String = chars[from + 1..to].iter().collect();
    let (entity, value) = match inside.split_once(':') {
        Some((entity, value)) => (entity.trim(), Some(value.trim().to_owned())),
        None => (inside.trim(), None),
    };
    if entity.is_empty() || !entity.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        return Err(format!("`{entity}` is no entity name"));
    }
    Ok((entity.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_and_plain_brackets() {
        let (text, spans) =
            parse(r#"is [Galaxy S24](product) in [काला]{"entity": "color", "value": "black"} [ok]?"#)
                .unwrap();
        assert_eq!(text, "is Galaxy S24 in काला [ok]?");
        assert_eq!(
            spans[0],
            Span { entity: "product".into(), start: 3, end: 13, value: "Galaxy S24".into() }
        );
        assert_eq!((spans[1].start, spans[1].end, spans[1].value.as_str()), (17, 21, "black"));
        assert_eq!(parse("#[A1B2](order_id)").unwrap().1[0].start, 1);
        assert_eq!(parse("[kala](color:black)").unwrap().1[0].value, "black");
    }

    #[test]
    fn ill_formed_is_refused_with_its_place() {
        assert_eq!(parse("a [b](").unwrap_err().at, 2);
        assert!(parse("[x [y](z)").is_err());
        assert!(parse("[ ](color)").is_err());
        assert!(parse("[x](two words)").is_err());
        assert!(parse(r#"[x]{"value": "y"}"#).is_err());
    }
}
