//! What a text says beside its entities: words that stand for a slot's value ("cheapest"), and values that it rules out
//! ("not boAt") or tells of ("since Monday"). They become entities of names of their own, so that mappings, options and
//! questions see them like any other.

use crate::Assistant;
use crate::config::domain::Slot;
use crate::event::{Entity, Understanding};
use crate::negation;
use serde_json::Value;

/// Name of the entity that holds a ruled-out value of another.
pub(crate) fn denied(entity: &str) -> String {
    format!("not {entity}")
}

/// How the name begins of an entity that words make for a slot.
const WORDED: &str = "words ";

/// Name of the entity that words make for a slot.
pub(crate) fn worded(slot: &str) -> String {
    format!("{WORDED}{slot}")
}

/// Whether that is an entity's name.
pub(crate) fn is_worded(entity: &str, slot: &str) -> bool {
    entity.strip_prefix(WORDED) == Some(slot)
}

/// The entity whose values are makers.
const BRAND: &str = "brand";
/// The entity whose values are times of day.
const TIME: &str = "time";
/// The entity whose values are days.
const DATE: &str = "date";

/// The understanding with the values that its text rules out under names of their own. Before anything else is made of a "not":
/// what nobody wants is a wish too, and no rival of what is wanted.
pub(crate) fn ruled_out(a: &Assistant, text: &str, u: &Understanding) -> Understanding {
    let mut settled = u.clone();
    let rules_out = |name: &str| {
        let denied = denied(name);
        a.domain.slots.values().any(|s| s.takes_entity(&denied))
    };
    let only_make = u.entities.iter().filter(|e| e.entity == BRAND).count() == 1;
    let others = |name: &str| -> Vec<(usize, usize)> {
        u.entities.iter().filter(|e| e.entity == name).map(|e| (e.start, e.end)).collect()
    };
    for entity in &mut settled.entities {
        let place = (entity.start, entity.end);
        let another = only_make && entity.entity == BRAND && negation::other_make_than(text, place);
        if entity.end > entity.start
            && rules_out(&entity.entity)
            && (another || negation::excludes_beside(text, place, &others(&entity.entity)))
        {
            entity.entity = denied(&entity.entity);
        }
    }
    // "No Sony, the Sony ones were a disappointment" wants it no more the second time.
    let out: Vec<Entity> = settled.entities.iter().filter(|e| e.entity == denied(BRAND)).cloned().collect();
    for entity in settled.entities.iter_mut().filter(|e| e.entity == BRAND) {
        if out.iter().any(|no| no.value == entity.value) {
            entity.entity = denied(BRAND);
        }
    }
    settled
}

/// The understanding with what the words add to it.
pub(crate) fn settled(a: &Assistant, text: &str, u: &Understanding) -> Understanding {
    let mut settled = ruled_out(a, text, u);
    for entity in &mut settled.entities {
        if entity.end > entity.start
            && entity.entity == DATE
            && crate::since::began(text, (entity.start, entity.end))
        {
            entity.entity = format!("since {DATE}");
        }
    }
    hour_within(&mut settled.entities);
    let said = negation::words_at(text);
    for (name, slot) in &a.domain.slots {
        if !slot.spellings().is_empty()
            && slot.takes(|entity| is_worded(entity, name))
            && let Some(entity) = spelt(name, slot, text, &said)
        {
            settled.entities.push(entity);
        }
    }
    settled.entities.sort_by_key(|e| e.start);
    settled
}

/// "Around 5 in the evening", read as an hour and a part of the day: the hour says it all.
fn hour_within(entities: &mut Vec<Entity>) {
    let hours: Vec<String> = entities
        .iter()
        .filter(|e| e.entity == TIME)
        .filter_map(|e| e.value.as_str().map(str::to_owned))
        .collect();
    // Times of day as texts of one form compare as texts.
    let within = |hour: &String, from: &str, to: &str| {
        hour.len() == from.len() && from <= hour.as_str() && hour.as_str() <= to
    };
    entities.retain(|e| {
        let (Some(from), Some(to)) = (e.value["from"].as_str(), e.value["to"].as_str()) else { return true };
        e.entity != TIME || !hours.iter().any(|hour| within(hour, from, to))
    });
}

/// The value whose spelling a text has, if it is one only; the longest spelling wins.
fn spelt(name: &str, slot: &Slot, text: &str, said: &[(String, (usize, usize))]) -> Option<Entity> {
    let mut best: Option<(usize, &str, (usize, usize))> = None;
    let mut rival = false;
    for (canonical, wanted) in slot.spellings() {
        if wanted.len() > said.len() {
            continue;
        }
        let found = said.windows(wanted.len()).find(|w| w.iter().zip(wanted).all(|((s, _), w)| s == w));
        let Some(found) = found else { continue };
        let span = (found[0].1.0, found[wanted.len() - 1].1.1);
        match best {
            Some((length, _, _)) if length > wanted.len() => {}
            Some((length, other, _)) if length == wanted.len() => rival |= other != canonical,
            _ => {
                best = Some((wanted.len(), canonical, span));
                rival = false;
            }
        }
    }
    let (_, value, (start, end)) = best.filter(|_| !rival)?;
    let text = text.chars().skip(start).take(end - start).collect();
    let value = Value::String(value.to_owned());
    Some(Entity { entity: worded(name), start, end, text, value, confidence: 1.0, currency: None })
}
