//! Reads that fail: what needed them is refused alone and asked for again, as the shell around the core does it.

use super::broken;
use super::desk::Ask;
use super::law;
use super::world::World;
use crate::core::ledger::Feed;
use crate::core::tx::StoreError;
use crate::session::{ConversationId, Millis};

/// Reads within which the one that fails comes.
const WITHIN: usize = 12;
/// A conversation that could not be read is woken within so many milliseconds.
const WOKEN_WITHIN: usize = 80;

impl World {
    /// Reads from a disk that may fail to. `None`: it did, and whoever asked has to do without.
    pub(super) fn read<T>(&mut self, read: impl FnOnce() -> Result<T, StoreError>) -> Option<T> {
        self.read_by(|_| read())
    }

    /// The same of what needs the world as well.
    pub(super) fn read_by<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Option<T> {
        if self.dice.mille(self.weather.unreadable) {
            let after = self.dice.roll(WITHIN);
            self.disk.fail_a_read(after);
        }
        let outcome = read(self);
        let failed = self.disk.has_failed_a_read();
        match outcome {
            Ok(value) => {
                law!(!failed, "a read failed, and what needed it says that all is well");
                Some(value)
            }
            Err(error) if failed => {
                self.note(|| error.to_string());
                None
            }
            Err(error) => broken(format!("the core says: {error}")),
        }
    }

    /// What becomes of a request that was refused alone.
    pub(super) fn refused(&mut self, ask: Ask) {
        self.tally.refused += 1;
        match ask {
            // It has not been acknowledged, and is repeated.
            Ask::Body(_) => {}
            Ask::Turn(id) | Ask::Tried { id, .. } => self.give_up(&id),
            order @ Ask::Order(_) => self.ask(order),
            // One that cannot be fired keeps the others waiting no longer.
            Ask::Fire(keys, at) => {
                if keys.len() > 1 {
                    keys.into_iter().for_each(|key| self.ask(Ask::Fire(vec![key], at)));
                }
            }
            // The next walk comes by.
            Ask::Retain(..) | Ask::Sweep(_) => {}
        }
    }

    /// A conversation cannot go on; it is woken later, by when it may rest.
    pub(super) fn give_up(&mut self, id: &ConversationId) {
        self.tally.unread += 1;
        let at = self.now + 1 + self.dice.roll(WOKEN_WITHIN) as Millis;
        let Some(engine) = &mut self.engine else { return };
        if let Some(live) = engine.live.get_mut(id) {
            live.give_up();
        }
        engine.unread.entry(id.clone()).or_insert(at);
    }

    /// Wakes one whose time has come.
    pub(super) fn wake_unread(&mut self) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        let due = engine.unread.iter().find(|(_, at)| **at <= now).map(|(id, _)| id.clone());
        if let Some(id) = due {
            engine.unread.remove(&id);
            self.feed(Feed::Resume(id));
        }
    }
}
