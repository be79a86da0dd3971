//! What a message says at a question besides its answer: a value that leads back, a detail, a correction after a no.

use super::amend;
use super::question::Question;
use super::rows::first_then;
use crate::choice::{self, Named};
use crate::commands::Command;
use crate::config::domain::{IntentCommand, Slot, SlotType, Source, Target};
use crate::config::flows::{Flow, StepKind};
use crate::effect::Outgoing;
use crate::event::Understanding;
use crate::fill;
use crate::fold::{ascii_digits, fold, listed as is, words};
use crate::opening;
use crate::patterns::correction;
use crate::payload::Payload;
use crate::state::Slots;
use crate::turn::Turn;
use crate::wording::{self, address};
use serde_json::Value;

/// Words of an answer that stands for an address without being one, at most.
const ADDRESS: usize = 12;
/// How a reason begins.
const BECAUSE: &str =
    "because cause coz cuz bcoz since reason porque pues kyunki kyonki kyuki kyuke क्योंकि चूंकि कारण";
/// What follows a "no" that belongs to a statement: "nahi abhi tak order number nahi mila".
const NOT_YET: &str = "mila mili mile aaya aayi aaye aya hua hui hue pahuncha pata मिला मिली मिले आया आयी आए हुआ हुई पहुंचा पता \
    received arrived come came llegado llego recibido bana bani bane banaa dikha dikhi बना बनी बने दिखा दिखी created placed made";
/// What a no hangs on.
pub(super) const IF: &str = "if unless si agar अगर";
/// What makes of a yes one that waits.
const HOLDS: &str = "wait hold hang espera espere esperen ruko ruk rukiye रुको रुकिए";
/// How something is added to what was told.
const ADDS: [&str; 22] = [
    "add",
    "also add",
    "please add",
    "and add",
    "also mention",
    "mention",
    "tell them",
    "also tell",
    "note that",
    "agrega",
    "añade",
    "pon también",
    "ponle",
    "diles",
    "jod do",
    "ye bhi likh",
    "yeh bhi likh",
    "saath me likh",
    "unko bolna",
    "यह भी लिख",
    "ये भी लिख",
    "जोड़ दो",
];
/// What may stand before a yes or no: "mmm no".
const FILLERS: &str =
    "mm mmm mmmm hm hmm hmmm um umm uh eh ehh er oh ah ahh pues pos pus well bueno are arey arre अरे हम्म";
/// What takes a yes back, or hangs something on it.
pub(super) const BUT: &str = "but wait not no dont cant if unless before first later instead pero espera antes primero luego mejor nunca \
    lekin par magar ruko nahi nahin nai mat agar pehle baad लेकिन पर मगर रुको नहीं मत अगर पहले बाद";

impl Question<'_> {
    /// Whether a wish is that of a flow that runs.
    pub(super) fn serves(&self, turn: &Turn, target: Option<&Target>) -> bool {
        turn.state.stack.iter().any(|f| target == Some(&Target::Flow(f.flow.clone())))
    }

    /// Whether a wish is the one being served, or one that a flow that runs takes as its own.
    pub(super) fn ours(&self, turn: &Turn, target: Option<&Target>) -> bool {
        let Some(Target::Flow(other)) = target else { return false };
        let running = || turn.state.stack.iter().filter_map(|f| turn.a.flows.get(&f.flow));
        self.serves(turn, target) || running().any(|f| f.absorbs.contains(other))
    }

    /// Whether the question has a use for what is said as another wish: "where are your stores?" has nothing for a booking.
    pub(super) fn heeds(&self, turn: &Turn, text: &str, u: &Understanding, values: bool) -> bool {
        let ways = &self.collect.ways;
        values
            || self.collect.verbatim
            || ways.details.is_some()
            || ways.otherwise.is_some()
            || self.back(turn, text, u).is_some()
    }

    /// Whether a free answer is none: another wish, nothing that we do, or the end of this one, and that for sure.
    pub(super) fn elsewhere(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        target: Option<&Target>,
    ) -> bool {
        let least = turn.a.settings.digression_threshold;
        let p = u.intents.first().map_or(0.0, |(_, p)| *p);
        if u.out_of_scope >= least || turn.a.words.is("no", text) {
            return true;
        }
        p >= least
            && match target {
                Some(Target::Flow(_)) => !self.ours(turn, target),
                Some(Target::Answer(_) | Target::Handoff) => true,
                Some(Target::Command(c)) => {
                    matches!(c, IntentCommand::OutOfScope | IntentCommand::CancelFlow)
                }
                None => false,
            }
    }

    /// A free answer, in the customer's own words; of an address those that are one.
    pub(super) fn free_answer(&self, slot: &Slot, text: &str) -> Vec<Command> {
        let filled = |value: &str| {
            let value = Value::String(value.trim().to_owned());
            Command::SetSlot { slots: Slots::from([(self.slot.to_owned(), value)]) }
        };
        if !slot.holds_address() {
            return vec![filled(text)];
        }
        match address::told(text) {
            Some(told) => first_then(vec![filled(&told.address)], told.rest),
            // "Leave it with Mrs Rao" will do, a letter or a question will not.
            None if text.contains('?') || words(text).len() > ADDRESS || wording::parts(text).len() > 1 => {
                vec![Command::CannotHandle { reason: "rejected" }]
            }
            None => vec![filled(text)],
        }
    }

    /// What a free answer that is none leads to, where the usual order would still take it for one.
    pub(super) fn no_free_answer(
        &self,
        turn: &Turn,
        text: &str,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        match target {
            _ if turn.a.words.is("no", text) => Some(vec![Command::CancelFlow]),
            Some(Target::Command(IntentCommand::CancelFlow)) => Some(vec![Command::CancelFlow]),
            Some(Target::Flow(_) | Target::Answer(_) | Target::Handoff) => None,
            _ => Some(vec![Command::CannotHandle { reason: "out_of_scope" }]),
        }
    }

    /// Another choice from a list that was shown or could have been: "just the phone" of the two things in an order.
    fn chosen_back(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let flow = turn.a.flows.get(&self.frame.flow)?;
        self.collect.ways.back_to.iter().find_map(|(name, step)| {
            let slot = turn.a.domain.slots.get(name).filter(|s| correction::only_chosen(s))?;
            let list = flow.collects().find(|c| c.slot == *name)?;
            let text = &wording::without_lengths(text);
            let Named::One { id, .. } = choice::named_in_question(turn, self.frame, list, slot, text, u)
            else {
                return None;
            };
            let Ok(Payload::SetSlots(slots)) = Payload::parse(&id) else { return None };
            let (_, value) = slots.into_iter().find(|(s, _)| s == name)?;
            let value = fill::coerce(slot, &value)?;
            let new = turn.state.frame_slot(Some(self.frame), name) != Some(&value);
            let slots = Slots::from([(name.clone(), value)]);
            new.then(|| vec![Command::BackTo { step: step.clone(), slots }])
        })
    }

    /// A new value for a slot that the question hangs on.
    pub(super) fn back(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        if let Some(commands) = self.chosen_back(turn, text, u) {
            return Some(commands);
        }
        if let Some(commands) = self.another_row(turn, text) {
            return Some(commands);
        }
        let mut slots = Slots::new();
        let mut to = None;
        for (slot, step) in &self.collect.ways.back_to {
            let Some((value, _)) = turn.a.domain.slots.get(slot).and_then(|s| fill::from_entities(s, u))
            else {
                continue;
            };
            let value = self.instead(turn, slot, &value, u).unwrap_or(value);
            if self.refused(turn, text, &value) {
                continue;
            }
            if turn.state.frame_slot(Some(self.frame), slot) != Some(&value) {
                to.get_or_insert(step);
            }
            slots.insert(slot.clone(), value);
        }
        Some(vec![Command::BackTo { step: to?.clone(), slots }])
    }

    /// A detail told instead of a yes or no, though it may be understood as something else.
    pub(super) fn plain_detail(&self, turn: &Turn, text: &str) -> bool {
        let ways = &self.collect.ways;
        if ways.details.is_none() || text.is_empty() {
            return false;
        }
        let said = words(text);
        let because = said.first().is_some_and(|w| is(BECAUSE, w));
        let told = || {
            ways.detail_words
                .iter()
                .map(|w| words(w))
                .any(|w| !w.is_empty() && said.windows(w.len()).any(|s| s == w))
        };
        let after_yes = match leading(turn, text) {
            Some((true, rest)) => rest,
            _ => text.to_owned(),
        };
        let begins = format!("{} ", words(&after_yes).join(" "));
        let adds =
            ADDS.iter().any(|w| begins.starts_with(&format!("{} ", fold(w)))) && words(&after_yes).len() >= 4;
        adds || ((because || told() || not_yet(turn, text))
            && (not_yet(turn, text) || leading(turn, text).is_none()))
    }

    /// "Haan, wife ko bhi launga": the yes that a message begins with, where nothing behind it takes it back. What is behind
    /// it is noted, if the question notes details.
    pub(super) fn yes_and_more(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        let (yes, rest) = leading(turn, text)?;
        // "Yes, but I don't know the number", "no order was made": where nothing is done at once, the first word counts.
        if self.collect.confirm && (!yes || words(&rest).iter().any(|w| is(BUT, w))) {
            return None;
        }
        let mut slots = Slots::from([(self.collect.slot.clone(), Value::Bool(yes))]);
        if let Some(slot) = self.collect.ways.details.as_ref().filter(|_| !self.only_repeats(turn, &rest)) {
            slots.insert(slot.clone(), Value::String(self.noted(turn, slot, &rest)));
        }
        Some(vec![Command::SetSlot { slots }])
    }

    /// What has been told so far, with this.
    pub(super) fn noted(&self, turn: &Turn, slot: &str, text: &str) -> String {
        let text = wording::unjoined(text);
        match turn.state.frame_slot(Some(self.frame), slot).and_then(Value::as_str) {
            Some(before) if !before.contains(text.trim()) => format!("{before} · {}", text.trim()),
            _ => text.trim().to_owned(),
        }
    }

    /// What is said behind a yes that was understood as one: "haan, but pickup after five".
    pub(super) fn noted_with_yes(&self, turn: &Turn, text: &str) -> Option<(String, Value)> {
        let slot = self.collect.ways.details.as_ref()?;
        let (true, rest) = leading(turn, text)? else { return None };
        (words(&rest).len() >= 3 && !self.only_repeats(turn, &rest))
            .then(|| (slot.clone(), Value::String(self.noted(turn, slot, &rest))))
    }

    /// Notes a detail and asks again.
    pub(super) fn detail(&self, turn: &Turn, text: &str, u: &Understanding) -> Option<Vec<Command>> {
        let slot = self.collect.ways.details.as_ref().filter(|_| !text.trim().is_empty())?;
        // What says otherwise than what is to be done is no detail of it.
        if self.contradicts(turn, u) {
            return Some(vec![Command::AskAgain { left: vec![] }]);
        }
        let noted = self.noted(turn, slot, text);
        Some(vec![Command::SetSlot { slots: Slots::from([(slot.clone(), Value::String(noted))]) }])
    }

    /// "No, Calle Mayor 14", "pin 201303 karo, baaki sahi": another value, or part of one, for what is being confirmed.
    pub(super) fn retaken(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        let leading = leading(turn, text);
        let told = |s: &&String| turn.state.frame_slot(Some(self.frame), s).and_then(Value::as_str);
        for slot in self.collect.ways.retake.iter() {
            let rest = leading.as_ref().map_or(text, |(_, rest)| rest);
            if let Some(amend::Amended { text, part }) =
                told(&slot).and_then(|told| amend::amended(told, rest))
            {
                return Some(vec![Command::Amend { slot: slot.clone(), value: Value::String(text), part }]);
            }
        }
        let holds = |s: &&String| turn.a.domain.slots.get(*s).is_some_and(Slot::holds_address);
        if let Some(slot) = self.collect.ways.retake.iter().find(|s| holds(s) && told(s).is_some())
            && let Some(address) = address::told(text).map(|told| told.address)
        {
            let value = Value::String(address.clone());
            return Some(vec![Command::Amend { slot: slot.clone(), value, part: address }]);
        }
        let (false, rest) = leading? else { return None };
        let slot = self.collect.ways.retake.iter().find(|s| told(s).is_some())?;
        // A new address or quantity has a number; "no, leave it as it is" has none.
        let telling = words(&rest).len() >= 2 && ascii_digits(&rest).chars().any(|c| c.is_ascii_digit());
        telling.then(|| {
            vec![Command::Amend { slot: slot.clone(), value: Value::String(rest.clone()), part: rest }]
        })
    }

    /// Whether words hold one of the question's own ways to say no, of two words or more.
    pub(super) fn tells_no(&self, said: &[String]) -> bool {
        let no = |p: Vec<String>| p.len() >= 2 && said.windows(p.len()).any(|s| s == p);
        self.collect.no.iter().map(|p| words(p)).any(no)
    }

    /// Whether a yes to a confirmation comes with something that was not read out: a number, a "but", a "wait". Such a yes does
    /// nothing yet.
    pub(super) fn conditional(&self, turn: &Turn, text: &str) -> bool {
        if !self.collect.confirm {
            return false;
        }
        let rest = match leading(turn, text) {
            Some((true, rest)) => rest,
            _ => text.to_owned(),
        };
        let shown = ascii_digits(&self.shown(turn));
        let number = |n: &str| -> bool {
            let n = n.trim_start_matches('0');
            !n.is_empty()
                && !shown.split(|c: char| !c.is_ascii_digit()).any(|s| {
                    let s = s.trim_start_matches('0');
                    // "6 baje" is the 18:00 that was read out.
                    s == n
                        || s.parse::<u32>()
                            .is_ok_and(|s| n.parse::<u32>().is_ok_and(|n| n < 12 && s == n + 12))
                })
        };
        let rest = wording::without_people(&ascii_digits(&rest));
        // What the question notes goes with the yes.
        let told = || self.noted_with_yes(turn, text).is_none();
        let said = words(&rest);
        // "Si cancelas me devuelven el dinero" is an "if"; "sure, but keep it" a no as well.
        wording::begins_with_if(text)
            || self.tells_no(&said)
            || said.iter().any(|w| is(HOLDS, w))
            || (told() && rest.split(|c: char| !c.is_ascii_digit()).any(number))
    }
}

impl Question<'_> {
    /// What was read out with the question.
    pub(crate) fn shown(&self, turn: &Turn) -> String {
        turn.state.last_reply.iter().map(body).collect::<Vec<_>>().join(" ")
    }

    /// Values for the flow's other choices that a message names, which is no answer to this one.
    pub(super) fn other_choices(&self, turn: &Turn, flow: &Flow, text: &str) -> Option<Slots> {
        let named = |slot: &str| opening::told(turn.a.domain.slots.get(slot)?, text);
        if wording::asks(text) {
            return None;
        }
        let slots: Slots = flow
            .collects()
            .filter(|c| {
                c.slot != self.collect.slot && turn.state.frame_slot(Some(self.frame), &c.slot).is_none()
            })
            .filter_map(|c| Some((c.slot.clone(), named(&c.slot)?)))
            .collect();
        (!slots.is_empty()).then_some(slots)
    }

    /// Whether a message to a confirmation is a question that says no clear yes.
    pub(super) fn only_asks(&self, turn: &Turn, text: &str) -> bool {
        self.collect.confirm
            && (text.contains(['?', '¿']) || wording::asks(text))
            && leading(turn, text).is_none()
            && !wording::agrees(&turn.a.words, text)
            && !self
                .collect
                .yes
                .iter()
                .any(|w| format!(" {} ", fold(text)).contains(&format!(" {} ", fold(w))))
    }
}

/// The words of a message that was sent.
fn body(message: &Outgoing) -> &str {
    match message {
        Outgoing::Text { body, .. }
        | Outgoing::Buttons { body, .. }
        | Outgoing::List { body, .. }
        | Outgoing::LocationRequest { body } => body,
        _ => "",
    }
}

/// Whether a longer "no …" at a yes-or-no question must be understood before it can be taken for a no.
pub(super) fn undecided(turn: &Turn, text: &str) -> bool {
    let Some(question) = Question::of(turn) else { return false };
    if !question.collect.ways.listens() {
        return false;
    }
    let Some((false, rest)) = leading(turn, text) else { return false };
    let all = format!(" {} ", fold(text));
    let own = question.collect.no.iter().any(|w| all.contains(&format!(" {} ", fold(w))));
    words(&rest).len() >= 2 && !own && !turn.a.words.is("no", &rest)
}

/// "I mean yes, book it" at another question: the frame whose own yes that is, and which waits for it.
pub(super) fn confirmed_before(turn: &Turn, text: &str) -> Option<u64> {
    let asked = turn.state.asked.as_ref()?;
    let open = turn.a.domain.slots.get(&asked.slot)?;
    if open.kind == SlotType::Bool || turn.state.stack.iter().any(|f| f.waiting.is_some()) {
        return None;
    }
    let said = words(text);
    let own = |phrase: &String| {
        let phrase = words(phrase);
        phrase.len() >= 2 && said.windows(phrase.len()).any(|w| w == phrase)
    };
    let no = matches!(leading(turn, text), Some((false, _)));
    turn.state.stack.iter().rev().filter(|f| f.interrupted && !no).find_map(|frame| {
        let flow = turn.a.flows.get(&frame.flow)?;
        match &flow.steps.get(*flow.index.get(&frame.step)?)?.kind {
            StepKind::Collect(c) if c.confirm && c.yes.iter().any(own) => Some(frame.id),
            _ => None,
        }
    })
}

/// "It is about ORD-10002" at "is it about one of your orders?" says yes, and which.
pub(super) fn implied(turn: &Turn, text: &str) -> Option<Vec<Command>> {
    let question = Question::of(turn)?;
    let asked = turn.state.asked.as_ref()?;
    if turn.a.domain.slots.get(&asked.slot).is_none_or(|s| s.kind != SlotType::Bool)
        || matches!(leading(turn, text), Some((false, _)))
    {
        return None;
    }
    question.collect.ways.implied_by.iter().find_map(|name| {
        let slot = turn.a.domain.slots.get(name)?;
        let value = slot.mappings.iter().find_map(|m| match &m.source {
            Source::Text(Some(pattern)) => fill::matched(pattern, text),
            _ => None,
        })?;
        let value = fill::coerce(slot, &Value::String(value))?;
        let slots = Slots::from([(asked.slot.clone(), Value::Bool(true)), (name.clone(), value)]);
        Some(vec![Command::SetSlot { slots }])
    })
}

/// A "no" that belongs to a statement rather than to the question.
fn not_yet(turn: &Turn, text: &str) -> bool {
    matches!(leading(turn, text), Some((false, rest)) if words(&rest).iter().any(|w| is(NOT_YET, w)) && words(&rest).len() >= 3)
}

/// The yes or no that a message begins with, and what follows it.
pub(super) fn leading(turn: &Turn, text: &str) -> Option<(bool, String)> {
    let mut rest = text.trim();
    let mut found = None;
    let pause = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '…' | '!' | ';' | '।');
    while let Some((word, after)) =
        rest.split_once(pause).filter(|(w, _)| !w.is_empty() && is(FILLERS, &fold(w)))
    {
        let _ = word;
        rest = after.trim_start_matches(pause);
    }
    loop {
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | ';' | '।'))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let paused = after.trim_start().starts_with([',', '.', '!', ';', '।']);
        let next = after.split_whitespace().next().unwrap_or_default();
        // Further words: "y la factura" is an "and", "si llega" an "if", "yes? what then" asks.
        let asks = word.ends_with('?') && !next.is_empty();
        if found.is_none() && (asks || !wording::begins(word, next, paused)) {
            break;
        }
        let kind = if turn.a.words.is("no", word) {
            false
        } else if turn.a.words.is("yes", word) {
            true
        } else {
            break;
        };
        if word.is_empty() || found.is_some_and(|f| f != kind) {
            break;
        }
        found = Some(kind);
        rest =
            after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | ';' | '।'));
        if rest.is_empty() {
            break;
        }
    }
    Some((found?, rest.to_owned()))
}
