//! The parts of the page that go through intents and entities one by one.

use super::{
    Input,
    cells::{head, number, whole},
    figures::{Row, View, languages},
    labels::{language, percent, round},
    tables::{self, Confusion, Hits},
};
use maud::{Markup, html};

/// Pairs of intents that are listed.
const PAIRS: usize = 20;

/// The confusion matrix and its worst pairs, with an example each.
pub fn confusion(input: &Input, view: &View<'_>) -> Markup {
    let confusion = Confusion::of(&view.rows, input.intents.len());
    let pairs = confusion.pairs();
    let sample = |gold: usize, found: usize| {
        let of = view.rows.iter().filter(|r| r.message.intent == gold && r.reading.intent() == Some(found));
        of.max_by(|a, b| a.probability().total_cmp(&b.probability()))
    };
    html! {
        p {
            "Each line is an intent as it should be read, each column one as it was read; the stronger the colour,
            the more of the line's messages. Blue is right, orange is wrong. Point at a cell for its numbers."
        }
        div.wide { (super::matrix::draw(input, &confusion)) }
        @if pairs.is_empty() {
            p { "Nothing was mistaken." }
        } @else {
            h3 { "Most frequent mistakes" }
            div.wide {
                table.sort {
                    thead {
                        tr {
                            (head("Should be", false)) (head("Was read as", false)) (head("Times", true))
                            (head("Share", true)) (head("For example", false))
                        }
                    }
                    tbody {
                        @for pair in pairs.iter().take(PAIRS) {
                            tr {
                                th scope="row" { (input.intent(pair.gold)) }
                                td { (input.intent(pair.found)) }
                                (whole(pair.n))
                                (number(Some(pair.n as f64 / confusion.gold(pair.gold).max(1) as f64), percent))
                                td.text { @if let Some(row) = sample(pair.gold, pair.found) {
                                    span lang=(row.message.lang) dir="auto" { (row.message.text) }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Precision and recall of each intent, and how it does in each language.
pub fn intents(input: &Input, view: &View<'_>) -> Markup {
    let languages = languages(input);
    let confusion = Confusion::of(&view.rows, input.intents.len());
    let pairs = confusion.pairs();
    let by: Vec<Confusion> = languages
        .iter()
        .map(|lang| {
            let rows: Vec<Row<'_>> = view.rows.iter().filter(|r| r.message.lang == *lang).copied().collect();
            Confusion::of(&rows, input.intents.len())
        })
        .collect();
    let several = languages.len() > 1;
    html! {
        p {
            "Precision: of 100 messages read as this intent, so many are it. Recall: of 100 messages that are it, so many were
            found. F1 lies between the two. Select a heading to sort."
        }
        div.wide {
            table.sort {
                thead {
                    tr {
                        (head("Intent", false)) (head("Examples", true)) (head("Precision", true)) (head("Recall", true))
                        (head("F1", true))
                        @if several { @for lang in &languages { (head(&format!("Recall {}", language(lang)), true)) } }
                        (head("Mostly mistaken for", false))
                    }
                }
                tbody {
                    @for (i, name) in input.intents.iter().enumerate() {
                        @let hits = confusion.hits(i);
                        tr {
                            th scope="row" { (name) }
                            (whole(hits.gold)) (shares(&hits))
                            @if several { @for c in &by { (number(c.hits(i).recall(), round)) } }
                            td { @if let Some(pair) = pairs.iter().find(|p| p.gold == i) {
                                (input.intent(pair.found)) " (" (pair.n) ")"
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn shares(hits: &Hits) -> Markup {
    html! { (number(hits.precision(), percent)) (number(hits.recall(), percent)) (number(hits.f1(), percent)) }
}

/// Precision and recall of each entity, and what goes wrong.
pub fn entities(input: &Input, view: &View<'_>) -> Markup {
    let counts = tables::entities(&view.rows, input.entities.len());
    html! {
        p {
            "A value counts as found if its first and last letter and its label are right. Otherwise nothing was found there,
            the ends are wrong, or it was taken for another entity. Found where none is marked: perhaps the mark is missing."
        }
        div.wide {
            table.sort {
                thead {
                    tr {
                        (head("Entity", false)) (head("Marked", true)) (head("Precision", true)) (head("Recall", true))
                        (head("F1", true)) (head("Not found", true)) (head("Wrong ends", true)) (head("Other entity", true))
                        (head("Not marked", true))
                    }
                }
                tbody {
                    @for (name, e) in input.entities.iter().zip(&counts) {
                        tr {
                            th scope="row" { (name) }
                            (whole(e.hits.gold)) (shares(&e.hits)) (whole(e.missed)) (whole(e.ends)) (whole(e.label))
                            (whole(e.invented))
                        }
                    }
                }
            }
        }
    }
}
