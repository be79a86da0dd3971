//! The provider of messages: takes them or not, answers or not, reports or not – and the law about what it may be sent.

use super::law;
use super::network::Report;
use super::witness::Witness;
use super::world::{ECHO_WAIT, World};
use crate::accept::Delivery;
use crate::core::ledger::Settled;
use crate::core::outbox::Tried;
use crate::session::{EffectClass, IdempotencyKey, Millis, Session};
use crate::testing::{Counter, Deed, Note};
use std::collections::{BTreeMap, BTreeSet};

/// How long after a refusal that passes.
const AGAIN: Millis = 5;

/// What the engine knows of the newest try.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    /// No answer has come, or one that says it is over.
    Out,
    /// It may be tried again from then on.
    Again { from: Millis },
    /// The client gave up then.
    Unknown { at: Millis },
}

struct Sent {
    /// By which start.
    start: u64,
    last: Last,
    /// The provider has reported about it, and the engine has it on record.
    echoed: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Provider {
    sent: BTreeMap<IdempotencyKey, Sent>,
    /// What it has, and how many copies.
    pub(super) taken: BTreeMap<IdempotencyKey, usize>,
    /// What it will have, although nobody waits for its answer any more.
    pub(super) late: Vec<IdempotencyKey>,
    /// Refused for good.
    pub(super) refused: BTreeSet<IdempotencyKey>,
    /// Messages that it reports, or would have reported, as failed.
    pub(super) failing: BTreeSet<IdempotencyKey>,
    /// Reports with their key that the engine has acknowledged.
    pub(super) told: BTreeMap<IdempotencyKey, Vec<Delivery>>,
}

impl Provider {
    pub(super) fn echo(&mut self, key: &IdempotencyKey) {
        if let Some(sent) = self.sent.get_mut(key) {
            sent.echoed = true;
        }
    }

    /// A start finds the reports of the starts before.
    pub(super) fn believe_reports(&mut self, witness: &Witness) {
        for (key, sent) in &mut self.sent {
            sent.echoed |= witness.deliveries.get(key).is_some_and(|state| *state != Delivery::Queued);
        }
    }

    pub(super) fn reported(&mut self, report: &Report) {
        if report.echoes {
            self.told.entry(report.key.clone()).or_default().push(report.status);
        }
    }
}

impl World {
    /// What may be sent: only what is on disk, only under a claim on disk, in order within its conversation, and again
    /// only when that is certain not to repeat it or, where it may be repeated, after the wait for the echo.
    fn may_be_sent(&mut self, key: &IdempotencyKey, resend: bool) {
        let Some(open) = self.witness.open.get_mut(key) else {
            super::broken(format!("{key} is sent, and not in the outbox on disk"));
        };
        let unclaimed = std::mem::take(&mut open.unclaimed);
        let claim = open.claim;
        let claimed = claim != 0 && claim != self.witness.clean && (resend || claim == self.start);
        law!(claimed, "{key} is sent under the claim of start {claim}, now is start {}", self.start);
        let conversation = &key.conversation;
        let earlier = self.witness.open.keys().find(|it| it.conversation == *conversation && *it < key);
        law!(earlier.is_none(), "{key} is sent before {} is settled", earlier.unwrap_or(key));
        let Some(sent) = self.provider.sent.get(key) else { return };
        law!(!sent.echoed, "{key} is sent again though the provider has reported about it");
        let waited = |since: Millis| resend && self.now - since >= ECHO_WAIT;
        let may = match sent.last {
            Last::Out => sent.start != self.start && waited(self.started),
            Last::Unknown { at } if sent.start == self.start => waited(at),
            Last::Unknown { .. } => waited(self.started),
            Last::Again { from } if sent.start == self.start => self.now >= from,
            Last::Again { .. } => {
                let clean = self.witness.clean_from..=self.witness.clean;
                clean.contains(&sent.start) || (!resend && unclaimed) || waited(self.started)
            }
        };
        law!(
            may,
            "{key} is sent again too early or at all: {:?} in start {}, now start {} of {}",
            sent.last,
            sent.start,
            self.start,
            self.started
        );
        self.tally.resent += 1;
    }

    /// The engine sends something; the provider takes it or not, and answers or not.
    pub(super) fn dispatch(&mut self, key: IdempotencyKey, effect: Deed, attempt: u32) {
        let resend = Counter::class(&effect) == (EffectClass::Durable { resend_unknown: true });
        self.may_be_sent(&key, resend);
        if self.dice.mille(self.weather.paced) {
            self.note(|| format!("does not try {key} yet"));
            if let Some(engine) = &mut self.engine {
                engine.answers.push((key, Tried::Later { delay: AGAIN }));
            }
            return;
        }
        let (again, refused, silent) = (self.weather.again, self.weather.refused, self.weather.silent);
        let tried = if self.dice.mille(again) {
            Tried::Again { delay: AGAIN }
        } else if self.dice.mille(refused) {
            self.provider.refused.insert(key.clone());
            Tried::Over(Settled::Failed, Some(Note::Done { text: format!("refused {key}") }))
        } else if self.dice.mille(silent) {
            match self.dice.roll(3) {
                _ if self.dice.mille(self.weather.late) => self.provider.late.push(key.clone()),
                0 => {}
                _ => self.take(&key),
            }
            Tried::Unknown
        } else {
            self.take(&key);
            let result = match &effect {
                Deed::Pay(text) => Some(Note::Done { text: text.clone() }),
                _ => None,
            };
            let copy = self.provider.taken.get(&key).copied().unwrap_or_default();
            Tried::Over(Settled::Taken(Some(external(&key, copy))), result)
        };
        self.note(|| format!("sends {key} {effect:?} for the {attempt}. time: {tried:?}"));
        let sent = Sent { start: self.start, last: Last::Out, echoed: false };
        self.provider.sent.insert(key.clone(), sent);
        if let Some(engine) = &mut self.engine {
            engine.answers.push((key, tried));
        }
    }

    /// One copy is the provider's from now on, and it will report about it.
    fn take(&mut self, key: &IdempotencyKey) {
        let copies = self.provider.taken.entry(key.clone()).or_default();
        *copies += 1;
        let external = external(key, *copies);
        let fails = self.dice.mille(self.weather.bounce);
        let echoes = self.dice.roll(5) > 0;
        let statuses: &[Delivery] = match self.dice.roll(16) {
            _ if fails => &[Delivery::Sent, Delivery::Failed],
            0 => &[Delivery::Sent, Delivery::Delivered, Delivery::Deleted],
            _ => &[Delivery::Sent, Delivery::Delivered, Delivery::Read],
        };
        if fails {
            self.provider.failing.insert(key.clone());
        }
        for status in statuses {
            if self.dice.mille(self.weather.report_lost) {
                continue;
            }
            let twice = self.dice.mille(self.weather.report_twice);
            for _ in 0..1 + usize::from(twice) {
                let (key, external) = (key.clone(), external.clone());
                let report = Report { key, external, status: *status, echoes, made: self.now };
                self.network.reports.push(report);
            }
        }
    }

    /// It takes what its client gave up on.
    pub(super) fn take_late(&mut self) {
        let which = self.dice.roll(self.provider.late.len());
        let key = self.provider.late.swap_remove(which);
        self.note(|| format!("the provider has {key} after all"));
        self.take(&key);
    }

    /// An answer reaches the engine, in any order.
    pub(super) fn answer(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        let which = self.dice.roll(engine.answers.len());
        let (key, tried) = engine.answers.swap_remove(which);
        self.note(|| format!("answer about {key}"));
        let now = self.now;
        if let Some(sent) = self.provider.sent.get_mut(&key) {
            sent.last = match &tried {
                Tried::Over(..) => Last::Out,
                Tried::Again { delay } => Last::Again { from: now + delay },
                // Nothing was sent this time.
                Tried::Later { .. } => sent.last,
                Tried::Unknown => {
                    self.tally.unknown += 1;
                    Last::Unknown { at: now }
                }
            };
        }
        self.outbox(|outbox| outbox.tried(&key, tried, now));
    }
}

/// The provider's id of a copy.
fn external(key: &IdempotencyKey, copy: usize) -> String {
    format!("x{key}.{copy}")
}
