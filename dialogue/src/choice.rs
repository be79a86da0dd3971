//! Options named in words: "too small" for "Too small / wrong size", "the black one", "the 5 pm one on Friday", "the second".
//!
//! What a message's words say is compared with each option's title, description, value, spellings (the slot's `values`) and the
//! row it was made from. An option is meant if more of the words that tell options apart are its own than any other's. Where
//! several are left, the question comes again with these alone: that is no failed attempt, the customer is getting there.

use crate::config::domain::{Slot, SlotType, Source};
use crate::config::flows::Collect;
use crate::effect::Outgoing;
use crate::event::{Entity, Understanding};
use crate::fold::{typed, words};
use crate::negation;
use crate::payload::Payload;
use crate::render::{self, Offered};
use crate::state::Frame;
use crate::turn::Turn;
use std::collections::BTreeSet;

mod clock;
mod degree;
mod filler;
mod only;
mod ordinal;
pub(crate) mod pointed;
mod reference;

pub(crate) use clock::minutes;
pub(crate) use ordinal::place;
pub(crate) use reference::{pointing, referred};

/// Share of a message's telling words from which it is the option's name and little else.
const MOSTLY: f32 = 0.6;
/// Share below which words that an option happens to have are not enough; of a spelling that its builder wrote, the share
/// from which the message is little else.
const ENOUGH: f32 = 0.5;

/// What a message names of what was offered.
#[derive(Debug)]
pub(crate) enum Named {
    Nothing,
    /// One option, and whether the message is little else.
    One {
        id: String,
        mostly: bool,
    },
    /// Several that the words fit equally.
    Several(Vec<Offered>),
}

/// The options of the question asked in a frame, all of them: a list shows ten at most.
pub(crate) fn of_question(turn: &Turn, frame: &Frame, collect: &Collect) -> Vec<Offered> {
    let context = turn.context_of(Some(frame));
    render::offered(turn.a, &collect.utter, &turn.language(), turn.state.counters.turns, &context)
        .unwrap_or_default()
}

/// The options shown last, as they were written.
pub(crate) fn of_last_reply(turn: &Turn) -> Vec<Offered> {
    let rows = turn.state.last_reply.iter().flat_map(|message| match message {
        Outgoing::List { sections, .. } => sections.iter().flat_map(|s| &s.rows).collect::<Vec<_>>(),
        _ => vec![],
    });
    let described: Vec<_> = rows.collect();
    let described = |id: &str| described.iter().find(|r| r.id == id).and_then(|r| r.description.clone());
    turn.state
        .options
        .iter()
        .map(|o| Offered {
            id: o.id.clone(),
            title: o.title.clone(),
            description: described(&o.id),
            says: o.says,
            ..Offered::default()
        })
        .collect()
}

/// What a message names of the options of a question: first of those that the customer was left with.
pub(crate) fn named_in_question(
    turn: &Turn,
    frame: &Frame,
    collect: &Collect,
    slot: &Slot,
    text: &str,
    u: &Understanding,
) -> Named {
    let all = of_question(turn, frame, collect);
    let seen = |o: &&Offered| turn.state.options.iter().any(|s| s.id == o.id);
    let shown: Vec<Offered> = all.iter().filter(seen).cloned().collect();
    let of = if shown.is_empty() { &all } else { &shown };
    let meant = degree::meant(of, text).filter(|_| !clock_rows(&all));
    // What a message rules out is a name too, and it names the other.
    if let Some(found) = meant.filter(|m| m.ruled_out) {
        return Named::One { id: of[found.option].id.clone(), mostly: found.mostly };
    }
    if !shown.is_empty() && shown.len() < all.len().min(crate::limits::ROWS) {
        match named(&shown, Some(slot), text, u) {
            Named::Nothing | Named::Several(_) if meant.is_some() => {}
            Named::Nothing => {}
            found => return found,
        }
    }
    let found = match named(&all, Some(slot), text, u) {
        // "The last one will do nicely": a time by its place, whatever else is said.
        Named::Nothing if clock_rows(of) => match pointed::row(text, of.len()) {
            Some(row) => return Named::One { id: of[row].id.clone(), mostly: false },
            None => Named::Nothing,
        },
        found => found,
    };
    match meant {
        Some(meant) if !matches!(found, Named::One { .. }) => {
            Named::One { id: of[meant.option].id.clone(), mostly: meant.mostly }
        }
        _ => found,
    }
}

/// Whether the options are times: the smallest of them is no time.
fn clock_rows(options: &[Offered]) -> bool {
    options.iter().any(|o| clock::has("time", &o.row))
}

/// Whether a slot's answers are chosen rather than written: whatever is written to the others is the answer itself.
pub(crate) fn chosen(slot: &Slot) -> bool {
    !matches!(slot.kind, SlotType::Bool | SlotType::Float)
        && !slot.mappings.iter().any(|m| matches!(m.source, Source::Text(None)))
}

/// A word of the message, or what understanding made of some of its words, and which options it fits.
struct Token {
    fits: Vec<bool>,
    weight: f32,
}

/// What a message names of the options offered for a slot: what its "only" names, or leaves beside what shall be kept.
pub(crate) fn named(offered: &[Offered], slot: Option<&Slot>, text: &str, u: &Understanding) -> Named {
    if let Some((text, u)) = only::settled(text, u)
        && let one @ Named::One { .. } = named_in(offered, slot, &text, &u)
    {
        return one;
    }
    named_in(offered, slot, text, u)
}

fn named_in(offered: &[Offered], slot: Option<&Slot>, text: &str, u: &Understanding) -> Named {
    if offered.is_empty() {
        return Named::Nothing;
    }
    let spellings: Vec<Vec<Vec<String>>> = offered.iter().map(|o| spellings(o, slot)).collect();
    let vocabulary: Vec<BTreeSet<String>> =
        offered.iter().zip(&spellings).map(|(o, s)| vocabulary(o, s)).collect();
    // Where an option's own name says "not", a "not" in the message says which option rather than which not.
    let said: Vec<String> = negation::words_at(text).iter().map(|(w, _)| w.clone()).collect();
    let denied = !said.iter().any(|w| {
        negation::is_cue(w)
            && (vocabulary.iter().any(|v| v.contains(w))
                || spellings.iter().flatten().flatten().any(|s| s == w))
    });
    let found = phrases(&said, &spellings);
    if !found.is_empty() {
        let content = said.iter().filter(|w| !filler::is(w)).count().max(1);
        let covered: usize = said
            .iter()
            .enumerate()
            .filter(|(at, w)| !filler::is(w) && found.iter().any(|(_, s)| s.contains(at)))
            .count();
        let options: BTreeSet<usize> = found.iter().map(|(o, _)| *o).collect();
        let kept: Vec<usize> = match denied {
            true => options.iter().copied().filter(|o| !all_negated(text, &found, *o)).collect(),
            false => options.iter().copied().collect(),
        };
        return verdict(offered, &kept, covered as f32 / content as f32 >= ENOUGH, false);
    }
    let (tokens, open) = tokens(offered, &vocabulary, text, u, denied);
    let all: f32 = tokens.iter().map(|t| t.weight).sum();
    if open == Open::Unknown || all == 0.0 {
        return Named::Nothing;
    }
    let telling = |t: &&Token| offered.len() == 1 || t.fits.iter().any(|f| !f);
    let score =
        |o: usize| -> f32 { tokens.iter().filter(telling).filter(|t| t.fits[o]).map(|t| t.weight).sum() };
    let best = (0..offered.len()).map(score).fold(0.0, f32::max);
    if best == 0.0 {
        return Named::Nothing;
    }
    let fitting: Vec<usize> = (0..offered.len()).filter(|o| score(*o) == best).collect();
    let covered: f32 = tokens.iter().filter(|t| fitting.iter().any(|o| t.fits[*o])).map(|t| t.weight).sum();
    let share = covered / all;
    let needed = if offered.len() == 1 { 1.0 } else { ENOUGH };
    if share < needed || (fitting.len() == offered.len() && open == Open::No) {
        return Named::Nothing;
    }
    verdict(offered, &fitting, share >= MOSTLY, open == Open::Contradicted)
}

fn verdict(offered: &[Offered], fitting: &[usize], mostly: bool, contradicted: bool) -> Named {
    match fitting {
        [] => Named::Nothing,
        [one] if !contradicted => Named::One { id: offered[*one].id.clone(), mostly },
        several => Named::Several(several.iter().map(|o| offered[*o].clone()).collect()),
    }
}

/// What an hour that only one of the rows has counts.
const HOUR: f32 = 6.0;

/// Whether something in the message fits no option.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    No,
    /// A day or time that none of the rows has: nothing is chosen for the customer.
    Contradicted,
    /// A number that none of them has: another one is meant.
    Unknown,
}

fn tokens(
    offered: &[Offered],
    vocabulary: &[BTreeSet<String>],
    text: &str,
    u: &Understanding,
    denied: bool,
) -> (Vec<Token>, Open) {
    let mut tokens = Vec::new();
    let mut open = Open::No;
    let mut used: Vec<(usize, usize)> = Vec::new();
    let spans: Vec<(usize, usize)> = u.entities.iter().map(|e| (e.start, e.end)).collect();
    let verdicts = negation::judge(text, &spans);
    for (entity, verdict) in u.entities.iter().zip(&verdicts) {
        let mut fits: Vec<bool> =
            offered.iter().zip(vocabulary).map(|(o, v)| entity_fits(entity, o, v)).collect();
        if fits.iter().all(|f| !f) {
            // "The Sunday one" is the Sunday that was offered, whichever comes next.
            fits = offered.iter().map(|o| clock::same_weekday(entity, &o.row)).collect();
        }
        if fits.iter().all(|f| !f) {
            // "The one of 30 October" is that of the last one, which a date told for what is to come does not mean.
            fits = offered.iter().map(|o| clock::same_day_of_another_year(entity, &o.row)).collect();
        }
        let known = fits.iter().any(|f| *f);
        let when =
            clock::is_when(&entity.entity) && offered.iter().any(|o| clock::has(&entity.entity, &o.row));
        if entity.end > entity.start && (known || when) {
            used.push((entity.start, entity.end));
        }
        if denied && *verdict != negation::Verdict::Kept {
            continue;
        }
        if known {
            tokens.push(Token { fits, weight: 1.0 });
        } else if when {
            open = Open::Contradicted;
        }
    }
    let places = negation::words_at(text);
    // Only what can name something can be denied: "not the black one" denies "black".
    let spans: Vec<(usize, usize)> = places
        .iter()
        .map(
            |(w, (from, to))| {
                if filler::is(w) || negation::is_cue(w) { (*from, *from) } else { (*from, *to) }
            },
        )
        .collect();
    let negated = negation::judge(text, &spans);
    let said: Vec<String> = places.iter().map(|(w, _)| w.clone()).collect();
    let mut at = 0;
    while at < said.len() {
        let (times, length) = clock::read(&said, at);
        let place = places[at].1;
        let verdict = negated[at];
        let inside = used.iter().any(|(s, e)| place.0 >= *s && place.1 <= *e);
        let word = &said[at];
        at += length;
        if inside || (times.is_empty() && (filler::is(word) || negation::is_cue(word))) {
            continue;
        }
        let fits: Vec<bool> = vocabulary
            .iter()
            .map(|v| match times.is_empty() {
                true => v.iter().any(|w| alike(w, word)),
                false => times.iter().any(|t| v.contains(t)),
            })
            .collect();
        let known = fits.iter().any(|f| *f);
        if denied && known && verdict == negation::Verdict::Negated {
            continue;
        }
        if !known && !times.is_empty() && offered.iter().any(|o| clock::has("time", &o.row)) {
            open = Open::Contradicted;
        }
        if !known && word.len() >= 4 && word.chars().all(|c| c.is_ascii_digit()) {
            open = Open::Unknown;
        }
        // "6 wala" says which, whatever else the message tells of.
        let hour = known && !times.is_empty() && fits.iter().filter(|f| **f).count() == 1;
        tokens.push(Token { fits, weight: if hour { HOUR } else { 1.0 } });
    }
    (tokens, open)
}

/// Whether a word of an option and one of the message are the same, endings aside.
fn alike(own: &str, said: &str) -> bool {
    if own == said {
        return true;
    }
    if own.strip_suffix(":00").is_some_and(|hour| hour.trim_start_matches('0') == said) {
        return true;
    }
    // "236" is the "236L" of a name.
    let unit = |own: &str| {
        own.strip_prefix(said)
            .is_some_and(|unit| matches!(unit, "l" | "gb" | "kg" | "w" | "ml" | "mah" | "cm"))
    };
    if said.len() >= 2 && said.chars().all(|c| c.is_ascii_digit()) && unit(own) {
        return true;
    }
    let (short, long) = if own.len() < said.len() { (own, said) } else { (said, own) };
    let letters = short.chars().count();
    letters >= 4
        && !short.chars().any(|c| c.is_ascii_digit())
        && long.starts_with(short)
        && long.chars().count() - letters <= 3
}

fn entity_fits(entity: &Entity, option: &Offered, vocabulary: &BTreeSet<String>) -> bool {
    if clock::is_when(&entity.entity) && clock::has(&entity.entity, &option.row) {
        let said = words(&entity.text);
        return clock::fits(&entity.entity, &entity.value, &option.row)
            || (0..said.len()).any(|at| clock::read(&said, at).0.iter().any(|t| vocabulary.contains(t)));
    }
    let inside = |text: &str| {
        let all = words(text);
        !all.is_empty() && all.iter().all(|w| vocabulary.iter().any(|own| alike(own, w)))
    };
    inside(&entity.text) || entity.value.as_str().is_some_and(inside)
}

/// Value and spellings of an option, as words: those of the slot's `values` for what a tap would set.
fn spellings(option: &Offered, slot: Option<&Slot>) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = option.synonyms.iter().map(|s| words(s)).collect();
    if let Some(slot) = slot
        && let SlotType::Categorical(values) = &slot.kind
        && let Ok(Payload::SetSlots(arguments)) = Payload::parse(&option.id)
    {
        let own = values
            .iter()
            .find(|(canonical, _)| arguments.iter().any(|(_, v)| v.as_str() == Some(canonical.as_str())));
        all.extend(
            own.iter().flat_map(|(canonical, more)| std::iter::once(canonical).chain(more)).map(|s| words(s)),
        );
    }
    all.push(words(&option.title));
    all.retain(|p| p.iter().any(|w| !filler::is(w)));
    all
}

/// The words that stand for an option.
fn vocabulary(option: &Offered, spellings: &[Vec<String>]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = words(&option.title).into_iter().collect();
    all.extend(option.description.iter().flat_map(|d| words(d)));
    all.extend(spellings.iter().flatten().cloned());
    values(&option.row, &mut all);
    all.retain(|w| !filler::is(w));
    all
}

fn values(row: &serde_json::Value, all: &mut BTreeSet<String>) {
    match row {
        // The month of an ISO date would be an hour too.
        serde_json::Value::String(s) if clock::is_date(s) => {}
        serde_json::Value::String(s) => all.extend(words(s)),
        serde_json::Value::Array(list) => list.iter().for_each(|v| values(v, all)),
        serde_json::Value::Object(map) => map.values().for_each(|v| values(v, all)),
        _ => {}
    }
}

type Found = (usize, std::ops::Range<usize>);

/// Which options' spellings occur in a message, and where; "gift card" goes before the "card" in it.
fn phrases(said: &[String], spellings: &[Vec<Vec<String>>]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (option, phrases) in spellings.iter().enumerate() {
        for phrase in phrases {
            found.extend((0..said.len()).filter_map(|at| Some((option, at..written(said, at, phrase)?))));
        }
    }
    // Of two that overlap the longer one or, where neither holds the other, the one that begins: "gift card declined".
    let covered = |a: &Found, b: &Found| {
        let apart = a.1.end <= b.1.start || b.1.end <= a.1.start;
        let holds = b.1.start <= a.1.start && a.1.end <= b.1.end && b.1.len() > a.1.len();
        let inside = a.1.start <= b.1.start && b.1.end <= a.1.end;
        !apart && (holds || (!inside && b.1.start < a.1.start))
    };
    let all = found.clone();
    found.retain(|f| !all.iter().any(|other| covered(f, other)));
    found
}

/// Where a phrase ends that is written at a place, in the ways in which Hindi is typed: "chal hi nhi rha" is "chal nahi raha".
fn written(said: &[String], at: usize, phrase: &[String]) -> Option<usize> {
    const EMPHASIS: &str = "hi to toh bhi ही तो भी";
    let mut end = at;
    for (n, word) in phrase.iter().enumerate() {
        let not = matches!(word.as_str(), "nahi" | "नहीं");
        while n > 0 && not && said.get(end).is_some_and(|w| crate::fold::listed(EMPHASIS, w)) {
            end += 1;
        }
        // "Nahi chahiye" with the word before it is often another "not".
        let same = |w: &String| if n == 0 && not { w == word } else { typed(w) == typed(word) };
        said.get(end).filter(|w| same(w))?;
        end += 1;
    }
    (end > at).then_some(end)
}

/// The row at another time than the one chosen that a message names, if it is one: on the same day first.
pub(crate) fn another_time(rows: &[Offered], chosen: usize, text: &str) -> Option<usize> {
    let said: Vec<String> = words(text);
    let own = |i: usize| clock::fields("time", &rows[i].row);
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut at = 0;
    while at < said.len() {
        let (times, length) = clock::read(&said, at);
        if !times.iter().any(|t| own(chosen).contains(&t.as_str())) {
            named.extend(times);
        }
        at += length;
    }
    let fits: Vec<usize> =
        (0..rows.len()).filter(|i| *i != chosen && own(*i).iter().any(|t| named.contains(*t))).collect();
    let days = |i: usize| clock::fields("date", &rows[i].row);
    let same: Vec<usize> = fits.iter().copied().filter(|i| days(*i) == days(chosen)).collect();
    match (same.as_slice(), fits.as_slice()) {
        ([one], _) | ([], [one]) => Some(*one),
        _ => None,
    }
}

/// The day or the time of a row, by the name of the entity.
pub(crate) fn when_of<'o>(option: &'o Offered, entity: &str) -> Option<&'o str> {
    clock::fields(entity, &option.row).into_iter().next().filter(|_| clock::is_when(entity))
}

/// Whether every day and time that a message names is that of each of these options.
pub(crate) fn meets(left: &[Offered], u: &Understanding) -> bool {
    let when = |e: &&Entity| clock::is_when(&e.entity);
    left.iter().all(|o| {
        let own = vocabulary(o, &spellings(o, None));
        u.entities.iter().filter(when).all(|e| entity_fits(e, o, &own) || clock::same_weekday(e, &o.row))
    })
}

/// Which of several things a message names by their spellings, and does not deny.
pub(crate) fn spelled(text: &str, spellings: &[Vec<Vec<String>>]) -> BTreeSet<usize> {
    let said: Vec<String> = negation::words_at(text).iter().map(|(w, _)| w.clone()).collect();
    let found = phrases(&said, spellings);
    found.iter().map(|(o, _)| *o).filter(|o| !all_negated(text, &found, *o)).collect()
}

/// Whether each place where a message names an option denies it: "not damaged".
fn all_negated(text: &str, found: &[Found], option: usize) -> bool {
    let places = negation::words_at(text);
    let spans: Vec<(usize, usize)> = found
        .iter()
        .filter(|(o, _)| *o == option)
        .map(|(_, r)| (places[r.start].1.0, places[r.end - 1].1.1))
        .collect();
    negation::judge(text, &spans).iter().all(|v| *v == negation::Verdict::Negated)
}

#[cfg(test)]
mod tests;
