//! What a decision asks the edge to do. Data only.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Ephemeral. Understand a text; answered by `Understood` or `NotUnderstood`.
    Understand(UnderstandRequest),
    /// Ephemeral. A read-only backend call; answered by `Returned`.
    Call(BackendCall),
    /// Durable. A backend call that creates, changes or cancels; answered by `Returned` in a later turn.
    Perform(BackendCall),
    /// Durable. A message to the customer.
    Send(Send),
    /// Ephemeral, never answered. Blue ticks, and "typing…" if a reply is being worked on.
    MarkRead {
        /// The provider's id of the message.
        message_id: String,
        /// Whether to show the typing indicator.
        typing: bool,
    },
    /// (Re)arms a timer.
    SetTimer {
        /// Name, unique in the conversation.
        name: String,
        /// Milliseconds since the epoch.
        at: i64,
    },
    /// Disarms a timer.
    CancelTimer {
        /// Name.
        name: String,
    },
}

/// A text with what the dialogue knows around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnderstandRequest {
    /// As written.
    pub text: String,
    /// The conversation's language, once locked.
    pub language: Option<String>,
    /// The slot just asked for.
    pub asked: Option<String>,
    /// The flow that the customer is about: the one on top of the stack, or the one that called it.
    pub flow: Option<String>,
    /// Previous texts, newest last: (`customer`|`bot`, text); at most six.
    pub history: Vec<(String, String)>,
    /// Intents of the last texts and what followed them, newest last.
    #[serde(default)]
    pub earlier: Vec<crate::state::Exchange>,
    /// When it was written, in the business number's time zone: what "tomorrow" is relative to.
    #[serde(default)]
    pub now: Option<jiff::civil::DateTime>,
    /// A further sentence of a message that has had its answer: it is seldom about what was just asked or done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
}

/// A REST call, fully rendered; the edge adds base URL, credentials and the idempotency key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackendCall {
    /// Unique in the conversation.
    pub id: u64,
    /// The action's name, for journal and metrics.
    pub action: String,
    /// Backend by configured name: `inventory`, `orders`, `crm`, `ticketing`, `calendar`.
    pub backend: String,
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: String,
    /// Path below the backend's base URL, segments percent-encoded, beginning with `/`.
    pub path: String,
    /// Query, not yet encoded.
    pub query: BTreeMap<String, String>,
    /// JSON body.
    pub body: Option<Value>,
    /// HTTP statuses besides 2xx that are answers, not failures.
    pub answers: Vec<u16>,
    /// Budget for all tries together, milliseconds.
    pub budget_ms: u64,
}

/// A message to the customer; addressed by the edge from the conversation's aliases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// WhatsApp id (phone digits), if known.
    pub phone: Option<String>,
    /// Business-scoped user id, if known.
    pub user_id: Option<String>,
    /// What to say.
    pub message: Outgoing,
    /// Free-form only until then (end of the customer-service window); checked again at the moment of sending.
    /// `None` for templates.
    pub window_until: Option<i64>,
    /// The message answered, by the provider's id: quoted.
    pub reply_to: Option<String>,
}

/// A message's content. Made only through [`policy`](crate::policy), which asks for a window or an opt-in token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing {
    /// At most 4,096 characters.
    Text {
        /// Body.
        body: String,
        /// Whether links get a preview.
        preview_url: bool,
    },
    /// Body at most 1,024; one to three buttons, titles at most 20 characters and unique.
    Buttons {
        /// Body.
        body: String,
        /// At most 60 characters.
        footer: Option<String>,
        /// The buttons.
        buttons: Vec<Button>,
    },
    /// Body at most 4,096; at most ten rows in all.
    List {
        /// Body.
        body: String,
        /// At most 60 characters.
        footer: Option<String>,
        /// Label of the button that opens the list, at most 20 characters.
        button: String,
        /// Sections; titles at most 24 characters, needed if there is more than one.
        sections: Vec<Section>,
    },
    /// A picture by link; caption at most 1,024 characters.
    Image {
        /// HTTPS link.
        link: String,
        /// Caption.
        caption: Option<String>,
    },
    /// An approved template.
    Template {
        /// Name.
        name: String,
        /// Language code (`en`, `es`, `hi`).
        language: String,
        /// Positional parameters of the body.
        parameters: Vec<String>,
    },
    /// Asks for a place with WhatsApp's own button.
    LocationRequest {
        /// At most 1,024 characters.
        body: String,
    },
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Button {
    /// At most 256 characters.
    pub id: String,
    /// At most 20 characters.
    pub title: String,
}

/// A section of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// At most 24 characters.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// At most 200 characters.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(default)]
    pub description: Option<String>,
}

impl Outgoing {
    /// What a person reads first: body, caption, or a template's name in brackets.
    pub fn body(&self) -> &str {
        match self {
            Outgoing::Text { body, .. }
            | Outgoing::Buttons { body, .. }
            | Outgoing::List { body, .. }
            | Outgoing::LocationRequest { body } => body,
            Outgoing::Image { caption, .. } => caption.as_deref().unwrap_or("[image]"),
            Outgoing::Template { name, .. } => name,
        }
    }
}
