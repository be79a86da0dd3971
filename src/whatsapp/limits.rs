//! What WhatsApp takes: lengths and counts after Meta's message reference, Cloud API v24.0. Lengths are counted in
//! characters (Unicode scalar values).

use std::collections::HashSet;

/// Most characters of `biz_opaque_callback_data`.
pub const MAX_CALLBACK_DATA: usize = 512;
/// Most characters of a text message.
pub const MAX_TEXT: usize = 4096;
/// Most characters of a body above buttons, a location request, or of a caption.
pub const MAX_BODY: usize = 1024;
/// Most characters of a body above a list.
pub const MAX_LIST_BODY: usize = 4096;
/// Most characters of a footer.
pub const MAX_FOOTER: usize = 60;
/// Most reply buttons.
pub const MAX_BUTTONS: usize = 3;
/// Most characters of a button's title, and of the label that opens a list.
pub const MAX_BUTTON_TITLE: usize = 20;
/// Most characters of a button's id.
pub const MAX_BUTTON_ID: usize = 256;
/// Most sections of a list.
pub const MAX_SECTIONS: usize = 10;
/// Most rows of a list, over all sections.
pub const MAX_ROWS: usize = 10;
/// Most characters of the title of a section or a row.
pub const MAX_ROW_TITLE: usize = 24;
/// Most characters of a row's description.
pub const MAX_DESCRIPTION: usize = 72;
/// Most characters of a row's id.
pub const MAX_ROW_ID: usize = 200;
/// Most characters of a template's name.
pub const MAX_TEMPLATE_NAME: usize = 512;
/// Most characters of a link.
pub const MAX_LINK: usize = 2048;

/// Why a message cannot be sent as it is. Names the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Longer than Meta takes.
    #[error("CHARLA-E2032: `{field}` has {length} characters, WhatsApp takes {limit}; shorten the response")]
    TooLong {
        /// The place.
        field: String,
        /// Characters it has.
        length: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// Nothing where something must be.
    #[error("CHARLA-E2033: `{0}` is empty; give it a text")]
    Empty(String),
    /// More elements than Meta takes.
    #[error("CHARLA-E2034: `{field}` has {count} elements, WhatsApp takes 1 to {limit}; split the response")]
    Count {
        /// The place.
        field: String,
        /// Elements it has.
        count: usize,
        /// Elements it may have.
        limit: usize,
    },
    /// Two elements that must differ.
    #[error("CHARLA-E2035: `{0}` is there twice; make each one unique")]
    Duplicate(String),
    /// Not written as it must be.
    #[error("CHARLA-E2036: `{field}` is not {expected}; correct it")]
    Malformed {
        /// The place.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Nobody to send to.
    #[error("CHARLA-E2037: the message has neither a phone number nor a business-scoped user id to go to")]
    NoAddress,
}

pub(super) type Result<T> = std::result::Result<T, RenderError>;

pub(super) fn checked(field: impl Into<String>, text: &str, limit: usize) -> Result<&str> {
    if text.trim().is_empty() {
        return Err(RenderError::Empty(field.into()));
    }
    // Bytes are never fewer than characters: most texts need no counting.
    if text.len() > limit {
        let length = text.chars().count();
        if length > limit {
            return Err(RenderError::TooLong { field: field.into(), length, limit });
        }
    }
    Ok(text)
}

pub(super) fn count(field: impl Into<String>, count: usize, limit: usize) -> Result<()> {
    if (1..=limit).contains(&count) {
        return Ok(());
    }
    Err(RenderError::Count { field: field.into(), count, limit })
}

pub(super) fn unique<'a>(field: &str, values: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = HashSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(RenderError::Duplicate(field.to_owned()));
        }
    }
    Ok(())
}
