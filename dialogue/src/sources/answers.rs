//! What a message says at a question besides its answer: a value that leads back, a detail, a correction after a no.

use super::nlu::Question;
use crate::commands::Command;
use crate::config::domain::{IntentCommand, SlotType, Source, Target};
use crate::event::Understanding;
use crate::fill;
use crate::fold::{ascii_digits, fold, listed as is, words};
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// How a reason begins.
const BECAUSE: &str =
    "because cause coz cuz bcoz since reason porque pues kyunki kyonki kyuki kyuke क्योंकि चूंकि कारण";
/// What follows a "no" that belongs to a statement: "nahi abhi tak order number nahi mila".
const NOT_YET: &str = "mila mili mile aaya aayi aaye aya hua hui hue pahuncha pata मिला मिली मिले आया आयी आए हुआ हुई पहुंचा पता \
    received arrived come came llegado llego recibido";
/// What goes with another number for the one that was told.
const AMENDS: &str = "make but it only instead actually need want que sean son pero mejor ponme pon kar karo kardo chahiye par lekin \
    कर करो चाहिए पर लेकिन";
/// What may stand before a yes or no: "mmm no".
const FILLERS: &str = "mm mmm mmmm hm hmm hmmm um umm uh eh ehh er oh ah ahh pues bueno are arey arre अरे हम्म";
/// What takes a yes back, or hangs something on it.
const BUT: &str = "but wait not no dont cant if unless before first later instead pero espera antes primero luego mejor nunca \
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
    pub(super) fn heeds(&self, turn: &Turn, u: &Understanding, values: bool) -> bool {
        let ways = &self.collect.ways;
        values
            || self.collect.verbatim
            || ways.details.is_some()
            || ways.otherwise.is_some()
            || self.back(turn, u).is_some()
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

    /// A new value for a slot that the question hangs on.
    pub(super) fn back(&self, turn: &Turn, u: &Understanding) -> Option<Vec<Command>> {
        let mut slots = Slots::new();
        let mut to = None;
        for (slot, step) in &self.collect.ways.back_to {
            let Some((value, _)) = turn.a.domain.slots.get(slot).and_then(|s| fill::from_entities(s, u))
            else {
                continue;
            };
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
        (because || told() || not_yet(turn, text)) && (not_yet(turn, text) || leading(turn, text).is_none())
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
        if let Some(slot) = &self.collect.ways.details {
            slots.insert(slot.clone(), Value::String(self.noted(turn, slot, &rest)));
        }
        Some(vec![Command::SetSlot { slots }])
    }

    /// What has been told so far, with this.
    fn noted(&self, turn: &Turn, slot: &str, text: &str) -> String {
        match turn.state.frame_slot(Some(self.frame), slot).and_then(Value::as_str) {
            Some(before) if !before.contains(text.trim()) => format!("{before} · {}", text.trim()),
            _ => text.trim().to_owned(),
        }
    }

    /// What is said behind a yes that was understood as one: "haan, but pickup after five".
    pub(super) fn noted_with_yes(&self, turn: &Turn, text: &str) -> Option<(String, Value)> {
        let slot = self.collect.ways.details.as_ref()?;
        let (true, rest) = leading(turn, text)? else { return None };
        (words(&rest).len() >= 3).then(|| (slot.clone(), Value::String(self.noted(turn, slot, &rest))))
    }

    /// Notes a detail and asks again.
    pub(super) fn detail(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        let slot = self.collect.ways.details.as_ref().filter(|_| !text.trim().is_empty())?;
        let noted = self.noted(turn, slot, text);
        Some(vec![Command::SetSlot { slots: Slots::from([(slot.clone(), Value::String(noted))]) }])
    }

    /// "No, Calle Mayor 14": another value for what is being confirmed.
    pub(super) fn retaken(&self, turn: &Turn, text: &str) -> Option<Vec<Command>> {
        let (yes, rest) = leading(turn, text)?;
        let known = |s: &&String| turn.state.frame_slot(Some(self.frame), s).is_some();
        let slot = self.collect.ways.retake.iter().find(known)?;
        let before = turn.state.frame_slot(Some(self.frame), slot).and_then(Value::as_str).unwrap_or("");
        if let Some(amended) = amended(before, &rest) {
            return Some(vec![Command::SetSlot {
                slots: Slots::from([(slot.clone(), Value::String(amended))]),
            }]);
        }
        if yes {
            return None;
        }
        // A new address or quantity has a number; "no, leave it as it is" has none.
        let telling = words(&rest).len() >= 2 && ascii_digits(&rest).chars().any(|c| c.is_ascii_digit());
        telling.then(|| vec![Command::SetSlot { slots: Slots::from([(slot.clone(), Value::String(rest))]) }])
    }
}

/// "But 40 nahi 45", "make it 45": what was told, with the other number in it. Nothing if it cannot be seen which number is
/// meant, or if more than a number is said.
fn amended(before: &str, said: &str) -> Option<String> {
    let numbers = |text: &str| -> Vec<String> {
        let digits = ascii_digits(text);
        digits.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(str::to_owned).collect()
    };
    let before = ascii_digits(before);
    let (had, told) = (numbers(&before), numbers(said));
    if words(said).len() > 6 || told.is_empty() || told.len() > 2 {
        return None;
    }
    let mut new: Vec<&String> = told.iter().filter(|n| !had.contains(n)).collect();
    new.dedup();
    let [new] = new[..] else { return None };
    let old = match told.iter().find(|n| had.contains(n)) {
        Some(old) => old,
        // The first number of an enquiry is how many.
        None if told.len() == 1 && words(said).iter().any(|w| is(AMENDS, w)) => had.first()?,
        None => return None,
    };
    let mut left = before.as_str();
    let mut after = String::new();
    let mut done = false;
    while let Some(from) = left.find(|c: char| c.is_ascii_digit()) {
        let to = left[from..].find(|c: char| !c.is_ascii_digit()).map_or(left.len(), |n| from + n);
        after.push_str(&left[..from]);
        let number = &left[from..to];
        after.push_str(if !done && number == old { new } else { number });
        done |= number == old;
        left = &left[to..];
    }
    after.push_str(left);
    Some(after)
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
fn leading(turn: &Turn, text: &str) -> Option<(bool, String)> {
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

#[cfg(test)]
mod tests {
    use super::amended;

    #[test]
    fn another_number_for_the_one_told() {
        let told = "40 Dell laptops by 10 December";
        for (said, wanted) in [
            ("par 40 nahi 45", Some("45 Dell laptops by 10 December")),
            ("but make it 45", Some("45 Dell laptops by 10 December")),
            ("लेकिन ४५ कर दो", Some("45 Dell laptops by 10 December")),
            ("10 no, 12", Some("40 Dell laptops by 12 December")),
            ("send it to 12 Park Street in Delhi please", None),
            ("call me at 5", None),
        ] {
            assert_eq!(amended(told, said).as_deref(), wanted, "{said}");
        }
    }
}
