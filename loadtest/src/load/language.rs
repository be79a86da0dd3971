//! Which language an answer is in, as far as a short look tells. It says nothing where it is not sure: an answer full of
//! product names is nobody's mistake.

use super::people::Variety;

const EN: &[&str] = &[
    "the", "is", "are", "your", "you", "what", "which", "can", "i", "we", "have", "to", "for", "with", "and",
    "please", "it", "in", "of", "or", "this", "that", "from", "our", "will", "here", "would", "like",
    "shall", "me",
];
const ES: &[&str] = &[
    "el", "la", "los", "las", "de", "que", "qué", "tu", "te", "es", "en", "un", "una", "por", "para", "con",
    "y", "o", "lo", "se", "aquí", "puedo", "cuál", "quieres", "pedido", "más", "su", "del", "al", "está",
];
const HI_LATN: &[&str] = &[
    "hai", "hain", "ka", "ki", "ke", "ko", "aap", "aapka", "aapki", "aapke", "kya", "yeh", "nahi", "mein",
    "se", "par", "kaunsa", "karein", "likhiye", "bhejiye", "main", "hoon", "humari", "humare", "ab", "aur",
    "ya", "dekhein", "sakta", "karun", "chahiye", "bataiye", "batayein", "kis", "wala", "kar",
];

/// The language of a text, or `None`.
pub fn of(text: &str) -> Option<Variety> {
    let (mut latin, mut devanagari) = (0_u32, 0_u32);
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            latin += 1;
        } else if ('\u{900}'..='\u{97f}').contains(&c) {
            devanagari += 1;
        }
    }
    if devanagari >= 6 {
        // Product names stay in Latin letters.
        return (devanagari * 3 > latin).then_some(Variety::Hi);
    }
    let mut hits = [0_u32; 3];
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty() && word.len() < 12) {
        let word = word.to_lowercase();
        for (hit, list) in hits.iter_mut().zip([EN, ES, HI_LATN]) {
            *hit += u32::from(list.contains(&word.as_str()));
        }
    }
    let most = *hits.iter().max()?;
    let second = hits.iter().filter(|hit| **hit != most).max().copied().unwrap_or(most);
    if most < 4 || most < 2 * second + 3 {
        return None;
    }
    let best = hits.iter().position(|hit| *hit == most)?;
    Some([Variety::En, Variety::Es, Variety::HiLatn][best])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assistants_own_words_are_told_apart() {
        for (text, expected) in [
            (
                "I'm bringing in *a person from our team* 🙋. They will see what we have written so far and answer you right here.",
                Some(Variety::En),
            ),
            (
                "Te paso con *una persona del equipo* 🙋. Verá lo que hemos hablado y te responderá aquí mismo, por si es algo de esto.",
                Some(Variety::Es),
            ),
            ("मैं *हमारी टीम के एक व्यक्ति* को बुला रहा हूँ 🙋", Some(Variety::Hi)),
            (
                "Main *team ke ek person* ko bula raha hoon 🙋. Woh humari ab tak ki chat dekhkar yahin reply karenge.",
                Some(Variety::HiLatn),
            ),
            ("*Nike Revolution 7* · Nike · ⭐ 4.3", None),
            ("Lo siento, todavía no entiendo ese idioma. I'm sorry, I can't read that language yet.", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
