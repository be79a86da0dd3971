//! WhatsApp's limits on what is sent (Cloud API message reference: text, interactive buttons, interactive list, image).

use crate::effect::{Button, Outgoing, Row, Section};
use crate::filters::{cut, cut_words};

/// Characters of a text's body.
pub const TEXT: usize = 4096;
/// Characters of the body above buttons, of a caption, of a location request.
pub const SHORT_BODY: usize = 1024;
/// Characters of the body above a list.
pub const LIST_BODY: usize = 4096;
/// Characters of a footer.
pub const FOOTER: usize = 60;
/// Buttons.
pub const BUTTONS: usize = 3;
/// Characters of a button's title, and of the button that opens a list.
pub const BUTTON_TITLE: usize = 20;
/// Characters of a button's id.
pub const BUTTON_ID: usize = 256;
/// Rows of a list in all.
pub const ROWS: usize = 10;
/// Characters of a row's title, and of a section's.
pub const ROW_TITLE: usize = 24;
/// Characters of a row's description.
pub const ROW_DESCRIPTION: usize = 72;
/// Characters of a row's id.
pub const ROW_ID: usize = 200;

fn over(what: &str, text: &str, limit: usize) -> Option<String> {
    let n = text.chars().count();
    (n > limit).then(|| format!("{what} has {n} characters, {limit} are allowed"))
}

/// The first limit that a message exceeds, in words.
pub fn exceeded(message: &Outgoing) -> Option<String> {
    let footer = |f: &Option<String>| f.as_deref().and_then(|f| over("footer", f, FOOTER));
    let body = |b: &str, limit| {
        over("body", b, limit).or_else(|| b.trim().is_empty().then(|| "the body is empty".to_owned()))
    };
    match message {
        Outgoing::Text { body: b, .. } => body(b, TEXT),
        Outgoing::LocationRequest { body: b } => body(b, SHORT_BODY),
        Outgoing::Image { caption, .. } => caption.as_deref().and_then(|c| over("caption", c, SHORT_BODY)),
        Outgoing::Template { .. } => None,
        Outgoing::Buttons { body: b, footer: f, buttons } => {
            body(b, SHORT_BODY).or_else(|| footer(f)).or_else(|| {
                if buttons.is_empty() || buttons.len() > BUTTONS {
                    return Some(format!("{} buttons", buttons.len()));
                }
                for (i, x) in buttons.iter().enumerate() {
                    if buttons[..i].iter().any(|y| y.title == x.title || y.id == x.id) {
                        return Some(format!("two buttons are alike: {}", x.title));
                    }
                }
                buttons.iter().find_map(|x| {
                    over("button title", &x.title, BUTTON_TITLE)
                        .or_else(|| over("button id", &x.id, BUTTON_ID))
                        .or_else(|| x.title.trim().is_empty().then(|| "a button has no title".to_owned()))
                })
            })
        }
        Outgoing::List { body: b, footer: f, button, sections } => body(b, LIST_BODY)
            .or_else(|| footer(f))
            .or_else(|| over("list button", button, BUTTON_TITLE))
            .or_else(|| {
                let rows: Vec<&Row> = sections.iter().flat_map(|s| &s.rows).collect();
                if rows.is_empty() || rows.len() > ROWS {
                    return Some(format!("{} rows", rows.len()));
                }
                if sections.len() > 1 && sections.iter().any(|s| s.title.is_empty()) {
                    return Some("a section has no title".into());
                }
                for (i, x) in rows.iter().enumerate() {
                    if rows[..i].iter().any(|y| y.id == x.id) {
                        return Some(format!("two rows have the id {}", x.id));
                    }
                }
                sections.iter().find_map(|s| over("section title", &s.title, ROW_TITLE)).or_else(|| {
                    rows.iter().find_map(|r| {
                        over("row title", &r.title, ROW_TITLE)
                            .or_else(|| {
                                over(
                                    "row description",
                                    r.description.as_deref().unwrap_or(""),
                                    ROW_DESCRIPTION,
                                )
                            })
                            .or_else(|| over("row id", &r.id, ROW_ID))
                            .or_else(|| r.title.trim().is_empty().then(|| "a row has no title".to_owned()))
                    })
                })
            }),
    }
}

/// Cuts titles, drops what is too many or empty or twice. Ids are never cut: a cut id would say something else.
pub(crate) fn fit_buttons(buttons: Vec<Button>) -> Vec<Button> {
    let mut out: Vec<Button> = Vec::new();
    for b in buttons {
        let title = cut(b.title.trim(), BUTTON_TITLE);
        let fits = !title.is_empty() && b.id.chars().count() <= BUTTON_ID;
        if fits && !out.iter().any(|o| o.title == title || o.id == b.id) && out.len() < BUTTONS {
            out.push(Button { id: b.id, title });
        }
    }
    out
}

/// The same for rows, over all sections.
pub(crate) fn fit_sections(sections: Vec<Section>) -> Vec<Section> {
    let mut left = ROWS;
    let mut seen: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for s in sections {
        let mut rows = Vec::new();
        for r in s.rows {
            let title = cut_words(r.title.trim(), ROW_TITLE);
            if left == 0 || title.is_empty() || r.id.chars().count() > ROW_ID || seen.contains(&r.id) {
                continue;
            }
            seen.push(r.id.clone());
            left -= 1;
            let description = r.description.map(|d| cut(d.trim(), ROW_DESCRIPTION)).filter(|d| !d.is_empty());
            rows.push(Row { id: r.id, title, description });
        }
        if !rows.is_empty() {
            out.push(Section { title: cut(s.title.trim(), ROW_TITLE), rows });
        }
    }
    if out.len() > 1 {
        for s in &mut out {
            if s.title.is_empty() {
                s.title = "…".into();
            }
        }
    }
    out
}
