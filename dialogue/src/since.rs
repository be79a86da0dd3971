//! "Leaking since Monday", "no enciende desde ayer", "kal se band hai": a day on which something began is no day that is
//! wished for.

use crate::fold::listed;
use crate::negation::words_at;

/// Words before a day that make it a beginning.
const BEFORE: &str = "since desde";
/// Words that may stand between such a word and the day.
const BETWEEN: &str = "the last this past el la los las pasado pasada mas o menos about like around";
/// Words behind a day that make it a beginning, if the message says that something has gone on: "kal se chahiye" is a wish.
const BEHIND: &str = "se से";
/// Words that say so.
const GOES_ON: &str = "raha rahi rahe rha rhi rhe band kharab nahi nhi nahin tuta toota tooti hua hui gaya gayi leak \
    रहा रही रहे बंद ख़राब नहीं नही टूटा टूटी हुआ हुई गया गई गयी लीक";

/// Whether the day at this place of a text (characters, end exclusive) is one since when something is so.
pub(crate) fn began(text: &str, (from, to): (usize, usize)) -> bool {
    let said = words_at(text);
    let first = said.iter().find(|(_, (s, e))| *s >= from && *e <= to);
    if first.is_some_and(|(w, _)| listed(BEFORE, w)) {
        return true;
    }
    let ahead = said.iter().rev().filter(|(_, (_, e))| *e <= from).find(|(w, _)| !listed(BETWEEN, w));
    if ahead.is_some_and(|(w, _)| listed(BEFORE, w)) {
        return true;
    }
    let mut rest = said.iter().filter(|(_, (s, _))| *s >= to);
    rest.next().is_some_and(|(w, _)| listed(BEHIND, w)) && rest.any(|(w, _)| listed(GOES_ON, w))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str, day: &str) -> bool {
        let at = text.find(day).map(|b| text[..b].chars().count()).unwrap_or_default();
        began(text, (at, at + day.chars().count()))
    }

    #[test]
    fn a_day_since_when_something_is_so_is_no_wish() {
        for (text, day) in [
            ("my washing machine has been leaking since monday, can someone come", "monday"),
            ("my tv has not worked since last tuesday", "tuesday"),
            ("la lavadora pierde agua desde el lunes", "lunes"),
            ("no enciende desde ayer", "desde ayer"),
            ("फ्रिज सोमवार से ठंडा नहीं कर रहा", "सोमवार"),
            ("kal se tv band hai", "kal"),
        ] {
            assert!(out(text, day), "{text}");
        }
        for (text, day) in [
            ("leaking since monday, come on friday", "friday"),
            ("desde ayer no va, vengan el jueves", "el jueves"),
            ("kal se chahiye", "kal"),
            ("सोमवार को भेजिए, फ्रिज ठंडा नहीं कर रहा", "सोमवार"),
            ("monday please", "monday"),
        ] {
            assert!(!out(text, day), "{text}");
        }
    }
}
