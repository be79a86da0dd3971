//! What comes out of a webhook.

use charla_actors::{accept::Item, session::Session};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Most bytes of one kept part.
pub(super) const MAX_KEPT: usize = 64 * 1024;
/// Ends a part that was longer.
pub(super) const CUT: &str = "…[cut]";

/// The parts of one webhook body, to be accepted all together or not at all.
#[derive(Debug)]
pub struct Parsed<S: Session> {
    /// In the order of the body.
    pub items: Vec<Item<S>>,
    /// How many of each kind there were, handled and kept; words of [`kinds`](super::kinds).
    pub kinds: Vec<(&'static str, u64)>,
}

impl<S: Session> Parsed<S> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), kinds: Vec::new() }
    }

    pub(super) fn push(&mut self, kind: &'static str, item: Item<S>) {
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((kind, 1)),
        }
        self.items.push(item);
    }

    /// Keeps a part as it came.
    pub(super) fn keep(&mut self, kind: &'static str, raw: &RawValue) {
        self.keep_bytes(kind, raw.get().as_bytes());
    }

    pub(super) fn keep_bytes(&mut self, kind: &'static str, bytes: &[u8]) {
        let raw = if bytes.len() <= MAX_KEPT {
            bytes.to_vec()
        } else {
            let room = MAX_KEPT - CUT.len();
            // Not in the middle of a character, so that what is text stays text.
            let end = (room - 3..=room).rev().find(|i| bytes[*i] & 0xC0 != 0x80).unwrap_or(room);
            [&bytes[..end], CUT.as_bytes()].concat()
        };
        self.push(kind, Item::Kept { kind, raw });
    }
}

/// The dedup key of a part without an id of its own: a retried webhook repeats it byte by byte.
pub(super) fn content_key(number: &str, field: &str, raw: &RawValue) -> String {
    format!("{number}|{field}|{}", hex::encode(&Sha256::digest(raw.get().as_bytes())[..16]))
}
