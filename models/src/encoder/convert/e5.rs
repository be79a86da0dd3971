//! multilingual-e5-small: keeps the vocabulary of the scripts that are served and its 4-bit rows as they are.

use super::{Converted, Numbers, all, ill_tokenizer, placed, read_tokenizer, top, write_tokenizer};
use crate::{
    encoder::{
        embedding::BLOCK,
        weights::{Quantised, Weights, ill},
    },
    error::Result,
    heads::tensors::Tensors,
    shared::weights::Shape,
};
use serde_json::Value;

/// Layers of multilingual-e5-small.
pub const LAYERS: usize = 12;

/// So many of the last layers may be trained on with a shop's examples.
const TOP: usize = 8;

/// Latin, Devanagari, punctuation, symbols, emoji: the scripts of the varieties that are served.
fn kept(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(u32::from(c),
            0x2581 | 0..0x180 | 0x900..0x980 | 0x2000..0x2BFF | 0x1F000..0x1FB00 | 0xFE0F)
    })
}

/// Converts weights and tokenizer.
///
/// # Errors
/// `CHARLA-E4104` where one of them is not what it should be, or they do not belong together.
pub fn convert(weights: &[u8], tokenizer: &[u8]) -> Result<Converted> {
    let weights = Weights::read(weights)?;
    let mut tokenizer = read_tokenizer(tokenizer)?;
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
    let tokenizer = write_tokenizer(tokenizer)?;
    if weights.shape.layers != LAYERS {
        return Err(ill(format!("it has {} layers, not {LAYERS}", weights.shape.layers)));
    }
    let mut tensors = Tensors::default();
    embeddings(&mut tensors, &weights, &rows)?;
    Ok(Converted { weights: all(&weights, tensors)?, top: top(&weights, LAYERS - TOP)?, tokenizer })
}

impl Numbers for Weights<'_> {
    fn shape(&self) -> (Shape, usize) {
        let crate::encoder::weights::Shape { hidden, inner, heads, epsilon, layers } = self.shape;
        (Shape { hidden, inner, heads, epsilon }, layers)
    }

    fn matrix(&self, layer: usize, part: &str) -> Result<Vec<f32>> {
        let matrix = self.quantised(&format!("l{layer}.{part}.w"))?;
        let scale = |i: usize| matrix.scales[i / BLOCK];
        Ok(matrix.codes.iter().enumerate().map(|(i, code)| (f32::from(*code) - 8.0) * scale(i)).collect())
    }

    fn vector(&self, layer: usize, name: &str) -> Result<Vec<f32>> {
        self.floats(&format!("l{layer}.{name}"))
    }
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
    tensors.put("positions", &placed(w.floats("emb.pos")?, &w.floats("emb.type")?));
    tensors.put("emb.ln.w", &w.floats("emb.ln.w")?);
    tensors.put("emb.ln.b", &w.floats("emb.ln.b")?);
    Ok(())
}
