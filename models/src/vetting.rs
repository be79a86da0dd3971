//! What a new model must show before it goes live.

use crate::{
    data::is_out_of_scope,
    encoder::Encode,
    error::{Error, Result},
    model::Model,
    pool::{Parse, ParseRequest},
    swap::Needs,
};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// Each text is read so often; the quickest counts, because whatever else the machine does only adds.
const PASSES: usize = 3;
/// Added to what the model before takes, so that microseconds are not weighed against each other.
const SLACK: Duration = Duration::from_millis(1);
/// A text may take this part of the pool's limit at most.
const PART: u32 = 4;

/// Why a model does not go live.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Its own doing: it is not tried again.
    Model(String),
    /// The encoder's; another try may go better.
    Encoder(Error),
}

fn model(why: impl Into<String>) -> Refusal {
    Refusal::Model(why.into())
}

/// Compares a new model with the one that answers: names, its noted examples through an encoder of its own, sanity of all
/// probabilities, time.
pub(crate) fn vet(
    new: &Model,
    old: &Model,
    needs: &Needs,
    slower: u32,
    limit: Duration,
) -> std::result::Result<(), Refusal> {
    if new.manifest().checks.is_empty() {
        return Err(model("it carries no examples for its self-test"));
    }
    names(new, old, needs).map_err(Refusal::Model)?;
    let tried = catch_unwind(AssertUnwindSafe(|| {
        new.self_test()?;
        trial(new, old, slower, limit)
    }));
    match tried {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(why))) => Err(Refusal::Model(why)),
        Ok(Err(error @ (Error::Encoder(_) | Error::NoEncoder { .. } | Error::Io { .. }))) => {
            Err(Refusal::Encoder(error))
        }
        Ok(Err(Error::Artefact { why, .. })) => Err(Refusal::Model(why)),
        Ok(Err(error)) => Err(Refusal::Model(error.to_string())),
        Err(_) => Err(model("it panicked in its self-test")),
    }
}

/// What the dialogue needs and the model before gave, the new one must give; an intent that the dialogue does not know leads
/// nowhere.
fn names(new: &Model, old: &Model, needs: &Needs) -> std::result::Result<(), String> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let (new, old) = (new.manifest(), old.manifest());
    let (intents, known) = (set(&new.intents), set(&old.intents));
    let lost = |what: &str, mut names: Vec<&String>| match names.pop() {
        Some(name) => Err(format!(
            "it does not know the {what} `{name}`, which the running engine needs; give it examples, or start the engine anew \
             with a configuration that does without"
        )),
        None => Ok(()),
    };
    lost("intent", known.difference(&intents).filter(|i| needs.intents.contains(*i)).collect())?;
    let (entities, before) = (set(&new.entities), set(&old.entities));
    lost("entity", before.difference(&entities).filter(|e| needs.entities.contains(*e)).collect())?;
    let (languages, before) = (set(&new.languages), set(&old.languages));
    lost("language", before.difference(&languages).collect())?;
    let foreign = |i: &&String| !needs.intents.contains(*i) && !is_out_of_scope(i);
    // Nobody has said what is needed: then nothing is foreign.
    match intents.difference(&known).find(|i| foreign(i) && !needs.intents.is_empty()) {
        Some(name) => Err(format!(
            "it knows the intent `{name}`, and the running engine does not; start the engine anew, so that it reads the \
             configuration that goes with it"
        )),
        None => Ok(()),
    }
}

/// How long a model takes for each text, and what it says. The joint tier reads all texts if `encoder` is there, the n-gram
/// tier if not.
fn measure(
    model: &Model,
    texts: &[&str],
    mut encoder: Option<Box<dyn Encode>>,
) -> Result<(Vec<Duration>, Vec<Parse>)> {
    let mut times = vec![Duration::MAX; texts.len()];
    let mut parses = Vec::new();
    for pass in 0..PASSES {
        for (text, quickest) in texts.iter().zip(&mut times) {
            let request = ParseRequest { text: (*text).to_owned(), ..ParseRequest::default() };
            let begun = Instant::now();
            let parse = model.parse_from(f32::INFINITY, &request, encoder.as_deref_mut())?;
            *quickest = begun.elapsed().min(*quickest);
            if pass == 0 {
                parses.push(parse);
            }
        }
    }
    Ok((times, parses))
}

/// Reads the noted examples of both models with both, tier by tier, and compares.
fn trial(new: &Model, old: &Model, slower: u32, limit: Duration) -> Result<std::result::Result<(), String>> {
    let mut texts: Vec<&str> = Vec::new();
    for check in new.manifest().checks.iter().chain(&old.manifest().checks) {
        if !texts.contains(&check.text.as_str()) {
            texts.push(&check.text);
        }
    }
    for (tier, source, other) in [("n-gram", None, None), ("joint", new.encoder(), old.encoder())] {
        if tier == "joint" && source.is_none() {
            continue;
        }
        // One after the other: two encoders at once would take twice the memory.
        let (times, parses) = measure(new, &texts, source.map(|s| s.open()).transpose()?)?;
        if let Some(what) = parses.iter().find_map(insane) {
            return Ok(Err(format!("its {tier} tier gives {what} as a probability")));
        }
        let longest = times.iter().max().copied().unwrap_or_default();
        if longest > limit / PART {
            return Ok(Err(format!(
                "its {tier} tier takes {} ms for one of its examples; see `nlu.timeout_ms`",
                longest.as_millis()
            )));
        }
        // The encoder of the model before may be what fails now; then there is nothing to compare with.
        let Some(rival) = (match other.map(|s| s.open()) {
            None if tier == "joint" => None,
            Some(Err(_)) => None,
            encoder => measure(old, &texts, encoder.transpose()?).ok(),
        }) else {
            continue;
        };
        let top = |p: &Parse| p.intents.first().map(|i| i.0.clone());
        let different = parses.iter().zip(&rival.1).filter(|(a, b)| top(a) != top(b)).count();
        let per_text = |times: &[Duration]| times.iter().sum::<Duration>() / texts.len().max(1) as u32;
        let (takes, took) = (per_text(&times), per_text(&rival.0));
        tracing::info!(
            model = new.id(),
            former = old.id(),
            tier,
            examples = texts.len(),
            different,
            takes_us = takes.as_micros() as u64,
            took_us = took.as_micros() as u64,
            "a new understanding model was tried on the examples of both"
        );
        if takes > (took + SLACK) * slower.max(1) {
            return Ok(Err(format!(
                "its {tier} tier takes {} µs for a text, that of the model before {} µs; see `nlu.swap.slower`",
                takes.as_micros(),
                took.as_micros()
            )));
        }
    }
    Ok(Ok(()))
}

/// What is no probability, if something is not.
fn insane(parse: &Parse) -> Option<f32> {
    let all = parse.intents.iter().chain(&parse.languages).map(|(_, p)| *p);
    all.chain([parse.out_of_scope]).chain(parse.entities.iter().map(|e| e.confidence)).find(|p| {
        // Sums of rounded numbers may come out a little above one.
        !(-1e-3..=1.001).contains(p)
    })
}
