//! Makes the encoder ready to run: keeps the vocabulary of the scripts that are served, and writes the transformer as an ONNX
//! graph with its weights left in 4 bits. Exact: nothing is quantised anew. Its last layers can be trained on: they are
//! written once more, in full precision, beside a graph of the layers below them.

use super::{
    layers::{self, Parts},
    onnx::{Attribute::Int, Element, Graph},
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
pub const CONVERSION: &str = "e5small-q4-pruned-2";

/// Longest input in tokens; the model's positions end at 512.
pub const MAX_TOKENS: usize = 512;

/// So many of the last layers may be trained on with a shop's examples. Two bring most of what all of them would, at a
/// sixth of the cost.
pub const TOP: usize = 2;

/// Graph and tokenizer, ready to be written.
pub struct Converted {
    /// An ONNX model: `input_ids`, `attention_mask` [batch, seq] → `last_hidden_state` [batch, seq, hidden].
    pub graph: Vec<u8>,
    /// The same without the last [`TOP`] layers.
    pub lower: Vec<u8>,
    /// Those layers, as a file of [`Tensors`].
    pub top: Vec<u8>,
    /// A `tokenizer.json` whose ids are the graph's.
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
    let lower = weights.shape.layers.saturating_sub(TOP);
    Ok(Converted {
        graph: graph(&weights, &rows, weights.shape.layers)?,
        lower: graph(&weights, &rows, lower)?,
        top: top(&weights, lower)?,
        tokenizer,
    })
}

/// Two codes a byte, the first one low.
pub(super) fn pack(codes: &[u8]) -> Vec<u8> {
    codes.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 4).collect()
}

/// Layers from `first` on, in full precision.
fn top(w: &Weights<'_>, first: usize) -> Result<Vec<u8>> {
    let shape = Shape {
        hidden: w.shape.hidden,
        inner: w.shape.inner,
        heads: w.shape.heads,
        epsilon: w.shape.epsilon,
    };
    let block = |l: usize, name: &str, size: usize| -> Result<Vec<f32>> {
        let full = format!("l{l}.{name}");
        let vector = name.ends_with(".b") || name.contains("ln");
        let values = if vector {
            w.floats(&full)?
        } else {
            let inputs = if name == "fo.w" { shape.inner } else { shape.hidden };
            transposed(&w.quantised(&full)?, inputs)
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

/// The numbers of a matrix that is stored outputs × inputs, as inputs × outputs.
fn transposed(matrix: &Quantised, inputs: usize) -> Vec<f32> {
    let outputs = matrix.codes.len() / inputs;
    let mut out = vec![0f32; matrix.codes.len()];
    for (i, code) in matrix.codes.iter().enumerate() {
        out[i % inputs * outputs + i / inputs] = (f32::from(*code) - 8.0) * matrix.scales[i / 32];
    }
    out
}

fn graph(w: &Weights<'_>, rows: &[usize], count: usize) -> Result<Vec<u8>> {
    let mut g = Graph::default();
    let shape = [Err("batch"), Err("seq")];
    g.input("input_ids", Element::Int64, &shape);
    g.input("attention_mask", Element::Int64, &shape);
    g.output("last_hidden_state", Element::Float, &[Err("batch"), Err("seq"), Ok(w.shape.hidden as i64)]);

    embeddings(&mut g, w, rows)?;
    let mut x = w.norm(&mut g, "e0", "emb.ln", "x0")?;

    g.ints("axes", &[1, 2]);
    g.floats("far", &[], &[-1e9]);
    layers::constants(&mut g, w.shape.hidden, w.shape.heads);
    g.node("Cast", &["attention_mask"], "mask", &[("to", Int(Element::Float as i64))]);
    g.node("Unsqueeze", &["mask", "axes"], "mask4", &[]);
    g.node("Sub", &["one", "mask4"], "hidden4", &[]);
    g.node("Mul", &["hidden4", "far"], "bias", &[]);
    for l in 0..count {
        let out = if l + 1 == count { "last_hidden_state".to_owned() } else { format!("l{l}.x2") };
        x = layers::layer(&mut g, w, l, &x, Some("bias"), &out)?;
    }
    Ok(g.finish("multilingual-e5-small"))
}

fn embeddings(g: &mut Graph, w: &Weights<'_>, rows: &[usize]) -> Result<()> {
    let hidden = w.shape.hidden;
    let Quantised { scales, codes } = w.quantised("emb.word")?;
    let (blocks, total) = (hidden / 32, codes.len() / hidden);
    let mut words = Vec::with_capacity(rows.len() * hidden / 2);
    let mut word_scales = Vec::with_capacity(rows.len() * blocks);
    for row in rows {
        if *row >= total {
            return Err(ill(format!("the embedding has {total} rows, row {row} is wanted")));
        }
        // Signed here: code 0–15 stands for −8–7.
        let signed: Vec<u8> =
            codes[row * hidden..(row + 1) * hidden].iter().map(|c| c.wrapping_sub(8) & 15).collect();
        words.extend(pack(&signed));
        word_scales.extend_from_slice(&scales[row * blocks..(row + 1) * blocks]);
    }
    g.constant("words", Element::Int4, &[rows.len(), hidden], &words);
    g.floats("word_scales", &[rows.len(), blocks], &word_scales);
    let quantised = [("gather_axis", Int(0)), ("quantize_axis", Int(1)), ("block_size", Int(32))];
    g.node("GatherBlockQuantized", &["words", "input_ids", "word_scales"], "word", &quantised);
    // There is one segment only: its vector is added to every position's.
    let segment = w.floats("emb.type")?;
    let mut positions = w.floats("emb.pos")?;
    for (i, p) in positions.iter_mut().enumerate() {
        *p += segment[i % hidden];
    }
    g.floats("positions", &[positions.len() / hidden, hidden], &positions);
    g.ints("zero", &[0]);
    // A slice, not a gather over a range: ONNX Runtime's fusion fails on the latter.
    g.node("Shape", &["input_ids"], "length", &[("start", Int(1)), ("end", Int(2))]);
    g.node("Slice", &["positions", "zero", "length", "zero"], "position", &[]);
    g.node("Add", &["word", "position"], "e0", &[]);
    Ok(())
}
