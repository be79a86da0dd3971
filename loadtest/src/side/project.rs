//! The assistant's examples as a Rasa project: the same intents, some of their examples in all four varieties, a response
//! for each.

use anyhow::Context;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use xxhash_rust::xxh3::Xxh3;

/// The SQLite file of a project's conversations.
pub(super) const TRACKERS: &str = "conversations.db";
/// Varieties, as the folders of `config/nlu` are called.
const LANGUAGES: [&str; 4] = ["en", "es", "hi", "hi-Latn"];

/// How Rasa understands and decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Variant {
    /// What `rasa init` writes: DIET and ResponseSelector; memoization, rules, UnexpecTED and TED.
    Default,
    /// Whitespace tokens, word counts, logistic regression; memoization and rules.
    Lean,
    /// Keywords instead of a model; memoization and rules. Faster still, but it understands next to nothing.
    Keyword,
    /// As `default`, with conversations kept in SQLite instead of in memory.
    DefaultSql,
    /// As `lean`, with conversations kept in SQLite instead of in memory.
    LeanSql,
}

impl Variant {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Default => "default",
            Variant::Lean => "lean",
            Variant::Keyword => "keyword",
            Variant::DefaultSql => "default-sql",
            Variant::LeanSql => "lean-sql",
        }
    }

    /// The one with the same pipeline whose tracker store is in memory.
    pub(super) fn pipeline(self) -> Self {
        match self {
            Variant::DefaultSql => Variant::Default,
            Variant::LeanSql => Variant::Lean,
            other => other,
        }
    }

    /// The endpoints to serve it with.
    pub(super) fn endpoints(self) -> &'static str {
        if self.pipeline() == self { "endpoints.yml" } else { "endpoints-sql.yml" }
    }

    fn config(self, epochs: u32) -> String {
        let recipe = "recipe: default.v1\nassistant_id: side-by-side\nlanguage: en\n";
        let rules = "policies:\n- name: MemoizationPolicy\n- name: RulePolicy\n";
        match self.pipeline() {
            // The pipeline and policies that Rasa 3.6 writes into a new project as its defaults; only `epochs` (100 there) is
            // ours: how long is trained does not change how fast is served.
            Variant::Default | Variant::DefaultSql => format!(
                "{recipe}pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: {epochs}
  constrain_similarities: true
- name: EntitySynonymMapper
- name: ResponseSelector
  epochs: {epochs}
  constrain_similarities: true
- name: FallbackClassifier
  threshold: 0.3
  ambiguity_threshold: 0.1
{rules}- name: UnexpecTEDIntentPolicy
  max_history: 5
  epochs: {epochs}
- name: TEDPolicy
  max_history: 5
  epochs: {epochs}
  constrain_similarities: true
"
            ),
            Variant::Lean | Variant::LeanSql => format!(
                "{recipe}pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: LogisticRegressionClassifier
{rules}"
            ),
            Variant::Keyword => format!("{recipe}pipeline:\n- name: KeywordIntentClassifier\n{rules}"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct NluFile {
    #[serde(default)]
    nlu: Vec<NluItem>,
}

#[derive(Debug, Deserialize)]
struct NluItem {
    intent: Option<String>,
    #[serde(default)]
    examples: String,
}

/// A project, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    files: BTreeMap<&'static str, String>,
    /// Examples taken over.
    pub examples: usize,
    /// Intents.
    pub intents: usize,
}

/// The response's text for an intent.
pub(super) fn response(intent: &str) -> String {
    format!("[{intent}] Here is what you asked for. Is there anything else that I can do for you?")
}

impl Project {
    /// Takes `each` examples of every intent and variety from the assistant's `nlu` folder, spread over the whole list.
    ///
    /// # Errors
    /// If the folder holds no examples, or a file is not what it should be.
    pub(super) fn of(assistant: &Path, variant: Variant, each: usize, epochs: u32) -> anyhow::Result<Self> {
        let mut by_intent: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for language in LANGUAGES {
            let folder = assistant.join("nlu").join(language);
            for (intent, lines) in examples(&folder)? {
                by_intent.entry(intent).or_default().extend(spread(lines, each));
            }
        }
        anyhow::ensure!(
            by_intent.len() > 1,
            "CHARLA-E5504: {} holds no examples; name the demo's assistant with --assistant",
            assistant.join("nlu").display()
        );
        let intents: Vec<&str> = by_intent.keys().map(String::as_str).collect();
        let files = BTreeMap::from([
            ("config.yml", variant.config(epochs)),
            ("credentials.yml", "rest:\n".to_owned()),
            ("endpoints.yml", "# The tracker store is Rasa's default: in memory.\n".to_owned()),
            (
                "endpoints-sql.yml",
                format!("tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {TRACKERS}\n"),
            ),
            ("domain.yml", domain(&intents, &entities(&by_intent))),
            ("data/nlu.yml", nlu(&by_intent)),
            ("data/rules.yml", rules(&intents)),
            ("data/stories.yml", stories(&intents)),
        ]);
        Ok(Self { files, examples: by_intent.values().map(Vec::len).sum(), intents: by_intent.len() })
    }

    /// Names the content.
    pub(super) fn hash(&self) -> String {
        let mut hash = Xxh3::new();
        for (name, text) in &self.files {
            hash.update(name.as_bytes());
            hash.update(text.as_bytes());
        }
        format!("{:016x}", hash.digest())
    }

    /// Writes the files below a folder.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        for (name, text) in &self.files {
            let path = folder.join(name);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| fs::write(&path, text))
                .with_context(|| format!("CHARLA-E5504: {} cannot be written", path.display()))?;
        }
        Ok(())
    }
}

/// Examples by intent, from the files directly in a folder; stories and word lists below it are Charla's own.
fn examples(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let unreadable = || format!("CHARLA-E5504: {} cannot be read", folder.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(unreadable)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    paths.sort();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(unreadable)?;
        let file: NluFile = serde_saphyr::from_str(&text)
            .map_err(|error| anyhow::anyhow!("CHARLA-E5504: {}: {error}", path.display()))?;
        for item in file.nlu {
            let Some(intent) = item.intent else { continue };
            let lines = item.examples.lines().filter_map(|line| line.trim().strip_prefix("- "));
            all.entry(intent).or_default().extend(lines.map(|line| line.trim().to_owned()));
        }
    }
    Ok(all)
}

/// `most` of them, at equal distances.
fn spread(lines: Vec<String>, most: usize) -> Vec<String> {
    let count = lines.len();
    let taken = most.min(count);
    (0..taken).filter_map(|i| lines.get(i * count / taken.max(1)).cloned()).collect()
}

/// Entities that are annotated, `[text](entity)` or `[text]{"entity": "name", …}`.
fn entities(by_intent: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut all = std::collections::BTreeSet::new();
    for line in by_intent.values().flatten() {
        for part in line.split(']').skip(1) {
            let simple = part.strip_prefix('(').and_then(|rest| Some(rest.split_once(')')?.0));
            let long = || part.strip_prefix("{\"entity\": \"").and_then(|rest| Some(rest.split_once('"')?.0));
            all.extend(simple.or_else(long).map(str::to_owned));
        }
    }
    all.into_iter().collect()
}

fn domain(intents: &[&str], entities: &[String]) -> String {
    let mut out = String::from("version: \"3.1\"\nintents:\n");
    for intent in intents {
        let _ = writeln!(out, "- {intent}");
    }
    out.push_str("entities:\n");
    for entity in entities {
        let _ = writeln!(out, "- {entity}");
    }
    out.push_str("responses:\n  utter_default:\n  - text: \"[fallback] I did not get that.\"\n");
    for intent in intents {
        let _ = writeln!(out, "  utter_{intent}:\n  - text: \"{}\"", response(intent));
    }
    out.push_str("session_config:\n  session_expiration_time: 60\n  carry_over_slots_to_new_session: true\n");
    out
}

fn nlu(by_intent: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::from("version: \"3.1\"\nnlu:\n");
    for (intent, lines) in by_intent {
        let _ = writeln!(out, "- intent: {intent}\n  examples: |");
        for line in lines {
            let _ = writeln!(out, "    - {line}");
        }
    }
    out
}

fn rules(intents: &[&str]) -> String {
    let mut out = String::from("version: \"3.1\"\nrules:\n");
    let fallback = [("nlu_fallback", "utter_default".to_owned())];
    let own = intents.iter().map(|intent| (*intent, format!("utter_{intent}")));
    for (intent, action) in own.chain(fallback) {
        let _ = writeln!(out, "- rule: {intent}\n  steps:\n  - intent: {intent}\n  - action: {action}");
    }
    out
}

/// Conversations for the policies to learn from: the one that is measured, and each of its topics with another one.
fn stories(intents: &[&str]) -> String {
    let mut all: Vec<Vec<&str>> = vec![
        super::texts::SCRIPT
            .iter()
            .filter_map(|step| super::judge::intents(*step).first().copied())
            .collect(),
    ];
    let topics = ["search_product", "check_stock", "track_order", "faq", "return_order", "find_store"];
    for first in topics {
        for second in topics.iter().filter(|second| **second != first) {
            all.push(vec!["greet", "affirm", first, second, "thank"]);
        }
    }
    let known = |story: &&Vec<&str>| story.iter().all(|intent| intents.contains(intent));
    let mut out = String::from("version: \"3.1\"\nstories:\n");
    for (n, story) in all.iter().filter(known).enumerate() {
        let _ = writeln!(out, "- story: conversation {n}\n  steps:");
        for intent in story {
            let _ = writeln!(out, "  - intent: {intent}\n  - action: utter_{intent}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn demo() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
    }

    fn yaml(project: &Project, name: &str) -> Value {
        serde_saphyr::from_str(&project.files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[test]
    fn the_demos_examples_become_a_project_whose_files_are_valid_yaml() {
        let project = Project::of(&demo(), Variant::Default, 5, 10).unwrap();
        assert!(project.intents >= 30 && (400..1_000).contains(&project.examples), "{project:?}");
        for name in project.files.keys().filter(|name| **name != "endpoints.yml") {
            assert!(yaml(&project, name).is_object(), "{name}");
        }
        let domain = yaml(&project, "domain.yml");
        let nlu = yaml(&project, "data/nlu.yml");
        assert_eq!(nlu["nlu"].as_array().unwrap().len(), project.intents);
        for item in nlu["nlu"].as_array().unwrap() {
            let intent = item["intent"].as_str().unwrap();
            assert!(item["examples"].as_str().unwrap().lines().count() >= 5, "{intent}");
            assert!(domain["responses"][format!("utter_{intent}")].is_array(), "{intent}");
        }
        assert!(domain["entities"].as_array().unwrap().contains(&"product".into()), "{domain}");
        assert!(!project.files["data/stories.yml"].contains("story: conversation 100"));
        assert!(project.files["data/stories.yml"].contains("story: conversation 30"));
    }

    #[test]
    fn variants_differ_in_their_pipeline_alone() {
        let of = |variant| Project::of(&demo(), variant, 3, 10).unwrap();
        let (default, lean) = (of(Variant::Default), of(Variant::Lean));
        let names = |project: &Project, part: &str| -> Vec<String> {
            let config = yaml(project, "config.yml");
            let names = config[part].as_array().unwrap().iter();
            names.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
        };
        assert!(names(&default, "pipeline").contains(&"DIETClassifier".to_owned()));
        assert!(names(&default, "policies").contains(&"TEDPolicy".to_owned()));
        assert_eq!(names(&lean, "policies"), ["MemoizationPolicy", "RulePolicy"]);
        assert_ne!(default.hash(), lean.hash());
        assert_eq!(default.hash(), of(Variant::Default).hash());
        let rest = |project: &Project| {
            let mut files = project.files.clone();
            files.remove("config.yml");
            files
        };
        assert_eq!(rest(&default), rest(&lean));
    }

    #[test]
    fn every_response_that_is_waited_for_is_in_the_project() {
        let project = Project::of(&demo(), Variant::Lean, 2, 1).unwrap();
        for intent in super::super::texts::SCRIPT.iter().flat_map(|step| super::super::judge::intents(*step))
        {
            assert!(project.files["domain.yml"].contains(&response(intent)), "{intent}");
        }
    }

    #[test]
    fn a_folder_without_examples_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let error = Project::of(empty.path(), Variant::Lean, 2, 1).unwrap_err().to_string();
        assert!(error.contains("CHARLA-E5504"), "{error}");
    }
}
