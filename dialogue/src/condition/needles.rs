//! What a text must hold for a regular expression to match: looked up before the expression is tried at all, because a message
//! is held against dozens of them and most have nothing to do with it.
//!
//! Of each way to match, a run of characters that it cannot do without is noted by its trigrams, or as a pair where there is no
//! longer one; a text is a set of its own trigrams and pairs (Cox 2012, "Regular Expression Matching with a Trigram Index", does
//! such for an index of files). Sets are bits by a hash, so a text may seem to hold what it does not, never the other way round.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bits of a text's set: with a message's fifty pairs and fifty trigrams one in forty is taken.
const BITS: usize = 4096;

/// The trigrams and pairs of a text.
#[derive(Debug, Clone)]
pub(super) struct Held(Box<[u64; BITS / 64]>);

impl Default for Held {
    fn default() -> Self {
        Held(Box::new([0; BITS / 64]))
    }
}

impl Held {
    /// Those of all of `texts`.
    pub fn of(texts: &[&str]) -> Self {
        let mut held = Self::default();
        for text in texts {
            grams(text.chars().map(lower), |_, bit| held.0[bit / 64] |= 1 << (bit % 64));
        }
        held
    }

    fn has(&self, bit: u16) -> bool {
        self.0[usize::from(bit) / 64] & (1 << (bit % 64)) != 0
    }
}

/// Groups of which a text must hold at least one whole.
#[derive(Debug, Clone)]
pub(super) struct Needles(Vec<Box<[u16]>>);

impl Needles {
    /// What an expression needs; `None` where it may match without any run of two characters.
    pub fn of(hir: &Hir) -> Option<Self> {
        let bits = |run: Vec<char>| {
            let mut bits = Vec::new();
            let most = run.len().min(3);
            grams(run.into_iter(), |length, bit| bits.extend((length == most).then_some(bit as u16)));
            bits.into_boxed_slice()
        };
        Some(Self(runs(hir)?.into_iter().map(bits).collect()))
    }

    /// Whether the expression may match a text.
    pub fn may_be_in(&self, held: &Held) -> bool {
        self.0.iter().any(|bits| bits.iter().all(|bit| held.has(*bit)))
    }
}

/// One form for a character and its capital.
fn lower(c: char) -> char {
    match c {
        // It is an `s` to whoever ignores case, and has no capital of its own.
        'ſ' => 's',
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}

/// Bits of the trigrams and pairs of characters, with the length of each.
fn grams(chars: impl Iterator<Item = char>, mut f: impl FnMut(usize, usize)) {
    let mut last = [0u32; 2];
    for (i, c) in chars.map(u32::from).enumerate() {
        let pair = last[1].wrapping_mul(0x85EB_CA77) ^ c;
        let trigram = last[0].wrapping_mul(0x9E37_79B1).rotate_left(9) ^ pair;
        for (length, mixed) in [(2, pair), (3, trigram)] {
            if i + 1 >= length {
                f(length, (mixed.wrapping_mul(0xC2B2_AE3D) >> 20) as usize % BITS);
            }
        }
        last = [last[1], c];
    }
}

/// Runs of which each match holds at least one, of two characters and more.
fn runs(hir: &Hir) -> Option<Vec<Vec<char>>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) => long(exact(hir)?).map(|run| vec![run]),
        HirKind::Capture(it) => runs(&it.sub),
        HirKind::Repetition(it) if it.min == 0 => None,
        HirKind::Repetition(it) => runs(&it.sub),
        HirKind::Alternation(all) => {
            let mut found = Vec::new();
            for each in all {
                found.extend(runs(each)?);
            }
            Some(found)
        }
        // Any part will do: the one whose shortest run is longest.
        HirKind::Concat(all) => {
            let mut best: Option<Vec<Vec<char>>> = None;
            let mut better = |found: Vec<Vec<char>>| {
                let shortest = |runs: &Vec<Vec<char>>| runs.iter().map(Vec::len).min();
                if best.as_ref().is_none_or(|best| shortest(best) < shortest(&found)) {
                    best = Some(found);
                }
            };
            let mut run = Vec::new();
            for each in all {
                match exact(each) {
                    Some(chars) => run.extend(chars),
                    None => {
                        let before = long(std::mem::take(&mut run)).map(|run| vec![run]);
                        before.into_iter().chain(runs(each)).for_each(&mut better);
                    }
                }
            }
            long(run).into_iter().for_each(|run| better(vec![run]));
            best
        }
    }
}

fn long(run: Vec<char>) -> Option<Vec<char>> {
    (run.len() > 1).then_some(run)
}

/// The only characters that something matches, but for capitals.
fn exact(hir: &Hir) -> Option<Vec<char>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(Vec::new()),
        HirKind::Literal(it) => Some(std::str::from_utf8(&it.0).ok()?.chars().map(lower).collect()),
        HirKind::Class(Class::Unicode(it)) => {
            // A letter and its capital, no whole alphabet.
            let few = it.ranges().iter().map(|r| r.len()).sum::<usize>() <= 4;
            let mut all = it.ranges().iter().filter(|_| few).flat_map(|r| r.start()..=r.end()).map(lower);
            let first = all.next()?;
            all.all(|c| c == first).then(|| vec![first])
        }
        HirKind::Capture(it) => exact(&it.sub),
        HirKind::Concat(all) => {
            let mut chars = Vec::new();
            for each in all {
                chars.extend(exact(each)?);
            }
            Some(chars)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(pattern: &str) -> Option<Vec<String>> {
        let runs = runs(&regex_syntax::parse(pattern).unwrap())?;
        Some(runs.into_iter().map(|run| run.into_iter().collect()).collect())
    }

    #[test]
    fn the_longest_run_of_each_way_is_needed() {
        for (pattern, wanted) in [
            (r"(?i)gift ?cards?|\bvales? de regalo", vec!["gift", " de regalo"]),
            (r"(?i)\bt[ée]cnico\b", vec!["cnico"]),
            (r"(?i)\b(?:Käse|(quota)s?)\b.*x", vec!["käse", "quota"]),
            (r"(?:abc)+d{2}", vec!["abc"]),
            (r"नहीं|nahi|\bno\b", vec!["नहीं", "nahi", "no"]),
        ] {
            assert_eq!(needed(pattern).unwrap(), wanted, "{pattern}");
        }
        for anything in [r"\d{6}", "(?:abc)?", "a", r"abc|\w+", "^$", ""] {
            assert_eq!(needed(anything), None, "{anything}");
        }
    }

    #[test]
    fn a_text_may_hold_it_whatever_its_capitals() {
        let needles = Needles::of(&regex_syntax::parse("(?i)kiste|ärger").unwrap()).unwrap();
        for text in ["eine KISTE", "KiſTE", "\u{212A}iste", "ÄRGER!"] {
            assert!(needles.may_be_in(&Held::of(&["nichts", text])), "{text}");
        }
        assert!(!needles.may_be_in(&Held::of(&["kis", "te", ""])));
    }
}
