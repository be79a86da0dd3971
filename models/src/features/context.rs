//! The dialogue around a message: the slot just asked for, the active flow, the turns before.

use super::{name, pair};
use serde::{Deserialize, Serialize};

/// Families of features; see [`name`].
const ASKED: u8 = 40;
const FLOW: u8 = 41;
/// Of the newest earlier turn: its intent, the bot's action, both.
const INTENT: u8 = 42;
const ACTION: u8 = 43;
const TURN: u8 = 44;
/// Of the turn before that one.
const OLDER_INTENT: u8 = 45;
const OLDER_ACTION: u8 = 46;
/// The slot by its own name: many of them hold no entity and are all `other` to [`ASKED`].
const SLOT: u8 = 47;

/// Turns before the present one that a context keeps.
pub const EARLIER: usize = 3;

/// An earlier turn of the customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// Its intent.
    pub intent: String,
    /// What the bot did first after it, as stories name it: `flow_<flow>` where a flow began, `utter_ask_<slot>` where it
    /// asked, else `utter_<response>` or `action_<name>`; `None` where it said nothing.
    #[serde(default)]
    pub action: Option<String>,
}

/// What the dialogue knows when a message comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The slot just asked for, as the heads know it (see [`Context::new`]).
    pub asked: Option<String>,
    /// The slot by its own name.
    pub slot: Option<String>,
    /// The active flow.
    pub flow: Option<String>,
    /// At most [`EARLIER`] turns, newest last.
    pub earlier: Vec<Turn>,
}

/// What [`Context::asked`] is for a yes-or-no question.
pub const CONFIRM: &str = "confirm";

impl Context {
    /// Brings a slot's name to what the heads were trained with: the entity it holds (`return_order_id` → `order_id`),
    /// `confirm` for a yes-or-no question, `other` for the rest.
    pub fn new(asked: Option<&str>, flow: Option<&str>, entities: &[String]) -> Self {
        let slot = asked.map(str::to_lowercase);
        let asked = slot.as_ref().map(|slot| {
            let holds = entities
                .iter()
                .filter(|e| {
                    *slot == **e || slot.ends_with(&format!("_{e}")) || slot.starts_with(&format!("{e}_"))
                })
                .max_by_key(|e| e.len());
            let confirms =
                ["confirm", "consent", "sure", "proceed", "agree"].iter().any(|word| slot.contains(word));
            match holds {
                _ if confirms => CONFIRM.to_owned(),
                Some(entity) => entity.clone(),
                None => "other".to_owned(),
            }
        });
        Self { asked, slot, flow: flow.map(str::to_lowercase), earlier: Vec::new() }
    }

    /// The same after these turns, newest last; only the last [`EARLIER`] count.
    #[must_use]
    pub fn after(mut self, turns: &[Turn]) -> Self {
        self.earlier = turns[turns.len().saturating_sub(EARLIER)..].to_vec();
        self
    }

    /// Sentence features, added to those of the text.
    pub fn features(&self, out: &mut Vec<u64>) {
        if let Some(asked) = &self.asked {
            out.push(name(ASKED, asked));
            out.push(name(ASKED, ""));
        }
        if let Some(slot) = &self.slot {
            out.push(name(SLOT, slot));
        }
        if let Some(flow) = &self.flow {
            out.push(name(FLOW, flow));
        }
        // The older a turn, the less it says of what comes now: of the newest the pair too, of the third nothing.
        let mut turns = self.earlier.iter().rev();
        if let Some(turn) = turns.next() {
            let (intent, action) = (name(INTENT, &turn.intent), name(ACTION, action(turn)));
            out.extend([intent, action, name(TURN, "").wrapping_add(pair(intent, action))]);
        }
        if let Some(turn) = turns.next() {
            out.extend([name(OLDER_INTENT, &turn.intent), name(OLDER_ACTION, action(turn))]);
        }
    }

    /// The feature of the slot asked for, to be paired with a token's.
    pub fn asked_feature(&self) -> Option<u64> {
        self.asked.as_ref().map(|asked| name(ASKED, asked))
    }
}

fn action(turn: &Turn) -> &str {
    turn.action.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_brought_to_entities() {
        let entities = ["order_id".to_owned(), "date".to_owned()];
        let asked = |slot| Context::new(Some(slot), None, &entities).asked.unwrap();
        assert_eq!(asked("return_order_id"), "order_id");
        assert_eq!(asked("date"), "date");
        assert_eq!(asked("confirm_cancel_order_id"), CONFIRM);
        assert_eq!(asked("rating"), "other");
        assert_eq!(Context::new(None, None, &entities), Context::default());
    }

    #[test]
    fn earlier_turns_are_seen_newest_first() {
        let turn = |intent: &str, action: Option<&str>| Turn {
            intent: intent.into(),
            action: action.map(str::to_owned),
        };
        let features = |turns: &[Turn]| {
            let mut out = Vec::new();
            Context::default().after(turns).features(&mut out);
            out
        };
        let (a, b) = (turn("check_stock", Some("flow_check_stock")), turn("inform", None));
        let (one, two) = (features(std::slice::from_ref(&a)), features(&[b.clone(), a.clone()]));
        assert_eq!((features(&[]).len(), one.len(), two.len()), (0, 3, 5));
        assert_eq!(one, two[..3]);
        assert_ne!(two, features(&[a.clone(), b.clone()]));
        let many = [turn("x", None), turn("y", None), b, a];
        assert_eq!(Context::default().after(&many).earlier, many[1..]);
        // A context that knows nothing of earlier turns is what it was before there were any.
        let mut out = Vec::new();
        Context::new(Some("date"), Some("f"), &["date".to_owned()]).features(&mut out);
        assert_eq!(out, [name(ASKED, "date"), name(ASKED, ""), name(SLOT, "date"), name(FLOW, "f")]);
    }
}
