//! What a message says beside what it is an answer to: a question back, that nothing more is wanted, a STOP, another time.

use super::{Said, TRAILERS, WHEN, after_cancel};
use crate::fold::{among, listed};
use crate::rules::Words;

/// Whether the first clause of a text names a day or a time of day: "…, in the morning then, on Wednesday".
pub(crate) fn begins_with_when(text: &str) -> bool {
    let said = Said::of(text);
    let end = (1..said.words.len()).find(|at| said.pause_before(*at)).unwrap_or(said.words.len());
    said.words[..end.min(6)].iter().any(|(w, _)| listed(WHEN, w))
}

/// Whether a text asks something: by its mark, or by words that ask wherever they stand.
pub(crate) fn asks(text: &str) -> bool {
    const ASKS: &str = "what when where which who why how kitne kitna kitni kab kahan kaha kaise kaun kaunsa kyun kyon cuanto cuanta cuantos cuantas \
        कितने कितना कितनी कब कहाँ कैसे कौन कौनसा क्यों";
    let said = Said::of(text);
    if said.words.len() < 3 {
        return false;
    }
    let first = said.words.iter().position(|(w, _)| !listed(HESITANT, w)).unwrap_or(0);
    let asking = |n: usize| said.words.get(first + n).is_some_and(|(w, _)| listed(ASKS, w));
    text.contains(['?', '¿'])
        || (0..2).any(asking)
        || (said.any("batao bataiye tell dime बताओ बताइए") && said.any(ASKS))
}

/// Whether a text asks whether something has been done: "did it go through?", "वह भी दर्ज हो गया ना?".
pub(crate) fn asks_if_done(text: &str) -> bool {
    const DONE: [&str; 40] = [
        "go through",
        "gone through",
        "went through",
        "is it done",
        "done yet",
        "all done",
        "been done",
        "been changed",
        "been registered",
        "been booked",
        "been cancelled",
        "been sent",
        "get changed",
        "get registered",
        "is it booked",
        "is it changed",
        "is it registered",
        "se hizo",
        "ya esta hecho",
        "ya esta hecha",
        "quedo",
        "se cambio",
        "se registro",
        "quedo registrada",
        "quedo registrado",
        "ya lo cambiaste",
        "ya lo hiciste",
        "ho gaya",
        "ho gayi",
        "ho gya",
        "hogaya",
        "kya hua",
        "badal gaya",
        "badal gya",
        "badal gayi",
        "हो गया",
        "हो गई",
        "हो गयी",
        "क्या हुआ",
        "बदल गया",
    ];
    const ASKS: &str = "did has have is was are kya क्या na naa ना न right";
    const OTHERS: &str = "when how much where why kab kitna kitne kahan kyun cuando cuanto donde money refund paise paisa dinero reembolso पैसा पैसे \
        रिफंड कब कितना कितने कहाँ क्यों";
    let said = Said::of(text);
    let last = said.words.last().is_some_and(|(w, _)| listed(ASKS, w));
    let marked = text.contains(['?', '¿']) || said.words.iter().take(2).any(|(w, _)| listed(ASKS, w)) || last;
    let what = (0..said.words.len())
        .any(|at| said.phrase(at, 2).is_some_and(|p| matches!(p.as_str(), "kya hua" | "क्या हुआ")));
    (2..=12).contains(&said.words.len())
        && (marked || what)
        && !said.any(OTHERS)
        && (0..said.words.len())
            .any(|at| (1..=3).any(|n| said.phrase(at, n).is_some_and(|p| among(&DONE, &p))))
}

/// Whether a few words say that something is not wanted: "return abhi nahi krna".
pub(crate) fn declines(text: &str) -> bool {
    const NOT: &str = "no not dont nahi nahin nhi nai mat नहीं नही मत";
    const WANTS: &str = "want need do quiero necesito hagas karna krna karni krni karo kro chahiye chaiye करना करनी करो चाहिए";
    let said = Said::of(text);
    said.words.len() <= 6
        && !text.contains(['?', '¿'])
        && said.any(NOT)
        && said.any(WANTS)
        && !said.any("but pero par lekin पर लेकिन bas sirf")
}

/// The stars, one to five, that a message with more words gives, and what else it says.
pub(crate) fn stars(text: &str) -> Option<(u8, String)> {
    const STARS: &str = "star stars estrella estrellas स्टार तारे";
    const GIVES: &str =
        "a un una only just solo sirf le les os doy pongo i give you main mera meri ek ok bas";
    let said = Said::of(text);
    let number = |at: usize| {
        let word = &said.words.get(at)?.0;
        word.parse::<u8>().ok().filter(|n| word.len() == 1 && (1..=5).contains(n))
    };
    let named = |at: usize| said.words.get(at + 1).is_some_and(|(w, _)| listed(STARS, w));
    let first = said.words.iter().position(|(w, _)| !listed(GIVES, w))?;
    let at = (0..said.words.len()).find(|at| number(*at).is_some() && named(*at)).or_else(|| {
        (number(first).is_some() && first + 1 < said.words.len() && said.pause_before(first + 1))
            .then_some(first)
    })?;
    // "5 star nahi dunga, 3 theek hai", "not 5 stars, 3": what is not given is none.
    let denied = said.words.get(at.wrapping_sub(1)).is_some_and(|(w, _)| listed("not no", w))
        || said.words[at + 1..].iter().take(2).any(|(w, _)| listed("nahi nahin nhi nai नहीं नही", w));
    let mut others = (0..said.words.len()).filter(|other| *other != at && number(*other).is_some());
    if denied {
        let other = others.next().filter(|_| others.next().is_none())?;
        return Some((number(other)?, said.rest(other + 1 + usize::from(named(other)))));
    }
    let to = at + 1 + usize::from(named(at));
    let start = if said.words[..at].iter().all(|(w, _)| listed(GIVES, w)) { 0 } else { at };
    let before: String = match start {
        0 => String::new(),
        _ => said.chars[..said.words[at].1.0].iter().collect(),
    };
    let rest = format!("{} {}", before.trim().trim_end_matches([',', '.', '-']), said.rest(to));
    Some((number(at)?, rest.trim().to_owned()))
}

/// What may stand before a question.
const HESITANT: &str = "hmm hm um uh well ok okay so but and actually wait hang hold on ruko ruk pehle first ye yeh to pero y espera \
    acha achha accha arre arey रुको पहले ये यह तो अच्छा अरे और";

/// Whether a text says that nothing more is wanted, and no more than that.
pub(crate) fn wants_nothing(text: &str) -> bool {
    const NOTHING: &str = "na naa kuch kuchh nahi nahin nhi chahiye chaiye mujhe ab kuch bhi nothing anything no quiero nada necesito i \
        dont want need any more its it that all ya mas yaar bhai bas ना कुछ नहीं नही चाहिए मुझे अब भी बस यार भाई";
    const SAYS: &str = "chahiye chaiye nothing anything nada चाहिए";
    let said = Said::of(text);
    !said.words.is_empty()
        && said.words.len() <= 7
        && said.any(SAYS)
        && said.words.iter().all(|(w, _)| listed(NOTHING, w) || listed(TRAILERS, w))
}

/// Whether a text gives up all that is going on: "forget it", "chhodo", "déjalo, no quiero nada". A bare "never mind" takes back
/// only what was said last.
pub(crate) fn gives_up(words: &Words, text: &str) -> bool {
    let softly = Said::of(text).any("mind nevermind");
    after_cancel(words, text, false).is_some_and(|rest| (rest.is_empty() && !softly) || wants_nothing(&rest))
}

/// Whether one of several sentences is a STOP of its own: "lol. ok stop messaging me now".
pub(crate) fn stops_besides(words: &Words, text: &str) -> bool {
    let said = Said::of(text);
    let mut from = 0;
    (1..=said.words.len()).any(|at| {
        if at < said.words.len() && !said.pause_before(at) {
            return false;
        }
        let trimmed: Vec<&str> = said.words[from..at].iter().map(|(w, _)| w.as_str()).collect();
        from = at;
        let polite = |w: &&str| {
            listed("ok okay so and just now please pls plz right away ya ahora por favor porfa ab abhi bas bhai yaar please और अब अभी बस प्लीज", w)
        };
        let head = trimmed.iter().take_while(|w| polite(w)).count();
        let tail = trimmed[head..].iter().rev().take_while(|w| polite(w)).count();
        let core = trimmed[head..trimmed.len() - tail].join(" ");
        core.contains(' ') && words.is("stop", &core)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn words() -> Words {
        Words::new(&BTreeMap::new())
    }

    #[test]
    fn giving_up_and_asking_back() {
        for text in [
            "forget it",
            "अरे छोड़ो ना, कुछ नहीं चाहिए",
            "olvídalo, no quiero nada",
            "chhodo yaar kuch nahi chahiye",
            "never mind, i dont need anything",
        ] {
            assert!(gives_up(&words(), text), "{text}");
        }
        for (text, wanted) in [
            ("un 2, no me has mandado la factura", Some((2, "no me has mandado la factura"))),
            ("ghatiya service, 2 star", Some((2, "ghatiya service"))),
            ("4 stars", Some((4, ""))),
            ("5 star nhi dunga 3 thik h", Some((3, "thik h"))),
            ("not 5 stars, 3", Some((3, ""))),
            ("5 star nahi dunga", None),
            ("2 phones, please", None),
            ("7 stars", None),
        ] {
            assert_eq!(stars(text), wanted.map(|(n, rest)| (n, rest.to_owned())), "{text}");
        }
        assert!(
            declines("return abhi nahi krna") && declines("no quiero la devolución") && !declines("return")
        );
        assert!(
            asks_if_done("did the wednesday thing go through btw?")
                && asks_if_done("वापसी वाला भी दर्ज हो गया ना?")
        );
        assert!(!asks_if_done("ho gaya") && !asks_if_done("when will it be done yet?"));
        for text in [
            "forget it, show me phones",
            "chhodo, mujhe ek phone chahiye",
            "cancel my order",
            "kuch nahi aaya",
        ] {
            assert!(!gives_up(&words(), text), "{text}");
        }
        for text in [
            "ruko, pehle ye batao paise kitne din me wapas milenge",
            "hmm actually hang on, how long would the refund take first",
            "¿me cobran algo?",
            "रुको, पहले बताओ पैसे कितने दिन में मिलेंगे",
        ] {
            assert!(asks(text), "{text}");
        }
        for text in ["found it cheaper", "kal shaam ko bhejna", "no lo quiero cuando llegue tarde", "ok?"] {
            assert!(!asks(text), "{text}");
        }
        assert!(stops_besides(&words(), "lol whats the weather like in delhi. ok stop messaging me now"));
        assert!(stops_besides(&words(), "qué rollo, no más mensajes por favor"));
        assert!(!stops_besides(&words(), "the courier did not stop, messages were sent"));
        assert!(begins_with_when("सुबह ही ठीक है, बुधवार को") && !begins_with_when("show me phones, tomorrow"));
    }
}
