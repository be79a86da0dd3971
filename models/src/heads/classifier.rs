//! A classifier over sparse features and, where there is one, the encoder's sentence vector.
//!
//! logits = b + Σ_f v·S_f + L·x + O·relu(H·x + h): a linear part for what is plain, and a space of its own in which
//! classes are vectors (rows of O) that the message's vector is compared with by inner product.

use super::{
    math::{argmax, dot, softmax},
    sparse::Sparse,
    tensors::Tensors,
};
use crate::{
    error::{Error, Result},
    features::vocabulary::Vocabulary,
};
use std::path::Path;

/// The part over the sentence vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Mean of each component over the training data.
    pub mean: Vec<f32>,
    /// 1/deviation of each component.
    pub scale: Vec<f32>,
    /// Linear, classes × width.
    pub linear: Vec<f32>,
    /// Hidden, units × width.
    pub hidden: Vec<f32>,
    /// Hidden bias.
    pub hidden_bias: Vec<f32>,
    /// Classes × units.
    pub out: Vec<f32>,
}

/// A trained classifier.
#[derive(Debug, Clone)]
pub struct Classifier {
    /// How many classes.
    pub classes: usize,
    /// The sparse features it knows.
    pub vocabulary: Vocabulary,
    /// Features × classes.
    pub sparse: Sparse,
    /// One for each class.
    pub bias: Vec<f32>,
    /// The part over the sentence vector, if trained with an encoder.
    pub dense: Option<Dense>,
}

impl Dense {
    /// Without hidden units.
    pub const fn linear(mean: Vec<f32>, scale: Vec<f32>, linear: Vec<f32>) -> Self {
        Self { mean, scale, linear, hidden: Vec::new(), hidden_bias: Vec::new(), out: Vec::new() }
    }
    /// Brings a vector to mean 0 and deviation 1.
    pub fn standardize(&self, x: &[f32]) -> Vec<f32> {
        x.iter().zip(&self.mean).zip(&self.scale).map(|((x, m), s)| (x - m) * s).collect()
    }
    /// The hidden layer, before the rectifier, of a standardised vector.
    pub fn hidden(&self, x: &[f32]) -> Vec<f32> {
        self.hidden.chunks_exact(x.len()).zip(&self.hidden_bias).map(|(row, b)| dot(row, x) + b).collect()
    }
    /// Adds this part's logits for a standardised vector and its rectified hidden layer.
    pub fn add(&self, x: &[f32], hidden: &[f32], logits: &mut [f32]) {
        if hidden.is_empty() {
            for (logit, linear) in logits.iter_mut().zip(self.linear.chunks_exact(x.len())) {
                *logit += dot(linear, x);
            }
            return;
        }
        let rows = self.linear.chunks_exact(x.len()).zip(self.out.chunks_exact(hidden.len()));
        for (logit, (linear, out)) in logits.iter_mut().zip(rows) {
            *logit += dot(linear, x) + dot(out, hidden);
        }
    }
}

impl Classifier {
    /// Rows of the features it knows.
    pub fn rows(&self, features: &[u64]) -> Vec<u32> {
        features.iter().filter_map(|&f| self.vocabulary.row(f)).collect()
    }

    /// Adds bias and sparse part.
    pub fn add_sparse(&self, rows: &[u32], logits: &mut [f32]) {
        logits.copy_from_slice(&self.bias);
        let value = value(rows.len());
        for &row in rows {
            self.sparse.add(row, value, logits);
        }
    }

    /// Logits of a message.
    pub fn logits(&self, features: &[u64], vector: Option<&[f32]>) -> Vec<f32> {
        let mut logits = vec![0.0; self.classes];
        self.add_sparse(&self.rows(features), &mut logits);
        if let (Some(dense), Some(x)) = (&self.dense, vector) {
            let x = dense.standardize(x);
            let mut hidden = dense.hidden(&x);
            hidden.iter_mut().for_each(|h| *h = h.max(0.0));
            dense.add(&x, &hidden, &mut logits);
        }
        logits
    }

    /// The share of a message's features that training saw, 0–1; 1 for none.
    pub fn familiarity(&self, features: &[u64]) -> f32 {
        if features.is_empty() {
            return 1.0;
        }
        self.rows(features).len() as f32 / features.len() as f32
    }

    /// Place of the likeliest class.
    pub fn best(&self, features: &[u64], vector: Option<&[f32]>) -> usize {
        argmax(&self.logits(features, vector))
    }

    /// Probabilities at temperature 1.
    pub fn probabilities(&self, features: &[u64], vector: Option<&[f32]>) -> Vec<f32> {
        let mut p = self.logits(features, vector);
        softmax(&mut p);
        p
    }

    /// Puts the weights into `tensors` under names that begin with `prefix`.
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        tensors.put_names(&format!("{prefix}.vocabulary"), self.vocabulary.names());
        self.sparse.save(&format!("{prefix}.sparse"), tensors);
        tensors.put(&format!("{prefix}.bias"), &self.bias);
        if let Some(d) = &self.dense {
            for (name, values) in [
                ("mean", &d.mean),
                ("scale", &d.scale),
                ("linear", &d.linear),
                ("hidden", &d.hidden),
                ("hidden_bias", &d.hidden_bias),
                ("out", &d.out),
            ] {
                tensors.put(&format!("{prefix}.dense.{name}"), values);
            }
        }
    }

    /// Reads what [`Classifier::save`] put.
    ///
    /// # Errors
    /// `CHARLA-E4020` where something is missing or of another size.
    pub fn load(prefix: &str, tensors: &mut Tensors, path: &Path) -> Result<Self> {
        let ill = |what: &str| Error::Artefact {
            path: path.to_owned(),
            why: format!("{prefix}.{what} is missing or ill-sized"),
        };
        let names = tensors.take_names(&format!("{prefix}.vocabulary")).ok_or_else(|| ill("vocabulary"))?;
        let bias = tensors.take(&format!("{prefix}.bias")).ok_or_else(|| ill("bias"))?;
        let classes = bias.len();
        let sparse = Sparse::load(&format!("{prefix}.sparse"), tensors, names.len(), classes)
            .filter(|_| classes > 0)
            .ok_or_else(|| ill("sparse"))?;
        let mut get = |name: &str| tensors.take(&format!("{prefix}.{name}"));
        let dense = match get("dense.mean") {
            None => None,
            Some(mean) => {
                let mut part = |name: &str| get(&format!("dense.{name}")).ok_or_else(|| ill(name));
                let dense = Dense {
                    scale: part("scale")?,
                    linear: part("linear")?,
                    hidden: part("hidden")?,
                    hidden_bias: part("hidden_bias")?,
                    out: part("out")?,
                    mean,
                };
                let (width, units) = (dense.mean.len(), dense.hidden_bias.len());
                let fits = dense.scale.len() == width
                    && dense.linear.len() == classes * width
                    && dense.hidden.len() == units * width
                    && dense.out.len() == classes * units;
                if !fits {
                    return Err(ill("dense"));
                }
                Some(dense)
            }
        };
        Ok(Self { classes, vocabulary: Vocabulary::from_names(names), sparse, bias, dense })
    }
}

/// Value of each of `n` active features: their vector has length 1, so that long messages do not shout.
pub fn value(n: usize) -> f32 {
    1.0 / (n.max(1) as f32).sqrt()
}
