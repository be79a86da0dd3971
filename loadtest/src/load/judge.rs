//! The judge: whether an answer is the right person's, comes once and in its turn, says what fits, in the right language.
//!
//! Answers are matched to messages by order: the engine handles one person's messages one after the other, and each answer's
//! key names its turn. Where several messages wait, a new turn answers the oldest that must be answered; further messages of
//! the same turn belong to the same answer.

use super::{
    chat::{Answer, Expect, Owner},
    crowd::Crowd,
    doubt::Of,
    language,
    people::{self, Variety},
    reply::{Ask, Key, Reply, Sort, ask, is, plain, sort},
    scenario::Assistant,
};

/// How messages of the simulated agents begin.
pub const AGENT: &str = "[agent]";
/// What a turn has had done comes within so many microseconds of its answer.
const DONE_WITHIN: u64 = 15_000_000;
/// Whoever has surely written their own language so often is not answered in another one that nobody wished for.
const OWN_TEXTS: u32 = 4;
/// How such results look, in all languages.
const RESULTS: [&str; 7] = [
    "✅",
    "📄",
    "🔒",
    // A ticket that the team has got.
    "eference number *",
    "úmero de referencia *",
    "रेफ़रेंस नंबर *",
    "रिक्वेस्ट नंबर *",
];
/// Order numbers from here on are made up by customers; the shop has none of them.
const MADE_UP: u32 = 700_000;

impl Crowd {
    /// The engine sends something. `number` is Meta's id of the business number, `wamid` the id that the message gets.
    pub fn reply(&mut self, now: u64, number: &str, reply: Reply, wamid: &str) {
        self.meter.count("replies", 1);
        let Some(person) = self.whom(number, &reply) else { return };
        let Some(is_new_turn) = self.in_turn(person, &reply) else { return };
        let words = plain(&reply.text);
        let about = sort(&words);
        self.sound(person, &reply, about);
        if self.scenario.assistant == Assistant::Shop {
            if reply.text.starts_with(AGENT) {
                return self.agent_says(person, &reply);
            }
            self.speaks(person, &reply.text, &words);
            self.owns(person, &reply, &words);
        }
        self.answers(now, person, &reply, &words, about, is_new_turn);
        self.after(person, reply, &words, about, is_new_turn, wamid);
    }

    /// How violations name somebody: the telephone number, and the conversation, for `charla replay`, once it is known.
    pub(super) fn who(&self, person: usize) -> String {
        let chat = &self.chats[person];
        let conversation = chat.conversation.as_deref().unwrap_or("no conversation yet");
        format!("{} ({conversation})", chat.person.wa_id)
    }

    /// The person it was sent to, if that can be.
    fn whom(&mut self, number: &str, reply: &Reply) -> Option<usize> {
        let index = people::index(&reply.to, self.base).map(|index| index as usize);
        let found =
            index.filter(|index| self.chats.get(*index).is_some_and(|chat| chat.person.wa_id == reply.to));
        let Some(person) = found else {
            self.wrongs.add("wrong person", || {
                format!("{} is nobody who has written: `{}`", reply.to, short(&reply.text))
            });
            return None;
        };
        let theirs = &self.numbers[self.chats[person].person.number].id;
        if theirs != number {
            self.wrongs.add("wrong person", || {
                format!(
                    "{} writes to {theirs} and was answered from {number}: `{}`",
                    reply.to,
                    short(&reply.text)
                )
            });
            return None;
        }
        Some(person)
    }

    /// Checks the key; whether a new turn begins. `None` where the message must not be counted as an answer.
    fn in_turn(&mut self, person: usize, reply: &Reply) -> Option<bool> {
        let Some(Key { conversation, turn, step }) = &reply.key else {
            self.wrongs
                .add("wrong key", || format!("{} got `{}` without a key", reply.to, short(&reply.text)));
            return None;
        };
        let owner = match self.conversations.get(conversation) {
            Some(owner) => *owner,
            None => {
                self.conversations.insert(conversation.clone(), person as u32);
                person as u32
            }
        };
        if owner != person as u32 {
            let others = self.chats[owner as usize].person.wa_id.clone();
            self.wrongs.add("wrong person", || {
                format!(
                    "{} got `{}` under the key {conversation}/{turn}/{step} of {others}",
                    reply.to,
                    short(&reply.text)
                )
            });
            return None;
        }
        let chat = &mut self.chats[person];
        if let Some(known) = chat.conversation.as_ref().filter(|known| *known != conversation) {
            let known = known.clone();
            self.wrongs.add("wrong key", || format!("{} was {known} and is now {conversation}", reply.to));
        }
        let chat = &mut self.chats[person];
        chat.conversation.get_or_insert_with(|| conversation.clone());
        let this = (*turn, *step);
        if !self.closed {
            chat.seen.push(this);
        }
        let last = chat.last.replace(this);
        match last {
            Some(last) if this == last || this.0 == last.0 && chat.answer.is_some() && this < last => {
                chat.last = Some(last);
                self.wrongs.add("doubled", || {
                    format!("{} got {conversation}/{turn}/{step} again: `{}`", reply.to, short(&reply.text))
                });
                None
            }
            Some(last) if this < last => {
                chat.last = Some(last);
                self.wrongs.add("misordered", || {
                    format!(
                        "{} got {conversation}/{turn}/{step} after {}/{}: `{}`",
                        reply.to,
                        last.0,
                        last.1,
                        short(&reply.text)
                    )
                });
                None
            }
            Some(last) => Some(last.0 != this.0),
            None => Some(true),
        }
    }

    /// Nothing of the machinery shows.
    fn sound(&mut self, person: usize, reply: &Reply, about: Option<Sort>) {
        let text = reply.text.as_str();
        let bad = if text.trim().is_empty() {
            Some("is empty")
        } else if ["{{", "}}", "{%", "%}"].iter().any(|mark| text.contains(mark)) {
            Some("shows a placeholder")
        // Not the word alone: a customer may be panicked, and is quoted.
        } else if text.contains("CHARLA-E") || text.contains("panicked at ") {
            Some("shows an error")
        } else if about == Some(Sort::Internal) {
            Some("says that something went wrong inside")
        } else {
            None
        };
        if let Some(bad) = bad {
            let to = self.who(person);
            self.wrongs.add("wrong content", || format!("an answer to {to} {bad}: `{}`", short(text)));
        }
        match about {
            Some(Sort::Busy) => self.meter.count("busy", 1),
            Some(Sort::Failed) => self.meter.count("backend_failed", 1),
            Some(Sort::Expired) => self.meter.count("expired_taps", 1),
            Some(Sort::Handoff) => self.meter.count("handoffs", 1),
            _ => {}
        }
    }

    fn agent_says(&mut self, person: usize, reply: &Reply) {
        self.meter.count("agent_replies", 1);
        let chat = &mut self.chats[person];
        chat.agent_came += 1;
        let name = chat.conversation.as_deref().unwrap_or_default();
        if name.is_empty() || !reply.text.contains(name) {
            let to = &chat.person.wa_id;
            self.wrongs.add("wrong person", || {
                format!("{to} ({name}) got an agent's words for another: `{}`", short(&reply.text))
            });
        }
    }

    /// The language is the one written so far, or the person's own.
    fn speaks(&mut self, person: usize, text: &str, words: &str) {
        let chat = &mut self.chats[person];
        let found = language::of(text);
        // Perhaps beside something else.
        if is(words, Sort::Language) {
            // Where so few words do not tell which, the next answer does.
            chat.language = found;
            chat.guesses = 0;
            chat.told_language = true;
            return;
        }
        let Some(found) = found else { return };
        let own = chat.person.variety;
        // Many words of product pages are English in Hinglish too.
        let near = found == Variety::En && (own == Variety::HiLatn || chat.language == Some(Variety::HiLatn));
        if found == own || near {
            chat.own_texts = 0;
            chat.language.get_or_insert(found);
        } else if chat.language == Some(found) && (chat.told_language || chat.own_texts < OWN_TEXTS) {
            // As it was, or as it has been since it guessed.
        } else if chat.guesses == 0 {
            // Until it has seen enough it may guess, and think better of it once.
            chat.language = Some(found);
            chat.guesses += 1;
            self.meter.count("language_guessed_otherwise", 1);
        } else {
            let before = chat.language.map(Variety::code);
            let to = self.who(person);
            self.wrongs.add("wrong language", || {
                format!(
                    "{to} writes {}, is answered in {before:?}, and now {}: `{}`",
                    own.code(),
                    found.code(),
                    short(text)
                )
            });
        }
    }

    /// Orders are shown to one person only.
    fn owns(&mut self, person: usize, reply: &Reply, words: &str) {
        // An example of a number is nobody's.
        if ask(words, &reply.choices) == Some(Ask::Order) {
            return;
        }
        let texts =
            std::iter::once(reply.text.as_str()).chain(reply.choices.iter().map(|choice| choice.id.as_str()));
        for number in texts.flat_map(orders) {
            let chat = &mut self.chats[person];
            let digits = number.trim_start_matches("ORD-");
            // Whoever writes a number may be told about it, now or turns later: that it is not found, at least.
            let written = digits.parse::<u32>().is_ok_and(|n| n >= MADE_UP || chat.numbers.contains(&n));
            if written {
                continue;
            }
            let owner = *self.orders.entry(number.to_owned()).or_insert(person as u32);
            if owner == person as u32 {
                chat.order.get_or_insert_with(|| number.to_owned());
            } else {
                let (to, other) = (self.who(person), self.who(owner as usize));
                self.wrongs.add("wrong person", || {
                    format!("{to} was shown {number} of {other}: `{}`", short(&reply.text))
                });
            }
        }
    }

    /// Finds the message it answers, and whether it fits.
    fn answers(
        &mut self,
        now: u64,
        person: usize,
        reply: &Reply,
        words: &str,
        about: Option<Sort>,
        new: bool,
    ) {
        if new {
            self.chats[person].excusing = false;
        } else if self.chats[person].excusing {
            return;
        }
        if new && about == Some(Sort::AfterAll) {
            // Of something that was left: it answers nothing, and what was asked meanwhile is still to be answered.
            self.chats[person].excusing = true;
            self.meter.count("results_afterwards", 1);
            return;
        }
        if new || self.chats[person].answer.is_none() {
            // Comes of itself: an agent has handed the thread back, or nobody has written for long.
            let chat = &self.chats[person];
            let asked = chat.pending.iter().any(|pending| pending.required);
            if about == Some(Sort::Reminder) || is(words, Sort::Back) && !asked {
                // What was written while an agent had the thread is answered with it, in as many messages as it needs.
                self.chats[person].excusing = is(words, Sort::Back);
                return;
            }
            let before = self.judge_answer(person);
            let chat = &mut self.chats[person];
            let Some(mut to) = chat.take() else {
                return self.unasked(now, person, reply, about, before);
            };
            chat.answered_at = now;
            if to.required && !to.measured {
                to.measured = true;
                self.meter.replied(now.saturating_sub(to.due), to.due >= self.measured_from);
                self.meter.count("answered", 1);
            }
            let thanked = matches!(&to.expect, Expect::Words(words) if words == "✅");
            if brings_more(reply)
                && !thanked
                && self.scenario.assistant == Assistant::Shop
                && let Some(next) = self.chats[person].pending.front_mut()
            {
                // What was written while a result was waited for is answered in the turn that brings it, if that is what the
                // rest of it says.
                if std::mem::replace(&mut next.required, false) {
                    let n = next.n;
                    self.doubt(person, Of::Unsure(n), String::new);
                }
            }
            self.chats[person].answer = Some(Answer { to, fits: false, said: reply.text.clone() });
        }
        if let Some(answer) = &mut self.chats[person].answer {
            answer.fits |= fits(&answer.to.expect, reply, words, about);
        }
    }

    /// A turn that answers nothing. It may bring what the turn before it has had done: a cancelled order, a document, a
    /// ticket, a booking that came too late. That comes soon, and says something else.
    fn unasked(
        &mut self,
        now: u64,
        person: usize,
        reply: &Reply,
        about: Option<Sort>,
        before: Option<Answer>,
    ) {
        let chat = &mut self.chats[person];
        let again = before.as_ref().is_some_and(|before| before.said == reply.text);
        let excused = chat.excused > 0;
        if excused && !again {
            chat.excused -= 1;
            chat.excusing = true;
            return;
        }
        let soon = now.saturating_sub(chat.answered_at) < DONE_WITHIN;
        let is_result = shows_result(&reply.text) || about == Some(Sort::Taken);
        if soon && is_result && !again && self.scenario.assistant == Assistant::Shop {
            chat.excusing = true;
            self.meter.count("results_afterwards", 1);
            return;
        }
        let to = self.who(person);
        let (wrote, said) = before.map_or_else(Default::default, |before| (before.to.wrote, before.said));
        let what = || {
            let text = short(&reply.text);
            format!("{to} had asked nothing and was told `{text}`; before: `{wrote}`, `{}`", short(&said))
        };
        match &reply.key {
            Some(key) if !again => self.doubt(person, Of::Unasked(key.turn, key.step), what),
            // Who taps one row three times may be answered so often in the same words.
            Some(key) if excused => self.doubt(person, Of::Doubled(key.turn, key.step), what),
            _ => self.wrongs.add("doubled", what),
        }
    }

    /// An answer has come to its end. One that does not fit may be that to a message before it which need not have been
    /// answered: then its own is still to come.
    pub(super) fn judge_answer(&mut self, person: usize) -> Option<Answer> {
        let chat = &mut self.chats[person];
        let answer = chat.answer.take()?;
        if !answer.fits && chat.excused > 0 {
            chat.excused -= 1;
            chat.pending.push_front(answer.to);
            return None;
        }
        if !answer.fits {
            let to = self.who(person);
            self.wrongs.add("wrong content", || {
                format!(
                    "{to} wrote `{}` and was told `{}`; expected {:?}",
                    answer.to.wrote,
                    short(&answer.said),
                    answer.to.expect
                )
            });
        }
        Some(answer)
    }

    /// What it changes for the customer.
    fn after(
        &mut self,
        person: usize,
        reply: Reply,
        words: &str,
        about: Option<Sort>,
        new: bool,
        wamid: &str,
    ) {
        let chat = &mut self.chats[person];
        match about {
            Some(Sort::Handoff) => {
                chat.owner = Owner::Human;
                chat.excuse();
            }
            Some(Sort::Back) => chat.owner = Owner::Bot,
            Some(Sort::Stopped) => {
                chat.stopped = true;
                chat.excuse();
            }
            _ => {}
        }
        let offers_terms = reply.choices.iter().any(|choice| choice.id == "/Consent(yes)");
        if offers_terms && about != Some(Sort::Stopped) {
            chat.agreed = false;
        }
        if new {
            chat.asked = None;
        }
        chat.asked = ask(words, &reply.choices).or(chat.asked);
        if new || !reply.choices.is_empty() {
            chat.choices = reply.choices;
            chat.choices_in = wamid.to_owned();
        }
    }
}

/// Whether a text brings what something had done, a document for one.
fn shows_result(text: &str) -> bool {
    RESULTS.iter().any(|mark| text.contains(mark))
}

/// Whether a message brings such a result and says something else besides.
fn brings_more(reply: &Reply) -> bool {
    reply.text.split_once("\n\n").is_some_and(|(first, rest)| shows_result(first) && !shows_result(rest))
}

fn fits(expect: &Expect, reply: &Reply, words: &str, about: Option<Sort>) -> bool {
    let offers = |prefix: &str| reply.choices.iter().any(|choice| choice.id.starts_with(prefix));
    match expect {
        Expect::Any => true,
        // Whatever was meant: these say honestly why it is not done.
        Expect::Choice(_) | Expect::Words(_) | Expect::Handoff
            if matches!(about, Some(Sort::Failed | Sort::Busy | Sort::Expired))
                || is(words, Sort::Failed) =>
        {
            true
        }
        // What was asked before the terms were agreed to may be for a person.
        Expect::Words(words) if words == "✅" && about == Some(Sort::Handoff) => true,
        Expect::Choice(prefixes) => prefixes.iter().any(|prefix| offers(prefix)),
        Expect::Words(expected) => {
            words.contains(expected) || reply.choices.iter().any(|c| plain(&c.title).contains(expected))
        }
        Expect::Terms(name) => {
            offers("/Consent(yes)") && reply.text.contains(name.as_str())
                || offers("/ChangeLanguage")
                || matches!(about, Some(Sort::Handoff | Sort::Stopped))
        }
        Expect::Echo(text) => reply.text == *text,
        Expect::Handoff => about == Some(Sort::Handoff),
        Expect::Stopped => about == Some(Sort::Stopped),
    }
}

/// The order numbers in a text.
fn orders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("ORD-").filter_map(|(at, _)| {
        let digits = text[at + 4..].bytes().take_while(u8::is_ascii_digit).count();
        (digits > 3).then(|| &text[at..at + 4 + digits])
    })
}

fn short(text: &str) -> String {
    let line: String = text.chars().take(140).map(|c| if c == '\n' { ' ' } else { c }).collect();
    line
}
