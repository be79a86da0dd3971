//! The sentences of a message that may be wishes of their own.

use super::Said;
use crate::fold::listed;
use crate::negation::words_at;

/// Words that begin a question or request of its own after "and".
pub(super) const BEGINS: &str = "what whats how when where which who why do does did is are can could will would also please tell show \
    if si agar अगर cual cuanto cuanta cuantos cuando donde como hay tienen tienes puedo puedes pueden haceis teneis hacen quiero \
    kya kab kitna kitne kitni kahan kaise kaun kaunsa kahaan batao dikhao \
    क्या कब कितना कितने कितनी कहाँ कैसे कौन कौनसा बताओ दिखाओ";
/// Words that make a question wherever they stand in it.
const ASKS: &str = "kya kab kb kitna kitne kitni ktna ktne ktni kahan kaha kha kaise kese kaun kaunsa konsa konse konsi cual cuanto cuanta \
    cuantos cuando donde क्या कब कितना कितने कितनी कहाँ कहां कैसे कौन कौनसा कौनसी";
/// What joins two wishes.
pub(super) const JOINS: &str = "and n aur y और ओर also además tambien";
/// Words of Hinglish that English and Spanish have not: beside two of them "or" is और.
const HINGLISH: &str = "hai h hain hoga hogi kya kab kb kitna kitne kitni chalega chalegi milega milegi jayega jayegi chahiye karo kardo \
    mujhe mereko mere liye bhi nahi nhi ka ki ke ko wala wali kar hota hoti sakte sakta raha rha";
/// What a clause ends with that asks without any mark: "…, cash bhi chalega".
const ENDS: &str = "chalega chalegi milega milegi hoga hogi चलेगा चलेगी मिलेगा मिलेगी होगा होगी";
/// Words of a part, at least.
const PART: usize = 3;
/// Words of one that ends with a question mark, at least: "gpay chalega?".
const ASKED: usize = 2;
/// Parts looked at, at most.
const PARTS: usize = 5;

/// How a text begins that points at something.
const POINTS: &str =
    "the that this those these el la los las ese esa eso este esta wo woh vo ye yeh us is वो वह ये यह उस इस";
/// Words of a text that does no more, at most.
const POINTED: usize = 4;

/// Whether a text is a few words that only point at something: "the laptop one", "wo xiaomi wala".
pub(crate) fn only_points(text: &str) -> bool {
    let words = words_at(text);
    let first = words.first().is_some_and(|(w, _)| listed(POINTS, w));
    first && words.len() <= POINTED && !text.contains('?') && !words.iter().any(|(w, _)| listed(ASKS, w))
}

/// Whether a sentence asks something: by its mark, its first word, or a word that asks wherever it stands.
pub(crate) fn questions(text: &str) -> bool {
    let words = words_at(text);
    text.contains(['?', '¿'])
        || words.first().is_some_and(|(w, _)| listed(BEGINS, w))
        || words.iter().any(|(w, _)| listed(ASKS, w))
}

/// What wants an answer before anything else.
const FIRST: &str = "first primero antes pehle phle pahle pehley पहले";
/// What asks to be told.
const TELL: &str = "tell dime digame diga batao btao bata bta bataiye btaiye बताओ बताइए बताइये";
/// Words within which a sentence says so.
const SOON: usize = 5;
/// What is no yes before it.
const REFUSES: &str = "no not dont never nahi nahin nhi mat नहीं नही मत forget leave olvidalo olvidala dejalo dejala chhodo chodo छोड़ो";
/// What begins a condition or a courtesy rather than a question.
const SUPPOSES: &str = "if si agar अगर also please tell";

/// The question behind a yes that wants its answer first: "ok, cancel it. But tell me first when the money comes".
pub(crate) fn asked_first(text: &str) -> Option<String> {
    let last = parts(text).pop()?;
    let words = words_at(&last);
    let at = |list: &'static str| words.iter().take(SOON).position(|(w, _)| listed(list, w));
    let beside = at(FIRST)?.abs_diff(at(TELL)?) <= 2;
    let before = text.find(&last).map(|end| words_at(&text[..end]))?;
    // "Don't cancel it. First tell me …" is a no.
    let refused = before.iter().any(|(w, _)| listed(REFUSES, w));
    (beside && !before.is_empty() && !refused).then_some(last)
}

/// What a message asks behind the thanks or the goodbye that it begins with.
pub(crate) fn behind_courtesy(text: &str) -> Option<String> {
    // "Thanks, if I need anything I will write" asks nothing.
    let supposes = |part: &str| words_at(part).first().is_some_and(|(w, _)| listed(SUPPOSES, w));
    let asks = parts(text)
        .into_iter()
        .find(|part| questions(part) && (part.contains(['?', '¿']) || !supposes(part)))?;
    let at = text.find(&asks).filter(|at| *at > text.len() - text.trim_start().len())?;
    Some(text[at..].to_owned())
}

/// Words of a greeting, and of whom it is for.
const GREETS: &str = "hi hii hiii hey hello helo hallo hlo good morning afternoon evening day hola holi buenas buenos buen dia dias tarde \
    tardes noche noches que q k tal namaste namaskar namaskaar pranam ram salaam नमस्ते नमस्कार प्रणाम राम सलाम हेलो हैलो हाय there sir \
    madam maam bhai bhaiya bhaiyya didi ji beta amigo amiga senor senora भाई भैया दीदी जी बेटा सर मैडम";
/// Words behind it that may be a wish, at least.
const BEHIND: usize = 2;

/// Words of a question that is a part of the greeting, at most.
const GREETED: usize = 3;

/// What a message says behind the greeting that it begins with: "Buenas tardes. Teléfono sencillo".
pub(crate) fn behind_greeting(text: &str) -> Option<String> {
    let said = Said::of(text);
    let greeting = said.words.iter().take_while(|(w, _)| listed(GREETS, w)).count();
    let at = greeting.checked_sub(1)?;
    let rest = said.words.get(greeting..).filter(|rest| rest.len() >= BEHIND)?;
    let (end, from) = (said.words[at].1.1, rest[0].1.0);
    let paused = said.chars[end..from].iter().any(|c| matches!(c, '.' | ',' | '!' | '?' | '।' | '\n'));
    let words = rest.len();
    let rest: String = said.chars[from..].iter().collect();
    // "How are you?", "is anyone there?" greet as well.
    (paused && !(words <= GREETED && questions(&rest))).then_some(rest)
}

/// The sentences of a message that may be wishes of their own; none if it is one sentence.
pub(crate) fn parts(text: &str) -> Vec<String> {
    let said = Said::of(text);
    let mut starts = vec![0];
    let hinglish = said.words.iter().filter(|(w, _)| listed(HINGLISH, w)).count() > 1;
    let joins = |word: &str| listed(JOINS, word) || (hinglish && word == "or");
    for at in 1..said.words.len() {
        let gap = &said.chars[said.words[at - 1].1.1..said.words[at].1.0];
        let sentence = gap.iter().any(|c| matches!(c, '.' | '?' | '!' | '।' | '\n'))
            && (gap.len() > 1 || gap.contains(&'\n'));
        let word = said.words[at].0.as_str();
        let next = said.words.get(at + 1).map_or("", |(w, _)| w.as_str());
        let last = starts.last().copied().unwrap_or_default();
        let before = at - last;
        // "…, aur warranty kitni hai", "… y se puede pagar a meses?": asked at the end, or by the mark behind it; "the store is open
        // till when and keep the green one for me": asked in what stands before.
        let behind = &said.words[at + 1..];
        let word_asks = behind.iter().take_while(|(w, _)| !joins(w)).any(|(w, _)| listed(ASKS, w));
        let asked = said.words[last..at].iter().any(|(w, _)| listed(ASKS, w)) && behind.len() >= PART;
        let end = said.chars[said.words[at].1.1..].iter().find(|c| "?।.!\n".contains(**c));
        // "… and could somebody come and fix it on the wall?": the mark is one question's.
        // "¿… y que lo recoja mi nieta?" goes on with it.
        let marked = end == Some(&'?') && !joins(&said.words[last].0) && next != "que";
        let asks = before >= PART && (word_asks || asked || marked);
        let joined = joins(word) && (listed(BEGINS, next) || asks);
        // "…, aur GST bill mil jayega": joined behind a pause.
        let paused = gap.contains(&',') && before >= PART && joins(word) && behind.len() >= PART;
        // "…, UPI se dunga ya cash bhi chalega".
        let clause = (at..said.words.len()).find(|end| said.pause_before(end + 1)).unwrap_or(at);
        let unmarked = gap.contains(&',')
            && before >= PART
            && clause >= at + PART
            && listed(ENDS, &said.words[clause].0);
        let comma = paused || unmarked || (gap.contains(&',') && listed(BEGINS, word));
        if sentence || joined || comma {
            starts.push(at);
        }
    }
    if starts.len() < 2 {
        return vec![];
    }
    let ends = starts.iter().skip(1).copied().chain([said.words.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(from, to)| {
            let from = *from + usize::from(joins(&said.words[*from].0));
            let mark = said.words.get(to).map_or(said.chars.len(), |w| w.1.0);
            let asked = to > from && said.chars[said.words[to - 1].1.1..mark].contains(&'?');
            if to < from + if asked { ASKED } else { PART } {
                return None;
            }
            let last = said.words.get(to).map_or(said.chars.len(), |w| w.1.0);
            let part: String = said.chars[said.words[from].1.0..last].iter().collect();
            Some(part.trim_end_matches([',', ' ', '\n', '-']).to_owned())
        })
        .take(PARTS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_may_want_its_answer_first() {
        for (text, rest) in [
            ("ठीक है कैंसल कर दो। पर पहले बताओ पैसे कब तक वापस आएंगे", Some("पर पहले बताओ पैसे कब तक वापस आएंगे")),
            (
                "yes cancel it. But first tell me when I get the money",
                Some("But first tell me when I get the money"),
            ),
            ("yes do it. And the first one in blue", None),
            ("Sí, cámbialo. ¿Y llega antes del viernes?", None),
            ("Don't cancel it. First tell me where it is", None),
            ("पहले बताओ पैसे कब तक वापस आएंगे", None),
        ] {
            assert_eq!(asked_first(text).as_deref(), rest, "{text}");
        }
    }

    #[test]
    fn a_question_stands_behind_a_courtesy() {
        for (text, rest) in [
            (
                "बहुत धन्यवाद बेटा, भगवान तुम्हारा भला करे। आते समय कोई कागज लाना पड़ेगा क्या",
                Some("आते समय कोई कागज लाना पड़ेगा क्या"),
            ),
            ("Thanks! Can I pay by card?", Some("Can I pay by card?")),
            ("Thank you so much, you have been a great help.", None),
            ("Muchas gracias, si necesito algo os aviso", None),
            ("how are you today? I hope you are well", None),
        ] {
            assert_eq!(behind_courtesy(text).as_deref(), rest, "{text}");
        }
    }

    #[test]
    fn two_wishes_are_two_parts() {
        assert_eq!(
            parts("Do you have the Galaxy S24? And what are the delivery charges?"),
            ["Do you have the Galaxy S24?", "what are the delivery charges?"]
        );
        assert_eq!(
            parts("tienes las nike en la 42 y cuánto cuesta el envío"),
            ["tienes las nike en la 42", "cuánto cuesta el envío"]
        );
        assert_eq!(parts("दूसरा वाला ठीक है और उसकी वारंटी कितनी है"), ["दूसरा वाला ठीक है", "उसकी वारंटी कितनी है"]);
        assert_eq!(
            parts("vo store kb tk khula rehta h aur green wala rakh do mere liye"),
            ["vo store kb tk khula rehta h", "green wala rakh do mere liye"]
        );
        assert_eq!(
            parts("gpay chalega? or emi pe ho jayega kya itne ka"),
            ["gpay chalega?", "emi pe ho jayega kya itne ka"]
        );
        assert_eq!(
            parts("इसमे माइक है क्या?? ओर कोइ दुसरा नही है सोनी का"),
            ["इसमे माइक है क्या??", "कोइ दुसरा नही है सोनी का"]
        );
        assert_eq!(
            parts("अच्छा बाटा वाला दो जोड़ी भेज दो, यूपीआई से दूंगा या कैश भी चलेगा"),
            ["अच्छा बाटा वाला दो जोड़ी भेज दो", "यूपीआई से दूंगा या कैश भी चलेगा"]
        );
        assert_eq!(
            parts("a tv of 43 inches, and could somebody please come home and fix it on the wall for us?"),
            ["a tv of 43 inches", "could somebody please come home and fix it on the wall for us?"]
        );
        assert!(parts("¿me lo podrían guardar y que lo recoja mi nieta el sábado?").is_empty());
        assert!(parts("is it red or is it blue").is_empty());
        assert!(parts("rock n roll speakers").is_empty());
        assert!(parts("phone aur laptop me kya farak hai").is_empty());
        assert!(parts("black and white shoes under 2.500").is_empty());
        assert!(parts("phone under 20000, black").is_empty());
    }

    #[test]
    fn what_stands_behind_a_greeting_is_found() {
        for (text, rest) in [
            ("Buenas tardes. telefono sencillo", Some("telefono sencillo")),
            ("Namaste ji, ek fridge", Some("ek fridge")),
            ("नमस्ते भैया। जूते दिखाओ", Some("जूते दिखाओ")),
            ("hi there! any offers on shoes?", Some("any offers on shoes?")),
            ("hello good morning sir", None),
            ("Hi, how are you?", None),
            ("hola, ¿hay alguien?", None),
            ("hello, anyone there?", None),
            ("hola carmen", None),
            ("hola, carmen", None),
            ("good idea, show me that", None),
            ("hi", None),
            ("", None),
        ] {
            assert_eq!(behind_greeting(text).as_deref(), rest, "{text}");
        }
    }
}
