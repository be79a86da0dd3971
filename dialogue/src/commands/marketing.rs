//! Opt-in to marketing: something else than consent to processing.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, opted_in: bool) {
    set(turn, opted_in);
    turn.say(if opted_in { "utter_marketing_on" } else { "utter_marketing_off" });
    turn.reask();
}

/// Records it, with version and time of the text, and tells the CRM.
pub(crate) fn set(turn: &mut Turn, opted_in: bool) {
    turn.emit(TrackerEvent::MarketingSet { opted_in });
    if opted_in {
        let version = turn.a.settings.consent_version.clone();
        turn.emit(TrackerEvent::ConsentGiven { category: "marketing".into(), version, at: turn.at });
    }
    turn.hook("action_save_marketing");
}
