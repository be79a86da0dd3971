//! Meta's limits on messages: Cloud API v24.0, message reference. Lengths are counted in characters (Unicode scalar
//! values).

/// `text.body`.
pub const TEXT_BODY: usize = 4096;
/// Caption of an image, a video, a document.
pub const CAPTION: usize = 1024;
/// Body of an interactive message other than a list.
pub const INTERACTIVE_BODY: usize = 1024;
/// Body of a list message.
pub const LIST_BODY: usize = 4096;
/// Text header.
pub const HEADER: usize = 60;
/// Footer.
pub const FOOTER: usize = 60;
/// Reply buttons in a message.
pub const BUTTONS: usize = 3;
/// Title of a reply button; label of the button that opens a list; `display_text` of a link button.
pub const BUTTON_TITLE: usize = 20;
/// Id of a reply button.
pub const BUTTON_ID: usize = 256;
/// Sections of a list.
pub const SECTIONS: usize = 10;
/// Rows of a list, over all sections.
pub const ROWS: usize = 10;
/// Title of a row.
pub const ROW_TITLE: usize = 24;
/// Description of a row.
pub const ROW_DESCRIPTION: usize = 72;
/// Id of a row.
pub const ROW_ID: usize = 200;
/// Title of a section.
pub const SECTION_TITLE: usize = 24;
/// `biz_opaque_callback_data`.
pub const CALLBACK_DATA: usize = 512;
/// Name of a template.
pub const TEMPLATE_NAME: usize = 512;
/// A rendered template body.
pub const TEMPLATE_BODY: usize = 1024;
/// Products of a product list (stated for templates only).
pub const PRODUCTS: usize = 30;
/// How long the typing indicator stays, in milliseconds.
pub const TYPING_MS: i64 = 25_000;
/// How long a customer-service window stays open, in milliseconds.
pub const WINDOW_MS: i64 = 24 * 3_600_000;
/// How long after its arrival a message can be marked as read, in milliseconds.
pub const READ_MS: i64 = 30 * 24 * 3_600_000;
