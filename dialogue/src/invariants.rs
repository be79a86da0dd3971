//! Rules that hold always, checked over one step: in tests over random histories, in production counted.

use crate::Assistant;
use crate::config::settings::LowConfidence;
use crate::effect::{Effect, Outgoing};
use crate::event::{AgentAct, Content, Event};
use crate::family;
use crate::limits;
use crate::patterns::completed::LET_GO;
use crate::payload::Payload;
use crate::receive::PASSED_ON;
use crate::state::{CONFIDENCES, DEPTH, EXCHANGES, Owner, State, TRANSCRIPT};
use crate::tracker::TrackerEvent;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {what}")]
pub struct Violation {
    /// The rule's name; a small, fixed set, fit for a metric's label.
    pub rule: &'static str,
    /// What was seen; no personal data.
    pub what: String,
}

/// One step as it happened.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// State before it.
    pub before: &'a State,
    /// State after it.
    pub after: &'a State,
    /// When.
    pub at: i64,
    /// The input.
    pub event: &'a Event,
    /// What it changed.
    pub changes: &'a [TrackerEvent],
    /// What it asked for.
    pub effects: &'a [Effect],
}

/// All rules that one step broke; empty in a healthy engine.
pub fn check(a: &Assistant, happened: Happened) -> Vec<Violation> {
    let mut rules = Rules { a, h: happened, after: happened.after, broken: Vec::new() };
    rules.silence();
    rules.window();
    rules.limits();
    rules.consent();
    rules.escalation();
    rules.confirmation();
    rules.matters();
    rules.bounds();
    rules.once();
    rules.broken
}

struct Rules<'a> {
    a: &'a Assistant,
    h: Happened<'a>,
    after: &'a State,
    broken: Vec<Violation>,
}

impl Rules<'_> {
    fn broken(&mut self, rule: &'static str, what: impl Into<String>) {
        self.broken.push(Violation { rule, what: what.into() });
    }

    fn sends(&self) -> impl Iterator<Item = &crate::effect::Send> {
        self.h.effects.iter().filter_map(|e| match e {
            Effect::Send(send) => Some(send),
            _ => None,
        })
    }

    /// What this step itself says: of a reply that is put together over several steps only what it adds.
    fn says(&self) -> Vec<&str> {
        let mut before: Vec<&str> = self.h.before.drafts.iter().map(|d| d.response.as_str()).collect();
        let mut said: Vec<&str> = Vec::new();
        for change in self.h.changes {
            match change {
                TrackerEvent::Drafted { drafts } => said.extend(drafts.iter().map(|d| d.response.as_str())),
                TrackerEvent::BotUttered { responses, .. } => {
                    said.extend(responses.iter().map(String::as_str))
                }
                _ => {}
            }
        }
        said.retain(|response| match before.iter().position(|known| known == response) {
            Some(known) => {
                before.swap_remove(known);
                false
            }
            None => true,
        });
        said
    }

    /// While a human owns the thread the bot says nothing; while it waits only taps, consent and STOP are answered.
    fn silence(&mut self) {
        match &self.h.before.owner {
            Owner::Bot => return,
            Owner::Agent { .. } => {
                // Whenever it was put together: nothing leaves.
                let spoke = self.h.changes.iter().any(|c| matches!(c, TrackerEvent::BotUttered { .. }));
                let handed = self.h.changes.iter().any(|c| matches!(c, TrackerEvent::HandedBack { .. }));
                if spoke && !handed {
                    self.broken("silent_while_agent_owns", "the bot spoke while an agent owns the thread");
                }
                return;
            }
            Owner::Queue { .. } => {}
        }
        let said = self.says();
        // Once, until the bot has answered something else: that what is written now is passed on.
        if said.is_empty() || (!self.h.before.passed_on && said == [PASSED_ON]) {
            return;
        }
        // STOP, yes or no to the consent question, less advertising and no person after all, in the customer's own words.
        let rights = self.h.changes.iter().any(|c| {
            matches!(
                c,
                TrackerEvent::MarketingSet { opted_in: false }
                    | TrackerEvent::ConsentGiven { .. }
                    | TrackerEvent::ConsentDenied { .. }
            ) || matches!(c, TrackerEvent::QueueLeft { reason } if reason == LET_GO)
                || matches!(c, TrackerEvent::FlowStarted { frame }
                // What was tapped for while waiting may be cancelled in words; an earlier step of the turn did.
                if frame.self_service || frame.flow == "pattern_cancel_flow")
        });
        let allowed = match self.h.event {
            Event::Understood(_) | Event::Received(_) if rights => true,
            Event::Received(m) => match &m.content {
                Content::Button { .. } | Content::List { .. } => true,
                Content::Text { text } => {
                    let w = &self.a.words;
                    w.stops(text)
                        || w.is("yes", text)
                        || w.is("no", text)
                        || self.h.before.self_service()
                        || crate::fill::named_option(&self.h.before.options, text, true)
                            .is_some_and(|o| Payload::parse(&o.id).is_ok())
                }
                _ => self.h.before.self_service(),
            },
            Event::Understood(_) | Event::Returned(_) | Event::NotUnderstood { .. } => {
                // What an unsure message said is done after a tap, an earlier step of the turn.
                let meant = self.h.before.understanding.as_ref().is_some_and(|u| u.meant.is_some());
                meant || self.h.before.self_service()
            }
            Event::Agent(AgentAct::HandBack { .. }) => true,
            _ => false,
        };
        if !allowed {
            self.broken(
                "queued_answers_only_taps",
                "free text was answered while the customer waits for a person",
            );
        }
    }

    /// Free text only inside the window; marketing templates only with opt-in.
    fn window(&mut self) {
        let bad: Vec<&'static str> = self
            .sends()
            .filter_map(|send| match &send.message {
                Outgoing::Template { .. } => {
                    (self.after.marketing != Some(true)).then_some("a marketing template without opt-in")
                }
                _ => match (send.window_until, self.after.window_until) {
                    (Some(until), Some(open)) if until == open && self.h.at < until => None,
                    _ => Some("free text outside the window"),
                },
            })
            .collect();
        for what in bad {
            self.broken("window", what);
        }
    }

    fn limits(&mut self) {
        let bad: Vec<String> = self.sends().filter_map(|s| limits::exceeded(&s.message)).collect();
        for what in bad {
            self.broken("channel_limits", what);
        }
    }

    /// Without consent no backend learns anything, except what serves the customer's own wish for a person or for silence.
    fn consent(&mut self) {
        if !self.a.settings.consent_required {
            return;
        }
        if let Event::Received(message) = self.h.event
            && !matches!(message.content, Content::Reaction { .. } | Content::Silent { .. })
            && (&self.h.before.owner, &self.after.owner) == (&Owner::Bot, &Owner::Bot)
            && let Some(grant) = self.after.consent.grants.get("processing")
            && grant.version != self.a.settings.consent_version
        {
            self.broken("consent_is_current", "a message was answered under another version of the text");
        }
        let outdated = self.h.changes.iter().any(|c| matches!(c, TrackerEvent::ConsentOutdated { .. }));
        if self.after.consented() || (self.h.before.consented() && !outdated) {
            return;
        }
        let exempt = |action: &str| {
            matches!(
                action,
                "action_create_handoff_ticket" | "action_withdraw_handoff_ticket" | "action_save_marketing"
            ) || self.a.actions.get(action).is_some_and(|s| s.without_consent)
        };
        let bad: Vec<String> = self
            .h
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::Call(call) | Effect::Perform(call) if !exempt(&call.action) => {
                    Some(call.action.clone())
                }
                _ => None,
            })
            .collect();
        for action in bad {
            self.broken("nothing_before_consent", action);
        }
        if self
            .h
            .changes
            .iter()
            .any(|c| matches!(c, TrackerEvent::FlowStarted { frame } if !frame.flow.starts_with("pattern_")))
        {
            self.broken("nothing_before_consent", "a flow started");
        }
    }

    /// Two failed attempts, or confidence below the threshold where the policy says so, bring a person in the same turn.
    fn escalation(&mut self) {
        if self.after.mid_turn() {
            return;
        }
        if self.after.owner == Owner::Bot && self.after.failures >= self.a.settings.failures {
            self.broken("failures_escalate", format!("{} failed attempts in a row", self.after.failures));
        }
        let queued = self.h.changes.iter().find_map(|c| match c {
            TrackerEvent::Queued { handoff, .. } => Some(handoff),
            _ => None,
        });
        if queued.is_some() && self.a.actions.contains_key("action_create_handoff_ticket") {
            let ticket = self.h.effects.iter().any(|e| matches!(e, Effect::Perform(c) | Effect::Call(c) if c.action == "action_create_handoff_ticket"));
            if !ticket {
                self.broken("handoff_has_ticket", "queued without a ticket");
            }
        }
        if queued.is_some_and(|h| h.summary.is_empty()) {
            self.broken("handoff_has_summary", "queued without a summary");
        }
        if let Event::Understood(u) = self.h.event
            && self.a.settings.low_confidence != LowConfidence::ClarifyFirst
            && self.h.before.owner == Owner::Bot
            && (self.h.before.consented() || !self.a.settings.consent_required)
            // A further sentence of a message that has had its answer.
            && !self.h.before.understanding.as_ref().is_some_and(|u| u.part)
            && let Some((intent, p)) = family::settled(self.a, u).intents.first()
        {
            // Sure of the whole, or of the clause that was done.
            let enough = if u.clauses.is_empty() { 1.0 } else { self.a.settings.threshold };
            let certain = self.after.latest.as_ref().is_some_and(|l| l.confidence >= enough);
            let counted = self.h.changes.iter().any(|c| {
                matches!(
                    c,
                    TrackerEvent::FailedAttempt { .. }
                        | TrackerEvent::FlowInterrupted { .. }
                        | TrackerEvent::SlotSet { .. }
                )
            });
            if *p < self.a.threshold(intent) && !certain && !counted && self.after.owner == Owner::Bot {
                self.broken("low_confidence_escalates", format!("{p} for {intent}"));
            }
        }
    }

    /// An irreversible action needs an explicit yes in the turn before it.
    fn confirmation(&mut self) {
        let irreversible = self.h.effects.iter().filter_map(|e| match e {
            Effect::Perform(c) | Effect::Call(c) => {
                self.a.actions.get(&c.action).filter(|s| s.irreversible).map(|_| c.id)
            }
            _ => None,
        });
        for id in irreversible.collect::<Vec<_>>() {
            let frame = self.h.changes.iter().find_map(|c| match c {
                TrackerEvent::CallMade { id: i, call } if *i == id => call.frame,
                _ => None,
            });
            if frame.is_none() || self.after.confirmed != frame.map(|f| (f, self.after.counters.received)) {
                self.broken("irreversible_is_confirmed", "no yes in the turn before");
            }
        }
    }

    /// Every matter that ends was opened, and ends once.
    fn matters(&mut self) {
        let mut open: Vec<u64> = self.h.before.matters.iter().map(|m| m.id).collect();
        let mut bad = Vec::new();
        for change in self.h.changes {
            match change {
                TrackerEvent::MatterOpened { matter } if open.contains(&matter.id) => {
                    bad.push(format!("matter {} opened twice", matter.id))
                }
                TrackerEvent::MatterOpened { matter } => open.push(matter.id),
                TrackerEvent::MatterEscalated { id, .. } if !open.contains(id) => {
                    bad.push(format!("matter {id} escalated, not open"))
                }
                TrackerEvent::MatterResolved { id, .. } | TrackerEvent::MatterAbandoned { id, .. } => {
                    if !open.contains(id) {
                        bad.push(format!("matter {id} ended, not open"));
                    }
                    open.retain(|o| o != id);
                }
                _ => {}
            }
        }
        for what in bad {
            self.broken("matters", what);
        }
    }

    /// Nothing grows without limit.
    fn bounds(&mut self) {
        let s = self.after;
        let bounds = [
            ("stack", s.stack.len(), DEPTH + 3),
            ("transcript", s.transcript.len(), TRANSCRIPT),
            ("confidences", s.confidences.len(), CONFIDENCES),
            ("exchanges", s.exchanges.len(), EXCHANGES),
            ("held", s.held.len(), self.a.settings.held_messages),
            ("matters", s.matters.len(), 20),
        ];
        for (what, n, limit) in bounds {
            if n > limit {
                self.broken("bounds", format!("{what}: {n}"));
            }
        }
        if !s.mid_turn() && !s.drafts.is_empty() {
            self.broken("reply_complete", "parts of the reply were left behind");
        }
    }

    /// What a flow has had begun at a backend is not begun again before its answer has come.
    fn once(&mut self) {
        let begun: Vec<_> = self.after.calls.values().filter(|c| c.durable && c.frame.is_some()).collect();
        let again = begun.iter().enumerate().find(|(n, call)| {
            begun[..*n].iter().any(|other| (other.frame, &other.action) == (call.frame, &call.action))
        });
        if let Some((_, call)) = again {
            let action = call.action.clone();
            self.broken("begun_once", action);
        }
    }
}
