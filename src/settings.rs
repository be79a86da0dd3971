//! The engine's settings: one YAML file, checked as a whole before anything starts.

use crate::{
    backends::BackendOptions, catalogue::CatalogueSettings, secret::SecretSource, telemetry::LogFormat,
};
use charla_models::encoder::Kind;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Everything `charla serve` needs to know. Relative paths start at the settings file's folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// HTTP server.
    #[serde(default)]
    pub server: ServerSettings,
    /// Folder of the journal and the snapshots. Default `data`.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// Folder of domain, flows, responses and NLU examples. Default: the settings file's own folder.
    #[serde(default)]
    pub assistant_dir: PathBuf,
    /// WhatsApp.
    pub whatsapp: WhatsAppSettings,
    /// Backends by the name that actions use.
    #[serde(default)]
    pub backends: BTreeMap<String, BackendOptions>,
    /// Understanding.
    #[serde(default)]
    pub nlu: NluSettings,
    /// Session runtime.
    #[serde(default)]
    pub engine: charla_actors::Options,
    /// Agents and their tokens.
    #[serde(default)]
    pub agents: Vec<AgentSettings>,
    /// Allows `POST /demo/clock` with this token to move the engine's clock. Only for demos and tests.
    #[serde(default)]
    pub demo_clock: Option<SecretSource>,
}

fn default_data_dir() -> PathBuf {
    "data".into()
}

/// HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port. Default `127.0.0.1:8080`; put a TLS-terminating proxy in front.
    pub listen: String,
    /// Largest webhook body in bytes; Meta sends up to 3 MB. Default 3,145,728.
    pub max_body_bytes: usize,
    /// HTTP worker threads. Default 2.
    pub workers: usize,
    /// Longest time to drain at shutdown, seconds. Default 20.
    pub drain_s: u64,
    /// How long a process whose journal has failed goes on showing it, with 503 for webhooks, before it ends, seconds; at
    /// least two scrapes of its metrics. 0: it ends at once. Default 30.
    pub linger_s: u64,
    /// Log form. Default `json`.
    pub logs: LogFormat,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            max_body_bytes: 3 * 1024 * 1024,
            workers: 2,
            drain_s: 20,
            linger_s: 30,
            logs: LogFormat::default(),
        }
    }
}

/// WhatsApp.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsAppSettings {
    /// Graph API. Default `https://graph.facebook.com`.
    #[serde(default = "default_graph_url")]
    pub graph_url: String,
    /// Version in its paths. Default `v24.0`.
    #[serde(default = "default_api_version")]
    pub api_version: String,
    /// App secrets that may sign webhooks; more than one while a secret is rotated.
    pub app_secrets: Vec<SecretSource>,
    /// Token of the verification handshake.
    pub verify_token: SecretSource,
    /// Access token for sending; a file is read again when it changes.
    pub access_token: SecretSource,
    /// Business numbers served here; webhooks of others are kept and counted, never answered.
    pub numbers: Vec<NumberSettings>,
    /// Longest time one request to Graph may take, milliseconds. Default 10,000.
    #[serde(default = "default_graph_timeout_ms")]
    pub timeout_ms: u64,
    /// Whether each message is marked as read, with the typing indicator until the answer. One more request to Graph a
    /// message. Default true.
    #[serde(default = "default_mark_read")]
    pub mark_read: bool,
}

fn default_mark_read() -> bool {
    true
}

fn default_graph_url() -> String {
    "https://graph.facebook.com".into()
}
fn default_api_version() -> String {
    "v24.0".into()
}
fn default_graph_timeout_ms() -> u64 {
    10_000
}

/// A business number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSettings {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// For people: the number as displayed.
    #[serde(default)]
    pub display: String,
    /// Messages a second that may be sent. Default 60, so that inbound traffic has room within Meta's default of 80.
    #[serde(default = "default_mps")]
    pub messages_per_s: u32,
}

fn default_mps() -> u32 {
    60
}

/// Understanding.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NluSettings {
    /// Worker threads, each with its own encoder session. Default 2.
    pub workers: usize,
    /// Requests that may wait. Default 512.
    pub queue: usize,
    /// Longest wait for a place, milliseconds. Default 2,000.
    pub wait_ms: u64,
    /// Longest time for one parse, milliseconds. Default 2,000.
    pub timeout_ms: u64,
    /// Longest wait for a worker in an overload, where there has not been a moment without a text asked about for `timeout_ms`,
    /// milliseconds. Default 500.
    pub patience_ms: u64,
    /// Cache of encoder, runtime and trained models. Default `$CHARLA_CACHE`, else the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// The encoder that is used if it is in the cache: `multilingual` (also `true`, the default), `english`, or `false` for none.
    #[serde(deserialize_with = "encoder")]
    pub encoder: Option<Kind>,
    /// Whether the encoder's last layers are trained with the heads, as `charla train --tune` does. Default false.
    pub tune: bool,
    /// How often to look for a newly trained model, seconds; 0: never, a new one waits for the next start. Default 5.
    pub watch_s: u64,
    /// How a new model comes to answer.
    pub swap: charla_models::SwapOptions,
    /// Where the names of products come from.
    pub catalogue: CatalogueSettings,
}

impl Default for NluSettings {
    fn default() -> Self {
        Self {
            workers: 2,
            queue: 512,
            wait_ms: 2_000,
            timeout_ms: 2_000,
            patience_ms: 500,
            cache_dir: None,
            encoder: Some(Kind::default()),
            tune: false,
            watch_s: 5,
            swap: charla_models::SwapOptions::default(),
            catalogue: CatalogueSettings::default(),
        }
    }
}

/// An encoder by its name, or whether there is to be one.
fn encoder<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Kind>, D::Error> {
    struct Choice;
    impl serde::de::Visitor<'_> for Choice {
        type Value = Option<Kind>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("`multilingual`, `english`, true or false")
        }
        fn visit_bool<E>(self, wanted: bool) -> Result<Self::Value, E> {
            Ok(wanted.then(Kind::default))
        }
        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
            name.parse().map(Some).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Choice)
}

/// A person who may use the agents' API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// Short name, journalled with everything they do.
    pub name: String,
    /// Their bearer token.
    pub token: SecretSource,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("CHARLA-E2001: {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be; the message names line and column.
    #[error("CHARLA-E2002: {path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What and where.
        message: String,
    },
    /// A value makes no sense.
    #[error("CHARLA-E2003: {path}: {key}: {message}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong and how to mend it.
        message: String,
    },
}

impl Settings {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    /// With file, place and mend.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// As [`load`](Self::load), for a text that stands in `path`.
    ///
    /// # Errors
    /// With file, place and mend.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SettingsError> {
        let mut settings: Settings = serde_saphyr::from_str(text)
            .map_err(|error| SettingsError::Parse { path: path.to_owned(), message: error.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        settings.data_dir = folder.join(&settings.data_dir);
        settings.assistant_dir = folder.join(&settings.assistant_dir);
        if let Some(cache) = &mut settings.nlu.cache_dir {
            *cache = folder.join(&*cache);
        }
        for secret in settings.secrets_mut() {
            if let Some(file) = &mut secret.file {
                *file = folder.join(&*file);
            }
        }
        settings.check(path)?;
        Ok(settings)
    }

    fn secrets_mut(&mut self) -> Vec<&mut SecretSource> {
        use crate::backends::Auth;
        let mut all: Vec<&mut SecretSource> = Vec::new();
        all.extend(self.whatsapp.app_secrets.iter_mut());
        all.push(&mut self.whatsapp.verify_token);
        all.push(&mut self.whatsapp.access_token);
        all.extend(self.agents.iter_mut().map(|agent| &mut agent.token));
        all.extend(self.demo_clock.iter_mut());
        for backend in self.backends.values_mut() {
            match &mut backend.auth {
                Auth::None => {}
                Auth::Bearer { token } => all.push(token),
                Auth::Basic { password, .. } => all.push(password),
            }
        }
        all
    }

    fn check(&self, path: &Path) -> Result<(), SettingsError> {
        let wrong = |key: String, message: &str| SettingsError::Value {
            path: path.to_owned(),
            key,
            message: message.to_owned(),
        };
        if self.whatsapp.app_secrets.is_empty() {
            return Err(wrong("whatsapp.app_secrets".into(), "is empty; name at least one secret"));
        }
        if self.whatsapp.numbers.is_empty() {
            return Err(wrong("whatsapp.numbers".into(), "is empty; add the number's phone_number_id"));
        }
        let mut seen = BTreeSet::new();
        for (i, number) in self.whatsapp.numbers.iter().enumerate() {
            let key = format!("whatsapp.numbers[{i}]");
            if number.phone_number_id.is_empty() {
                return Err(wrong(key, "has no phone_number_id; copy it from the WhatsApp manager"));
            }
            if !seen.insert(&number.phone_number_id) {
                return Err(wrong(key, "names a phone_number_id twice; remove one"));
            }
            if number.messages_per_s == 0 {
                return Err(wrong(key, "has messages_per_s 0; give at least 1"));
            }
        }
        for (name, backend) in &self.backends {
            if !backend.base_url.starts_with("http://") && !backend.base_url.starts_with("https://") {
                return Err(wrong(
                    format!("backends.{name}.base_url"),
                    "must begin with http:// or https://",
                ));
            }
            for (key, found) in
                [("rate_per_s", u64::from(backend.rate_per_s)), ("timeout_ms", backend.timeout_ms)]
            {
                if found == 0 {
                    return Err(wrong(format!("backends.{name}.{key}"), "is 0; give at least 1"));
                }
            }
        }
        let graph = &self.whatsapp.graph_url;
        if !graph.starts_with("http://") && !graph.starts_with("https://") {
            return Err(wrong("whatsapp.graph_url".into(), "must begin with http:// or https://"));
        }
        if self.whatsapp.timeout_ms == 0 {
            return Err(wrong("whatsapp.timeout_ms".into(), "is 0; give at least 1"));
        }
        self.engine.check().map_err(|bad| wrong("engine".into(), &bad.to_string()))?;
        let mut names = BTreeSet::new();
        for (i, agent) in self.agents.iter().enumerate() {
            if !names.insert(&agent.name) {
                return Err(wrong(format!("agents[{i}].name"), "is used twice; names must differ"));
            }
        }
        if self.nlu.workers == 0 || self.server.workers == 0 {
            return Err(wrong("workers".into(), "is 0; give at least 1"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "
whatsapp:
  app_secrets: [{file: secrets/app}]
  verify_token: {env: V}
  access_token: {env: A}
  numbers: [{phone_number_id: '1'}]
";

    #[test]
    fn paths_start_at_the_file() {
        let s = Settings::parse(SMALL, Path::new("/etc/charla/charla.yml")).unwrap();
        assert_eq!(s.data_dir, Path::new("/etc/charla/data"));
        assert_eq!(s.whatsapp.app_secrets[0].file.as_deref(), Some(Path::new("/etc/charla/secrets/app")));
        assert_eq!(s.whatsapp.numbers[0].messages_per_s, 60);
    }

    #[test]
    fn the_encoder_has_a_name_or_is_switched() {
        let of = |value: &str| {
            let text = format!("{SMALL}\nnlu: {{encoder: {value}}}\n");
            Settings::parse(&text, Path::new("c.yml")).map(|s| s.nlu.encoder)
        };
        assert_eq!(of("true").unwrap(), Some(Kind::Multilingual));
        assert_eq!(of("multilingual").unwrap(), Some(Kind::Multilingual));
        assert_eq!(of("english").unwrap(), Some(Kind::English));
        assert_eq!(of("false").unwrap(), None);
        assert_eq!(Settings::parse(SMALL, Path::new("c.yml")).unwrap().nlu.encoder, Some(Kind::Multilingual));
        let error = of("spanish").unwrap_err().to_string();
        assert!(error.contains("spanish") && error.contains("multilingual and english"), "{error}");
    }

    #[test]
    fn mistakes_name_the_place_and_the_mend() {
        let twice =
            SMALL.replace("[{phone_number_id: '1'}]", "[{phone_number_id: '1'}, {phone_number_id: '1'}]");
        let error = Settings::parse(&twice, Path::new("c.yml")).unwrap_err().to_string();
        assert!(error.contains("numbers[1]") && error.contains("twice"), "{error}");
        let unknown = format!("{SMALL}\nserver: {{listne: x}}\n");
        let error = Settings::parse(&unknown, Path::new("c.yml")).unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
        // The data folder has its key at the top; a second one would be overruled in silence.
        let elsewhere = format!("{SMALL}\nengine: {{data_dir: elsewhere}}\n");
        let error = Settings::parse(&elsewhere, Path::new("c.yml")).unwrap_err().to_string();
        assert!(error.contains("data_dir"), "{error}");
    }

    #[test]
    fn what_cannot_work_is_told_before_anything_starts() {
        for (more, place) in [
            ("engine: {shards: 0}", "shards"),
            ("engine: {dispatch_width: 0}", "dispatch_width"),
            ("backends: {orders: {base_url: 'http://x', rate_per_s: 0}}", "backends.orders.rate_per_s"),
            ("backends: {orders: {base_url: 'http://x', timeout_ms: 0}}", "backends.orders.timeout_ms"),
        ] {
            let error = Settings::parse(&format!("{SMALL}\n{more}\n"), Path::new("c.yml")).unwrap_err();
            assert!(error.to_string().contains(place), "{error}");
        }
        for (more, place) in
            [("graph_url: graph", "whatsapp.graph_url"), ("timeout_ms: 0", "whatsapp.timeout_ms")]
        {
            let text = format!("{}  {more}\n", SMALL);
            let error = Settings::parse(&text, Path::new("c.yml")).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
