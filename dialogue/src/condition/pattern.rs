//! Regular expressions of conditions.

use super::needles::{Held, Needles};
use crate::fold::unmarked;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Hir, HirKind};
use std::cell::RefCell;
use std::sync::OnceLock;

/// What the searches of one expression in one thread may remember of its automaton, bytes. With regex-automata's own 2 MiB
/// 132 expressions of the demo shop came to 32 MiB a thread over 8,000 texts, with this to 13. With 256 KiB a search takes a
/// fifth less (1.0 instead of 1.3 µs), and the engine 30 MiB more.
const AUTOMATON: usize = 128 * 1024;

/// A regular expression, and the same without accents and nukta for texts without them.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    source: String,
    /// What a text has to hold for it; `None`: it may match any.
    needles: Option<Needles>,
    /// Matches wherever one of the two does, and is quicker where a text is not ASCII: word boundaries of Unicode keep a search
    /// out of its automaton then.
    loose: Regex,
    /// Both as they are. Made when the looser one matches for the first time: in most conversations few do.
    exact: OnceLock<Vec<Regex>>,
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// Why it is none, as shown to a human.
    pub fn new(source: &str) -> Result<Self, String> {
        let written = regex_syntax::parse(source).map_err(|error| error.to_string())?;
        let plain = regex_syntax::parse(&without_marks(source)).ok();
        let plain = plain.filter(|plain| *plain != written);
        let either = Hir::alternation([Some(written), plain].iter().flatten().map(anywhere).collect());
        let loose = Regex::builder()
            .configure(config())
            .build_from_hir(&either)
            .map_err(|error| error.to_string())?;
        let needles = Needles::of(&either);
        Ok(Pattern { source: source.to_owned(), needles, loose, exact: OnceLock::new() })
    }

    /// Whether it matches somewhere in a text or in the text without its marks.
    pub fn is_match(&self, text: &str) -> bool {
        known(text, |plain, held| {
            self.needles.as_ref().is_none_or(|needles| needles.may_be_in(held)) && self.searched(text, plain)
        })
    }

    fn searched(&self, text: &str, plain: &str) -> bool {
        let either = |regex: &Regex| regex.is_match(text) || (!text.is_ascii() && regex.is_match(plain));
        either(&self.loose)
            && match self.exact() {
                [written, unmarked] => written.is_match(text) || unmarked.is_match(plain),
                one => one.iter().any(either),
            }
    }

    /// As written and, where that is another, without marks.
    fn exact(&self) -> &[Regex] {
        self.exact.get_or_init(|| {
            let plain = without_marks(&self.source);
            let both = [Some(&self.source), Some(&plain).filter(|plain| **plain != self.source)];
            // What is too great with its looks around is taken as it is without them.
            let exact = |it: &String| compiled(it).unwrap_or_else(|| self.loose.clone());
            both.into_iter().flatten().map(exact).collect()
        })
    }
}

/// Whoever writes `técnico` means `tecnico` too. A bare mark that `?` makes optional is optional anyhow.
fn without_marks(source: &str) -> String {
    unmarked(&source.replace("\u{093C}?", ""))
}

/// Only whether a text matches is asked, so groups are not kept: what a search remembers of them for each state of an
/// expression, in each thread, was 22 MiB for the demo shop.
fn config() -> regex_automata::meta::Config {
    Regex::config().which_captures(WhichCaptures::None).hybrid_cache_capacity(AUTOMATON)
}

fn compiled(source: &str) -> Option<Regex> {
    Regex::builder().configure(config()).build(source).ok()
}

/// An expression without what it asks of the places around its characters.
fn anywhere(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(it) => {
            let sub = Box::new(anywhere(&it.sub));
            Hir::repetition(regex_syntax::hir::Repetition { sub, ..it.clone() })
        }
        HirKind::Capture(it) => anywhere(&it.sub),
        HirKind::Concat(all) => Hir::concat(all.iter().map(anywhere).collect()),
        HirKind::Alternation(all) => Hir::alternation(all.iter().map(anywhere).collect()),
    }
}

/// Lends a text without its marks, and what both hold. The thread's last one is remembered: dozens of conditions in a
/// row ask about one message.
fn known<R>(text: &str, f: impl FnOnce(&str, &Held) -> R) -> R {
    thread_local! {
        static LAST: RefCell<(String, String, Held)> = RefCell::default();
    }
    LAST.with_borrow_mut(|(of, plain, held)| {
        if of != text {
            (*of, *plain) = (text.to_owned(), unmarked(text));
            // Most texts have no marks.
            *held = if plain == of { Held::of(&[of]) } else { Held::of(&[of, plain]) };
        }
        f(plain, held)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_looser_form_leaves_out_matches_nothing() {
        let patterns = [
            r"(?i)\bt[ée]cnico\b",
            r"(?i)\btécnico\b",
            r"^(?:no|नहीं)\b",
            r"(?i)\b(?:ज़रा|abhi)\b.*\b\d{2}\b$",
            r"\B₹\b|#\s?\d+",
            "सड़\u{093C}?क",
        ];
        let texts = [
            "el técnico, mañana",
            "el tecnico, mañana",
            "¿TECNICO?",
            "nada técnicos",
            "नहीं चाहिए",
            "जी नहीं",
            "जरा बताओ 22",
            "ज़रा बताओ 22",
            "सडक पर",
            "a₹b #7",
            "plain",
            "",
        ];
        let mut some = 0;
        for pattern in patterns.map(|source| Pattern::new(source).unwrap()) {
            for text in texts {
                let written = compiled(&pattern.source).unwrap();
                let plain = compiled(&without_marks(&pattern.source)).unwrap();
                let exact = written.is_match(text) || plain.is_match(&unmarked(text));
                assert_eq!(pattern.is_match(text), exact, "{} {text}", pattern.source);
                some += usize::from(exact);
            }
        }
        assert!(some > 8, "{some}");
    }
}
