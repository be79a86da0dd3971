//! What a seed decides before anything happens: which harm this world knows, and what its people say.

/// SplitMix64: repeatable, and good enough for dice.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }
    /// True so many times in a thousand.
    pub(super) fn mille(&mut self, chance: usize) -> bool {
        chance > 0 && self.roll(1000) < chance
    }
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

/// How much of each kind of harm there is; chances are in a thousand.
#[derive(Debug, Clone, Default)]
pub(super) struct Weather {
    /// A kill, each step.
    pub(super) kill: usize,
    /// A kill right before or right after an append, each commit.
    pub(super) kill_at_append: usize,
    /// A sync that fails, each commit.
    pub(super) sync_fails: usize,
    /// A disk that is full, each commit.
    pub(super) disk_full: usize,
    /// A stop in good order, each step.
    pub(super) clean_stop: usize,
    /// A dispatch that is refused for now.
    pub(super) again: usize,
    /// A dispatch refused for good.
    pub(super) refused: usize,
    /// A dispatch without an answer.
    pub(super) silent: usize,
    /// Of those: taken only after the client gave up.
    pub(super) late: usize,
    /// A report that never comes.
    pub(super) report_lost: usize,
    /// A report that comes twice.
    pub(super) report_twice: usize,
    /// A message that fails after it was taken.
    pub(super) bounce: usize,
    /// A webhook repeated although it was acknowledged.
    pub(super) repeat: usize,
    /// Webhooks of one person overlap.
    pub(super) overlap: bool,
    /// A performance that panics.
    pub(super) perform_fails: usize,
    /// The wall clock jumps.
    pub(super) skew: bool,
    /// Hours and days pass.
    pub(super) days: bool,
    /// Old records are removed.
    pub(super) retention: bool,
    /// Snapshots are lost or not written.
    pub(super) snapshot_lost: usize,
    /// One body of up to a thousand items.
    pub(super) bulk: bool,
    /// A dispatch whose turn has not come.
    pub(super) paced: usize,
    /// A read that fails, each request and each conversation read.
    pub(super) unreadable: usize,
}

impl Weather {
    pub(super) fn of(dice: &mut Dice) -> Self {
        Self {
            kill: dice.one_of(&[0, 4, 25]),
            kill_at_append: dice.one_of(&[0, 10, 60]),
            sync_fails: dice.one_of(&[0, 0, 15]),
            disk_full: dice.one_of(&[0, 0, 10]),
            clean_stop: dice.one_of(&[0, 0, 30]),
            again: dice.one_of(&[0, 100, 400]),
            refused: dice.one_of(&[0, 0, 100]),
            silent: dice.one_of(&[0, 100, 400]),
            late: dice.one_of(&[0, 300]),
            report_lost: dice.one_of(&[0, 200, 700]),
            report_twice: dice.one_of(&[0, 300]),
            bounce: dice.one_of(&[0, 0, 200]),
            repeat: dice.one_of(&[0, 150, 400]),
            overlap: dice.one_of(&[false, true]),
            perform_fails: dice.one_of(&[0, 0, 100]),
            skew: dice.one_of(&[false, true]),
            days: dice.one_of(&[false, true]),
            retention: dice.one_of(&[false, true]),
            snapshot_lost: dice.one_of(&[0, 100, 500]),
            bulk: dice.roll(12) == 0,
            paced: dice.one_of(&[0, 100, 400]),
            unreadable: dice.one_of(&[0, 0, 20, 150]),
        }
    }

    /// The harm is over. What people say, and that old records go, is no harm.
    pub(super) fn clear(&mut self) {
        *self = Self { overlap: self.overlap, retention: self.retention, ..Self::default() };
    }
}

/// One phone number's messages, in the order in which they are said.
pub(super) struct Lane {
    pub(super) phone: String,
    pub(super) texts: Vec<String>,
}

/// Who says what, and who turns out to be whom.
pub(super) struct Script {
    pub(super) lanes: Vec<Lane>,
    /// The person of the second lane turns out to be the person of the first.
    pub(super) merges: Vec<(usize, usize)>,
    /// The lane that has far more to say than others, and says it without waiting.
    pub(super) flood: Option<usize>,
    /// Events of one conversation in hand at a time.
    pub(super) mailbox: u32,
}

impl Script {
    pub(super) fn of(dice: &mut Dice) -> Self {
        let poison = dice.one_of(&[0, 0, 60, 150]);
        let timers = dice.one_of(&[0, 80, 250]);
        let mut lanes: Vec<Lane> = (0..2 + dice.roll(3))
            .map(|lane| {
                let texts = (0..5 + dice.roll(8)).map(|n| text(dice, lane, n, poison, timers)).collect();
                Lane { phone: format!("10{lane}"), texts }
            })
            .collect();
        let merges = match dice.roll(5) {
            0 | 1 => vec![(0, 1)],
            2 if lanes.len() >= 4 => vec![(0, 1), (2, 3)],
            _ => Vec::new(),
        };
        let flood = (dice.roll(3) == 0).then(|| dice.roll(lanes.len()));
        if let Some(lane) = flood {
            let from = lanes[lane].texts.len();
            let more = (from..from + 15 + dice.roll(40)).map(|n| text(dice, lane, n, poison, 0));
            lanes[lane].texts.extend(more);
        }
        Self { lanes, merges, flood, mailbox: dice.one_of(&[1, 2, 5, 64]) }
    }
}

/// A message; its last word names it.
fn text(dice: &mut Dice, lane: usize, n: usize, poison: usize, timers: usize) -> String {
    let name = format!("{lane}-{n}");
    if dice.mille(poison) {
        return if dice.roll(6) == 0 { format!("loop {name}") } else { format!("panic {name}") };
    }
    if dice.mille(timers) {
        return format!("timer {name} {}", dice.one_of(&[1, 40, 5_000, 7_200_000]));
    }
    match dice.roll(16) {
        0..=3 => format!("say {name}"),
        4..=6 => format!("look {name}"),
        7 | 8 => format!("twice {name}"),
        9..=11 => format!("pay {name}"),
        12 => format!("many 3 {name}"),
        13 if n > 0 => format!("cancel {lane}-{} {name}", dice.roll(n)),
        14 => format!("queue {name}"),
        15 => format!("unqueue {name}"),
        _ => format!("silent {name}"),
    }
}
