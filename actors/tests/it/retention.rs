//! What is old goes, and nothing else.

use charla_actors::accept::{Address, Alias, Delivery, Item, Receipt};
use charla_actors::core::fold::Folded;
use charla_actors::core::ledger::{Ledger, Output, Settle, Settled, Sweep, fold_from, records};
use charla_actors::core::recovery;
use charla_actors::core::turn::{Decision, Trigger, TurnMachine};
use charla_actors::core::tx::{Range, Reader, Space, Tx};
use charla_actors::core::wake::wake;
use charla_actors::journal::{Journal, memory::MemoryJournal};
use charla_actors::record::Record;
use charla_actors::session::{ConversationId, IdempotencyKey, Millis};
use charla_actors::testing::{Counter, Note};
use std::sync::Arc;

struct Books {
    journal: MemoryJournal,
    ledger: Ledger<Counter>,
}

impl Books {
    fn open() -> Self {
        let journal = MemoryJournal::default();
        let mut tx = Tx::new(&journal);
        let (ledger, _) = recovery::plan::<Counter>(&mut tx, 0, 64).unwrap();
        let batch = tx.into_batch();
        journal.commit(batch).unwrap();
        Self { journal, ledger }
    }

    fn write<T>(
        &mut self,
        plan: impl FnOnce(&mut Ledger<Counter>, &mut Tx<'_>, &mut Output<Counter>) -> T,
    ) -> T {
        let mut tx = Tx::new(&self.journal);
        let value = plan(&mut self.ledger, &mut tx, &mut Output::default());
        let batch = tx.into_batch();
        self.journal.commit(batch).unwrap();
        value
    }

    fn receive(&mut self, text: &str, at: Millis) -> (ConversationId, u64) {
        let item = Item::Event {
            address: Address::Aliases { number: Arc::from("1"), aliases: vec![Alias::Phone("1".to_owned())] },
            dedup: Some(format!("{text}-{at}")),
            event: Note::said(text),
        };
        let receipts = self.write(|ledger, tx, out| ledger.accept(tx, out, vec![item], at).unwrap());
        match &receipts[..] {
            [Receipt::Accepted { conversation: Some(id), seq: Some(seq) }] => (id.clone(), *seq),
            other => panic!("{other:?}"),
        }
    }

    fn handle(&mut self, id: &ConversationId, seq: u64, text: &str, at: Millis) {
        let folded = fold_from::<Counter>(&self.journal, id, Folded::default()).unwrap();
        let trigger = Trigger { seq, at, event: Note::said(text), parked: None };
        let session = Arc::new(Counter::default());
        let (_, mut decisions) =
            TurnMachine::begin(session, id.clone(), folded.clone(), trigger, at).unwrap();
        let Some(Decision::Commit(commit)) = decisions.pop() else {
            panic!("nothing to wait for");
        };
        self.write(|ledger, tx, out| ledger.turn(tx, out, *commit).unwrap().unwrap());
    }

    fn count(&self, space: Space) -> usize {
        self.journal.scan(space, &Range::all(), false, usize::MAX).unwrap().len()
    }
}

#[test]
fn a_checkpoint_takes_the_place_of_old_records_and_the_state_stays() {
    let mut books = Books::open();
    let mut last = None;
    for n in 0..20 {
        let (id, seq) = books.receive(&format!("m{n}"), n * 10);
        books.handle(&id, seq, &format!("m{n}"), n * 10);
        last = Some(id);
    }
    let id = last.unwrap();
    let before = fold_from::<Counter>(&books.journal, &id, Folded::default()).unwrap();
    let removed = books.write(|ledger, tx, out| ledger.retain(tx, out, &id, 100).unwrap());
    assert_eq!(removed, 19);
    let left = records::<Counter>(&books.journal, &id, 0, 100).unwrap();
    assert_eq!(left.len(), 21);
    assert!(matches!(&left[0], (20, Record::Checkpoint(it)) if it.state.said == 10 && it.handled == 19));
    let after = fold_from::<Counter>(&books.journal, &id, Folded::default()).unwrap();
    assert_eq!((after.state, after.base, after.handled), (before.state, before.base, before.handled));
    // Nothing more to do; and the conversation goes on.
    assert_eq!(books.write(|ledger, tx, out| ledger.retain(tx, out, &id, 100).unwrap()), 0);
    let (_, seq) = books.receive("more", 1000);
    assert_eq!(seq, 41);
    books.handle(&id, seq, "more", 1000);
}

#[test]
fn nothing_goes_while_an_older_event_is_unhandled() {
    let mut books = Books::open();
    let (id, waiting) = books.receive("waiting", 0);
    for n in 0..10 {
        let (id, seq) = books.receive(&format!("m{n}"), 1);
        books.handle(&id, seq, &format!("m{n}"), 1);
    }
    assert_eq!(books.write(|ledger, tx, out| ledger.retain(tx, out, &id, 100).unwrap()), 0);
    books.handle(&id, waiting, "waiting", 2);
    assert!(books.write(|ledger, tx, out| ledger.retain(tx, out, &id, 100).unwrap()) > 0);
}

const DAY: Millis = 24 * 60 * 60 * 1000;

#[test]
fn few_old_records_go_as_well_a_day_later_at_most() {
    let mut books = Books::open();
    let (id, seq) = books.receive("hello", 1_000);
    books.handle(&id, seq, "hello", 1_000);
    let mut retain = |cutoff| books.write(|ledger, tx, out| ledger.retain(tx, out, &id, cutoff).unwrap());
    assert_eq!(retain(1_000 + DAY), 0, "others may come of age meanwhile");
    assert_eq!(retain(1_001 + DAY), 1);
    assert_eq!(retain(1_001 + 9 * DAY), 0);
    let left = records::<Counter>(&books.journal, &id, 0, 100).unwrap();
    assert!(matches!(&left[..], [(2, Record::Checkpoint(it))] if it.state.log == ["hello"]));
}

#[test]
fn a_state_fades_when_all_of_its_journal_is_old_and_nothing_waits() {
    let mut books = Books::open();
    for text in ["fade", "queue"] {
        let (id, seq) = books.receive(text, 0);
        books.handle(&id, seq, text, 0);
    }
    let (id, seq) = books.receive("timer tea 5", 0);
    books.handle(&id, seq, "timer tea 5", 0);
    let before = fold_from::<Counter>(&books.journal, &id, Folded::default()).unwrap();
    let state = |books: &Books| fold_from::<Counter>(&books.journal, &id, Folded::default()).unwrap().state;
    let retain = |books: &mut Books, cutoff| {
        books.write(|ledger, tx, out| {
            let removed = ledger.retain(tx, out, &id, cutoff).unwrap();
            (removed, out.feed.len())
        })
    };
    assert_eq!(retain(&mut books, 2 * DAY), (5, 0));
    assert_eq!(state(&books).log.len(), 3, "its timer is still to come");
    let due = books.journal.scan(Space::Timers, &Range::all(), false, 1).unwrap().pop().unwrap().0;
    books.write(|ledger, tx, out| assert!(ledger.fire(tx, out, &due, 5).unwrap()));
    assert_eq!(retain(&mut books, 2 * DAY).1, 0, "nor while it is unhandled");
    assert_eq!(state(&books).log.len(), 3);
    let folded = fold_from::<Counter>(&books.journal, &id, Folded::default()).unwrap();
    let trigger = Trigger { seq: 7, at: 5, event: Note::Fired { name: "tea".to_owned() }, parked: None };
    let session = Arc::new(Counter::default());
    let (_, mut decisions) = TurnMachine::begin(session, id.clone(), folded, trigger, 5).unwrap();
    let Some(Decision::Commit(commit)) = decisions.pop() else { panic!("nothing to wait for") };
    books.write(|ledger, tx, out| ledger.turn(tx, out, *commit).unwrap().unwrap());
    assert_eq!(books.count(Space::Views), 1);
    let settle =
        Settle { key: format!("{id}/2/0").parse().unwrap(), how: Settled::Taken(None), result: None };
    books.write(|ledger, tx, out| assert!(ledger.settle(tx, out, settle, 6).unwrap()));
    // Whoever has it in memory reads it anew.
    assert_eq!(retain(&mut books, 2 * DAY), (2, 1));
    assert_eq!((state(&books).log.len(), state(&books).said), (0, 3));
    assert_eq!(books.count(Space::Views), 0);
    assert_eq!(retain(&mut books, 9 * DAY), (0, 0));
    // A snapshot from before is out of date, and no sign of harm.
    let snapshot = Folded::<Counter>::from_snapshot((*before.state).clone(), before.base, before.handled);
    let woken = wake(&books.journal, &id, Some(snapshot)).unwrap();
    assert_eq!((woken.distrust, woken.forget), (None, true));
    assert_eq!(woken.folded.state, state(&books));
}

#[test]
fn sweeps_walk_through_everything_and_remove_what_is_old() {
    let mut books = Books::open();
    for n in 0..25 {
        books.receive(&format!("m{n}"), n);
        let early: Item<Counter> = Item::Status {
            external_id: format!("x{n}"),
            key: None,
            status: Delivery::Sent,
            at: 0,
            on_failed: None,
        };
        let kept = Item::Kept { kind: "group", raw: vec![1, 2, 3] };
        books.write(|ledger, tx, out| ledger.accept(tx, out, vec![early, kept], n).unwrap());
    }
    for (sweep, space) in
        [(Sweep::Dedup, Space::Dedup), (Sweep::External, Space::External), (Sweep::Kept, Space::Kept)]
    {
        let mut cursor = None;
        let mut removed = 0;
        loop {
            let outcome =
                books.write(|ledger, tx, _| ledger.sweep(tx, sweep, cursor.as_deref(), 20, 7).unwrap());
            removed += outcome.removed;
            cursor = outcome.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((removed, books.count(space)), (20, 5), "{sweep:?}");
    }
}

#[test]
fn a_row_that_cannot_be_read_does_not_stop_a_sweep() {
    let mut books = Books::open();
    let garbage = |tx: &mut Tx<'_>| tx.put(Space::External, b"x".to_vec(), b"garbage".to_vec());
    books.write(|_, tx, _| garbage(tx));
    let outcome = books.write(|ledger, tx, _| ledger.sweep(tx, Sweep::External, None, 20, 7));
    assert_eq!(outcome.unwrap().removed, 1);
    assert_eq!(books.count(Space::External), 0);
}

#[test]
fn deliveries_whose_turns_are_gone_go_when_no_report_can_come_any_more() {
    let mut books = Books::open();
    let mut turns = Vec::new();
    for n in 0..20 {
        let (id, seq) = books.receive(&format!("m{n}"), n * 10);
        books.handle(&id, seq, &format!("m{n}"), n * 10);
        turns.push(IdempotencyKey { conversation: id, turn: seq + 1, step: 0 });
    }
    for (n, key) in turns.iter().enumerate() {
        let report: Item<Counter> = Item::Status {
            external_id: format!("x{n}"),
            key: Some(key.clone()),
            status: Delivery::Delivered,
            at: 0,
            on_failed: None,
        };
        books.write(|ledger, tx, out| ledger.accept(tx, out, vec![report], 0).unwrap());
        if n != 3 {
            let settle =
                Settle { key: key.clone(), how: Settled::Taken(Some(format!("x{n}"))), result: None };
            assert!(books.write(|ledger, tx, out| ledger.settle(tx, out, settle, 0).unwrap()));
        }
    }
    let id = turns[0].conversation.clone();
    assert_eq!(books.count(Space::Deliveries), 20);
    assert_eq!(books.write(|ledger, tx, out| ledger.retain(tx, out, &id, 100).unwrap()), 19);
    assert_eq!(books.count(Space::Deliveries), 20, "their ids are known, so that reports may come");
    let swept = books.write(|ledger, tx, _| ledger.sweep(tx, Sweep::External, None, 1, 99).unwrap());
    assert_eq!(swept.removed, 20);
    // Those of turns 11 to 20, of the turn that is a checkpoint now, and the one that is still in the outbox.
    assert_eq!(books.count(Space::Deliveries), 12);
}

/// Found by the simulation: retention took the delivery's row with its turn, so that a repeated report of a failure
/// began anew, and the conversation was told twice.
#[test]
fn a_failure_reported_again_after_retention_is_told_once() {
    let mut books = Books::open();
    let mut sent = None;
    for n in 0..10 {
        let (id, seq) = books.receive(&format!("m{n}"), n);
        books.handle(&id, seq, &format!("m{n}"), n);
        let key = IdempotencyKey { conversation: id.clone(), turn: seq + 1, step: 0 };
        let how = Settled::Taken(Some(format!("x{n}")));
        let settle = Settle { key: key.clone(), how, result: None };
        assert!(books.write(|ledger, tx, out| ledger.settle(tx, out, settle, n).unwrap()));
        sent.get_or_insert(key);
    }
    let key = sent.unwrap();
    let mut told = Vec::new();
    for round in 0..3 {
        let failed: Item<Counter> = Item::Status {
            external_id: "x0".to_owned(),
            key: (round == 2).then(|| key.clone()),
            status: Delivery::Failed,
            at: 20,
            on_failed: Some(Note::Bounced),
        };
        let fed = books.write(|ledger, tx, out| {
            ledger.accept(tx, out, vec![failed], 20).unwrap();
            out.feed.len()
        });
        told.push(fed);
        if round == 0 {
            let id = &key.conversation;
            // What it told is handled before the old records go.
            books.handle(id, 21, "bounced", 21);
            assert!(books.write(|ledger, tx, out| ledger.retain(tx, out, id, 22).unwrap()) > 0);
        }
    }
    assert_eq!(told, [1, 0, 0]);
}
