//! Trains on one labelled file and tests on another, with switches that the command line tool does not have:
//! `cargo run --release -p charla-models --example bench -- --train F.jsonl [--dev F.jsonl] --test F.jsonl [--lang L] [--shots N] [--limit N]
//! [--prefix P] [--encoder english] [--frozen] [--ngram] [--set '{"rate":1e-4}']`. `--prefix` keeps the intents that begin with it; `--set` changes
//! options of the joint training (or, with `--frozen`, of the joint classifier).

use charla_models::{
    data::Dataset,
    encoder::{Kind, install},
    eval::{BenchOptions, bench},
    progress,
    train::{Options, tune},
};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let read = |name: &str| -> Result<Dataset, Box<dyn std::error::Error>> {
        let mut data = Dataset::read(&PathBuf::from(option(name).ok_or(name)?))?;
        if let Some(prefix) = option("--prefix") {
            data.examples.retain(|e| e.intent.starts_with(&prefix));
        }
        Ok(data)
    };
    let mut options = Options::default();
    let set = |value: serde_json::Value| -> Result<serde_json::Value, serde_json::Error> {
        let mut value = value;
        if let Some(changes) = option("--set") {
            let changes: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&changes)?;
            for (key, change) in changes {
                value[key] = change;
            }
        }
        Ok(value)
    };
    if flag("--frozen") {
        options.joint = serde_json::from_value(set(serde_json::to_value(&options.joint)?)?)?;
    } else {
        options.tune = Some(serde_json::from_value(set(serde_json::to_value(tune::Options::default())?)?)?);
    }
    let kind: Kind = option("--encoder").as_deref().unwrap_or("multilingual").parse()?;
    let encoder = if flag("--ngram") {
        None
    } else {
        Some(install::pull(&install::default_cache(), kind, &progress::Bars::default())?)
    };
    let dev = option("--dev").map(|_| read("--dev")).transpose()?;
    let number = |name: &str| option(name).and_then(|n| n.parse().ok());
    let part = BenchOptions { lang: option("--lang"), shots: number("--shots"), limit: number("--limit") };
    let (report, train) = bench(
        &read("--train")?,
        dev.as_ref(),
        &read("--test")?,
        &part,
        encoder,
        &options,
        &progress::Silent,
    )?;
    println!("{}", serde_json::to_string(&train.seconds)?);
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
