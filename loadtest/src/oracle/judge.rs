//! The judge: obligations, and what becomes of them.

use super::{Event, Kind, Micros, Name, Violation, retired::Retired, violation::Seconds};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Violations that are kept word for word; beyond, they are only counted.
const KEPT: usize = 200;

/// How much the oracle cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// A send that arrived longer than this before the engine died had been recorded by then. Default 1 s.
    pub grace: Micros,
    /// What the engine has shown to know, it may have found out after a copy had left; a copy that arrives up to this long
    /// afterwards was on its way. Default 1 s.
    pub slack: Micros,
}

impl Default for Window {
    fn default() -> Self {
        Self { grace: 1_000_000, slack: 1_000_000 }
    }
}

/// What was seen, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages that customers have written.
    pub said: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Messages that were answered.
    pub answered: u64,
    /// Tries of bodies with messages that had been acknowledged before.
    pub duplicates_late: u64,
    /// Tries of bodies with messages of which another copy was under way.
    pub duplicates_at_once: u64,
    /// Second copies of answers inside an unknowable window: the engine died upon the first.
    pub doubled_at_death: u64,
    /// Second copies of answers whose first copy got no word from WhatsApp.
    pub doubled_withheld: u64,
    /// Second copies, of both kinds, that arrived within the slack after the engine had shown that it knew of the first.
    pub copies_after_proof: u64,
    /// The longest time between such a proof and the copy's arrival.
    pub latest_copy: Micros,
    /// Sends of which nobody outside could know, when the engine died, whether they were on record.
    pub windows: u64,
    /// Broken promises.
    pub violations: u64,
}

#[derive(Debug)]
struct Answer {
    at: Micros,
    life: u32,
    answered: bool,
    key: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Message {
    /// When its first try left, and its place: (try, position in the body).
    left: Option<(Micros, (u64, usize))>,
    /// Tries under way.
    under_way: u32,
    acknowledged: Option<Micros>,
    answers: Vec<Answer>,
    /// When the engine showed that it knew of its last answer.
    recorded: Option<Micros>,
    /// When an answer to a later one came first, and which.
    overtaken: Option<(Micros, u32)>,
    /// Whether it has been reported as lost or never acknowledged.
    reported: bool,
}

impl Message {
    fn is_settled(&self) -> bool {
        self.acknowledged.is_some() && !self.answers.is_empty()
    }

    /// Whether its answer must come before the other's.
    fn precedes(&self, other: &Message) -> bool {
        let (Some((_, mine)), Some((others_left, others))) = (self.left, other.left) else { return false };
        mine.0 == others.0 && mine.1 < others.1 || self.acknowledged.is_some_and(|at| at < others_left)
    }
}

#[derive(Debug, Default)]
struct Customer {
    open: BTreeMap<u32, Message>,
    retired: Retired,
}

#[derive(Debug)]
struct Attempt {
    messages: Vec<Name>,
    echoes: Vec<String>,
}

/// See the [module](super).
#[derive(Debug, Default)]
pub struct Oracle {
    window: Window,
    customers: HashMap<u32, Customer>,
    attempts: HashMap<u64, Attempt>,
    keys: HashMap<Arc<str>, Name>,
    /// When each start ended, and whether in peace.
    deaths: HashMap<u32, (Micros, bool)>,
    unsettled: u64,
    totals: Totals,
    violations: Vec<Violation>,
}

impl Oracle {
    /// One that has seen nothing.
    pub fn new(window: Window) -> Self {
        Self { window, ..Self::default() }
    }

    /// Takes something that was seen. Times never go back.
    pub fn see(&mut self, at: Micros, event: Event) {
        match event {
            Event::Said(name) => self.said(name),
            Event::Left { attempt, messages, echoes } => self.left(at, attempt, messages, echoes),
            Event::Answered { attempt, ok } => self.came_back(at, attempt, ok),
            Event::Sent { recipient, text, key, life, answered } => {
                let key = key.filter(|key| !key.is_empty()).map(Arc::from);
                self.sent(at, &recipient, &text, Answer { at, life, answered, key });
            }
            Event::Died { life, clean } => self.died(at, life, clean),
        }
    }

    /// Messages that are not yet both acknowledged and answered.
    pub fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// What was seen, in numbers.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What is wrong: the first two hundred findings.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Messages that are kept in memory.
    pub fn held(&self) -> usize {
        self.customers.values().map(|customer| customer.open.len()).sum()
    }

    /// Reports something that was seen otherwise, such as a panic.
    pub fn report(&mut self, kind: Kind, at: Micros, customer: &str, what: String) {
        self.totals.violations += 1;
        if self.violations.len() < KEPT {
            self.violations.push(Violation { kind, at, customer: customer.to_owned(), what });
        }
    }

    /// Forgets what can no longer be judged otherwise than it has been. A copy of such an answer is a violation.
    pub fn retire(&mut self, at: Micros) {
        let slack = self.window.slack;
        for customer in self.customers.values_mut() {
            let (keys, retired) = (&mut self.keys, &mut customer.retired);
            customer.open.retain(|number, message| {
                let over = message.is_settled()
                    && message.under_way == 0
                    && message.recorded.is_some_and(|known| known + slack < at);
                if over {
                    retired.insert(*number);
                    for key in message.answers.iter().filter_map(|answer| answer.key.as_ref()) {
                        keys.remove(key);
                    }
                }
                !over
            });
        }
    }

    /// Everything has had its time: reports what was acknowledged and not answered, and what was never acknowledged.
    pub fn settle(&mut self, at: Micros) {
        let mut found = Vec::new();
        for (customer, of) in &mut self.customers {
            for (number, message) in of.open.iter_mut().filter(|(_, message)| !message.reported) {
                let name = Name { customer: *customer, number: *number };
                let left = message.left.map(|(left, _)| left);
                match (message.acknowledged, message.answers.is_empty()) {
                    (Some(acknowledged), true) => {
                        let what = format!(
                            "`{name}` left at {}, was acknowledged at {} and was never answered",
                            moment(left),
                            Seconds(acknowledged)
                        );
                        found.push((Kind::Lost, name, what));
                    }
                    (None, _) => {
                        let what =
                            format!("`{name}` left first at {} and was never acknowledged", moment(left));
                        found.push((Kind::Unacknowledged, name, what));
                    }
                    (Some(_), false) => continue,
                }
                message.reported = true;
                self.unsettled = self.unsettled.saturating_sub(1);
            }
        }
        for (kind, name, what) in found {
            self.report(kind, at, &name.wa_id(), what);
        }
    }

    fn message(&mut self, name: Name) -> Option<&mut Message> {
        self.customers.get_mut(&name.customer)?.open.get_mut(&name.number)
    }

    fn said(&mut self, name: Name) {
        self.totals.said += 1;
        self.unsettled += 1;
        self.customers.entry(name.customer).or_default().open.insert(name.number, Message::default());
    }

    fn left(&mut self, at: Micros, attempt: u64, messages: Vec<Name>, echoes: Vec<String>) {
        let (mut late, mut at_once) = (false, false);
        for (position, name) in messages.iter().enumerate() {
            let Some(message) = self.message(*name) else {
                late = true;
                continue;
            };
            late |= message.acknowledged.is_some();
            at_once |= message.acknowledged.is_none() && message.under_way > 0;
            message.under_way += 1;
            message.left.get_or_insert((at, (attempt, position)));
        }
        self.totals.duplicates_late += u64::from(late);
        self.totals.duplicates_at_once += u64::from(at_once);
        self.attempts.insert(attempt, Attempt { messages, echoes });
    }

    fn came_back(&mut self, at: Micros, attempt: u64, ok: bool) {
        let Some(Attempt { messages, echoes }) = self.attempts.remove(&attempt) else { return };
        for name in messages {
            let Some(message) = self.message(name) else { continue };
            message.under_way = message.under_way.saturating_sub(1);
            if ok && message.acknowledged.is_none() {
                message.acknowledged = Some(at);
                let settled = message.is_settled() && !message.reported;
                self.totals.acknowledged += 1;
                self.unsettled -= u64::from(settled);
            }
        }
        for key in echoes.iter().filter(|_| ok) {
            let Some(name) = self.keys.get(key.as_str()).copied() else { continue };
            if let Some(message) = self.message(name) {
                message.recorded.get_or_insert(at);
            }
        }
    }

    fn sent(&mut self, at: Micros, recipient: &str, text: &str, answer: Answer) {
        let Ok(name) = text.parse::<Name>() else {
            let shown: String = text.chars().take(80).collect();
            let what = format!("was told `{shown}`, which nobody has written (key {})", shown_key(&answer));
            return self.report(Kind::WrongContent, at, recipient, what);
        };
        let writer = name.wa_id();
        if writer != recipient {
            let what = format!("was told `{name}`, which {writer} has written (key {})", shown_key(&answer));
            return self.report(Kind::WrongPerson, at, recipient, what);
        }
        self.check_key(at, name, &answer);
        let Some(customer) = self.customers.get_mut(&name.customer) else {
            return self.report(
                Kind::NeverSent,
                at,
                recipient,
                format!("was told `{name}` before writing it"),
            );
        };
        // The outbox records what became of a message before the conversation's next one leaves.
        let others = customer.open.iter_mut().filter(|(number, _)| **number != name.number);
        for (_, other) in others {
            if other.answers.last().is_some_and(|last| last.life == answer.life) {
                other.recorded.get_or_insert(at);
            }
        }
        let Some(message) = customer.open.get(&name.number) else {
            let (kind, what) = if customer.retired.contains(name.number) {
                (Kind::Doubled, format!("`{name}` was answered again long after it was settled"))
            } else {
                (Kind::NeverSent, format!("was told `{name}` before writing it"))
            };
            return self.report(kind, at, recipient, what);
        };
        if message.left.is_none() {
            let what = format!("was told `{name}` before it had left for the engine");
            self.report(Kind::NeverSent, at, recipient, what);
        } else if message.answers.is_empty() {
            self.check_order(at, name);
        } else {
            self.check_copy(at, name, &answer);
        }
        let Some(message) = self.message(name) else { return };
        message.answers.push(answer);
        if message.answers.len() == 1 {
            let settled = message.is_settled() && !message.reported;
            self.totals.answered += 1;
            self.unsettled -= u64::from(settled);
        }
    }

    fn check_key(&mut self, at: Micros, name: Name, answer: &Answer) {
        let Some(key) = &answer.key else {
            return self.report(
                Kind::Key,
                at,
                &name.wa_id(),
                format!("`{name}` came without an idempotency key"),
            );
        };
        let owner = *self.keys.entry(Arc::clone(key)).or_insert(name);
        if owner != name {
            let what = format!("`{name}` came under the key {key} of `{owner}`");
            self.report(Kind::Key, at, &name.wa_id(), what);
        }
    }

    /// Which messages this answer has overtaken. That is a broken promise once they are answered too: one that never is, is
    /// lost.
    fn note_order(&mut self, at: Micros, name: Name) {
        let Some(open) = self.customers.get_mut(&name.customer).map(|customer| &mut customer.open) else {
            return;
        };
        let Some(this) = open.get(&name.number) else { return };
        let overtaken = |message: &Message| message.answers.is_empty() && message.precedes(this);
        let overtaken: Vec<u32> =
            open.iter().filter(|(_, message)| overtaken(message)).map(|(number, _)| *number).collect();
        for number in overtaken {
            if let Some(message) = open.get_mut(&number) {
                message.overtaken.get_or_insert((at, name.number));
            }
        }
    }

    fn check_order(&mut self, at: Micros, name: Name) {
        self.note_order(at, name);
        let Some(message) = self.message(name) else { return };
        let (Some((when, number)), acknowledged) = (message.overtaken, moment(message.acknowledged)) else {
            return;
        };
        let by = Name { number, ..name };
        let left = self.message(by).and_then(|other| other.left).map(|(left, _)| left);
        let what = format!(
            "`{name}` (acknowledged at {acknowledged}) was answered after `{by}`, which left at {} and was answered at {}",
            moment(left),
            Seconds(when)
        );
        self.report(Kind::Misordered, at, &name.wa_id(), what);
    }

    /// A second copy: allowed only where nobody could know about the first.
    fn check_copy(&mut self, at: Micros, name: Name, copy: &Answer) {
        let Some(message) = self.message(name) else { return };
        let Some(last) = message.answers.last() else { return };
        // A request of an earlier start may be read after one of a later start.
        let (first, first_life) = if copy.life < last.life { (at, copy.life) } else { (last.at, last.life) };
        let (same_key, withheld) = (last.key == copy.key, !last.answered);
        let (other_life, recorded) = (last.life != copy.life, message.recorded);
        let was = format!(
            "`{name}` was answered at {} by start {} (key {}) and again by start {} (key {})",
            Seconds(last.at),
            last.life,
            shown_key(last),
            copy.life,
            shown_key(copy)
        );
        let died = self.deaths.get(&first_life).copied();
        let died_upon_it =
            died.is_some_and(|(died, clean)| !clean && died.saturating_sub(first) <= self.window.grace);
        let known = recorded.is_some_and(|known| known + self.window.slack < at);
        if same_key && !known && (withheld || other_life && died_upon_it) {
            let inside =
                if withheld { &mut self.totals.doubled_withheld } else { &mut self.totals.doubled_at_death };
            *inside += 1;
            if let Some(known) = recorded {
                self.totals.copies_after_proof += 1;
                self.totals.latest_copy = self.totals.latest_copy.max(at - known);
            }
            return;
        }
        let why = match (same_key, recorded.filter(|_| known), died) {
            (false, ..) => "under another key".to_owned(),
            (_, Some(known), _) => format!("though the engine knew of it at {}", Seconds(known)),
            (_, _, Some((died, clean))) if other_life => {
                format!(
                    "though that start ended {} at {}",
                    if clean { "in peace" } else { "only" },
                    Seconds(died)
                )
            }
            _ => "by an engine that had the answer".to_owned(),
        };
        self.report(Kind::Doubled, at, &name.wa_id(), format!("{was} {why}"));
    }

    fn died(&mut self, at: Micros, life: u32, clean: bool) {
        self.deaths.insert(life, (at, clean));
        if clean {
            return;
        }
        let grace = self.window.grace;
        let unknowable = |message: &&Message| {
            let last = message.answers.last();
            message.recorded.is_none()
                && last.is_some_and(|last| last.life == life && at.saturating_sub(last.at) <= grace)
        };
        let open = self.customers.values().flat_map(|customer| customer.open.values());
        self.totals.windows += open.filter(unknowable).count() as u64;
    }
}

fn shown_key(answer: &Answer) -> &str {
    answer.key.as_deref().unwrap_or("none")
}

fn moment(at: Option<Micros>) -> String {
    at.map_or_else(|| "no time".to_owned(), |at| Seconds(at).to_string())
}
