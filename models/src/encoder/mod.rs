//! Sentence encoders, the multilingual one and the English one ([`Kind`]; layers in 8 bits): where their files come from, how they
//! are made ready, how they are run.

mod convert;
mod embedding;
mod fetch;
pub mod install;
mod kind;
mod linear;
mod packages;
mod session;
mod tokenizer;
mod transformer;
mod unigram;
mod weights;

pub use install::{installed, pull};
pub use kind::Kind;
pub(crate) use linear::Kernels;

use crate::{
    error::{Error, Result},
    shared::Top,
    text::Analysis,
};
use std::{ops::Range, sync::Arc};

/// Components of a vector of either encoder.
pub const WIDTH: usize = 384;

/// What the encoder gives for one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// Mean over the pieces, of length 1. Of an encoder whose last layers were trained on: the mean as it is, of each net's layers,
    /// followed by that of what the layers below them gave.
    pub sentence: Vec<f32>,
    /// One vector for each word of the analysis: the mean over its pieces, of each net's layers.
    pub words: Vec<Vec<f32>>,
}

/// Encodes messages.
pub trait Encode: Send {
    /// Encodes one message.
    ///
    /// # Errors
    /// `CHARLA-E4107`.
    fn encode(&mut self, text: &Analysis) -> Result<Encoding>;

    /// Encodes messages, in their order, each as if it were alone; several at once may take less time.
    ///
    /// # Errors
    /// `CHARLA-E4107`.
    fn encode_all(&mut self, texts: &[&Analysis]) -> Result<Vec<Encoding>> {
        texts.iter().map(|text| self.encode(text)).collect()
    }
}

/// What the layers below the last ones give for one message: what training those starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    /// Pieces × components, row by row.
    pub vectors: Vec<f32>,
    /// For each word of the analysis the pieces that touch it; empty where the text was cut off.
    pub words: Vec<Range<usize>>,
}

/// Runs the layers below the last ones.
pub trait Lower: Send {
    /// Encodes messages as far as these layers go, in their order, each as if it were alone.
    ///
    /// # Errors
    /// `CHARLA-E4107`.
    fn pieces(&mut self, texts: &[&Analysis]) -> Result<Vec<Pieces>>;
}

/// Opens encoders, one for each thread.
pub trait EncoderSource: Send + Sync {
    /// Names weights and conversion: models trained with one encoder do not fit another.
    fn id(&self) -> &str;
    /// Opens one.
    ///
    /// # Errors
    /// `CHARLA-E4106`, `CHARLA-E4107`.
    fn open(&self) -> Result<Box<dyn Encode>>;
    /// The same encoder stopped after so many layers, which takes less time; `None` where it has no more than that.
    fn first(&self, _layers: usize) -> Option<Arc<dyn EncoderSource>> {
        None
    }
    /// The encoder of another kind whose id begins this one, if it can be had without fetching it.
    fn other(&self, _id: &str) -> Option<Arc<dyn EncoderSource>> {
        None
    }
    /// So many of the last layers as they came (fewer, if not so many can be trained on); `None` where none can.
    ///
    /// # Errors
    /// `CHARLA-E4010`, `CHARLA-E4107`.
    fn top(&self, _layers: usize) -> Result<Option<Top>> {
        Ok(None)
    }
    /// Opens the layers below the last so many.
    ///
    /// # Errors
    /// `CHARLA-E4107`, also where there are none.
    fn open_lower(&self, _above: usize) -> Result<Box<dyn Lower>> {
        Err(Error::Encoder("its last layers cannot be trained on".into()))
    }
    /// Opens an encoder with other last layers: those of one net, or of several beside each other, as many of each.
    ///
    /// # Errors
    /// `CHARLA-E4107`, also where they do not fit.
    fn open_tuned(&self, _tops: &[Top]) -> Result<Box<dyn Encode>> {
        Err(Error::Encoder("its last layers cannot be replaced".into()))
    }
}

/// The encoder of that id: `source` itself, its first layers, or one of another kind.
pub(crate) fn of_id(source: Arc<dyn EncoderSource>, id: Option<&str>) -> Option<Arc<dyn EncoderSource>> {
    let id = id?;
    let source = if id.starts_with(source.id()) { source } else { source.other(id)? };
    if source.id() == id {
        return Some(source);
    }
    let layers = id.strip_prefix(source.id())?.strip_prefix(FIRST)?.parse().ok()?;
    source.first(layers).filter(|first| first.id() == id)
}

/// Stands between an encoder's id and the number of layers after which it stops.
const FIRST: &str = "-first-";

/// An encoder whose last layers were trained on: opens like any other.
pub struct Tuned {
    /// What it was made from.
    pub source: Arc<dyn EncoderSource>,
    /// The layers trained on.
    pub tops: Arc<Vec<Top>>,
    /// Names both.
    pub id: String,
}

impl EncoderSource for Tuned {
    fn id(&self) -> &str {
        &self.id
    }
    fn open(&self) -> Result<Box<dyn Encode>> {
        self.source.open_tuned(&self.tops)
    }
}
