//! A server under test as a process: started, waited for, ended. The same for both sides.

use crate::crash::tail;
use anyhow::Context;
use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// How long an orderly end may take.
const STOP: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pid: u32,
    name: String,
    log: PathBuf,
    begun: Instant,
}

impl Server {
    /// Starts one; what it says goes into `log`.
    pub(super) fn start(name: &str, mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&log)
            .with_context(|| format!("CHARLA-E5503: {} cannot be written", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("CHARLA-E5503: {name} cannot be started"))?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid, name: name.to_owned(), log, begun })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until `url` answers with 200 and a body that `is_ready`; how long that took since the start.
    pub(super) async fn ready(
        &mut self,
        http: &reqwest::Client,
        url: &str,
        most: Duration,
        is_ready: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Duration> {
        while self.begun.elapsed() < most {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("CHARLA-E5503: {} ended with {status}; its log:\n{}", self.name, self.words());
            }
            if let Ok(answer) = http.get(url).send().await
                && answer.status().is_success()
                && is_ready(&answer.text().await.unwrap_or_default())
            {
                return Ok(self.begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("CHARLA-E5503: {} was not ready within {most:?}; its log:\n{}", self.name, self.words())
    }

    /// SIGTERM, and SIGKILL if that does not help in time.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg("-TERM").arg(self.pid.to_string()).status().await?;
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    fn words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        tail(&String::from_utf8_lossy(&text), 2_000).to_owned()
    }
}
