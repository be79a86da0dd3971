//! What runs on the file system whose power is cut, each in a process of its own: an engine under traffic, and afterwards the
//! look at what is left.

use super::judge::{Known, TALKERS, TOGETHER, Verdict, WRITERS, effects, judge, one_off, talker, text};
use super::unsynced::Unsynced;
use crate::world::{options, said};
use charla_actors::accept::{Alias, Refused};
use charla_actors::clock::SystemClock;
use charla_actors::engine::Engine;
use charla_actors::inspect::Inspector;
use charla_actors::journal::fjall::FjallJournal;
use charla_actors::options::Options;
use charla_actors::session::{ConversationId, Dispatch, IdempotencyKey, Performer};
use charla_actors::snapshot::sled::{Roll, SledSnapshots};
use charla_actors::testing::{Counter, Deed, Note};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Handle = charla_actors::engine::EngineHandle<Counter>;

/// Names the file with a child's [`Task`].
pub const TASK: &str = "CHARLA_TEST_POWER_TASK";
const WAIT: Duration = Duration::from_secs(10);

/// Between two webhooks of a customer, so that what is begun does not take minutes to be finished.
const THINK: Duration = Duration::from_millis(25);

/// What a child is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    pub data: PathBuf,
    pub known: Known,
    /// `false`: the journal of the control, which never syncs.
    pub synced: bool,
}

impl Task {
    fn given() -> Option<Self> {
        let path = std::env::var_os(TASK)?;
        Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    fn options(&self) -> Options {
        // Conversations rest and wake all the time, so that snapshots are written and read.
        Options {
            data_dir: self.data.clone(),
            resident_cap: 12,
            snapshot_every_turns: 4,
            sweep_every_ms: 500,
            ..options()
        }
    }
}

/// Whole lines only: a parent that reads half of one has read none.
fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let told = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    if told.is_err() {
        std::process::exit(9);
    }
}

/// Microseconds of the system's clock, which the parent reads as well.
fn moment() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()
}

/// The world outside: what it was sent, it tells at once.
#[derive(Default)]
struct Outside {
    keys: Mutex<BTreeSet<String>>,
}

#[async_trait::async_trait]
impl Performer<Counter> for Outside {
    async fn perform(&self, _: &ConversationId, effect: &Deed) -> Option<Note> {
        match effect {
            Deed::Look(text) => Some(Note::Looked { text: text.clone() }),
            _ => None,
        }
    }

    async fn dispatch(&self, key: &IdempotencyKey, effect: &Deed, _: u32) -> Dispatch<Note> {
        let (kind, text, result) = match effect {
            Deed::Say(text) => ("say", text, None),
            Deed::Pay(text) => ("pay", text, Some(Note::Done { text: text.clone() })),
            other => panic!("{other:?} is not durable"),
        };
        tell(&format!("left {} {kind} {key} {text}", moment()));
        self.keys.lock().unwrap().insert(key.to_string());
        // The answer takes its time, so that the power also goes between the two.
        tokio::time::sleep(Duration::from_millis(3)).await;
        Dispatch::Settled { external_id: Some(format!("ext-{key}")), result }
    }
}

/// Accepts a webhook's messages, given as person and number, and tells that they are durable. `false`: refused for good.
async fn hear(engine: &Handle, messages: &[(String, u64)]) -> bool {
    loop {
        let item = |(phone, n): &(String, u64)| said(phone, &text(phone, *n), Some(&format!("{phone} {n}")));
        match engine.accept(messages.iter().map(item).collect()).await {
            Ok(_) => break,
            Err(Refused::Full) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(refused) => {
                tell(&format!("refused {refused}"));
                return false;
            }
        }
    }
    let moment = moment();
    for (phone, n) in messages {
        tell(&format!("ok {moment} {phone} {}", n + 1));
    }
    true
}

/// Not a test of its own: an engine that hears customers until its power is cut. As Meta does, they repeat what was not
/// acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn child_under_traffic() {
    let Some(task) = Task::given() else {
        return;
    };
    // Ends the line that the test harness has begun.
    tell("");
    let (session, outside, clock) =
        (Arc::new(Counter::default()), Arc::new(Outside::default()), Arc::new(SystemClock::default()));
    let started = if task.synced {
        Engine::start(task.options(), session, outside, clock).await
    } else {
        let journal = Arc::new(Unsynced::open(&task.data.join("journal")).unwrap());
        let folder = task.data.join("snapshots");
        let snapshots =
            Box::new(move || Ok(Arc::new(SledSnapshots::open(&folder, WAIT, Roll::default())?) as _));
        Engine::start_on(task.options(), journal, snapshots, session, outside, clock).await
    };
    let engine = started.unwrap();
    let known = Arc::new(task.known);
    let mut customers = tokio::task::JoinSet::new();
    for talker in (0..TALKERS).map(talker) {
        let (engine, known) = (engine.clone(), known.clone());
        customers.spawn(async move {
            let mut n = known.acknowledged.get(&talker).copied().unwrap_or(0);
            loop {
                let together = 1 + n % 3;
                let body: Vec<_> = (n..n + together).map(|n| (talker.clone(), n)).collect();
                if !hear(&engine, &body).await {
                    return;
                }
                n += together;
                tokio::time::sleep(THINK).await;
            }
        });
    }
    for writer in 0..WRITERS {
        let (engine, known) = (engine.clone(), known.clone());
        customers.spawn(async move {
            let persons = (0..).step_by(TOGETHER).skip_while(|n| {
                let last = one_off(writer, n + TOGETHER - 1);
                known.acknowledged.contains_key(&last)
            });
            for n in persons {
                let body: Vec<_> = (n..n + TOGETHER).map(|n| (one_off(writer, n), 0)).collect();
                if !hear(&engine, &body).await {
                    return;
                }
            }
        });
    }
    while customers.join_next().await.is_some() {}
    // Only a journal that has failed ends the talk; as the real program does, it ends without tidying up.
    std::process::exit(3);
}

/// What is left after a loss of power.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Why the journal does not open, if so. Then there is nothing else to be told.
    pub does_not_open: Option<String>,
    /// Over all conversations, once all is at rest.
    pub verdict: Verdict,
    /// Webhooks of which a part is there.
    pub torn: u64,
    /// Effects that have left and are on record nowhere.
    pub unrecorded: u64,
    /// Effects that were on record as taken and left once more.
    pub sent_again: u64,
    /// Effects missing or too many.
    pub effects_amiss: u64,
    /// What `verify` found, before and after the new start, what does not replay, snapshots that are not the journal's.
    pub findings: Vec<String>,
    /// Conversations that are not as they should be.
    pub places: Vec<String>,
    /// Snapshots compared.
    pub snapshots: u64,
    /// Times that sled did not open and was begun anew, since the file system was made.
    pub rebuilt: u64,
    /// Whether the engine stopped in good order.
    pub drained: bool,
}

fn phones(inspector: &Inspector<Counter>) -> BTreeMap<String, ConversationId> {
    let ids = inspector.conversations(usize::MAX, None).unwrap();
    let phone = |id: &ConversationId| match inspector.names(id).unwrap().pop() {
        Some(Alias::Phone(phone)) => phone,
        other => panic!("{other:?}"),
    };
    ids.into_iter().map(|id| (phone(&id), id)).collect()
}

/// The keys of durable effects on record, and of those on record as taken.
fn recorded(inspector: &Inspector<Counter>) -> (BTreeSet<String>, BTreeSet<String>) {
    let ids = inspector.conversations(usize::MAX, None).unwrap();
    let all: Vec<_> = ids.iter().flat_map(|id| inspector.deliveries(id).unwrap()).collect();
    let taken = all.iter().filter(|it| it.external_id.is_some());
    (all.iter().map(|it| it.key.to_string()).collect(), taken.map(|it| it.key.to_string()).collect())
}

fn verify(inspector: &Inspector<Counter>, when: &str, report: &mut Report) {
    let found = inspector.verify().unwrap().findings;
    report.findings.extend(found.into_iter().map(|it| format!("{when} the start: {it}")));
}

/// Before anything is started: what the disk has.
fn look_at_the_disk(task: &Task, report: &mut Report) -> Option<BTreeSet<String>> {
    let inspector = match Inspector::<Counter>::open(&task.options()) {
        Ok(inspector) => inspector,
        Err(error) => {
            report.does_not_open = Some(error.to_string());
            report.verdict.lost = task.known.acknowledged_in_all();
            return None;
        }
    };
    verify(&inspector, "before", report);
    let (recorded, taken) = recorded(&inspector);
    report.unrecorded = task.known.left.keys().filter(|key| !recorded.contains(*key)).count() as u64;
    let phones = phones(&inspector);
    let there = |writer, n| usize::from(phones.contains_key(&one_off(writer, n)));
    for writer in 0..WRITERS {
        let bodies = (0..phones.len()).step_by(TOGETHER);
        let parts = bodies.map(|n| (n..n + TOGETHER).map(|n| there(writer, n)).sum::<usize>());
        report.torn += parts.filter(|part| ![0, TOGETHER].contains(part)).count() as u64;
    }
    Some(taken)
}

/// After an engine has been there: everything at rest.
fn look_at_the_end(task: &Task, outside: &Outside, taken: &BTreeSet<String>, report: &mut Report) {
    // The engine lets go of it in the background.
    let journal = FjallJournal::open(&task.data.join("journal"), WAIT).unwrap();
    let inspector = Inspector::<Counter>::new(Arc::new(journal));
    verify(&inspector, "after", report);
    let replayed = inspector.replay_all(Some(&Counter::default())).unwrap();
    let differs = replayed.differences.iter().map(|it| format!("replay: {it:?}"));
    report.findings.extend(differs);
    report.sent_again = outside.keys.lock().unwrap().intersection(taken).count() as u64;
    let found = phones(&inspector);
    let known = &task.known.acknowledged;
    let all: BTreeSet<&String> = found.keys().chain(known.keys()).collect();
    for phone in all {
        let acknowledged = known.get(phone).copied().unwrap_or(0);
        let (log, deliveries) = match found.get(phone) {
            Some(id) => (inspector.state(id).unwrap().unwrap().log, inspector.deliveries(id).unwrap().len()),
            None => (Vec::new(), 0),
        };
        let verdict = judge(phone, &log, acknowledged);
        let expected: usize = (0..verdict.there).map(|n| effects(phone, n)).sum();
        report.effects_amiss += expected.abs_diff(deliveries) as u64;
        if !verdict.sound() || expected != deliveries {
            let tail: Vec<String> = log.iter().rev().take(12).rev().cloned().collect();
            report.places.push(format!(
                "{phone}, {acknowledged} acknowledged: {verdict:?}, {deliveries} of {expected} effects, …{tail:?}"
            ));
        }
        report.verdict.add(&verdict);
    }
    let folder = task.data.join("snapshots");
    let store = SledSnapshots::open(&folder, WAIT, Roll::default()).unwrap();
    let compared = inspector.compare(&store).unwrap();
    report.snapshots = compared.equal;
    report.findings.extend(compared.differences.iter().map(|it| format!("snapshot: {it:?}")));
    report.rebuilt = rebuilt(&folder);
}

fn rebuilt(snapshots: &Path) -> u64 {
    let names = std::fs::read_dir(snapshots).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("damaged-")).count() as u64
}

/// Not a test of its own: looks, starts an engine that finishes what was begun and hears more, looks again, and tells.
#[tokio::test(flavor = "multi_thread")]
async fn child_after_the_loss() {
    let Some(mut task) = Task::given() else {
        return;
    };
    tell("");
    let mut report = Report::default();
    if let Some(taken) = look_at_the_disk(&task, &mut report) {
        let outside = Arc::new(Outside::default());
        let session = Arc::new(Counter::default());
        let clock = Arc::new(SystemClock::default());
        let engine = Engine::start(task.options(), session, outside.clone(), clock).await.unwrap();
        for talker in (0..TALKERS).map(talker) {
            let next = task.known.acknowledged.entry(talker.clone()).or_default();
            assert!(hear(&engine, &[(talker, *next)]).await, "nothing more is accepted");
            *next += 1;
        }
        crate::world::quiet(&engine).await;
        report.drained = engine.drain(Duration::from_secs(60)).await;
        drop(engine);
        look_at_the_end(&task, &outside, &taken, &mut report);
    }
    tell(&format!("report {}", serde_json::to_string(&report).unwrap()));
}
