//! Another flow comes between. After a side question what was interrupted resumes with a short bridge
//! (`pattern_continue_interrupted`), once until it is answered; any other wish takes its place: who has moved on does not want
//! to be called back. Only a question whether something shall be done comes back after any wish, once.

use crate::sources::question::Question;
use crate::state::Frame;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Another flow starts: what runs waits for the end of a side question, or goes.
pub(crate) fn interrupt(turn: &mut Turn, side: bool) {
    let going: Vec<u64> = turn
        .state
        .stack
        .iter()
        .rev()
        .filter(|f| f.called_by.is_none() && !f.flow.starts_with("pattern_"))
        .filter(|f| !(waits(turn, f) || (side && resumes(turn, f)) || confirms(turn, f)))
        .map(|f| f.id)
        .collect();
    for id in going {
        turn.drop_frame(id, "left");
    }
    // What the same message says besides its wish comes after it.
    if !side && turn.keeps_older_parts() {
        turn.emit(TrackerEvent::PartsDropped);
    }
    if let Some(id) = turn.state.top().filter(|f| !f.interrupted).map(|f| f.id) {
        turn.emit(TrackerEvent::FlowInterrupted { frame: id });
    }
}

/// Whether a flow waits for the yes to something it is about to do: that is settled before it is forgotten.
fn confirms(turn: &Turn, frame: &Frame) -> bool {
    let open = turn.state.asked.as_ref().is_some_and(|asked| asked.frame == frame.id);
    !frame.resumed && open && !frame.flow.starts_with("pattern_") && at_confirm(turn, frame)
}

/// Whether a frame stands at a confirmation.
pub(crate) fn at_confirm(turn: &Turn, frame: &Frame) -> bool {
    Question::at(turn, frame).is_some_and(|question| question.collect.confirm)
}

/// Whether a customer's flow comes back after what comes between.
fn resumes(turn: &Turn, frame: &Frame) -> bool {
    !frame.resumed
        && turn.a.flows.get(&frame.flow).is_none_or(|f| f.resume)
        && dropped_by_turning_away(turn).is_none_or(|id| id != frame.id)
}

/// The flow whose open question is one that nobody is called back to: its `resume` does not hold.
fn dropped_by_turning_away(turn: &Turn) -> Option<u64> {
    let question = Question::of(turn)?;
    let resume = question.collect.resume.as_ref()?;
    (!resume.holds(&turn.context())).then(|| turn.state.outermost(question.frame).id)
}

/// Whether nobody is called back any more to the question at which a frame stands: "shall I change its delivery?" of an order that
/// was cancelled in between.
pub(crate) fn not_called_back(turn: &Turn, frame: &Frame) -> bool {
    let seen = || turn.context_of(Some(frame));
    Question::at(turn, frame)
        .and_then(|question| question.collect.resume.as_ref())
        .is_some_and(|resume| !resume.holds(&seen()))
}

/// Whether a flow waits for the answer of a backend: what it has set going must be told.
fn waits(turn: &Turn, frame: &Frame) -> bool {
    turn.state.stack.iter().any(|f| f.waiting.is_some() && turn.state.outermost(f).id == frame.id)
}

/// After a thank-you or goodbye nothing is asked again; what was only looked for, and what waited behind it, goes.
pub(crate) fn farewell(turn: &mut Turn) {
    let going: Vec<u64> = turn
        .state
        .stack
        .iter()
        .rev()
        .filter(|f| f.called_by.is_none() && !waits(turn, f))
        // What came before is not taken up again either: the customer is done.
        .filter(|f| {
            f.interrupted || turn.a.flows.get(&f.flow).is_none_or(|flow| flow.is_pattern() || !flow.resume)
        })
        .map(|f| f.id)
        .collect();
    for id in going {
        turn.drop_frame(id, "left");
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
    /// The open question comes again after something else was answered, unless it is one that nobody is called back to: its flow
    /// goes then.
    pub fn reask_besides(&mut self) {
        match dropped_by_turning_away(self) {
            Some(id) => self.drop_frame(id, "left"),
            None => self.reask(),
        }
    }

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
