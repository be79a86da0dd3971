//! What intents are called, as one more example of each: `card_not_working` says what the ten messages under it have in common.

use super::{
    classifier,
    prepare::{Labels, Prepared},
    tagger,
};
use crate::{data::is_out_of_scope, features::sentence, text::Analysis};

/// One for each intent but that of what no shop can answer. They have no words to be tagged and are held out with no part.
pub fn examples(labels: &Labels) -> Vec<Prepared> {
    let named = labels.intents.iter().enumerate().filter(|(_, name)| !is_out_of_scope(name));
    named
        .map(|(class, name)| {
            let text = Analysis::new(&words(name));
            let features = sentence::features(&text.words);
            Prepared {
                text,
                lang: String::new(),
                fold: usize::MAX,
                sentence: classifier::Sample { features, contexts: Vec::new(), class, vector: None },
                words: tagger::Sample { features: Vec::new(), tags: Vec::new(), vectors: None },
                gold: Vec::new(),
                story: None,
                next: None,
            }
        })
        .collect()
}

/// `bank/CardNotWorking`, `card_not_working` → `card not working`.
fn words(name: &str) -> String {
    let own = name.rsplit('/').next().unwrap_or(name);
    let mut out = String::with_capacity(own.len() + 4);
    let mut small = false;
    for c in own.chars() {
        if !c.is_alphanumeric() {
            out.push(' ');
        } else {
            if small && c.is_uppercase() {
                out.push(' ');
            }
            out.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_words() {
        for name in ["card_not_working", "bank/CardNotWorking", "CARD_NOT_WORKING", "card-not-working?"] {
            assert_eq!(words(name), "card not working");
        }
    }

    #[test]
    fn each_intent_in_scope_has_one_and_none_is_tagged() {
        let intents = ["greet", "out_of_scope", "track_order"].map(str::to_owned).to_vec();
        let found = examples(&Labels { intents, entities: vec!["city".into()], actions: Vec::new() });
        let classes: Vec<usize> = found.iter().map(|p| p.sentence.class).collect();
        assert_eq!(classes, [0, 2]);
        assert_eq!(found[1].text.words.len(), 2);
        assert!(found.iter().all(|p| p.asked_words().is_empty() && !p.sentence.features.is_empty()));
    }
}
