//! One customer who floods: slowed behind the journal, never at anybody else's cost. And many customers at once, for whom
//! there is no room.

use crate::world::{memory_snapshots, options, until};
use charla_actors::accept::{Address, Alias, Delivery, Item, Receipt, Refused};
use charla_actors::clock::ManualClock;
use charla_actors::engine::{Engine, EngineHandle, Stats};
use charla_actors::inspect::Inspector;
use charla_actors::journal::memory::MemoryJournal;
use charla_actors::options::Options;
use charla_actors::session::{
    ConversationId, Dispatch, EffectClass, IdempotencyKey, Millis, Performer, Session, Step, View,
};
use charla_actors::snapshot::memory::MemorySnapshots;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longer than any test.
const FOR_EVER: u64 = 3_600_000;

/// Counts what it hears and says it back with its number, so that a lost, repeated or overtaken message shows in what is
/// said. `read X` is read by a worker first. Its state is small however much is said.
struct Parrot;

impl Session for Parrot {
    type Event = String;
    type Change = ();
    type State = u64;
    type Effect = String;

    fn version(&self) -> &str {
        "1"
    }
    fn step(&self, heard: &u64, _: Millis, event: &String) -> Step<Self> {
        if event.starts_with("read ") {
            return Step::new(Vec::new(), vec![event.clone()]);
        }
        Step::new(vec![()], vec![format!("{heard}:{event}")])
    }
    fn apply(heard: &mut u64, (): &()) {
        *heard += 1;
    }
    fn class(effect: &String) -> EffectClass {
        match effect.starts_with("read ") {
            true => EffectClass::Ephemeral,
            false => EffectClass::Durable { resend_unknown: true },
        }
    }
    fn timer_fired(name: &str) -> String {
        name.to_owned()
    }
    fn parked(_: &String, _: u32) -> String {
        "parked".to_owned()
    }
    fn outcome_unknown(_: &String) -> Option<String> {
        None
    }
    fn views(_: &u64) -> Vec<View> {
        Vec::new()
    }
}

/// Workers who read, in the order in which they are asked, and a mouth.
struct Staff {
    workers: Semaphore,
    waiting: AtomicUsize,
    read: Mutex<Vec<ConversationId>>,
    said: Mutex<Vec<(ConversationId, String)>>,
    /// Whose answers are not taken.
    deaf: Mutex<Option<ConversationId>>,
}

impl Staff {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            workers: Semaphore::new(workers),
            waiting: AtomicUsize::new(0),
            read: Mutex::default(),
            said: Mutex::default(),
            deaf: Mutex::default(),
        })
    }
    fn said_to(&self, id: &ConversationId) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.iter().filter(|(to, _)| to == id).map(|(_, text)| text.clone()).collect()
    }
    fn said(&self) -> usize {
        self.said.lock().unwrap().len()
    }
    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Performer<Parrot> for Staff {
    async fn perform(&self, id: &ConversationId, effect: &String) -> Option<String> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let worker = self.workers.acquire().await.ok()?;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.read.lock().unwrap().push(id.clone());
        drop(worker);
        effect.strip_prefix("read ").map(str::to_owned)
    }
    async fn dispatch(&self, key: &IdempotencyKey, effect: &String, _: u32) -> Dispatch<String> {
        if self.deaf.lock().unwrap().as_ref() == Some(&key.conversation) {
            return Dispatch::Retry { after: Duration::from_millis(1), reason: "deaf" };
        }
        self.said.lock().unwrap().push((key.conversation.clone(), effect.clone()));
        Dispatch::Settled { external_id: None, result: None }
    }
}

/// What survives a kill.
#[derive(Default)]
struct Disk {
    journal: Arc<MemoryJournal>,
    snapshots: Arc<MemorySnapshots>,
}

impl Disk {
    async fn start(&self, options: Options, staff: &Arc<Staff>) -> EngineHandle<Parrot> {
        Engine::start_on(
            options,
            self.journal.clone(),
            memory_snapshots(&self.snapshots),
            Arc::new(Parrot),
            staff.clone(),
            Arc::new(ManualClock::new(1)),
        )
        .await
        .unwrap()
    }
}

fn heard(phone: &str, text: String) -> Item<Parrot> {
    Item::Event {
        address: Address::Aliases { number: Arc::from("100"), aliases: vec![Alias::Phone(phone.to_owned())] },
        dedup: Some(format!("{phone} {text}")),
        event: text,
    }
}

async fn hear(engine: &EngineHandle<Parrot>, phone: &str, text: &str) -> ConversationId {
    match engine.accept(vec![heard(phone, text.to_owned())]).await.unwrap().pop() {
        Some(Receipt::Accepted { conversation: Some(id), .. }) => id,
        other => panic!("{other:?}"),
    }
}

/// Numbered messages of one person, a hundred a body.
async fn flood(engine: &EngineHandle<Parrot>, phone: &str, text: &str, messages: usize) -> ConversationId {
    let numbers: Vec<usize> = (0..messages).collect();
    let mut receipts = Vec::new();
    for body in numbers.chunks(100) {
        let body = body.iter().map(|n| heard(phone, format!("{text}{n}"))).collect();
        receipts.extend(engine.accept(body).await.unwrap());
    }
    match receipts.pop() {
        Some(Receipt::Accepted { conversation: Some(id), .. }) => id,
        other => panic!("{other:?}"),
    }
}

fn answers(text: &str, messages: usize) -> Vec<String> {
    (0..messages).map(|n| format!("{n}:{text}{n}")).collect()
}

async fn quiet(engine: &EngineHandle<Parrot>) {
    until("quiet", || {
        let Stats { unhandled, outbox_depth, .. } = engine.stats();
        unhandled == 0 && outbox_depth == 0
    })
    .await;
    // Every event that was held back has been counted out again.
    assert_eq!(engine.stats().held, 0);
    assert_eq!(engine.stats().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_floods_holds_up_nobody_and_is_answered_in_order_even_over_a_kill() {
    const FLOOD: usize = 5_000;
    const OTHERS: usize = 50;
    let (disk, staff) = (Disk::default(), Staff::new(2));
    // Far less room than the flood needs, and a pause that never ends.
    let small = Options { credits: 400, flood_pause_ms: FOR_EVER, ..options() };
    let engine = disk.start(small.clone(), &staff).await;
    let flooder = flood(&engine, "1", "", FLOOD).await;
    let mut others = Vec::new();
    for n in 0..OTHERS {
        others.push(hear(&engine, &format!("other {n}"), "read hello").await);
    }
    let by_then = small.flood_turns as usize;
    until("answered", || staff.said() == by_then + OTHERS).await;
    for other in &others {
        assert_eq!(staff.said_to(other), ["0:hello"]);
    }
    assert_eq!(staff.said_to(&flooder), answers("", by_then));
    until("settled", || engine.stats().outbox_depth == 0).await;
    let Stats { unhandled, held, credits, refused, slowed, .. } = engine.stats();
    assert_eq!((refused, slowed), (0, 1));
    // What lies in the journal alone is unhandled and takes no credit.
    assert_eq!(unhandled, (FLOOD - by_then) as i64);
    assert_eq!(held, FLOOD as i64 - i64::from(small.mailbox_limit));
    assert_eq!(credits, i64::from(small.credits) - (unhandled - held));
    drop(engine);

    let engine = disk.start(Options { flood_pause_ms: 0, ..small }, &staff).await;
    // The next start counts as the first one did.
    assert!(engine.stats().held > 0);
    quiet(&engine).await;
    assert_eq!(staff.said_to(&flooder), answers("", FLOOD));
    assert_eq!(staff.said(), FLOOD + OTHERS);
    assert_eq!(engine.state(&flooder).unwrap(), Some(FLOOD as u64));
    let inspector = Inspector::<Parrot>::new(disk.journal.clone());
    let total = inspector.replay_all(Some(&Parrot)).unwrap();
    assert_eq!((total.turns, total.differences), ((FLOOD + OTHERS) as u64, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_reads_for_everybody_in_turn() {
    const OTHERS: usize = 20;
    let (disk, staff) = (Disk::default(), Staff::new(0));
    let engine = disk.start(Options { flood_pause_ms: 0, ..options() }, &staff).await;
    let flooder = flood(&engine, "1", "read ", 500).await;
    for n in 0..OTHERS {
        hear(&engine, &format!("other {n}"), "read hello").await;
    }
    until("in line", || staff.waiting() == OTHERS + 1).await;
    staff.workers.add_permits(1);
    quiet(&engine).await;
    // Whoever floods has one place in the line, like everybody.
    let first: Vec<_> = staff.read.lock().unwrap()[..=OTHERS].to_vec();
    assert_eq!(first.iter().filter(|id| **id == flooder).count(), 1);
    assert_eq!(staff.said_to(&flooder), answers("", 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_is_brought_up_to_whoever_rests_all_the_time() {
    let (disk, staff) = (Disk::default(), Staff::new(1));
    let restless = Options {
        shards: 1,
        resident_cap: 1,
        idle_passivation_secs: 0,
        mailbox_limit: 3,
        flood_pause_ms: 1,
        ..options()
    };
    let engine = disk.start(restless, &staff).await;
    let mut ids = Vec::new();
    // Two who flood at the same time push each other out of memory.
    for n in 0..150 {
        for phone in ["1", "2"] {
            ids.push(hear(&engine, phone, &format!("read {n}")).await);
        }
    }
    quiet(&engine).await;
    for id in &ids[..2] {
        assert_eq!(staff.said_to(id), answers("", 150));
    }
    until("at rest", || engine.stats().resident == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_moves_with_a_merge() {
    let (disk, staff) = (Disk::default(), Staff::new(0));
    let few = Options { mailbox_limit: 4, flood_pause_ms: 0, ..options() };
    let engine = disk.start(few, &staff).await;
    let old = hear(&engine, "1", "read old").await;
    let new = flood(&engine, "2", "read ", 40).await;
    until("in line", || staff.waiting() == 2).await;
    assert_eq!(engine.stats().held, 36);
    let phone = |digits: &str| vec![Alias::Phone(digits.to_owned())];
    let merge = Item::Identity { old: phone("1"), new: phone("2"), dedup: None };
    engine.accept(vec![merge]).await.unwrap();
    assert_eq!((engine.stats().unhandled, engine.stats().held), (41, 37));
    staff.workers.add_permits(1);
    quiet(&engine).await;
    let mut expected = vec!["0:old".to_owned()];
    expected.extend((0..40).map(|n| format!("{}:{n}", n + 1)));
    assert_eq!(staff.said_to(&old), expected);
    assert_eq!(staff.said_to(&new), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_good_order_waits_for_no_pause() {
    let (disk, staff) = (Disk::default(), Staff::new(1));
    let engine = disk.start(Options { flood_pause_ms: FOR_EVER, ..options() }, &staff).await;
    let id = flood(&engine, "1", "", 200).await;
    until("slowed", || engine.stats().slowed == 1).await;
    assert!(engine.drain(Duration::from_secs(60)).await);
    assert_eq!(staff.said_to(&id), answers("", 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_fill_no_outbox_at_others_cost() {
    let (disk, staff) = (Disk::default(), Staff::new(4));
    let few = Options {
        mailbox_limit: 4,
        flood_pause_ms: 0,
        unsettled_limit: 5,
        outbox_limit: 20,
        retry_base_ms: 1,
        retry_cap_ms: 1,
        ..options()
    };
    let mut engine = disk.start(few.clone(), &staff).await;
    let id = hear(&engine, "1", "read first").await;
    quiet(&engine).await;
    *staff.deaf.lock().unwrap() = Some(id.clone());
    assert_eq!(flood(&engine, "1", "", 100).await, id);
    // Over a start as well: what is left is counted anew.
    for life in 0..2 {
        // Each start takes one turn before it looks.
        let full = 5 + life as i64;
        until("full", || engine.stats().outbox_depth == full).await;
        for n in 0..30 {
            let other = hear(&engine, "2", &format!("{life} {n}")).await;
            until("answered", || staff.said_to(&other).len() == life * 30 + n + 1).await;
        }
        until("settled", || engine.stats().outbox_depth == full).await;
        if life == 0 {
            drop(engine);
            engine = disk.start(few.clone(), &staff).await;
        }
    }
    *staff.deaf.lock().unwrap() = None;
    quiet(&engine).await;
    let mut expected = vec!["0:first".to_owned()];
    expected.extend((0..100).map(|n| format!("{}:{n}", n + 1)));
    assert_eq!(staff.said_to(&id), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_held_back_is_bounded() {
    let (disk, staff) = (Disk::default(), Staff::new(0));
    let few = Options { mailbox_limit: 2, held_limit: 5, flood_pause_ms: 0, ..options() };
    let engine = disk.start(few, &staff).await;
    let id = flood(&engine, "1", "read ", 7).await;
    assert_eq!((engine.stats().unhandled, engine.stats().held), (7, 5));
    let one_more = || vec![heard("1", "read 7".to_owned())];
    assert_eq!(engine.accept(one_more()).await, Err(Refused::Full));
    staff.workers.add_permits(1);
    until("handled", || engine.stats().unhandled == 0).await;
    engine.accept(one_more()).await.unwrap();
    until("handled", || engine.stats().unhandled == 0 && engine.stats().outbox_depth == 0).await;
    assert_eq!(staff.said_to(&id), answers("", 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_refused_whole_and_taken_when_there_is_room() {
    const ROOM: usize = 10;
    let (disk, staff) = (Disk::default(), Staff::new(0));
    let engine = disk.start(Options { credits: ROOM as u32, ..options() }, &staff).await;
    for n in 0..ROOM - 2 {
        hear(&engine, &format!("early {n}"), "read hello").await;
    }
    assert_eq!(engine.stats().credits, 2);
    let body = || (0..3).map(|n| heard(&format!("late {n}"), "read hello".to_owned())).collect::<Vec<_>>();
    for _ in 0..3 {
        assert_eq!(engine.accept(body()).await, Err(Refused::Full));
    }
    // Not even two of the three, nor anybody's name.
    assert_eq!(engine.conversations(100, None).unwrap().len(), ROOM - 2);
    assert_eq!(engine.resolve("100", &[Alias::Phone("late 0".to_owned())]).unwrap(), None);
    assert_eq!((engine.stats().unhandled, engine.stats().credits), (ROOM as i64 - 2, 2));
    // Reports have room of their own.
    let report = Item::Status {
        external_id: "e".to_owned(),
        key: None,
        status: Delivery::Sent,
        at: 1,
        on_failed: None,
    };
    engine.accept(vec![report]).await.unwrap();

    staff.workers.add_permits(1);
    until("handled", || engine.stats().unhandled == 0).await;
    let receipts = engine.accept(body()).await.unwrap();
    assert!(receipts.iter().all(|it| *it != Receipt::Duplicate), "a refused message leaves no key");
    until("answered", || staff.said() == ROOM + 1).await;
    assert_eq!((engine.stats().refused, engine.stats().held), (3, 0));
}
