//! What follows from a commit, and how it is taken back where a request cannot be carried out.

use super::{Feed, Queued};
use crate::invariants::Invariant;
use crate::session::{ConversationId, IdempotencyKey, Session};
use derive_where::derive_where;

/// What follows from a commit, to be carried out after it.
#[derive_where(Debug)]
pub struct Output<S: Session> {
    /// For the routers, in this order.
    pub feed: Vec<Feed<S>>,
    /// For the dispatcher, in this order.
    pub queued: Vec<Queued<S>>,
    /// Echoes of things whose settlement is not recorded.
    pub echoes: Vec<IdempotencyKey>,
    /// Conversations whose journal has grown.
    pub touched: Vec<ConversationId>,
    /// Change of the number of unhandled events.
    pub unhandled: i64,
    /// Change of the number of those among them that are held back.
    pub held: i64,
    /// Change of the number of unsettled effects.
    pub unsettled: i64,
    /// Duplicates dropped.
    pub duplicates: u64,
    /// Things that should never be.
    pub violations: Vec<Invariant>,
}

impl<S: Session> Default for Output<S> {
    fn default() -> Self {
        Self {
            feed: Vec::new(),
            queued: Vec::new(),
            echoes: Vec::new(),
            touched: Vec::new(),
            unhandled: 0,
            held: 0,
            unsettled: 0,
            duplicates: 0,
            violations: Vec::new(),
        }
    }
}

/// How far an [`Output`] has come, to be gone back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    lengths: [usize; 5],
    unhandled: i64,
    held: i64,
    unsettled: i64,
    duplicates: u64,
}

impl<S: Session> Output<S> {
    pub(super) fn extent(&self) -> Extent {
        Extent {
            lengths: [
                self.feed.len(),
                self.queued.len(),
                self.echoes.len(),
                self.touched.len(),
                self.violations.len(),
            ],
            unhandled: self.unhandled,
            held: self.held,
            unsettled: self.unsettled,
            duplicates: self.duplicates,
        }
    }

    pub(super) fn back_to(&mut self, extent: Extent) {
        let [feed, queued, echoes, touched, violations] = extent.lengths;
        self.feed.truncate(feed);
        self.queued.truncate(queued);
        self.echoes.truncate(echoes);
        self.touched.truncate(touched);
        self.violations.truncate(violations);
        (self.unhandled, self.held) = (extent.unhandled, extent.held);
        (self.unsettled, self.duplicates) = (extent.unsettled, extent.duplicates);
    }
}
