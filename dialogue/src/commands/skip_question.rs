//! Leaves an optional question out.

use crate::config::flows::StepKind;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn) {
    let Some(asked) = turn.state.asked.clone() else {
        turn.say("utter_acknowledge");
        return;
    };
    let optional = turn
        .state
        .frame(asked.frame)
        .and_then(|f| {
            let flow = turn.a.flows.get(&f.flow)?;
            flow.steps.get(*flow.index.get(&f.step)?)
        })
        .is_some_and(|s| matches!(&s.kind, StepKind::Collect(c) if c.optional));
    if optional {
        turn.emit(TrackerEvent::Skipped { frame: asked.frame, slot: asked.slot });
        turn.emit(TrackerEvent::AskCleared);
        turn.say("utter_skipped");
    } else {
        turn.say("utter_cannot_skip");
        turn.reask();
    }
}
