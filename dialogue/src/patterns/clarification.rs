//! Topics instead of guesses: below the threshold by policy, for values that nobody asked for, beside a hand-off.

use crate::commands::human_handoff;
use crate::config::domain::Target;
use crate::config::settings::LowConfidence;
use crate::filters::cut;
use crate::limits::BUTTON_TITLE;
use crate::payload::Payload;
use crate::state::{Topic, Unsure};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// What the policy says about a message below the threshold.
pub(crate) fn low_confidence(turn: &mut Turn) {
    let first = turn.a.settings.low_confidence == LowConfidence::ClarifyFirst && !turn.state.clarified;
    let topics = if first { likely_topics(turn) } else { vec![] };
    if topics.is_empty() {
        human_handoff::run(turn, "low_confidence");
    } else {
        offer(turn, "ambiguous", topics);
    }
}

/// Offers topics, or says that nothing was understood.
pub(crate) fn offer(turn: &mut Turn, reason: &'static str, topics: Vec<Topic>) {
    if topics.is_empty() {
        super::cannot_handle::run(turn, "not_understood");
        return;
    }
    offered(turn, topics, reason == "ambiguous");
    turn.reask();
    turn.pattern("pattern_clarification", Some(reason));
}

/// Notes that these topics are offered, and for which message if they are what it may have meant.
pub(crate) fn offered(turn: &mut Turn, topics: Vec<Topic>, clarification: bool) {
    let meant = |topic: &Topic| matches!(Payload::parse(&topic.payload), Ok(Payload::Meant(..)));
    let text = turn.state.latest.as_ref().map(|latest| latest.text.clone());
    let number = turn.state.counters.turns;
    let unsure = text.filter(|_| topics.iter().any(meant)).map(|text| Unsure { turn: number, text });
    turn.emit(TrackerEvent::TopicsOffered { topics, clarification, unsure });
}

/// Topics of the latest text's ranking, likeliest first.
pub(crate) fn likely_topics(turn: &Turn) -> Vec<Topic> {
    let language = turn.language();
    let number = turn.state.counters.turns;
    let mut topics: Vec<Topic> = Vec::new();
    let ranking = turn.state.latest.as_ref().map(|l| l.ranking.clone()).unwrap_or_default();
    // Who surely looks for a phone is not offered to move an appointment.
    let least = ranking.first().map_or(0.0, |(_, best)| best * 0.08).max(0.02);
    for (intent, p) in ranking {
        if topics.len() >= turn.a.settings.topics || p < least {
            break;
        }
        let (flow, payload) = match turn.a.target(&intent) {
            Some(Target::Flow(flow)) => (flow.clone(), format!("/Meant({intent}, turn={number})")),
            Some(Target::Answer(_)) => (intent.clone(), format!("/{intent}")),
            _ => continue,
        };
        if let Some(title) = turn.a.topic_title(Some(&intent), Some(&flow), &language) {
            add(&mut topics, flow, title, payload);
        }
    }
    topics
}

/// These flows as topics.
pub(crate) fn topics_of(turn: &Turn, flows: &[String]) -> Vec<Topic> {
    let language = turn.language();
    let mut topics = Vec::new();
    for flow in flows {
        if topics.len() < turn.a.settings.topics
            && let Some(title) = turn.a.topic_title(None, Some(flow), &language)
        {
            add(&mut topics, flow.clone(), title, format!("/StartFlow({flow})"));
        }
    }
    topics
}

fn add(topics: &mut Vec<Topic>, flow: String, title: String, payload: String) {
    let title = cut(&title, BUTTON_TITLE);
    if !topics.iter().any(|t| t.flow == flow || t.title == title) {
        topics.push(Topic { flow, title, payload });
    }
}
