//! In which language somebody may be answered.

use super::*;

const SPANISH: &str =
    "Aquí puedo ver el pedido y te digo qué día está en la tienda, por si lo quieres para el lunes.";

/// Answers in Spanish throughout to somebody whose every text, `sure` of them, is surely English.
fn answered_in_spanish(sure: u32, first: &[&str]) -> Vec<(String, u64)> {
    let mut play = two_who_talk();
    play.crowd.chats[0].language = None;
    for text in first.iter().copied().chain(std::iter::repeat_n(SPANISH, 8)) {
        play.writes(0);
        play.answers(0, text, &[]);
        play.crowd.chats[0].own_texts = sure;
    }
    play.found()
}

#[test]
fn a_foreign_language_is_wrong_even_if_it_never_changes() {
    assert_eq!(answered_in_spanish(0, &[]), []);
    assert_eq!(answered_in_spanish(3, &[]), []);
    assert_eq!(answered_in_spanish(4, &[]), [("wrong language".to_owned(), 7)]);
    assert_eq!(answered_in_spanish(9, &["Te escribo en *español*."]), []);
}

#[test]
fn only_texts_that_are_surely_theirs_and_wait_for_an_answer_speak_for_a_language() {
    let mut play = two_who_talk();
    play.crowd.chats[0].own_texts = 0;
    let mut sure = 0;
    for _ in 0..60 {
        let out = play.writes(0);
        sure += match &out.what {
            What::Text(text) => u32::from(crate::load::language::of(text).is_some()),
            What::Tap(..) => 0,
        };
    }
    assert!((1..60).contains(&sure));
    assert_eq!(play.crowd.chats[0].own_texts, sure);
    play.answers(0, FINE, &[]);
    assert_eq!(play.crowd.chats[0].own_texts, 0);
}
