//! `charla serve`.

use crate::{run::Running, settings::Settings, telemetry};
use anyhow::Context;
use clap::Args;
use std::{net::TcpListener, path::PathBuf, pin::pin, process::ExitCode, time::Duration};

/// How long the end waits for what blocks a thread, such as a write to a disk that does not answer.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Serves one or more WhatsApp Business numbers.
#[derive(Debug, Args)]
pub struct Serve {
    /// Settings file.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Address and port; overrides `server.listen`.
    #[arg(long)]
    listen: Option<String>,
    /// Data folder; overrides `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut settings = Settings::load(&self.config)?;
        if let Some(listen) = self.listen {
            settings.server.listen = listen;
        }
        if let Some(data) = self.data {
            settings.data_dir = data;
        }
        telemetry::init_logs(settings.server.logs);
        telemetry::log_panics_without_words();
        let listener = bind(&settings.server.listen)?;
        let runtime = super::runtime()?;
        let ended = runtime.block_on(serve(settings, listener));
        runtime.shutdown_timeout(LAST_WAIT);
        ended
    }
}

async fn serve(settings: Settings, listener: TcpListener) -> anyhow::Result<ExitCode> {
    let linger = Duration::from_secs(settings.server.linger_s);
    let running = Running::start(settings, listener).await?;
    running.improve_in_background();
    let mut signal = pin!(super::stop_signal());
    let failed = tokio::select! {
        signalled = &mut signal => signalled.map(|()| None)?,
        why = running.broken() => Some(why),
    };
    if let Some(why) = failed {
        let why =
            format!("CHARLA-E3003: the journal failed: {why}; what was acknowledged is safe, start again");
        tracing::error!(linger_s = linger.as_secs(), "{why}");
        // Whoever looks only now and then, such as Prometheus, is to see what happened. A signal cuts it short.
        let _ = tokio::time::timeout(linger, signal).await;
        anyhow::bail!(why);
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Binds a listener, so that a taken port is told before anything else starts.
pub(super) fn bind(address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("CHARLA-E2004: {address} cannot be listened on; is another engine running?")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
