//! A clear yes that a message begins with, and what is said behind it: "yes, wednesday. And cancel the trainers".

use super::{CLEAR_YES, JOINS, Said, TAKES_BACK, questions};
use crate::fold::{among, fold, listed, words as words_of};
use crate::rules::Words;
use std::collections::BTreeSet;

/// What tells to do what was read out, in any flow.
const DOES: [&str; 28] = [
    "do it",
    "do that",
    "do so",
    "please do",
    "go ahead",
    "proceed",
    "that is right",
    "thats right",
    "thats it",
    "hazlo",
    "hagalo",
    "hagale",
    "hazlo ya",
    "adelante",
    "eso es",
    "eso mismo",
    "asi es",
    "listo",
    "kar do",
    "kr do",
    "krdo",
    "kardo",
    "kar dijiye",
    "kar dena",
    "कर दो",
    "कर दीजिए",
    "कर देना",
    "कर दे",
];
/// What agrees, but may as well only go on to something else: a wish behind it has to be joined to it.
pub(super) const WEAK: &str = "ok okay k vale accha acha achha theek thik hai h ठीक है अच्छा fine alright all right chalo चलो bueno sure listo claro venga";
/// What is a yes only as a whole message or before a pause: "y" is a Spanish "and", "ya" an "already", "k" a Hindi "of".
const ONLY_ALONE: &str = "ya k va kar kr";
/// What follows a "ha" that is a yes; anything else may follow a Spanish "has".
const AFTER_HA: &str = "kar kr krdo kardo karo karna bhej bhejo ji g bhai haan han theek thik thk bilkul sahi wo woh yaar to toh na aur please pls plz return \
    cancel book confirm register delete bas lekin par magar ye yeh wahi abhi";
/// What follows a "si" without its accent that is a yes; anything else may follow an "if".
const AFTER_SI: &str = "por porfa porfavor claro señor señora quiero hazlo hágalo dale adelante gracias confirmo correcto exacto eso así perfecto \
    está bien vale ok okay si sí y";
/// Small words around a yes.
const SMALL: &str = "the it that this one ones thing my to for of on in at is do does please pls plz just so then now la el lo los las un una de \
    del con a al en eso esa ese esta este porfa porfavor por favor gracias thanks thank you wo woh wali wala wale ka ki ke k ko se hi na to toh bhai ji sir \
    madam mam yaar hai h ye yeh baat us use isko usko ise mera meri mere वो वह ये यह वाली वाला वाले का की के को से ही ना न तो भाई जी है हैं बात मेरा \
    मेरी मेरे इसे perfect perfecto great good fine nice cool genial super excelente bien right correct correcto sahi सही bilkul बिल्कुल si ya पक्का पक्की pakka paka pakki confirmed confirmado confirmada \
    seguro definitely fijo karo kro करो jaldi jldi जल्दी fast quickly asap rapido pronto";
/// What may stand before a yes.
const BEFORE: &str =
    "mm mmm hm hmm um uh eh oh ah ahh pues pos bueno are arey arre acha achha accha ah अरे हम्म अच्छा well";
/// What begins something else than a further wish: an objection, a condition, a wait.
const HINDERS: &str = "but pero par lekin magar lakin पर लेकिन मगर if unless si agar अगर wait hold hang espera espere ruko ruk रुको only solo solamente \
    sirf bas सिर्फ बस not no dont never nunca nahi nahin nhi mat नहीं नही मत instead except excepto sino before after antes despues pehle पहले \
    actually mejor make que q";

/// What changes something of what the yes is to.
const BUT: &str = "but pero par lekin magar lakin पर लेकिन मगर";

/// Whether a word that is a yes or no by itself is one at the beginning of a longer message. `pause`: a pause follows it.
pub(crate) fn begins(word: &str, next: &str, pause: bool) -> bool {
    let folded = fold(word);
    match folded.as_str() {
        // A Spanish "and".
        "y" | "n" => false,
        "si" if !word.contains(['í', 'Í']) => pause || next.is_empty() || listed(AFTER_SI, &fold(next)),
        "ha" => pause || next.is_empty() || listed(AFTER_HA, &fold(next)),
        short => pause || next.is_empty() || !listed(ONLY_ALONE, short),
    }
}

/// A message that begins with a yes.
struct Yes {
    /// The word that is the first behind it; their number if there is none.
    from: usize,
    /// Whether it is joined to the yes by an "and".
    joined: bool,
    /// Whether the yes is more than an "ok".
    strong: bool,
}

/// A message, beside the words that are a yes to a question: all flows', the question's `own`, and what was `shown`.
struct Reading<'r> {
    words: &'r Words,
    said: Said,
    own: Vec<String>,
    shown: BTreeSet<String>,
}

impl<'r> Reading<'r> {
    fn new(words: &'r Words, own: &[String], shown: &str, text: &str) -> Self {
        let shown =
            words_of(shown).into_iter().filter(|w| !listed(TAKES_BACK, w) && !listed(HINDERS, w)).collect();
        Reading { words, said: Said::of(text), own: own.iter().map(|w| spelled(&fold(w))).collect(), shown }
    }

    fn word(&self, at: usize) -> &str {
        self.said.words.get(at).map_or("", |(w, _)| w.as_str())
    }

    fn written(&self, at: usize) -> String {
        self.said
            .words
            .get(at)
            .map_or(String::new(), |(_, (from, to))| self.said.chars[*from..*to].iter().collect())
    }

    /// How many words of a yes stand here, and whether it is a strong one.
    fn yes_at(&self, at: usize) -> Option<(usize, bool)> {
        (1..=5).rev().find_map(|n| {
            let phrase = spelled(&self.said.phrase(at, n)?);
            let own = n >= 2 && self.own.contains(&phrase);
            let known = own
                || among(&CLEAR_YES, &phrase)
                || among(&DOES, &phrase)
                || self.words.is("yes", &phrase)
                || (at > 0 && self.own.contains(&phrase));
            let alone =
                n > 1 || begins(&self.written(at), &self.written(at + 1), self.said.pause_before(at + 1));
            (known && alone).then(|| (n, own || !phrase.split(' ').all(|w| listed(WEAK, w))))
        })
    }

    /// Whether a word only repeats or dresses what was read out.
    fn repeats(&self, at: usize) -> bool {
        listed(SMALL, self.word(at)) || self.shown.contains(self.word(at))
    }

    /// The yes that the message begins with, up to the last pause in what belongs to it.
    fn yes(&self) -> Option<Yes> {
        let length = self.said.words.len();
        let mut at = 0;
        while at < length && listed(BEFORE, self.word(at)) && self.yes_at(at).is_none() {
            at += 1;
        }
        let (n, mut strong) = self.yes_at(at)?;
        at += n;
        let mut boundary = None;
        loop {
            let joined = listed(JOINS, self.word(at));
            if at >= length || joined || self.said.pause_before(at) || listed(BUT, self.word(at)) {
                boundary = Some(at);
            }
            if at >= length {
                break;
            }
            if let Some((n, more)) = self.yes_at(at) {
                strong |= more;
                at += n;
            } else if joined || self.repeats(at) {
                at += 1;
            } else {
                break;
            }
        }
        let mut from = boundary?;
        let joined = listed(JOINS, self.word(from));
        while from < length && listed(JOINS, self.word(from)) {
            from += 1;
        }
        Some(Yes { from, joined, strong })
    }

    /// "6 wala kr do", "sirf charger, ipad nahi. haan": nothing but what was read out, and a yes at the end.
    fn closes(&self) -> bool {
        const ONLY: &str = "only just sirf bas solo solamente सिर्फ बस";
        const NOT: &str = "not no nahi nhi nahin नहीं नही";
        let length = self.said.words.len();
        let hour = |at: usize| self.word(at).len() <= 2 && self.word(at).bytes().all(|b| b.is_ascii_digit());
        let ends = |at: usize| {
            self.yes_at(at).is_some_and(|(n, strong)| strong && at + n == length) && {
                // "Order kar do" may order it: only after a pause, or with the hour that was read out, are such words a yes.
                let own = self.said.phrase(at, length - at).is_some_and(|p| self.own.contains(&spelled(&p)));
                own || self.said.pause_before(at)
                    || (0..at).any(|at| hour(at) && self.shown.contains(self.word(at)))
            }
        };
        let Some(from) = (1..length).find(|at| ends(*at)) else { return false };
        let mut start = 0;
        let clauses = (1..=from).filter(|at| *at == from || self.said.pause_before(*at)).all(|end| {
            let clause = start..end;
            start = end;
            let denied = clause.clone().any(|at| listed(NOT, self.word(at)));
            let named = clause.clone().filter(|at| self.shown.contains(self.word(*at))).count();
            match denied {
                // What is not wanted is nothing of what was read out.
                true => self.said.pause_before(end) && named == 0,
                false => clause.clone().all(|at| self.repeats(at) || listed(ONLY, self.word(at))),
            }
        });
        let named = (0..from).any(|at| self.shown.contains(self.word(at)) && !listed(SMALL, self.word(at)));
        clauses && named
    }
}

/// Whether a text says nothing but what was `shown`, a yes and small words.
pub(crate) fn only_repeats(words: &Words, own: &[String], shown: &str, text: &str) -> bool {
    let reading = Reading::new(words, own, shown, text);
    let length = reading.said.words.len();
    let mut at = 0;
    while at < length {
        at += match reading.yes_at(at) {
            Some((n, _)) => n,
            None if reading.repeats(at) || listed(JOINS, reading.word(at)) => 1,
            None => return false,
        };
    }
    length > 0
}

/// A text without the numbers that count people: "5 log aayenge" says no time.
pub(crate) fn without_people(text: &str) -> String {
    const PEOPLE: &str = "people persons person adults kids guests pax log logon logo bande jane vyakti personas persona adultos ninos \
        invitados लोग लोगों जन जने बंदे व्यक्ति";
    let said = Said::of(text);
    let mut chars = said.chars.clone();
    for pair in said.words.windows(2) {
        let [(count, (from, to)), (whom, _)] = pair else { continue };
        if listed(PEOPLE, whom) && !count.is_empty() && count.chars().all(|c| c.is_ascii_digit()) {
            chars[*from..*to].fill(' ');
        }
    }
    chars.into_iter().collect()
}

/// A text without what says how long: "I am out all day" is no "all of it".
pub(crate) fn without_lengths(text: &str) -> String {
    const WHOLE: &str =
        "all whole entire todo toda entero entera saara sara poora pura poore pure पूरा पूरे पूरी सारा सारे सारी";
    const THE: &str = "the el la";
    const TIME: &str = "day days time week weekend month morning afternoon evening night dia tiempo semana mes manana tarde noche din time raat hafta hafte \
        subah shaam dopahar दिन समय टाइम रात हफ्ता हफ्ते हफ़्ते सुबह शाम दोपहर";
    let said = Said::of(text);
    let mut chars = said.chars.clone();
    let is = |at: usize, list: &'static str| said.words.get(at).is_some_and(|(w, _)| listed(list, w));
    for at in 0..said.words.len() {
        let of = at + 1 + usize::from(is(at + 1, THE));
        if is(at, WHOLE) && is(of, TIME) {
            chars[said.words[at].1.0..said.words[of].1.1].fill(' ');
        }
    }
    chars.into_iter().collect()
}

/// Whether a message begins with a "si" that is an "if".
pub(crate) fn begins_with_if(text: &str) -> bool {
    let mut said = text.trim_start_matches('¿').split_whitespace();
    let (first, next) = (said.next().unwrap_or_default(), said.next().unwrap_or_default());
    fold(first) == "si" && !begins(first, next, first.ends_with([',', '.', '!']))
}

/// Whether a message begins with no more than an "ok" and goes on without an "and": "ok, where is my order".
pub(crate) fn only_weak(words: &Words, own: &[String], text: &str) -> bool {
    Reading::new(words, own, "", text).yes().is_some_and(|yes| !yes.strong && !yes.joined)
}

/// What is said behind a clear yes, as written and without the "and": empty if all of the message is the yes, repeating at most
/// what was `shown`. Nothing if it begins with no clear yes, or goes on with an objection or condition. `own`: the question's own
/// words for yes.
pub(crate) fn behind_yes(words: &Words, own: &[String], shown: &str, text: &str) -> Option<String> {
    let reading = Reading::new(words, own, shown, text);
    let asks = text.contains(['?', '¿']);
    let Some(Yes { from, joined, strong }) = reading.yes() else {
        return (!asks && reading.closes()).then(String::new);
    };
    let length = reading.said.words.len();
    if from >= length {
        // "Ok?" asks.
        return (strong && !asks).then(String::new);
    }
    let rest = reading.said.rest(from);
    // "Yes, open it. But is it under warranty or not?" takes nothing back.
    if strong && listed(BUT, reading.word(from)) && reading.said.sentence_before(from) {
        let rest = reading.said.rest(from + 1);
        let asked = length - from > 2 && questions(&rest) && !reading.said.takes_back(from + 1, true);
        return asked.then_some(rest);
    }
    let refused = ["no", "cancel", "halt", "stop", "restart"].iter().any(|kind| words.is(kind, &rest))
        || listed(HINDERS, reading.word(from));
    // "Vale y el reembolso, ¿cuándo me llega?" turns to something else.
    (length - from >= 2 && !refused && (strong || (joined && !asks))).then_some(rest)
}

/// What is said beside a clear yes that may change what was read out: "yes, but make it 60", "45 kardo aur bhej do". Nothing where
/// the message waits, asks, or hangs on something.
pub(crate) fn changes_behind_yes(words: &Words, own: &[String], shown: &str, text: &str) -> Option<String> {
    const WAITS: &str =
        "wait hold hang if unless espera espere ruko ruk रुको agar अगर first primero pehle पहले not yet";
    let reading = Reading::new(words, own, shown, text);
    if text.contains(['?', '¿']) || reading.said.any(WAITS) {
        return None;
    }
    let length = reading.said.words.len();
    if let Some(Yes { from, strong: true, .. }) = reading.yes() {
        return (from < length).then(|| reading.said.rest(from));
    }
    let mut ends = (1..length)
        .find(|at| reading.yes_at(*at).is_some_and(|(n, strong)| strong && n >= 2 && at + n == length))?;
    while ends > 1
        && (listed(JOINS, reading.word(ends - 1)) || reading.words.is("yes", reading.word(ends - 1)))
    {
        ends -= 1;
    }
    let before = reading.said.words[ends].1.0;
    let head: String = reading.said.chars[..before].iter().collect();
    (!reading.said.words[..ends].iter().any(|(w, _)| listed("no not dont mat nahi नहीं मत", w))
        || head.chars().any(char::is_numeric))
    .then(|| head.trim().trim_end_matches([',', '.', ' ']).to_owned())
}

/// One spelling of Hindi's polite requests.
fn spelled(phrase: &str) -> String {
    phrase.replace("िये", "िए").replace("जिये", "जिए")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn how_long_something_lasts_is_no_choice_of_all() {
        for (text, left) in [
            ("cos im at uni all day", "cos im at uni"),
            ("trabajo toda la tarde", "trabajo"),
            ("main saara din bahar hun", "main bahar hun"),
            ("all of it", "all of it"),
            ("todo el pedido", "todo el pedido"),
        ] {
            let found = without_lengths(text);
            assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), left);
        }
    }

    #[test]
    fn what_is_said_behind_a_clear_yes() {
        let words = Words::new(&BTreeMap::new());
        let own: Vec<String> = ["bhej do", "send it", "भेज दीजिए", "cámbiala"].map(str::to_owned).to_vec();
        let shown = "Shall I change the delivery of *ORD-1* to *Wednesday, 25 November*? 40 laptop business team charger";
        for (text, rest) in [
            (
                "ok perfect. and cancel the nike shoes, found them cheaper",
                Some("cancel the nike shoes, found them cheaper"),
            ),
            ("yes, wednesday. Also can u email me the invoice", Some("can u email me the invoice")),
            ("हाँ कर दीजिए, और केतली वाला ऑर्डर वापस करना है", Some("केतली वाला ऑर्डर वापस करना है")),
            ("sii, y q lo dejen con el portero", None),
            ("sí, y mándame la factura", Some("mándame la factura")),
            ("yes and I want someone to call me back asap", Some("I want someone to call me back asap")),
            ("haan bhej do, delivery 5 dec tak pune me chahiye", Some("delivery 5 dec tak pune me chahiye")),
            ("ठीक है भेज दीजिये, वैसे पैसा कब आएगा", Some("वैसे पैसा कब आएगा")),
            ("haan wo 40 laptop wali baat business team ko bhej do", Some("")),
            ("Yes do it. And when I will get the refund?", Some("when I will get the refund?")),
            ("sí cámbiala y cancela el otro", Some("cancela el otro")),
            ("y la factura q te pedí?", None),
            ("ya me llegó, y otra cosa", None),
            ("si me dices para qué, y cuándo", None),
            ("si llega el miércoles", None),
            ("ok, where is my order", None),
            ("vale y el reembolso del pedido cancelado cuándo me llega?", None),
            ("ok cancel", None),
            ("ok, never mind", None),
            ("yes, but not wednesday", None),
            ("yes send it. But is it free or not?", Some("is it free or not?")),
            ("yes send it. But not on wednesday", None),
            ("yes, only the charger", None),
            ("yes if it is free", None),
            ("haan par 60 nahi 80 chahiye", None),
            ("haan wo 50 laptop wali baat", None),
            ("yes?", None),
            ("no, and cancel the other one", None),
            ("25 wala kr do", Some("")),
            ("sirf charger, ipad nahi. haan", Some("")),
            ("ipad, charger nahi. haan", None),
            ("wednesday or thursday, bhej do", None),
            ("wednesday", None),
            ("order kar do", None),
            ("order confirm kr do", None),
            ("confirm order", None),
        ] {
            assert_eq!(behind_yes(&words, &own, shown, text).as_deref(), rest, "{text}");
        }
    }
}
