//! What a customer does when the moment has come: type or tap, and what.

use super::{
    chat::{Chat, Expect, Owner, What},
    hand::Hand,
    people::Variety,
    reply::{Ask, Choice},
    scenario::Mix,
    texts::{Matter, Texts},
};

/// Where the words come from.
pub(super) struct Source<'a> {
    pub texts: &'a Texts,
    pub mix: &'a Mix,
    /// Share of taps so far; below what is wanted, what can be tapped is tapped.
    pub taps_so_far: f64,
    pub dice: &'a mut fastrand::Rng,
}

/// Something done, and what the answer must be.
#[derive(Debug)]
pub(super) struct Done {
    pub what: What,
    pub expect: Expect,
    pub required: bool,
}

const AGREE: [&[&str]; 4] = [
    &["yes", "Yes I agree", "ok yes", "i agree", "sure, yes"],
    &["sí", "sí, acepto", "si, de acuerdo", "vale, acepto"],
    &["हाँ", "हाँ जी", "हाँ, सहमत हूँ"],
    &["haan", "haan ji", "haan, ok", "yes agree"],
];

impl Source<'_> {
    fn hand<'c>(&self, chat: &'c Chat) -> Hand<'c> {
        Hand { person: &chat.person, order: chat.order.as_deref() }
    }

    fn about(&mut self, chat: &Chat, matter: Matter) -> String {
        let text = self.texts.draw(chat.person.variety, matter, self.dice).to_owned();
        self.hand(chat).write(&text, self.dice)
    }

    fn typed(&self, chat: &Chat, text: String, expect: Expect) -> Done {
        Done { what: What::Text(text), expect, required: chat.owner == Owner::Bot && !chat.stopped }
    }

    /// The first message of somebody new.
    pub(super) fn opening(&mut self, chat: &Chat) -> Done {
        let matter = if self.dice.f64() < 0.35 { Matter::Greet } else { opening_matter(self.dice) };
        let text = self.about(chat, matter);
        // Who asks for a person gets one, and needs no terms for it.
        let expect = Expect::Terms(chat.person.name.clone());
        self.typed(chat, text, expect)
    }

    /// One more right after the last, whatever that leads to.
    pub(super) fn one_more(&mut self, chat: &Chat) -> Done {
        let matter = if self.dice.f64() < 0.2 { Matter::Chat } else { Matter::Mixed };
        let text = self.about(chat, matter);
        self.typed(chat, text, Expect::Any)
    }

    /// The next message.
    pub(super) fn next(&mut self, chat: &mut Chat, last: bool) -> Done {
        if !chat.agreed {
            return self.agree(chat);
        }
        if last && chat.polite {
            let text = self.about(chat, Matter::Bye);
            return self.typed(chat, text, Expect::Any);
        }
        let wanted = self.mix.taps > self.taps_so_far || self.dice.f64() < 0.05;
        if wanted
            && !chat.choices.is_empty()
            && self.mix.taps > 0.0
            && let Some(done) = self.tap(chat)
        {
            return done;
        }
        self.write(chat)
    }

    fn agree(&mut self, chat: &mut Chat) -> Done {
        let yes = chat.choices.iter().find(|choice| choice.id == "/Consent(yes)").cloned();
        match yes {
            Some(yes) if self.dice.f64() < 0.93 => {
                chat.agreed = true;
                let done = Done { expect: Expect::Words("✅".into()), ..self.done_tap(chat, yes) };
                chat.choices.clear();
                done
            }
            Some(_) => {
                chat.agreed = true;
                let text = self.dice.choice(AGREE[chat.person.variety as usize]).copied().unwrap_or("yes");
                self.typed(chat, text.to_owned(), Expect::Any)
            }
            // Asked for something else, or no answer yet: a question, which is kept until they agree.
            None => {
                let matter = opening_matter(self.dice);
                let text = self.about(chat, matter);
                self.typed(chat, text, Expect::Any)
            }
        }
    }

    fn done_tap(&self, chat: &Chat, choice: Choice) -> Done {
        let expect = if chat.pending.is_empty() { expected(&choice) } else { Expect::Any };
        // Who taps the same row again before anything has come is answered once.
        let again = chat.pending.iter().any(|pending| pending.wrote == choice.told());
        Done {
            what: What::Tap(choice, chat.choices_in.clone()),
            expect,
            required: chat.owner == Owner::Bot && !chat.stopped && !again,
        }
    }

    fn tap(&mut self, chat: &mut Chat) -> Option<Done> {
        let choice = self.dice.choice(&chat.choices)?.clone();
        let seldom = if choice.id.starts_with("/HumanHandoff") {
            0.06
        } else if choice.id.starts_with("/ChangeLanguage") {
            0.15
        } else if choice.id.starts_with("/Consent(no)") {
            0.0
        } else {
            1.0
        };
        if self.dice.f64() >= seldom {
            return None;
        }
        let done = self.done_tap(chat, choice.clone());
        if let Some(to) = choice.id.strip_prefix("/ChangeLanguage(").and_then(|rest| rest.strip_suffix(')')) {
            chat.language = Variety::ALL.into_iter().find(|variety| variety.code() == to);
            chat.told_language = true;
        }
        Some(done)
    }

    fn write(&mut self, chat: &mut Chat) -> Done {
        if chat.owner == Owner::Human {
            let matter = if self.dice.f64() < 0.2 { Matter::Chat } else { Matter::Mixed };
            let text = self.about(chat, matter);
            return self.typed(chat, text, Expect::Any);
        }
        let asked = chat.asked.take();
        if let Some(ask) = asked
            && self.dice.f64() < if ask == Ask::Yes { 0.6 } else { 0.9 }
        {
            let text = self.hand(chat).answer(ask, self.dice);
            return self.typed(chat, text, Expect::Any);
        }
        if self.dice.f64() < self.mix.free
            && let Some(text) = self.texts.free(self.dice).map(str::to_owned)
        {
            return self.typed(chat, text, Expect::Any);
        }
        // Somebody who sees a list often writes what stands in it.
        if self.dice.f64() < 0.12
            && let Some(row) = self.dice.choice(&chat.choices).filter(|choice| choice.row).cloned()
        {
            let text = self.hand(chat).write(&row.title, self.dice);
            return self.typed(chat, text, Expect::Any);
        }
        let matter = Matter::draw(self.dice);
        let text = self.about(chat, matter);
        let expect = if matter == Matter::Stop && text.to_lowercase() == "stop" && chat.pending.is_empty() {
            Expect::Stopped
        } else {
            Expect::Any
        };
        self.typed(chat, text, expect)
    }
}

fn opening_matter(dice: &mut fastrand::Rng) -> Matter {
    loop {
        let matter = Matter::draw(dice);
        if !matches!(matter, Matter::Stop | Matter::Person | Matter::Mixed | Matter::Chat | Matter::Complain)
        {
            return matter;
        }
    }
}

/// What the answer to a tap must show. Taps are never misunderstood, so this is strict.
fn expected(choice: &Choice) -> Expect {
    let id = choice.id.as_str();
    match id {
        "/ask_capabilities" => Expect::Choice(&["/StartFlow(find_store)"]),
        "/StartFlow(browse_catalog)" => Expect::Choice(&["/StartFlow(search_product, category="]),
        "/HumanHandoff" => Expect::Handoff,
        // Either this person's orders, or a request for a number with an example of one.
        "/StartFlow(track_order)" => Expect::Words("ord-".into()),
        _ if id.starts_with("/StartFlow(search_product, category=") => {
            Expect::Choice(&["/StartFlow(product_details, sku="])
        }
        // Rows have at most 24 characters; the product's whole name is in the answer.
        _ if id.starts_with("/StartFlow(product_details, sku=") && choice.row => {
            let title: String = choice.title.trim_end_matches('…').chars().take(20).collect();
            Expect::Words(super::reply::plain(title.trim_end()))
        }
        _ => Expect::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_expect_what_they_say() {
        let row = |id: &str, title: &str| Choice { id: id.into(), title: title.into(), row: true };
        assert_eq!(
            expected(&row("/StartFlow(product_details, sku='X')", "Samsung Galaxy S24 Ultr…")),
            Expect::Words("samsung galaxy s24 u".into())
        );
        assert_eq!(expected(&row("/HumanHandoff", "A person")), Expect::Handoff);
        assert_eq!(expected(&row("/SetSlots(confirm_cancel=true)", "Yes")), Expect::Any);
    }
}
