//! A date's or time's text in pieces: words, numbers, and figures written together (`25/11`, `5:30`, `10-12`).

use crate::text::normalize::{Normalized, fold_word};
use unicode_normalization::char::is_combining_mark;

/// Longer texts are no dates or times.
const LONGEST: usize = 24;

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A word, as [`key`] spells it.
    Word(String),
    /// A number of at most four digits.
    Number(u16),
    /// Hours and minutes with a colon.
    Clock(u16, u16),
    /// Two numbers joined by `/`, `-` or `.`.
    Pair(u16, u16, char),
    /// Three numbers joined by the same sign.
    Triple(u16, u16, u16),
    /// A dash that stands alone.
    Dash,
}

/// A word as tables spell it: lower case, no Latin accents, no apostrophes, no nukta, candrabindu as anusvara.
pub fn key(word: &str) -> String {
    fold_word(word)
        .chars()
        .filter(|c| !matches!(c, '\u{93C}' | '\''))
        .map(|c| if c == '\u{901}' { '\u{902}' } else { c })
        .collect()
}

/// Splits; `None` for what is too long or has numbers of more than four digits.
pub fn scan(text: &str) -> Option<Vec<Piece>> {
    let normal = Normalized::new(text).text;
    let mut out = Vec::new();
    let mut rest = normal.as_str();
    while let Some(c) = rest.chars().next() {
        if out.len() >= LONGEST {
            return None;
        }
        if c.is_ascii_digit() {
            let end = figure_end(rest);
            figure(&rest[..end], &mut out)?;
            rest = &rest[end..];
        } else if letter(c) {
            let end = rest.find(|c: char| !letter(c) && c != '\'').unwrap_or(rest.len());
            out.push(Piece::Word(key(&rest[..end])));
            rest = &rest[end..];
        } else {
            match c {
                '-' | '~' => out.push(Piece::Dash),
                '&' | '+' => out.push(Piece::Word("&".into())),
                _ => {}
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(out)
}

fn letter(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

/// End of a run of digits and the signs between them.
fn figure_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let joins = matches!(bytes[end], b':' | b'.' | b'/' | b'-')
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !bytes[end].is_ascii_digit() && !joins {
            break;
        }
        end += 1;
    }
    end
}

fn figure(text: &str, out: &mut Vec<Piece>) -> Option<()> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    if parts.len() > 1 && !(parts.len() <= 3 && parts.iter().all(|p| plain(p))) {
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                out.push(Piece::Dash);
            }
            figure(part, out)?;
        }
        return Some(());
    }
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() <= 4);
    let sign = text.chars().find(|c| !c.is_ascii_digit());
    let parts: Vec<&str> = sign.map_or_else(|| vec![text], |sign| text.split(sign).collect());
    out.push(match (parts.as_slice(), sign) {
        ([one], _) => Piece::Number(number(one)?),
        ([hour, minute] | [hour, minute, _], Some(':')) => Piece::Clock(number(hour)?, number(minute)?),
        ([a, b], Some(sign)) => Piece::Pair(number(a)?, number(b)?, sign),
        ([a, b, c], Some(_)) => Piece::Triple(number(a)?, number(b)?, number(c)?),
        _ => return None,
    });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        let word = |w: &str| Piece::Word(w.into());
        assert_eq!(
            scan("25/11-27/11"),
            Some(vec![Piece::Pair(25, 11, '/'), Piece::Dash, Piece::Pair(27, 11, '/')])
        );
        assert_eq!(scan("10:00-12:30"), Some(vec![Piece::Clock(10, 0), Piece::Dash, Piece::Clock(12, 30)]));
        assert_eq!(scan("२५ नवंबर"), Some(vec![Piece::Number(25), word("नवंबर")]));
        assert_eq!(scan("5p.m."), Some(vec![Piece::Number(5), word("p"), word("m")]));
        assert_eq!(scan("o'clock"), Some(vec![word("oclock")]));
        assert_eq!(scan("2026-11-25"), Some(vec![Piece::Triple(2026, 11, 25)]));
        assert_eq!(scan("तारीख़"), Some(vec![word("तारीख")]));
        assert_eq!(scan("12345"), None);
        assert_eq!(scan("1.2.3.4"), None);
        assert_eq!(scan(""), Some(vec![]));
    }
}
