//! Random correct histories pass; every kind of damage to them is found, and found as what it is.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type History = Vec<(Micros, Event)>;

const MS: Micros = 1_000;

fn judge(history: &[(Micros, Event)]) -> Oracle {
    let mut oracle = Oracle::new(Window::default());
    for (at, event) in history {
        oracle.see(*at, event.clone());
        if at % 7 == 0 {
            oracle.retire(*at);
        }
    }
    let end = history.last().map_or(0, |(at, _)| at + 60_000 * MS);
    oracle.settle(end);
    oracle.retire(end);
    oracle
}

fn kinds(history: &[(Micros, Event)]) -> BTreeSet<Kind> {
    let oracle = judge(history);
    assert_eq!(oracle.violations().len() as u64, oracle.totals().violations);
    oracle.violations().iter().map(|violation| violation.kind).collect()
}

/// An engine that keeps its promises, and a world that is hard on it: bodies of several messages, copies late and at once,
/// deaths between any two things it does, answers withheld, echoes early and late.
struct Model {
    dice: fastrand::Rng,
    at: Micros,
    history: History,
    life: u32,
    attempts: u64,
    written: BTreeMap<u32, u32>,
    /// Bodies not yet acknowledged, by customer: the next leaves when the one before is acknowledged.
    bodies: BTreeMap<u32, VecDeque<Vec<Name>>>,
    /// On disk: accepted ever; to be answered, in order; answered and recorded.
    accepted: BTreeSet<Name>,
    work: BTreeMap<u32, VecDeque<Name>>,
    /// The first of the work that has left and is not recorded: under which start.
    doubt: BTreeMap<u32, u32>,
    echoes: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            at: 0,
            history: Vec::new(),
            life: 1,
            attempts: 0,
            written: BTreeMap::new(),
            bodies: BTreeMap::new(),
            accepted: BTreeSet::new(),
            work: BTreeMap::new(),
            doubt: BTreeMap::new(),
            echoes: Vec::new(),
        }
    }

    fn see(&mut self, event: Event) {
        self.at += self.dice.u64(1..20) * MS;
        self.history.push((self.at, event));
    }

    fn write(&mut self) {
        let customer = self.dice.u32(..3);
        let mut body = Vec::new();
        for _ in 0..self.dice.u32(1..4) {
            let number = self.written.entry(customer).or_default();
            body.push(Name { customer, number: *number });
            *number += 1;
        }
        for name in &body {
            self.see(Event::Said(*name));
        }
        self.bodies.entry(customer).or_default().push_back(body);
    }

    fn leave(&mut self, messages: Vec<Name>, echoes: Vec<String>) -> u64 {
        self.attempts += 1;
        let attempt = self.attempts;
        self.see(Event::Left { attempt, messages, echoes });
        attempt
    }

    /// A body goes out and, unless the engine dies over it, comes back; sometimes with a twin.
    fn deliver(&mut self, customer: u32) {
        let Some(body) = self.bodies.get(&customer).and_then(VecDeque::front).cloned() else { return };
        let attempt = self.leave(body.clone(), Vec::new());
        let twin = self.dice.bool().then(|| self.leave(body.clone(), Vec::new()));
        let ok = self.dice.u8(..10) < 7;
        if ok || self.dice.bool() {
            for name in &body {
                if self.accepted.insert(*name) {
                    self.work.entry(customer).or_default().push_back(*name);
                }
            }
        }
        if !ok && self.dice.bool() {
            self.die();
        }
        for attempt in [Some(attempt), twin].into_iter().flatten() {
            self.see(Event::Answered { attempt, ok });
        }
        if ok {
            self.bodies.get_mut(&customer).and_then(VecDeque::pop_front);
        }
    }

    fn key(name: Name) -> String {
        format!("{}@1/{}/0", name.customer, name.number)
    }

    fn echo(&mut self) {
        if !self.echoes.is_empty() {
            let key = self.echoes.swap_remove(self.dice.usize(..self.echoes.len()));
            let attempt = self.leave(Vec::new(), vec![key.clone()]);
            self.see(Event::Answered { attempt, ok: true });
            // What it was told, it settles.
            let doubted: Vec<u32> = self.doubt.keys().copied().collect();
            for customer in doubted {
                if self.work[&customer].front().is_some_and(|name| Self::key(*name) == key) {
                    self.record(customer);
                }
            }
        }
    }

    fn record(&mut self, customer: u32) {
        self.doubt.remove(&customer);
        self.work.get_mut(&customer).and_then(VecDeque::pop_front);
    }

    /// The next answer of a customer: sent, and recorded unless the engine dies upon it or gets no word.
    fn answer(&mut self, customer: u32) {
        let Some(name) = self.work.get(&customer).and_then(VecDeque::front).copied() else { return };
        let answered = self.dice.u8(..10) > 0;
        let (text, recipient, life) = (name.to_string(), name.wa_id(), self.life);
        self.see(Event::Sent { recipient, text, key: Some(Self::key(name)), life, answered });
        self.echoes.push(Self::key(name));
        if self.dice.u8(..10) == 0 {
            self.doubt.insert(customer, self.life);
            self.die();
        } else if answered {
            self.record(customer);
        } else {
            self.doubt.insert(customer, self.life);
        }
    }

    fn die(&mut self) {
        let life = self.life;
        self.see(Event::Died { life, clean: false });
        self.life += 1;
    }

    fn history(mut self) -> History {
        for _ in 0..60 {
            let customer = self.dice.u32(..3);
            match self.dice.u8(..8) {
                0 | 1 => self.write(),
                2 | 3 => self.deliver(customer),
                4 | 5 => self.answer(customer),
                6 => self.echo(),
                _ if self.dice.bool() => {
                    // A copy of something long acknowledged.
                    let known: Vec<Name> = self.accepted.iter().copied().collect();
                    if let Some(name) = known.get(self.dice.usize(..known.len().max(1))) {
                        let attempt = self.leave(vec![*name], Vec::new());
                        let taken = !self.bodies.values().flatten().flatten().any(|waiting| waiting == name);
                        self.see(Event::Answered { attempt, ok: taken });
                    }
                }
                _ => {
                    let life = self.life;
                    let clean = self.doubt.is_empty();
                    self.see(Event::Died { life, clean });
                    self.life += 1;
                }
            }
        }
        while self.bodies.values().any(|bodies| !bodies.is_empty()) {
            (0..3).for_each(|customer| self.deliver(customer));
        }
        while self.work.values().any(|work| !work.is_empty()) {
            (0..3).for_each(|customer| self.answer(customer));
        }
        self.history
    }
}

/// One start, three messages of one customer one after the other, all answered and echoed.
fn plain() -> History {
    let mut history = Vec::new();
    for number in 0..3 {
        let (name, from, attempt) =
            (Name { customer: 1, number }, u64::from(number) * 5_000 * MS, u64::from(number) * 2);
        let key = Model::key(name);
        let sent = Event::Sent {
            recipient: name.wa_id(),
            text: name.to_string(),
            key: Some(key.clone()),
            life: 1,
            answered: true,
        };
        history.extend([
            (from + 1, Event::Said(name)),
            (from + 2, Event::Left { attempt, messages: vec![name], echoes: Vec::new() }),
            (from + 3 * MS, Event::Answered { attempt, ok: true }),
            (from + 5 * MS, sent),
            (from + 25 * MS, Event::Left { attempt: attempt + 1, messages: Vec::new(), echoes: vec![key] }),
            (from + 26 * MS, Event::Answered { attempt: attempt + 1, ok: true }),
        ]);
    }
    history
}

fn sends(history: &[(Micros, Event)]) -> Vec<usize> {
    let is_send =
        |(place, (_, event)): (usize, &(Micros, Event))| matches!(event, Event::Sent { .. }).then_some(place);
    history.iter().enumerate().filter_map(is_send).collect()
}

fn again(history: &History, of: usize, at: Micros, in_life: u32) -> (Micros, Event) {
    let mut copy = history[of].1.clone();
    if let Event::Sent { life, .. } = &mut copy {
        *life = in_life;
    }
    (at, copy)
}

#[test]
fn a_plain_history_is_right_and_leaves_nothing_behind() {
    let oracle = judge(&plain());
    assert_eq!(oracle.violations(), []);
    assert_eq!((oracle.unsettled(), oracle.held()), (0, 0));
    let totals = oracle.totals();
    assert_eq!((totals.said, totals.acknowledged, totals.answered), (3, 3, 3));
}

#[test]
fn a_swallowed_answer_is_a_lost_message_and_no_misorder() {
    let mut history = plain();
    history.remove(sends(&history)[0]);
    assert_eq!(kinds(&history), BTreeSet::from([Kind::Lost]));
}

#[test]
fn what_was_not_acknowledged_need_not_be_answered_but_has_to_be_acknowledged() {
    let mut history = plain();
    let name = Name { customer: 9, number: 0 };
    history.extend([
        (20_000 * MS, Event::Said(name)),
        (20_001 * MS, Event::Left { attempt: 100, messages: vec![name], echoes: Vec::new() }),
        (20_002 * MS, Event::Answered { attempt: 100, ok: false }),
    ]);
    assert_eq!(kinds(&history), BTreeSet::from([Kind::Unacknowledged]));
    let sent = again(&history, sends(&history)[0], 20_003 * MS, 1);
    history.push(sent);
    assert!(kinds(&history).contains(&Kind::Doubled), "settled long ago");
}

#[test]
fn a_second_copy_is_let_pass_only_where_the_engine_died_upon_the_first() {
    let first = sends(&plain())[2];
    let with = |died: Micros, clean: bool, copy: Micros| {
        let mut history = plain();
        // Without the echo of the last answer.
        history.truncate(first + 1);
        let from = history[first].0;
        history.push((from + died, Event::Died { life: 1, clean }));
        history.push(again(&history, first, from + copy, 2));
        judge(&history)
    };
    let inside = with(10 * MS, false, 1_200 * MS);
    assert_eq!(inside.violations(), []);
    assert_eq!((inside.totals().doubled_at_death, inside.totals().windows), (1, 1));
    assert_eq!(with(10 * MS, true, 1_200 * MS).violations()[0].kind, Kind::Doubled, "an end in peace");
    assert_eq!(with(1_500 * MS, false, 2_000 * MS).violations()[0].kind, Kind::Doubled, "long recorded");
}

#[test]
fn what_the_engine_has_shown_to_know_it_may_not_send_again() {
    let dead_at_the_end = |mut history: History, of: usize, copy: Micros| {
        let at = history[history.len() - 1].0;
        history.push((at + MS, Event::Died { life: 1, clean: false }));
        history.push(again(&history, of, at + copy, 2));
        kinds(&history)
    };
    // The echo of the last answer was acknowledged: a copy may have been on its way for a second, no longer.
    let last = sends(&plain())[2];
    assert_eq!(dead_at_the_end(plain(), last, 500 * MS), BTreeSet::new());
    assert_eq!(dead_at_the_end(plain(), last, 1_500 * MS), BTreeSet::from([Kind::Doubled]));
    // Without any echo: the next answer to the customer left after the one before was on record.
    let mut history = plain();
    history.retain(|(_, event)| !matches!(event, Event::Left { messages, .. } if messages.is_empty()));
    let places = sends(&history);
    history.truncate(places[2] + 1);
    history[places[2]].0 = history[places[1]].0 + 20 * MS;
    history.retain(|(at, event)| *at < 6_000 * MS || matches!(event, Event::Sent { .. }));
    history.sort_by_key(|(at, _)| *at);
    let places = sends(&history);
    let found = dead_at_the_end(history.clone(), places[1], 2_000 * MS);
    assert!(found.contains(&Kind::Doubled), "{found:?}");
}

#[test]
fn a_copy_within_one_start_is_a_double_unless_its_answer_was_withheld() {
    let mut history = plain();
    let first = sends(&history)[2];
    history.truncate(first + 1);
    let copy = again(&history, first, history[first].0 + 50 * MS, 1);
    history.push(copy.clone());
    assert_eq!(kinds(&history), BTreeSet::from([Kind::Doubled]));
    if let Event::Sent { answered, .. } = &mut history[first].1 {
        *answered = false;
    }
    let oracle = judge(&history);
    assert_eq!(oracle.violations(), []);
    assert_eq!(oracle.totals().doubled_withheld, 1);
    if let Event::Sent { key, .. } = &mut history[first + 1].1 {
        *key = Some("another".into());
    }
    assert_eq!(kinds(&history), BTreeSet::from([Kind::Doubled]), "another turn has answered it");
}

#[test]
fn webhooks_that_overlap_have_no_order_and_others_have() {
    let (a, b) = (Name { customer: 1, number: 0 }, Name { customer: 1, number: 1 });
    let sent = |name: Name| Event::Sent {
        recipient: name.wa_id(),
        text: name.to_string(),
        key: Some(Model::key(name)),
        life: 1,
        answered: true,
    };
    let left = |attempt, messages: Vec<Name>| Event::Left { attempt, messages, echoes: Vec::new() };
    let answered = |attempt| Event::Answered { attempt, ok: true };
    let history = |events: [Event; 6]| -> History {
        [Event::Said(a), Event::Said(b)]
            .into_iter()
            .chain(events)
            .zip(1..)
            .map(|(e, at)| (at * MS, e))
            .collect()
    };
    let (to_a, to_b) = (left(1, vec![a]), left(2, vec![b]));
    let overlapping = history([to_a.clone(), to_b.clone(), answered(1), answered(2), sent(b), sent(a)]);
    assert_eq!(kinds(&overlapping), BTreeSet::new());
    let apart = history([to_a, answered(1), to_b, answered(2), sent(b), sent(a)]);
    assert_eq!(kinds(&apart), BTreeSet::from([Kind::Misordered]));
    let body = [left(1, vec![a, b]), answered(1)];
    let one_body = |first: Event, second: Event| {
        let [left, acknowledged] = body.clone();
        history([left, acknowledged, first, second, answered(9), answered(9)])
    };
    assert_eq!(kinds(&one_body(sent(b), sent(a))), BTreeSet::from([Kind::Misordered]));
    assert_eq!(kinds(&one_body(sent(a), sent(b))), BTreeSet::new());
}

#[test]
fn duplicates_are_told_apart_by_what_was_under_way() {
    let mut history = plain();
    let name = Name { customer: 1, number: 0 };
    history.insert(2, (3, Event::Left { attempt: 50, messages: vec![name], echoes: Vec::new() }));
    history.insert(4, (4 * MS, Event::Answered { attempt: 50, ok: true }));
    history.push((60_000 * MS, Event::Left { attempt: 51, messages: vec![name], echoes: Vec::new() }));
    history.push((60_001 * MS, Event::Answered { attempt: 51, ok: true }));
    let oracle = judge(&history);
    assert_eq!(oracle.violations(), []);
    assert_eq!((oracle.totals().duplicates_at_once, oracle.totals().duplicates_late), (1, 1));
}

#[test]
fn a_settled_message_is_forgotten_and_an_unsettled_one_is_not() {
    let history = plain();
    let mut oracle = Oracle::new(Window::default());
    let cut = history.len() - 3;
    history[..cut].iter().for_each(|(at, event)| oracle.see(*at, event.clone()));
    oracle.retire(u64::MAX / 2);
    assert_eq!((oracle.held(), oracle.unsettled()), (1, 1), "the last one has no answer yet");
}

/// The sends that are the only answer to their message, of customers who wrote at least two, with nothing uncertain.
fn certain(history: &History) -> Vec<usize> {
    let text = |place: &usize| match &history[*place].1 {
        Event::Sent { text, answered, .. } => (text.clone(), *answered),
        _ => Default::default(),
    };
    let all = sends(history);
    let once = |place: &usize| all.iter().filter(|other| text(other).0 == text(place).0).count() == 1;
    all.iter().copied().filter(|place| once(place) && text(place).1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_random_history_of_a_good_engine_passes(seed: u64) {
        let history = Model::new(seed).history();
        let oracle = judge(&history);
        prop_assert_eq!(oracle.violations(), []);
        prop_assert_eq!(oracle.unsettled(), 0);
        let totals = oracle.totals();
        prop_assert_eq!((totals.said, totals.said), (totals.acknowledged, totals.answered));
    }

    #[test]
    fn every_damage_to_it_is_found(seed: u64, pick: prop::sample::Index) {
        let history = Model::new(seed).history();
        let places = certain(&history);
        prop_assume!(!places.is_empty());
        let place = *pick.get(&places);
        let damaged = |change: &dyn Fn(&mut Event)| {
            let mut damaged = history.clone();
            change(&mut damaged[place].1);
            kinds(&damaged)
        };

        let mut without = history.clone();
        without.remove(place);
        prop_assert_eq!(kinds(&without), BTreeSet::from([Kind::Lost]));

        // Much later, by a start that has had the answer itself.
        let mut doubled = history.clone();
        let end = history[history.len() - 1].0;
        doubled.push((end + 5_000 * MS, history[place].1.clone()));
        prop_assert_eq!(kinds(&doubled), BTreeSet::from([Kind::Doubled]));

        let found = damaged(&|event| if let Event::Sent { recipient, .. } = event {
            *recipient = Name { customer: 77, number: 0 }.wa_id();
        });
        prop_assert_eq!(found, BTreeSet::from([Kind::Lost, Kind::WrongPerson]));

        let found = damaged(&|event| if let Event::Sent { text, .. } = event {
            text.push('!');
        });
        prop_assert_eq!(found, BTreeSet::from([Kind::Lost, Kind::WrongContent]));

        let found = damaged(&|event| if let Event::Sent { key, .. } = event { *key = None });
        prop_assert_eq!(found, BTreeSet::from([Kind::Key]));

        // Before anything was written.
        let mut early = history.clone();
        let (_, answer) = early.remove(place);
        early.insert(0, (0, answer));
        prop_assert!(kinds(&early).contains(&Kind::NeverSent));
    }

    #[test]
    fn answers_that_change_places_are_found(seed: u64) {
        let history = Model::new(seed).history();
        let places = certain(&history);
        let name = |place: usize| match &history[place].1 {
            Event::Sent { text, .. } => text.parse::<Name>().ok(),
            _ => None,
        };
        // The first two of one customer, both certain; the model has no webhooks of one customer that overlap.
        let pair = places.iter().enumerate().find_map(|(i, one)| {
            let of = name(*one)?.customer;
            let other = places[i + 1..].iter().find(|other| name(**other).is_some_and(|name| name.customer == of));
            other.map(|other| (*one, *other))
        });
        prop_assume!(pair.is_some());
        let (one, other) = pair.unwrap();
        // Only if both had left for the engine by the first answer; else it would be one unasked.
        let asked = |place: usize| history[..one].iter().any(|(_, event)| {
            matches!(event, Event::Left { messages, .. } if messages.contains(&name(place).unwrap()))
        });
        prop_assume!(asked(other));
        let mut swapped = history.clone();
        let (first, second) = (swapped[one].1.clone(), swapped[other].1.clone());
        swapped[one].1 = second;
        swapped[other].1 = first;
        prop_assert!(kinds(&swapped).contains(&Kind::Misordered));
    }

    #[test]
    fn a_body_that_is_never_acknowledged_is_found(seed: u64) {
        let mut history = Model::new(seed).history();
        let name = Name { customer: 50, number: 0 };
        let end = history[history.len() - 1].0;
        history.push((end + 1, Event::Said(name)));
        for attempt in 10_000..10_005 {
            history.push((end + attempt, Event::Left { attempt, messages: vec![name], echoes: Vec::new() }));
            history.push((end + attempt, Event::Answered { attempt, ok: false }));
        }
        prop_assert_eq!(kinds(&history), BTreeSet::from([Kind::Unacknowledged]));
    }
}
