//! Messages that bring values rather than a wish: they go on with what was shown last, or start what the values ask for.

use crate::commands::Command;
use crate::config::domain::{IntentCommand, Target};
use crate::config::flows::Flow;
use crate::config::on_values::OnValues;
use crate::event::Understanding;
use crate::fill;
use crate::state::Owner;
use crate::turn::Turn;

/// A message that is understood as something else altogether may still be a few words of values.
const FEW: usize = 5;
/// Values that a rule wants together, to go before all others.
const MANY: usize = 3;
/// An intent that is likelier than all others together.
const LIKELY: f32 = 0.5;

/// The flow that a message's values start; nothing while a question is open.
pub(crate) fn commands(
    turn: &Turn,
    text: &str,
    u: &Understanding,
    intent: &str,
    target: Option<&Target>,
) -> Option<Vec<Command>> {
    // Who waits for want of understanding is answered meanwhile.
    let served = turn.state.owner == Owner::Bot || turn.state.self_service() || turn.state.waits_unheard();
    if !served || turn.open_question().is_some() {
        return None;
    }
    begun(turn, text, u, intent, target, |_, _| true)
}

/// The flow that words about what was shown before start at a question that they are no answer to: "which of them has the
/// better battery?" while something else is asked for.
pub(super) fn beside_question(
    turn: &Turn,
    text: &str,
    u: &Understanding,
    intent: &str,
    target: Option<&Target>,
) -> Option<Vec<Command>> {
    let worded = |slot: &String| u.entities.iter().any(|e| crate::mention::is_worded(&e.entity, slot));
    begun(turn, text, u, intent, target, |flow, rule| {
        !rule.after.is_empty()
            && rule.slots.iter().all(|(slot, _)| worded(slot))
            && turn.state.stack.iter().all(|f| f.flow != flow.id)
    })
}

fn begun(
    turn: &Turn,
    text: &str,
    u: &Understanding,
    intent: &str,
    target: Option<&Target>,
    may: impl Fn(&Flow, &OnValues) -> bool,
) -> Option<Vec<Command>> {
    let met = |flow: &Flow, rule: &OnValues| {
        may(flow, rule)
            && understood(turn, flow, rule, text, u, intent, target)
            && after(turn, rule)
            && brings(turn, rule, u)
    };
    // Of several the first; but what wants many values together, such as two names and a word that compares them, knows more than
    // what wants any of them.
    let wants = |flow: &&Flow, many: bool| {
        flow.on_values.iter().any(|rule| (rule.all && rule.slots.len() >= MANY) == many && met(flow, rule))
    };
    let flows = || turn.a.flows.values();
    let flow = flows().find(|flow| wants(flow, true)).or_else(|| flows().find(|flow| wants(flow, false)))?;
    let mut slots = super::nlu::slots_for(turn, &flow.id, u);
    slots.retain(|_, value| !value.is_null());
    Some(vec![Command::Values { flow: flow.id.clone(), slots, intent: Some(intent.to_owned()) }])
}

fn understood(
    turn: &Turn,
    flow: &Flow,
    rule: &OnValues,
    text: &str,
    u: &Understanding,
    intent: &str,
    target: Option<&Target>,
) -> bool {
    let listed = rule.intents.iter().any(|(i, _)| i == intent);
    match target {
        Some(Target::Flow(own)) if *own == flow.id => true,
        // A value that the flow in hand takes goes on with that one.
        Some(Target::Command(IntentCommand::Inform)) => !rule.after.is_empty() || !goes_on(turn, flow, u),
        // What was shown before says what a few words are about.
        Some(Target::Command(IntentCommand::OutOfScope)) => {
            listed || (!rule.after.is_empty() && text.split_whitespace().count() <= FEW)
        }
        Some(_) => listed,
        None if rule.after.is_empty() => listed || mostly_values(text, u),
        None if listed => true,
        None => u.out_of_scope < turn.a.settings.threshold && !leans_elsewhere(turn, flow, u, intent),
    }
}

/// Whether another flow that runs or has just been completed takes what a message tells.
fn goes_on(turn: &Turn, flow: &Flow, u: &Understanding) -> bool {
    super::nlu::in_hand(turn).filter(|other| other.id != flow.id).is_some_and(|other| {
        let told = super::nlu::slots_for(turn, &other.id, u);
        told.iter().any(|(slot, value)| !value.is_null() && other.takes(slot))
    })
}

/// Whether an unsure message is more likely than not another flow's: "the Bata shoes pinch, I want to give them back" does not
/// cancel another order because one was cancelled before. What only looks something up may be started nevertheless.
fn leans_elsewhere(turn: &Turn, flow: &Flow, u: &Understanding, intent: &str) -> bool {
    flow.resume
        && u.intents.first().is_some_and(|(_, p)| *p >= LIKELY)
        && matches!(turn.a.target(intent), Some(Target::Flow(other)) if *other != *flow.id)
}

/// Whether the values make up most of a message.
fn mostly_values(text: &str, u: &Understanding) -> bool {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let mut inside = vec![false; text.chars().count()];
    for entity in &u.entities {
        for place in inside.iter_mut().take(entity.end).skip(entity.start) {
            *place = true;
        }
    }
    let covered = text.chars().zip(&inside).filter(|(c, inside)| c.is_alphanumeric() && **inside).count();
    covered * 10 >= letters * 6
}

fn after(turn: &Turn, rule: &OnValues) -> bool {
    let last = turn.state.last_frame.as_ref().map(|f| f.flow.as_str());
    rule.after.is_empty() || rule.after.iter().any(|(f, _)| Some(f.as_str()) == last)
}

fn brings(turn: &Turn, rule: &OnValues, u: &Understanding) -> bool {
    let slots = &turn.a.domain.slots;
    let named: Vec<_> = rule.slots.iter().filter_map(|(s, _)| slots.get(s)).collect();
    let filled = |slot: &&crate::config::domain::Slot| fill::from_entities(slot, u).is_some();
    let enough = match rule.all {
        true => !named.is_empty() && named.iter().all(filled),
        false => named.iter().any(filled),
    };
    enough
        && u.entities.iter().all(|e| {
            // Words and what is ruled out come with any values.
            let plain = e.entity.strip_prefix("not ").unwrap_or(&e.entity);
            e.entity.starts_with("words ")
                || e.entity.starts_with("shown ")
                || rule.beside.iter().any(|(b, _)| *b == plain)
                || named.iter().any(|s| s.takes_entity(&e.entity))
        })
}
