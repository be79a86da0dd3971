//! Snapshots: states written behind the journal, so that waking a conversation need not fold its whole history. Never the
//! truth: each can be lost or damaged, and is rebuilt from the journal.

pub mod compare;
pub mod memory;
mod service;
pub mod sled;

pub(crate) use service::Snapshots;

use crate::core::fold::Folded;
use crate::core::packed::Packed;
use crate::core::tx::StoreError;
use crate::record::{decode_value, encode_value};
use crate::session::Session;
use serde::{Deserialize, Serialize};

/// Keeps the newest snapshot of each conversation.
pub trait SnapshotStore: Send + Sync + 'static {
    /// The snapshot under this key; a damaged one is an error (and as good as none).
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Sets it. Need not be durable when it returns.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;
    /// Removes it.
    fn remove(&self, key: &[u8]) -> Result<(), StoreError>;
    /// Writes out what is not yet on disk, and reclaims space if it is time to.
    fn maintain(&self) -> Result<(), StoreError>;
    /// Bytes on disk, bytes alive.
    fn space(&self) -> (u64, u64);
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Snapshot<S: Session> {
    base: u64,
    handled: u64,
    state: S::State,
}

#[derive(Serialize)]
#[serde(bound = "")]
struct SnapshotRef<'a, S: Session> {
    base: u64,
    handled: u64,
    state: &'a S::State,
}

/// A [`SnapshotRef`] whose state is still to come.
#[derive(Serialize)]
struct Head {
    base: u64,
    handled: u64,
    state: (),
}

pub(crate) fn encode<S: Session>(folded: &Folded<S>) -> Result<Vec<u8>, StoreError> {
    encode_value(&SnapshotRef::<S> { base: folded.base, handled: folded.handled, state: &folded.state })
}

/// The same of a state at rest, without unpacking it: MessagePack nests by putting one value behind the other.
pub(crate) fn encode_packed<S: Session>(packed: &Packed<S>) -> Result<Vec<u8>, StoreError> {
    let mut bytes = encode_value(&Head { base: packed.base, handled: packed.handled, state: () })?;
    // The one byte of nothing.
    bytes.pop();
    bytes.extend(packed.encoded()?);
    Ok(bytes)
}

pub(crate) fn decode<S: Session>(bytes: &[u8]) -> Result<Folded<S>, StoreError> {
    let snapshot: Snapshot<S> = decode_value(bytes, || "a snapshot".to_owned())?;
    Ok(Folded::from_snapshot(snapshot.state, snapshot.base, snapshot.handled))
}
