//! Runs the encoder: the files' numbers are read once and shared by all threads.

use super::{
    Encode, EncoderSource, Encoding, FIRST, Kind, Lower, Pieces, WIDTH,
    embedding::Embedding,
    install,
    kind::Recipe,
    linear::{Kernels, failed},
    tokenizer::Tokenizer,
    transformer::{Layer, Room, Stored, tuned},
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
    /// What is particular to it.
    pub(super) recipe: &'static Recipe,
    /// The cache it is in.
    pub(super) cache: PathBuf,
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
        Ok(Box::new(self.files.running(self.first.unwrap_or(self.files.recipe.layers), &[])?))
    }

    fn first(&self, layers: usize) -> Option<Arc<dyn EncoderSource>> {
        let fewer = layers > 0 && layers < self.first.unwrap_or(self.files.recipe.layers);
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
        Ok(Box::new(self.files.running(self.files.recipe.layers.saturating_sub(above), &[])?))
    }

    fn other(&self, id: &str) -> Option<Arc<dyn EncoderSource>> {
        install::installed(&self.files.cache, Kind::of_id(id)?).ok()
    }

    fn open_tuned(&self, tops: &[Top]) -> Result<Box<dyn Encode>> {
        let layers = tops.first().map_or(0, |top| top.layers.len());
        if let Some(other) = tops.iter().find(|t| t.shape.hidden != WIDTH || t.layers.len() != layers) {
            return Err(failed(format!(
                "{} layers of width {} do not fit {layers} of width {WIDTH}",
                other.layers.len(),
                other.shape.hidden
            )));
        }
        let below = self.files.recipe.layers.saturating_sub(layers);
        Ok(Box::new(self.files.running(below, tops)?))
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
        let unread: Vec<String> = (count..self.recipe.layers).map(|l| format!("l{l}.")).collect();
        let wanted = |name: &str| !unread.iter().any(|layer| name.starts_with(layer));
        let mut tensors = Tensors::from_file(&self.weights, wanted)?;
        let shape = Shape::take("shape", &mut tensors).filter(|(_, layers)| *layers == self.recipe.layers);
        let (shape, _) = shape.ok_or_else(|| ill(&self.weights))?;
        let embedding = Embedding::take(&mut tensors, shape.hidden, shape.epsilon);
        let embedding = embedding.filter(|_| shape.hidden == WIDTH).ok_or_else(|| ill(&self.weights))?;
        let kernels = Kernels::new();
        let layer = |l: usize| {
            let stored = Stored::take(&format!("l{l}"), &mut tensors);
            Layer::new(&kernels, shape, stored.ok_or_else(|| ill(&self.weights))?)
        };
        let layers = (0..count).map(layer).collect::<Result<_>>()?;
        let tokenizer = Tokenizer::from_file(&self.tokenizer)?;
        let shared = Arc::new(Shared { tokenizer, embedding, layers });
        *held = Arc::downgrade(&shared);
        Ok(shared)
    }

    /// The first `layers`, with those of each of `tops` above them.
    fn running(&self, layers: usize, tops: &[Top]) -> Result<Running> {
        let shared = self.shared(layers)?;
        let above = tops.iter().map(|top| tuned(&Kernels::new(), top)).collect::<Result<_>>()?;
        let prefix = self.recipe.prefix;
        Ok(Running { shared, prefix, layers, above, room: Room::default() })
    }
}

struct Running {
    shared: Arc<Shared>,
    prefix: &'static str,
    /// So many of the shared layers are run.
    layers: usize,
    /// Layers trained on, above those; of each net.
    above: Vec<Vec<Layer>>,
    room: Room,
}

impl Running {
    /// Of each text the vectors of the pieces that the shared layers give, and for each word the pieces that touch it; and of
    /// each net the vectors that its layers make of them.
    fn run(&mut self, texts: &[&Analysis]) -> Result<Vec<(Pieces, Vec<Vec<f32>>)>> {
        let Shared { tokenizer, embedding, layers } = &*self.shared;
        let mut x = Vec::new();
        let (mut lengths, mut words) = (Vec::new(), Vec::new());
        for text in texts {
            let input = format!("{}{}", self.prefix, text.normal.text);
            let pieces = tokenizer.encode(&input)?;
            let n = pieces.get_ids().len().min(embedding.longest());
            embedding.look_up(&pieces.get_ids()[..n], &mut x)?;
            words.push(touched(text, self.prefix.len(), &pieces.get_offsets()[..n]));
            lengths.push(n);
        }
        let room = &mut self.room;
        let mut through = |layers: &[Layer], x: &mut Vec<f32>| {
            Kernels::lend(|kernels| layers.iter().try_for_each(|layer| layer.run(kernels, x, &lengths, room)))
        };
        through(&layers[..self.layers], &mut x)?;
        let mut above: Vec<Vec<Vec<f32>>> = vec![Vec::new(); texts.len()];
        for net in &self.above {
            let mut x = x.clone();
            through(net, &mut x)?;
            above.iter_mut().zip(split(&x, &lengths)).for_each(|(all, own)| all.push(own.to_vec()));
        }
        let pieces = split(&x, &lengths).zip(words);
        let pieces = pieces.map(|(vectors, words)| Pieces { words, vectors: vectors.to_vec() });
        Ok(pieces.zip(above).collect())
    }
}

fn encoding((pieces, above): (Pieces, Vec<Vec<f32>>)) -> Encoding {
    let Pieces { vectors, words } = pieces;
    let rows = |vectors: &[f32], pieces: &Range<usize>| {
        mean(vectors[pieces.start * WIDTH..pieces.end * WIDTH].chunks_exact(WIDTH))
    };
    let whole = |vectors: &[f32]| mean(vectors.chunks_exact(WIDTH));
    if above.is_empty() {
        let words = words.iter().map(|pieces| rows(&vectors, pieces)).collect();
        return Encoding { words, sentence: unit(whole(&vectors)) };
    }
    // Layers trained on have heads trained with them, on the mean as it is.
    let sentence = above.iter().chain([&vectors]).flat_map(|vectors| whole(vectors)).collect();
    let of = |pieces: &Range<usize>| above.iter().flat_map(|vectors| rows(vectors, pieces)).collect();
    Encoding { words: words.iter().map(of).collect(), sentence }
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

/// For each word the pieces that touch it, by their places in the text behind a prefix of so many bytes.
fn touched(text: &Analysis, prefix: usize, offsets: &[(usize, usize)]) -> Vec<Range<usize>> {
    let words = text.words.iter().map(|word| {
        let (start, end) = (word.bytes.0 + prefix, word.bytes.1 + prefix);
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
