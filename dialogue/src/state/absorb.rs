//! Two conversations that turn out to be one person's: a changed number, or a name that was not known to be theirs.

use super::{Consent, Counters, Owner, State, TRANSCRIPT};

impl State {
    /// Takes in the other conversation. The one in which the customer wrote last goes on; a person who is waited for or has the
    /// thread stays, of consent the latest word holds, and nobody is sent advertising who has refused it in either.
    pub fn absorb(&mut self, other: &State) {
        if *other == State::default() {
            return;
        }
        if *self == State::default() {
            *self = other.clone();
            return;
        }
        let mut older = other.clone();
        if other.session.last_seen > self.session.last_seen {
            std::mem::swap(self, &mut older);
        }
        self.counters.raise(&older.counters);
        self.consent.join(&older.consent);
        self.marketing = match (self.marketing, older.marketing) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (own, theirs) => own.or(theirs),
        };
        self.window_until = self.window_until.max(older.window_until);
        if self.owner == Owner::Bot && older.owner != Owner::Bot {
            self.owner = older.owner;
            self.handoff = older.handoff;
            self.unanswered |= older.unanswered;
            self.passed_on = older.passed_on;
        }
        for mut matter in older.matters {
            self.counters.matters += 1;
            matter.id = self.counters.matters;
            self.matters.push(matter);
        }
        let own = &mut self.person;
        own.phone = own.phone.take().or(older.person.phone);
        own.user_id = own.user_id.take().or(older.person.user_id);
        own.profile_name = own.profile_name.take().or(older.person.profile_name);
        if self.language.code.is_none() {
            self.language = older.language;
        }
        for (slot, value) in older.slots {
            self.slots.entry(slot).or_insert(value);
        }
        self.source = self.source.take().or(older.source);
        self.held.splice(0..0, older.held.into_iter().filter(|held| !held.part));
        self.notes.splice(0..0, older.notes);
        self.transcript.extend(older.transcript);
        self.transcript.sort_by_key(|line| line.at);
        let surplus = self.transcript.len().saturating_sub(TRANSCRIPT);
        self.transcript.drain(..surplus);
    }
}

impl Consent {
    /// The latest word of both: a yes counts unless a withdrawal is as late or later.
    fn join(&mut self, other: &Consent) {
        let withdrawn = self.withdrawn_at.max(other.withdrawn_at);
        for (category, grant) in &other.grants {
            let known = self.grants.get(category).is_some_and(|own| own.at >= grant.at);
            if !known {
                self.grants.insert(category.clone(), grant.clone());
            }
        }
        self.grants.retain(|_, grant| withdrawn.is_none_or(|at| grant.at > at));
        let given = !self.grants.is_empty();
        self.withdrawn_at = withdrawn.filter(|_| !given);
        self.denied_at = self.denied_at.max(other.denied_at).filter(|_| !given);
    }
}

impl Counters {
    /// No number is given twice: names of frames, calls and matters are made from them.
    fn raise(&mut self, other: &Counters) {
        let Counters { turns, received, sent, agent_sent, calls, frames, matters } = other;
        for (own, other) in [
            (&mut self.turns, turns),
            (&mut self.received, received),
            (&mut self.sent, sent),
            (&mut self.agent_sent, agent_sent),
            (&mut self.calls, calls),
            (&mut self.frames, frames),
            (&mut self.matters, matters),
        ] {
            *own = (*own).max(*other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Grant, Line, Matter};

    fn seen(at: i64, phone: &str) -> State {
        let mut state = State::default();
        state.session.last_seen = at;
        state.person.phone = Some(phone.into());
        state.transcript.push(Line { from: "customer".into(), text: format!("from {phone}"), at });
        state
    }

    fn agreed(mut state: State, at: i64) -> State {
        state.consent.grants.insert("processing".into(), Grant { version: "1".into(), at });
        state
    }

    fn queue(since: i64) -> Owner {
        Owner::Queue { since, ticket: Some("T".into()), reason: "requested".into(), suggestions: vec![] }
    }

    /// Both ways round: which of two conversations survives does not matter to what they are together.
    fn both(a: &State, b: &State, check: impl Fn(&State)) {
        for (survivor, absorbed) in [(a, b), (b, a)] {
            let mut state = survivor.clone();
            state.absorb(absorbed);
            check(&state);
        }
    }

    #[test]
    fn who_waits_for_a_person_still_does_and_writes_under_the_newer_name() {
        let mut new = agreed(seen(20, "new"), 15);
        new.owner = queue(20);
        new.matters.push(Matter {
            id: 1,
            intent: Some("talk_to_human".into()),
            flow: None,
            language: "en".into(),
            source: None,
            opened_at: 20,
            escalated: true,
        });
        let old = agreed(seen(10, "old"), 5);
        both(&old, &new, |state| {
            assert_eq!(state.owner, queue(20));
            assert_eq!(state.person.phone.as_deref(), Some("new"));
            assert!(state.matters.iter().any(|m| m.escalated));
            assert_eq!(state.transcript.len(), 2);
            assert!(state.transcript.is_sorted_by_key(|line| line.at));
        });
        // The same where the one who waits is the older one.
        let waits = State { owner: queue(10), ..agreed(seen(10, "old"), 5) };
        both(&waits, &agreed(seen(20, "new"), 15), |state| {
            assert_eq!(state.owner, queue(10));
            assert_eq!(state.person.phone.as_deref(), Some("new"));
        });
    }

    #[test]
    fn a_withdrawal_holds_whoever_survives_and_a_later_yes_ends_it() {
        let mut stopped = seen(20, "new");
        stopped.consent.withdrawn_at = Some(20);
        stopped.marketing = Some(false);
        let mut old = agreed(seen(10, "old"), 5);
        old.marketing = Some(true);
        both(&old, &stopped, |state| {
            assert!(!state.consented());
            assert_eq!(state.consent.withdrawn_at, Some(20));
            assert_eq!(state.marketing, Some(false));
        });
        both(&agreed(seen(30, "old"), 30), &stopped, |state| {
            assert!(state.consented(), "said after the withdrawal");
            assert_eq!(state.consent.withdrawn_at, None);
            assert_eq!(state.marketing, Some(false), "advertising is another thing");
        });
    }

    #[test]
    fn a_conversation_that_has_not_begun_takes_the_other_over_and_adds_nothing() {
        let old = agreed(seen(10, "old"), 5);
        both(&old, &State::default(), |state| assert_eq!(*state, old));
    }
}
