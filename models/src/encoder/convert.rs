//! Makes the encoder ready to run: keeps the vocabulary of the scripts that are served and its 4-bit rows as they are, and
//! writes the transformer's matrices in 8 bits, which processors multiply fastest. Its last layers can be trained on: they
//! are written once more, in full precision.

use super::{
    embedding::BLOCK,
    linear::{Coded, transposed},
    transformer::Stored,
    weights::{Quantised, Weights, ill},
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

/// Names what this conversion makes of the weights: raised with every change after which vectors differ.
pub const CONVERSION: &str = "e5small-int8-1";

/// Layers of multilingual-e5-small.
pub const LAYERS: usize = 12;

/// So many of the last layers may be trained on with a shop's examples.
pub const TOP: usize = 8;

/// Weights and tokenizer, ready to be written.
pub struct Converted {
    /// A file of [`Tensors`]: embeddings in 4 bits, layers in 8.
    pub weights: Vec<u8>,
    /// The last [`TOP`] layers in full precision, as another.
    pub top: Vec<u8>,
    /// A `tokenizer.json` whose ids are the embeddings' rows.
    pub tokenizer: Vec<u8>,
}

/// Latin, Devanagari, punctuation, symbols, emoji: the scripts of the varieties that are served.
fn kept(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(u32::from(c),
            0x2581 | 0..0x180 | 0x900..0x980 | 0x2000..0x2BFF | 0x1F000..0x1FB00 | 0xFE0F)
    })
}

fn ill_tokenizer(why: impl Into<String>) -> Error {
    Error::Convert { file: "tokenizer.json".into(), why: why.into() }
}

/// Converts weights and tokenizer.
///
/// # Errors
/// `CHARLA-E4104` where one of them is not what it should be, or they do not belong together.
pub fn convert(weights: &[u8], tokenizer: &[u8]) -> Result<Converted> {
    let weights = Weights::read(weights)?;
    let mut tokenizer: Value = serde_json::from_slice(tokenizer).map_err(|e| ill_tokenizer(e.to_string()))?;
    let vocab =
        tokenizer["model"]["vocab"].as_array().ok_or_else(|| ill_tokenizer("it has no vocabulary"))?;
    let mut rows = Vec::new();
    let mut pruned = Vec::new();
    for (row, entry) in vocab.iter().enumerate() {
        let piece = entry[0].as_str().ok_or_else(|| ill_tokenizer(format!("piece {row} is no text")))?;
        let special = row < 4 || row + 1 == vocab.len();
        if special || kept(piece) {
            // The mask, last in the vocabulary, has a row but no piece of its own in the weights.
            if row < weights.pieces.len() && weights.pieces[row] != piece {
                return Err(ill_tokenizer(format!(
                    "piece {row} is {piece:?}, the weights have {:?}",
                    weights.pieces[row]
                )));
            }
            rows.push(row);
            pruned.push(entry.clone());
        }
    }
    let mask = rows.len() - 1;
    tokenizer["model"]["vocab"] = Value::Array(pruned);
    for added in tokenizer["added_tokens"].as_array_mut().into_iter().flatten() {
        if added["content"] == "<mask>" {
            added["id"] = Value::from(mask);
        }
    }
    // Texts are cut and masked by the caller, one at a time.
    tokenizer["padding"] = Value::Null;
    tokenizer["truncation"] = Value::Null;
    let tokenizer = serde_json::to_vec(&tokenizer).map_err(|e| ill_tokenizer(e.to_string()))?;
    if weights.shape.layers != LAYERS {
        return Err(ill(format!("it has {} layers, not {LAYERS}", weights.shape.layers)));
    }
    let lower = LAYERS - TOP;
    Ok(Converted { weights: all(&weights, &rows)?, top: top(&weights, lower)?, tokenizer })
}

/// Layers from `first` on, in full precision.
fn top(w: &Weights<'_>, first: usize) -> Result<Vec<u8>> {
    let shape = shape(w);
    let block = |l: usize, name: &str, size: usize| -> Result<Vec<f32>> {
        let full = format!("l{l}.{name}");
        let vector = name.ends_with(".b") || name.contains("ln");
        let values = if vector {
            w.floats(&full)?
        } else {
            let inputs = if name == "fo.w" { shape.inner } else { shape.hidden };
            let outputs = numbers(&w.quantised(&full)?);
            transposed(&outputs, inputs)
        };
        if values.len() == size {
            Ok(values)
        } else {
            Err(ill(format!("{full} has {} numbers", values.len())))
        }
    };
    let layers = (first..w.shape.layers)
        .map(|l| {
            let blocks = BLOCKS.iter().zip(shape.sizes()).map(|(name, size)| block(l, name, size));
            Ok(Layer { blocks: blocks.collect::<Result<_>>()? })
        })
        .collect::<Result<_>>()?;
    let mut tensors = Tensors::default();
    Top { shape, layers }.save("top", &mut tensors);
    Ok(tensors.to_bytes())
}

fn shape(w: &Weights<'_>) -> Shape {
    let super::weights::Shape { hidden, inner, heads, epsilon, .. } = w.shape;
    Shape { hidden, inner, heads, epsilon }
}

/// The numbers of a matrix, outputs × inputs as they are stored.
fn numbers(matrix: &Quantised) -> Vec<f32> {
    let scale = |i: usize| matrix.scales[i / BLOCK];
    matrix.codes.iter().enumerate().map(|(i, code)| (f32::from(*code) - 8.0) * scale(i)).collect()
}

/// Everything that is run.
fn all(w: &Weights<'_>, rows: &[usize]) -> Result<Vec<u8>> {
    let mut tensors = Tensors::default();
    let shape = shape(w);
    shape.save("shape", w.shape.layers, &mut tensors);
    embeddings(&mut tensors, w, rows)?;
    for l in 0..w.shape.layers {
        let matrix = |parts: &[&str], inputs: usize| -> Result<(Coded, Vec<f32>)> {
            let (mut weights, mut bias) = (Vec::new(), Vec::new());
            for part in parts {
                weights.extend(numbers(&w.quantised(&format!("l{l}.{part}.w"))?));
                bias.extend(w.floats(&format!("l{l}.{part}.b"))?);
            }
            Ok((Coded::new(&weights, inputs), bias))
        };
        let norm = |part: &str| -> Result<(Vec<f32>, Vec<f32>)> {
            Ok((w.floats(&format!("l{l}.{part}.w"))?, w.floats(&format!("l{l}.{part}.b"))?))
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

fn embeddings(tensors: &mut Tensors, w: &Weights<'_>, rows: &[usize]) -> Result<()> {
    let hidden = w.shape.hidden;
    let Quantised { scales, codes } = w.quantised("emb.word")?;
    let (blocks, total) = (hidden / BLOCK, codes.len() / hidden);
    let mut words = Vec::with_capacity(rows.len() * hidden / 2);
    let mut word_scales = Vec::with_capacity(rows.len() * blocks);
    for row in rows {
        if *row >= total {
            return Err(ill(format!("the embedding has {total} rows, row {row} is wanted")));
        }
        // Two codes a byte, the first one low.
        let pairs = codes[row * hidden..(row + 1) * hidden].as_chunks::<2>().0.iter();
        words.extend(pairs.map(|[low, high]| (low | high << 4).cast_signed()));
        word_scales.extend_from_slice(&scales[row * blocks..(row + 1) * blocks]);
    }
    tensors.put_bytes("words", &words);
    tensors.put("words.s", &word_scales);
    // There is one segment only: its vector is added to every position's.
    let segment = w.floats("emb.type")?;
    let mut positions = w.floats("emb.pos")?;
    for (i, p) in positions.iter_mut().enumerate() {
        *p += segment[i % hidden];
    }
    tensors.put("positions", &positions);
    tensors.put("emb.ln.w", &w.floats("emb.ln.w")?);
    tensors.put("emb.ln.b", &w.floats("emb.ln.b")?);
    Ok(())
}
