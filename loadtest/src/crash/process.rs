//! The engine as a process: found, started, waited for, ended.

use super::tail;
use anyhow::Context;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How long an orderly end may take; the settings allow it ten seconds.
const STOP: Duration = Duration::from_secs(20);
/// How long the checks after the last round may take.
const COMMAND: Duration = Duration::from_secs(600);

/// The `charla` binary.
pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("charla"));
    let path = given.map(Path::to_owned).or_else(beside).unwrap_or_default();
    anyhow::ensure!(
        path.is_file(),
        "CHARLA-E5301: there is no engine at `{}`; build it (`cargo build --release`) or name it with --charla",
        path.display()
    );
    Ok(path)
}

/// Runs a command of the engine to its end: whether it succeeded, and what it said.
pub(crate) async fn command(charla: &Path, arguments: &[String]) -> anyhow::Result<(bool, String)> {
    let run = Command::new(charla).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let failed = || format!("CHARLA-E5303: `{} {}` cannot be run", charla.display(), arguments.join(" "));
    let output = tokio::time::timeout(COMMAND, run).await.with_context(failed)?.with_context(failed)?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

/// One start of the engine.
#[derive(Debug)]
pub(crate) struct Engine {
    child: Child,
    log: PathBuf,
    /// Where in the log this start begins.
    from: u64,
    begun: Instant,
}

/// How a start ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub status: Option<ExitStatus>,
    /// What it wrote to its log.
    pub said: String,
}

impl Ended {
    /// In words.
    pub(crate) fn how(&self) -> String {
        match self.status {
            None => "it did not end in time and was killed".to_owned(),
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit status {code}"),
                (None, signal) => format!("signal {}", signal.unwrap_or_default()),
            },
        }
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> &str {
        tail(&self.said, 1_500)
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// What came first.
#[derive(Debug)]
pub(crate) enum Start {
    /// It answers; after so long.
    Ready(Duration),
    /// It has ended.
    Died,
}

impl Engine {
    /// Starts one.
    pub(crate) fn start(
        charla: &Path,
        config: &Path,
        log: &Path,
        failpoints: Option<(&str, u64)>,
    ) -> anyhow::Result<Self> {
        let bad = || format!("CHARLA-E5302: {} cannot be written", log.display());
        let file = OpenOptions::new().create(true).append(true).open(log).with_context(bad)?;
        let from = file.metadata().with_context(bad)?.len();
        let mut command = Command::new(charla);
        command
            .arg("serve")
            .arg("--config")
            .arg(config)
            .env_remove("CHARLA_FAILPOINTS")
            .stdin(Stdio::null())
            .stdout(file.try_clone().with_context(bad)?)
            .stderr(file)
            .kill_on_drop(true);
        if let Some((setting, seed)) = failpoints {
            command.env("CHARLA_FAILPOINTS", setting).env("CHARLA_FAILPOINTS_SEED", seed.to_string());
        }
        let begun = Instant::now();
        let failed = || format!("CHARLA-E5303: `{}` cannot be started", charla.display());
        let child = command.spawn().with_context(failed)?;
        Ok(Self { child, log: log.to_owned(), from, begun })
    }

    /// Its process, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it answers or has ended.
    pub(crate) async fn ready(&mut self, http: &reqwest::Client, url: &str) -> anyhow::Result<Start> {
        while self.begun.elapsed() < START {
            if self.child.try_wait()?.is_some() {
                return Ok(Start::Died);
            }
            if health(http, url).await == Some(200) {
                return Ok(Start::Ready(self.begun.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        anyhow::bail!("CHARLA-E5303: the engine was not ready within {START:?}; its log:\n{}", self.words())
    }

    /// Waits for its end; `None` after `most`.
    pub(crate) async fn dies_within(&mut self, most: Duration) -> anyhow::Result<Option<Ended>> {
        match tokio::time::timeout(most, self.child.wait()).await {
            Err(_) => Ok(None),
            Ok(status) => Ok(Some(Ended { status: Some(status?), said: self.words() })),
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<Ended> {
        self.child.start_kill()?;
        let status = self.child.wait().await?;
        Ok(Ended { status: Some(status), said: self.words() })
    }

    /// SIGTERM; no status if that did not help in time.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<Ended> {
        if let Some(id) = self.child.id() {
            Command::new("kill").arg("-TERM").arg(id.to_string()).status().await?;
        }
        match self.dies_within(STOP).await? {
            Some(ended) => Ok(ended),
            None => Ok(Ended { status: None, ..self.kill().await? }),
        }
    }

    fn words(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&self.log)?;
            file.seek(SeekFrom::Start(self.from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_or_else(|error| error.to_string(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The status of `/health/ready`; `None` without an answer.
pub(crate) async fn health(http: &reqwest::Client, url: &str) -> Option<u16> {
    let answer = http.get(format!("{url}/health/ready")).send().await.ok()?;
    Some(answer.status().as_u16())
}
