//! Into the human queue, in this turn, with summary, slots, last messages and a ticket.

use crate::config::domain::{IntentCommand, Target};
use crate::patterns::{clarification, completed};
use crate::state::{Handoff, Owner, Slots};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// A tap that asks for a person again: what runs is dropped for it as the first time, and nobody is left without a word.
pub(crate) fn waiting(turn: &mut Turn) {
    turn.drop_stack("escalated");
    turn.say("utter_handoff_waiting");
}

pub(crate) fn run(turn: &mut Turn, reason: &'static str) {
    if turn.state.owner != Owner::Bot {
        // Already waiting: a tapped flow that fails leaves the customer where they were.
        turn.drop_stack("escalated");
        return;
    }
    let mut latest = turn.state.latest.clone().unwrap_or_default();
    if reason == "requested" && latest.intent.is_none() {
        // By tap or word: the same wish as the intent that asks for a person.
        latest.intent = Some(wish_for_a_person(turn));
    }
    // After a request for a person, or where one is always needed, offering the machine again would be rude.
    let topics = match reason {
        "low_confidence" | "failed_attempts" => clarification::likely_topics(turn),
        _ => vec![],
    };
    let open: Vec<u64> = turn.state.matters.iter().filter(|m| !m.escalated).map(|m| m.id).collect();
    let matters = if open.is_empty() {
        let flow = turn.state.top().map(|f| f.flow.clone()).filter(|f| !f.starts_with("pattern_"));
        vec![completed::open_matter(turn, latest.intent.clone(), flow)]
    } else {
        open
    };
    for id in matters {
        turn.emit(TrackerEvent::MatterEscalated { id, reason: reason.to_owned() });
    }
    let draft = (reason == "low_confidence"
        && turn.a.settings.low_confidence == crate::config::settings::LowConfidence::DraftForReview)
        .then(|| draft(turn))
        .flatten();
    let handoff = Handoff { draft, intent: latest.intent, ..brief(turn, reason) };
    turn.drop_stack("escalated");
    clarification::offered(turn, topics.clone(), false);
    turn.emit(TrackerEvent::Queued {
        since: turn.at,
        reason: reason.to_owned(),
        suggestions: topics,
        handoff,
    });
    turn.hook("action_create_handoff_ticket");
    turn.pattern("pattern_human_handoff", Some(reason));
}

/// The domain's intent that asks for a person; Charla's own name for it if there is none.
fn wish_for_a_person(turn: &Turn) -> String {
    const NAME: &str = "talk_to_human";
    let wish = Some(Target::Command(IntentCommand::HumanHandoff));
    let intents = &turn.a.domain.intents;
    let another = || intents.iter().find(|(_, i)| i.target == wish).map(|(name, _)| name.clone());
    match intents.contains_key(NAME) {
        true => NAME.into(),
        false => another().unwrap_or_else(|| NAME.into()),
    }
}

/// What a human needs to know at this moment, for a hand-off or a ticket that a flow opens.
pub(crate) fn brief(turn: &Turn, reason: &str) -> Handoff {
    let slots = all_slots(turn);
    Handoff {
        summary: summary(turn, reason, &slots),
        slots,
        intent: turn.state.latest.as_ref().and_then(|l| l.intent.clone()),
        transcript: turn.state.transcript.clone(),
        draft: None,
    }
}

/// Slots of all running flows, the active one's on top.
fn all_slots(turn: &Turn) -> Slots {
    let mut all = turn.state.slots.clone();
    for frame in &turn.state.stack {
        all.extend(frame.slots.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())));
    }
    all
}

/// A few lines for the agent, in English: who, what, why, what is known, what was said last.
fn summary(turn: &Turn, reason: &str, slots: &Slots) -> String {
    let state = &turn.state;
    let mut lines = Vec::new();
    let name = state.person.profile_name.as_deref().unwrap_or("The customer");
    let wish =
        state.matter().map(|m| m.label().replace('_', " ")).unwrap_or_else(|| "something unclear".into());
    lines.push(format!("{name} ({}) wants: {wish}.", turn.language()));
    let confidence =
        state.latest.as_ref().map(|l| format!(" (confidence {:.2})", l.confidence)).unwrap_or_default();
    lines.push(format!("Why a person: {}{confidence}.", reason.replace('_', " ")));
    let known: Vec<String> = slots
        .iter()
        .filter(|(_, v)| v.is_string() || v.is_number() || v.is_boolean())
        .map(|(k, v)| format!("{k} = {}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
        .collect();
    if !known.is_empty() {
        lines.push(format!("Known: {}.", known.join(", ")));
    }
    if let Some(line) = state.transcript.iter().rev().find(|l| l.from == "customer") {
        lines.push(format!("Last said: “{}”", crate::filters::cut(&line.text, 300)));
    }
    lines.join("\n")
}

/// The reply that the bot would have given, where it is a written answer.
fn draft(turn: &Turn) -> Option<String> {
    let intent = turn.state.latest.as_ref()?.intent.clone()?;
    let Target::Answer(answer) = turn.a.target(&intent)? else { return None };
    let draft = crate::render::response(
        turn.a,
        &answer,
        &turn.language(),
        turn.state.counters.turns,
        &turn.context(),
    )
    .ok()?;
    Some(draft.text)
}
