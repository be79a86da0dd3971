//! A configuration, compiled once.

use crate::check;
use crate::config::actions::Action;
use crate::config::domain::{Domain, Slot, SlotType, Target};
use crate::config::flows::Flow;
use crate::config::responses::Response;
use crate::config::settings::Settings;
use crate::config::{LANGUAGES, Names};
use crate::finding::{Finding, Findings, Place, Severity, codes};
use crate::rules::Words;
use crate::template::Templates;
use crate::yaml::{self, Kind, Node, Reader};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Part of every version: changes whenever the same configuration may decide differently.
pub const LOGIC_VERSION: &str = "22";

/// A file of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the configuration's folder, with `/`; its parts say what the file holds.
    pub path: String,
    /// Contents.
    pub text: String,
}

/// Everything that decides: domain, flows, responses, actions, settings.
#[derive(Debug)]
pub struct Assistant {
    version: String,
    /// Settings.
    pub settings: Settings,
    /// Domain.
    pub domain: Domain,
    /// Flows and patterns.
    pub flows: BTreeMap<String, Flow>,
    /// Declared actions.
    pub actions: BTreeMap<String, Action>,
    /// Responses by key and language.
    pub responses: BTreeMap<String, BTreeMap<String, Response>>,
    /// Compiled templates.
    pub templates: Templates,
    /// Words of the rules.
    pub words: Words,
    /// Intent → flows that it triggers, with thresholds.
    pub triggers: BTreeMap<String, Vec<(String, Option<f32>)>>,
    /// Keys of the responses that the dialogue says by itself.
    pub(crate) own_responses: BTreeSet<String>,
    findings: Vec<Finding>,
}

const DEFAULTS: [(&str, &str); 5] = [
    ("(built in)/patterns.yml", include_str!("defaults/patterns.yml")),
    ("(built in)/responses/en.yml", include_str!("defaults/responses/en.yml")),
    ("(built in)/responses/es.yml", include_str!("defaults/responses/es.yml")),
    ("(built in)/responses/hi.yml", include_str!("defaults/responses/hi.yml")),
    ("(built in)/responses/hi-Latn.yml", include_str!("defaults/responses/hi-Latn.yml")),
];

#[derive(Default)]
struct Loader {
    findings: Findings,
    templates: Templates,
    settings: Settings,
    domain: Domain,
    flows: BTreeMap<String, Flow>,
    actions: BTreeMap<String, Action>,
    responses: BTreeMap<String, BTreeMap<String, Response>>,
    own_responses: BTreeSet<String>,
}

impl Assistant {
    /// Reads and compiles a configuration. Files under `tests/` and `nlu/` and files that are no YAML are passed over.
    ///
    /// # Errors
    /// All findings, if one of them is an error.
    pub fn load(files: Vec<SourceFile>) -> Result<Assistant, Vec<Finding>> {
        let mut files = files;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        let mut loader = Loader::default();
        for (path, text) in DEFAULTS {
            loader.file(path, text, true);
        }
        hash.update(LOGIC_VERSION.as_bytes());
        for file in &files {
            if part_of(&file.path) == FileKind::Other {
                continue;
            }
            for part in [file.path.as_bytes(), file.text.as_bytes()] {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part);
            }
            loader.file(&file.path, &file.text, false);
        }
        loader.finish(format!("{:016x}", hash.digest()))
    }

    /// Names configuration and logic: equal versions decide equally.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All findings: warnings of loading and everything that only the whole configuration shows.
    pub fn check(&self) -> Vec<Finding> {
        let mut all = self.findings.clone();
        all.extend(check::check(self));
        all.sort_by(|a, b| (&a.file, a.line, a.column, &a.code).cmp(&(&b.file, b.line, b.column, &b.code)));
        all
    }

    /// Where an intent leads: what the domain says, else the flow whose `nlu_trigger` names it.
    pub fn target(&self, intent: &str) -> Option<Target> {
        self.domain.intents.get(intent).and_then(|i| i.target.clone()).or_else(|| {
            self.triggers.get(intent).and_then(|t| t.first()).map(|(flow, _)| Target::Flow(flow.clone()))
        })
    }

    /// The confidence that an intent needs, 0–1.
    pub fn threshold(&self, intent: &str) -> f32 {
        let own = self.domain.intents.get(intent).and_then(|i| i.threshold);
        let trigger = || self.triggers.get(intent).and_then(|t| t.first()).and_then(|(_, t)| *t);
        own.or_else(trigger).unwrap_or(self.settings.threshold)
    }

    /// Whether an intent of that probability is what a message means, and the message within the assistant's scope.
    pub fn is_sure(&self, intent: &str, p: f32, out_of_scope: f32) -> bool {
        p >= self.threshold(intent) && out_of_scope < self.settings.threshold
    }

    /// A topic's title: the intent's own, else the flow's name.
    pub fn topic_title(&self, intent: Option<&str>, flow: Option<&str>, language: &str) -> Option<String> {
        let own = intent.and_then(|i| self.domain.intents.get(i)).and_then(|i| i.title.as_ref());
        let name = || flow.and_then(|f| self.flows.get(f)).map(|f| &f.name);
        own.or_else(name).and_then(|n: &Names| n.get(language)).map(str::to_owned)
    }

    /// A response in a language, else in English, else in the default language.
    pub fn response(&self, key: &str, language: &str) -> Option<&Response> {
        let all = self.responses.get(key)?;
        [language, "en", self.settings.default_language.as_str()].iter().find_map(|l| all.get(*l))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum FileKind {
    Domain,
    Actions,
    Flows,
    Responses(String),
    Settings,
    Other,
}

fn part_of(path: &str) -> FileKind {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else {
        return FileKind::Other;
    };
    let folder = |f: &str| parts[..parts.len() - 1].contains(&f);
    if folder("tests") || folder("nlu") {
        FileKind::Other
    } else if folder("responses") {
        FileKind::Responses(stem.to_owned())
    } else if folder("flows") || stem == "flows" || stem == "patterns" {
        FileKind::Flows
    } else if folder("domain") || stem == "domain" {
        FileKind::Domain
    } else if stem == "actions" || folder("actions") {
        FileKind::Actions
    } else if stem == "settings" {
        FileKind::Settings
    } else {
        FileKind::Other
    }
}

impl Loader {
    fn file(&mut self, path: &str, text: &str, built_in: bool) {
        let file: Arc<str> = path.into();
        let kind = part_of(path);
        if kind == FileKind::Other {
            return;
        }
        let Some(node) = yaml::parse(&file, text, &mut self.findings) else { return };
        if !matches!(node.kind, Kind::Map(_)) {
            self.findings.error(
                &node.place(&file),
                codes::SHAPE,
                "a mapping is expected at the top",
                "see docs/formats.md",
            );
            return;
        }
        let at = Reader::new(&file, &node);
        match kind {
            FileKind::Domain => {
                self.domain.read(at, &mut self.findings);
                if let Some(responses) = at.get("responses") {
                    self.responses(responses, "en", built_in);
                }
            }
            FileKind::Settings => self.settings.read(at, &mut self.findings),
            FileKind::Flows => self.flows(at, built_in),
            FileKind::Actions => self.actions(at),
            FileKind::Responses(language) => {
                at.only(&mut self.findings, &["version", "responses"]);
                if !LANGUAGES.contains(&language.as_str()) {
                    self.findings.unknown(
                        &Place { file: file.clone(), line: 1, column: 1 },
                        "language",
                        &language,
                        LANGUAGES,
                    );
                }
                if let Some(responses) = at.get("responses") {
                    self.responses(responses, &language, built_in);
                }
            }
            FileKind::Other => {}
        }
    }

    fn flows(&mut self, at: Reader, built_in: bool) {
        at.only(&mut self.findings, &["version", "flows"]);
        for (key, flow) in at.get("flows").iter().flat_map(Reader::entries) {
            let id = key.key();
            let mut read = Flow::read(&id, key.place(), flow, &mut self.templates, &mut self.findings);
            read.built_in = built_in;
            if self.flows.get(&id).is_some_and(|f| !f.built_in) {
                self.findings.error(
                    &key.place(),
                    codes::DUPLICATE,
                    format!("flow `{id}` is defined twice"),
                    "rename one of them",
                );
            }
            self.flows.insert(id, read);
        }
    }

    fn actions(&mut self, at: Reader) {
        at.only(&mut self.findings, &["version", "actions"]);
        for (key, action) in at.get("actions").iter().flat_map(Reader::entries) {
            let name = key.key();
            if let Some(read) =
                Action::read(&name, key.place(), action, &mut self.templates, &mut self.findings)
                && self.actions.insert(name.clone(), read).is_some()
            {
                self.findings.error(
                    &key.place(),
                    codes::DUPLICATE,
                    format!("action `{name}` is defined twice"),
                    "rename one of them",
                );
            }
        }
    }

    fn responses(&mut self, at: Reader, language: &str, built_in: bool) {
        for (key, response) in at.entries() {
            let name = key.key();
            let mut read = Response::read(key.place(), response, &mut self.templates, &mut self.findings);
            read.built_in = built_in;
            if built_in {
                self.own_responses.insert(name.clone());
            }
            let all = self.responses.entry(name.clone()).or_default();
            if all.get(language).is_some_and(|r| !r.built_in) {
                self.findings.error(
                    &key.place(),
                    codes::DUPLICATE,
                    format!("response `{name}` is defined twice in {language}"),
                    "remove one of them",
                );
            }
            all.insert(language.to_owned(), read);
        }
    }

    fn finish(mut self, version: String) -> Result<Assistant, Vec<Finding>> {
        let place = Place { file: "(built in)".into(), line: 0, column: 0 };
        let stars = (1..=5).map(|n| (n.to_string(), vec![])).collect();
        for (name, kind) in [
            ("satisfaction", SlotType::Categorical(stars)),
            ("rated_matter", SlotType::Text),
            ("language", SlotType::Text),
            ("consent", SlotType::Bool),
        ] {
            self.domain.slots.entry(name.into()).or_insert_with(|| Slot::controlled(kind, place.clone()));
        }
        if let Some(minutes) = self.domain.session_minutes {
            self.settings.session_ms = (minutes * 60_000.0) as i64;
        }
        let mut triggers: BTreeMap<String, Vec<(String, Option<f32>)>> = BTreeMap::new();
        for flow in self.flows.values() {
            for (intent, threshold, _) in &flow.triggers {
                triggers.entry(intent.clone()).or_default().push((flow.id.clone(), *threshold));
            }
        }
        let of_responses = self.responses.values().flat_map(BTreeMap::values).flat_map(Response::conditions);
        let users = self.flows.values().flat_map(Flow::conditions).chain(of_responses);
        self.domain.conditions.link(users, &mut self.findings);
        let words = Words::new(&self.settings.words);
        let assistant = Assistant {
            version,
            settings: self.settings,
            domain: self.domain,
            flows: self.flows,
            actions: self.actions,
            responses: self.responses,
            templates: self.templates,
            words,
            triggers,
            own_responses: self.own_responses,
            findings: self.findings.list,
        };
        let all = assistant.check();
        if all.iter().any(|f| f.severity == Severity::Error) { Err(all) } else { Ok(assistant) }
    }
}

/// A tree for tests and for the test cases' reader.
pub(crate) fn read_yaml(path: &str, text: &str) -> Result<Option<Node>, Vec<Finding>> {
    let mut findings = Findings::default();
    let node = yaml::parse(&path.into(), text, &mut findings);
    if findings.list.is_empty() { Ok(node) } else { Err(findings.list) }
}
