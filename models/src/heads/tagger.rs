//! The entity tagger: a linear-chain conditional random field over BILOU tags.

use super::{
    given::Given,
    lattice::{Chain, Lattice, best},
    math::{dot, softmax},
    spans,
    sparse::Sparse,
    tags::{Tag, Tags},
    tensors::Tensors,
};
use crate::{
    error::{Error, Result},
    features::{token::TokenFeatures, vocabulary::Vocabulary},
};
use std::path::Path;

/// The part over the encoder's word vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseTags {
    /// Mean of each component over the training data.
    pub mean: Vec<f32>,
    /// 1/deviation of each component.
    pub scale: Vec<f32>,
    /// Tags × width.
    pub weights: Vec<f32>,
}

/// A trained tagger.
#[derive(Debug, Clone)]
pub struct Tagger {
    /// How many entities.
    pub entities: usize,
    /// The sparse features it knows.
    pub vocabulary: Vocabulary,
    /// Features × tags.
    pub sparse: Sparse,
    /// One for each tag.
    pub bias: Vec<f32>,
    /// What tags score after each other.
    pub chain: Chain,
    /// The part over word vectors, if trained with an encoder.
    pub dense: Option<DenseTags>,
    /// Which entities come with which intents, if that was counted.
    pub given: Option<Given>,
    /// Spans are told from this probability on, each by itself; `None`: those of the likeliest sequence of tags are.
    pub least: Option<f32>,
}

/// A span of words found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Number of the entity.
    pub entity: usize,
    /// First word.
    pub first: usize,
    /// Last word, inclusive.
    pub last: usize,
    /// Probability of exactly this span, 0–1.
    pub confidence: f32,
}

/// What tagging a message gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagging {
    /// In order of their place.
    pub spans: Vec<Found>,
    /// Probability of the whole sequence of tags, 0–1.
    pub confidence: f32,
}

impl Tagger {
    /// Rows of the features it knows, one list for each word.
    pub fn rows(&self, features: &[TokenFeatures]) -> Vec<Vec<u32>> {
        features
            .iter()
            .map(|f| f.lexical.iter().chain(&f.around).filter_map(|&f| self.vocabulary.row(f)).collect())
            .collect()
    }

    /// Emission scores, words × tags.
    pub fn emissions(&self, rows: &[Vec<u32>], vectors: Option<&[Vec<f32>]>) -> Vec<f32> {
        let tags = self.bias.len();
        let mut out = vec![0f32; rows.len() * tags];
        for (i, (rows, out)) in rows.iter().zip(out.chunks_exact_mut(tags)).enumerate() {
            out.copy_from_slice(&self.bias);
            for &row in rows {
                self.sparse.add(row, 1.0, out);
            }
            if let (Some(dense), Some(x)) = (&self.dense, vectors.and_then(|v| v.get(i))) {
                let x = dense.standardize(x);
                dense.add(&x, out);
            }
        }
        out
    }

    /// Tags a message; `intents`: their logits, where they are known.
    pub fn tag(
        &self,
        features: &[TokenFeatures],
        vectors: Option<&[Vec<f32>]>,
        intents: Option<&[f32]>,
    ) -> Tagging {
        if features.is_empty() {
            return Tagging { spans: Vec::new(), confidence: 1.0 };
        }
        let mut emissions = self.emissions(&self.rows(features), vectors);
        if let (Some(given), Some(logits)) = (&self.given, intents) {
            self.expect(&given.scores(&likely(logits)), &mut emissions);
        }
        let (path, lattice, confidence) = self.weigh(&emissions);
        if let Some(least) = self.least {
            let spans = spans::choose(&spans::candidates(&self.chain, &lattice), least);
            return Tagging { spans, confidence };
        }
        let spans = Tags::decode(&path)
            .into_iter()
            .map(|(entity, first, last)| Found {
                entity,
                first,
                last,
                confidence: lattice.segment(&self.chain, first, &path[first..=last]),
            })
            .collect();
        Tagging { spans, confidence }
    }

    /// The likeliest sequence of tags, the sums over all of them, and the probability of that one, 0–1.
    pub fn weigh(&self, emissions: &[f32]) -> (Vec<usize>, Lattice, f32) {
        let (path, score) = best(&self.chain, emissions);
        let lattice = Lattice::new(&self.chain, emissions);
        let confidence = ((score - lattice.log_z).exp() as f32).clamp(0.0, 1.0);
        (path, lattice, confidence)
    }

    /// Adds what each entity scores in this message to its tags that begin it.
    pub fn expect(&self, scores: &[f32], emissions: &mut [f32]) {
        for row in emissions.chunks_exact_mut(self.bias.len()) {
            for (entity, score) in scores.iter().enumerate() {
                row[Tags::index(Tag::Begin(entity))] += score;
                row[Tags::index(Tag::Unit(entity))] += score;
            }
        }
    }

    /// Puts the weights into `tensors` under names that begin with `prefix`.
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        tensors.put_names(&format!("{prefix}.vocabulary"), self.vocabulary.names());
        self.sparse.save(&format!("{prefix}.sparse"), tensors);
        tensors.put(&format!("{prefix}.bias"), &self.bias);
        tensors.put(&format!("{prefix}.chain"), self.chain.scores());
        if let Some(given) = &self.given {
            given.save(&format!("{prefix}.given"), tensors);
        }
        if let Some(least) = self.least {
            tensors.put(&format!("{prefix}.least"), &[least]);
        }
        if let Some(d) = &self.dense {
            tensors.put(&format!("{prefix}.dense.mean"), &d.mean);
            tensors.put(&format!("{prefix}.dense.scale"), &d.scale);
            tensors.put(&format!("{prefix}.dense.weights"), &d.weights);
        }
    }

    /// Reads what [`Tagger::save`] put.
    ///
    /// # Errors
    /// `CHARLA-E4020` where something is missing or of another size.
    pub fn load(prefix: &str, tensors: &mut Tensors, path: &Path) -> Result<Self> {
        let ill =
            || Error::Artefact { path: path.to_owned(), why: format!("{prefix} is incomplete or ill-sized") };
        let names = tensors.take_names(&format!("{prefix}.vocabulary")).ok_or_else(ill)?;
        let bias = tensors.take(&format!("{prefix}.bias")).ok_or_else(ill)?;
        let sparse = Sparse::load(&format!("{prefix}.sparse"), tensors, names.len(), bias.len());
        let sparse = sparse.ok_or_else(ill)?;
        let mut get = |name: &str| tensors.take(&format!("{prefix}.{name}"));
        let entities = bias.len().saturating_sub(1) / 4;
        let tags = Tags::new(entities);
        let mut chain = Chain::new(&tags);
        let scores = get("chain").ok_or_else(ill)?;
        if bias.len() != tags.len() {
            return Err(ill());
        }
        chain.set(scores).ok_or_else(ill)?;
        let dense = match get("dense.mean") {
            None => None,
            Some(mean) => {
                let dense = DenseTags {
                    scale: get("dense.scale").ok_or_else(ill)?,
                    weights: get("dense.weights").ok_or_else(ill)?,
                    mean,
                };
                if dense.scale.len() != dense.mean.len()
                    || dense.weights.len() != bias.len() * dense.mean.len()
                {
                    return Err(ill());
                }
                Some(dense)
            }
        };
        let given = Given::take(&format!("{prefix}.given"), entities, tensors);
        let least = tensors.take(&format!("{prefix}.least")).and_then(|least| least.first().copied());
        let vocabulary = Vocabulary::from_names(names);
        Ok(Self { entities, vocabulary, sparse, bias, chain, dense, given, least })
    }
}

/// How likely each intent is by these logits.
pub fn likely(logits: &[f32]) -> Vec<f32> {
    let mut p = logits.to_vec();
    softmax(&mut p);
    p
}

impl DenseTags {
    /// Brings a vector to mean 0 and deviation 1.
    pub fn standardize(&self, x: &[f32]) -> Vec<f32> {
        x.iter().zip(&self.mean).zip(&self.scale).map(|((x, m), s)| (x - m) * s).collect()
    }
    /// Adds the scores of a standardised vector.
    pub fn add(&self, x: &[f32], out: &mut [f32]) {
        for (out, row) in out.iter_mut().zip(self.weights.chunks_exact(x.len())) {
            *out += dot(row, x);
        }
    }
}
