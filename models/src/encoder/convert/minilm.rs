//! all-MiniLM-L6-v2: a safetensors file of single precision, named as BERT's are (Devlin et al. 2019).

use super::{Converted, Numbers, all, ill_tokenizer, placed, read_tokenizer, top, write_tokenizer};
use crate::{
    encoder::linear::Coded,
    error::{Error, Result},
    heads::tensors::Tensors,
    shared::weights::Shape,
};
use safetensors::{Dtype, SafeTensors};

/// Layers of all-MiniLM-L6-v2; all of them may be trained on.
pub const LAYERS: usize = 6;

/// Its other dimensions, which the file does not tell: from the model's `config.json`.
const SHAPE: Shape = Shape { hidden: 384, inner: 1536, heads: 12, epsilon: 1e-12 };

fn ill(why: impl Into<String>) -> Error {
    Error::Convert { file: "model.safetensors".into(), why: why.into() }
}

struct Weights<'a>(SafeTensors<'a>);

impl Weights<'_> {
    fn floats(&self, name: &str) -> Result<Vec<f32>> {
        let tensor = self.0.tensor(name).map_err(|e| ill(format!("{name}: {e}")))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(ill(format!("{name} holds {:?}, not F32", tensor.dtype())));
        }
        Ok(tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }
}

/// Where BERT keeps a part of a layer.
fn place(part: &str) -> Result<&'static str> {
    Ok(match part {
        "q" => "attention.self.query",
        "k" => "attention.self.key",
        "v" => "attention.self.value",
        "ao" => "attention.output.dense",
        "aln" => "attention.output.LayerNorm",
        "fi" => "intermediate.dense",
        "fo" => "output.dense",
        "oln" => "output.LayerNorm",
        _ => return Err(ill(format!("a layer has no part {part:?}"))),
    })
}

impl Numbers for Weights<'_> {
    fn shape(&self) -> (Shape, usize) {
        (SHAPE, LAYERS)
    }

    fn matrix(&self, layer: usize, part: &str) -> Result<Vec<f32>> {
        self.floats(&format!("encoder.layer.{layer}.{}.weight", place(part)?))
    }

    fn vector(&self, layer: usize, name: &str) -> Result<Vec<f32>> {
        let (part, kind) = name.split_once('.').unwrap_or((name, ""));
        let kind = if kind == "w" { "weight" } else { "bias" };
        self.floats(&format!("encoder.layer.{layer}.{}.{kind}", place(part)?))
    }
}

/// Converts weights and tokenizer.
///
/// # Errors
/// `CHARLA-E4104` where one of them is not what it should be, or they do not belong together.
pub fn convert(weights: &[u8], tokenizer: &[u8]) -> Result<Converted> {
    let weights = Weights(SafeTensors::deserialize(weights).map_err(|e| ill(e.to_string()))?);
    let tokenizer = read_tokenizer(tokenizer)?;
    let pieces = tokenizer["model"]["vocab"].as_object().map_or(0, serde_json::Map::len);
    let tokenizer = write_tokenizer(tokenizer)?;
    let words = weights.floats("embeddings.word_embeddings.weight")?;
    if words.len() != pieces * SHAPE.hidden {
        return Err(ill_tokenizer(format!(
            "it has {pieces} pieces, the weights have vectors for {}",
            words.len() / SHAPE.hidden
        )));
    }
    let mut tensors = Tensors::default();
    // Read row by row, so that 8 bits cost no time, and 12 MB instead of 6.
    let Coded { codes, scales } = Coded::new(&words, SHAPE.hidden);
    tensors.put_bytes("words8", &codes);
    tensors.put("words.s", &scales);
    let positions = weights.floats("embeddings.position_embeddings.weight")?;
    let segments = weights.floats("embeddings.token_type_embeddings.weight")?;
    tensors.put("positions", &placed(positions, segments.get(..SHAPE.hidden).unwrap_or(&[])));
    tensors.put("emb.ln.w", &weights.floats("embeddings.LayerNorm.weight")?);
    tensors.put("emb.ln.b", &weights.floats("embeddings.LayerNorm.bias")?);
    Ok(Converted { weights: all(&weights, tensors)?, top: top(&weights, 0)?, tokenizer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    /// A file with vectors of so many words and nothing else.
    fn file(words: usize, dtype: Dtype) -> Vec<u8> {
        let data = vec![0u8; words * SHAPE.hidden * dtype.bitsize() / 8];
        let view = TensorView::new(dtype, vec![words, SHAPE.hidden], &data).unwrap();
        safetensors::serialize([("embeddings.word_embeddings.weight", view)], None).unwrap()
    }

    #[test]
    fn files_that_do_not_fit_are_told_apart() {
        let tokenizer = br#"{"model": {"type": "WordPiece", "vocab": {"[PAD]": 0, "a": 1}}}"#;
        for (weights, tokenizer, why) in [
            (&b"PK"[..], &tokenizer[..], "safetensors"),
            (&file(2, Dtype::F32), b"{", "tokenizer.json"),
            (&file(3, Dtype::F32), tokenizer, "2 pieces, the weights have vectors for 3"),
            (&file(2, Dtype::F16), tokenizer, "holds F16"),
            (&file(2, Dtype::F32), tokenizer, "position_embeddings"),
        ] {
            let error = convert(weights, tokenizer).err().unwrap().to_string();
            assert!(error.contains("E4104") && error.contains(why), "{error}");
        }
    }
}
