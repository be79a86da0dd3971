//! Engines to be tested, and an edge that remembers what it was asked to do.

use charla_actors::accept::{Address, Alias, Item, Receipt};
use charla_actors::clock::{Clock, ManualClock};
use charla_actors::core::tx::StoreError;
use charla_actors::engine::{Engine, EngineHandle, OpenSnapshots};
use charla_actors::journal::Journal;
use charla_actors::journal::memory::MemoryJournal;
use charla_actors::options::Options;
use charla_actors::session::{ConversationId, Dispatch, IdempotencyKey, Performer};
use charla_actors::snapshot::{SnapshotStore, memory::MemorySnapshots};
use charla_actors::testing::{Counter, Deed, Note};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub type Handle = EngineHandle<Counter>;

/// One try of a durable effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    pub key: IdempotencyKey,
    pub text: String,
    pub attempt: u32,
}

/// Remembers tries; answers from a script first, then takes everything.
#[derive(Default)]
pub struct Edge {
    pub tries: Mutex<Vec<Try>>,
    pub script: Mutex<VecDeque<Dispatch<Note>>>,
    /// While set, dispatches do not come back.
    pub held: tokio::sync::RwLock<()>,
}

impl Edge {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn scripted(script: impl IntoIterator<Item = Dispatch<Note>>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    pub fn texts(&self) -> Vec<String> {
        let tries = self.tries.lock().unwrap();
        tries.iter().map(|it| it.text.clone()).collect()
    }

    pub fn texts_of(&self, id: &ConversationId) -> Vec<String> {
        let tries = self.tries.lock().unwrap();
        let of = tries.iter().filter(|it| it.key.conversation == *id);
        of.map(|it| it.text.clone()).collect()
    }
}

#[async_trait::async_trait]
impl Performer<Counter> for Edge {
    async fn perform(&self, _: &ConversationId, effect: &Deed) -> Option<Note> {
        match effect {
            Deed::Look(text) => {
                if text.contains("explode") {
                    panic!("told to");
                }
                // Those asked for first come back last, so that order is not kept by accident.
                if text.ends_with('a') {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Some(Note::Looked { text: text.clone() })
            }
            _ => None,
        }
    }

    async fn dispatch(&self, key: &IdempotencyKey, effect: &Deed, attempt: u32) -> Dispatch<Note> {
        let (text, result) = match effect {
            Deed::Say(text) => (text.clone(), None),
            Deed::Pay(text) => (text.clone(), Some(Note::Done { text: text.clone() })),
            other => panic!("{other:?} is not durable"),
        };
        self.tries.lock().unwrap().push(Try { key: key.clone(), text, attempt });
        let _held = self.held.read().await;
        let scripted = self.script.lock().unwrap().pop_front();
        scripted.unwrap_or(Dispatch::Settled { external_id: Some(format!("ext-{key}")), result })
    }
}

pub fn options() -> Options {
    Options {
        shards: 2,
        echo_wait_ms: 100,
        retry_base_ms: 1,
        retry_cap_ms: 5,
        // Tests talk faster than people do.
        flood_pause_ms: 0,
        ..Options::default()
    }
}

pub fn memory_snapshots(store: &Arc<MemorySnapshots>) -> OpenSnapshots {
    let store: Arc<dyn SnapshotStore> = store.clone();
    Box::new(move || Ok::<_, StoreError>(store))
}

/// What survives a crash.
pub struct Disk {
    pub journal: Arc<MemoryJournal>,
    pub snapshots: Arc<MemorySnapshots>,
    pub clock: Arc<ManualClock>,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            journal: Arc::default(),
            snapshots: Arc::default(),
            clock: Arc::new(ManualClock::new(1_000_000)),
        }
    }
}

impl Disk {
    pub async fn start(&self, edge: &Arc<Edge>) -> Handle {
        self.start_with(options(), edge).await
    }

    pub async fn start_with(&self, options: Options, edge: &Arc<Edge>) -> Handle {
        let journal: Arc<dyn Journal> = self.journal.clone();
        Engine::start_on(
            options,
            journal,
            memory_snapshots(&self.snapshots),
            Arc::new(Counter::default()),
            edge.clone(),
            self.clock.clone(),
        )
        .await
        .unwrap()
    }
}

pub async fn start_in(folder: &std::path::Path, edge: &Arc<Edge>, clock: Arc<dyn Clock>) -> Handle {
    let options = Options { data_dir: folder.to_owned(), ..options() };
    Engine::start(options, Arc::new(Counter::default()), edge.clone(), clock).await.unwrap()
}

pub fn said(phone: &str, text: &str, dedup: Option<&str>) -> Item<Counter> {
    Item::Event {
        address: Address::Aliases { number: Arc::from("100"), aliases: vec![Alias::Phone(phone.to_owned())] },
        dedup: dedup.map(str::to_owned),
        event: Note::said(text),
    }
}

pub async fn say(engine: &Handle, phone: &str, text: &str) -> ConversationId {
    let receipts = engine.accept(vec![said(phone, text, None)]).await.unwrap();
    match &receipts[..] {
        [Receipt::Accepted { conversation: Some(id), seq: Some(_) }] => id.clone(),
        other => panic!("{other:?}"),
    }
}

/// Waits until it is so; a test that hangs says where.
#[track_caller]
pub fn until<'a>(what: &'a str, mut so: impl FnMut() -> bool + 'a) -> impl Future<Output = ()> + 'a {
    let place = std::panic::Location::caller();
    async move {
        for _ in 0..6000 {
            if so() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{place}: never {what}");
    }
}

pub async fn quiet(engine: &Handle) {
    until("quiet", || {
        let stats = engine.stats();
        stats.unhandled == 0 && stats.outbox_depth == 0
    })
    .await;
}

pub fn log(engine: &Handle, id: &ConversationId) -> Vec<String> {
    engine.state(id).unwrap().unwrap().log
}

/// Every conversation folds to its hashes and decides alike again.
pub fn replays(engine: &Handle) -> u64 {
    let total = engine.inspector().replay_all(Some(&Counter::default())).unwrap();
    assert_eq!(total.differences, vec![]);
    assert_eq!(total.turns, total.decided);
    assert!(engine.inspector().verify().unwrap().findings.is_empty());
    total.turns
}
