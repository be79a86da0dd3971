//! Lists of words in the source, spelt as [`key`] spells them: once for each thread, not for each message.

use super::scan::key;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

type Cues = Rc<[Box<[String]>]>;
/// By place: a list is a constant of the program.
type Spelt<T> = RefCell<HashMap<(usize, usize), T>>;

thread_local! {
    static WORDS: Spelt<Rc<HashSet<String>>> = Spelt::default();
    static CUES: Spelt<Cues> = Spelt::default();
}

fn place(list: &'static str) -> (usize, usize) {
    (list.as_ptr() as usize, list.len())
}

/// Whether a list of words, with spaces between, has a word that is spelt as [`key`] does.
pub(super) fn has_word(list: &'static str, word: &str) -> bool {
    let spell = || Rc::new(list.split_whitespace().map(key).collect::<HashSet<_>>());
    let words = WORDS.with_borrow_mut(|known| known.entry(place(list)).or_insert_with(spell).clone());
    words.contains(word)
}

/// The cues of a list, with `|` between, each in words.
pub(super) fn cues(list: &'static str) -> Cues {
    let spell = || list.split('|').map(|cue| cue.split(' ').map(key).collect()).collect();
    CUES.with_borrow_mut(|known| known.entry(place(list)).or_insert_with(spell).clone())
}
