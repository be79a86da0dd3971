//! A message that says two things: the whole of it is answered first, then each sentence that is clearly a wish of its own.

use super::waiting;
use crate::clauses;
use crate::commands::{Command, later};
use crate::config::domain::{IntentCommand, Target};
use crate::event::Understanding;
use crate::patterns::clarification;
use crate::sources::nlu;
use crate::state::{Owner, Slots, Topic};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use crate::wording;

/// Probability that a question is about something that can be offered, from which on it is asked what it is about.
const LIKELY: f32 = 0.5;

/// Keeps the sentences of a message whose wish is being done.
pub(crate) fn keep(turn: &mut Turn, text: &str, commands: &[Command]) {
    let commands = match commands {
        [before @ .., Command::Certain] => before,
        all => all,
    };
    // What a row shown leads to is a wish too: "the second, is it under warranty? And can I pay in instalments?".
    let wish = matches!(
        commands,
        [Command::StartFlow { .. } | Command::Values { .. } | Command::KnowledgeAnswer { .. }]
    );
    if !wish {
        return;
    }
    // "The laptop one, and can I change its address": what only points is no wish.
    for part in wording::parts(text).into_iter().filter(|part| !wording::only_points(part)) {
        later::run(turn, part, false);
    }
}

/// Keeps the questions of an unsure message that are no part of its clauses heard as wishes, the first and the others.
pub(crate) fn keep_unheard(turn: &mut Turn, text: &str, first: &str, others: &[String]) {
    let heard = |part: &str| {
        let mut wishes = others.iter().map(String::as_str).chain([first]);
        wishes.any(|w| w.contains(part) || part.contains(w))
    };
    for part in wording::parts(text).into_iter().filter(|p| wording::questions(p) && !heard(p)) {
        later::run(turn, part, false);
    }
}

/// What a further sentence has been understood as: done if it is sure and another wish than the one done already; nothing is
/// said otherwise, because the message has had its answer. What stood behind a yes as a wish of its own has had none.
pub(crate) fn understood(turn: &mut Turn, text: &str, u: &Understanding, wish: bool) {
    let waits = turn.state.waits_unheard();
    if !(turn.state.owner == Owner::Bot || waits) || turn.needs_consent() {
        return;
    }
    let (intent, p) = u.intents.first().cloned().unwrap_or_default();
    // What only asks does nothing that would have to be undone: as sure as any message is enough.
    let asks = turn.a.target(&intent).is_some_and(|to| harmless(turn, &to, text));
    let least = if wish || asks { turn.a.threshold(&intent) } else { turn.a.settings.digression_threshold };
    // What is asked about the product on the screen is as certain as an answer, however sure the intent is; the first of two names
    // that are compared asks nothing.
    let values = of_values(turn, text, u);
    let asked =
        values.as_ref().is_some_and(|(flow, slots)| wording::questions(text) && !told(turn, flow, slots));
    if (p < least && !asked) || u.out_of_scope >= turn.a.settings.threshold {
        if !waits && !ask_if_meant(turn, text, u) && wish {
            turn.say_if_known("utter_rest_unclear");
        }
        return;
    }
    let done = turn.state.exchanges.last().map(|e| e.intent.clone());
    match values.map(|(flow, _)| Target::Flow(flow)).or_else(|| turn.a.target(&intent)) {
        Some(Target::Flow(flow)) => {
            let Some(target) = turn.a.flows.get(&flow) else { return };
            // "The Xiaomi one that's late, when will it come?": the choice of a row has led to what the second sentence asks.
            let spoken = done.as_deref().is_some_and(|d| matches!(turn.a.target(d), Some(Target::Answer(_))));
            let ended = turn.state.last_frame.as_ref().is_some_and(|f| f.flow == flow);
            // "The iPad one, will it come today? And can I still change the address": the choice of a row has done no such thing.
            let first = turn.state.exchanges.last().and_then(|e| e.action.as_deref()?.strip_prefix("flow_"));
            let begun = ended || first == Some(&flow) || turn.state.stack.iter().any(|f| f.flow == flow);
            let same = done.as_deref() == Some(intent.as_str()) && begun;
            // Another detail of the same product is the same flow once more; an answer that comes twice is said once.
            if (same || (ended && !spoken)) && !target.side && !wish && !asked {
                return;
            }
            if wish || target.side || !target.resume {
                turn.emit(TrackerEvent::ExchangeBegun { intent });
                let mut commands = nlu::commands(turn, text, u);
                waiting::served(turn, &mut commands);
                if waiting::answers(turn, &commands) {
                    turn.execute(commands);
                }
            } else if !waits {
                // What changes something is offered, not begun.
                let topics = clarification::topics_of(turn, &[flow]);
                offer(turn, topics, "utter_second_wish");
            }
        }
        // The rest is for the person who is waited for.
        _ if waits => {}
        Some(Target::Handoff) if wish => {
            turn.execute(vec![Command::HumanHandoff { reason: "always_human" }]);
        }
        Some(Target::Answer(_)) if wish || done.as_deref() != Some(intent.as_str()) => {
            let courtesy = turn.a.domain.intents.get(&intent).is_some_and(|i| i.courtesy.is_some());
            if !courtesy {
                let commands = nlu::commands(turn, text, u);
                turn.execute(commands);
            }
        }
        Some(Target::Command(
            command @ (IntentCommand::Stop | IntentCommand::HumanHandoff | IntentCommand::ChangeLanguage),
        )) => {
            let commands = nlu::plain_command(turn, command, u);
            turn.execute(commands);
        }
        _ => {}
    }
}

/// Of a further sentence that is a question, but not surely which one, it is asked what it is about; `false` where nothing is likely.
fn ask_if_meant(turn: &mut Turn, text: &str, u: &Understanding) -> bool {
    let about = |(intent, _): &&(String, f32)| match turn.a.target(intent) {
        Some(Target::Flow(_)) => true,
        Some(Target::Answer(_)) => !clauses::polite(turn.a, intent),
        _ => false,
    };
    let likely: f32 = u.intents.iter().filter(about).map(|(_, p)| p).sum();
    // What was written before the latest message is hardly waited for any more.
    let written = turn.state.transcript.iter().rev().find(|line| line.from == "customer");
    let now = written.is_some_and(|line| line.text.contains(text));
    if likely < LIKELY || u.out_of_scope >= turn.a.settings.threshold || !now || !wording::questions(text) {
        return false;
    }
    // What has just been answered, or is being asked, is not asked about.
    let runs = |flow: &str| {
        let just = turn.state.last_frame.iter().chain(&turn.state.stack).any(|frame| frame.flow == flow);
        just && !turn.a.flows.get(flow).is_some_and(|flow| flow.side)
    };
    let topics = clarification::likely_topics(turn).into_iter().filter(|topic| !runs(&topic.flow)).collect();
    offer(turn, topics, "utter_do_you_mean")
}

/// Offers topics with this response beside what has been answered; `false` if there are none.
fn offer(turn: &mut Turn, topics: Vec<Topic>, response: &str) -> bool {
    if topics.is_empty() {
        return false;
    }
    clarification::offered(turn, topics, false);
    turn.say(response);
    true
}

/// Whether a text asks for what a target only tells. Where that takes the place of what runs, its mark has to say that it asks.
fn harmless(turn: &Turn, target: &Target, text: &str) -> bool {
    let marked = text.contains(['?', '¿']);
    match target {
        Target::Answer(_) => wording::questions(text),
        Target::Flow(flow) => turn
            .a
            .flows
            .get(flow)
            .is_some_and(|flow| if flow.side { wording::questions(text) } else { !flow.resume && marked }),
        _ => false,
    }
}

/// The flow that the values of a further sentence ask for, such as one about what is on the screen, and these values.
fn of_values(turn: &Turn, text: &str, u: &Understanding) -> Option<(String, Slots)> {
    nlu::commands(turn, text, u).into_iter().find_map(|command| match command {
        Command::Values { flow, slots, .. } => Some((flow, slots)),
        _ => None,
    })
}

/// Whether the flow that ended last was begun with these values: what it has used up by then is not compared.
fn told(turn: &Turn, flow: &str, slots: &Slots) -> bool {
    turn.state.last_frame.as_ref().filter(|last| last.flow == flow).is_some_and(|last| {
        slots.iter().all(|(slot, value)| last.slots.get(slot).is_none_or(|old| old.is_null() || old == value))
    })
}
