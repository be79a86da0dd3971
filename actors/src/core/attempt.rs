//! One try at an event: as it came, replaced after too many tries, or closed without any decision.

use crate::core::fold::Folded;
use crate::core::ledger::{Delivered, TurnCommit};
use crate::core::turn::{Decision, Fault, Trigger, TurnMachine, close};
use crate::session::{Millis, Session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What a try begins with.
pub enum Attempt<S: Session> {
    /// A turn, and what it wants first.
    Turn(Box<TurnMachine<S>>, Vec<Decision<S>>),
    /// The event's replacement failed as well: it is closed without any decision, because the conversation must go on.
    Close(Box<TurnCommit<S>>),
}

/// With how many tries behind it an event goes into its first try of this life. One that may be killing the process is
/// put aside without another try.
pub fn tries_before<S: Session>(delivered: &Delivered<S>, limit: u32) -> u32 {
    if delivered.suspect { delivered.tries.max(limit) } else { delivered.tries }
}

/// Begins a try at an event that has `tries` failed ones behind it, of at most `limit`: below the limit it is decided
/// upon as it came, at the limit its replacement ([`Session::parked`]) is, beyond it is closed. The session's code runs
/// guarded; its panic is a [`Fault`].
pub fn begin<S: Session>(
    session: Arc<S>,
    from: Folded<S>,
    delivered: &Delivered<S>,
    tries: u32,
    limit: u32,
    now: Millis,
) -> Result<Attempt<S>, Fault> {
    let id = &delivered.conversation;
    if tries > limit {
        let close = close(session.version(), id, &from, delivered.seq, tries, now)?;
        return Ok(Attempt::Close(Box::new(close)));
    }
    let parked = (tries >= limit).then_some(tries);
    let event = match parked {
        Some(tries) => guarded(|| S::parked(&delivered.event, tries))?,
        None => delivered.event.clone(),
    };
    let trigger = Trigger { seq: delivered.seq, at: delivered.at, event, parked };
    let (machine, decisions) = guarded(|| TurnMachine::begin(session, id.clone(), from, trigger, now))??;
    Ok(Attempt::Turn(Box::new(machine), decisions))
}

/// Runs the session's code, whose panic must not end the actor.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Fault::Panic(crate::committer::panic_text(&*panic)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, Note};

    fn begun(text: &str, tries: u32, suspect: bool) -> Result<Attempt<Counter>, Fault> {
        let conversation = "1@1".parse().unwrap();
        let delivered = Delivered { conversation, seq: 1, at: 0, event: Note::said(text), tries, suspect };
        let tries = tries_before(&delivered, 3);
        begin(Arc::new(Counter::default()), Folded::default(), &delivered, tries, 3, 0)
    }

    fn log_of(attempt: Result<Attempt<Counter>, Fault>) -> Vec<String> {
        match attempt {
            Ok(Attempt::Turn(machine, _)) => {
                let encoded = machine.into_encoded();
                crate::record::decode_value::<crate::testing::Count>(&encoded, String::new).unwrap().log
            }
            Ok(Attempt::Close(_)) => vec!["closed".to_owned()],
            Err(fault) => vec![fault.to_string()],
        }
    }

    #[test]
    fn a_panic_is_told_without_the_words_that_it_quotes() {
        let words = "a b ñ, card 4242".to_owned();
        let fault = guarded(|| words[..5].len()).unwrap_err().to_string();
        assert!(fault.contains("boundary") && !fault.contains("4242"), "{fault}");
    }

    #[test]
    fn an_event_is_tried_then_replaced_then_closed() {
        assert!(log_of(begun("panic", 2, false))[0].contains("E3031"));
        assert_eq!(log_of(begun("silent", 2, false)), ["silent"]);
        assert_eq!(log_of(begun("silent", 3, false)), ["parked 3"]);
        assert_eq!(log_of(begun("silent", 4, false)), ["closed"]);
        assert_eq!(log_of(begun("silent", 0, true)), ["parked 3"], "without a try");
    }
}
