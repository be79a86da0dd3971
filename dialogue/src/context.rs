//! What templates, expressions and conditions see.

use crate::Assistant;
use crate::state::{Frame, Handoff, Owner, State};
use crate::tracker::TrackerEvent;
use minijinja::value::{Enumerator, Object, Serde, merge_maps};
use serde_json::{Map, Value, json};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What conditions read as JSON and templates as minijinja's values; these are made once for all templates that see it, not
/// for each: a list of ten rows renders thirty.
#[derive(Debug, Clone)]
pub struct Context {
    /// All but what stands beside it.
    json: Arc<Value>,
    /// Under names of their own what is shared with others that see the same: the slots, which change more often than the rest,
    /// and what a backend said last, which is the state's own, since a list of products is greater than all the rest.
    beside: Beside,
    seen: OnceCell<minijinja::Value>,
}

/// Values and the names under which they are seen.
type Beside = [(&'static str, Arc<Value>); 2];

/// The name under which slots are seen.
const SLOTS: &str = "slots";
/// The name under which a backend's answer is seen.
const RESULT: &str = "result";

fn of_name<'b>(beside: &'b Beside, name: &str) -> Option<&'b Arc<Value>> {
    beside.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
}

impl From<Value> for Context {
    fn from(mut json: Value) -> Self {
        let mut take = |name| json.as_object_mut().and_then(|all| all.remove(name)).unwrap_or_default();
        let beside = [SLOTS, RESULT].map(|name| (name, Arc::new(take(name))));
        Self { json: Arc::new(json), beside, seen: OnceCell::new() }
    }
}

impl Context {
    /// As conditions see it: what is under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        of_name(&self.beside, name).map(|value| &**value).or_else(|| self.json.get(name))
    }

    /// As templates see it.
    pub(crate) fn seen(&self) -> minijinja::Value {
        let all = || {
            let beside = Some(self.beside.clone());
            minijinja::Value::from_object(Seen { beside, ..Seen::new(self.json.clone(), None) })
        };
        self.seen.get_or_init(all).clone()
    }

    /// Puts another value under a name.
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        match self.beside.iter_mut().find(|(own, _)| *own == name) {
            Some((_, beside)) => *beside = Arc::new(value),
            None => Arc::make_mut(&mut self.json)[name] = value,
        }
        self.seen = OnceCell::new();
    }

    /// The same as templates see it, with a row of a list beside it as `row` and its number, from 1, as `index`.
    pub(crate) fn of_row(&self, row: &Value, index: usize) -> Self {
        let own = json!({"row": row, "index": index});
        let seen = merge_maps([minijinja::Value::from(Serde(&own)), self.seen()]);
        let beside = [SLOTS, RESULT].map(|name| (name, Arc::default()));
        Self { json: Arc::new(own), beside, seen: OnceCell::from(seen) }
    }
}

/// A JSON object of which values are made when a template asks for them: most see two or three of a hundred.
#[derive(Debug)]
struct Seen {
    json: Arc<Value>,
    /// The key under which the object lies; without one, it is all.
    part: Option<String>,
    /// What stands beside it.
    beside: Option<Beside>,
    /// Lists and objects asked for before.
    made: Mutex<BTreeMap<String, minijinja::Value>>,
}

impl Seen {
    fn new(json: Arc<Value>, part: Option<String>) -> Self {
        Self { json, part, beside: None, made: Mutex::default() }
    }

    fn object(&self) -> Option<&Map<String, Value>> {
        match &self.part {
            Some(part) => self.json.get(part)?.as_object(),
            None => self.json.as_object(),
        }
    }
}

impl Object for Seen {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        let beside = self.beside.as_ref().and_then(|beside| of_name(beside, key));
        let value = beside.map(|value| &**value).or_else(|| self.object()?.get(key))?;
        if !value.is_object() && !value.is_array() {
            return Some(minijinja::Value::from(Serde(value)));
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(key) {
            return Some(made.clone());
        }
        let new = match (beside, &self.part) {
            (Some(value), _) if value.is_object() => {
                minijinja::Value::from_object(Self::new(value.clone(), None))
            }
            (None, None) if value.is_object() => {
                minijinja::Value::from_object(Self::new(self.json.clone(), Some(key.to_owned())))
            }
            _ => minijinja::Value::from(Serde(value)),
        };
        made.insert(key.to_owned(), new.clone());
        Some(new)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let beside = self.beside.iter().flatten().map(|(name, _)| *name);
        let keys = self.object().into_iter().flat_map(Map::keys).map(String::as_str).chain(beside);
        Enumerator::Values(keys.map(minijinja::Value::from).collect())
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

/// What was put together last in a turn: its steps see much the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The frame that saw it.
    frame: Option<u64>,
    slots: Option<Arc<Value>>,
    rest: Option<Arc<Value>>,
}

impl Known {
    /// Forgets what an event changes.
    pub fn forget(&mut self, event: &TrackerEvent) {
        use TrackerEvent::*;
        match event {
            StepReached { .. }
            | Asked { .. }
            | AskCleared
            | Confirmed { .. }
            | Skipped { .. }
            | CallMade { .. }
            | ExchangeBegun { .. }
            | Drafted { .. }
            | TimersArmed { .. }
            | Trouble { .. }
            | Noted { .. }
            | UnderstandRequested { .. } => {}
            SlotSet { .. } => self.slots = None,
            _ => *self = Self::default(),
        }
    }
}

/// The context of a frame; of `known`, which goes with the state and the moment, what that frame has seen is not made again.
pub(crate) fn build(
    a: &Assistant,
    state: &State,
    at: i64,
    frame: Option<&Frame>,
    known: &mut Known,
) -> Context {
    let id = frame.map(|f| f.id);
    if known.frame != id {
        *known = Known { frame: id, ..Known::default() };
    }
    let slots = || Arc::new(Value::Object(state.visible_slots(frame).into_iter().collect()));
    let beside = [
        (SLOTS, known.slots.get_or_insert_with(slots).clone()),
        (RESULT, frame.map(|f| f.result.clone()).unwrap_or_default()),
    ];
    let json = known.rest.get_or_insert_with(|| Arc::new(rest(a, state, at, frame))).clone();
    debug_assert_eq!(*beside[0].1, *slots(), "slots known are not those of the state");
    debug_assert_eq!(*json, rest(a, state, at, frame), "what is known is not as the state has it");
    Context { json, beside, seen: OnceCell::new() }
}

/// What a frame sees beside its slots and what a backend said.
fn rest(a: &Assistant, state: &State, at: i64, frame: Option<&Frame>) -> Value {
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
    put("language", Value::String(lang.clone()));
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
    // What may be no wish at all promises no answer.
    put("held", json!(state.held.iter().filter(|h| !h.part || h.wish).count()));
    put("marketing", json!(state.marketing.unwrap_or(false)));
    put("flow", json!(frame.map(|f| f.flow.as_str())));
    put("flow_name", json!(frame.and_then(|f| flow_name(&f.flow))));
    put("interrupted_flow", json!(below.map(|f| f.flow.as_str())));
    put("interrupted_flow_name", json!(below.and_then(|f| flow_name(&f.flow))));
    put("text", json!(latest.map(|l| l.text.as_str())));
    put("part", json!(latest.is_some_and(|l| l.part)));
    put("intent", json!(latest.and_then(|l| l.intent.as_deref())));
    put("confidence", json!(latest.map(|l| f64::from(l.confidence))));
    put("owner", json!(owner));
    put("reason", json!(frame.and_then(|f| f.reason.as_deref())));
    put("topics", Value::Array(topics(state)));
    put("content", json!(latest.and_then(|l| l.text.strip_prefix('[')?.strip_suffix(']'))));
    put("first_contact", json!(state.session.count <= 1));
    put("source", json!(state.source));
    put("ticket", json!(ticket));
    put("matter", json!(state.matter().map(|m| m.label()).or(state.rated_matter.as_deref())));
    put("failures", json!(state.failures));
    let handoff = state.handoff.as_ref().map(|h| handoff(h, state));
    // Without `json!`, which writes what it is given anew.
    let all = [
        ("status", json!(frame.and_then(|f| f.status))),
        ("lang", Value::String(lang)),
        ("context", Value::Object(context)),
        ("handoff", handoff.unwrap_or_default()),
    ];
    Value::Object(all.map(|(key, value)| (key.to_owned(), value)).into_iter().collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_see_what_the_json_says() {
        let json = json!({"slots": {"a": 1, "b": null, "c": {"d": [1, {"e": "x"}]}}, "result": {"x": [1, 2], "o": {"p": "q"}}, "status": null, "lang": "en", "empty": {}});
        let context = Context::from(json.clone());
        let mut env = minijinja::Environment::new();
        env.set_undefined_behavior(minijinja::UndefinedBehavior::Chainable);
        let all = minijinja::Value::from(Serde(&json));
        for source in [
            "{{ slots.a + 1 }} {{ slots.b is none }} {{ slots.z is undefined }} {{ z.y is undefined }}",
            "{{ slots.c.d[1].e }} {{ slots.c.d | length }} {{ slots | length }} {{ result.x[1] }} {{ result }} {{ result.o.p }}",
            "{% for k, v in slots.c | items %}{{ k }}{{ v }}{% endfor %} {% for k in slots %}{{ k }}{% endfor %}",
            "{{ slots['a'] }} {{ 'a' in slots }} {{ 'z' in slots }} {{ status is none }} {{ lang }} {{ slots.get('a') }}",
            "{{ slots.c == slots['c'] }} {{ slots if slots else 'empty' }} {{ slots is mapping }} {{ empty or 'no' }}",
        ] {
            let both =
                [context.seen(), all.clone()].map(|seen| env.render_str(source, seen).map_err(|e| e.kind()));
            assert_eq!(both[0], both[1], "{source}");
        }
        assert_eq!(serde_json::to_value(context.seen()).unwrap(), json);
        let mut other = context.clone();
        other.put("slots", json!({"a": 5}));
        assert_eq!(env.render_str("{{ slots.a }}", other.seen()).unwrap(), "5");
        let row = other.of_row(&json!({"a": 6}), 2);
        assert_eq!(env.render_str("{{ slots.a }} {{ row.a }} {{ index }}", row.seen()).unwrap(), "5 6 2");
    }
}
