//! Whether an answer is one to what was said. Not a test of understanding: it only has to show that both sides did the work
//! that is measured, instead of refusing it quickly.

use super::{graph::Arrived, texts::Step};

const STOCK: [&str; 6] = ["📍", "🏬", "🚚", "✅", "🎉", "😕"];
/// In all that says that a person comes.
const PERSON: char = '🙋';
const POLICY: [&str; 7] = ["🚚", "↩", "🛡", "💳", "❌", "🕒", "🎁"];

/// Charla's, whatever the language: by what can be tapped, and by signs that the demo's responses have in all four.
pub(super) fn charla(step: Step, answer: &Arrived) -> bool {
    let offers = |id: &str| answer.choices.iter().any(|choice| choice.id.starts_with(id));
    let shows = |signs: &[&str]| signs.iter().any(|sign| answer.text.contains(sign));
    // Whoever waits for a person gets less said to them, and at times nothing: the conversation has ended.
    if answer.text.contains(PERSON) {
        return false;
    }
    match step {
        Step::Greet => offers("/Consent(yes)"),
        // What was asked before the consent may follow at once instead of suggestions.
        Step::Consent => !answer.text.is_empty() && !offers("/Consent"),
        Step::Search => {
            answer.choices.iter().any(|c| c.row && c.id.starts_with("/StartFlow(product_details"))
        }
        Step::Row => offers("/StartFlow(check_stock"),
        Step::Near => answer.text.contains('📍') && answer.choices.is_empty(),
        Step::Place | Step::Stock => shows(&STOCK),
        Step::Order => answer.text.contains("ORD-"),
        Step::Faq => shows(&POLICY),
        Step::Thank => {
            !answer.text.is_empty() && answer.text.chars().count() < 90 && answer.choices.is_empty()
        }
    }
}

/// The intents whose response counts for a turn in Rasa's project.
pub(super) fn intents(step: Step) -> &'static [&'static str] {
    match step {
        Step::Greet => &["greet"],
        Step::Consent => &["affirm"],
        Step::Search => &["search_product"],
        Step::Row => &["product_details"],
        Step::Near | Step::Stock => &["check_stock"],
        Step::Place => &["inform", "find_store", "check_stock", "search_product"],
        Step::Order => &["track_order"],
        Step::Faq => &["faq"],
        Step::Thank => &["thank"],
    }
}

/// Rasa's: the text of one of the turn's responses.
pub(super) fn rasa(step: Step, answer: &str) -> bool {
    intents(step).iter().any(|intent| answer.starts_with(&super::project::response(intent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::side::graph::Choice;
    use std::time::Instant;

    fn answer(text: &str, ids: &[(&str, bool)]) -> Arrived {
        let choice = |(id, row): &(&str, bool)| Choice { id: (*id).into(), title: "T".into(), row: *row };
        Arrived {
            at: Instant::now(),
            turn: 1,
            wamid: "w".into(),
            text: text.into(),
            choices: ids.iter().map(choice).collect(),
        }
    }

    #[test]
    fn a_hand_over_is_no_answer_to_anything_asked_in_words() {
        let ids = [("/StartFlow(track_order)", false), ("/StartFlow(faq)", false)];
        let handed = answer(
            "I am not sure that I got this right, so a colleague takes over and answers you here.",
            &ids,
        );
        for step in [Step::Search, Step::Place, Step::Stock, Step::Order, Step::Faq, Step::Thank] {
            assert!(!charla(step, &handed), "{step:?}");
        }
        let agreed = |text| charla(Step::Consent, &answer(text, &ids));
        assert!(agreed("Thank you! ✅") && !agreed("Thank you! ✅\n\nI'm bringing in *a person* 🙋."));
    }

    #[test]
    fn the_right_answers_fit() {
        let list = answer("These", &[("/StartFlow(product_details, sku=\"A\")", true)]);
        assert!(charla(Step::Search, &list) && !charla(Step::Row, &list));
        assert!(charla(Step::Thank, &answer("¡De nada! 😊", &[])));
        assert!(rasa(Step::Faq, &super::super::project::response("faq")));
        assert!(!rasa(Step::Faq, &super::super::project::response("greet")));
    }
}
