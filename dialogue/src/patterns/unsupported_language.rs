//! A language that is not served: a polite answer in English and Spanish, or English and Hindi for Indic scripts. Dealt with
//! before any threshold, and a failed attempt.

use super::cannot_handle;
use crate::turn::Turn;

/// The kind (`other`, `other-indic`) if the latest text is in no language of the assistant.
pub(crate) fn kind(turn: &Turn, languages: &[(String, f32)]) -> Option<&'static str> {
    let (top, p) = languages.first()?;
    // In a conversation whose language is known, a brand name must not be taken for Tagalog.
    let needed = if turn.state.language.locked { 0.9 } else { turn.a.settings.lock_threshold };
    if *p < needed {
        return None;
    }
    match top.as_str() {
        "other-indic" => Some("other-indic"),
        "other" => Some("other"),
        served if turn.a.settings.languages.iter().any(|l| l == served) => None,
        "hi" => Some("other-indic"),
        _ => Some("other"),
    }
}

pub(crate) fn run(turn: &mut Turn, kind: &'static str) {
    if cannot_handle::failed(turn, "unsupported_language") {
        // A colleague takes over, but the customer should know why nothing was understood.
        say(turn, kind);
        return;
    }
    turn.reask();
    turn.pattern("pattern_unsupported_language", Some(kind));
}

pub(crate) fn say(turn: &mut Turn, kind: &str) {
    turn.say(if kind == "other-indic" {
        "utter_unsupported_language_indic"
    } else {
        "utter_unsupported_language"
    });
}
