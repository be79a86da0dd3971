//! What is left of a conversation that is older than anything is kept.

use super::{Owner, State};

impl State {
    /// What stays when the words have gone: who it was, what they have agreed to or forbidden, their language, counters. Whoever writes
    /// again is known, is not asked again for what they have settled, and begins anew. Nothing goes while a person is waited for or
    /// has the thread.
    pub fn faded(&self) -> Self {
        if self.owner != Owner::Bot {
            return self.clone();
        }
        Self {
            person: self.person.clone(),
            language: self.language.clone(),
            consent: self.consent.clone(),
            marketing: self.marketing,
            session: self.session.clone(),
            counters: self.counters.clone(),
            source: self.source.clone(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Line;
    use serde_json::json;

    #[test]
    fn the_words_go_and_what_was_settled_stays() {
        let mut state = State { marketing: Some(false), ..State::default() };
        state.person.phone = Some("1".into());
        state.language.code = Some("es".into());
        state.consent.withdrawn_at = Some(1);
        state.slots.insert("city".into(), json!("Pune"));
        state.transcript.push(Line { from: "customer".into(), text: "hi".into(), at: 1 });
        let faded = state.faded();
        assert!(faded.slots.is_empty() && faded.transcript.is_empty());
        assert_eq!((&faded.person, &faded.language), (&state.person, &state.language));
        assert_eq!((&faded.consent, faded.marketing), (&state.consent, Some(false)));
        assert_eq!(faded.faded(), faded);
        state.owner = Owner::Agent { id: "anna".into(), since: 0, ticket: None };
        assert_eq!(state.faded(), state);
    }
}
