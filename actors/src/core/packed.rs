//! What a conversation remembers between two turns: its state as one buffer of bytes. As a tree of small maps and strings the
//! state of a conversation of the demo shop takes four times the memory of its encoding and seven times that of the
//! compressed one, and most conversations rest most of the time.
//!
//! The bytes are those that the turn's record has the hash of, so that packing costs no encoding, and unpacking takes the place
//! of the copy that a turn would otherwise work on.

use crate::core::fold::Folded;
use crate::core::tx::StoreError;
use crate::record;
use crate::session::Session;
use derive_where::derive_where;
use std::marker::PhantomData;

/// States smaller than this (bytes encoded) are kept as they are: compression would gain nothing.
const SMALL: usize = 256;

/// A [`Folded`] state at rest.
#[derive_where(Debug, Clone)]
pub struct Packed<S: Session> {
    /// Compressed if `compressed`, else as encoded.
    bytes: Box<[u8]>,
    compressed: bool,
    /// See [`Folded::base`].
    pub base: u64,
    /// See [`Folded::handled`].
    pub handled: u64,
    _session: PhantomData<fn() -> S>,
}

impl<S: Session> Packed<S> {
    /// Packs a state that was folded from the journal.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn pack(folded: &Folded<S>) -> Result<Self, StoreError> {
        let encoded = record::encode_value(&*folded.state)?;
        Ok(Self::of(&encoded, folded.base, folded.handled))
    }

    /// What follows from a committed turn, after which the state's encoding is `encoded`.
    #[must_use]
    pub fn after(&self, encoded: &[u8], base: u64, trigger: u64) -> Self {
        Self::of(encoded, base, self.handled.max(trigger))
    }

    /// What follows from a committed turn that changed nothing.
    #[must_use]
    pub fn moved(&self, base: u64, trigger: u64) -> Self {
        Self { base, handled: self.handled.max(trigger), ..self.clone() }
    }

    fn of(encoded: &[u8], base: u64, handled: u64) -> Self {
        let small = encoded.len() < SMALL;
        let bytes = if small { encoded.to_vec() } else { lz4_flex::compress_prepend_size(encoded) };
        Self { bytes: bytes.into_boxed_slice(), compressed: !small, base, handled, _session: PhantomData }
    }

    /// The state's encoding, as snapshots and the journal's hashes have it.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        if !self.compressed {
            return Ok(self.bytes.to_vec());
        }
        lz4_flex::decompress_size_prepended(&self.bytes).map_err(|error| damaged(&error))
    }

    /// The state, nobody else's: a turn may change it in place.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn unpack(&self) -> Result<Folded<S>, StoreError> {
        let state: S::State = record::decode_value(&self.encoded()?, || "a state at rest".to_owned())?;
        Ok(Folded::from_snapshot(state, self.base, self.handled))
    }
}

fn damaged(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { place: "a state at rest".to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fold::state_hash;
    use crate::snapshot;
    use crate::testing::{Count, Counter};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        /// Small states and large ones, alike and random.
        #[test]
        fn packing_changes_nothing(
            said: u64,
            queued: bool,
            log in prop::collection::vec(prop_oneof![any::<String>(), Just("looked".repeat(20))], 0..60),
            base: u64,
            handled: u64,
        ) {
            let state = Count { said, log, queued };
            let folded = Folded::<Counter>::from_snapshot(state, base, handled);
            let packed = Packed::pack(&folded).unwrap();
            let back = packed.unpack().unwrap();
            prop_assert_eq!(&back.state, &folded.state);
            prop_assert_eq!((back.base, back.handled), (base, handled));
            let hash = state_hash::<Counter>(&folded.state).unwrap();
            prop_assert_eq!(record::hash(&packed.encoded().unwrap()), hash);
            prop_assert_eq!(snapshot::encode_packed(&packed).unwrap(), snapshot::encode(&folded).unwrap());
        }
    }

    #[test]
    fn a_turn_may_change_what_is_unpacked_in_place() {
        let packed = Packed::<Counter>::pack(&Folded::default()).unwrap();
        let mut unpacked = packed.unpack().unwrap();
        assert!(Arc::get_mut(&mut unpacked.state).is_some());
        let after =
            packed.after(&record::encode_value(&Count { said: 1, ..Count::default() }).unwrap(), 7, 6);
        assert_eq!((after.base, after.handled), (7, 6));
        assert_eq!(after.unpack().unwrap().state.said, 1);
    }
}
