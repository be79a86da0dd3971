//! Interactive messages: buttons, lists, links, location requests, flows, products.

use super::{GraphError, content::media_link, fields::Fields};
use crate::sim::{
    limits,
    message::{Button, Content, Header, Link, Row, Section},
};
use std::collections::HashSet;

/// Reads `interactive`.
pub(super) fn content(object: &Fields<'_>) -> Result<Content, GraphError> {
    let kind = object.text("type", 64)?;
    let action = object.object("action")?;
    let body_limit = if kind == "list" { limits::LIST_BODY } else { limits::INTERACTIVE_BODY };
    let body = match kind {
        // Only a single product may go without.
        "product" => object.maybe_object("body")?.map(|body| body.text("text", body_limit)).transpose()?,
        _ => Some(object.object("body")?.text("text", body_limit)?),
    };
    let mut content = Content {
        kind: kind.to_owned(),
        text: body.unwrap_or_default().to_owned(),
        header: header(object, kind)?,
        footer: footer(object)?,
        ..Content::default()
    };
    match kind {
        "button" => content.buttons = buttons(&action)?,
        "list" => {
            content.list_button = Some(action.text("button", limits::BUTTON_TITLE)?.to_owned());
            content.sections = sections(&action)?;
            content.rows = content.sections.iter().flat_map(|section| section.rows.clone()).collect();
        }
        "cta_url" => {
            named(&action, "cta_url")?;
            let parameters = action.object("parameters")?;
            content.link = Some(Link {
                title: parameters.text("display_text", limits::BUTTON_TITLE)?.to_owned(),
                url: parameters.url("url")?.to_owned(),
            });
        }
        "location_request_message" => named(&action, "send_location")?,
        "request_contact_info" => named(&action, "request_contact_info")?,
        "flow" => flow(&action)?,
        "product" => {
            action.text("catalog_id", 128)?;
            action.text("product_retailer_id", 256)?;
        }
        "product_list" => products(&content, &action)?,
        "catalog_message" => named(&action, "catalog_message")?,
        other => {
            return Err(GraphError::value(format!("interactive.type '{other}' is not valid")));
        }
    }
    Ok(content)
}

fn named(action: &Fields<'_>, name: &str) -> Result<(), GraphError> {
    if action.text("name", 64)? == name {
        return Ok(());
    }
    Err(GraphError::value(format!("{} must be '{name}'", action.place("name"))))
}

fn header(object: &Fields<'_>, kind: &str) -> Result<Option<Header>, GraphError> {
    let Some(header) = object.maybe_object("header")? else { return Ok(None) };
    let media = || -> Result<String, GraphError> {
        // Of the kinds shown here only reply buttons and links may carry a picture.
        if matches!(kind, "button" | "cta_url" | "flow") {
            media_link(&header.object(header.text("type", 16)?)?)
        } else {
            Err(GraphError::value(format!("{} must be 'text' for {kind} messages", header.place("type"))))
        }
    };
    Ok(Some(match header.text("type", 16)? {
        "text" => Header::Text { text: header.text("text", limits::HEADER)?.to_owned() },
        "image" => Header::Image { link: media()? },
        "video" => Header::Video { link: media()? },
        "document" => Header::Document { link: media()? },
        other => return Err(GraphError::value(format!("interactive.header.type '{other}' is not valid"))),
    }))
}

fn footer(object: &Fields<'_>) -> Result<Option<String>, GraphError> {
    let Some(footer) = object.maybe_object("footer")? else { return Ok(None) };
    Ok(Some(footer.text("text", limits::FOOTER)?.to_owned()))
}

fn buttons(action: &Fields<'_>) -> Result<Vec<Button>, GraphError> {
    let buttons = action
        .objects("buttons", 1, limits::BUTTONS)?
        .iter()
        .map(|button| {
            if button.text("type", 16)? != "reply" {
                return Err(GraphError::value(format!("{} must be 'reply'", button.place("type"))));
            }
            let reply = button.object("reply")?;
            let id = reply.text("id", limits::BUTTON_ID)?;
            if id.trim() != id {
                return Err(GraphError::value(format!(
                    "{} must not begin or end with spaces",
                    reply.place("id")
                )));
            }
            Ok(Button { id: id.to_owned(), title: reply.text("title", limits::BUTTON_TITLE)?.to_owned() })
        })
        .collect::<Result<Vec<_>, _>>()?;
    unique("button id", buttons.iter().map(|button| button.id.as_str()))?;
    unique("button title", buttons.iter().map(|button| button.title.as_str()))?;
    Ok(buttons)
}

fn sections(action: &Fields<'_>) -> Result<Vec<Section>, GraphError> {
    let given = action.objects("sections", 1, limits::SECTIONS)?;
    let lone = given.len() == 1;
    let sections = given
        .iter()
        .map(|section| {
            let title = if lone {
                section.maybe_text("title", limits::SECTION_TITLE)?.unwrap_or_default()
            } else {
                section.text("title", limits::SECTION_TITLE)?
            };
            // Counted over all sections below, as Meta does.
            let rows = section.objects("rows", 1, usize::MAX)?;
            let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
            Ok(Section { title: title.to_owned(), rows })
        })
        .collect::<Result<Vec<_>, GraphError>>()?;
    let rows = || sections.iter().flat_map(|section| &section.rows);
    if rows().count() > limits::ROWS {
        return Err(GraphError::value(format!("Total row count exceed max allowed count: {}", limits::ROWS)));
    }
    unique("row id", rows().map(|row| row.id.as_str()))?;
    Ok(sections)
}

fn row(row: &Fields<'_>) -> Result<Row, GraphError> {
    Ok(Row {
        id: row.text("id", limits::ROW_ID)?.to_owned(),
        title: row.text("title", limits::ROW_TITLE)?.to_owned(),
        description: row.maybe_text("description", limits::ROW_DESCRIPTION)?.unwrap_or_default().to_owned(),
    })
}

fn flow(action: &Fields<'_>) -> Result<(), GraphError> {
    named(action, "flow")?;
    let parameters = action.object("parameters")?;
    parameters.text("flow_message_version", 8)?;
    parameters.text("flow_cta", 30)?;
    if parameters.has("flow_id") == parameters.has("flow_name") {
        return Err(GraphError::value("exactly one of flow_id and flow_name is required"));
    }
    if let Some(kind) = parameters.maybe_text("flow_action", 32)?
        && !matches!(kind, "navigate" | "data_exchange")
    {
        return Err(GraphError::value("flow_action must be 'navigate' or 'data_exchange'"));
    }
    Ok(())
}

fn products(content: &Content, action: &Fields<'_>) -> Result<(), GraphError> {
    if !matches!(content.header, Some(Header::Text { .. })) {
        return Err(GraphError::missing("interactive.header"));
    }
    action.text("catalog_id", 128)?;
    let mut total = 0;
    for section in action.objects("sections", 1, limits::SECTIONS)? {
        for item in section.objects("product_items", 1, limits::PRODUCTS)? {
            item.text("product_retailer_id", 256)?;
            total += 1;
        }
    }
    if total > limits::PRODUCTS {
        return Err(GraphError::value(format!(
            "Total product count exceed max allowed count: {}",
            limits::PRODUCTS
        )));
    }
    Ok(())
}

fn unique<'a>(what: &str, values: impl Iterator<Item = &'a str>) -> Result<(), GraphError> {
    let mut seen = HashSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(GraphError::value(format!("Duplicate {what}: {value}")));
        }
    }
    Ok(())
}
