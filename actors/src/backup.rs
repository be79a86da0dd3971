//! Backups: all rows of the journal as of one commit, in one file, written while the engine serves. Snapshots are left out:
//! they can always be made again.
//!
//! The file is `CHARLABK`, then blocks `length (4, LE) | CRC32 (4, LE, over the bytes) | bytes`. The first block is about
//! the file ([`Header`], MessagePack); the blocks after it hold rows `space (1, place in the header's list) | length of the key (4, LE) |
//! length of the value (4, LE) | key | value`; the last one is `0xFF | number of rows (8, LE)`, so that a file that was cut
//! off is told from a whole one.

use crate::core::ledger;
use crate::core::rows::{self, OutboxRow};
use crate::core::tx::{Batch, Range, Reader, Space, StoreError, each};
use crate::ids;
use crate::journal::{Journal, fjall::FjallJournal};
use crate::options::Options;
use crate::private;
use crate::record;
use crate::session::{Millis, Session};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"CHARLABK";
/// The form written by this version.
const FORMAT: u32 = 1;
/// Bytes of rows in a block, about.
const BLOCK: usize = 256 * 1024;
/// No block is longer: a row is at most a few MiB.
const LONGEST: usize = 256 * 1024 * 1024;
/// Rows committed at a time when restoring.
const BATCH: usize = 4096;
const END: u8 = u8::MAX;

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The form of the file.
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// When, in milliseconds since 1970.
    pub created_ms: Millis,
    /// Names of the spaces, in the order of their numbers in the file.
    pub spaces: Vec<String>,
}

/// How much was written or read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// Why there is no backup, or no journal from it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("CHARLA-E3050: {path} cannot be {what}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        why: io::Error,
    },
    /// What is in the file is no whole backup.
    #[error(
        "CHARLA-E3051: {path} is no whole backup: {why} (byte {at}); take another one, nothing was restored"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where the block begins that does not fit.
        at: u64,
        /// What does not fit.
        why: String,
    },
    /// There is a journal where one is to be restored.
    #[error(
        "CHARLA-E3052: {path} has a journal already; restore into an empty folder, or move that one away"
    )]
    Occupied {
        /// The data folder.
        path: PathBuf,
    },
    /// The journal's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn file(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::File { path, what, why }
}

/// Writes all rows of `reader`, which must not move meanwhile ([`Journal::freeze`]), to a file that only its owner may read.
/// The file has its name only once it is whole and on disk. `told` hears of the progress every few hundred KiB; its error
/// ends the backup, whose reason it is, and leaves no file.
pub fn write(
    reader: &dyn Reader,
    path: &Path,
    now: Millis,
    told: &mut dyn FnMut(Amount) -> io::Result<()>,
) -> Result<Amount, BackupError> {
    let part = beside(path, "part");
    let opened = private::file(&part).map_err(file(&part, "written"))?;
    let mut out = Blocks { out: BufWriter::new(opened), block: Vec::with_capacity(BLOCK * 2) };
    let amount = out.all(reader, now, told).and_then(|amount| {
        let whole = out.out.into_inner().map_err(io::IntoInnerError::into_error);
        whole.and_then(|whole| whole.sync_all()).map_err(Fault::File)?;
        Ok(amount)
    });
    let amount = match amount {
        Ok(amount) => amount,
        Err(fault) => {
            // Half a backup helps nobody; the reason is what is told.
            let _ = fs::remove_file(&part);
            return Err(match fault {
                Fault::File(why) => file(&part, "written")(why),
                Fault::Store(error) => error.into(),
            });
        }
    };
    fs::rename(&part, path).map_err(file(path, "written"))?;
    sync_folder(path);
    Ok(amount)
}

/// Makes a journal in `options.data_dir` from a backup. What was on its way when the backup was taken may have left since:
/// it waits for its echo like everything that an earlier start has claimed.
pub fn restore<S: Session>(
    path: &Path,
    options: &Options,
    now: Millis,
    told: &mut dyn FnMut(Amount),
) -> Result<(Header, Amount), BackupError> {
    let journal = options.data_dir.join("journal");
    let snapshots = options.data_dir.join("snapshots");
    if journal.exists() || snapshots.exists() {
        return Err(BackupError::Occupied { path: options.data_dir.clone() });
    }
    let opened = File::open(path).map_err(file(path, "read"))?;
    let mut input = Input { path, input: BufReader::new(opened), at: 0 };
    private::folder(&options.data_dir).map_err(file(&options.data_dir, "made"))?;
    let part = options.data_dir.join("journal.restoring");
    if part.exists() {
        fs::remove_dir_all(&part).map_err(file(&part, "removed"))?;
    }
    let restored = fill::<S>(&mut input, &part, options, now, told);
    match restored {
        Ok(found) => {
            fs::rename(&part, &journal).map_err(file(&journal, "written"))?;
            sync_folder(&journal);
            Ok(found)
        }
        Err(error) => {
            let _ = fs::remove_dir_all(&part);
            Err(error)
        }
    }
}

fn fill<S: Session>(
    input: &mut Input<'_>,
    part: &Path,
    options: &Options,
    now: Millis,
    told: &mut dyn FnMut(Amount),
) -> Result<(Header, Amount), BackupError> {
    let (header, spaces) = input.header()?;
    let store = FjallJournal::open(part, options.lock_wait())?;
    let mut amount = Amount::default();
    let mut newest = 0;
    let mut batch = Batch::default();
    loop {
        let at = input.at;
        let block = input.block()?;
        if block.first() == Some(&END) {
            let rows = block.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
            if rows != Some(amount.rows) {
                return Err(
                    input.damaged(at, format!("it should hold {rows:?} rows, {} are there", amount.rows))
                );
            }
            break;
        }
        let mut rest = block.as_slice();
        while !rest.is_empty() {
            let Some((space, key, value)) = row(&mut rest, &spaces) else {
                return Err(input.damaged(at, "a row does not fit into its block".to_owned()));
            };
            amount.rows += 1;
            amount.bytes += (key.len() + value.len()) as u64;
            if space == Space::Events {
                record::verify(value, || format!("a record of {}", input.path.display()))?;
                newest = ids::split_sequence(key).map_or(newest, |(_, seq)| newest.max(seq));
            }
            batch.put(space, key.to_vec(), value.to_vec());
        }
        if batch.len() >= BATCH {
            store.commit(std::mem::take(&mut batch))?;
            told(amount);
        }
    }
    store.commit(batch)?;
    doubt::<S>(&store, newest, now)?;
    Ok((header, amount))
}

/// Nobody knows what the engine sent after the backup: every effect on its way counts as claimed by the start that the
/// backup was taken in.
fn doubt<S: Session>(store: &FjallJournal, newest: u64, now: Millis) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    let start = ledger::restored(store, &mut batch, newest, now)?;
    for (key, value) in store.scan(Space::Outbox, &Range::all(), false, usize::MAX)? {
        let mut row: OutboxRow<S> = rows::read("outbox", &value)?;
        row.claim = start;
        batch.put(Space::Outbox, key, rows::row(&row)?);
    }
    store.commit(batch)
}

enum Fault {
    File(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Blocks {
    out: BufWriter<File>,
    block: Vec<u8>,
}

impl Blocks {
    fn all(
        &mut self,
        reader: &dyn Reader,
        now: Millis,
        told: &mut dyn FnMut(Amount) -> io::Result<()>,
    ) -> Result<Amount, Fault> {
        self.out.write_all(MAGIC)?;
        let header = Header {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created_ms: now,
            spaces: Space::ALL.iter().map(|space| space.name().to_owned()).collect(),
        };
        self.block = record::encode_value(&header)?;
        self.flush()?;
        let mut amount = Amount::default();
        for (number, space) in Space::ALL.into_iter().enumerate() {
            each::<Fault>(reader, space, |key, value| {
                self.block.push(number as u8);
                self.block.extend_from_slice(&length(key)?);
                self.block.extend_from_slice(&length(value)?);
                self.block.extend_from_slice(key);
                self.block.extend_from_slice(value);
                amount.rows += 1;
                amount.bytes += (key.len() + value.len()) as u64;
                if self.block.len() >= BLOCK {
                    self.flush()?;
                    told(amount)?;
                }
                Ok(())
            })?;
        }
        if !self.block.is_empty() {
            self.flush()?;
        }
        self.block.push(END);
        self.block.extend_from_slice(&amount.rows.to_le_bytes());
        self.flush()?;
        Ok(amount)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&length(&self.block)?)?;
        self.out.write_all(&crc32fast::hash(&self.block).to_le_bytes())?;
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a row has more than 4 GiB"))?;
    Ok(length.to_le_bytes())
}

struct Input<'a> {
    path: &'a Path,
    input: BufReader<File>,
    at: u64,
}

impl Input<'_> {
    fn damaged(&self, at: u64, why: String) -> BackupError {
        BackupError::Damaged { path: self.path.to_owned(), at, why }
    }

    fn take(&mut self, amount: usize) -> Result<Vec<u8>, BackupError> {
        let mut bytes = vec![0; amount];
        match self.input.read_exact(&mut bytes) {
            Ok(()) => {
                self.at += amount as u64;
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(self.at, "it ends too early".to_owned()))
            }
            Err(error) => Err(file(self.path, "read")(error)),
        }
    }

    fn block(&mut self) -> Result<Vec<u8>, BackupError> {
        let at = self.at;
        let head = self.take(8)?;
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        let (length, crc) = (number(&head[..4]) as usize, number(&head[4..]));
        if length == 0 || length > LONGEST {
            return Err(self.damaged(at, format!("a block of {length} bytes")));
        }
        let bytes = self.take(length)?;
        if crc32fast::hash(&bytes) != crc {
            return Err(self.damaged(at, "the checksum of a block does not match".to_owned()));
        }
        Ok(bytes)
    }

    fn header(&mut self) -> Result<(Header, Vec<Space>), BackupError> {
        if self.take(MAGIC.len())? != MAGIC {
            return Err(self.damaged(0, "it does not begin like one".to_owned()));
        }
        let at = self.at;
        let header: Header = record::decode_value(&self.block()?, String::new)
            .map_err(|error| self.damaged(at, format!("its header cannot be read: {error}")))?;
        if header.format != FORMAT {
            let why = format!("it has form {}, this version reads {FORMAT}", header.format);
            return Err(self.damaged(at, why));
        }
        let spaces = header
            .spaces
            .iter()
            .map(|name| Space::ALL.into_iter().find(|space| space.name() == name))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| {
                self.damaged(at, format!("it has spaces that are not known here: {:?}", header.spaces))
            })?;
        Ok((header, spaces))
    }
}

/// Takes a row off the front.
fn row<'a>(rest: &mut &'a [u8], spaces: &[Space]) -> Option<(Space, &'a [u8], &'a [u8])> {
    let (head, body) = rest.split_first_chunk::<9>()?;
    let space = *spaces.get(usize::from(head[0]))?;
    let number = |bytes: &[u8]| bytes.try_into().ok().map(|bytes| u32::from_le_bytes(bytes) as usize);
    let (key, value) = (number(&head[1..5])?, number(&head[5..])?);
    let (key, body) = body.split_at_checked(key)?;
    let (value, body) = body.split_at_checked(value)?;
    *rest = body;
    Some((space, key, value))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes a rename durable. Not every file system lets a folder be synced; the file itself is.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    {
        let _ = folder.sync_all();
    }
}
