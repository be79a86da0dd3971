//! A file of named blocks of numbers: a JSON header with names and sizes, then the numbers, little endian.

use crate::error::{Error, Result};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

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
    #[cfg(test)]
    pub(crate) fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        Self::read(std::io::Cursor::new(bytes), bytes.len() as u64, path, |_| true)
    }

    /// Reads a file, but only blocks that are `wanted` by name. The file as a whole is never in memory.
    ///
    /// # Errors
    /// `CHARLA-E4010` where it cannot be read, `CHARLA-E4020` where it is something else or cut short.
    pub fn from_file(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let length = file.metadata().map_err(Error::io(path))?.len();
        Self::read(BufReader::with_capacity(1 << 16, file), length, path, wanted)
    }

    fn read<R: Read + Seek>(
        mut from: R,
        length: u64,
        path: &Path,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let ill = |why: &str| Error::Artefact { path: path.to_owned(), why: why.into() };
        let cut = |_| ill("cut short");
        let (mut magic, mut size) = ([0; 8], [0; 8]);
        from.read_exact(&mut magic).map_err(|_| ill("not a weights file"))?;
        if magic != *MAGIC {
            return Err(ill("not a weights file"));
        }
        from.read_exact(&mut size).map_err(cut)?;
        let mut rest = length.saturating_sub(16);
        // What a damaged header promises is not reserved.
        let mut take = |bytes: u64| {
            rest = rest.checked_sub(bytes).ok_or_else(|| ill("cut short"))?;
            usize::try_from(bytes).map_err(|_| ill("too long"))
        };
        let mut header = vec![0; take(u64::from_le_bytes(size))?];
        from.read_exact(&mut header).map_err(cut)?;
        let header: BTreeMap<String, (String, usize)> =
            serde_json::from_slice(&header).map_err(|e| ill(&format!("header: {e}")))?;
        let mut out = Self::default();
        for (name, (kind, count)) in header {
            let size: u64 = match kind.as_str() {
                "f32" => 4,
                "i8" => 1,
                _ => 8,
            };
            let bytes = (count as u64).checked_mul(size).ok_or_else(|| ill("cut short"))?;
            let length = take(bytes)?;
            if !wanted(&name) {
                from.seek_relative(bytes.cast_signed()).map_err(Error::io(path))?;
                continue;
            }
            let block = match size {
                4 => Block::Floats(numbers(&mut from, count, f32::from_le_bytes).map_err(cut)?),
                1 => {
                    let mut data = vec![0; length];
                    from.read_exact(&mut data).map_err(cut)?;
                    Block::Bytes(data.into_iter().map(u8::cast_signed).collect())
                }
                _ => Block::Names(numbers(&mut from, count, u64::from_le_bytes).map_err(cut)?),
            };
            out.blocks.insert(name, block);
        }
        Ok(out)
    }
}

/// So many numbers of `N` bytes each.
fn numbers<T, const N: usize>(
    from: &mut impl Read,
    count: usize,
    number: impl Fn([u8; N]) -> T,
) -> std::io::Result<Vec<T>> {
    let mut out = Vec::with_capacity(count);
    let mut buffer = [0; 1 << 13];
    while out.len() < count {
        let part = &mut buffer[..(count - out.len()).saturating_mul(N).min(1 << 13)];
        from.read_exact(part)?;
        out.extend(part.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)));
    }
    Ok(out)
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
        let file = tempfile::NamedTempFile::new().unwrap();
        t.put_bytes("b", &[-3; 20_000]);
        t.put("long", &vec![0.25; 5000]);
        std::fs::write(file.path(), t.to_bytes()).unwrap();
        assert_eq!(Tensors::from_file(file.path(), |_| true).unwrap(), t);
        let mut some = Tensors::from_file(file.path(), |name| name != "long" && name != "n").unwrap();
        assert_eq!((some.take("w"), some.take_bytes("b")), (Some(vec![1.5, -2.0]), Some(vec![-3; 20_000])));
        assert!(!some.has("long") && !some.has("n"));
    }
}
