//! What the edge hands to the runtime: the parts of one webhook body or one call, accepted all together or not at all.

use crate::core::tx::StoreError;
use crate::session::{ConversationId, IdempotencyKey, Millis, Session};
use derive_where::derive_where;
use std::sync::Arc;

/// One name of a person: a phone number, a business-scoped id, a parent id. Compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Alias {
    /// WhatsApp id: the phone number in digits, as in `from` and `wa_id`.
    Phone(String),
    /// Business-scoped user id, as in `from_user_id`.
    UserId(String),
    /// Parent business-scoped user id. Never identifies anybody alone.
    ParentUserId(String),
}

impl Alias {
    /// The name itself.
    pub fn text(&self) -> &str {
        match self {
            Alias::Phone(name) | Alias::UserId(name) | Alias::ParentUserId(name) => name,
        }
    }
}

/// Where an event belongs.
#[derive(Debug, Clone)]
pub enum Address {
    /// By the names in a webhook; a person is made if nobody has them. A known phone with a business-scoped id that
    /// differs from the one on record is a **new** person (numbers are recycled), who takes the phone over.
    Aliases {
        /// The business number.
        number: Arc<str>,
        /// At least one of `Phone`, `UserId`.
        aliases: Vec<Alias>,
    },
    /// By internal id.
    Conversation(ConversationId),
}

/// The lattice of delivery states: `Queued < Sent < Delivered < Read < Played`; `Failed` and `Deleted` are final.
/// Joining never goes backwards; between the two final states the first to arrive stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Delivery {
    /// Committed, not yet taken by the provider.
    Queued,
    /// Taken by the provider.
    Sent,
    /// On the person's device.
    Delivered,
    /// Shown to the person.
    Read,
    /// Listened to (voice).
    Played,
    /// Will never arrive.
    Failed,
    /// Taken back.
    Deleted,
}

/// One part of what is accepted together.
#[derive_where(Debug, Clone)]
pub enum Item<S: Session> {
    /// An event for one conversation.
    Event {
        /// Where it belongs.
        address: Address,
        /// Events with the same key within ten days are dropped, after waiting for the first one's commit.
        dedup: Option<String>,
        /// What happened.
        event: S::Event,
    },
    /// A report on something sent.
    Status {
        /// The provider's id of the message.
        external_id: String,
        /// The idempotency key, where the provider echoed it (`biz_opaque_callback_data`): settles a send whose outcome was lost.
        key: Option<IdempotencyKey>,
        /// What is reported.
        status: Delivery,
        /// The provider's time of the report.
        at: Millis,
        /// Handed to the conversation if this report moves the message to `Failed`.
        on_failed: Option<S::Event>,
    },
    /// A person's ids have changed (Meta's `user_changed_number`, `user_changed_user_id`, `user_id_update`): `new` names from
    /// now on the person that `old` names. Both known and different: the two are merged into `old`'s person.
    Identity {
        /// The names so far; unknown ones are ignored.
        old: Vec<Alias>,
        /// The names from now on.
        new: Vec<Alias>,
        /// As for events.
        dedup: Option<String>,
    },
    /// Kept for later reading, never handled: unknown kinds, group messages, unconfigured numbers.
    Kept {
        /// A fixed word for the metric.
        kind: &'static str,
        /// The JSON as it came, at most 64 KiB (cut and marked beyond).
        raw: Vec<u8>,
    },
}

/// What became of one [`Item`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Durable.
    Accepted {
        /// The conversation, for events.
        conversation: Option<ConversationId>,
        /// Journal sequence number, for events.
        seq: Option<u64>,
    },
    /// Seen before; the first copy is durable.
    Duplicate,
}

/// Nothing of the batch was stored.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// No credit left; ask again later.
    #[error("CHARLA-E3001: the engine is at capacity")]
    Full,
    /// Shutting down.
    #[error("CHARLA-E3002: the engine is shutting down")]
    Stopping,
    /// What this needs cannot be read; all else goes on.
    #[error("{0}")]
    Unreadable(StoreError),
    /// The journal failed; the process must restart.
    #[error("CHARLA-E3003: the journal failed and accepts nothing more: {0}")]
    Broken(String),
}
