//! Puts the engine together: one path for `serve`, `demo` and the tests.

use crate::{
    assistant,
    backends::Backends,
    bot::Bot,
    catalogue::Refresher,
    control,
    performer::{COURTESIES, Hands, Waiting},
    secret::{SecretError, SecretSource},
    server::{self, Edge},
    settings::Settings,
    telemetry::{self, scrape::Sources},
    understanding::{self, Understanding},
    whatsapp::{
        client::{GraphClient, Options as GraphOptions},
        pacing::{Options as Pacing, Pacer},
        token::TokenSource,
    },
};
use actix_web::dev::ServerHandle;
use anyhow::Context;
use charla_actors::{
    clock::SystemClock,
    engine::{Engine, EngineHandle},
};
use charla_dialogue::config::settings::Understanding as Understands;
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

/// Longest wait for a place at WhatsApp's rate that holds a place in the outbox; a busier number asks again later, so that
/// it cannot hold up the others.
const PACER_PATIENCE_MS: u32 = 250;

/// A running engine with its HTTP edge.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The session runtime.
    pub engine: EngineHandle<Bot>,
    /// Understanding, to swap models; `None` where the assistant has none.
    pub understanding: Option<Understanding>,
    catalogue: Option<tokio::task::JoinHandle<()>>,
    upkeep: Option<tokio::task::JoinHandle<()>>,
    control: Option<control::Control>,
    server: ServerHandle,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    drain: Duration,
}

fn read(what: &str, source: &SecretSource) -> anyhow::Result<String> {
    source.read().with_context(|| format!("{what} ({source:?})"))
}

impl Running {
    /// Starts everything on a bound listener. Ready when it returns: the journal is open and what was unfinished at the
    /// last stop is under way.
    ///
    /// # Errors
    /// With what is missing and how to mend it.
    pub async fn start(settings: Settings, listener: TcpListener) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let metrics = telemetry::recorder();
        let compiled = assistant::load(&settings.assistant_dir)?;
        let understands = compiled.settings.understanding == Understands::Model;
        telemetry::configured(&settings, understands);
        // A secret that is missing stops the start before the journal is opened: each start counts against what it finds unhandled.
        let secrets = &settings.whatsapp.app_secrets;
        let app_secrets = secrets.iter().map(SecretSource::read).collect::<Result<Vec<_>, SecretError>>()?;
        let agents = settings
            .agents
            .iter()
            .map(|agent| Ok((agent.name.clone(), read("an agent's token", &agent.token)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let verify_token = read("whatsapp.verify_token", &settings.whatsapp.verify_token)?;
        let understanding = match compiled.settings.understanding {
            Understands::Model => Some(Understanding::start(&settings, understanding::needs(&compiled))?),
            Understands::None => {
                understanding::note(understanding::NONE);
                None
            }
        };
        let clock = Arc::new(SystemClock::default());
        let backends = Backends::new(settings.backends.clone())?;
        let numbers = &compiled.settings.numbers;
        let fallback = compiled.settings.number("default");
        let countries = numbers.values().chain([fallback]).map(|number| number.country.clone()).collect();
        let graph = GraphClient::new(
            GraphOptions {
                base_url: settings.whatsapp.graph_url.clone(),
                api_version: settings.whatsapp.api_version.clone(),
                timeout_ms: settings.whatsapp.timeout_ms,
                ..GraphOptions::default()
            },
            TokenSource::new(settings.whatsapp.access_token.clone())?,
        )?;
        let rates = settings
            .whatsapp
            .numbers
            .iter()
            .map(|number| (number.phone_number_id.clone(), number.messages_per_s))
            .collect();
        let hands = Hands {
            nlu: understanding.as_ref().map(Understanding::pool),
            backends: backends.clone(),
            graph,
            pacer: Arc::new(Pacer::with_options(Pacing {
                per_number: rates,
                patience_ms: PACER_PATIENCE_MS,
                ..Pacing::default()
            })),
            clock: clock.clone(),
            courtesies: Arc::new(tokio::sync::Semaphore::new(COURTESIES)),
            mark_read: settings.whatsapp.mark_read,
            waiting: Waiting::default(),
        };
        let mut options = settings.engine.clone();
        options.data_dir = settings.data_dir.clone();
        let engine = Engine::start(
            options,
            Arc::new(Bot::serving(Arc::new(compiled))),
            Arc::new(hands),
            clock.clone(),
        )
        .await?;
        let catalogue = understanding.clone().and_then(|understanding| {
            let refresher = Refresher {
                settings: settings.nlu.catalogue.clone(),
                backends: backends.clone(),
                understanding,
                countries,
                file: settings.data_dir.join("catalogue.json"),
            };
            refresher.spawn()
        });
        let tier = {
            let understanding = understanding.clone();
            move || understanding.as_ref().map_or_else(|| understanding::NONE.to_owned(), Understanding::tier)
        };
        let control = control::listen(&settings.data_dir, engine.clone(), clock.clone());
        let upkeep = metrics.clone().map(|handle| tokio::spawn(telemetry::upkeep(handle)));
        let edge = Edge {
            engine: engine.clone(),
            sources: Sources { engine: engine.clone(), backends, data_dir: settings.data_dir.clone() },
            app_secrets,
            verify_token,
            numbers: settings.whatsapp.numbers.iter().map(|n| n.phone_number_id.as_str().into()).collect(),
            agents,
            metrics,
            clock,
            demo_clock: settings.demo_clock.clone(),
            tier: Box::new(tier.clone()),
        };
        let addr = listener.local_addr()?;
        let server =
            server::start(Arc::new(edge), listener, settings.server.workers, settings.server.max_body_bytes)?;
        let handle = server.handle();
        let served = tokio::spawn(server);
        tracing::info!(
            address = %addr,
            ready_ms = begun.elapsed().as_millis() as u64,
            understanding = tier(),
            "engine ready"
        );
        Ok(Self {
            addr,
            engine,
            understanding,
            catalogue,
            upkeep,
            control,
            server: handle,
            served,
            drain: Duration::from_secs(settings.server.drain_s),
        })
    }

    /// Looks for a better model on a thread of its own, where texts are understood.
    pub fn improve_in_background(&self) {
        if let Some(understanding) = &self.understanding {
            understanding.improve_in_background();
        }
    }

    /// Resolves when the journal has failed: the process must then end, so that the next start opens it afresh.
    pub async fn broken(&self) -> String {
        let mut watch = self.engine.watch_broken();
        match watch.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            // The engine is gone; whoever stopped it knows why.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes no more requests, finishes the turns under way, writes the snapshots.
    pub async fn stop(self) {
        for task in [&self.catalogue, &self.upkeep].into_iter().flatten() {
            task.abort();
        }
        // A backup that is being written would hold up the end.
        drop(self.control);
        self.server.stop(true).await;
        let _ = self.served.await;
        if !self.engine.drain(self.drain).await {
            tracing::warn!("not everything was finished in time; it goes on at the next start");
        }
    }
}
