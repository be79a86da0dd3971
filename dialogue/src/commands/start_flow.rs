//! Starts a flow, on top of what runs.

use crate::patterns::{cannot_handle, completed, correction, digression};
use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, flow: &str, slots: Slots, intent: Option<String>, tapped: bool) {
    let a = turn.a;
    let Some(target) = a.flows.get(flow) else {
        turn.say("utter_expired_option");
        return;
    };
    if target.guard.as_ref().is_some_and(|g| !g.holds(&turn.context())) {
        cannot_handle::run(turn, "not_understood");
        return;
    }
    if !turn.state.failure_stays() && turn.state.failures > 0 {
        turn.emit(TrackerEvent::Progress);
    }
    digression::leave_patterns(turn);
    if let Some(at) = turn.state.stack.iter().position(|f| f.flow == flow) {
        let id = turn.state.stack[at].id;
        let active = turn.state.top().is_some_and(|top| turn.state.outermost(top).id == id);
        let first = target.collects().next().is_some_and(|c| slots.contains_key(&c.slot));
        // What waited unanswered for its yes is another matter: its order or day is not meant again.
        let waited = turn.state.stack[at].interrupted && digression::at_confirm(turn, &turn.state.stack[at]);
        if tapped || (!target.resume && (first || !active)) || (waited && !active) {
            // A tap means: from the beginning. So does another wish of the kind that is only looking.
            turn.drop_frame(id, "restarted");
        } else {
            let above: Vec<u64> =
                turn.state.stack[at + 1..].iter().filter(|f| f.called_by.is_none()).map(|f| f.id).collect();
            for id in above {
                turn.drop_frame(id, "left");
            }
            if slots.is_empty() {
                turn.reask();
            } else {
                correction::rewind(turn, id, slots);
            }
            return;
        }
    }
    let mut inherited = Slots::new();
    if let Some(last) = turn.state.last_frame.as_ref().filter(|l| l.flow == flow && !tapped)
        && target.collects().any(|c| slots.contains_key(&c.slot))
    {
        // "And at 560001?" keeps the product.
        inherited = correction::inheritable(turn, target, &last.slots);
    }
    if !tapped && intent.is_some() {
        inherited.extend(crate::opening::values(turn, target, &slots));
    }
    inherited.extend(slots);
    digression::interrupt(turn, target.side);
    let matter = if flow.starts_with("pattern_") {
        None
    } else {
        Some(completed::open_matter_for_flow(turn, intent, flow, tapped))
    };
    turn.push(flow, inherited, |f| f.matter = matter);
}
