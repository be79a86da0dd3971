//! The ledger decides what is written: it gives sequence numbers, knows persons, drops duplicates, moves deliveries, and
//! says what follows from a commit. It reads and writes rows through a [`Tx`]; whoever calls it commits the batch, and
//! carries [`Output`] out only after that.

mod accept;
mod acquainted;
mod backlog;
mod erase;
mod keep;
mod merge;
mod output;
pub(crate) mod people;
mod recent;
mod restored;
mod sends;
mod turns;
mod unsettled;

pub use erase::{Erased, NotErased, all_of};
pub use keep::{Sweep, SweepOutcome, due};
pub use output::Output;
pub use people::{current, lookup, names};
pub use restored::restored;
pub use sends::{Mark, Settle, Settled};
pub use turns::{TurnCommit, TurnRefused};

use crate::core::rows::{self, PendingRow};
use crate::core::tx::{Range, Reader, Space, StoreError, Tx};
use crate::ids;
use crate::record::{self, Kind, Record, Tombstone};
use crate::session::{ConversationId, IdempotencyKey, Millis, PersonId, Session};
use acquainted::Acquainted;
use backlog::Backlogs;
use derive_where::derive_where;
use recent::Recent;
use std::marker::PhantomData;
use unsettled::{Told, Unsettled};

/// A day.
pub(crate) const DAY: Millis = 24 * 60 * 60 * 1000;
/// How long deduplication keys are kept: ten days, three more than Meta retries a webhook.
pub const DEDUP_KEPT: Millis = 10 * DAY;
/// How long the provider's ids of what was sent are kept: statuses come within 30 days.
pub const EXTERNAL_KEPT: Millis = 35 * DAY;
/// How many conversations' heads are kept in memory, twice over.
const HEADS: usize = 25_000;

/// An accepted event on its way to its conversation.
#[derive_where(Debug, Clone)]
pub struct Delivered<S: Session> {
    /// Where to.
    pub conversation: ConversationId,
    /// Its sequence number.
    pub seq: u64,
    /// When it was journalled.
    pub at: Millis,
    /// What happened.
    pub event: S::Event,
    /// How often its turn has panicked.
    pub tries: u32,
    /// It may be killing the process: it is put aside without another try.
    pub suspect: bool,
}

/// What the routers get, in commit sequence.
#[derive_where(Debug, Clone)]
pub enum Feed<S: Session> {
    /// An event to be handled.
    Deliver(Delivered<S>),
    /// The conversation's state was changed by the ledger; memory of it is stale.
    Reload(ConversationId),
    /// Unhandled events are in the journal: read the oldest there.
    Resume(ConversationId),
    /// An event was held back behind others. Whoever is alive comes to it by and by; who rests has left what is before it
    /// undone, and is woken to try again.
    HeldBack(ConversationId),
}

impl<S: Session> Feed<S> {
    /// Whose it is.
    pub fn conversation(&self) -> &ConversationId {
        match self {
            Feed::Deliver(delivered) => &delivered.conversation,
            Feed::Reload(id) | Feed::Resume(id) | Feed::HeldBack(id) => id,
        }
    }
}

/// A durable effect for the dispatcher.
#[derive_where(Debug, Clone)]
pub struct Queued<S: Session> {
    /// Its name.
    pub key: IdempotencyKey,
    /// What is to be done.
    pub effect: S::Effect,
    /// Whether it may be done again when nobody knows if the first try arrived.
    pub resend_unknown: bool,
    /// Whether this start of the engine has already claimed it.
    pub claimed: bool,
}

/// The end of a conversation's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    next: u64,
    /// Newest record that changed the state.
    base: u64,
    into: Option<PersonId>,
}

/// See the module.
pub struct Ledger<S: Session> {
    start: u64,
    next_person: u64,
    floor: u64,
    kept: u64,
    heads: Recent<ConversationId, Head>,
    backlogs: Backlogs,
    acquainted: Acquainted,
    unsettled: Unsettled,
    _session: PhantomData<fn() -> S>,
}

const START: &[u8] = b"start";
const PERSON: &[u8] = b"person";
const CLEAN: &[u8] = b"clean";
/// No sequence number below this one is given any more.
const FLOOR: &[u8] = b"floor";

impl<S: Session> Ledger<S> {
    /// Opens the ledger for a new start of the engine, which gets the next number. What it writes must be committed
    /// before anything else. `now` seeds the numbers of persons in an empty store: they go into idempotency keys, which
    /// must not repeat after a store was thrown away.
    pub fn open(tx: &mut Tx<'_>, now: Millis) -> Result<Self, StoreError> {
        let start = read_u64(tx, START)?.unwrap_or(0) + 1;
        let next_person = match read_u64(tx, PERSON)? {
            Some(next) => next,
            None => u64::try_from(now).unwrap_or(0).max(1),
        };
        tx.put(Space::Meta, START.to_vec(), start.to_be_bytes().to_vec());
        tx.put(Space::Meta, PERSON.to_vec(), next_person.to_be_bytes().to_vec());
        Ok(Self {
            start,
            next_person,
            floor: read_u64(tx, FLOOR)?.unwrap_or(1),
            kept: 0,
            heads: Recent::new(HEADS),
            backlogs: Backlogs::new(u64::MAX),
            acquainted: Acquainted::default(),
            unsettled: Unsettled::default(),
            _session: PhantomData,
        })
    }

    /// Holds back from now on what goes beyond so many events of one conversation (at least one). To be called before any
    /// event is known.
    pub fn hold_beyond(&mut self, mailbox: u32) {
        self.backlogs = Backlogs::new(u64::from(mailbox));
    }

    /// Counts an unhandled event that an earlier start has left.
    pub fn left_unhandled(&mut self, id: &ConversationId) {
        self.backlogs.comes(id);
    }

    /// Events of a conversation that are accepted and not yet handled.
    pub fn unhandled(&self, id: &ConversationId) -> u64 {
        self.backlogs.unhandled(id)
    }

    /// Counts an unsettled effect that an earlier start has left.
    pub fn left_unsettled(&mut self, key: &IdempotencyKey) {
        self.unsettled.add(key, Told::Perhaps);
    }

    /// Durable effects of a conversation that are not settled.
    pub fn unsettled(&self, id: &ConversationId) -> u64 {
        self.unsettled.count(id)
    }

    /// Events that are held back, of all conversations. Walks through all that have something unhandled.
    pub fn held(&self) -> i64 {
        self.backlogs.held()
    }

    /// The number of this start.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The newest start that stopped with nothing in flight.
    pub fn clean_start(reader: &dyn Reader) -> Result<u64, StoreError> {
        Ok(read_u64(reader, CLEAN)?.unwrap_or(0))
    }

    /// Notes that this start stopped with nothing in flight: what it claimed and did not settle was never tried.
    pub fn stopped_cleanly(&self, tx: &mut Tx<'_>) {
        tx.put(Space::Meta, CLEAN.to_vec(), self.start.to_be_bytes().to_vec());
    }

    /// Plans one of the requests that are committed together. Where it cannot be carried out, since what it needs is unreadable, all
    /// that it has written and that this ledger has kept of it is taken back, and the others are not touched.
    ///
    /// # Errors
    /// As `plan`.
    pub fn apart<T>(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        plan: impl FnOnce(&mut Self, &mut Tx<'_>, &mut Output<S>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let extent = out.extent();
        tx.mark();
        self.backlogs.mark();
        self.unsettled.mark();
        plan(self, tx, out).inspect_err(|_| {
            out.back_to(extent);
            tx.back_to_mark();
            self.backlogs.back_to_mark();
            self.unsettled.back_to_mark();
            // What only spares a read is read again. Numbers that were given to persons or kept rows are left out.
            self.heads.clear();
            self.acquainted.forget_all();
        })
    }

    fn new_person(&mut self, tx: &mut Tx<'_>) -> PersonId {
        let person = PersonId(self.next_person);
        self.next_person += 1;
        tx.put(Space::Meta, PERSON.to_vec(), self.next_person.to_be_bytes().to_vec());
        person
    }

    fn head(&mut self, tx: &Tx<'_>, id: &ConversationId) -> Result<Head, StoreError> {
        if let Some(head) = self.heads.get(id) {
            return Ok(head);
        }
        let head = read_head(tx, id)?;
        let head = Head { next: head.next.max(self.floor), ..head };
        self.keep_head(id, head);
        Ok(head)
    }

    fn keep_head(&mut self, id: &ConversationId, head: Head) {
        self.heads.put(id, head);
    }

    /// Appends an encoded record and returns its sequence number.
    fn append(
        &mut self,
        tx: &mut Tx<'_>,
        id: &ConversationId,
        kind: Kind,
        record: Vec<u8>,
        out: &mut Output<S>,
    ) -> Result<u64, StoreError> {
        let mut head = self.head(tx, id)?;
        let seq = head.next;
        head.next += 1;
        if kind.changes_state() {
            head.base = seq;
        }
        self.keep_head(id, head);
        tx.put(Space::Events, ids::sequence_key(id, seq), record);
        if out.touched.last() != Some(id) {
            out.touched.push(id.clone());
        }
        Ok(seq)
    }

    /// Journals an event, and delivers it or holds it back.
    fn receive(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        id: &ConversationId,
        at: Millis,
        event: S::Event,
        pending: PendingRow,
    ) -> Result<u64, StoreError> {
        let bytes = record::ReceivedRef::<S> { at, event: &event }.encode()?;
        let seq = self.append(tx, id, Kind::Received, bytes, out)?;
        tx.put(Space::Pending, ids::sequence_key(id, seq), rows::row(&pending)?);
        out.unhandled += 1;
        if !self.backlogs.comes(id) {
            out.held += 1;
            out.feed.push(Feed::HeldBack(id.clone()));
            return Ok(seq);
        }
        out.feed.push(Feed::Deliver(Delivered {
            conversation: id.clone(),
            seq,
            at,
            event,
            tries: pending.tries,
            suspect: false,
        }));
        Ok(seq)
    }
}

/// Whether a conversation has rows in none of these spaces, whose keys begin with it.
fn has_none(reader: &dyn Reader, id: &ConversationId, spaces: &[Space]) -> Result<bool, StoreError> {
    let all = Range::prefix(&ids::conversation_key(id));
    for space in spaces {
        if !reader.scan(*space, &all, false, 1)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_u64(reader: &dyn Reader, key: &[u8]) -> Result<Option<u64>, StoreError> {
    let Some(bytes) = reader.get(Space::Meta, key)? else {
        return Ok(None);
    };
    match bytes.as_slice().try_into() {
        Ok(bytes) => Ok(Some(u64::from_be_bytes(bytes))),
        Err(_) => Err(StoreError::Corrupt {
            place: format!("meta/{}", String::from_utf8_lossy(key)),
            why: format!("{} bytes are no number", bytes.len()),
        }),
    }
}

/// Reads back from the end until the newest record that changed the state.
fn read_head(reader: &dyn Reader, id: &ConversationId) -> Result<Head, StoreError> {
    let mut head = Head { next: 1, base: 0, into: None };
    let mut range = Range::prefix(&ids::conversation_key(id));
    let mut page = 4;
    loop {
        let rows = reader.scan(Space::Events, &range, true, page)?;
        let more = rows.len() == page;
        for (key, bytes) in rows {
            let Some((_, seq)) = ids::split_sequence(&key) else {
                return Err(bad_key(Space::Events));
            };
            head.next = head.next.max(seq + 1);
            match record::peek(&bytes) {
                Some(Kind::Received) => {}
                Some(Kind::Tombstone) => {
                    let tombstone = Tombstone::decode(&bytes, || format!("{id} record {seq}"))?;
                    head.into = Some(tombstone.into);
                }
                Some(_) => {
                    head.base = seq;
                    return Ok(head);
                }
                None => {
                    return Err(StoreError::Corrupt {
                        place: format!("{id} record {seq}"),
                        why: "its kind is unknown".to_owned(),
                    });
                }
            }
            range.to = Some(key);
        }
        if !more {
            return Ok(head);
        }
        page = (page * 4).min(1024);
    }
}

pub(crate) fn bad_key(space: Space) -> StoreError {
    StoreError::Corrupt {
        place: format!("a key of {}", space.name()),
        why: "it has another form than is written".to_owned(),
    }
}

/// The records of a conversation from a sequence number on, at most `limit`.
pub fn records<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, Record<S>)>, StoreError> {
    let mut range = Range::prefix(&ids::conversation_key(id));
    range.from = ids::sequence_key(id, from);
    let rows = reader.scan(Space::Events, &range, false, limit)?;
    let mut records = Vec::with_capacity(rows.len());
    for (key, bytes) in rows {
        let (_, seq) = ids::split_sequence(&key).ok_or_else(|| bad_key(Space::Events))?;
        records.push((seq, Record::decode(&bytes, || format!("{id} record {seq}"))?));
    }
    Ok(records)
}

/// Continues a fold to the end of the conversation's journal.
pub fn fold_from<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    mut folded: crate::core::fold::Folded<S>,
) -> Result<crate::core::fold::Folded<S>, StoreError> {
    const PAGE: usize = 256;
    let mut from = folded.base + 1;
    loop {
        let page = records::<S>(reader, id, from, PAGE)?;
        for (seq, record) in &page {
            folded.apply(*seq, record);
            from = seq + 1;
        }
        if page.len() < PAGE {
            break;
        }
    }
    folded.check(|| id.to_string())?;
    Ok(folded)
}
