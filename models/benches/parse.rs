//! What reading a message costs, part by part, one thread, no cache of answers: `cargo bench -p charla-models --bench parse -- [MODEL] [FILE]`.
//! MODEL is an artefact's folder (without it: the newest one with a joint tier in the cache of `charla train`), FILE labelled
//! JSONL (without it: the development set beside the repository). Prints microseconds: medians and 99th percentiles.

use charla_models::{
    artefact,
    data::Dataset,
    encoder::{Kind, install},
    features::{context::Context, gazetteer::Gazetteer, sentence, token},
    pool::ParseRequest,
    text::Analysis,
};
use std::{path::PathBuf, time::Instant};

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let cache = install::default_cache();
    let Some(folder) = given.first().map(PathBuf::from).or_else(|| newest(&cache.join("models"))) else {
        println!("skipped: no trained model in {} (`charla train` makes one)", cache.display());
        return Ok(());
    };
    let file = given.get(1).map_or_else(|| PathBuf::from("../shared/nlu/dev.jsonl"), PathBuf::from);
    // `cargo bench` starts in the crate's folder.
    let file = if file.exists() { file } else { PathBuf::from("..").join(file) };
    let Ok(data) = Dataset::read(&file) else {
        println!("skipped: no messages in {}", file.display());
        return Ok(());
    };
    let encoder = install::installed(&cache, Kind::Multilingual).ok();
    let model = artefact::load(&folder, encoder)?;
    println!("{} messages, {} rounds, model {}", data.examples.len(), ROUNDS, model.id());
    let texts: Vec<&str> = data.examples.iter().map(|e| e.text.as_str()).collect();
    let tables = model.manifest().tables.clone();
    let (gazetteer, context) = (Gazetteer::new(tables), Context::default());

    measure("words", &texts, |t| drop(Analysis::new(t)));
    measure("words, sentence features", &texts, |t| drop(sentence::features(&Analysis::new(t).words)));
    measure("words, lookups and patterns", &texts, |t| drop(gazetteer.features(&Analysis::new(t))));
    measure("words, token features", &texts, |t| {
        drop(token::features(&Analysis::new(t), &gazetteer, &context));
    });
    let request = |t: &str| ParseRequest { text: t.to_owned(), ..ParseRequest::default() };
    measure("n-gram tier", &texts, |t| drop(model.parse(&request(t), None)));
    if let Some(source) = model.encoder() {
        let mut open = source.open()?;
        measure("encoder", &texts, |t| drop(open.encode(&Analysis::new(t))));
        let all: Vec<Analysis> = texts.iter().map(|t| Analysis::new(t)).collect();
        for together in [2, 4, 8] {
            // A text's share of the time of its batch: texts of all lengths, in the file's order.
            let batches: Vec<Vec<&Analysis>> =
                all.chunks_exact(together).map(|c| c.iter().collect()).collect();
            measure_each(&format!("encoder, {together} at once, each"), &batches, together, |batch| {
                drop(open.encode_all(batch));
            });
        }
        measure("both tiers", &texts, |t| drop(model.parse(&request(t), Some(open.as_mut()))));
    }
    Ok(())
}

/// Each text's median over the rounds, so that neither the first touch of a page nor another guest of the machine counts.
fn measure(name: &str, texts: &[&str], mut work: impl FnMut(&str)) {
    measure_each(name, texts, 1, |text| work(text));
}

/// The same for pieces of work that are `parts` texts each: a part's time.
fn measure_each<T>(name: &str, works: &[T], parts: usize, mut work: impl FnMut(&T)) {
    let mut took = vec![Vec::with_capacity(ROUNDS); works.len()];
    for _ in 0..ROUNDS {
        for (one, took) in works.iter().zip(&mut took) {
            let start = Instant::now();
            work(one);
            took.push(start.elapsed().as_nanos() / parts as u128);
        }
    }
    let mut medians: Vec<u128> = took
        .into_iter()
        .map(|mut all| {
            all.sort_unstable();
            all[ROUNDS / 2]
        })
        .collect();
    medians.sort_unstable();
    let at = |share: usize| medians[(medians.len() - 1) * share / 100] as f64 / 1000.0;
    println!("{name:<28} p50 {:>8.1} µs   p99 {:>8.1} µs", at(50), at(99));
}

fn newest(models: &std::path::Path) -> Option<PathBuf> {
    let folders =
        std::fs::read_dir(models).ok()?.flatten().map(|e| e.path()).filter(|p| p.join("joint.bin").exists());
    folders.max_by_key(|p| p.metadata().and_then(|m| m.modified()).ok())
}
