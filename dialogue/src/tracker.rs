//! Tracker events: every change of a conversation's state, journalled; [`apply`] folds them.

use crate::effect::Outgoing;
use crate::state::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(missing_docs)] // Fields carry the names of the state's, which are documented there.
pub enum TrackerEvent {
    /// A turn began.
    TurnStarted,
    /// References to the person, as the latest message carries them.
    PersonSeen {
        person: Person,
        source: Option<String>,
    },
    /// The customer said or sent something.
    UserUttered {
        text: String,
        at: i64,
    },
    /// The customer-service window moved.
    WindowOpened {
        until: i64,
    },
    /// A new session.
    SessionStarted {
        at: i64,
        slots: Slots,
    },
    /// The greeting has been said.
    Greeted,
    /// A text waits to be understood.
    UnderstandRequested {
        text: String,
        held: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        part: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        wish: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        answers: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whole: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meant: Option<String>,
    },
    /// What was understood, or that it was not.
    Understood {
        latest: Option<Latest>,
        languages: Vec<(String, f32)>,
    },
    /// A text was taken for this.
    ExchangeBegun {
        intent: String,
    },
    /// The latest message counts with this confidence.
    ConfidenceSet {
        confidence: f32,
    },
    /// One clause of the latest message is what is done: it counts with these words, this intent and confidence.
    ClauseMeant {
        text: String,
        intent: String,
        confidence: f32,
    },
    /// Language set.
    LanguageSet {
        code: String,
        locked: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chosen: bool,
    },
    /// What the texts so far speak for.
    LanguageLeans {
        leaning: Vec<(String, f32)>,
    },
    /// Consent was asked for.
    ConsentAsked {
        at: i64,
        /// Version of the text shown; nothing in journals of logic 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    ConsentGiven {
        category: String,
        version: String,
        at: i64,
    },
    ConsentDenied {
        at: i64,
    },
    /// What the data are used for has been explained.
    ConsentExplained,
    ConsentWithdrawn {
        at: i64,
    },
    /// The text agreed to has been replaced by another: the consent no longer counts.
    ConsentOutdated {
        version: String,
        at: i64,
    },
    MarketingSet {
        opted_in: bool,
    },
    /// Kept until consent.
    MessageHeld {
        message: HeldMessage,
    },
    /// The oldest kept message is being answered.
    HeldReleased,
    /// Further sentences of an answered message are not looked at any more.
    PartsDropped,
    /// Put on the stack.
    FlowStarted {
        frame: Frame,
    },
    /// A frame stands at a step, not yet asked.
    StepReached {
        frame: u64,
        step: String,
    },
    /// A frame is over: its persisted slots stay, a called one's go to its caller.
    FlowEnded {
        frame: u64,
        persisted: Slots,
        completed: bool,
        remember: bool,
    },
    FlowInterrupted {
        frame: u64,
    },
    FlowResumed {
        frame: u64,
    },
    /// A frame was put on top.
    FlowRaised {
        frame: u64,
    },
    /// `None`: outside flows.
    SlotSet {
        frame: Option<u64>,
        slot: String,
        value: Value,
    },
    Asked {
        asked: Asked,
    },
    AskCleared,
    Confirmed {
        frame: u64,
    },
    Skipped {
        frame: u64,
        slot: String,
    },
    CallMade {
        id: u64,
        call: PendingCall,
    },
    CallReturned {
        id: u64,
        result: Arc<Value>,
        status: Option<u16>,
        failed: Option<String>,
    },
    FailedAttempt {
        reason: String,
    },
    Progress,
    TopicsOffered {
        topics: Vec<Topic>,
        clarification: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unsure: Option<Unsure>,
    },
    Drafted {
        drafts: Vec<Draft>,
    },
    /// A message left for the customer.
    BotUttered {
        responses: Vec<String>,
        message: Outgoing,
        at: i64,
        options: Vec<Shown>,
        first: bool,
    },
    /// Timers of silence run from this question, or not at all.
    TimersArmed {
        asked_at: Option<i64>,
    },
    /// Another wish is served while a person is waited for: what the person was called for waits on.
    WaitsOn {},
    /// A message was not sent.
    Withheld {
        reason: String,
    },
    Queued {
        since: i64,
        reason: String,
        suggestions: Vec<Topic>,
        handoff: Handoff,
    },
    TicketKnown {
        ticket: String,
    },
    QueueLeft {
        reason: String,
    },
    AgentTook {
        agent: String,
        at: i64,
    },
    AgentUttered {
        agent: String,
        text: String,
        at: i64,
    },
    AgentNoted {
        agent: String,
        text: String,
        at: i64,
    },
    HandedBack {
        agent: String,
        resolved: bool,
    },
    MatterOpened {
        matter: Matter,
    },
    MatterResolved {
        id: u64,
        by: String,
    },
    MatterEscalated {
        id: u64,
        reason: String,
    },
    MatterAbandoned {
        id: u64,
        reason: String,
    },
    SatisfactionAsked,
    ContactSaved,
    /// Slots of the session forgotten.
    SlotsReset {
        slots: Slots,
    },
    /// Something went wrong that an operator should see. Up to the first `": "` of `what` there are only names of the
    /// configuration; behind it may be values of the conversation.
    Trouble {
        code: String,
        what: String,
    },
    /// Noted, changes nothing: reactions, edits, delivery reports.
    Noted {
        what: String,
    },
    /// The whole state: retention, merge of two persons.
    Checkpoint {
        state: Box<State>,
    },
}

mod fold;

pub use fold::apply;
