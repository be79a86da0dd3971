//! `charla demo`: shop, WhatsApp simulator and engine on loopback, with secrets of their own.

use crate::{demo, run::Running, telemetry};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Starts a shop, a WhatsApp simulator with a phone page, and the engine, on this machine alone.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for journal, shop, secrets and `demo.json`; kept between starts.
    #[arg(long, default_value = ".charla/demo")]
    data: PathBuf,
    /// The engine's port; the simulator takes the next one, the shop the one after.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder of the assistant.
    #[arg(long, default_value = "config")]
    assistant: PathBuf,
    /// Starts simulator and shop only, for an engine elsewhere (`charla serve --config DIR/charla.yml`).
    #[arg(long)]
    world_only: bool,
    /// Leaves the encoder out: no download, the n-gram model alone.
    #[arg(long)]
    no_encoder: bool,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init_logs(telemetry::LogFormat::Text);
        let plan = demo::Plan::prepare(&self.data, &self.assistant, self.port, !self.no_encoder)?;
        super::runtime()?.block_on(async {
            let shop_listener = super::serve::bind(&format!("127.0.0.1:{}", plan.shop_port()))?;
            let sim_listener = super::serve::bind(&format!("127.0.0.1:{}", plan.simulator_port()))?;
            if self.world_only {
                let world = plan.start_world(sim_listener, shop_listener).await?;
                plan.announce(false);
                super::stop_signal().await?;
                world.stop().await;
                return Ok(ExitCode::SUCCESS);
            }
            let listener = super::serve::bind(&format!("127.0.0.1:{}", self.port))?;
            let world = plan.start_world(sim_listener, shop_listener).await?;
            let running = Running::start(plan.settings()?, listener).await?;
            plan.announce(true);
            running.improve_in_background();
            super::stop_signal().await?;
            println!("\nstopping …");
            running.stop().await;
            world.stop().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}
