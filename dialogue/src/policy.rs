//! Who may be written to, and with what. Messages are made only from the tokens that this module hands out; both rules are
//! checked again at the moment of sending.

use crate::effect::{Outgoing, Send};
use crate::state::State;

/// Proof that the customer-service window is open: free-form messages may be sent until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowOpen {
    until: i64,
}

/// Proof that the customer has opted in to marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptIn(());

/// The window token, if the window is open at `at` (milliseconds since the epoch).
pub fn window(state: &State, at: i64) -> Option<WindowOpen> {
    state.window_until.filter(|until| at < *until).map(|until| WindowOpen { until })
}

/// The opt-in token. Consent to processing is needed too: marketing alone processes data.
pub fn opt_in(state: &State) -> Option<OptIn> {
    (state.marketing == Some(true) && state.consented()).then_some(OptIn(()))
}

/// A free-form message, which only an open window allows.
pub fn free_form(token: WindowOpen, state: &State, message: Outgoing) -> Send {
    Send {
        phone: state.person.phone.clone(),
        user_id: state.person.user_id.clone(),
        message,
        window_until: Some(token.until),
        reply_to: None,
    }
}

/// A marketing template, which only an opt-in allows; it may leave outside the window.
pub fn marketing(
    _token: OptIn,
    state: &State,
    name: String,
    language: String,
    parameters: Vec<String>,
) -> Send {
    let message = Outgoing::Template { name, language, parameters };
    Send {
        phone: state.person.phone.clone(),
        user_id: state.person.user_id.clone(),
        message,
        window_until: None,
        reply_to: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_follow_window_and_opt_in() {
        let mut state = State { window_until: Some(100), ..State::default() };
        assert!(window(&state, 99).is_some());
        assert!(window(&state, 100).is_none());
        assert!(opt_in(&state).is_none());
        state.marketing = Some(true);
        assert!(opt_in(&state).is_none(), "no consent to processing");
        state.consent.grants.insert("processing".into(), crate::state::Grant { version: "1".into(), at: 0 });
        assert!(opt_in(&state).is_some());
        state.marketing = Some(false);
        assert!(opt_in(&state).is_none());
    }
}
