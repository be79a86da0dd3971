//! What can happen to a conversation: the inputs of [`step`](crate::step). All of it is journalled.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An input of `step`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The customer wrote, tapped or sent something.
    Received(Message),
    /// The text just received has been understood. Continues a `Received` turn.
    Understood(Understanding),
    /// Understanding was not to be had (overload beyond the wait, pool down).
    NotUnderstood {
        /// A fixed word.
        reason: String,
    },
    /// A backend call came back.
    Returned(Returned),
    /// A timer fired.
    Timer {
        /// Its name.
        name: String,
    },
    /// An agent acted.
    Agent(AgentAct),
    /// A colleague wrote from the WhatsApp Business app: a human owns the thread from now on.
    Echo(Message),
    /// Something sent will not arrive.
    DeliveryFailed {
        /// Meta's error code, if any.
        code: Option<i64>,
        /// Meta's title, without personal data.
        title: String,
    },
    /// Whether a send's fate is unknown and it may not be repeated (templates).
    OutcomeUnknown {
        /// What was sent, as a fixed word.
        what: String,
    },
    /// Meta's `user_preferences`: marketing messages stopped or resumed.
    MarketingPreference {
        /// True: resumed.
        opted_in: bool,
    },
    /// The person is reached under these names from now on, and under no others.
    Renamed {
        /// WhatsApp id (phone digits), if known.
        phone: Option<String>,
        /// Business-scoped user id, if any.
        user_id: Option<String>,
    },
    /// An event whose turn failed again and again has been put aside.
    Parked {
        /// How often it was tried.
        tries: u32,
    },
}

/// One inbound message, free of WhatsApp's JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The provider's id.
    pub id: String,
    /// The provider's timestamp in milliseconds; windows run from it.
    pub sent_at: i64,
    /// The business number's configured locale data (time zone, country), by the provider's id of the number.
    pub number: String,
    /// WhatsApp id (phone digits), if shown.
    #[serde(default)]
    pub phone: Option<String>,
    /// Business-scoped user id, if any.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Profile name, if given.
    #[serde(default)]
    pub profile_name: Option<String>,
    /// The message that this one answers, by the provider's id.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Where the conversation came from: the ad or post of a click-to-WhatsApp referral.
    #[serde(default)]
    pub referral: Option<String>,
    /// What was sent.
    pub content: Content,
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text, caption excluded.
    Text {
        /// As written.
        text: String,
    },
    /// A reply button or a template's quick reply was tapped.
    Button {
        /// Its id (payload).
        id: String,
        /// Its title.
        title: String,
    },
    /// A row of a list was chosen.
    List {
        /// Its id.
        id: String,
        /// Its title.
        title: String,
    },
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Name or address, if given.
        #[serde(default)]
        name: Option<String>,
    },
    /// Contact cards; `own_phone` is set where it was asked for with a contact request.
    Contacts {
        /// Phone digits of the sender's own card.
        #[serde(default)]
        own_phone: Option<String>,
    },
    /// A photo, video, voice message, document or sticker.
    Media {
        /// `image`, `video`, `audio`, `voice`, `document`, `sticker`.
        kind: String,
        /// The provider's id.
        id: String,
        /// Caption, if any: treated like text.
        #[serde(default)]
        caption: Option<String>,
    },
    /// An emoji on a message; `None` takes it back. Never answered.
    Reaction {
        /// The emoji.
        emoji: Option<String>,
    },
    /// A cart from a catalogue.
    Order {
        /// (retailer id, quantity)
        items: Vec<(String, u32)>,
    },
    /// A form's answer.
    Form {
        /// Its fields.
        fields: BTreeMap<String, Value>,
    },
    /// The chat was opened for the first time (`request_welcome`): opens a window, asks nothing.
    Welcome,
    /// A kind that WhatsApp or Charla does not support; the customer is told.
    Unsupported {
        /// The kind as named.
        kind: String,
    },
    /// Kinds that need no answer (edits, revokes, call events): kept in the transcript.
    Silent {
        /// The kind as named.
        kind: String,
    },
}

/// What understanding made of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// Language posterior, most likely first: (`en`|`es`|`hi`|`hi-Latn`|`other`|`other-indic`, probability).
    pub languages: Vec<(String, f32)>,
    /// Intents with calibrated probabilities, most likely first; at most ten.
    pub intents: Vec<(String, f32)>,
    /// Entities found, in order of their place.
    pub entities: Vec<Entity>,
    /// Calibrated probability that the message is out of scope.
    pub out_of_scope: f32,
    /// Intents of the conformal set, for clarification.
    #[serde(default)]
    pub candidates: Vec<String>,
    /// Where the message is unsure as a whole: its clauses, each understood by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// Artefact that answered.
    pub model: String,
}

/// One clause of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// First character (Unicode scalar values), inclusive.
    pub start: usize,
    /// Last character, exclusive.
    pub end: usize,
    /// Intents with calibrated probabilities, most likely first; at most ten.
    pub intents: Vec<(String, f32)>,
    /// Calibrated probability that the clause is out of scope.
    pub out_of_scope: f32,
}

/// One entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Label.
    pub entity: String,
    /// First character (Unicode scalar values), inclusive.
    pub start: usize,
    /// Last character, exclusive.
    pub end: usize,
    /// As written.
    pub text: String,
    /// Normalised: synonyms resolved, digits ASCII, amounts without separators; a day `2026-11-25` or `{from, to}`, a time
    /// `17:00` or `{from, to, part}`, in the business number's time zone.
    pub value: Value,
    /// Probability of the span.
    pub confidence: f32,
    /// ISO 4217 code of the currency that an amount names.
    #[serde(default)]
    pub currency: Option<String>,
}

/// The answer to a [`BackendCall`](crate::effect::BackendCall).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The call's id.
    pub call: u64,
    /// What came back.
    pub outcome: Outcome,
}

/// How a backend call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx, or a 4xx that the action declares as an answer (for example 404).
    Ok {
        /// HTTP status.
        status: u16,
        /// Body; `null` if empty.
        body: Value,
    },
    /// No usable answer.
    Failed {
        /// `timeout`, `breaker_open`, `throttled`, `transport`, `status`, `malformed`, `unknown_backend`.
        kind: String,
        /// HTTP status, if there was one.
        #[serde(default)]
        status: Option<u16>,
    },
}

/// An agent's act, over the agents' API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum AgentAct {
    /// Takes the conversation out of the queue.
    Take {
        /// Agent's id.
        agent: String,
    },
    /// Writes to the customer.
    Reply {
        /// Agent's id.
        agent: String,
        /// Text.
        text: String,
    },
    /// Hands the thread back to the bot.
    HandBack {
        /// Agent's id.
        agent: String,
        /// Whether the matter is solved.
        resolved: bool,
    },
    /// Writes a note that the customer does not see.
    Note {
        /// Agent's id.
        agent: String,
        /// Text.
        text: String,
    },
}
