//! Runs the converted encoder with ONNX Runtime, one thread and one message at a time (batching does not pay on the CPUs this
//! was measured on).

use super::{
    Encode, EncoderSource, Encoding, Lower, Pieces, WIDTH, convert::MAX_TOKENS, layers, unigram::Tokenizer,
};
use crate::{
    error::{Error, Result},
    heads::tensors::Tensors,
    shared::Top,
    text::Analysis,
};
use ort::{
    environment::Environment,
    session::{
        Session, SessionOutputs,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
    value::Tensor,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

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
    /// The graph without the last layers.
    pub(super) lower: PathBuf,
    /// The last layers.
    pub(super) top: PathBuf,
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
        let tokenizer = self.tokenizer()?;
        let session = self.builder()?.commit_from_file(&self.graph).map_err(failed)?;
        Ok(Box::new(Running { session, tokenizer, top: None }))
    }

    fn top(&self) -> Result<Option<Top>> {
        let bytes = std::fs::read(&self.top).map_err(Error::io(&self.top))?;
        let mut tensors = Tensors::from_bytes(&bytes, &self.top)?;
        let ill = || {
            failed(format!("{} does not hold layers: remove its folder and pull again", self.top.display()))
        };
        Top::take("top", &mut tensors).map(Some).ok_or_else(ill)
    }

    fn open_lower(&self) -> Result<Box<dyn Lower>> {
        let tokenizer = self.tokenizer()?;
        let session = self.builder()?.commit_from_file(&self.lower).map_err(failed)?;
        Ok(Box::new(Running { session, tokenizer, top: None }))
    }

    fn open_tuned(&self, top: &Top) -> Result<Box<dyn Encode>> {
        let tokenizer = self.tokenizer()?;
        if top.shape.hidden != WIDTH {
            return Err(failed(format!("layers of width {} do not fit one of {WIDTH}", top.shape.hidden)));
        }
        let session = self.builder()?.commit_from_file(&self.lower).map_err(failed)?;
        let above = self.builder()?.commit_from_memory(&layers::top(top)?).map_err(failed)?;
        Ok(Box::new(Running { session, tokenizer, top: Some(above) }))
    }
}

impl Installed {
    fn tokenizer(&self) -> Result<Arc<Tokenizer>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = &*shared {
            return Ok(tokenizer.clone());
        }
        let tokenizer = Arc::new(Tokenizer::from_file(&self.tokenizer).map_err(failed)?);
        *shared = Some(tokenizer.clone());
        Ok(tokenizer)
    }

    fn builder(&self) -> Result<SessionBuilder> {
        let environment = environment(&self.library)?;
        Session::builder(&environment)
            .map_err(failed)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(failed)?
            .with_intra_threads(1)
            .map_err(failed)?
            .with_inter_threads(1)
            .map_err(failed)
    }
}

struct Running {
    session: Session,
    tokenizer: Arc<Tokenizer>,
    /// Layers trained on, above those of `session`.
    top: Option<Session>,
}

impl Running {
    /// Vectors of the pieces, and for each word the pieces that touch it.
    fn run(&mut self, text: &Analysis) -> Result<Pieces> {
        let input = format!("{PREFIX}{}", text.normal.text);
        let pieces = self.tokenizer.encode(input, true).map_err(failed)?;
        let mut ids: Vec<i64> = pieces.get_ids().iter().map(|id| i64::from(*id)).collect();
        ids.truncate(MAX_TOKENS);
        let n = ids.len();
        let ids = Tensor::from_array(([1, n], ids)).map_err(failed)?;
        let mask = Tensor::from_array(([1, n], vec![1i64; n])).map_err(failed)?;
        let outputs =
            self.session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).map_err(failed)?;
        let mut vectors = floats(&outputs, n)?;
        if let Some(top) = &mut self.top {
            let hidden = Tensor::from_array(([1, n, WIDTH], vectors)).map_err(failed)?;
            vectors = floats(&top.run(ort::inputs!["hidden" => hidden]).map_err(failed)?, n)?;
        }
        let offsets = &pieces.get_offsets()[..n];
        let words = text.words.iter().map(|word| {
            let (start, end) = (word.bytes.0 + PREFIX.len(), word.bytes.1 + PREFIX.len());
            let touches = |&(from, to): &(usize, usize)| from < end && to > start;
            let first = offsets.iter().position(touches).unwrap_or(n);
            first..offsets.iter().rposition(touches).map_or(first, |last| last + 1)
        });
        Ok(Pieces { words: words.collect(), vectors })
    }
}

fn floats(outputs: &SessionOutputs<'_>, n: usize) -> Result<Vec<f32>> {
    let (shape, vectors) = outputs["last_hidden_state"].try_extract_tensor::<f32>().map_err(failed)?;
    if vectors.len() != n * WIDTH {
        return Err(failed(format!("it gave vectors of shape {shape:?} for {n} tokens")));
    }
    Ok(vectors.to_vec())
}

impl Encode for Running {
    fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
        let Pieces { vectors, words } = self.run(text)?;
        let vectors: Vec<&[f32]> = vectors.chunks_exact(WIDTH).collect();
        let words = words.into_iter().map(|pieces| mean(vectors[pieces].iter().copied())).collect();
        let sentence = mean(vectors.iter().copied());
        // Layers trained on have heads trained with them, on the mean as it is.
        let sentence = if self.top.is_some() { sentence } else { unit(sentence) };
        Ok(Encoding { words, sentence })
    }
}

impl Lower for Running {
    fn pieces(&mut self, text: &Analysis) -> Result<Pieces> {
        self.run(text)
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
