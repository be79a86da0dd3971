//! Made-up mistakes: the judge must find each of them, and nothing where there is none.

use super::{
    arrivals::{Arrival, Kind},
    chat::{Expect, Out, What},
    crowd::Crowd,
    reply::{Choice, Key, Reply},
    scenario::Scenario,
    texts::Texts,
};
use std::path::Path;

mod journal;
mod language;

const TERMS: &str =
    "Before we start: may I use your number, your messages and your order data to answer you in this chat?";

struct Play {
    crowd: Crowd,
    now: u64,
    turns: Vec<u64>,
    sent: u32,
}

impl Play {
    fn new() -> Self {
        let text = "name='x'\nabout='y'\nsessions=3\nwarm_up_s=0\nduration_s=60\n\
            [mix]\nfree=0\nabandoned=1\nmessages=1000\nvarieties=[1.0,0,0,0]\n[numbers]\ncount=1\n";
        let scenario = Scenario::parse(text, Path::new("x.toml")).unwrap();
        let mut crowd = Crowd::new(scenario, Texts::load(Path::new("/nowhere")), 0);
        crowd.meter.measuring = true;
        Self { crowd, now: 0, turns: vec![0; 8], sent: 0 }
    }

    /// The session writes; its message is acknowledged.
    fn writes(&mut self, slot: u32) -> Out {
        self.now += 1_000_000;
        let arrival = Arrival { at: self.now, slot, kind: Kind::Next };
        let out = self.crowd.act(arrival, self.now).unwrap();
        assert_eq!(self.crowd.acked(out.person), None);
        out
    }

    fn send(&mut self, to: u32, conversation: u32, turn: u64, step: u32, text: &str, choices: &[&str]) {
        self.now += 20_000;
        self.sent += 1;
        let choice = |id: &&str| Choice { id: (*id).to_owned(), title: "Title".into(), row: false };
        let reply = Reply {
            to: self.crowd.person(to).wa_id,
            text: text.to_owned(),
            choices: choices.iter().map(choice).collect(),
            key: Some(Key { conversation: format!("{conversation}@106540352242922"), turn, step }),
        };
        let wamid = format!("wamid.{}", self.sent);
        self.crowd.reply(self.now, "106540352242922", reply, &wamid);
    }

    /// The right answer in a new turn.
    fn answers(&mut self, person: u32, text: &str, choices: &[&str]) {
        self.turns[person as usize] += 1;
        self.send(person, person, self.turns[person as usize], 0, text, choices);
    }

    /// Greets and asks for consent, which is given.
    fn begins(&mut self, slot: u32) {
        let person = self.writes(slot).person;
        let name = self.crowd.person(person).name;
        self.answers(person, &format!("Hi {name}! {TERMS}"), &["/Consent(yes)"]);
        self.writes(slot);
        self.answers(person, "Thank you! ✅ How can I help you?", &[]);
    }

    fn found(mut self) -> Vec<(String, u64)> {
        self.crowd.settle(self.now);
        self.stands()
    }

    /// What is wrong, whatever else seems so.
    fn stands(mut self) -> Vec<(String, u64)> {
        self.crowd.stand();
        self.crowd.wrongs.list().into_iter().map(|wrong| (wrong.kind, wrong.count)).collect()
    }

    fn only(self, kind: &str) {
        assert_eq!(self.found(), [(kind.to_owned(), 1)]);
    }
}

const FINE: &str =
    "Here is what we have for you, and this is what it will cost with the delivery to your place.";

fn two_who_talk() -> Play {
    let mut play = Play::new();
    play.begins(0);
    play.begins(1);
    for slot in [0, 1, 0] {
        let person = play.writes(slot).person;
        play.answers(person, FINE, &[]);
    }
    play
}

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    assert_eq!(two_who_talk().found(), []);
}

#[test]
fn an_answer_that_never_comes_is_lost() {
    let mut play = two_who_talk();
    play.writes(0);
    play.only("lost");
}

#[test]
fn the_same_message_again_is_doubled() {
    let mut play = two_who_talk();
    let turn = play.turns[0];
    play.send(0, 0, turn, 0, FINE, &[]);
    play.only("doubled");
}

#[test]
fn the_same_words_under_another_key_are_doubled() {
    let mut play = two_who_talk();
    play.answers(0, FINE, &[]);
    play.only("doubled");
}

#[test]
fn other_words_that_nobody_asked_for_are_found() {
    let mut play = two_who_talk();
    play.answers(0, "By the way, the shop is open.", &[]);
    play.only("unasked");
}

#[test]
fn what_an_answer_has_had_done_may_come_after_it() {
    let mut play = two_who_talk();
    play.answers(0, "Sorry, that time has just been taken. Please pick another one.", &[]);
    assert_eq!(play.found(), []);
}

#[test]
fn what_became_of_something_left_is_no_answer_to_what_is_asked_meanwhile() {
    let told = "About what you had confirmed before (Cancel an order): it was not done.";
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(0, told, &[]);
    play.answers(0, FINE, &[]);
    assert_eq!(play.found(), []);
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(0, told, &[]);
    play.only("lost");
}

#[test]
fn what_was_written_while_a_result_was_waited_for_may_be_answered_with_it() {
    let both = "Here it is 📄 for order *ORD-10001*:\nhttp://shop/documents/1\n\nI don't see *revolution* in your orders.";
    let mut play = two_who_talk();
    play.writes(0);
    play.writes(0);
    play.answers(0, both, &[]);
    assert_eq!(play.found(), []);

    let ticket = "Tu solicitud tiene el número de referencia *9124*.\n\n¿A cuál te refieres?";
    let mut play = two_who_talk();
    play.writes(0);
    play.writes(0);
    play.answers(0, ticket, &[]);
    assert_eq!(play.found(), []);

    // It may be answered by itself as well, and what is written later has its own answer.
    let mut play = two_who_talk();
    play.writes(0);
    play.writes(0);
    play.answers(0, both, &[]);
    play.answers(0, FINE, &[]);
    play.writes(0);
    play.answers(0, FINE, &[]);
    assert_eq!(play.found(), []);

    // The thanks for a consent are no result.
    let mut play = Play::new();
    let person = play.writes(0).person;
    let name = play.crowd.person(person).name;
    play.answers(person, &format!("Hi {name}! {TERMS}"), &["/Consent(yes)"]);
    play.writes(0);
    play.writes(0);
    play.answers(person, "Thank you! ✅\n\nWhich one do you mean?", &[]);
    play.only("lost");

    // A third message is not excused, nor one behind a result alone.
    for (more, text) in [(2, both), (1, "Here it is 📄 for order *ORD-10001*:\nhttp://shop/documents/1")] {
        let mut play = two_who_talk();
        (0..=more).for_each(|_| drop(play.writes(0)));
        play.answers(0, text, &[]);
        play.only("lost");
    }
}

#[test]
fn swapped_answers_are_misordered() {
    let mut play = two_who_talk();
    play.writes(0);
    play.writes(0);
    let turn = play.turns[0];
    play.send(0, 0, turn + 2, 0, FINE, &[]);
    play.send(0, 0, turn + 1, 0, FINE, &[]);
    assert_eq!(play.found(), [("lost".to_owned(), 1), ("misordered".to_owned(), 1)]);
}

#[test]
fn what_was_meant_for_another_is_found_by_its_key() {
    let mut play = two_who_talk();
    play.writes(0);
    play.writes(1);
    let (one, other) = (play.turns[0] + 1, play.turns[1] + 1);
    play.send(1, 0, one, 0, FINE, &[]);
    play.send(0, 1, other, 0, FINE, &[]);
    assert_eq!(play.found(), [("lost".to_owned(), 2), ("wrong person".to_owned(), 2)]);
}

#[test]
fn anothers_name_or_order_is_found_whatever_the_key() {
    let mut play = Play::new();
    let person = play.writes(0).person;
    play.answers(person, &format!("Hi Somebody! {TERMS}"), &["/Consent(yes)"]);
    play.only("wrong content");

    let mut play = two_who_talk();
    play.writes(0);
    play.answers(0, "Your order ORD-10021 is on its way.", &[]);
    play.writes(1);
    play.answers(1, "Your order ORD-10021 is on its way.", &[]);
    play.only("wrong person");
}

#[test]
fn who_writes_an_order_number_may_be_told_of_it_turns_later() {
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(0, "Your order ORD-4711 is on its way.", &[]);
    play.crowd.chats[1].mentions("and ORD-4711, where is that");
    for _ in 0..2 {
        play.writes(1);
        play.answers(1, "There is no ORD-4711 under your number.", &[]);
    }
    assert_eq!(play.found(), []);
}

#[test]
fn a_stranger_a_wrong_number_and_a_missing_key_are_found() {
    let mut play = two_who_talk();
    play.send(7, 7, 1, 0, FINE, &[]);
    play.only("wrong person");

    let mut play = two_who_talk();
    let to = play.crowd.person(0).wa_id;
    play.writes(0);
    let reply = Reply { to, text: FINE.into(), choices: Vec::new(), key: None };
    play.crowd.reply(play.now, "106540352242922", reply.clone(), "w");
    play.crowd.reply(play.now, "1", reply, "w");
    assert_eq!(
        play.found(),
        [("lost".to_owned(), 1), ("wrong key".to_owned(), 1), ("wrong person".to_owned(), 1)]
    );
}

#[test]
fn an_answer_to_what_needed_none_is_not_taken_for_the_next_ones() {
    let waits = |play: &mut Play, required: bool, words: &str| {
        play.writes(0);
        let last = play.crowd.chats[0].pending.back_mut().unwrap();
        last.required = required;
        last.expect = Expect::Words(words.into());
    };
    let both = || {
        let mut play = two_who_talk();
        waits(&mut play, false, "the first");
        waits(&mut play, true, "the second");
        play
    };
    let mut play = both();
    play.answers(0, "Here is the first.", &[]);
    play.answers(0, "Here is the second.", &[]);
    assert_eq!(play.found(), []);

    let mut play = both();
    play.answers(0, "Here is the second.", &[]);
    assert_eq!(play.found(), []);

    // The first's answer may pass for the second's, which then has two messages.
    let mut play = two_who_talk();
    waits(&mut play, false, "the first");
    waits(&mut play, true, "here is the");
    play.answers(0, "Here is the first.", &[]);
    play.answers(0, "Here is the second.", &[]);
    let turn = play.turns[0];
    play.send(0, 0, turn, 1, "Shall I show a third as well?", &[]);
    assert_eq!(play.found(), []);

    let mut play = both();
    play.answers(0, "Here is the first.", &[]);
    play.only("lost");

    let mut play = both();
    play.answers(0, "Here is the first.", &[]);
    play.answers(0, "Here is a third.", &[]);
    play.only("wrong content");
}

#[test]
fn a_thread_that_comes_back_answers_all_that_was_written_meanwhile() {
    let mut play = two_who_talk();
    play.answers(0, "Charla here again 🤖 – good that my colleague could help.", &[]);
    let turn = play.turns[0];
    play.send(0, 0, turn, 1, "It costs as much as the other one, with the delivery to your place.", &[]);
    play.send(0, 0, turn, 2, "The shop is open until nine in the evening on all days of the week.", &[]);
    assert_eq!(play.found(), []);
}

#[test]
fn another_language_is_found() {
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(
        0,
        "Aquí puedo ver el pedido y te digo qué día está en la tienda, por si lo quieres para el lunes.",
        &[],
    );
    play.writes(0);
    play.answers(
        0,
        "Main yeh sab kar sakta hoon aur aapka order bhi yahan se track hota hai, bataiye kya chahiye aapko.",
        &[],
    );
    play.only("wrong language");
}

#[test]
fn a_changed_language_that_was_announced_is_fine() {
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(0, "Sigo en *español* 🙂 – escribe *English*, *हिंदी* o *Hinglish* para cambiar.", &[]);
    play.writes(0);
    play.answers(
        0,
        "Aquí puedo ver el pedido y te digo qué día está en la tienda, por si lo quieres para el lunes.",
        &[],
    );
    assert_eq!(play.found(), []);
}

#[test]
fn a_language_wished_for_after_a_guess_is_fine() {
    let mut play = two_who_talk();
    for text in [
        "Main yeh sab kar sakta hoon aur aapka order bhi yahan se track hota hai, bataiye kya chahiye aapko.",
        "Te escribo en *español*.",
        "Aquí puedo ver el pedido y te digo qué día está en la tienda, por si lo quieres para el lunes.",
    ] {
        play.writes(0);
        play.answers(0, text, &[]);
    }
    assert_eq!(play.found(), []);
}

#[test]
fn placeholders_and_errors_are_found() {
    for text in [
        "Hello {{ name }}",
        "CHARLA-E1101: no such response",
        "  ",
        "Sorry, something went wrong on our side. 😕",
    ] {
        let mut play = two_who_talk();
        play.writes(0);
        play.answers(0, text, &[]);
        play.only("wrong content");
    }
}

#[test]
fn a_tap_is_answered_with_what_was_tapped() {
    for (title, wrong) in [("Title", false), ("Another", true)] {
        let mut play = two_who_talk();
        let rows = ["/StartFlow(product_details, sku='A')"];
        // Until it is tapped; what is typed meanwhile offers it again.
        let tapped = (0..200).any(|_| {
            let out = play.writes(0);
            let tapped = matches!(out.what, What::Tap(..));
            let answer = if tapped {
                format!("*{title}* · a phone, and what you want to know of it")
            } else {
                FINE.to_owned()
            };
            play.turns[0] += 1;
            let turn = play.turns[0];
            let choice = Choice { id: rows[0].into(), title: "Title".into(), row: true };
            let key = Some(Key { conversation: "0@106540352242922".into(), turn, step: 0 });
            let choices = if tapped { Vec::new() } else { vec![choice] };
            let reply = Reply { to: play.crowd.person(0).wa_id, text: answer, choices, key };
            play.crowd.reply(play.now, "106540352242922", reply, "w");
            tapped
        });
        assert!(tapped);
        let found = play.found();
        assert_eq!(found.iter().any(|(kind, _)| kind == "wrong content"), wrong, "{found:?}");
    }
}

#[test]
fn nobody_need_answer_while_a_person_has_the_thread() {
    let mut play = two_who_talk();
    play.writes(0);
    play.answers(
        0,
        "I'm bringing in *a person from our team* 🙋. They will see what we have written so far.",
        &[],
    );
    play.writes(0);
    play.send(0, 0, play.turns[0] + 1, 0, "[agent] This is Maya (0@106540352242922).", &[]);
    play.turns[0] += 1;
    play.answers(
        0,
        "Charla here again 🤖 – glad my colleague could settle it. Write whenever you need something.",
        &[],
    );
    play.writes(0);
    play.answers(0, FINE, &[]);
    assert_eq!(play.found(), []);

    let mut play = two_who_talk();
    play.writes(0);
    play.answers(
        0,
        "I'm bringing in *a person from our team* 🙋. They will see what we have written so far.",
        &[],
    );
    play.answers(
        0,
        "Charla here again 🤖 – glad my colleague could settle it. Write whenever you need something.",
        &[],
    );
    play.writes(0);
    play.only("lost");
}

#[test]
fn an_agents_words_for_another_are_found() {
    let mut play = two_who_talk();
    let turn = play.turns[0] + 1;
    play.send(0, 0, turn, 0, "[agent] This is Maya (1@106540352242922).", &[]);
    play.only("wrong person");
}

#[test]
fn an_agents_words_that_never_come_are_lost() {
    for (seconds, comes, lost) in [(20, false, true), (20, true, false), (5, false, false)] {
        let mut play = two_who_talk();
        play.crowd.agent_wrote(play.now, "0@106540352242922");
        if comes {
            let turn = play.turns[0] + 1;
            play.send(0, 0, turn, 0, "[agent] This is Maya (0@106540352242922).", &[]);
        }
        play.now += seconds * 1_000_000;
        assert_eq!(play.found(), if lost { vec![("lost".to_owned(), 1)] } else { vec![] });
    }
}

#[test]
fn what_a_turn_has_had_done_may_come_after_its_answer() {
    let mut play = two_who_talk();
    play.answers(0, "Order ORD-10021 has been *cancelled* ✅", &[]);
    assert_eq!(play.found(), []);
}

#[test]
fn every_echo_is_the_text_itself() {
    let text = "name='x'\nabout='y'\nsessions=2\nwarm_up_s=0\nduration_s=60\nassistant='echo'\n";
    let scenario = Scenario::parse(text, Path::new("x.toml")).unwrap();
    let mut crowd = Crowd::new(scenario, Texts::load(Path::new("/nowhere")), 0);
    for (slot, wrong) in [(0, false), (1, true)] {
        let out = crowd.act(Arrival { at: 1, slot, kind: Kind::Next }, 1).unwrap();
        let What::Text(text) = out.what else { panic!("a tap") };
        let person = crowd.person(out.person);
        let text = if wrong { "amber 0 birch 0 000000".to_owned() } else { text };
        let key = Some(Key { conversation: format!("{slot}@1"), turn: 1, step: 0 });
        let number = crowd.numbers[person.number].id.clone();
        crowd.reply(5, &number, Reply { to: person.wa_id, text, choices: Vec::new(), key }, "w");
    }
    crowd.settle(5);
    let found = crowd.wrongs.list();
    assert_eq!(found.iter().map(|w| (w.kind.as_str(), w.count)).collect::<Vec<_>>(), [("wrong content", 1)]);
}
