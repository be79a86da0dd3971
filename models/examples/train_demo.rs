//! Trains on a folder of examples and evaluates on labelled messages:
//! `cargo run --release -p charla-models --example train_demo -- config/nlu [--dev FILE.jsonl] [--ngram] [--out DIR]
//! [--misses N] [--say TEXT …]`.

use charla_models::{
    Result, artefact,
    data::Dataset,
    encoder::{EncoderSource, Kind, install},
    eval, pool, progress,
    train::{Options, train},
};
use std::{path::PathBuf, sync::Arc};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let data = Dataset::read(&PathBuf::from(arguments.first().map_or("config/nlu", String::as_str)))?;
    let cache = install::default_cache();
    let encoder: Option<Arc<dyn EncoderSource>> = if arguments.iter().any(|a| a == "--ngram") {
        None
    } else {
        match install::installed(&cache, Kind::Multilingual) {
            Ok(encoder) => Some(encoder),
            Err(error) => {
                eprintln!("{error}");
                None
            }
        }
    };
    let id = encoder.as_ref().map(|e| e.id().to_owned());
    let options = Options { encodings: Some(cache.join("encodings")), ..Options::default() };
    let (model, mut report) = train(&data, encoder, &options, &progress::Bars::default())?;
    eprintln!("{} problems; the first:", report.problems.len());
    report.problems.iter().take(10).for_each(|p| eprintln!("  {p}"));
    report.problems.clear();
    println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
    println!(
        "first tier from {}, of {} intents",
        model.manifest().first_tier,
        model.manifest().intents.len()
    );
    let folder = option("--out").map_or_else(
        || artefact::folder(&cache, &artefact::key(&data, id.as_deref(), &options)),
        PathBuf::from,
    );
    artefact::save(&model, &folder)?;
    charla_models::report::write(&report.held_out, &folder)?;
    println!("saved in {}", folder.display());
    if let Some(dev) = option("--dev") {
        let dev = Dataset::read(&PathBuf::from(dev))?;
        let (eval, misses) = eval::evaluate(&model, &dev.examples, Some(report.train_s))?;
        println!("{}", serde_json::to_string_pretty(&eval).unwrap_or_default());
        let show = option("--misses").and_then(|n| n.parse().ok()).unwrap_or(0);
        for miss in misses.iter().take(show) {
            println!("{}", serde_json::to_string(miss).unwrap_or_default());
        }
    }
    let said = arguments.iter().position(|a| a == "--say").map_or(arguments.len(), |i| i + 1);
    for text in &arguments[said.min(arguments.len())..] {
        let request = pool::ParseRequest { text: text.clone(), ..pool::ParseRequest::default() };
        let parse = eval::parse(&model, &request)?;
        let entities: Vec<String> = parse
            .entities
            .iter()
            .map(|e| format!("{}={} ({:.2})", e.entity, e.value, e.confidence))
            .collect();
        println!(
            "{text}\n  {:?} {:?} {} {entities:?} {:?}",
            &parse.languages[..2],
            &parse.intents[..2],
            parse.tier,
            parse.candidates
        );
    }
    Ok(())
}
