//! The second look: what only seemed wrong is taken off, and what is wrong stays or comes to light.

use super::*;
use crate::load::journal::{Journal, Page};
use serde_json::{Value, json};

const STEM: &str = "S.";

/// The journal of the first person, record by record.
struct Story(Vec<Value>);

impl Story {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn add(&mut self, record: &Value) -> u64 {
        let seq = self.0.len() as u64 + 1;
        self.0.push(json!({ "seq": seq, "record": record }));
        seq
    }

    fn received(&mut self, n: u32) -> u64 {
        let id = crate::load::wire::wamid(STEM, 0, n);
        self.add(&json!({"record": "received", "at": 1, "event": {"event": "received", "id": id}}))
    }

    fn returned(&mut self, call: u64) -> u64 {
        self.add(&json!({"record": "received", "at": 1, "event": {"event": "returned", "call": call}}))
    }

    fn turn(&mut self, trigger: u64, changes: &Value, sends: usize) -> u64 {
        let outbox = vec![json!({"effect": "send"}); sends];
        let steps = json!([{"at": 1, "changes": changes}]);
        self.add(&json!({"record": "turn", "triggers": [trigger], "steps": steps, "outbox": outbox}))
    }

    fn journal(self) -> Journal {
        let page: Page = serde_json::from_value(json!({ "records": self.0 })).unwrap();
        let mut journal = Journal::default();
        journal.add(page).unwrap();
        journal
    }
}

/// A chat that has begun, with a journal of it so far.
fn begun() -> (Play, Story) {
    let mut play = Play::new();
    let mut story = Story::new();
    let name = play.crowd.person(0).name;
    for (n, text) in [(0, format!("Hi {name}! {TERMS}")), (1, "Thank you! ✅ How can I help you?".into())] {
        play.writes(0);
        let received = story.received(n);
        let turn = story.turn(received, &json!([]), 1);
        let choices: &[&str] = if n == 0 { &["/Consent(yes)"] } else { &[] };
        play.send(0, 0, turn, 0, &text, choices);
    }
    (play, story)
}

fn concluded(mut play: Play, story: Story) -> (Vec<(String, u64)>, u64) {
    play.crowd.settle(play.now);
    play.crowd.look_again(0, &story.journal(), STEM);
    let settled = play.crowd.meter.counts.get("settled_by_the_journal").copied().unwrap_or(0);
    (play.stands(), settled)
}

fn call() -> Value {
    json!([{"change": "call_made", "id": 1, "call": {}}])
}

fn kept() -> Value {
    json!([{"change": "message_held", "message": {"id": "h", "text": "x"}}])
}

/// Writes, is answered by the turn of a result that also takes up what was kept: two messages, one turn.
fn two_in_one(released: bool) -> (Play, Story) {
    let (mut play, mut story) = begun();
    play.writes(0);
    let received = story.received(2);
    story.turn(received, &call(), 0);
    play.writes(0);
    let received = story.received(3);
    story.turn(received, &kept(), 0);
    let received = story.returned(1);
    let changes = if released { json!([{"change": "held_released"}]) } else { json!([]) };
    let turn = story.turn(received, &changes, 1);
    play.send(0, 0, turn, 0, FINE, &[]);
    (play, story)
}

#[test]
fn two_messages_that_one_turn_answers_are_not_lost() {
    let (play, story) = two_in_one(true);
    assert_eq!(concluded(play, story), (vec![], 1));
    let (play, story) = two_in_one(false);
    assert_eq!(concluded(play, story), (vec![("lost".to_owned(), 1)], 0));
}

#[test]
fn without_a_journal_every_doubt_stands() {
    let (play, _) = two_in_one(true);
    play.only("lost");
}

#[test]
fn what_the_journal_never_had_is_lost_whichever_message_seemed_to_be() {
    let (mut play, mut story) = begun();
    // The first is lost; the answer to the second was taken for its own.
    play.writes(0);
    play.writes(0);
    let received = story.received(3);
    let turn = story.turn(received, &json!([]), 1);
    play.send(0, 0, turn, 0, FINE, &[]);
    play.crowd.settle(play.now);
    play.crowd.look_again(0, &story.journal(), STEM);
    play.crowd.stand();
    let list = play.crowd.wrongs.list();
    assert_eq!((list.len(), list[0].kind.as_str(), list[0].count), (1, "lost", 1));
    assert!(list[0].examples[0].contains(&crate::load::wire::wamid(STEM, 0, 2)), "{list:?}");
}

#[test]
fn what_the_journal_has_as_sent_and_never_came_is_lost() {
    let (mut play, mut story) = begun();
    play.writes(0);
    let received = story.received(2);
    let turn = story.turn(received, &json!([]), 1);
    // It comes when nobody waits for it any more.
    play.crowd.settle(play.now);
    play.send(0, 0, turn, 0, FINE, &[]);
    play.crowd.look_again(0, &story.journal(), STEM);
    assert_eq!(play.stands(), [("lost".to_owned(), 1)]);
}

#[test]
fn what_a_call_brought_was_asked_for_and_what_has_no_reason_was_not() {
    for caused in [true, false] {
        let (mut play, mut story) = begun();
        play.writes(0);
        let received = story.received(2);
        let turn = story.turn(received, &call(), 1);
        play.send(0, 0, turn, 0, FINE, &[]);
        let received = if caused { story.returned(1) } else { received };
        let turn = story.turn(received, &json!([]), 1);
        play.send(0, 0, turn, 0, "By the way, the shop is open.", &[]);
        let found = if caused { vec![] } else { vec![("unasked".to_owned(), 1)] };
        assert_eq!(concluded(play, story), (found, u64::from(caused)));
    }
}

#[test]
fn what_nobody_need_answer_is_not_looked_for() {
    let (mut play, mut story) = begun();
    play.writes(0);
    play.crowd.chats[0].excuse();
    let received = story.received(2);
    story.turn(received, &json!([]), 0);
    // A doubt about something else.
    let received = story.returned(7);
    let turn = story.turn(received, &json!([]), 1);
    play.now += 20_000_000;
    play.crowd.chats[0].pending.clear();
    play.send(0, 0, turn, 0, "By the way, the shop is open.", &[]);
    assert_eq!(concluded(play, story), (vec![("unasked".to_owned(), 1)], 0));
}

#[test]
fn the_same_words_again_are_doubled_though_something_else_need_not_have_been_answered() {
    for caused in [true, false] {
        let (mut play, mut story) = begun();
        for n in [2, 3] {
            play.writes(0);
            play.crowd.chats[0].pending.back_mut().unwrap().required = n == 3;
        }
        let received = story.received(2);
        let turn = story.turn(received, &json!([]), 1);
        play.send(0, 0, turn, 0, FINE, &[]);
        let received = if caused { story.received(3) } else { received };
        let turn = story.turn(received, &json!([]), 1);
        play.send(0, 0, turn, 0, FINE, &[]);
        if !caused {
            let received = story.received(3);
            let turn = story.turn(received, &json!([]), 1);
            play.crowd.chats[0].excused = 0;
            play.crowd.chats[0].seen.push((turn, 0));
        }
        let found = if caused { vec![] } else { vec![("doubled".to_owned(), 1)] };
        assert_eq!(concluded(play, story), (found, u64::from(caused)));
    }
}

#[test]
fn what_a_result_seems_to_answer_with_it_is_looked_up() {
    let both = "Order ORD-10001 has been *cancelled* ✅\n\nHow did that go?";
    for handled in [true, false] {
        let (mut play, mut story) = begun();
        play.writes(0);
        let received = story.received(2);
        story.turn(received, &call(), 0);
        play.writes(0);
        if handled {
            let received = story.received(3);
            story.turn(received, &kept(), 0);
        }
        let received = story.returned(1);
        let turn = story.turn(received, &json!([{"change": "held_released"}]), 1);
        play.send(0, 0, turn, 0, both, &[]);
        let found = if handled { vec![] } else { vec![("lost".to_owned(), 1)] };
        assert_eq!(concluded(play, story), (found, 0));
    }
}
