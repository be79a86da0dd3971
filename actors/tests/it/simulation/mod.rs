//! Deterministic simulation of the core: one thread, one source of chance, any order of events, crashes between any two of
//! them. `CHARLA_SIM_SEED=N` runs one seed with its trace.

mod judge;
mod network;

use charla_actors::accept::{Address, Alias, Delivery, Item, Receipt};
use charla_actors::core::fold::Folded;
use charla_actors::core::ledger::{Feed, Ledger, Output, Settle, Settled, fold_from};
use charla_actors::core::outbox::{Order, Outbox, Tried};
use charla_actors::core::recovery;
use charla_actors::core::turn::{Decision, Trigger, TurnMachine};
use charla_actors::core::tx::Tx;
use charla_actors::journal::{Journal, memory::MemoryJournal};
use charla_actors::session::{ConversationId, IdempotencyKey, Millis, Session};
use charla_actors::testing::{Counter, Deed, Note};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

const PEOPLE: usize = 3;
const MESSAGES: usize = 8;
const ECHO_WAIT: Millis = 50;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }
    fn percent(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }
}

/// What a request to the ledger is about.
enum Ask {
    Accept { person: usize, n: usize },
    Report { key: IdempotencyKey },
    Turn { id: ConversationId },
    Order(Order<Counter>),
}

/// A live conversation.
struct Live {
    folded: Folded<Counter>,
    mailbox: VecDeque<Feed<Counter>>,
    turn: Option<(u64, TurnMachine<Counter>)>,
    performing: Vec<(u32, Deed)>,
    commit: Option<Box<charla_actors::core::ledger::TurnCommit<Counter>>>,
}

/// What dies in a crash.
struct Volatile {
    ledger: Ledger<Counter>,
    live: BTreeMap<ConversationId, Live>,
    outbox: Outbox<Counter>,
    /// Requests waiting for the committer.
    asked: VecDeque<Ask>,
    /// Dispatches whose answer is on its way back.
    answers: Vec<(IdempotencyKey, Tried<Note>)>,
}

struct World {
    dice: Dice,
    trace: Option<Vec<String>>,
    now: Millis,
    journal: Arc<MemoryJournal>,
    engine: Volatile,
    /// Whether faults still happen.
    rough: bool,
    crashes: usize,
    /// The network: webhooks that are under way, to be repeated until they are acknowledged.
    next: [usize; PEOPLE],
    under_way: [bool; PEOPLE],
    echoes: Vec<IdempotencyKey>,
    /// What the provider has taken, in order, and how often a copy was not the engine's fault.
    taken: Vec<(IdempotencyKey, String)>,
    excused: HashMap<IdempotencyKey, usize>,
}

fn text(person: usize, n: usize) -> String {
    match (person + n) % 4 {
        0 => format!("say {n}"),
        1 => format!("look {n}"),
        2 => format!("pay {person}-{n}"),
        _ => "many 3".to_owned(),
    }
}

impl World {
    fn new(seed: u64, traced: bool) -> Self {
        let journal = Arc::new(MemoryJournal::default());
        let engine = start(&journal, 0);
        Self {
            dice: Dice(seed),
            trace: traced.then(Vec::new),
            now: 0,
            journal,
            engine,
            rough: true,
            crashes: 0,
            next: [0; PEOPLE],
            under_way: [false; PEOPLE],
            echoes: Vec::new(),
            taken: Vec::new(),
            excused: HashMap::new(),
        }
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now}: {}", what()));
        }
    }

    fn crash(&mut self) {
        self.crashes += 1;
        self.note(|| "crash".to_owned());
        // Whatever was out: the provider may have it, the engine cannot know.
        for (key, _) in &self.engine.answers {
            *self.excused.entry(key.clone()).or_default() += 1;
        }
        self.engine = start(&self.journal, self.now);
        self.under_way = [false; PEOPLE];
        let unsent = std::mem::take(&mut self.engine.asked);
        self.engine.asked = unsent;
    }

    fn step(&mut self) {
        if self.rough && self.dice.percent(2) {
            return self.crash();
        }
        match self.dice.roll(7) {
            0 => self.webhook(),
            1 => self.commit(),
            2 => self.perform(),
            3 => self.answer(),
            4 => self.echo(),
            5 => {
                self.now += self.dice.roll(20) as Millis;
                let orders = self.engine.outbox.tick(self.now);
                self.order(orders);
            }
            _ => self.handle(),
        }
    }

    /// Plans and commits some of what waits, and carries out what follows.
    fn commit(&mut self) {
        let group = 1 + self.dice.roll(4);
        let mut tx = Tx::new(&*self.journal);
        let mut out = Output::default();
        let mut acknowledged = Vec::new();
        let mut turned = Vec::new();
        let mut recorded = Vec::new();
        for _ in 0..group {
            let Some(ask) = self.engine.asked.pop_front() else {
                break;
            };
            let ledger = &mut self.engine.ledger;
            match ask {
                Ask::Accept { person, n } => {
                    let item = Item::Event {
                        address: Address::Aliases {
                            number: Arc::from("1"),
                            aliases: vec![Alias::Phone(person.to_string())],
                        },
                        dedup: Some(format!("{person}-{n}")),
                        event: Note::said(&text(person, n)),
                    };
                    let receipts = ledger.accept(&mut tx, &mut out, vec![item], self.now).unwrap();
                    acknowledged.push((person, n, receipts[0] == Receipt::Duplicate));
                }
                Ask::Report { key } => {
                    let item = Item::Status {
                        external_id: format!("x{key}"),
                        key: Some(key),
                        status: Delivery::Delivered,
                        at: self.now,
                        on_failed: None,
                    };
                    ledger.accept(&mut tx, &mut out, vec![item], self.now).unwrap();
                }
                Ask::Turn { id } => {
                    let live = self.engine.live.get_mut(&id).unwrap();
                    let commit = *live.commit.take().unwrap();
                    let outcome = ledger.turn(&mut tx, &mut out, commit).unwrap();
                    turned.push((id, outcome.unwrap()));
                }
                Ask::Order(Order::Mark(key, mark)) => {
                    ledger.mark(&mut tx, &key, mark).unwrap();
                    recorded.push(key);
                }
                Ask::Order(Order::Settle { key, effect, how, result }) => {
                    let result = match how {
                        Settled::Unknown => Counter::outcome_unknown(&effect),
                        _ => result,
                    };
                    let settle = Settle { key: key.clone(), how, result };
                    assert!(ledger.settle(&mut tx, &mut out, settle, self.now).unwrap());
                    recorded.push(key);
                }
                Ask::Order(Order::Dispatch { .. }) => unreachable!("not for the ledger"),
            }
        }
        if self.rough && self.dice.percent(3) {
            // Before the append: nothing of the group is there.
            return self.crash();
        }
        self.journal.commit(tx.into_batch()).unwrap();
        assert!(out.violations.is_empty());
        if self.rough && self.dice.percent(3) {
            // After it, before anybody is told.
            return self.crash();
        }
        for (person, n, duplicate) in acknowledged {
            if n == self.next[person] {
                self.next[person] += 1;
                self.under_way[person] = false;
                self.note(|| format!("acknowledged {person}-{n} duplicate {duplicate}"));
            }
        }
        for (id, base) in turned {
            let live = self.engine.live.get_mut(&id).unwrap();
            let (trigger, machine) = live.turn.take().unwrap();
            live.folded = live.folded.after(machine.into_state(), base, trigger);
        }
        for queued in out.queued {
            let orders = self.engine.outbox.queue(queued.into(), self.now);
            self.order(orders);
        }
        for key in recorded {
            let orders = self.engine.outbox.recorded(&key, self.now);
            self.order(orders);
        }
        for key in out.echoes {
            let orders = self.engine.outbox.echo(&key, self.now);
            self.order(orders);
        }
        for feed in out.feed {
            self.feed(feed);
        }
    }

    fn feed(&mut self, feed: Feed<Counter>) {
        let id = feed.conversation().clone();
        let journal = &self.journal;
        let live = self.engine.live.entry(id.clone()).or_insert_with(|| Live {
            folded: fold_from(&**journal, &id, Folded::default()).unwrap(),
            mailbox: VecDeque::new(),
            turn: None,
            performing: Vec::new(),
            commit: None,
        });
        live.mailbox.push_back(feed);
    }

    /// Lets a conversation begin its next turn, or rest.
    fn handle(&mut self) {
        let ids: Vec<_> = self.engine.live.keys().cloned().collect();
        if ids.is_empty() {
            return;
        }
        let id = ids[self.dice.roll(ids.len())].clone();
        let rest = self.dice.percent(10);
        let live = self.engine.live.get_mut(&id).unwrap();
        if live.turn.is_some() {
            return;
        }
        let Some(feed) = live.mailbox.pop_front() else {
            if rest {
                self.engine.live.remove(&id);
            }
            return;
        };
        let Feed::Deliver(delivered) = feed else {
            panic!("nobody merges here");
        };
        if delivered.seq <= live.folded.handled {
            return;
        }
        let trigger = Trigger { seq: delivered.seq, at: delivered.at, event: delivered.event, parked: None };
        let session = Arc::new(Counter::default());
        let (machine, decisions) =
            TurnMachine::begin(session, id.clone(), &live.folded, trigger, self.now).unwrap();
        live.turn = Some((delivered.seq, machine));
        self.decide(&id, decisions);
    }

    fn decide(&mut self, id: &ConversationId, decisions: Vec<Decision<Counter>>) {
        let live = self.engine.live.get_mut(id).unwrap();
        for decision in decisions {
            match decision {
                Decision::Perform { slot, effect } => live.performing.push((slot, effect)),
                Decision::Commit(commit) => {
                    live.commit = Some(commit);
                    self.engine.asked.push_back(Ask::Turn { id: id.clone() });
                }
            }
        }
    }

    /// An ephemeral effect comes back, in any order.
    fn perform(&mut self) {
        let waiting: Vec<_> = self
            .engine
            .live
            .iter()
            .filter(|(_, live)| !live.performing.is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        if waiting.is_empty() {
            return;
        }
        let id = waiting[self.dice.roll(waiting.len())].clone();
        let live = self.engine.live.get_mut(&id).unwrap();
        let which = self.dice.roll(live.performing.len());
        let (slot, effect) = live.performing.remove(which);
        let Deed::Look(text) = effect else {
            panic!("{effect:?} is not ephemeral");
        };
        let (_, machine) = live.turn.as_mut().unwrap();
        let decisions = machine.performed(slot, Some(Note::Looked { text }), self.now).unwrap();
        self.decide(&id, decisions);
    }

    fn order(&mut self, orders: Vec<Order<Counter>>) {
        for order in orders {
            match order {
                Order::Dispatch { key, effect, attempt } => self.dispatch(key, effect, attempt),
                other => self.engine.asked.push_back(Ask::Order(other)),
            }
        }
    }

    fn quiet(&self) -> bool {
        self.next.iter().all(|n| *n == MESSAGES)
            && self.engine.asked.is_empty()
            && self.engine.answers.is_empty()
            && self.engine.outbox.depth() == 0
            && self.engine.live.values().all(|live| live.turn.is_none() && live.mailbox.is_empty())
    }
}

fn start(journal: &Arc<MemoryJournal>, now: Millis) -> Volatile {
    let mut tx = Tx::new(&**journal);
    let (ledger, recovered) = recovery::plan::<Counter>(&mut tx, now).unwrap();
    journal.commit(tx.into_batch()).unwrap();
    let mut volatile = Volatile {
        ledger,
        live: BTreeMap::new(),
        outbox: Outbox::new(4, ECHO_WAIT),
        asked: VecDeque::new(),
        answers: Vec::new(),
    };
    for entry in recovered.left {
        for order in volatile.outbox.queue(entry, now) {
            // Claims come first; nothing leaves before its claim is on record, and what is claimed leaves below.
            volatile.asked.push_back(Ask::Order(order));
        }
    }
    for id in recovered.wake {
        let folded: Folded<Counter> = fold_from(&**journal, &id, Folded::default()).unwrap();
        let mut mailbox = VecDeque::new();
        for delivered in recovery::unhandled_of::<Counter>(&**journal, &id).unwrap() {
            mailbox.push_back(Feed::Deliver(delivered));
        }
        volatile.live.insert(id, Live { folded, mailbox, turn: None, performing: Vec::new(), commit: None });
    }
    volatile
}

fn run(seed: u64, traced: bool) -> usize {
    let mut world = World::new(seed, traced);
    world.release();
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..1500 {
            world.step();
            world.release();
        }
        world.rough = false;
        let mut left = 200_000;
        while !world.quiet() {
            world.step();
            world.release();
            left -= 1;
            assert!(left > 0, "never quiet");
        }
        world.judge();
    }));
    if let Err(panic) = judged {
        for line in world.trace.unwrap_or_default() {
            println!("{line}");
        }
        println!("failing seed: CHARLA_SIM_SEED={seed}");
        std::panic::resume_unwind(panic);
    }
    world.crashes
}

impl World {
    /// Dispatches that a start ordered go out from here, where the network is.
    fn release(&mut self) {
        let mut keep = VecDeque::new();
        while let Some(ask) = self.engine.asked.pop_front() {
            match ask {
                Ask::Order(Order::Dispatch { key, effect, attempt }) => {
                    self.dispatch(key, effect, attempt);
                }
                other => keep.push_back(other),
            }
        }
        self.engine.asked = keep;
    }
}

#[test]
fn no_seed_loses_repeats_or_reorders_anything() {
    if let Ok(seed) = std::env::var("CHARLA_SIM_SEED") {
        run(seed.parse().unwrap(), true);
        return;
    }
    let seeds = std::env::var("CHARLA_SIM_SEEDS").ok().and_then(|n| n.parse().ok());
    let crashes: usize = (0..seeds.unwrap_or(300)).map(|seed| run(seed, false)).sum();
    assert!(crashes > 300, "the simulation hardly crashed: {crashes}");
}
