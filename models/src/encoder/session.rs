//! Runs the converted encoder with ONNX Runtime, one thread and one message at a time (batching does not pay on the CPUs this
//! was measured on).

use super::{Encode, EncoderSource, Encoding, WIDTH, convert::MAX_TOKENS};
use crate::{
    error::{Error, Result},
    text::Analysis,
};
use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::Tensor,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokenizers::Tokenizer;

/// What e5 models expect before a text that is compared with others of its kind.
const PREFIX: &str = "query: ";

/// An encoder whose files are in the cache.
pub struct Installed {
    /// Names weights and conversion.
    pub(super) id: String,
    /// ONNX Runtime's library.
    pub(super) library: PathBuf,
    /// The graph.
    pub(super) graph: PathBuf,
    /// The tokenizer.
    pub(super) tokenizer: PathBuf,
    /// Read once, shared by all sessions: reading takes longer than opening a session.
    pub(super) shared: Mutex<Option<Arc<Tokenizer>>>,
}

/// One ONNX Runtime a process; the library cannot be loaded twice.
static RUNTIME: Mutex<Option<Environment>> = Mutex::new(None);

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Encoder(error.to_string())
}

fn environment(library: &std::path::Path) -> Result<Environment> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*runtime {
        return Ok(environment.clone());
    }
    let environment =
        ort::init_from(library).map_err(failed)?.with_telemetry(false).build().map_err(failed)?;
    *runtime = Some(environment.clone());
    Ok(environment)
}

impl EncoderSource for Installed {
    fn id(&self) -> &str {
        &self.id
    }

    fn open(&self) -> Result<Box<dyn Encode>> {
        let tokenizer = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            match &*shared {
                Some(tokenizer) => tokenizer.clone(),
                None => {
                    let tokenizer = Arc::new(Tokenizer::from_file(&self.tokenizer).map_err(failed)?);
                    *shared = Some(tokenizer.clone());
                    tokenizer
                }
            }
        };
        let environment = environment(&self.library)?;
        let session = Session::builder(&environment)
            .map_err(failed)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(failed)?
            .with_intra_threads(1)
            .map_err(failed)?
            .with_inter_threads(1)
            .map_err(failed)?
            .commit_from_file(&self.graph)
            .map_err(failed)?;
        Ok(Box::new(Running { session, tokenizer }))
    }
}

struct Running {
    session: Session,
    tokenizer: Arc<Tokenizer>,
}

impl Encode for Running {
    fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
        let input = format!("{PREFIX}{}", text.normal.text);
        let pieces = self.tokenizer.encode(input, true).map_err(failed)?;
        let mut ids: Vec<i64> = pieces.get_ids().iter().map(|id| i64::from(*id)).collect();
        ids.truncate(MAX_TOKENS);
        let n = ids.len();
        let ids = Tensor::from_array(([1, n], ids)).map_err(failed)?;
        let mask = Tensor::from_array(([1, n], vec![1i64; n])).map_err(failed)?;
        let outputs =
            self.session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).map_err(failed)?;
        let (shape, vectors) = outputs["last_hidden_state"].try_extract_tensor::<f32>().map_err(failed)?;
        if vectors.len() != n * WIDTH {
            return Err(failed(format!("it gave vectors of shape {shape:?} for {n} tokens")));
        }
        let vectors: Vec<&[f32]> = vectors.chunks_exact(WIDTH).collect();
        let offsets = &pieces.get_offsets()[..n];
        let words = text.words.iter().map(|word| {
            let (start, end) = (word.bytes.0 + PREFIX.len(), word.bytes.1 + PREFIX.len());
            let touching = |(_, (from, to)): &(&&[f32], &(usize, usize))| *from < end && *to > start;
            mean(vectors.iter().zip(offsets).filter(touching).map(|(vector, _)| *vector))
        });
        Ok(Encoding { words: words.collect(), sentence: unit(mean(vectors.iter().copied())) })
    }
}

/// Zero where there is nothing, as for a word that was cut off.
fn mean<'v>(vectors: impl Iterator<Item = &'v [f32]>) -> Vec<f32> {
    let mut sum = vec![0.0f32; WIDTH];
    let mut count = 0.0f32;
    for vector in vectors {
        count += 1.0;
        for (s, v) in sum.iter_mut().zip(vector) {
            *s += v;
        }
    }
    if count > 0.0 {
        sum.iter_mut().for_each(|s| *s /= count);
    }
    sum
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|v| *v /= length);
    }
    vector
}
