//! The outbox's rows, in memory: which effects are not settled, and what cannot have been reported about them yet. It spares the
//! settlement of an effect, which is a third of all that is written, three reads that find nothing.

use crate::session::{ConversationId, IdempotencyKey};
use std::collections::{HashMap, HashSet};

/// Early reports whose ids are remembered; with more of them the store is asked each time.
const EARLY: usize = 10_000;

/// What is known of an effect that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    turn: u64,
    step: u32,
    told: Told,
}

/// Whether the provider may have told something about an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// This start has queued it, and no report has named it.
    Nothing,
    /// An earlier start may have tried it, or a report has named it: the store knows more.
    Perhaps,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    of: HashMap<ConversationId, Vec<Open>>,
    /// The provider's ids that reports of this start came too early with.
    early: HashSet<String>,
    /// There were too many of them.
    many: bool,
    /// What was changed since the last [`mark`](Self::mark), as it was before; `None` before the first one.
    since: Option<Vec<Before>>,
}

#[derive(Debug)]
enum Before {
    Effects(ConversationId, Vec<Open>),
    Early(String),
}

impl Unsettled {
    /// What is changed from now on can be taken back.
    pub(super) fn mark(&mut self) {
        self.since.get_or_insert_default().clear();
    }

    /// Takes back all that was changed since the last [`mark`](Self::mark). An id that was remembered in vain may stay: the store is
    /// asked once more for it.
    pub(super) fn back_to_mark(&mut self) {
        for before in self.since.iter_mut().flat_map(|since| since.drain(..).rev()) {
            match before {
                Before::Effects(id, effects) if effects.is_empty() => {
                    self.of.remove(&id);
                }
                Before::Effects(id, effects) => {
                    self.of.insert(id, effects);
                }
                Before::Early(external_id) => {
                    self.early.insert(external_id);
                }
            }
        }
    }

    fn will_change(&mut self, id: &ConversationId) {
        if let Some(since) = &mut self.since {
            let effects = self.of.get(id).cloned().unwrap_or_default();
            since.push(Before::Effects(id.clone(), effects));
        }
    }

    /// An effect is queued, or left by an earlier start.
    pub(super) fn add(&mut self, key: &IdempotencyKey, told: Told) {
        self.will_change(&key.conversation);
        let open = Open { turn: key.turn, step: key.step, told };
        match self.of.get_mut(&key.conversation) {
            Some(effects) => effects.push(open),
            None => {
                self.of.insert(key.conversation.clone(), vec![open]);
            }
        }
    }

    /// How many there are of a conversation.
    pub(super) fn count(&self, id: &ConversationId) -> u64 {
        self.of.get(id).map_or(0, |effects| effects.len() as u64)
    }

    /// A report names an effect. `false`: it is none of those.
    pub(super) fn report(&mut self, key: &IdempotencyKey) -> bool {
        self.will_change(&key.conversation);
        let effects = self.of.get_mut(&key.conversation);
        let open = effects.and_then(|effects| effects.iter_mut().find(|open| is(open, key)));
        open.is_some_and(|open| {
            open.told = Told::Perhaps;
            true
        })
    }

    /// Takes an effect out; `None`: it is none of those.
    pub(super) fn settle(&mut self, key: &IdempotencyKey) -> Option<Told> {
        self.will_change(&key.conversation);
        let effects = self.of.get_mut(&key.conversation)?;
        let place = effects.iter().position(|open| is(open, key))?;
        let open = effects.remove(place);
        if effects.is_empty() {
            self.of.remove(&key.conversation);
        }
        Some(open.told)
    }

    /// A report came before it was known what its id stands for.
    pub(super) fn came_early(&mut self, external_id: &str) {
        match self.early.len() < EARLY {
            true => {
                self.early.insert(external_id.to_owned());
            }
            false => self.many = true,
        }
    }

    /// Whether a report may have come early with this id, which this start has just been given.
    pub(super) fn may_be_early(&mut self, external_id: &str) -> bool {
        if self.many {
            return true;
        }
        let early = self.early.remove(external_id);
        if early && let Some(since) = &mut self.since {
            since.push(Before::Early(external_id.to_owned()));
        }
        early
    }
}

fn is(open: &Open, key: &IdempotencyKey) -> bool {
    (open.turn, open.step) == (key.turn, key.step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        text.parse().unwrap()
    }

    #[test]
    fn an_effect_is_settled_once_and_what_was_told_is_known() {
        let mut unsettled = Unsettled::default();
        unsettled.add(&key("1@1/2/0"), Told::Nothing);
        unsettled.add(&key("1@1/2/1"), Told::Nothing);
        unsettled.add(&key("2@1/2/0"), Told::Perhaps);
        assert_eq!(unsettled.count(&key("1@1/2/0").conversation), 2);
        assert!(unsettled.report(&key("1@1/2/1")));
        assert!(!unsettled.report(&key("1@1/3/0")));
        assert_eq!(unsettled.settle(&key("1@1/2/0")), Some(Told::Nothing));
        assert_eq!(unsettled.settle(&key("1@1/2/0")), None);
        assert_eq!(unsettled.settle(&key("1@1/2/1")), Some(Told::Perhaps));
        assert_eq!(unsettled.settle(&key("2@1/2/0")), Some(Told::Perhaps));
        assert!(unsettled.of.is_empty());
    }

    #[test]
    fn what_was_changed_since_the_mark_is_taken_back() {
        let mut unsettled = Unsettled::default();
        unsettled.add(&key("1@1/2/0"), Told::Nothing);
        unsettled.came_early("a");
        let before = unsettled.of.clone();
        unsettled.mark();
        unsettled.add(&key("1@1/2/1"), Told::Nothing);
        unsettled.add(&key("2@1/2/0"), Told::Nothing);
        assert!(unsettled.report(&key("1@1/2/0")));
        assert!(unsettled.settle(&key("1@1/2/0")).is_some());
        assert!(unsettled.may_be_early("a"));
        unsettled.back_to_mark();
        assert_eq!(unsettled.of, before);
        assert!(unsettled.may_be_early("a"));
    }

    #[test]
    fn early_reports_are_remembered_within_bounds() {
        let mut unsettled = Unsettled::default();
        unsettled.came_early("a");
        assert!(!unsettled.may_be_early("b"));
        assert!(unsettled.may_be_early("a"));
        assert!(!unsettled.may_be_early("a"), "bound by now");
        for n in 0..=EARLY {
            unsettled.came_early(&n.to_string());
        }
        assert!(unsettled.may_be_early("whatever"), "nobody knows any more");
        assert!(unsettled.early.len() <= EARLY);
    }
}
