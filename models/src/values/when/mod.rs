//! Dates and times as customers write them, in ISO 8601, relative to a given moment of the shop's civil time.
//!
//! What is not clear is read as a shop reads it: a day or hour that may lie before or after now lies ahead (`kal` is
//! tomorrow, `parso` in two days, `Friday` the next one), `25/11` has the day first wherever it can, and an hour without
//! morning or evening is one of the shop's (1–7 after noon). What is no date, or not a complete one, is left as text.

mod days;
mod lexicon;
mod single;
mod times;
mod words;

pub use days::{Days, date};
pub use lexicon::{Part, Sense, Unit};
pub use times::{Hours, time};

use super::scan::{Piece, scan};
use lexicon::LONGEST;

/// A word's meaning, or figures that mean something only in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Sense(Sense),
    Clock(u16, u16),
    Pair(u16, u16, char),
    Triple(u16, u16, u16),
    Dash,
}

/// Reads a text word by word; `None` if one of them has no meaning here.
fn tokens(text: &str, language: &str) -> Option<Vec<Token>> {
    let pieces = scan(text)?;
    let spelt: Vec<Option<String>> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Word(word) => Some(word.clone()),
            Piece::Number(n) => Some(n.to_string()),
            _ => None,
        })
        .collect();
    let mut out: Vec<Token> = Vec::new();
    // Whether the last token is a number in words: "twenty" waits for "five".
    let mut worded = false;
    let mut at = 0;
    while at < pieces.len() {
        if let Some((length, senses)) = phrase(&spelt[at..], language) {
            out.extend(senses.iter().copied().map(Token::Sense));
            worded = matches!(senses, [Sense::Number(_)]);
            at += length;
            continue;
        }
        let before = std::mem::take(&mut worded);
        match &pieces[at] {
            Piece::Word(word) => match lexicon::number(word) {
                Some(n) => {
                    compose(&mut out, n, before);
                    worded = true;
                }
                None => out.push(Token::Sense(lexicon::nearest(word, language)?)),
            },
            Piece::Number(n) => out.push(Token::Sense(Sense::Number(*n))),
            Piece::Clock(h, m) => out.push(Token::Clock(*h, *m)),
            Piece::Pair(a, b, sign) => out.push(Token::Pair(*a, *b, *sign)),
            Piece::Triple(a, b, c) => out.push(Token::Triple(*a, *b, *c)),
            Piece::Dash => out.push(Token::Dash),
        }
        // "treinta y cinco": the number goes on after its "and".
        worded |= before && out.last() == Some(&Token::Sense(Sense::And));
        at += 1;
    }
    out.retain(|token| *token != Token::Sense(Sense::Skip));
    // `sat baje` is seven o'clock, though "sat" alone is Saturday.
    for i in 1..out.len() {
        if out[i] == Token::Sense(Sense::Clock) && out[i - 1] == Token::Sense(Sense::Weekday(5)) {
            out[i - 1] = Token::Sense(Sense::Number(7));
        }
    }
    Some(out)
}

/// The longest phrase that begins here, with its number of pieces.
fn phrase(spelt: &[Option<String>], language: &str) -> Option<(usize, &'static [Sense])> {
    let words: Vec<&str> = spelt.iter().take(LONGEST).map_while(|w| w.as_deref()).collect();
    (1..=words.len()).rev().find_map(|length| {
        let senses = lexicon::senses(&words[..length].join(" "), language)?;
        Some((length, senses))
    })
}

/// Adds a number in words, to the tens before it where it can: twenty + five.
fn compose(out: &mut Vec<Token>, n: u16, after_number: bool) {
    let tens = |token: Option<&Token>| match token {
        Some(Token::Sense(Sense::Number(tens))) if tens % 10 == 0 && (20..100).contains(tens) => Some(*tens),
        _ => None,
    };
    if after_number && (1..10).contains(&n) {
        let and = usize::from(out.last() == Some(&Token::Sense(Sense::And)));
        if let Some(tens) = tens(out.len().checked_sub(1 + and).and_then(|i| out.get(i))) {
            out.truncate(out.len() - 1 - and);
            out.push(Token::Sense(Sense::Number(tens + n)));
            return;
        }
    }
    out.push(Token::Sense(Sense::Number(n)));
}

/// Whether a token says something by itself.
fn content(token: &Token) -> bool {
    use Sense::{ALas, After, And, Before, Between, Clock, DayOfMonth, From, In, Or, To, Until, Within};
    !matches!(
        token,
        Token::Dash
            | Token::Sense(
                From | To
                    | ALas
                    | Between
                    | Until
                    | Before
                    | Within
                    | In
                    | After
                    | And
                    | Or
                    | Clock
                    | DayOfMonth
            )
    )
}

/// Cuts a range at the word or dash between its ends; `either` cuts at "and" and "or" too.
fn halves(tokens: &[Token], either: bool) -> Option<(&[Token], &[Token])> {
    use Sense::{ALas, And, Between, From, Or, To, Until};
    let between = tokens.contains(&Token::Sense(Between));
    let ranks: [&[Token]; 6] = [
        &[Token::Sense(To)],
        &[Token::Dash],
        &[Token::Sense(ALas)],
        &[Token::Sense(Until)],
        &[Token::Sense(From)],
        if between || either { &[Token::Sense(And), Token::Sense(Or)] } else { &[] },
    ];
    ranks.iter().find_map(|rank| {
        let at = (0..tokens.len()).find(|&i| {
            rank.contains(&tokens[i])
                && tokens[..i].iter().any(content)
                && tokens[i + 1..].iter().any(content)
        })?;
        Some((&tokens[..at], &tokens[at + 1..]))
    })
}
