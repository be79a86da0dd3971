//! Finds and compiles an assistant's files.

use charla_dialogue::{Assistant, SourceFile, finding::Finding};
use std::path::{Path, PathBuf};

/// Files at the top of an assistant's folder.
const FILES: &[&str] = &["domain.yml", "actions.yml", "patterns.yml", "settings.yml"];
/// Folders whose `.yml` files belong to it.
const FOLDERS: &[&str] = &["flows", "responses"];

/// Why an assistant cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum AssistantError {
    /// A file or folder cannot be read.
    #[error(
        "CHARLA-E2201: {path} cannot be read: {source}. An assistant needs domain.yml, flows/ and responses/"
    )]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files contain mistakes.
    #[error("CHARLA-E2202: the assistant has {} mistakes, the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Findings(Vec<Finding>),
}

/// Reads the assistant's files; paths in the result are relative to `folder`'s parent, as a builder would name them.
///
/// # Errors
/// If one cannot be read.
pub fn read(folder: &Path) -> Result<Vec<SourceFile>, AssistantError> {
    let mut paths: Vec<PathBuf> =
        FILES.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
    for name in FOLDERS {
        paths.extend(yaml_files(&folder.join(name))?);
    }
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| AssistantError::Read { path: path.clone(), source })?;
            Ok(SourceFile { path: path.display().to_string(), text })
        })
        .collect()
}

/// The `.yml` and `.yaml` files of a folder, sorted by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, AssistantError> {
    let wrong = |source| AssistantError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads and compiles an assistant.
///
/// # Errors
/// If a file cannot be read or the files contain mistakes.
pub fn load(folder: &Path) -> Result<Assistant, AssistantError> {
    Assistant::load(read(folder)?).map_err(AssistantError::Findings)
}
