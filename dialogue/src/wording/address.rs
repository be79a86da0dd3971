//! The address within a message: "no, it's 14 MG Road, Bengaluru 560038 and tell me when it comes" has more than that.

use super::Said;
use crate::fold::listed;

/// What an address has besides names and numbers.
const PLACES: &str = "street st road rd lane avenue ave drive close crescent terrace gardens flat apartment apt house plot block tower wing floor \
    sector phase colony nagar society residency vihar marg gali mohalla chowk calle cl carrer avenida avda av paseo plaza camino ronda travesia colonia \
    col fraccionamiento piso portal escalera urbanizacion edificio privada calzada andador फ्लैट मकान प्लॉट गली मोहल्ला नगर सेक्टर रोड मार्ग कॉलोनी \
    सोसाइटी टावर ब्लॉक चौक विहार";
/// What an address is called.
const NAMES: &str = "address adress direccion domicilio pata patta पता एड्रेस";
/// What stands between its name and itself.
const IS: &str = "is es hai h seria sera this ye yeh yahi likho likh lo likhiye only solo now ahora ab to at me mein mai sirf bas just हे है ये यह यही लिखो लिखिए में सिर्फ बस";
/// What is said about an address before a comma, and in none: "address change karna hai bola na, flat 12 …".
const TALK: &str = "karna krna karni karo change badalna badlo bola bol kaha tha want need told said mat likhna nahi quiero quisiera cambiar dije digo necesito \
    acabo puse pase escribi mande quita quitar wrote typed diya dala likha bheja \
    karwana chahiye करना बदलना बदलो बोला कहा था चाहिए नहीं मत";
/// What a message says before it.
const BEFORE: &str = "buff buf uf uff hm hmm no not nah nahi nahin nhi ji yes yeah haan han ok okay vale ah oh well pues si sii siii es its thats it is tio tia bhai beta anda hombre arre are arey yaar \
    please pls plz solo only just my mi mera meri mere i we you u gave give told said say already ya dije digo dicho that esa ese esta este another otra \
    otro new nueva nuevo naya nayi obviously claro bueno mire mira sorry perdon instead deliver send bring ship entregalo entreguenlo mandalo traelo \
    llevalo envialo bhejo bhej bhejna bhejiye por favor porfa change cambia cambialo cambiala don do kar de dena par pe ko to pon ponme ponla pongan ponga apunta anota put likh likho यह ये वो नहीं हाँ जी अरे भाई नया नई मेरा मेरी कृपया";
/// What leads from an order's number to an address.
const TO: &str = "to at a en para por is goes should go va que vaya ko ki ka delivery pe par को की का पर";
/// What stands between those, or begins an address.
const BETWEEN: &str = "the a an at in on la el lo los las un una de en";
/// What closes a message and no address.
const COURTESY: &str = "please pls plz thanks thank you gracias por favor porfa ji thx ok okay dhanyavaad shukriya धन्यवाद शुक्रिया जी कृपया";
/// What joins something else to it.
const JOINS: &str = "and y e aur और pero but par lekin पर लेकिन also tambien tell";
/// Words after which a full stop ends no sentence.
const SHORT: &str = "no st rd av ave avda c cl col apt opp nr flr bldg sec dr h p pl ph";
/// What numbers of other things stand behind.
const ORDERS: &str = "ord order pedido orden rs inr";
/// What begins a landmark.
const LANDMARKS: &str =
    "landmark near nearby opposite opp behind beside referencia referencias cerca frente junto detras लैंडमार्क";
/// What ends one in Hindi.
const NEAR: &str = "paas pas saamne samne peeche piche bagal पास सामने पीछे बगल";
/// Words of one, at most.
const LANDMARK: usize = 9;
/// Of what is behind the last number: a town, a state, a country.
const TOWN: usize = 4;

/// An address told, and what else is said behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The address as written.
    pub(crate) address: String,
    /// What is behind it, if that may be a wish of its own.
    pub(crate) rest: Option<String>,
}

/// The address that a message tells: something with a postal code, or a number with a word of places. Nothing if there is none.
pub(crate) fn told(text: &str) -> Option<Told> {
    let said = Said::of(text);
    let words = &said.words;
    let word = |at: usize| words.get(at).map_or("", |(w, _)| w.as_str());
    let digits = |at: usize| word(at).chars().filter(char::is_ascii_digit).count();
    let order = |at: usize| behind_order(&said, at);
    let code = |at: usize| {
        let bare = word(at).chars().all(|c| c.is_ascii_digit());
        bare && (5..=6).contains(&digits(at)) && !order(at)
    };
    let telling = |at: usize| (digits(at) > 0 && !order(at)) || listed(PLACES, word(at));
    let first = (0..words.len()).find(|at| telling(*at))?;
    let begin = begin(&said, first);
    let mut end = begin;
    let mut at = begin;
    // Its last number or word of places, as long as nothing else begins before.
    let mut coded = false;
    while at < words.len() && !(at > begin && ends(&said, at)) {
        // Behind its code "the floor" is talk about it; "floor 3" still has a number.
        if telling(at) && (!coded || digits(at) > 0) {
            end = at;
        }
        coded |= code(at);
        at += 1;
    }
    // What closes it: the town behind the code, up to a comma if it says more than towns do.
    let town = || (end + 1..at).take(TOWN + 1).find(|at| comma(&said, *at)).unwrap_or(end + 1);
    let mut close = if at - end - 1 > TOWN { town() } else { at };
    while close > end + 1 && listed(COURTESY, word(close - 1)) {
        close -= 1;
    }
    let has = |f: &dyn Fn(usize) -> bool| (begin..=end).any(f);
    let placed = has(&|at| listed(PLACES, word(at)));
    let numbered = has(&|at| digits(at) > 0);
    if !(has(&code) || (placed && numbered)) || close - begin < 3 {
        return None;
    }
    let to = words[close - 1].1.1;
    let address: String = said.chars[words[begin].1.0..to].iter().collect();
    let next = if listed(JOINS, word(close)) { close + 1 } else { close };
    let address = address.trim().to_owned();
    let rest = (words.len() >= next + 3).then(|| said.rest(next));
    match rest {
        // "…, Gurgaon 122003. Aur landmark Huda market ke paas" says where it is, too.
        Some(rest) if landmark(&said, next) => {
            Some(Told { address: format!("{address}, {rest}"), rest: None })
        }
        rest => Some(Told { address, rest }),
    }
}

/// Whether what begins at a word only tells what the address is near to.
fn landmark(said: &Said, from: usize) -> bool {
    let behind = || said.words[from..].iter().map(|(w, _)| w.as_str());
    let near = behind().take(2).any(|w| listed(LANDMARKS, w))
        || behind().next_back().is_some_and(|w| listed(NEAR, w));
    let asks = said.chars[said.words[from].1.0..].contains(&'?');
    near && !asks && behind().count() <= LANDMARK && !behind().any(|w| listed(JOINS, w))
}

/// Where the address begins whose first telling word that is: behind what names it, behind the sentence before, behind small talk.
fn begin(said: &Said, first: usize) -> usize {
    let word = |at: usize| said.words.get(at).map_or("", |(w, _)| w.as_str());
    let colon = |at: usize| said.chars[said.words[at - 1].1.1..said.words[at].1.0].starts_with(&[':', ' ']);
    let sentence = (1..=first).rev().find(|at| breaks(said, *at) || colon(*at)).unwrap_or(0);
    let named = (sentence..first).rev().find(|at| listed(NAMES, word(*at)));
    // "Change the delivery of ORD-10002 to 14 MG Road": behind the number of an order and what leads to the address.
    let numbered =
        |at: &usize| word(*at).starts_with(|c: char| c.is_ascii_digit()) && behind_order(said, *at);
    if let Some(order) =
        (sentence.max(1)..first).rev().find(numbered).filter(|at| named.is_none_or(|n| n < *at))
    {
        return (order + 1..first).find(|at| !listed(TO, word(*at))).unwrap_or(first);
    }
    let mut at = match named {
        Some(name) => {
            let mut at = name + 1;
            while at < first && listed(IS, word(at)) {
                at += 1;
            }
            at
        }
        None => sentence,
    };
    // "The one I have just given, 14 MG Road": behind the last comma before it that only talk stands before.
    let talk = |from: usize, to: usize| (from..to).any(|at| listed(TALK, word(at)));
    at = (at + 1..=first).rev().find(|it| comma(said, *it) && talk(at, *it)).unwrap_or(at);
    // Of small words only those go that something goes behind: "la Castellana 12" keeps its article.
    let mut seen = at;
    while seen < first
        && (listed(BEFORE, word(seen)) || listed(BETWEEN, word(seen)) || listed(NAMES, word(seen)))
    {
        let strong = !listed(BETWEEN, word(seen));
        seen += 1;
        if strong {
            at = seen;
        }
    }
    at
}

/// Whether a word stands behind what numbers of other things are called.
fn behind_order(said: &Said, at: usize) -> bool {
    at > 0 && said.words.get(at - 1).is_some_and(|(w, _)| listed(ORDERS, w))
}

/// Whether a comma stands before a word.
fn comma(said: &Said, at: usize) -> bool {
    said.chars[said.words[at - 1].1.1..said.words[at].1.0].contains(&',')
}

/// Whether something else begins at a word.
fn ends(said: &Said, at: usize) -> bool {
    breaks(said, at) || listed(JOINS, &said.words[at].0)
}

/// Whether a sentence ends before a word.
fn breaks(said: &Said, at: usize) -> bool {
    let (before, (_, from)) = &said.words[at - 1];
    let gap = &said.chars[*from..said.words[at].1.0];
    gap.iter().any(|c| matches!(c, '?' | '!' | '।' | '\n'))
        || (gap.first() == Some(&'.')
            && gap.len() > 1
            && !listed(SHORT, before)
            && before.chars().count() > 1)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn an_address_is_told_from_what_is_said_around_it() {
        for (text, address, rest) in [
            ("calle alcala 45 3B 28014 madrid", "calle alcala 45 3B 28014 madrid", None),
            ("ah vale pues es calle alcala 45 3ºB 28014 madrid", "calle alcala 45 3ºB 28014 madrid", None),
            (
                "no tio la direccion es solo calle alcala 45 3B 28014 madrid",
                "calle alcala 45 3B 28014 madrid",
                None,
            ),
            (
                "sii mandalo a casa d mi abuela calle mayor 12 madrid 28013",
                "a casa d mi abuela calle mayor 12 madrid 28013",
                None,
            ),
            (
                "flat 302 sunrise apartments, sector 45, gurgaon 122003. aur landmark huda market ke paas",
                "flat 302 sunrise apartments, sector 45, gurgaon 122003, landmark huda market ke paas",
                None,
            ),
            (
                "flat 302, sector 45, gurgaon 122003. is there a shop near?",
                "flat 302, sector 45, gurgaon 122003",
                Some("is there a shop near?"),
            ),
            (
                "calle alcala 45 3B 28014 madrid y dime si el de la airfryer lo puedo devolver",
                "calle alcala 45 3B 28014 madrid",
                Some("dime si el de la airfryer lo puedo devolver"),
            ),
            (
                "i just gave it.. 14 MG Road, Indiranagar, Bengaluru 560038",
                "14 MG Road, Indiranagar, Bengaluru 560038",
                None,
            ),
            (
                "another address obviously. 14 MG Road, Indiranagar, Bengaluru 560038",
                "14 MG Road, Indiranagar, Bengaluru 560038",
                None,
            ),
            (
                "flat 302 sai residency, baner road pune 411045",
                "flat 302 sai residency, baner road pune 411045",
                None,
            ),
            (
                "naya pata hai Sai Residency, flat 302, Pune 411045",
                "Sai Residency, flat 302, Pune 411045",
                None,
            ),
            (
                "flat 302, baner road pune 411045. kis din aayega ab",
                "flat 302, baner road pune 411045",
                Some("kis din aayega ab"),
            ),
            ("फ्लैट 12, सेक्टर 18, नोएडा 201301", "फ्लैट 12, सेक्टर 18, नोएडा 201301", None),
            ("मेरा नया पता है मकान 4, गली 7, दिल्ली 110092", "मकान 4, गली 7, दिल्ली 110092", None),
            (
                "ORD-10002 का पता बदलना है, मेरा नया पता है मकान 4, गली 7, दिल्ली 110092",
                "मकान 4, गली 7, दिल्ली 110092",
                None,
            ),
            (
                "address change karna hai bola na, flat 1203 tower B supertech capetown sector 74 noida 201301",
                "flat 1203 tower B supertech capetown sector 74 noida 201301",
                None,
            ),
            (
                "nahi nahi \"karna hai bola na\" mat likhna address me 😂 sirf flat 1203 tower B supertech capetown sector 74 noida 201301",
                "flat 1203 tower B supertech capetown sector 74 noida 201301",
                None,
            ),
            ("H. No. 12, Park St. 4, Kolkata 700016", "H. No. 12, Park St. 4, Kolkata 700016", None),
            (
                "dejalo. pon la direccion del ord-10014 porfa: calle alcala 120 3b 28009 madrid",
                "calle alcala 120 3b 28009 madrid",
                None,
            ),
            (
                "otra direccion, la q te acabo de poner, alcala 123 3B 28009 madrid",
                "alcala 123 3B 28009 madrid",
                None,
            ),
            (
                "no, quita lo de la q te acabo de poner jaja, solo calle alcala 123 3B 28009 madrid",
                "calle alcala 123 3B 28009 madrid",
                None,
            ),
            (
                "anda pues es calle alcala 123 3B, 28009 madrid, se me olvido poner el piso jeje",
                "calle alcala 123 3B, 28009 madrid",
                Some("se me olvido poner el piso jeje"),
            ),
            ("12 park lane, 560001 bengaluru, floor 3", "12 park lane, 560001 bengaluru, floor 3", None),
            ("the one i just typed, flat 4, 12 park lane 560001", "flat 4, 12 park lane 560001", None),
            ("la Castellana 12, 28046 Madrid", "la Castellana 12, 28046 Madrid", None),
            (
                "cambia la entrega de ORD-10002 a calle alcala 214 3ºB, 28028 madrid",
                "calle alcala 214 3ºB, 28028 madrid",
                None,
            ),
            (
                "order 10002 ko flat 12 rose court, MG road pune 411001 bhej do",
                "flat 12 rose court, MG road pune 411001 bhej do",
                None,
            ),
            (
                "send it to 7 Church Street, Bengaluru 560001 please",
                "7 Church Street, Bengaluru 560001",
                None,
            ),
            (
                "buff pues es c/ Embajadores 54, 3º B, 28012 Madrid",
                "c/ Embajadores 54, 3º B, 28012 Madrid",
                None,
            ),
        ] {
            let found = told(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.address.as_str(), found.rest.as_deref()), (address, rest), "{text}");
        }
    }

    #[test]
    fn other_messages_tell_none() {
        for text in [
            "Achha ji. Us din main ghar par nahi rahunga, kya delivery ek do din aage kar sakte hain? Padosi ko bhi de sakte hain",
            "Haan ji 26 tarikh ko karwa dijiye",
            "Nahi ji naya kuch nahi, chhodiye isko. Woh LG ka TV cancel karwana hai, bete ne doosra le liya.",
            "where is order 10023?",
            "no, friday at 5",
            "yes please",
            "el viernes a las 10",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
