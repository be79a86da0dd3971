//! `actions.yml`: declarative backend calls; and the names of built-in actions.

use crate::finding::{Findings, Place, codes};
use crate::template::{Setting, Templates};
use crate::yaml::Reader;
use serde_json::Value;

/// Actions that the dialogue does itself.
pub const BUILT_IN: [&str; 17] = [
    "action_handoff",
    "action_restart",
    "action_cancel_flow",
    "action_set_language",
    "action_ask_language",
    "action_give_consent",
    "action_withdraw_consent",
    "action_marketing_opt_in",
    "action_marketing_opt_out",
    "action_repeat",
    "action_failed_attempt",
    "action_resolve_matter",
    "action_abandon_matter",
    "action_session_start",
    "action_ask_satisfaction",
    "action_close_window",
    "action_listen",
];

/// Actions that the dialogue calls by name where they are declared.
pub const HOOKS: [&str; 5] = [
    "action_create_handoff_ticket",
    "action_withdraw_handoff_ticket",
    "action_store_rating",
    "action_save_contact",
    "action_save_marketing",
];

/// One declared action.
#[derive(Debug, Clone)]
pub struct Action {
    /// Name.
    pub name: String,
    /// Backend's configured name.
    pub backend: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub path: Setting,
    /// Query templates.
    pub query: Vec<(String, Setting)>,
    /// Body template.
    pub body: Option<Setting>,
    /// May be made at once.
    pub read_only: bool,
    /// Statuses besides 2xx that are answers.
    pub answers: Vec<u16>,
    /// All tries together, milliseconds.
    pub budget_ms: u64,
    /// Slots set from the answer.
    pub set_slots: Vec<(String, Setting)>,
    /// Slots set when no answer came.
    pub failed: Option<Vec<(String, Value)>>,
    /// Whether the flow waits for the answer.
    pub wait: bool,
    /// May be called before consent.
    pub without_consent: bool,
    /// Only directly after an explicit yes.
    pub irreversible: bool,
    /// Where it stands.
    pub place: Place,
}

impl Action {
    pub(crate) fn read(
        name: &str,
        place: Place,
        at: Reader,
        templates: &mut Templates,
        findings: &mut Findings,
    ) -> Option<Self> {
        at.only(
            findings,
            &[
                "backend",
                "method",
                "path",
                "query",
                "body",
                "read_only",
                "answers",
                "budget_ms",
                "set_slots",
                "failed",
                "wait",
                "without_consent",
                "irreversible",
                "description",
            ],
        );
        let Some(backend) = at.string_at("backend", findings) else {
            findings.error(
                &place,
                codes::SHAPE,
                format!("action `{name}` needs a `backend`"),
                "name the backend",
            );
            return None;
        };
        let method = at.string_at("method", findings).unwrap_or_else(|| "GET".into()).to_uppercase();
        if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
            findings.unknown(
                &at.get("method").map(|m| m.place()).unwrap_or_default(),
                "method",
                &method,
                ["GET", "POST", "PUT", "PATCH", "DELETE"],
            );
        }
        let Some(path_at) = at.get("path") else {
            findings.error(
                &place,
                codes::SHAPE,
                format!("action `{name}` needs a `path`"),
                "write the path below the backend's base URL",
            );
            return None;
        };
        if !path_at.key().starts_with('/') {
            findings.error(&path_at.place(), codes::SHAPE, "a path begins with `/`", "put a `/` before it");
        }
        let path = encoded_path(templates, findings, path_at)?;
        let query = at
            .get("query")
            .iter()
            .flat_map(Reader::entries)
            .filter_map(|(k, v)| Some((k.key(), super::setting(templates, findings, v)?)))
            .collect();
        let body = at.get("body").and_then(|b| super::setting(templates, findings, b));
        let read_only = at.bool_at("read_only", findings).unwrap_or(method == "GET");
        let answers = at
            .get("answers")
            .iter()
            .flat_map(Reader::items)
            .filter_map(|a| a.node.number().map(|n| n as u16))
            .collect();
        let budget_ms = at.number_at("budget_ms", findings, 50.0..=60_000.0).unwrap_or(3_000.0) as u64;
        let set_slots = at
            .get("set_slots")
            .iter()
            .flat_map(Reader::entries)
            .filter_map(|(k, v)| Some((k.key(), super::expression(templates, findings, v)?)))
            .collect();
        let failed = at.get("failed").map(|f| f.entries().map(|(k, v)| (k.key(), v.node.json())).collect());
        let wait = at.bool_at("wait", findings).unwrap_or(true);
        Some(Action {
            name: name.to_owned(),
            backend,
            method,
            path,
            query,
            body,
            read_only,
            answers,
            budget_ms,
            set_slots,
            failed,
            wait,
            without_consent: at.bool_at("without_consent", findings).unwrap_or(false),
            irreversible: at.bool_at("irreversible", findings).unwrap_or(false),
            place,
        })
    }
}

/// Values inside a path are percent-encoded: every `{{ x }}` becomes `{{ (x) | segment }}`.
fn encoded_path(templates: &mut Templates, findings: &mut Findings, at: Reader) -> Option<Setting> {
    let source = at.string(findings)?.replace("{{", "{{ (").replace("}}", ") | segment }}");
    super::text(templates, findings, &at.place(), &source).map(Setting::Text)
}
