//! The world outside: a provider that repeats webhooks, takes messages or not, answers or not, and reports or not.

use super::{Ask, MESSAGES, PEOPLE, World};
use charla_actors::core::ledger::Settled;
use charla_actors::core::outbox::Tried;
use charla_actors::session::IdempotencyKey;
use charla_actors::testing::Deed;

impl World {
    pub(super) fn webhook(&mut self) {
        let person = self.dice.roll(PEOPLE);
        let n = self.next[person];
        if n >= MESSAGES {
            return;
        }
        // The provider repeats what is not acknowledged, and now and then what is.
        let repeat = self.rough && n > 0 && self.dice.percent(20);
        if repeat {
            self.engine.asked.push_back(Ask::Accept { person, n: n - 1 });
        } else if !self.under_way[person] || self.dice.percent(20) {
            self.under_way[person] = true;
            self.engine.asked.push_back(Ask::Accept { person, n });
        }
    }

    /// The provider takes it or not, and answers or not.
    pub(super) fn dispatch(&mut self, key: IdempotencyKey, effect: Deed, attempt: u32) {
        let (Deed::Say(text) | Deed::Pay(text)) = effect else {
            panic!("{effect:?} is not durable");
        };
        let fate = if self.rough { self.dice.roll(10) } else { 9 };
        let (takes, tried) = match fate {
            0 => (false, Tried::Again { delay: 5 }),
            1 => (false, Tried::Unknown),
            2 => (true, Tried::Unknown),
            _ => (true, Tried::Over(Settled::Taken(Some(format!("x{key}"))), None)),
        };
        self.note(|| format!("dispatch {key} \"{text}\" attempt {attempt}: taken {takes}, {tried:?}"));
        if takes {
            if self.dice.percent(70) {
                self.echoes.push(key.clone());
            }
            self.taken.push((key.clone(), text));
        }
        if matches!(tried, Tried::Unknown) {
            *self.excused.entry(key.clone()).or_default() += 1;
        }
        self.engine.answers.push((key, tried));
    }

    pub(super) fn answer(&mut self) {
        if self.engine.answers.is_empty() {
            return;
        }
        let which = self.dice.roll(self.engine.answers.len());
        let (key, tried) = self.engine.answers.swap_remove(which);
        if self.rough && self.dice.percent(5) {
            // After the answer, before it is recorded.
            *self.excused.entry(key).or_default() += 1;
            return self.crash();
        }
        // From here to the record of the settlement a crash leaves the same doubt.
        *self.excused.entry(key.clone()).or_default() += usize::from(self.rough);
        let orders = self.engine.outbox.tried(&key, tried, self.now);
        self.order(orders);
    }

    pub(super) fn echo(&mut self) {
        if self.echoes.is_empty() {
            return;
        }
        let which = self.dice.roll(self.echoes.len());
        let key = self.echoes.swap_remove(which);
        if !self.rough || self.dice.percent(80) {
            self.engine.asked.push_back(Ask::Report { key });
        }
    }
}
