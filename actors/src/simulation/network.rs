//! The provider's webhooks: repeated until they are acknowledged and sometimes after that, overlapping, in batches.

use super::clock::{DAY, HOUR};
use super::desk::Ask;
use super::plan::{Script, Weather};
use super::world::World;
use super::{broken, law};
use crate::accept::{Address, Alias, Delivery, Item};
use crate::session::{IdempotencyKey, Millis};
use crate::testing::{Counter, Note};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The business number.
pub(super) const NUMBER: &str = "1";
/// The provider repeats a webhook for seven days; a repeat may be under way for another one.
const REPEATED_FOR: Millis = 8 * DAY;
/// Items of a large body.
const LARGE: usize = 1_000;
/// Messages of one person under way at a time, where webhooks overlap.
const OVERLAP: usize = 3;
/// The same for a person who floods, and how many of them come in one body at most.
const FLOOD: usize = 60;
const FLOOD_BODY: usize = 20;

/// A report on something sent.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) key: IdempotencyKey,
    pub(super) external: String,
    pub(super) status: Delivery,
    /// Whether it carries the key back.
    pub(super) echoes: bool,
    /// True time at which it was made.
    pub(super) made: Millis,
}

/// A part of a body.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Said { lane: usize, n: usize },
    Report(Report),
    Merge(usize),
    Kept,
}

struct Body {
    pieces: Vec<Piece>,
    /// When it was first sent.
    first: Millis,
    /// When it is sent (again).
    due: Millis,
    acknowledged: bool,
    over: bool,
    sent: u32,
}

/// See the module.
pub(super) struct Network {
    bodies: Vec<Body>,
    /// Next message of each lane.
    next: Vec<usize>,
    acknowledged: Vec<BTreeSet<usize>>,
    merges_sent: usize,
    merges_done: usize,
    pub(super) reports: Vec<Report>,
    large_sent: bool,
}

impl Network {
    pub(super) fn new(script: &Script) -> Self {
        let lanes = script.lanes.len();
        Self {
            bodies: Vec::new(),
            next: vec![0; lanes],
            acknowledged: vec![BTreeSet::new(); lanes],
            merges_sent: 0,
            merges_done: 0,
            reports: Vec::new(),
            large_sent: false,
        }
    }

    /// What is not done yet.
    pub(super) fn waiting(&self, script: &Script) -> usize {
        let unsaid: usize =
            script.lanes.iter().zip(&self.next).map(|(lane, next)| lane.texts.len() - next).sum();
        let open = self.bodies.iter().filter(|body| !body.over).count();
        unsaid + open + self.reports.len() + script.merges.len() - self.merges_done
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.bodies.iter().filter(|body| !body.over).map(|body| body.due).min()
    }

    /// Connections break; whoever was not answered tries again.
    pub(super) fn disconnect(&mut self) {
        for body in self.bodies.iter_mut().filter(|body| !body.acknowledged) {
            body.due = body.due.min(body.first);
        }
    }

    /// Whether so much time may pass without the provider giving something up.
    pub(super) fn may_wait(&self, now: Millis, by: Millis) -> bool {
        let young = |since: Millis| now + by - since < REPEATED_FOR;
        self.bodies.iter().all(|body| body.over || young(body.first))
            && self.reports.iter().all(|report| young(report.made))
    }

    fn due_bodies(&self, now: Millis) -> impl Iterator<Item = usize> {
        let due = move |body: &Body| !body.over && body.due <= now;
        self.bodies.iter().enumerate().filter(move |(_, body)| due(body)).map(|(n, _)| n)
    }

    fn may_say(&self, lane: usize, script: &Script, weather: &Weather) -> bool {
        let under_way = self.next[lane] - self.acknowledged[lane].len();
        let room = match weather.overlap {
            _ if script.flood == Some(lane) => FLOOD,
            true => OVERLAP,
            false => 1,
        };
        self.next[lane] < script.lanes[lane].texts.len() && under_way < room
    }

    /// A merge is announced when all that its first phone said has arrived: the phone is nobody's afterwards.
    fn may_merge(&self, script: &Script) -> bool {
        script
            .merges
            .get(self.merges_sent)
            .is_some_and(|(lane, _)| self.acknowledged[*lane].len() == script.lanes[*lane].texts.len())
    }

    pub(super) fn has_something(&self, now: Millis, script: &Script, weather: &Weather) -> bool {
        !self.reports.is_empty()
            || self.due_bodies(now).next().is_some()
            || self.may_merge(script)
            || (0..self.next.len()).any(|lane| self.may_say(lane, script, weather))
    }

    /// Phones of those who turn out to be one person, the surviving one's first.
    pub(super) fn merges_of<'a>(
        &'a self,
        body: usize,
        script: &'a Script,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let phone = |lane: usize| script.lanes[lane].phone.as_str();
        self.bodies[body].pieces.iter().filter_map(move |piece| match piece {
            Piece::Merge(merge) => script.merges.get(*merge).map(|(old, new)| (phone(*old), phone(*new))),
            _ => None,
        })
    }

    pub(super) fn reports_of(&self, body: usize) -> impl Iterator<Item = &Report> {
        self.bodies[body].pieces.iter().filter_map(|piece| match piece {
            Piece::Report(report) => Some(report),
            _ => None,
        })
    }

    pub(super) fn items(&self, body: usize, script: &Script) -> Vec<Item<Counter>> {
        let phone = |lane: usize| vec![Alias::Phone(script.lanes[lane].phone.clone())];
        let item = |piece: &Piece| match piece {
            Piece::Said { lane, n } => Item::Event {
                address: Address::Aliases { number: Arc::from(NUMBER), aliases: phone(*lane) },
                dedup: Some(format!("wamid.{lane}.{n}")),
                event: Note::said(&script.lanes[*lane].texts[*n]),
            },
            Piece::Report(report) => Item::Status {
                external_id: report.external.clone(),
                key: report.echoes.then(|| report.key.clone()),
                status: report.status,
                at: report.made,
                on_failed: Some(Note::Bounced),
            },
            Piece::Merge(merge) => {
                let (old, new) = script.merges[*merge];
                Item::Identity { old: phone(old), new: phone(new), dedup: Some(format!("merge {merge}")) }
            }
            Piece::Kept => Item::Kept { kind: "group", raw: b"{}".to_vec() },
        };
        self.bodies[body].pieces.iter().map(item).collect()
    }
}

impl World {
    /// A webhook comes in: an old one again, or a new one.
    pub(super) fn webhook(&mut self) {
        let due: Vec<_> = self.network.due_bodies(self.now).collect();
        if !due.is_empty() && self.dice.roll(3) > 0 {
            let body = due[self.dice.roll(due.len())];
            return self.send(body);
        }
        let large =
            self.weather.bulk && !self.network.large_sent && self.network.next.iter().sum::<usize>() > 4;
        let pieces = if large { self.large_body() } else { self.pieces() };
        if pieces.is_empty() {
            return;
        }
        self.network.large_sent |= large;
        self.tally.largest_body = self.tally.largest_body.max(pieces.len() as u64);
        let body = Body { pieces, first: self.now, due: self.now, acknowledged: false, over: false, sent: 0 };
        self.network.bodies.push(body);
        self.send(self.network.bodies.len() - 1);
    }

    fn pieces(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for _ in 0..1 + self.dice.roll(3) {
            if self.network.may_merge(&self.script) && self.dice.roll(3) == 0 {
                pieces.push(Piece::Merge(self.network.merges_sent));
                self.network.merges_sent += 1;
            }
            let lane = self.dice.roll(self.script.lanes.len());
            let most = if self.script.flood == Some(lane) { 1 + self.dice.roll(FLOOD_BODY) } else { 1 };
            for _ in 0..most {
                if self.network.may_say(lane, &self.script, &self.weather) {
                    pieces.push(Piece::Said { lane, n: self.network.next[lane] });
                    self.network.next[lane] += 1;
                }
            }
            // Any of those waiting: reports have no order.
            if !self.network.reports.is_empty() && self.dice.roll(2) == 0 {
                let which = self.dice.roll(self.network.reports.len());
                pieces.push(Piece::Report(self.network.reports.swap_remove(which)));
            }
        }
        if !pieces.is_empty() && self.dice.roll(20) == 0 {
            pieces.push(Piece::Kept);
        }
        pieces
    }

    /// A provider that was held up sends all it has at once, much of it more than once.
    fn large_body(&mut self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.network.reports.drain(..).map(Piece::Report).collect();
        for lane in 0..self.script.lanes.len() {
            let from = self.network.next[lane];
            let to = self.script.lanes[lane].texts.len();
            pieces.extend((from..to).map(|n| Piece::Said { lane, n }));
            self.network.next[lane] = to;
        }
        let known = pieces.len();
        while known > 0 && pieces.len() < LARGE {
            let again = match self.dice.roll(4) {
                0 => pieces[self.dice.roll(known)].clone(),
                _ => Piece::Kept,
            };
            pieces.push(again);
        }
        pieces
    }

    fn send(&mut self, body: usize) {
        let wait = 20 + self.dice.roll(200) as Millis;
        let now = self.now;
        let it = &mut self.network.bodies[body];
        if it.acknowledged && now - it.first > REPEATED_FOR {
            it.over = true;
            return;
        }
        it.sent += 1;
        it.due = now + wait;
        self.tally.repeats += u64::from(it.acknowledged);
        let (sent, pieces) = (it.sent, it.pieces.iter().take(6).cloned().collect::<Vec<_>>());
        self.note(|| {
            let short = |piece: &Piece| match piece {
                Piece::Said { lane, n } => format!("{lane}-{n}"),
                Piece::Report(it) => {
                    format!("{}={:?}{}", it.external, it.status, if it.echoes { "" } else { " (no key)" })
                }
                other => format!("{other:?}"),
            };
            let short: Vec<_> = pieces.iter().map(short).collect();
            format!("webhook {body} for the {sent}. time: {}", short.join(", "))
        });
        self.ask(Ask::Body(body));
    }

    /// The engine says that it has the body for good.
    pub(super) fn acknowledged(&mut self, body: usize) {
        let again = self.dice.mille(self.weather.repeat);
        let after = [5, 300, 60_000, HOUR, DAY, 6 * DAY][self.dice.roll(6)];
        let now = self.now;
        let network = &mut self.network;
        let Some(it) = network.bodies.get_mut(body) else {
            broken(format!("there is no webhook {body}"));
        };
        let first = !it.acknowledged;
        it.acknowledged = true;
        it.over = !again;
        it.due = now + after;
        if !first {
            return;
        }
        for piece in &it.pieces {
            match piece {
                Piece::Said { lane, n } => {
                    let text = &self.script.lanes[*lane].texts[*n];
                    law!(self.witness.said.contains_key(text), "\"{text}\" is acknowledged and not on disk");
                    network.acknowledged[*lane].insert(*n);
                }
                Piece::Report(report) => self.provider.reported(report),
                Piece::Merge(_) => {
                    network.merges_done += 1;
                    self.tally.merges += 1;
                }
                Piece::Kept => {}
            }
        }
        self.note(|| format!("webhook {body} acknowledged"));
    }
}
