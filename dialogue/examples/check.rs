//! Checks a configuration folder and runs its conversation tests: `cargo run -p charla-dialogue --example check -- config`.

use charla_dialogue::testing::run_file;
use charla_dialogue::{Assistant, Severity, SourceFile};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

fn read(root: &Path, folder: &Path, all: &mut Vec<SourceFile>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("nlu") {
                read(root, &path, all)?;
            }
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            all.push(SourceFile { path: name, text: std::fs::read_to_string(&path)? });
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let root = std::env::args().nth(1).unwrap_or_else(|| "config".into());
    let mut files = Vec::new();
    if let Err(error) = read(Path::new(&root), Path::new(&root), &mut files) {
        eprintln!("{root}: {error}");
        return ExitCode::FAILURE;
    }
    let tests: Vec<SourceFile> = files.iter().filter(|f| f.path.starts_with("tests/")).cloned().collect();
    let (assistant, findings) = match Assistant::load(files) {
        Ok(assistant) => {
            let findings = assistant.check();
            (Some(Arc::new(assistant)), findings)
        }
        Err(findings) => (None, findings),
    };
    for finding in &findings {
        println!("{:?} {finding}", finding.severity);
    }
    let mut bad = findings.iter().filter(|f| f.severity == Severity::Error).count();
    println!("{} findings, {bad} of them errors", findings.len());
    if let Some(assistant) = assistant {
        let (mut run, mut failed) = (0, 0);
        for file in &tests {
            match run_file(&assistant, &file.path, &file.text) {
                Ok(results) => {
                    for result in results {
                        run += 1;
                        if let Some(failure) = result.failure {
                            failed += 1;
                            println!("FAILED {}:{} {}\n{failure}\n", file.path, result.line, result.name);
                        }
                    }
                }
                Err(findings) => {
                    failed += 1;
                    findings.iter().for_each(|f| println!("{f}"));
                }
            }
        }
        println!("{run} conversation tests, {failed} failed");
        bad += failed;
    }
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
