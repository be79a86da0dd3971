//! Makes an encoder ready to run: writes the transformer's matrices in 8 bits, which processors multiply fastest. Its last
//! layers can be trained on: they are written once more, in full precision.

pub(super) mod e5;
pub(super) mod minilm;

use super::{
    linear::{Coded, transposed},
    transformer::Stored,
};
use crate::{
    error::{Error, Result},
    heads::tensors::Tensors,
    shared::{
        Layer, Top,
        weights::{BLOCKS, Shape},
    },
};
use serde_json::Value;

/// Weights and tokenizer, ready to be written.
pub struct Converted {
    /// A file of [`Tensors`]: embeddings, and layers in 8 bits.
    pub weights: Vec<u8>,
    /// The last layers in full precision, as another.
    pub top: Vec<u8>,
    /// A `tokenizer.json` whose ids are the embeddings' rows.
    pub tokenizer: Vec<u8>,
}

/// The numbers of a transformer as some file holds them.
trait Numbers {
    /// Dimensions, and how many layers.
    fn shape(&self) -> (Shape, usize);
    /// A layer's matrix, outputs × inputs; parts are `q`, `k`, `v`, `ao`, `fi` and `fo` as in [`BLOCKS`].
    ///
    /// # Errors
    /// `CHARLA-E4104` where there is none.
    fn matrix(&self, layer: usize, part: &str) -> Result<Vec<f32>>;
    /// A layer's bias, or scale or shift of a normalisation, by its name in [`BLOCKS`].
    ///
    /// # Errors
    /// `CHARLA-E4104` where there is none.
    fn vector(&self, layer: usize, name: &str) -> Result<Vec<f32>>;
}

fn ill_tokenizer(why: impl Into<String>) -> Error {
    Error::Convert { file: "tokenizer.json".into(), why: why.into() }
}

/// What a `tokenizer.json` holds.
fn read_tokenizer(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| ill_tokenizer(e.to_string()))
}

/// A `tokenizer.json` for texts that are cut and masked by the caller, one at a time.
fn write_tokenizer(mut tokenizer: Value) -> Result<Vec<u8>> {
    tokenizer["padding"] = Value::Null;
    tokenizer["truncation"] = Value::Null;
    serde_json::to_vec(&tokenizer).map_err(|e| ill_tokenizer(e.to_string()))
}

/// Layers from `first` on, in full precision.
fn top(numbers: &dyn Numbers, first: usize) -> Result<Vec<u8>> {
    let (shape, layers) = numbers.shape();
    let block = |l: usize, name: &str, size: usize| -> Result<Vec<f32>> {
        let vector = name.ends_with(".b") || name.contains("ln");
        let values = if vector {
            numbers.vector(l, name)?
        } else {
            let part = name.trim_end_matches(".w");
            let inputs = if part == "fo" { shape.inner } else { shape.hidden };
            transposed(&numbers.matrix(l, part)?, inputs)
        };
        if values.len() == size {
            Ok(values)
        } else {
            Err(ill_layer(l, &format!("{name} has {} numbers, not {size}", values.len())))
        }
    };
    let layers = (first..layers)
        .map(|l| {
            let blocks = BLOCKS.iter().zip(shape.sizes()).map(|(name, size)| block(l, name, size));
            Ok(Layer { blocks: blocks.collect::<Result<_>>()? })
        })
        .collect::<Result<_>>()?;
    let mut tensors = Tensors::default();
    Top { shape, layers }.save("top", &mut tensors);
    Ok(tensors.to_bytes())
}

fn ill_layer(layer: usize, why: &str) -> Error {
    Error::Convert { file: "weights".into(), why: format!("layer {layer}: {why}") }
}

/// All layers in 8 bits, behind what `tensors` holds already.
fn all(numbers: &dyn Numbers, mut tensors: Tensors) -> Result<Vec<u8>> {
    let (shape, layers) = numbers.shape();
    shape.save("shape", layers, &mut tensors);
    for l in 0..layers {
        let matrix = |parts: &[&str], inputs: usize| -> Result<(Coded, Vec<f32>)> {
            let (mut weights, mut bias) = (Vec::new(), Vec::new());
            for part in parts {
                weights.extend(numbers.matrix(l, part)?);
                bias.extend(numbers.vector(l, &format!("{part}.b"))?);
            }
            Ok((Coded::new(&weights, inputs), bias))
        };
        let norm = |part: &str| -> Result<(Vec<f32>, Vec<f32>)> {
            Ok((numbers.vector(l, &format!("{part}.w"))?, numbers.vector(l, &format!("{part}.b"))?))
        };
        let matrices = vec![
            matrix(&["q", "k", "v"], shape.hidden)?,
            matrix(&["ao"], shape.hidden)?,
            matrix(&["fi"], shape.hidden)?,
            matrix(&["fo"], shape.inner)?,
        ];
        let stored = Stored { matrices, norms: vec![norm("aln")?, norm("oln")?] };
        stored.save(&format!("l{l}"), &mut tensors);
    }
    Ok(tensors.to_bytes())
}

/// There is one segment only: its vector is added to every position's.
fn placed(mut positions: Vec<f32>, segment: &[f32]) -> Vec<f32> {
    for (p, s) in positions.iter_mut().zip(segment.iter().cycle()) {
        *p += s;
    }
    positions
}
