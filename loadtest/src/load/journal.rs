//! What the engine's journal says of a conversation, as far as it decides whether a message was answered and why something
//! was said: which turn handled which message, what it left for later turns, and what it sent.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A page of the journal, as the agents' API shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub records: Vec<Row>,
}

/// A record with its sequence number.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub seq: u64,
    record: Record,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record {
    Received {
        event: Event,
    },
    Turn {
        triggers: Vec<u64>,
        steps: Vec<Step>,
        #[serde(default)]
        outbox: Vec<Effect>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Received {
        id: String,
    },
    Returned {
        call: u64,
    },
    Agent,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Step {
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum Change {
    CallMade {
        id: u64,
    },
    MessageHeld {
        message: Held,
    },
    HeldReleased,
    PartsDropped,
    SessionStarted,
    Queued,
    ConsentWithdrawn,
    Withheld,
    AgentTook,
    HandedBack,
    Checkpoint,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Held {
    #[serde(default)]
    frame: Option<u64>,
    #[serde(default)]
    part: bool,
}

#[derive(Debug, Deserialize)]
struct Effect {
    effect: String,
}

/// A turn.
#[derive(Debug, Default)]
struct Turn {
    triggers: Vec<u64>,
    /// Places of its messages in the outbox, the steps of their keys.
    sends: Vec<u32>,
    /// It answers by saying nothing: something was withheld, or an agent has the thread.
    silent: bool,
    /// Turns in which its calls came back, or what it kept was taken up.
    goes_on: Vec<u64>,
}

/// What became of a customer's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is nowhere.
    Unknown,
    /// It is there, and no turn has handled it.
    Waits,
    /// This turn has handled it, and neither it nor a later one that goes on with it has said anything.
    Unanswered(u64),
    /// It was answered, or needed no answer.
    Answered,
}

/// A conversation's journal from its first record on.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Number of the last record.
    last: u64,
    /// Under which numbers each message was received, by Meta's id.
    messages: HashMap<String, Vec<u64>>,
    /// Calls that came back, by the number of the record.
    returned: HashMap<u64, u64>,
    /// Records of what agents did.
    acts: BTreeSet<u64>,
    turns: BTreeMap<u64, Turn>,
    /// Turns that handled a record.
    handled: HashMap<u64, Vec<u64>>,
    /// Turns that made a call.
    calls: HashMap<u64, u64>,
    /// What is kept now, and by which turn.
    held: Vec<(u64, Held)>,
    /// Whether an agent has the thread now.
    agent: bool,
}

impl Journal {
    /// The number from which the next page is to be read.
    pub(super) fn next(&self) -> u64 {
        self.last + 1
    }

    /// Adds a page. `None` if it does not tell the whole story: a record is missing, or one stands for what is no longer there.
    pub(super) fn add(&mut self, page: Page) -> Option<()> {
        for Row { seq, record } in page.records {
            (seq == self.next()).then_some(())?;
            self.last = seq;
            match record {
                Record::Received { event: Event::Received { id } } => {
                    self.messages.entry(id).or_default().push(seq);
                }
                Record::Received { event: Event::Returned { call } } => {
                    self.returned.insert(seq, call);
                }
                Record::Received { event: Event::Agent } => {
                    self.acts.insert(seq);
                }
                Record::Received { event: Event::Other } => {}
                Record::Turn { triggers, steps, outbox } => self.turn(seq, triggers, steps, &outbox)?,
                Record::Other => return None,
            }
        }
        Some(())
    }

    fn turn(&mut self, seq: u64, triggers: Vec<u64>, steps: Vec<Step>, outbox: &[Effect]) -> Option<()> {
        for trigger in &triggers {
            self.handled.entry(*trigger).or_default().push(seq);
            let made = self.returned.get(trigger).and_then(|call| self.calls.get(call)).copied();
            self.goes_on(made, seq);
        }
        let mut silent = self.agent;
        for change in steps.into_iter().flat_map(|step| step.changes) {
            match change {
                Change::CallMade { id } => {
                    self.calls.insert(id, seq);
                }
                // As the dialogue keeps them: what may answer the open question goes before what waits for its end.
                Change::MessageHeld { message } => {
                    let first =
                        message.frame.and(self.held.iter().position(|(_, held)| held.frame.is_none()));
                    self.held.insert(first.unwrap_or(self.held.len()), (seq, message));
                }
                Change::HeldReleased if self.held.is_empty() => {}
                Change::HeldReleased => {
                    let (kept, _) = self.held.remove(0);
                    self.goes_on(Some(kept), seq);
                }
                Change::PartsDropped | Change::SessionStarted | Change::Queued => {
                    self.held.retain(|(_, held)| !held.part);
                }
                Change::ConsentWithdrawn => self.held.clear(),
                Change::Withheld => silent = true,
                Change::AgentTook => self.agent = true,
                Change::HandedBack => self.agent = false,
                Change::Checkpoint => return None,
                Change::Other => {}
            }
        }
        let sends =
            (0..).zip(outbox).filter(|(_, effect)| effect.effect == "send").map(|(at, _)| at).collect();
        let turn = self.turns.entry(seq).or_default();
        (turn.triggers, turn.sends, turn.silent) = (triggers, sends, silent);
        Some(())
    }

    fn goes_on(&mut self, from: Option<u64>, with: u64) {
        if let Some(turn) = from.filter(|from| *from != with).and_then(|from| self.turns.get_mut(&from)) {
            turn.goes_on.push(with);
        }
    }

    /// What became of the message with Meta's id `wamid`.
    pub(super) fn fate(&self, wamid: &str) -> Fate {
        let Some(received) = self.messages.get(wamid) else { return Fate::Unknown };
        let mut open: Vec<u64> =
            received.iter().filter_map(|seq| self.handled.get(seq)).flatten().copied().collect();
        let Some(first) = open.first().copied() else { return Fate::Waits };
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(turn) = self.turns.get(&at).filter(|_| seen.insert(at)) else { continue };
            if turn.silent || !turn.sends.is_empty() {
                return Fate::Answered;
            }
            open.extend(&turn.goes_on);
        }
        Fate::Unanswered(first)
    }

    /// Whether the journal has a message of the engine under that key, and a reason for its turn that it has had no other turn
    /// for: a message for which `ours` holds, received once; a call's return; something an agent did.
    pub(super) fn caused(&self, (turn, step): (u64, u32), ours: impl Fn(&str) -> bool) -> bool {
        let Some(told) = self.turns.get(&turn).filter(|told| told.sends.contains(&step)) else {
            return false;
        };
        let wrote = |seq: &u64| {
            self.messages.iter().any(|(wamid, received)| received.as_slice() == [*seq] && ours(wamid))
        };
        let came_back = |seq: &u64| {
            let call = self.returned.get(seq).filter(|call| self.calls.contains_key(call));
            call.is_some_and(|call| self.returned.values().filter(|other| *other == call).count() == 1)
        };
        told.triggers.iter().any(|seq| {
            let once = self.handled.get(seq).is_some_and(|turns| turns.len() == 1);
            once && (wrote(seq) || came_back(seq) || self.acts.contains(seq))
        })
    }

    /// Turn and step of all that the journal has as sent to the customer.
    pub(super) fn sends(&self) -> impl Iterator<Item = (u64, u32)> {
        self.turns.iter().flat_map(|(seq, turn)| turn.sends.iter().map(|step| (*seq, *step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wrote(wamid: &str) -> Value {
        json!({"record": "received", "at": 1, "event": {"event": "received", "id": wamid, "content": {"type": "text", "text": "x"}}})
    }

    fn back(call: u64) -> Value {
        json!({"record": "received", "at": 1, "event": {"event": "returned", "call": call, "outcome": {"outcome": "ok", "status": 200, "body": null}}})
    }

    fn turn(triggers: &[u64], changes: &Value, outbox: &[&str]) -> Value {
        let outbox: Vec<Value> = outbox.iter().map(|effect| json!({ "effect": effect })).collect();
        json!({"record": "turn", "triggers": triggers, "started": 1, "version": "1", "state_hash": u64::MAX,
            "steps": [{"at": 1, "event": {}, "changes": changes, "effects_hash": 1}], "outbox": outbox, "timers": []})
    }

    fn read(records: &[Value]) -> Option<Journal> {
        let rows: Vec<Value> =
            (1..).zip(records).map(|(seq, record)| json!({"seq": seq, "record": record})).collect();
        let mut journal = Journal::default();
        journal.add(serde_json::from_value(json!({ "records": rows })).unwrap())?;
        Some(journal)
    }

    #[test]
    fn a_message_is_answered_in_its_turn_or_in_one_that_goes_on_with_it() {
        let held = json!([{"change": "turn_started"}, {"change": "message_held", "message": {"id": "w2", "text": "x", "at": 1}}]);
        let call =
            json!([{"change": "call_made", "id": 4, "call": {"action": "a", "frame": 1, "durable": true}}]);
        let journal = read(&[
            wrote("w1"),
            turn(&[1], &call, &["perform"]),
            wrote("w2"),
            turn(&[3], &held, &[]),
            back(4),
            turn(&[5], &json!([{"change": "held_released"}]), &["send", "perform", "send"]),
            wrote("w3"),
            turn(&[7], &json!([{"change": "withheld", "reason": "queued"}]), &[]),
            wrote("w4"),
            turn(&[9], &json!([]), &["perform"]),
            wrote("w5"),
        ])
        .unwrap();
        for (wamid, fate) in [
            ("w1", Fate::Answered),
            ("w2", Fate::Answered),
            ("w3", Fate::Answered),
            ("w4", Fate::Unanswered(10)),
            ("w5", Fate::Waits),
            ("w6", Fate::Unknown),
        ] {
            assert_eq!(journal.fate(wamid), fate, "{wamid}");
        }
        assert_eq!(journal.sends().collect::<Vec<_>>(), [(6, 0), (6, 2)]);
        assert_eq!(journal.next(), 12);
    }

    #[test]
    fn what_was_kept_and_never_taken_up_is_not_answered() {
        let keep = |part: bool| json!([{"change": "message_held", "message": {"id": "h", "text": "x", "at": 1, "part": part}}]);
        let [one, two] = [keep(false), keep(true)];
        let journal = read(&[
            wrote("w1"),
            turn(&[1], &one, &[]),
            wrote("w2"),
            turn(&[3], &two, &[]),
            wrote("w3"),
            turn(&[5], &json!([{"change": "parts_dropped"}, {"change": "held_released"}]), &["send"]),
        ])
        .unwrap();
        assert_eq!(journal.fate("w1"), Fate::Answered);
        assert_eq!(journal.fate("w2"), Fate::Unanswered(4));
    }

    #[test]
    fn while_an_agent_has_the_thread_nothing_need_be_said() {
        let journal = read(&[
            json!({"record": "received", "at": 1, "event": {"event": "agent", "act": "take", "agent": "a"}}),
            turn(&[1], &json!([{"change": "agent_took", "agent": "a", "at": 1}]), &[]),
            wrote("w1"),
            turn(&[3], &json!([]), &[]),
            json!({"record": "received", "at": 1, "event": {"event": "agent", "act": "hand_back", "agent": "a", "resolved": true}}),
            turn(&[5], &json!([{"change": "handed_back", "agent": "a", "resolved": true}]), &["send"]),
            wrote("w2"),
            turn(&[7], &json!([]), &[]),
        ])
        .unwrap();
        assert_eq!(journal.fate("w1"), Fate::Answered);
        assert_eq!(journal.fate("w2"), Fate::Unanswered(8));
        assert!(journal.caused((6, 0), |_| true));
    }

    #[test]
    fn only_what_was_handled_once_is_a_reason_to_speak() {
        let call = json!([{"change": "call_made", "id": 4, "call": {}}]);
        let journal = read(&[
            wrote("w1"),
            turn(&[1], &call, &["send"]),
            back(4),
            turn(&[3], &json!([]), &["send"]),
            wrote("w2"),
            turn(&[5], &json!([]), &["send"]),
            turn(&[5], &json!([]), &["send"]),
            wrote("w3"),
            wrote("w3"),
            turn(&[9], &json!([]), &["send"]),
            json!({"record": "received", "at": 1, "event": {"event": "timer", "name": "t"}}),
            turn(&[11], &json!([]), &["send"]),
            back(99),
            turn(&[13], &json!([]), &["send"]),
        ])
        .unwrap();
        let caused: Vec<u64> =
            journal.sends().filter(|key| journal.caused(*key, |_| true)).map(|key| key.0).collect();
        assert_eq!(caused, [2, 4]);
        assert!(!journal.caused((2, 1), |_| true) && !journal.caused((2, 0), |_| false));
    }

    #[test]
    fn a_journal_with_gaps_is_not_read() {
        let mut journal = Journal::default();
        let page = json!({"records": [{"seq": 2, "record": wrote("w")}]});
        assert!(journal.add(serde_json::from_value(page).unwrap()).is_none());
        assert!(read(&[json!({"record": "checkpoint", "at": 1, "state": {}, "handled": 1})]).is_none());
        assert!(read(&[turn(&[], &json!([{"change": "checkpoint", "state": {}}]), &[])]).is_none());
    }
}
