//! Kinds of content: how each is called, and how it reads in the transcript.

use crate::event::Content;

/// A kind of media by the settings' word for it.
pub(super) fn media(kind: &str) -> &'static str {
    match kind {
        "image" => "image",
        "video" => "video",
        "audio" => "audio",
        "voice" => "voice",
        "document" => "document",
        "sticker" => "sticker",
        _ => "unsupported",
    }
}

/// A line for the transcript.
pub(crate) fn transcript_text(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Button { title, .. } | Content::List { title, .. } => title.clone(),
        Content::Location { name, .. } => {
            format!("[location{}]", name.as_deref().map(|n| format!(": {n}")).unwrap_or_default())
        }
        Content::Contacts { .. } => "[contact]".into(),
        Content::Media { kind, caption, .. } => match caption {
            Some(caption) => format!("[{kind}] {caption}"),
            None => format!("[{kind}]"),
        },
        Content::Reaction { .. } => "[reaction]".into(),
        Content::Order { .. } => "[order]".into(),
        Content::Form { .. } => "[form]".into(),
        Content::Welcome => "[chat opened]".into(),
        Content::Unsupported { kind } | Content::Silent { kind } => format!("[{kind}]"),
    }
}
