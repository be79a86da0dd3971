//! One customer's conversation as the customer and the judge see it.

use super::{
    people::{Person, Variety},
    reply::{Ask, Choice},
};
use std::collections::VecDeque;

/// What an answer must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// That it comes, and is sound.
    Any,
    /// Something to tap whose id begins so: one of these.
    Choice(&'static [&'static str]),
    /// These words.
    Words(String),
    /// A request for consent that greets this person by name.
    Terms(String),
    /// Exactly this text.
    Echo(String),
    /// A person is called.
    Handoff,
    /// Everything is stopped.
    Stopped,
}

/// A message of the customer that waits for its answer.
#[derive(Debug)]
pub struct Pending {
    /// Which message of theirs, from 0.
    pub n: u32,
    /// Its scheduled moment, microseconds.
    pub due: u64,
    /// Whether an answer must come: nobody need answer what is typed while a person has the thread.
    pub required: bool,
    /// What the answer must show.
    pub expect: Expect,
    /// What was written, shortened, for people.
    pub wrote: String,
    /// Whether its answer was measured: one that turns out to be another's is looked for again.
    pub measured: bool,
}

/// The answer that is under way: one turn of the engine, perhaps of several messages.
#[derive(Debug)]
pub struct Answer {
    /// To what.
    pub to: Pending,
    /// Whether it shows what it must.
    pub fits: bool,
    /// Its first message.
    pub said: String,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The assistant.
    Bot,
    /// A person does, or will.
    Human,
}

/// Something to be put into a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// Whose.
    pub person: u32,
    /// Scheduled moment, microseconds.
    pub due: u64,
    /// Which message of theirs, from 0.
    pub n: u32,
    /// What.
    pub what: What,
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Types.
    Text(String),
    /// Taps something in the message with that id.
    Tap(Choice, String),
}

/// A conversation.
#[derive(Debug)]
pub struct Chat {
    /// Whose.
    pub person: Person,
    /// Name of the conversation in the engine, once it is known.
    pub conversation: Option<String>,
    /// Messages written.
    pub written: u32,
    /// Messages of this visit still to be written.
    pub left: u32,
    /// Whether the last one says goodbye.
    pub polite: bool,
    /// Whether the visit is over.
    pub gone: bool,
    /// When the visit ended, microseconds.
    pub left_at: u64,
    /// Agreed to the terms.
    pub agreed: bool,
    /// Asked for no more messages.
    pub stopped: bool,
    /// Who answers.
    pub owner: Owner,
    /// What waits for an answer, in the order it was written.
    pub pending: VecDeque<Pending>,
    /// Not yet handed over, because an earlier one of theirs is not acknowledged.
    pub lane: VecDeque<Out>,
    /// Whether one of theirs is under way to the engine.
    pub under_way: bool,
    /// Key of the last message that came.
    pub last: Option<(u64, u32)>,
    /// Turn and step of all messages that came while the run still waited for answers.
    pub seen: Vec<(u64, u32)>,
    /// When the engine accepted agents' words for them, microseconds.
    pub agent_wrote: Vec<u64>,
    /// How many of these have come; one may come before its acceptance is read.
    pub agent_came: usize,
    /// Which of their messages need not be answered.
    pub unowed: Vec<u32>,
    /// The answer under way.
    pub answer: Option<Answer>,
    /// Messages that need not be answered and have made way for one that must: the engine may answer them all the same.
    pub excused: u32,
    /// The turn under way answers such a message, or brings what the one before it has had done: all its messages belong to that.
    pub excusing: bool,
    /// Times that the language changed without a word about it.
    pub guesses: u32,
    /// Texts that are surely in the person's own language, since an answer was in it.
    pub own_texts: u32,
    /// The language was changed with a word about it, or by a tap: it may be any from then on.
    pub told_language: bool,
    /// When the last message of theirs was answered, microseconds.
    pub answered_at: u64,
    /// What can be tapped now.
    pub choices: Vec<Choice>,
    /// In which message.
    pub choices_in: String,
    /// What was asked last.
    pub asked: Option<Ask>,
    /// The language the assistant writes.
    pub language: Option<Variety>,
    /// An order of theirs that they have seen.
    pub order: Option<String>,
    /// Numbers that they have written and that could be an order's.
    pub numbers: Vec<u32>,
}

impl Chat {
    /// Somebody who has not written yet.
    pub fn new(person: Person) -> Self {
        Self {
            person,
            conversation: None,
            written: 0,
            left: 0,
            polite: false,
            gone: false,
            left_at: 0,
            agreed: false,
            stopped: false,
            owner: Owner::Bot,
            pending: VecDeque::new(),
            lane: VecDeque::new(),
            under_way: false,
            last: None,
            seen: Vec::new(),
            agent_wrote: Vec::new(),
            agent_came: 0,
            unowed: Vec::new(),
            answer: None,
            excused: 0,
            excusing: false,
            guesses: 0,
            own_texts: 0,
            told_language: false,
            answered_at: 0,
            choices: Vec::new(),
            choices_in: String::new(),
            asked: None,
            language: None,
            order: None,
            numbers: Vec::new(),
        }
    }

    /// Nobody needs to answer any more what was typed so far.
    pub fn excuse(&mut self) {
        for pending in &mut self.pending {
            pending.required = false;
            self.unowed.push(pending.n);
        }
    }

    /// Keeps the numbers of a text that have as many digits as an order's, four or more.
    pub fn mentions(&mut self, text: &str) {
        let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() > 3);
        for number in runs.filter_map(|run| run.parse().ok()) {
            if !self.numbers.contains(&number) {
                self.numbers.push(number);
            }
        }
    }

    /// Takes what an answer belongs to: the oldest that must be answered, with those before it that need not be; else the
    /// oldest of all, of which any answer will do, since it may be another's among those that need none.
    pub fn take(&mut self) -> Option<Pending> {
        if let Some(at) = self.pending.iter().position(|pending| pending.required) {
            self.excused += self.pending.drain(..at).count() as u32;
        }
        let mut taken = self.pending.pop_front()?;
        if !taken.required {
            taken.expect = Expect::Any;
        }
        Some(taken)
    }
}
