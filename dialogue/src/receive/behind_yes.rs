//! What is said behind a clear yes to a question whether something shall be done: "yes. And cancel the trainers". It is looked at
//! by itself before the yes is taken: where it is a wish of its own, the yes counts and the wish comes afterwards; anything else
//! may be a condition or another value, and the message is looked at as a whole.

use super::{certain, courteous, execute};
use crate::commands::Command;
use crate::config::domain::{IntentCommand, Target};
use crate::config::settings::Understanding as Understands;
use crate::event::Understanding;
use crate::sources::question::Question;
use crate::state::{Owner, Slots, Understand};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use crate::wording;
use serde_json::Value;

/// Takes a message that is all a yes, or asks for what is behind its yes to be understood. False if it is neither.
pub(super) fn looked_at(turn: &mut Turn, text: &str) -> bool {
    let Some(rest) = rest(turn, text) else { return false };
    if rest.is_empty() {
        yes(turn, text, None);
        return true;
    }
    if turn.a.settings.understanding == Understands::None {
        return false;
    }
    let asked = Understand { text: rest, whole: Some(text.to_owned()), ..Understand::default() };
    turn.understand_as(asked, turn.at);
    true
}

/// What is behind the yes has been understood by itself.
pub(super) fn understood(turn: &mut Turn, rest: &str, whole: &str, u: &Understanding) {
    // What counts is the message, not a part of it.
    let languages = turn.state.language.posterior.clone();
    turn.emit(TrackerEvent::Understood { latest: None, languages });
    if turn.needs_consent() || matches!(turn.state.owner, Owner::Agent { .. }) || !asked(turn) {
        // Something has come between.
        return turn.understand(whole, turn.at, false, false);
    }
    match said(turn, rest, u) {
        Said::Wish => yes(turn, whole, Some(Command::Afterwards { text: rest.to_owned() })),
        Said::Courtesy => yes(turn, whole, None),
        Said::About => turn.understand(whole, turn.at, false, false),
        // "Yes, do. And when does the fridge come?": whatever it is, it takes nothing back.
        Said::Unclear if Question::of(turn).is_some_and(|q| q.asks_elsewhere(rest, u)) => {
            yes(turn, whole, Some(Command::Afterwards { text: rest.to_owned() }))
        }
        Said::Unclear => unclear(turn, whole),
    }
}

/// What is behind the yes is not understood by itself: its words alone may still tell that it takes nothing back.
pub(super) fn unclear(turn: &mut Turn, whole: &str) {
    match wording::after_yes(&turn.a.words, whole).filter(|_| asked(turn)) {
        Some(rest) => yes(turn, whole, Some(Command::Later { text: rest })),
        None => turn.understand(whole, turn.at, false, false),
    }
}

/// Whether it is still asked if something shall be done.
fn asked(turn: &Turn) -> bool {
    Question::of(turn).is_some_and(|question| question.collect.confirm)
}

/// What is said behind a yes.
enum Said {
    /// Another wish.
    Wish,
    /// A thank-you, or the yes once more.
    Courtesy,
    /// Something about what the yes is to: a condition, a detail, another value.
    About,
    Unclear,
}

/// Whether a message has something behind its yes that is to be looked at by itself first.
pub(crate) fn has_rest(turn: &Turn, text: &str) -> bool {
    turn.a.settings.understanding != Understands::None
        && rest(turn, text).is_some_and(|rest| !rest.is_empty())
}

/// What a message says behind a clear yes to a question whether something shall be done.
fn rest(turn: &Turn, text: &str) -> Option<String> {
    let question = Question::of(turn).filter(|q| q.collect.confirm && q.own_no(text).is_none())?;
    wording::behind_yes(&turn.a.words, &question.collect.yes, &question.shown(turn), text)
}

/// Takes the yes; what is behind it waits until it is done.
fn yes(turn: &mut Turn, text: &str, later: Option<Command>) {
    let Some(slot) = turn.state.asked.as_ref().map(|a| a.slot.clone()) else { return };
    certain(turn, text);
    let yes = Command::SetSlot { slots: Slots::from([(slot, Value::Bool(true))]) };
    execute(turn, later.into_iter().chain([yes]).collect(), false);
}

fn said(turn: &Turn, rest: &str, u: &Understanding) -> Said {
    let sure = |(intent, p): &&(String, f32)| turn.a.is_sure(intent, *p, u.out_of_scope);
    let Some((intent, _)) = u.intents.first().filter(sure) else { return Said::Unclear };
    let (Some(target), Some(question)) = (turn.a.target(intent), Question::of(turn)) else {
        return Said::Unclear;
    };
    match target {
        Target::Flow(flow) if question.about(turn, &flow) => {
            match question.names_another(turn, rest, u) || question.asks_of_a_thing(turn, rest, u, &flow) {
                true => Said::Wish,
                false => Said::About,
            }
        }
        Target::Flow(flow) if question.notes(u, rest, &flow) => Said::About,
        Target::Answer(_) if courteous(turn, u) => Said::Courtesy,
        Target::Flow(_) | Target::Handoff | Target::Answer(_) => Said::Wish,
        Target::Command(IntentCommand::HumanHandoff | IntentCommand::ChangeLanguage) => Said::Wish,
        // "Yes, thanks, go on".
        Target::Command(IntentCommand::Affirm) if !wording::names_number_or_day(rest) => Said::Courtesy,
        Target::Command(IntentCommand::Inform) => Said::About,
        Target::Command(_) => Said::Unclear,
    }
}
