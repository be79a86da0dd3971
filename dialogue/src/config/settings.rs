//! `settings.yml`: thresholds, consent, windows, timers, business numbers.

use crate::finding::{Findings, Place, codes};
use crate::yaml::Reader;
use std::collections::BTreeMap;

/// All settings; every one has a default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Confidence below which `low_confidence` applies, 0–1.
    pub threshold: f32,
    /// Failed attempts in a row that bring a person.
    pub failures: u32,
    /// What happens below the threshold.
    pub low_confidence: LowConfidence,
    /// Confidence from which another intent leaves the question just asked, 0–1.
    pub digression_threshold: f32,
    /// Languages served, the default among them.
    pub languages: Vec<String>,
    /// Language until another is known.
    pub default_language: String,
    /// Posterior at which the language is locked, 0–1.
    pub lock_threshold: f32,
    /// Whether consent is asked for at all.
    pub consent_required: bool,
    /// Version of the consent text.
    pub consent_version: String,
    /// Messages kept that came before the yes.
    pub held_messages: usize,
    /// Customer-service window, milliseconds.
    pub window_ms: i64,
    /// Silence after which a message starts a new session, milliseconds; 0: never.
    pub session_ms: i64,
    /// Silence after a question before a reminder, milliseconds; 0: never.
    pub reminder_ms: i64,
    /// Silence after a question before the flow is dropped, milliseconds; 0: never.
    pub abandon_ms: i64,
    /// When satisfaction is asked.
    pub satisfaction: AskSatisfaction,
    /// Topics offered, at most three.
    pub topics: usize,
    /// Silence after which a thread answered from the Business app returns to the bot, milliseconds; 0: never.
    pub app_release_ms: i64,
    /// What to do with messages that are no text.
    pub content: BTreeMap<String, OnContent>,
    /// Business numbers by the provider's id.
    pub numbers: BTreeMap<String, Number>,
    /// Words added to the built-in ones.
    pub words: BTreeMap<String, Vec<String>>,
    /// Who reads the texts that no rule takes.
    pub understanding: Understanding,
    /// Without understanding: the flow that a text starts which is no answer to a question.
    pub default_flow: Option<String>,
    /// Places for findings.
    pub(crate) places: BTreeMap<String, Place>,
}

/// Who reads the texts that no rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Understanding {
    /// A model trained from the assistant's examples.
    #[default]
    Model,
    /// Nobody: taps, fixed words and answers to questions are taken, anything else starts the default flow.
    None,
}

/// Policy for low confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowConfidence {
    /// A person gets the conversation in the same turn.
    Handoff,
    /// The likely topics are offered first; the second time a person gets it.
    ClarifyFirst,
    /// A person gets it with a drafted reply to review.
    DraftForReview,
}

/// When satisfaction is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskSatisfaction {
    /// After each completed matter.
    Matter,
    /// Once a session.
    Session,
    /// Never.
    Never,
}

/// What a kind of content leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum OnContent {
    /// A response.
    Answer(String),
    /// A flow, and the slot that takes the content.
    Flow(String, Option<String>),
    /// A person.
    Handoff,
}

/// One business number.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Name of the business.
    pub name: String,
    /// ISO 3166 code.
    pub country: String,
    /// ISO 4217 code.
    pub currency: String,
    /// IANA name.
    pub timezone: String,
    /// Resolved time zone.
    pub zone: jiff::tz::TimeZone,
    /// Default language of this number.
    pub language: Option<String>,
}

const MINUTE: i64 = 60_000;

impl Default for Number {
    fn default() -> Self {
        Number {
            name: "Charla".into(),
            country: "IN".into(),
            currency: "INR".into(),
            timezone: "UTC".into(),
            zone: jiff::tz::TimeZone::UTC,
            language: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            threshold: 0.70,
            failures: 2,
            low_confidence: LowConfidence::Handoff,
            digression_threshold: 0.80,
            languages: super::LANGUAGES.iter().map(|l| l.to_string()).collect(),
            default_language: "en".into(),
            lock_threshold: 0.80,
            consent_required: true,
            consent_version: "1".into(),
            held_messages: 5,
            window_ms: 24 * 60 * MINUTE,
            session_ms: 60 * MINUTE,
            reminder_ms: 10 * MINUTE,
            abandon_ms: 30 * MINUTE,
            satisfaction: AskSatisfaction::Matter,
            topics: 3,
            app_release_ms: 720 * MINUTE,
            content: BTreeMap::new(),
            numbers: BTreeMap::new(),
            words: BTreeMap::new(),
            understanding: Understanding::Model,
            default_flow: None,
            places: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Settings of a business number, else of `default`.
    pub fn number(&self, id: &str) -> &Number {
        static FALLBACK: std::sync::LazyLock<Number> = std::sync::LazyLock::new(Number::default);
        self.numbers.get(id).or_else(|| self.numbers.get("default")).unwrap_or(&FALLBACK)
    }

    pub(crate) fn read(&mut self, at: Reader, f: &mut Findings) {
        at.only(
            f,
            &[
                "threshold",
                "failures",
                "low_confidence",
                "digression_threshold",
                "languages",
                "consent",
                "window_hours",
                "session",
                "silence",
                "satisfaction",
                "handoff",
                "retention_days",
                "content",
                "numbers",
                "words",
                "understanding",
                "default_flow",
                "version",
            ],
        );
        if let Some(retention) = at.get("retention_days") {
            f.error(
                &retention.place(),
                codes::UNKNOWN_KEY,
                "`retention_days` is no setting of the assistant",
                "delete it here; how long journals are kept is said in the engine's settings (charla.yml): \
                 `engine: {retention_days: 180}`",
            );
        }
        let probability = 0.0..=1.0;
        let minutes = |n: f64| (n * MINUTE as f64) as i64;
        set(&mut self.threshold, at.number_at("threshold", f, probability.clone()).map(|n| n as f32));
        set(
            &mut self.digression_threshold,
            at.number_at("digression_threshold", f, probability.clone()).map(|n| n as f32),
        );
        set(&mut self.failures, at.number_at("failures", f, 1.0..=10.0).map(|n| n as u32));
        set(&mut self.window_ms, at.number_at("window_hours", f, 0.0..=24.0).map(|n| minutes(n * 60.0)));
        let policy = [
            ("handoff", LowConfidence::Handoff),
            ("clarify_first", LowConfidence::ClarifyFirst),
            ("draft_for_review", LowConfidence::DraftForReview),
        ];
        set(&mut self.low_confidence, one_of(at, "low_confidence", &policy, f));
        if let Some(l) = at.get("languages") {
            l.only(f, &["supported", "default", "lock_threshold"]);
            let supported = l.strings_at("supported", f);
            for (language, place) in &supported {
                if !super::LANGUAGES.contains(&language.as_str()) {
                    f.unknown(place, "language", language, super::LANGUAGES);
                }
            }
            if !supported.is_empty() {
                self.languages = supported.into_iter().map(|(s, _)| s).collect();
            }
            set(&mut self.default_language, l.string_at("default", f));
            set(&mut self.lock_threshold, l.number_at("lock_threshold", f, probability).map(|n| n as f32));
            if !self.languages.contains(&self.default_language) {
                f.error(
                    &l.place(),
                    codes::RANGE,
                    format!(
                        "the default language `{}` is not among the supported ones",
                        self.default_language
                    ),
                    "add it to `supported`",
                );
            }
        }
        if let Some(c) = at.get("consent") {
            c.only(f, &["required", "version", "held_messages"]);
            set(&mut self.consent_required, c.bool_at("required", f));
            set(&mut self.consent_version, c.string_at("version", f));
            set(&mut self.held_messages, c.number_at("held_messages", f, 0.0..=20.0).map(|n| n as usize));
        }
        if let Some(s) = at.get("session") {
            s.only(f, &["timeout_minutes"]);
            set(&mut self.session_ms, s.number_at("timeout_minutes", f, 0.0..=1e6).map(minutes));
        }
        if let Some(s) = at.get("silence") {
            s.only(f, &["reminder_minutes", "abandon_minutes"]);
            set(&mut self.reminder_ms, s.number_at("reminder_minutes", f, 0.0..=1e6).map(minutes));
            set(&mut self.abandon_ms, s.number_at("abandon_minutes", f, 0.0..=1e6).map(minutes));
            if self.reminder_ms > 0 && self.abandon_ms > 0 && self.abandon_ms <= self.reminder_ms {
                f.error(
                    &s.place(),
                    codes::RANGE,
                    "the flow would be dropped before the reminder",
                    "make abandon_minutes greater than reminder_minutes",
                );
            }
        }
        if let Some(s) = at.get("satisfaction") {
            s.only(f, &["ask"]);
            set(
                &mut self.satisfaction,
                one_of(
                    s,
                    "ask",
                    &[
                        ("matter", AskSatisfaction::Matter),
                        ("session", AskSatisfaction::Session),
                        ("never", AskSatisfaction::Never),
                    ],
                    f,
                ),
            );
        }
        if let Some(h) = at.get("handoff") {
            h.only(f, &["topics", "business_app_release_minutes"]);
            set(&mut self.topics, h.number_at("topics", f, 0.0..=3.0).map(|n| n as usize));
            set(
                &mut self.app_release_ms,
                h.number_at("business_app_release_minutes", f, 0.0..=1e6).map(minutes),
            );
        }
        for (k, v) in at.get("content").iter().flat_map(Reader::entries) {
            v.only(f, &["answer", "flow", "slot", "handoff"]);
            let on = match (v.string_at("answer", f), v.string_at("flow", f)) {
                (Some(answer), None) => OnContent::Answer(answer),
                (None, Some(flow)) => OnContent::Flow(flow, v.string_at("slot", f)),
                _ if v.bool_at("handoff", f) == Some(true) => OnContent::Handoff,
                _ => {
                    f.error(
                        &v.place(),
                        codes::SHAPE,
                        "one of answer, flow, handoff is expected",
                        "write e.g. `{answer: utter_x}`",
                    );
                    continue;
                }
            };
            self.places.insert(k.key(), v.place());
            self.content.insert(k.key(), on);
        }
        for (k, v) in at.get("numbers").iter().flat_map(Reader::entries) {
            let number = Number::read(v, f);
            self.numbers.insert(k.key(), number);
        }
        let readers = [("model", Understanding::Model), ("none", Understanding::None)];
        set(&mut self.understanding, one_of(at, "understanding", &readers, f));
        self.default_flow = at.string_at("default_flow", f).or(self.default_flow.take());
        for key in ["understanding", "default_flow"] {
            self.places.extend(at.get(key).map(|value| (key.to_owned(), value.place())));
        }
        if let Some(words) = at.get("words") {
            words.only(f, &crate::rules::KINDS);
            for (k, _) in words.entries() {
                let all = words.strings_at(&k.key(), f).into_iter().map(|(s, _)| s).collect();
                self.words.insert(k.key(), all);
            }
        }
    }
}

impl Number {
    fn read(at: Reader, f: &mut Findings) -> Self {
        at.only(f, &["name", "country", "currency", "timezone", "language"]);
        let mut number = Number::default();
        set(&mut number.name, at.string_at("name", f));
        set(&mut number.country, at.string_at("country", f));
        set(&mut number.currency, at.string_at("currency", f));
        number.language = at.string_at("language", f);
        if let Some(zone) = at.string_at("timezone", f) {
            // The bundled database, so that a decision never depends on the machine's.
            match jiff::tz::TimeZoneDatabase::bundled().get(&zone) {
                Ok(found) => number.zone = found,
                Err(_) => f.error(
                    &at.get("timezone").map(|z| z.place()).unwrap_or_default(),
                    codes::RANGE,
                    format!("unknown time zone `{zone}`"),
                    "write an IANA name such as Asia/Kolkata",
                ),
            }
            number.timezone = zone;
        }
        number
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn one_of<T: Copy>(at: Reader, key: &str, known: &[(&str, T)], f: &mut Findings) -> Option<T> {
    let text = at.string_at(key, f)?;
    let found = known.iter().find(|(k, _)| *k == text).map(|(_, v)| *v);
    if found.is_none() {
        let place = at.get(key).map(|k| k.place()).unwrap_or_default();
        f.unknown(&place, "choice", &text, known.iter().map(|(k, _)| *k));
    }
    found
}
