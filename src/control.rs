//! What an operator on the same machine may ask a running engine for: a Unix socket in the data folder, for its owner alone.
//! Who may open it could read the journal's files anyway, hence no token.
//!
//! One request a connection, one line of JSON: `{"backup": "/absolute/path"}`, `{"find": "WHOM"}`, `{"erase": "WHOM"}`. Answers are
//! lines of JSON: `{"progress": {"rows": n, "bytes": n}}` while a backup goes on, then `{"done": {"rows": n, "bytes": n}}`;
//! `{"found": [conversation, …]}`; `{"erased": [[conversation, …], rows]}`; or `{"error": "…"}`.

use crate::{bot::Bot, erasure::Whom};
use charla_actors::{backup::Amount, clock::Clock, engine::EngineHandle};
use serde::{Deserialize, Serialize};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::{Semaphore, mpsc},
};

/// A request is a path and little more.
const LONGEST: u64 = 16 * 1024;
/// Pause after a connection could not be taken.
const PAUSE: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A backup into this file.
    Backup(PathBuf),
    /// The conversations of somebody; see [`Whom`].
    Find(String),
    /// That everything of them is erased.
    Erase(String),
}

/// What is answered, one or more lines.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// So far.
    Progress(Amount),
    /// The end.
    Done(Amount),
    /// Somebody's conversations.
    Found(Vec<String>),
    /// These were erased, and so many rows.
    Erased(Vec<String>, usize),
    /// It did not work.
    Error(String),
}

/// The socket of an engine with this data folder.
pub fn place(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// A listening socket. When this is dropped it is removed, and a backup that is being written ends without a file.
pub struct Control {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
    ended: Arc<AtomicBool>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        self.ended.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Listens. An engine serves without it too: a folder whose path is too long for a socket only costs backups and erasure while serving.
pub fn listen(data: &Path, engine: EngineHandle<Bot>, clock: Arc<dyn Clock>) -> Option<Control> {
    let path = place(data);
    // What a killed engine left; the journal's lock has shown already that no other one is running.
    let _ = std::fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map(|()| listener)
    });
    let listener = match bound {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no control socket: `charla backup` and `charla erase` work only while the engine is stopped");
            return None;
        }
    };
    // One backup at a time: each holds back the store's compaction.
    let turn = Arc::new(Semaphore::new(1));
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    let task = tokio::spawn(async move {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // What failed may pass, such as a lack of file handles.
                    tracing::warn!(%error, "a control connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let (engine, clock, turn, ended) = (engine.clone(), clock.clone(), turn.clone(), seen.clone());
            tokio::spawn(async move {
                if let Err(error) = serve(stream, engine, clock, &turn, ended).await {
                    tracing::debug!(%error, "a control connection ended");
                }
            });
        }
    });
    Some(Control { path, task, ended })
}

async fn say(stream: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

async fn serve(
    stream: UnixStream,
    engine: EngineHandle<Bot>,
    clock: Arc<dyn Clock>,
    turn: &Semaphore,
    ended: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LONGEST)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(Request::Backup(path)) if path.is_absolute() => {
            return backup(write, path, engine, clock, turn, ended).await;
        }
        Ok(Request::Backup(path)) => Answer::Error(format!("{} is not an absolute path", path.display())),
        Ok(Request::Find(whom)) => find(&engine, &whom).unwrap_or_else(Answer::Error),
        Ok(Request::Erase(whom)) => erase(&engine, &whom).await.unwrap_or_else(Answer::Error),
        Err(error) => Answer::Error(format!("the request cannot be read: {error}")),
    };
    say(&mut write, &answer).await
}

fn find(engine: &EngineHandle<Bot>, whom: &str) -> Result<Answer, String> {
    let inspector = engine.inspector();
    let found = Whom::parse(whom)
        .found(inspector)
        .and_then(|id| id.map(|id| inspector.all_of(&id)).transpose())
        .map_err(|error| error.to_string())?;
    Ok(Answer::Found(found.unwrap_or_default().iter().map(ToString::to_string).collect()))
}

async fn erase(engine: &EngineHandle<Bot>, whom: &str) -> Result<Answer, String> {
    let id = Whom::parse(whom).found(engine.inspector()).map_err(|error| error.to_string())?;
    let id = id.ok_or("nobody is known so")?;
    let erased = engine.erase(&id).await.map_err(|error| error.to_string())?;
    let erased = erased.map_err(|error| error.to_string())?;
    let ids: Vec<String> = erased.conversations.iter().map(ToString::to_string).collect();
    // Without names: that somebody was erased is to be known, and by now nobody can say who it was.
    tracing::info!(conversations = ids.join(" "), rows = erased.rows, "a person was erased");
    Ok(Answer::Erased(ids, erased.rows))
}

async fn backup(
    mut write: OwnedWriteHalf,
    path: PathBuf,
    engine: EngineHandle<Bot>,
    clock: Arc<dyn Clock>,
    turn: &Semaphore,
    ended: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let Ok(_turn) = turn.try_acquire() else {
        return say(&mut write, &Answer::Error("another backup is being written".to_owned())).await;
    };
    let (told, mut progress) = mpsc::channel(1);
    let named = path.display().to_string();
    let writing = tokio::task::spawn_blocking(move || {
        engine.inspector().backup_while(&path, clock.now(), &mut |amount| {
            // Progress is a courtesy: where nobody reads, the backup goes on.
            let _ = told.try_send(amount);
            match ended.load(Ordering::Relaxed) {
                true => Err(std::io::Error::other("the engine stops")),
                false => Ok(()),
            }
        })
    });
    while let Some(amount) = progress.recv().await {
        let _ = say(&mut write, &Answer::Progress(amount)).await;
    }
    let answer = match writing.await {
        Ok(Ok(amount)) => {
            tracing::info!(path = named, rows = amount.rows, bytes = amount.bytes, "backup written");
            Answer::Done(amount)
        }
        Ok(Err(error)) => Answer::Error(error.to_string()),
        // The log says where. Its message may quote a row.
        Err(_) => Answer::Error("the backup panicked".to_owned()),
    };
    if let Answer::Error(error) = &answer {
        tracing::error!(path = named, %error, "no backup");
    }
    say(&mut write, &answer).await
}
