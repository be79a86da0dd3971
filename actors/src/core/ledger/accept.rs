//! Takes what the edge hands in.

use super::{Ledger, Output, people};
use crate::accept::{Address, Item, Receipt};
use crate::core::rows::{self, KEPT_MAX, KeptRow, PendingRow};
use crate::core::tx::{Reader, Space, StoreError, Tx};
use crate::session::{ConversationId, Millis, Session};

impl<S: Session> Ledger<S> {
    /// Takes all items, in order, and says what became of each.
    pub fn accept(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        items: Vec<Item<S>>,
        now: Millis,
    ) -> Result<Vec<Receipt>, StoreError> {
        items.into_iter().map(|item| self.accept_one(tx, out, item, now)).collect()
    }

    fn accept_one(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        item: Item<S>,
        now: Millis,
    ) -> Result<Receipt, StoreError> {
        const DONE: Receipt = Receipt::Accepted { conversation: None, seq: None };
        match item {
            Item::Event { address, dedup, event } => {
                if self.seen(tx, out, dedup, now)? {
                    return Ok(Receipt::Duplicate);
                }
                let conversation = match address {
                    Address::Conversation(id) => people::current(tx, &id)?,
                    Address::Aliases { number, aliases } => {
                        ConversationId { person: self.person(tx, out, &aliases, now)?, number }
                    }
                };
                let seq = self.receive(tx, out, &conversation, now, event, PendingRow::default())?;
                Ok(Receipt::Accepted { conversation: Some(conversation), seq: Some(seq) })
            }
            Item::Status { external_id, key, status, at, on_failed } => {
                let report = super::sends::Report { external_id, key, status, at, on_failed };
                self.status(tx, out, report, now)?;
                Ok(DONE)
            }
            Item::Identity { old, new, dedup } => {
                if self.seen(tx, out, dedup, now)? {
                    return Ok(Receipt::Duplicate);
                }
                self.identity(tx, out, &old, &new, now)?;
                Ok(DONE)
            }
            Item::Kept { kind, mut raw } => {
                let cut = raw.len() > KEPT_MAX;
                raw.truncate(KEPT_MAX);
                let mut key = rows::time_key(now).to_vec();
                key.extend_from_slice(&self.start.to_be_bytes());
                key.extend_from_slice(&self.kept.to_be_bytes());
                self.kept += 1;
                let row = KeptRow { kind: kind.to_owned(), raw, cut };
                tx.put(Space::Kept, key, rows::row(&row)?);
                Ok(DONE)
            }
        }
    }

    /// Whether the key is on record; puts it there if not. Because the ledger sees one request after the other, a
    /// duplicate of something that is just being committed is answered only after that commit.
    fn seen(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        key: Option<String>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let Some(key) = key else {
            return Ok(false);
        };
        let key = rows::text_key(&key);
        if let Some(at) = tx.get(Space::Dedup, &key)? {
            let at = rows::read_time(&at).unwrap_or(now);
            if now.saturating_sub(at) < super::DEDUP_KEPT {
                out.duplicates += 1;
                return Ok(true);
            }
        }
        tx.put(Space::Dedup, key, rows::time_key(now).to_vec());
        Ok(false)
    }
}
