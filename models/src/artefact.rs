//! A trained model on disk: `manifest.json` and weights, in a folder named by what it was made of.

use crate::{
    calibrate::Calibration,
    data::Dataset,
    encoder::EncoderSource,
    error::{Error, Result},
    features::gazetteer::Tables,
    heads::{classifier::Classifier, tagger::Tagger, tensors::Tensors},
    language::Languages,
    model::{Model, Tier},
    shared::Top,
    train::{LanguageMetrics, Options},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Names the training code: raised with every change after which the same data give another model.
pub const CODE: &str = concat!(env!("CARGO_PKG_VERSION"), "-9");

/// What a model was made of, how good it is, and what belongs to it. Holds no times: the same input gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`CODE`].
    pub code: String,
    /// Hash of the training data.
    pub data: String,
    /// The encoder's id; `None`: n-gram model alone.
    pub encoder: Option<String>,
    /// How it was trained.
    pub options: Options,
    /// Intents in the order of the classes.
    pub intents: Vec<String>,
    /// Entities in the order of the tags.
    pub entities: Vec<String>,
    /// Languages in the order of the classes.
    pub languages: Vec<String>,
    /// Temperature of the language classifier.
    pub language_temperature: f32,
    /// Synonyms, lookup tables, patterns.
    pub tables: Tables,
    /// The n-gram tier.
    pub ngram: TierManifest,
    /// The joint tier.
    pub joint: Option<TierManifest>,
    /// The n-gram tier answers alone from this confidence on.
    pub first_tier: f32,
    /// SHA-256 of each weights file.
    pub files: BTreeMap<String, String>,
    /// Examples for the self-test.
    pub checks: Vec<Check>,
}

/// One tier's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierManifest {
    /// Epochs that the classifier was trained for.
    pub epochs: usize,
    /// Calibration.
    pub calibration: Calibration,
    /// Held-out figures by language.
    pub held_out: BTreeMap<String, LanguageMetrics>,
}

/// A message and what it must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The message.
    pub text: String,
    /// Likeliest intent.
    pub intent: String,
    /// Its probability.
    pub probability: f32,
    /// The tier that answered.
    pub tier: String,
}

impl Manifest {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
    /// 12 hexadecimal digits of its SHA-256.
    pub fn id(&self) -> String {
        sha256(&self.bytes())[..12].to_owned()
    }
}

/// SHA-256 of a file, hexadecimal; it is read piece by piece.
///
/// # Errors
/// `CHARLA-E4010`.
pub(crate) fn sha256_of(path: &Path) -> Result<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(Error::io(path))?;
        if n == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&buffer[..n]);
    }
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The name under which a model made of this would be kept: 16 hexadecimal digits over data, encoder, options and code.
pub fn key(data: &Dataset, encoder: Option<&str>, options: &Options) -> String {
    let options = Options { threads: 0, ..options.clone() };
    let options = serde_json::to_string(&options).unwrap_or_default();
    let others = sha256(crate::language::SAMPLES.as_bytes());
    let made_of = format!("{CODE}\n{}\n{}\n{options}\n{others}", data.hash(), encoder.unwrap_or("none"));
    sha256(made_of.as_bytes())[..16].to_owned()
}

/// The folder of a model in the cache: `CACHE/models/KEY`.
pub fn folder(cache: &Path, key: &str) -> PathBuf {
    cache.join("models").join(key)
}

const MANIFEST: &str = "manifest.json";
const LANGUAGES: &str = "languages.bin";
const NGRAM: &str = "ngram.bin";
pub(crate) const JOINT: &str = "joint.bin";

/// The manifest's bytes and the weights files.
pub(crate) fn weights(model: &Model) -> (Vec<u8>, Vec<(&'static str, Vec<u8>)>) {
    let (languages, ngram, joint) = model.parts();
    let mut files = Vec::new();
    let mut tensors = Tensors::default();
    languages.classifier.save("languages", &mut tensors);
    files.push((LANGUAGES, tensors.to_bytes()));
    for (name, tier) in [(NGRAM, Some(ngram)), (JOINT, joint)] {
        if let Some(tier) = tier {
            let mut tensors = Tensors::default();
            tier.intents.save("intents", &mut tensors);
            tier.tagger.save("tagger", &mut tensors);
            if let Some(top) = &tier.top {
                top.iter().enumerate().for_each(|(i, top)| top.save(&net(i), &mut tensors));
            }
            files.push((name, tensors.to_bytes()));
        }
    }
    (model.manifest().bytes(), files)
}

/// Writes a model into a folder, which appears whole or not at all; one that is there already is replaced.
///
/// # Errors
/// `CHARLA-E4010`.
pub fn save(model: &Model, folder: &Path) -> Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = parent.join(format!(".{name}.{}.part", std::process::id()));
    if part.exists() {
        std::fs::remove_dir_all(&part).map_err(Error::io(&part))?;
    }
    std::fs::create_dir(&part).map_err(Error::io(&part))?;
    let (manifest, files) = weights(model);
    let write = |name: &str, bytes: &[u8]| {
        let path = part.join(name);
        std::fs::write(&path, bytes).map_err(Error::io(&path))
    };
    for (name, bytes) in &files {
        write(name, bytes)?;
    }
    write(MANIFEST, &manifest)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Error::io(folder))?;
    }
    std::fs::rename(&part, folder).map_err(Error::io(folder))
}

/// Loads a model and tests it. An encoder that is not the one it was trained with is not used.
///
/// # Errors
/// `CHARLA-E4010` and `CHARLA-E4020`; the encoder's errors.
pub fn load(folder: &Path, encoder: Option<Arc<dyn EncoderSource>>) -> Result<Model> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(Error::io(path))
    };
    let ill = |why: String| Error::Artefact { path: folder.to_owned(), why };
    let manifest: Manifest =
        serde_json::from_slice(&read(MANIFEST)?).map_err(|e| ill(format!("{MANIFEST}: {e}")))?;
    if manifest.code != CODE {
        return Err(ill(format!("it was trained by version {}, this is {CODE}", manifest.code)));
    }
    let tensors = |name: &str| {
        let path = folder.join(name);
        let found = sha256_of(&path)?;
        if manifest.files.get(name).is_none_or(|sum| *sum != found) {
            return Err(ill(format!("{name} does not have the checksum in {MANIFEST}")));
        }
        Tensors::from_file(&path, |_| true)
    };
    let languages = Languages {
        labels: manifest.languages.clone(),
        classifier: Classifier::load("languages", &mut tensors(LANGUAGES)?, folder)?,
        temperature: manifest.language_temperature,
    };
    let tier = |name: &str| -> Result<Tier> {
        let mut tensors = tensors(name)?;
        let tier = Tier {
            intents: Classifier::load("intents", &mut tensors, folder)?,
            tagger: Tagger::load("tagger", &mut tensors, folder)?,
            top: tops(&mut tensors).map(Arc::new),
        };
        if tier.intents.classes != manifest.intents.len() || tier.tagger.entities != manifest.entities.len() {
            return Err(ill(format!("{name} does not fit the labels in {MANIFEST}")));
        }
        Ok(tier)
    };
    if languages.classifier.classes != languages.labels.len() {
        return Err(ill(format!("{LANGUAGES} does not fit the labels in {MANIFEST}")));
    }
    let ngram = tier(NGRAM)?;
    let joint = manifest.joint.is_some().then(|| tier(JOINT)).transpose()?;
    let model = Model::new(manifest, languages, ngram, joint, encoder);
    model.self_test()?;
    Ok(model)
}

/// What the layers of a net are called in a file.
fn net(number: usize) -> String {
    if number == 0 { "top".into() } else { format!("top-{number}") }
}

/// The layers of all nets; `None` where there are none.
fn tops(tensors: &mut Tensors) -> Option<Vec<Top>> {
    let tops: Vec<Top> = (0..).map_while(|number| Top::take(&net(number), tensors)).collect();
    (!tops.is_empty()).then_some(tops)
}
