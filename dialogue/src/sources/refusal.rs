//! What shall not be done: a phrase that denies what a question asks for, and what stands around it.

use super::answers::IF;
use super::question::Question;
use super::rows::first_then;
use crate::commands::Command;
use crate::config::flows::Collect;
use crate::fold::{listed as is, typed, words};
use crate::negation;
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// What in a question's own no says that nothing shall be done.
const DENIES: &str = "dont not no mat मत नहीं nahi";

impl Question<'_> {
    /// "Don't cancel it, send me size 9": a no of this question's own, wherever it stands. Doing nothing is always safe.
    pub(crate) fn own_no(&self, text: &str) -> Option<Vec<Command>> {
        Some(self.no_then(denied(self.collect, text)?))
    }

    /// A no; the sentences around it are looked at afterwards.
    pub(super) fn no_then(&self, rest: Vec<String>) -> Vec<Command> {
        let no = Command::SetSlot { slots: Slots::from([(self.collect.slot.clone(), Value::Bool(false))]) };
        first_then(vec![no], rest)
    }
}

/// What stands around a phrase that denies what a question asks to be done, and may be a wish; nothing if nothing denies it.
fn denied(collect: &Collect, text: &str) -> Option<Vec<String>> {
    if !collect.confirm {
        return None;
    }
    let said = negation::words_at(text);
    let at = |phrase: &str| -> Option<(usize, usize)> {
        let phrase = words(phrase);
        let denies = phrase.len() >= 2 && phrase.iter().any(|w| is(DENIES, w));
        let place = (0..(said.len() + 1).saturating_sub(phrase.len()))
            .find(|at| said[*at..].iter().zip(&phrase).all(|((w, _), p)| typed(w) == typed(p)))?;
        denies.then_some((place, place + phrase.len()))
    };
    let (from, to) = collect.no.iter().filter_map(|p| at(p)).max_by_key(|(from, to)| to - from)?;
    // "Don't cancel it if it has left already" hangs on something.
    if said.iter().any(|(w, _)| is(IF, w))
        || collect.yes.iter().filter_map(|p| at(p)).any(|y| y.1 <= from || y.0 >= to)
    {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let part = |range: std::ops::Range<usize>| {
        let part: String = chars[range].iter().collect();
        part.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '?' | '!' | '।')).to_owned()
    };
    // "Where are the jeans, I don't want to cancel anything": what stands around the no may be a wish.
    // "… cancel anything. Where is it?": a word or two up to a pause belong to the no.
    let pause = |at: usize| chars[said[at].1.1..].first().is_some_and(|c| ",.;!?।\n".contains(*c));
    let end = (to - 1..said.len().min(to + 2)).find(|at| pause(*at)).unwrap_or(to - 1);
    let around = [part(0..said[from].1.0), part(said[end].1.1..chars.len())];
    Some(around.into_iter().filter(|text| words(text).len() >= 3).collect())
}

/// "I don't want to cancel anything. Where is the air fryer?", which sounds like the wish that it denies: nothing is begun, and
/// what else it says is looked at.
pub(super) fn denied_wish(turn: &Turn, flow: &str, text: &str) -> Option<Vec<Command>> {
    let around = turn.a.flows.get(flow)?.collects().find_map(|collect| denied(collect, text))?;
    Some(match around.is_empty() {
        true => vec![Command::Acknowledge],
        false => around.into_iter().map(|text| Command::Afterwards { text }).collect(),
    })
}
