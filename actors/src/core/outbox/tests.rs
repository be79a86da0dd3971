use super::*;
use crate::testing::{Counter, Deed};

fn key(person: u64) -> IdempotencyKey {
    format!("{person}@1/2/0").parse().unwrap()
}

fn entry(person: u64, resend_unknown: bool) -> Entry<Counter> {
    Entry {
        key: key(person),
        effect: Deed::Say(person.to_string()),
        resend_unknown,
        claimed: resend_unknown,
        attempts: 0,
        doubt: false,
        left: false,
    }
}

fn echoed(orders: &[Order<Counter>], of: &IdempotencyKey) -> bool {
    matches!(orders, [Order::Settle { key, how: Settled::Echoed, .. }] if key == of)
}

/// One effect whose outcome is unknown; another that keeps the only place, so that the first stands in line.
fn in_line_again() -> Outbox<Counter> {
    let mut outbox = Outbox::new(1, 100);
    assert_eq!(outbox.queue(entry(1, true), 0).len(), 1);
    outbox.tried(&key(1), Tried::Unknown, 0);
    outbox.recorded(&key(1), 0);
    assert_eq!(outbox.queue(entry(2, true), 1).len(), 1);
    assert!(outbox.tick(100).is_empty(), "no place is free");
    outbox
}

#[test]
fn an_echo_settles_what_stands_in_line_to_be_sent_again() {
    let mut outbox = in_line_again();
    assert!(echoed(&outbox.echo(&key(1), 101), &key(1)));
    outbox.recorded(&key(1), 101);
    let orders = outbox.tried(&key(2), Tried::Over(Settled::Taken(None), None), 102);
    assert!(matches!(&orders[..], [Order::Settle { .. }]), "{orders:?}");
    assert!(outbox.recorded(&key(2), 103).is_empty());
    assert_eq!((outbox.depth(), outbox.in_flight()), (0, 0));
}

#[test]
fn an_echo_settles_what_an_earlier_start_left_though_it_stands_in_line() {
    let mut outbox = Outbox::new(1, 100);
    let left = Entry { doubt: true, ..entry(1, true) };
    assert!(outbox.queue(left, 0).is_empty());
    assert_eq!(outbox.queue(entry(2, true), 1).len(), 1);
    assert!(outbox.tick(100).is_empty());
    assert!(echoed(&outbox.echo(&key(1), 101), &key(1)));
}

#[test]
fn what_waits_for_its_turn_has_not_been_tried_and_nothing_is_recorded() {
    let mut outbox = Outbox::<Counter>::new(1, 100);
    outbox.queue(entry(1, true), 0);
    for round in 0..20 {
        assert!(outbox.tried(&key(1), Tried::Later { delay: 10 }, round * 10).is_empty(), "no commit");
        assert_eq!(outbox.in_flight(), 0);
        assert!(outbox.echo(&key(1), round * 10).is_empty(), "it never left");
        let orders = outbox.tick(round * 10 + 10);
        assert!(matches!(&orders[..], [Order::Dispatch { attempt: 1, tried: false, .. }]), "{orders:?}");
    }
}

#[test]
fn the_claim_of_what_must_not_go_twice_is_taken_back_while_it_waits_for_its_turn() {
    let mut outbox = Outbox::<Counter>::new(1, 100);
    outbox.queue(entry(1, false), 0);
    assert_eq!(outbox.recorded(&key(1), 0).len(), 1, "claimed");
    let orders = outbox.tried(&key(1), Tried::Later { delay: 10 }, 0);
    assert!(matches!(&orders[..], [Order::Mark(_, Mark::NotTaken { attempts: 0 })]), "{orders:?}");
    outbox.recorded(&key(1), 0);
    assert!(matches!(&outbox.tick(10)[..], [Order::Mark(_, Mark::Claimed)]));
}

#[test]
fn an_echo_is_believed_while_a_mark_or_a_claim_is_being_written() {
    let mut outbox = Outbox::<Counter>::new(1, 100);
    outbox.queue(entry(1, false), 0);
    assert_eq!(outbox.recorded(&key(1), 0).len(), 1, "claimed");
    outbox.tried(&key(1), Tried::Again { delay: 10 }, 0);
    outbox.recorded(&key(1), 0);
    let orders = outbox.tick(10);
    assert!(matches!(&orders[..], [Order::Mark(_, Mark::Claimed)]));
    assert!(outbox.echo(&key(1), 10).is_empty());
    assert!(echoed(&outbox.recorded(&key(1), 11), &key(1)));
    assert_eq!(outbox.in_flight(), 0);

    let mut outbox = Outbox::new(1, 100);
    outbox.queue(entry(1, true), 0);
    outbox.tried(&key(1), Tried::Again { delay: 10 }, 0);
    assert!(outbox.echo(&key(1), 0).is_empty());
    assert!(echoed(&outbox.recorded(&key(1), 1), &key(1)));
}

#[test]
fn an_echo_of_what_never_left_is_not_believed() {
    let mut outbox = Outbox::new(1, 100);
    assert_eq!(outbox.queue(entry(2, true), 0).len(), 1);
    assert!(outbox.queue(entry(1, true), 0).is_empty());
    assert!(outbox.echo(&key(1), 0).is_empty());
    let orders = outbox.tried(&key(2), Tried::Over(Settled::Taken(None), None), 1);
    let leaves = |order: &Order<Counter>| matches!(order, Order::Dispatch { .. });
    assert!(orders.iter().any(leaves), "{orders:?}");
    let orders = outbox.tried(&key(1), Tried::Again { delay: 10 }, 2);
    assert!(matches!(&orders[..], [Order::Mark(..)]), "{orders:?}");
}
