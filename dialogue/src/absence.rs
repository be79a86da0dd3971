//! "Kal ghar par nahi rahungi", "I won't be home on Friday", "mañana no estoy": a day on which the customer is away is not
//! the day wished for.

use crate::event::Understanding;
use crate::fold::listed;
use crate::negation::words_at;

/// What says that somebody is not there. Longer ones first where one begins another.
const AWAY: [&str; 84] = [
    "not at home",
    "not be at home",
    "not home",
    "not be home",
    "wont be home",
    "wont be at home",
    "wont be there",
    "wont be in",
    "wont be around",
    "wont be available",
    "not available",
    "not be available",
    "not be there",
    "not in town",
    "out of town",
    "be away",
    "am away",
    "im away",
    "cant receive",
    "not around",
    "no estoy",
    "no estare",
    "no estaremos",
    "no estamos",
    "no voy a estar",
    "no vamos a estar",
    "estoy fuera",
    "estare fuera",
    "no hay nadie",
    "no habra nadie",
    "bahar hu",
    "bahar hoon",
    "बाहर हूं",
    "बाहर रहूंगा",
    "im busy",
    "am busy",
    "be busy",
    "im travelling",
    "cant make it",
    "cant do",
    "cant come",
    "doesnt work",
    "wont work",
    "not possible",
    "no puedo",
    "tampoco puedo",
    "tampoco estoy",
    "tampoco estare",
    "tampoco me viene bien",
    "no me viene bien",
    "no me va bien",
    "me es imposible",
    "imposible",
    "estoy ocupado",
    "estoy ocupada",
    "de viaje",
    "trabajo todo el dia",
    "bahar rahunga",
    "bahar rahungi",
    "gaon me",
    "gaon mein",
    "gaanv me",
    "office me hu",
    "busy hu",
    "busy hoon",
    "possible nahi",
    "बाहर रहूंगी",
    "गांव में",
    "ऑफिस में हूं",
    "व्यस्त हूं",
    "बिजी हूं",
    "मुमकिन नहीं",
    "pe koi nahi",
    "pe koi nhi",
    "par koi nahi",
    "par koi nhi",
    "pr koi nhi",
    "me koi nhi",
    "me koi nahi",
    "पर कोई नहीं",
    "पे कोई नहीं",
    "में कोई नहीं",
    "nobody will be",
    "nobodys home",
];
/// What somebody does who has no time; "at my work" is a place.
const WORKING: [&str; 22] = [
    "trabajo",
    "curro",
    "estoy trabajando",
    "estoy currando",
    "i work",
    "im working",
    "am working",
    "im at work",
    "am at work",
    "have work",
    "kaam hai",
    "kaam h",
    "kaam hota",
    "office hai",
    "office hota",
    "duty hai",
    "duty hoti",
    "काम है",
    "काम होता",
    "ऑफिस होता",
    "ड्यूटी है",
    "ड्यूटी होती",
];
/// What makes of a work a place or a thing.
const PLACED: &str = "mi el al un del en su your the at for";
/// Verbs of being there; with a Hindi "not" beside them somebody is away.
const BEING: &str = "rahunga rahungi rahenge rahega rahegi rahunge hu hun hoon honge hounga houngi milunga milungi milenge milega \
    rehunga rehungi rahta paunga paungi paoonga payenge sakta sakte sakti sakunga sakungi aaunga aaungi aaenge chalega chalegi hoga hogi \
    पाऊंगा पाऊंगी पाएंगे सकता सकते सकती सकूंगा आऊंगा आऊंगी आएंगे चलेगा चलेगी होगा होगी रहूंगा रहूंगी रहेंगे रहेगा रहेगी हूं होंगे होऊंगा होऊंगी मिलूंगा मिलूंगी मिलेंगे मिलेगा";
/// The Hindi "not".
const NOT: &str = "nahi nahin nhi nai नहीं नही ना";
/// Verbs between a Hindi "not" and the verb of being able: "nahi aa paunga".
const COMING: &str = "aa a le ho mil ruk kar de ले आ हो मिल रुक कर दे";
/// What may stand between a day and the "not" that ends the thought: "Sunday to bilkul nahi".
const AT_ALL: &str = "to toh bilkul ko wala hi तो बिल्कुल को वाला ही";
/// Words at which a new thought begins.
const TURNS: &str = "but so then and instead rather pero asi entonces y mejor lekin par magar isliye to toh aur balki लेकिन मगर \
    इसलिए तो और बल्कि";

/// What joins two days.
const ANDS: &str = "and aur y or o ya और या";
/// What follows a "not" that rules out what stands before it.
const NOT_WANTED: &str = "chahiye chahie chalega rakho karo kar चाहिए चलेगा रखो करो कर";

/// Without the days on which the customer says they are away.
pub(crate) fn settled(text: &str, u: &Understanding) -> Understanding {
    let u = &times_settled(text, u);
    let days: Vec<usize> = (0..u.entities.len()).filter(|at| u.entities[*at].entity == "date").collect();
    let spans: Vec<(usize, usize)> =
        days.iter().map(|at| (u.entities[*at].start, u.entities[*at].end)).collect();
    let away: Vec<usize> = away(text, &spans).into_iter().map(|n| days[n]).collect();
    without(u, &away)
}

/// Without the times of day at which the customer says they cannot, where another one is named: "in the morning, I work
/// afternoons".
fn times_settled(text: &str, u: &Understanding) -> Understanding {
    let times: Vec<usize> = (0..u.entities.len()).filter(|at| u.entities[*at].entity == "time").collect();
    let spans: Vec<(usize, usize)> =
        times.iter().map(|at| (u.entities[*at].start, u.entities[*at].end)).collect();
    let away: Vec<usize> = away(text, &spans).into_iter().map(|n| times[n]).collect();
    let left = times.iter().any(|at| !away.contains(at));
    if left { without(u, &away) } else { u.clone() }
}

fn without(u: &Understanding, away: &[usize]) -> Understanding {
    let mut at = 0..u.entities.len();
    let mut settled = u.clone();
    settled.entities.retain(|_| at.next().is_none_or(|at| !away.contains(&at)));
    settled
}

/// Which of the days at these places (characters, end exclusive) somebody is away on: for each mention of being away the
/// nearest day of the same thought, and those joined to it by an "and"; and a day that a "not" behind it rules out.
fn away(text: &str, spans: &[(usize, usize)]) -> Vec<usize> {
    if spans.is_empty() {
        return Vec::new();
    }
    let said = words_at(text);
    let chars: Vec<char> = text.chars().collect();
    let stop = |from: usize, to: usize| {
        chars
            .get(from..to.max(from))
            .is_some_and(|c| c.iter().any(|c| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | '\n')))
    };
    let turns = |from: usize, to: usize| {
        said.iter().filter(|(_, (s, e))| *s >= from && *e <= to).any(|(w, _)| listed(TURNS, w))
    };
    let mut found = Vec::new();
    for (start, end, hindi) in mentions(&said, spans.len() > 1) {
        let (from, to) = (said[start].1.0, said[end - 1].1.1);
        let near = (0..spans.len())
            .filter(|n| spans[*n].1 > spans[*n].0)
            .filter_map(|n| {
                let (s, e) = spans[n];
                let (a, b) = if e <= from { (e, from) } else { (to, s.max(to)) };
                // Hindi names the day before: "kal ghar par nahi hu, parso …".
                let later = s > from;
                (!stop(a, b) && !turns(a, b)).then_some((hindi && later, b - a, later, n))
            })
            .min();
        if let Some((_, _, _, n)) = near {
            found.push(n);
            let mut edge = spans[n].0;
            // "Kal aur mangal ko bahar hu": both.
            while let Some(other) =
                (0..spans.len()).filter(|o| spans[*o].1 <= edge).max_by_key(|o| spans[*o].1)
            {
                let between: Vec<&str> = said
                    .iter()
                    .filter(|(_, (s, e))| *s >= spans[other].1 && *e <= edge)
                    .map(|(w, _)| w.as_str())
                    .collect();
                if between.is_empty()
                    || stop(spans[other].1, edge)
                    || !between.iter().all(|w| listed(ANDS, w))
                {
                    break;
                }
                found.push(other);
                edge = spans[other].0;
            }
        }
    }
    for (n, (_, end)) in spans.iter().enumerate() {
        let behind: Vec<&(String, (usize, usize))> = said.iter().filter(|(_, (s, _))| s >= end).collect();
        let skipped = behind.iter().take_while(|(w, _)| listed(AT_ALL, w)).count();
        let Some((word, place)) = behind.get(skipped).map(|(w, p)| (w, *p)) else { continue };
        let ends = behind.get(skipped + 1).is_none_or(|(next, (s, _))| {
            stop(place.1, *s) || day_word(spans, *s) || listed(NOT_WANTED, next)
        });
        if listed(NOT, word) && ends && !stop(*end, place.0) && spans[n].1 > spans[n].0 {
            found.push(n);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a day begins at a place.
fn day_word(spans: &[(usize, usize)], at: usize) -> bool {
    spans.iter().any(|(s, e)| *s == at && e > s)
}

/// Where a message says that somebody is not there, or (`rivals`: another day or time is named) works, as ranges of its words,
/// and whether in Hindi.
fn mentions(said: &[(String, (usize, usize))], rivals: bool) -> Vec<(usize, usize, bool)> {
    let mut found = Vec::new();
    let away = crate::fold::phrases(&AWAY);
    let working = crate::fold::phrases(&WORKING);
    for at in 0..said.len() {
        let is = |p: &&String| {
            // Most phrases do not begin with this word.
            let n = if p.starts_with(&said[at].0) { p.split(' ').count() } else { return false };
            said.len() >= at + n && p.split(' ').zip(&said[at..at + n]).all(|(a, (b, _))| a == b)
        };
        let placed = at.checked_sub(1).is_some_and(|b| listed(PLACED, &said[b].0));
        let phrase = away.iter().find(is).or_else(|| working.iter().filter(|_| rivals && !placed).find(is));
        if let Some(phrase) = phrase {
            found.push((at, at + phrase.split(' ').count(), false));
        } else if listed(NOT, &said[at].0) {
            let after = |n: usize, list| said.get(at + n).is_some_and(|(w, _)| listed(list, w));
            if after(1, BEING) {
                found.push((at, at + 2, true));
            } else if after(1, COMING) && after(2, BEING) {
                found.push((at, at + 3, true));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    /// The words of a text that are days and on which somebody is away.
    fn away_on(text: &str, days: &[&str]) -> Vec<String> {
        let said = words_at(text);
        let spans: Vec<(usize, usize)> =
            said.iter().filter(|(w, _)| days.iter().any(|d| fold(d) == *w)).map(|(_, s)| *s).collect();
        let chars: Vec<char> = text.chars().collect();
        away(text, &spans).into_iter().map(|n| chars[spans[n].0..spans[n].1].iter().collect()).collect()
    }

    #[test]
    fn the_day_away_is_not_the_day_wished() {
        let days = [
            "kal",
            "parso",
            "tomorrow",
            "friday",
            "saturday",
            "mañana",
            "viernes",
            "lunes",
            "कल",
            "परसों",
            "मंगल",
            "मंगलवार",
            "रविवार",
            "शनिवार",
            "शाम",
        ];
        for (text, wanted) in [
            ("शनिवार को भेजिए, मैं कल घर पर नहीं रहूँगी", vec!["कल"]),
            ("मैं कल घर पर नहीं रहूँगी", vec!["कल"]),
            ("kal ghar pe nahi hu parso karwa do", vec!["kal"]),
            ("parso bhejo kal main nahi rahunga", vec!["kal"]),
            ("I won't be home tomorrow, make it Friday", vec!["tomorrow"]),
            ("Friday please, I am not at home tomorrow", vec!["tomorrow"]),
            ("mañana no estoy, mejor el viernes", vec!["mañana"]),
            ("el viernes mejor, que el lunes no voy a estar", vec!["lunes"]),
            ("change it to Saturday", vec![]),
            ("kal nahi aaya, kal bhejo", vec![]),
            ("परसों का कर दो, कल और मंगल को बाहर हूँ", vec!["कल", "मंगल"]),
            ("मंगलवार को करवा दीजिए, कल नहीं आ पाऊँगा", vec!["कल"]),
            ("डिलीवरी परसों शाम की करवा दो, कल मैं गाँव में हूँ", vec!["कल"]),
            ("रविवार तो बिल्कुल नहीं", vec!["रविवार"]),
            ("yaar kal nhi parso kar do same time", vec!["kal"]),
            ("mejor el lunes, el viernes no puedo", vec!["viernes"]),
            ("tomorrow I'm busy, can you do Friday", vec!["tomorrow"]),
            ("Saturday please, can't make it on Friday", vec!["Friday"]),
            ("kal nahi mila toh kya karu", vec![]),
            ("parso tak nahi aaya", vec![]),
            ("mejor el viernes, el lunes tampoco puedo", vec!["lunes"]),
            ("mejor el viernes, que el lunes trabajo", vec!["lunes"]),
            ("el lunes en mi trabajo, no el viernes", vec![]),
            ("el lunes trabajo", vec![]),
        ] {
            assert_eq!(away_on(text, &days), wanted, "{text}");
        }
    }
}
