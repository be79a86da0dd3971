//! `charla check`.

mod stories;

use crate::{assistant, settings::Settings};
use charla_dialogue::{
    config::settings::Understanding,
    finding::{Finding, Severity, codes},
};
use charla_models::data::{Dataset, problems};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Lints the whole configuration and runs its conversation tests.
#[derive(Debug, Args)]
pub struct Check {
    /// Settings file (its `assistant_dir` is checked too) or an assistant's folder.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Leaves the conversation tests out.
    #[arg(long)]
    no_tests: bool,
    /// Also reports what is only worth a look.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = if self.config.is_dir() {
            self.config.clone()
        } else {
            Settings::load(&self.config)?.assistant_dir
        };
        let mut findings = Vec::new();
        let mut passed = 0usize;
        let mut failed = 0usize;
        let examples = folder.join("nlu");
        let mut data = Dataset::default();
        match assistant::load(&folder) {
            Ok(assistant) => {
                let assistant = Arc::new(assistant);
                findings.extend(assistant.check());
                if assistant.settings.understanding == Understanding::None {
                    findings.extend(examples.exists().then(|| unused(&examples)));
                } else {
                    data = Dataset::read(&examples)?;
                    findings.extend(stories::names(&assistant, &data));
                }
                if !self.no_tests {
                    (passed, failed) = conversations(&assistant, &folder.join("tests"))?;
                }
            }
            Err(assistant::AssistantError::Findings(found)) => {
                findings.extend(found);
                if examples.exists() {
                    data = Dataset::read(&examples)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        let notes = problems::check(&data);
        let (unusable, notes): (Vec<_>, Vec<_>) =
            notes.into_iter().partition(|note| stories::severity(note.kind).is_some());
        findings.extend(stories::problems(&unusable));
        for finding in &findings {
            print_finding(finding);
        }
        for note in notes.iter().filter(|_| self.strict) {
            println!("note     {note}");
        }
        let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
        println!(
            "checked {}: {} examples, {} stories, {errors} errors, {} warnings, {} notes on the examples, \
             {passed} conversation tests passed, {failed} failed",
            folder.display(),
            data.examples.len(),
            data.stories.len(),
            findings.len() - errors,
            notes.len(),
        );
        let strict = self.strict && findings.len() > errors;
        Ok(if errors + failed > 0 || strict { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Examples beside an assistant that understands no texts.
fn unused(examples: &Path) -> Finding {
    Finding {
        file: examples.display().to_string(),
        line: 0,
        column: 0,
        severity: Severity::Warning,
        code: codes::UNUSED.to_owned(),
        message: "the examples are not used: settings.yml says `understanding: none`".to_owned(),
        mend: "remove them, or the setting".to_owned(),
    }
}

fn print_finding(finding: &Finding) {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    println!("{word:<8} {finding}");
}

fn conversations(
    assistant: &Arc<charla_dialogue::Assistant>,
    folder: &Path,
) -> anyhow::Result<(usize, usize)> {
    let (mut passed, mut failed) = (0, 0);
    if !folder.exists() {
        return Ok((0, 0));
    }
    for path in assistant::yaml_files(folder)? {
        let text = std::fs::read_to_string(&path)?;
        let file = path.display().to_string();
        match charla_dialogue::testing::run_file(assistant, &file, &text) {
            Ok(outcomes) => {
                for outcome in outcomes {
                    match outcome.failure {
                        None => passed += 1,
                        Some(failure) => {
                            failed += 1;
                            println!("failed   {file}: {}: {failure}", outcome.name);
                        }
                    }
                }
            }
            Err(findings) => {
                failed += 1;
                findings.iter().for_each(print_finding);
            }
        }
    }
    Ok((passed, failed))
}
