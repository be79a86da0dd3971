//! Looks into the journal, with or without a running engine.

use crate::accept::{Alias, Delivery};
use crate::backup::{self, Amount, BackupError};
use crate::core::fold::Folded;
use crate::core::ledger::{self, fold_from, records};
use crate::core::rows::{self, DeliveryRow, OutboxRow};
use crate::core::tx::{Range, Reader, Space, StoreError};
use crate::journal::Journal;
use crate::journal::fjall::FjallJournal;
use crate::options::Options;
use crate::record::Record;
use crate::session::{ConversationId, IdempotencyKey, Millis, Session};
use crate::{ids, timers};
use std::marker::PhantomData;
use std::sync::Arc;

/// One thing sent, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The effect.
    pub key: IdempotencyKey,
    /// The provider's id, once known.
    pub external_id: Option<String>,
    /// How far.
    pub state: Delivery,
    /// When it came so far.
    pub at: Millis,
}

/// A row of a side table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// Its place in the table, to go on from; it stays the row's as long as the row is there.
    pub place: Vec<u8>,
    /// Whose row it is.
    pub conversation: ConversationId,
    /// What the session wrote there.
    pub value: Vec<u8>,
}

/// A journal to be looked at.
pub struct Inspector<S: Session> {
    journal: Arc<dyn Journal>,
    _session: PhantomData<fn() -> S>,
}

impl<S: Session> Clone for Inspector<S> {
    fn clone(&self) -> Self {
        Self::new(self.journal.clone())
    }
}

impl<S: Session> Inspector<S> {
    /// Looks into a journal that is open.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, _session: PhantomData }
    }

    /// Opens the journal of an engine that is not running, without changing its contents or its start number. Fails with
    /// [`StoreError::Locked`] while one is running.
    pub fn open(options: &Options) -> Result<Self, StoreError> {
        let path = options.data_dir.join("journal");
        if !path.exists() {
            return Err(StoreError::Io {
                what: "open",
                why: format!("there is no journal in {}", options.data_dir.display()),
            });
        }
        let journal = FjallJournal::open(&path, std::time::Duration::ZERO)?;
        Ok(Self::new(Arc::new(journal)))
    }

    /// The conversation that a webhook with these names and number would go to.
    pub fn resolve(&self, number: &str, aliases: &[Alias]) -> Result<Option<ConversationId>, StoreError> {
        let person = ledger::lookup(&*self.journal, aliases)?;
        Ok(person.map(|person| ConversationId { person, number: Arc::from(number) }))
    }

    /// The conversation that goes on for this one: itself, or another one at the same number if its person has been merged into
    /// somebody else.
    pub fn current(&self, id: &ConversationId) -> Result<ConversationId, StoreError> {
        ledger::current(&*self.journal, id)
    }

    /// All conversations of the person whose conversation this is, at all numbers, those included that a merge has ended.
    pub fn all_of(&self, id: &ConversationId) -> Result<Vec<ConversationId>, StoreError> {
        ledger::all_of(&*self.journal, id.person)
    }

    /// The names on record of the conversation's person.
    pub fn names(&self, id: &ConversationId) -> Result<Vec<Alias>, StoreError> {
        ledger::names(&*self.journal, id.person)
    }

    /// The state as of the newest commit, folded from the journal; `None` if there is no such conversation.
    pub fn state(&self, id: &ConversationId) -> Result<Option<S::State>, StoreError> {
        if records::<S>(&*self.journal, id, 0, 1)?.is_empty() {
            return Ok(None);
        }
        let folded: Folded<S> = fold_from(&*self.journal, id, Folded::default())?;
        Ok(Some(Arc::unwrap_or_clone(folded.state)))
    }

    /// At most `limit` records from a sequence number on.
    pub fn history(
        &self,
        id: &ConversationId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Record<S>)>, StoreError> {
        records(&*self.journal, id, from, limit)
    }

    /// At most `limit` rows of a side table, in its order; with `after`, those that come after that
    /// [place](ViewRow::place).
    pub fn view(&self, table: &str, after: Option<&[u8]>, limit: usize) -> Result<Vec<ViewRow>, StoreError> {
        let prefix = rows::table_prefix(table);
        let mut range = Range::prefix(&prefix);
        if let Some(place) = after {
            range = range.after(&[&prefix, place].concat());
        }
        let found = self.journal.scan(Space::Views, &range, false, limit)?;
        found
            .into_iter()
            .map(|(key, value)| {
                let (conversation, value) =
                    ids::split_conversation(&value).ok_or_else(|| ledger::bad_key(Space::Views))?;
                let place = key.get(prefix.len()..).unwrap_or_default().to_vec();
                Ok(ViewRow { place, conversation, value: value.to_vec() })
            })
            .collect()
    }

    /// What was sent or is on its way, in order.
    pub fn deliveries(&self, id: &ConversationId) -> Result<Vec<DeliveryReport>, StoreError> {
        let range = Range::prefix(&ids::conversation_key(id));
        let mut reports = Vec::new();
        for (key, value) in self.journal.scan(Space::Deliveries, &range, false, usize::MAX)? {
            let row: DeliveryRow = rows::read("deliveries", &value)?;
            reports.push(DeliveryReport {
                key: ids::split_effect(&key).ok_or_else(|| ledger::bad_key(Space::Deliveries))?,
                external_id: row.external_id,
                state: row.state,
                at: row.at,
            });
        }
        for (key, value) in self.journal.scan(Space::Outbox, &range, false, usize::MAX)? {
            let key = ids::split_effect(&key).ok_or_else(|| ledger::bad_key(Space::Outbox))?;
            if reports.iter().any(|report| report.key == key) {
                continue;
            }
            let row: OutboxRow<S> = rows::read("outbox", &value)?;
            reports.push(DeliveryReport { key, external_id: None, state: Delivery::Queued, at: row.at });
        }
        reports.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(reports)
    }

    /// At most `limit` conversations, by id, after one.
    pub fn conversations(
        &self,
        limit: usize,
        after: Option<&ConversationId>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        conversations(&*self.journal, limit, after)
    }

    /// Writes all rows as of now into a file; see [`backup::write`].
    pub fn backup(
        &self,
        path: &std::path::Path,
        now: Millis,
        told: &mut dyn FnMut(Amount),
    ) -> Result<Amount, BackupError> {
        self.backup_while(path, now, &mut |amount| {
            told(amount);
            Ok(())
        })
    }

    /// As [`backup`](Self::backup); an error of `told` ends it, and no file is left.
    pub fn backup_while(
        &self,
        path: &std::path::Path,
        now: Millis,
        told: &mut dyn FnMut(Amount) -> std::io::Result<()>,
    ) -> Result<Amount, BackupError> {
        let frozen = self.journal.freeze()?;
        backup::write(&*frozen, path, now, told)
    }

    pub(crate) fn journal(&self) -> &dyn Journal {
        &*self.journal
    }
}

/// One seek for each, however long their journals are.
pub(crate) fn conversations(
    reader: &dyn Reader,
    limit: usize,
    after: Option<&ConversationId>,
) -> Result<Vec<ConversationId>, StoreError> {
    let mut range = Range::all();
    if let Some(after) = after {
        match timers::past(after) {
            Some(past) => range.from = past,
            None => return Ok(Vec::new()),
        }
    }
    let mut found = Vec::new();
    while found.len() < limit
        && let Some((key, _)) = reader.scan(Space::Events, &range, false, 1)?.pop()
    {
        let (id, _) = ids::split_sequence(&key).ok_or_else(|| ledger::bad_key(Space::Events))?;
        let past = timers::past(&id);
        found.push(id);
        match past {
            Some(past) => range.from = past,
            None => break,
        }
    }
    Ok(found)
}
