//! Understanding to commands: the question just asked first, then what the message wants.

use super::question::Question;
use super::{taps, yes_no};
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{IntentCommand, Slot, Target};
use crate::config::flows::Flow;
use crate::event::Understanding;
use crate::fill;
use crate::negation::{self, Verdict};
use crate::payload::Payload;
use crate::state::{Owner, Slots};
use crate::turn::Turn;
use crate::wording;

/// Confidence from which on evidence in the text makes an intent certain.
const LIKELY: f32 = 0.5;
/// Share of the probability from which on an address makes an intent certain where none is asked for and nothing else is wished.
const SHARE: f32 = 0.15;

/// What an understood text says.
pub(crate) fn commands(turn: &Turn, text: &str, u: &Understanding) -> Vec<Command> {
    let a = turn.a;
    let meant = match negation_settled(text, &crate::mention::ruled_out(a, text, u)) {
        Some(settled) => settled,
        None => return vec![Command::CannotHandle { reason: "not_understood" }],
    };
    let meant = crate::absence::settled(text, &meant);
    let u = &choice::pointed::settled(turn, text, &crate::mention::settled(a, text, &meant));
    let (intent, p) = u.intents.first().map(|(i, p)| (i.as_str(), *p)).unwrap_or(("", 0.0));
    let sure = p >= a.threshold(intent);
    let target = a.target(intent).filter(|_| sure).map(|t| super::means::meant(turn, text, u, t));
    // "Don't send it" is about the matter that is open.
    let halt = a.words.is("halt", text) && turn.state.stack.iter().any(|f| !f.flow.starts_with("pattern_"));
    if halt && target == Some(Target::Command(IntentCommand::Stop)) {
        return vec![match yes_no::ending(turn) {
            true => Command::AskAgain { left: vec![] },
            false => Command::CancelFlow,
        }];
    }
    if target == Some(Target::Command(IntentCommand::ChangeLanguage))
        && crate::tongue::for_somebody_else(text)
    {
        return vec![Command::Chitchat { answer: "utter_languages_spoken".into() }];
    }
    // "No, mejor en español": the words are plain, however sure the intent is.
    let named = a.target(intent) == Some(Target::Command(IntentCommand::ChangeLanguage))
        && crate::tongue::asked_for(text).is_some();
    if named && !sure {
        let mut commands = plain_command(turn, IntentCommand::ChangeLanguage, u);
        commands.push(Command::Certain);
        return commands;
    }
    if let Some(Target::Command(
        command @ (IntentCommand::Stop
        | IntentCommand::HumanHandoff
        | IntentCommand::ChangeLanguage
        | IntentCommand::Restart
        | IntentCommand::Repeat),
    )) = &target
    {
        return plain_command(turn, *command, u);
    }
    if let Some(Target::Flow(flow)) = &target
        && Question::of(turn).is_none_or(|q| q.own_no(text).is_none())
        && let Some(commands) = super::refusal::denied_wish(turn, flow, text)
    {
        return commands;
    }
    if let Some(frame) = super::answers::confirmed_before(turn, text) {
        return vec![Command::Resume { frame }];
    }
    if let Some(commands) = Question::of(turn).and_then(|q| q.of_another(turn, text, u)) {
        return commands;
    }
    if let Some(question) = Question::of(turn)
        && let Some(commands) = question.commands(turn, text, u, intent, p, target.as_ref())
    {
        return commands;
    }
    let vague =
        !sure || matches!(target, Some(Target::Command(IntentCommand::Inform | IntentCommand::OutOfScope)));
    let served = turn.state.owner == Owner::Bot || turn.state.self_service() || turn.state.waits_unheard();
    let free = served && turn.open_question().is_none();
    // "The black one" of what was shown goes before a search for what is black.
    if vague
        && free
        && choice::pointing(text)
        && let Some(commands) = shown_option(turn, text, u)
    {
        return commands;
    }
    // "Vale, pues la calle es Mayor 14 3ºB, 28013 Madrid", which nobody asked for, is for what an address can be changed of.
    if target == Some(Target::Command(IntentCommand::Inform))
        && free
        && let Some((intent, flow)) = likely_flow(turn, u)
        && address_of(turn, &flow, text)
    {
        return vec![start(turn, &flow, &intent, u), Command::Certain];
    }
    if let Some(commands) = super::values::commands(turn, text, u, intent, target.as_ref()) {
        return commands;
    }
    if vague
        && free
        && let Some(commands) = shown_option(turn, text, u)
    {
        return commands;
    }
    let out =
        u.out_of_scope >= a.settings.threshold || target == Some(Target::Command(IntentCommand::OutOfScope));
    if out {
        return vec![Command::CannotHandle { reason: "out_of_scope" }];
    }
    // "Es calle Alcalá 123, 28009 Madrid, se me olvidó el piso": with an address told, a likely change of one is certain.
    if !sure
        && p >= LIKELY
        && let Some(Target::Flow(flow)) = a.target(intent)
        && address_of(turn, &flow, text)
    {
        return vec![start(turn, &flow, intent, u), Command::Certain];
    }
    if !sure {
        return vec![Command::LowConfidence];
    }
    if a.domain.intents.get(intent).is_some_and(|i| i.always_human) {
        return vec![Command::HumanHandoff { reason: "always_human" }];
    }
    match target {
        Some(Target::Flow(flow)) => {
            vec![start(turn, &flow, intent, u)]
        }
        Some(Target::Answer(key)) => vec![answer(turn, intent, key)],
        Some(Target::Handoff) => vec![Command::HumanHandoff { reason: "always_human" }],
        Some(Target::Command(command)) => plain_command(turn, command, u),
        None => vec![Command::LowConfidence],
    }
}

/// The likeliest flow beside what says no more than that something is told, if it has some share.
fn likely_flow(turn: &Turn, u: &Understanding) -> Option<(String, String)> {
    u.intents.iter().filter(|(_, p)| *p >= SHARE).find_map(|(intent, _)| match turn.a.target(intent)? {
        Target::Flow(flow) => Some((intent.clone(), flow)),
        _ => None,
    })
}

/// Whether a flow asks for an address, and a text tells one.
fn address_of(turn: &Turn, flow: &str, text: &str) -> bool {
    let holds = |slot: &str| turn.a.domain.slots.get(slot).is_some_and(Slot::holds_address);
    let asks = turn.a.flows.get(flow).is_some_and(|flow| flow.collects().any(|c| holds(&c.slot)));
    asks && wording::address::told(text).is_some()
}

/// The flow that an intent is for, with what the message says already.
pub(super) fn start(turn: &Turn, flow: &str, intent: &str, u: &Understanding) -> Command {
    let slots = slots_for(turn, flow, u);
    Command::StartFlow { flow: flow.to_owned(), slots, intent: Some(intent.to_owned()), tapped: false }
}

/// A written answer: small talk or a matter.
pub(crate) fn answer(turn: &Turn, intent: &str, answer: String) -> Command {
    if turn.a.domain.intents.get(intent).is_some_and(|i| i.smalltalk) {
        Command::Chitchat { answer }
    } else {
        Command::KnowledgeAnswer { answer, intent: intent.to_owned() }
    }
}

/// A command that an intent stands for, where no question is open.
pub(crate) fn plain_command(turn: &Turn, command: IntentCommand, u: &Understanding) -> Vec<Command> {
    vec![match command {
        IntentCommand::Stop => Command::Stop,
        IntentCommand::HumanHandoff => Command::HumanHandoff { reason: "requested" },
        IntentCommand::ChangeLanguage => {
            let language = crate::commands::change_language::wished(turn, u);
            Command::ChangeLanguage { language }
        }
        IntentCommand::OutOfScope => Command::CannotHandle { reason: "out_of_scope" },
        IntentCommand::Repeat => Command::Repeat,
        IntentCommand::Restart => Command::Restart,
        IntentCommand::CancelFlow => Command::CancelFlow,
        IntentCommand::Affirm => {
            return yes_no::to_offer(turn, true).unwrap_or_else(|| vec![Command::Acknowledge]);
        }
        IntentCommand::Deny | IntentCommand::Inform => {
            return inform(turn, u, command == IntentCommand::Deny);
        }
    }]
}

/// Values that nobody asked for: a follow-up to the flow just completed, else the customer says what to do with them.
fn inform(turn: &Turn, u: &Understanding, deny: bool) -> Vec<Command> {
    let all = all_slots(turn, u);
    if all.is_empty() {
        if deny && let Some(commands) = yes_no::to_offer(turn, false) {
            return commands;
        }
        return vec![if deny {
            Command::Acknowledge
        } else {
            Command::CannotHandle { reason: "not_understood" }
        }];
    }
    if let Some(flow) = in_hand(turn) {
        let slots: Slots =
            all.iter().filter(|(s, _)| flow.takes(s)).map(|(k, v)| (k.clone(), v.clone())).collect();
        if !slots.is_empty() {
            return vec![Command::CorrectSlot { slots }];
        }
    }
    vec![Command::Clarify { reason: "value", flows: super::taps::flows_taking(turn, &all) }]
}

/// The flow that runs, or the one that was completed last.
pub(super) fn in_hand<'t>(turn: &'t Turn) -> Option<&'t Flow> {
    let state = &turn.state;
    let running = state.stack.iter().rev().find(|f| !f.flow.starts_with("pattern_"));
    running.or(state.last_frame.as_ref()).and_then(|f| turn.a.flows.get(&f.flow))
}

/// All slots that a message's entities fill.
fn all_slots(turn: &Turn, u: &Understanding) -> Slots {
    turn.a
        .domain
        .slots
        .iter()
        .filter_map(|(name, slot)| Some((name.clone(), fill::from_entities(slot, u)?.0)))
        .collect()
}

/// Slots that a message's entities fill for a flow.
pub(crate) fn slots_for(turn: &Turn, flow: &str, u: &Understanding) -> Slots {
    let flow = turn.a.flows.get(flow);
    let persisted = |s: &str| turn.a.domain.slots.get(s).is_some_and(|s| s.persisted);
    all_slots(turn, u).into_iter().filter(|(s, _)| persisted(s) || flow.is_some_and(|f| f.takes(s))).collect()
}

/// Affirm or deny by tap.
pub(crate) fn answer_to_question(turn: &Turn, intent: &str, u: &Understanding) -> Vec<Command> {
    match Question::of(turn)
        .and_then(|q| q.commands(turn, "", u, intent, 1.0, turn.a.target(intent).as_ref()))
    {
        Some(commands) => commands,
        None => vec![Command::Acknowledge],
    }
}

/// Without the entities that a message denies: "8843 not 8842". Nothing if it cannot be seen which of several is meant. Only
/// where there is a choice: "10002 nahi aaya" is about 10002.
fn negation_settled(text: &str, u: &Understanding) -> Option<Understanding> {
    let spans: Vec<(usize, usize)> = u.entities.iter().map(|e| (e.start, e.end)).collect();
    let verdicts = negation::judge(text, &spans);
    let rivals = |at: usize| {
        let this = &u.entities[at];
        u.entities
            .iter()
            .zip(&verdicts)
            .filter(move |(e, _)| e.entity == this.entity && e.value != this.value)
    };
    if (0..spans.len()).any(|at| verdicts[at] == Verdict::Unclear && rivals(at).next().is_some()) {
        return None;
    }
    let mut settled = u.clone();
    let mut at = 0..spans.len();
    settled.entities.retain(|_| {
        at.next()
            .is_none_or(|at| verdicts[at] != Verdict::Negated || rivals(at).all(|(_, v)| *v != Verdict::Kept))
    });
    Some(settled)
}

/// The option shown that a message names while no question is open: "the black one" of the products found.
fn shown_option(turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
    let shown = choice::of_last_reply(turn);
    let id = match choice::named(&shown, None, text, u) {
        Named::One { id, .. } => id,
        _ => choice::referred(&shown, text, u)?,
    };
    match Payload::parse(&id).ok()? {
        // Consent that has been given is withdrawn by a tap or by words for it: a "thanks" is no "No, thanks".
        Payload::Consent(_) | Payload::Stop => None,
        payload => {
            let mut commands = taps::commands(turn, payload);
            commands.push(Command::Certain);
            Some(commands)
        }
    }
}
