//! Rasa: found or installed, trained once, served.

use super::{
    project::{Project, TRACKERS, Variant},
    server::Server,
};
use anyhow::Context;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::Command;

/// The last of the 3.6 line on PyPI.
pub(super) const RELEASE: &str = "3.6.21";
/// Loading TensorFlow and a model, on a busy machine.
const START: Duration = Duration::from_secs(300);

/// A Rasa that can be run.
#[derive(Debug, Clone)]
pub(super) struct Rasa {
    program: PathBuf,
    /// As it calls itself, with its Python's version.
    pub version: String,
}

/// Where installations, projects and trained models are kept between runs.
pub(super) fn default_cache() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("CHARLA_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("charla")))
        .or_else(|| Some(folder("HOME")?.join(".cache/charla")));
    cache.unwrap_or_else(|| std::env::temp_dir().join("charla")).join("side-by-side")
}

fn environment(cache: &Path) -> PathBuf {
    cache.join(format!("rasa-{RELEASE}"))
}

/// How a person installs it.
pub(super) fn advice() -> String {
    format!(
        "Rasa is not installed, so Charla is measured alone. Rasa {RELEASE} needs Python 3.10 (and about 3 GB):\n  \
         charla-loadtest side-by-side --install\nor by hand\n  \
         python3.10 -m venv rasa && rasa/bin/pip install rasa=={RELEASE}\n  \
         charla-loadtest side-by-side --rasa rasa"
    )
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("RASA_TELEMETRY_ENABLED", "false")
        .env("TF_CPP_MIN_LOG_LEVEL", "2")
        .env("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
        .env_remove("SANIC_WORKERS")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Python 3.10: what the path has, else one of pyenv's, whose name on the path may only say where it would be.
async fn python() -> anyhow::Result<PathBuf> {
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|pyenv| std::fs::read_dir(pyenv.join("versions")).ok());
    let versions =
        versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python3.10"));
    for candidate in std::iter::once(PathBuf::from("python3.10")).chain(versions) {
        let said = Command::new(&candidate).arg("--version").kill_on_drop(true).output().await;
        if said.is_ok_and(|said| said.stdout.starts_with(b"Python 3.10.")) {
            return Ok(candidate);
        }
    }
    anyhow::bail!(
        "CHARLA-E5505: no Python 3.10 runs, neither `python3.10` nor one of pyenv's; `pyenv install 3.10` brings one"
    )
}

impl Rasa {
    /// The one that was named (its program, or the folder of its environment), else the one that was installed here before,
    /// else the one on the path.
    ///
    /// # Errors
    /// If one was named and does not run.
    pub(super) async fn find(named: Option<&Path>, cache: &Path) -> anyhow::Result<Option<Self>> {
        if let Some(named) = named {
            let program = if named.is_dir() { named.join("bin/rasa") } else { named.to_owned() };
            let found = Self::at(&program).await;
            let wrong = || format!("CHARLA-E5505: `{} --version` does not run", program.display());
            return Ok(Some(found.with_context(wrong)?));
        }
        let installed = environment(cache).join("bin/rasa");
        if installed.is_file() {
            return Ok(Some(Self::at(&installed).await?));
        }
        Ok(Self::at(Path::new("rasa")).await.ok())
    }

    async fn at(program: &Path) -> anyhow::Result<Self> {
        let output = command(program).arg("--version").output().await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = version(&text)
            .with_context(|| format!("it says: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
        // A relative name with a folder in it would be looked for elsewhere once the working directory is another.
        let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        // The environment's own program is a script that may be a link; either way it has to keep its place.
        Ok(Self { program, version })
    }

    /// Makes an environment below the cache folder with `pip`, whose progress is shown.
    ///
    /// # Errors
    /// If there is no Python 3.10, or it cannot be installed.
    pub(super) async fn install(cache: &Path) -> anyhow::Result<Self> {
        let place = environment(cache);
        let program = place.join("bin/rasa");
        if program.is_file() {
            return Self::at(&program).await;
        }
        eprintln!("installing Rasa {RELEASE} into {} with Python 3.10 and pip …", place.display());
        std::fs::create_dir_all(cache)
            .with_context(|| format!("CHARLA-E5505: {} cannot be made", cache.display()))?;
        let run = async |program: &Path, arguments: &[&str]| -> anyhow::Result<()> {
            let words = format!("`{} {}`", program.display(), arguments.join(" "));
            let status = Command::new(program).args(arguments).kill_on_drop(true).status().await;
            let status = status.with_context(|| format!("CHARLA-E5505: {words} cannot be run"))?;
            anyhow::ensure!(status.success(), "CHARLA-E5505: {words} failed; what it wrote stands above");
            Ok(())
        };
        let place_text = place.display().to_string();
        run(&python().await?, &["-m", "venv", &place_text]).await?;
        let python = place.join("bin/python");
        // With the pip that Python 3.10 brings: some of Rasa's dependencies can only be built by means that later ones refuse.
        run(&python, &["-m", "pip", "install", &format!("rasa=={RELEASE}")]).await?;
        Self::at(&program).await
    }

    /// Writes the project and trains its model, unless the cache has it; the project's folder, and how long it took.
    ///
    /// # Errors
    /// If it cannot be written or trained.
    pub(super) async fn train(
        &self,
        project: &Project,
        variant: Variant,
        cache: &Path,
    ) -> anyhow::Result<(PathBuf, Option<Duration>)> {
        let folder = cache.join(format!("project-{}-{}", variant.pipeline().name(), project.hash()));
        if folder.join(MODEL).is_file() {
            return Ok((folder, None));
        }
        project.write(&folder)?;
        eprintln!(
            "training Rasa's {} pipeline from {} examples of {} intents …",
            variant.name(),
            project.examples,
            project.intents
        );
        let begun = Instant::now();
        let log = folder.join("train.log");
        let file = std::fs::File::create(&log)?;
        let status = command(&self.program)
            .args(["train", "--fixed-model-name", "model", "--out", "models", "--data", "data"])
            .current_dir(&folder)
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .await?;
        let trained = status.success() && folder.join(MODEL).is_file();
        anyhow::ensure!(trained, "CHARLA-E5505: `rasa train` failed; {} says why", log.display());
        Ok((folder, Some(begun.elapsed())))
    }

    /// Starts the server of a trained project: its address, and how long it took to be ready.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) async fn serve(
        &self,
        folder: &Path,
        variant: Variant,
        log: PathBuf,
        http: &reqwest::Client,
    ) -> anyhow::Result<(Server, String, Duration)> {
        // Every round begins without conversations.
        if folder.join(TRACKERS).is_file() {
            std::fs::remove_file(folder.join(TRACKERS))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = command(&self.program);
        command
            .args(["run", "--enable-api", "--interface", "127.0.0.1", "--port", &port.to_string()])
            .args(["--model", MODEL, "--credentials", "credentials.yml", "--endpoints", variant.endpoints()])
            .current_dir(folder);
        let mut server = Server::start("rasa", command, log)?;
        // Names the model only when it is loaded.
        let ready = |body: &str| body.contains("model_id") && body.contains("model.tar.gz");
        let took = server.ready(http, &format!("{url}/status"), START, ready).await?;
        Ok((server, url, took))
    }
}

/// Where training leaves the model.
const MODEL: &str = "models/model.tar.gz";

/// `3.6.21 (Python 3.10.13)` out of `rasa --version`.
fn version(text: &str) -> Option<String> {
    let of = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let python = of("Python Version").map(|python| format!(" (Python {python})")).unwrap_or_default();
    Some(of("Rasa Version")? + &python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_its_table() {
        let text = "Rasa Version      :         3.6.21\nMinimum Compatible Version: 3.6.21\nRasa SDK Version  :         3.6.2\nPython Version    :         3.10.13\n";
        assert_eq!(version(text).unwrap(), "3.6.21 (Python 3.10.13)");
        assert_eq!(version("command not found"), None);
    }

    #[tokio::test]
    async fn one_that_was_named_and_is_not_there_is_an_error_and_none_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let named = Rasa::find(Some(&cache.path().join("no")), cache.path()).await;
        assert!(format!("{:#}", named.unwrap_err()).contains("CHARLA-E5505"));
        assert!(advice().contains(RELEASE));
    }
}
