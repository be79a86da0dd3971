//! Languages in the words of a message: the one that is asked for ("English please, Hindi nahi aati"), greetings that are
//! anybody's, and Hindi in Latin letters mixed with English.

use crate::fold::{fold, listed};
use crate::negation::words_at;

/// Names of languages and scripts, folded when compared.
const NAMES: [(&str, &str); 5] = [
    ("en", "english inglish ingles inglés angrezi angreji अंग्रेज़ी अंग्रेजी इंग्लिश इंगलिश"),
    ("es", "spanish espanol español castellano स्पेनिश"),
    ("hi", "hindi devanagari devnagari हिंदी हिन्दी देवनागरी"),
    ("hi-Latn", "hinglish roman हिंग्लिश रोमन"),
    ("hi-Latn", "romanised romanized"),
];
/// Names of languages that are not served.
const OTHERS: &str = "tamil telugu marathi bengali bangla gujarati kannada malayalam punjabi urdu french francais frances german aleman \
    portuguese portugues catalan italian italiano arabic arabe chinese chino तमिल तेलुगु मराठी बंगाली बांग्ला गुजराती कन्नड़ मलयालम पंजाबी उर्दू";
/// What denies the language that follows within a few words.
const BEFORE: &str = "not no dont doesnt cant cannot never without instead sin sino";
/// What denies the language before it.
const AFTER: &str = "nahi nahin nhi nahii nai mat नहीं नही मत";
/// Verbs that make a language named a wish, whatever else the message says.
const SPEAK: &str = "speak talk write reply answer respond text chat habla hablame háblame hablar escribe escribeme escríbeme \
    responde respondeme contesta contestame bolo bol boliye bolna baat likho likh likhiye likhna jawab batao बोलो बोल बोलिए \
    बात लिखो लिख लिखिए जवाब बताओ";
/// Words between a language and what denies it, at most.
const REACH: usize = 4;

fn named(word: &str) -> Option<&'static str> {
    NAMES.iter().find(|(_, names)| listed(names, word)).map(|(code, _)| *code)
}

/// Languages that a text names: those that it wants, and those that it does not.
pub(crate) fn named_languages(text: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let said = words_at(text);
    let chars: Vec<char> = text.chars().collect();
    let pause = |a: usize, b: usize| {
        let (from, to) = (said[a].1.1, said[b].1.0);
        chars[from..to.max(from)].iter().any(|c| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | '\n'))
    };
    let (mut wanted, mut denied) = (Vec::new(), Vec::new());
    for (at, (word, _)) in said.iter().enumerate() {
        let Some(code) = named(word) else { continue };
        // A cue counts only up to a pause or another language.
        let before = (at.saturating_sub(REACH)..at)
            .rev()
            .take_while(|i| !pause(*i, i + 1) && named(&said[*i].0).is_none())
            .any(|i| listed(BEFORE, &said[i].0));
        let after = (at + 1..said.len().min(at + 1 + REACH))
            .take_while(|i| !pause(i - 1, *i) && named(&said[*i].0).is_none())
            .any(|i| listed(AFTER, &said[i].0));
        let list = if before || after { &mut denied } else { &mut wanted };
        if !list.contains(&code) {
            list.push(code);
        }
    }
    // "Hindi in roman": the script is the wish. "Hinglish nahi, Hindi" keeps its order.
    if wanted.contains(&"hi-Latn") {
        wanted.retain(|l| *l != "hi");
    }
    // "Hindi, but in English letters": Hindi's words in that script.
    if wanted.contains(&"hi")
        && said.iter().any(|(w, _)| listed("letters alphabet script akshar aksharon lipi likh अक्षरों लिपि", w))
        && wanted.contains(&"en")
    {
        wanted = vec!["hi-Latn"];
    }
    // "Hindi nahi, English letters mein likho": of English the letters are wanted.
    let lettered = said.windows(2).any(|w| {
        named(&w[0].0) == Some("en")
            && listed("letters letter alphabet alphabets script akshar aksharon अक्षरों लिपि", &w[1].0)
    });
    if lettered && (denied.contains(&"hi") || mixed(text)) {
        wanted = vec!["hi-Latn"];
        denied.retain(|l| *l != "hi-Latn");
    }
    wanted.retain(|l| !denied.contains(l));
    (wanted, denied)
}

/// The language that a message asks for in so many words, whatever else it wants: "…, but answer me in English".
pub(crate) fn asked_for(text: &str) -> Option<&'static str> {
    let said = words_at(text);
    let (wanted, _) = named_languages(text);
    let [code] = wanted[..] else { return None };
    let speaks = said.iter().any(|(w, _)| listed(SPEAK, w));
    // "English only", "only in Hindi".
    let clause = text
        .split([',', '.', '!', '?', '।', '\n'])
        .map(words_at)
        .find(|c| c.iter().any(|(w, _)| named(w) == Some(code)));
    let only = clause.is_some_and(|c| {
        let asks = |w: &str| {
            listed(
                "only solo sirf please plz pls favor porfa mejor better rather wapas vapas back vuelve vuelva volver volvamos सिर्फ प्लीज वापस",
                w,
            )
        };
        c.len() <= 4 && c.iter().any(|(w, _)| asks(w))
    });
    let at = said.iter().position(|(w, _)| named(w) == Some(code))?;
    let joins = |i: usize| said.get(i).is_some_and(|(w, _)| listed("in en me mein mai m main में", w));
    let manner = at.checked_sub(1).is_some_and(joins) || joins(at + 1);
    ((speaks && manner) || only).then_some(code)
}

/// Whether Hindi is wanted back in a text that is itself Hindi in Latin letters: "aur wapas hindi me likho".
pub(crate) fn back_in_latin(text: &str) -> bool {
    let said = words_at(text);
    let any = |list: &'static str| said.iter().any(|(w, _)| listed(list, w));
    text.is_ascii()
        && any("hindi")
        && (any("wapas vapas wapis vapis phir fir dobara dubara") || (any("back again") && mixed(text)))
}

/// A message without the clause that asks for a language; nothing if no more than a few words are left.
pub(crate) fn besides(text: &str) -> Option<String> {
    let clauses: Vec<&str> = text.split_inclusive([',', '.', '!', '?', '।', '\n', ';']).collect();
    let about = |clause: &str| words_at(clause).iter().any(|(w, _)| named(w).is_some() || listed(OTHERS, w));
    let mut left: Vec<String> = Vec::new();
    for clause in clauses {
        if !about(clause) {
            left.push(clause.to_owned());
            continue;
        }
        // "… pero mejor háblame en inglés" without a comma: what stands before the "but".
        let said = words_at(clause);
        let name = said.iter().position(|(w, _)| named(w).is_some()).unwrap_or(0);
        let but =
            said[..name].iter().rposition(|(w, _)| listed("but pero lekin par and y aur और पर लेकिन", w));
        if let Some(but) = but.filter(|b| *b >= 3) {
            left.push(clause.chars().take(said[but].1.0).collect());
        }
    }
    let rest = left.concat().trim().trim_end_matches([',', ';']).trim().to_owned();
    (words_at(&rest).len() >= 3).then_some(rest)
}

/// Whether a greeting says nothing about the language of who writes it.
pub(crate) fn anybodys(text: &str) -> bool {
    let folded = fold(text);
    let squeezed: String = {
        let mut last = None;
        folded.chars().filter(|c| last.replace(*c) != Some(*c)).collect()
    };
    let letters: String = squeezed.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
    matches!(
        letters.trim(),
        "" | "hi" | "hey" | "helo" | "hlo" | "halo" | "hi there" | "hi hi" | "ok" | "okay" | "k" | "stop"
    )
}

/// Words of Hindi in Latin letters that are words of nothing else here.
const STRONG: &str = "hai hain lena dena chahiye chaiye chahie kya kaise kitna kitne kitni nahi nahin nhi karo karna karni batao \
    bataiye mujhe mujhko mera meri mere wala wali wale aur bhi raha rahi rahe dikhao dikhaiye dekhna dekhni milega milegi kab kahan \
    kaha yaar bhai accha achha acha hoga hogi mein koi kuch aap tum apna apni kar kaun konsa kaunsa liye tak abhi sirf jaldi gaya \
    gayi hua hui karwana karvana bhejo bhejna chalega sakta sakte sakti kyu kyun kyon";
/// Words that Hindi shares with other tongues.
const WEAK: &str = "h me pe se ko ka ki ke to na ye wo hi ho tha thi the ek do h";

/// Whether a text is Hindi in Latin letters mixed with English, by its small words: "emi pe phone lena h 0% interest".
pub(crate) fn mixed(text: &str) -> bool {
    let said = words_at(text);
    let count = |list: &'static str| said.iter().filter(|(w, _)| listed(list, w)).count();
    let strong = count(STRONG);
    strong >= 2 || (strong == 1 && count(WEAK) >= 1)
}

/// Whether a short yes or greeting is Hindi in Latin letters: "haan theek hai, manzoor", "namaste bhai".
pub(crate) fn hindi_in_latin(text: &str) -> bool {
    const OWN: &str = "haan haa han hn haanji hanji hnji ji hai h theek thk thik manzoor manzur bilkul kardo krdo karo kro namaste namaskar namaskaar pranam";
    let said = words_at(text);
    !said.is_empty() && said.len() <= 6 && said.iter().any(|(w, _)| listed(OWN, w))
}

/// Whether a text asks if somebody else may write in a language, rather than wishing for it: "Can my colleague write to you in
/// Spanish?"
pub(crate) fn for_somebody_else(text: &str) -> bool {
    const MAY: &str = "can could may would puede pueden podria podrian kya क्या";
    const OTHER: &str = "colleague colleagues coworker friend friends wife husband son daughter mother father mum mom dad brother sister boss \
        team staff customer customers someone somebody people she he they companero companera colega amigo amiga esposa esposo \
        marido mujer hijo hija madre padre hermano hermana jefe jefa alguien dost biwi pati beta beti bhai behan maa papa mummy \
        koi दोस्त पत्नी पति बेटा बेटी भाई बहन माँ पापा मम्मी कोई";
    let said = words_at(text);
    let begins = said.first().is_some_and(|(w, _)| listed(MAY, w));
    begins && text.contains('?') && said.iter().skip(1).take(3).any(|(w, _)| listed(OTHER, w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_language_is_no_wish() {
        for text in [
            "Can my colleague write to you in Spanish?",
            "¿Puede mi mujer escribirte en inglés?",
            "kya mera dost hindi me likh sakta hai?",
        ] {
            assert!(for_somebody_else(text), "{text}");
        }
        for text in [
            "can you talk in english please, my son will type",
            "can u write in spanish?",
            "in spanish please",
        ] {
            assert!(!for_somebody_else(text), "{text}");
        }
        assert!(hindi_in_latin("haan theek hai, manzoor") && hindi_in_latin("haan") && !hindi_in_latin("ok"));
    }

    #[test]
    fn the_denied_language_is_not_the_wish() {
        for (text, wanted) in [
            ("Hindi नहीं आती, reply in English please", Some("en")),
            ("english nahi aati, hindi me bolo", Some("hi")),
            ("nahi roman me likho, mujhe devanagari nhi aati", Some("hi-Latn")),
            ("Please reply in English only, I don't read Hinglish", Some("en")),
            ("no hablo inglés, responde en español", Some("es")),
            ("I don't speak Hindi", None),
            ("english mat bolo hindi me baat karo", Some("hi")),
            ("इंग्लिश में बात करो please", Some("en")),
            ("can u plz talk in english", Some("en")),
            ("no, in english", Some("en")),
            ("hindi likh ke english letters me bolo bhai", Some("hi-Latn")),
            ("english letters me hindi likho", Some("hi-Latn")),
            ("hindi nahi, english letters mein likho na bhai", Some("hi-Latn")),
        ] {
            let (all, _) = named_languages(text);
            assert_eq!(all.first().copied(), wanted, "{text}");
        }
        assert_eq!(named_languages("I don't speak Hindi").1, ["hi"]);
    }

    #[test]
    fn a_wish_for_a_language_beside_another() {
        let text = "hola, me gustan las zapas nike negras talla 42 pero mejor háblame en inglés";
        assert_eq!(asked_for(text), Some("en"));
        assert_eq!(besides(text).as_deref(), Some("hola, me gustan las zapas nike negras talla 42"));
        assert_eq!(asked_for("English please"), Some("en"));
        assert_eq!(besides("can u plz talk in english"), None);
        assert_eq!(asked_for("bhai mera order kahan hai, en español por favor"), Some("es"));
        assert_eq!(asked_for("is the manual in english"), None);
        assert_eq!(asked_for("english keyboard wala laptop"), None);
    }

    #[test]
    fn whose_words() {
        for text in ["Hi", "hiii!", "hey", "Heyyy 👋", "hello"] {
            assert!(anybodys(text), "{text}");
        }
        assert!(!anybodys("namaste") && !anybodys("hola") && !anybodys("hi bhai"));
        assert!(mixed("emi pe phone lena h 0% interest") && mixed("mera order kab aayega"));
        assert!(
            !mixed("show me a phone") && !mixed("para mi hermano ki") && !mixed("do you have the S24 to buy")
        );
    }
}
