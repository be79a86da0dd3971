//! What became of durable effects: claims, settlements, status reports.

use super::unsettled::Told;
use super::{Ledger, Output, people};
use crate::accept::Delivery;
use crate::core::rows::{self, DeliveryRow, ExternalRow, OutboxRow, PendingRow};
use crate::core::tx::{Reader, Space, StoreError, Tx};
use crate::ids;
use crate::session::{IdempotencyKey, Millis, Session};
use derive_where::derive_where;

/// A change of an effect that stays in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// This start is about to try it.
    Claimed,
    /// It was certainly not taken, so many times by now.
    NotTaken {
        /// Tries that certainly failed.
        attempts: u32,
    },
    /// A try ended without anybody knowing how.
    Doubt,
}

/// How an effect ended.
#[derive_where(Debug, Clone)]
pub struct Settle<S: Session> {
    /// Which.
    pub key: IdempotencyKey,
    /// How.
    pub how: Settled,
    /// An event for the conversation.
    pub result: Option<S::Event>,
}

/// See [`Settle`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Taken; the provider's id, if there is one.
    Taken(Option<String>),
    /// The provider's report about it came instead of an answer.
    Echoed,
    /// Refused for good.
    Failed,
    /// Nobody will ever know.
    Unknown,
}

/// A report that came before it was known what it is about: state, the provider's time, event for a failure.
type Early<E> = (Delivery, Millis, Option<E>);

/// A provider's report on something sent.
#[derive(Debug, Clone)]
pub(super) struct Report<E> {
    pub(super) external_id: String,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) status: Delivery,
    pub(super) at: Millis,
    pub(super) on_failed: Option<E>,
}

impl<S: Session> Ledger<S> {
    /// Marks an effect in the outbox; one that is no longer there is ignored.
    pub fn mark(&mut self, tx: &mut Tx<'_>, key: &IdempotencyKey, mark: Mark) -> Result<(), StoreError> {
        let at = ids::effect_key(key);
        let Some(bytes) = tx.get(Space::Outbox, &at)? else {
            return Ok(());
        };
        let mut row: OutboxRow<S> = rows::read("outbox", &bytes)?;
        match mark {
            Mark::Claimed => row.claim = self.start,
            Mark::NotTaken { attempts } => {
                row.attempts = attempts;
                row.doubt = false;
                row.claim = if row.resend_unknown { self.start } else { 0 };
            }
            Mark::Doubt => {
                row.doubt = true;
                row.claim = self.start;
            }
        }
        tx.put(Space::Outbox, at, rows::row(&row)?);
        Ok(())
    }

    /// Takes an effect out of the outbox and delivers its result. `false`: it was no longer there, nothing happened.
    pub fn settle(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        settle: Settle<S>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let Settle { key, how, result } = settle;
        let at = ids::effect_key(&key);
        let Some(told) = self.unsettled.settle(&key) else {
            return Ok(false);
        };
        tx.remove(Space::Outbox, at);
        out.unsettled -= 1;
        match how {
            Settled::Taken(Some(external_id)) => {
                let asked = told == Told::Perhaps || self.unsettled.may_be_early(&external_id);
                let before = if asked { self.external(tx, &external_id)? } else { None };
                bind::<S>(tx, &external_id, &key, now)?;
                self.deliver(tx, &key, told, Some(external_id), Delivery::Sent, now)?;
                if let Some((status, at, on_failed)) = before.and_then(early_report) {
                    self.move_delivery(tx, out, &key, None, status, at, on_failed, now)?;
                }
            }
            Settled::Taken(None) => {}
            Settled::Echoed => {
                self.deliver(tx, &key, told, None, Delivery::Sent, now)?;
            }
            Settled::Failed => {
                self.deliver(tx, &key, told, None, Delivery::Failed, now)?;
            }
            Settled::Unknown => {
                // A report that comes later still finds it.
                self.deliver(tx, &key, told, None, Delivery::Queued, now)?;
            }
        }
        if let Some(event) = result {
            let id = people::current(tx, &key.conversation)?;
            self.receive(tx, out, &id, now, event, PendingRow::default())?;
        }
        Ok(true)
    }

    /// Takes a report. It finds what was sent by the key that the provider echoes, or by the provider's id; one that
    /// finds nothing waits for the settlement that names the id.
    pub(super) fn status(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        report: Report<S::Event>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let known = self.external(tx, &report.external_id)?;
        // A key is believed only if it names something of ours: the field is anybody's to fill.
        let echoed = match &report.key {
            Some(key) => {
                let at = ids::effect_key(key);
                let unsettled = self.unsettled.report(key);
                if unsettled {
                    out.echoes.push(key.clone());
                }
                (unsettled || tx.get(Space::Deliveries, &at)?.is_some()).then(|| key.clone())
            }
            None => None,
        };
        let key = match (echoed, &known) {
            (Some(key), Some(ExternalRow::Bound { .. })) => Some(key),
            (Some(key), _) => {
                bind::<S>(tx, &report.external_id, &key, now)?;
                if let Some((status, at, on_failed)) = known.clone().and_then(early_report) {
                    self.move_delivery(tx, out, &key, None, status, at, on_failed, now)?;
                }
                Some(key)
            }
            (None, Some(ExternalRow::Bound { key, .. })) => Some(key.clone()),
            (None, _) => None,
        };
        match key {
            Some(key) => self.move_delivery(
                tx,
                out,
                &key,
                Some(report.external_id),
                report.status,
                report.at,
                report.on_failed,
                now,
            ),
            None => self.note_early(tx, known, report, now),
        }
    }

    fn note_early(
        &mut self,
        tx: &mut Tx<'_>,
        known: Option<ExternalRow<S>>,
        report: Report<S::Event>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.unsettled.came_early(&report.external_id);
        let before = known.and_then(early_report);
        let row: ExternalRow<S> = match before {
            Some((status, at, on_failed)) if status.join(report.status) == status => {
                ExternalRow::Early { status, at, noted: now, on_failed }
            }
            _ => ExternalRow::Early {
                status: report.status,
                at: report.at,
                noted: now,
                on_failed: report.on_failed,
            },
        };
        tx.put(Space::External, rows::text_key(&report.external_id), rows::row(&row)?);
        Ok(())
    }

    fn external(&self, tx: &Tx<'_>, external_id: &str) -> Result<Option<ExternalRow<S>>, StoreError> {
        match tx.get(Space::External, &rows::text_key(external_id))? {
            Some(bytes) => Ok(Some(rows::read("external", &bytes)?)),
            None => Ok(None),
        }
    }

    /// Joins a state into the delivery's row and returns the states before and after.
    fn deliver(
        &self,
        tx: &mut Tx<'_>,
        key: &IdempotencyKey,
        told: Told,
        external_id: Option<String>,
        state: Delivery,
        at: Millis,
    ) -> Result<(Delivery, Delivery), StoreError> {
        let place = ids::effect_key(key);
        let known = if told == Told::Nothing { None } else { tx.get(Space::Deliveries, &place)? };
        let before: Option<DeliveryRow> = known.map(|bytes| rows::read("deliveries", &bytes)).transpose()?;
        let was = before.as_ref().map_or(Delivery::Queued, |row| row.state);
        let is = was.join(state);
        let row = DeliveryRow {
            external_id: external_id.or(before.as_ref().and_then(|row| row.external_id.clone())),
            state: is,
            at: match &before {
                Some(row) if is == was => row.at,
                _ => at,
            },
        };
        if before.as_ref() != Some(&row) {
            tx.put(Space::Deliveries, place, rows::row(&row)?);
        }
        Ok((was, is))
    }

    #[allow(clippy::too_many_arguments)] // A report taken apart; two callers have its parts from different places.
    fn move_delivery(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        key: &IdempotencyKey,
        external_id: Option<String>,
        status: Delivery,
        at: Millis,
        on_failed: Option<S::Event>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (was, is) = self.deliver(tx, key, Told::Perhaps, external_id, status, at)?;
        if was != Delivery::Failed
            && is == Delivery::Failed
            && let Some(event) = on_failed
        {
            let id = people::current(tx, &key.conversation)?;
            self.receive(tx, out, &id, now, event, PendingRow::default())?;
        }
        Ok(())
    }
}

/// Notes what the provider's id stands for.
fn bind<S: Session>(
    tx: &mut Tx<'_>,
    external_id: &str,
    key: &IdempotencyKey,
    now: Millis,
) -> Result<(), StoreError> {
    let row = ExternalRow::<S>::Bound { key: key.clone(), at: now };
    tx.put(Space::External, rows::text_key(external_id), rows::row(&row)?);
    Ok(())
}

fn early_report<S: Session>(row: ExternalRow<S>) -> Option<Early<S::Event>> {
    match row {
        ExternalRow::Early { status, at, on_failed, .. } => Some((status, at, on_failed)),
        ExternalRow::Bound { .. } => None,
    }
}
