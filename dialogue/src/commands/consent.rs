//! Yes or no to the consent question.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, given: bool) {
    if given {
        if !turn.state.consented() {
            give(turn);
            turn.pattern("pattern_consent_given", None);
        }
    } else if turn.state.consented() {
        super::stop::run(turn);
    } else {
        turn.emit(TrackerEvent::ConsentDenied { at: turn.at });
        turn.pattern("pattern_consent_denied", None);
    }
}

/// Records the consent with version and time, and tells the CRM who this is.
pub(crate) fn give(turn: &mut Turn) {
    let version = turn.a.settings.consent_version.clone();
    turn.emit(TrackerEvent::ConsentGiven { category: "processing".into(), version, at: turn.at });
    if !turn.state.language.locked {
        // Agreeing to a text means having read it.
        let code = turn.language();
        turn.emit(TrackerEvent::LanguageSet { code, locked: false });
    }
    save_contact(turn);
}

/// Creates or updates the contact in the CRM, once after consent.
pub(crate) fn save_contact(turn: &mut Turn) {
    if turn.state.consented()
        && !turn.state.session.contact_saved
        && turn.a.actions.contains_key("action_save_contact")
    {
        turn.hook("action_save_contact");
        turn.emit(TrackerEvent::ContactSaved);
    }
}
