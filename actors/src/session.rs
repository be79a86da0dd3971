//! The seam between the runtime and whoever gives messages a meaning: the [`Session`] trait and what goes through it.

use crate::accept::Alias;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, sync::Arc, time::Duration};

/// Milliseconds since the Unix epoch, as read from the runtime's [`Clock`](crate::clock::Clock).
pub type Millis = i64;

/// A person as the runtime knows them: an internal number that survives changes of phone and user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PersonId(pub u64);

/// One thread: a person talking to one business number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ConversationId {
    /// Who talks.
    pub person: PersonId,
    /// The business number they talk to, by the provider's id (WhatsApp's `phone_number_id`).
    pub number: Arc<str>,
}

/// What [`Session::step`] decided: changes to remember and effects to carry out, in order.
pub struct Step<S: Session> {
    /// Folded into the state by [`Session::apply`], in order.
    pub changes: Vec<S::Change>,
    /// Handed to the [`Performer`], ephemeral ones before the commit, durable ones after it.
    pub effects: Vec<S::Effect>,
    /// The state with the changes folded in, where deciding has made it anyway: the turn goes on from it and folds nothing
    /// again. It must be what [`Session::apply`] makes of them, which debug builds check at each step, and a replay of the
    /// journal by the state's hash.
    pub after: Option<S::State>,
}

impl<S: Session> Step<S> {
    /// A step whose changes the runtime folds.
    pub fn new(changes: Vec<S::Change>, effects: Vec<S::Effect>) -> Self {
        Self { changes, effects, after: None }
    }
}

/// How the runtime treats an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectClass {
    /// May be performed before the commit and again after a crash; its result is journalled with the turn.
    Ephemeral,
    /// Leaves only after the commit, through the outbox, in order within the conversation, under an idempotency key.
    Durable {
        /// Whether it may be sent again when nobody knows if the first try arrived. Templates and payments may not.
        resend_unknown: bool,
    },
    /// (Re)arms the conversation's timer of that name.
    SetTimer {
        /// Name, unique within the conversation.
        name: String,
        /// When it fires.
        at: Millis,
    },
    /// Disarms it; unknown names are ignored.
    CancelTimer {
        /// Name, unique within the conversation.
        name: String,
    },
}

/// One row of a side table that the runtime keeps in step with the states, such as the agents' queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Table name; a fixed, small set.
    pub table: &'static str,
    /// Sorts rows within the table (for example a priority and a time, big endian); the runtime appends the conversation.
    pub sort: Vec<u8>,
    /// What is stored.
    pub value: Vec<u8>,
}

/// Gives events a meaning. Everything here is pure: no IO, no clock, no randomness.
pub trait Session: Send + Sync + Sized + 'static {
    /// Something that happened: a message, a result, a timer, an agent's act. Stored self-describing (MessagePack with
    /// field names), so new optional fields can be added.
    type Event: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static;
    /// A change of state.
    type Change: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static;
    /// What one conversation remembers.
    type State: Serialize + DeserializeOwned + Clone + Default + Debug + PartialEq + Send + Sync + 'static;
    /// Something to be done.
    type Effect: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static;

    /// Names configuration and logic; every turn is pinned to the value it began with, and journals it.
    fn version(&self) -> &str;
    /// Decides. `at` is the journalled time of the event.
    fn step(&self, state: &Self::State, at: Millis, event: &Self::Event) -> Step<Self>;
    /// Changes the state; needs no configuration, so that any version's journal folds.
    fn apply(state: &mut Self::State, change: &Self::Change);
    /// What retention leaves of the state of a conversation whose whole journal is older than is kept, and for which nothing waits.
    /// By default all of it.
    fn faded(state: &Self::State) -> Self::State {
        state.clone()
    }
    /// How an effect is treated.
    fn class(effect: &Self::Effect) -> EffectClass;
    /// Takes in the state of another person's conversation with the same number, after that person turned out to be this
    /// one. Folded like a change. By default a conversation that has not begun takes it over, and another one stays as
    /// it is (what was absorbed remains readable in the journal).
    fn absorb(state: &mut Self::State, absorbed: &Self::State) {
        if *state == Self::State::default() {
            *state = absorbed.clone();
        }
    }
    /// The event that tells a conversation under which names its person is reached from now on, after the provider has announced a
    /// change or somebody else has turned out to have one of them. By default none.
    fn renamed(_names: &[Alias]) -> Option<Self::Event> {
        None
    }
    /// The event of a timer that has fired.
    fn timer_fired(name: &str) -> Self::Event;
    /// The event that replaces one whose turn panicked `tries` times and is now parked.
    fn parked(event: &Self::Event, tries: u32) -> Self::Event;
    /// The event for a durable effect whose outcome stayed unknown and that may not be sent again; `None`: nobody is told.
    fn outcome_unknown(effect: &Self::Effect) -> Option<Self::Event>;
    /// Rows of side tables for this state; compared with those of the previous state at each commit.
    fn views(state: &Self::State) -> Vec<View>;
}

/// Names one durable effect for ever: conversation, the sequence number of the record of its turn, its place in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct IdempotencyKey {
    /// The conversation.
    pub conversation: ConversationId,
    /// Journal sequence number of the turn's record.
    pub turn: u64,
    /// 0-based place among the turn's durable effects.
    pub step: u32,
}

/// What became of one try to carry out a durable effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Dispatch<E> {
    /// The other side took it.
    Settled {
        /// The other side's id for it (WhatsApp's `wamid`), by which later status reports find it.
        external_id: Option<String>,
        /// An event for the conversation, journalled and handled as a turn of its own.
        result: Option<E>,
    },
    /// Not taken, certainly; try again after this long.
    Retry {
        /// How long to wait at least.
        after: Duration,
        /// For logs and metrics: a fixed word, no personal data.
        reason: &'static str,
    },
    /// Not tried: its turn has not come, come back after this long. It is no try, and nothing is recorded about it.
    Later {
        /// How long to wait.
        after: Duration,
        /// As above.
        reason: &'static str,
    },
    /// Not taken and never will be.
    Failed {
        /// As above.
        reason: &'static str,
        /// As above.
        result: Option<E>,
    },
    /// It left and no answer came: wait for the echo before anything else.
    Unknown {
        /// As above.
        reason: &'static str,
    },
}

/// Carries effects out. Implemented by the edge.
#[async_trait::async_trait]
pub trait Performer<S: Session>: Send + Sync + 'static {
    /// Performs an ephemeral effect; `Some` continues the turn with that event. Must end within its own budget.
    async fn perform(&self, conversation: &ConversationId, effect: &S::Effect) -> Option<S::Event>;
    /// Tries a durable effect once. `attempt` counts from 1.
    async fn dispatch(&self, key: &IdempotencyKey, effect: &S::Effect, attempt: u32) -> Dispatch<S::Event>;
}
