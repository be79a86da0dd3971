//! "8843 not 8842", "8842 nahi, 8843", "en vez de 8842": which of the things that a message names it denies.
//!
//! A few cue words decide, by where they stand: English and Spanish deny what follows, Hindi what precedes. Where a plain "no"
//! could be either ("8842, no 8843"), nothing is decided and the customer is asked.

use crate::fold::{fold, in_word, listed};
use std::{cell::RefCell, rc::Rc, sync::LazyLock};

/// What a message says of a thing that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is meant, as far as can be seen.
    Kept,
    /// It is denied.
    Negated,
    /// It is either.
    Unclear,
}

/// Cues that deny what follows; longer ones first.
const BEFORE: [&[&str]; 24] = [
    &["no", "need", "of"],
    &["no", "need", "for"],
    &["forget", "about"],
    &["olvidate", "de"],
    &["no", "need"],
    &["instead", "of"],
    &["rather", "than"],
    &["other", "than"],
    &["en", "vez", "de"],
    &["en", "lugar", "de"],
    &["en", "vez", "del"],
    &["en", "lugar", "del"],
    &["no", "es"],
    &["no", "era"],
    &["no", "el"],
    &["no", "la"],
    &["no", "quiero"],
    &["not"],
    &["forget"],
    &["olvida"],
    &["isnt"],
    &["wasnt"],
    &["dont", "want"],
    &["except"],
];
/// Cues that deny what precedes.
const AFTER: [&str; 10] = ["nahi", "nahin", "nhi", "nai", "nahii", "mat", "नहीं", "नही", "मत", "ना"];
/// What says once more what was said before: "por la mañana he dicho, no por la tarde".
const INSISTS: [&[&str]; 14] = [
    &["he", "dicho"],
    &["ya", "dije"],
    &["dije"],
    &["digo"],
    &["i", "said"],
    &["said"],
    &["i", "meant"],
    &["bola"],
    &["kaha"],
    &["bataya"],
    &["बोला"],
    &["कहा"],
    &["बोली"],
    &["बताया"],
];
/// Cues that may do either.
const EITHER: [&str; 2] = ["no", "nope"];
/// Words at most between a thing and the cue behind it: "8842 to chahiye nahi tha".
const REACH: usize = 4;
/// What may stand between a cue and the thing that it denies: "not the order 8842", but not "not received 8842".
const BETWEEN: &str =
    "the a an my one order number no for in on at el la los las un una mi de del pedido numero con para";
/// What follows a Hindi cue that denies the thing before it: "8842 nahi chahiye", but not "8842 nahi aaya".
const BEHIND: &str = "chahiye chaiye tha thi the hai wala wali wale to balki bas sirf chahie चाहिए था थी थे है वाला वाली वाले तो बल्कि बस सिर्फ";

/// Whether a folded word can deny.
pub(crate) fn is_cue(word: &str) -> bool {
    BEFORE.iter().any(|cue| cue.len() == 1 && cue[0] == word)
        || crate::fold::among(&AFTER, word)
        || EITHER.contains(&word)
}

/// Folded words with their place in characters.
pub(crate) type Placed = Rc<[(String, (usize, usize))]>;

thread_local! {
    static LAST: RefCell<Option<(String, Placed)>> = RefCell::default();
}

/// The words of a text, folded, with their place in characters. Those of the last text are kept: one message is looked at by a
/// dozen rules.
pub(crate) fn words_at(text: &str) -> Placed {
    LAST.with_borrow_mut(|last| match last {
        Some((known, words)) if known == text => words.clone(),
        _ => {
            let words: Placed = find_words(text).into();
            *last = Some((text.to_owned(), words.clone()));
            words
        }
    })
}

fn find_words(text: &str) -> Vec<(String, (usize, usize))> {
    let all: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut start = None;
    for at in 0..=all.len() {
        let digit = |at: Option<usize>| at.and_then(|at| all.get(at)).is_some_and(|c| c.is_ascii_digit());
        let inside = all.get(at).is_some_and(|c| {
            // As crate::fold::words has it: a time of day is one word, and so is "doesn't".
            in_word(*c)
                || ('\u{0300}'..='\u{036F}').contains(c)
                || (*c == ':' && digit(at.checked_sub(1)) && digit(Some(at + 1)))
                || (matches!(c, '\'' | '’') && start.is_some())
        });
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let word: String = all[from..at].iter().filter(|c| !matches!(c, '\'' | '’')).collect();
                out.push((fold(&word), (from, at)));
                start = None;
            }
            _ => {}
        }
    }
    out.retain(|(w, _)| !w.is_empty());
    out
}

/// What a text says of the things at these places (characters, end exclusive). A place that is none (taps) is kept.
pub(crate) fn judge(text: &str, spans: &[(usize, usize)]) -> Vec<Verdict> {
    let said = words_at(text);
    let chars: Vec<char> = text.chars().collect();
    // Whether a pause (comma, full stop, dash with blanks) stands between two places.
    let pause = |from: usize, to: usize| {
        chars
            .get(from..to.max(from))
            .is_some_and(|c| c.iter().any(|c| matches!(c, ',' | ';' | '.' | '!' | '।' | '–' | '—' | '\n')))
    };
    // Whether nothing but articles and the like stands between a cue and the thing behind it.
    let plain = |to: usize, next: usize| {
        said.iter()
            .filter(|(_, (s, e))| *s >= to && *e <= spans[next].0)
            .all(|(w, _)| BETWEEN.split_whitespace().any(|b| b == w))
    };
    let inside = |(_, (from, to)): &(String, (usize, usize))| spans.iter().any(|(s, e)| from >= s && to <= e);
    let mut verdicts = vec![Verdict::Kept; spans.len()];
    let mut at = 0;
    while at < said.len() {
        if inside(&said[at]) {
            at += 1;
            continue;
        }
        let (from, mut to) = said[at].1;
        let before = BEFORE
            .iter()
            .find(|cue| cue.iter().enumerate().all(|(i, w)| said.get(at + i).is_some_and(|(s, _)| s == w)));
        if let Some(cue) = before {
            to = said[at + cue.len() - 1].1.1;
            if let Some(next) = nearest_after(spans, &said, to, REACH).filter(|next| plain(to, *next))
                && !pause(to, spans[next].0)
            {
                verdicts[next] = Verdict::Negated;
            }
            at += cue.len();
            continue;
        }
        let word = said[at].0.as_str();
        let behind = crate::fold::among(&AFTER, word);
        let ends = said
            .get(at + 1)
            .is_none_or(|next| pause(to, next.1.0) || inside(next) || listed(BEHIND, &next.0));
        if (behind && ends) || EITHER.contains(&word) {
            let prior = nearest_before(spans, &said, from, REACH).filter(|p| !pause(spans[*p].1, from));
            let next = nearest_after(spans, &said, to, REACH).filter(|n| !pause(to, spans[*n].0));
            let previous = nearest_before(spans, &said, from, REACH);
            match (prior, next) {
                // "8842 nahi, 8843" and "8842 no, 8843"; "8842 nahi 8843 wala".
                (Some(p), None) => verdicts[p] = Verdict::Negated,
                (Some(p), Some(_)) if behind => verdicts[p] = Verdict::Negated,
                (Some(p), Some(n)) => {
                    verdicts[p] = Verdict::Unclear;
                    verdicts[n] = Verdict::Unclear;
                }
                // "8842, no 8843": that one not, or no, that one?
                // But "…, que no cueste más de 700" says what it denies.
                (None, Some(n)) if !behind && previous.is_some() && plain(to, n) => {
                    verdicts[n] = Verdict::Unclear;
                    if let Some(p) = previous {
                        verdicts[p] = Verdict::Unclear;
                    }
                }
                // "No, 8843", "nahi 8843": to what was said before.
                _ => {}
            }
        }
        at += 1;
    }
    insisted_on(&said, spans, &mut verdicts, &pause);
    // "No 8842 sino 8843".
    if let Some((_, (but, _))) = said.iter().find(|(w, _)| w == "sino" || w == "balki" || w == "बल्कि")
    {
        for (verdict, (_, end)) in verdicts.iter_mut().zip(spans) {
            if *end > 0 && end <= but {
                *verdict = Verdict::Negated;
            } else if *verdict == Verdict::Unclear {
                *verdict = Verdict::Kept;
            }
        }
    }
    verdicts
}

/// Of what may be either, that beside which the customer says that they said it is meant, and the other is not.
fn insisted_on(
    said: &[(String, (usize, usize))],
    spans: &[(usize, usize)],
    verdicts: &mut [Verdict],
    pause: &impl Fn(usize, usize) -> bool,
) {
    let insists = |at: usize| {
        INSISTS
            .iter()
            .find(|cue| cue.iter().enumerate().all(|(i, w)| said.get(at + i).is_some_and(|(s, _)| s == w)))
            .map(|cue| (said[at].1.0, said[at + cue.len() - 1].1.1))
    };
    let beside = |(from, to): (usize, usize), (s, e): (usize, usize)| match e <= from {
        true => between(said, e, from) <= 1 && !pause(e, from),
        false => s >= to && between(said, to, s) <= 3 && !pause(to, s),
    };
    let told: Vec<usize> = (0..spans.len())
        .filter(|n| verdicts[*n] == Verdict::Unclear)
        .filter(|n| (0..said.len()).filter_map(insists).any(|cue| beside(cue, spans[*n])))
        .collect();
    let [meant] = told[..] else { return };
    for (n, verdict) in verdicts.iter_mut().enumerate().filter(|(_, v)| **v == Verdict::Unclear) {
        *verdict = if n == meant { Verdict::Kept } else { Verdict::Negated };
    }
}

/// Words before a value that rule it out in any language: "not boAt", "que no sea Samsung".
static RULES_OUT_BEFORE: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    cues(
        "not|no|non|isnt|except|excluding|excepto|salvo|menos|anything but|any color but|any colour but|any colors but|any colours but|any brand but|any one but|any but|all but|everything but|other than|apart from|instead of|\
    rather than|dont want|do not want|dont like|no quiero|no me gusta|no me gustan|nada de|que no sea|que no sean|que no fuera|\
    en vez de|en lugar de|sin ser|forget|forget about|no need|no need of|no need for|olvida|olvidate de",
    )
});
/// Words behind a value that rule it out: "samsung nahi", "सैमसंग छोड़कर".
static RULES_OUT_BEHIND: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    cues(
        "nahi|nahin|nhi|nai|mat|chhod ke|chhod kar|chhodke|chhodkar|chod ke|chodke|ke alawa|ke ilawa|ke siwa|\
    ke bina|ko chhod|ko chhodkar|ko chhodke|ko chod ke|को छोड़कर|को छोड़के|नहीं|नही|मत|छोड़ के|छोड़ कर|छोड़कर|छोड़के|को छोड़|के अलावा|के सिवा|के बिना|na ho|na hon|nahi ho|न हो|न हों|ना हो|ना हों|नहीं हो|chhodo|chodo|chhod do|rehne do|rahne do|छोड़ो|छोड़िए|रहने दो|no|tampoco|is not a must|isnt a must|is no must",
    )
});
/// Words that may stand between a value and what rules it out.
const RULED_OUT_BESIDE: &str =
    "the a an any el la los las un una de ka ki ke ko wala wali wale का की के को वाला वाली वाले brand marca";

/// Cues between bars, as folded words.
fn cues(list: &str) -> Vec<Vec<String>> {
    list.split('|').map(|cue| cue.split_whitespace().map(fold).collect()).collect()
}

/// Whether a text rules a value out that stands at this place (characters, end exclusive): for brands, colours and the like,
/// where a "no" in the middle of a wish can mean nothing else. A "no" that the message begins with answers what was said before.
pub(crate) fn excludes(text: &str, place: (usize, usize)) -> bool {
    excludes_beside(text, place, &[])
}

/// The same, where it is known which `others` of its kind are named: "nike nahi puma" rules out the first.
pub(crate) fn excludes_beside(text: &str, (from, to): (usize, usize), others: &[(usize, usize)]) -> bool {
    let said = words_at(text);
    let beside = |w: &str| listed(RULED_OUT_BESIDE, w);
    let chars: Vec<char> = text.chars().collect();
    let pause = |a: usize, b: usize| {
        chars
            .get(a..b.max(a))
            .is_some_and(|c| c.iter().any(|c| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | '\n')))
    };
    let before: Vec<&(String, (usize, usize))> = said.iter().filter(|(_, (_, e))| *e <= from).collect();
    let behind: Vec<&(String, (usize, usize))> = said.iter().filter(|(_, (s, _))| *s >= to).collect();
    let ahead = before.iter().rev().take_while(|(w, _)| beside(w)).count();
    let rest = &before[..before.len() - ahead];
    if let Some((last, (_, end))) = rest.last().map(|w| (&w.0, w.1))
        && !pause(end, from)
        && RULES_OUT_BEFORE.iter().any(|cue| {
            rest.len() >= cue.len() && rest[rest.len() - cue.len()..].iter().zip(cue).all(|(w, c)| w.0 == *c)
        })
    {
        // "No, Samsung" and "no samsung" begin with an answer.
        if !(rest.len() == 1 && last == "no") {
            return true;
        }
    }
    let skipped = behind
        .iter()
        .take_while(|(w, _)| beside(w) && !matches!(w.as_str(), "ke" | "ko" | "के" | "को"))
        .count();
    let rest = &behind[skipped..];
    // "Samsung no?" asks for a yes.
    let tag = |end: usize| chars.get(end) == Some(&'?');
    RULES_OUT_BEHIND.iter().any(|cue| {
        rest.len() >= cue.len()
            && !(cue[0] == "no" && tag(rest[0].1.1))
            && rest.iter().zip(cue).all(|(w, c)| w.0 == *c)
            && !pause(to, rest[0].1.0)
            && rest.get(cue.len()).is_none_or(|next| {
                cue.len() > 1
                    || cue[0].len() > 12
                    || pause(rest[cue.len() - 1].1.1, next.1.0)
                    || (crate::fold::among(&AFTER, &cue[0]) && others.iter().any(|(at, _)| *at == next.1.0))
                    || BEHIND
                        .split_whitespace()
                        .chain(["dikhao", "koi", "aur", "kuch", "दिखाओ", "कोई"])
                        .any(|b| fold(b) == next.0)
            })
    })
}

/// How a text says that it wants another maker's.
static OTHER_MAKES: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    cues(
        "another brand|another make|another company|different brand|different make|different company|other brand|\
    other brands|other makes|other companies|otra marca|otras marcas|marca distinta|marca diferente|aur company|aur brand|dusri company|\
    doosri company|dusra brand|doosra brand|और कंपनी|और कम्पनी|और ब्रांड|दूसरी कंपनी|दूसरी कम्पनी|दूसरा ब्रांड",
    )
});
/// What makes it one choice of several instead.
const ONE_OF: &str = "or ya o u या";
/// What says that a maker's thing is one of the past.
const PAST: &str = "was were had era eran tenia teniamos tuve tha thi the था थी थे";

/// Whether a text names a maker (characters, end exclusive) as the one that another is wanted instead of: "the old one was a
/// Samsung, another make this time".
pub(crate) fn other_make_than(text: &str, (from, to): (usize, usize)) -> bool {
    let said = words_at(text);
    let at = OTHER_MAKES.iter().find_map(|cue| {
        said.windows(cue.len()).position(|w| w.iter().zip(cue).all(|((word, _), c)| word == c))
    });
    let Some(at) = at else { return false };
    let either = said[at.saturating_sub(2)..at].iter().any(|(w, _)| listed(ONE_OF, w));
    let past = |(w, _): &&(String, (usize, usize))| listed(PAST, w);
    let before: Vec<_> = said.iter().filter(|(_, (_, e))| *e <= from).collect();
    let is_past = said.iter().filter(|(_, (s, _))| *s >= to).take(2).any(|w| past(&w))
        || before.iter().rev().take(2).any(past);
    !either && (is_past || said[at].1.0 >= to)
}

fn between(said: &[(String, (usize, usize))], from: usize, to: usize) -> usize {
    said.iter().filter(|(_, (s, e))| *s >= from && *e <= to).count()
}

fn nearest_after(
    spans: &[(usize, usize)],
    said: &[(String, (usize, usize))],
    to: usize,
    reach: usize,
) -> Option<usize> {
    (0..spans.len())
        .filter(|i| spans[*i].1 > spans[*i].0 && spans[*i].0 >= to)
        .min_by_key(|i| spans[*i].0)
        .filter(|i| between(said, to, spans[*i].0) < reach)
}

fn nearest_before(
    spans: &[(usize, usize)],
    said: &[(String, (usize, usize))],
    from: usize,
    reach: usize,
) -> Option<usize> {
    (0..spans.len())
        .filter(|i| spans[*i].1 > spans[*i].0 && spans[*i].1 <= from)
        .max_by_key(|i| spans[*i].1)
        .filter(|i| between(said, spans[*i].1, from) < reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Vec<Verdict> {
        let spans: Vec<(usize, usize)> =
            words_at(text).iter().filter(|(w, _)| w.parse::<u32>().is_ok()).map(|(_, s)| *s).collect();
        judge(text, &spans)
    }

    #[test]
    fn cues_deny_what_they_stand_beside() {
        use Verdict::*;
        for (text, wanted) in [
            ("8843 not 8842", vec![Kept, Negated]),
            ("not 8842, 8843", vec![Negated, Kept]),
            ("8843 instead of 8842", vec![Kept, Negated]),
            ("el 8843 en vez del 8842", vec![Kept, Negated]),
            ("el 8843 en vez de 8842", vec![Kept, Negated]),
            ("no el 8842, el 8843", vec![Negated, Kept]),
            ("no 8842 sino 8843", vec![Negated, Kept]),
            ("sorry 8843, 8842 to chahiye nahi tha", vec![Kept, Negated]),
            ("8842 nahi 8843 wala", vec![Negated, Kept]),
            ("8842 नहीं, 8843", vec![Negated, Kept]),
            ("8842 no, 8843", vec![Negated, Kept]),
            ("8842, no 8843", vec![Unclear, Unclear]),
            ("8842 no 8843", vec![Unclear, Unclear]),
            ("no, 8843", vec![Kept]),
            ("un iphone, 8842, que no cueste más de 700", vec![Kept, Kept]),
            ("nahi 8843", vec![Kept]),
            ("no 8843", vec![Kept]),
            ("8842 8843", vec![Kept, Kept]),
            ("I have not received 8842 and 8843", vec![Kept, Kept]),
            ("not the order 8842 but 8843", vec![Negated, Kept]),
            ("8842 aur 8843 nahi aaye", vec![Kept, Kept]),
            ("8842 nahi chahiye 8843 chahiye", vec![Negated, Kept]),
            ("8843 नहीं आया", vec![Kept]),
        ] {
            assert_eq!(judged(text), wanted, "{text}");
        }
        assert_eq!(judge("8842", &[(0, 0)]), [Kept]);
    }

    /// Where a word stands in a text.
    fn place(text: &str, word: &str) -> (usize, usize) {
        let at = text.find(word).map(|b| text[..b].chars().count()).unwrap();
        (at, at + word.chars().count())
    }

    #[test]
    fn of_two_makers_the_one_before_a_no_is_ruled_out() {
        for text in ["nhi yr nike nhi puma bola tha", "नाइकी नहीं puma", "nike wale nahi puma"]
        {
            let first = if text.contains("nike") { "nike" } else { "नाइकी" };
            let puma = place(text, "puma");
            assert!(excludes_beside(text, place(text, first), &[puma]), "{text}");
            assert!(!excludes_beside(text, puma, &[place(text, first)]), "{text}");
        }
        assert!(!excludes("nike nhi mila", place("nike nhi mila", "nike")));
    }

    #[test]
    fn values_in_the_middle_of_a_wish_are_ruled_out() {
        let out = |text: &str, word: &str| excludes(text, place(text, word));
        for (text, word) in [
            ("earbuds under 5000, not boat", "boat"),
            ("tv not samsung", "samsung"),
            ("ok forget LG. any fridge above 300 litres", "LG"),
            ("I told no need LG only, other brands also", "LG"),
            ("samsung rehne do, koi aur", "samsung"),
            ("anything but samsung", "samsung"),
            ("nahi samsung chhod ke", "samsung"),
            ("samsung nahi chahiye", "samsung"),
            ("boat ke alawa dikhao", "boat"),
            ("सैमसंग नहीं, कोई और", "सैमसंग"),
            ("सैमसंग को छोड़कर", "सैमसंग"),
            ("कोई टीवी जो सैमसंग का न हो क्योंकि पिछला खराब हो गया", "सैमसंग"),
            ("phone jo vivo ka na ho", "vivo"),
            ("una tele que no sea LG", "LG"),
            ("sony no, otra marca", "sony"),
            ("sony tampoco", "sony"),
            ("auriculares no samsung", "samsung"),
            ("zapatillas excepto las negras", "negras"),
        ] {
            assert!(out(text, word), "{text}");
        }
        for (text, word) in [
            ("no samsung", "samsung"),
            ("no, samsung", "samsung"),
            ("samsung phone", "samsung"),
            ("samsung nahi chal raha", "samsung"),
            ("not working, samsung tv", "samsung"),
            ("tienes samsung no?", "samsung"),
        ] {
            assert!(!out(text, word), "{text}");
        }
    }

    #[test]
    fn another_make_than_the_one_named() {
        let other = |text: &str, word: &str| other_make_than(text, place(text, word));
        for (text, word) in [
            ("पुराना वाला सैमसंग था इस बार कोई और कंपनी देखना चाहते हैं", "सैमसंग"),
            ("the old one was LG, another make this time", "LG"),
            ("another brand please, we had LG", "LG"),
            ("purana lg ka tha, is baar koi aur company ka dikhao", "lg"),
            ("la vieja era samsung, quiero otra marca", "samsung"),
        ] {
            assert!(other(text, word), "{text}");
        }
        for (text, word) in [
            ("samsung or another brand", "samsung"),
            ("samsung ya koi aur company", "samsung"),
            ("otra marca, samsung por ejemplo", "samsung"),
            ("a samsung phone", "samsung"),
        ] {
            assert!(!other(text, word), "{text}");
        }
    }
}
