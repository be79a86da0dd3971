//! The language that is spoken: locked once the texts so far make it clear, tentative until then; followed when the customer goes
//! over to another one; changed where a message asks for it beside something else.

use crate::commands::{Command, change_language};
use crate::event::Understanding;
use crate::state::Owner;
use crate::tongue;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Posterior from which a language is spoken before it is locked.
const TENTATIVE: f32 = 0.6;
/// Posterior of hi-Latn that the small words of a mixed sentence amount to.
const MIXED: f32 = 0.8;
/// Least share that a text leaves to any language, so that one odd message decides nothing.
const FLOOR: f32 = 0.05;
/// Posterior from which a text is clearly in another language than the one that is spoken.
const CLEAR: f32 = 0.9;
/// Words of such a text, at least: "ok thanks" is in no language.
const WORDS: usize = 3;
/// Such texts in a row after which the conversation follows.
const TEXTS: f32 = 2.0;

/// A text has been understood to be in one of these languages.
pub(crate) fn heard(turn: &mut Turn, text: &str, u: &Understanding) {
    let served = |l: &str| turn.a.settings.languages.iter().any(|s| s == l);
    let mut heard: Vec<(String, f32)> = u.languages.clone();
    if served("hi-Latn")
        && (tongue::mixed(text) || tongue::hindi_in_latin(text))
        && heard.first().is_some_and(|(l, p)| l == "en" || (l == "hi-Latn" && *p < MIXED))
    {
        heard = vec![("hi-Latn".into(), MIXED), ("en".into(), 1.0 - MIXED)];
    }
    let Some((first, p)) = heard.first().cloned() else { return };
    if turn.state.language.locked {
        return follow(turn, text, &first, p);
    }
    // "Hi" is anybody's, and is answered in the number's own language.
    if !served(&first) || tongue::anybodys(text) {
        return;
    }
    let (code, together) = match together(turn, &heard) {
        Some(found) if p < turn.a.settings.lock_threshold => found,
        _ => (first, p),
    };
    let locked = together >= turn.a.settings.lock_threshold;
    if locked || (together >= TENTATIVE && turn.state.language.code.as_deref() != Some(code.as_str())) {
        turn.emit(TrackerEvent::LanguageSet { code, locked, chosen: false });
    }
}

/// A yes that needs no understanding says a language too: "haan, manzoor" is no English.
pub(crate) fn agreed(turn: &mut Turn, text: &str) {
    if tongue::hindi_in_latin(text) {
        guess(turn, "hi-Latn");
    }
}

/// Takes a language for what is spoken, where nothing more than English is known and none was chosen.
fn guess(turn: &mut Turn, code: &str) {
    let language = &turn.state.language;
    let served = turn.a.settings.languages.iter().any(|l| l == code);
    let open = !language.chosen && language.code.as_deref().is_none_or(|c| c == "en");
    if served && open {
        turn.emit(TrackerEvent::LanguageSet { code: code.into(), locked: false, chosen: false });
    }
}

/// A text that could not be understood now shows by its letters what it is written in: somebody who writes Hindi is not asked in
/// English to write again.
pub(crate) fn seen(turn: &mut Turn, text: &str) {
    if turn.state.language.locked {
        return;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let devanagari = text.chars().filter(|c| c.is_alphabetic() && matches!(c, '\u{900}'..='\u{97f}')).count();
    let code = if devanagari > 0 && devanagari * 2 >= letters {
        "hi"
    } else if text.contains(['¿', '¡', 'ñ', 'Ñ']) {
        "es"
    } else if tongue::hindi_in_latin(text) {
        "hi-Latn"
    } else {
        return;
    };
    guess(turn, code);
}

/// What this text and those before it speak for together, and how much; remembers it for the next one.
fn together(turn: &mut Turn, heard: &[(String, f32)]) -> Option<(String, f32)> {
    let share = |of: &[(String, f32)], l: &str| {
        of.iter().find(|(code, _)| code == l).map_or(FLOOR, |(_, p)| p.max(FLOOR))
    };
    let before = turn.state.language.leaning.clone();
    let mut all: Vec<(String, f32)> = turn
        .a
        .settings
        .languages
        .iter()
        .map(|l| {
            let earlier = if before.is_empty() { 1.0 } else { share(&before, l) };
            (l.clone(), earlier * share(heard, l))
        })
        .collect();
    let sum: f32 = all.iter().map(|(_, p)| p).sum();
    for (_, p) in &mut all {
        *p /= sum;
    }
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    turn.emit(TrackerEvent::LanguageLeans { leaning: all.clone() });
    // Alone, a text speaks for itself.
    all.into_iter().next().filter(|_| !before.is_empty())
}

/// The customer's language is known, but this text may be in another one.
fn follow(turn: &mut Turn, text: &str, code: &str, p: f32) {
    let language = &turn.state.language;
    let other = language.code.as_deref() != Some(code) && turn.a.settings.languages.iter().any(|s| s == code);
    let clear = other && p >= CLEAR && !language.chosen;
    let short = text.split_whitespace().count() < WORDS;
    if !clear {
        // Numbers, names and an "ok" break no row.
        if !language.leaning.is_empty() && !short {
            turn.emit(TrackerEvent::LanguageLeans { leaning: vec![] });
        }
        return;
    }
    if short {
        return;
    }
    let row = 1.0 + language.leaning.iter().find(|(l, _)| l == code).map_or(0.0, |(_, n)| *n);
    if row < TEXTS {
        return turn.emit(TrackerEvent::LanguageLeans { leaning: vec![(code.to_owned(), row)] });
    }
    turn.emit(TrackerEvent::LanguageSet { code: code.to_owned(), locked: true, chosen: false });
    if turn.state.owner == Owner::Bot && !turn.needs_consent() {
        turn.say("utter_language_followed");
    }
}

/// A language asked for beside another wish: switched to at once, and the wish is done in it.
pub(crate) fn wished(turn: &mut Turn, text: &str, commands: &mut Vec<Command>) {
    if turn.state.owner != Owner::Bot {
        return;
    }
    match &commands[..] {
        [Command::ChangeLanguage { language: Some(_) }] => {
            // What else the message says is done after it, if it is clearly a wish.
            if let Some(rest) = tongue::besides(text) {
                commands.push(Command::Later { text: rest });
            }
        }
        [
            Command::StartFlow { .. }
            | Command::KnowledgeAnswer { .. }
            | Command::SetSlot { .. }
            | Command::Acknowledge,
            ..,
        ] => {
            if let Some(code) = tongue::asked_for(text)
                && turn.state.language.code.as_deref() != Some(code)
            {
                change_language::set(turn, code);
                turn.say("utter_language_changed");
            }
        }
        _ => {}
    }
}
