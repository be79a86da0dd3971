//! Vectors of pieces at their positions: words in blocks of 4 bits as they came, or in rows of 8 bits; one row a piece.

use super::transformer::Norm;
use crate::{
    error::{Error, Result},
    heads::tensors::Tensors,
};

/// Weights that share a scale.
pub(super) const BLOCK: usize = 32;

/// How words are kept.
#[derive(Clone, Copy, PartialEq)]
enum Coding {
    /// Two codes a byte, the first one low; 8 stands for 0. A scale for each [`BLOCK`].
    Four,
    /// A code a byte, a scale for each row.
    Eight,
}

impl Coding {
    /// Bytes of a row.
    const fn bytes(self, hidden: usize) -> usize {
        match self {
            Self::Four => hidden / 2,
            Self::Eight => hidden,
        }
    }

    /// Codes that share a scale.
    const fn block(self, hidden: usize) -> usize {
        match self {
            Self::Four => BLOCK,
            Self::Eight => hidden,
        }
    }
}

/// Words, positions and the normalisation of their sum.
pub(super) struct Embedding {
    words: Vec<i8>,
    coding: Coding,
    /// One for each [`Coding::block`] of codes.
    scales: Vec<f32>,
    /// Positions × hidden; the only segment's vector is in each.
    positions: Vec<f32>,
    norm: Norm,
    hidden: usize,
}

impl Embedding {
    /// Takes it out of a file's tensors; `None` where something is missing or of another size.
    pub fn take(tensors: &mut Tensors, hidden: usize, epsilon: f32) -> Option<Self> {
        let (words, coding) = match tensors.take_bytes("words8") {
            Some(words) => (words, Coding::Eight),
            None => (tensors.take_bytes("words")?, Coding::Four),
        };
        let scales = tensors.take("words.s")?;
        let positions = tensors.take("positions")?;
        let (scale, shift) = (tensors.take("emb.ln.w")?, tensors.take("emb.ln.b")?);
        let rows = words.len() / coding.bytes(hidden).max(1);
        let fits = hidden.is_multiple_of(BLOCK)
            && words.len() == rows * coding.bytes(hidden)
            && scales.len() == rows * hidden / coding.block(hidden).max(1)
            && positions.len().is_multiple_of(hidden)
            && scale.len() == hidden
            && shift.len() == hidden;
        let norm = Norm::new(scale, shift, epsilon);
        fits.then_some(Self { words, coding, scales, positions, norm, hidden })
    }

    /// Longest text in pieces.
    pub fn longest(&self) -> usize {
        self.positions.len() / self.hidden
    }

    /// Appends the rows of one text's pieces to `out`.
    ///
    /// # Errors
    /// `CHARLA-E4107` for a piece that has no row; a text that is too long.
    pub fn look_up(&self, pieces: &[u32], out: &mut Vec<f32>) -> Result<()> {
        let begin = out.len();
        if pieces.len() > self.longest() {
            return Err(Error::Encoder(format!("a text of {} pieces is too long", pieces.len())));
        }
        for (piece, position) in pieces.iter().zip(self.positions.chunks_exact(self.hidden)) {
            let (row, bytes) = (*piece as usize, self.coding.bytes(self.hidden));
            let words = row.checked_mul(bytes).and_then(|at| self.words.get(at..at + bytes));
            let words = words.ok_or_else(|| Error::Encoder(format!("piece {row} has no vector")))?;
            let block = self.coding.block(self.hidden);
            let scales = &self.scales[row * self.hidden / block..];
            let begin = out.len();
            match self.coding {
                Coding::Four => {
                    let codes = words.iter().flat_map(|pair| {
                        let pair = pair.cast_unsigned();
                        [pair & 15, pair >> 4]
                    });
                    out.extend(
                        codes.enumerate().map(|(i, code)| (f32::from(code) - 8.0) * scales[i / block]),
                    );
                }
                Coding::Eight => out.extend(words.iter().map(|code| f32::from(*code) * scales[0])),
            }
            out[begin..].iter_mut().zip(position).for_each(|(value, position)| *value += position);
        }
        self.norm.apply(&mut out[begin..]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Tensors {
        let mut tensors = Tensors::default();
        // Two rows of one block: codes 9, 7, then 8 everywhere; and 8 but the last, which is 15.
        let mut words = [0x88u8; 32];
        words[0] = 0x79;
        words[31] = 0xF8;
        tensors.put_bytes("words", &words.iter().map(|b| b.cast_signed()).collect::<Vec<_>>());
        tensors.put("words.s", &[0.5, 2.0]);
        tensors.put("positions", &[0.0; 3 * BLOCK]);
        tensors.put("emb.ln.w", &[1.0; BLOCK]);
        tensors.put("emb.ln.b", &[0.0; BLOCK]);
        tensors
    }

    #[test]
    fn codes_are_unpacked_in_their_order_and_normalised() {
        let embedding = Embedding::take(&mut tensors(), BLOCK, 1e-12).unwrap();
        let mut out = Vec::new();
        embedding.look_up(&[0, 1], &mut out).unwrap();
        let (first, second) = out.split_at(BLOCK);
        // +0.5, −0.5 and thirty zeros: mean 0, deviation √(0.5/32) = 1/8.
        assert!((first[0] - 4.0).abs() < 1e-4 && (first[1] + 4.0).abs() < 1e-4 && first[2].abs() < 1e-4);
        assert!(second[31] > 5.0 && second[..31].iter().all(|v| *v < 0.0), "{second:?}");
    }

    #[test]
    fn rows_of_8_bits_are_read_too() {
        let mut tensors = Tensors::default();
        let mut words = [0i8; 2 * BLOCK];
        (words[0], words[1], words[2 * BLOCK - 1]) = (50, -50, 7);
        tensors.put_bytes("words8", &words);
        tensors.put("words.s", &[0.01, 2.0]);
        tensors.put("positions", &[0.0; 3 * BLOCK]);
        tensors.put("emb.ln.w", &[1.0; BLOCK]);
        tensors.put("emb.ln.b", &[0.0; BLOCK]);
        let embedding = Embedding::take(&mut tensors, BLOCK, 1e-12).unwrap();
        let mut out = Vec::new();
        embedding.look_up(&[0, 1], &mut out).unwrap();
        assert!((out[0] - 4.0).abs() < 1e-4 && (out[1] + 4.0).abs() < 1e-4 && out[2].abs() < 1e-4);
        assert!(out[2 * BLOCK - 1] > 5.0);
        assert!(embedding.look_up(&[2], &mut out).is_err());
    }

    #[test]
    fn strange_pieces_and_texts_that_are_too_long_are_told() {
        let embedding = Embedding::take(&mut tensors(), BLOCK, 1e-12).unwrap();
        for pieces in [&[2][..], &[0, u32::MAX], &[0, 0, 0, 0]] {
            let error = embedding.look_up(pieces, &mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains("E4107"), "{error}");
        }
        let mut cut = tensors();
        cut.put("words.s", &[0.5]);
        assert!(Embedding::take(&mut cut, BLOCK, 1e-12).is_none());
    }
}
