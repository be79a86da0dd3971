//! What a confirmation is told that is no plain yes or no: a no with more words around it, another time of those that were free, a
//! correction, a question back.

use super::amend;
use super::answers::{BUT, IF, leading};
use super::nlu;
use super::question::Question;
use super::rows::first_said;
use super::rows::first_then;
use crate::choice;
use crate::commands::Command;
use crate::config::domain::{SlotType, Target};
use crate::config::flows::{Collect, StepKind};
use crate::event::Understanding;
use crate::fill;
use crate::fold::{listed as is, words};
use crate::negation::words_at;
use crate::patterns::correction;
use crate::payload::Payload;
use crate::render::Offered;
use crate::state::Slots;
use crate::turn::Turn;
use crate::wording;
use serde_json::Value;

/// What follows a "leave it" that says where to leave something.
const PLACES: &str = "with at by in near outside con en al ke kay pe par mein me के पर में";

impl Question<'_> {
    /// The list that a slot is chosen from, asked for in this flow or in one that it calls.
    fn list(&self, turn: &Turn, slot: &str) -> Option<Vec<Offered>> {
        let flow = turn.a.flows.get(&self.frame.flow)?;
        let own = flow.collects().find(|c| c.slot == slot).cloned();
        let called = || {
            flow.steps.iter().find_map(|step| match &step.kind {
                StepKind::Call(target) => {
                    turn.a.flows.get(target)?.collects().find(|c| c.slot == slot).cloned()
                }
                _ => None,
            })
        };
        let list: Collect = own.or_else(called)?;
        Some(choice::of_question(turn, self.frame, &list))
    }

    /// "Yes, but make it 60, boAt only" where nothing that cannot be undone is done: the new number is put in, what else is said is
    /// noted, and the yes counts.
    pub(super) fn changed_at_once(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        if !self.collect.confirm || !self.collect.ways.at_once || self.own_no(text).is_some() {
            return None;
        }
        let change = wording::changes_behind_yes(&turn.a.words, &self.collect.yes, &self.shown(turn), text)?;
        let slot =
            self.collect.ways.retake.iter().find(|s| turn.state.frame_slot(Some(self.frame), s).is_some())?;
        let told = turn.state.frame_slot(Some(self.frame), slot).and_then(Value::as_str)?;
        let yes = (self.collect.slot.clone(), Value::Bool(true));
        let clause = change.split_once([',', ';', '.']).filter(|(_, more)| !more.trim().is_empty());
        // "By 5 December" is no other quantity.
        let amended = |said: &str| amend::amended(told, said).filter(|_| !wording::names_day(said));
        let found = clause
            .and_then(|(first, more)| Some((amended(first)?, more.trim().to_owned())))
            .or_else(|| Some((amended(&change)?, String::new())));
        let Some((amended, more)) = found else {
            let notes = self.collect.ways.details.as_ref()?;
            let noted = Value::String(self.noted(turn, notes, &change));
            return Some(vec![Command::SetSlot { slots: Slots::from([(notes.clone(), noted), yes]) }]);
        };
        let mut slots = Slots::from([(slot.clone(), Value::String(amended.text)), yes]);
        if let Some(notes) = self.collect.ways.details.as_ref().filter(|_| !more.is_empty()) {
            slots.insert(notes.clone(), Value::String(self.noted(turn, notes, &more)));
        }
        Some(vec![Command::SetSlot { slots }, Command::Corrected { part: amended.part }])
    }

    /// "Yeah go on then, but pick it up after six", "haan, par naam Pooja Mehta likhna": what a clear yes is told with and is neither
    /// another value nor a no is noted with the yes, whatever it is understood as.
    pub(super) fn noted_but(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        const BUTS: &str = "but pero lekin magar लेकिन मगर";
        // "Par" is a postposition too, and what begins with "just" is a small thing more.
        const RIGHT_BEHIND: &str = "par पर bas बस just";
        const AGAINST: &str = "not no dont cant wont never nahi nahin nhi mat nunca नहीं नही मत wait first instead rather better mejor different another \
            other otro otra dusra dusri doosra only solo sirf सिर्फ until till hasta if unless si agar अगर before antes pehle पहले change cambia badal badlo बदल बदलो";
        // Words behind a yes within which its "but" comes, and words behind that which must not be against it.
        let (near, next) = (5, 6);
        let asks = text.contains(['?', '¿']);
        let ways = &self.collect.ways;
        let notes =
            ways.details.as_ref().or(ways.noted.as_ref()).filter(|_| self.collect.confirm && !asks)?;
        let (true, rest) = leading(turn, text)? else { return None };
        let said = words_at(&rest);
        let but = |(at, (word, (from, _))): &(usize, &(String, (usize, usize)))| {
            let from = *from;
            let paused = || rest.chars().take(from).filter(|c| !c.is_whitespace()).last() == Some(',');
            (is(BUTS, word) && *at < near)
                || (is(RIGHT_BEHIND, word) && (*at < 2 || (*at < near && paused())))
        };
        let (at, _) = said.iter().enumerate().find(but)?;
        let behind = &said[at + 1..];
        let plain = behind.len() >= 3 && !behind.iter().take(next).any(|(w, _)| is(AGAINST, w));
        if !plain || self.contradicts(turn, u) || self.valued(turn, u) || self.retaken(turn, text).is_some() {
            return None;
        }
        let told: String = rest.chars().skip(behind[0].1.0).collect();
        let noted = Value::String(self.noted(turn, notes, &told));
        let yes = (self.collect.slot.clone(), Value::Bool(true));
        Some(vec![Command::SetSlot { slots: Slots::from([(notes.clone(), noted), yes]) }])
    }

    /// Whether it is asked if what waits for a yes has been done.
    pub(super) fn asked_if_done(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        (self.collect.confirm && leading(turn, text).is_none() && wording::asks_if_done(text))
            .then(|| vec![Command::NotYet])
    }

    /// Slots chosen from a list that may be chosen anew here: the step to go on with, the rows, and which was chosen.
    fn rows(&self, turn: &Turn) -> Vec<(&str, &str, Vec<Offered>, usize)> {
        let set = |o: &Offered, slot: &str| match Payload::parse(&o.id) {
            Ok(Payload::SetSlots(all)) => all.into_iter().find(|(s, _)| s == slot).map(|(_, v)| v),
            _ => None,
        };
        self.collect
            .ways
            .back_to
            .iter()
            .filter(|(name, _)| turn.a.domain.slots.get(name).is_some_and(correction::only_chosen))
            .filter_map(|(name, step)| {
                let now = turn.state.frame_slot(Some(self.frame), name)?;
                let rows = self.list(turn, name)?;
                let chosen = rows.iter().position(|o| set(o, name).as_ref() == Some(now))?;
                Some((name.as_str(), step.as_str(), rows, chosen))
            })
            .collect()
    }

    /// "No, six is late, half past four is fine": another time of those that were free, on the same day if there is a choice.
    pub(super) fn another_row(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        self.rows(turn).into_iter().find_map(|(name, step, rows, chosen)| {
            let found = choice::another_time(&rows, chosen, text)?;
            let Ok(Payload::SetSlots(all)) = Payload::parse(&rows[found].id) else { return None };
            let slot = turn.a.domain.slots.get(name)?;
            let (_, value) = all.into_iter().find(|(s, _)| s == name)?;
            let slots = Slots::from([(name.to_owned(), fill::coerce(slot, &value)?)]);
            Some(vec![Command::BackTo { step: step.to_owned(), slots }])
        })
    }

    /// The values for a slot that the days and times of a message are.
    fn when(&self, turn: &Turn, name: &str, u: &Understanding) -> Vec<Value> {
        let Some(slot) = turn.a.domain.slots.get(name) else { return vec![] };
        let said = u.entities.iter().filter(|e| matches!(e.entity.as_str(), "date" | "time"));
        said.filter_map(|e| {
            let only = Understanding { entities: vec![e.clone()], ..u.clone() };
            fill::from_entities(slot, &only).map(|(value, _)| value)
        })
        .collect()
    }

    /// "Better Friday, Thursday …": of a day or time that was read out and another one, the other is wanted.
    pub(super) fn instead(&self, turn: &Turn, name: &str, value: &Value, u: &Understanding) -> Option<Value> {
        let now = turn.state.frame_slot(Some(self.frame), name).filter(|now| *now == value)?;
        let other = || self.when(turn, name, u).into_iter().rev().find(|v| v != now);
        self.collect.confirm.then(other).flatten()
    }

    /// Whether a message names another day or time than the one to be confirmed.
    pub(super) fn contradicts(&self, turn: &Turn, u: &Understanding) -> bool {
        self.collect.confirm
            && self.collect.ways.back_to.iter().any(|(name, _)| {
                let now = turn.state.frame_slot(Some(self.frame), name);
                now.is_some_and(|now| self.when(turn, name, u).iter().any(|v| v != now))
            })
    }

    /// Whether what is said behind a yes only says again what was read out.
    pub(super) fn only_repeats(&self, turn: &Turn, rest: &str) -> bool {
        wording::only_repeats(&turn.a.words, &self.collect.yes, &self.shown(turn), rest)
    }

    /// "Yes, and 5 of us will come": how many come changes nothing of what the yes is to; what this question cannot note is
    /// looked at once the yes is done.
    pub(super) fn people_coming(&self, turn: &Turn, text: &str) -> Option<String> {
        let Some((true, rest)) = leading(turn, text) else { return None };
        let counts = self.collect.ways.details.is_none() && wording::without_people(&rest) != rest;
        (self.collect.confirm && counts).then(|| {
            wording::behind_yes(&turn.a.words, &self.collect.yes, &self.shown(turn), text)
                .filter(|more| !more.is_empty())
                .unwrap_or(rest)
        })
    }

    /// "And the shirt in the morning, I said" at another question: another day or time for what waits for its own yes
    /// meanwhile. Where this question has a use for it, it is about this one.
    pub(super) fn of_another(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let leads = |name: &str, question: &Question| {
            let now = turn.state.frame_slot(Some(question.frame), name)?;
            let said = question.when(turn, name, u).pop()?;
            (*now != said).then(|| (name.to_owned(), said))
        };
        if !self.collect.confirm || text.contains(['?', '¿']) || leading(turn, text).is_some() {
            return None;
        }
        let asking = turn.state.outermost(self.frame).id;
        let flow = turn.a.flows.get(&self.frame.flow)?;
        if turn.a.domain.slots.keys().any(|s| flow.takes(s) && !self.when(turn, s, u).is_empty()) {
            return None;
        }
        let waiting = turn.state.stack.iter().rev().filter(|f| f.interrupted && f.id != asking);
        waiting.filter_map(|frame| Question::at(turn, frame)).filter(|q| q.collect.confirm).find_map(|q| {
            let slots: Slots =
                q.collect.ways.back_to.iter().filter_map(|(name, _)| leads(name, &q)).collect();
            (!slots.is_empty()).then(|| vec![Command::CorrectSlot { slots }])
        })
    }

    /// Whether a value is that of the row which a message that begins with a no does not want.
    pub(super) fn refused(&self, turn: &Turn, text: &str, value: &Value) -> bool {
        let no = matches!(leading(turn, text), Some((false, _)));
        no && self.rows(turn).iter().any(|(_, _, rows, chosen)| {
            rows[*chosen].row.as_object().is_some_and(|row| row.values().any(|field| field == value))
        })
    }

    /// "No, leave it, keep the trainers": a no whose other words are the question's own no, or say what stays.
    pub(super) fn plain_no(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        if !self.collect.confirm || text.contains(['?', '¿']) {
            return None;
        }
        let led = match leading(turn, text) {
            Some((true, _)) => return None,
            Some((false, rest)) => Some(rest),
            None => None,
        };
        let said = words(led.as_deref().unwrap_or(text));
        let own = |list: &[String]| -> Option<(usize, usize)> {
            list.iter()
                .map(|p| words(p))
                .filter(|p| p.len() >= 2)
                .filter_map(|p| Some((said.windows(p.len()).position(|s| s == p)?, p.len())))
                .min()
        };
        let (at, length) = own(&self.collect.no)?;
        let rest: Vec<&String> = said.iter().skip(at + length).collect();
        let few = rest.len() <= 2 && rest.first().is_none_or(|w| !is(PLACES, w));
        let drops = |w: &&String| turn.a.words.is("cancel", w) || w.chars().any(|c| c.is_ascii_digit());
        if (led.is_none() && (at > 0 || !few))
            || said.iter().any(|w| is(IF, w))
            || rest.iter().any(drops)
            || rest.iter().any(|w| is(BUT, w))
            || own(&self.collect.yes).is_some()
            || self.valued(turn, u)
        {
            return None;
        }
        Some(self.no_then(self.others(text).collect()))
    }

    /// "OK, leave it then. Do I pay for sending it back?": the no of the first sentence, and what is asked behind it afterwards.
    pub(super) fn no_first(&self, text: &str) -> Option<Vec<Command>> {
        let (first, rest) = self.collect.confirm.then(|| first_said(text)).flatten()?;
        let said = words(&first);
        if wording::asks(&first)
            || said.iter().any(|w| is(IF, w))
            || !rest.iter().any(|part| wording::questions(part))
            || !self.tells_no(&said)
        {
            return None;
        }
        Some(self.no_then(rest))
    }

    /// The sentences of a message after its first, to be looked at when this has come to its end.
    fn others(&self, text: &str) -> impl Iterator<Item = String> + use<> {
        wording::parts(text).into_iter().skip(1)
    }

    /// Whether a message brings a day or time for a question that has a use for it.
    fn valued(&self, turn: &Turn, u: &Understanding) -> bool {
        let when: Vec<_> =
            u.entities.iter().filter(|e| matches!(e.entity.as_str(), "date" | "time")).collect();
        !when.is_empty()
            && self.collect.ways.back_to.iter().any(|(slot, _)| {
                turn.a.domain.slots.get(slot).is_some_and(|s| {
                    let only: Understanding =
                        Understanding { entities: when.iter().map(|e| (*e).clone()).collect(), ..u.clone() };
                    fill::from_entities(s, &only).is_some()
                })
            })
    }

    /// "No, the morning, on Wednesday. And send me the bill": the new day first, whatever else the message wants after it.
    pub(super) fn corrected(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let no = matches!(leading(turn, text), Some((false, _)));
        if !self.collect.confirm || !no || text.contains(['?', '¿']) {
            return None;
        }
        if !self.valued(turn, u) && self.another_row(turn, text).is_none() {
            return None;
        }
        let back = self.back(turn, text, u)?;
        Some(first_then(back, self.others(text)))
    }

    /// A question back is answered; where its answer is not known that is said. It is no detail to be noted, and no yes.
    pub(super) fn asked_back(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        intent: &str,
        p: f32,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        let bool = turn.a.domain.slots.get(&self.collect.slot).is_some_and(|s| s.kind == SlotType::Bool);
        let said = words(text);
        let own =
            |list: &[String]| list.iter().map(|p| words(p)).any(|p| said.windows(p.len()).any(|s| s == p));
        if !self.collect.confirm
            || !bool
            || !wording::asks(text)
            || leading(turn, text).is_some()
            || said.iter().any(|w| w.chars().any(|c| c.is_ascii_digit()))
            || own(&self.collect.yes)
            || own(&self.collect.no)
            || (self.plain_detail(turn, text) && !text.contains(['?', '¿']))
            || self.back(turn, text, u).is_some()
            || self.retaken(turn, text).is_some()
        {
            return None;
        }
        let sure = p >= turn.a.threshold(intent);
        Some(match target.filter(|_| sure) {
            Some(Target::Answer(key)) => vec![nlu::answer(turn, intent, key.clone())],
            Some(Target::Flow(other)) if !self.ours(turn, target) => vec![nlu::start(turn, other, intent, u)],
            // Said, understood, and no question: commands and people have their own ways.
            Some(Target::Command(_) | Target::Handoff) if !text.contains(['?', '¿']) => return None,
            Some(Target::Handoff) => return None,
            _ if u.out_of_scope >= turn.a.settings.threshold => return None,
            _ => vec![Command::NeedsTeam],
        })
    }

    /// Whether a message begins with a no and says why: what was read out does not suit.
    pub(super) fn objects(&self, turn: &Turn, text: &str) -> bool {
        self.collect.confirm && matches!(leading(turn, text), Some((false, rest)) if words(&rest).len() >= 3)
    }
}
