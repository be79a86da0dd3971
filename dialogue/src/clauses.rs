//! Messages that say more than one thing, seen clause by clause: where they can be taken apart, and what is to be done with one
//! that is unsure as a whole because two wishes share its probability.

use crate::assistant::Assistant;
use crate::commands::Command;
use crate::config::domain::{IntentCommand, Target};
use crate::event::{Clause, Entity, Understanding};
use crate::family;
use crate::fold::listed;
use crate::negation::words_at;
use crate::sources::nlu;
use crate::turn::Turn;
use crate::wording;

/// What joins clauses. Hindi's पर and Spanish's "o" join too, but they are postposition and part of lists more often.
const JOINS: &str = "and but also plus y pero ademas también tambien aur lekin magar और लेकिन मगर";
/// Verbs that end a Hindi clause.
const ENDS: &str = "है हैं हूँ हूं था थी थे hai hain h hu hun hoon tha thi";
/// What may still belong to a clause behind such a verb.
const TAGS: &str = "क्या kya ना न na n तो to toh ही hi कि ki जो jo भी bhi और aur या ya जी ji भाई bhai";
/// Words of a clause, at least.
const WORDS: usize = 3;
/// Clauses looked at, at most: what is longer is a letter, and for a person.
const MOST: usize = 6;
/// Probability in the whole message of what one of its clauses wishes, at least.
const SHARE: f32 = 0.08;
/// Longest text that is taken apart, in characters.
const LONGEST: usize = 500;

/// The clauses of a text as ranges of characters (Unicode scalar values), in order and covering it; none if it is one clause
/// or too many.
pub fn split(text: &str) -> Vec<(usize, usize)> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > LONGEST {
        return vec![];
    }
    let words = words_at(text);
    let is = |list: &'static str, at: usize| words.get(at).is_some_and(|(w, _)| listed(list, w));
    let mut starts = vec![0];
    for at in 1..words.len() {
        let gap = &chars[words[at - 1].1.1..words[at].1.0];
        let pause = gap.iter().any(|c| matches!(c, '.' | '?' | '!' | '।' | ';' | ',' | '…' | '\n'))
            && !(gap == [','] || gap == ['.']);
        let verb = is(ENDS, at - 1) && !is(TAGS, at);
        if !(pause || is(JOINS, at) || verb) {
            continue;
        }
        let last = starts.last().copied().unwrap_or_default();
        // What joins is no word of the clause.
        let own = |from: usize, to: usize| to - from - usize::from(from > 0 && is(JOINS, from));
        if own(last, at) >= WORDS && own(at, words.len()) >= WORDS {
            starts.push(at);
        }
    }
    if starts.len() < 2 || starts.len() > MOST {
        return vec![];
    }
    let first = |start: &usize| if *start == 0 { 0 } else { words[*start].1.0 };
    let from: Vec<usize> = starts.iter().map(first).collect();
    let to = from.iter().skip(1).copied().chain([chars.len()]);
    from.iter().copied().zip(to).collect()
}

/// The words of a range of [`split`], without what joined them to those before.
pub fn words_of(text: &str, (start, end): (usize, usize)) -> (usize, String) {
    let part: String = text.chars().skip(start).take(end - start).collect();
    let words = words_at(&part);
    let join = words.first().is_some_and(|(w, _)| start > 0 && listed(JOINS, w));
    let from = words.get(usize::from(join)).map_or(0, |(_, (from, _))| *from);
    let said: String = part.chars().skip(from).collect();
    (start + from, said.trim_end_matches([',', ' ', '\n', '-', ';']).to_owned())
}

/// What is to be done with a message that is unsure as a whole.
pub(crate) struct Heard {
    /// Intent and probability of the clause that is done first.
    pub intent: (String, f32),
    /// Its words.
    pub text: String,
    /// What it says.
    pub commands: Vec<Command>,
    /// The others that are wishes, to be looked at afterwards.
    pub rest: Vec<String>,
    /// Of the first one, the clause that says it.
    pub said: String,
}

/// One wish and where it stands.
struct Wish {
    intent: (String, f32),
    out_of_scope: f32,
    start: usize,
    end: usize,
    /// The clause that says it.
    said: (usize, usize),
}

/// Reads the clauses of a message; nothing if none of them is surely a wish.
pub(crate) fn heard(turn: &Turn, text: &str, u: &Understanding) -> Option<Heard> {
    let mut wishes: Vec<Wish> = Vec::new();
    // "Don't call anybody, you tell me": that nobody is wanted is done by answering what else is said.
    let told = |clause: &&Clause| !(about_person(turn.a, clause) && refused(text, clause));
    let clauses: Vec<&Clause> = u.clauses.iter().filter(told).collect();
    for clause in &clauses {
        let wish = sure(turn.a, u, clause).filter(|(intent, _)| shares(u, intent));
        match (wish, wishes.last_mut()) {
            // "The laptop, could that come on Tuesday": what is no wish belongs to one, to the next where it is the first.
            (None, None) => {}
            (None, Some(last)) => last.end = clause.end,
            (Some(intent), Some(last)) if last.intent.0 == intent.0 => last.end = clause.end,
            (Some(intent), _) => {
                let start = if wishes.is_empty() { clauses[0].start } else { clause.start };
                let said = (clause.start, clause.end);
                wishes.push(Wish { intent, out_of_scope: clause.out_of_scope, start, end: clause.end, said });
            }
        }
    }
    let first = wishes.first()?;
    let (text_of, understood) = alone(text, u, first);
    let commands = nlu::commands(turn, &text_of, &understood);
    if commands.iter().any(|c| matches!(c, Command::LowConfidence | Command::CannotHandle { .. })) {
        return None;
    }
    let rest = wishes.iter().skip(1).map(|w| words_of(text, (w.start, w.end)).1).collect();
    let said = words_of(text, first.said).1;
    Some(Heard { intent: first.intent.clone(), text: text_of, commands, rest, said })
}

/// Whether a wish has a share in what the message as a whole may be, families settled: "nothing is broken" in a question about
/// returning something is no complaint.
fn shares(u: &Understanding, intent: &str) -> bool {
    u.intents.iter().any(|(whole, p)| whole == intent && *p >= SHARE)
}

/// Whether a clause surely asks for a person, or surely for none.
fn about_person(a: &Assistant, clause: &Clause) -> bool {
    let person = Some(Target::Command(IntentCommand::HumanHandoff));
    let first = clause.intents.first();
    first.is_some_and(|(intent, p)| a.target(intent) == person && a.is_sure(intent, *p, clause.out_of_scope))
}

/// Whether the words of a clause that is about a person say that none is wanted.
fn refused(text: &str, clause: &Clause) -> bool {
    wording::refuses_person(&words_of(text, (clause.start, clause.end)).1)
}

/// Whether a clause of a message surely asks for a person.
pub(crate) fn want_person(a: &Assistant, text: &str, u: &Understanding) -> bool {
    u.clauses.iter().any(|clause| about_person(a, clause) && !refused(text, clause))
}

/// The clause that is surely nothing the shop does, where each of the others surely is that or small talk: "how are you today? Can
/// you book me a train ticket too". Its words and how sure that is.
pub(crate) fn beyond(a: &Assistant, text: &str, u: &Understanding) -> Option<(String, f32)> {
    let intent = |clause: &Clause| clause.intents.first().cloned().unwrap_or_default();
    let out = |clause: &&Clause| {
        clause.out_of_scope >= a.settings.threshold
            && a.target(&intent(clause).0) == Some(Target::Command(IntentCommand::OutOfScope))
    };
    let small = |clause: &Clause| {
        let (name, p) = intent(clause);
        polite(a, &name) && a.is_sure(&name, p, clause.out_of_scope)
    };
    let found = u.clauses.iter().find(out)?;
    let all = u.clauses.iter().all(|clause| out(&clause) || small(clause));
    all.then(|| (words_of(text, (found.start, found.end)).1, found.out_of_scope))
}

/// Whether an intent is a courtesy or small talk.
pub(crate) fn polite(a: &Assistant, intent: &str) -> bool {
    a.domain.intents.get(intent).is_some_and(|i| i.courtesy.is_some() || i.smalltalk)
}

/// The intent of a clause that is surely a wish.
fn sure(a: &Assistant, u: &Understanding, clause: &Clause) -> Option<(String, f32)> {
    let read = part(u, clause.intents.clone(), clause.out_of_scope, vec![]);
    let (intent, p) = family::settled(a, &read).intents.first().cloned()?;
    if !a.is_sure(&intent, p, clause.out_of_scope) {
        return None;
    }
    let wish = match a.target(&intent)? {
        Target::Flow(_) | Target::Handoff => true,
        Target::Answer(_) => !polite(a, &intent),
        Target::Command(IntentCommand::HumanHandoff | IntentCommand::ChangeLanguage) => true,
        Target::Command(_) => false,
    };
    wish.then_some((intent, p))
}

/// The part of a message that is one wish, as a message of its own.
fn alone(text: &str, u: &Understanding, wish: &Wish) -> (String, Understanding) {
    let (start, said) = words_of(text, (wish.start, wish.end));
    let end = start + said.chars().count();
    let inside = |e: &&Entity| e.start >= start && e.end <= end;
    let moved = |e: &Entity| Entity { start: e.start - start, end: e.end - start, ..e.clone() };
    let entities = u.entities.iter().filter(inside).map(moved).collect();
    let understood = part(u, vec![wish.intent.clone()], wish.out_of_scope, entities);
    (said, understood)
}

/// What is understood of a part of a message: its own wish and values, in the message's languages.
pub(crate) fn part(
    u: &Understanding,
    intents: Vec<(String, f32)>,
    out_of_scope: f32,
    entities: Vec<Entity>,
) -> Understanding {
    Understanding {
        languages: u.languages.clone(),
        intents,
        entities,
        out_of_scope,
        candidates: vec![],
        clauses: vec![],
        model: u.model.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(text: &str) -> Vec<String> {
        split(text).into_iter().map(|range| words_of(text, range).1).collect()
    }

    #[test]
    fn texts_are_taken_apart_where_a_new_clause_begins() {
        for (text, wanted) in [
            (
                "can i pay cash when it comes and if i dont like it can i give it back",
                vec!["can i pay cash when it comes", "if i dont like it can i give it back"],
            ),
            (
                "hmm and the laptop, could that come on Tuesday evening instead?",
                vec!["hmm and the laptop", "could that come on Tuesday evening instead?"],
            ),
            (
                "el 13 está bien. se puede pagar en efectivo?",
                vec!["el 13 está bien.", "se puede pagar en efectivo?"],
            ),
            (
                "मुझे टीवी खरीदना है पर दुकान पर आकर देखना चाहता हूं पुणे में आपकी दुकान कहां है और रविवार को खुली रहती है क्या",
                vec![
                    "मुझे टीवी खरीदना है",
                    "पर दुकान पर आकर देखना चाहता हूं",
                    "पुणे में आपकी दुकान कहां है",
                    "रविवार को खुली रहती है क्या",
                ],
            ),
            (
                "mixer khrab nikla hai paisa vapas chahiye mujhe",
                vec!["mixer khrab nikla hai", "paisa vapas chahiye mujhe"],
            ),
        ] {
            assert_eq!(clauses(text), wanted);
        }
    }

    #[test]
    fn what_is_one_clause_stays_whole() {
        for text in [
            "do you have red and blue shoes",
            "up to 1,500 rupees",
            "आज डिलीवरी हो सकती है क्या",
            "yeh kya hai na bhai",
            "",
            "one. two. three.",
        ] {
            assert!(split(text).is_empty(), "{text}");
        }
        // A letter, not two wishes.
        assert!(split(&"where is my order please. ".repeat(8)).is_empty());
    }

    #[test]
    fn ranges_cover_the_text_in_order() {
        let text = "  ¿hay parking ahí? y a qué hora cerráis hoy, que voy tarde  ";
        let ranges = split(text);
        assert_eq!(ranges.first().map(|r| r.0), Some(0));
        assert_eq!(ranges.last().map(|r| r.1), Some(text.chars().count()));
        assert!(ranges.windows(2).all(|w| w[0].1 == w[1].0));
    }
}
