//! What the runtime runs: the dialogue as a [`Session`].

use crate::telemetry::names;
use charla_actors::accept::Alias;
use charla_actors::session::{EffectClass, Millis, Session, Step, View};
use charla_dialogue::{
    Assistant, Decided,
    effect::{Effect, Outgoing},
    event::{Event, Outcome, Returned},
    invariants::Happened,
    state::{Owner, State},
    tracker::TrackerEvent,
};
use std::sync::Arc;

/// Side table of conversations that wait for a person.
pub const QUEUE: &str = "queue";
/// Side table of conversations that a person has taken.
pub const TAKEN: &str = "taken";

/// A compiled assistant, pinned by each turn.
pub struct Bot {
    assistant: Arc<Assistant>,
    counts: bool,
}

impl Bot {
    /// Wraps a compiled assistant for replays: decides, counts nothing.
    pub fn new(assistant: Arc<Assistant>) -> Self {
        Self { assistant, counts: false }
    }

    /// Wraps a compiled assistant for serving: counts matters, consents, troubles and broken rules as it decides. A turn that is decided again
    /// after a crash is counted again; exact figures come from the journal.
    pub fn serving(assistant: Arc<Assistant>) -> Self {
        Self { assistant, counts: true }
    }

    fn count(&self, (before, after): (&State, &State), at: Millis, event: &Event, step: &Step<Self>) {
        for change in &step.changes {
            let (name, outcome) = match change {
                TrackerEvent::Trouble { code, what } => {
                    trouble(code, what);
                    continue;
                }
                TrackerEvent::Withheld { reason } => {
                    metrics::counter!(names::WITHHELD, "reason" => reason.clone()).increment(1);
                    continue;
                }
                TrackerEvent::Queued { reason, .. } => {
                    metrics::counter!(names::HANDOVERS, "reason" => reason.clone()).increment(1);
                    continue;
                }
                TrackerEvent::MessageHeld { .. } => {
                    metrics::counter!(names::MESSAGES_KEPT).increment(1);
                    continue;
                }
                TrackerEvent::ConsentAsked { .. } => (names::CONSENTS, "asked"),
                TrackerEvent::ConsentGiven { .. } => (names::CONSENTS, "given"),
                TrackerEvent::ConsentDenied { .. } => (names::CONSENTS, "denied"),
                TrackerEvent::ConsentWithdrawn { .. } => (names::CONSENTS, "withdrawn"),
                TrackerEvent::ConsentOutdated { .. } => (names::CONSENTS, "outdated"),
                TrackerEvent::MatterOpened { .. } => (names::MATTERS, "opened"),
                TrackerEvent::MatterResolved { .. } => (names::MATTERS, "resolved"),
                TrackerEvent::MatterEscalated { .. } => (names::MATTERS, "escalated"),
                TrackerEvent::MatterAbandoned { .. } => (names::MATTERS, "abandoned"),
                _ => continue,
            };
            metrics::counter!(name, "outcome" => outcome).increment(1);
        }
        let happened = Happened { before, after, at, event, changes: &step.changes, effects: &step.effects };
        for violation in charla_dialogue::invariants::check(&self.assistant, happened) {
            // The runtime's span names conversation and record.
            let what = violation.what.as_str();
            tracing::error!(
                rule = violation.rule,
                what,
                "a rule of the dialogue is broken; `charla replay` shows the conversation"
            );
            metrics::counter!(names::INVARIANT_VIOLATIONS, "rule" => violation.rule).increment(1);
        }
    }

    /// The assistant.
    pub fn assistant(&self) -> &Assistant {
        &self.assistant
    }
}

/// Counts and logs a trouble. Behind the first `": "` may be what a customer said: that stays in the journal.
fn trouble(code: &str, what: &str) {
    metrics::counter!(names::TROUBLES, "code" => code.to_owned()).increment(1);
    let place = what.split_once(": ").map_or(what, |(place, _)| place);
    tracing::warn!(code, place, "trouble in the dialogue; the journal's record of the turn tells more");
}

impl Session for Bot {
    type Event = Event;
    type Change = TrackerEvent;
    type State = State;
    type Effect = Effect;

    fn version(&self) -> &str {
        self.assistant.version()
    }

    fn step(&self, state: &State, at: Millis, event: &Event) -> Step<Self> {
        let Decided { changes, effects, after } = charla_dialogue::step(&self.assistant, state, at, event);
        let step = Step::new(changes, effects);
        if self.counts {
            self.count((state, &after), at, event, &step);
        }
        Step { after: Some(after), ..step }
    }

    fn apply(state: &mut State, change: &TrackerEvent) {
        charla_dialogue::apply(state, change);
    }

    fn absorb(state: &mut State, absorbed: &State) {
        state.absorb(absorbed);
    }

    fn faded(state: &State) -> State {
        state.faded()
    }

    fn class(effect: &Effect) -> EffectClass {
        match effect {
            Effect::Understand(_) | Effect::Call(_) | Effect::MarkRead { .. } => EffectClass::Ephemeral,
            // Backends deduplicate by the idempotency key.
            Effect::Perform(_) => EffectClass::Durable { resend_unknown: true },
            Effect::Send(send) => {
                EffectClass::Durable { resend_unknown: !matches!(send.message, Outgoing::Template { .. }) }
            }
            Effect::SetTimer { name, at } => EffectClass::SetTimer { name: name.clone(), at: *at },
            Effect::CancelTimer { name } => EffectClass::CancelTimer { name: name.clone() },
        }
    }

    fn renamed(names: &[Alias]) -> Option<Event> {
        let phone = names.iter().find_map(|name| match name {
            Alias::Phone(phone) => Some(phone.clone()),
            _ => None,
        });
        let user_id = names.iter().find_map(|name| match name {
            Alias::UserId(id) => Some(id.clone()),
            _ => None,
        });
        Some(Event::Renamed { phone, user_id })
    }

    fn timer_fired(name: &str) -> Event {
        Event::Timer { name: name.to_owned() }
    }

    fn parked(_event: &Event, tries: u32) -> Event {
        Event::Parked { tries }
    }

    fn outcome_unknown(effect: &Effect) -> Option<Event> {
        match effect {
            Effect::Send(send) => match &send.message {
                Outgoing::Template { .. } => Some(Event::OutcomeUnknown { what: "template".to_owned() }),
                _ => None,
            },
            Effect::Perform(call) => Some(Event::Returned(Returned {
                call: call.id,
                outcome: Outcome::Failed { kind: "unknown".to_owned(), status: None },
            })),
            _ => None,
        }
    }

    fn views(state: &State) -> Vec<View> {
        let row = |table, since: i64, value: serde_json::Value| View {
            table,
            // Big endian, so that the longest wait comes first.
            sort: since.max(0).to_be_bytes().to_vec(),
            value: value.to_string().into_bytes(),
        };
        match &state.owner {
            Owner::Bot => Vec::new(),
            Owner::Queue { since, .. } => {
                vec![row(QUEUE, *since, crate::agents::card(state))]
            }
            Owner::Agent { since, .. } => {
                vec![row(TAKEN, *since, crate::agents::card(state))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_counted_by_their_code() {
        let recorder = crate::telemetry::recorder().unwrap();
        let bot = |serving: bool| {
            let assistant = Arc::new(Assistant::load(vec![]).unwrap());
            if serving { Bot::serving(assistant) } else { Bot::new(assistant) }
        };
        let of_parked = || {
            let name = format!("{}{{code=\"CHARLA-E1106\"}} ", names::TROUBLES);
            let rendered = recorder.render();
            let line = rendered.lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned));
            line.map_or(0, |count| count.parse::<u64>().unwrap())
        };
        let before = of_parked();
        bot(true).step(&State::default(), 0, &Event::Parked { tries: 3 });
        assert_eq!(of_parked(), before + 1);
        bot(false).step(&State::default(), 0, &Event::Parked { tries: 3 });
        assert_eq!(of_parked(), before + 1, "a replay counts nothing");
    }
}
