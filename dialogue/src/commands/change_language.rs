//! Changes the language, or asks which.

use crate::event::Understanding;
use crate::patterns::session_start;
use crate::state::Owner;
use crate::tongue;
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
    if reason == "changed" && turn.needs_consent() && turn.state.owner == Owner::Bot {
        if turn.state.session.greeted {
            turn.say("utter_consent_reminder");
        } else {
            session_start::greet(turn);
        }
    }
}

/// Sets and locks a language of the assistant.
pub(crate) fn set(turn: &mut Turn, code: &str) {
    let code = if code == "hi" && back_to_latin(turn) { "hi-Latn" } else { code };
    if !turn.a.settings.languages.iter().any(|l| l == code) {
        return;
    }
    turn.emit(TrackerEvent::LanguageSet { code: code.to_owned(), locked: true, chosen: true });
    if turn.state.consented() {
        turn.hook("action_save_contact");
    }
}

/// Whether Hindi is wanted back by somebody who types it in Latin letters and has not been answered in Devanagari.
fn back_to_latin(turn: &Turn) -> bool {
    let lines = || turn.state.transcript.iter().rev();
    let devanagari = |text: &str| text.chars().any(|c| ('\u{0900}'..='\u{097F}').contains(&c));
    lines().find(|l| l.from == "customer").is_some_and(|l| tongue::back_in_latin(&l.text))
        && !lines().any(|l| l.from != "customer" && devanagari(&l.text))
}

/// The language that an understood message asks for: never the one that it says the customer does not know ("Hindi nahi aati,
/// English please"). Nothing where it names none: then the customer chooses.
pub(crate) fn wished(turn: &Turn, u: &Understanding) -> Option<String> {
    let text = turn.state.latest.as_ref().map(|l| l.text.clone()).unwrap_or_default();
    let (wanted, denied) = tongue::named_languages(&text);
    let served = |l: &str| turn.a.settings.languages.iter().any(|s| s == l);
    if let Some(found) = wanted.iter().find(|l| served(l)) {
        return Some((*found).to_owned());
    }
    if !denied.is_empty() {
        // Whoever says in Hindi that they have no English wants Hindi.
        let written =
            u.languages.first().filter(|(l, p)| *p >= 0.6 && served(l) && !denied.contains(&l.as_str()));
        return written.map(|(l, _)| l.clone());
    }
    let named = u.entities.iter().find(|e| e.entity == "language")?;
    named.value.as_str().and_then(|v| code(turn, v)).or_else(|| code(turn, &named.text))
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
