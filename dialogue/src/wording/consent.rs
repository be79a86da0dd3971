//! A yes or no to the consent question in the customer's own words.

use super::{Said, asks_why, hesitates, refuses_data};
use crate::fold::{among, listed};
use crate::rules::Words;

/// Further words that agree to what the greeting asks, where they are all that is said.
const CONSENTS: [&str; 107] = [
    "no wahala",
    "no problem",
    "no prob",
    "no worries",
    "no issue",
    "no issues",
    "sin problema",
    "no hay problema",
    "koi baat nahi",
    "koi dikkat nahi",
    "koi problem nahi",
    "कोई बात नहीं",
    "कोई दिक्कत नहीं",
    "grand",
    "yeh grand",
    "yeah grand",
    "perfect",
    "perfecto",
    "cool",
    "agreed",
    "agree",
    "i agree",
    "acepto",
    "de acuerdo",
    "kro",
    "karo",
    "krdo",
    "jii",
    "jee",
    "ji",
    "manzoor hai",
    "मंजूर है",
    "ठीक",
    "thik",
    "theek",
    "no objection",
    "no problem at all",
    "not a problem",
    "that is fine",
    "thats fine",
    "that s fine",
    "that would be fine",
    "that is ok",
    "thats ok",
    "that s ok",
    "that is okay",
    "sounds good",
    "sounds fine",
    "fine by me",
    "fine with me",
    "ok with me",
    "okay with me",
    "works for me",
    "you may",
    "you can",
    "of course",
    "by all means",
    "absolutely",
    "certainly",
    "definitely",
    "go right ahead",
    "no tengo problema",
    "ningun problema",
    "sin ningun problema",
    "no hay ningun problema",
    "me parece bien",
    "esta bien",
    "por mi bien",
    "puedes",
    "si puedes",
    "claro que puedes",
    "como no",
    "listo",
    "de una",
    "desde luego",
    "koi dikkat nahi hai",
    "koi problem nahi hai",
    "aap kar sakte ho",
    "aap kar sakte hain",
    "kar sakte ho",
    "kar sakte hain",
    "zaroor",
    "zarur",
    "jaroor",
    "कर सकते हैं",
    "कर सकते हो",
    "कोई परेशानी नहीं",
    "ज़रूर",
    "बिल्कुल",
    "कर लो",
    "कर लीजिए",
    "कर लो इस्तेमाल",
    "इस्तेमाल कर लो",
    "इस्तेमाल करो",
    "इस्तेमाल कर लीजिए",
    "इस्तेमाल कर सकते हैं",
    "kar lo",
    "kar lo use",
    "use kar lo",
    "use karo",
    "istemal kar lo",
    "istemal karo",
    "use it",
    "use them",
    "you can use it",
    "usalos",
    "puedes usarlos",
];

/// Whether a text agrees to the consent question, all of it.
pub(crate) fn consents(words: &Words, text: &str) -> bool {
    const AROUND: &str = "अच्छा acha accha alright fine bro bhai bhaiya yaar dude mate man ji ok okay k hai h please pls thnx thx thanks thank you ty tq gracias bueno ya pues \
        dear sir madam maam and y so then go ahead with me to of course very much indeed too well oh sure pls आप बिना किसी भाई यार जी है ओके धन्यवाद";
    let said = Said::of(text);
    if said.words.is_empty() || said.words.len() > 6 || text.contains(['?', '¿']) || hesitates(text) {
        return false;
    }
    said.is_yes(|phrase| words.is("yes", phrase) || among(&CONSENTS, phrase), AROUND)
}

/// What follows a clear yes to the consent question: "Sí, de acuerdo. Quiero una tele barata". Nothing where the yes is a bare
/// "ok," or hangs on something.
pub(crate) fn after_consent(words: &Words, text: &str) -> Option<String> {
    let said = Said::of(text);
    // The longest beginning that agrees, up to a pause.
    let at = (1..said.words.len().min(7)).rev().find(|at| {
        let head: String = said.chars[..said.words[*at].1.0].iter().collect();
        said.pause_before(*at) && consents(words, &head)
    })?;
    let ends = said.chars[said.words[at - 1].1.1..said.words[at].1.0]
        .iter()
        .any(|c| matches!(c, '.' | '!' | '।' | '\n'));
    let bare = at == 1
        && listed("ok okay k vale accha acha achha ya ji jii thik theek ठीक जी अच्छा cool", &said.words[0].0);
    let rest = said.rest(at);
    let hangs = listed(
        "but pero par lekin magar if si agar first only solo sirf why para पर लेकिन अगर सिर्फ",
        &said.words[at].0,
    );
    ((ends || !bare) && !hangs && !asks_why(&rest) && !refuses_data(&rest)).then_some(rest)
}

/// Whether a "no" wants something else rather than refusing: "nahi ye nahi, aur sasta".
pub(crate) fn wants_other(text: &str) -> bool {
    const OTHER: &str = "cheaper bigger smaller other another different show instead barato barata grande pequeno otro otra otros otras muestrame \
        aur sasta sasti saste mehnga bada chhota doosra dusra dikhao dikha और सस्ता सस्ती महंगा बड़ा छोटा दूसरा दिखाओ";
    let said = Said::of(text);
    said.words.len() >= 3 && said.any(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn words() -> Words {
        Words::new(&BTreeMap::new())
    }

    #[test]
    fn consent_in_own_words() {
        for text in [
            "That would be fine, thank you.",
            "no problem at all",
            "Yes, you may.",
            "sounds good to me",
            "claro que puedes",
            "sin ningún problema",
            "haan aap kar sakte ho",
            "हाँ, आप कर सकते हैं",
            "ok no wahala",
            "yeh grand",
            "kro",
            "jii",
            "ok thnx bro 👍",
            "bueno ya, acepto",
            "ठीक है भाई",
        ] {
            assert!(consents(&words(), text), "{text}");
        }
        for text in ["no", "hmm", "ok?", "grand piano", "no thanks", "delivery free h kya"] {
            assert!(!consents(&words(), text), "{text}");
        }
        for (text, rest) in [
            ("Sí, de acuerdo. Quiero una tele barata", Some("Quiero una tele barata")),
            ("yes I agree, show me phones under 200", Some("show me phones under 200")),
            ("haan theek hai. 20000 tak ke phone dikhao", Some("20000 tak ke phone dikhao")),
            ("हाँ, फ़ोन दिखाओ", Some("फ़ोन दिखाओ")),
            ("ok, show me phones", None),
            ("ok. why do you need my data", None),
            ("yes, but no ads", None),
            ("sí", None),
        ] {
            assert_eq!(after_consent(&words(), text).as_deref(), rest, "{text}");
        }
        assert!(
            wants_other("nahi ye nahi, aur sasta") && !wants_other("nahi") && !wants_other("no, not that")
        );
    }
}
