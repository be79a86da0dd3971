//! What is remembered of what the customer writes: what is being understood, what was, what was unsure, what is kept for later.

use serde::{Deserialize, Serialize};

/// A text being understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Understand {
    /// As written.
    pub text: String,
    /// Whether it was kept from before consent.
    pub held: bool,
    /// Whether it is a further sentence of a message that has been answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
    /// Whether it is one that stood behind a yes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wish: bool,
    /// Whether it came when consent had been asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers: bool,
    /// The whole message, where the text is only what it says behind a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
    /// The intent that a tap has said it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
}

/// The latest text and what was understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latest {
    /// As written.
    pub text: String,
    /// Most likely intent.
    pub intent: Option<String>,
    /// Its probability; 1 for taps and valid answers.
    pub confidence: f32,
    /// The ranking.
    pub ranking: Vec<(String, f32)>,
    /// It is a further sentence of a message that has had its answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
}

/// A text's intent and what the bot did first after it: what the next text is understood in the light of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Most likely intent.
    pub intent: String,
    /// `flow_<flow>` where a flow began, `utter_ask_<slot>` where it asked, as stories name it.
    pub action: Option<String>,
}

/// A likely topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// Flow or intent.
    pub flow: String,
    /// Title for the customer.
    pub title: String,
    /// What a tap on it says.
    pub payload: String,
}

/// A message that was not understood surely, and whose likely topics were offered: a tap on one says what it meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsure {
    /// The turn in which they were offered.
    pub turn: u64,
    /// As written.
    pub text: String,
}

/// A message kept until consent. What logic 1 did not know is left out where it is nothing, so that older states keep their
/// hash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldMessage {
    /// Provider's id.
    pub id: String,
    /// Text, or the title of what was tapped.
    pub text: String,
    /// When it was sent.
    pub at: i64,
    /// What was tapped, if it was a tap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap: Option<String>,
    /// The frame whose question was open when it came: such a message may be the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// A further sentence of a message that has been answered: done only if it is clearly a wish of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
    /// It came when consent had been asked for: unless it is a wish, it was an answer to that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers: bool,
    /// A part that stood behind a yes as a wish of its own: it is begun, or said not to be understood.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wish: bool,
}
