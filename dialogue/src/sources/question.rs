//! What a message is, given the question just asked.

use super::nlu::slots_for;
use super::reading::{Reading, Said};
use super::taps;
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{SlotType, Target};
use crate::config::flows::{Collect, Flow, Step, StepKind};
use crate::event::Understanding;
use crate::payload::Payload;
use crate::render::Offered;
use crate::state::{Frame, Slots};
use crate::turn::Turn;

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
    pub(super) fn fewer(&self, turn: &Turn, left: &[Offered]) -> bool {
        let shown = &turn.state.options;
        shown.is_empty()
            || shown.len() > left.len()
            || left.iter().any(|o| shown.iter().all(|s| s.id != o.id))
    }

    /// Whether the flow, or one that it calls, asks for a slot: what it goes on with hangs on it.
    pub(super) fn hangs_on(&self, turn: &Turn, flow: &Flow, slot: &str) -> bool {
        let asks = |flow: &Flow| flow.collects().any(|c| c.slot == slot);
        let called = |step: &Step| match &step.kind {
            StepKind::Call(target) => turn.a.flows.get(target).is_some_and(asks),
            _ => false,
        };
        asks(flow) || flow.steps.iter().any(called)
    }

    /// The row chosen, with what the message tells besides.
    pub(super) fn row(&self, turn: &Turn, id: &str, u: &Understanding) -> Option<Vec<Command>> {
        let mut commands = taps::commands(turn, Payload::parse(id).ok()?);
        if let [Command::SetSlot { slots }] = &mut commands[..] {
            slots.extend(self.of_the_caller(turn, u));
            slots.extend(self.told_besides(turn, u));
        }
        Some(commands)
    }

    /// What a message tells beside one of the flow's own choices that it names: "charged twice, ORD-88231".
    fn told_besides(&self, turn: &Turn, u: &Understanding) -> Slots {
        let own = turn.a.domain.slots.get(self.slot);
        if !own.is_some_and(|slot| matches!(slot.kind, SlotType::Categorical(_))) {
            return Slots::new();
        }
        let mut told = slots_for(turn, &self.frame.flow, u);
        told.retain(|s, value| {
            s != self.slot && !value.is_null() && turn.state.frame_slot(Some(self.frame), s).is_none()
        });
        told
    }

    /// What a message tells beside the row it chooses, for the flow that has the question asked: "the first one, is it in
    /// Bengaluru?".
    pub(super) fn of_the_caller(&self, turn: &Turn, u: &Understanding) -> Slots {
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
            return self.chosen_first(turn, text, u).or_else(|| self.row(turn, id, u));
        }
        if let Some(commands) = self.wished_detail(turn, text, u, target) {
            return Some(commands);
        }
        let flow = a.flows.get(&self.frame.flow)?;
        Reading::of(self, turn, flow, slot, named, Said { text, u, intent, p, target }).commands()
    }
}
