//! What the command line has begun ends with it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for something to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// An engine that says which process it is and does nothing else.
fn sleeper(folder: &Path) -> std::io::Result<(PathBuf, PathBuf)> {
    let (program, told) = (folder.join("charla"), folder.join("pid"));
    let script = format!("#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 100\n", told.display());
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok((program, told))
}

fn waits_for(what: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn a_signal_ends_the_engine_too() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = house.join("scenarios/smoke-100.toml");
    for arguments in [
        vec!["crash", "--rounds", "1"],
        vec!["run", scenario.to_str().unwrap(), "--assistant", house.to_str().unwrap()],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (program, told) = sleeper(folder.path()).unwrap();
        let own = folder.path().join("own");
        fs::create_dir(&own).unwrap();
        let mut world = Command::new(env!("CARGO_BIN_EXE_charla-loadtest"))
            .args(&arguments)
            .arg("--charla")
            .arg(&program)
            .env("TMPDIR", &own)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert!(waits_for(|| told.exists()), "{arguments:?} begins no engine");
        let pid = fs::read_to_string(&told).unwrap();
        assert!(Command::new("kill").args(["-TERM", &world.id().to_string()]).status().unwrap().success());
        assert!(!world.wait().unwrap().success());
        let engine = PathBuf::from(format!("/proc/{}/cmdline", pid.trim()));
        let gone = || fs::read(&engine).map_or(true, |line| line.is_empty());
        assert!(waits_for(gone), "{arguments:?} leaves its engine behind");
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0, "{arguments:?} leaves a folder behind");
    }
}
