//! `charla erase`.

use super::backup::{answers, options};
use crate::{
    bot::Bot,
    control::{self, Answer, Request},
    erasure::Whom,
};
use anyhow::Context;
use charla_actors::{
    clock::{Clock, SystemClock},
    erase::at_rest,
    inspect::Inspector,
};
use clap::Args;
use std::{os::unix::net::UnixStream, path::PathBuf, process::ExitCode};

/// Removes everything of one person: conversations at all numbers, names, snapshots; while the engine serves or while it is stopped.
#[derive(Debug, Args)]
pub struct Erase {
    /// Whose: a telephone number with its country's code, a business-scoped user id, or one of their conversations, `person@number`.
    whom: String,
    /// Does it. Without this only says which conversations it would be.
    #[arg(long)]
    yes: bool,
    /// Settings file; names the data folder.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Data folder; overrides `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Erase {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = options(&self.config, self.data)?;
        let answer = match UnixStream::connect(control::place(&options.data_dir)) {
            Ok(stream) => {
                let request = match self.yes {
                    true => Request::Erase(self.whom.clone()),
                    false => Request::Find(self.whom.clone()),
                };
                let answer = answers(stream, &request)?.next();
                answer.context("the engine ended before it answered; ask again")??
            }
            Err(_) => stopped(&options, &self.whom, self.yes).context(
                "no engine answers on the data folder's control socket, and it did not work on its stores",
            )?,
        };
        match answer {
            Answer::Found(ids) if ids.is_empty() => anyhow::bail!("nobody is known as {}", self.whom),
            Answer::Found(ids) => {
                println!("{}", ids.join("\n"));
                println!(
                    "Nothing is erased yet: add --yes. `charla backup` first, if somebody may want it back."
                );
            }
            Answer::Erased(ids, rows) => {
                println!("erased: {} ({rows} rows)", ids.join(" "));
                println!("Backups taken before still have it; so may the shop's own systems.");
            }
            Answer::Error(error) => anyhow::bail!("{error}"),
            Answer::Progress(_) | Answer::Done(_) => anyhow::bail!("the engine answered something else"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn stopped(options: &charla_actors::Options, whom: &str, yes: bool) -> anyhow::Result<Answer> {
    let names = |ids: Vec<_>| ids.iter().map(ToString::to_string).collect();
    let (id, found) = {
        // Closed again before the stores are opened to write.
        let journal = Inspector::<Bot>::open(options)?;
        match Whom::parse(whom).found(&journal)? {
            Some(id) => (id.clone(), journal.all_of(&id)?),
            None => return Ok(Answer::Found(vec![])),
        }
    };
    if !yes {
        return Ok(Answer::Found(names(found)));
    }
    let erased = at_rest::<Bot>(options, &id, SystemClock::default().now())??;
    Ok(Answer::Erased(names(erased.conversations), erased.rows))
}
