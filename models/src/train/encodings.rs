//! Encodes all texts of the training data once and keeps the vectors on disk: encoding is the longest step of training,
//! and most examples are the same next time.

use super::{Options, jobs};
use crate::{
    encoder::{EncoderSource, Encoding, Pieces},
    error::{Error, Result},
    progress::{Progress, Unit},
    text::Analysis,
};
use std::{
    collections::HashMap,
    io::Write,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"CHARLAE1";
/// Texts that a thread takes at a time.
const CHUNK: usize = 64;

/// Encodings of all texts, in their order. Numbers are rounded to bfloat16, cached or not, so that a second training
/// gives the same model as the first.
///
/// # Errors
/// The encoder's; a cache that cannot be read or written costs time, not the training.
pub fn all(
    source: &dyn EncoderSource,
    texts: &[&Analysis],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Encoding>> {
    let file = options.encodings.as_ref().map(|folder| folder.join(format!("{}.bin", source.id())));
    let mut known = file.as_deref().map(load).unwrap_or_default();
    let key = |text: &Analysis| xxh3_64(text.normal.text.as_bytes());
    // A record of another number of words is not of this text, whatever its key.
    let fits = |t: &Analysis| known.get(&key(t)).is_some_and(|e| e.words.len() == t.words.len());
    let mut missing: Vec<&Analysis> = texts.iter().copied().filter(|t| !fits(t)).collect();
    missing.sort_by(|a, b| a.normal.text.cmp(&b.normal.text));
    missing.dedup_by(|a, b| a.normal.text == b.normal.text);
    if !missing.is_empty() {
        progress.begin("encoding", missing.len() as u64, Unit::Items);
        let done = AtomicU64::new(0);
        // One encoder a thread: opening one takes longer than encoding a chunk.
        let threads = options.threads.clamp(1, missing.len().div_ceil(CHUNK));
        let made = jobs::run(threads, threads, |thread| -> Result<Vec<(u64, Encoding)>> {
            let mut encoder = source.open()?;
            let mut out = Vec::new();
            for chunk in missing.chunks(CHUNK).skip(thread).step_by(threads) {
                let encodings = encoder.encode_all(chunk)?;
                out.extend(chunk.iter().zip(encodings).map(|(text, e)| (key(text), rounded(e))));
                let count = chunk.len() as u64;
                progress.at("encoding", done.fetch_add(count, Ordering::Relaxed) + count);
            }
            Ok(out)
        });
        for part in made {
            known.extend(part?);
        }
        progress.end("encoding");
        if let Some(file) = &file
            && let Err(error) = store(file, texts, &known)
        {
            tracing::warn!(%error, "encoded texts are not kept: the next training encodes them again");
        }
    }
    texts
        .iter()
        .map(|t| known.get(&key(t)).cloned().ok_or_else(|| Error::Encoder("a text was not encoded".into())))
        .collect()
}

/// What the layers below the last `above` give for all texts, in their order. Not kept: it is too much.
///
/// # Errors
/// The encoder's.
pub fn pieces(
    (source, above): (&dyn EncoderSource, usize),
    texts: &[&Analysis],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Pieces>> {
    progress.begin("encoding", texts.len() as u64, Unit::Items);
    let done = AtomicU64::new(0);
    let threads = options.threads.clamp(1, texts.len().div_ceil(CHUNK).max(1));
    let made = jobs::run(threads, threads, |thread| -> Result<Vec<(usize, Pieces)>> {
        let mut encoder = source.open_lower(above)?;
        let mut out = Vec::new();
        for (at, chunk) in texts.chunks(CHUNK).enumerate().skip(thread).step_by(threads) {
            out.extend(encoder.pieces(chunk)?.into_iter().enumerate().map(|(i, p)| (at * CHUNK + i, p)));
            let count = chunk.len() as u64;
            progress.at("encoding", done.fetch_add(count, Ordering::Relaxed) + count);
        }
        Ok(out)
    });
    let mut all = Vec::with_capacity(texts.len());
    for part in made {
        all.extend(part?);
    }
    progress.end("encoding");
    all.sort_by_key(|(i, _)| *i);
    Ok(all.into_iter().map(|(_, pieces)| pieces).collect())
}

fn to_half(x: f32) -> u16 {
    // Round to nearest, ties to even.
    let bits = x.to_bits();
    (bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16) as u16
}

fn from_half(h: u16) -> f32 {
    f32::from_bits(u32::from(h) << 16)
}

fn rounded(mut encoding: Encoding) -> Encoding {
    let all = encoding.words.iter_mut().flatten().chain(&mut encoding.sentence);
    all.for_each(|x| *x = from_half(to_half(*x)));
    encoding
}

fn load(file: &Path) -> HashMap<u64, Encoding> {
    let mut out = HashMap::new();
    let Ok(bytes) = std::fs::read(file) else { return out };
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return out };
    // key, words, width, then numbers; a record cut short ends the file.
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let key = u64::from_le_bytes(head[..8].try_into().unwrap_or_default());
        let field = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap_or_default()) as usize;
        let (words, width) = (field(8), field(12));
        let Some(size) = (words + 1).checked_mul(width).and_then(|n| n.checked_mul(2)).filter(|s| *s > 0)
        else {
            break;
        };
        let Some((data, next)) = after.split_at_checked(size) else { break };
        let numbers: Vec<f32> =
            data.as_chunks::<2>().0.iter().map(|b| from_half(u16::from_le_bytes(*b))).collect();
        let mut rows = numbers.chunks_exact(width).map(<[f32]>::to_vec);
        if let Some(sentence) = rows.next() {
            out.insert(key, Encoding { sentence, words: rows.collect() });
        }
        rest = next;
    }
    out
}

/// Writes the encodings of `texts`; others are dropped, so that the file does not grow for ever.
fn store(file: &Path, texts: &[&Analysis], known: &HashMap<u64, Encoding>) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    // Of its own: another training may be writing the same file.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = file.with_extension(format!("{}.{number}.part", std::process::id()));
    let out = std::fs::File::create(&part).map_err(Error::io(&part))?;
    let mut out = std::io::BufWriter::new(out);
    let mut write = || -> std::io::Result<()> {
        out.write_all(MAGIC)?;
        let mut written = std::collections::HashSet::new();
        for text in texts {
            let key = xxh3_64(text.normal.text.as_bytes());
            let Some(encoding) = known.get(&key).filter(|_| written.insert(key)) else { continue };
            out.write_all(&key.to_le_bytes())?;
            out.write_all(&(encoding.words.len() as u32).to_le_bytes())?;
            out.write_all(&(encoding.sentence.len() as u32).to_le_bytes())?;
            for x in encoding.sentence.iter().chain(encoding.words.iter().flatten()) {
                out.write_all(&to_half(*x).to_le_bytes())?;
            }
        }
        out.flush()
    };
    write().and_then(|()| std::fs::rename(&part, file)).map_err(|error| {
        let _ = std::fs::remove_file(&part);
        Error::io(file)(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{encoder::Encode, progress::Silent};

    /// Counts how often it encodes.
    struct Counting(AtomicU64);
    struct Fake<'a>(&'a AtomicU64);

    impl Encode for Fake<'_> {
        fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
            self.0.fetch_add(1, Ordering::SeqCst);
            let x = text.normal.text.len() as f32 / 3.0;
            Ok(Encoding {
                sentence: vec![x, 1.0],
                words: text.words.iter().map(|w| vec![w.start as f32, x]).collect(),
            })
        }
    }

    impl EncoderSource for &'static Counting {
        fn id(&self) -> &str {
            "counting"
        }
        fn open(&self) -> Result<Box<dyn Encode>> {
            Ok(Box::new(Fake(&self.0)))
        }
    }

    #[test]
    fn the_second_time_nothing_is_encoded_and_the_result_is_the_same() {
        static COUNT: Counting = Counting(AtomicU64::new(0));
        let folder = tempfile::tempdir().unwrap();
        let options = Options { encodings: Some(folder.path().to_owned()), ..Options::default() };
        let texts: Vec<Analysis> = ["a b", "c", "a b", "d e f"].iter().map(|t| Analysis::new(t)).collect();
        let texts: Vec<&Analysis> = texts.iter().collect();
        let first = all(&&COUNT, &texts, &options, &Silent).unwrap();
        let second = all(&&COUNT, &texts, &options, &Silent).unwrap();
        assert_eq!(COUNT.0.load(Ordering::SeqCst), 3);
        assert_eq!(first, second);
        assert_eq!(first[0], first[2]);
    }

    #[test]
    fn trainings_at_once_do_not_write_into_each_others_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counting.bin");
        let count = AtomicU64::new(0);
        let texts: Vec<Analysis> = (0..200).map(|n| Analysis::new(&format!("text number {n}"))).collect();
        let known = |texts: &[&Analysis]| -> HashMap<u64, Encoding> {
            texts
                .iter()
                .map(|t| (xxh3_64(t.normal.text.as_bytes()), Fake(&count).encode(t).unwrap()))
                .collect()
        };
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (file, texts, known) = (&file, &texts, &known);
                scope.spawn(move || {
                    let own: Vec<&Analysis> = texts.iter().skip(n * 50).take(50).collect();
                    let known = known(&own);
                    (0..20).for_each(|_| store(file, &own, &known).unwrap());
                });
            }
        });
        let kept = load(&file);
        assert_eq!(kept.len(), 50, "one training's records, all of them");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_record_with_another_number_of_words_is_made_again() {
        static COUNT: Counting = Counting(AtomicU64::new(0));
        let folder = tempfile::tempdir().unwrap();
        let options = Options { encodings: Some(folder.path().to_owned()), ..Options::default() };
        let text = Analysis::new("a b c");
        let wrong = Encoding { sentence: vec![1.0, 1.0], words: vec![vec![1.0, 1.0]] };
        let known = HashMap::from([(xxh3_64(text.normal.text.as_bytes()), wrong)]);
        store(&folder.path().join("counting.bin"), &[&text], &known).unwrap();
        for _ in 0..2 {
            let made = all(&&COUNT, &[&text], &options, &Silent).unwrap();
            assert_eq!(made[0].words.len(), 3);
        }
        assert_eq!(COUNT.0.load(Ordering::SeqCst), 1);
    }
}
