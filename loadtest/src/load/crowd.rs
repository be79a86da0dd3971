//! All customers of a run: who sits in which session, what they do when their moment comes, what they have been answered.

use super::{
    act::{Done, Source},
    arrivals::{Arrival, Kind},
    chat::{Chat, Expect, Out, Owner, Pending, What},
    doubt::{Doubt, Of},
    language,
    meter::Meter,
    people::{self, Number, Person},
    scenario::{Assistant, Scenario},
    texts::Texts,
    wrong::Wrongs,
};
use crate::oracle::Name;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

/// Somebody comes back no sooner than this after they left, microseconds.
const AWAY: u64 = 15_000_000;

/// What an agent writes is there within so many microseconds; what was written later may be under way when the run ends.
const AGENT_WITHIN: u64 = 10_000_000;

/// The customers.
#[derive(Debug)]
pub struct Crowd {
    pub(super) scenario: Scenario,
    texts: Texts,
    /// Added to persons' indices in their telephone numbers.
    pub(super) base: u32,
    /// The business numbers.
    pub numbers: Vec<Number>,
    pub(super) chats: Vec<Chat>,
    slots: Vec<Option<u32>>,
    departed: VecDeque<u32>,
    dice: fastrand::Rng,
    /// Whose each conversation of the engine is.
    pub(super) conversations: HashMap<String, u32>,
    /// Whose each order is.
    pub(super) orders: HashMap<String, u32>,
    seen: HashSet<u64>,
    typed: u64,
    tapped: u64,
    repeated: u64,
    /// What is wrong.
    pub wrongs: Wrongs,
    /// What seems wrong by the order of answers.
    pub(super) doubts: Vec<Doubt>,
    /// Answers are waited for no longer: what comes now is too late.
    pub(super) closed: bool,
    /// What is measured.
    pub meter: Meter,
    /// Microseconds from which on is measured.
    pub(super) measured_from: u64,
}

impl Crowd {
    /// Nobody has written yet.
    pub fn new(scenario: Scenario, texts: Texts, base: u32) -> Self {
        Self {
            numbers: people::numbers(scenario.numbers.count),
            dice: fastrand::Rng::with_seed(scenario.seed),
            measured_from: (scenario.warm_up_s * 1e6) as u64,
            scenario,
            texts,
            base,
            chats: Vec::new(),
            slots: Vec::new(),
            departed: VecDeque::new(),
            conversations: HashMap::new(),
            orders: HashMap::new(),
            seen: HashSet::new(),
            typed: 0,
            tapped: 0,
            repeated: 0,
            wrongs: Wrongs::default(),
            doubts: Vec::new(),
            closed: false,
            meter: Meter::default(),
        }
    }

    /// A moment has come: what is to be handed to the engine now, if nothing of theirs is under way.
    pub fn act(&mut self, arrival: Arrival, now: u64) -> Option<Out> {
        self.meter.due(now.saturating_sub(arrival.at));
        let slot = arrival.slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        let (person, fresh) = match self.slots[slot] {
            Some(person) => (person, false),
            // Nobody is there to add anything.
            None if arrival.kind == Kind::Burst => return None,
            None => {
                let person = self.enter(arrival.at);
                self.slots[slot] = Some(person);
                (person, self.chats[person as usize].written == 0)
            }
        };
        let done = match self.scenario.assistant {
            Assistant::Echo => self.echo(person),
            Assistant::Shop => self.shop(person, arrival.kind, fresh),
        };
        self.meter.count("messages", 1);
        self.note(&done.what);
        let chat = &mut self.chats[person as usize];
        let out = Out { person, due: arrival.at, n: chat.written, what: done.what };
        let wrote = match &out.what {
            What::Text(text) => text.chars().take(120).collect(),
            What::Tap(choice, _) => choice.told(),
        };
        if let What::Text(text) = &out.what {
            chat.mentions(text);
            // What an agent reads changes nothing about the assistant's language.
            if done.required && language::of(text) == Some(chat.person.variety) {
                chat.own_texts += 1;
            }
        }
        if !done.required {
            chat.unowed.push(out.n);
        }
        chat.pending.push_back(Pending {
            n: out.n,
            due: arrival.at,
            required: done.required,
            expect: done.expect,
            wrote,
            measured: false,
        });
        chat.written += 1;
        chat.left = chat.left.saturating_sub(1);
        if chat.left == 0 || chat.stopped {
            self.leave(slot, person, arrival.at);
        }
        let chat = &mut self.chats[person as usize];
        if chat.under_way {
            chat.lane.push_back(out);
            return None;
        }
        chat.under_way = true;
        Some(out)
    }

    /// The engine has acknowledged a message of theirs; the next one that waited for that.
    pub fn acked(&mut self, person: u32) -> Option<Out> {
        let chat = self.chats.get_mut(person as usize)?;
        let next = chat.lane.pop_front();
        chat.under_way = next.is_some();
        next
    }

    fn enter(&mut self, now: u64) -> u32 {
        let back = self.departed.front().is_some_and(|person| {
            let chat = &self.chats[*person as usize];
            chat.left_at + AWAY < now && !chat.stopped && chat.pending.iter().all(|pending| !pending.required)
        });
        let returns = self.dice.f64() < self.scenario.mix.returns;
        let person = match self.departed.pop_front().filter(|_| back && returns) {
            Some(person) => person,
            None => {
                let index = self.chats.len() as u32;
                self.chats.push(Chat::new(self.person(index)));
                index
            }
        };
        // At least two, so that somebody new agrees to the terms; the mean is as asked for.
        let length = 1.5 - (self.scenario.mix.messages - 2.0).max(0.0) * (1.0 - self.dice.f64()).ln();
        let polite = self.dice.f64() >= self.scenario.mix.abandoned;
        let chat = &mut self.chats[person as usize];
        chat.left = match self.scenario.assistant {
            Assistant::Echo => u32::MAX,
            Assistant::Shop => (length as u32).max(2),
        };
        (chat.gone, chat.polite) = (false, polite);
        self.meter.count("sessions_begun", 1);
        person
    }

    /// The person with that index.
    pub fn person(&self, index: u32) -> Person {
        let person = Person::new(&self.scenario, self.base, index);
        match self.scenario.assistant {
            Assistant::Shop => person,
            Assistant::Echo => {
                Person { wa_id: Name { customer: self.base + index, number: 0 }.wa_id(), ..person }
            }
        }
    }

    fn leave(&mut self, slot: usize, person: u32, now: u64) {
        self.slots[slot] = None;
        let chat = &mut self.chats[person as usize];
        (chat.gone, chat.left_at) = (true, now);
        self.departed.push_back(person);
        self.meter.count("sessions_ended", 1);
    }

    fn echo(&mut self, person: u32) -> Done {
        let chat = &self.chats[person as usize];
        let text = Name { customer: self.base + person, number: chat.written }.to_string();
        Done { expect: Expect::Echo(text.clone()), what: What::Text(text), required: true }
    }

    fn shop(&mut self, person: u32, kind: Kind, fresh: bool) -> Done {
        let total = (self.typed + self.tapped).max(1) as f64;
        let mut source = Source {
            texts: &self.texts,
            mix: &self.scenario.mix,
            taps_so_far: self.tapped as f64 / total,
            dice: &mut self.dice,
        };
        let chat = &mut self.chats[person as usize];
        let done = if fresh {
            source.opening(chat)
        } else if kind == Kind::Burst {
            source.one_more(chat)
        } else {
            let last = chat.left <= 1;
            source.next(chat, last)
        };
        if done.expect == Expect::Stopped {
            // Nothing may be said to them afterwards.
            chat.left = 1;
        }
        done
    }

    fn note(&mut self, what: &What) {
        match what {
            What::Tap(..) => {
                self.tapped += 1;
                self.meter.count("taps", 1);
            }
            What::Text(text) => {
                self.typed += 1;
                self.meter.count("typed", 1);
                let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
                if !self.seen.insert(hash) {
                    self.repeated += 1;
                    self.meter.count("typed_repeated", 1);
                }
            }
        }
    }

    /// Sessions under way.
    pub fn sessions(&self) -> u64 {
        self.slots.iter().flatten().count() as u64
    }

    /// Messages that must be answered and are not yet.
    pub fn waiting(&self) -> u64 {
        self.chats
            .iter()
            .map(|chat| chat.pending.iter().filter(|pending| pending.required).count() as u64)
            .sum()
    }

    /// Agents say that a person has, or will have, that conversation.
    pub fn taken_by_people(&mut self, conversation: &str) {
        if let Some(person) = self.conversations.get(conversation) {
            let chat = &mut self.chats[*person as usize];
            if chat.owner == Owner::Bot {
                chat.owner = Owner::Human;
                chat.excuse();
                self.meter.count("handoffs_seen_in_the_queue", 1);
            }
        }
    }

    /// The engine has accepted an agent's words for the customer.
    pub fn agent_wrote(&mut self, now: u64, conversation: &str) {
        if let Some(person) = self.conversations.get(conversation) {
            self.chats[*person as usize].agent_wrote.push(now);
        }
    }

    /// Conversations in which something that must be answered has waited since before `before`; without a name where the
    /// engine has never answered at all.
    pub fn overdue(&self, before: u64) -> Vec<(u32, Option<String>)> {
        let late = |chat: &Chat| chat.pending.iter().any(|pending| pending.required && pending.due < before);
        let chats = (0..).zip(&self.chats).filter(|(_, chat)| late(chat));
        chats.map(|(person, chat)| (person, chat.conversation.clone())).collect()
    }

    /// What is still not answered at `now` seems lost, an agent's words that have not come are; answers that are there are
    /// judged.
    pub fn settle(&mut self, now: u64) {
        self.closed = true;
        for person in 0..self.chats.len() {
            let _ = self.judge_answer(person);
            let chat = &self.chats[person];
            // Who wants no more messages gets none of an agent's either.
            let due = chat.agent_wrote.iter().filter(|at| !chat.stopped && **at + AGENT_WITHIN < now).count();
            for _ in chat.agent_came..due {
                let who = self.who(person);
                self.wrongs.add("lost", || format!("{who} never got what an agent wrote"));
            }
            let chat = &self.chats[person];
            let last = chat.last.map_or(0, |(turn, _)| turn);
            let lost = chat.pending.iter().filter(|pending| pending.required);
            let lost: Vec<_> =
                lost.map(|pending| (pending.wrote.clone(), pending.due as f64 / 1e6)).collect();
            for (wrote, due) in lost {
                let who = self.who(person);
                self.doubt(person, Of::Lost, || {
                    format!("{who}, last turn {last}, wrote `{wrote}` at {due:.3} s and has no answer")
                });
            }
        }
    }

    /// Share of typed messages that somebody had typed before, letter by letter.
    pub fn repeats(&self) -> f64 {
        self.repeated as f64 / self.typed.max(1) as f64
    }

    /// Share of taps.
    pub fn taps(&self) -> f64 {
        self.tapped as f64 / (self.tapped + self.typed).max(1) as f64
    }
}
