//! The content of a business message: shape and limits of every type (Cloud API v24.0, message reference).

use super::{GraphError, fields::Fields, interactive};
use crate::sim::{
    limits,
    message::{Content, Location, Media},
};
use serde_json::Value;

/// What a send asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Draft {
    /// A message that needs an open window.
    Free(Box<Content>),
    /// A template, looked up later.
    Template(TemplateCall),
    /// An emoji on a message; empty takes it away.
    Reaction { message_id: String, emoji: String },
}

/// A template with its parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TemplateCall {
    pub name: String,
    pub language: String,
    pub header: Vec<(Option<String>, String)>,
    pub body: Vec<(Option<String>, String)>,
    /// Payloads of quick replies by index.
    pub payloads: Vec<(usize, String)>,
}

const TYPES: &str =
    "audio, contacts, document, image, interactive, location, reaction, sticker, template, text, video";

/// Reads `type` and the object of that name.
pub(super) fn draft(message: &Fields<'_>) -> Result<Draft, GraphError> {
    let kind = message.maybe_text("type", 64)?.unwrap_or("text");
    let known = TYPES.split(", ").any(|known| known == kind);
    if !known {
        return Err(GraphError::new(131_051, "Unsupported message type")
            .details(format!("Message type '{kind}' is not supported. Use one of {TYPES}")));
    }
    if kind == "contacts" {
        return Ok(Draft::Free(contacts(message)?.into()));
    }
    let object = message.object(kind)?;
    Ok(match kind {
        "text" => Draft::Free(text(&object)?.into()),
        "interactive" => Draft::Free(interactive::content(&object)?.into()),
        "location" => Draft::Free(location(&object)?.into()),
        "template" => Draft::Template(template(&object)?),
        "reaction" => Draft::Reaction {
            message_id: object.text("message_id", 512)?.to_owned(),
            emoji: object.raw("emoji").and_then(Value::as_str).unwrap_or_default().to_owned(),
        },
        media => Draft::Free(media_content(media, &object)?.into()),
    })
}

fn of(kind: &str, text: &str) -> Content {
    Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() }
}

fn text(object: &Fields<'_>) -> Result<Content, GraphError> {
    // The Graph layer checks the body's length itself, hence 100 here and 131009 elsewhere.
    let body = object.text("body", usize::MAX)?;
    if body.chars().count() > limits::TEXT_BODY {
        return Err(GraphError::invalid(format!(
            "Param text['body'] must be at most {} characters long.",
            limits::TEXT_BODY
        )));
    }
    Ok(of("text", body))
}

fn location(object: &Fields<'_>) -> Result<Content, GraphError> {
    let location = Location {
        latitude: object.degrees("latitude", 90.0)?,
        longitude: object.degrees("longitude", 180.0)?,
        name: object.maybe_text("name", 1_000)?.map(str::to_owned),
        address: object.maybe_text("address", 1_000)?.map(str::to_owned),
    };
    let text = location.name.clone().unwrap_or_default();
    Ok(Content { location: Some(location), ..of("location", &text) })
}

fn media_content(kind: &str, object: &Fields<'_>) -> Result<Content, GraphError> {
    let caption = match kind {
        "image" | "video" | "document" => object.maybe_text("caption", limits::CAPTION)?,
        _ if object.has("caption") => {
            return Err(GraphError::invalid(format!("Unexpected key \"caption\" on param {kind}.")));
        }
        _ => None,
    };
    let filename = object.maybe_text("filename", 240)?.map(str::to_owned);
    let media = Media { link: media_link(object)?, filename };
    Ok(Content { media: Some(media), ..of(kind, caption.unwrap_or_default()) })
}

/// `link`, or `id` of an uploaded file, as something that a browser can show.
pub(super) fn media_link(object: &Fields<'_>) -> Result<String, GraphError> {
    match (object.has("link"), object.has("id")) {
        (true, false) => Ok(object.url("link")?.to_owned()),
        (false, true) => Ok(format!("/sim/media/{}", object.text("id", 64)?)),
        (true, true) => Err(GraphError::invalid("Only one of 'id' or 'link' may be specified")),
        (false, false) => Err(GraphError::missing(&object.place("link"))),
    }
}

fn contacts(message: &Fields<'_>) -> Result<Content, GraphError> {
    let contacts = message.objects("contacts", 1, 257)?;
    let names = contacts
        .iter()
        .map(|contact| contact.object("name")?.text("formatted_name", 1_000))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(of("contacts", &names.join(", ")))
}

fn template(object: &Fields<'_>) -> Result<TemplateCall, GraphError> {
    let name = object.text("name", limits::TEMPLATE_NAME)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.bytes().all(plain) {
        return Err(GraphError::value("template.name may hold lower-case letters, digits and underscores"));
    }
    let mut call = TemplateCall {
        name: name.to_owned(),
        language: object.object("language")?.text("code", 16)?.to_owned(),
        ..TemplateCall::default()
    };
    for component in object.objects("components", 0, 16)? {
        let kind = component.text("type", 16)?.to_ascii_lowercase();
        match kind.as_str() {
            "body" => call.body = parameters(&component)?,
            "header" => call.header = parameters(&component)?,
            "button" => call.payloads.extend(payload(&component)?),
            _ => {
                return Err(GraphError::value(format!(
                    "{} is not a component type",
                    component.place("type")
                )));
            }
        }
    }
    Ok(call)
}

fn parameters(component: &Fields<'_>) -> Result<Vec<(Option<String>, String)>, GraphError> {
    component
        .objects("parameters", 0, 64)?
        .iter()
        .map(|parameter| {
            let kind = parameter.text("type", 32)?;
            let name = parameter.maybe_text("parameter_name", 64)?.map(str::to_owned);
            let text = match kind {
                "text" => parameter.text("text", limits::TEMPLATE_BODY)?.to_owned(),
                "currency" | "date_time" => parameter.object(kind)?.text("fallback_value", 256)?.to_owned(),
                "image" | "video" | "document" => media_link(&parameter.object(kind)?)?,
                _ => {
                    return Err(GraphError::new(
                        132_012,
                        "Parameter format does not match format in the created template",
                    )
                    .details(format!("{} is not a parameter type", parameter.place("type"))));
                }
            };
            // Meta refuses parameters that would break the template's layout.
            if text.contains(['\n', '\t']) || text.contains("     ") {
                return Err(GraphError::invalid(
                    "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
                ));
            }
            Ok((name, text))
        })
        .collect()
}

fn payload(component: &Fields<'_>) -> Result<Option<(usize, String)>, GraphError> {
    if component.text("sub_type", 32)?.eq_ignore_ascii_case("quick_reply") {
        let value = component.raw("index").ok_or_else(|| GraphError::missing(&component.place("index")))?;
        let index = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let index = index
            .ok_or_else(|| GraphError::value(format!("{} is not a number", component.place("index"))))?;
        if let Some(parameter) = component.objects("parameters", 1, 1)?.first() {
            return Ok(Some((index as usize, parameter.text("payload", 256)?.to_owned())));
        }
    }
    Ok(None)
}
