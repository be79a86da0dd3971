//! `conditions` of the domain: conditions with a name, which other conditions use as `conditions.NAME`.

use super::flows::{Flow, StepKind};
use super::responses::Response;
use crate::condition::Condition;
use crate::finding::{Findings, Place, codes};
use crate::yaml::{Kind, Reader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Conditions by name.
#[derive(Debug, Default)]
pub struct Conditions(BTreeMap<String, Named>);

/// A condition with a name.
#[derive(Debug)]
struct Named {
    /// None where it does not parse: the name is known all the same.
    condition: Option<Arc<Condition>>,
    place: Place,
}

impl Conditions {
    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The condition of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Condition>> {
        self.0.get(name)?.condition.as_ref()
    }

    /// Whether something has this name, be it a condition or what should have been one.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Names, conditions, and where the names stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&Condition>, &Place)> {
        self.0.iter().map(|(name, named)| (name.as_str(), named.condition.as_deref(), &named.place))
    }

    pub(crate) fn read(&mut self, at: Reader, findings: &mut Findings) {
        if !matches!(at.node.kind, Kind::Map(_) | Kind::Null) {
            let mend = "write `NAME: CONDITION`, one a line";
            findings.error(&at.place(), codes::SHAPE, "names and conditions are expected here", mend);
        }
        for (key, condition) in at.entries() {
            let (name, place) = (key.key(), key.place());
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                findings.error(
                    &place,
                    codes::SHAPE,
                    format!("`{name}` cannot be used as `conditions.{name}`"),
                    "name it with letters, digits and underscores",
                );
                continue;
            }
            let condition = super::condition(findings, condition).map(Arc::new);
            if self.0.insert(name.clone(), Named { condition, place: place.clone() }).is_some() {
                findings.error(
                    &place,
                    codes::DUPLICATE,
                    format!("condition `{name}` is defined twice"),
                    "remove one of them",
                );
            }
        }
    }

    /// Hands every condition those that it uses, so that turns look up no names. What goes round in a circle is reported
    /// and left alone: its evaluation would not end.
    pub(crate) fn link<'a>(&self, users: impl Iterator<Item = &'a Condition>, findings: &mut Findings) {
        let circles = self.circles();
        for circle in &circles {
            let Some(named) = circle.first().and_then(|name| self.0.get(*name)) else { continue };
            if let [name] = circle[..] {
                findings.error(
                    &named.place,
                    codes::CIRCLE,
                    format!("condition `{name}` uses itself"),
                    "write out what it should hold for",
                );
                continue;
            }
            let way: Vec<&str> = circle.iter().chain(circle.first()).copied().collect();
            findings.error(
                &named.place,
                codes::CIRCLE,
                format!("conditions use each other in a circle: {}", way.join(" → ")),
                "take what they share into a condition of its own, which uses none of them",
            );
        }
        if circles.is_empty() {
            let link = |user: &Condition| user.link(|name| self.get(name).cloned());
            self.0.values().filter_map(|named| named.condition.as_deref()).for_each(link);
            users.for_each(link);
        }
    }

    /// Each circle once, from its first name by the alphabet on.
    fn circles(&self) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        let mut done = BTreeMap::new();
        for name in self.names() {
            self.follow(name, &mut Vec::new(), &mut done, &mut found);
        }
        found
    }

    /// Goes from a name to all that it uses. `done` is false for what is on the way, true for what has been left behind.
    fn follow<'a>(
        &'a self,
        name: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeMap<&'a str, bool>,
        found: &mut Vec<Vec<&'a str>>,
    ) {
        match done.get(name) {
            Some(true) => {}
            Some(false) => {
                let mut circle: Vec<&str> = way.iter().copied().skip_while(|on| *on != name).collect();
                let first = circle.iter().enumerate().min_by_key(|(_, on)| **on).map_or(0, |(i, _)| i);
                circle.rotate_left(first);
                if !found.contains(&circle) {
                    found.push(circle);
                }
            }
            None => {
                done.insert(name, false);
                way.push(name);
                for (used, _) in self.get(name).into_iter().flat_map(|condition| condition.named()) {
                    self.follow(used, way, done, found);
                }
                way.pop();
                done.insert(name, true);
            }
        }
    }
}

impl Flow {
    /// All conditions in it.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let of_steps = self.steps.iter().flat_map(|step| {
            let question = match &step.kind {
                StepKind::Collect(c) => Some(&**c),
                _ => None,
            };
            let asked =
                question.into_iter().flat_map(|c| c.rejections.iter().map(|(it, _)| it).chain(&c.resume));
            step.next.iter().filter_map(|branch| branch.condition.as_ref()).chain(asked)
        });
        self.guard.iter().chain(of_steps)
    }
}

impl Response {
    /// All conditions in it.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.variations.iter().flat_map(|variation| {
            let of_options = variation.options().filter_map(|option| option.condition.as_ref());
            variation.condition.iter().chain(of_options)
        })
    }
}
