//! The world: an engine that dies and starts again, and everything around it that does not.

use super::desk::Ask;
use super::disk::{Disk, Fate};
use super::network::Network;
use super::plan::{Dice, Script, Weather};
use super::provider::Provider;
use super::sabotage::{self, Fault};
use super::talk::{Live, Message};
use super::witness::Witness;
use super::{Tally, broken, law};
use crate::core::ledger::{Ledger, Mark, due};
use crate::core::outbox::{Order, Outbox, Tried};
use crate::core::passivation::Residents;
use crate::core::recovery;
use crate::core::tx::{Batch, StoreError, Tx};
use crate::journal::Journal;
use crate::session::{ConversationId, IdempotencyKey, Millis};
use crate::testing::{Counter, Note};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Milliseconds to wait for an echo.
pub(super) const ECHO_WAIT: Millis = 50;
/// Where the wall clock begins.
const EPOCH: Millis = 1_700_000_000_000;
/// Effects out at a time.
const WIDTH: usize = 3;
/// Conversations in memory at a time.
const RESIDENTS: usize = 3;

/// What dies with the process.
pub(super) struct Engine {
    pub(super) ledger: Ledger<Counter>,
    /// Events unhandled, and how many of them are held back, by the figures that credits are given by.
    pub(super) unhandled: i64,
    pub(super) held: i64,
    pub(super) live: BTreeMap<ConversationId, Live>,
    pub(super) residents: Residents<ConversationId>,
    pub(super) outbox: Outbox<Counter>,
    /// Requests waiting for the committer.
    pub(super) asked: VecDeque<Ask>,
    /// Answers to dispatches, on their way back.
    pub(super) answers: Vec<(IdempotencyKey, Tried<Note>)>,
    /// Conversations that could not be read, and when they are woken.
    pub(super) unread: BTreeMap<ConversationId, Millis>,
}

/// See the module.
pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) trace: Option<Vec<String>>,
    pub(super) weather: Weather,
    pub(super) script: Script,
    /// Whether harm is still done.
    pub(super) rough: bool,
    /// True time, which the outbox runs on.
    pub(super) now: Millis,
    /// What the wall clock is wrong by.
    pub(super) skew: Millis,
    pub(super) disk: Arc<Disk>,
    pub(super) engine: Option<Engine>,
    /// When this start began, and its number.
    pub(super) started: Millis,
    pub(super) start: u64,
    /// Outlives the engine, though nothing hangs on it.
    pub(super) snapshots: BTreeMap<ConversationId, Vec<u8>>,
    pub(super) network: Network,
    pub(super) provider: Provider,
    pub(super) witness: Witness,
    pub(super) fault: Option<Fault>,
    pub(super) tally: Tally,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Webhook,
    Commit,
    Perform,
    Answer,
    Handle,
    TakeLate,
    Timers,
    Rest,
    Clock,
    Retain,
    Sweep,
    Wake,
}

/// The store works, or the law is broken: what a fold or a row says is wrong is found by the core itself.
pub(super) fn sound<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| broken(format!("the core says: {error}")))
}

impl World {
    pub(super) fn new(seed: u64, fault: Option<Fault>, traced: bool) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut weather = Weather::of(&mut dice);
        weather.unreadable = match fault {
            None => weather.unreadable,
            Some(Fault::RefusedHalfWritten) => 100,
            // The mistake itself may read.
            Some(_) => 0,
        };
        let script = Script::of(&mut dice);
        let network = Network::new(&script);
        let mut world = Self {
            dice,
            trace: traced.then(Vec::new),
            weather,
            script,
            rough: true,
            now: 0,
            skew: 0,
            disk: Arc::new(Disk::new(fault == Some(Fault::SyncSkipped))),
            engine: None,
            started: 0,
            start: 0,
            snapshots: BTreeMap::new(),
            network,
            provider: Provider::default(),
            witness: Witness::default(),
            fault,
            tally: Tally::default(),
        };
        let weather = world.weather.clone();
        world.note(|| format!("{weather:?}"));
        world
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let (now, skew) = (self.now, self.skew);
        if let Some(trace) = &mut self.trace {
            let skew = if skew == 0 { String::new() } else { format!("{skew:+}") };
            trace.push(format!("{now}{skew} {}", what()));
        }
    }

    pub(super) fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(super) fn wall(&self) -> Millis {
        EPOCH + self.now + self.skew
    }

    /// Rough for so many steps, then calm until all is quiet, which must come within so many.
    pub(super) fn live(&mut self, rough: u32, calm: u32) {
        for _ in 0..rough {
            self.step();
        }
        self.weather.clear();
        self.rough = false;
        self.note(|| "the harm is over".to_owned());
        for _ in 0..calm {
            if self.quiet() {
                return;
            }
            self.step();
        }
        broken(format!("never quiet: {}", self.what_waits()));
    }

    fn step(&mut self) {
        if self.engine.is_none() {
            self.now += self.dice.roll(60) as Millis;
            return self.start();
        }
        if self.dice.mille(self.weather.kill) {
            return self.kill("killed");
        }
        if self.dice.mille(self.weather.clean_stop) && self.at_rest() {
            return self.stop();
        }
        let can = self.can();
        let mut left = self.dice.roll(can.iter().map(|(_, weight)| weight).sum());
        for (act, weight) in can {
            if left < weight {
                return self.act(act);
            }
            left -= weight;
        }
    }

    fn can(&self) -> Vec<(Act, usize)> {
        let Some(engine) = &self.engine else {
            return vec![(Act::Clock, 1)];
        };
        let mut can = Vec::with_capacity(12);
        let mut may = |act, weight, so: bool| {
            if so {
                can.push((act, weight));
            }
        };
        may(Act::Webhook, 3, self.network.has_something(self.now, &self.script, &self.weather));
        may(Act::Commit, 5, !engine.asked.is_empty());
        may(Act::Perform, 3, engine.live.values().any(Live::performs));
        may(Act::Answer, 3, !engine.answers.is_empty());
        may(Act::Handle, 5, engine.live.values().any(Live::can_go_on));
        may(Act::TakeLate, 1, !self.provider.late.is_empty());
        may(Act::Timers, 1, self.witness.due_by(self.wall()));
        may(Act::Rest, 1, self.rough && !engine.live.is_empty());
        may(Act::Retain, 1, self.rough && self.weather.retention);
        may(Act::Sweep, 1, self.rough && self.weather.days);
        may(Act::Wake, 2, engine.unread.values().any(|at| *at <= self.now));
        let idle = can.is_empty();
        can.push((Act::Clock, if idle || self.rough { 2 } else { 1 }));
        can
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Webhook => self.webhook(),
            Act::Commit => self.commit(),
            Act::Perform => self.perform(),
            Act::Answer => self.answer(),
            Act::Handle => self.handle(),
            Act::TakeLate => self.take_late(),
            Act::Timers => {
                let (disk, wall) = (self.disk.clone(), self.wall());
                if let Some(keys) = self.read(|| due(&*disk, wall, 256)) {
                    self.ask(Ask::Fire(keys, wall));
                }
            }
            Act::Rest => self.rest(),
            Act::Clock => self.pass(),
            Act::Retain => self.retain(),
            Act::Sweep => self.sweep(),
            Act::Wake => self.wake_unread(),
        }
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        if let Some(engine) = &mut self.engine {
            engine.asked.push_back(ask);
        }
    }

    /// Appends a batch as this world's disk lets it. `false`: the process is gone.
    pub(super) fn append(&mut self, batch: Batch) -> bool {
        let kill = self.dice.mille(self.weather.kill_at_append);
        let before = self.dice.roll(2) == 0;
        if kill && before {
            self.kill("killed before an append");
            return false;
        }
        let mut batches = sabotage::tamper(self.fault, batch).into_iter().peekable();
        while let Some(batch) = batches.next() {
            let fate = if self.dice.mille(self.weather.disk_full) {
                Fate::Full
            } else if self.dice.mille(self.weather.sync_fails) {
                Fate::Unsynced { kept: self.dice.roll(2) == 0 }
            } else {
                Fate::Fine
            };
            let cells: Vec<_> = batch.clone().into_cells().collect();
            self.disk.next(fate);
            let committed = self.disk.commit(batch);
            if matches!(fate, Fate::Fine | Fate::Unsynced { kept: true }) {
                self.witness.digest(&cells, &mut self.tally);
            }
            if committed.is_err() {
                match fate {
                    Fate::Full => self.tally.full_disks += 1,
                    _ => self.tally.failed_syncs += 1,
                }
                self.kill(&format!("the journal failed ({fate:?})"));
                return false;
            }
            if batches.peek().is_some() && self.dice.mille(self.weather.kill_at_append) {
                self.kill("killed between two appends");
                return false;
            }
        }
        if kill {
            self.kill("killed after an append");
            return false;
        }
        true
    }

    pub(super) fn kill(&mut self, how: &str) {
        self.tally.kills += 1;
        self.note(|| how.to_owned());
        self.engine = None;
        self.disk.lose_power();
        self.network.disconnect();
        let dice = &mut self.dice;
        let lost = self.weather.snapshot_lost;
        self.snapshots.retain(|_, _| !dice.mille(lost / 2));
    }

    fn start(&mut self) {
        let disk = self.disk.clone();
        let mut tx = Tx::new(&*disk);
        let (wall, mailbox) = (self.wall(), self.script.mailbox);
        // Whoever started the process starts it again.
        let Some((ledger, recovered)) = self.read(|| recovery::plan::<Counter>(&mut tx, wall, mailbox))
        else {
            return;
        };
        self.note(|| format!("start {}", ledger.start()));
        if !self.append(tx.into_batch()) {
            return;
        }
        (self.started, self.start) = (self.now, ledger.start());
        law!(
            recovered.unhandled == self.witness.unhandled(),
            "the start counts {} unhandled events, the disk has {}",
            recovered.unhandled,
            self.witness.unhandled()
        );
        self.provider.believe_reports(&self.witness);
        let mut live = BTreeMap::new();
        for id in recovered.wake {
            live.insert(id, Live::woken_by(Message::Resume));
        }
        self.engine = Some(Engine {
            ledger,
            unhandled: recovered.unhandled,
            held: recovered.held,
            live,
            residents: Residents::new(RESIDENTS, 1_000),
            outbox: Outbox::new(WIDTH, ECHO_WAIT),
            asked: VecDeque::new(),
            answers: Vec::new(),
            unread: BTreeMap::new(),
        });
        for mut entry in recovered.left {
            if self.is(Fault::EchoNotAwaited) {
                entry.doubt = false;
            }
            entry.resend_unknown |= self.is(Fault::BlindResend);
            let now = self.now;
            self.outbox(|outbox| outbox.queue(entry, now));
        }
    }

    /// Whether a stop would find nothing to wait for.
    fn at_rest(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| {
            engine.asked.is_empty() && !engine.outbox.is_busy() && engine.live.values().all(Live::is_idle)
        })
    }

    /// A stop in good order: what this start claimed and did not settle was never tried.
    fn stop(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        let disk = self.disk.clone();
        let mut tx = Tx::new(&*disk);
        engine.ledger.stopped_cleanly(&mut tx);
        let ids: Vec<_> = engine.live.keys().cloned().collect();
        if !self.append(tx.into_batch()) {
            return;
        }
        for id in ids {
            self.save(&id);
        }
        self.tally.clean_stops += 1;
        self.note(|| "stopped in good order".to_owned());
        self.engine = None;
        self.network.disconnect();
    }

    /// Lets the outbox decide, and carries out what it orders.
    pub(super) fn outbox(&mut self, decide: impl FnOnce(&mut Outbox<Counter>) -> Vec<Order<Counter>>) {
        let Some(engine) = &mut self.engine else { return };
        let mut orders: VecDeque<_> = decide(&mut engine.outbox).into();
        while let Some(order) = orders.pop_front() {
            match order {
                Order::Dispatch { key, effect, attempt, .. } => self.dispatch(key, effect, attempt),
                Order::Mark(key, Mark::Claimed) if self.is(Fault::ClaimNotWritten) => {
                    let now = self.now;
                    orders.extend(self.engine.iter_mut().flat_map(|it| it.outbox.recorded(&key, now)));
                }
                order => self.ask(Ask::Order(order)),
            }
        }
    }

    fn quiet(&self) -> bool {
        self.what_waits().is_empty()
    }

    fn what_waits(&self) -> String {
        let Some(engine) = &self.engine else {
            return "a start".to_owned();
        };
        let busy = engine.live.values().filter(|live| !live.is_idle()).count();
        [
            ("requests", engine.asked.len()),
            ("answers", engine.answers.len()),
            ("late messages", self.provider.late.len()),
            ("effects", engine.outbox.depth()),
            ("conversations", busy),
            ("conversations unread", engine.unread.len()),
            ("webhooks", self.network.waiting(&self.script)),
            ("timers", self.witness.due.len()),
        ]
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what} "))
        .collect()
    }
}
