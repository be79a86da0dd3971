//! "I mean yes, book it": the yes to what was to be confirmed before something else came between. What came between goes, and
//! the question comes again.

use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, frame: u64) {
    while let Some(top) = turn.state.top().filter(|f| f.id != frame).map(|f| f.id) {
        turn.drop_frame(top, "left");
    }
}
