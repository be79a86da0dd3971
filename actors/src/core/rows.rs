//! Values of the store's side spaces. MessagePack with field names, like the records.

use crate::accept::{Alias, Delivery};
use crate::record::{decode_value, encode_value};
use crate::session::{ConversationId, IdempotencyKey, Millis, PersonId, Session};
use crate::{core::tx::StoreError, ids};
use derive_where::derive_where;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What is kept about an accepted event until it is handled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRow {
    /// How often its turn panicked.
    pub tries: u32,
    /// How often the engine was started with it unhandled and first in its conversation.
    #[serde(default)]
    pub starts: u32,
}

/// A durable effect on its way.
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct OutboxRow<S: Session> {
    /// What is to be done.
    pub effect: S::Effect,
    /// Whether it may be done again when nobody knows if the first try arrived.
    pub resend_unknown: bool,
    /// The start of the engine that may have tried it; 0: nobody has.
    pub claim: u64,
    /// Tries that certainly failed.
    pub attempts: u32,
    /// A try ended without anybody knowing how.
    pub doubt: bool,
    /// When it was committed.
    pub at: Millis,
}

/// How far something sent has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The provider's id, once known.
    pub external_id: Option<String>,
    /// How far.
    pub state: Delivery,
    /// The time of the newest report, the provider's.
    pub at: Millis,
}

/// What a provider's id stands for.
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub enum ExternalRow<S: Session> {
    /// Something sent.
    Bound {
        /// What.
        key: IdempotencyKey,
        /// Since when it is known.
        at: Millis,
    },
    /// A report came before it was known what the id stands for.
    Early {
        /// The report.
        status: Delivery,
        /// The provider's time.
        at: Millis,
        /// When it came in.
        noted: Millis,
        /// For the conversation, if it reports a failure.
        on_failed: Option<S::Event>,
    },
}

/// A person and their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// At most one of each kind.
    pub aliases: Vec<Alias>,
}

/// Something kept and never handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRow {
    /// A fixed word.
    pub kind: String,
    /// The JSON as it came.
    pub raw: Vec<u8>,
    /// Whether it was longer.
    pub cut: bool,
}

/// Longest kept JSON, bytes.
pub const KEPT_MAX: usize = 64 * 1024;

/// Encodes a row.
pub(crate) fn row<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    encode_value(value)
}

/// Decodes a row of `space` (named in the error).
pub(crate) fn read<T: DeserializeOwned>(space: &str, bytes: &[u8]) -> Result<T, StoreError> {
    decode_value(bytes, || format!("a row of {space}"))
}

pub(crate) fn alias_key(alias: &Alias) -> Vec<u8> {
    let tag = match alias {
        Alias::Phone(_) => b'f',
        Alias::UserId(_) => b'u',
        Alias::ParentUserId(_) => b'g',
    };
    let mut key = vec![tag];
    key.extend_from_slice(alias.text().as_bytes());
    key
}

/// Foreign text as a key. A store's keys are limited and not empty; nobody's ids come near 1 KiB, so that longer ones,
/// and none, become a digest.
pub(crate) fn text_key(text: &str) -> Vec<u8> {
    const LONGEST: usize = 1024;
    if (1..=LONGEST).contains(&text.len()) {
        return text.as_bytes().to_vec();
    }
    let digest = xxhash_rust::xxh3::xxh3_128(text.as_bytes());
    [b"xxh3:".as_slice(), &digest.to_be_bytes()].concat()
}

pub(crate) fn person_key(person: PersonId) -> Vec<u8> {
    let mut key = vec![b'p'];
    key.extend_from_slice(&person.0.to_be_bytes());
    key
}

pub(crate) fn merged_key(person: PersonId) -> Vec<u8> {
    let mut key = vec![b'm'];
    key.extend_from_slice(&person.0.to_be_bytes());
    key
}

/// Signed times in an order that bytes can be compared in.
pub(crate) fn time_key(at: Millis) -> [u8; 8] {
    ((at as u64) ^ (1 << 63)).to_be_bytes()
}

pub(crate) fn read_time(bytes: &[u8]) -> Option<Millis> {
    let bytes: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    Some((u64::from_be_bytes(bytes) ^ (1 << 63)) as Millis)
}

pub(crate) fn timer_key(at: Millis, conversation: &ConversationId, name: &str) -> Vec<u8> {
    let mut key = time_key(at).to_vec();
    key.extend_from_slice(&ids::conversation_key(conversation));
    key.extend_from_slice(name.as_bytes());
    key
}

pub(crate) fn split_timer(key: &[u8]) -> Option<(Millis, ConversationId, String)> {
    let at = read_time(key)?;
    let (conversation, name) = ids::split_conversation(&key[8..])?;
    Some((at, conversation, String::from_utf8(name.to_vec()).ok()?))
}

pub(crate) fn timer_name_key(conversation: &ConversationId, name: &str) -> Vec<u8> {
    let mut key = ids::conversation_key(conversation);
    key.extend_from_slice(name.as_bytes());
    key
}

/// The timer's name in a key made by [`timer_name_key`].
pub(crate) fn split_timer_name(key: &[u8]) -> Option<String> {
    let (_, name) = ids::split_conversation(key)?;
    String::from_utf8(name.to_vec()).ok()
}

/// The rows of a side table begin with its name and a zero byte.
pub(crate) fn table_prefix(table: &str) -> Vec<u8> {
    let mut key = table.as_bytes().to_vec();
    key.push(0);
    key
}

pub(crate) fn view_key(table: &str, sort: &[u8], conversation: &ConversationId) -> Vec<u8> {
    let mut key = table_prefix(table);
    key.extend_from_slice(sort);
    key.extend_from_slice(&ids::conversation_key(conversation));
    key
}

/// The conversation stands before the value, because it cannot be told from the sort key in the row's key.
pub(crate) fn view_value(conversation: &ConversationId, value: &[u8]) -> Vec<u8> {
    let mut bytes = ids::conversation_key(conversation);
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn times_order_like_their_keys(a: i64, b: i64) {
            prop_assert_eq!(time_key(a).cmp(&time_key(b)), a.cmp(&b));
            prop_assert_eq!(read_time(&time_key(a)), Some(a));
        }

        #[test]
        fn timers_can_be_read_back(at: i64, person: u64, name: String) {
            let conversation = ConversationId { person: PersonId(person), number: Arc::from("1") };
            prop_assert_eq!(
                split_timer(&timer_key(at, &conversation, &name)),
                Some((at, conversation, name))
            );
        }
    }
}
