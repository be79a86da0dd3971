//! The committer's desk: takes some of what waits, lets the ledger plan it, appends it, and carries out what follows.

use super::law;
use super::sabotage::{self, Fault};
use super::talk::Live;
use super::world::World;
use crate::core::ledger::{DEDUP_KEPT, EXTERNAL_KEPT, Ledger, Output, Settle, Sweep, TurnRefused};
use crate::core::outbox::{Entry, Order};
use crate::core::tx::{StoreError, Tx};
use crate::session::{ConversationId, IdempotencyKey, Millis, Session};
use crate::testing::Counter;
use std::collections::BTreeMap;

/// Requests in one commit, at most.
const GROUP: usize = 5;

/// A request.
pub(super) enum Ask {
    /// A webhook's body.
    Body(usize),
    /// A turn that is done.
    Turn(ConversationId),
    /// A turn that failed.
    Tried { id: ConversationId, seq: u64, tries: u32 },
    /// A mark or a settlement.
    Order(Order<Counter>),
    /// Timers due at a wall clock's time.
    Fire(Vec<Vec<u8>>, Millis),
    /// Apply the retention.
    Retain(ConversationId, Millis),
    /// Remove old rows.
    Sweep(Sweep),
}

/// Whom to tell once it is on disk.
enum Answer {
    Body(usize),
    Turn(ConversationId, Result<u64, TurnRefused>),
    Tried(ConversationId),
    Recorded(IdempotencyKey),
}

impl World {
    pub(super) fn commit(&mut self) {
        let Some(mut engine) = self.engine.take() else { return };
        let disk = self.disk.clone();
        let mut tx = Tx::new(&*disk);
        let mut out = Output::default();
        let (mut answers, mut refused, mut begun) = (Vec::new(), Vec::new(), false);
        for _ in 0..1 + self.dice.roll(GROUP) {
            let Some(ask) = engine.asked.pop_front() else { break };
            // A checkpoint in the place of a turn of the same batch would hide that turn from the witness.
            let alone = matches!(ask, Ask::Retain(..));
            if alone && begun {
                engine.asked.push_front(ask);
                break;
            }
            let (ledger, live, half) =
                (&mut engine.ledger, &mut engine.live, self.is(Fault::RefusedHalfWritten));
            let planned = self.read_by(|world| match half {
                false => {
                    ledger.apart(&mut tx, &mut out, |ledger, tx, out| world.plan(ledger, live, tx, out, &ask))
                }
                true => world.plan(ledger, live, &mut tx, &mut out, &ask),
            });
            match planned {
                Some(answer) => answers.extend(answer),
                None => refused.push(ask),
            }
            begun = true;
            if alone {
                break;
            }
        }
        self.engine = Some(engine);
        refused.into_iter().for_each(|ask| self.refused(ask));
        law!(out.violations.is_empty(), "{:?} violated", out.violations);
        let batch = tx.into_batch();
        let rows = batch.len();
        if !batch.is_empty() && !self.append(batch) {
            return;
        }
        self.note(|| format!("appended {rows} rows"));
        self.count(&out);
        self.tell(answers, out);
    }

    /// The figures that credits are given by are those of the disk.
    fn count(&mut self, out: &Output<Counter>) {
        let Some(engine) = &mut self.engine else { return };
        engine.unhandled += out.unhandled;
        engine.held += out.held;
        let (unhandled, held, on_disk) = (engine.unhandled, engine.held, self.witness.unhandled());
        law!(unhandled == on_disk, "{unhandled} events count as unhandled, the disk has {on_disk}");
        let holds = engine.ledger.held();
        law!(held == holds, "{held} events count as held back, the ledger holds {holds}");
        law!(
            held == 0 || held < unhandled,
            "{held} of {unhandled} events are held back: nobody comes to them"
        );
    }

    /// Who is to be told once it is on disk, if anybody.
    fn plan(
        &mut self,
        ledger: &mut Ledger<Counter>,
        live: &mut BTreeMap<ConversationId, Live>,
        tx: &mut Tx<'_>,
        out: &mut Output<Counter>,
        ask: &Ask,
    ) -> Result<Option<Answer>, StoreError> {
        let wall = self.wall();
        match ask {
            Ask::Body(body) => {
                if self.is(Fault::MergeLosesPending) {
                    for (_, phone) in self.network.merges_of(*body, &self.script) {
                        sabotage::forget_pending(tx, phone);
                    }
                }
                let items = self.network.items(*body, &self.script);
                ledger.accept(tx, out, items, wall)?;
                if self.is(Fault::LatticeBackwards) {
                    sabotage::set_deliveries(tx, self.network.reports_of(*body));
                }
                return Ok(Some(Answer::Body(*body)));
            }
            Ask::Turn(id) => {
                let Some(commit) = live.get_mut(id).and_then(Live::take_commit) else {
                    return Ok(None);
                };
                let outcome = ledger.turn(tx, out, commit)?;
                return Ok(Some(Answer::Turn(id.clone(), outcome)));
            }
            Ask::Tried { id, seq, tries } => {
                if !self.is(Fault::TriesForgotten) {
                    ledger.tried(tx, id, *seq, *tries)?;
                }
                return Ok(Some(Answer::Tried(id.clone())));
            }
            Ask::Order(Order::Mark(key, mark)) => {
                ledger.mark(tx, key, *mark)?;
                return Ok(Some(Answer::Recorded(key.clone())));
            }
            Ask::Order(Order::Settle { key, unknown, how, result }) => {
                let result = match unknown {
                    Some(effect) => Counter::outcome_unknown(effect),
                    None => result.clone(),
                };
                self.note(|| format!("settles {key} {how:?} {result:?}"));
                let row = self.is(Fault::RowKept).then(|| sabotage::outbox_row(tx, key)).flatten();
                let settle = Settle { key: key.clone(), how: how.clone(), result: result.clone() };
                law!(ledger.settle(tx, out, settle, wall)?, "{key} is settled twice");
                if self.is(Fault::RowKept) {
                    sabotage::put_back(tx, row);
                }
                if self.is(Fault::ResultTwice) {
                    let again = sabotage::result_again(key, result);
                    ledger.accept(tx, out, again, wall)?;
                }
                return Ok(Some(Answer::Recorded(key.clone())));
            }
            // Carried out by whoever ordered it, never by the ledger.
            Ask::Order(Order::Dispatch { .. }) => {}
            Ask::Fire(keys, at) => {
                for key in keys {
                    let fired = ledger.fire(tx, out, key, *at)?;
                    if fired && self.is(Fault::TimerTwice) {
                        sabotage::rearm(tx, key);
                    }
                }
            }
            Ask::Retain(id, cutoff) => {
                let removed = ledger.retain(tx, out, id, *cutoff)?;
                if removed > 0 {
                    self.tally.checkpoints += 1;
                    self.note(|| format!("{id}: {removed} old records go"));
                }
            }
            Ask::Sweep(what) => {
                let kept = match what {
                    Sweep::Dedup => DEDUP_KEPT,
                    Sweep::External => EXTERNAL_KEPT,
                    Sweep::Kept => 0,
                };
                ledger.sweep(tx, *what, None, wall - kept, 1_000)?;
            }
        }
        Ok(None)
    }

    /// It is on disk: whoever asked is told, and what follows is handed on in commit sequence.
    fn tell(&mut self, answers: Vec<Answer>, mut out: Output<Counter>) {
        let mut recorded = Vec::new();
        for answer in answers {
            match answer {
                Answer::Body(body) => self.acknowledged(body),
                Answer::Turn(id, outcome) => self.turned(&id, outcome),
                Answer::Tried(id) => self.tried(&id),
                Answer::Recorded(key) => recorded.push(key),
            }
        }
        let now = self.now;
        // The dispatcher hears of records from another channel than of echoes: either may be first.
        let late = self.dice.roll(2) == 0;
        let mut tell_recorded = |world: &mut World| {
            for key in std::mem::take(&mut recorded) {
                world.outbox(|outbox| outbox.recorded(&key, now));
            }
        };
        if !late {
            tell_recorded(self);
        }
        for queued in out.queued {
            let mut entry = Entry::from(queued);
            entry.resend_unknown |= self.is(Fault::BlindResend);
            self.outbox(|outbox| outbox.queue(entry, now));
        }
        for key in out.echoes {
            self.provider.echo(&key);
            self.outbox(|outbox| outbox.echo(&key, now));
        }
        if late {
            tell_recorded(self);
        }
        if self.is(Fault::FedOutOfOrder) {
            out.feed.reverse();
        }
        for feed in out.feed {
            if let Some(feed) = sabotage::misdirect(self.fault, &*self.disk, feed) {
                self.feed(feed);
            }
        }
    }
}
