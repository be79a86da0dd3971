//! Checks a journal at rest: every record's checksum and form, and that the spaces agree with each other.

use crate::core::rows::{self, DeliveryRow, ExternalRow, KeptRow, OutboxRow, PendingRow, PersonRow};
use crate::core::tx::{Range, Reader, Space, StoreError, each};
use crate::ids;
use crate::inspect::Inspector;
use crate::record::{self, Kind, Record};
use crate::session::{ConversationId, PersonId, Session};
use std::collections::BTreeMap;

/// What a check of the whole journal found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Records read.
    pub records: u64,
    /// Rows of the other spaces.
    pub rows: u64,
    /// What is damaged or does not agree, each with its place.
    pub findings: Vec<String>,
}

impl<S: Session> Inspector<S> {
    /// Checks all rows. What is damaged is a finding, not an error.
    ///
    /// # Errors
    /// If the store cannot be read at all.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        let mut found = Verification::default();
        let reader = self.journal();
        let store: &dyn Reader = reader;
        events::<S>(store, &mut found)?;
        for space in Space::ALL.into_iter().filter(|space| *space != Space::Events) {
            each(store, space, |key, value| {
                found.rows += 1;
                if let Err(why) = row::<S>(store, space, key, value) {
                    found.findings.push(format!("{}: {why}", space.name()));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// Records: checksum, form, and that every event received is either handled by a later turn or waiting.
fn events<S: Session>(reader: &dyn Reader, found: &mut Verification) -> Result<(), StoreError> {
    let mut current: Option<ConversationId> = None;
    // Received and by no turn handled so far.
    let mut open: BTreeMap<u64, ()> = BTreeMap::new();
    let mut end = false;
    let settle = |id: &ConversationId, open: &mut BTreeMap<u64, ()>, findings: &mut Vec<String>| {
        for seq in std::mem::take(open).into_keys() {
            match reader.get(Space::Pending, &ids::sequence_key(id, seq)) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    findings.push(format!("{id} record {seq}: received, by no turn handled, and not waiting"))
                }
                Err(error) => findings.push(error.to_string()),
            }
        }
    };
    each(reader, Space::Events, |key, bytes| {
        found.records += 1;
        let Some((id, seq)) = ids::split_sequence(key) else {
            found.findings.push("events: a record under a foreign key".to_owned());
            return Ok(());
        };
        if current.as_ref() != Some(&id) {
            if let Some(before) = current.replace(id.clone()) {
                settle(&before, &mut open, &mut found.findings);
            }
            end = false;
        }
        let place = || format!("{id} record {seq}");
        let record = record::verify(bytes, place).and_then(|_| Record::<S>::decode(bytes, place));
        match record {
            Err(error) => found.findings.push(error.to_string()),
            Ok(_) if end => found
                .findings
                .push(format!("{id} record {seq}: written after the conversation was merged away")),
            Ok(Record::Received(_)) => drop(open.insert(seq, ())),
            Ok(Record::Turn(turn)) => {
                for trigger in &turn.triggers {
                    open.remove(trigger);
                    if reader.get(Space::Pending, &ids::sequence_key(&id, *trigger))?.is_some() {
                        found.findings.push(format!(
                            "{id} record {trigger}: handled by record {seq}, and still waiting"
                        ));
                    }
                }
            }
            // What came before it and was handled is gone; what was not is waiting or follows.
            Ok(Record::Checkpoint(checkpoint)) => open.retain(|seq, ()| *seq > checkpoint.handled),
            Ok(Record::Absorbed(_)) => {}
            // What waited has moved along.
            Ok(Record::Tombstone(_)) => {
                open.clear();
                end = true;
            }
        }
        Ok(())
    })?;
    if let Some(id) = current {
        settle(&id, &mut open, &mut found.findings);
    }
    Ok(())
}

fn row<S: Session>(reader: &dyn Reader, space: Space, key: &[u8], value: &[u8]) -> Result<(), String> {
    let told = |error: StoreError| error.to_string();
    let foreign = || "a row under a foreign key".to_owned();
    let has = |space: Space, key: &[u8]| reader.get(space, key).map_err(told).map(|found| found.is_some());
    match space {
        Space::Events => {}
        Space::Pending => {
            let (id, seq) = ids::split_sequence(key).ok_or_else(foreign)?;
            rows::read::<PendingRow>("pending", value).map_err(told)?;
            let received = reader.get(Space::Events, key).map_err(told)?;
            if received.as_deref().and_then(record::peek) != Some(Kind::Received) {
                return Err(format!("{id} record {seq} waits and is not there"));
            }
        }
        Space::Outbox => {
            let effect = ids::split_effect(key).ok_or_else(foreign)?;
            rows::read::<OutboxRow<S>>("outbox", value).map_err(told)?;
            known(reader, &effect.conversation)?;
        }
        Space::Deliveries => {
            let effect = ids::split_effect(key).ok_or_else(foreign)?;
            let row: DeliveryRow = rows::read("deliveries", value).map_err(told)?;
            known(reader, &effect.conversation)?;
            let _ = row;
        }
        Space::External => {
            // What it names may be gone already: provider's ids are kept longer than what was sent.
            rows::read::<ExternalRow<S>>("external", value).map_err(told)?;
        }
        Space::Timers => {
            let (at, id, name) = rows::split_timer(key).ok_or_else(foreign)?;
            let due = reader.get(Space::TimerNames, &rows::timer_name_key(&id, &name)).map_err(told)?;
            if due.as_deref().and_then(rows::read_time) != Some(at) {
                return Err(format!("timer {name} of {id} is due at {at}, its name says otherwise"));
            }
        }
        Space::TimerNames => {
            let at = rows::read_time(value).ok_or_else(|| "a timer without a time".to_owned())?;
            let (id, name) = ids::split_conversation(key).ok_or_else(foreign)?;
            let name = std::str::from_utf8(name).map_err(|_| foreign())?;
            if !has(Space::Timers, &rows::timer_key(at, &id, name))? {
                return Err(format!("timer {name} of {id} will never fire"));
            }
        }
        Space::Aliases => match key.first() {
            Some(b'p') => {
                let person = key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
                let person = PersonId(person.ok_or_else(foreign)?);
                let row: PersonRow = rows::read("aliases", value).map_err(told)?;
                for alias in &row.aliases {
                    let owner = reader.get(Space::Aliases, &rows::alias_key(alias)).map_err(told)?;
                    let owner = owner
                        .map(|bytes| rows::read::<PersonId>("aliases", &bytes))
                        .transpose()
                        .map_err(told)?;
                    // A parent id never identifies anybody alone, so that several persons may bear it.
                    let shared = matches!(alias, crate::accept::Alias::ParentUserId(_));
                    if !shared && owner != Some(person) {
                        return Err(format!("person {person} bears a name that is on record as another's"));
                    }
                }
            }
            Some(b'm' | b'f' | b'u' | b'g') => drop(rows::read::<PersonId>("aliases", value).map_err(told)?),
            _ => return Err(foreign()),
        },
        Space::Views => {
            let (id, _) =
                ids::split_conversation(value).ok_or_else(|| "a row without its conversation".to_owned())?;
            known(reader, &id)?;
        }
        Space::Kept => drop(rows::read::<KeptRow>("kept", value).map_err(told)?),
        Space::Dedup | Space::Meta => {}
    }
    Ok(())
}

/// Whether the conversation that a row names has a journal.
fn known(reader: &dyn Reader, id: &ConversationId) -> Result<(), String> {
    let range = Range::prefix(&ids::conversation_key(id));
    let found = reader.scan(Space::Events, &range, false, 1).map_err(|error| error.to_string())?;
    if found.is_empty() { Err(format!("{id} has no journal")) } else { Ok(()) }
}
