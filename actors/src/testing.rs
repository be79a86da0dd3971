//! A trivial session that understands commands: for tests, the simulation, and measurements of the runtime alone.

use crate::session::{EffectClass, Millis, Session, Step, View};
use serde::{Deserialize, Serialize};

/// Counts what it is told and answers with the number. Commands: `look X` (ephemeral effect, answered with its result),
/// `twice X` (two ephemeral effects), `pay X` (a durable effect that may not be sent again), `many N` (N answers),
/// `timer NAME MS`, `cancel NAME`, `queue` and `unqueue` (a row in the table `queue`), `fade` (its log is not kept beyond the
/// retention), `loop`, `panic`, `silent`.
#[derive(Debug, Clone)]
pub struct Counter {
    /// What [`Session::version`] says.
    pub version: String,
}

impl Default for Counter {
    fn default() -> Self {
        Self { version: "1".to_owned() }
    }
}

/// The event of [`Counter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Note {
    /// Somebody said something.
    Said {
        /// What.
        text: String,
    },
    /// Something was looked up.
    Looked {
        /// What.
        text: String,
    },
    /// A durable effect had a result.
    Done {
        /// Which.
        text: String,
    },
    /// A timer fired.
    Fired {
        /// Which.
        name: String,
    },
    /// Something sent has failed.
    Bounced,
    /// An event was put aside.
    Parked {
        /// After so many tries.
        tries: u32,
    },
    /// Nobody knows what became of it.
    Unknown {
        /// Of what.
        text: String,
    },
}

impl Note {
    /// Somebody said `text`.
    pub fn said(text: &str) -> Self {
        Note::Said { text: text.to_owned() }
    }
}

/// The change of [`Counter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// One more.
    Counted,
    /// Remember this.
    Logged(String),
    /// In the queue or not.
    Queued(bool),
}

/// The state of [`Counter`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Things said.
    pub said: u64,
    /// What happened, in order.
    pub log: Vec<String>,
    /// Whether there is a row in the table `queue`.
    pub queued: bool,
}

/// The effect of [`Counter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// Ephemeral.
    Look(String),
    /// Durable, may be repeated.
    Say(String),
    /// Durable, may not be repeated.
    Pay(String),
    /// A timer.
    Timer(String, Millis),
    /// No timer.
    NoTimer(String),
}

impl Session for Counter {
    type Event = Note;
    type Change = Change;
    type State = Count;
    type Effect = Deed;

    fn version(&self) -> &str {
        &self.version
    }

    fn step(&self, state: &Count, at: Millis, event: &Note) -> Step<Self> {
        let mut step = Step::new(Vec::new(), Vec::new());
        let log = |text: String| Change::Logged(text);
        match event {
            Note::Said { text } => {
                step.changes.push(Change::Counted);
                step.changes.push(log(text.clone()));
                let mut words = text.split(' ');
                let command = words.next().unwrap_or_default();
                let first = words.next().unwrap_or_default().to_owned();
                let number = |word: &str| word.parse::<i64>().unwrap_or(0);
                match command {
                    "look" | "loop" => step.effects.push(Deed::Look(text.clone())),
                    "twice" => {
                        step.effects.extend(["a", "b"].map(|name| Deed::Look(format!("{first}{name}"))))
                    }
                    "pay" => step.effects.push(Deed::Pay(first)),
                    "many" => step
                        .effects
                        .extend((0..number(&first)).map(|n| Deed::Say(format!("{}.{n}", state.said + 1)))),
                    "timer" => {
                        let after = number(words.next().unwrap_or_default());
                        step.effects.push(Deed::Timer(first, at + after));
                    }
                    "cancel" => step.effects.push(Deed::NoTimer(first)),
                    "queue" => step.changes.push(Change::Queued(true)),
                    "unqueue" => step.changes.push(Change::Queued(false)),
                    "panic" => panic!("told to"),
                    "silent" => {}
                    _ => step.effects.push(Deed::Say(format!("{}: {text}", state.said + 1))),
                }
            }
            Note::Looked { text } if text.starts_with("loop") => {
                step.effects.push(Deed::Look(text.clone()));
            }
            Note::Looked { text } => {
                step.changes.push(log(format!("looked {text}")));
                step.effects.push(Deed::Say(format!("found {text}")));
            }
            Note::Done { text } => step.changes.push(log(format!("done {text}"))),
            Note::Fired { name } => step.changes.push(log(format!("fired {name}"))),
            Note::Bounced => step.changes.push(log("bounced".to_owned())),
            Note::Parked { tries } => step.changes.push(log(format!("parked {tries}"))),
            Note::Unknown { text } => step.changes.push(log(format!("unknown {text}"))),
        }
        step
    }

    fn apply(state: &mut Count, change: &Change) {
        match change {
            Change::Counted => state.said += 1,
            Change::Logged(text) => state.log.push(text.clone()),
            Change::Queued(queued) => state.queued = *queued,
        }
    }

    fn faded(state: &Count) -> Count {
        match state.log.iter().any(|text| text == "fade") {
            true => Count { said: state.said, ..Count::default() },
            false => state.clone(),
        }
    }

    fn class(effect: &Deed) -> EffectClass {
        match effect {
            Deed::Look(_) => EffectClass::Ephemeral,
            Deed::Say(_) => EffectClass::Durable { resend_unknown: true },
            Deed::Pay(_) => EffectClass::Durable { resend_unknown: false },
            Deed::Timer(name, at) => EffectClass::SetTimer { name: name.clone(), at: *at },
            Deed::NoTimer(name) => EffectClass::CancelTimer { name: name.clone() },
        }
    }

    fn timer_fired(name: &str) -> Note {
        Note::Fired { name: name.to_owned() }
    }

    fn parked(_: &Note, tries: u32) -> Note {
        Note::Parked { tries }
    }

    fn outcome_unknown(effect: &Deed) -> Option<Note> {
        match effect {
            Deed::Pay(text) => Some(Note::Unknown { text: text.clone() }),
            _ => None,
        }
    }

    fn views(state: &Count) -> Vec<View> {
        if !state.queued {
            return Vec::new();
        }
        vec![View {
            table: "queue",
            sort: state.said.to_be_bytes().to_vec(),
            value: state.said.to_string().into_bytes(),
        }]
    }
}
