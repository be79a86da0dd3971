//! What a conversation remembers. Changed only by [`apply`](crate::apply); ordered maps and plain values throughout, so that
//! equal histories give equal bytes.

use crate::effect::Outgoing;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Slots by name.
pub type Slots = BTreeMap<String, Value>;

/// Lines kept of the transcript.
pub const TRANSCRIPT: usize = 12;
/// Frames at most on the stack; older ones are dropped.
pub const DEPTH: usize = 6;
/// Confidences kept.
pub const CONFIDENCES: usize = 5;
/// Exchanges kept.
pub const EXCHANGES: usize = 3;

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Who talks.
    pub person: Person,
    /// What language.
    pub language: Language,
    /// What they agreed to.
    pub consent: Consent,
    /// Opt-in to marketing; none: never said.
    pub marketing: Option<bool>,
    /// Whether something written since the hand-over has been withheld: it waits for the person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// Whether the last thing said was that what is written has been passed on to the person who is waited for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passed_on: bool,
    /// End of the customer-service window, milliseconds since the epoch.
    pub window_until: Option<i64>,
    /// Who owns the thread.
    pub owner: Owner,
    /// Running flows, the active one last.
    pub stack: Vec<Frame>,
    /// The flow completed last in this session: "and at 560001?" runs it again.
    pub last_frame: Option<Frame>,
    /// Slots outside flows.
    pub slots: Slots,
    /// The question just asked.
    pub asked: Option<Asked>,
    /// The latest text and what was understood.
    pub latest: Option<Latest>,
    /// Confidence of the last turns, newest last.
    pub confidences: Vec<f32>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Kind of the latest failure.
    pub last_failure: Option<String>,
    /// Topics were offered for the previous text and no flow has been chosen.
    pub clarified: bool,
    /// Topics offered with a clarification or hand-off.
    pub topics: Vec<Topic>,
    /// The message that they were offered for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<Unsure>,
    /// Messages that came before consent, oldest first.
    pub held: Vec<HeldMessage>,
    /// Open and escalated matters.
    pub matters: Vec<Matter>,
    /// The matter resolved last, for the rating.
    pub rated_matter: Option<String>,
    /// The last lines.
    pub transcript: Vec<Line>,
    /// The running session.
    pub session: SessionInfo,
    /// The last texts' intents and what followed them, newest last; at most three. Empty in states of logic 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
    /// The text being understood.
    pub understanding: Option<Understand>,
    /// Backend calls whose answers are awaited.
    #[serde(with = "pairs")]
    pub calls: BTreeMap<u64, PendingCall>,
    /// Parts of the reply that wait for a backend.
    pub drafts: Vec<Draft>,
    /// Buttons or rows shown last.
    pub options: Vec<Shown>,
    /// The last reply, for "repeat".
    pub last_reply: Vec<Outgoing>,
    /// What a human needs to know, while queued or owned by an agent.
    pub handoff: Option<Handoff>,
    /// Counters.
    pub counters: Counters,
    /// Where the conversation came from (referral), from its first message.
    pub source: Option<String>,
    /// The frame whose `confirm` question got its yes, and by which of the customer's messages.
    pub confirmed: Option<(u64, u64)>,
    /// The question from which the timers of silence run.
    pub armed: Option<i64>,
    /// Notes that agents wrote.
    pub notes: Vec<Line>,
}

/// References to a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// WhatsApp id: phone digits, if shown.
    pub phone: Option<String>,
    /// Whether the phone was shared through a contact request.
    pub phone_shared: bool,
    /// Business-scoped user id.
    pub user_id: Option<String>,
    /// Profile name.
    pub profile_name: Option<String>,
    /// Provider's id of the business number.
    pub number: String,
}

/// The conversation's language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Language {
    /// Its code, once anything is known.
    pub code: Option<String>,
    /// Whether it stays until changed on request.
    pub locked: bool,
    /// Posterior of the latest text.
    pub posterior: Vec<(String, f32)>,
    /// Whether the customer has asked for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
    /// What the texts so far speak for: while the language is open all of them together, afterwards those in a row that were
    /// clearly in another one (language, how many).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leaning: Vec<(String, f32)>,
}

/// Consent, per category (`processing`, `marketing`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consent {
    /// Given, by category.
    pub grants: BTreeMap<String, Grant>,
    /// When it was asked for last.
    pub asked_at: Option<i64>,
    /// When it was refused last.
    pub denied_at: Option<i64>,
    /// When it was withdrawn last.
    pub withdrawn_at: Option<i64>,
    /// Version of the text shown last; a yes is one to this text. Unknown for those asked by logic 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// What it is for has been explained since it was asked for first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub explained: bool,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Version of the text agreed to.
    pub version: String,
    /// When, milliseconds since the epoch.
    pub at: i64,
}

/// Who owns the thread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "owner", rename_all = "snake_case")]
pub enum Owner {
    /// The bot answers.
    #[default]
    Bot,
    /// Waits for an agent.
    Queue {
        /// Since when, milliseconds.
        since: i64,
        /// Number of the ticket, once known.
        ticket: Option<String>,
        /// Why: `low_confidence`, `failed_attempts`, `requested`, `always_human`, `internal_error`, `flow`.
        reason: String,
        /// Likely topics offered.
        suggestions: Vec<Topic>,
    },
    /// An agent answers.
    Agent {
        /// Their id; [`BUSINESS_APP`] for a colleague in WhatsApp's app.
        id: String,
        /// Since when, milliseconds.
        since: i64,
        /// Number of the ticket, if any.
        ticket: Option<String>,
    },
}

/// Agent id of whoever writes in the WhatsApp Business app.
pub const BUSINESS_APP: &str = "whatsapp_business_app";

/// A running flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Unique in the conversation.
    pub id: u64,
    /// Flow's id.
    pub flow: String,
    /// Step's id.
    pub step: String,
    /// Slots that belong to this run.
    pub slots: Slots,
    /// Whether the collect step here has been asked.
    pub asked: bool,
    /// Whether another flow came between.
    pub interrupted: bool,
    /// The frame that called this one.
    pub called_by: Option<u64>,
    /// Whether the call step here has come back.
    pub returned: bool,
    /// Questions skipped.
    pub skipped: Vec<String>,
    /// The call being waited for.
    pub waiting: Option<u64>,
    /// Body of the latest backend answer; shared, because steps copy their frame.
    pub result: Arc<Value>,
    /// Its HTTP status.
    pub status: Option<u16>,
    /// The matter it serves.
    pub matter: Option<u64>,
    /// Why a pattern runs.
    pub reason: Option<String>,
    /// Started by a tap while waiting for a person.
    pub self_service: bool,
    /// A backend failed it, or it said itself that it could not help.
    pub failed: bool,
    /// It came back after a side question and has not been answered since: it does not come back again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

/// The question just asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// In which frame.
    pub frame: u64,
    /// For which slot.
    pub slot: String,
    /// After which of the customer's messages.
    pub turn: u64,
    /// When.
    pub at: i64,
}

/// Something a customer wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matter {
    /// Unique in the conversation.
    pub id: u64,
    /// Intent that opened it.
    pub intent: Option<String>,
    /// Flow that serves it.
    pub flow: Option<String>,
    /// Language.
    pub language: String,
    /// Source of the conversation.
    pub source: Option<String>,
    /// When, milliseconds.
    pub opened_at: i64,
    /// Whether a human has it.
    pub escalated: bool,
}

impl Matter {
    /// What to call it: the intent, else the flow.
    pub fn label(&self) -> &str {
        self.intent.as_deref().or(self.flow.as_deref()).unwrap_or("other")
    }
}

/// A line of the transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `customer`, `bot`, `agent`.
    pub from: String,
    /// What was said, or the kind of content in brackets.
    pub text: String,
    /// When, milliseconds.
    pub at: i64,
}

/// The running session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionInfo {
    /// Sessions so far, the running one included.
    pub count: u64,
    /// When it started.
    pub started_at: i64,
    /// The customer's latest message.
    pub last_seen: i64,
    /// Whether the greeting has been said in it.
    pub greeted: bool,
    /// Whether satisfaction was asked in it.
    pub satisfaction_asked: bool,
    /// Whether the contact has been told to the CRM since consent.
    pub contact_saved: bool,
}

/// A backend call on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingCall {
    /// Action.
    pub action: String,
    /// Frame that waits, if any.
    pub frame: Option<u64>,
    /// Whether it leaves only after the commit.
    pub durable: bool,
    /// The flow that the customer left meanwhile, if one had it made: what became of it is told all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// A part of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The response's key.
    pub response: String,
    /// Its text.
    pub text: String,
    /// What hangs on it.
    #[serde(default)]
    pub part: Option<Part>,
    /// Small print.
    #[serde(default)]
    pub footer: Option<String>,
    /// Ids of the options that a written yes (true) or no (false) takes up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<(String, bool)>,
}

/// What hangs on a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum Part {
    /// One to three buttons.
    Buttons {
        /// The buttons.
        buttons: Vec<crate::effect::Button>,
    },
    /// A list.
    List {
        /// Label of the button.
        button: String,
        /// Sections.
        sections: Vec<crate::effect::Section>,
    },
    /// A picture.
    Image {
        /// Link.
        link: String,
    },
    /// Asks for a place.
    LocationRequest,
}

/// A button or row shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The option that a written yes (true) or no (false) takes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<bool>,
}

/// What a human needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    /// In a few lines.
    pub summary: String,
    /// All slots at that time.
    pub slots: Slots,
    /// Intent, if any.
    pub intent: Option<String>,
    /// The last lines.
    pub transcript: Vec<Line>,
    /// A reply drafted by the bot for review.
    #[serde(default)]
    pub draft: Option<String>,
}

/// Counters, never reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Turns begun.
    pub turns: u64,
    /// Messages received.
    pub received: u64,
    /// Messages sent by the bot.
    pub sent: u64,
    /// Messages sent by agents.
    pub agent_sent: u64,
    /// Backend calls made.
    pub calls: u64,
    /// Frames made.
    pub frames: u64,
    /// Matters opened.
    pub matters: u64,
}

mod absorb;
mod faded;
mod messages;
mod pairs;
mod query;

pub use messages::{Exchange, HeldMessage, Latest, Topic, Understand, Unsure};
