//! What of each conversation is unhandled, and how much of it is in hand: in its mailbox, or about to be read for it. From
//! a bounded number on, further events are **held back**: they lie in the journal alone, and the conversation reads them
//! there, the oldest first, when it has handled what is in hand. So one flooding customer fills neither the memory nor the
//! room of others, and nobody has to be refused for their sake.
//!
//! Two things always hold. What is in hand is older than what is held back, because nothing is handed out past what is held
//! back. And where something is held back, something is in hand: handling it is what brings up the next.

use crate::session::ConversationId;
use std::collections::HashMap;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Backlog {
    in_hand: u64,
    held: u64,
}

/// What follows from an event that has been handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handled {
    /// Change of the number of events held back.
    pub(super) held: i64,
    /// Events that were held back are in hand now: the conversation is to read them.
    pub(super) brought_up: bool,
}

/// See the module. Only conversations that have something unhandled are in it.
#[derive(Debug)]
pub(super) struct Backlogs {
    limit: u64,
    of: HashMap<ConversationId, Backlog>,
    /// What was changed since the last [`mark`](Self::mark), as it was before; `None` before the first one.
    since: Option<Vec<(ConversationId, Option<Backlog>)>>,
}

impl Backlogs {
    /// Of each conversation at most `limit` (at least one) events are in hand.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit: limit.max(1), of: HashMap::new(), since: None }
    }

    /// What is changed from now on can be taken back.
    pub(super) fn mark(&mut self) {
        self.since.get_or_insert_default().clear();
    }

    /// Takes back all that was changed since the last [`mark`](Self::mark).
    pub(super) fn back_to_mark(&mut self) {
        for (id, before) in self.since.iter_mut().flat_map(|since| since.drain(..).rev()) {
            match before {
                Some(backlog) => self.of.insert(id, backlog),
                None => self.of.remove(&id),
            };
        }
    }

    fn will_change(&mut self, id: &ConversationId) {
        if let Some(since) = &mut self.since {
            since.push((id.clone(), self.of.get(id).copied()));
        }
    }

    /// An event comes. `true`: hand it out; `false`: hold it back.
    pub(super) fn comes(&mut self, id: &ConversationId) -> bool {
        self.will_change(id);
        if let Some(backlog) = self.of.get_mut(id) {
            let room = backlog.held == 0 && backlog.in_hand < self.limit;
            match room {
                true => backlog.in_hand += 1,
                false => backlog.held += 1,
            }
            return room;
        }
        self.of.insert(id.clone(), Backlog { in_hand: 1, held: 0 });
        true
    }

    /// An event, the oldest, has been handled.
    pub(super) fn handled(&mut self, id: &ConversationId) -> Handled {
        self.will_change(id);
        let mut outcome = Handled { held: 0, brought_up: false };
        let Some(backlog) = self.of.get_mut(id) else {
            return outcome;
        };
        // A conversation that is begun anew reads a page of the journal, which may reach further than what is in hand.
        match backlog.in_hand {
            0 => {
                backlog.held = backlog.held.saturating_sub(1);
                outcome.held -= 1;
            }
            _ => backlog.in_hand -= 1,
        }
        if backlog.in_hand == 0 && backlog.held > 0 {
            let up = backlog.held.min(self.limit);
            backlog.in_hand = up;
            backlog.held -= up;
            outcome.held -= signed(up);
            outcome.brought_up = true;
        }
        if *backlog == Backlog::default() {
            self.of.remove(id);
        }
        outcome
    }

    /// All that was unhandled has gone elsewhere. Returns the change of the number of events held back.
    pub(super) fn gone(&mut self, id: &ConversationId) -> i64 {
        self.will_change(id);
        self.of.remove(id).map_or(0, |backlog| -signed(backlog.held))
    }

    /// Events of a conversation that are unhandled.
    pub(super) fn unhandled(&self, id: &ConversationId) -> u64 {
        self.of.get(id).map_or(0, |backlog| backlog.in_hand + backlog.held)
    }

    /// Events held back, of all conversations.
    pub(super) fn held(&self) -> i64 {
        signed(self.of.values().map(|backlog| backlog.held).sum())
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn id() -> ConversationId {
        "1@1".parse().unwrap()
    }

    #[test]
    fn what_is_held_back_comes_up_when_the_hand_is_empty() {
        let mut backlogs = Backlogs::new(2);
        let comes: Vec<bool> = (0..5).map(|_| backlogs.comes(&id())).collect();
        assert_eq!(comes, [true, true, false, false, false]);
        assert_eq!((backlogs.unhandled(&id()), backlogs.held()), (5, 3));
        assert_eq!(backlogs.handled(&id()), Handled { held: 0, brought_up: false });
        // Room in the hand, but older ones are held back.
        assert!(!backlogs.comes(&id()));
        assert_eq!(backlogs.handled(&id()), Handled { held: -2, brought_up: true });
        assert_eq!(backlogs.held(), 2);
        assert_eq!(backlogs.gone(&id()), -2);
        assert_eq!((backlogs.unhandled(&id()), backlogs.held()), (0, 0));
        assert!(backlogs.comes(&id()));
    }

    #[test]
    fn what_was_changed_since_the_mark_is_taken_back() {
        let other: ConversationId = "2@1".parse().unwrap();
        let mut backlogs = Backlogs::new(2);
        for _ in 0..4 {
            backlogs.comes(&id());
        }
        let before = backlogs.of.clone();
        backlogs.mark();
        backlogs.comes(&other);
        backlogs.handled(&id());
        backlogs.handled(&id());
        backlogs.gone(&id());
        backlogs.comes(&id());
        backlogs.back_to_mark();
        assert_eq!(backlogs.of, before);
    }

    proptest! {
        /// A conversation that handles what it is handed or told to read handles everything, in order, and never has more
        /// in hand than the limit.
        #[test]
        fn all_is_handled_in_order(limit in 1u64..5, coming in proptest::collection::vec(any::<bool>(), 0..80)) {
            let mut backlogs = Backlogs::new(limit);
            let (mut journal, mut mailbox) = (VecDeque::new(), VecDeque::new());
            let (mut next, mut handled, mut held) = (0u64, 0u64, 0i64);
            let total = coming.len();
            let calm = std::iter::repeat_n(false, total);
            for comes in coming.into_iter().chain(calm) {
                if comes {
                    journal.push_back(next);
                    match backlogs.comes(&id()) {
                        true => mailbox.push_back(next),
                        false => held += 1,
                    }
                    next += 1;
                } else if let Some(first) = mailbox.pop_front() {
                    prop_assert_eq!(first, handled);
                    prop_assert_eq!(journal.pop_front(), Some(first));
                    handled += 1;
                    let outcome = backlogs.handled(&id());
                    held += outcome.held;
                    if outcome.brought_up {
                        prop_assert!(mailbox.is_empty());
                        mailbox.extend(journal.iter().take(limit as usize).copied());
                    }
                }
                prop_assert!(mailbox.len() as u64 <= limit);
                prop_assert_eq!(backlogs.held(), held);
                prop_assert_eq!(backlogs.unhandled(&id()), journal.len() as u64);
                prop_assert_eq!(journal.len() as i64 - held, mailbox.len() as i64);
            }
            prop_assert_eq!((handled, held), (next, 0));
        }
    }
}
