//! "After" and "before" beside a time of day: an entity's span is the time alone ("saturday after [5 pm]"), what stands beside it says
//! from when or until when.

use super::scan::key;

/// What stands before a time, as [`key`] spells it. Longer ones first where one ends another.
const BEFORE: [&str; 20] = [
    "anytime after",
    "despues de las",
    "despues de la",
    "despues de",
    "a partir de las",
    "a partir de la",
    "a partir de",
    "antes de las",
    "antes de la",
    "antes de",
    "hasta las",
    "hasta la",
    "hasta",
    "desde las",
    "desde la",
    "after",
    "before",
    "until",
    "till",
    "past",
];
/// What stands behind it, spelt likewise.
const BEHIND: [&str; 18] = [
    "onwards",
    "onward",
    "or later",
    "en adelante",
    "ke baad",
    "k baad",
    "ke bad",
    "k bad",
    "baad",
    "se pehle",
    "se pahle",
    "se phle",
    "tak",
    "tk",
    "के बाद",
    "से पहले",
    "तक",
    "बाद",
];
/// What stands for a sign between words: what it parts does not belong together ("no, before 5 pm").
const STOP: &str = ",";
/// Before "before 4": not then, but later.
const NOT: [&str; 4] = ["not", "no", "isnt", "never"];

/// The time at a place of a text (characters, end exclusive) with the bound that stands beside it, as one phrase that
/// [`super::when::time`] reads; `None` without one. "Half past 4" is a time of its own and has "past" inside its span.
pub(super) fn beside(text: &str, start: usize, end: usize) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let letter = |c: char| c.is_alphanumeric() || ('\u{0900}'..='\u{097F}').contains(&c) || c == '\'';
    let words = |part: &[char]| -> Vec<String> {
        part.chunk_by(|a, b| letter(*a) == letter(*b))
            .filter_map(|run| match run.iter().any(|c| !c.is_whitespace() || *c == '\n') {
                true if letter(run[0]) => Some(key(&run.iter().collect::<String>())),
                true => Some(STOP.to_owned()),
                false => None,
            })
            .filter(|w| !w.is_empty())
            .collect()
    };
    let time: String = chars.get(start..end)?.iter().collect();
    let (mut ahead, mut behind) = (words(&chars[..start]), words(chars.get(end..)?));
    behind.retain(|w| w != STOP);
    while ahead.last().is_some_and(|w| w == STOP) {
        ahead.pop();
    }
    let is = |words: Option<&[String]>, phrase: &str| {
        words.is_some_and(|words| words.iter().map(String::as_str).eq(phrase.split(' ')))
    };
    let begin = |phrase: &str| ahead.len().checked_sub(phrase.split(' ').count());
    if let Some(phrase) = BEFORE.iter().find(|p| is(begin(p).map(|at| &ahead[at..]), p)) {
        let rest = &ahead[..begin(phrase).unwrap_or(0)];
        let denied = rest.last().is_some_and(|w| NOT.contains(&w.as_str()));
        return match (denied, *phrase) {
            (false, phrase) => Some(format!("{} {time}", phrase.replace("anytime ", ""))),
            (true, "before") => Some(format!("after {time}")),
            (true, "antes de las" | "antes de la" | "antes de") => {
                Some(format!("{} {time}", phrase.replace("antes", "despues")))
            }
            _ => None,
        };
    }
    let phrase = BEHIND.iter().find(|p| is(behind.get(..p.split(' ').count()), p))?;
    Some(format!("{time} {phrase}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_time_bounds_it() {
        let of = |text: &str, time: &str| {
            let start = text[..text.find(time).unwrap()].chars().count();
            beside(text, start, start + time.chars().count())
        };
        for (text, time, phrase) in [
            ("wed after 4", "4", Some("after 4")),
            ("not before 5 pm please", "5 pm", Some("after 5 pm")),
            ("4 baje ke baad chalega", "4 baje", Some("4 baje ke baad")),
            ("मंगलवार 5 बजे के बाद", "5 बजे", Some("5 बजे के बाद")),
            ("el martes después de las 5", "5", Some("despues de las 5")),
            ("antes de las 12, por favor", "12", Some("antes de las 12")),
            ("no antes de las 12", "12", Some("despues de las 12")),
            ("no, before 5 pm", "5 pm", Some("before 5 pm")),
            ("no, antes de las 5", "5", Some("antes de las 5")),
            ("no\nbefore 5 pm", "5 pm", Some("before 5 pm")),
            ("5 pm onwards", "5 pm", Some("5 pm onwards")),
            ("tomorrow at 5", "5", None),
            ("5 baje, baad me bataunga", "5 baje", Some("5 baje baad")),
        ] {
            assert_eq!(of(text, time).as_deref(), phrase, "{text}");
        }
    }
}
