//! Changes the language, or asks which.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, language: Option<String>) {
    let reason = match language.and_then(|l| code(turn, &l)) {
        Some(code) => {
            set(turn, &code);
            "changed"
        }
        None => "ask",
    };
    if !turn.needs_consent() {
        turn.reask();
    }
    turn.pattern("pattern_change_language", Some(reason));
    turn.run();
    // The question that was open comes again, now in the new language.
    if reason == "changed" && turn.needs_consent() && turn.state.session.greeted {
        turn.say("utter_consent_reminder");
    }
}

/// Sets and locks a language of the assistant.
pub(crate) fn set(turn: &mut Turn, code: &str) {
    if !turn.a.settings.languages.iter().any(|l| l == code) {
        return;
    }
    turn.emit(TrackerEvent::LanguageSet { code: code.to_owned(), locked: true });
    if turn.state.consented() {
        turn.hook("action_save_contact");
    }
}

/// A language's code from its code or name; nothing if it is not served.
pub(crate) fn code(turn: &Turn, text: &str) -> Option<String> {
    let folded = crate::rules::fold(text);
    let code = match folded.as_str() {
        "en" | "english" | "ingles" | "अंग्रेज़ी" | "अंग्रेजी" | "इंग्लिश" | "angrezi" => {
            "en"
        }
        "es" | "spanish" | "espanol" | "español" | "castellano" | "स्पेनिश" => "es",
        "hi" | "hindi" | "हिन्दी" | "हिंदी" => "hi",
        "hi-latn" | "hinglish" | "roman hindi" | "हिंग्लिश" => "hi-Latn",
        _ => return None,
    };
    turn.a.settings.languages.iter().find(|l| *l == code).cloned()
}
