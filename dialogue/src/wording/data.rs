//! What customers say about advertising and their data: no advertising, what the data are wanted for, a refusal to give them.

use super::Said;
use crate::fold::{fold, listed};

/// Whether a message wants no advertising and nothing more: "no ads please, but keep the order updates".
pub(crate) fn only_ads(text: &str) -> bool {
    const ADS: &str = "ads ad advert adverts advertising advertisement advertisements marketing publicidad propaganda anuncios \
        विज्ञापन एड ऐड प्रचार vigyapan vigyaapan prachar";
    const OFFERS: &str = "promo promos promotion promotions promotional promociones promocion ofertas offers offer ऑफर ऑफ़र प्रमोशन प्रमोशनल";
    const SENDING: &str = "send sending message messages msg msgs mande mandes manden mandeis envien envies enviar mensajes recibir receive \
        bhejo bhejna bhejiye bhej भेजो भेजना भेजें भेजिए भेज मैसेज";
    const NOT: &str =
        "no not stop dont without sin dejen deja dejad mat nahi nahin na bina band मत नहीं नही ना बिना बंद";
    const ALL: &str = "all any anything everything todo todos ninguno ningun nada sab kuch koi सब कुछ कोई";
    const KEEP: &str = "but only keep except pero solo excepto menos par lekin magar sirf पर लेकिन मगर सिर्फ";
    let said = Said::of(text);
    let about = said.any(ADS) || (said.any(OFFERS) && said.any(SENDING));
    about
        && said.any(NOT)
        && (said.any(KEEP) || !said.any(ALL))
        && !text.contains(['?', '¿'])
        && !keeps_messages(text)
}

/// Whether a message says that nothing shall be stopped: "don't stop the messages", "मैसेज आना बंद मत करना", "no dejéis de avisarme".
/// English and Spanish deny the stopping before it, Hindi right behind it.
pub(crate) fn keeps_messages(text: &str) -> bool {
    const STOP: &str = "stop stopping unsubscribe block parar pares pareis paren pare dejar dejes dejeis dejen deje cortes corten \
        band बंद बन्द";
    const DENIES: &str = "dont not never no nunca";
    const BETWEEN: &str = "please ever me nos la los que want you to quiero quiere por favor";
    const BEHIND: &str = "mat na nahi nahin nhi मत न ना नहीं नही";
    let said = Said::of(text);
    (0..said.words.len()).filter(|at| listed(STOP, &said.words[*at].0)).any(|at| {
        let denied_before = (0..at)
            .rev()
            .take_while(|i| !said.pause_before(i + 1))
            .find(|i| !listed(BETWEEN, &said.words[*i].0))
            .is_some_and(|i| listed(DENIES, &said.words[i].0));
        let behind = |w: &(String, (usize, usize))| listed(BEHIND, &w.0);
        denied_before || (!said.pause_before(at + 1) && said.words.get(at + 1).is_some_and(behind))
    })
}

/// Whether somebody who has not agreed yet asks what their data are wanted for, or whether this is honest.
pub(crate) fn asks_why(text: &str) -> bool {
    const NUMBER: &str = "number numero no नंबर";
    const MY: &str = "my mi mera mere meri मेरा मेरे मेरी";
    const DATA: &str = "data datos info information informacion privacy privacidad details permission permiso consent \
        consentimiento agree aceptar डेटा डाटा जानकारी निजता इजाज़त अनुमति jaankari jankari";
    const WHY: &str = "why what who whom how share sell sold give use used store safe secure need para que por quien quienes comparten \
        compartir venden vender usan usar dan guardan necesitas necesitan seguro segura kyu kyun kyon kisliye kis kisi kya kahan doge dega denge \
        dete bechoge becho safe क्यों क्यूं किस किसी किसको क्या कहां दोगे देंगे बेच बेचोगे सुरक्षित";
    const TRUST: &str = "fraud scam scammer fake legit genuine real trust estafa timo fraude fiable fiar verdad thug dhokha dhoka farzi \
        farji asli nakli bharosa फ्रॉड धोखा ठग नकली असली फर्जी भरोसा स्कैम";
    const SHOP: &str = "shop store company this site business tienda empresa esto sitio dukaan dukan company ye yeh hai h दुकान कंपनी ये यह है";
    const WHY_ALONE: &str = "why kyu kyun kyon क्यों क्यूं";
    let said = Said::of(text);
    let short = said.words.len() <= 16;
    let alone = said.words.len() <= 2 && said.any(WHY_ALONE);
    let question = fold(text);
    let alone = alone
        || matches!(
            question.as_str(),
            "para que" | "por que" | "y eso por que" | "y para que" | "what for" | "kis liye" | "किस लिए"
        );
    short
        && (alone
            || ((said.any(DATA) || (said.any(NUMBER) && said.any(MY))) && said.any(WHY))
            || (said.any(TRUST) && said.any(SHOP) && !said.any("product order pedido ऑर्डर")))
}

/// Whether a message refuses to give data, even before it is asked for.
pub(crate) fn refuses_data(text: &str) -> bool {
    const DATA: &str = "data datos info information informacion number numero details डेटा डाटा जानकारी नंबर डिटेल jaankari jankari";
    const GIVE: &str = "give share giving sharing use using store dar doy compartir dare usen usan usar usarlos guarden deni dena dunga dungi doonga de देनी देना दूंगा दूंगी";
    const NOT: &str = "no not dont wont never nahi nahin nhi नहीं नही मत";
    let said = Said::of(text);
    said.words.len() <= 16 && !text.contains(['?', '¿']) && said.any(DATA) && said.any(GIVE) && said.any(NOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advertising_is_not_everything() {
        for text in [
            "Please no ads, but keep order updates",
            "विज्ञापन मत भेजना, पर ऑर्डर की जानकारी देते रहना",
            "no me mandéis publicidad",
            "stop sending promotional messages",
            "offers mat bhejna bas order ka batana",
        ] {
            assert!(only_ads(text), "{text}");
        }
        for text in
            ["stop all ads and messages", "do you have offers, not samsung", "no more messages", "any ads?"]
        {
            assert!(!only_ads(text), "{text}");
        }
    }

    #[test]
    fn what_says_that_nothing_shall_stop() {
        for text in [
            "don't stop the messages",
            "please do not ever stop sending me the offers",
            "no dejéis de avisarme",
            "no quiero que me dejen de llegar los avisos",
            "मैसेज आना बंद मत करना, ऑफर आए तो बताना",
            "msgs band na karna",
        ] {
            assert!(keeps_messages(text), "{text}");
            assert!(!only_ads(text), "{text}");
        }
        for text in [
            "stop",
            "no, stop it",
            "no more messages, stop",
            "please stop, I don't want this",
            "no quiero más mensajes, parad",
            "deja de mandarme cosas",
            "मैसेज बंद करो, मत भेजो",
            "band karo, nahi chahiye",
        ] {
            assert!(!keeps_messages(text), "{text}");
        }
    }

    #[test]
    fn worries_and_refusals() {
        for text in [
            "para qué necesitas mis datos?",
            "is this a real shop or fraud?",
            "mera number kisi ko doge to nahi?",
            "why do you need my data",
            "para qué quieres mi número",
            "मेरा डेटा किसको दोगे",
            "kyu?",
        ] {
            assert!(asks_why(text), "{text}");
        }
        for text in [
            "where is my order",
            "phone under 20000",
            "mujhe aapke delhi store ka number chahiye",
            "is the nike shoe real leather",
        ] {
            assert!(!asks_why(text), "{text}");
        }
        assert!(refuses_data("no quiero q usen mis datos, nomás quiero saber si tienen iphone 15"));
        assert!(refuses_data("मुझे नहीं देनी कोई जानकारी") && refuses_data("no quiero dar mis datos"));
        assert!(!refuses_data("I have no order number") && !refuses_data("nahi"));
    }
}
