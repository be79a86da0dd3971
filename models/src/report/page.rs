//! The document around the parts.

use super::{
    Input, examples,
    figures::{View, first_answers, languages, views},
    labelled,
    labels::{count, language},
    parts,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing may be fetched, whatever a message holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The whole page.
pub fn page(input: &Input) -> Markup {
    let views = views(input);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Understanding " (input.model) }
                style { (PreEscaped(STYLE)) (PreEscaped(switches(&views))) }
            }
            body {
                header {
                    h1 { "How well the assistant understands" }
                    p.lead {
                        "Model " code { (input.model) } ", made of " (count(input.examples)) " examples, with "
                        (input.intents.len()) " intents and " (input.entities.len()) " entities. What is shown here are "
                        (count(input.messages.len())) " messages in " (list(&languages(input))) "; each was read by a model
                        that had been trained without it."
                    }
                    p.note {
                        "When to stop training, how sure to be, and when the quick tier suffices were settled on these same
                        readings, which flatters a little. The proof is " code { "charla nlu eval --data FILE.jsonl" }
                        " on messages that were never examples."
                    }
                }
                @if input.messages.is_empty() {
                    main { section { p { "There are no messages to show anything of." } } }
                } @else {
                    @if views.len() > 1 {
                        fieldset.switch {
                            legend { "Show the figures" }
                            @for (i, view) in views.iter().enumerate() {
                                label {
                                    input type="radio" name="view" id=(format!("show-{}", view.key)) checked[i == 0];
                                    span { (view.title) }
                                }
                            }
                        }
                    }
                    main {
                        @for view in &views {
                            div class=(format!("view {}", view.key)) { (shown(input, view)) }
                        }
                        (settings(input))
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// One way to answer, with all its parts.
fn shown(input: &Input, view: &View<'_>) -> Markup {
    let parts: Vec<(&str, &str, Option<Markup>)> = vec![
        ("figures", "How good is it?", Some(parts::headline(input, view))),
        ("reliability", "Does 80 % mean 80 %?", Some(parts::reliability(input, view))),
        ("risk", "How much can it answer by itself?", Some(parts::risk(input, view))),
        ("worst", "Sure and wrong: read these first", Some(examples::wrong(input, view))),
        ("confusion", "What is mistaken for what?", Some(labelled::confusion(input, view))),
        ("intents", "Intent by intent", Some(labelled::intents(input, view))),
        (
            "entities",
            "Entity by entity",
            (!input.entities.is_empty()).then(|| labelled::entities(input, view)),
        ),
        ("spans", "Values read wrongly", (!input.entities.is_empty()).then(|| examples::spans(input, view))),
        ("outside", "Does it notice what is not for the shop?", parts::outside(input, view)),
        ("first-tier", "What the quick tier answers", parts::first_tier(input, view)),
    ];
    let parts: Vec<(&str, &str, Markup)> =
        parts.into_iter().filter_map(|(id, title, body)| Some((id, title, body?))).collect();
    html! {
        nav {
            @for (id, title, _) in &parts { a href=(format!("#{}-{id}", view.key)) { (title) } }
        }
        @for (id, title, body) in &parts {
            section id=(format!("{}-{id}", view.key)) { h2 { (title) } (body) }
        }
    }
}

/// Shows the way to answer that is chosen; needs no script.
fn switches(views: &[View<'_>]) -> String {
    let rule = |view: &View<'_>| {
        let key = view.key;
        format!("body:has(#show-{key}:checked) .view:not(.{key}){{display:none}}\n")
    };
    if views.len() > 1 { views.iter().map(rule).collect() } else { String::new() }
}

/// How it was trained, for whoever wants to do it again.
fn settings(input: &Input) -> Markup {
    let mut lines = Vec::new();
    flatten("", &serde_json::to_value(&input.options).unwrap_or_default(), &mut lines);
    let quick = input.ngram.iter().any(|r| first_answers(input, r));
    let from = if quick { format!("{:.4}", input.first_tier) } else { "never".into() };
    let pair = |name: &str, value: &str| html! { div { dt { (name) } dd { (value) } } };
    html! {
        section id="training" {
            h2 { "How it was trained" }
            dl.settings {
                (pair("encoder", input.encoder.as_deref().unwrap_or("none: the n-gram model alone")))
                @if input.joint.is_some() { (pair("quick tier answers from", &from)) }
                // The number of threads changes nothing.
                @for (name, value) in lines.iter().filter(|l| l.0 != "threads") { (pair(name, value)) }
            }
        }
    }
}

fn flatten(name: &str, value: &serde_json::Value, lines: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, lines);
            }
        }
        // Settings are single precision; their text in double precision has digits that nobody wrote.
        serde_json::Value::Number(n) if n.is_f64() => {
            lines.push((name.to_owned(), n.as_f64().map_or_else(String::new, |v| (v as f32).to_string())));
        }
        serde_json::Value::Null => lines.push((name.to_owned(), "no".to_owned())),
        other => lines.push((name.to_owned(), other.to_string())),
    }
}

/// `English, Hindi and Spanish`.
fn list(codes: &[&str]) -> String {
    let names: Vec<&str> = codes.iter().map(|c| language(c)).collect();
    match names.split_last() {
        None => "no language".into(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}
