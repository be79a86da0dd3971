//! What a question takes besides its answer: values that lead back, details, corrections, whatever else is written.

use crate::finding::Findings;
use crate::yaml::{Kind, Reader};

/// Ways on from a question other than its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// A value for one of these slots, said at the question, is taken, and the flow goes back to that step.
    pub back_to: Vec<(String, String)>,
    /// The step where the flow goes on with what is no answer, instead of a rejected value.
    pub otherwise: Option<String>,
    /// What is said beside or instead of a yes or no is noted in this slot, and the question comes again.
    pub details: Option<String>,
    /// Only what stands behind a clear yes and a "but" or "just" is noted in this slot, with the yes.
    pub noted: Option<String>,
    /// Words that are such a detail whatever they are understood as: "found it cheaper".
    pub detail_words: Vec<String>,
    /// Flows whose wishes, behind a yes and without an order's number, are such details too.
    pub detail_wishes: Vec<String>,
    /// A value for one of these slots is a yes.
    pub implied_by: Vec<String>,
    /// "No, Calle Mayor 14": what follows the no overwrites the first of these slots that has a value.
    pub retake: Vec<String>,
    /// A yes that comes with another value for what was told does it at once: nothing that cannot be undone hangs on it.
    pub at_once: bool,
}

impl Ways {
    /// The keys of a `collect` step that are read here.
    pub const KEYS: [&str; 7] =
        ["back_to", "otherwise", "details", "noted", "implied_by", "retake", "at_once"];

    pub(crate) fn read(at: Reader, f: &mut Findings) -> Self {
        let texts = |key: &str, at: &Reader, f: &mut Findings| -> Vec<String> {
            at.strings_at(key, f).into_iter().map(|(s, _)| s).collect()
        };
        let mut ways = Ways {
            otherwise: at.string_at("otherwise", f),
            noted: at.string_at("noted", f),
            implied_by: texts("implied_by", &at, f),
            retake: texts("retake", &at, f),
            at_once: at.get("at_once").is_some_and(|at| at.node.bool() == Some(true)),
            ..Ways::default()
        };
        if let Some(map) = at.get("back_to") {
            ways.back_to = map.entries().map(|(slot, step)| (slot.key(), step.key())).collect();
        }
        if let Some(details) = at.get("details") {
            if matches!(details.node.kind, Kind::Map(_)) {
                details.only(f, &["slot", "words", "wishes"]);
                ways.details = details.string_at("slot", f);
                ways.detail_words = texts("words", &details, f);
                ways.detail_wishes = texts("wishes", &details, f);
            } else {
                ways.details = at.string_at("details", f);
            }
        }
        ways
    }

    /// Whether more than a plain yes or no means something here.
    pub fn listens(&self) -> bool {
        !self.back_to.is_empty() || !self.retake.is_empty() || self.details.is_some()
    }

    /// Steps that it leads to.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.back_to.iter().map(|(_, step)| step.as_str()).chain(self.otherwise.as_deref())
    }

    /// Slots that it fills.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        let back = self.back_to.iter().map(|(slot, _)| slot);
        back.chain(&self.details)
            .chain(&self.noted)
            .chain(&self.implied_by)
            .chain(&self.retake)
            .map(String::as_str)
    }
}

/// How the message that opens a flow may name a categorical slot's value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// Spellings that tell enough only once the slot is asked for.
    pub except: Vec<String>,
    /// Which of several values named together is meant, best first.
    pub prefer: Vec<String>,
}

impl Opening {
    pub(crate) fn read(at: Reader, findings: &mut Findings) -> Option<Self> {
        if at.node.entries().is_empty() {
            return (at.node.bool() != Some(false)).then(Opening::default);
        }
        at.only(findings, &["except", "prefer"]);
        let mut texts = |key: &str| at.strings_at(key, findings).into_iter().map(|(s, _)| s).collect();
        Some(Opening { except: texts("except"), prefer: texts("prefer") })
    }
}
