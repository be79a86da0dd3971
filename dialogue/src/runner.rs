//! Runs the flows on the stack until one of them waits for the customer or a backend.

use crate::commands::human_handoff;
use crate::config::flows::{Collect, Flow, Goal, StepKind};
use crate::patterns;
use crate::state::{Asked, DEPTH, Frame, Owner, Slots};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;

/// Whether the stack can go on.
enum Go {
    On,
    Wait,
}

impl Turn<'_> {
    /// Puts a flow on the stack and returns its frame's id; nothing if there is no such flow.
    pub fn push(&mut self, flow: &str, slots: Slots, prepare: impl FnOnce(&mut Frame)) -> Option<u64> {
        let step = self.a.flows.get(flow)?.steps.first()?.id.clone();
        if self.state.stack.len() >= DEPTH {
            // The oldest interrupted flow will hardly be missed.
            if let Some(oldest) = self.state.stack.first().map(|f| f.id) {
                self.drop_frame(oldest, "depth");
            }
        }
        let mut frame = Frame {
            id: self.state.counters.frames + 1,
            flow: flow.to_owned(),
            step,
            slots,
            ..Frame::default()
        };
        // Whatever a tap starts while a person is waited for may ask and answer.
        frame.self_service = matches!(self.state.owner, Owner::Queue { .. }) && !flow.starts_with("pattern_");
        prepare(&mut frame);
        let id = frame.id;
        self.emit(TrackerEvent::FlowStarted { frame });
        Some(id)
    }

    /// Runs a repair pattern on top of whatever runs.
    pub fn pattern(&mut self, name: &str, reason: Option<&str>) {
        self.push(name, Slots::new(), |f| f.reason = reason.map(str::to_owned));
    }

    /// Runs until something is awaited or nothing is left.
    pub fn run(&mut self) {
        let a = self.a;
        while let Some(frame) = self.state.top() {
            let id = frame.id;
            if self.fuel == 0 {
                let what = format!("flow {} goes round in circles", frame.flow);
                self.trouble("CHARLA-E1103", what);
                self.drop_frame(id, "internal_error");
                self.fuel = 50;
                patterns::internal_error::run(self, "broken");
                continue;
            }
            self.fuel -= 1;
            if frame.waiting.is_some() {
                return;
            }
            let pattern = frame.flow.starts_with("pattern_");
            if self.needs_consent() && !pattern {
                // It began under a text that no longer holds, and goes on with the yes.
                return;
            }
            if frame.interrupted {
                // What the message that has been dealt with asked besides comes before what it had interrupted.
                if crate::step::next_held(self).is_some_and(|held| held.part) {
                    return;
                }
                if patterns::digression::not_called_back(self, frame) {
                    let whole = self.state.outermost(frame).id;
                    self.drop_frame(whole, "left");
                    continue;
                }
                self.emit(TrackerEvent::FlowResumed { frame: id });
                if !pattern {
                    self.pattern("pattern_continue_interrupted", None);
                }
                continue;
            }
            let found = a
                .flows
                .get(&frame.flow)
                .and_then(|flow| Some((flow, flow.steps.get(*flow.index.get(&frame.step)?)?)));
            let Some((flow, step)) = found else {
                // The configuration has changed under a conversation at rest.
                let what = format!("flow {} has no step {} any more", frame.flow, frame.step);
                self.trouble("CHARLA-E1104", what);
                self.drop_frame(id, "internal_error");
                patterns::internal_error::run(self, "broken");
                continue;
            };
            let go = match &step.kind {
                StepKind::Collect(collect) => {
                    let (asked, skipped) = (frame.asked, frame.skipped.contains(&collect.slot));
                    self.collect(id, asked, skipped, collect)
                }
                StepKind::Action(name) => self.action(id, name),
                StepKind::SetSlots(slots) => {
                    let context = self.context();
                    for (slot, setting) in slots {
                        match a.templates.eval(setting, &context) {
                            Ok(value) => self.set_slot(Some(id), slot, value),
                            Err(what) => self.trouble("CHARLA-E1101", format!("{}: {what}", flow.id)),
                        }
                    }
                    Go::On
                }
                StepKind::Call(target) | StepKind::Link(target) if target == "pattern_human_handoff" => {
                    human_handoff::run(self, "flow");
                    Go::Wait
                }
                StepKind::Call(_) if frame.returned => Go::On,
                StepKind::Call(target) => {
                    let (matter, self_service) = (frame.matter, frame.self_service);
                    self.push(target, Slots::new(), |f| {
                        f.called_by = Some(id);
                        f.matter = matter;
                        f.self_service = self_service;
                    });
                    continue;
                }
                StepKind::Link(target) => {
                    let frame = frame.clone();
                    self.link(flow, &frame, target);
                    continue;
                }
                StepKind::Noop => Go::On,
            };
            match go {
                Go::Wait => {
                    // A hand-off or restart has taken the stack away; a question or call leaves its frame on top.
                    if self.state.top().is_none_or(|f| f.id == id) {
                        return;
                    }
                }
                Go::On => self.advance(id),
            }
        }
    }

    /// On to the next step, or the end.
    pub fn advance(&mut self, frame: u64) {
        let a = self.a;
        let Some(at) = self.state.frame(frame) else { return };
        let Some(flow) = a.flows.get(&at.flow) else { return };
        let Some(step) = flow.index.get(&at.step).and_then(|i| flow.steps.get(*i)) else { return };
        // Most steps have nothing to ask.
        let context = std::cell::LazyCell::new(|| self.context_of(Some(at)));
        let goal = step
            .next
            .iter()
            .find(|b| b.condition.as_ref().is_none_or(|c| c.holds(&context)))
            .map_or(Goal::End, |b| b.to);
        match goal {
            Goal::Step(n) => {
                let step = flow.steps[n].id.clone();
                self.emit(TrackerEvent::StepReached { frame, step });
            }
            Goal::End => self.end(flow, frame),
        }
    }

    /// A flow has come to its end.
    fn end(&mut self, flow: &Flow, id: u64) {
        let Some(frame) = self.state.frame(id).cloned() else { return };
        let persisted = self.persisted(flow, &frame);
        let called = frame.called_by.is_some();
        self.emit(TrackerEvent::FlowEnded {
            frame: id,
            persisted,
            completed: true,
            remember: !flow.is_pattern(),
        });
        if !flow.is_pattern() && !called {
            patterns::completed::run(self, flow, &frame);
        }
    }

    /// Slots of a frame that outlive it.
    fn persisted(&self, flow: &Flow, frame: &Frame) -> Slots {
        frame
            .slots
            .iter()
            .filter(|(name, value)| {
                let listed = flow.persisted_slots.iter().any(|(s, _)| s == *name);
                let kept = flow.collects().any(|c| c.slot == **name && !c.reset_after_flow_ends);
                (listed || kept) && !value.is_null()
            })
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    fn link(&mut self, flow: &Flow, frame: &Frame, target: &str) {
        let persisted = self.persisted(flow, frame);
        self.emit(TrackerEvent::FlowEnded { frame: frame.id, persisted, completed: false, remember: false });
        let slots = frame.slots.clone();
        self.push(target, slots, |f| {
            f.matter = frame.matter;
            f.called_by = frame.called_by;
            f.self_service = frame.self_service;
            f.result = frame.result.clone();
            f.status = frame.status;
        });
    }

    /// Takes a frame off the stack without completing it; its matter is abandoned.
    pub fn drop_frame(&mut self, id: u64, reason: &str) {
        let Some(frame) = self.state.frame(id).cloned() else { return };
        // Frames that it called go with it.
        let called: Vec<u64> =
            self.state.stack.iter().filter(|f| f.called_by == Some(id)).map(|f| f.id).collect();
        for child in called {
            self.drop_frame(child, reason);
        }
        self.emit(TrackerEvent::FlowEnded {
            frame: id,
            persisted: Slots::new(),
            completed: false,
            remember: false,
        });
        if let Some(matter) = frame.matter
            && self.state.matters.iter().any(|m| m.id == matter && !m.escalated)
            && !self.state.stack.iter().any(|f| f.matter == Some(matter))
        {
            self.emit(TrackerEvent::MatterAbandoned { id: matter, reason: reason.to_owned() });
        }
    }

    /// Empties the stack.
    pub fn drop_stack(&mut self, reason: &str) {
        while let Some(id) = self.state.top().map(|f| f.id) {
            self.drop_frame(id, reason);
        }
    }

    /// Sets a slot where it belongs: persisted ones outside flows, others in the frame.
    pub fn set_slot(&mut self, frame: Option<u64>, slot: &str, value: Value) {
        let persisted = self.a.domain.slots.get(slot).is_some_and(|s| s.persisted);
        let frame = frame.filter(|_| !persisted);
        let now = match frame {
            Some(id) => self.state.frame(id).and_then(|f| f.slots.get(slot)),
            None => self.state.slots.get(slot),
        };
        if now != Some(&value) && !(now.is_none() && value.is_null() && frame.is_none()) {
            self.emit(TrackerEvent::SlotSet { frame, slot: slot.to_owned(), value });
        }
    }

    /// A question of a frame that has been `asked` already or not, or is to be `skipped`.
    fn collect(&mut self, frame: u64, asked: bool, skipped: bool, collect: &Collect) -> Go {
        if !asked && (collect.ask_before_filling || collect.confirm) {
            self.set_slot(Some(frame), &collect.slot, Value::Null);
        }
        if skipped {
            self.emit(TrackerEvent::AskCleared);
            return Go::On;
        }
        let known = self.state.slot(&collect.slot).cloned();
        if known.is_none() && asked {
            // It stands; whoever wants it asked again says so with `reask`.
            return Go::Wait;
        }
        // "Yes" to something asked before something else was said may be meant for the something else.
        let stale = collect.confirm
            && asked
            && self
                .state
                .asked
                .as_ref()
                .is_none_or(|a| a.frame != frame || a.turn + 1 != self.state.counters.received);
        if stale && known == Some(Value::Bool(true)) {
            self.set_slot(Some(frame), &collect.slot, Value::Null);
            return self.ask(frame, collect);
        }
        if let Some(value) = known {
            // Most questions reject nothing.
            let context = std::cell::LazyCell::new(|| self.context());
            let rejection =
                collect.rejections.iter().find(|(c, _)| c.holds(&context)).map(|(_, utter)| utter.clone());
            drop(context);
            match rejection {
                None => {
                    if asked {
                        self.emit(TrackerEvent::AskCleared);
                        if self.state.failures > 0 && !self.state.failure_stays() {
                            self.emit(TrackerEvent::Progress);
                        }
                    }
                    if collect.confirm && value == Value::Bool(true) {
                        self.emit(TrackerEvent::Confirmed { frame });
                    }
                    return Go::On;
                }
                Some(utter) => {
                    self.set_slot(Some(frame), &collect.slot, Value::Null);
                    if patterns::cannot_handle::failed(self, "rejected") {
                        return Go::Wait;
                    }
                    let utter = utter.unwrap_or_else(|| format!("utter_invalid_{}", collect.slot));
                    if !self.say_if_known(&utter) {
                        self.say("utter_rejected");
                    }
                }
            }
        }
        self.ask(frame, collect)
    }

    fn ask(&mut self, frame: u64, collect: &Collect) -> Go {
        self.say(&collect.utter);
        if let Some((slot, left)) = self.left.take()
            && slot == collect.slot
            && let Some(draft) = self.drafts.last_mut()
        {
            crate::render::narrow(&mut draft.part, &left);
        }
        let asked =
            Asked { frame, slot: collect.slot.clone(), turn: self.state.counters.received, at: self.at };
        self.emit(TrackerEvent::Asked { asked });
        if collect.slot == "satisfaction" {
            self.emit(TrackerEvent::SatisfactionAsked);
        }
        Go::Wait
    }

    fn action(&mut self, frame: u64, name: &str) -> Go {
        if name.starts_with("utter_") {
            self.say(name);
            return Go::On;
        }
        if crate::config::actions::BUILT_IN.contains(&name) {
            let Some(frame) = self.state.frame(frame).cloned() else { return Go::Wait };
            return if crate::actions::built_in(self, &frame, name) { Go::On } else { Go::Wait };
        }
        let Some(spec) = self.a.actions.get(name) else {
            // Actions known by name are optional.
            if !crate::config::actions::HOOKS.contains(&name) {
                self.trouble("CHARLA-E1105", format!("action {name} is not declared"));
            }
            return Go::On;
        };
        match self.call(name, Some(frame)) {
            Ok(()) if spec.wait || spec.read_only => Go::Wait,
            Ok(()) => Go::On,
            Err(what) => {
                self.trouble("CHARLA-E1102", what);
                self.drop_frame(frame, "internal_error");
                patterns::internal_error::run(self, "broken");
                Go::Wait
            }
        }
    }
}
