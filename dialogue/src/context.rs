//! What templates, expressions and conditions see.

use crate::Assistant;
use crate::state::{Frame, Handoff, Owner, State};
use minijinja::value::{Serde, merge_maps};
use serde_json::{Map, Value, json};
use std::cell::OnceCell;
use std::ops::Deref;

/// What conditions read as JSON and templates as minijinja's values; these are made once for all templates that see it, not
/// for each: a list of ten rows renders thirty.
#[derive(Debug, Clone)]
pub struct Context {
    json: Value,
    seen: OnceCell<minijinja::Value>,
}

impl From<Value> for Context {
    fn from(json: Value) -> Self {
        Self { json, seen: OnceCell::new() }
    }
}

impl Deref for Context {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.json
    }
}

impl Context {
    /// As templates see it.
    pub(crate) fn seen(&self) -> minijinja::Value {
        self.seen.get_or_init(|| minijinja::Value::from(Serde(&self.json))).clone()
    }

    /// The same, with another value under a name.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.json[name] = value;
        self.seen = OnceCell::new();
        self
    }

    /// The same as templates see it, with a row of a list beside it as `row` and its number, from 1, as `index`.
    pub(crate) fn of_row(&self, row: &Value, index: usize) -> Self {
        let own = json!({"row": row, "index": index});
        let seen = merge_maps([minijinja::Value::from(Serde(&own)), self.seen()]);
        Self { json: own, seen: OnceCell::from(seen) }
    }
}

/// The language that the assistant speaks now.
pub(crate) fn language(a: &Assistant, state: &State) -> String {
    state
        .language
        .code
        .clone()
        .or_else(|| a.settings.number(&state.person.number).language.clone())
        .unwrap_or_else(|| a.settings.default_language.clone())
}

fn rfc3339(at: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(at).ok().map(|t| t.to_string())
}

/// A moment on the wall clock of the business number that the conversation is with.
pub(crate) fn civil(a: &Assistant, state: &State, at: i64) -> Option<jiff::civil::DateTime> {
    let zone = a.settings.number(&state.person.number).zone.clone();
    Some(jiff::Timestamp::from_millisecond(at).ok()?.to_zoned(zone).datetime())
}

/// The context of a frame.
pub(crate) fn build(a: &Assistant, state: &State, at: i64, frame: Option<&Frame>) -> Context {
    let number = a.settings.number(&state.person.number);
    let lang = language(a, state);
    let date = civil(a, state, at).map(|now| now.date());
    let today = date.map(|date| date.to_string());
    let yesterday = date.and_then(|date| date.yesterday().ok()).map(|date| date.to_string());
    let flow_name = |id: &str| a.flows.get(id).and_then(|f| f.name.get(&lang)).map(str::to_owned);
    let below = frame.and_then(|f| {
        let at = state.stack.iter().position(|s| s.id == f.id)?;
        state.stack[..at].iter().rev().find(|s| !s.flow.starts_with("pattern_"))
    });
    let latest = state.latest.as_ref();
    let consent =
        state.consent.grants.get("processing").map(|g| json!({"version": g.version, "at": rfc3339(g.at)}));
    let (owner, ticket) = match &state.owner {
        Owner::Bot => ("bot", None),
        Owner::Queue { ticket, .. } => ("queue", ticket.clone()),
        Owner::Agent { ticket, .. } => ("agent", ticket.clone()),
    };
    let phone_known = state.person.phone.is_some();
    let mut context = Map::new();
    let mut put = |key: &str, value: Value| {
        context.insert(key.to_owned(), value);
    };
    put("language", json!(lang));
    put("language_locked", json!(state.language.locked));
    put("country", json!(number.country));
    put("currency", json!(number.currency));
    put("timezone", json!(number.timezone));
    put("business", json!(number.name));
    put("phone", json!(state.person.phone));
    put("user_id", json!(state.person.user_id));
    put("contact", json!(state.contact()));
    put("phone_known", json!(phone_known));
    put("name", json!(state.person.profile_name));
    put("number", json!(state.person.number));
    put("conversation", json!(format!("{}:{}", state.person.number, state.contact().unwrap_or("unknown"))));
    put("today", json!(today));
    put("yesterday", json!(yesterday));
    put("now", json!(rfc3339(at)));
    put("consented", json!(state.consented()));
    put("consent", json!(consent));
    put("consent_version", json!(a.settings.consent_version));
    put("held", json!(state.held.len()));
    put("marketing", json!(state.marketing.unwrap_or(false)));
    put("flow", json!(frame.map(|f| f.flow.as_str())));
    put("flow_name", json!(frame.and_then(|f| flow_name(&f.flow))));
    put("interrupted_flow", json!(below.map(|f| f.flow.as_str())));
    put("interrupted_flow_name", json!(below.and_then(|f| flow_name(&f.flow))));
    put("text", json!(latest.map(|l| l.text.as_str())));
    put("intent", json!(latest.and_then(|l| l.intent.as_deref())));
    put("confidence", json!(latest.map(|l| f64::from(l.confidence))));
    put("owner", json!(owner));
    put("reason", json!(frame.and_then(|f| f.reason.as_deref())));
    put("topics", json!(topics(state)));
    put("content", json!(latest.and_then(|l| l.text.strip_prefix('[')?.strip_suffix(']'))));
    put("first_contact", json!(state.session.count <= 1));
    put("source", json!(state.source));
    put("ticket", json!(ticket));
    put("matter", json!(state.matter().map(|m| m.label()).or(state.rated_matter.as_deref())));
    put("failures", json!(state.failures));
    let handoff = state.handoff.as_ref().map(|h| handoff(h, state));
    json!({
        "slots": state.visible_slots(frame),
        "result": frame.map(|f| f.result.clone()).unwrap_or_default(),
        "status": frame.and_then(|f| f.status),
        "lang": lang,
        "context": Value::Object(context),
        "handoff": handoff,
    })
    .into()
}

/// What a human needs to know, as templates see it.
pub(crate) fn handoff(h: &Handoff, state: &State) -> Value {
    let transcript: Vec<Value> =
        h.transcript.iter().map(|l| json!({"from": l.from, "text": l.text})).collect();
    json!({"summary": h.summary, "slots": h.slots, "intent": h.intent, "transcript": transcript, "suggestions": topics(state), "draft": h.draft})
}

fn topics(state: &State) -> Vec<Value> {
    state.topics.iter().map(|t| json!({"flow": t.flow, "title": t.title, "payload": t.payload})).collect()
}
