//! Time passes, the wall clock jumps, and what is old goes.

use super::desk::Ask;
use super::world::World;
use crate::core::ledger::Sweep;
use crate::session::Millis;

pub(super) const HOUR: Millis = 60 * 60 * 1000;
pub(super) const DAY: Millis = 24 * HOUR;
/// How far the wall clock is ever off; with a webhook's repeats within eight days that stays within the ten days that
/// deduplication keys are kept.
const SKEW: Millis = 12 * HOUR;

impl World {
    pub(super) fn pass(&mut self) {
        let next = self.next_moment();
        let step = match self.dice.roll(40) {
            0 if self.weather.skew => return self.jump(),
            1 | 2 if self.weather.days => {
                let by = [60_000, HOUR, 7 * HOUR, DAY][self.dice.roll(4)];
                if self.network.may_wait(self.now, by) { by } else { 1 }
            }
            // Nothing else to do: on to when there is.
            _ if !self.rough => next.map_or(1, |at| (at - self.now).max(1)),
            _ => self.dice.roll(25) as Millis,
        };
        self.now += step;
        if step >= 60_000 {
            self.note(|| format!("{step} ms have passed"));
        }
        let now = self.now;
        self.outbox(|outbox| outbox.tick(now));
        if let Some(engine) = &mut self.engine {
            let idle = engine.residents.idle(now, 8);
            idle.iter().for_each(|id| self.let_rest(id));
        }
    }

    fn jump(&mut self) {
        let before = self.skew;
        let far = [2_000, HOUR, SKEW][self.dice.roll(3)];
        self.skew = self.dice.roll(2 * far as usize + 1) as Millis - far;
        self.tally.jumps_back += u64::from(self.skew < before);
        self.note(|| "the wall clock jumps".to_owned());
    }

    /// The next moment at which something is due by itself.
    fn next_moment(&self) -> Option<Millis> {
        let wake = self.engine.as_ref().and_then(|engine| engine.outbox.next_wake());
        let offset = self.wall() - self.now;
        let timer = self.witness.due.values().min().map(|at| at - offset);
        let unread = self.engine.as_ref().and_then(|engine| engine.unread.values().min().copied());
        [wake, timer, unread, self.network.next_due()].into_iter().flatten().min()
    }

    /// Applies a retention of some hours or days to somebody.
    pub(super) fn retain(&mut self) {
        let ids: Vec<_> = self.witness.stories.keys().cloned().collect();
        if ids.is_empty() || self.dice.roll(4) > 0 {
            return;
        }
        let id = ids[self.dice.roll(ids.len())].clone();
        let kept = [0, 100, HOUR, DAY][self.dice.roll(4)];
        let cutoff = self.wall() - kept;
        self.ask(Ask::Retain(id, cutoff));
    }

    pub(super) fn sweep(&mut self) {
        let what = [Sweep::Dedup, Sweep::External, Sweep::Kept][self.dice.roll(3)];
        self.ask(Ask::Sweep(what));
    }
}
