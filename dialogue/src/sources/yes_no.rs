//! Yes and no in words: to a question ("haan cancel kar do", "keep it"), or to an offer that was the last thing said.

use super::question::Question;
use super::taps;
use crate::Assistant;
use crate::choice;
use crate::commands::Command;
use crate::config::flows::Collect;
use crate::fold::{fold, listed};
use crate::payload::Payload;
use crate::turn::Turn;

/// What an answer to a yes-or-no question says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    No,
    /// Something of both: only asking again is safe.
    Unclear,
}

/// Politeness around a yes or no.
const POLITE: &str = "please pls plz kindly sir madam maam bhai bhaiya yaar ji na now then just thanks thank you por favor \
    gracias ya porfa porfavor ab abhi to toh hi bas जी प्लीज कृपया अब अभी तो ही बस भाई";
/// Words that a yes or no may begin with, at most.
const LONGEST: usize = 3;

/// What a whole message says to a question; nothing if it must be understood.
pub(super) fn said(a: &Assistant, collect: &Collect, text: &str) -> Option<Said> {
    let sorted = |text: &str| {
        let mut words: Vec<String> =
            text.split(' ').filter(|w| !listed(POLITE, w)).map(str::to_owned).collect();
        words.sort();
        words
    };
    // "Kar do cancel" is the question's own "cancel kar do" in another order.
    let own = |list: &[String], what: &str| {
        list.iter().map(|w| fold(w)).any(|w| w == what || (w.contains(' ') && sorted(&w) == sorted(what)))
    };
    let folded = fold(text);
    if a.words.is("no", text) {
        return Some(Said::No);
    }
    let all: Vec<&str> = folded.split(' ').collect();
    let mut from = 0;
    let mut to = all.len();
    let (mut yes, mut no) = (false, false);
    loop {
        let rest = all[from..to].join(" ");
        // "No cancelar" is a no of its own, not a "no" and a "cancelar".
        let (wanted, unwanted) = (own(&collect.yes, &rest), own(&collect.no, &rest));
        if wanted || unwanted || rest.is_empty() {
            return match (yes || wanted, no || unwanted) {
                (true, false) => Some(Said::Yes),
                (false, true) => Some(Said::No),
                (true, true) => Some(Said::Unclear),
                (false, false) => None,
            };
        }
        let leading = (1..=LONGEST.min(to - from)).rev().find_map(|n| {
            let words = all[from..from + n].join(" ");
            let kind = if a.words.is("yes", &words) {
                true
            } else if a.words.is("no", &words) {
                false
            } else {
                return None;
            };
            Some((n, kind))
        });
        let polite = |word: &str| listed(POLITE, word);
        if (yes || no) && polite(all[from]) {
            // "Nahi ji" is no yes.
            from += 1;
        } else if let Some((n, kind)) = leading {
            from += n;
            yes |= kind;
            no |= !kind;
        } else if polite(all[from]) {
            from += 1;
        } else if polite(all[to - 1]) {
            to -= 1;
        } else {
            break;
        }
    }
    // "Cancel" to "shall I cancel the order?" may mean either; so may "stop".
    let shares = || {
        collect
            .yes
            .iter()
            .any(|w| fold(w).split(' ').any(|w| all[from..to].iter().any(|said| alike(said, w))))
    };
    if a.words.is("cancel", &all[from..to].join(" ")) && shares() {
        return Some(if yes && !no { Said::Yes } else { Said::Unclear });
    }
    (collect.confirm && a.words.is("halt", text)).then_some(Said::Unclear)
}

/// Forms of one verb: `cancel`, `cancelar`.
fn alike(a: &str, b: &str) -> bool {
    a.chars().count() >= 4 && b.chars().count() >= 4 && (a.starts_with(b) || b.starts_with(a))
}

/// Whether what runs is about ending something: to its own question "don't send it" is a yes.
pub(crate) fn ending(turn: &Turn) -> bool {
    turn.state
        .stack
        .iter()
        .filter_map(|f| turn.a.flows.get(&f.flow))
        .any(|f| f.collects().any(|c| c.yes.iter().any(|w| turn.a.words.is("halt", w))))
}

/// A yes or no to the offer just made while no question is open, or a yes to the one option that is left of a question.
pub(super) fn to_offer(turn: &Turn, yes: bool) -> Option<Vec<Command>> {
    let options = &turn.state.options;
    let option = if turn.open_question().is_none() {
        options.iter().find(|o| o.says == Some(yes))?
    } else {
        let slot = turn.a.domain.slots.get(&turn.state.asked.as_ref()?.slot)?;
        options.first().filter(|_| yes && options.len() == 1 && choice::chosen(slot))?
    };
    Some(taps::commands(turn, Payload::parse(&option.id).ok()?))
}

/// The question of the asked slot, with what a message says to it.
pub(super) fn to_question(turn: &Turn, text: &str) -> Option<Said> {
    said(turn.a, Question::of(turn)?.collect, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect() -> Collect {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Collect {
            slot: "confirm".into(),
            utter: "utter_ask_confirm".into(),
            ask_before_filling: false,
            reset_after_flow_ends: true,
            rejections: vec![],
            optional: false,
            confirm: true,
            verbatim: false,
            resume: None,
            yes: list(&["cancel it", "cancel karo", "cancel kar do", "cancélalo", "mat bhejo"]),
            no: list(&["keep it", "cancel mat karo", "no lo canceles"]),
            instead: vec![],
            ways: Default::default(),
        }
    }

    #[test]
    fn yes_and_no_in_words() {
        let a = Assistant::load(vec![]).unwrap_or_else(|f| panic!("{f:#?}"));
        let collect = collect();
        for (text, wanted) in [
            ("yes cancel it", Some(Said::Yes)),
            ("Yes, please cancel it now", Some(Said::Yes)),
            ("haan cancel kar do", Some(Said::Yes)),
            ("haan ji, cancel karo bhai", Some(Said::Yes)),
            ("Sí, cancélalo por favor", Some(Said::Yes)),
            ("cancel karo", Some(Said::Yes)),
            ("mat bhejo", Some(Said::Yes)),
            ("ok please", Some(Said::Yes)),
            ("haan cancel", Some(Said::Yes)),
            ("kar do cancel", Some(Said::Yes)),
            ("thik h to kar do cancel", Some(Said::Yes)),
            ("haan to kar do na cancel", Some(Said::Yes)),
            ("karo mat cancel", Some(Said::No)),
            ("nahi kar do cancel", Some(Said::Unclear)),
            ("no cancel", Some(Said::Unclear)),
            ("no, keep it", Some(Said::No)),
            ("cancel mat karo", Some(Said::No)),
            ("no lo canceles", Some(Said::No)),
            ("nahi ji", Some(Said::No)),
            ("no, cancel it", Some(Said::Unclear)),
            ("yes keep it", Some(Said::Unclear)),
            ("cancel", Some(Said::Unclear)),
            ("roko", Some(Said::Unclear)),
            ("never mind", None),
            ("yes but not today", None),
            ("what about my refund", None),
            ("please", None),
        ] {
            assert_eq!(said(&a, &collect, text), wanted, "{text}");
        }
    }
}
