//! Vectors of pieces at their positions: words in blocks of 4 bits as they came, one row a piece.

use super::transformer::Norm;
use crate::{
    error::{Error, Result},
    heads::tensors::Tensors,
};

/// Weights that share a scale.
pub(super) const BLOCK: usize = 32;

/// Words, positions and the normalisation of their sum.
pub(super) struct Embedding {
    /// Two codes a byte, the first one low; 8 stands for 0.
    words: Vec<i8>,
    /// One a block of [`BLOCK`] codes.
    scales: Vec<f32>,
    /// Positions × hidden; the only segment's vector is in each.
    positions: Vec<f32>,
    norm: Norm,
    hidden: usize,
}

impl Embedding {
    /// Takes it out of a file's tensors; `None` where something is missing or of another size.
    pub fn take(tensors: &mut Tensors, hidden: usize, epsilon: f32) -> Option<Self> {
        let (words, scales) = (tensors.take_bytes("words")?, tensors.take("words.s")?);
        let positions = tensors.take("positions")?;
        let (scale, shift) = (tensors.take("emb.ln.w")?, tensors.take("emb.ln.b")?);
        let rows = words.len() * 2 / hidden.max(1);
        let fits = hidden.is_multiple_of(BLOCK)
            && words.len() * 2 == rows * hidden
            && scales.len() == rows * hidden / BLOCK
            && positions.len().is_multiple_of(hidden)
            && scale.len() == hidden
            && shift.len() == hidden;
        let norm = Norm::new(scale, shift, epsilon);
        fits.then_some(Self { words, scales, positions, norm, hidden })
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
            let (row, half) = (*piece as usize, self.hidden / 2);
            let words = row.checked_mul(half).and_then(|at| self.words.get(at..at + half));
            let words = words.ok_or_else(|| Error::Encoder(format!("piece {row} has no vector")))?;
            let blocks = self.hidden / BLOCK;
            let scales = &self.scales[row * blocks..(row + 1) * blocks];
            let codes = words.iter().flat_map(|pair| {
                let pair = pair.cast_unsigned();
                [pair & 15, pair >> 4]
            });
            let values = codes.enumerate().map(|(i, code)| (f32::from(code) - 8.0) * scales[i / BLOCK]);
            out.extend(values.zip(position).map(|(word, position)| word + position));
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
