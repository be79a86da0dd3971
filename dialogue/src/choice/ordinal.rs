//! "The second one", "doosra wala", "la primera", "पहला": options by their place.

use crate::fold::words;

/// Ordinals in the four languages, folded, from the first to the tenth.
const ORDINALS: [&str; 10] = [
    "first 1st 1ro 1ra primero primera primer primeros primeras pehla pehli pehle pahla pahli paila पहला पहली पहले पहिला",
    "second 2nd 2do 2da segundo segunda segundos segundas dusra dusri dusre doosra doosri doosre dooja दूसरा दूसरी दूसरे दुसरा दुसरी",
    "third 3rd 3ro 3ra tercero tercera tercer terceros terceras tisra tisri teesra teesri teesre तीसरा तीसरी तीसरे तिसरा",
    "fourth 4th 4to 4ta cuarto cuarta chautha chauthi chotha चौथा चौथी चौथे",
    "fifth 5th 5to 5ta quinto quinta paanchva paanchvi panchwa panchwi paanchwa पांचवा पांचवी पांचवां",
    "sixth 6th 6to 6ta sexto sexta chhatha chhathi chatha छठा छठी छठवां",
    "seventh 7th 7mo 7ma septimo septima saatva saatvi saatwa सातवां सातवा सातवी",
    "eighth 8th 8vo 8va octavo octava aathva aathvi aathwa आठवां आठवा आठवी",
    "ninth 9th 9no 9na noveno novena nauva nauvi nauwa नौवां नौवा नौवी",
    "tenth 10th 10mo 10ma decimo decima dasva dasvi daswa दसवां दसवा दसवी",
];

/// Words before a bare number that make it a place.
const NUMBERED: [&str; 8] = ["number", "option", "numero", "opcion", "row", "नंबर", "विकल्प", "no"];
/// What may stand beside an ordinal.
const BESIDE: &str = "the one el la lo wala wali wale vala vali please pls plz por favor option opcion order pedido slot time \
    appointment cita product producto i want quiero take ill yes si haan chahiye de do dijiye hi ji ही जी वाला वाली वाले ऑर्डर विकल्प \
    समय चाहिए दीजिए दो se me pues vale bueno venga entonces then well ok okay fine theek thik ठीक है hai book reserva reservame \
    ponme dame apuntame le lo lelo lena rakho kar karo बुक करो कर ले लो";

/// Where the last row is.
const BOTTOM: &str = "abajo bottom niche neeche नीचे";
/// What takes a place back that was just named: "the third … no wait, fourth one".
const TAKES_BACK: &str =
    "no wait sorry actually nahi nahin nhi nai arre arey ruko perdon digo espera mejor नहीं नही रुको अरे सॉरी";

/// The place, from 0, that a word names.
pub(super) fn ordinal(word: &str) -> Option<usize> {
    ORDINALS.iter().position(|list| crate::fold::listed(list, word))
}

/// The place, from 0, that a whole message names among so many options. `taken`: words of the options themselves – "दूसरा
/// पता" is another address, not the second.
pub(crate) fn place(text: &str, options: usize, taken: impl Fn(&str) -> bool) -> Option<usize> {
    let said = words(text);
    if said.is_empty() || said.len() > 8 || options < 2 {
        return None;
    }
    // Of a place and the one that takes it back the second counts.
    if let Some(cut) = said
        .iter()
        .position(|w| crate::fold::listed(TAKES_BACK, w))
        .filter(|cut| said[..*cut].iter().any(|w| ordinal(w).is_some() || super::reference::is_last(w)))
    {
        let rest: Vec<&str> = said[cut..]
            .iter()
            .map(String::as_str)
            .skip_while(|w| crate::fold::listed(TAKES_BACK, w))
            .collect();
        return place(&rest.join(" "), options, taken);
    }
    let bottom = said.len() >= 2 && said.iter().any(|w| crate::fold::listed(BOTTOM, w));
    let mut found = None;
    let mut at = 0;
    while at < said.len() {
        let word = said[at].as_str();
        let number = NUMBERED.contains(&word).then(|| said.get(at + 1)).flatten();
        if let Some(n) = number.and_then(|n| n.parse::<usize>().ok()) {
            if found.replace(n).is_some() {
                return None;
            }
            at += 2;
            continue;
        }
        let folded = |list: &'static str| crate::fold::listed(list, word);
        // "The last one" of orders may be the newest; what is at the bottom is the last row.
        let last = bottom && (super::reference::is_last(word) || folded(BOTTOM));
        if let Some(n) = ORDINALS.iter().position(|list| folded(list)) {
            if taken(word) || found.replace(n + 1).is_some() {
                return None;
            }
        } else if last {
            // "The last one at the bottom" says it twice.
            if taken(word) || found.is_some_and(|f| f != options) {
                return None;
            }
            found = Some(options);
        } else if !(folded(BESIDE) || (bottom && folded("at todo mas de sabse very right सबसे"))) {
            return None;
        }
        at += 1;
    }
    found.and_then(|n| n.checked_sub(1)).filter(|n| *n < options)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_that_messages_name() {
        for (text, wanted) in [
            ("the second one", Some(1)),
            ("the third... no wait fourth one", Some(3)),
            ("pehla, nahi nahi doosra wala", Some(1)),
            ("la primera, no, la tercera", Some(2)),
            ("the last one at the bottom", Some(3)),
            ("la de abajo de todo", Some(3)),
            ("सबसे नीचे वाला", Some(3)),
            ("pues la primera", Some(0)),
            ("vale, ponme la segunda", Some(1)),
            ("ok the first one then", Some(0)),
            ("पहला वाला बुक कर दो", Some(0)),
            ("dusra wala le lo", Some(1)),
            ("the last order", None),
            ("no the one from before", None),
            ("second hand", None),
        ] {
            assert_eq!(place(text, 4, |w| w == "order"), wanted, "{text}");
        }
    }
}
