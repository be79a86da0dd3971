//! Before consent nothing personal is processed: only consent, language, a person and STOP are answered. What was asked is
//! kept and answered right after the yes.

use crate::commands::{Command, change_language, later};
use crate::config::domain::IntentCommand;
use crate::event::Understanding;
use crate::fill;
use crate::patterns::{session_start, unsupported_language};
use crate::payload::Payload;
use crate::receive::{self, Input, certain, courteous, says};
use crate::sources::{nlu, taps};
use crate::state::{HeldMessage, Owner};
use crate::tongue;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use crate::wording;

pub(crate) fn received(turn: &mut Turn, input: &Input) {
    match input {
        Input::Welcome => greet(turn),
        Input::Tap(id, title) => {
            certain(turn, title);
            match Payload::parse(id) {
                Ok(payload) => tap(turn, payload, id, title),
                Err(_) => text(turn, title),
            }
        }
        Input::Text(t) => text(turn, t),
        Input::Other(..) => greet(turn),
    }
}

fn greet(turn: &mut Turn) {
    // Who waits for a person has been told so already.
    if turn.state.owner == Owner::Bot {
        session_start::greet(turn);
    } else {
        turn.emit(TrackerEvent::Withheld { reason: "queued".into() });
    }
}

fn tap(turn: &mut Turn, payload: Payload, id: &str, title: &str) {
    match payload {
        Payload::Consent(given) => turn.execute(vec![Command::Consent { given }]),
        Payload::ChangeLanguage(language) => turn.execute(vec![Command::ChangeLanguage { language }]),
        Payload::HumanHandoff => {
            let commands = taps::commands(turn, Payload::HumanHandoff);
            turn.execute(commands);
        }
        Payload::Stop => turn.execute(vec![Command::Stop]),
        Payload::Repeat => turn.execute(vec![Command::Repeat]),
        // Less is allowed without being asked.
        Payload::Marketing(false) => turn.execute(vec![Command::Marketing { opted_in: false }]),
        Payload::Restart => greet(turn),
        _ => {
            if turn.state.owner == Owner::Bot {
                hold(turn, title, Some(id));
            }
            greet(turn);
        }
    }
}

fn text(turn: &mut Turn, text: &str) {
    let words = &turn.a.words;
    let asked = turn.state.consent.asked_at.is_some();
    let command = if words.stops(text) {
        Some(Command::Stop)
    } else if words.is("person", text) {
        Some(Command::HumanHandoff { reason: "requested" })
    } else if asked
        && (words.is("yes", text) || wording::agrees(words, text) || wording::consents(words, text))
    {
        Some(Command::Consent { given: true })
    } else if asked && let Some(rest) = wording::after_consent(words, text) {
        // "Sí, de acuerdo. Quiero una tele barata": the wish is answered right after the yes.
        hold(turn, &rest, None);
        Some(Command::Consent { given: true })
    } else if (asked && words.is("no", text)) || wording::refuses_data(text) {
        Some(Command::Consent { given: false })
    } else if wording::only_ads(text) {
        Some(Command::Marketing { opted_in: false })
    } else {
        None
    };
    if let Some(command) = command {
        certain(turn, text);
        receive::language::agreed(turn, text);
        return turn.execute(vec![command]);
    }
    if let Some(option) = fill::named_option(&turn.state.options, text, false).cloned()
        && let Ok(payload) = Payload::parse(&option.id)
    {
        certain(turn, text);
        return tap(turn, payload, &option.id, &option.title);
    }
    turn.understand(text, turn.at, false, false);
}

/// Of what was understood only language, yes and no, a person and STOP are looked at.
pub(crate) fn understood(turn: &mut Turn, text: &str, u: &Understanding, unsupported: Option<&'static str>) {
    if turn.state.owner != Owner::Bot {
        // Who waits for a person may still take the yes back, in any words.
        if matches!(turn.state.owner, Owner::Queue { .. }) && stops(turn, text, u) {
            return turn.execute(vec![Command::Stop]);
        }
        return turn.emit(TrackerEvent::Withheld { reason: "queued".into() });
    }
    let asked = turn.state.consent.asked_at.is_some();
    for command in [IntentCommand::Stop, IntentCommand::HumanHandoff, IntentCommand::ChangeLanguage] {
        let meant = match command {
            IntentCommand::Stop => stops(turn, text, u),
            _ => says(turn, u, command),
        };
        if meant {
            let mut commands = nlu::plain_command(turn, command, u);
            if command == IntentCommand::Stop && wording::only_ads(text) {
                commands = vec![Command::Marketing { opted_in: false }];
            }
            if command == IntentCommand::ChangeLanguage
                && let Some(rest) = tongue::besides(text)
            {
                hold(turn, &rest, None);
            }
            return turn.execute(commands);
        }
    }
    if asked && says(turn, u, IntentCommand::Affirm) && !wording::hesitates(text) {
        return turn.execute(vec![Command::Consent { given: true }]);
    }
    if asked && says(turn, u, IntentCommand::Deny) && !wording::wants_other(text) {
        return turn.execute(vec![Command::Consent { given: false }]);
    }
    if asked && !turn.state.consent.explained && wording::asks_why(text) {
        turn.emit(TrackerEvent::ConsentExplained);
        turn.pattern("pattern_consent_why", None);
        let version = Some(turn.a.settings.consent_version.clone());
        return turn.emit(TrackerEvent::ConsentAsked { at: turn.at, version });
    }
    if let Some(kind) = unsupported {
        turn.emit(TrackerEvent::FailedAttempt { reason: "unsupported_language".into() });
        if turn.state.failures < turn.a.settings.failures {
            turn.pattern("pattern_unsupported_language", Some(kind));
        } else {
            unsupported_language::say(turn, kind);
        }
        return;
    }
    // Another language wanted beside a wish: the greeting is in it.
    if let Some(code) = tongue::asked_for(text)
        && turn.state.language.code.as_deref() != Some(code)
    {
        change_language::set(turn, code);
    }
    let courteous = courteous(turn, u);
    if courteous && let Some(rest) = wording::behind_greeting(text) {
        later::run(turn, rest, false);
    }
    let empty = courteous || wording::hesitates(text) || (asked && wording::asks_why(text));
    if empty { greet(turn) } else { hold_and_greet(turn, text) }
}

/// Whether a message is understood as a wish for nothing more, and does not deny it.
fn stops(turn: &Turn, text: &str, u: &Understanding) -> bool {
    says(turn, u, IntentCommand::Stop) && !wording::keeps_messages(text)
}

/// A text that no rule takes, where nothing understands texts: it is answered after the yes.
pub(crate) fn unread(turn: &mut Turn, text: &str) {
    if turn.state.owner != Owner::Bot {
        return turn.emit(TrackerEvent::Withheld { reason: "queued".into() });
    }
    hold_and_greet(turn, text);
}

pub(crate) fn hold_and_greet(turn: &mut Turn, text: &str) {
    hold(turn, text, None);
    greet(turn);
}

/// Keeps a message until consent.
fn hold(turn: &mut Turn, text: &str, tap: Option<&str>) {
    turn.hold(HeldMessage {
        id: format!("turn-{}", turn.state.counters.turns),
        tap: tap.map(str::to_owned),
        frame: turn.open_question(),
        answers: turn.state.consent.asked_at.is_some(),
        ..turn.kept(text.to_owned())
    });
}
