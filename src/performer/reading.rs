//! What understanding makes of a text: where it stands, by itself, and its clauses by themselves, all by one model.

use charla_dialogue::{
    clauses::{split, words_of},
    effect::UnderstandRequest,
    event::Clause,
    state::Exchange,
};
use charla_models::{
    features::context::Turn as Earlier,
    pool::{NluPool, Parse, ParseRequest, PoolError},
};
use futures_util::future::try_join_all;

/// Confidence below which a message's clauses are understood by themselves as well: somewhat above what any intent should need.
const UNSURE: f32 = 0.8;

/// What was made of a text, and of its clauses where it was unsure.
///
/// # Errors
/// Those of the text as a whole; without its clauses a message is as unsure as it is.
pub(super) async fn read(
    nlu: &dyn NluPool,
    request: &UnderstandRequest,
) -> Result<(Parse, Vec<Clause>), PoolError> {
    let mut reading = Reading::of(nlu, request).await?;
    // Another model has begun to answer in between; the next reading is likely to be all its own.
    if reading.is_mixed()
        && let Ok(again) = Reading::of(nlu, request).await
    {
        reading = again;
    }
    if reading.is_mixed() {
        reading = Reading { whole: reading.whole, alone: None, clauses: vec![] };
    }
    let clauses = reading.clauses.into_iter().map(|(clause, _)| clause).collect();
    Ok((reading.alone.unwrap_or(reading.whole), clauses))
}

struct Reading {
    /// Where the text stands.
    whole: Parse,
    /// A further sentence that is unsure there counts as it is understood by itself, if that is surer: beside "is it in stock?"
    /// a "cash on delivery?" was nothing that is asked there.
    alone: Option<Parse>,
    /// With the models that read them.
    clauses: Vec<(Clause, String)>,
}

impl Reading {
    async fn of(nlu: &dyn NluPool, request: &UnderstandRequest) -> Result<Self, PoolError> {
        let whole = nlu.parse(parse_request(request, request.text.clone())).await?;
        let alone = match request.part && sureness(&whole) < UNSURE {
            true => nlu.parse(by_itself(request)).await.ok(),
            false => None,
        };
        let alone = alone.filter(|alone| sureness(alone) > sureness(&whole));
        let clauses = match sureness(alone.as_ref().unwrap_or(&whole)) < UNSURE {
            true => clauses(nlu, request).await,
            false => vec![],
        };
        Ok(Self { whole, alone, clauses })
    }

    fn is_mixed(&self) -> bool {
        let others = self.alone.iter().map(|alone| &alone.model);
        others.chain(self.clauses.iter().map(|(_, model)| model)).any(|model| *model != self.whole.model)
    }
}

/// What understanding is asked, for a text or a clause of it.
fn parse_request(request: &UnderstandRequest, text: String) -> ParseRequest {
    let earlier = |e: &Exchange| Earlier { intent: e.intent.clone(), action: e.action.clone() };
    ParseRequest {
        text,
        language: request.language.clone(),
        asked: request.asked.clone(),
        flow: request.flow.clone(),
        history: request.history.clone(),
        earlier: request.earlier.iter().map(earlier).collect(),
        now: request.now,
    }
}

/// What understanding is asked for a text that may have nothing to do with what was said before it.
fn by_itself(request: &UnderstandRequest) -> ParseRequest {
    ParseRequest {
        text: request.text.clone(),
        language: request.language.clone(),
        now: request.now,
        ..ParseRequest::default()
    }
}

/// The probability of the most likely intent.
fn sureness(parse: &Parse) -> f32 {
    parse.intents.first().map_or(0.0, |(_, p)| *p)
}

/// A message's clauses, each understood by itself, with the models that did. None if one of them was not understood.
async fn clauses(nlu: &dyn NluPool, request: &UnderstandRequest) -> Vec<(Clause, String)> {
    let read = split(&request.text).into_iter().map(async |(start, end)| {
        let (_, said) = words_of(&request.text, (start, end));
        let parse = nlu.parse(parse_request(request, said)).await?;
        let clause = Clause { start, end, intents: parse.intents, out_of_scope: parse.out_of_scope };
        Ok((clause, parse.model))
    });
    // Side by side: they may be read together, and their waits are one.
    try_join_all(read).await.unwrap_or_else(|_: PoolError| vec![])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn parse(intent: &str, p: f32, model: &str) -> Parse {
        Parse {
            languages: vec![],
            intents: vec![(intent.to_owned(), p)],
            entities: vec![],
            out_of_scope: 0.0,
            candidates: vec![],
            model: model.to_owned(),
            tier: String::new(),
        }
    }

    fn request(text: &str, part: bool) -> UnderstandRequest {
        UnderstandRequest {
            text: text.to_owned(),
            language: None,
            asked: None,
            flow: Some("check_stock".to_owned()),
            history: vec![],
            earlier: vec![],
            now: None,
            part,
        }
    }

    /// Sure of what it hears by itself, unsure in the middle of a flow.
    struct Context;

    #[async_trait::async_trait]
    impl NluPool for Context {
        async fn parse(&self, request: ParseRequest) -> Result<Parse, PoolError> {
            let (intent, p) = if request.flow.is_some() { ("stock", 0.4) } else { ("payment", 0.9) };
            Ok(parse(intent, p, ""))
        }
    }

    #[tokio::test]
    async fn a_further_sentence_that_is_unsure_where_it_stands_is_understood_by_itself() {
        for (part, intent) in [(true, "payment"), (false, "stock")] {
            let (parse, _) = read(&Context, &request("cash on delivery?", part)).await.unwrap();
            assert_eq!(parse.intents[0].0, intent, "part: {part}");
        }
    }

    /// Unsure of everything. Another model answers after so many requests; or, without a number, whatever is not a whole text.
    struct Swapped(AtomicUsize, Option<usize>);

    #[async_trait::async_trait]
    impl NluPool for Swapped {
        async fn parse(&self, request: ParseRequest) -> Result<Parse, PoolError> {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let other = self.1.map_or(request.text != TWO, |after| number >= after);
            Ok(parse("stock", 0.4, if other { "new" } else { "old" }))
        }
    }

    const TWO: &str = "is it in stock? and where is my order? thanks a lot";

    #[tokio::test]
    async fn what_two_models_made_of_a_text_is_not_mixed() {
        let parts = split(TWO).len();
        assert!(parts > 1, "it has no clauses");
        for (after, model, clauses) in
            [(Some(1), "new", parts), (Some(2), "new", parts), (Some(99), "old", parts), (None, "old", 0)]
        {
            let pool = Swapped(AtomicUsize::new(0), after);
            let (parse, told) = read(&pool, &request(TWO, false)).await.unwrap();
            assert_eq!((parse.model.as_str(), told.len()), (model, clauses), "after {after:?}");
        }
    }
}
