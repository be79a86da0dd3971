//! Conversations: woken, handling one event at a time, saved now and then, sent to rest.

use super::desk::Ask;
use super::law;
use super::world::{World, sound};
use crate::core::attempt::{self, Attempt, guarded, tries_before};
use crate::core::ledger::{Delivered, Feed, TurnCommit, TurnRefused};
use crate::core::packed::Packed;
use crate::core::recovery;
use crate::core::turn::{Decision, TurnMachine};
use crate::core::wake::wake;
use crate::session::ConversationId;
use crate::snapshot;
use crate::testing::{Counter, Deed, Note};
use std::collections::VecDeque;
use std::sync::Arc;

/// Failed tries before an event is put aside.
const TRIES: u32 = 3;
/// Turns between two snapshots.
const SAVE_EVERY: u32 = 3;
/// As in the actor.
const MAX_STALE: u32 = 8;

/// What a router hands over.
#[derive(Debug)]
pub(super) enum Message {
    Deliver(Delivered<Counter>),
    Reload,
    Resume,
}

enum Phase {
    /// To be begun.
    Ready,
    /// Waiting for what it asked for.
    Turn(Box<TurnMachine<Counter>>, Vec<(u32, Deed)>),
    /// Being committed: what, until the committer takes it, and the machine of a turn.
    Commit(Option<Box<TurnCommit<Counter>>>, Option<Box<TurnMachine<Counter>>>),
    /// The count of tries is being recorded.
    Failed,
}

struct Current {
    delivered: Delivered<Counter>,
    tries: u32,
    stale: u32,
    phase: Phase,
}

/// A conversation in memory.
pub(super) struct Live {
    known: Option<Packed<Counter>>,
    caught_up: bool,
    mailbox: VecDeque<Message>,
    current: Option<Current>,
    unsaved: u32,
    /// It could not be read: what comes waits in the journal until it is woken.
    dead: bool,
}

impl Live {
    pub(super) fn woken_by(message: Message) -> Self {
        let mailbox = VecDeque::from([message]);
        Self { known: None, caught_up: false, mailbox, current: None, unsaved: 0, dead: false }
    }

    pub(super) fn performs(&self) -> bool {
        matches!(&self.current, Some(Current { phase: Phase::Turn(_, waiting), .. }) if !waiting.is_empty())
    }

    pub(super) fn can_go_on(&self) -> bool {
        match &self.current {
            Some(current) => matches!(current.phase, Phase::Ready),
            None => !self.mailbox.is_empty(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.current.is_none() && self.mailbox.is_empty()
    }

    /// Leaves everything in the journal.
    pub(super) fn give_up(&mut self) {
        (self.known, self.current) = (None, None);
        (self.caught_up, self.dead) = (false, true);
    }

    /// What the journal has as unhandled comes before what is in the mailbox.
    fn comes_first(&mut self, page: Vec<Delivered<Counter>>) {
        for delivered in page.into_iter().rev() {
            self.mailbox.push_front(Message::Deliver(delivered));
        }
    }

    /// What the committer is to write.
    pub(super) fn take_commit(&mut self) -> Option<TurnCommit<Counter>> {
        match &mut self.current {
            Some(Current { phase: Phase::Commit(commit, _), .. }) => commit.take().map(|it| *it),
            _ => None,
        }
    }
}

impl World {
    /// What the routers do with what the committer feeds them.
    pub(super) fn feed(&mut self, feed: Feed<Counter>) {
        let id = feed.conversation().clone();
        let Some(engine) = &mut self.engine else { return };
        let message = match feed {
            Feed::Deliver(delivered) => Message::Deliver(delivered),
            Feed::Resume(_) => Message::Resume,
            Feed::Reload(_) if !engine.live.contains_key(&id) => return,
            Feed::Reload(_) => Message::Reload,
            Feed::HeldBack(_) => {
                self.tally.held += 1;
                if engine.live.contains_key(&id) {
                    return;
                }
                Message::Resume
            }
        };
        match engine.live.get_mut(&id) {
            Some(live) => {
                live.mailbox.push_back(message);
                let waiting = live.mailbox.iter().filter(|it| matches!(it, Message::Deliver(_))).count();
                let room = 3 * self.script.mailbox as usize;
                law!(waiting <= room, "{waiting} events are in the mailbox of {id}, that should hold {room}");
            }
            None => {
                engine.live.insert(id.clone(), Live::woken_by(message));
            }
        }
        if let Some(oldest) = engine.residents.touch(&id, self.now) {
            self.let_rest(&oldest);
        }
    }

    /// Lets somebody who can go on do so.
    pub(super) fn handle(&mut self) {
        let Some(engine) = &self.engine else { return };
        let ids: Vec<_> =
            engine.live.iter().filter(|(_, live)| live.can_go_on()).map(|(id, _)| id.clone()).collect();
        let id = ids[self.dice.roll(ids.len())].clone();
        self.take_next(&id);
        self.begin(&id);
    }

    fn take_next(&mut self, id: &ConversationId) {
        let (disk, limit) = (self.disk.clone(), self.script.mailbox as usize);
        let page = |seqs| recovery::unhandled_of::<Counter>(&*disk, id, seqs, limit);
        let Some(live) = self.live_of(id) else { return };
        if live.current.is_some() {
            return;
        }
        let (delivered, left) = match live.mailbox.pop_front() {
            None => return,
            Some(Message::Reload) => {
                live.known = None;
                return;
            }
            Some(Message::Resume) => {
                live.dead = false;
                (None, self.read(|| page(0..u64::MAX)))
            }
            Some(Message::Deliver(_)) if live.dead => return,
            Some(Message::Deliver(delivered)) if live.caught_up => (Some(delivered), Some(Vec::new())),
            Some(Message::Deliver(delivered)) => {
                let before = 0..delivered.seq;
                (Some(delivered), self.read(|| page(before)))
            }
        };
        let Some(left) = left else {
            return self.give_up(id);
        };
        let Some(live) = self.live_of(id) else { return };
        let Some(delivered) = delivered else {
            return live.comes_first(left);
        };
        live.caught_up = left.is_empty();
        if live.caught_up {
            let tries = tries_before(&delivered, TRIES);
            live.current = Some(Current { delivered, tries, stale: 0, phase: Phase::Ready });
        } else {
            live.mailbox.push_front(Message::Deliver(delivered));
            live.comes_first(left);
        }
    }

    fn live_of(&mut self, id: &ConversationId) -> Option<&mut Live> {
        self.engine.as_mut()?.live.get_mut(id)
    }

    fn begin(&mut self, id: &ConversationId) {
        let wall = self.wall();
        let known = match self.live_of(id).and_then(|live| live.known.take()) {
            Some(known) => known,
            None => match self.load(id) {
                Some(known) => known,
                None => return self.give_up(id),
            },
        };
        let Some(live) = self.live_of(id) else { return };
        let begun = match &live.current {
            // Delivered and read from the journal as well.
            Some(current) if current.delivered.seq <= known.handled => None,
            Some(Current { delivered, tries, .. }) => {
                let (seq, tries, suspect) = (delivered.seq, *tries, delivered.suspect);
                let session = Arc::new(Counter::default());
                let begun = attempt::begin(session, sound(known.unpack()), delivered, tries, TRIES, wall);
                Some((seq, tries, suspect, begun))
            }
            None => {
                live.known = Some(known);
                return;
            }
        };
        live.known = Some(known);
        let Some((seq, tries, suspect, begun)) = begun else {
            live.current = None;
            return;
        };
        self.witness.attempts(id, seq, tries, suspect);
        self.note(|| format!("{id} begins {seq}, tries {tries}"));
        match begun {
            Ok(Attempt::Turn(machine, decisions)) => self.decide(id, machine, Vec::new(), decisions),
            Ok(Attempt::Close(_)) => super::broken(format!("{id} closes {seq}: nothing parked fails here")),
            Err(_) => self.failed(id),
        }
    }

    fn decide(
        &mut self,
        id: &ConversationId,
        machine: Box<TurnMachine<Counter>>,
        mut waiting: Vec<(u32, Deed)>,
        decisions: Vec<Decision<Counter>>,
    ) {
        let mut commit = None;
        for decision in decisions {
            match decision {
                Decision::Perform { slot, effect } => waiting.push((slot, effect)),
                Decision::Commit(turn) => commit = Some(turn),
            }
        }
        let Some(current) = self.live_of(id).and_then(|live| live.current.as_mut()) else { return };
        if commit.is_some() {
            current.phase = Phase::Commit(commit, Some(machine));
            self.ask(Ask::Turn(id.clone()));
        } else {
            current.phase = Phase::Turn(machine, waiting);
        }
    }

    /// The turn failed; that is put on record before the next try.
    fn failed(&mut self, id: &ConversationId) {
        let Some(current) = self.live_of(id).and_then(|live| live.current.as_mut()) else { return };
        current.tries += 1;
        current.phase = Phase::Failed;
        let (seq, tries) = (current.delivered.seq, current.tries);
        self.note(|| format!("{id} {seq} failed"));
        self.ask(Ask::Tried { id: id.clone(), seq, tries });
    }

    /// An ephemeral effect comes back, in any order.
    pub(super) fn perform(&mut self) {
        let Some(engine) = &self.engine else { return };
        let ids: Vec<_> =
            engine.live.iter().filter(|(_, live)| live.performs()).map(|(id, _)| id.clone()).collect();
        let id = ids[self.dice.roll(ids.len())].clone();
        let fails = self.dice.mille(self.weather.perform_fails);
        let (wall, which) = (self.wall(), self.dice.roll(64));
        let Some(current) = self.live_of(&id).and_then(|live| live.current.as_mut()) else { return };
        let Phase::Turn(mut machine, mut waiting) = std::mem::replace(&mut current.phase, Phase::Ready)
        else {
            return;
        };
        let (slot, effect) = waiting.remove(which % waiting.len());
        let Deed::Look(text) = effect else {
            super::broken(format!("{effect:?} is not ephemeral"));
        };
        if fails {
            return self.failed(&id);
        }
        match guarded(|| machine.performed(slot, Some(Note::Looked { text }), wall)) {
            Ok(Ok(decisions)) => self.decide(&id, machine, waiting, decisions),
            Ok(Err(_)) | Err(_) => self.failed(&id),
        }
    }

    /// The count of tries is on record.
    pub(super) fn tried(&mut self, id: &ConversationId) {
        if let Some(current) = self.live_of(id).and_then(|live| live.current.as_mut()) {
            current.phase = Phase::Ready;
        }
    }

    /// What became of a turn's commit.
    pub(super) fn turned(&mut self, id: &ConversationId, outcome: Result<u64, TurnRefused>) {
        self.note(|| format!("{id} turn {outcome:?}"));
        let stale = outcome == Err(TurnRefused::Stale);
        self.tally.turns_stale += u64::from(stale);
        let Some(live) = self.live_of(id) else { return };
        let Some(mut current) = live.current.take() else { return };
        match outcome {
            Ok(seq) => {
                let Phase::Commit(_, Some(machine)) = current.phase else { return };
                let Some(before) = live.known.take() else { return };
                live.known = Some(before.after(&machine.into_encoded(), seq, current.delivered.seq));
                live.unsaved += 1;
                if live.unsaved >= SAVE_EVERY {
                    self.save(id);
                }
            }
            Err(TurnRefused::Gone) => {}
            Err(_) => {
                current.stale += 1;
                law!(current.stale < MAX_STALE, "{id}: its state and its journal do not meet");
                current.phase = Phase::Ready;
                live.known = None;
                live.current = Some(current);
            }
        }
    }

    fn load(&mut self, id: &ConversationId) -> Option<Packed<Counter>> {
        let (disk, stored) = (self.disk.clone(), self.snapshots.get(id));
        let stored = stored.map(|bytes| sound(snapshot::decode(bytes)));
        let woken = self.read(|| wake(&*disk, id, stored))?;
        if woken.forget {
            self.tally.stale_snapshots += 1;
            self.snapshots.remove(id);
        }
        Some(sound(Packed::pack(&woken.folded)))
    }

    /// Hands a snapshot to the writer, which may be too busy.
    pub(super) fn save(&mut self, id: &ConversationId) {
        let skipped = self.dice.mille(self.weather.snapshot_lost);
        let Some(live) = self.live_of(id) else { return };
        if let Some(known) = &live.known
            && live.unsaved > 0
        {
            let bytes = sound(snapshot::encode_packed(known));
            live.unsaved = 0;
            if !skipped {
                self.snapshots.insert(id.clone(), bytes);
            }
        }
    }

    pub(super) fn rest(&mut self) {
        let Some(engine) = &self.engine else { return };
        let ids: Vec<_> = engine.live.keys().cloned().collect();
        let id = ids[self.dice.roll(ids.len())].clone();
        self.let_rest(&id);
    }

    /// Sends a conversation to rest if it has nothing to do; the router would let it finish first.
    pub(super) fn let_rest(&mut self, id: &ConversationId) {
        if self.live_of(id).is_none_or(|live| !live.is_idle()) {
            return;
        }
        self.save(id);
        if let Some(engine) = &mut self.engine {
            engine.live.remove(id);
            engine.residents.forget(id);
            self.tally.rests += 1;
        }
    }
}
