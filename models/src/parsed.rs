//! Answers kept for texts that come again word for word ("hi", "yes", "where is my order").

use crate::{
    features::context::{EARLIER, Turn},
    pool::{Parse, ParseRequest},
    recent::Generations,
};
use std::sync::Mutex;

/// What an answer depends on, besides the model. The history is not among it: these models do not look at it.
type Key = (String, Option<String>, Option<String>, Option<String>, Vec<Turn>);

/// Texts longer than this do not come again.
const LONGEST: usize = 64;

/// A bounded store of answers.
#[derive(Debug)]
pub struct Parsed {
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    model: String,
    of: Generations<Key, Parse>,
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
        Self { capacity, kept: Mutex::default() }
    }

    /// The answer of the model `model`, if it is kept.
    pub fn get(&self, model: &str, request: &ParseRequest) -> Option<Parse> {
        let key = key(request)?;
        let mut guard = self.kept.lock().ok()?;
        if guard.model != model {
            return None;
        }
        guard.of.get(self.capacity, &key)
    }

    /// Keeps an answer. A new model's first answer throws away those of the model before it; what an older model answers
    /// late comes back by its name and is not kept.
    pub fn put(&self, live: &str, request: &ParseRequest, parse: &Parse) {
        if self.capacity < 2 || parse.model != live {
            return;
        }
        let Some(key) = key(request) else { return };
        let Ok(mut guard) = self.kept.lock() else { return };
        if guard.model != live {
            *guard = Kept { model: live.to_owned(), ..Kept::default() };
        }
        guard.of.put(self.capacity, key, parse.clone());
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
        assert!(kept.kept.lock().unwrap().of.len() <= 10);
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
