//! The demo's set-up: ports, secrets made at the first start, settings, and the world around the engine.

use crate::settings::Settings;
use anyhow::Context;
use charla_loadtest::{
    shop,
    sim::{self, BusinessNumber},
    world::World,
};
use serde_json::json;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

/// Meta's id of the demo's Indian number; the first in the list is the one used unless another is named.
pub const NUMBER_IN: &str = "106540352242922";
/// The Spanish one.
pub const NUMBER_ES: &str = "106540352242923";
/// The Mexican one.
pub const NUMBER_MX: &str = "106540352242924";

/// Everything the demo is made of.
pub struct Plan {
    folder: PathBuf,
    port: u16,
    simulator_port: u16,
    shop_port: u16,
    secrets: Secrets,
}

struct Secrets {
    app_secret: String,
    verify_token: String,
    access_token: String,
    shop_token: String,
    crm_password: String,
    agent_token: String,
    clock_token: String,
}

impl Plan {
    /// Makes the folder, its secrets if they are missing, the engine's settings and `demo.json`.
    ///
    /// # Errors
    /// If the folder cannot be written or the ports overflow.
    pub fn prepare(folder: &Path, assistant: &Path, port: u16, encoder: bool) -> anyhow::Result<Self> {
        let (simulator_port, shop_port) = port
            .checked_add(1)
            .zip(port.checked_add(2))
            .context("CHARLA-E2301: the port must be at most 65533")?;
        Self::with_ports(folder, assistant, [port, simulator_port, shop_port], encoder)
    }

    /// As [`prepare`](Self::prepare) with the ports of engine, simulator and shop given.
    ///
    /// # Errors
    /// If the folder cannot be written or the assistant is not there.
    pub fn with_ports(
        folder: &Path,
        assistant: &Path,
        [port, simulator_port, shop_port]: [u16; 3],
        encoder: bool,
    ) -> anyhow::Result<Self> {
        let assistant = assistant.canonicalize().with_context(|| {
            format!(
                "CHARLA-E2302: {} is not there; start in the folder that holds it, or name it with --assistant",
                assistant.display()
            )
        })?;
        std::fs::create_dir_all(folder.join("secrets"))
            .with_context(|| format!("CHARLA-E2303: {} cannot be made", folder.display()))?;
        let folder = folder.canonicalize()?;
        let secret = |name: &str| secret(&folder.join("secrets").join(name));
        let secrets = Secrets {
            app_secret: secret("app_secret")?,
            verify_token: secret("verify_token")?,
            access_token: secret("access_token")?,
            shop_token: secret("shop_token")?,
            crm_password: secret("crm_password")?,
            agent_token: secret("agent_token")?,
            clock_token: secret("clock_token")?,
        };
        let plan = Self { folder, port, simulator_port, shop_port, secrets };
        let settings = plan.settings_json(&assistant, encoder);
        write(&plan.folder.join("charla.yml"), &serde_json::to_string_pretty(&settings)?)?;
        let links = json!({
            "engine": plan.url(port),
            "simulator": plan.url(simulator_port),
            "shop": plan.url(shop_port),
            "app_secret": plan.secrets.app_secret,
            "verify_token": plan.secrets.verify_token,
            "phone_number_id": NUMBER_IN,
            "agent_token": plan.secrets.agent_token,
        });
        write(&plan.folder.join("demo.json"), &serde_json::to_string_pretty(&links)?)?;
        Ok(plan)
    }

    fn url(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}")
    }

    /// The simulator's port.
    pub fn simulator_port(&self) -> u16 {
        self.simulator_port
    }

    /// The shop's port.
    pub fn shop_port(&self) -> u16 {
        self.shop_port
    }

    /// JSON is YAML: the settings are written as what they are generated from.
    fn settings_json(&self, assistant: &Path, encoder: bool) -> serde_json::Value {
        let shop = self.url(self.shop_port);
        let bearer = json!({"type": "bearer", "token": {"file": "secrets/shop_token"}});
        let basic = json!({"type": "basic", "user": "crm", "password": {"file": "secrets/crm_password"}});
        let backend = |auth: &serde_json::Value| json!({"base_url": shop, "auth": auth});
        json!({
            "server": {"listen": format!("127.0.0.1:{}", self.port), "logs": "text", "drain_s": 5},
            "data_dir": "engine",
            "assistant_dir": assistant,
            "whatsapp": {
                "graph_url": self.url(self.simulator_port),
                "app_secrets": [{"file": "secrets/app_secret"}],
                "verify_token": {"file": "secrets/verify_token"},
                "access_token": {"file": "secrets/access_token"},
                "numbers": [
                    {"phone_number_id": NUMBER_IN, "display": "+91 98100 00000"},
                    {"phone_number_id": NUMBER_ES, "display": "+34 600 000 000"},
                    {"phone_number_id": NUMBER_MX, "display": "+52 55 0000 0000"},
                ],
            },
            "backends": {
                "inventory": backend(&bearer),
                "crm": backend(&basic),
                "orders": backend(&bearer),
                "ticketing": backend(&bearer),
                "calendar": backend(&bearer),
            },
            "nlu": {"encoder": encoder},
            "agents": [{"name": "agent", "token": {"file": "secrets/agent_token"}}],
            "demo_clock": {"file": "secrets/clock_token"},
        })
    }

    /// The engine's settings, read back from the file that was written: one path for everybody.
    ///
    /// # Errors
    /// If the file has been spoilt.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(&self.folder.join("charla.yml"))?)
    }

    /// Starts simulator and shop on bound listeners.
    ///
    /// # Errors
    /// If one of them cannot start.
    pub async fn start_world(&self, simulator: TcpListener, shop: TcpListener) -> anyhow::Result<World> {
        let shop = shop::Options {
            listener: shop,
            data: Some(self.folder.join("shop.sqlite")),
            token: self.secrets.shop_token.clone(),
            crm_password: self.secrets.crm_password.clone(),
            today: None,
            seed: 1,
        };
        let engine = self.url(self.port);
        let number = |id: &str, display: &str, country: &str| BusinessNumber {
            phone_number_id: id.into(),
            display_phone_number: display.into(),
            name: "Charla Store".into(),
            country: country.into(),
        };
        let simulator = sim::Options {
            engine_webhook_url: format!("{engine}/webhooks/whatsapp"),
            app_secret: self.secrets.app_secret.clone(),
            verify_token: self.secrets.verify_token.clone(),
            access_token: self.secrets.access_token.clone(),
            numbers: vec![
                number(NUMBER_IN, "919810000000", "IN"),
                number(NUMBER_ES, "34600000000", "ES"),
                number(NUMBER_MX, "525500000000", "MX"),
            ],
            engine_clock_url: Some(format!("{engine}/demo/clock")),
            engine_clock_token: Some(self.secrets.clock_token.clone()),
            engine_url: Some(engine),
            shop_url: Some(self.url(self.shop_port)),
            shop_token: Some(self.secrets.shop_token.clone()),
            ..sim::Options::new(simulator)
        };
        Ok(World::start(simulator, shop).await?)
    }

    /// Tells a person where to click.
    pub fn announce(&self, with_engine: bool) {
        let links = self.folder.join("demo.json");
        println!();
        println!("  Charla demo");
        println!("  phone page   {}", self.url(self.simulator_port));
        println!("  the shop     {}", self.url(self.shop_port));
        println!("  engine       {}/health/ready", self.url(self.port));
        println!("  metrics      {}/metrics", self.url(self.port));
        println!("  links, keys  {}", links.display());
        if !with_engine {
            println!();
            println!(
                "  the world is up; start the engine with: charla serve --config {}",
                self.folder.join("charla.yml").display()
            );
        }
        println!();
        println!("  Ctrl-C ends it.");
        println!();
    }
}

/// Reads a secret, or makes one of 256 random bits, readable by its owner only.
fn secret(path: &Path) -> anyhow::Result<String> {
    if let Ok(text) = std::fs::read_to_string(path)
        && !text.trim().is_empty()
    {
        return Ok(text.trim().to_owned());
    }
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).context("CHARLA-E2304: the system gives no random numbers")?;
    let secret = hex::encode(bytes);
    write(path, &secret)?;
    Ok(secret)
}

/// Writes a file that holds keys, readable by its owner only.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("CHARLA-E2303: {} cannot be written", path.display()))
}
