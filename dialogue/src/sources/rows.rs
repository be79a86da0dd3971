//! What a message chooses from a list besides naming a row and nothing else: for another wish, in its first sentence, or by a yes
//! to what comes closest.

use super::answers::leading;
use super::nlu;
use super::question::Question;
use super::taps;
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{Slot, SlotType, Source, Target};
use crate::config::flows::StepKind;
use crate::event::Understanding;
use crate::fill;
use crate::fold::{listed as is, words};
use crate::negation::{is_cue, words_at};
use crate::payload::Payload;
use crate::render::Offered;
use crate::state::Slots;
use crate::turn::Turn;
use crate::wording;
use serde_json::Value;

/// What says which of two times is meant.
const LATER: &str = "later tarde baad बाद";
const EARLIER: &str = "earlier temprano pehle पहले";
/// What points at a row.
const ONE: &str = "one la el wala wali वाला वाली";
/// Letters that a yes of one word has at least to tell what to do: "cancélalo".
const TELLING: usize = 7;
/// Words of a sentence that chooses so, at most.
const FEW: usize = 7;
/// Minutes that the closest row may be away from the time wished.
const CLOSE: u32 = 90;

/// The sentence that a message begins with, and those behind it; nothing where there is one only, or it does not stand where the
/// message begins.
pub(super) fn first_said(text: &str) -> Option<(String, Vec<String>)> {
    // "Cambio claro. ¿Y cuánto tarda?": two words are a sentence too where they come first.
    if let Some((first, rest)) = text.split_once(['.', '!', '।', '\n'])
        && (1..=2).contains(&first.split_whitespace().count())
        && rest.split_whitespace().count() > 2
    {
        let parts = wording::parts(rest);
        let rest = if parts.is_empty() { vec![rest.trim().to_owned()] } else { parts };
        return Some((first.trim().to_owned(), rest));
    }
    let mut parts = wording::parts(text).into_iter();
    let first = parts.next().filter(|first| text.trim_start().starts_with(first.as_str()))?;
    let rest: Vec<String> = parts.collect();
    (!rest.is_empty()).then_some((first, rest))
}

/// What is understood of a message's first sentence: its values only.
fn within(first: &str, u: &Understanding) -> Understanding {
    let length = first.chars().count();
    Understanding { entities: u.entities.iter().filter(|e| e.end <= length).cloned().collect(), ..u.clone() }
}

/// What choosing a row leads to; the sentences behind that are looked at afterwards.
fn chosen_then(turn: &Turn, id: &str, rest: Vec<String>) -> Option<Vec<Command>> {
    Some(first_then(taps::commands(turn, Payload::parse(id).ok()?), rest))
}

/// What is done first, and the sentences that are looked at afterwards, which are kept before it may come to its end.
pub(super) fn first_then(first: Vec<Command>, rest: impl IntoIterator<Item = String>) -> Vec<Command> {
    rest.into_iter().map(|text| Command::Later { text }).chain(first).collect()
}

impl Question<'_> {
    /// "The Nike one, cancel it please" to "which order?" of a flow that only tells: in the words of that flow's own yes another
    /// one is wanted, for what is named here.
    pub(super) fn chosen_for_another(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        intent: &str,
        target: Option<&Target>,
        id: &str,
    ) -> Option<Vec<Command>> {
        let Some(Target::Flow(other)) = target.filter(|_| !self.ours(turn, target)) else { return None };
        let said = words(text);
        let tells = |phrase: &String| {
            let phrase = words(phrase);
            let telling = phrase.len() >= 2 || phrase.iter().any(|w| w.chars().count() >= TELLING);
            telling && said.windows(phrase.len()).any(|w| w == phrase)
        };
        let flow = turn.a.flows.get(other)?;
        let calls = |step: &StepKind| matches!(step, StepKind::Call(flow) if *flow == self.frame.flow);
        if !flow.steps.iter().any(|s| calls(&s.kind))
            || !flow.collects().any(|c| c.confirm && c.yes.iter().any(tells))
        {
            return None;
        }
        let mut command = nlu::start(turn, other, intent, u);
        // What is named is looked for among what that wish is possible for; a row by its place is that row.
        if let Command::StartFlow { slots, .. } = &mut command
            && slots.is_empty()
            && let Ok(Payload::SetSlots(chosen)) = Payload::parse(id)
        {
            slots.extend(chosen);
        }
        Some(vec![command])
    }

    /// The options that the words a message begins with name.
    fn named_by(&self, turn: &Turn, slot: &Slot, first: &str, u: &Understanding) -> Named {
        choice::named_in_question(turn, self.frame, self.collect, slot, first, &within(first, u))
    }

    /// "The later one works. Oh, and do you take the old one away?": the row first, the question after it.
    pub(super) fn chosen_first(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let slot = turn.a.domain.slots.get(&self.collect.slot).filter(|s| choice::chosen(s))?;
        let (first, rest) = first_said(text)?;
        let id = match self.named_by(turn, slot, &first, u) {
            Named::One { id, mostly } if mostly || !wording::questions(&first) => Some(id),
            _ => self.of_two_times(turn, &first),
        };
        let id = id.filter(|_| !wording::asks(&first))?;
        chosen_then(turn, &id, rest)
    }

    /// "The air fryer one, where is it?" to "which order?": the row that a question begins by pointing at, whatever the whole is
    /// understood as; what is asked behind it is looked at afterwards. Not where that may begin something to be confirmed.
    pub(super) fn pointed_first(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        const ENDS: &str = "one wala wali vala vali वाला वाली";
        let slot = turn.a.domain.slots.get(&self.collect.slot).filter(|s| choice::chosen(s))?;
        let done = |flow: &String| turn.a.flows.get(flow).is_some_and(|f| f.collects().any(|c| c.confirm));
        // "The last one will do, but could it be Wednesday?" is about the row itself.
        let day = u.entities.iter().any(|e| e.entity == "date");
        if day || matches!(target, Some(Target::Flow(flow)) if done(flow)) {
            return None;
        }
        let said = words_at(text);
        let end = said.iter().take(FEW).position(|(w, _)| is(ENDS, w)).filter(|at| *at >= 1)?;
        let (first, rest): (String, String) =
            (text.chars().take(said[end].1.1).collect(), text.chars().skip(said[end].1.1).collect());
        let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric()).to_owned();
        if said[..end].iter().any(|(w, _)| is_cue(w)) || wording::asks(&first) || !wording::asks(&rest) {
            return None;
        }
        let Named::One { id, .. } = self.named_by(turn, slot, &first, u) else { return None };
        chosen_then(turn, &id, vec![rest])
    }

    /// "It's broken, it won't charge. How long does the money take?" to the question of why: the answer first, the question after it.
    pub(super) fn said_first(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let slot = turn.a.domain.slots.get(&self.collect.slot)?;
        if !matches!(slot.kind, SlotType::Categorical(_)) {
            return None;
        }
        let (first, rest) = first_said(text)?;
        // "An exchange, of course. How long does it take? I use it every day": what explains the question goes.
        let rest: Vec<String> = rest.into_iter().filter(|part| wording::questions(part)).collect();
        if wording::questions(&first) || rest.is_empty() {
            return None;
        }
        let Named::One { id, .. } = self.named_by(turn, slot, &first, u) else { return None };
        chosen_then(turn, &id, rest)
    }

    /// "I live in Noida, and it is under warranty, so it is free, no?" to the question of where: the value that is told first, what is
    /// asked after it.
    pub(super) fn told_first(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        let tells = match target? {
            Target::Answer(_) => true,
            Target::Flow(flow) => turn.a.flows.get(flow).is_some_and(|flow| flow.side),
            _ => false,
        };
        let slot = turn.a.domain.slots.get(&self.collect.slot).filter(|slot| !choice::chosen(slot))?;
        let (first, rest) = first_said(text).filter(|_| tells && !self.collect.confirm)?;
        if wording::questions(&first) {
            return None;
        }
        let (value, _) = fill::from_entities(slot, &within(&first, u))?;
        let told = Command::SetSlot { slots: Slots::from([(self.collect.slot.clone(), value)]) };
        Some(first_then(vec![told], rest))
    }

    /// "The last one will do, but could it be Wednesday?": the day that is said, at the time of the row that is meant.
    pub(super) fn row_on_another_day(
        &self,
        turn: &Turn,
        id: &str,
        u: &Understanding,
    ) -> Option<Vec<Command>> {
        let row = choice::of_question(turn, self.frame, self.collect).into_iter().find(|o| o.id == id)?;
        let said = u.entities.iter().any(|e| e.entity == "date");
        if !said || choice::when_of(&row, "time").is_none() || choice::meets(std::slice::from_ref(&row), u) {
            return None;
        }
        let mut slots = Slots::new();
        let mut to = None;
        for (name, step) in &self.collect.ways.back_to {
            let Some(slot) = turn.a.domain.slots.get(name) else { continue };
            let own = || {
                slot.mappings.iter().find_map(|m| match &m.source {
                    Source::Entity(entity, _) => choice::when_of(&row, entity),
                    _ => None,
                })
            };
            let value = match fill::from_entities(slot, u) {
                Some((value, _)) => Some(value),
                None => own().map(|text| Value::String(text.to_owned())),
            };
            if let Some(value) = value {
                to.get_or_insert(step);
                slots.insert(name.clone(), value);
            }
        }
        Some(vec![Command::BackTo { step: to?.clone(), slots }])
    }

    /// "The later one works" of two times.
    fn of_two_times(&self, turn: &Turn, text: &str) -> Option<String> {
        let said = words(text);
        let says = |list: &'static str| said.iter().any(|w| is(list, w));
        if said.len() > FEW || !says(ONE) || says(LATER) == says(EARLIER) || said.iter().any(|w| is_cue(w)) {
            return None;
        }
        let rows = choice::of_question(turn, self.frame, self.collect);
        let at = |o: &Offered| {
            Some((o.row.get("date")?.as_str()?.to_owned(), o.row.get("time")?.as_str()?.to_owned()))
        };
        let mut times: Vec<_> = rows.iter().filter_map(|o| Some((at(o)?, o.id.clone()))).collect();
        times.sort();
        let [first, last] = &times[..] else { return None };
        Some(if says(LATER) { last.1.clone() } else { first.1.clone() })
    }

    /// "All right, do that" to "that time isn't free, these come closest": the closest one, which is then asked for.
    pub(super) fn closest(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let when = u.entities.iter().any(|e| matches!(e.entity.as_str(), "date" | "time"));
        turn.a.domain.slots.get(&self.collect.slot).filter(|s| choice::chosen(s))?;
        if when || wording::asks(text) {
            return None;
        }
        if let Some(id) = self.of_two_times(turn, text) {
            return Some(taps::commands(turn, Payload::parse(&id).ok()?));
        }
        let behind = || wording::behind_yes(&turn.a.words, &self.collect.yes, "", text);
        if !matches!(leading(turn, text), Some((true, _))) && behind().is_none() {
            return None;
        }
        let minutes = choice::minutes;
        let wished = self.collect.ways.back_to.iter().find_map(|(name, _)| {
            turn.state.frame_slot(Some(self.frame), name).and_then(Value::as_str).and_then(minutes)
        })?;
        let rows = choice::of_question(turn, self.frame, self.collect);
        let time = |row: &Value| row.get("time").and_then(Value::as_str).and_then(minutes);
        let mut away: Vec<(u32, &str)> =
            rows.iter().filter_map(|o| Some((time(&o.row)?.abs_diff(wished), o.id.as_str()))).collect();
        away.sort_unstable();
        let (least, id) = *away.first().filter(|(least, _)| *least <= CLOSE)?;
        let alone = away.get(1).is_none_or(|(next, _)| *next > least);
        alone.then(|| Payload::parse(id).ok().map(|p| taps::commands(turn, p))).flatten()
    }
}
