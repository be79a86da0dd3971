//! The multilingual sentence encoder (multilingual-e5-small, 4 bits a weight): where its files come from, how they are
//! made ready, how it is run.

pub mod convert;
mod fetch;
pub mod install;
mod onnx;
mod packages;
mod session;
mod weights;

pub use install::{installed, pull};

use crate::{error::Result, text::Analysis};

/// Components of a vector of multilingual-e5-small.
pub const WIDTH: usize = 384;

/// What the encoder gives for one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// Mean over the pieces, of length 1.
    pub sentence: Vec<f32>,
    /// One vector for each word of the analysis: the mean over its pieces.
    pub words: Vec<Vec<f32>>,
}

/// Encodes messages, one at a time.
pub trait Encode: Send {
    /// Encodes one message.
    ///
    /// # Errors
    /// `CHARLA-E4107`.
    fn encode(&mut self, text: &Analysis) -> Result<Encoding>;
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
}
