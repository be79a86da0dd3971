//! Responses to drafts: picks a variation, renders its templates, keeps to the channel's limits.

use crate::Assistant;
use crate::config::responses::{List, Option_, Response, Variation};
use crate::context::Context;
use crate::effect::{Button, Row, Section};
use crate::limits;
use crate::state::{Draft, Part};
use serde_json::Value;

/// Label of the button that opens a list made of too many buttons.
fn options_label(language: &str) -> &'static str {
    match language {
        "es" => "Opciones",
        "hi" => "विकल्प",
        _ => "Options",
    }
}

/// Renders a response. `turn` picks among variations, always the same in a replay.
///
/// # Errors
/// Why it cannot be rendered: no such response, or minijinja's message.
pub(crate) fn response(
    a: &Assistant,
    key: &str,
    language: &str,
    turn: u64,
    context: &Context,
) -> Result<Draft, String> {
    let response = a.response(key, language).ok_or_else(|| format!("there is no response {key}"))?;
    let variation =
        pick(response, key, turn, context).ok_or_else(|| format!("no variation of {key} applies"))?;
    let render =
        |t: &Option<crate::template::Text>| t.as_ref().map(|t| a.templates.render(t, context)).transpose();
    let text = render(&variation.text)?.unwrap_or_default().trim().to_owned();
    let footer = render(&variation.footer)?
        .map(|f| crate::filters::cut(f.trim(), limits::FOOTER))
        .filter(|f| !f.is_empty());
    let mut buttons = Vec::new();
    for option in applicable(&variation.buttons, context) {
        buttons.push(Button {
            id: a.templates.render(&option.id, context)?,
            title: a.templates.render(&option.title, context)?,
        });
    }
    if variation.topics {
        let topics = context.get("context").and_then(|c| c["topics"].as_array()).cloned().unwrap_or_default();
        for topic in topics {
            let field = |k: &str| topic.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
            buttons.push(Button { id: field("payload"), title: field("title") });
        }
    }
    let part = if let Some(list) = &variation.list {
        list_part(a, list, context)?
    } else if buttons.len() > limits::BUTTONS {
        let rows = buttons.into_iter().map(|b| Row { id: b.id, title: b.title, description: None }).collect();
        Some(Part::List {
            button: options_label(language).into(),
            sections: limits::fit_sections(vec![Section { title: String::new(), rows }]),
        })
    } else {
        let buttons = limits::fit_buttons(buttons);
        if !buttons.is_empty() {
            Some(Part::Buttons { buttons })
        } else if variation.location_request {
            Some(Part::LocationRequest)
        } else {
            // A picture without a secure link is left out rather than refused by the channel.
            render(&variation.image)?.filter(|l| l.starts_with("https://")).map(|link| Part::Image { link })
        }
    };
    let mut says = Vec::new();
    for option in variation.options() {
        if let Some(yes) = option.says {
            says.push((a.templates.render(&option.id, context)?, yes));
        }
    }
    Ok(Draft { response: key.to_owned(), text, part, footer, says })
}

/// An option as it would be offered now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Offered {
    pub id: String,
    pub title: String,
    pub description: Option<String>,
    /// What else customers write for it.
    pub synonyms: Vec<String>,
    /// Whether a written yes or no means it.
    pub says: Option<bool>,
    /// What a dynamic row was made from.
    pub row: Value,
}

/// Rows looked at when an option is named; a list shows ten.
const NAMED_ROWS: usize = 100;

/// Everything that a response would offer: its buttons, or its rows without the limit of a list.
///
/// # Errors
/// As [`response`].
pub(crate) fn offered(
    a: &Assistant,
    key: &str,
    language: &str,
    turn: u64,
    context: &Context,
) -> Result<Vec<Offered>, String> {
    let response = a.response(key, language).ok_or_else(|| format!("there is no response {key}"))?;
    let Some(variation) = pick(response, key, turn, context) else { return Ok(vec![]) };
    let one = |option: &Option_, scope: &Context, item: Value| -> Result<Offered, String> {
        let Row { id, title, description } = row(a, option, scope)?;
        Ok(Offered {
            id,
            title,
            description,
            synonyms: option.synonyms.clone(),
            says: option.says,
            row: item,
        })
    };
    let mut all = Vec::new();
    for option in applicable(&variation.buttons, context) {
        all.push(one(option, context, Value::Null)?);
    }
    if let Some(list) = &variation.list {
        if let Some((from, pattern)) = &list.rows_from {
            let items = a.templates.eval(from, context)?;
            let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
            for (item, scope) in rows(context, pattern, items, NAMED_ROWS) {
                all.push(one(pattern, &scope, item.clone())?);
            }
        }
        for option in applicable(&list.rows, context)
            .chain(list.sections.iter().flat_map(|(_, rows)| applicable(rows, context)))
        {
            all.push(one(option, context, Value::Null)?);
        }
    }
    Ok(all)
}

/// Keeps of a reply's options those that are left, cut to the channel's limits.
pub(crate) fn narrow(part: &mut Option<Part>, left: &[Offered]) {
    match part {
        Some(Part::List { sections, .. }) => {
            let rows = left
                .iter()
                .map(|o| Row { id: o.id.clone(), title: o.title.clone(), description: o.description.clone() })
                .collect();
            let narrowed = limits::fit_sections(vec![Section { title: String::new(), rows }]);
            if !narrowed.is_empty() {
                *sections = narrowed;
            }
        }
        Some(Part::Buttons { buttons }) if buttons.iter().any(|b| left.iter().any(|o| o.id == b.id)) => {
            buttons.retain(|b| left.iter().any(|o| o.id == b.id));
        }
        _ => {}
    }
}

fn pick<'a>(response: &'a Response, key: &str, turn: u64, context: &Context) -> Option<&'a Variation> {
    let holding: Vec<&Variation> = response
        .variations
        .iter()
        .filter(|v| v.condition.as_ref().is_some_and(|c| c.holds(context)))
        .collect();
    let pool = if holding.is_empty() {
        response.variations.iter().filter(|v| v.condition.is_none()).collect()
    } else {
        holding
    };
    if pool.is_empty() {
        return None;
    }
    let hash = xxhash_rust::xxh3::xxh3_64(format!("{turn}:{key}").as_bytes());
    pool.get((hash % pool.len() as u64) as usize).copied()
}

fn applicable<'a>(options: &'a [Option_], context: &'a Context) -> impl Iterator<Item = &'a Option_> {
    options.iter().filter(move |o| o.condition.as_ref().is_none_or(|c| c.holds(context)))
}

/// The first items of a list that may be offered, each with what its templates see.
fn rows<'i>(
    context: &'i Context,
    pattern: &'i Option_,
    items: &'i [Value],
    most: usize,
) -> impl Iterator<Item = (&'i Value, Context)> {
    let mut whole = pattern.condition.as_ref().map(|condition| (condition, context.clone()));
    items.iter().take(most).enumerate().filter_map(move |(i, item)| {
        if let Some((condition, whole)) = &mut whole {
            whole.put("row", item.clone());
            whole.put("index", (i + 1).into());
            if !condition.holds(whole) {
                return None;
            }
        }
        Some((item, context.of_row(item, i + 1)))
    })
}

fn row(a: &Assistant, option: &Option_, context: &Context) -> Result<Row, String> {
    Ok(Row {
        id: a.templates.render(&option.id, context)?,
        title: a.templates.render(&option.title, context)?,
        description: option.description.as_ref().map(|d| a.templates.render(d, context)).transpose()?,
    })
}

fn list_part(a: &Assistant, list: &List, context: &Context) -> Result<Option<Part>, String> {
    let fixed = applicable(&list.rows, context).map(|o| row(a, o, context)).collect::<Result<Vec<_>, _>>()?;
    let mut sections = Vec::new();
    for (title, rows) in &list.sections {
        let title = title.as_ref().map(|t| a.templates.render(t, context)).transpose()?.unwrap_or_default();
        sections.push(Section {
            title,
            rows: applicable(rows, context).map(|o| row(a, o, context)).collect::<Result<_, _>>()?,
        });
    }
    let mut rows = Vec::new();
    if let Some((from, pattern)) = &list.rows_from {
        let items = a.templates.eval(from, context)?;
        let room = list.limit.min(limits::ROWS.saturating_sub(fixed.len()));
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        for (_, scope) in self::rows(context, pattern, items, room) {
            rows.push(row(a, pattern, &scope)?);
        }
    }
    rows.extend(fixed);
    if !rows.is_empty() {
        let title =
            list.title.as_ref().map(|t| a.templates.render(t, context)).transpose()?.unwrap_or_default();
        sections.push(Section { title, rows });
    }
    let sections = limits::fit_sections(sections);
    let button = crate::filters::cut(a.templates.render(&list.button, context)?.trim(), limits::BUTTON_TITLE);
    Ok((!sections.is_empty()).then_some(Part::List { button, sections }))
}
