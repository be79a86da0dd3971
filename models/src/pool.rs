//! The seam between understanding and whoever needs it.

use crate::features::context::Turn;
use serde::{Deserialize, Serialize};

/// What to understand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParseRequest {
    /// As written; at most 4,096 characters are looked at.
    pub text: String,
    /// The conversation's language, once locked.
    pub language: Option<String>,
    /// The slot just asked for.
    pub asked: Option<String>,
    /// The active flow.
    pub flow: Option<String>,
    /// Previous texts, newest last: (`customer`|`bot`, text).
    pub history: Vec<(String, String)>,
    /// The customer's turns before this one, newest last; more than three are not looked at.
    #[serde(default)]
    pub earlier: Vec<Turn>,
    /// When it was written, in the shop's civil time: dates and times are relative to it. `None` leaves them text, apart
    /// from complete ones.
    #[serde(default)]
    pub now: Option<jiff::civil::DateTime>,
}

/// What was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parse {
    /// Language posterior, most likely first: `en`, `es`, `hi`, `hi-Latn`, `other`, `other-indic`.
    pub languages: Vec<(String, f32)>,
    /// Intents with calibrated probabilities, most likely first, at most ten; `out_of_scope` is one of them.
    pub intents: Vec<(String, f32)>,
    /// Entities, in order of their place.
    pub entities: Vec<ParsedEntity>,
    /// Calibrated probability that the message is out of scope.
    pub out_of_scope: f32,
    /// Conformal set of intents at 90 % coverage, for clarification.
    pub candidates: Vec<String>,
    /// Identifies the artefact (its content hash, shortened).
    pub model: String,
    /// `ngram` or `joint`.
    pub tier: String,
}

/// One entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParsedEntity {
    /// Label.
    pub entity: String,
    /// First character (Unicode scalar values), inclusive.
    pub start: usize,
    /// Last character, exclusive.
    pub end: usize,
    /// As written.
    pub text: String,
    /// Normalised: synonyms resolved to their canonical value, digits ASCII, amounts as numbers; dates `2026-11-25` or
    /// `{"from", "to"}`, times `17:00` or `{"from", "to", "part"}`; products, brands, colours and sizes as the catalogue
    /// spells them. See [`crate::values`].
    pub value: serde_json::Value,
    /// ISO 4217 code of the currency that an amount names.
    #[serde(default)]
    pub currency: Option<String>,
    /// Probability of the span, 0–1.
    pub confidence: f32,
}

/// Why nothing was understood.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum PoolError {
    /// No free place in the queue.
    #[error("CHARLA-E4001: the understanding queue is full")]
    Full,
    /// No worker answered in time.
    #[error("CHARLA-E4002: understanding took longer than {0} ms")]
    Timeout(u64),
    /// The worker failed; it has been rebuilt.
    #[error("CHARLA-E4003: an understanding worker failed: {0}")]
    Worker(String),
}

/// A pool of workers that understand.
#[async_trait::async_trait]
pub trait NluPool: Send + Sync + 'static {
    /// Waits for a free place (at most the pool's configured wait), then for the answer.
    async fn parse(&self, request: ParseRequest) -> Result<Parse, PoolError>;
}
