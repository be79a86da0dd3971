//! The decision: an event in, changes and effects out.

use crate::Assistant;
use crate::commands::{self, Command, consent, human_handoff};
use crate::effect::Effect;
use crate::event::{AgentAct, Event, Message};
use crate::patterns::{self, session_start};
use crate::policy;
use crate::receive;
use crate::returned;
use crate::state::{BUSINESS_APP, HeldMessage, Owner, Person, State, Understand};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What it changes.
    pub changes: Vec<TrackerEvent>,
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// The state with the changes applied.
    pub after: State,
}

/// Decides what an event changes and what is to be done. `at` is the event's journalled time, milliseconds since the epoch.
/// Pure: equal arguments give equal results.
pub fn step(assistant: &Assistant, state: &State, at: i64, event: &Event) -> Decided {
    let mut turn = Turn::new(assistant, state, at);
    match event {
        Event::Received(message) => receive::received(&mut turn, message),
        Event::Understood(understanding) => receive::understood(&mut turn, understanding),
        Event::NotUnderstood { reason } => receive::not_understood(&mut turn, reason),
        Event::Returned(answer) => returned::run(&mut turn, answer),
        Event::Timer { name } => {
            turn.emit(TrackerEvent::TurnStarted);
            patterns::silence::run(&mut turn, name);
        }
        Event::Agent(act) => agent(&mut turn, act),
        Event::Echo(message) => echo(&mut turn, message),
        Event::DeliveryFailed { code, title } => {
            let code = code.map_or_else(|| "unknown".to_owned(), |c| c.to_string());
            turn.emit(TrackerEvent::Noted { what: format!("delivery_failed {code} {title}") });
        }
        Event::OutcomeUnknown { what } => {
            turn.emit(TrackerEvent::TurnStarted);
            turn.emit(TrackerEvent::Noted { what: format!("outcome_unknown {what}") });
            human_handoff::run(&mut turn, "internal_error");
        }
        Event::MarketingPreference { opted_in } => {
            turn.emit(TrackerEvent::TurnStarted);
            commands::marketing::set(&mut turn, *opted_in);
        }
        Event::Renamed { phone, user_id } => {
            let known = state.person.clone();
            // A number that the customer has sent as a contact is none of the provider's names.
            let phone = phone.clone().or(known.phone.clone().filter(|_| known.phone_shared));
            let person = Person { phone, user_id: user_id.clone(), ..known };
            if person != state.person {
                turn.emit(TrackerEvent::PersonSeen { person, source: None });
            }
        }
        Event::Parked { tries } => {
            turn.emit(TrackerEvent::TurnStarted);
            turn.trouble("CHARLA-E1106", format!("a turn failed {tries} times and was put aside"));
            if turn.state.owner == Owner::Bot {
                turn.say("utter_internal_error");
                human_handoff::run(&mut turn, "internal_error");
            }
        }
    }
    settle(&mut turn);
    turn.finish()
}

/// Runs the flows, hands over after too many failures, and turns to what was kept until consent.
fn settle(turn: &mut Turn) {
    if matches!(turn.state.owner, Owner::Agent { .. }) {
        return;
    }
    // Until the text has been understood nobody knows whether it answers the question: asking again would be premature.
    if turn.state.understanding.is_some() {
        return;
    }
    loop {
        turn.run();
        if turn.state.mid_turn() {
            return;
        }
        if turn.state.owner == Owner::Bot && turn.state.failures >= turn.a.settings.failures {
            human_handoff::run(turn, "failed_attempts");
            turn.run();
        }
        let Some(held) = next_held(turn) else { return };
        turn.emit(TrackerEvent::HeldReleased);
        match &held.tap {
            Some(id) => receive::tap(turn, id, &held.text),
            None => {
                let HeldMessage { text, at, part, wish, answers, .. } = held;
                let asked = Understand { text, held: !part, part, wish, answers, ..Understand::default() };
                turn.understand_as(asked, at);
            }
        }
        if turn.state.understanding.is_some() {
            return;
        }
    }
}

/// The message kept until consent whose turn it is: the next one when nothing is asked, or what came after the open question.
pub(crate) fn next_held(turn: &Turn) -> Option<HeldMessage> {
    let state = &turn.state;
    let waiting = state.stack.iter().any(|f| f.waiting.is_some());
    if !state.consented() || waiting || state.mid_turn() {
        return None;
    }
    // What a message that was answered in the queue says more is looked at there.
    let now = |h: &&HeldMessage| state.owner == Owner::Bot || (h.part && state.waits_unheard());
    let open = turn.open_question();
    state.held.first().filter(now).filter(|h| open.is_none() || h.frame == open).cloned()
}

fn agent(turn: &mut Turn, act: &AgentAct) {
    turn.emit(TrackerEvent::TurnStarted);
    let (AgentAct::Take { agent: who }
    | AgentAct::Reply { agent: who, .. }
    | AgentAct::HandBack { agent: who, .. }
    | AgentAct::Note { agent: who, .. }) = act;
    let others = matches!(&turn.state.owner, Owner::Agent { id, .. } if id != who && id != BUSINESS_APP);
    match act {
        // Two may have pressed the button at the same moment: the first one has it.
        AgentAct::Take { .. } | AgentAct::Reply { .. } if others => {
            turn.emit(TrackerEvent::Noted { what: "taken by another agent".into() })
        }
        AgentAct::Take { agent } => take(turn, agent),
        AgentAct::Reply { agent, text } => {
            if !matches!(turn.state.owner, Owner::Agent { .. }) {
                // Writing is taking: two voices in one thread would confuse everybody.
                take(turn, agent);
            }
            let Some(token) = policy::window(&turn.state, turn.at) else {
                turn.emit(TrackerEvent::Withheld { reason: "window_closed".into() });
                return;
            };
            let body = crate::filters::cut(text.trim(), crate::limits::TEXT);
            if body.is_empty() {
                return;
            }
            let send = policy::free_form(
                token,
                &turn.state,
                crate::effect::Outgoing::Text { body: body.clone(), preview_url: true },
            );
            turn.effects.push(Effect::Send(send));
            turn.emit(TrackerEvent::AgentUttered { agent: agent.clone(), text: body, at: turn.at });
        }
        AgentAct::HandBack { agent, resolved } => {
            if turn.state.owner != Owner::Bot {
                patterns::handed_back::run(turn, agent, *resolved);
            }
        }
        AgentAct::Note { agent, text } => {
            turn.emit(TrackerEvent::AgentNoted { agent: agent.clone(), text: text.clone(), at: turn.at });
        }
    }
}

/// An agent owns the thread from now on; what the bot was doing is theirs.
fn take(turn: &mut Turn, agent: &str) {
    let open: Vec<u64> = turn.state.matters.iter().filter(|m| !m.escalated).map(|m| m.id).collect();
    for id in open {
        turn.emit(TrackerEvent::MatterEscalated { id, reason: "taken".into() });
    }
    turn.drop_stack("taken");
    turn.drafts.clear();
    turn.emit(TrackerEvent::AgentTook { agent: agent.to_owned(), at: turn.at });
}

/// A colleague wrote from the Business app.
fn echo(turn: &mut Turn, message: &Message) {
    turn.emit(TrackerEvent::TurnStarted);
    if !matches!(&turn.state.owner, Owner::Agent { .. }) {
        take(turn, BUSINESS_APP);
    }
    let text = receive::transcript_text(&message.content);
    turn.emit(TrackerEvent::AgentUttered { agent: BUSINESS_APP.into(), text, at: message.sent_at });
}

impl Turn<'_> {
    /// Carries commands out.
    pub fn execute(&mut self, commands: Vec<Command>) {
        if self.state.consented() {
            consent::save_contact(self);
        }
        commands::execute(self, commands);
    }

    /// Begins the turn of a customer's message.
    pub fn begin(&mut self) {
        self.emit(TrackerEvent::TurnStarted);
        session_start::begin(self);
    }
}
