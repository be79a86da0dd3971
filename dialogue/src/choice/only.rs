//! "Just the phone, keeping the speaker", "sirf charger, ipad theek h", "no los dos, solo el móvil": of the clauses of a message
//! those that say what is meant.

use super::filler;
use crate::event::Understanding;
use crate::fold::listed;
use crate::negation::words_at;

/// What says that a clause names all that is meant.
const ONLY: &str = "only just solo solamente sirf keval bas hi सिर्फ केवल बस ही";
/// What says that the thing in a clause stays as it is.
const KEPT: &str = "keep keeping quedo quedamos rakhna rakhunga rakhungi rakh रखना रखूंगा रखूंगी रख";
/// What joins two clauses without a pause.
const JOINS: &str = "but pero lekin par magar and y aur लेकिन पर मगर और";

/// The text with the clauses that do not say what is meant blanked out, character by character, so that places stay; and what
/// was understood of the rest. Nothing if all of it says it.
pub(super) fn settled(text: &str, u: &Understanding) -> Option<(String, Understanding)> {
    let chars: Vec<char> = text.chars().collect();
    let said = words_at(text);
    let mut clauses: Vec<Vec<usize>> = vec![vec![]];
    for at in 0..said.len() {
        let gap_from = at.checked_sub(1).map_or(0, |b| said[b].1.1);
        let pause = chars[gap_from..said[at].1.0]
            .iter()
            .any(|c| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | '\n' | '-' | '–'));
        let joins = listed(JOINS, &said[at].0);
        if (pause || joins) && clauses.last().is_some_and(|c| !c.is_empty()) {
            clauses.push(vec![]);
        }
        if let Some(clause) = clauses.last_mut() {
            clause.push(at);
        }
    }
    let has = |clause: &[usize], list: &'static str| clause.iter().any(|at| listed(list, &said[*at].0));
    let tells = |clause: &[usize]| {
        clause.iter().any(|at| {
            let word = &said[*at].0;
            !filler::is(word) && !listed(ONLY, word) && !crate::negation::is_cue(word)
        })
    };
    let only = |c: &Vec<usize>| has(c, ONLY) && tells(c) && !has(c, KEPT);
    let kept: Vec<&Vec<usize>> = match clauses.iter().any(only) {
        true => clauses.iter().filter(|c| only(c)).collect(),
        false => clauses.iter().filter(|c| !has(c, KEPT)).collect(),
    };
    if kept.is_empty() || kept.len() == clauses.len() {
        return None;
    }
    let stands = |from: usize, to: usize| {
        kept.iter().flat_map(|c| c.iter()).any(|at| said[*at].1.0 >= from && said[*at].1.1 <= to)
    };
    let mut left = chars.clone();
    for (_, (from, to)) in said.iter() {
        if !stands(*from, *to) {
            left[*from..*to].fill(' ');
        }
    }
    let mut u = u.clone();
    u.entities.retain(|e| e.end <= e.start || stands(e.start, e.end));
    Some((left.into_iter().collect(), u))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_that_say_what_is_meant() {
        let u = crate::testing::understanding("inform", 0.9, &[]);
        for (text, wanted) in [
            ("just the phone tho, keeping the speaker", Some("just the phone tho")),
            ("sirf charger, ipad theek h", Some("sirf charger")),
            ("No, not both! Only the Redmi phone", Some("Only the Redmi phone")),
            ("no los dos, solo el móvil", Some("solo el móvil")),
            ("return the phone but I keep the case", Some("return the phone")),
            ("मोबाइल वापस करना है, केस रखना है", Some("मोबाइल वापस करना है")),
            ("haan kardo charger ka hi", None),
            ("the phone and the speaker", None),
        ] {
            let settled = settled(text, &u).map(|(left, _)| left);
            let words = settled
                .map(|left| left.trim_matches(|c: char| c.is_whitespace() || ",.!".contains(c)).to_owned());
            assert_eq!(words.as_deref(), wanted, "{text}");
        }
    }
}
