//! Another flow comes between; what it interrupts resumes with a short bridge (`pattern_continue_interrupted`).

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Marks the active flow as interrupted.
pub(crate) fn interrupt(turn: &mut Turn) {
    if let Some(id) = turn.state.top().filter(|f| !f.interrupted).map(|f| f.id) {
        turn.emit(TrackerEvent::FlowInterrupted { frame: id });
    }
}

/// Patterns (an unanswered satisfaction question, a clarification) never resume: they go.
pub(crate) fn leave_patterns(turn: &mut Turn) {
    while let Some(id) =
        turn.state.top().filter(|f| f.flow.starts_with("pattern_") && f.called_by.is_none()).map(|f| f.id)
    {
        turn.drop_frame(id, "left");
    }
}

impl Turn<'_> {
    /// The open question comes again when its frame is on top.
    pub fn reask(&mut self) {
        let Some(asked) = self.state.asked.clone() else { return };
        let Some((step, pattern)) =
            self.state.frame(asked.frame).map(|f| (f.step.clone(), f.flow.starts_with("pattern_")))
        else {
            return;
        };
        if pattern {
            // Nobody must answer a pattern's question.
            self.drop_frame(asked.frame, "left");
        } else {
            self.emit(TrackerEvent::AskCleared);
            self.emit(TrackerEvent::StepReached { frame: asked.frame, step });
        }
    }
}
