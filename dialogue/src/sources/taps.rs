//! Tapped buttons and list rows.

use crate::commands::Command;
use crate::config::domain::{IntentCommand, Target};
use crate::event::{Entity, Understanding};
use crate::fill;
use crate::payload::Payload;
use crate::state::{Owner, Slots};
use crate::turn::Turn;
use serde_json::Value;

/// What a payload says here and now.
pub(crate) fn commands(turn: &Turn, payload: Payload) -> Vec<Command> {
    match payload {
        Payload::StartFlow(flow, arguments) => {
            vec![Command::StartFlow { flow, slots: typed(turn, arguments), intent: None, tapped: true }]
        }
        Payload::SetSlots(arguments) => set_slots(turn, typed(turn, arguments)),
        Payload::CancelFlow => vec![Command::CancelFlow],
        Payload::SkipQuestion => vec![Command::SkipQuestion],
        Payload::HumanHandoff if matches!(turn.state.owner, Owner::Queue { .. }) => {
            vec![Command::StillWaiting]
        }
        Payload::HumanHandoff => vec![Command::HumanHandoff { reason: "requested" }],
        Payload::ChangeLanguage(language) => vec![Command::ChangeLanguage { language }],
        Payload::Consent(given) => vec![Command::Consent { given }],
        Payload::Marketing(opted_in) => vec![Command::Marketing { opted_in }],
        Payload::Stop => vec![Command::Stop],
        Payload::Restart => vec![Command::Restart],
        Payload::Repeat => vec![Command::Repeat],
        Payload::Feedback(helpful) => vec![Command::Feedback { helpful }],
        Payload::Meant(intent, turn) => vec![Command::Meant { intent, turn }],
        Payload::Intent(name, entities) => intent(turn, &name, entities),
    }
}

/// Values made to fit their slots; what does not fit or is no slot is left out.
fn typed(turn: &Turn, arguments: Vec<(String, Value)>) -> Slots {
    arguments
        .into_iter()
        .filter_map(|(name, value)| {
            let slot = turn.a.domain.slots.get(&name)?;
            let value = fill::coerce(slot, &value)?;
            Some((name, value))
        })
        .collect()
}

fn set_slots(turn: &Turn, slots: Slots) -> Vec<Command> {
    if slots.is_empty() {
        return vec![];
    }
    let state = &turn.state;
    if state.asked.as_ref().is_some_and(|a| slots.contains_key(&a.slot)) {
        return vec![Command::SetSlot { slots }];
    }
    let takes = |flow: &str| {
        turn.a.flows.get(flow).is_some_and(|f| !f.is_pattern() && slots.keys().any(|s| f.takes(s)))
    };
    let running = state.stack.iter().any(|f| takes(&f.flow));
    if running || state.last_frame.as_ref().is_some_and(|f| takes(&f.flow)) {
        return vec![Command::CorrectSlot { slots }];
    }
    // A tap on something shown long ago.
    let starts = |slot: &String| turn.a.domain.slots.get(slot)?.starts.as_ref().map(|(flow, _)| flow);
    if let Some(flow) = slots.keys().find_map(starts) {
        return vec![Command::StartFlow { flow: flow.clone(), slots, intent: None, tapped: true }];
    }
    vec![Command::Clarify { reason: "value", flows: flows_taking(turn, &slots) }]
}

/// Flows that customers can start and that take one of these slots.
pub(crate) fn flows_taking(turn: &Turn, slots: &Slots) -> Vec<String> {
    let reachable = |id: &str| {
        turn.a.triggers.contains_key(id)
            || turn.a.domain.intents.values().any(|i| i.target == Some(Target::Flow(id.to_owned())))
    };
    turn.a
        .flows
        .values()
        .filter(|f| {
            !f.is_pattern()
                && slots.keys().any(|s| f.takes(s))
                && (reachable(&f.id) || !f.triggers.is_empty())
        })
        .map(|f| f.id.clone())
        .collect()
}

/// What a tapped intent says, with the values that stand beside it.
pub(crate) fn intent(turn: &Turn, name: &str, entities: serde_json::Map<String, Value>) -> Vec<Command> {
    let entities = entities
        .into_iter()
        .map(|(entity, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Entity { entity, start: 0, end: 0, text, value, confidence: 1.0, currency: None }
        })
        .collect();
    let understanding = Understanding {
        intents: vec![(name.to_owned(), 1.0)],
        entities,
        languages: vec![],
        out_of_scope: 0.0,
        candidates: vec![],
        clauses: vec![],
        model: "tap".into(),
    };
    match turn.a.target(name) {
        Some(Target::Flow(flow)) => {
            let slots = super::nlu::slots_for(turn, &flow, &understanding);
            vec![Command::StartFlow { flow, slots, intent: Some(name.to_owned()), tapped: true }]
        }
        Some(Target::Answer(answer)) => vec![super::nlu::answer(turn, name, answer)],
        Some(Target::Handoff) => vec![Command::HumanHandoff { reason: "always_human" }],
        Some(Target::Command(command)) => match command {
            IntentCommand::Affirm | IntentCommand::Deny => {
                super::nlu::answer_to_question(turn, name, &understanding)
            }
            other => super::nlu::plain_command(turn, other, &understanding),
        },
        None => vec![Command::CannotHandle { reason: "not_understood" }],
    }
}
