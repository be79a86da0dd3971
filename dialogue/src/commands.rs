//! Commands: what a message means for the dialogue. Sources make them, one file each carries them out.

pub mod amend;
pub mod back_to;
pub mod cancel_flow;
pub mod change_language;
pub mod chitchat;
pub mod clarify;
pub mod consent;
pub mod correct_slot;
pub mod feedback;
pub mod human_handoff;
pub mod knowledge_answer;
pub mod later;
pub mod marketing;
pub mod meant;
pub mod repeat;
pub mod restart;
pub mod resume;
pub mod session_start;
pub mod set_slot;
pub mod skip_question;
pub mod start_flow;
pub mod stop;
pub mod values;

use crate::patterns;
use crate::render::Offered;
use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Starts a flow with these slots.
    StartFlow { flow: String, slots: Slots, intent: Option<String>, tapped: bool },
    /// Does what a message said that was unsure when it came: a tap has told which intent it means.
    Meant { intent: String, turn: u64 },
    /// Answers the question just asked, and fills other slots of its flow.
    SetSlot { slots: Slots },
    /// Overwrites slots and runs again from the step that uses them.
    CorrectSlot { slots: Slots },
    /// Overwrites what was told in free words, and asks again; `part` is what is new in it.
    Amend { slot: String, value: Value, part: String },
    /// Takes values said at a question and goes on from another step of its flow.
    BackTo { step: String, slots: Slots },
    /// Starts the flow that values ask for.
    Values { flow: String, slots: Slots, intent: Option<String> },
    /// Drops the running flow.
    CancelFlow,
    /// Offers topics: why (`ambiguous`, `value`), and which flows take a value.
    Clarify { reason: &'static str, flows: Vec<String> },
    /// Small talk.
    Chitchat { answer: String },
    /// A written answer to a question.
    KnowledgeAnswer { answer: String, intent: String },
    /// A person.
    HumanHandoff { reason: &'static str },
    /// Says to somebody who waits for a person already that they do.
    StillWaiting,
    /// Drops what came between a confirmation and its yes.
    Resume { frame: u64 },
    /// Leaves the question out.
    SkipQuestion,
    /// Says the last reply again.
    Repeat,
    /// Another language; none: ask which.
    ChangeLanguage { language: Option<String> },
    /// Withdraws consent.
    Stop,
    /// Greets.
    SessionStart,
    /// Forgets what is going on.
    Restart,
    /// Yes or no to the consent question.
    Consent { given: bool },
    /// Marketing opt-in.
    Marketing { opted_in: bool },
    /// Helpful or not.
    Feedback { helpful: bool },
    /// A failed attempt.
    CannotHandle { reason: &'static str },
    /// Below the threshold.
    LowConfidence,
    /// The question again, with these of its options, or as it was: no failed attempt.
    AskAgain { left: Vec<Offered> },
    /// A sentence to be looked at when what is being done has come to its end.
    Later { text: String },
    /// A wish that stood behind a yes, to be done when what got the yes is done.
    Afterwards { text: String },
    /// Says that part of what was told has been changed.
    Corrected { part: String },
    /// A question whether what waits for a yes has been done.
    NotYet,
    /// A question at a confirmation that only the team can answer.
    NeedsTeam,
    /// "Ok" to nothing in particular.
    Acknowledge,
    /// What stands before it was named among what is shown, which is as sure as a tap.
    Certain,
}

/// The message is understood for certain, whatever its intent was taken for.
fn certain(turn: &mut Turn) {
    if turn.state.latest.as_ref().is_some_and(|latest| latest.confidence < 1.0) {
        turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    }
}

/// Carries commands out, in order.
pub(crate) fn execute(turn: &mut Turn, commands: Vec<Command>) {
    for command in commands {
        match command {
            Command::StartFlow { flow, slots, intent, tapped } => {
                if tapped {
                    // An option that is named in words is chosen as surely as one that is tapped.
                    certain(turn);
                }
                start_flow::run(turn, &flow, slots, intent, tapped)
            }
            Command::Meant { intent, turn: number } => meant::run(turn, intent, number),
            Command::Values { flow, slots, intent } => values::run(turn, &flow, slots, intent),
            Command::SetSlot { slots } => set_slot::run(turn, slots),
            Command::CorrectSlot { slots } => correct_slot::run(turn, slots),
            Command::Amend { slot, value, part } => amend::run(turn, &slot, value, &part),
            Command::BackTo { step, slots } => back_to::run(turn, &step, slots),
            Command::CancelFlow => cancel_flow::run(turn),
            Command::Clarify { reason, flows } => clarify::run(turn, reason, &flows),
            Command::Chitchat { answer } => chitchat::run(turn, &answer),
            Command::KnowledgeAnswer { answer, intent } => knowledge_answer::run(turn, &answer, &intent),
            Command::HumanHandoff { reason } => human_handoff::run(turn, reason),
            Command::StillWaiting => human_handoff::waiting(turn),
            Command::Resume { frame } => resume::run(turn, frame),
            Command::SkipQuestion => skip_question::run(turn),
            Command::Repeat => repeat::run(turn),
            Command::ChangeLanguage { language } => change_language::run(turn, language),
            Command::Stop => stop::run(turn),
            Command::SessionStart => session_start::run(turn),
            Command::Restart => restart::run(turn),
            Command::Consent { given } => consent::run(turn, given),
            Command::Marketing { opted_in } => marketing::run(turn, opted_in),
            Command::Feedback { helpful } => feedback::run(turn, helpful),
            Command::CannotHandle { reason } => patterns::cannot_handle::run(turn, reason),
            Command::LowConfidence => patterns::clarification::low_confidence(turn),
            Command::AskAgain { left } => {
                // Part of an answer is certain too, and so is what its words alone make known: a question back, a "wait".
                certain(turn);
                if !left.is_empty() {
                    turn.left = turn.state.asked.as_ref().map(|a| (a.slot.clone(), left));
                }
                turn.reask();
            }
            Command::Corrected { part } => turn.pattern("pattern_correction", Some(&part)),
            Command::NotYet => {
                turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
                turn.say("utter_not_yet");
                turn.reask();
            }
            Command::NeedsTeam => {
                // That it is a question is sure, whatever it is about; and it is said that it has no answer here.
                turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
                turn.say("utter_needs_team");
                turn.reask();
            }
            Command::Later { text } => later::run(turn, text, false),
            Command::Afterwards { text } => later::run(turn, text, true),
            Command::Certain => certain(turn),
            Command::Acknowledge => {
                turn.say("utter_acknowledge");
                turn.reask();
            }
        }
    }
}
