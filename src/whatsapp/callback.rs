//! The idempotency key on the wire: `biz_opaque_callback_data`, which status webhooks echo.
//!
//! `charla1|PERSON|NUMBER|TURN|STEP`, all but the number in decimal. Internal ids only: nothing personal leaves with it.

use charla_actors::session::{ConversationId, IdempotencyKey, PersonId};

/// Format and version.
const PREFIX: &str = "charla1";
/// Most characters Meta takes.
pub const MAX_LENGTH: usize = 512;

/// The key as text. At most [`MAX_LENGTH`] characters for every number id up to 400 characters.
pub fn encode(key: &IdempotencyKey) -> String {
    let ConversationId { person, number } = &key.conversation;
    format!("{PREFIX}|{}|{number}|{}|{}", person.0, key.turn, key.step)
}

/// The key from what a status echoed; `None` if it is not ours.
pub fn decode(data: &str) -> Option<IdempotencyKey> {
    let mut parts = data.split('|');
    if parts.next()? != PREFIX {
        return None;
    }
    let person = PersonId(parts.next()?.parse().ok()?);
    let number = parts.next().filter(|number| !number.is_empty())?.into();
    let turn = parts.next()?.parse().ok()?;
    let step = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(IdempotencyKey {
        conversation: ConversationId { person, number },
        turn,
        step,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_survives_the_wire(person: u64, number in "[0-9]{1,20}", turn: u64, step: u32) {
            let key = IdempotencyKey {
                conversation: ConversationId { person: PersonId(person), number: number.as_str().into() },
                turn,
                step,
            };
            let data = encode(&key);
            prop_assert!(data.len() <= MAX_LENGTH);
            prop_assert_eq!(decode(&data), Some(key));
        }
    }

    #[test]
    fn what_others_wrote_is_not_ours() {
        for data in [
            "",
            "some data",
            "charla1",
            "charla1|1|2|3",
            "charla1|1|2|3|4|5",
            "charla2|1|2|3|4",
            "charla1|1||3|4",
            "charla1|x|2|3|4",
        ] {
            assert_eq!(decode(data), None, "{data}");
        }
    }
}
