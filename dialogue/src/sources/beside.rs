//! What a message says beside the answer to a question: a detail of what shall be done, or another thing that it asks for or names.

use super::question::Question;
use crate::commands::Command;
use crate::config::domain::Target;
use crate::event::Understanding;
use crate::fold::{listed as is, words};
use crate::turn::Turn;
use crate::wording;

impl Question<'_> {
    /// Whether a wish may be about what this question asks for: its flow, one that called it, or one that it takes as its own.
    pub(crate) fn about(&self, turn: &Turn, wish: &str) -> bool {
        let outer = &turn.state.outermost(self.frame).flow;
        let absorbs =
            |flow: &str| turn.a.flows.get(flow).is_some_and(|f| f.absorbs.iter().any(|a| a == wish));
        [&self.frame.flow, outer].into_iter().any(|flow| flow == wish || absorbs(flow))
    }

    /// Whether a wish behind a yes is a detail of what the yes is to.
    pub(crate) fn notes(&self, u: &Understanding, text: &str, wish: &str) -> bool {
        self.collect.ways.detail_wishes.iter().any(|w| w == wish)
            && !wording::asks(text)
            && u.entities.iter().all(|e| e.entity != "order_id")
    }

    /// "But can they collect it on Friday?": when something shall be done is noted with it, though its words are those of another
    /// wish.
    pub(super) fn wished_detail(
        &self,
        turn: &Turn,
        text: &str,
        u: &Understanding,
        target: Option<&Target>,
    ) -> Option<Vec<Command>> {
        const DELIVERY: &str = "delivery deliver delivered entrega entregar entreguen डिलीवरी";
        let Some(Target::Flow(wish)) = target else { return None };
        let has = |kinds: &[&str]| u.entities.iter().any(|e| kinds.contains(&e.entity.as_str()));
        // What is done at once takes its details with the yes, in other ways.
        (!self.collect.ways.at_once
            && self.collect.ways.detail_wishes.iter().any(|w| w == wish)
            && has(&["date", "time"])
            && !has(&["order_id", "product"])
            && !words(text).iter().any(|w| is(DELIVERY, w)))
        .then(|| self.detail(turn, text, u))
        .flatten()
    }

    /// "And the jeans that are late, what happened?" to "shall I cancel the TV?": a question that names a thing, in none of the words
    /// for what shall be done or for another choice, corrects nothing.
    pub(crate) fn asks_elsewhere(&self, text: &str, u: &Understanding) -> bool {
        const CHOICE: &str =
            "instead rather meant mean en vez lugar mejor sino badle jagah matlab बदले जगह मतलब";
        const ANY: &str = "order orders pedido this that please ऑर्डर आर्डर karo kardo karna कर करो करना";
        if !self.collect.confirm || !wording::asks(text) || !u.entities.iter().any(|e| e.entity == "product")
        {
            return false;
        }
        let own: Vec<String> =
            self.collect.yes.iter().chain(&self.collect.no).flat_map(|p| words(p)).collect();
        let own = |w: &String| w.chars().count() >= 4 && own.contains(w) && !is(ANY, w);
        !words(text).iter().any(|w| own(w) || is(CHOICE, w))
    }

    /// Whether a question behind a yes is about a thing that it names, and a matter of its own: "and when does the fridge come?".
    pub(crate) fn asks_of_a_thing(&self, turn: &Turn, text: &str, u: &Understanding, wish: &str) -> bool {
        let outer = &turn.state.outermost(self.frame).flow;
        let named = u.entities.iter().any(|e| e.entity == "product");
        named && wording::asks(text) && *outer != wish && self.frame.flow != wish
    }

    /// Whether a message names an order that is not the one in question: by its number, or as an earlier one.
    pub(crate) fn names_another(&self, turn: &Turn, text: &str, u: &Understanding) -> bool {
        const EARLIER: &str = "last previous earlier old other pichla pichle pichli purane purana purani dusre doosre anterior ultimo \
            otro viejo पिछले पिछला पिछली पुराने पुराना पुरानी दूसरे";
        const ORDER: &str = "order orders pedido compra purchase ऑर्डर आर्डर";
        let said = words(text);
        let near = |pair: &[String]| {
            (is(EARLIER, &pair[0]) && is(ORDER, &pair[1])) || (is(ORDER, &pair[0]) && is(EARLIER, &pair[1]))
        };
        if said.windows(2).any(near) {
            return true;
        }
        let order = |e: &&crate::event::Entity| e.entity == "order_id";
        let known = turn.state.frame_slot(Some(self.frame), "order").map(|o| o["order_id"].to_string());
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let known = digits(&known.unwrap_or_default());
        u.entities.iter().filter(order).any(|e| {
            let named = digits(&e.value.to_string());
            !named.is_empty() && !known.is_empty() && !known.ends_with(&named)
        })
    }
}
