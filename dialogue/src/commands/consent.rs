//! Yes or no to the consent question, and what becomes of a yes to an earlier text.

use crate::patterns::session_start;
use crate::state::Owner;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, given: bool) {
    match (given, turn.state.consented()) {
        // Agreed in words already, and tapped as well: they have read both, and wait for an answer to this too.
        (true, true) => {
            turn.say("utter_consent_thanks");
            turn.reask();
        }
        // The yes is one to a text that no longer holds, such as a tap on an old message.
        (true, false) if shows_another_text(turn) => session_start::greet(turn),
        (true, false) => {
            give(turn);
            let open = turn.open_question();
            if open.is_some() && turn.state.held.iter().all(|h| h.frame != open) {
                turn.reask();
            }
            turn.pattern("pattern_consent_given", None);
        }
        (false, true) => super::stop::run(turn),
        (false, false) => {
            turn.emit(TrackerEvent::ConsentDenied { at: turn.at });
            // Something runs only where an earlier text had been agreed to.
            turn.drop_stack("consent_denied");
            turn.pattern("pattern_consent_denied", None);
        }
    }
}

/// Whether the text that the customer has seen last is known and is not the one that holds now.
pub(crate) fn shows_another_text(turn: &Turn) -> bool {
    turn.state.consent.shown.as_ref().is_some_and(|shown| *shown != turn.a.settings.consent_version)
}

/// A consent to another version of the text counts no longer: the customer is a newcomer in this respect. While a person is
/// waited for or writes nobody asks; the first message after that does.
pub(crate) fn outdate(turn: &mut Turn) {
    let settings = &turn.a.settings;
    if !settings.consent_required || turn.state.owner != Owner::Bot {
        return;
    }
    if let Some(grant) = turn.state.consent.grants.get("processing")
        && grant.version != settings.consent_version
    {
        let version = grant.version.clone();
        turn.emit(TrackerEvent::ConsentOutdated { version, at: turn.at });
    }
}

/// Records the consent with version and time, and tells the CRM who this is.
pub(crate) fn give(turn: &mut Turn) {
    let version = turn.a.settings.consent_version.clone();
    turn.emit(TrackerEvent::ConsentGiven { category: "processing".into(), version, at: turn.at });
    if !turn.state.language.locked {
        // Agreeing to a text means having read it.
        let code = turn.language();
        turn.emit(TrackerEvent::LanguageSet { code, locked: false, chosen: false });
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
