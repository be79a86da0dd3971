//! What a turn costs late in a conversation: `cargo bench -p charla --bench turn_cost`.
//!
//! One conversation of the shop's assistant (`config/`) goes on for some 500 turns, and the ten turns that end at turn 510 may
//! cost at most 1.05 times the ten that end at turn 20. Cost is the number of instructions that Valgrind's Callgrind counts, which
//! does not depend on how busy the machine is. Both tens are the same ten messages. The first ten are left out: in them
//! caches fill that last as long as the process, so that they would make the early turns look dearer than they are. What the
//! process does before its first turn falls out as well, because each cost is the difference of two runs.
//!
//! A turn is a message of the customer and all that follows from it: it is accepted into the journal and decided upon by the
//! runtime's core as an actor does (the state unpacked, the turn's steps, the commit, the state packed), the effects that
//! leave after the commit are settled, and what a backend answers to one of them is a turn of the runtime that counts
//! here as part of the message's. The journal is the one in memory.
//!
//! Understanding is not run: a fixed table says what each text was understood as, because a model's cost depends on the text
//! and not on the turn. Backends answer from a fixed table too. Not counted are the runtime around the core (mailboxes,
//! tasks), the disk and snapshots.
//!
//! `-- --turns N` runs N turns in this process and prints what it came to; this is what Callgrind is given. The
//! allocator is the system's, not the product's: that one gives memory back by the clock, and counts would differ.

use anyhow::{Context, Result, bail, ensure};
use charla::bot::Bot;
use charla_actors::{
    accept::{Address, Alias, Item},
    core::{
        attempt::{self, Attempt, guarded},
        fold::Folded,
        ledger::{Delivered, Feed, Ledger, Output, Queued, Settle, Settled, due},
        packed::Packed,
        turn::Decision,
        tx::Tx,
    },
    journal::{Journal, memory::MemoryJournal},
    record::Record,
    session::Millis,
};
use charla_dialogue::{
    TrackerEvent,
    effect::{BackendCall, Effect, Outgoing},
    event::{Content, Event, Message, Outcome, Returned, Understanding},
    testing::{entity, understanding},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    path::Path,
    process::{Command, ExitCode},
    sync::Arc,
};

/// How much dearer late turns may be than early ones.
const MOST: f64 = 1.05;
/// The customer's messages, again and again.
const ROUND: usize = SCRIPT.len();
/// Turns after which the early and the late round begin.
const EARLY: usize = 10;
const LATE: usize = 500;

/// The first message: 2026-11-24, 10:00 UTC.
const BEGIN: Millis = 1_795_514_400_000;
/// From one message to the next: nobody falls silent, and 510 turns stay within the window of 24 hours.
const STEP: Millis = 20_000;
const NUMBER: &str = "106540352242922";
const PHONE: &str = "919810000001";
/// The runtime's defaults.
const TRIES: u32 = 3;
const MAILBOX: u32 = 64;

/// What the customer does.
#[derive(Clone, Copy)]
enum Act {
    /// Writes; the text is understood as this intent with these entities.
    Writes(&'static str, &'static str, &'static [(&'static str, &'static str)]),
    /// Taps the option with this place among those shown last.
    Taps(usize),
}

use Act::{Taps, Writes};

/// First contact: consent is asked for and given.
const OPENING: [Act; 2] = [Writes("hello my friend", "greet", &[]), Taps(0)];

/// One round: search, details, a policy, stock, orders, a correction, another language and back.
const SCRIPT: [Act; 10] = [
    Writes("show me running shoes", "search_product", &[("product", "running shoes")]),
    Taps(1),
    Writes("is it in stock at 110001?", "check_stock", &[("pincode", "110001")]),
    Writes("what is the return policy", "faq", &[]),
    Writes("where is my order", "track_order", &[]),
    Taps(0),
    Writes("no, I meant ORD-10004", "track_order", &[("order_id", "ORD-10004")]),
    Writes("reply in Spanish please", "change_language", &[("language", "Spanish")]),
    Writes("English please", "change_language", &[("language", "English")]),
    Writes("ok thanks a lot", "thank", &[]),
];

fn act(turn: usize) -> Act {
    SCRIPT[turn % ROUND]
}

/// What each text is understood as.
fn understood(text: &str) -> Result<Understanding> {
    let known = OPENING.iter().chain(&SCRIPT).find_map(|act| match act {
        Writes(written, intent, entities) if *written == text => Some((intent, entities)),
        _ => None,
    });
    let (intent, entities) = known.with_context(|| format!("no understanding is given for `{text}`"))?;
    let mut understood = understanding(intent, 0.95, &[]);
    for (name, value) in *entities {
        let mut found = entity(name, json!(value), value);
        let at = text.find(value).with_context(|| format!("`{value}` is not in `{text}`"))?;
        found.start = text[..at].chars().count();
        found.end = found.start + value.chars().count();
        understood.entities.push(found);
    }
    Ok(understood)
}

/// What the shop's systems answer.
fn answer(call: &BackendCall) -> Result<Event> {
    let last = call.path.rsplit('/').next().unwrap_or_default();
    let body = match call.action.as_str() {
        "action_search_products" => {
            let items: Vec<Value> = (0..SHOES.len()).map(product).collect();
            json!({"total": 9, "items": items, "relaxed": [], "sold": true, "sku": null,
                "asked": {"en": "Running shoes", "es": "Zapatillas", "hi": "जूते", "hi-Latn": "Joote"}})
        }
        "action_get_product" => {
            let place = SHOES.iter().position(|(sku, _)| *sku == last);
            let mut found = product(place.with_context(|| format!("no product {last}"))?);
            found["features"] =
                json!({"en": ["Mesh upper", "Cushioned sole"], "es": ["Malla", "Suela blanda"]});
            found["description"] =
                json!({"en": "A light shoe for every day.", "es": "Ligera, para cada día."});
            found["warranty_months"] = json!(6);
            found["rating"] = json!(4.3);
            found
        }
        "action_get_stock" | "action_get_stock_everywhere" => json!({
            "sku": SHOES[1].0, "name": SHOES[1].1, "available": true, "quantity": 4, "deliverable": true,
            "delivery_days": 2, "alternatives": [],
            "place": {"pincode": "110001", "city": null, "store": null, "known": true},
            "stores": [{"id": "IN-DEL-CP", "name": "Connaught Place", "city": "Delhi", "pincode": "110001",
                "quantity": 4, "distance_km": 1.2}],
        }),
        "action_list_orders" => {
            json!({"orders": [order("ORD-10002"), order("ORD-10004"), order("ORD-10022")]})
        }
        "action_get_order" => order(last),
        "action_save_contact" => json!({"id": PHONE}),
        other => bail!("no answer is given for {other} {}", call.path),
    };
    Ok(Event::Returned(Returned { call: call.id, outcome: Outcome::Ok { status: 200, body } }))
}

const SHOES: [(&str, &str); 9] = [
    ("RS-NIK-REV7", "Nike Revolution 7"),
    ("RS-NIK-DWN13", "Nike Downshifter 13"),
    ("RS-NIK-PEG41", "Nike Pegasus 41"),
    ("RS-ADI-RUN3", "Adidas Runfalcon 3"),
    ("RS-ADI-DUR10", "Adidas Duramo 10"),
    ("RS-PUM-VEL3", "Puma Velocity 3"),
    ("RS-PUM-DEV2", "Puma Deviate 2"),
    ("RS-ASI-GEL10", "Asics Gel Contend 10"),
    ("RS-SKE-GOR5", "Skechers Go Run 5"),
];

fn product(place: usize) -> Value {
    let (sku, name) = SHOES[place];
    json!({"sku": sku, "name": name, "brand": name.split(' ').next(), "category": "footwear",
        "kind": "running shoes", "price": {"amount": 2999 + 500 * place, "currency": "INR"},
        "discount_percent": 0, "colors": ["black", "blue"], "sizes": ["8", "9", "10"], "in_stock": true})
}

fn order(id: &str) -> Value {
    json!({"order_id": id, "contact_id": PHONE, "placed_on": "2026-11-18", "status": "shipped",
        "carrier": {"name": "Delhivery", "raw_status": "IN_TRANSIT_HUB_DEL2", "tracking_id": "D0000000042",
            "updated_at": "2026-11-20T08:00:00Z", "events": []},
        "expected_on": "2026-11-26", "delivered_on": null, "address_city": "Delhi", "refund": null,
        "items": [{"sku": SHOES[0].0, "name": SHOES[0].1, "quantity": 1}],
        "total": {"amount": 2999, "currency": "INR"}, "payment": {"method": "upi", "status": "paid"},
        "returnable_until": null, "cancellable": false})
}

/// One conversation and the journal under it.
struct Talk {
    bot: Arc<Bot>,
    journal: MemoryJournal,
    ledger: Ledger<Bot>,
    known: Packed<Bot>,
    now: Millis,
    messages: u64,
    sent: u64,
    /// Ids and titles of the buttons or rows shown last.
    options: Vec<(String, String)>,
    /// Whether records are read again for what they say; that is not part of a turn.
    reads: bool,
}

/// What came of a message.
#[derive(Default)]
struct Came {
    messages: usize,
    /// Bytes of the turns' records.
    record_bytes: usize,
    /// Keys of the responses, if records are read.
    responses: Vec<String>,
}

impl Talk {
    fn new(reads: bool) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let bot = Arc::new(Bot::serving(Arc::new(charla::assistant::load(&folder)?)));
        let journal = MemoryJournal::default();
        let mut tx = Tx::new(&journal);
        let mut ledger = Ledger::open(&mut tx, BEGIN)?;
        ledger.hold_beyond(MAILBOX);
        let batch = tx.into_batch();
        journal.commit(batch)?;
        let known = Packed::pack(&Folded::default())?;
        let mut talk =
            Self { bot, journal, ledger, known, now: BEGIN, messages: 0, sent: 0, options: vec![], reads };
        for act in OPENING {
            talk.turn(act)?;
        }
        Ok(talk)
    }

    /// Changes the journal through the ledger and returns what follows.
    fn commit<T>(
        &mut self,
        change: impl FnOnce(&mut Ledger<Bot>, &mut Tx<'_>, &mut Output<Bot>) -> Result<T>,
    ) -> Result<(T, Output<Bot>)> {
        let (mut tx, mut out) = (Tx::new(&self.journal), Output::default());
        let done = change(&mut self.ledger, &mut tx, &mut out)?;
        let batch = tx.into_batch();
        self.journal.commit(batch)?;
        ensure!(out.violations.is_empty(), "the ledger found {:?}", out.violations);
        Ok((done, out))
    }

    /// The customer's next message, until nothing more follows from it.
    fn turn(&mut self, act: Act) -> Result<Came> {
        self.now += STEP;
        ensure!(due(&self.journal, self.now, 1)?.is_empty(), "a timer is due: the script has no room for it");
        let content = match act {
            Writes(text, ..) => Content::Text { text: text.to_owned() },
            Taps(place) => {
                let shown =
                    self.options.get(place).with_context(|| format!("no option {place} was shown"))?;
                Content::List { id: shown.0.clone(), title: shown.1.clone() }
            }
        };
        self.messages += 1;
        let id = format!("wamid.in.{}", self.messages);
        let item = Item::Event {
            address: Address::Aliases {
                number: NUMBER.into(),
                aliases: vec![Alias::Phone(PHONE.to_owned())],
            },
            dedup: Some(id.clone()),
            event: Event::Received(Message {
                id,
                sent_at: self.now,
                number: NUMBER.to_owned(),
                phone: Some(PHONE.to_owned()),
                user_id: None,
                profile_name: Some("Asha".to_owned()),
                reply_to: None,
                referral: None,
                content,
            }),
        };
        let now = self.now;
        let (_, out) = self.commit(|ledger, tx, out| Ok(ledger.accept(tx, out, vec![item], now)?))?;
        let (mut waiting, mut came) = (VecDeque::from(out.feed), Came::default());
        while let Some(feed) = waiting.pop_front() {
            let Feed::Deliver(delivered) = feed else { bail!("nothing else is going on: {feed:?}") };
            for queued in self.decide(&delivered, &mut came)? {
                waiting.extend(self.settle(queued, &mut came)?);
            }
        }
        Ok(came)
    }

    /// One turn of the runtime, as its actor does it.
    fn decide(&mut self, delivered: &Delivered<Bot>, came: &mut Came) -> Result<Vec<Queued<Bot>>> {
        let from = self.known.unpack()?;
        let begun = attempt::begin(self.bot.clone(), from, delivered, delivered.tries, TRIES, self.now)?;
        let Attempt::Turn(mut machine, mut decisions) = begun else { bail!("a turn was given up") };
        let mut performing = VecDeque::new();
        let commit = loop {
            let mut commit = None;
            for decision in decisions.drain(..) {
                match decision {
                    Decision::Perform { slot, effect } => performing.push_back((slot, effect)),
                    Decision::Commit(turn) => commit = Some(turn),
                }
            }
            if let Some(commit) = commit {
                break commit;
            }
            let (slot, effect) = performing.pop_front().context("a turn waits for nothing")?;
            let result = perform(&effect)?;
            decisions = guarded(|| machine.performed(slot, result, self.now))??;
        };
        came.record_bytes += commit.record.len();
        if self.reads {
            self.read(&commit.record, came)?;
        }
        let (turned, out) = self.commit(|ledger, tx, out| Ok(ledger.turn(tx, out, *commit)?))?;
        let base = turned.map_err(|refused| anyhow::anyhow!("a turn was refused: {refused:?}"))?;
        self.known = self.known.after(&machine.into_encoded(), base, delivered.seq);
        Ok(out.queued)
    }

    /// An effect has left.
    fn settle(&mut self, queued: Queued<Bot>, came: &mut Came) -> Result<Vec<Feed<Bot>>> {
        let (external_id, result) = match &queued.effect {
            Effect::Send(send) => {
                ensure!(!send.message.body().trim().is_empty(), "an empty message was sent");
                came.messages += 1;
                self.sent += 1;
                match options(&send.message) {
                    shown if shown.is_empty() => {}
                    shown => self.options = shown,
                }
                (Some(format!("wamid.out.{}", self.sent)), None)
            }
            Effect::Perform(call) => (None, Some(answer(call)?)),
            other => bail!("{other:?} is not to be settled"),
        };
        let settle = Settle { key: queued.key, how: Settled::Taken(external_id), result };
        let now = self.now;
        let (settled, out) = self.commit(|ledger, tx, out| Ok(ledger.settle(tx, out, settle, now)?))?;
        ensure!(settled, "an effect was not in the outbox");
        Ok(out.feed)
    }

    /// Notes the responses said, and refuses what the script is not about.
    fn read(&self, record: &[u8], came: &mut Came) -> Result<()> {
        let Record::<Bot>::Turn(turn) = Record::decode(record, || "the turn's record".to_owned())? else {
            bail!("a turn's record is of another kind")
        };
        for change in turn.steps.into_iter().flat_map(|step| step.changes) {
            match change {
                TrackerEvent::BotUttered { responses, .. } => came.responses.extend(responses),
                TrackerEvent::Trouble { code, what } => bail!("trouble {code}: {what}"),
                TrackerEvent::Queued { reason, .. } => bail!("a person was called: {reason}"),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The result of an effect that a turn waits for.
fn perform(effect: &Effect) -> Result<Option<Event>> {
    Ok(match effect {
        Effect::Understand(request) => Some(Event::Understood(understood(&request.text)?)),
        Effect::Call(call) => Some(answer(call)?),
        Effect::MarkRead { .. } => None,
        other => bail!("{other:?} is not to be performed within a turn"),
    })
}

fn options(message: &Outgoing) -> Vec<(String, String)> {
    match message {
        Outgoing::Buttons { buttons, .. } => {
            buttons.iter().map(|button| (button.id.clone(), button.title.clone())).collect()
        }
        Outgoing::List { sections, .. } => {
            let rows = sections.iter().flat_map(|section| &section.rows);
            rows.map(|row| (row.id.clone(), row.title.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// Runs so many turns after the consent and returns the talk with what came of each.
fn run(turns: usize, reads: bool) -> Result<(Talk, Vec<Came>)> {
    let mut talk = Talk::new(reads)?;
    let mut all = Vec::with_capacity(turns);
    for turn in 0..turns {
        let name = || match act(turn) {
            Writes(text, ..) => format!("turn {}, `{text}`", turn + 1),
            Taps(place) => format!("turn {}, a tap on option {place}", turn + 1),
        };
        let came = talk.turn(act(turn)).with_context(name)?;
        ensure!(came.messages > 0, "{}, got no answer", name());
        all.push(came);
    }
    Ok((talk, all))
}

/// One line: turns, size of the state and of the records of the round that they end with.
fn sizes(turns: usize) -> Result<String> {
    let (talk, all) = run(turns, false)?;
    let state = talk.known.encoded()?.len();
    let round = &all[all.len().saturating_sub(ROUND)..];
    let records: usize = round.iter().map(|came| came.record_bytes).sum();
    Ok(format!(
        "{turns} turns: state {state} bytes, records of the last {} turns {records} bytes",
        round.len()
    ))
}

/// Refuses a script whose rounds are not all answered alike from the second on. The first differs: there is nothing yet to
/// refer back to, and satisfaction is asked for once in a session. Only keys are compared, because wordings vary.
fn check() -> Result<()> {
    let (_, all) = run(LATE + ROUND, true)?;
    for (place, came) in all.iter().enumerate().skip(2 * ROUND) {
        let second = &all[ROUND + place % ROUND].responses;
        let now = &came.responses;
        ensure!(now == second, "turn {} says {now:?}, in the second round {second:?}", place + 1);
    }
    for came in &all[ROUND..2 * ROUND] {
        println!("  {}", came.responses.join(" "));
    }
    Ok(())
}

/// Instructions that a process with so many turns takes; `None` without Valgrind.
fn instructions(turns: usize) -> Result<Option<u64>> {
    let outcome = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--turns", &turns.to_string()])
        .output();
    let output = match outcome {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.context("valgrind cannot be started")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{turns} turns under valgrind failed: {said}");
    print!("{}", String::from_utf8_lossy(&output.stdout));
    let collected =
        said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim());
    let count = collected.with_context(|| format!("valgrind counted nothing: {said}"))?;
    Ok(Some(count.parse().with_context(|| format!("`{count}` is no count"))?))
}

fn compare() -> Result<ExitCode> {
    println!("said in each round:");
    check()?;
    let mut counts = Vec::new();
    for turns in [EARLY, EARLY + ROUND, LATE, LATE + ROUND] {
        match instructions(turns)? {
            Some(count) => counts.push(count),
            None => {
                println!("valgrind is not installed: the conversation runs, its cost is NOT measured");
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    let between = |from: usize| counts[from + 1].saturating_sub(counts[from]);
    let (early, late) = (between(0), between(2));
    let ratio = late as f64 / early.max(1) as f64;
    println!("turns {} to {}: {early} instructions", EARLY + 1, EARLY + ROUND);
    println!("turns {} to {}: {late} instructions", LATE + 1, LATE + ROUND);
    println!("ratio {ratio:.4}, at most {MOST}");
    Ok(if ratio <= MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn main() -> Result<ExitCode> {
    let given: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["--turns", turns] => {
            let turns = turns.parse().with_context(|| format!("`{turns}` is no number of turns"))?;
            println!("{}", sizes(turns)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("only `--turns N` is understood, not `{}`", given.join(" ")),
    }
}
