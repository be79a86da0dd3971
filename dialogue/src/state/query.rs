//! Questions about a state.

use super::{Frame, Matter, Owner, Slots, State};
use serde_json::Value;

impl State {
    /// How the names begin of what the present message leaves behind.
    pub(crate) fn kept_as(&self) -> String {
        format!("turn-{}-", self.counters.turns)
    }

    /// Whether consent to processing has been given and not withdrawn.
    pub fn consented(&self) -> bool {
        self.consent.grants.contains_key("processing")
    }

    /// The name by which backends know the person: phone digits, else business-scoped id.
    pub fn contact(&self) -> Option<&str> {
        self.person.phone.as_deref().or(self.person.user_id.as_deref())
    }

    /// The active frame.
    pub fn top(&self) -> Option<&Frame> {
        self.stack.last()
    }

    /// A slot as the active flow sees it.
    pub fn slot(&self, name: &str) -> Option<&Value> {
        self.frame_slot(self.top(), name)
    }

    /// A slot as a frame sees it: its own, those of its callers, those outside.
    pub fn frame_slot<'a>(&'a self, frame: Option<&'a Frame>, name: &str) -> Option<&'a Value> {
        let mut at = frame;
        while let Some(f) = at {
            if let Some(value) = f.slots.get(name) {
                return (!value.is_null()).then_some(value);
            }
            at = f.called_by.and_then(|id| self.frame(id));
        }
        self.slots.get(name).filter(|v| !v.is_null())
    }

    /// All slots as a frame sees them.
    pub fn visible_slots(&self, frame: Option<&Frame>) -> Slots {
        let mut all = self.slots.clone();
        let mut chain = Vec::new();
        let mut at = frame;
        while let Some(f) = at {
            chain.push(f);
            at = f.called_by.and_then(|id| self.frame(id));
        }
        for f in chain.into_iter().rev() {
            all.extend(f.slots.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        all
    }

    /// The frame of the flow that called a frame's, and so on up: what the customer is about.
    pub fn outermost<'s>(&'s self, frame: &'s Frame) -> &'s Frame {
        let mut at = frame;
        // A stack is no deeper than its frames, even if a journal of another hand went round in circles.
        for _ in 0..self.stack.len() {
            match at.called_by.and_then(|id| self.frame(id)) {
                Some(caller) => at = caller,
                None => break,
            }
        }
        at
    }

    /// A frame by id.
    pub fn frame(&self, id: u64) -> Option<&Frame> {
        self.stack.iter().find(|f| f.id == id)
    }

    pub(crate) fn frame_mut(&mut self, id: u64) -> Option<&mut Frame> {
        self.stack.iter_mut().find(|f| f.id == id)
    }

    /// The open matter of a frame or, without one, the youngest open matter.
    pub fn matter(&self) -> Option<&Matter> {
        let of_frame = self.top().and_then(|f| f.matter);
        match of_frame {
            Some(id) => self.matters.iter().find(|m| m.id == id),
            None => self.matters.last(),
        }
    }

    /// Whether the customer is being served by a flow tapped while waiting for a person.
    pub fn self_service(&self) -> bool {
        self.stack.iter().any(|f| f.self_service)
    }

    /// Whether the customer waits for a person because something was not understood.
    pub(crate) fn waits_unheard(&self) -> bool {
        matches!(&self.owner, Owner::Queue { reason, .. } if matches!(reason.as_str(), "low_confidence" | "failed_attempts"))
    }

    /// Whether the latest failure is one that only success of the same kind makes good: a backend's, or a flow's own.
    pub(crate) fn failure_stays(&self) -> bool {
        matches!(self.last_failure.as_deref(), Some("backend" | "flow"))
    }

    /// Whether the current turn still waits for an ephemeral effect.
    pub fn mid_turn(&self) -> bool {
        self.understanding.is_some() || self.calls.values().any(|c| !c.durable)
    }
}
