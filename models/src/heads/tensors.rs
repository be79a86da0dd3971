//! A file of named blocks of numbers: a JSON header with names and sizes, then the numbers, little endian.

use crate::error::{Error, Result};
use std::{collections::BTreeMap, path::Path};

const MAGIC: &[u8; 8] = b"CHARLAT1";

/// Named blocks; the order of the names is the order in the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tensors {
    blocks: BTreeMap<String, Block>,
}

#[derive(Debug, Clone, PartialEq)]
enum Block {
    Floats(Vec<f32>),
    Names(Vec<u64>),
    Bytes(Vec<i8>),
}

impl Tensors {
    /// Adds numbers.
    pub fn put(&mut self, name: &str, values: &[f32]) {
        self.blocks.insert(name.into(), Block::Floats(values.to_vec()));
    }
    /// Adds feature names.
    pub fn put_names(&mut self, name: &str, values: &[u64]) {
        self.blocks.insert(name.into(), Block::Names(values.to_vec()));
    }
    /// Whether there is a block of that name.
    pub fn has(&self, name: &str) -> bool {
        self.blocks.contains_key(name)
    }
    /// Takes numbers out, `None` if they are not there.
    pub fn take(&mut self, name: &str) -> Option<Vec<f32>> {
        match self.blocks.remove(name)? {
            Block::Floats(values) => Some(values),
            Block::Names(_) | Block::Bytes(_) => None,
        }
    }
    /// Adds 8-bit numbers.
    pub fn put_bytes(&mut self, name: &str, values: &[i8]) {
        self.blocks.insert(name.into(), Block::Bytes(values.to_vec()));
    }
    /// Takes 8-bit numbers out.
    pub fn take_bytes(&mut self, name: &str) -> Option<Vec<i8>> {
        match self.blocks.remove(name)? {
            Block::Bytes(values) => Some(values),
            Block::Floats(_) | Block::Names(_) => None,
        }
    }
    /// Takes feature names out.
    pub fn take_names(&mut self, name: &str) -> Option<Vec<u64>> {
        match self.blocks.remove(name)? {
            Block::Names(values) => Some(values),
            Block::Floats(_) | Block::Bytes(_) => None,
        }
    }

    /// The file's bytes: the same for the same blocks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header: BTreeMap<&str, (&str, usize)> = self
            .blocks
            .iter()
            .map(|(name, block)| {
                let kind = match block {
                    Block::Floats(v) => ("f32", v.len()),
                    Block::Names(v) => ("u64", v.len()),
                    Block::Bytes(v) => ("i8", v.len()),
                };
                (name.as_str(), kind)
            })
            .collect();
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut out = MAGIC.to_vec();
        out.extend((header.len() as u64).to_le_bytes());
        out.extend(header);
        for block in self.blocks.values() {
            match block {
                Block::Floats(v) => v.iter().for_each(|x| out.extend(x.to_le_bytes())),
                Block::Names(v) => v.iter().for_each(|x| out.extend(x.to_le_bytes())),
                Block::Bytes(v) => v.iter().for_each(|x| out.extend(x.to_le_bytes())),
            }
        }
        out
    }

    /// Reads what [`Tensors::to_bytes`] wrote.
    ///
    /// # Errors
    /// `CHARLA-E4020` where the bytes are something else or cut short.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        let ill = |why: &str| Error::Artefact { path: path.to_owned(), why: why.into() };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| ill("not a weights file"))?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(|| ill("cut short"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| ill("header too long"))?;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(|| ill("cut short"))?;
        let header: BTreeMap<String, (String, usize)> =
            serde_json::from_slice(header).map_err(|e| ill(&format!("header: {e}")))?;
        let mut out = Self::default();
        for (name, (kind, count)) in header {
            let size = match kind.as_str() {
                "f32" => 4,
                "i8" => 1,
                _ => 8,
            };
            let bytes = count.checked_mul(size).ok_or_else(|| ill("cut short"))?;
            let (data, after) = rest.split_at_checked(bytes).ok_or_else(|| ill("cut short"))?;
            rest = after;
            let block = match size {
                4 => Block::Floats(data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
                1 => Block::Bytes(data.iter().map(|b| b.cast_signed()).collect()),
                _ => Block::Names(data.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect()),
            };
            out.blocks.insert(name, block);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_cut_short() {
        let mut t = Tensors::default();
        t.put("w", &[1.5, -2.0]);
        t.put_names("n", &[7, u64::MAX]);
        let bytes = t.to_bytes();
        assert_eq!(Tensors::from_bytes(&bytes, Path::new("x")).unwrap(), t);
        for cut in [0, 5, 12, bytes.len() - 1] {
            assert!(Tensors::from_bytes(&bytes[..cut], Path::new("x")).is_err());
        }
    }
}
