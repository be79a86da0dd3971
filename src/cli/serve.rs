//! `charla serve`.

use crate::{run::Running, settings::Settings, telemetry};
use anyhow::Context;
use clap::Args;
use std::{net::TcpListener, path::PathBuf, process::ExitCode};

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
        let listener = bind(&settings.server.listen)?;
        super::runtime()?.block_on(async {
            let running = Running::start(settings, listener).await?;
            running.improve_in_background();
            tokio::select! {
                signalled = super::stop_signal() => signalled?,
                why = running.broken() => {
                    anyhow::bail!("CHARLA-E3003: the journal failed: {why}; what was acknowledged is safe, start again");
                }
            }
            tracing::info!("stopping");
            running.stop().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Binds a listener, so that a taken port is told before anything else starts.
pub(super) fn bind(address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("CHARLA-E2004: {address} cannot be listened on; is another engine running?")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
