//! A message from the customer, and what understanding made of it.

use crate::clauses;
use crate::commands::{Command, consent, human_handoff, later, stop};
use crate::config::domain::{Courtesy, IntentCommand, Target};
use crate::config::settings::OnContent;
use crate::effect::Effect;
use crate::event::{Content, Message, Understanding};
use crate::family;
use crate::fill;
use crate::fold::words;
use crate::gate;
use crate::patterns::{cannot_handle, completed, unsupported_language};
use crate::payload::Payload;
use crate::sources::question::Question;
use crate::sources::{nlu, plain, rules, taps, yes_no};
use crate::state::{BUSINESS_APP, Latest, Owner, Person, Slots};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use crate::wording;
use serde_json::{Value, json};

pub(crate) mod behind_yes;
mod kinds;
pub(crate) mod language;
mod meant;
mod parts;
mod waiting;

pub(crate) use kinds::transcript_text;
pub(crate) use waiting::PASSED_ON;
use waiting::{execute, pass_on};

/// What of a message the rest works with.
pub(crate) enum Input<'m> {
    Text(&'m str),
    Tap(&'m str, &'m str),
    Other(&'static str, Option<Value>),
    Welcome,
}

pub(crate) fn received(turn: &mut Turn, message: &Message) {
    seen(turn, message);
    let input = match &message.content {
        Content::Reaction { .. } => return turn.emit(TrackerEvent::Noted { what: "reaction".into() }),
        Content::Silent { kind } => return turn.emit(TrackerEvent::Noted { what: kind.clone() }),
        Content::Text { text } => Input::Text(text),
        Content::Media { caption: Some(caption), .. } if !caption.trim().is_empty() => Input::Text(caption),
        Content::Button { id, title } | Content::List { id, title } => Input::Tap(id, title),
        Content::Location { latitude, longitude, name } => Input::Other(
            "location",
            Some(json!({"latitude": latitude, "longitude": longitude, "name": name})),
        ),
        Content::Contacts { .. } => Input::Other("contacts", None),
        Content::Media { kind, .. } => Input::Other(kinds::media(kind), None),
        Content::Order { items } => Input::Other("order", Some(json!(items))),
        Content::Form { fields } => Input::Other("form", Some(json!(fields))),
        Content::Unsupported { .. } => Input::Other("unsupported", None),
        Content::Welcome => Input::Welcome,
    };
    release_from_app(turn);
    turn.begin();
    turn.emit(TrackerEvent::WindowOpened { until: message.sent_at + turn.a.settings.window_ms });
    turn.emit(TrackerEvent::UserUttered { text: transcript_text(&message.content), at: turn.at });
    if matches!(turn.state.owner, Owner::Agent { .. }) {
        // A human owns the thread: the bot says nothing, but a withdrawal holds at once.
        let stops = match &input {
            Input::Text(text) => turn.a.words.stops(text),
            Input::Tap(id, _) => Payload::parse(id) == Ok(Payload::Stop),
            _ => false,
        };
        if stops {
            stop::withdraw(turn);
        }
        return;
    }
    turn.effects
        .push(Effect::MarkRead { message_id: message.id.clone(), typing: turn.state.owner == Owner::Bot });
    consent::outdate(turn);
    if turn.needs_consent() {
        return gate::received(turn, &input);
    }
    match input {
        Input::Text(text) => self::text(turn, text),
        Input::Tap(id, title) => tap(turn, id, title),
        Input::Welcome => execute(turn, vec![Command::SessionStart], false),
        Input::Other(kind, value) => other(turn, kind, value),
    }
}

/// References to the person, as this message carries them. A phone that Meta leaves out now is still the person's.
fn seen(turn: &mut Turn, message: &Message) {
    let old = &turn.state.person;
    let shared = match &message.content {
        Content::Contacts { own_phone } => own_phone.clone(),
        _ => None,
    };
    let person = Person {
        phone: message.phone.clone().or_else(|| shared.clone()).or_else(|| old.phone.clone()),
        phone_shared: shared.is_some() || old.phone_shared,
        user_id: message.user_id.clone().or_else(|| old.user_id.clone()),
        profile_name: message.profile_name.clone().or_else(|| old.profile_name.clone()),
        number: message.number.clone(),
    };
    let source =
        message.referral.clone().or_else(|| (turn.state.session.count == 0).then(|| "organic".to_owned()));
    if *old != person || (turn.state.source.is_none() && source.is_some()) {
        turn.emit(TrackerEvent::PersonSeen { person, source });
    }
}

/// A thread that a colleague answered from the app comes back after long silence; from the console agents hand back themselves.
fn release_from_app(turn: &mut Turn) {
    let after = turn.a.settings.app_release_ms;
    let last = turn.state.transcript.last().map_or(0, |l| l.at);
    if let Owner::Agent { id, .. } = &turn.state.owner
        && id == BUSINESS_APP
        && after > 0
        && turn.at - last > after
    {
        turn.emit(TrackerEvent::HandedBack { agent: BUSINESS_APP.into(), resolved: false });
        let escalated: Vec<u64> = turn.state.matters.iter().filter(|m| m.escalated).map(|m| m.id).collect();
        for id in escalated {
            turn.emit(TrackerEvent::MatterAbandoned { id, reason: "handed_back".into() });
        }
    }
}

/// The latest message is certain: a tap, or words with one meaning.
pub(crate) fn certain(turn: &mut Turn, text: &str) {
    let latest =
        Latest { text: text.to_owned(), intent: None, confidence: 1.0, ranking: vec![], part: false };
    let languages = turn.state.language.posterior.clone();
    turn.emit(TrackerEvent::Understood { latest: Some(latest), languages });
}

fn text(turn: &mut Turn, text: &str) {
    if let Some(commands) = rules::commands(turn, text) {
        certain(turn, text);
        return execute(turn, commands, false);
    }
    if wording::only_ads(text) && !verbatim(turn) {
        certain(turn, text);
        return execute(turn, vec![Command::Marketing { opted_in: false }], false);
    }
    if wording::stops_besides(&turn.a.words, text) && !verbatim(turn) {
        certain(turn, text);
        return execute(turn, vec![Command::Stop], false);
    }
    if matches!(turn.state.owner, Owner::Queue { .. })
        && !verbatim(turn)
        && let Some(rest) = wording::without_person(text)
    {
        // "Forget the person, show me the same one in size 7": nobody waits for somebody they do not want.
        completed::let_go(turn);
        return match rest.is_empty() {
            true => certain(turn, text),
            false => turn.understand(&rest, turn.at, false, false),
        };
    }
    let served = turn.state.owner == Owner::Bot || turn.state.self_service();
    // "Cancel it. But first tell me when the money comes": that is answered, and the question comes again.
    if served
        && confirming(turn)
        && let Some(first) = wording::asked_first(text)
    {
        return turn.understand(&first, turn.at, false, false);
    }
    if served && behind_yes::looked_at(turn, text) {
        return;
    }
    let busy = turn.state.stack.iter().any(|f| !f.flow.starts_with("pattern_"));
    let rest = wording::after_cancel(&turn.a.words, text, !yes_no::ending(turn))
        .filter(|rest| served && !(confirming(turn) && wording::begins_with_when(rest)));
    let rest = rest.map(|rest| if busy && wording::wants_nothing(&rest) { String::new() } else { rest });
    // "Leave it, no return now" at another question: what is named waits no longer, and the question stays.
    if let Some(frame) = rest.as_ref().and_then(|rest| unwanted(turn, rest)) {
        certain(turn, text);
        turn.drop_frame(frame, "cancelled");
        return turn.reask();
    }
    let rest = rest.map(|rest| if busy && wording::declines(&rest) { String::new() } else { rest });
    let text = match rest {
        Some(rest) if rest.is_empty() && busy => {
            certain(turn, text);
            return execute(turn, vec![Command::CancelFlow], false);
        }
        // "Forget it, show me phones": what runs goes without a word, the new wish is what counts.
        Some(rest) if !rest.is_empty() => {
            turn.drop_stack("cancelled");
            // What was not understood in it counts no more.
            if busy && !turn.state.failure_stays() {
                turn.emit(TrackerEvent::Progress);
            }
            rest
        }
        _ => text.to_owned(),
    };
    // In the queue too: a sure STOP in the customer's own words is obeyed, and the rest is withheld.
    turn.understand(&text, turn.at, false, false);
}

pub(crate) fn tap(turn: &mut Turn, id: &str, title: &str) {
    certain(turn, title);
    match Payload::parse(id) {
        Ok(payload) => {
            let commands = taps::commands(turn, payload);
            execute(turn, commands, true);
        }
        // A template's quick reply has no payload of ours: its title is what the customer says.
        Err(_) => self::text(turn, title),
    }
}

/// Anything that is neither text nor tap.
fn other(turn: &mut Turn, kind: &'static str, value: Option<Value>) {
    certain(turn, &format!("[{kind}]"));
    let asked = turn.state.asked.clone();
    let takes_place = |slot: &str| {
        turn.a.domain.slots.get(slot).is_some_and(|s| {
            s.mappings.iter().any(|m| matches!(m.source, crate::config::domain::Source::Location))
        })
    };
    if let (Some(asked), Some(value), "location") = (&asked, &value, kind)
        && takes_place(&asked.slot)
    {
        return execute(
            turn,
            vec![Command::SetSlot { slots: Slots::from([(asked.slot.clone(), value.clone())]) }],
            false,
        );
    }
    if matches!(turn.state.owner, Owner::Queue { .. }) {
        return pass_on(turn);
    }
    if kind == "contacts" && turn.state.person.phone_shared {
        // Asked for and given: whoever asked goes on.
        turn.say("utter_acknowledge");
        turn.reask();
        return;
    }
    match turn.a.settings.content.get(kind).cloned() {
        Some(OnContent::Answer(answer)) => turn.execute(vec![Command::Chitchat { answer }]),
        Some(OnContent::Handoff) => human_handoff::run(turn, "always_human"),
        Some(OnContent::Flow(flow, slot)) => {
            let mut slots = Slots::new();
            if let (Some(slot), Some(value)) = (slot, value)
                && let Some(value) = turn.a.domain.slots.get(&slot).and_then(|s| fill::coerce(s, &value))
            {
                slots.insert(slot, value);
            }
            turn.execute(vec![Command::StartFlow { flow, slots, intent: None, tapped: true }]);
        }
        None => cannot_handle::run(turn, "unsupported_content"),
    }
}

/// The flow waiting behind the open question that a few words say is not wanted.
fn unwanted(turn: &Turn, text: &str) -> Option<u64> {
    if !wording::declines(text) {
        return None;
    }
    let open = turn.state.frame(turn.open_question()?)?;
    let asking = turn.state.outermost(open).id;
    let said = words(text);
    let named = |flow: &str| {
        let names = turn.a.flows.get(flow).map(|f| f.name.0.values().map(|n| words(n)).collect::<Vec<_>>());
        names.unwrap_or_default().iter().flatten().any(|w| w.chars().count() >= 4 && said.contains(w))
    };
    let waits = |f: &&crate::state::Frame| {
        f.called_by.is_none() && f.id != asking && !f.flow.starts_with("pattern_") && named(&f.flow)
    };
    turn.state.stack.iter().rev().find(waits).map(|f| f.id)
}

/// Whether the open question is whether something shall be done.
fn confirming(turn: &Turn) -> bool {
    Question::of(turn).is_some_and(|q| q.collect.confirm)
}

/// Whether whatever is written now is the answer.
fn verbatim(turn: &Turn) -> bool {
    Question::of(turn).is_some_and(|q| q.collect.verbatim)
}

/// A text that no rule takes, where nothing understands texts.
pub(crate) fn unread(turn: &mut Turn, text: &str, part: bool) {
    if part {
        // A further sentence of a message that has had its answer.
        return;
    }
    certain(turn, text);
    if turn.needs_consent() {
        return gate::unread(turn, text);
    }
    let commands = plain::commands(turn, text);
    execute(turn, commands, false);
}

pub(crate) fn understood(turn: &mut Turn, u: &Understanding) {
    let Some(pending) = turn.state.understanding.clone() else {
        return turn.emit(TrackerEvent::Noted { what: "understood without a question".into() });
    };
    let mut ranking = u.intents.clone();
    let u = &*family::settled(turn.a, u);
    if let Some(whole) = &pending.whole {
        return behind_yes::understood(turn, &pending.text, whole, u);
    }
    if let Some(intent) = &pending.meant {
        return meant::understood(turn, &pending.text, intent, u);
    }
    let top = u.intents.first().cloned();
    // The conformal set covers what the ranking alone might cut off.
    ranking.sort_by_key(|(i, _)| !u.candidates.is_empty() && !u.candidates.contains(i));
    let latest = Latest {
        text: pending.text.clone(),
        intent: top.as_ref().map(|(i, _)| i.clone()),
        confidence: top.as_ref().map_or(0.0, |(_, p)| *p),
        ranking,
        part: pending.part && !pending.wish,
    };
    let intent = latest.intent.clone();
    turn.emit(TrackerEvent::Understood { latest: Some(latest), languages: u.languages.clone() });
    if pending.part {
        return parts::understood(turn, &pending.text, u, pending.wish);
    }
    if let Some(intent) = intent {
        turn.emit(TrackerEvent::ExchangeBegun { intent });
    }
    let unsupported = unsupported_language::kind(turn, &u.languages);
    if unsupported.is_none() {
        language::heard(turn, &pending.text, u);
    }
    if turn.needs_consent() {
        return gate::understood(turn, &pending.text, u, unsupported);
    }
    if matches!(turn.state.owner, Owner::Agent { .. }) {
        return;
    }
    if pending.held && courteous(turn, u) {
        // It was greeted already.
        return;
    }
    if pending.held && wording::agrees(&turn.a.words, &pending.text) {
        // A yes that was not taken for one then; there is one by now.
        return turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    }
    // "Thank you, bless you. Do I have to bring any papers?" A greeting may itself ask: "hello, is anyone there?"
    if !pending.held
        && courtesy(turn, u) == Some(Courtesy::Farewell)
        && let Some(rest) = wording::behind_courtesy(&pending.text)
    {
        return turn.understand(&rest, turn.at, false, false);
    }
    // "Buenas tardes. Teléfono sencillo": the greeting hides two words.
    if !pending.held
        && courtesy(turn, u) == Some(Courtesy::Greeting)
        && turn.state.owner == Owner::Bot
        && let Some(rest) = wording::behind_greeting(&pending.text)
    {
        later::run(turn, rest, false);
    }
    let mut commands = nlu::commands(turn, &pending.text, u);
    if commands == [Command::LowConfidence]
        && !clauses::want_person(turn.a, &pending.text, u)
        && (turn.state.owner == Owner::Bot || turn.state.waits_unheard())
        && let Some(mut heard) = clauses::heard(turn, &pending.text, u)
    {
        // Two wishes share the probability of the whole: each of them is sure.
        let (intent, confidence) = heard.intent;
        turn.emit(TrackerEvent::ExchangeBegun { intent: intent.clone() });
        turn.emit(TrackerEvent::ClauseMeant { text: heard.text, intent, confidence });
        waiting::served(turn, &mut heard.commands);
        if waiting::answers(turn, &heard.commands) {
            parts::keep_unheard(turn, &pending.text, &heard.said, &heard.rest);
        }
        for part in heard.rest {
            later::run(turn, part, true);
        }
        return execute(turn, heard.commands, false);
    }
    if commands == [Command::LowConfidence]
        && turn.state.owner == Owner::Bot
        && let Some((text, confidence)) = clauses::beyond(turn.a, &pending.text, u)
    {
        let intent = turn.state.latest.as_ref().and_then(|l| l.intent.clone()).unwrap_or_default();
        turn.emit(TrackerEvent::ClauseMeant { text, intent, confidence });
        commands = vec![Command::CannotHandle { reason: "out_of_scope" }];
    }
    if pending.held && pending.answers && no_wish(&pending.text, &commands) {
        // It was written to the question of consent, which has had its answer.
        return turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    }
    if commands == [Command::Stop] && wording::only_ads(&pending.text) {
        commands = vec![Command::Marketing { opted_in: false }];
    }
    if commands == [Command::Stop] && wording::keeps_messages(&pending.text) {
        // "मैसेज बंद मत करना": the opposite of what its words are close to.
        commands = vec![Command::Acknowledge];
    }
    if matches!(commands[..], [Command::HumanHandoff { .. }])
        && wording::refuses_person(&pending.text)
        && !clauses::want_person(turn.a, &pending.text, u)
    {
        // "No need to call anybody, thanks."
        commands = vec![Command::Acknowledge];
    }
    if turn.state.owner == Owner::Bot && clauses::want_person(turn.a, &pending.text, u) {
        // "My refund still hasn't arrived. Get me a human": whatever else it says is for the person.
        commands = vec![Command::HumanHandoff { reason: "requested" }];
    }
    if !pending.held && only_cancelled(turn, &pending.text, &commands) {
        turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
        return turn.pattern("pattern_cancel_flow", None);
    }
    language::wished(turn, &pending.text, &mut commands);
    if let Some(kind) = unsupported
        && turn.state.owner == Owner::Bot
        && !matches!(
            commands.first(),
            Some(
                Command::SetSlot { .. }
                    | Command::Stop
                    | Command::ChangeLanguage { .. }
                    | Command::HumanHandoff { reason: "requested" }
            )
        )
    {
        return unsupported_language::run(turn, kind);
    }
    waiting::served(turn, &mut commands);
    // What waited is followed by what was written after it.
    let followed = pending.held && !turn.state.held.is_empty();
    if !followed && waiting::answers(turn, &commands) {
        parts::keep(turn, &pending.text, &commands);
    }
    execute(turn, commands, false);
}

/// "Rehne do, mazak kar raha tha": the cancel word was sure, and the few words behind it are no wish.
fn only_cancelled(turn: &Turn, text: &str, commands: &[Command]) -> bool {
    let said = turn.state.transcript.iter().rev().find(|l| l.from == "customer").map_or("", |l| &l.text);
    let unclear =
        matches!(commands, [Command::LowConfidence | Command::Acknowledge | Command::CannotHandle { .. }]);
    unclear
        && said != text
        && text.split_whitespace().count() <= 5
        && !text.contains(['?', '¿'])
        && wording::after_cancel(&turn.a.words, said, true).as_deref() == Some(text)
}

/// Whether a few words, asking nothing, are understood as nothing that could be done.
fn no_wish(text: &str, commands: &[Command]) -> bool {
    let unclear =
        matches!(commands, [Command::LowConfidence | Command::Acknowledge | Command::CannotHandle { .. }]);
    unclear && text.split_whitespace().count() <= 8 && !text.contains(['?', '¿'])
}

/// Whether a text is surely no more than a hello, a thank-you or a goodbye.
pub(crate) fn courteous(turn: &Turn, u: &Understanding) -> bool {
    courtesy(turn, u).is_some()
}

/// Which of them it surely is.
fn courtesy(turn: &Turn, u: &Understanding) -> Option<Courtesy> {
    let (intent, p) = u.intents.first()?;
    let courtesy = turn.a.domain.intents.get(intent)?.courtesy?;
    (*p >= turn.a.threshold(intent)).then_some(courtesy)
}

/// Overload makes customers wait, it never escalates them.
pub(crate) fn not_understood(turn: &mut Turn, reason: &str) {
    let Some(pending) = turn.state.understanding.clone() else { return };
    let languages = turn.state.language.posterior.clone();
    turn.emit(TrackerEvent::Understood { latest: None, languages });
    turn.emit(TrackerEvent::Noted { what: format!("not_understood {reason}") });
    if let Some(whole) = &pending.whole {
        return behind_yes::unclear(turn, whole);
    }
    if let Some(intent) = &pending.meant {
        return crate::commands::meant::alone(turn, intent);
    }
    if pending.part {
        return;
    }
    language::seen(turn, &pending.text);
    if turn.needs_consent() {
        return gate::hold_and_greet(turn, &pending.text);
    }
    match turn.state.owner {
        Owner::Bot => turn.say("utter_busy"),
        // Whatever it was, it is there for the person who is waited for.
        Owner::Queue { .. } => pass_on(turn),
        Owner::Agent { .. } => {}
    }
}

/// Whether the most likely intent, if sure, stands for this command.
pub(crate) fn says(turn: &Turn, u: &Understanding, command: IntentCommand) -> bool {
    u.intents
        .first()
        .is_some_and(|(i, p)| *p >= turn.a.threshold(i) && turn.a.target(i) == Some(Target::Command(command)))
}
