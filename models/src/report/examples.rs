//! The examples that went worst, for reading.

use super::{
    Input, Span,
    figures::{Row, View},
    labels::{count, language, round},
};
use crate::eval::THRESHOLD;
use maud::{Markup, html};

/// How many are shown at once, and behind "more".
const SHOWN: usize = 12;
const MORE: usize = 200;

/// Wrong intents that customers would have got an answer for, surest first.
pub fn wrong(input: &Input, view: &View<'_>) -> Markup {
    let mut rows: Vec<&Row<'_>> =
        view.rows.iter().filter(|r| !r.right() && r.probability() >= THRESHOLD).collect();
    rows.sort_by(|a, b| b.probability().total_cmp(&a.probability()));
    let others = |row: &Row<'_>| -> Vec<String> {
        let rest = row.reading.ranking.iter().skip(1).filter(|r| r.1 >= 0.005);
        rest.map(|&(intent, p)| format!("{} {}", input.intent(intent), round(f64::from(p)))).collect()
    };
    let one = |row: &Row<'_>| {
        html! {
            li {
                p.quote lang=(row.message.lang) dir="auto" { (row.message.text) }
                p.verdict {
                    "read as " b.miss { (input.intent(row.reading.intent().unwrap_or(usize::MAX))) } " with "
                    b { (round(f64::from(row.probability()))) } ", should be " b.hit { (input.intent(row.message.intent)) }
                    (place(row))
                }
                @let others = others(row);
                @if !others.is_empty() { p.note { "then: " (others.join(", ")) } }
            }
        }
    };
    html! {
        p {
            (count(rows.len())) " messages were read wrongly with a probability of at least " (format!("{THRESHOLD:.2}"))
            ". Often the example stands under the wrong intent, or two intents mean the same to a customer: mend the example,
            or tell the intents apart. Otherwise add examples like it."
        }
        (listed(&rows, one))
    }
}

/// Messages in which values were read wrongly, surest first.
pub fn spans(input: &Input, view: &View<'_>) -> Markup {
    let mut rows: Vec<&Row<'_>> = view.rows.iter().filter(|r| !r.spans_right()).collect();
    rows.sort_by(|a, b| b.reading.tag_confidence.total_cmp(&a.reading.tag_confidence));
    let one = |row: &Row<'_>| {
        let (gold, found) = (&row.message.spans, &row.reading.spans);
        html! {
            li {
                p.quote lang=(row.message.lang) dir="auto" { small { "marked " } (marked(input, &row.message.text, gold, found, "hit")) }
                p.quote lang=(row.message.lang) dir="auto" { small { "found " } (marked(input, &row.message.text, found, gold, "miss")) }
                p.verdict { "sure to " (round(f64::from(row.reading.tag_confidence))) (place(row)) }
            }
        }
    };
    html! {
        p {
            "In " (count(rows.len())) " messages the values found are not the values marked. The surest come first: often a
            mark is missing, or reaches too far."
        }
        (listed(&rows, one))
    }
}

fn place(row: &Row<'_>) -> Markup {
    html! {
        span.place {
            (language(&row.message.lang))
            @if !row.message.place.is_empty() { " · " code { (row.message.place) } }
        }
    }
}

fn listed(rows: &[&Row<'_>], one: impl Fn(&Row<'_>) -> Markup) -> Markup {
    let (shown, more) = rows.split_at(rows.len().min(SHOWN));
    let more = &more[..more.len().min(MORE)];
    html! {
        @if !shown.is_empty() { ol.examples { @for row in shown { (one(row)) } } }
        @if !more.is_empty() {
            details {
                summary { (more.len()) " more" @if rows.len() > SHOWN + MORE { " of " (count(rows.len() - SHOWN)) } }
                ol.examples start=(SHOWN + 1) { @for row in more { (one(row)) } }
            }
        }
    }
}

/// A text with its spans marked; those that `other` does not have are marked as `kind`. A span that overlaps an earlier
/// one or lies outside the text is left out.
fn marked(input: &Input, text: &str, spans: &[Span], other: &[Span], kind: &str) -> Markup {
    let mut spans: Vec<&Span> = spans.iter().collect();
    spans.sort_by_key(|s| (s.1, s.2));
    let slice = |start: usize, end: usize| crate::data::slice(text, start, end);
    let length = text.chars().count();
    let (mut at, mut out) = (0usize, Vec::new());
    for span in spans.into_iter().filter(|s| s.1 < s.2 && s.2 <= length) {
        if span.1 < at {
            continue;
        }
        out.push(html! {
            (slice(at, span.1))
            mark.(if other.contains(span) { "same" } else { kind }) { (slice(span.1, span.2)) small { (input.entity(span.0)) } }
        });
        at = span.2;
    }
    html! { @for part in &out { (part) } (slice(at, length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_drawn_once_and_escaped() {
        let input = Input { entities: vec!["<e>".into()], ..Input::default() };
        let spans = [(0, 4, 6), (0, 0, 2), (0, 1, 5), (0, 5, 99), (0, 3, 3)];
        let drawn = marked(&input, "a<b d&", &spans, &[(0, 0, 2)], "miss").into_string();
        assert_eq!(
            drawn,
            "<mark class=\"same\">a&lt;<small>&lt;e&gt;</small></mark>b \
             <mark class=\"miss\">d&amp;<small>&lt;e&gt;</small></mark>"
        );
    }
}
