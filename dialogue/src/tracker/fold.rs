//! Folding: the only place where a state changes.

use super::TrackerEvent;
use crate::receive::PASSED_ON;
use crate::state::*;
use std::sync::Arc;

fn keep<T>(list: &mut Vec<T>, limit: usize) {
    if list.len() > limit {
        list.drain(..list.len() - limit);
    }
}

/// How sure the latest message is, in both places that tell it.
fn set_confidence(state: &mut State, confidence: f32) {
    if let Some(latest) = &mut state.latest {
        latest.confidence = confidence;
    }
    if let Some(last) = state.confidences.last_mut() {
        *last = confidence;
    }
}

/// Folds one event into the state. Needs no configuration, so any version's journal folds.
pub fn apply(state: &mut State, event: &TrackerEvent) {
    use TrackerEvent::*;
    match event.clone() {
        TurnStarted => state.counters.turns += 1,
        PersonSeen { person, source } => {
            let shared = state.person.phone_shared && state.person.phone == person.phone;
            state.person = Person { phone_shared: shared || person.phone_shared, ..person };
            if state.source.is_none() {
                state.source = source;
            }
        }
        UserUttered { text, at } => {
            state.counters.received += 1;
            state.session.last_seen = at;
            line(state, "customer", text, at);
        }
        WindowOpened { until } => {
            state.window_until = Some(state.window_until.map_or(until, |w| w.max(until)))
        }
        SessionStarted { at, slots } => {
            state.session = SessionInfo {
                count: state.session.count + 1,
                started_at: at,
                last_seen: state.session.last_seen,
                contact_saved: state.session.contact_saved,
                ..SessionInfo::default()
            };
            state.slots = slots;
            state.held.retain(|h| !h.part);
            state.stack.clear();
            state.last_frame = None;
            state.asked = None;
            state.failures = 0;
            state.last_failure = None;
            state.clarified = false;
            state.topics.clear();
            state.unsure = None;
            state.options.clear();
            state.drafts.clear();
        }
        Greeted => state.session.greeted = true,
        UnderstandRequested { text, held, part, wish, answers, whole, meant } => {
            state.understanding =
                Some(crate::state::Understand { text, held, part, wish, answers, whole, meant })
        }
        Understood { latest, languages } => {
            state.understanding = None;
            state.language.posterior = languages;
            if let Some(latest) = latest {
                state.confidences.push(latest.confidence);
                keep(&mut state.confidences, CONFIDENCES);
                state.latest = Some(latest);
            }
        }
        ExchangeBegun { intent } => {
            state.exchanges.push(Exchange { intent, action: None });
            keep(&mut state.exchanges, EXCHANGES);
        }
        ConfidenceSet { confidence } => set_confidence(state, confidence),
        ClauseMeant { text, intent, confidence } => {
            if let Some(latest) = &mut state.latest {
                latest.text = text;
                latest.intent = Some(intent);
            }
            set_confidence(state, confidence);
        }
        LanguageSet { code, locked, chosen } => {
            state.language.code = Some(code);
            state.language.locked = locked;
            state.language.chosen = chosen;
            if locked {
                state.language.leaning.clear();
            }
        }
        LanguageLeans { leaning } => state.language.leaning = leaning,
        ConsentAsked { at, version } => {
            state.consent.asked_at = Some(at);
            if version.is_some() {
                state.consent.shown = version;
            }
        }
        ConsentGiven { category, version, at } => {
            state.consent.grants.insert(category, Grant { version, at });
            state.consent.denied_at = None;
            state.consent.withdrawn_at = None;
        }
        ConsentDenied { at } => state.consent.denied_at = Some(at),
        ConsentExplained => state.consent.explained = true,
        ConsentWithdrawn { at } => {
            state.consent.grants.clear();
            state.consent.explained = false;
            state.consent.withdrawn_at = Some(at);
            state.consent.asked_at = None;
            state.held.clear();
            state.marketing = Some(false);
            state.session.contact_saved = false;
            state.session.greeted = false;
        }
        ConsentOutdated { version, .. } => {
            state.consent.grants.remove("processing");
            state.consent.asked_at = None;
            state.consent.shown = Some(version);
            state.consent.explained = false;
            state.session.contact_saved = false;
            state.session.greeted = false;
        }
        MarketingSet { opted_in } => {
            state.marketing = Some(opted_in);
            if !opted_in {
                state.consent.grants.remove("marketing");
            }
        }
        MessageHeld { message } => {
            // What may answer the open question goes before what waits for the end of its flow.
            let at = match message.frame {
                Some(_) => state.held.iter().position(|h| h.frame.is_none()),
                None => None,
            };
            state.held.insert(at.unwrap_or(state.held.len()), message);
        }
        HeldReleased => {
            if !state.held.is_empty() {
                state.held.remove(0);
            }
        }
        PartsDropped => {
            // What the message says that begins something else is kept.
            let own = state.kept_as();
            state.held.retain(|h| !h.part || h.id.starts_with(&own));
        }
        FlowStarted { frame } => {
            followed(state, || format!("flow_{}", frame.flow));
            state.counters.frames = state.counters.frames.max(frame.id);
            state.stack.push(frame);
        }
        StepReached { frame, step } => {
            if let Some(f) = state.frame_mut(frame) {
                f.step = step;
                f.asked = false;
                f.returned = false;
                f.waiting = None;
            }
        }
        FlowEnded { frame, persisted, completed, remember } => {
            left(state, frame);
            ended(state, frame, persisted, completed && remember)
        }
        FlowInterrupted { frame } => {
            if let Some(f) = state.frame_mut(frame) {
                f.interrupted = true;
                f.asked = false;
            }
            clear_asked_of(state, frame);
        }
        FlowResumed { frame } => {
            if let Some(f) = state.frame_mut(frame) {
                f.interrupted = false;
                f.asked = false;
            }
            resumed(state, frame, true);
        }
        FlowRaised { frame } => {
            if let Some(at) = state.stack.iter().position(|f| f.id == frame) {
                let f = state.stack.remove(at);
                state.stack.push(f);
            }
        }
        SlotSet { frame, slot, value } => {
            let slots = match frame {
                Some(id) => match state.frame_mut(id) {
                    Some(f) => &mut f.slots,
                    None => return,
                },
                None => &mut state.slots,
            };
            // An explicit nothing in a frame hides an outer value; outside it is just gone.
            if value.is_null() && frame.is_none() {
                slots.remove(&slot);
            } else {
                let answered = !value.is_null();
                slots.insert(slot, value);
                if let Some(frame) = frame.filter(|_| answered) {
                    resumed(state, frame, false);
                }
            }
        }
        Asked { asked } => {
            followed(state, || format!("utter_ask_{}", asked.slot));
            if let Some(f) = state.frame_mut(asked.frame) {
                f.asked = true;
            }
            state.asked = Some(asked);
        }
        AskCleared => state.asked = None,
        Confirmed { frame } => state.confirmed = Some((frame, state.counters.received)),
        Skipped { frame, slot } => {
            if let Some(f) = state.frame_mut(frame) {
                f.skipped.push(slot);
            }
        }
        CallMade { id, call } => {
            state.counters.calls = state.counters.calls.max(id);
            if let Some(f) = call.frame.and_then(|f| state.frame_mut(f)) {
                f.waiting = Some(id);
            }
            state.calls.insert(id, call);
        }
        CallReturned { id, result, status, .. } => {
            let call = state.calls.remove(&id);
            if let Some(f) = call.and_then(|c| c.frame).and_then(|f| state.frame_mut(f))
                && f.waiting == Some(id)
            {
                f.waiting = None;
                f.result = result;
                f.status = status;
            }
        }
        FailedAttempt { reason } => {
            state.failures += 1;
            state.last_failure = Some(reason);
            if state.failure_stays()
                && let Some(frame) = state.stack.last_mut()
            {
                frame.failed = true;
            }
        }
        Progress => {
            state.failures = 0;
            state.last_failure = None;
            state.clarified = false;
        }
        TopicsOffered { topics, clarification, unsure } => {
            state.topics = topics;
            state.unsure = unsure;
            state.clarified |= clarification;
        }
        Drafted { drafts } => state.drafts = drafts,
        BotUttered { responses, message, at, options, first } => {
            state.counters.sent += 1;
            state.passed_on = responses == [PASSED_ON];
            line(state, "bot", message.body().to_owned(), at);
            if first {
                state.last_reply.clear();
                state.options.clear();
            }
            state.last_reply.push(message);
            state.options.extend(options);
        }
        TimersArmed { asked_at } => state.armed = asked_at,
        WaitsOn {} => state.unanswered = true,
        Withheld { reason } => state.unanswered |= reason == "queued",
        Trouble { .. } | Noted { .. } => {}
        Queued { since, reason, suggestions, handoff } => {
            state.unanswered = false;
            state.owner = Owner::Queue { since, ticket: None, reason, suggestions };
            state.held.retain(|h| !h.part);
            state.handoff = Some(handoff);
            state.asked = None;
            state.failures = 0;
            state.last_failure = None;
            state.clarified = false;
        }
        TicketKnown { ticket } => {
            if let Owner::Queue { ticket: t, .. } | Owner::Agent { ticket: t, .. } = &mut state.owner {
                *t = Some(ticket);
            }
        }
        QueueLeft { .. } => {
            state.unanswered = false;
            state.owner = Owner::Bot;
            state.handoff = None;
            for f in &mut state.stack {
                f.self_service = false;
            }
        }
        AgentTook { agent, at } => {
            let ticket = match &state.owner {
                Owner::Queue { ticket, .. } | Owner::Agent { ticket, .. } => ticket.clone(),
                Owner::Bot => None,
            };
            state.owner = Owner::Agent { id: agent, since: at, ticket };
            state.asked = None;
        }
        AgentUttered { text, at, .. } => {
            state.counters.agent_sent += 1;
            line(state, "agent", text, at);
        }
        AgentNoted { agent, text, at } => {
            state.notes.push(Line { from: agent, text, at });
            keep(&mut state.notes, TRANSCRIPT);
        }
        HandedBack { .. } => {
            state.owner = Owner::Bot;
            state.handoff = None;
            state.failures = 0;
            state.last_failure = None;
        }
        MatterOpened { matter } => {
            state.counters.matters = state.counters.matters.max(matter.id);
            state.matters.push(matter);
        }
        MatterResolved { id, .. } => {
            if let Some(at) = state.matters.iter().position(|m| m.id == id) {
                state.rated_matter = Some(state.matters.remove(at).label().to_owned());
            }
        }
        MatterEscalated { id, .. } => {
            if let Some(m) = state.matters.iter_mut().find(|m| m.id == id) {
                m.escalated = true;
            }
        }
        MatterAbandoned { id, .. } => state.matters.retain(|m| m.id != id),
        SatisfactionAsked => state.session.satisfaction_asked = true,
        ContactSaved => state.session.contact_saved = true,
        SlotsReset { slots } => {
            state.slots = slots;
            state.last_frame = None;
        }
        Checkpoint { state: whole } => *state = *whole,
    }
}

fn line(state: &mut State, from: &str, text: String, at: i64) {
    state.transcript.push(Line { from: from.to_owned(), text, at });
    keep(&mut state.transcript, TRANSCRIPT);
}

/// Notes what the bot did first after the last text.
fn followed(state: &mut State, action: impl FnOnce() -> String) {
    if let Some(exchange) = state.exchanges.last_mut().filter(|e| e.action.is_none()) {
        exchange.action = Some(action());
    }
}

/// A flow and those that called it came back after a side question, or got on since.
fn resumed(state: &mut State, frame: u64, back: bool) {
    let mut at = Some(frame);
    for _ in 0..DEPTH {
        let Some(f) = at.and_then(|id| state.frame_mut(id)) else { return };
        f.resumed = back;
        at = f.called_by;
    }
}

fn clear_asked_of(state: &mut State, frame: u64) {
    if state.asked.as_ref().is_some_and(|a| a.frame == frame) {
        state.asked = None;
    }
}

/// What a flow has had begun goes on without it.
fn left(state: &mut State, frame: u64) {
    let Some(flow) = state.frame(frame).map(|f| state.outermost(f).flow.clone()) else { return };
    for call in state.calls.values_mut().filter(|c| c.durable && c.frame == Some(frame)) {
        call.left = Some(flow.clone());
    }
}

fn ended(state: &mut State, frame: u64, persisted: Slots, remember: bool) {
    let Some(at) = state.stack.iter().position(|f| f.id == frame) else { return };
    let mut f = state.stack.remove(at);
    clear_asked_of(state, frame);
    state.slots.extend(persisted);
    match f.called_by.and_then(|id| state.frame_mut(id)) {
        Some(caller) => {
            caller.slots.append(&mut f.slots);
            caller.result = f.result;
            caller.status = f.status;
            caller.returned = true;
            caller.failed |= f.failed;
        }
        None if remember => {
            // What a backend said is not needed to run it again.
            f.result = Arc::default();
            f.skipped.clear();
            f.asked = false;
            f.failed = false;
            f.waiting = None;
            state.last_frame = Some(f);
        }
        None => {}
    }
}
