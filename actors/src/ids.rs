//! Text and key forms of the names of conversations and effects.
//!
//! Text (URLs, command line, `biz_opaque_callback_data`): `{person}@{number}` and `{person}@{number}/{turn}/{step}`.
//! Keys (store): person, length of the number, number, then whatever orders the rows; integers big endian, so that
//! one conversation is one contiguous range in order of sequence.

use crate::session::{ConversationId, IdempotencyKey, PersonId};
use std::{fmt, str::FromStr, sync::Arc};

/// Longest text form that is read or made, in characters: the limit of WhatsApp's `biz_opaque_callback_data`.
pub const MAX_TEXT: usize = 512;

/// A text that names no conversation or effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CHARLA-E3010: \"{text}\" is no {what}; write {form}")]
pub struct BadId {
    text: String,
    what: &'static str,
    form: &'static str,
}

impl BadId {
    fn conversation(text: &str) -> Self {
        Self {
            text: text.chars().take(80).collect(),
            what: "conversation",
            form: "PERSON@NUMBER, for example 17@106540352242922",
        }
    }
    fn key(text: &str) -> Self {
        Self {
            text: text.chars().take(80).collect(),
            what: "idempotency key",
            form: "PERSON@NUMBER/TURN/STEP",
        }
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.person, self.number)
    }
}

impl FromStr for ConversationId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId::conversation(text);
        let (person, number) = text.split_once('@').ok_or_else(bad)?;
        if number.is_empty() || text.chars().count() > MAX_TEXT {
            return Err(bad());
        }
        Ok(Self { person: PersonId(digits(person).ok_or_else(bad)?), number: Arc::from(number) })
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.conversation, self.turn, self.step)
    }
}

impl FromStr for IdempotencyKey {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId::key(text);
        if text.chars().count() > MAX_TEXT {
            return Err(bad());
        }
        let mut parts = text.rsplitn(3, '/');
        let step = parts.next().and_then(digits).ok_or_else(bad)?;
        let turn = parts.next().and_then(digits).ok_or_else(bad)?;
        let conversation = parts.next().ok_or_else(bad)?;
        Ok(Self {
            conversation: conversation.parse().map_err(|_| bad())?,
            turn,
            step: u32::try_from(step).map_err(|_| bad())?,
        })
    }
}

/// Canonical decimal digits only: `parse` alone would take `+1` and `01`, and a key must have one form.
fn digits(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// The store's prefix of everything of one conversation.
pub(crate) fn conversation_key(id: &ConversationId) -> Vec<u8> {
    let number = id.number.as_bytes();
    let length = u16::try_from(number.len()).unwrap_or(u16::MAX);
    let mut key = Vec::with_capacity(10 + number.len() + 12);
    key.extend_from_slice(&id.person.0.to_be_bytes());
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(&number[..usize::from(length)]);
    key
}

/// [`conversation_key`] followed by a sequence number.
pub(crate) fn sequence_key(id: &ConversationId, seq: u64) -> Vec<u8> {
    let mut key = conversation_key(id);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// [`conversation_key`] followed by turn and step: the order in which effects leave.
pub(crate) fn effect_key(key: &IdempotencyKey) -> Vec<u8> {
    let mut bytes = sequence_key(&key.conversation, key.turn);
    bytes.extend_from_slice(&key.step.to_be_bytes());
    bytes
}

/// Splits a store key into conversation and rest.
pub(crate) fn split_conversation(key: &[u8]) -> Option<(ConversationId, &[u8])> {
    let (person, rest) = key.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (number, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((
        ConversationId {
            person: PersonId(u64::from_be_bytes(*person)),
            number: Arc::from(std::str::from_utf8(number).ok()?),
        },
        rest,
    ))
}

/// Splits [`sequence_key`].
pub(crate) fn split_sequence(key: &[u8]) -> Option<(ConversationId, u64)> {
    let (id, rest) = split_conversation(key)?;
    Some((id, u64::from_be_bytes(rest.try_into().ok()?)))
}

/// Splits [`effect_key`].
pub(crate) fn split_effect(key: &[u8]) -> Option<IdempotencyKey> {
    let (conversation, rest) = split_conversation(key)?;
    let (turn, step) = rest.split_first_chunk::<8>()?;
    Some(IdempotencyKey {
        conversation,
        turn: u64::from_be_bytes(*turn),
        step: u32::from_be_bytes(step.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = ConversationId> {
        (any::<u64>(), "[0-9a-z@/]{1,40}").prop_map(|(person, number)| ConversationId {
            person: PersonId(person),
            number: Arc::from(number.as_str()),
        })
    }

    proptest! {
        #[test]
        fn text_forms_round_trip(conversation in id(), turn: u64, step: u32) {
            prop_assert_eq!(&conversation.to_string().parse::<ConversationId>().unwrap(), &conversation);
            let key = IdempotencyKey { conversation, turn, step };
            prop_assert_eq!(&key.to_string().parse::<IdempotencyKey>().unwrap(), &key);
            prop_assert_eq!(split_effect(&effect_key(&key)), Some(key));
        }

        #[test]
        fn keys_order_like_sequences(conversation in id(), a: u64, b: u64) {
            prop_assert_eq!(sequence_key(&conversation, a).cmp(&sequence_key(&conversation, b)), a.cmp(&b));
            prop_assert_eq!(split_sequence(&sequence_key(&conversation, a)), Some((conversation, a)));
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_right_one_named() {
        for text in ["", "17", "@1", "17@", "+17@1", "017@1", "x@1"] {
            let error = text.parse::<ConversationId>().unwrap_err().to_string();
            assert!(error.contains("E3010") && error.contains("PERSON@NUMBER"), "{error}");
        }
        for text in ["17@1", "17@1/2", "17@1/2/x", "17@1/02/3", "/1/2"] {
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text}");
        }
        assert!(format!("1@{}", "9".repeat(600)).parse::<ConversationId>().is_err());
    }
}
