//! What a message is, given the question just asked.

use super::nlu::{answer, slots_for, start};
use super::{taps, yes_no};
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{IntentCommand, SlotType, Target};
use crate::config::flows::{Collect, Flow, Step, StepKind};
use crate::event::Understanding;
use crate::fill;
use crate::payload::Payload;
use crate::render::Offered;
use crate::state::{Frame, Slots};
use crate::turn::Turn;
use serde_json::Value;

/// The question just asked.
pub(crate) struct Question<'t> {
    pub(super) slot: &'t str,
    pub(crate) frame: &'t Frame,
    pub(crate) collect: &'t Collect,
}

impl<'t> Question<'t> {
    pub(crate) fn of(turn: &'t Turn) -> Option<Self> {
        let asked = turn.state.asked.as_ref()?;
        Question::at(turn, turn.state.frame(asked.frame)?).filter(|q| q.collect.slot == asked.slot)
    }

    /// The question at which a flow stands.
    pub(crate) fn at(turn: &'t Turn, frame: &'t Frame) -> Option<Self> {
        let flow = turn.a.flows.get(&frame.flow)?;
        match &flow.steps.get(*flow.index.get(&frame.step)?)?.kind {
            StepKind::Collect(collect) => Some(Question { slot: &collect.slot, frame, collect }),
            _ => None,
        }
    }

    /// Whether these are fewer options than the customer sees: the same question over again helps nobody.
    fn fewer(&self, turn: &Turn, left: &[Offered]) -> bool {
        let shown = &turn.state.options;
        shown.is_empty()
            || shown.len() > left.len()
            || left.iter().any(|o| shown.iter().all(|s| s.id != o.id))
    }

    /// Whether the flow, or one that it calls, asks for a slot: what it goes on with hangs on it.
    fn hangs_on(&self, turn: &Turn, flow: &Flow, slot: &str) -> bool {
        let asks = |flow: &Flow| flow.collects().any(|c| c.slot == slot);
        let called = |step: &Step| match &step.kind {
            StepKind::Call(target) => turn.a.flows.get(target).is_some_and(asks),
            _ => false,
        };
        asks(flow) || flow.steps.iter().any(called)
    }

    /// The row chosen, with what the message tells besides.
    fn row(&self, turn: &Turn, id: &str, u: &Understanding) -> Option<Vec<Command>> {
        let mut commands = taps::commands(turn, Payload::parse(id).ok()?);
        if let [Command::SetSlot { slots }] = &mut commands[..] {
            slots.extend(self.of_the_caller(turn, u));
        }
        Some(commands)
    }

    /// What a message tells beside the row it chooses, for the flow that has the question asked: "the first one, is it in
    /// Bengaluru?".
    fn of_the_caller(&self, turn: &Turn, u: &Understanding) -> Slots {
        let root = turn.state.outermost(self.frame);
        if root.id == self.frame.id {
            return Slots::new();
        }
        let flow = |name: &str| turn.a.flows.get(name);
        let (Some(caller), Some(called)) = (flow(&root.flow), flow(&self.frame.flow)) else {
            return Slots::new();
        };
        let mut told = slots_for(turn, &root.flow, u);
        told.retain(|s, _| {
            caller.takes(s) && !called.takes(s) && turn.state.frame_slot(Some(self.frame), s).is_none()
        });
        told
    }

    /// What the text is, given this question; nothing if the question may be passed over.
    pub(super) fn commands(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        intent: &str,
        p: f32,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        let a = turn.a;
        let slot = a.domain.slots.get(self.slot)?;
        if self.collect.verbatim && self.elsewhere(turn, text, u, target) {
            if let Some(commands) = self.no_free_answer(turn, text, target) {
                return Some(commands);
            }
        } else if self.collect.verbatim {
            return Some(self.free_answer(slot, text));
        }
        let pattern = self.frame.flow.starts_with("pattern_");
        let named = match choice::chosen(slot) && !text.is_empty() {
            true => choice::named_in_question(turn, self.frame, self.collect, slot, text, u),
            false => Named::Nothing,
        };
        if let Named::One { id, .. } = &named
            && p >= a.settings.digression_threshold
            && let Some(commands) = self.chosen_for_another(turn, text, u, intent, target, id)
        {
            return Some(commands);
        }
        if let Named::One { id, mostly: true } = &named {
            return self.row(turn, id, u);
        }
        if let Some(commands) = self.wished_detail(turn, text, u, target) {
            return Some(commands);
        }
        let flow = a.flows.get(&self.frame.flow)?;
        let mut others = slots_for(turn, &flow.id, u);
        others.remove(self.slot);
        let entity = fill::from_entities(slot, u);
        // "About 40" to "up to what price?" is no size 40 as well.
        let mut elsewhere = false;
        if slot.kind == SlotType::Float
            && let Some(number) = fill::from_answer(a, slot, text, Some(u)).and_then(|v| v.as_f64())
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
        let known = |s: &String| turn.state.frame_slot(Some(self.frame), s);
        let changed: Slots = others
            .iter()
            .filter(|(s, v)| known(s).is_some_and(|old| old != *v))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        let covers = entity.as_ref().is_some_and(|(_, n)| n * 10 >= letters * 6);
        let digress = p >= a.settings.digression_threshold;
        let entity_said = entity.is_some() || !others.is_empty();
        let ours =
            self.serves(turn, target) || (self.ours(turn, target) && self.heeds(turn, text, u, entity_said));
        let aside = self.plain_detail(turn, text);
        if let Some(commands) = self.own_no(text) {
            return Some(commands);
        }
        if let Some(commands) = self.asked_if_done(turn, text) {
            return Some(commands);
        }
        if let Some(commands) = self.changed_at_once(turn, text) {
            return Some(commands);
        }
        if let Some(commands) = self.plain_no(turn, text, u) {
            return Some(commands);
        }
        if let Some(commands) = self.said_first(turn, text, u) {
            return Some(commands);
        }
        if let Some(commands) = self.corrected(turn, text, u) {
            return Some(commands);
        }
        if let Some(commands) = self.asked_back(turn, text, u, intent, p, target) {
            return Some(commands);
        }
        if let Some(commands) = self.chosen_first(turn, text, u) {
            return Some(commands);
        }
        // "The pincode is 201303, I wrote it wrong" is no search for stores.
        let retaken = self.retaken(turn, text);
        if digress
            && !aside
            && matches!(named, Named::Nothing)
            && !self.collect.confirm
            && let Some(commands) = super::values::beside_question(turn, text, u, intent, target)
        {
            return Some(commands);
        }
        if !covers && digress && !ours && !aside && retaken.is_none() {
            match target {
                Some(Target::Flow(other)) => {
                    return Some(vec![start(turn, other, intent, u)]);
                }
                Some(Target::Answer(key)) if entity.is_none() => {
                    return Some(vec![answer(turn, intent, key.clone())]);
                }
                Some(Target::Handoff) => return Some(vec![Command::HumanHandoff { reason: "always_human" }]),
                _ => {}
            }
        }
        if !ours && self.asks_elsewhere(text, u) {
            return Some(vec![Command::LowConfidence]);
        }
        if aside
            && retaken.is_none()
            && let Some(commands) = self.detail(turn, text, u)
        {
            return Some(commands);
        }
        let met = match &named {
            Named::One { id, .. } => {
                if let Some(commands) = self.row_on_another_day(turn, id, u) {
                    return Some(commands);
                }
                true
            }
            Named::Several(left) => choice::meets(left, u) && self.fewer(turn, left),
            Named::Nothing => false,
        };
        if !met && let Some(commands) = self.back(turn, text, u).or(retaken) {
            return Some(commands);
        }
        // What is read out hangs on no value but the words that were told: another is noted rather than claimed to be changed.
        let noted = self.collect.confirm && changed.keys().all(|s| !self.hangs_on(turn, flow, s));
        if entity.is_none()
            && !changed.is_empty()
            && noted
            && let Some(commands) = self.detail(turn, text, u)
        {
            return Some(commands);
        }
        let categorical = matches!(slot.kind, SlotType::Categorical(_));
        // A row chosen by its hour corrects nothing: the hour was on offer.
        let by_when = matches!(named, Named::One { .. })
            && u.entities.iter().all(|e| matches!(e.entity.as_str(), "date" | "time"));
        // A correction goes before the yes or no that it comes with.
        if entity.is_none() && !changed.is_empty() && !by_when {
            // What is told besides goes with it: "just the phone, not Apple".
            return Some(vec![Command::CorrectSlot { slots: others }]);
        }
        if !pattern && let Named::One { id, .. } = &named {
            return self.row(turn, id, u);
        }
        // Another of the flow's choices, said too early: "a replacement, obviously" to "what is the reason?".
        if categorical && let Some(choices) = self.other_choices(turn, flow, text) {
            others.extend(choices);
            return Some(vec![Command::SetSlot { slots: others }]);
        }
        if !pattern
            && let Named::Several(left) = named
            && self.fewer(turn, &left)
        {
            return Some(vec![Command::AskAgain { left }]);
        }
        if slot.kind == SlotType::Bool && self.collect.ways.implied_by.iter().any(|s| others.contains_key(s))
        {
            others.insert(self.slot.to_owned(), Value::Bool(true));
            return Some(vec![Command::SetSlot { slots: others }]);
        }
        if let Some(value) = fill::from_answer(a, slot, text, Some(u)).filter(|_| !elsewhere) {
            // A question is no yes, whatever it is understood as.
            if value == Value::Bool(true) && self.only_asks(turn, text) {
                return Some(vec![Command::NeedsTeam]);
            }
            if value == Value::Bool(true) && self.objects(turn, text) {
                return Some(match &self.collect.ways.otherwise {
                    Some(step) => vec![Command::BackTo { step: step.clone(), slots: others }],
                    None => vec![Command::AskAgain { left: vec![] }],
                });
            }
            if value == Value::Bool(true) && self.conditional(turn, text) {
                return Some(
                    self.detail(turn, text, u).unwrap_or_else(|| vec![Command::AskAgain { left: vec![] }]),
                );
            }
            let mut slots = others;
            let more = (value == Value::Bool(true)).then(|| self.people_coming(turn, text)).flatten();
            if value == Value::Bool(true) {
                slots.extend(self.noted_with_yes(turn, text));
            }
            if choice::chosen(slot) {
                slots.extend(self.of_the_caller(turn, u));
            }
            slots.insert(self.slot.to_owned(), value);
            let more = more.map(|text| Command::Afterwards { text });
            return Some(more.into_iter().chain([Command::SetSlot { slots }]).collect());
        }
        if pattern {
            return None;
        }
        let another = target
            .is_some_and(|t| matches!(t, Target::Flow(_) | Target::Answer(_) | Target::Handoff))
            && !ours;
        let nothing = u.out_of_scope >= a.settings.threshold
            || matches!(target, Some(Target::Command(IntentCommand::OutOfScope | IntentCommand::CancelFlow)));
        if !another && !nothing && !text.is_empty() {
            if slot.kind == SlotType::Bool
                && let Some(commands) = self.yes_and_more(turn, text)
            {
                return Some(commands);
            }
            if let Some(commands) = self.detail(turn, text, u) {
                return Some(commands);
            }
            if slot.kind == SlotType::Bool
                && ((ours && !self.serves(turn, target)) || self.objects(turn, text))
                && let Some(step) = &self.collect.ways.otherwise
            {
                return Some(vec![Command::BackTo { step: step.clone(), slots: others }]);
            }
            let refusal =
                target == Some(&Target::Command(IntentCommand::Deny)) && text.split_whitespace().count() < 3;
            if let Some(step) =
                self.collect.ways.otherwise.as_ref().filter(|_| !refusal && slot.kind != SlotType::Bool)
            {
                return Some(vec![Command::BackTo { step: step.clone(), slots: others }]);
            }
        }
        others.retain(|s, _| known(s).is_none());
        if !others.is_empty() {
            return Some(vec![Command::SetSlot { slots: others }]);
        }
        let out = u.out_of_scope >= a.settings.threshold
            || target == Some(&Target::Command(IntentCommand::OutOfScope));
        if target == Some(&Target::Command(IntentCommand::Affirm))
            && let Some(commands) = yes_no::to_offer(turn, true)
        {
            return Some(commands);
        }
        if !out && let Some(commands) = self.closest(turn, text, u) {
            return Some(commands);
        }
        let short = text.split_whitespace().count() <= 3;
        Some(vec![match target {
            _ if out => Command::CannotHandle { reason: "out_of_scope" },
            Some(Target::Command(IntentCommand::Deny)) if self.collect.optional => Command::SkipQuestion,
            // "No, todavía no me sale en la cuenta" tells something; only a bare no drops the question.
            Some(Target::Command(IntentCommand::Deny))
                if text.split_whitespace().count() > 3 && slot.kind != SlotType::Bool =>
            {
                Command::CannotHandle { reason: "rejected" }
            }
            Some(Target::Command(IntentCommand::Deny | IntentCommand::CancelFlow)) => Command::CancelFlow,
            Some(Target::Answer(key)) => answer(turn, intent, key.clone()),
            Some(Target::Handoff) => Command::HumanHandoff { reason: "always_human" },
            Some(Target::Flow(other)) if !ours => start(turn, other, intent, u),
            // Understood, or too short to be anything but a value: a value that does not fit.
            Some(_) => Command::CannotHandle { reason: "rejected" },
            None if short => Command::CannotHandle { reason: "rejected" },
            None => Command::LowConfidence,
        }])
    }
}
