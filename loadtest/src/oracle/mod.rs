//! Judges an engine by what passes over HTTP alone: what was acknowledged, what was answered, when, and when it died.
//!
//! Every message that was acknowledged with 200 is an obligation: it is answered once, by its own text, to its own writer,
//! in order. Two webhooks that overlap in time have no order of their own; all others have, and so have the messages within
//! one body. What was not acknowledged may be answered or not, but at most once; as WhatsApp repeats it, it is acknowledged
//! in the end.
//!
//! One thing nobody can know from outside: whether a send that arrived just before the engine died had been recorded by
//! then. Only for such a send, and for one whose answer was withheld, a second copy under the same idempotency key is let
//! pass – unless the engine has shown since that it knew: by acknowledging the status that echoes the key, or by sending the
//! conversation's next message. Such windows, and the copies in them, are counted.
//!
//! Pure: time comes in as a parameter.

mod judge;
mod name;
mod retired;
#[cfg(test)]
mod tests;
mod violation;

pub use judge::{Oracle, Totals, Window};
pub use name::Name;
pub use violation::{Kind, Violation};

/// Microseconds since the beginning of the run.
pub type Micros = u64;

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A customer has written; the webhook is on its way.
    Said(Name),
    /// A try of a webhook body has left for the engine.
    Left {
        /// Its number; no other try has it.
        attempt: u64,
        /// Customers' messages in it, in order.
        messages: Vec<Name>,
        /// Idempotency keys of the statuses in it.
        echoes: Vec<String>,
    },
    /// The try has come back.
    Answered {
        /// Which.
        attempt: u64,
        /// Whether with 200.
        ok: bool,
    },
    /// A message from the engine was taken.
    Sent {
        /// To whom, `wa_id`.
        recipient: String,
        /// What it says.
        text: String,
        /// Its idempotency key (`biz_opaque_callback_data`).
        key: Option<String>,
        /// Which start of the engine has sent it, from 1.
        life: u32,
        /// Whether the engine got an answer; a fault may have withheld it.
        answered: bool,
    },
    /// A start of the engine has ended.
    Died {
        /// Which, from 1.
        life: u32,
        /// Whether it was asked to and took its time: then everything it did is on record.
        clean: bool,
    },
}
