//! What can be seen in the words of a message before anything is understood: a cancel word with a new wish behind it, a yes with
//! more behind it, the parts of a message that says two things, hesitation; in `data`, what is said about advertising and data.

use crate::fold::{among, fold, listed};
use crate::negation::{Placed, words_at};
use crate::rules::Words;

pub(crate) mod address;
mod aside;
mod consent;
mod data;
mod person;
mod sentences;
mod yes;

pub(crate) use aside::{
    asks, asks_if_done, begins_with_when, declines, gives_up, stars, stops_besides, wants_nothing,
};
pub(crate) use consent::{after_consent, consents, wants_other};
pub(crate) use data::{asks_why, keeps_messages, only_ads, refuses_data};
pub(crate) use person::{refuses_person, wants_person, without_person};
use sentences::{BEGINS, JOINS};
pub(crate) use sentences::{asked_first, behind_courtesy, behind_greeting, only_points, parts, questions};
use yes::WEAK;
pub(crate) use yes::{
    begins, begins_with_if, behind_yes, changes_behind_yes, only_repeats, only_weak, without_lengths,
    without_people,
};

/// A text's words, folded, and where they stand.
struct Said {
    chars: Vec<char>,
    words: Placed,
}

impl Said {
    fn of(text: &str) -> Self {
        Said { chars: text.chars().collect(), words: words_at(text) }
    }

    /// What ends before a word (none: the text) is followed by a pause, or by nothing.
    fn pause_before(&self, at: usize) -> bool {
        let from = at.checked_sub(1).map_or(0, |i| self.words[i].1.1);
        let to = self.words.get(at).map_or(self.chars.len(), |w| w.1.0);
        at == self.words.len()
            || self.chars[from..to]
                .iter()
                .any(|c| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | ':' | '–' | '—' | '\n'))
    }

    fn phrase(&self, from: usize, n: usize) -> Option<String> {
        let words = self.words.get(from..from + n)?;
        Some(words.iter().map(|(w, _)| w.as_str()).collect::<Vec<_>>().join(" "))
    }

    /// Whether a sentence ends before a word.
    fn sentence_before(&self, at: usize) -> bool {
        let from = at.checked_sub(1).map_or(0, |i| self.words[i].1.1);
        let to = self.words.get(at).map_or(self.chars.len(), |w| w.1.0);
        self.chars[from..to].iter().any(|c| matches!(c, '.' | '!' | '।' | '\n'))
    }

    /// Whether what stands from a word on takes back what is said before it. "Is it under warranty or not?" at its end denies nothing,
    /// unless it asks whether to do it at all.
    fn takes_back(&self, from: usize, asks: bool) -> bool {
        let word = |at: usize| self.words.get(at).map_or("", |(w, _)| w.as_str());
        let doubts = (from..self.words.len()).any(|at| listed(DOUBTS, word(at)));
        let either = |at: usize| {
            let or = at > from + LEAST && listed(EITHER, word(at - 1)) && listed(OTHER_SIDE, word(at));
            // Spanish "ya no" is "not any more".
            or && (word(at - 1), word(at)) != ("ya", "no") && self.pause_before(at + 1)
        };
        (from..self.words.len()).any(|at| listed(TAKES_BACK, word(at)) && !(asks && !doubts && either(at)))
    }

    /// The text from a word on.
    fn rest(&self, at: usize) -> String {
        let from = self.words.get(at).map_or(self.chars.len(), |w| w.1.0);
        self.chars[from..].iter().collect::<String>().trim().to_owned()
    }

    /// Whether a text is all of phrases that are a yes, at least one, and of words of a list.
    fn is_yes(&self, yes: impl Fn(&str) -> bool, around: &'static str) -> bool {
        let (mut at, mut found) = (0, false);
        while at < self.words.len() {
            if let Some(n) = (1..=4).rev().find(|n| self.phrase(at, *n).is_some_and(|p| yes(&p))) {
                found = true;
                at += n;
            } else if listed(around, &self.words[at].0) {
                at += 1;
            } else {
                return false;
            }
        }
        found
    }

    fn any(&self, list: &'static str) -> bool {
        self.words.iter().any(|(w, _)| listed(list, w))
    }
}

/// Words that drop what runs, whatever follows. "Leave it with the neighbour" and "cancel my order" do not.
const DROPS: [&str; 39] = [
    "never mind",
    "nevermind",
    "forget it",
    "forget that",
    "forget about it",
    "forget about that",
    "leave the address",
    "leave it then",
    "leave that then",
    "luego lo busco",
    "luego la busco",
    "luego lo veo",
    "despues lo busco",
    "olvidalo",
    "olvidala",
    "olvidate",
    "olvida eso",
    "olvidalo ya",
    "rehne do",
    "rahne do",
    "rehne de",
    "rehne dijiye",
    "chhod order ko",
    "chhodo order ko",
    "chhodo",
    "chhodiye",
    "chhodiye isko",
    "chhodiye ise",
    "chodiye",
    "chodo",
    "choro",
    "jaane do",
    "jane do",
    "jaane de",
    "रहने दो",
    "रहने दीजिए",
    "छोड़ो",
    "छोड़िए",
    "जाने दो",
];
/// What may stand before such words.
const OPENERS: &str = "ok okay thik theek thk hai h no oh well whatever actually sorry wait arre are arey acha achha accha nahi nahin bueno pues mejor ay \
    hmm um अरे अच्छा नहीं ओके ठीक है";
/// What may follow them without being the new wish.
const TRAILERS: &str = "it that one lol haha then later now for please pls man bro dude all eso esto esa ese luego ya despues por ahora favor \
    de bas yaar bhai ji ye yeh wo woh sab na ना isko ise baad me mein dekhungi dekhunga dekhenge abhi ab thanks thank you gracias ok okay ये यह वो वह सब इसे \
    इसको बाद में देखूंगी देखूंगा देखेंगे अभी अब यार भाई जी बस प्लीज";

/// What is left of a message that begins by dropping what runs: nothing if it does not, an empty text if that is all. With
/// `plainly` the words of kind `cancel` count too, where a pause follows them.
pub(crate) fn after_cancel(words: &Words, text: &str, plainly: bool) -> Option<String> {
    let said = Said::of(text);
    // "No order number. Never mind that. …": few words that refuse may stand before.
    let short = (1..said.words.len().min(9)).find(|at| said.pause_before(*at)).filter(|at| {
        *at < said.words.len()
            && said.words[..*at].iter().any(|(w, _)| listed("no not dont nahi nahin nhi नहीं नही", w))
    });
    let begins =
        [Some(0), short].into_iter().flatten().find_map(|from| dropped_from(words, &said, from, plainly));
    // "That was the number I think, chhodo baad me dekhungi. Is the saree …": a clause that does nothing else.
    let clause = || {
        (1..said.words.len().min(CLAUSE)).filter(|at| said.pause_before(*at)).find_map(|from| {
            dropped_from(words, &said, from, false)
                .filter(|at| said.pause_before(*at) && said.words.len() >= at + WISH)
        })
    };
    begins.or_else(clause).map(|at| said.rest(at))
}

/// Words before a clause in the middle of a message that drops what runs, at most.
const CLAUSE: usize = 12;
/// Words of the new wish behind it, at least.
const WISH: usize = 3;

/// Where what is said behind the words that drop something begins, if such words stand there.
fn dropped_from(words: &Words, said: &Said, from: usize, plainly: bool) -> Option<usize> {
    let mut at = from;
    while said.words.get(at).is_some_and(|(w, _)| listed(OPENERS, w)) {
        at += 1;
    }
    let mut dropped = false;
    loop {
        let found = (1..=3).rev().find(|n| {
            said.phrase(at, *n).is_some_and(|p| {
                among(&DROPS, &p) || (plainly && words.is("cancel", &p) && said.pause_before(at + n))
            })
        });
        let Some(n) = found else { break };
        dropped = true;
        at += n;
        // "Olvídalo, eso luego. ¿Cuántos días…?": a clause that says no more goes too, but not the start of the next one.
        let mut to = at;
        let trails = |to: usize| said.words.get(to).is_some_and(|(w, _)| listed(TRAILERS, w));
        while trails(to) && to - at < 4 && (to == at || !said.pause_before(to)) {
            to += 1;
        }
        if to > at && (said.pause_before(to) || !said.pause_before(at)) {
            at = to;
        }
    }
    dropped.then_some(at)
}

/// Words that are a yes wherever they begin a message; "si" may be an "if", "ya" an "already".
const CLEAR_YES: [&str; 44] = [
    "yes pls",
    "yes plz",
    "yeah pls",
    "haan ji kar dijiye",
    "yes",
    "yeah",
    "yep",
    "yup",
    "sure",
    "yes please",
    "yes sure",
    "of course",
    "go ahead",
    "sí",
    "si por favor",
    "claro",
    "claro que si",
    "pues claro",
    "vale",
    "por supuesto",
    "adelante",
    "dale",
    "venga",
    "हाँ",
    "जी हाँ",
    "हाँ जी",
    "हाँ कर दो",
    "ठीक है",
    "बिल्कुल",
    "haan",
    "han ji",
    "haan ji",
    "ji haan",
    "ji han",
    "haan kar do",
    "haan bhej do",
    "theek hai",
    "thik hai",
    "bilkul",
    "kar do",
    "कर दो",
    "कर दीजिए",
    "ok",
    "okay",
];
/// What takes a yes back, or makes it hang on something.
const TAKES_BACK: &str = "but not no dont instead wait first if unless except only actually change pero sino espera antes primero \
    solo cambia cambiar mejor lekin magar par nahi nahin mat ruko ruk pehle agar sirf badal लेकिन मगर पर नहीं नही मत रुको पहले अगर \
    सिर्फ बदल";

/// What goes with a yes, between commas.
const PLEASE: &str = "please pls plz thanks gracias porfa";

/// What offers the other side of a question: "or not".
const EITHER: &str = "or o u ya या";
const OTHER_SIDE: &str = "not no nahi nahin nhi नहीं नही";
/// Words before it, at least.
const LEAST: usize = 3;
/// What asks whether to do it at all.
const DOUBTS: &str = "should shall debo deberia karun karu kru karna karvaun करूँ करूं करना really seriously";

/// Days and times.
const WHEN: &str = "today tomorrow morning afternoon evening night monday tuesday wednesday thursday friday saturday sunday hoy manana \
    tarde noche lunes martes miercoles jueves viernes sabado domingo aaj kal parso parson subah dopahar shaam sham raat somvar mangal \
    mangalvar budh budhvar guruvar shukravar shanivar ravivar itvar आज कल परसों सुबह दोपहर शाम रात सोमवार मंगलवार बुधवार गुरुवार \
    शुक्रवार शनिवार रविवार इतवार";

/// What is said after a clear yes: "yes, do that. And in English please". Nothing if the message begins with no yes, says no
/// more, or takes it back.
pub(crate) fn after_yes(words: &Words, text: &str) -> Option<String> {
    let said = Said::of(text);
    let bare_si = text.trim_start_matches(['¡', ' ']).to_lowercase().starts_with("si ");
    let mut at = 0;
    while let Some(n) = (1..=4).rev().find(|n| {
        said.phrase(at, *n).is_some_and(|p| {
            among(&CLEAR_YES, &p)
                || (at > 0 && words.is("yes", &p))
                || (said.pause_before(at + n) && words.is("yes", &p))
        })
    }) {
        at += n;
        if said.pause_before(at) {
            break;
        }
    }
    let gap = at.checked_sub(1).map_or(0, |i| said.words[i].1.1);
    let to = said.words.get(at).map_or(said.chars.len(), |w| w.1.0);
    // "Yes? What happens then?" asks.
    if said.chars[gap..to].contains(&'?') {
        return None;
    }
    let ends = said.pause_before(at)
        || said.words.get(at).is_some_and(|(w, _)| listed("and aur y और also además", w));
    let more = at < said.words.len();
    let rest = said.rest(at);
    // "Yes do it. But what does the visit cost?" asks, and takes nothing back.
    let asks = said.sentence_before(at) && questions(&rest);
    let back = said.takes_back(at + usize::from(asks), asks);
    // "Yes, Tuesday after five" is another value, and no yes to the one that was read out.
    let value = rest.chars().any(|c| c.is_numeric())
        || said.words[at.min(said.words.len())..].iter().any(|(w, _)| listed(WHEN, w));
    let begins = || said.words[at..].iter().any(|(w, _)| listed(BEGINS, w)) || rest.contains('?');
    let sentence = || text.contains(['.', '!', '।', '\n']);
    let own = more
        && (said.words.len() - at <= 3
            || begins()
            || sentence()
            || crate::tongue::asked_for(&rest).is_some());
    (at > 0 && own && ends && !back && !value && !(bare_si && at == 1 && !said.pause_before(1)))
        .then_some(rest)
}

/// What is said behind a first sentence that is nothing but a clear yes: "Sí, por favor. Prefiero el dinero".
pub(crate) fn after_yes_sentence(words: &Words, text: &str) -> Option<String> {
    let (head, rest) = text.split_once(['.', '!', '।', '\n'])?;
    let said = fold(head);
    let rest = rest.trim();
    let yes = words.is("yes", head) || among(&CLEAR_YES, &said);
    let polite = || {
        let mut parts = head.split(',').map(str::trim);
        parts.next().is_some_and(|yes| words.is("yes", yes)) && parts.all(|part| listed(PLEASE, &fold(part)))
    };
    let strong = !said.split(' ').all(|w| listed(WEAK, w));
    // "Yes. No, wait."
    let back = || Said::of(rest).words.first().is_none_or(|(w, _)| listed(TAKES_BACK, w));
    ((yes || polite()) && strong && rest.split_whitespace().count() > 1 && !back()).then(|| rest.to_owned())
}

/// Whether a text names a day, a month or a time of day.
pub(crate) fn names_day(text: &str) -> bool {
    const MONTHS: &str = "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov \
        november dec december enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre janvari farvari \
        अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर जनवरी फरवरी मार्च baje बजे tarikh तारीख am pm";
    Said::of(text).any(MONTHS) || Said::of(text).any(WHEN)
}

/// A text without the "and" that it begins with.
pub(crate) fn unjoined(text: &str) -> &str {
    match text.trim().split_once(char::is_whitespace) {
        Some((first, rest)) if listed(JOINS, &fold(first)) => rest.trim(),
        _ => text.trim(),
    }
}

/// Whether a text names a number, a day or a time of day.
pub(crate) fn names_number_or_day(text: &str) -> bool {
    text.chars().any(char::is_numeric) || Said::of(text).any(WHEN)
}

/// Whether a text is a yes and some small words around it, all of it: "ठीक है चलो", "pues vale", "q si pesado".
pub(crate) fn agrees(words: &Words, text: &str) -> bool {
    const AROUND: &str = "g ji bhai bhaiya yaar chalo then on go please pls pues pos q que venga anda pesado pesada hombre mujer \
        tio tia ya bueno ok okay well so aap sir madam maam hi na kya जी चलो यार भाई तो ही बस कर लो ले लीजिए kar lo le lijiye karo करो kr \
        thanks thank you gracias fine sorry dear please hmm hm hmmm um umm k kk right न ना naa sry perdon perdona माफ़ सॉरी";
    let said = Said::of(text);
    // "ठीक है न?", "chalo theek hai, ok?": a yes that only asks to be heard.
    let tag = said.words.len() >= 2
        && said.words.last().is_some_and(|(w, _)| listed("na n right ok okay hai he vale no न ना है ठीक", w));
    let asks = text.contains(['?', '¿']) && !tag;
    if said.words.is_empty() || said.words.len() > 6 || asks || hesitates(text) {
        return false;
    }
    said.is_yes(|phrase| words.is("yes", phrase), AROUND)
}

/// "Hmm" is neither yes nor no.
pub(crate) fn hesitates(text: &str) -> bool {
    let folded = fold(text);
    let letters: String = folded.chars().filter(|c| !matches!(c, ' ' | '…' | '-')).collect();
    let latin = letters.len() >= 2
        && letters.contains('m')
        && letters.chars().all(|c| matches!(c, 'h' | 'm' | 'u' | 'e'))
        && !letters.contains("he")
        && letters != "me";
    let hindi =
        letters.contains('म') && letters.chars().all(|c| matches!(c, 'ह' | 'म' | '्' | 'ं' | 'ू' | 'ऊ' | 'उ'));
    latin || hindi
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn words() -> Words {
        Words::new(&BTreeMap::from([(
            "yes".to_owned(),
            vec!["kar do".into(), "कर दो".into(), "कर लो".into()],
        )]))
    }

    #[test]
    fn cancel_words_leave_the_new_wish() {
        for (text, rest) in [
            ("chhodo, mujhe ek phone dekhna h", Some("mujhe ek phone dekhna h")),
            ("forget that. track the one with the laptop", Some("track the one with the laptop")),
            (
                "olvídalo, eso luego. cuántos días tengo para devolver",
                Some("cuántos días tengo para devolver"),
            ),
            ("रहने दो, कोई अच्छा स्पीकर दिखाओ", Some("कोई अच्छा स्पीकर दिखाओ")),
            ("never mind, cancel. do you have bose ones", Some("do you have bose ones")),
            ("ok never mind show me phones", Some("show me phones")),
            (
                "no order number. never mind that. do your laptops come with a guarantee?",
                Some("do your laptops come with a guarantee?"),
            ),
            ("ok whatever, leave it. when does the nike one come", Some("when does the nike one come")),
            ("I don't mind. forget nothing", None),
            ("cancel. where is my order", Some("where is my order")),
            (
                "number to yehi tha shayad galat likha, chhodo baad me dekhungi. wo saree gold color me hai kya",
                Some("wo saree gold color me hai kya"),
            ),
            (
                "pues no lo traigo a la mano, luego lo busco. mejor dime si tienen audifonos",
                Some("mejor dime si tienen audifonos"),
            ),
            ("send it to the old flat, forget it", None),
            ("thik hai chodo. ipad jo aya tha wapas karna h", Some("ipad jo aya tha wapas karna h")),
            ("chhodo yaar", Some("")),
            ("forget it, thanks", Some("")),
            ("cancel my order", None),
            ("cancelar mi pedido", None),
            ("leave it with the neighbour", None),
            ("mera order cancel karo, chhodo mat", None),
        ] {
            assert_eq!(after_cancel(&words(), text, true).as_deref(), rest, "{text}");
        }
        assert_eq!(after_cancel(&words(), "cancel, found it cheaper", false), None);
    }

    #[test]
    fn a_leading_yes_counts_unless_it_is_taken_back() {
        for (text, rest) in [
            ("हाँ कर दो, और थोड़ा जल्दी। इंग्लिश में बात करो please", Some("और थोड़ा जल्दी। इंग्लिश में बात करो please")),
            ("yes. and what are your opening hours?", Some("and what are your opening hours?")),
            (
                "yes pls and how long til the money is back on my card",
                Some("and how long til the money is back on my card"),
            ),
            (
                "haan ji kar dijiye. lekin technician ka kitna paisa lagega",
                Some("lekin technician ka kitna paisa lagega"),
            ),
            ("haan ji. aur invoice bhi bhej dena", Some("aur invoice bhi bhej dena")),
            ("Sí, y cuándo llega", Some("y cuándo llega")),
            ("yes please, after 5 on tuesday", None),
            ("haan, kal shaam ko", None),
            ("sí, perfecto", Some("perfecto")),
            ("haan bhej dijiye", None),
            ("yes but not today", None),
            ("sí, pero el martes", None),
            ("si me dices para qué", None),
            ("haan lekin kal", None),
            ("yes", None),
            ("ok what is it for", None),
            ("Yes. Or not?", None),
            ("Yes. Should I really do it or not?", None),
            ("Sí. Bueno, ya no, ¿vale?", None),
        ] {
            assert_eq!(after_yes(&words(), text).as_deref(), rest, "{text}");
        }
    }

    #[test]
    fn agreeing_in_other_words() {
        for text in [
            "ठीक है चलो",
            "चलो ठीक है",
            "han g",
            "haan bhai theek hai",
            "कर लो यार",
            "pues vale",
            "q si pesado",
            "ok fine",
            "hmm k",
            "sure sorry",
            "ठीक है न?",
        ] {
            assert!(agrees(&words(), text), "{text}");
        }
        for text in ["हम्म", "hmm", "ok?", "no", "yes but why", "chalo", "theek hai par kyu"] {
            assert!(!agrees(&words(), text), "{text}");
        }
        assert!(
            hesitates("Hmmm…")
                && hesitates("हम्म")
                && !hesitates("me")
                && !hesitates("हाँ")
                && !hesitates("he")
        );
    }
}
