//! A conversation under test.

use crate::effect::{BackendCall, Effect, Outgoing};
use crate::event::{AgentAct, Content, Entity, Event, Message, Outcome, Returned, Understanding};
use crate::invariants::{self, Happened};
use crate::state::{Grant, State};
use crate::tracker::{TrackerEvent, apply};
use crate::{Assistant, Decided, step};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A message that the bot (or an agent) sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Responses it is made of.
    pub responses: Vec<String>,
    /// The message.
    pub message: Outgoing,
}

/// A conversation under test. Every step is checked: equal inputs decide equally, folding the changes gives the state, and
/// the invariants hold; a breach panics, because this is a test's tool.
#[derive(Debug)]
pub struct Talk {
    /// The assistant.
    pub assistant: Arc<Assistant>,
    /// The state now.
    pub state: State,
    /// The time now, milliseconds since the epoch.
    pub now: i64,
    /// All changes so far.
    pub journal: Vec<TrackerEvent>,
    /// Messages since the last input of the customer.
    pub said: Vec<Said>,
    /// Calls that wait for an answer.
    pub calls: VecDeque<BackendCall>,
    /// Calls made since the last input of the customer.
    pub made: Vec<BackendCall>,
    /// Timers by name.
    pub timers: BTreeMap<String, i64>,
    /// Person's phone.
    pub phone: Option<String>,
    /// Person's name.
    pub name: Option<String>,
    /// Business number.
    pub number: String,
    nlu: BTreeMap<String, Understanding>,
    messages: u64,
}

/// An understanding with one intent, sure of English unless told otherwise.
pub fn understanding(intent: &str, confidence: f32, entities: &[(&str, &str)]) -> Understanding {
    Understanding {
        languages: vec![("en".into(), 0.97), ("hi-Latn".into(), 0.03)],
        intents: vec![(intent.to_owned(), confidence)],
        entities: entities.iter().map(|(e, v)| entity(e, Value::String((*v).to_owned()), v)).collect(),
        out_of_scope: 0.0,
        candidates: vec![],
        clauses: vec![],
        model: "test".into(),
    }
}

/// An entity as if marked over the whole of `text`.
pub fn entity(name: &str, value: Value, text: &str) -> Entity {
    Entity {
        entity: name.to_owned(),
        start: 0,
        end: text.chars().count(),
        text: text.to_owned(),
        value,
        confidence: 0.99,
        currency: None,
    }
}

impl Talk {
    /// A first contact, 2026-11-24 10:00 UTC, in a window that the first message opens.
    pub fn new(assistant: Arc<Assistant>) -> Self {
        Talk {
            assistant,
            state: State::default(),
            now: 1_795_514_400_000,
            journal: vec![],
            said: vec![],
            calls: VecDeque::new(),
            made: vec![],
            timers: BTreeMap::new(),
            phone: Some("919810000001".into()),
            name: Some("Asha".into()),
            number: "default".into(),
            nlu: BTreeMap::new(),
            messages: 0,
        }
    }

    /// A person who has consented before and speaks this language.
    pub fn consented(assistant: Arc<Assistant>, language: &str) -> Self {
        let mut talk = Talk::new(assistant);
        talk.state.consent.grants.insert(
            "processing".into(),
            Grant { version: talk.assistant.settings.consent_version.clone(), at: talk.now },
        );
        talk.state.language.code = Some(language.to_owned());
        talk.state.language.locked = true;
        talk.state.session.contact_saved = true;
        talk
    }

    /// Hands one event over and performs what can be performed here.
    pub fn feed(&mut self, event: Event) {
        let decided = step(&self.assistant, &self.state, self.now, &event);
        let again = step(&self.assistant, &self.state, self.now, &event);
        assert_eq!(decided, again, "the same step decided differently");
        let Decided { changes, effects, after } = decided;
        let broken = invariants::check(
            &self.assistant,
            Happened {
                before: &self.state,
                after: &after,
                at: self.now,
                event: &event,
                changes: &changes,
                effects: &effects,
            },
        );
        assert!(broken.is_empty(), "{broken:?}\nevent {event:?}\nchanges {changes:#?}");
        for change in &changes {
            apply(&mut self.state, change);
            if let TrackerEvent::BotUttered { responses, message, .. } = change {
                self.said.push(Said { responses: responses.clone(), message: message.clone() });
            }
        }
        assert_eq!(self.state, after, "the changes applied give another state than the step's");
        self.journal.extend(changes);
        let mut next = Vec::new();
        for effect in effects {
            match effect {
                Effect::Understand(request) => next.push(match self.nlu.get(&request.text) {
                    Some(u) => Event::Understood(u.clone()),
                    None => Event::NotUnderstood { reason: "no understanding given in the test".into() },
                }),
                Effect::Call(call) | Effect::Perform(call) => {
                    self.made.push(call.clone());
                    self.calls.push_back(call);
                }
                Effect::SetTimer { name, at } => {
                    self.timers.insert(name, at);
                }
                Effect::CancelTimer { name } => {
                    self.timers.remove(&name);
                }
                Effect::Send(_) | Effect::MarkRead { .. } => {}
            }
        }
        for event in next {
            self.feed(event);
        }
    }

    /// A message of the customer.
    pub fn receive(&mut self, content: Content) {
        self.said.clear();
        self.made.clear();
        self.messages += 1;
        self.now += 1_000;
        let message = Message {
            id: format!("wamid.{}", self.messages),
            sent_at: self.now,
            number: self.number.clone(),
            phone: self.phone.clone(),
            user_id: None,
            profile_name: self.name.clone(),
            reply_to: None,
            referral: None,
            content,
        };
        self.feed(Event::Received(message));
    }

    /// The customer writes; this is what will be understood.
    pub fn say(&mut self, text: &str, intent: &str, confidence: f32, entities: &[(&str, &str)]) -> &mut Self {
        self.say_understood(text, understanding(intent, confidence, entities))
    }

    /// What understanding will make of a text: of a part of a message, or of one that comes later.
    pub fn knows(&mut self, text: &str, understanding: Understanding) {
        self.nlu.insert(text.to_owned(), understanding);
    }

    /// The customer writes, with a whole understanding.
    pub fn say_understood(&mut self, text: &str, understanding: Understanding) -> &mut Self {
        self.nlu.insert(text.to_owned(), understanding);
        self.receive(Content::Text { text: text.to_owned() });
        self
    }

    /// The customer writes words that a rule understands.
    pub fn write(&mut self, text: &str) -> &mut Self {
        self.receive(Content::Text { text: text.to_owned() });
        self
    }

    /// Taps a button or row by id, or by title among the options shown last.
    pub fn tap(&mut self, id_or_title: &str) -> &mut Self {
        let option = self.state.options.iter().find(|o| o.id == id_or_title || o.title == id_or_title);
        let (id, title) = option
            .map_or((id_or_title.to_owned(), id_or_title.to_owned()), |o| (o.id.clone(), o.title.clone()));
        self.receive(Content::Button { id, title });
        self
    }

    /// The oldest waiting call is answered with 200 and this body.
    pub fn backend(&mut self, body: Value) -> &mut Self {
        self.backend_status(200, body)
    }

    /// The oldest waiting call is answered.
    pub fn backend_status(&mut self, status: u16, body: Value) -> &mut Self {
        self.answer(Outcome::Ok { status, body })
    }

    /// The oldest waiting call fails.
    pub fn backend_fails(&mut self, kind: &str) -> &mut Self {
        self.answer(Outcome::Failed { kind: kind.to_owned(), status: None })
    }

    fn answer(&mut self, outcome: Outcome) -> &mut Self {
        match self.calls.pop_front() {
            Some(call) => self.feed(Event::Returned(Returned { call: call.id, outcome })),
            None => panic!("no call waits for an answer; said: {:?}", self.responses()),
        }
        self
    }

    /// Answers the waiting calls of an action, wherever they stand in the row.
    pub fn backend_for(&mut self, action: &str, outcome: Outcome) -> bool {
        let Some(at) = self.calls.iter().position(|c| c.action == action) else { return false };
        if let Some(call) = self.calls.remove(at) {
            self.feed(Event::Returned(Returned { call: call.id, outcome }));
        }
        true
    }

    /// An agent acts.
    pub fn agent(&mut self, act: AgentAct) -> &mut Self {
        self.said.clear();
        self.feed(Event::Agent(act));
        self
    }

    /// Time passes; timers that are due fire.
    pub fn pass(&mut self, milliseconds: i64) -> &mut Self {
        self.said.clear();
        let end = self.now + milliseconds;
        while let Some((name, at)) = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= end)
            .min_by_key(|(_, at)| **at)
            .map(|(n, at)| (n.clone(), *at))
        {
            self.timers.remove(&name);
            self.now = self.now.max(at);
            self.feed(Event::Timer { name });
        }
        self.now = end;
        self
    }

    /// Keys of the responses said since the last input, in order.
    pub fn responses(&self) -> Vec<String> {
        self.said.iter().flat_map(|s| s.responses.clone()).collect()
    }

    /// All texts said since the last input.
    pub fn text(&self) -> String {
        self.said.iter().map(|s| s.message.body()).collect::<Vec<_>>().join("\n\n")
    }

    /// Expects exactly these responses since the last input.
    #[track_caller]
    pub fn expect(&mut self, responses: &[&str]) -> &mut Self {
        assert_eq!(self.responses(), responses, "\nsaid: {}\nstate: {:#?}", self.text(), self.state.stack);
        self
    }

    /// Expects a text among what was said.
    #[track_caller]
    pub fn expect_text(&mut self, part: &str) -> &mut Self {
        assert!(self.text().contains(part), "`{part}` is not in: {}", self.text());
        self
    }

    /// Expects that one message went out.
    #[track_caller]
    pub fn expect_one_message(&mut self) -> &mut Self {
        assert_eq!(self.said.len(), 1, "{:#?}", self.said);
        self
    }

    /// Expects that nothing was said.
    #[track_caller]
    pub fn expect_silence(&mut self) -> &mut Self {
        assert!(self.said.is_empty(), "{:#?}", self.said);
        self
    }

    /// Expects the next waiting call to be of this action, and returns it.
    #[track_caller]
    pub fn expect_call(&self, action: &str) -> BackendCall {
        match self.calls.front() {
            Some(call) => {
                assert_eq!(call.action, action);
                call.clone()
            }
            None => panic!("no call waits; said: {:?}", self.responses()),
        }
    }

    /// Titles of the options shown last.
    pub fn titles(&self) -> Vec<String> {
        self.state.options.iter().map(|o| o.title.clone()).collect()
    }

    /// A readable transcript of everything, for golden tests.
    pub fn transcript(&self) -> String {
        let mut out = String::new();
        for change in &self.journal {
            match change {
                TrackerEvent::UserUttered { text, .. } => out.push_str(&format!("> {text}\n")),
                TrackerEvent::BotUttered { responses, message, options, .. } => {
                    out.push_str(&format!(
                        "< [{}] {}\n",
                        responses.join(" "),
                        message.body().replace('\n', "\n  ")
                    ));
                    for option in options {
                        out.push_str(&format!("  ({}) {}\n", option.title, option.id));
                    }
                }
                TrackerEvent::AgentUttered { agent, text, .. } => {
                    out.push_str(&format!("A {agent}: {text}\n"))
                }
                TrackerEvent::CallMade { call, .. } => out.push_str(&format!("  call {}\n", call.action)),
                TrackerEvent::Queued { reason, .. } => out.push_str(&format!("  queued: {reason}\n")),
                TrackerEvent::QueueLeft { reason } => out.push_str(&format!("  queue left: {reason}\n")),
                TrackerEvent::MatterOpened { matter } => {
                    out.push_str(&format!("  matter {} opened: {}\n", matter.id, matter.label()))
                }
                TrackerEvent::MatterResolved { id, by } => {
                    out.push_str(&format!("  matter {id} resolved by {by}\n"))
                }
                TrackerEvent::MatterEscalated { id, reason } => {
                    out.push_str(&format!("  matter {id} escalated: {reason}\n"))
                }
                TrackerEvent::MatterAbandoned { id, reason } => {
                    out.push_str(&format!("  matter {id} abandoned: {reason}\n"))
                }
                TrackerEvent::Trouble { code, what } => out.push_str(&format!("  trouble {code} {what}\n")),
                _ => {}
            }
        }
        out
    }
}
