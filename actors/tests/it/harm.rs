//! Harm from below and from beside: stores that cannot be read for a while or panic, sessions that panic where no turn
//! guards them, ids that no store takes as keys.

use crate::world::{Disk, Edge, log, memory_snapshots, options, quiet, replays, said, say, start_in, until};
use charla_actors::accept::{Address, Alias, Delivery, Item, Receipt, Refused};
use charla_actors::clock::ManualClock;
use charla_actors::core::ledger::{Ledger, Output};
use charla_actors::core::recovery;
use charla_actors::core::tx::{Batch, Range, Reader, Row, Space, StoreError, Tx};
use charla_actors::engine::{Engine, EngineHandle};
use charla_actors::journal::{Journal, memory::MemoryJournal};
use charla_actors::options::Options;
use charla_actors::session::{
    ConversationId, Dispatch, EffectClass, IdempotencyKey, Millis, Performer, Session, Step, View,
};
use charla_actors::snapshot::{SnapshotStore, memory::MemorySnapshots};
use charla_actors::testing::Counter;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What reads of one space do for a while.
#[derive(Debug, Clone, PartialEq)]
enum Ill {
    /// Forward scans of the space.
    Fails(Space),
    Panics(Space),
    /// Whatever is read of this conversation's records, as where a block of the disk is damaged.
    Unreadable(ConversationId),
}

/// A journal whose reads go wrong while it is told so.
#[derive(Default)]
struct Moody {
    below: Arc<MemoryJournal>,
    ill: Mutex<Option<Ill>>,
    went_wrong: AtomicU64,
}

impl Moody {
    fn is(&self, ill: Option<Ill>) {
        *self.ill.lock().unwrap() = ill;
    }
    fn went_wrong(&self) -> u64 {
        self.went_wrong.load(Ordering::SeqCst)
    }
}

impl Reader for Moody {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.get(space, key)
    }
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        let ill = self.ill.lock().unwrap().clone();
        match ill {
            Some(Ill::Unreadable(id))
                if space == Space::Events && range.from.starts_with(&id.person.0.to_be_bytes()) =>
            {
                self.went_wrong.fetch_add(1, Ordering::SeqCst);
                Err(StoreError::Io { what: "read", why: "a block is damaged".to_owned() })
            }
            Some(Ill::Fails(of)) if of == space && !reverse => {
                self.went_wrong.fetch_add(1, Ordering::SeqCst);
                Err(StoreError::Io { what: "read", why: "too many open files".to_owned() })
            }
            Some(Ill::Panics(of)) if of == space && !reverse => {
                self.went_wrong.fetch_add(1, Ordering::SeqCst);
                panic!("the store panics");
            }
            _ => self.below.scan(space, range, reverse, limit),
        }
    }
}

impl Journal for Moody {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.below.commit(batch)
    }
    fn disk_space(&self) -> u64 {
        0
    }
}

/// One conversation is resident at a time, so that each one must be read again after the other spoke.
/// Whoever rests leaves a snapshot, by which the tests know that they rest.
fn forgetful() -> Options {
    Options { shards: 1, resident_cap: 1, snapshot_every_turns: 1, ..options() }
}

async fn start_moody(journal: &Arc<Moody>, edge: &Arc<Edge>, disk: &Disk) -> EngineHandle<Counter> {
    start_moody_with(forgetful(), journal, edge, disk).await
}

async fn start_moody_with(
    options: Options,
    journal: &Arc<Moody>,
    edge: &Arc<Edge>,
    disk: &Disk,
) -> EngineHandle<Counter> {
    Engine::start_on(
        options,
        journal.clone(),
        memory_snapshots(&disk.snapshots),
        Arc::new(Counter::default()),
        edge.clone(),
        disk.clock.clone(),
    )
    .await
    .unwrap()
}

/// Somebody has said "a" and rests by now: the snapshot tells.
async fn at_rest(engine: &EngineHandle<Counter>, disk: &Disk) -> ConversationId {
    let id = say(engine, "1", "a").await;
    quiet(engine).await;
    say(engine, "2", "x").await;
    quiet(engine).await;
    until("at rest", || disk.snapshots.space().1 > 0).await;
    id
}

async fn what_waited_in_the_journal_comes_before_what_comes_later(ill: Ill, wrong: u64) {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let id = at_rest(&engine, &disk).await;
    journal.is(Some(ill));
    say(&engine, "1", "b").await;
    until("gone wrong", || journal.went_wrong() >= wrong).await;
    journal.is(None);
    say(&engine, "2", "y").await;
    until("at rest again", || engine.stats().resident == 1).await;
    say(&engine, "1", "c").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b", "c"]);
    assert_eq!(edge.texts_of(&id), ["1: a", "2: b", "3: c"]);
    replays(&engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_conversation_could_not_be_read_for_a_while_is_handled_first() {
    what_waited_in_the_journal_comes_before_what_comes_later(Ill::Fails(Space::Events), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_actor_failed_again_and_again_is_handled_first() {
    what_waited_in_the_journal_comes_before_what_comes_later(Ill::Panics(Space::Events), 4).await;
}

/// The same with more than the mailbox takes: nothing new is handed to a conversation that others wait in front of, and
/// still it is what wakes it.
async fn what_was_held_back_behind_it_comes_as_well(ill: Ill, wrong: u64) {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody_with(Options { mailbox_limit: 2, ..forgetful() }, &journal, &edge, &disk).await;
    let id = at_rest(&engine, &disk).await;
    journal.is(Some(ill));
    for text in ["b", "c", "d", "e", "f"] {
        say(&engine, "1", text).await;
    }
    until("gone wrong", || journal.went_wrong() >= wrong).await;
    assert_eq!((engine.stats().unhandled, engine.stats().held), (5, 3));
    journal.is(None);
    say(&engine, "2", "y").await;
    until("at rest again", || engine.stats().resident == 1).await;
    say(&engine, "1", "g").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(edge.texts_of(&id).len(), 7);
    assert_eq!(engine.stats().held, 0);
    replays(&engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_whose_conversation_could_not_be_read_for_a_while_comes_in_order() {
    what_was_held_back_behind_it_comes_as_well(Ill::Fails(Space::Events), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_whose_actor_failed_again_and_again_comes_in_order() {
    what_was_held_back_behind_it_comes_as_well(Ill::Panics(Space::Events), 4).await;
}

/// An engine started anew over the journal of another one, so that it remembers nobody.
async fn begun_anew(
    journal: &Arc<Moody>,
    edge: &Arc<Edge>,
    disk: &Disk,
    engine: EngineHandle<Counter>,
) -> EngineHandle<Counter> {
    assert!(engine.drain(Duration::from_secs(20)).await);
    start_moody(journal, edge, disk).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation_that_cannot_be_read_refuses_its_own_messages_alone() {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let (one, two) = (say(&engine, "1", "a").await, say(&engine, "2", "x").await);
    quiet(&engine).await;
    let engine = begun_anew(&journal, &edge, &disk, engine).await;
    journal.is(Some(Ill::Unreadable(one.clone())));
    // Another's before it in the same body is not stored either: the body comes again as a whole.
    let both = [said("2", "y", Some("m1")), said("1", "b", Some("m2"))];
    let refused = engine.accept(both.to_vec()).await;
    assert!(matches!(refused, Err(Refused::Unreadable(StoreError::Io { .. }))), "{refused:?}");
    assert_eq!(engine.stats().broken, None);
    say(&engine, "2", "z").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &two), ["x", "z"]);
    journal.is(None);
    let receipts = engine.accept(both.to_vec()).await.unwrap();
    assert!(receipts.iter().all(|it| *it != Receipt::Duplicate), "{receipts:?}");
    quiet(&engine).await;
    assert_eq!(log(&engine, &one), ["a", "b"]);
    assert_eq!(log(&engine, &two), ["x", "z", "y"]);
    assert_eq!(edge.texts_of(&two), ["1: x", "2: z", "3: y"]);
    replays(&engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_of_an_unreadable_conversation_keeps_nobody_else_s() {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let (one, two) = (say(&engine, "1", "timer tea 1000").await, say(&engine, "2", "timer tea 1001").await);
    quiet(&engine).await;
    let engine = begun_anew(&journal, &edge, &disk, engine).await;
    journal.is(Some(Ill::Unreadable(one.clone())));
    disk.clock.advance(1001);
    until("fired", || log(&engine, &two).len() == 2).await;
    journal.is(None);
    until("fired later", || log(&engine, &one).len() == 2).await;
    assert_eq!(engine.stats().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_for_a_while_is_handled_without_another_message() {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let id = at_rest(&engine, &disk).await;
    journal.is(Some(Ill::Fails(Space::Events)));
    say(&engine, "1", "b").await;
    until("gone wrong", || journal.went_wrong() >= 1).await;
    journal.is(None);
    until("handled", || log(&engine, &id) == ["a", "b"]).await;
    assert_eq!(edge.texts_of(&id), ["1: a", "2: b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_stops_in_order_beside_a_conversation_that_cannot_be_read() {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let id = at_rest(&engine, &disk).await;
    // What it has in memory is not read; the event is accepted, and its conversation cannot be woken.
    journal.is(Some(Ill::Fails(Space::Events)));
    say(&engine, "1", "b").await;
    until("gone wrong", || journal.went_wrong() >= 1).await;
    assert!(engine.drain(Duration::from_secs(20)).await, "waited for what nobody can handle");
    journal.is(None);
    let engine = start_moody(&journal, &edge, &disk).await;
    until("handled by the next start", || log(&engine, &id) == ["a", "b"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_that_cannot_be_read_for_a_while_fire_later() {
    let (disk, edge, journal) = (Disk::default(), Edge::new(), Arc::new(Moody::default()));
    let engine = start_moody(&journal, &edge, &disk).await;
    let id = say(&engine, "1", "timer tea 1000").await;
    quiet(&engine).await;
    journal.is(Some(Ill::Fails(Space::Timers)));
    until("gone wrong", || journal.went_wrong() > 0).await;
    journal.is(None);
    disk.clock.advance(1000);
    until("fired", || log(&engine, &id).len() == 2).await;
    assert_eq!(log(&engine, &id), ["timer tea 1000", "fired tea"]);
}

/// A store that panics, as sled does on some kinds of damage.
#[derive(Default)]
struct PanickySnapshots {
    below: MemorySnapshots,
    well: AtomicBool,
    panics: AtomicU64,
}

impl PanickySnapshots {
    fn feel(&self) {
        if !self.well.load(Ordering::SeqCst) {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("the snapshots panic");
        }
    }
}

impl SnapshotStore for PanickySnapshots {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.feel();
        self.below.get(key)
    }
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.feel();
        self.below.put(key, value)
    }
    fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        self.below.remove(key)
    }
    fn maintain(&self) -> Result<(), StoreError> {
        Ok(())
    }
    fn space(&self) -> (u64, u64) {
        self.below.space()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_panic_are_as_good_as_none() {
    let (disk, edge) = (Disk::default(), Edge::new());
    let store = Arc::new(PanickySnapshots::default());
    let opened = store.clone();
    let engine = Engine::start_on(
        forgetful(),
        disk.journal.clone(),
        Box::new(move || Ok::<Arc<dyn SnapshotStore>, _>(opened)),
        Arc::new(Counter::default()),
        edge.clone(),
        disk.clock.clone(),
    )
    .await
    .unwrap();
    let mut id = None;
    for n in 0..3 {
        id = Some(say(&engine, "1", &format!("a{n}")).await);
        say(&engine, "2", &format!("b{n}")).await;
    }
    quiet(&engine).await;
    assert_eq!(log(&engine, &id.unwrap()), ["a0", "a1", "a2"]);
    until("panicked", || store.panics.load(Ordering::SeqCst) >= 6).await;
    store.well.store(true, Ordering::SeqCst);
    until("written", || {
        // Whoever speaks is written again, if the writer lives.
        store.below.space().1 > 0 || {
            let engine = engine.clone();
            tokio::spawn(async move { say(&engine, "1", "again").await });
            false
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_no_store_takes_as_keys_break_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(70_000);
    let settled = |id: &str| Dispatch::Settled { external_id: Some(id.to_owned()), result: None };
    let edge = Edge::scripted([settled(""), settled(&long)]);
    let engine = start_in(folder.path(), &edge, Arc::new(ManualClock::new(1))).await;
    let report = |id: &str| Item::<Counter>::Status {
        external_id: id.to_owned(),
        key: None,
        status: Delivery::Read,
        at: 1,
        on_failed: None,
    };
    engine.accept(vec![report(""), report(&long)]).await.unwrap();
    let id = say(&engine, "1", "many 2").await;
    quiet(&engine).await;
    let states: Vec<_> = engine.deliveries(&id).unwrap();
    assert_eq!(states.len(), 2);
    assert!(states.iter().all(|it| it.state == Delivery::Read), "early reports are found again");
    for key in ["", &long] {
        let twice = [(); 2].map(|()| said("1", "silent", Some(key)));
        let receipts = engine.accept(twice.to_vec()).await.unwrap();
        assert!(matches!(receipts[..], [Receipt::Accepted { .. }, Receipt::Duplicate]));
    }
    assert_eq!(engine.stats().broken, None);
    assert!(engine.drain(Duration::from_secs(20)).await);
}

/// Changes that may not be applied (any more): a version of the program that panics on them.
static DREADED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

fn dread(text: &str) {
    let dreaded = DREADED.lock().unwrap().contains(text);
    assert!(!dreaded, "dreaded");
}

/// A session that repeats what it hears and panics at what it dreads.
struct Timid;

impl Session for Timid {
    type Event = String;
    type Change = String;
    type State = Vec<String>;
    type Effect = String;

    fn version(&self) -> &str {
        "1"
    }
    fn step(&self, _: &Vec<String>, _: Millis, event: &String) -> Step<Self> {
        Step::new(vec![event.clone()], vec![event.clone()])
    }
    fn apply(state: &mut Vec<String>, change: &String) {
        dread(change);
        state.push(change.clone());
    }
    fn class(_: &String) -> EffectClass {
        EffectClass::Durable { resend_unknown: false }
    }
    fn timer_fired(name: &str) -> String {
        name.to_owned()
    }
    fn parked(event: &String, _: u32) -> String {
        event.clone()
    }
    fn outcome_unknown(effect: &String) -> Option<String> {
        assert!(effect != "tell", "cannot be told");
        None
    }
    fn views(_: &Vec<String>) -> Vec<View> {
        Vec::new()
    }
}

#[derive(Default)]
struct Mouth(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Performer<Timid> for Mouth {
    async fn perform(&self, _: &ConversationId, _: &String) -> Option<String> {
        None
    }
    async fn dispatch(&self, _: &IdempotencyKey, effect: &String, _: u32) -> Dispatch<String> {
        self.0.lock().unwrap().push(effect.clone());
        match effect.as_str() {
            "tell" => Dispatch::Unknown { reason: "timeout" },
            _ => Dispatch::Settled { external_id: None, result: None },
        }
    }
}

impl Mouth {
    fn has_said(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|it| it == text)
    }
}

async fn start_timid(disk: &Disk, mouth: &Arc<Mouth>) -> EngineHandle<Timid> {
    Engine::start_on(
        options(),
        disk.journal.clone(),
        memory_snapshots(&disk.snapshots),
        Arc::new(Timid),
        mouth.clone(),
        disk.clock.clone(),
    )
    .await
    .unwrap()
}

async fn tell(engine: &EngineHandle<Timid>, phone: &str, text: &str) -> ConversationId {
    let item = Item::Event {
        address: Address::Aliases { number: Arc::from("100"), aliases: vec![Alias::Phone(phone.to_owned())] },
        dedup: None,
        event: text.to_owned(),
    };
    match engine.accept(vec![item]).await.unwrap().pop() {
        Some(Receipt::Accepted { conversation: Some(id), .. }) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_panics_breaks_nobody_else_s_conversation() {
    let (disk, mouth) = (Disk::default(), Arc::new(Mouth::default()));
    let engine = start_timid(&disk, &mouth).await;
    tell(&engine, "1", "merge me not").await;
    let survivor = tell(&engine, "2", "hi").await;
    until("said", || engine.stats().outbox_depth == 0 && engine.stats().unhandled == 0).await;
    DREADED.lock().unwrap().insert("merge me not");
    let phone = |digits: &str| vec![Alias::Phone(digits.to_owned())];
    let merge = Item::Identity { old: phone("2"), new: phone("1"), dedup: None };
    engine.accept(vec![merge]).await.unwrap();
    assert_eq!(engine.resolve("100", &phone("1")).unwrap().as_ref(), Some(&survivor));
    tell(&engine, "1", "still there").await;
    until("said", || mouth.has_said("still there")).await;
    assert_eq!(engine.stats().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_of_what_panics_is_an_error_and_no_panic() {
    let (disk, mouth) = (Disk::default(), Arc::new(Mouth::default()));
    let engine = start_timid(&disk, &mouth).await;
    let mut id = None;
    for _ in 0..8 {
        id = Some(tell(&engine, "1", "retain me not").await);
    }
    until("said", || engine.stats().outbox_depth == 0 && engine.stats().unhandled == 0).await;
    assert!(engine.drain(Duration::from_secs(20)).await);
    DREADED.lock().unwrap().insert("retain me not");
    let mut tx = Tx::new(&*disk.journal);
    let (mut ledger, _): (Ledger<Timid>, _) = recovery::plan(&mut tx, 0, 64).unwrap();
    let retained = ledger.retain(&mut tx, &mut Output::default(), &id.unwrap(), Millis::MAX);
    assert!(matches!(retained, Err(StoreError::Corrupt { .. })), "{retained:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_panics_over_an_unknown_outcome_does_not_silence_everybody() {
    let (disk, mouth) = (Disk::default(), Arc::new(Mouth::default()));
    let engine = start_timid(&disk, &mouth).await;
    tell(&engine, "1", "tell").await;
    until("left", || mouth.has_said("tell")).await;
    until("settled", || engine.stats().outbox_depth == 0).await;
    tell(&engine, "2", "hello").await;
    until("said", || mouth.has_said("hello")).await;
}
