//! The parts of the page that hold figures, each for one way to answer.

use super::{
    Input,
    cells::{head, number, whole},
    charts,
    curves::{self, Bin},
    figures::{self, BINS, Figures, Interval, Row, View, first_answers, languages},
    labels::{count, language, of_100, percent},
};
use crate::{calibrate::metrics::auroc, data::is_out_of_scope, eval::THRESHOLD};
use maud::{Markup, html};

/// Fewer messages than this draw no curve.
const FEW: usize = 20;

/// The messages of each language, and all of them first where there are several.
fn groups<'a>(input: &'a Input, view: &View<'a>) -> Vec<(String, Vec<Row<'a>>)> {
    let languages = languages(input);
    let of = |lang: &str| view.rows.iter().filter(|r| r.message.lang == lang).copied().collect();
    let mut out: Vec<(String, Vec<Row<'a>>)> =
        languages.iter().map(|lang| (language(lang).to_owned(), of(lang))).collect();
    if out.len() != 1 {
        out.insert(0, ("All".to_owned(), view.rows.clone()));
    }
    out
}

fn told(rows: &[Row<'_>]) -> Vec<(f32, bool)> {
    rows.iter().map(Row::told).collect()
}

/// Figures of each language, with intervals.
pub fn headline(input: &Input, view: &View<'_>) -> Markup {
    let rows: Vec<(String, Figures)> = groups(input, view)
        .into_iter()
        .filter_map(|(name, rows)| Some((name, figures::figures(&rows)?)))
        .collect();
    let cell = |value: Option<Interval>| {
        html! {
            td.n {
                @if let Some(i) = value {
                    b { (percent(i.value)) } br;
                    small { (format!("{:.1}–{:.1}", i.low * 100.0, i.high * 100.0)) }
                } @else { "–" }
            }
        }
    };
    let tile = |title: &str, value: Option<Interval>, text: &str| {
        html! {
            @if let Some(i) = value {
                div.tile { span { (title) } b { (percent(i.value)) } small { (text) } }
            }
        }
    };
    let answered = format!("with a probability of at least {THRESHOLD:.2}; a person gets the rest");
    html! {
        @if let Some((_, all)) = rows.first() {
            div.tiles {
                (tile("Intent right", Some(all.accuracy), "of all messages"))
                (tile("Values found", all.f1, "F1 of entities, exact ends and label"))
                (tile("Answered by itself", Some(all.answered), &answered))
                (tile("Right among these", all.accuracy_answered, "what customers would meet"))
                (tile("Off by", Some(all.ece), "distance of what it says from what comes true"))
            }
        }
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Language" }
                        @for title in ["Messages", "Intent right", "Entity F1", "Calibration error", "Answered", "Right among answered"] {
                            th.n scope="col" { (title) }
                        }
                    }
                }
                tbody {
                    @for (name, f) in &rows {
                        tr {
                            th scope="row" { (name) }
                            td.n { (count(f.n)) }
                            (cell(Some(f.accuracy))) (cell(f.f1)) (cell(Some(f.ece))) (cell(Some(f.answered)))
                            (cell(f.accuracy_answered))
                        }
                    }
                }
            }
        }
        p.note {
            "Small figures: with other messages of the same kind, 95 of 100 times the figure would lie in this range
            (bootstrap). Calibration error: expected calibration error over ten bins of equal size."
        }
    }
}

/// Reliability diagrams: all messages with their bins as a table, then each language.
pub fn reliability(input: &Input, view: &View<'_>) -> Markup {
    let groups: Vec<(String, Vec<Bin>)> = groups(input, view)
        .into_iter()
        .map(|(name, rows)| (name, curves::bins(&told(&rows), BINS)))
        .filter(|(_, bins)| !bins.is_empty())
        .collect();
    let Some(((name, all), others)) = groups.split_first() else { return html! {} };
    // The bin that a reader would ask for.
    let asked = all.iter().min_by(|a, b| (a.said - 0.8).abs().total_cmp(&(b.said - 0.8).abs()));
    html! {
        @if let Some(bin) = asked { p.say { (charts::sentence(bin)) "." } }
        p {
            "Each dot is a tenth of the messages. On the dashed line, what the model says is what comes true; below it, the
            model is too sure; above it, it could be surer. The bar is what chance explains with so many messages; "
            span.off-key { "orange" } " dots are further off than that (one in twenty is, by chance alone)."
        }
        div.pair {
            figure { (charts::reliability(name, all)) figcaption { (name) } }
            div.wide {
                table {
                    thead {
                        tr {
                            @for title in ["It said", "Were right", "Messages", "Range by chance"] {
                                th.n scope="col" { (title) }
                            }
                        }
                    }
                    tbody {
                        @for bin in all {
                            tr.off[bin.off()] {
                                td.n { (percent(bin.said)) }
                                td.n { (percent(bin.share())) }
                                td.n { (count(bin.n)) }
                                td.n { (format!("{:.1}–{:.1}", bin.range.0 * 100.0, bin.range.1 * 100.0)) }
                            }
                        }
                    }
                }
            }
        }
        @if !others.is_empty() {
            div.multiples {
                @for (name, bins) in others {
                    @let n: usize = bins.iter().map(|b| b.n).sum();
                    figure { (charts::reliability(name, bins)) figcaption { (name) ", " (count(n)) " messages" } }
                }
            }
        }
    }
}

/// The risk–coverage curve and where the threshold lies on it.
pub fn risk(input: &Input, view: &View<'_>) -> Markup {
    let mut groups = groups(input, view);
    // Colours go to the languages with most messages.
    groups.sort_by_key(|(name, rows)| (name != "All", std::cmp::Reverse(rows.len())));
    let several = groups.len() > 1;
    let lines: Vec<charts::Line> = groups
        .iter()
        .enumerate()
        .filter(|(_, (_, rows))| !rows.is_empty())
        .map(|(i, (name, rows))| {
            let told = told(rows);
            charts::Line {
                name: name.clone(),
                colour: if several { i } else { 0 },
                points: curves::risks(&told),
                at: curves::risk_at(&told, THRESHOLD),
            }
        })
        .collect();
    let fewest = groups.iter().map(|(_, rows)| rows.len()).filter(|n| *n > 0).min().unwrap_or(1);
    let least = (FEW as f64 / fewest as f64).clamp(0.05, 1.0);
    let drawn: Vec<charts::Line> = lines.iter().filter(|l| l.colour <= charts::COLOURS).cloned().collect();
    html! {
        @if let Some(at) = lines.first().and_then(|l| l.at) {
            p.say {
                "Of 100 messages it answers " (of_100(at.coverage)) " by itself and hands " (of_100(1.0 - at.coverage))
                " to a person. Of 100 that it answers, " (of_100(at.risk)) " are understood wrongly."
            }
        } @else {
            p.say { "No message reaches the threshold of " (format!("{THRESHOLD:.2}")) ": a person gets them all." }
        }
        p {
            "The further right, the more is answered; the lower, the fewer mistakes. The dots mark the threshold of "
            (format!("{THRESHOLD:.2}")) ". A curve that falls towards the left means that the model knows when it does not know."
        }
        div.pair {
            figure { (charts::risk(&drawn, least)) figcaption { "Risk–coverage curve" } }
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "At " (format!("{THRESHOLD:.2}")) }
                            th.n scope="col" { "Answered" }
                            th.n scope="col" { "Wrong among these" }
                        }
                    }
                    tbody {
                        @for line in &lines {
                            tr {
                                th scope="row" {
                                    @if line.colour <= charts::COLOURS { span class=(format!("chip c{}", line.colour)) {} }
                                    (line.name)
                                }
                                (number(line.at.map_or(Some(0.0), |a| Some(a.coverage)), percent))
                                (number(line.at.map(|a| a.risk), percent))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Out-of-scope detection; `None` where the data have no such messages, or nothing else.
pub fn outside(input: &Input, view: &View<'_>) -> Option<Markup> {
    let place = input.intents.iter().position(|i| is_out_of_scope(i))?;
    let scores: Vec<(f32, bool)> =
        view.rows.iter().map(|r| (r.reading.outside, r.message.intent == place)).collect();
    let points = curves::roc(&scores)?;
    let area = f64::from(auroc(&scores)?);
    let share = |strange: bool| {
        let of: Vec<_> = view.rows.iter().filter(|r| (r.message.intent == place) == strange).collect();
        let taken = of.iter().filter(|r| r.reading.intent() == Some(place)).count();
        taken as f64 / of.len().max(1) as f64
    };
    let (noticed, alarms) = (share(true), share(false));
    Some(html! {
        p.say {
            "Of 100 messages that are not for the shop, it notices " (of_100(noticed)) ". Of 100 that are, it takes "
            (of_100(alarms)) " for strange by mistake."
        }
        div.pair {
            figure { (charts::roc(&points, (alarms, noticed))) figcaption { "ROC curve" } }
            div {
                p {
                    "The curve shows what else could be had: more strange ones noticed, against more mistakes. The nearer to the
                    upper left corner, the better; the dashed line is guessing. The dot is how it works now."
                }
                p {
                    "Area under the curve (AUROC): " b { (format!("{area:.3}")) } ". Shown one message of either kind, it finds
                    the strange one " (of_100(area)) " times of 100."
                }
                p.note { (count(scores.iter().filter(|s| s.1).count())) " of these messages are out of scope." }
            }
        }
    })
}

/// What the n-gram model answers without asking the encoder; only for the way it serves.
pub fn first_tier(input: &Input, view: &View<'_>) -> Option<Markup> {
    let joint = input.joint.as_ref().filter(|_| view.key == "served")?;
    // (language, intent, answered, right, right of the joint model)
    let rows: Vec<(&str, usize, bool, bool, bool)> = (input.messages.iter().zip(&input.ngram).zip(joint))
        .map(|((message, ngram), joint)| {
            let right = |reading| {
                let row = Row { message, reading };
                row.right() && row.spans_right()
            };
            let lang = message.lang.as_str();
            (lang, message.intent, first_answers(input, ngram), right(ngram), right(joint))
        })
        .collect();
    let quick = rows.iter().filter(|r| r.2).count();
    let line = |name: &str, of: &dyn Fn(usize, &str) -> bool| {
        let all = rows.iter().filter(|r| of(r.1, r.0)).count();
        let answered: Vec<_> = rows.iter().filter(|r| r.2 && of(r.1, r.0)).collect();
        let share = |n: usize, of: usize| (of > 0).then(|| n as f64 / of as f64);
        html! {
            tr {
                th scope="row" { (name) }
                (whole(all)) (number(share(answered.len(), all), percent))
                (number(share(answered.iter().filter(|r| r.3).count(), answered.len()), percent))
                (number(share(answered.iter().filter(|r| r.4).count(), answered.len()), percent))
            }
        }
    };
    let table = |first: &str, lines: Markup| {
        html! {
            div.wide {
                table.sort {
                    thead {
                        tr {
                            (head(first, false)) (head("Messages", true)) (head("Answered by the quick tier", true))
                            (head("All right", true)) (head("All right, large tier", true))
                        }
                    }
                    tbody { (lines) }
                }
            }
        }
    };
    Some(html! {
        @if quick == 0 {
            p.say { "Nothing: nowhere is it as good as the large one." }
        } @else {
            p.say {
                "Of 100 messages the quick tier answers " (of_100(quick as f64 / rows.len().max(1) as f64))
                " in microseconds; the large one sees the rest."
            }
        }
        p {
            "It answers where it is so sure of intent and values that, over all languages, the large tier would hardly be
            right more often. All right: intent and all values."
        }
        (table("Language", html! {
            @for lang in languages(input) { (line(language(lang), &|_, l| l == lang)) }
            (line("All", &|_, _| true))
        }))
        details {
            summary { "By intent" }
            (table("Intent", html! {
                @for (i, name) in input.intents.iter().enumerate() { (line(name, &|intent, _| intent == i)) }
            }))
        }
    })
}
