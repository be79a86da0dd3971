//! Runs the encoder: the files' numbers are read once and shared by all threads.

use super::{
    Encode, EncoderSource, Encoding, FIRST, Lower, Pieces, WIDTH, convert,
    embedding::Embedding,
    linear::{Kernels, failed},
    transformer::{Layer, Room, Stored, tuned},
    unigram::Tokenizer,
};
use crate::{
    error::{Error, Result},
    heads::tensors::Tensors,
    shared::{Shape, Top},
    text::Analysis,
};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// What e5 models expect before a text that is compared with others of its kind.
const PREFIX: &str = "query: ";

/// Texts that are run together at most: more bring nothing, and each waits for the last.
pub(super) const TOGETHER: usize = 8;

/// An encoder whose files are in the cache.
pub struct Installed {
    /// Names weights, conversion and layers.
    pub(super) id: String,
    /// What it is made of.
    pub(super) files: Arc<Files>,
    /// It stops after so many layers; `None`: all.
    pub(super) first: Option<usize>,
}

/// The files of an encoder.
pub struct Files {
    /// The layers in 8 bits.
    pub(super) weights: PathBuf,
    /// The last layers in full precision.
    pub(super) top: PathBuf,
    /// The tokenizer.
    pub(super) tokenizer: PathBuf,
    /// Shared by whoever runs it; read again after the last one has gone.
    pub(super) shared: Mutex<Weak<Shared>>,
}

/// What all threads share.
pub(super) struct Shared {
    tokenizer: Tokenizer,
    embedding: Embedding,
    layers: Vec<Layer>,
}

impl EncoderSource for Installed {
    fn id(&self) -> &str {
        &self.id
    }

    fn open(&self) -> Result<Box<dyn Encode>> {
        Ok(Box::new(self.files.running(self.first.unwrap_or(convert::LAYERS), None)?))
    }

    fn first(&self, layers: usize) -> Option<Arc<dyn EncoderSource>> {
        let fewer = layers > 0 && layers < self.first.unwrap_or(convert::LAYERS);
        fewer.then(|| {
            let id = format!("{}{FIRST}{layers}", self.id);
            Arc::new(Self { id, files: self.files.clone(), first: Some(layers) }) as Arc<dyn EncoderSource>
        })
    }

    fn top(&self, layers: usize) -> Result<Option<Top>> {
        if self.first.is_some() || layers == 0 {
            return Ok(None);
        }
        let path = &self.files.top;
        let mut tensors = Tensors::from_file(path, |_| true)?;
        let mut top = Top::take("top", &mut tensors).ok_or_else(|| ill(path))?;
        top.layers.drain(..top.layers.len().saturating_sub(layers));
        Ok(Some(top))
    }

    fn open_lower(&self, above: usize) -> Result<Box<dyn Lower>> {
        Ok(Box::new(self.files.running(convert::LAYERS.saturating_sub(above), None)?))
    }

    fn open_tuned(&self, top: &Top) -> Result<Box<dyn Encode>> {
        if top.shape.hidden != WIDTH {
            return Err(failed(format!("layers of width {} do not fit one of {WIDTH}", top.shape.hidden)));
        }
        let below = convert::LAYERS.saturating_sub(top.layers.len());
        Ok(Box::new(self.files.running(below, Some(top))?))
    }
}

fn ill(path: &Path) -> Error {
    failed(format!("{} does not hold the encoder: remove its folder and pull again", path.display()))
}

impl Files {
    /// With at least `count` layers: those that nobody runs are not read.
    fn shared(&self, count: usize) -> Result<Arc<Shared>> {
        let mut held = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = held.upgrade().filter(|shared| shared.layers.len() >= count) {
            return Ok(shared);
        }
        let unread: Vec<String> = (count..convert::LAYERS).map(|l| format!("l{l}.")).collect();
        let wanted = |name: &str| !unread.iter().any(|layer| name.starts_with(layer));
        let mut tensors = Tensors::from_file(&self.weights, wanted)?;
        let shape = Shape::take("shape", &mut tensors).filter(|(_, layers)| *layers == convert::LAYERS);
        let (shape, _) = shape.ok_or_else(|| ill(&self.weights))?;
        let embedding = Embedding::take(&mut tensors, shape.hidden, shape.epsilon);
        let embedding = embedding.filter(|_| shape.hidden == WIDTH).ok_or_else(|| ill(&self.weights))?;
        let kernels = Kernels::new();
        let layer = |l: usize| {
            let stored = Stored::take(&format!("l{l}"), &mut tensors);
            Layer::new(&kernels, shape, stored.ok_or_else(|| ill(&self.weights))?)
        };
        let layers = (0..count).map(layer).collect::<Result<_>>()?;
        let tokenizer = Tokenizer::from_file(&self.tokenizer).map_err(failed)?;
        let shared = Arc::new(Shared { tokenizer, embedding, layers });
        *held = Arc::downgrade(&shared);
        Ok(shared)
    }

    /// The first `layers`, with those of `top` above them.
    fn running(&self, layers: usize, top: Option<&Top>) -> Result<Running> {
        let shared = self.shared(layers)?;
        let above = top.map(|top| tuned(&Kernels::new(), top)).transpose()?;
        Ok(Running { shared, layers, above, room: Room::default() })
    }
}

struct Running {
    shared: Arc<Shared>,
    /// So many of the shared layers are run.
    layers: usize,
    /// Layers trained on, above those.
    above: Option<Vec<Layer>>,
    room: Room,
}

impl Running {
    /// Of each text the vectors of the pieces, and for each word the pieces that touch it; where there are layers trained on,
    /// also the mean of the vectors below them.
    fn run(&mut self, texts: &[&Analysis]) -> Result<Vec<(Pieces, Option<Vec<f32>>)>> {
        let Shared { tokenizer, embedding, layers } = &*self.shared;
        let mut x = Vec::new();
        let (mut lengths, mut words) = (Vec::new(), Vec::new());
        for text in texts {
            let input = format!("{PREFIX}{}", text.normal.text);
            let pieces = tokenizer.encode(input, true).map_err(failed)?;
            let n = pieces.get_ids().len().min(embedding.longest());
            embedding.look_up(&pieces.get_ids()[..n], &mut x)?;
            words.push(touched(text, &pieces.get_offsets()[..n]));
            lengths.push(n);
        }
        let room = &mut self.room;
        let mut through = |layers: &[Layer], x: &mut Vec<f32>| {
            Kernels::lend(|kernels| layers.iter().try_for_each(|layer| layer.run(kernels, x, &lengths, room)))
        };
        through(&layers[..self.layers], &mut x)?;
        let below = match &self.above {
            Some(above) => {
                let below = split(&x, &lengths).map(|own| Some(mean(own.chunks_exact(WIDTH)))).collect();
                through(above, &mut x)?;
                below
            }
            None => vec![None; texts.len()],
        };
        let pieces = split(&x, &lengths).zip(words);
        let pieces = pieces.map(|(vectors, words)| Pieces { words, vectors: vectors.to_vec() });
        Ok(pieces.zip(below).collect())
    }
}

fn encoding((pieces, below): (Pieces, Option<Vec<f32>>)) -> Encoding {
    let vectors: Vec<&[f32]> = pieces.vectors.chunks_exact(WIDTH).collect();
    let words = pieces.words.into_iter().map(|pieces| mean(vectors[pieces].iter().copied())).collect();
    let sentence = mean(vectors.iter().copied());
    // Layers trained on have heads trained with them, on the mean as it is.
    let sentence = match below {
        Some(below) => [sentence, below].concat(),
        None => unit(sentence),
    };
    Encoding { words, sentence }
}

/// The rows of each text, of those of all below each other.
fn split<'x>(x: &'x [f32], lengths: &[usize]) -> impl Iterator<Item = &'x [f32]> {
    let mut rest = x;
    lengths.iter().map(move |n| {
        let (own, after) = rest.split_at(n * WIDTH);
        rest = after;
        own
    })
}

/// For each word the pieces that touch it, by their places in the text with its prefix.
fn touched(text: &Analysis, offsets: &[(usize, usize)]) -> Vec<Range<usize>> {
    let words = text.words.iter().map(|word| {
        let (start, end) = (word.bytes.0 + PREFIX.len(), word.bytes.1 + PREFIX.len());
        let touches = |&(from, to): &(usize, usize)| from < end && to > start;
        let first = offsets.iter().position(touches).unwrap_or(offsets.len());
        first..offsets.iter().rposition(touches).map_or(first, |last| last + 1)
    });
    words.collect()
}

impl Encode for Running {
    fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
        let pieces = self.run(&[text])?.pop();
        pieces.map(encoding).ok_or_else(|| failed("a text was not encoded"))
    }

    fn encode_all(&mut self, texts: &[&Analysis]) -> Result<Vec<Encoding>> {
        let mut out = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TOGETHER) {
            out.extend(self.run(texts)?.into_iter().map(encoding));
        }
        Ok(out)
    }
}

impl Lower for Running {
    fn pieces(&mut self, texts: &[&Analysis]) -> Result<Vec<Pieces>> {
        let mut out = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TOGETHER) {
            out.extend(self.run(texts)?.into_iter().map(|(pieces, _)| pieces));
        }
        Ok(out)
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
