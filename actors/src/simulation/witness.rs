//! The witness: reads every batch that reaches the disk, and nothing else, and holds it against the law.

use super::Tally;
use super::law;
use super::world::sound;
use crate::accept::Delivery;
use crate::core::fold::state_hash;
use crate::core::recovery::MAX_STARTS;
use crate::core::rows::{self, DeliveryRow, OutboxRow, PendingRow};
use crate::core::tx::Space;
use crate::ids;
use crate::record::{Record, Turn};
use crate::session::{ConversationId, IdempotencyKey, Millis, PersonId, Session};
use crate::testing::{Count, Counter, Deed, Note};
use std::collections::{BTreeMap, BTreeSet};

type Cell = (Space, Vec<u8>, Option<Vec<u8>>);
type Place = (ConversationId, u64);

/// A conversation, as its records tell it.
#[derive(Default)]
pub(super) struct Story {
    /// What its turns and absorptions add up to.
    pub(super) state: Count,
    pub(super) pending: BTreeMap<u64, (Note, PendingRow)>,
    last: u64,
    /// It has gone into another person's.
    pub(super) into: Option<PersonId>,
}

/// A durable effect in the outbox.
pub(super) struct Open {
    pub(super) claim: u64,
    /// It had no claim at some time since it was sent last.
    pub(super) unclaimed: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Witness {
    pub(super) stories: BTreeMap<ConversationId, Story>,
    /// What was said, and where and how it was handled.
    pub(super) said: BTreeMap<String, Option<Handled>>,
    pub(super) open: BTreeMap<IdempotencyKey, Open>,
    /// All durable effects that turns have decided upon.
    pub(super) effects: BTreeMap<IdempotencyKey, Deed>,
    /// Timers that are armed.
    pub(super) due: BTreeMap<String, Millis>,
    /// When each timer that ever was armed was due.
    armed: BTreeMap<String, Millis>,
    pub(super) cancelled: BTreeSet<String>,
    pub(super) fired: BTreeSet<String>,
    /// Results, of which no two are alike.
    pub(super) done: BTreeSet<String>,
    pub(super) unknown: BTreeSet<String>,
    pub(super) bounced: usize,
    pub(super) deliveries: BTreeMap<IdempotencyKey, Delivery>,
    /// Deliveries whose rows went with old records.
    pub(super) forgotten: BTreeSet<IdempotencyKey>,
    /// The newest start that stopped in good order.
    pub(super) clean: u64,
    /// The first of those that stopped so one after the other, up to that one.
    pub(super) clean_from: u64,
}

/// How a message was handled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Handled {
    pub(super) by: ConversationId,
    pub(super) parked: bool,
}

impl Witness {
    pub(super) fn due_by(&self, wall: Millis) -> bool {
        self.due.values().any(|due| *due <= wall)
    }

    pub(super) fn unhandled(&self) -> i64 {
        self.stories.values().map(|story| story.pending.len() as i64).sum()
    }

    /// A try begins. All failed ones before it are on record, or a crash would make their count forgotten, and a
    /// message that kills its turn would be tried for ever.
    pub(super) fn attempts(&self, id: &ConversationId, seq: u64, tries: u32, suspect: bool) {
        let row = self.stories.get(id).and_then(|story| story.pending.get(&seq));
        if let Some((_, row)) = row {
            let recorded = row.tries == tries || suspect;
            law!(recorded, "{id} {seq}: {tries} tries have failed, {} are on record", row.tries);
        }
    }

    pub(super) fn digest(&mut self, cells: &[Cell], tally: &mut Tally) {
        let mut pending: BTreeMap<Place, Option<PendingRow>> = BTreeMap::new();
        let mut outbox: BTreeMap<IdempotencyKey, Option<OutboxRow<Counter>>> = BTreeMap::new();
        for (space, key, value) in cells {
            match space {
                Space::Pending => {
                    let place = split(ids::split_sequence(key));
                    let row = value.as_deref().map(|bytes| sound(rows::read("pending", bytes)));
                    pending.insert(place, row);
                }
                Space::Outbox => {
                    let key = split(ids::split_effect(key));
                    let row = value.as_deref().map(|bytes| sound(rows::read("outbox", bytes)));
                    outbox.insert(key, row);
                }
                _ => {}
            }
        }
        let mut turns = BTreeSet::new();
        let mut handled = BTreeSet::new();
        let mut arrived = Vec::new();
        for (_, key, value) in cells.iter().filter(|(space, ..)| *space == Space::Events) {
            let (id, seq) = split(ids::split_sequence(key));
            let Some(bytes) = value else { continue };
            let record = sound(Record::<Counter>::decode(bytes, || format!("{id} record {seq}")));
            let story = self.stories.entry(id.clone()).or_default();
            let replaces = matches!(record, Record::Checkpoint(_));
            law!(replaces != (seq > story.last), "{id}: record {seq} is written after {}", story.last);
            story.last = story.last.max(seq);
            match record {
                Record::Received(received) => arrived.push(((id, seq), received.at, received.event)),
                Record::Turn(turn) => {
                    turns.insert((id.clone(), seq));
                    handled.insert((id.clone(), turn.triggers[0]));
                    self.turn(&id, seq, turn, &outbox, tally);
                }
                Record::Absorbed(absorbed) => Counter::absorb(&mut story.state, &absorbed.state),
                Record::Tombstone(tombstone) => story.into = Some(tombstone.into),
                Record::Checkpoint(_) => {}
            }
        }
        self.arrivals(arrived, &pending, &handled, tally);
        self.sends(outbox, &turns);
        self.deliveries(cells);
        self.timers(cells);
        let clean = |(space, key, _): &&Cell| *space == Space::Meta && key == b"clean";
        if let Some((.., Some(start))) = cells.iter().find(clean) {
            let start = start.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            if start != self.clean + 1 {
                self.clean_from = start;
            }
            self.clean = start;
        }
    }

    /// A turn handles the oldest unhandled event, and its record tells the state and the effects.
    fn turn(
        &mut self,
        id: &ConversationId,
        seq: u64,
        turn: Turn<Counter>,
        outbox: &BTreeMap<IdempotencyKey, Option<OutboxRow<Counter>>>,
        tally: &mut Tally,
    ) {
        let Some(story) = self.stories.get_mut(id) else { return };
        let trigger = turn.triggers[0];
        let oldest = story.pending.keys().next().copied();
        law!(oldest == Some(trigger), "{id} handles {trigger}, the oldest unhandled is {oldest:?}");
        let Some((note, row)) = story.pending.remove(&trigger) else { return };
        for change in turn.steps.iter().flat_map(|step| &step.changes) {
            Counter::apply(&mut story.state, change);
        }
        let hash = sound(state_hash::<Counter>(&story.state));
        law!(
            hash == turn.state_hash,
            "{id} record {seq} is not of the state that the records before it give"
        );
        if turn.parked.is_some() {
            tally.parked += 1;
            let may = row.tries >= 3 || row.starts >= MAX_STARTS;
            law!(may, "{id} puts {note:?} aside after {} tries and {} starts", row.tries, row.starts);
        }
        for (step, effect) in (0u32..).zip(&turn.outbox) {
            let key = IdempotencyKey { conversation: id.clone(), turn: seq, step };
            law!(matches!(outbox.get(&key), Some(Some(_))), "{key} is in its turn and not in the outbox");
            self.effects.insert(key, effect.clone());
        }
        let Note::Said { text } = note else { return };
        let mut words = text.split(' ');
        let effects = match words.next().unwrap_or_default() {
            _ if turn.parked.is_some() => 0,
            "say" | "look" | "pay" => 1,
            "twice" => 2,
            "many" => 3,
            "cancel" => {
                self.cancelled.extend(words.next().map(str::to_owned));
                0
            }
            _ => 0,
        };
        law!(turn.outbox.len() == effects, "\"{text}\" has {} effects", turn.outbox.len());
        let how = Handled { by: id.clone(), parked: turn.parked.is_some() };
        if let Some(before) = self.said.insert(text.clone(), Some(how)).flatten() {
            super::broken(format!("\"{text}\" is handled twice, before by {}", before.by));
        }
    }

    /// Events come once. What leaves a conversation unhandled comes to another in the same batch.
    fn arrivals(
        &mut self,
        arrived: Vec<(Place, Millis, Note)>,
        pending: &BTreeMap<Place, Option<PendingRow>>,
        handled: &BTreeSet<Place>,
        tally: &mut Tally,
    ) {
        let mut moved: Vec<Note> = Vec::new();
        for ((id, seq), row) in pending {
            let story = self.stories.entry(id.clone()).or_default();
            match row {
                Some(row) => {
                    if let Some((_, before)) = story.pending.get_mut(seq) {
                        *before = *row;
                    }
                }
                None if handled.contains(&(id.clone(), *seq)) => {}
                None => moved.extend(story.pending.remove(seq).map(|(note, _)| note)),
            }
        }
        // Received and moved at once.
        for (place, at, note) in &arrived {
            if matches!(pending.get(place), Some(None)) {
                self.comes(note, *at, tally);
                moved.push(note.clone());
            }
        }
        for ((id, seq), at, note) in arrived {
            match pending.get(&(id.clone(), seq)) {
                Some(Some(row)) => {
                    match moved.iter().position(|it| *it == note) {
                        Some(which) => drop(moved.swap_remove(which)),
                        None => self.comes(&note, at, tally),
                    }
                    self.stories.entry(id).or_default().pending.insert(seq, (note, *row));
                }
                Some(None) => {}
                None => super::broken(format!("{id} {seq} is journalled and not pending")),
            }
        }
        law!(moved.is_empty(), "{moved:?} left a conversation unhandled and came to none");
    }

    fn comes(&mut self, note: &Note, at: Millis, tally: &mut Tally) {
        match note {
            Note::Said { text } => {
                let twice = self.said.insert(text.clone(), None).is_some();
                law!(!twice, "\"{text}\" is accepted twice");
            }
            Note::Fired { name } => {
                tally.fired += 1;
                law!(self.fired.insert(name.clone()), "timer {name} fires twice");
                let due = self.armed.get(name).copied().unwrap_or(Millis::MAX);
                law!(due <= at, "timer {name} is due at {due} and fires at {at}");
            }
            Note::Done { text } => {
                law!(self.done.insert(text.clone()), "the result \"{text}\" is recorded twice");
            }
            Note::Unknown { text } => {
                law!(self.unknown.insert(text.clone()), "the unknown outcome of \"{text}\" is told twice");
            }
            Note::Bounced => {
                tally.bounced += 1;
                self.bounced += 1;
            }
            Note::Looked { .. } | Note::Parked { .. } => super::broken(format!("{note:?} is no arrival")),
        }
    }

    fn sends(
        &mut self,
        outbox: BTreeMap<IdempotencyKey, Option<OutboxRow<Counter>>>,
        turns: &BTreeSet<Place>,
    ) {
        for (key, row) in outbox {
            match (row, self.open.get_mut(&key)) {
                (Some(row), Some(open)) => {
                    open.claim = row.claim;
                    open.unclaimed |= row.claim == 0;
                }
                (Some(row), None) => {
                    let by = (key.conversation.clone(), key.turn);
                    law!(turns.contains(&by), "{key} comes into the outbox without its turn");
                    self.open.insert(key, Open { claim: row.claim, unclaimed: row.claim == 0 });
                }
                (None, Some(_)) => {
                    self.open.remove(&key);
                }
                (None, None) => super::broken(format!("{key} is settled twice")),
            }
        }
    }

    /// How far something was delivered never goes back, and of two ends the first one stays.
    fn deliveries(&mut self, cells: &[Cell]) {
        for (_, key, value) in cells.iter().filter(|(space, ..)| *space == Space::Deliveries) {
            let key: IdempotencyKey = split(ids::split_effect(key));
            let Some(bytes) = value else {
                self.deliveries.remove(&key);
                self.forgotten.insert(key);
                continue;
            };
            let row: DeliveryRow = sound(rows::read("deliveries", bytes));
            if let Some(was) = self.deliveries.insert(key.clone(), row.state) {
                let ends = [Delivery::Failed, Delivery::Deleted];
                let on = row.state >= was && (row.state == was || !ends.contains(&was));
                law!(on, "the delivery of {key} goes from {was:?} to {:?}", row.state);
            }
        }
    }

    fn timers(&mut self, cells: &[Cell]) {
        let timers = || cells.iter().filter(|(space, ..)| *space == Space::Timers);
        for (_, key, _) in timers().filter(|(.., value)| value.is_none()) {
            let (_, _, name) = split(rows::split_timer(key));
            self.due.remove(&name);
        }
        for (_, key, _) in timers().filter(|(.., value)| value.is_some()) {
            let (due, _, name) = split(rows::split_timer(key));
            self.armed.insert(name.clone(), due);
            self.due.insert(name, due);
        }
    }
}

fn split<T>(key: Option<T>) -> T {
    key.unwrap_or_else(|| super::broken("a key has another form than is written".to_owned()))
}
