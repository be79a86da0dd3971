//! Findings that follow from the order of messages and answers alone, and the second look at them: the journal has which turn
//! answered what, so it has the last word on what is lost and what nobody had asked for.

use super::{
    agents::Agents,
    crowd::Crowd,
    journal::{Fate, Journal},
    stage::Stage,
    wire,
};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// So many doubts are looked at again; a run with more has failed, whatever became of them.
const MOST: usize = 500;
/// The second look takes so long at most.
const LONGEST: Duration = Duration::from_secs(60);

/// A finding that the journal may settle.
#[derive(Debug)]
pub(super) struct Doubt {
    person: u32,
    of: Of,
    what: String,
}

/// What seems wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A message has no answer.
    Lost,
    /// The message of the engine with this turn and step answers nothing.
    Unasked(u64, u32),
    /// It says again what the one before it said; but something else may have been answered so too.
    Doubled(u64, u32),
    /// This message was taken for answered with the one before it. Nothing is wrong unless the journal says so.
    Unsure(u32),
}

impl Of {
    /// Under which name it counts if nothing settles it.
    fn kind(self) -> Option<&'static str> {
        match self {
            Of::Lost => Some("lost"),
            Of::Unasked(..) => Some("unasked"),
            Of::Doubled(..) => Some("doubled"),
            Of::Unsure(_) => None,
        }
    }
}

impl Crowd {
    /// Something seems wrong with a person's chat.
    pub(super) fn doubt(&mut self, person: usize, of: Of, what: impl FnOnce() -> String) {
        // What is only unsure leaves room for what seems wrong.
        let room = if of.kind().is_some() { MOST } else { MOST / 2 };
        if self.doubts.len() < room {
            self.doubts.push(Doubt { person: person as u32, of, what: what() });
        } else if let Some(kind) = of.kind() {
            self.wrongs.add(kind, what);
        }
    }

    /// How much is wrong, or seems so.
    pub(super) fn found(&self) -> u64 {
        self.wrongs.total() + self.doubts.iter().filter(|doubt| doubt.of.kind().is_some()).count() as u64
    }

    /// What nothing has settled is wrong.
    pub(super) fn stand(&mut self) {
        for Doubt { of, what, .. } in std::mem::take(&mut self.doubts) {
            if let Some(kind) = of.kind() {
                self.wrongs.add(kind, || what);
            }
        }
    }

    /// Whom doubts are about, each once, with the name of the conversation; nobody whom the engine has never answered.
    fn doubtful(&self) -> Vec<(usize, String)> {
        let mut seen = HashSet::new();
        let people =
            self.doubts.iter().map(|doubt| doubt.person as usize).filter(|person| seen.insert(*person));
        people.filter_map(|person| Some((person, self.chats[person].conversation.clone()?))).collect()
    }

    /// Puts what the journal says in the place of the doubts about a person. `stem` is that of the run's message ids.
    pub(super) fn look_again(&mut self, person: usize, journal: &Journal, stem: &str) {
        let chat = &self.chats[person];
        let wamids: Vec<String> = (0..chat.written).map(|n| wire::wamid(stem, person as u32, n)).collect();
        let ours: HashSet<&str> = wamids.iter().map(String::as_str).collect();
        let (theirs, others) = std::mem::take(&mut self.doubts)
            .into_iter()
            .partition::<Vec<_>, _>(|doubt| doubt.person as usize == person);
        self.doubts = others;
        let doubted = theirs.iter().filter(|doubt| doubt.of.kind().is_some()).count();
        let mut stays: Vec<(&'static str, String)> = Vec::new();
        let mut unsure = Vec::new();
        for Doubt { of, what, .. } in theirs {
            match (of, of.kind()) {
                (Of::Unasked(turn, step) | Of::Doubled(turn, step), Some(kind))
                    if !journal.caused((turn, step), |wamid| ours.contains(wamid)) =>
                {
                    stays.push((kind, what));
                }
                (Of::Unsure(n), _) => unsure.push(n),
                _ => {}
            }
        }
        let who = self.who(person);
        let asked = |n: &u32| if doubted > 0 { !chat.unowed.contains(n) } else { unsure.contains(n) };
        for (n, wamid) in (0..).zip(&wamids).filter(|(n, _)| asked(n)) {
            let why = match journal.fate(wamid) {
                Fate::Answered => continue,
                Fate::Unknown => "is not in the journal".to_owned(),
                Fate::Waits => "was handled by no turn".to_owned(),
                Fate::Unanswered(turn) => format!("was handled by turn {turn}, which says nothing"),
            };
            stays.push(("lost", format!("message {n} of {who}, {wamid}, {why}")));
        }
        for (turn, step) in journal.sends().filter(|key| !chat.seen.contains(key)) {
            stays.push(("lost", format!("{who} never got {turn}/{step}, which the journal has as sent")));
        }
        let settled = doubted.saturating_sub(stays.len()) as u64;
        if settled > 0 {
            self.meter.count("settled_by_the_journal", settled);
        }
        for (kind, what) in stays {
            self.wrongs.add(kind, || what);
        }
    }
}

/// Reads the journals of all chats with doubts. Where one cannot be read, the doubts stay.
pub(super) async fn look_again(stage: &Arc<Stage>, agents: &Agents) {
    let begun = Instant::now();
    let doubtful = stage.crowd().doubtful();
    for (person, conversation) in doubtful {
        if begun.elapsed() > LONGEST {
            break;
        }
        if let Some(journal) = agents.journal(&conversation).await {
            stage.crowd().look_again(person, &journal, &stage.stem);
        }
    }
}
