//! The words that make a price limit of an amount: which end it is, how nearly it is meant, and what turns that round.

use super::amounts::Word;
use crate::values::lists::{cues, has_word};

/// Words before an amount that make it the highest, of one word or more.
pub(super) const UPPER_BEFORE: &str = "under|below|within|upto|max|maximum|maximo|less than|up to|at most|no more|menos de|por debajo|como mucho|hasta|debajo de|budget|tope|cheaper than|zyada se zyada|jyada se jyada|ज्यादा से ज्यादा";
/// Words behind it.
pub(super) const UPPER_BEHIND: &str = "tak|tk|tkk|se kam|se km|s kam|s km|ke andar|k andar|andar|ke niche|ke neeche|k niche|k neeche|se niche|se neeche|or less|o menos|como mucho|max|maximo|tope|तक|से कम|के अंदर|अंदर|के नीचे|से नीचे|budget|बजट|ke budget|k budget|के बजट";
/// Words behind an amount that names its scale or currency: "40 hazar me", "15 hazar wala phone".
pub(super) const UPPER_BEHIND_MONEY: &str = "me|mein|mai|mei|m|में|मे|wala|wali|wale|vala|vali|वाला|वाली|वाले";
/// As [`UPPER_BEHIND_MONEY`], but what it belongs to follows: "डेढ़ लाख का लैपटॉप".
const OF: &str = "ka ki ke k का की के";
/// What an amount is *of* that is no price to be looked for: "2 hazar ka refund".
const NO_GOODS: &str = "order refund payment bill invoice receipt emi discount coupon cashback fraud charge recharge fine kaam hisab chuna paas \
    pass aas karib kareeb lagbhag upar uper beech bich baad aaspaas ऑर्डर आर्डर रिफंड रिफ़ंड पेमेंट बिल ईएमआई डिस्काउंट कूपन कैशबैक चार्ज आस पास \
    करीब लगभग ऊपर बीच बाद";
/// Words before an amount that make it the lowest.
pub(super) const LOWER_BEFORE: &str = "over|above|more than|at least|minimum|min|mas de|a partir|desde|minimo|por encima|encima de|from|beyond|exceed|exceeds|exceeding|pase de|pasen de|pasa de|pasan de|pasar de|pasarme de|pasarse de|supere|superen|supera|superan|exceda|excedan|vaya de|vayan de|irme de|irse de|cueste mas de|cuesten mas de";
/// Words behind it.
pub(super) const LOWER_BEHIND: &str = "se zyada|se jyada|s zyada|s jyada|se jyda|se zyda|se jada|se ziada|se upar|se uper|se oopar|ke upar|ke uper|or more|o mas|से ज्यादा|से ऊपर|से उपर|के ऊपर|के उपर|से अधिक";
/// Words that say that about as much is meant, before the amount and behind it.
const ABOUT_BEFORE: &str = "around|about|approx|approximately|roughly|unos|unas|sobre|alrededor de|cerca de|aproximadamente|lagbhag|kareeb|karib|takriban|लगभग|करीब";
const ABOUT_BEHIND: &str = "ke aas paas|k aas paas|ke aaspaas|k aaspaas|ke aas pass|k aas pass|aas paas|aas pass|ke aas pas|k aas pas|aas pas|ke aaspas|k aaspas|aaspas|ke karib|ke kareeb|k karib|k kareeb|ke lagbhag|ish|or so|or thereabouts|give or take|more or less|mas o menos|o asi|o por ahi|aprox|aproximadamente|के आस पास|आस पास|के आसपास|आसपास|के करीब|के लगभग";
/// Limits that are hardly said of anything but a price, whatever number follows.
const PLAIN_BEFORE: &str = "under|below|less than|menos de|por debajo de|cheaper than|cost more than|costs more than|spend more than|\
    se vaya de|se vayan de|se pase de|cueste mas de|cuesten mas de|gastar mas de|gastarme mas de|irme de";
const PLAIN_BEHIND: &str =
    "se kam|se km|ke andar|k andar|ke niche|ke neeche|se niche|se neeche|से कम|के अंदर|के नीचे|से नीचे";
/// Words that deny.
const NOT: &str = "not no nothing never none dont doesnt didnt wont cant cannot shouldnt isnt arent mustnt without sin nada ni nunca tampoco \
    nahi nahin nahee nai nhi nhin na mat नहीं नही न ना मत";
/// Words that may stand between a limit behind its amount and what denies it: "3000 se upar *wali* nahi".
const BETWEEN: &str = "wala wali wale vala vali vale waala waali ka ki ke kharch kharcha mehenga mehnga mehengi mehanga mahanga mahangi daam \
    price budget rate bhi toh to koi kuch jaana jana ho hona chale jaye वाला वाली वाले का की के खर्च महंगा महंगी महंगे दाम बजट भी तो कोई कुछ जाना";
/// Words that make a question of what denies: "2000 se kam nahi hai?" asks for less than 2000.
const ASKS: &str = "hai h he hain milega milegi milta milte hoga है हैं मिलेगा मिलेगी मिलता होगा kya क्या";
/// Words beside an amount that has been paid or is to be given back: "you charged me $50 twice".
const PAID: &str = "paid charged charging charge debited deducted billed overcharged refund refunds refunded refunding reimburse reimbursed reimbursement \
    cobro cobros cobrado cobrada cobraron cobraste cobrasteis cobran cobraban cargaron cargado pague pagado pagaron reembolso reembolsos \
    reembolsar reembolsado reembolsaron devolucion devuelto devolver devuelvan devolvieron abonado kata kate kaata रिफंड काटा काटे \
    कटा कटे चार्ज";
/// How far before a limit a denial may stand: "I don't want to spend more than". As far from an amount [`PAID`] is looked for.
const REACH: usize = 5;

pub(super) fn is(list: &'static str, word: &str) -> bool {
    has_word(list, word)
}

/// How many words of a list's longest fitting cue end (`ahead`) or begin at a place; none: 0.
fn length(list: &'static str, words: &[Word], from: usize, ahead: bool) -> usize {
    let fits = |cue: &[String]| {
        let range =
            if ahead { from.checked_sub(cue.len()).map(|s| s..from) } else { Some(from..from + cue.len()) };
        let found = range.and_then(|r| words.get(r));
        found.is_some_and(|w| w.iter().zip(cue).all(|(w, c)| w.text == *c)).then_some(cue.len())
    };
    cues(list).iter().filter_map(|cue| fits(cue)).max().unwrap_or(0)
}

pub(super) fn has(list: &'static str, words: &[Word], from: usize, ahead: bool) -> bool {
    length(list, words, from, ahead) > 0
}

/// The words of a cue before an amount; articles, "about" or a currency may stand between: "less than the 500".
fn before(list: &'static str, words: &[Word], from: usize) -> Option<(usize, usize)> {
    let between = "the de los about around unos unas rs a of to";
    (0..=2).find_map(|n| {
        let at = from.checked_sub(n)?;
        let length = length(list, words, at, true);
        (length > 0 && words[at..from].iter().all(|w| is(between, &w.text))).then_some((at - length, at))
    })
}

/// What the words around an amount say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    Nothing,
    Upper,
    Lower,
    About,
}

/// Which end of a limit an amount is; `money` if it says itself that it is money.
pub(super) fn said(words: &[Word], first: usize, end: usize, money: bool) -> Said {
    let behind =
        |list: &'static str| Some(length(list, words, end, false)).filter(|n| *n > 0).map(|n| end + n);
    // "Zyada nahi 3000 se", "no más de 80", "not above 4k".
    let swapped = first >= 2
        && is("zyada jyada jada ziada upar uper ज्यादा ऊपर उपर", &words[first - 2].text)
        && is(NOT, &words[first - 1].text)
        && words.get(end).is_some_and(|w| is("se से", &w.text));
    if swapped {
        return Said::Upper;
    }
    if let Some((start, _)) = before(LOWER_BEFORE, words, first) {
        return if denied_before(words, start, REACH) { Said::Upper } else { Said::Lower };
    }
    if let Some(after) = behind(LOWER_BEHIND) {
        return if denied_behind(words, after) { Said::Upper } else { Said::Lower };
    }
    if let Some((start, _)) = before(UPPER_BEFORE, words, first) {
        // "No less than", "not under": but "no, under 3000" and "no under 3000" turn nothing round.
        let cue = words[start].text.as_str();
        let turned = denied_before(words, start, 1)
            && (is("less menos debajo", cue) || words[start - 1].text == "not")
            && !is("no", &words[start].text);
        return if turned { Said::Lower } else { Said::Upper };
    }
    if let Some(after) = behind(UPPER_BEHIND) {
        let turned = is("kam km कम", &words[after - 1].text) && denied_behind(words, after);
        return if turned { Said::Lower } else { Said::Upper };
    }
    if before(ABOUT_BEFORE, words, first).is_some() || behind(ABOUT_BEHIND).is_some() {
        return Said::About;
    }
    // "Mil ke" is "together" in Hindi.
    let goods = words.get(first).is_some_and(|w| w.text != "mil")
        && words.get(end).is_some_and(|w| is(OF, &w.text))
        && words.get(end + 1).is_some_and(|w| clause(w) && !is(NO_GOODS, &w.text));
    if money && (behind(UPPER_BEHIND_MONEY).is_some() || goods) {
        return Said::Upper;
    }
    Said::Nothing
}

/// Whether an amount is the one denied of two that a customer sets right: "2000 bola tha, 1000 *nahi*", "*not* 1000".
pub(super) fn denied(words: &[Word], first: usize, end: usize) -> bool {
    const AHEAD: &str = "not no";
    const BEHIND: &str = "nahi nahin nahee nai nhi nhin नहीं नही";
    let ahead = first.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|w| is(AHEAD, &w.text));
    let behind = words.get(end).is_some_and(|w| is(BEHIND, &w.text))
        && words.get(end + 1).is_none_or(|w| !clause(w) || is(SAID, &w.text));
    ahead || behind
}

/// Words that tell what was said before: "2000 *bola* tha".
const SAID: &str = "said told asked meant bola bole boli kaha kahaa likha tha dije dicho puse pedi बोला बोले बोली कहा लिखा था";

/// Whether a number without scale or currency has a limit that is said of prices: "under 40".
pub(super) fn plainly(words: &[Word], first: usize, end: usize) -> bool {
    length(PLAIN_BEFORE, words, first, true) > 0 || length(PLAIN_BEHIND, words, end, false) > 0
}

/// Whether an amount is one that has been paid or is to be given back.
pub(super) fn paid(words: &[Word], first: usize, end: usize) -> bool {
    let word = |w: &&Word| clause(w) || w.text.starts_with(|c: char| c.is_ascii_digit());
    let ahead = words[..first].iter().rev().take(REACH).take_while(word);
    let behind = words[end..].iter().take(REACH).take_while(word);
    ahead.chain(behind).any(|w| is(PAID, &w.text))
}

fn clause(word: &Word) -> bool {
    word.text.chars().next().is_some_and(char::is_alphabetic)
}

fn denied_before(words: &[Word], start: usize, reach: usize) -> bool {
    words[..start].iter().rev().take(reach).take_while(|w| clause(w)).any(|w| is(NOT, &w.text))
}

fn denied_behind(words: &[Word], after: usize) -> bool {
    let mut at = after;
    while words.get(at).is_some_and(|w| is(BETWEEN, &w.text)) {
        at += 1;
    }
    let asked = words.get(at + 1).is_some_and(|w| is(ASKS, &w.text));
    words.get(at).is_some_and(|w| is(NOT, &w.text)) && !asked
}
