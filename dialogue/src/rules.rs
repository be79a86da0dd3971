//! Words that mean one thing in every context: whole messages only, so that "cancel my order" stays the customer's wish.

use std::collections::{BTreeMap, BTreeSet};

pub use crate::fold::fold;

/// Kinds of words; `settings.yml` may add to each.
pub const KINDS: [&str; 9] = ["stop", "halt", "restart", "cancel", "repeat", "skip", "yes", "no", "person"];

const WORDS: [(&str, &[&str]); 9] = [
    (
        "stop",
        &[
            "stop",
            "stop all",
            "unsubscribe",
            "opt out",
            "optout",
            "stop messages",
            "stop messaging me",
            "end messages",
            "baja",
            "alto",
            "parar",
            "para",
            "darme de baja",
            "dame de baja",
            "cancelar suscripcion",
            "no mas mensajes",
            "detener",
            "detener mensajes",
            "संदेश बंद करें",
            "संदेश बंद करो",
            "मैसेज बंद करो",
            "मैसेज मत भेजो",
            "स्टॉप",
            "message band karo",
            "messages band karo",
            "msg band karo",
            "message mat bhejo",
            "msg mat bhejo",
        ],
    ),
    // STOP where nothing is going on; while a matter is open "don't send it" is about the matter.
    (
        "halt",
        &[
            "रोकें",
            "रोको",
            "बंद करो",
            "बंद करें",
            "बंद कीजिए",
            "band karo",
            "band kar do",
            "mat bhejo",
            "roko",
            "mat bhejna",
            "मत भेजो",
            "मत भेजना",
            "rok do",
            "रोक दो",
        ],
    ),
    (
        "person",
        &[
            "agent",
            "human",
            "person",
            "real person",
            "operator",
            "representative",
            "agente",
            "humano",
            "persona",
            "asesor",
            "asesora",
            "operador",
            "एजेंट",
            "इंसान",
            "प्रतिनिधि",
            "insaan",
            "insan",
            "agent chahiye",
            "agent please",
        ],
    ),
    (
        "restart",
        &[
            "restart",
            "start over",
            "/restart",
            "reiniciar",
            "empezar de nuevo",
            "volver a empezar",
            "फिर से शुरू करो",
            "फिर से शुरू करें",
            "phir se shuru karo",
            "fir se shuru karo",
            "shuru se",
        ],
    ),
    (
        "cancel",
        &[
            "cancel",
            "never mind",
            "nevermind",
            "forget it",
            "leave it",
            "drop it",
            "quit",
            "exit",
            "cancelar",
            "cancela",
            "olvidalo",
            "dejalo",
            "da igual",
            "salir",
            "रहने दो",
            "रहने दीजिए",
            "छोड़ो",
            "छोड़िए",
            "जाने दो",
            "रद्द करो",
            "rehne do",
            "rahne do",
            "chhodo",
            "chodo",
            "jaane do",
            "jane do",
            "cancel karo",
            "cancel kar do",
        ],
    ),
    (
        "repeat",
        &[
            "repeat",
            "say again",
            "say that again",
            "again please",
            "come again",
            "repite",
            "repitelo",
            "otra vez",
            "puedes repetir",
            "फिर से बोलो",
            "दोबारा बताओ",
            "दोबारा बोलो",
            "phir se bolo",
            "dobara bolo",
            "dobara batao",
            "repeat karo",
        ],
    ),
    (
        "skip",
        &[
            "skip",
            "skip it",
            "skip this",
            "saltar",
            "omitir",
            "siguiente",
            "छोड़ दो",
            "आगे बढ़ो",
            "skip karo",
            "aage badho",
        ],
    ),
    (
        "yes",
        &[
            "yes",
            "y",
            "yep",
            "yeah",
            "yup",
            "ya",
            "ok",
            "okay",
            "k",
            "sure",
            "i agree",
            "agree",
            "accept",
            "si",
            "sip",
            "claro",
            "vale",
            "de acuerdo",
            "acepto",
            "por supuesto",
            "हाँ",
            "हां",
            "जी",
            "जी हाँ",
            "जी हां",
            "ठीक है",
            "सहमत",
            "मंज़ूर है",
            "haan",
            "han",
            "haa",
            "ha",
            "ji",
            "ji haan",
            "haan ji",
            "theek hai",
            "thik hai",
            "theek h",
            "thik h",
            "bilkul",
            "manzoor",
            "manzoor hai",
            "manzur hai",
            "मंज़ूर",
            "👍",
            "yes please",
        ],
    ),
    (
        "no",
        &[
            "no",
            "n",
            "nope",
            "nah",
            "no thanks",
            "no thank you",
            "no gracias",
            "nel",
            "नहीं",
            "नही",
            "जी नहीं",
            "ना",
            "nahi",
            "nahin",
            "nai",
            "na",
            "ji nahi",
            "no ji",
            "👎",
        ],
    ),
];

/// The words of an assistant.
#[derive(Debug, Clone)]
pub struct Words(BTreeMap<String, BTreeSet<String>>);

impl Words {
    /// Built-in words and these.
    pub fn new(added: &BTreeMap<String, Vec<String>>) -> Self {
        let mut all = BTreeMap::new();
        for (kind, words) in WORDS {
            let more = added.get(kind).into_iter().flatten().map(|w| fold(w));
            all.insert(kind.to_owned(), words.iter().map(|w| fold(w)).chain(more).collect());
        }
        Words(all)
    }

    /// Whether a whole message says STOP where nothing is going on that "don't send it" could be about.
    pub fn stops(&self, text: &str) -> bool {
        self.is("stop", text) || self.is("halt", text)
    }

    /// Whether a whole message is one of the words of a kind. A yes or no may be drawn out: "sii", "haaan", "nooo".
    pub fn is(&self, kind: &str, text: &str) -> bool {
        let folded = fold(text);
        let Some(words) = self.0.get(kind) else { return false };
        words.contains(&folded)
            || (matches!(kind, "yes" | "no")
                && shortened(&folded).is_some_and(|short| words.contains(&short)))
    }
}

/// A folded word in Latin letters without the repetition of its letters; nothing if none is repeated.
fn shortened(word: &str) -> Option<String> {
    if !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let mut short = String::new();
    for c in word.chars() {
        if !short.ends_with(c) {
            short.push(c);
        }
    }
    (short.len() > 1 && short.len() < word.len()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_messages_in_any_dress() {
        let words = Words::new(&BTreeMap::from([("stop".to_owned(), vec!["Leave me!".to_owned()])]));
        for stop in ["STOP", "stop.", " Stop! ", "¡BAJA!", "message band karo", "leave me", "Unsubscribe"] {
            assert!(words.is("stop", stop), "{stop}");
        }
        assert!(words.is("halt", "band karo") && words.is("halt", "बंद करो"));
        for not in ["stop my order", "mat bhejo", "where is the bus stop", "cancel"] {
            assert!(!words.is("stop", not), "{not}");
        }
        assert!(words.is("yes", "Sí"));
        assert!(words.is("yes", "हाँ!"));
        assert!(words.is("no", "nahi"));
        assert!(words.is("yes", "sii") && words.is("yes", "Haaan") && words.is("no", "nooo"));
        assert!(!words.is("yes", "yy") && !words.is("no", "nn") && !words.is("stop", "stoop"));
        assert!(!words.is("no", "no quiero eso"));
    }
}
