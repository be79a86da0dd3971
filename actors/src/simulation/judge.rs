//! What must hold when the harm is over and all is quiet.

use super::law;
use super::network::NUMBER;
use super::world::{World, sound};
use crate::accept::{Alias, Delivery};
use crate::core::fold::Folded;
use crate::core::ledger::fold_from;
use crate::core::rows;
use crate::core::tx::{Range, Reader, Space};
use crate::inspect::Inspector;
use crate::session::Session;
use crate::testing::{Counter, Deed};

impl World {
    pub(super) fn judge(&self) {
        for space in [Space::Pending, Space::Outbox, Space::Timers, Space::TimerNames] {
            let left = sound(self.disk.scan(space, &Range::all(), false, 9));
            law!(left.is_empty(), "{space:?} is not empty at the end");
        }
        let inspector = Inspector::<Counter>::new(self.disk.clone());
        let total = sound(inspector.replay_all(Some(&Counter::default())));
        law!(total.differences.is_empty(), "replay differs: {:?}", total.differences);
        let damaged = sound(inspector.verify()).findings;
        law!(damaged.is_empty(), "{damaged:?}");
        self.judge_states(&inspector);
        self.judge_messages(&inspector);
        self.judge_effects();
        self.judge_reports();
        self.judge_timers();
    }

    /// The journal, with its checkpoints, gives the state that all records ever written add up to; side tables follow.
    fn judge_states(&self, inspector: &Inspector<Counter>) {
        let mut queue = 0;
        for (id, story) in &self.witness.stories {
            let folded = sound(fold_from::<Counter>(&*self.disk, id, Folded::default()));
            law!(*folded.state == story.state, "{id} folds to {:?}, not to {:?}", folded.state, story.state);
            if story.into.is_some() {
                continue;
            }
            for view in Counter::views(&story.state) {
                queue += 1;
                let key = rows::view_key(view.table, &view.sort, id);
                let row = sound(self.disk.get(Space::Views, &key));
                law!(row.is_some(), "{id} waits and is not in the queue");
            }
        }
        let listed = sound(inspector.view("queue", None, 99)).len();
        law!(listed == queue, "{listed} are in the queue, {queue} wait");
    }

    /// Every message was accepted once and handled once, by whoever has its phone's conversation or had it before a merge.
    fn judge_messages(&self, inspector: &Inspector<Counter>) {
        for (lane, of) in self.script.lanes.iter().enumerate() {
            let phone = [Alias::Phone(of.phone.clone())];
            let owner = sound(inspector.resolve(NUMBER, &phone));
            let gone = self.script.merges.iter().any(|(old, _)| *old == lane);
            law!(owner.is_none() == gone, "{} is {owner:?}'s phone", of.phone);
            for text in &of.texts {
                let Some(Some(handled)) = self.witness.said.get(text) else {
                    super::broken(format!("\"{text}\" is lost"));
                };
                let log = &self.witness.stories[&handled.by].state.log;
                let times = log.iter().filter(|it| *it == text).count();
                let expected = usize::from(!handled.parked);
                law!(times == expected, "\"{text}\" is {times} times in {}'s state", handled.by);
                let poison = text.starts_with("panic") || text.starts_with("loop");
                law!(!poison || handled.parked, "\"{text}\" went well");
            }
        }
    }

    /// Every effect arrived, or was refused, or somebody was told that nobody knows.
    fn judge_effects(&self) {
        for (key, effect) in &self.witness.effects {
            let taken = self.provider.taken.get(key).copied().unwrap_or_default();
            let refused = self.provider.refused.contains(key);
            let told = self.witness.done.contains(&format!("refused {key}"));
            law!(!told || refused, "{key} is told to be refused and was not");
            match effect {
                Deed::Pay(text) => {
                    let unknown = self.witness.unknown.contains(text);
                    let done = self.witness.done.contains(text);
                    law!(taken <= 1, "{key} arrived {taken} times and may not be repeated");
                    let once = [unknown, done, told].iter().filter(|it| **it).count();
                    let echoed = taken == 1 && once == 0;
                    law!(once == 1 || echoed, "{key}: unknown {unknown}, done {done}, refused {told}");
                    law!(!done || taken == 1, "{key} is told to be done and never arrived");
                }
                _ => law!(taken >= 1 || told, "{key} {effect:?} never arrived"),
            }
        }
        for key in self.provider.taken.keys() {
            law!(self.witness.effects.contains_key(key), "{key} arrived and nobody decided on it");
        }
    }

    /// What was reported is on record, and a failure was told once.
    fn judge_reports(&self) {
        let mut sure = 0;
        for (key, statuses) in &self.provider.told {
            if self.witness.forgotten.contains(key) {
                continue;
            }
            let state = self.witness.deliveries.get(key).copied().unwrap_or(Delivery::Queued);
            let ends = |it: &Delivery| matches!(it, Delivery::Failed | Delivery::Deleted);
            let kept = match statuses.iter().any(ends) {
                true => ends(&state),
                false => statuses.iter().all(|it| state >= *it),
            };
            law!(kept, "{key} is {state:?} after {statuses:?}");
            let ended_otherwise = self.provider.refused.contains(key)
                || statuses.contains(&Delivery::Deleted)
                || self.provider.taken.get(key).copied() != Some(1);
            sure += usize::from(statuses.contains(&Delivery::Failed) && !ended_otherwise);
        }
        let (told, most) = (self.witness.bounced, self.provider.failing.len());
        law!((sure..=most).contains(&told), "{told} failures are told, of {sure} to {most}");
    }

    fn judge_timers(&self) {
        for (text, handled) in &self.witness.said {
            let mut words = text.split(' ');
            let (Some("timer"), Some(name)) = (words.next(), words.next()) else { continue };
            let parked = handled.as_ref().is_some_and(|it| it.parked);
            let (fired, cancelled) =
                (self.witness.fired.contains(name), self.witness.cancelled.contains(name));
            law!(fired || cancelled || parked, "timer {name} neither fired nor was cancelled");
        }
    }
}
