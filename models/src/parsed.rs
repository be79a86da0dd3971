//! Answers kept for texts that come again word for word ("hi", "yes", "where is my order").

use crate::{
    features::context::{EARLIER, Turn},
    pool::{Parse, ParseRequest},
};
use std::{collections::HashMap, sync::Mutex};

/// What an answer depends on, besides the model. The history is not among it: these models do not look at it.
type Key = (String, Option<String>, Option<String>, Option<String>, Vec<Turn>);

/// Texts longer than this do not come again.
const LONGEST: usize = 64;

/// A bounded store of answers in two generations: when the young one is full, the old one is thrown away and the young one
/// becomes old. What is asked for often stays.
#[derive(Debug)]
pub struct Parsed {
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    model: String,
    young: HashMap<Key, Parse>,
    old: HashMap<Key, Parse>,
}

fn key(request: &ParseRequest) -> Option<Key> {
    (request.text.len() <= LONGEST).then(|| {
        let (language, asked, flow) = (&request.language, &request.asked, &request.flow);
        let earlier = &request.earlier[request.earlier.len().saturating_sub(EARLIER)..];
        (request.text.clone(), language.clone(), asked.clone(), flow.clone(), earlier.to_vec())
    })
}

impl Parsed {
    /// Keeps at most `capacity` answers; 0 keeps none.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, generations: Mutex::default() }
    }

    /// The answer of the model `model`, if it is kept.
    pub fn get(&self, model: &str, request: &ParseRequest) -> Option<Parse> {
        let key = key(request)?;
        let mut guard = self.generations.lock().ok()?;
        if guard.model != model {
            return None;
        }
        if let Some(parse) = guard.young.get(&key) {
            return Some(parse.clone());
        }
        let parse = guard.old.remove(&key)?;
        guard.put(self.capacity, key, parse.clone());
        Some(parse)
    }

    /// Keeps an answer. A new model's first answer throws away those of the model before it; what an older model answers
    /// late comes back by its name and is not kept.
    pub fn put(&self, live: &str, request: &ParseRequest, parse: &Parse) {
        if self.capacity < 2 || parse.model != live {
            return;
        }
        let Some(key) = key(request) else { return };
        let Ok(mut guard) = self.generations.lock() else { return };
        if guard.model != live {
            *guard = Generations { model: live.to_owned(), ..Generations::default() };
        }
        guard.put(self.capacity, key, parse.clone());
    }
}

impl Generations {
    fn put(&mut self, capacity: usize, key: Key, parse: Parse) {
        if self.young.len() >= capacity / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, parse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> ParseRequest {
        ParseRequest { text: text.into(), ..ParseRequest::default() }
    }

    fn parse(model: &str) -> Parse {
        Parse {
            languages: vec![],
            intents: vec![],
            entities: vec![],
            out_of_scope: 0.0,
            candidates: vec![],
            model: model.into(),
            tier: "ngram".into(),
        }
    }

    #[test]
    fn bounded_keyed_by_model_and_context() {
        let kept = Parsed::new(10);
        for i in 0..100 {
            kept.put("m", &request(&i.to_string()), &parse("m"));
            kept.get("m", &request("0"));
        }
        assert!(kept.get("m", &request("0")).is_some(), "asked for often");
        assert!(kept.get("m", &request("50")).is_none());
        let guard = kept.generations.lock().unwrap();
        assert!(guard.young.len() + guard.old.len() <= 10);
        drop(guard);
        let asked = ParseRequest { asked: Some("date".into()), ..request("0") };
        assert!(kept.get("m", &asked).is_none());
        let later = ParseRequest { earlier: vec![Turn::default()], ..request("0") };
        assert!(kept.get("m", &later).is_none());
        assert!(kept.get("n", &request("0")).is_none());
        kept.put("n", &request("x"), &parse("m"));
        assert!(kept.get("n", &request("x")).is_none(), "late answer of the model before");
        assert!(kept.get("m", &request("0")).is_some());
        kept.put("n", &request("x"), &parse("n"));
        assert!(kept.get("m", &request("0")).is_none());
        assert!(kept.get("n", &request("x")).is_some());
    }
}
