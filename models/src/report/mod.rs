//! The page that training leaves behind: how good the model is, how honest, and what to mend first – for an operator who
//! knows no statistics. Everything on it is counted from held-out messages; nothing is taken from elsewhere.

mod cells;
pub mod charts;
mod curves;
mod examples;
pub mod figures;
mod held_out;
mod labelled;
mod labels;
mod matrix;
mod page;
mod parts;
mod tables;

pub use held_out::readings;

use crate::{
    data::Dataset,
    error::{Error, Result},
    model::Model,
    train::Options,
};
use std::path::{Path, PathBuf};

/// Name of the page in the artefact's folder.
pub const FILE: &str = "report.html";

/// A span as (entity, first character, character behind the last).
pub type Span = (usize, usize, usize);

/// A labelled message that was held out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// As written.
    pub text: String,
    /// Variety; empty where unknown.
    pub lang: String,
    /// Where it stands: the last two parts of the file's path, and the line.
    pub place: String,
    /// The right intent, as its place in [`Input::intents`].
    pub intent: usize,
    /// The right spans; entities as places in [`Input::entities`].
    pub spans: Vec<Span>,
}

/// What one tier made of a message that it had not seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The three likeliest intents with calibrated probabilities, likeliest first.
    pub ranking: Vec<(usize, f32)>,
    /// Calibrated probability of being out of scope.
    pub outside: f32,
    /// Spans found.
    pub spans: Vec<Span>,
    /// Probability of the spans as a whole.
    pub tag_confidence: f32,
}

impl Reading {
    /// The likeliest intent.
    pub fn intent(&self) -> Option<usize> {
        self.ranking.first().map(|r| r.0)
    }
    /// Its probability; 0 without any.
    pub fn probability(&self) -> f32 {
        self.ranking.first().map_or(0.0, |r| r.1)
    }
}

/// Everything the page is made of. Holds no times: the same input gives the same page.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The artefact's id.
    pub model: String,
    /// The encoder's id; `None`: n-gram model alone.
    pub encoder: Option<String>,
    /// How it was trained.
    pub options: Options,
    /// Intents in the order of the classes.
    pub intents: Vec<String>,
    /// Entities in the order of the tags.
    pub entities: Vec<String>,
    /// The n-gram model answers alone from this confidence on; above 1: never.
    pub first_tier: f32,
    /// Examples in all.
    pub examples: usize,
    /// Those that were held out once.
    pub messages: Vec<Message>,
    /// What the n-gram model made of each of them.
    pub ngram: Vec<Reading>,
    /// What the joint model made of each of them.
    pub joint: Option<Vec<Reading>>,
}

impl Input {
    /// Of a model, the data it was trained on and what its tiers made of them ([`readings`]). Only messages that all
    /// tiers read unseen are shown.
    pub fn of(
        model: &Model,
        data: &Dataset,
        ngram: Vec<Option<Reading>>,
        joint: Option<Vec<Option<Reading>>>,
    ) -> Self {
        let manifest = model.manifest();
        let mut out = Self {
            model: model.id().to_owned(),
            encoder: manifest.encoder.clone(),
            options: manifest.options.clone(),
            intents: manifest.intents.clone(),
            entities: manifest.entities.clone(),
            first_tier: manifest.first_tier,
            examples: data.examples.len(),
            joint: joint.is_some().then(Vec::new),
            ..Self::default()
        };
        let at = |names: &[String], name: &str| names.iter().position(|n| n == name);
        let mut joint = joint.map(Vec::into_iter);
        for (e, ngram) in data.examples.iter().zip(ngram) {
            let second = joint.as_mut().map(|readings| readings.next().flatten());
            let (Some(ngram), None | Some(Some(_))) = (ngram, &second) else { continue };
            out.messages.push(Message {
                text: e.text.clone(),
                lang: e.lang.clone(),
                place: data.files.get(e.file).map_or_else(String::new, |f| place(f, e.line)),
                intent: at(&out.intents, &e.intent).unwrap_or(usize::MAX),
                spans: (e.entities.iter())
                    .filter_map(|s| Some((at(&out.entities, &s.entity)?, s.start, s.end)))
                    .collect(),
            });
            out.ngram.push(ngram);
            if let (Some(list), Some(Some(reading))) = (&mut out.joint, second) {
                list.push(reading);
            }
        }
        out
    }

    /// The name of an intent.
    fn intent(&self, intent: usize) -> &str {
        self.intents.get(intent).map_or("?", String::as_str)
    }

    /// The name of an entity.
    fn entity(&self, entity: usize) -> &str {
        self.entities.get(entity).map_or("?", String::as_str)
    }
}

/// `en/track_order.yml:12`: enough to find it, and the same wherever the folder lies.
fn place(file: &Path, line: usize) -> String {
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    };
    match name(file.parent()) {
        folder if folder.is_empty() => format!("{}:{line}", name(Some(file))),
        folder => format!("{folder}/{}:{line}", name(Some(file))),
    }
}

/// The page: one HTML document that needs nothing from elsewhere.
pub fn page(input: &Input) -> String {
    page::page(input).into_string()
}

/// Writes the page into an artefact's folder, whole or not at all, and tells its path.
///
/// # Errors
/// `CHARLA-E4010`.
pub fn write(input: &Input, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(FILE);
    let part = folder.join(format!(".{FILE}.{}.part", std::process::id()));
    std::fs::write(&part, page(input)).map_err(Error::io(&part))?;
    std::fs::rename(&part, &path).map_err(Error::io(&path))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
