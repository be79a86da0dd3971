//! Words of a condition, each with its place.

use super::ConditionError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 13] = ["==", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "(", ")", "[", "]"];

/// Tokens with the 1-based character at which each begins.
pub(super) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, ConditionError> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        let c = chars[i];
        if c.is_whitespace() {
            i += 1;
        } else if c == ',' {
            out.push((start + 1, Token::Symbol(",")));
            i += 1;
        } else if c == '"' || c == '\'' {
            let mut text = String::new();
            i += 1;
            loop {
                match chars.get(i) {
                    None => {
                        return Err(ConditionError {
                            at: start + 1,
                            message: "this text is not closed".into(),
                        });
                    }
                    Some(&q) if q == c => break,
                    // Only the closing quote is escaped, so that regular expressions stay as written.
                    Some('\\') if chars.get(i + 1) == Some(&c) => {
                        text.push(c);
                        i += 2;
                    }
                    Some(&other) => {
                        text.push(other);
                        i += 1;
                    }
                }
            }
            i += 1;
            out.push((start + 1, Token::Text(text)));
        } else if c.is_ascii_digit() || (c == '-' && chars.get(i + 1).is_some_and(char::is_ascii_digit)) {
            i += 1;
            while chars.get(i).is_some_and(|c| c.is_ascii_digit() || *c == '.') {
                i += 1;
            }
            let text: String = chars[start..i].iter().collect();
            let number = text
                .parse()
                .map_err(|_| ConditionError { at: start + 1, message: format!("`{text}` is no number") })?;
            out.push((start + 1, Token::Number(number)));
        } else if c.is_alphabetic() || c == '_' {
            while chars.get(i).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
                i += 1;
            }
            out.push((start + 1, Token::Name(chars[start..i].iter().collect())));
        } else {
            let rest: String = chars[i..chars.len().min(i + 2)].iter().collect();
            let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) else {
                return Err(ConditionError { at: start + 1, message: format!("`{c}` means nothing here") });
            };
            i += symbol.len();
            out.push((start + 1, Token::Symbol(symbol)));
        }
    }
    Ok(out)
}
