//! What a message is to the question just asked, once it is known what it names and tells: one look after another, of which the
//! first that finds something decides.

use super::nlu::{answer, slots_for, start};
use super::question::Question;
use super::yes_no;
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{IntentCommand, Slot, SlotType, Target};
use crate::config::flows::Flow;
use crate::event::Understanding;
use crate::fill;
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// Words of a message that is about what was shown, however sure its intent is.
const FEW: usize = 5;

/// A message as it was understood by itself.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) text: &'a str,
    pub(super) u: &'a Understanding,
    pub(super) intent: &'a str,
    /// How sure the intent is, 0 to 1.
    pub(super) p: f32,
    pub(super) target: Option<&'a Target>,
}

/// A message at a question.
pub(super) struct Reading<'a> {
    q: &'a Question<'a>,
    turn: &'a Turn<'a>,
    /// Whose question it is.
    flow: &'a Flow,
    /// What is asked for.
    slot: &'a Slot,
    said: Said<'a>,
    /// Options that are named.
    named: Named,
    /// Whether an entity is a value for the slot.
    told: bool,
    /// Whether that value makes up most of the message.
    covers: bool,
    /// A number in it belongs to something else: "at least 256gb" is no price.
    elsewhere: bool,
    /// Values for the flow's other slots.
    others: Slots,
    /// Those among them that are something else than before.
    changed: Slots,
    /// Whether the wish it is understood as is this flow's own.
    ours: bool,
    /// A plain detail of what is asked.
    aside: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn of(
        q: &'a Question<'a>,
        turn: &'a Turn<'a>,
        flow: &'a Flow,
        slot: &'a Slot,
        named: Named,
        said: Said<'a>,
    ) -> Self {
        let Said { text, u, target, .. } = said;
        let mut others = slots_for(turn, &flow.id, u);
        others.remove(q.slot);
        let entity = fill::from_entities(slot, u);
        // "About 40" to "up to what price?" is no size 40 as well.
        let mut elsewhere = false;
        if slot.kind == SlotType::Float
            && let Some(number) = fill::from_answer(turn.a, slot, text, Some(u)).and_then(|v| v.as_f64())
        {
            let same = |v: &Value| v.as_str().and_then(|v| v.trim().parse::<f64>().ok()) == Some(number);
            others.retain(|_, v| !same(v));
            // "At least 256gb" is no price.
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse();
            elsewhere = entity.is_none()
                && u.entities
                    .iter()
                    .any(|e| e.text.chars().any(char::is_alphabetic) && digits(&e.text) == Ok(number));
        }
        let known = |s: &String| turn.state.frame_slot(Some(q.frame), s);
        let changed = others
            .iter()
            .filter(|(s, v)| known(s).is_some_and(|old| old != *v))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        let covers = entity.as_ref().is_some_and(|(_, n)| n * 10 >= letters * 6);
        let told = entity.is_some();
        let something = told || !others.is_empty();
        let ours = q.serves(turn, target) || (q.ours(turn, target) && q.heeds(turn, text, u, something));
        let aside = q.plain_detail(turn, text);
        Self { q, turn, flow, slot, said, named, told, covers, elsewhere, others, changed, ours, aside }
    }

    /// What to do; nothing if the question may be passed over.
    pub(super) fn commands(self) -> Option<Vec<Command>> {
        if let Some(commands) = self.in_words() {
            return Some(commands);
        }
        // "The pincode is 201303, I wrote it wrong" is no search for stores.
        let retaken = self.q.retaken(self.turn, self.said.text);
        let decided = self
            .another_wish(retaken.is_some())
            .or_else(|| self.told_again(retaken))
            .or_else(|| self.other_values())
            .or_else(|| self.choice())
            .or_else(|| self.value());
        // A pattern's question stands in nobody's way.
        if decided.is_some() || self.pattern() {
            return decided;
        }
        self.besides().or_else(|| Some(self.misfit()))
    }

    fn pattern(&self) -> bool {
        self.q.frame.flow.starts_with("pattern_")
    }

    fn digresses(&self) -> bool {
        self.said.p >= self.turn.a.settings.digression_threshold
    }

    /// A yes, a no or a question back in words that need no understanding.
    fn in_words(&self) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, intent, p, target } = self.said;
        q.own_no(text)
            .or_else(|| q.asked_if_done(turn, text))
            .or_else(|| q.changed_at_once(turn, text))
            .or_else(|| q.noted_but(turn, text, u))
            .or_else(|| q.plain_no(turn, text, u))
            .or_else(|| q.no_first(text))
            .or_else(|| q.said_first(turn, text, u))
            .or_else(|| q.told_first(turn, text, u, target))
            .or_else(|| q.corrected(turn, text, u))
            .or_else(|| q.asked_back(turn, text, u, intent, p, target))
            .or_else(|| q.chosen_first(turn, text, u))
            .or_else(|| q.pointed_first(turn, text, u, target))
    }

    /// A sure wish of another kind.
    fn another_wish(&self, retaken: bool) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, intent, target, .. } = self.said;
        // "Just compare both" says so in a few words, however sure it is.
        let few = text.split_whitespace().count() <= FEW;
        if (self.digresses() || few)
            && !self.aside
            && matches!(self.named, Named::Nothing)
            && !q.collect.confirm
        {
            let begun = super::values::beside_question(turn, text, u, intent, target);
            if begun.is_some() {
                return begun;
            }
        }
        if !self.covers && self.digresses() && !self.ours && !self.aside && !retaken {
            match target {
                Some(Target::Flow(other)) => return Some(vec![start(turn, other, intent, u)]),
                Some(Target::Answer(key)) if !self.told => {
                    return Some(vec![answer(turn, intent, key.clone())]);
                }
                Some(Target::Handoff) => return Some(vec![Command::HumanHandoff { reason: "always_human" }]),
                _ => {}
            }
        }
        (!self.ours && q.asks_elsewhere(text, u)).then(|| vec![Command::LowConfidence])
    }

    /// A detail, a row that is there on another day, or another value for what was told.
    fn told_again(&self, retaken: Option<Vec<Command>>) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, .. } = self.said;
        if self.aside && retaken.is_none() {
            let detail = q.detail(turn, text, u);
            if detail.is_some() {
                return detail;
            }
        }
        let met = match &self.named {
            Named::One { id, .. } => {
                let moved = q.row_on_another_day(turn, id, u);
                if moved.is_some() {
                    return moved;
                }
                true
            }
            Named::Several(left) => choice::meets(left, u) && q.fewer(turn, left),
            Named::Nothing => false,
        };
        if met { None } else { q.back(turn, text, u).or(retaken) }
    }

    /// Values for other slots than the one asked for.
    fn other_values(&self) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, .. } = self.said;
        if self.told || self.changed.is_empty() {
            return None;
        }
        // What is read out hangs on no value but the words that were told: another is noted rather than claimed to be changed.
        if q.collect.confirm && self.changed.keys().all(|s| !q.hangs_on(turn, self.flow, s)) {
            let detail = q.detail(turn, text, u);
            if detail.is_some() {
                return detail;
            }
        }
        // A row chosen by its hour corrects nothing: the hour was on offer.
        let by_when = matches!(self.named, Named::One { .. })
            && u.entities.iter().all(|e| matches!(e.entity.as_str(), "date" | "time"));
        // A correction goes before the yes or no that it comes with. What is told besides goes with it: "just the phone, not
        // Apple".
        (!by_when).then(|| vec![Command::CorrectSlot { slots: self.others.clone() }])
    }

    /// One of the options on the screen, or of the flow's other choices.
    fn choice(&self) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, .. } = self.said;
        if !self.pattern()
            && let Named::One { id, .. } = &self.named
        {
            return q.row(turn, id, u);
        }
        // Another of the flow's choices, said too early: "a replacement, obviously" to "what is the reason?".
        if matches!(self.slot.kind, SlotType::Categorical(_))
            && let Some(choices) = q.other_choices(turn, self.flow, text)
        {
            let mut slots = self.others.clone();
            slots.extend(choices);
            return Some(vec![Command::SetSlot { slots }]);
        }
        match &self.named {
            Named::Several(left) if !self.pattern() && q.fewer(turn, left) => {
                Some(vec![Command::AskAgain { left: left.clone() }])
            }
            _ => None,
        }
    }

    /// A value for the slot.
    fn value(&self) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, .. } = self.said;
        let mut slots = self.others.clone();
        let implied = |s: &String| slots.contains_key(s);
        if self.slot.kind == SlotType::Bool && q.collect.ways.implied_by.iter().any(implied) {
            slots.insert(q.slot.to_owned(), Value::Bool(true));
            return Some(vec![Command::SetSlot { slots }]);
        }
        let value = fill::from_answer(turn.a, self.slot, text, Some(u)).filter(|_| !self.elsewhere)?;
        let mut more = None;
        if value == Value::Bool(true) {
            // A question is no yes, whatever it is understood as.
            if q.only_asks(turn, text) {
                return Some(vec![Command::NeedsTeam]);
            }
            let again = || vec![Command::AskAgain { left: vec![] }];
            if q.objects(turn, text) {
                return Some(self.otherwise().unwrap_or_else(again));
            }
            if q.conditional(turn, text) {
                return Some(q.detail(turn, text, u).unwrap_or_else(again));
            }
            more = q.people_coming(turn, text).map(|text| Command::Afterwards { text });
            slots.extend(q.noted_with_yes(turn, text));
        }
        if choice::chosen(self.slot) {
            slots.extend(q.of_the_caller(turn, u));
        }
        slots.insert(q.slot.to_owned(), value);
        Some(more.into_iter().chain([Command::SetSlot { slots }]).collect())
    }

    /// Where the flow goes on with what is no answer.
    fn otherwise(&self) -> Option<Vec<Command>> {
        let step = self.q.collect.ways.otherwise.clone()?;
        Some(vec![Command::BackTo { step, slots: self.others.clone() }])
    }

    /// No value, and no wish of another kind: a detail, or what the flow takes instead.
    fn besides(&self) -> Option<Vec<Command>> {
        let (q, turn) = (self.q, self.turn);
        let Said { text, u, target, .. } = self.said;
        let yes_or_no = self.slot.kind == SlotType::Bool;
        let another =
            !self.ours && matches!(target, Some(Target::Flow(_) | Target::Answer(_) | Target::Handoff));
        let nothing = u.out_of_scope >= turn.a.settings.threshold
            || matches!(target, Some(Target::Command(IntentCommand::OutOfScope | IntentCommand::CancelFlow)));
        if !another && !nothing && !text.is_empty() {
            if yes_or_no && let Some(commands) = q.yes_and_more(turn, text) {
                return Some(commands);
            }
            if let Some(commands) = q.detail(turn, text, u) {
                return Some(commands);
            }
            let few = text.split_whitespace().count() < 3;
            let refusal = few && target == Some(&Target::Command(IntentCommand::Deny));
            let taken = match yes_or_no {
                true => (self.ours && !q.serves(turn, target)) || q.objects(turn, text),
                false => !refusal,
            };
            if taken && let Some(commands) = self.otherwise() {
                return Some(commands);
            }
        }
        let mut new = self.others.clone();
        new.retain(|s, _| turn.state.frame_slot(Some(q.frame), s).is_none());
        if !new.is_empty() {
            return Some(vec![Command::SetSlot { slots: new }]);
        }
        if target == Some(&Target::Command(IntentCommand::Affirm))
            && let Some(commands) = yes_no::to_offer(turn, true)
        {
            return Some(commands);
        }
        if self.out_of_scope() { None } else { q.closest(turn, text, u) }
    }

    fn out_of_scope(&self) -> bool {
        self.said.u.out_of_scope >= self.turn.a.settings.threshold
            || self.said.target == Some(&Target::Command(IntentCommand::OutOfScope))
    }

    /// What is no answer at all.
    fn misfit(&self) -> Vec<Command> {
        let Said { text, u, intent, target, .. } = self.said;
        let words = text.split_whitespace().count();
        vec![match target {
            _ if self.out_of_scope() => Command::CannotHandle { reason: "out_of_scope" },
            Some(Target::Command(IntentCommand::Deny)) if self.q.collect.optional => Command::SkipQuestion,
            // "No, todavía no me sale en la cuenta" tells something; only a bare no drops the question.
            Some(Target::Command(IntentCommand::Deny)) if words > 3 && self.slot.kind != SlotType::Bool => {
                Command::CannotHandle { reason: "rejected" }
            }
            Some(Target::Command(IntentCommand::Deny | IntentCommand::CancelFlow)) => Command::CancelFlow,
            Some(Target::Answer(key)) => answer(self.turn, intent, key.clone()),
            Some(Target::Handoff) => Command::HumanHandoff { reason: "always_human" },
            Some(Target::Flow(other)) if !self.ours => start(self.turn, other, intent, u),
            // Understood, or too short to be anything but a value: a value that does not fit.
            Some(_) => Command::CannotHandle { reason: "rejected" },
            None if words <= 3 => Command::CannotHandle { reason: "rejected" },
            None => Command::LowConfidence,
        }]
    }
}
