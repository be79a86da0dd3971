//! What a message says beside what it is an answer to: a question back, that nothing more is wanted, a STOP, another time.

use super::{Said, TRAILERS, WHEN, after_cancel};
use crate::fold::listed;
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
