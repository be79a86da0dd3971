//! Words that ask for a person, wherever they stand in a message: a customer who is asked something else has them heard all the
//! same.

use super::Said;
use crate::fold::listed;

/// What asks for somebody who stands behind it.
const ASKS: &str = "get give want need talk talking speak speaking chat connect transfer put pass bring call fetch pasame paseme pasa pase ponme \
    pongame comunicame comuniqueme comunicarme hablar hablo habla quiero necesito prefiero dame deme";
/// What may stand between.
const BETWEEN: &str = "me us to with through a an some somebody someone one real actual live proper human please pls just now con una un alguien \
    persona de verdad ya por favor porfa";
/// Who is asked for.
const WHO: &str = "human person agent representative rep operator humano humana persona asesor asesora agente operador operadora";
/// The same in Hindi and Hinglish, where what is wanted stands behind it.
const WHO_FIRST: &str = "insaan insan agent इंसान एजेंट प्रतिनिधि";
const WANTED: &str =
    "baat bat bula bulao bulaiye bulado chahiye chaiye connect milao बात बुला बुलाओ बुलाइए चाहिए मिलाओ";
/// Words between these two, at most.
const NEAR: usize = 2;
/// What takes it back, before it.
const NOT: &str = "no not dont never without nahi nhi nahin mat sin nunca नहीं नही मत";
/// What follows one who is wanted for something else: "I need a person to carry it up".
const FOR: &str = "to who that which for que para q";

/// Whether a message asks for a person in so many words.
pub(crate) fn wants_person(text: &str) -> bool {
    let said = Said::of(text);
    let word = |at: usize| said.words.get(at).map_or("", |(w, _)| w.as_str());
    // "I don't want to talk to a person": as far back as the clause goes.
    let denied = |at: usize| {
        (0..at).rev().take_while(|before| !said.pause_before(before + 1)).any(|at| listed(NOT, word(at)))
    };
    (0..said.words.len()).any(|at| {
        if listed(ASKS, word(at)) && !denied(at) {
            let mut who = at + 1;
            while who < said.words.len() && listed(BETWEEN, word(who)) && !said.pause_before(who) {
                // "A human being" ends with one; so does "a person".
                if listed(WHO, word(who)) && !listed(WHO, word(who + 1)) && !listed(BETWEEN, word(who + 1)) {
                    break;
                }
                who += 1;
            }
            let ends =
                who + 1 >= said.words.len() || said.pause_before(who + 1) || !listed(FOR, word(who + 1));
            if who > at + 1
                && who < said.words.len()
                && listed(WHO, word(who))
                && !said.pause_before(who)
                && ends
            {
                return true;
            }
        }
        listed(WHO_FIRST, word(at))
            && (at + 1..=at + 1 + NEAR).any(|next| listed(WANTED, word(next)))
            && !(at..=at + 2 + NEAR).any(|at| listed(NOT, word(at)))
    })
}

/// Whether a clause that is about a person says that none is wanted: "don't call anybody", "किसी को मत बुलाओ". Whether it is about
/// one its caller knows; "nobody answers me" wants one all the more.
pub(crate) fn refuses_person(clause: &str) -> bool {
    /// Who tells not to, or that there is no need.
    const DONT: &str = "dont never sin mat na मत ना";
    const CALLED: &str = "call calling bring bringing connect transfer involve bother pass send phone ring llames llame llamen llameis avises avise \
        pases pase metas meta molestes moleste bulao bulana bulaiye bulaana bulwao karo karna kariye karao lagao बुलाओ बुलाना बुलाइए बुलाइये करो करना \
        कीजिए कराओ लगाओ";
    const NO: &str = "no not dont nahi nhi nahin नहीं नही";
    const WANTED: &str = "need want wanted hace quiero necesito chahiye chaiye karni karna चाहिए करनी करना";
    const SOMEBODY: &str = "anyone anybody somebody someone people staff colleague team nadie alguien gente kisi aadmi admi banda bande baat \
        call phone किसी आदमी बंदा बंदे व्यक्ति बात फोन फ़ोन कॉल";
    let said = Said::of(clause);
    let word = |at: usize| said.words.get(at).map_or("", |(w, _)| w.as_str());
    let count = said.words.len();
    let about = (0..count)
        .any(|at| listed(SOMEBODY, word(at)) || listed(WHO, word(at)) || listed(WHO_FIRST, word(at)));
    let near = |at: usize, list: &'static str| (at + 1..=at + 1 + NEAR).any(|next| listed(list, word(next)));
    about
        && (0..count).any(|at| {
            (listed(DONT, word(at)) || (word(at) == "no" && word(at + 1) != "one")) && near(at, CALLED)
                || listed(NO, word(at)) && near(at, WANTED)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_refused_in_every_variety() {
        for text in [
            "don't call anybody",
            "please dont bring a person",
            "no need of a person",
            "no hace falta persona",
            "no llames a nadie",
            "no quiero hablar con nadie",
            "किसी को मत बुलाओ बेटा",
            "अरे बेटा फोन पर बात नहीं करनी",
            "kisi ko mat bulao",
            "arre insaan nahi chahiye yaar",
        ] {
            assert!(refuses_person(text), "{text}");
        }
        for text in [
            "no me contesta nadie",
            "nobody calls me back",
            "no one is answering, connect me",
            "koi phone nahi utha raha",
            "koi baat nahi kar raha, kisi ko bulao",
            "मुझे किसी इंसान से बात करनी है",
            "I did not get a call from anybody",
            "why does nobody call",
        ] {
            assert!(!refuses_person(text), "{text}");
        }
    }

    #[test]
    fn a_person_is_asked_for_wherever_it_stands() {
        for text in [
            "yes obviously its ORD-88231 just get me a human being",
            "talk to a real person",
            "I want to speak to an agent now",
            "ORD-10014, y pásame con una persona",
            "quiero hablar con un asesor",
            "kisi insaan se baat karao",
            "मुझे किसी इंसान से बात करनी है",
        ] {
            assert!(wants_person(text), "{text}");
        }
        for text in [
            "I need a person to carry it upstairs",
            "I don't want a human",
            "I don't want to talk to a person, just tell me where it is",
            "saman uthane ke liye aadmi chahiye",
            "the delivery agent was rude",
            "una persona de la tienda me dijo que sí",
            "the person who called me",
            "quiero una lavadora para una persona",
            "give it to my agent at the gate",
            "ghar pe koi aadmi nahi hai",
        ] {
            assert!(!wants_person(text), "{text}");
        }
    }
}
