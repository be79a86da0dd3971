//! Journal records: what is written, and how.
//!
//! A record is `version (1) | kind (1) | key id (2, LE; 0: plain) | CRC32 (4, LE, over the four bytes before it and the
//! body) | body`. The body is MessagePack **with field names**, so that optional fields can be added and JSON values
//! survive; a format that is not self-describing could do neither. Version 2 is version 1 with the body in one LZ4 block, its length
//! (4, LE) before it: names and texts come again and again in a turn (ADR 20). Which of both a record has depends on its length alone,
//! so the same record always gives the same bytes.

use crate::core::tx::StoreError;
use crate::session::{Millis, PersonId, Session};
use derive_where::derive_where;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::Cell;

/// The newest format that this version writes; it reads older ones.
pub const FORMAT: u8 = 2;
/// The format of bodies that are not compressed.
const PLAIN: u8 = 1;
/// Bodies of so many bytes are compressed; shorter ones, most messages, gain little and are sealed on the committer's thread.
const LONG: usize = 1024;
const HEADER: usize = 8;

/// One entry of a conversation's journal. Serialisable for people and tools; on disk it has an envelope of its own.
#[derive_where(Debug, Clone)]
#[derive(Serialize)]
#[serde(bound = "", tag = "record", rename_all = "snake_case")]
pub enum Record<S: Session> {
    /// Something happened; not yet decided upon.
    Received(Received<S>),
    /// It was decided upon.
    Turn(Turn<S>),
    /// The whole state; what was before it has been deleted.
    Checkpoint(Checkpoint<S>),
    /// The conversation of another person, who turned out to be this one, came in.
    Absorbed(Absorbed<S>),
    /// This conversation has gone into another person's.
    Tombstone(Tombstone),
}

/// See [`Record::Received`].
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Received<S: Session> {
    /// When it was accepted.
    pub at: Millis,
    /// What happened.
    pub event: S::Event,
}

/// See [`Record::Turn`].
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Turn<S: Session> {
    /// Sequence numbers of the `Received` records handled.
    pub triggers: Vec<u64>,
    /// When handling began.
    pub started: Millis,
    /// [`Session::version`] of the session that decided.
    pub version: String,
    /// Its steps, in order; the first one's event is the trigger's.
    pub steps: Vec<TurnStep<S>>,
    /// [`hash`] of the encoded state after the turn.
    pub state_hash: u64,
    /// Durable effects in order; the place is the step of the idempotency key, this record's sequence number its turn.
    #[serde(default)]
    pub outbox: Vec<S::Effect>,
    /// Timers armed and disarmed, in order.
    #[serde(default)]
    pub timers: Vec<TimerChange>,
    /// The event was put aside after this many tries, and replaced.
    #[serde(default)]
    pub parked: Option<u32>,
}

/// One call of [`Session::step`] and what it decided.
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct TurnStep<S: Session> {
    /// The time handed to the step.
    pub at: Millis,
    /// The event handed to the step.
    pub event: S::Event,
    /// The changes decided.
    pub changes: Vec<S::Change>,
    /// [`hash`] over the encoded effects, for the strong replay.
    pub effects_hash: u64,
}

/// A timer armed (`at`) or disarmed (no `at`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerChange {
    /// Its name.
    pub name: String,
    /// When it fires.
    #[serde(default)]
    pub at: Option<Millis>,
}

/// See [`Record::Checkpoint`]. It takes the place of the turn after which the state was so.
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Checkpoint<S: Session> {
    /// When that turn began.
    pub at: Millis,
    /// The state after it.
    pub state: S::State,
    /// The newest trigger handled until then.
    pub handled: u64,
}

/// See [`Record::Absorbed`].
#[derive_where(Debug, Clone)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Absorbed<S: Session> {
    /// When.
    pub at: Millis,
    /// Whose conversation it was.
    pub from: PersonId,
    /// Its last state.
    pub state: S::State,
}

/// See [`Record::Tombstone`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When.
    pub at: Millis,
    /// Who has it now.
    pub into: PersonId,
}

impl Tombstone {
    /// Reads a stored record of this kind.
    pub(crate) fn decode(bytes: &[u8], place: impl Fn() -> String) -> Result<Self, StoreError> {
        let (_, body) = open(bytes, &place)?;
        decode_value(&body, place)
    }
}

/// The kind of a record, readable without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Record::Received`]
    Received = 1,
    /// [`Record::Turn`]
    Turn = 2,
    /// [`Record::Checkpoint`]
    Checkpoint = 3,
    /// [`Record::Absorbed`]
    Absorbed = 4,
    /// [`Record::Tombstone`]
    Tombstone = 5,
}

impl Kind {
    /// Whether a record of this kind changes the state.
    pub fn changes_state(self) -> bool {
        matches!(self, Kind::Turn | Kind::Checkpoint | Kind::Absorbed)
    }
}

/// The digest of states and effects: xxh3, 64 bits. Values that are hashed must encode alike in every run, so states use
/// ordered maps.
pub fn hash(encoded: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(encoded)
}

/// MessagePack with field names.
pub fn encode_value<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    with_encoded(value, <[u8]>::to_vec)
}

thread_local! {
    /// Where values are encoded: growing a new buffer for each cost more than half of the encoding.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A scratch buffer larger than this, bytes, is not kept.
const SCRATCH_KEPT: usize = 256 * 1024;

/// Shows the encoding of a value to a function.
fn with_encoded<T: Serialize, R>(value: &T, use_it: impl FnOnce(&[u8]) -> R) -> Result<R, StoreError> {
    let mut buffer = SCRATCH.take();
    buffer.clear();
    let written = rmp_serde::encode::write_named(&mut buffer, value);
    let result = written.map(|()| use_it(&buffer)).map_err(|error| StoreError::Corrupt {
        place: std::any::type_name::<T>().to_owned(),
        why: format!("cannot be encoded: {error}"),
    });
    if buffer.capacity() <= SCRATCH_KEPT {
        SCRATCH.set(buffer);
    }
    result
}

/// Reads what [`encode_value`] wrote; `place` names the row in the error.
pub fn decode_value<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    place: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes)
        .map_err(|error| StoreError::Corrupt { place: place(), why: error.to_string() })
}

impl<S: Session> Record<S> {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Record::Received(_) => Kind::Received,
            Record::Turn(_) => Kind::Turn,
            Record::Checkpoint(_) => Kind::Checkpoint,
            Record::Absorbed(_) => Kind::Absorbed,
            Record::Tombstone(_) => Kind::Tombstone,
        }
    }

    /// When it was written or, for turns, begun.
    pub fn at(&self) -> Millis {
        match self {
            Record::Received(it) => it.at,
            Record::Turn(it) => it.started,
            Record::Checkpoint(it) => it.at,
            Record::Absorbed(it) => it.at,
            Record::Tombstone(it) => it.at,
        }
    }

    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let seal = |body: &[u8]| seal(self.kind(), body);
        match self {
            Record::Received(it) => with_encoded(it, seal),
            Record::Turn(it) => with_encoded(it, seal),
            Record::Checkpoint(it) => with_encoded(it, seal),
            Record::Absorbed(it) => with_encoded(it, seal),
            Record::Tombstone(it) => with_encoded(it, seal),
        }
    }

    /// Reads [`Record::encode`]'s bytes; `place` names the row in the error.
    pub fn decode(bytes: &[u8], place: impl Fn() -> String) -> Result<Self, StoreError> {
        let (kind, body) = open(bytes, &place)?;
        Ok(match kind {
            Kind::Received => Record::Received(decode_value(&body, place)?),
            Kind::Turn => Record::Turn(decode_value(&body, place)?),
            Kind::Checkpoint => Record::Checkpoint(decode_value(&body, place)?),
            Kind::Absorbed => Record::Absorbed(decode_value(&body, place)?),
            Kind::Tombstone => Record::Tombstone(decode_value(&body, place)?),
        })
    }
}

/// `Received` without owning the event, for the hot path.
#[derive(Serialize)]
#[serde(bound = "")]
pub(crate) struct ReceivedRef<'a, S: Session> {
    pub(crate) at: Millis,
    pub(crate) event: &'a S::Event,
}

impl<S: Session> ReceivedRef<'_, S> {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        with_encoded(self, |body| seal(Kind::Received, body))
    }
}

fn checksum(head: &[u8], body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(body);
    crc.finalize()
}

fn seal(kind: Kind, body: &[u8]) -> Vec<u8> {
    if body.len() < LONG {
        return seal_as(PLAIN, kind, body);
    }
    seal_as(FORMAT, kind, &lz4_flex::block::compress_prepend_size(body))
}

fn seal_as(format: u8, kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&[format, kind as u8, 0, 0]);
    let crc = checksum(&bytes, body);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Kind and body, not compressed any more.
fn open<'a>(bytes: &'a [u8], place: &impl Fn() -> String) -> Result<(Kind, Cow<'a, [u8]>), StoreError> {
    let (format, kind, body) = enveloped(bytes, place)?;
    if format == PLAIN {
        return Ok((kind, Cow::Borrowed(body)));
    }
    let body = lz4_flex::block::decompress_size_prepended(body)
        .map_err(|error| StoreError::Corrupt { place: place(), why: error.to_string() })?;
    Ok((kind, Cow::Owned(body)))
}

/// Format, kind and body as stored.
fn enveloped<'a>(bytes: &'a [u8], place: &impl Fn() -> String) -> Result<(u8, Kind, &'a [u8]), StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { place: place(), why };
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(corrupt(format!("{} bytes are no record", bytes.len())));
    };
    let [version, kind, key_low, key_high, crc @ ..] = *header;
    if checksum(&header[..4], body) != u32::from_le_bytes(crc) {
        return Err(corrupt("the checksum does not match".to_owned()));
    }
    if !(PLAIN..=FORMAT).contains(&version) {
        return Err(corrupt(format!(
            "format {version} was written by another version of the program (this one reads {PLAIN} to {FORMAT})"
        )));
    }
    if (key_low, key_high) != (0, 0) {
        return Err(corrupt(format!(
            "encrypted with key {}, which is not at hand",
            u16::from_le_bytes([key_low, key_high])
        )));
    }
    Ok((version, kind_of(kind).ok_or_else(|| corrupt(format!("kind {kind} is unknown")))?, body))
}

fn kind_of(byte: u8) -> Option<Kind> {
    Some(match byte {
        1 => Kind::Received,
        2 => Kind::Turn,
        3 => Kind::Checkpoint,
        4 => Kind::Absorbed,
        5 => Kind::Tombstone,
        _ => return None,
    })
}

/// The kind of stored bytes, without checking the rest.
pub(crate) fn peek(bytes: &[u8]) -> Option<Kind> {
    kind_of(*bytes.get(1)?)
}

/// Whether checksum, format and kind of stored bytes are right.
pub fn verify(bytes: &[u8], place: impl Fn() -> String) -> Result<Kind, StoreError> {
    enveloped(bytes, &place).map(|(_, kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, Note};
    use proptest::prelude::*;

    fn turn(text: &str, at: Millis) -> Record<Counter> {
        Record::Turn(Turn {
            triggers: vec![7],
            started: at,
            version: "1".to_owned(),
            steps: vec![TurnStep { at, event: Note::said(text), changes: vec![], effects_hash: u64::MAX }],
            state_hash: u64::MAX - 1,
            outbox: vec![],
            timers: vec![TimerChange { name: text.to_owned(), at: Some(at) }],
            parked: None,
        })
    }

    proptest! {
        #[test]
        fn records_round_trip(text: String, at: i64) {
            for record in [
                Record::<Counter>::Received(Received { at, event: Note::said(&text) }),
                turn(&text, at),
                Record::Tombstone(Tombstone { at, into: PersonId(9) }),
            ] {
                let bytes = record.encode().unwrap();
                let back = Record::<Counter>::decode(&bytes, String::new).unwrap();
                prop_assert_eq!(back.encode().unwrap(), bytes.clone());
                prop_assert_eq!(format!("{back:?}"), format!("{record:?}"));
                prop_assert_eq!(peek(&bytes), Some(record.kind()));
            }
        }

        #[test]
        fn any_flipped_bit_is_found(text: String, position: prop::sample::Index, bit in 0u8..8) {
            let mut bytes = turn(&text, 1).encode().unwrap();
            let position = position.index(bytes.len());
            bytes[position] ^= 1 << bit;
            prop_assert!(verify(&bytes, String::new).is_err());
        }

        #[test]
        fn any_torn_record_is_found(text: String, position: prop::sample::Index) {
            let bytes = turn(&text, 1).encode().unwrap();
            let torn = &bytes[..position.index(bytes.len())];
            prop_assert!(Record::<Counter>::decode(torn, String::new).is_err());
        }
    }

    #[test]
    fn long_bodies_are_compressed_and_those_of_the_first_format_are_read() {
        let long = turn(&"where is my order ".repeat(200), 5);
        let bytes = long.encode().unwrap();
        assert_eq!(bytes[0], FORMAT);
        assert!(bytes.len() < 1_000, "{}", bytes.len());
        let Record::Turn(it) = &long else { unreachable!() };
        let plain = seal_as(PLAIN, Kind::Turn, &encode_value(it).unwrap());
        assert!(plain.len() > 3_600);
        for bytes in [&bytes, &plain] {
            let back = Record::<Counter>::decode(bytes, String::new).unwrap();
            assert_eq!(format!("{back:?}"), format!("{long:?}"));
        }
        assert_eq!(turn("hi", 5).encode().unwrap()[0], PLAIN);
        // A checksum that is right says nothing about what was compressed.
        let broken = seal_as(FORMAT, Kind::Turn, &[9, 0, 0, 0, 0xFF, 0xFF]);
        assert!(Record::<Counter>::decode(&broken, String::new).is_err());
        let later = seal_as(FORMAT + 1, Kind::Turn, b"");
        let refused = verify(&later, String::new).unwrap_err().to_string();
        assert!(refused.contains("format 3"), "{refused}");
    }

    #[test]
    fn json_values_survive() {
        let value = serde_json::json!({"a": [1, -2, 3.5, null, true, "ñ", {"b": 18446744073709551615u64}]});
        let bytes = encode_value(&value).unwrap();
        assert_eq!(decode_value::<serde_json::Value>(&bytes, String::new).unwrap(), value);
    }
}
