//! A text where nothing understands texts: the answer to the question just asked, else the start of the default flow.

use super::question::Question;
use crate::commands::Command;
use crate::fill;
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// What a text says that no rule takes.
pub(crate) fn commands(turn: &Turn, text: &str) -> Vec<Command> {
    if let Some(question) = Question::of(turn) {
        if let Some(value) = answer(turn, &question, text) {
            let slots = Slots::from([(question.collect.slot.clone(), value)]);
            return vec![Command::SetSlot { slots }];
        }
        // Patterns' questions may stay unanswered; a flow's own does not.
        if !question.frame.flow.starts_with("pattern_") {
            return vec![Command::CannotHandle { reason: "rejected" }];
        }
    }
    vec![match &turn.a.settings.default_flow {
        // Not as a tap: who waits for a person is left in peace, and a matter that lies idle is not gone on with.
        Some(flow) => {
            Command::StartFlow { flow: flow.clone(), slots: Slots::new(), intent: None, tapped: false }
        }
        None => Command::CannotHandle { reason: "not_understood" },
    }]
}

fn answer(turn: &Turn, question: &Question, text: &str) -> Option<Value> {
    if question.collect.verbatim {
        return Some(Value::String(text.trim().to_owned()));
    }
    let slot = turn.a.domain.slots.get(&question.collect.slot)?;
    fill::from_answer(turn.a, slot, text, None)
}
