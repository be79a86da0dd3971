//! One step being decided: the state as it will be, what changed, what is to be done.

use crate::Assistant;
use crate::config::settings::Understanding;
use crate::context::{self, Context};
use crate::effect::{BackendCall, Effect, UnderstandRequest};
use crate::policy;
use crate::render::Offered;
use crate::reply;
use crate::state::*;
use crate::step::Decided;
use crate::tracker::{TrackerEvent, apply};
use serde_json::Value;
use std::cell::RefCell;

/// Timer that reminds of a question.
pub const REMINDER: &str = "silence_reminder";
/// Timer that drops a flow nobody answers.
pub const ABANDON: &str = "silence_abandon";

pub(crate) struct Turn<'a> {
    pub a: &'a Assistant,
    pub state: State,
    pub at: i64,
    pub events: Vec<TrackerEvent>,
    pub effects: Vec<Effect>,
    pub drafts: Vec<Draft>,
    /// Steps left; runs out only in a flow that goes round in circles.
    pub fuel: u32,
    /// What was last seen of the state.
    known: RefCell<context::Known>,
    /// The options left of the question that is asked again in this step, and its slot.
    pub left: Option<(String, Vec<Offered>)>,
}

impl<'a> Turn<'a> {
    pub fn new(a: &'a Assistant, state: &State, at: i64) -> Self {
        Turn {
            a,
            state: state.clone(),
            at,
            events: vec![],
            effects: vec![],
            drafts: state.drafts.clone(),
            fuel: 200,
            known: RefCell::default(),
            left: None,
        }
    }

    /// Changes the state, and only this does.
    pub fn emit(&mut self, event: TrackerEvent) {
        self.known.get_mut().forget(&event);
        apply(&mut self.state, &event);
        self.events.push(event);
    }

    pub fn language(&self) -> String {
        context::language(self.a, &self.state)
    }

    /// What a flow is called in the conversation's language, where it has a name in it.
    pub fn name_of(&self, flow: &str) -> Option<String> {
        self.a.flows.get(flow).and_then(|f| f.name.get(&self.language())).map(str::to_owned)
    }

    /// Whether consent has to be asked for before anything is done.
    pub fn needs_consent(&self) -> bool {
        self.a.settings.consent_required && !self.state.consented()
    }

    /// The frame of a flow that waits for the customer's answer; patterns' questions may stay unanswered.
    pub fn open_question(&self) -> Option<u64> {
        let asked = self.state.asked.as_ref()?;
        self.state.frame(asked.frame).filter(|f| !f.flow.starts_with("pattern_")).map(|f| f.id)
    }

    /// The context as the active frame sees it.
    pub fn context(&self) -> Context {
        self.context_of(self.state.top())
    }

    /// The context as a frame sees it.
    pub fn context_of(&self, frame: Option<&Frame>) -> Context {
        context::build(self.a, &self.state, self.at, frame, &mut self.known.borrow_mut())
    }

    /// Notes what goes wrong without the customer's doing. `what` begins with names of the configuration; values of the
    /// conversation stand only behind `": "`, so that the part before it can be logged.
    pub fn trouble(&mut self, code: &str, what: impl Into<String>) {
        self.emit(TrackerEvent::Trouble { code: code.to_owned(), what: what.into() });
    }

    /// Adds a response to the reply.
    pub fn say(&mut self, key: &str) {
        let context = self.context();
        let turn = self.state.counters.turns;
        match crate::render::response(self.a, key, &self.language(), turn, &context) {
            Ok(draft) if draft.text.is_empty() && draft.part.is_none() => {}
            Ok(draft) => {
                // Two sentences of a message may have the same answer.
                self.drafts.retain(|d| *d != draft);
                self.drafts.push(draft);
            }
            Err(what) => self.trouble("CHARLA-E1101", format!("{key}: {what}")),
        }
    }

    /// Says a response if the configuration has it.
    pub fn say_if_known(&mut self, key: &str) -> bool {
        let known = self.a.responses.contains_key(key);
        if known {
            self.say(key);
        }
        known
    }

    /// Keeps a message for later; `false` where no more may be kept.
    pub fn hold(&mut self, message: HeldMessage) -> bool {
        let kept = self.state.held.len() < self.a.settings.held_messages;
        if kept {
            self.emit(TrackerEvent::MessageHeld { message });
        }
        kept
    }

    /// What this turn keeps of the customer's message, under a name of its own.
    pub fn kept(&self, text: String) -> HeldMessage {
        let id = format!("{}{}", self.state.kept_as(), self.state.held.len());
        HeldMessage { id, text, at: self.at, ..HeldMessage::default() }
    }

    /// Whether parts of an earlier message are still kept.
    pub fn keeps_older_parts(&self) -> bool {
        let own = self.state.kept_as();
        self.state.held.iter().any(|h| h.part && !h.id.starts_with(&own))
    }

    /// Asks for a text to be understood that was written at `at`, in milliseconds since the epoch; where nothing understands
    /// texts it is dealt with at once.
    pub fn understand(&mut self, text: &str, at: i64, held: bool, part: bool) {
        let asked = Understand { text: text.to_owned(), held, part, ..Understand::default() };
        self.understand_as(asked, at);
    }

    /// The same, for a text that is a part of a message.
    pub fn understand_as(&mut self, asked: Understand, at: i64) {
        let text = &asked.text;
        if self.a.settings.understanding == Understanding::None {
            return crate::receive::unread(self, text, asked.part);
        }
        let history: Vec<(String, String)> = self
            .state
            .transcript
            .iter()
            .rev()
            .skip(1)
            .take(6)
            .map(|l| (if l.from == "customer" { "customer" } else { "bot" }.to_owned(), l.text.clone()))
            .collect();
        let request = UnderstandRequest {
            text: text.clone(),
            language: self.state.language.code.clone().filter(|_| self.state.language.locked),
            asked: self.state.asked.as_ref().map(|a| a.slot.clone()),
            flow: self.state.top().map(|f| self.state.outermost(f).flow.clone()),
            history: history.into_iter().rev().collect(),
            earlier: self.state.exchanges.clone(),
            now: context::civil(self.a, &self.state, at),
            part: asked.part,
        };
        self.effects.push(Effect::Understand(request));
        let Understand { text, held, part, wish, answers, whole, meant } = asked;
        self.emit(TrackerEvent::UnderstandRequested { text, held, part, wish, answers, whole, meant });
    }

    /// Makes a declared call. `frame`: who waits for it.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn call(&mut self, action: &str, frame: Option<u64>) -> Result<(), String> {
        let spec = self.a.actions.get(action).ok_or_else(|| format!("action {action} is not declared"))?;
        if self.needs_consent() && !spec.without_consent && !is_exempt(action) {
            return Err(format!("action {action} needs consent"));
        }
        if spec.irreversible {
            let confirmed =
                frame.is_some_and(|f| self.state.confirmed == Some((f, self.state.counters.received)));
            if !confirmed {
                return Err(format!("action {action} needs a yes in the turn before it"));
            }
        }
        let mut context = match frame.and_then(|f| self.state.frame(f)) {
            Some(f) => self.context_of(Some(f)),
            None => self.context(),
        };
        let told = spec.query.iter().map(|(_, setting)| setting).chain(&spec.body).chain([&spec.path]);
        if context.get("handoff").is_none_or(Value::is_null)
            && told.into_iter().any(|setting| setting.names("handoff"))
        {
            // A ticket that a flow opens tells a human as much as a hand-off does.
            let brief = crate::commands::human_handoff::brief(self, "flow");
            context.put("handoff", context::handoff(&brief, &self.state));
        }
        let eval = |setting| self.a.templates.eval(setting, &context).map_err(|e| format!("{action}: {e}"));
        let path = eval(&spec.path)?.as_str().unwrap_or_default().to_owned();
        // What a customer has written must not lead to another resource: an address is cleaned of these on its way.
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(format!("{action}: a part of the path leads elsewhere"));
        }
        let mut query = std::collections::BTreeMap::new();
        for (key, value) in &spec.query {
            let value = match eval(value)? {
                Value::Null => continue,
                Value::String(s) => s,
                other => other.to_string(),
            };
            if !value.is_empty() {
                query.insert(key.clone(), value);
            }
        }
        let body = spec.body.as_ref().map(eval).transpose()?;
        let id = self.state.counters.calls + 1;
        let call = BackendCall {
            id,
            action: action.to_owned(),
            backend: spec.backend.clone(),
            method: spec.method.clone(),
            path,
            query,
            body,
            answers: spec.answers.clone(),
            budget_ms: spec.budget_ms,
        };
        let durable = !spec.read_only;
        self.effects.push(if durable { Effect::Perform(call) } else { Effect::Call(call) });
        let frame = frame.filter(|_| spec.wait || !durable);
        self.emit(TrackerEvent::CallMade {
            id,
            call: PendingCall { action: action.to_owned(), frame, durable, left: None },
        });
        Ok(())
    }

    /// Calls one of the actions that the dialogue knows by name, if it is declared.
    pub fn hook(&mut self, action: &str) {
        if self.a.actions.contains_key(action)
            && let Err(what) = self.call(action, None)
        {
            self.trouble("CHARLA-E1102", what);
        }
    }

    /// Ends the step: sends the reply unless the turn goes on, and sets the timers.
    pub fn finish(mut self) -> Decided {
        if self.state.mid_turn() {
            if self.drafts != self.state.drafts {
                let drafts = std::mem::take(&mut self.drafts);
                self.emit(TrackerEvent::Drafted { drafts });
            }
            return Decided { changes: self.events, effects: self.effects, after: self.state };
        }
        if !self.state.drafts.is_empty() {
            self.emit(TrackerEvent::Drafted { drafts: vec![] });
        }
        let drafts = std::mem::take(&mut self.drafts);
        let mut replies: Vec<reply::Composed> = Vec::new();
        for reply in reply::compose(&drafts) {
            if !self.just_said(&reply) && replies.iter().all(|r| r.message != reply.message) {
                replies.push(reply);
            }
        }
        for (i, composed) in replies.into_iter().enumerate() {
            let Some(token) = policy::window(&self.state, self.at) else {
                self.emit(TrackerEvent::Withheld { reason: "window_closed".into() });
                continue;
            };
            let send = policy::free_form(token, &self.state, composed.message.clone());
            self.effects.push(Effect::Send(send));
            self.emit(TrackerEvent::BotUttered {
                responses: composed.responses,
                message: composed.message,
                at: self.at,
                options: composed.options,
                first: i == 0,
            });
        }
        self.timers();
        Decided { changes: self.events, effects: self.effects, after: self.state }
    }

    /// Whether a message has been sent since anybody else last wrote: two sentences of a message may lead to the same.
    fn just_said(&self, composed: &reply::Composed) -> bool {
        let body = composed.message.body();
        let since = self.state.transcript.iter().rev().take_while(|line| line.from == "bot");
        let mut just = since.filter(|line| self.at - line.at < JUST_MS);
        match composed.options.is_empty() {
            // Alone, or with a question behind it.
            true => just.any(|line| {
                line.text.strip_prefix(body).is_some_and(|r| r.is_empty() || r.starts_with('\n'))
            }),
            false => just.any(|line| line.text == body) && self.state.last_reply.contains(&composed.message),
        }
    }

    /// Reminder and abandonment run from the latest question of a flow; patterns' questions may stay unanswered.
    fn timers(&mut self) {
        let settings = &self.a.settings;
        let open = self.open_question();
        let asked = self.state.asked.as_ref().filter(|a| Some(a.frame) == open).map(|a| a.at);
        if asked == self.state.armed {
            return;
        }
        for (name, after) in [(REMINDER, settings.reminder_ms), (ABANDON, settings.abandon_ms)] {
            match asked {
                Some(at) if after > 0 => {
                    self.effects.push(Effect::SetTimer { name: name.into(), at: at + after })
                }
                Some(_) => {}
                None => self.effects.push(Effect::CancelTimer { name: name.into() }),
            }
        }
        self.emit(TrackerEvent::TimersArmed { asked_at: asked });
    }
}

/// For so long, in milliseconds, what was said need not be said again; a reminder comes later.
const JUST_MS: i64 = 60_000;

/// Calls that serve the customer's rights or wish before consent: asking for a person, withdrawing.
fn is_exempt(action: &str) -> bool {
    matches!(
        action,
        "action_create_handoff_ticket" | "action_withdraw_handoff_ticket" | "action_save_marketing"
    )
}
