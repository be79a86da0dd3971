//! Message templates that the business has had approved.

use super::graph::GraphError;
use serde::{Deserialize, Serialize};

/// A template in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Lower-case letters, digits, underscores.
    pub name: String,
    /// Language code such as `en` or `es_MX`.
    pub language: String,
    /// `marketing`, `utility` or `authentication`.
    pub category: String,
    /// Text header, which may hold one placeholder.
    #[serde(default)]
    pub header: Option<String>,
    /// Body with `{{1}}` or `{{name}}` for parameters.
    pub body: String,
    /// Footer.
    #[serde(default)]
    pub footer: Option<String>,
    /// Titles of quick-reply buttons.
    #[serde(default)]
    pub quick_replies: Vec<String>,
    /// `APPROVED`, `PAUSED` or `DISABLED`.
    #[serde(default = "approved")]
    pub status: String,
}

fn approved() -> String {
    "APPROVED".into()
}

impl Template {
    /// The template that every account has.
    pub fn hello_world() -> Self {
        Self {
            name: "hello_world".into(),
            language: "en_US".into(),
            category: "utility".into(),
            header: Some("Hello World".into()),
            body: "Welcome and congratulations!! This message demonstrates your ability to send a WhatsApp message notification from the Cloud API.".into(),
            footer: Some("WhatsApp Business Platform sample message".into()),
            quick_replies: Vec::new(),
            status: approved(),
        }
    }

    /// Whether it may be sent.
    ///
    /// # Errors
    /// 132015 for paused, 132016 for disabled ones, 132001 for those still under review or refused.
    pub(crate) fn sendable(&self) -> Result<(), GraphError> {
        match self.status.as_str() {
            "APPROVED" => Ok(()),
            "PAUSED" => Err(GraphError::new(132_015, "Template is paused")
                .details(format!("template name ({}) is paused due to low quality", self.name))),
            "DISABLED" => Err(GraphError::new(132_016, "Template is disabled")
                .details(format!("template name ({}) is disabled", self.name))),
            _ => Err(not_found(&self.name, &self.language)),
        }
    }
}

/// 132001.
pub(crate) fn not_found(name: &str, language: &str) -> GraphError {
    GraphError::new(132_001, "Template name does not exist in the translation")
        .details(format!("template name ({name}) does not exist in {language}"))
}

/// The placeholders of a text in order of appearance, each once.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        let name = name.trim();
        if !found.contains(&name) {
            found.push(name);
        }
        rest = tail;
    }
    found
}

/// Puts parameters into a text: `(name, value)` by name, or in order for positional ones.
///
/// # Errors
/// 132000 if their number differs from the placeholders', 132012 if a named one is missing.
pub(crate) fn fill(
    part: &str,
    text: &str,
    parameters: &[(Option<String>, String)],
) -> Result<String, GraphError> {
    let expected = placeholders(text);
    if expected.len() != parameters.len() {
        return Err(GraphError::new(
            132_000,
            "Number of parameters does not match the expected number of params",
        )
        .details(format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            parameters.len(),
            expected.len()
        )));
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        let name = name.trim();
        let place = expected.iter().position(|other| *other == name);
        let named = parameters.iter().find(|(given, _)| given.as_deref() == Some(name));
        let positional = || name.parse::<usize>().ok().and(place).and_then(|i| parameters.get(i));
        let Some((_, value)) = named.or_else(positional) else {
            return Err(GraphError::new(
                132_012,
                "Parameter format does not match format in the created template",
            )
            .details(format!("{part}: no parameter named {name}")));
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(values: &[&str]) -> Vec<(Option<String>, String)> {
        values.iter().map(|value| (None, (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_go_where_they_belong() {
        let text = "Hello {{1}}, order {{2}} is on its way, {{1}}.";
        assert_eq!(placeholders(text), ["1", "2"]);
        let filled = fill("body", text, &parameters(&["Asha", "ORD-1"])).unwrap();
        assert_eq!(filled, "Hello Asha, order ORD-1 is on its way, Asha.");
        let named = [(Some("name".into()), "Asha".into())];
        assert_eq!(fill("body", "Hi {{name}}", &named).unwrap(), "Hi Asha");
    }

    #[test]
    fn a_wrong_number_is_132000_and_a_missing_name_132012() {
        let code = |text, values: &[(Option<String>, String)]| fill("body", text, values).unwrap_err().code;
        assert_eq!(code("Hi {{1}}", &[]), 132_000);
        assert_eq!(code("Hi", &parameters(&["a"])), 132_000);
        assert_eq!(code("Hi {{name}}", &[(Some("other".into()), "a".into())]), 132_012);
    }
}
