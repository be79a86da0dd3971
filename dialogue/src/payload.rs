//! Payloads: what the ids of buttons and rows say.

use serde_json::{Map, Value};

/// A tap's meaning.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// `/SetSlots(slot=value, …)`
    SetSlots(Vec<(String, Value)>),
    /// `/StartFlow(flow, slot=value, …)`
    StartFlow(String, Vec<(String, Value)>),
    /// `/CancelFlow`
    CancelFlow,
    /// `/SkipQuestion`
    SkipQuestion,
    /// `/HumanHandoff`
    HumanHandoff,
    /// `/ChangeLanguage(es)`; none: ask which.
    ChangeLanguage(Option<String>),
    /// `/Consent(yes)`, `/Consent(no)`
    Consent(bool),
    /// `/Marketing(yes)`, `/Marketing(no)`
    Marketing(bool),
    /// `/Stop`
    Stop,
    /// `/Restart`
    Restart,
    /// `/Repeat`
    Repeat,
    /// `/Feedback(helpful)`, `/Feedback(not_helpful)`
    Feedback(bool),
    /// `/Meant(intent, turn=12)`: what was written in that turn of the conversation means this. Made by the dialogue, for the
    /// topics that it offers.
    Meant(String, u64),
    /// `/intent{"entity": "value"}`
    Intent(String, Map<String, Value>),
}

/// Why a payload does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PayloadError(pub String);

impl Payload {
    /// Parses an id that begins with `/`.
    ///
    /// # Errors
    /// What does not parse, in words.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix('/') else {
            return Err(PayloadError(format!("`{text}` does not begin with `/`")));
        };
        let end = rest.find(['(', '{']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if name.is_empty() {
            return Err(PayloadError("a name is missing after `/`".into()));
        }
        if tail.starts_with('{') {
            let map: Map<String, Value> = serde_json::from_str(tail)
                .map_err(|e| PayloadError(format!("`{tail}` is not a JSON object: {e}")))?;
            return Ok(Payload::Intent(name.to_owned(), map));
        }
        let inside = match tail.strip_prefix('(') {
            None => "",
            Some(t) => t.strip_suffix(')').ok_or_else(|| PayloadError("`)` is missing at the end".into()))?,
        };
        let arguments = arguments(inside)?;
        let plain =
            || arguments.iter().find(|(k, _)| k.is_none()).and_then(|(_, v)| v.as_str()).map(str::to_owned);
        let named = || -> Vec<(String, Value)> {
            arguments.iter().filter_map(|(k, v)| k.clone().map(|k| (k, v.clone()))).collect()
        };
        let yes = |what: &str| match plain().as_deref() {
            Some("yes" | "true" | "helpful") => Ok(true),
            Some("no" | "false" | "not_helpful") => Ok(false),
            other => {
                Err(PayloadError(format!("`/{what}` needs yes or no, not `{}`", other.unwrap_or_default())))
            }
        };
        let folded: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        Ok(match folded.as_str() {
            "setslots" | "setslot" => {
                if named().is_empty() || named().len() != arguments.len() {
                    return Err(PayloadError("`/SetSlots` needs slot=value".into()));
                }
                Payload::SetSlots(named())
            }
            "startflow" => {
                let flow = plain().ok_or_else(|| PayloadError("`/StartFlow` needs a flow".into()))?;
                Payload::StartFlow(flow, named())
            }
            "meant" => {
                let turn = named().into_iter().find(|(k, _)| k == "turn");
                let turn = turn.and_then(|(_, turn)| turn.as_str()?.parse().ok());
                let (Some(intent), Some(turn)) = (plain(), turn) else {
                    return Err(PayloadError("`/Meant` needs an intent and turn=number".into()));
                };
                Payload::Meant(intent, turn)
            }
            "cancelflow" => Payload::CancelFlow,
            "skipquestion" => Payload::SkipQuestion,
            "humanhandoff" => Payload::HumanHandoff,
            "changelanguage" => Payload::ChangeLanguage(plain()),
            "consent" => Payload::Consent(yes("Consent")?),
            "marketing" => Payload::Marketing(yes("Marketing")?),
            "stop" => Payload::Stop,
            "restart" => Payload::Restart,
            "repeat" | "repeatbotmessages" => Payload::Repeat,
            "feedback" => Payload::Feedback(yes("Feedback")?),
            _ if tail.is_empty() => Payload::Intent(name.to_owned(), Map::new()),
            _ => return Err(PayloadError(format!("unknown command `/{name}`"))),
        })
    }
}

type Argument = (Option<String>, Value);

fn arguments(inside: &str) -> Result<Vec<Argument>, PayloadError> {
    let mut parts = Vec::new();
    let (mut part, mut quoted, mut escaped) = (String::new(), false, false);
    for c in inside.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    if quoted {
        return Err(PayloadError("a quote is not closed".into()));
    }
    if !part.trim().is_empty() || !parts.is_empty() {
        parts.push(part);
    }
    parts
        .iter()
        .map(|p| {
            let p = p.trim();
            match p.split_once('=') {
                Some((k, v)) if !k.trim().is_empty() && !k.contains('"') => {
                    Ok((Some(k.trim().to_owned()), value(v.trim())?))
                }
                _ => Ok((None, value(p)?)),
            }
        })
        .collect()
}

/// `true`, `false`, `null` and JSON texts are themselves; everything else is text (so that `007` stays as it is).
fn value(text: &str) -> Result<Value, PayloadError> {
    match text {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" | "" => Ok(Value::Null),
        t if t.starts_with('"') => {
            serde_json::from_str(t).map_err(|e| PayloadError(format!("`{t}` is not a JSON text: {e}")))
        }
        t => Ok(Value::String(t.to_owned())),
    }
}

/// A value as an argument, quoted where it must be.
pub fn quote(text: &str) -> String {
    let plain = !text.is_empty()
        && text == text.trim()
        && !text.contains([',', ')', '=', '"', '(', '\\'])
        && !matches!(text, "true" | "false" | "null");
    if plain { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn payloads_parse() {
        assert_eq!(
            Payload::parse("/SetSlots(a=1, b=\"x, y)\", c=true)").unwrap(),
            Payload::SetSlots(vec![
                ("a".into(), json!("1")),
                ("b".into(), json!("x, y)")),
                ("c".into(), json!(true))
            ])
        );
        assert_eq!(
            Payload::parse("/start_flow(track_order)").unwrap(),
            Payload::StartFlow("track_order".into(), vec![])
        );
        assert_eq!(
            Payload::parse("/StartFlow(p, sku=PH-1)").unwrap(),
            Payload::StartFlow("p".into(), vec![("sku".into(), json!("PH-1"))])
        );
        assert_eq!(
            Payload::parse("/ChangeLanguage(hi-Latn)").unwrap(),
            Payload::ChangeLanguage(Some("hi-Latn".into()))
        );
        assert_eq!(Payload::parse("/Consent(no)").unwrap(), Payload::Consent(false));
        assert_eq!(Payload::parse("/Meant(faq, turn=12)").unwrap(), Payload::Meant("faq".into(), 12));
        assert!(
            matches!(Payload::parse("/check_stock{\"product\": \"S24\"}").unwrap(), Payload::Intent(n, m) if n == "check_stock" && m["product"] == "S24")
        );
        assert!(matches!(Payload::parse("/greet").unwrap(), Payload::Intent(n, _) if n == "greet"));
        for bad in [
            "",
            "x",
            "/",
            "/SetSlots",
            "/SetSlots(a",
            "/StartFlow",
            "/Consent(maybe)",
            "/SetSlots(a=\"x)",
            "/foo(bar)",
            "/Meant(faq)",
            "/Meant(faq, turn=x)",
            "/i{\"a\"}",
        ] {
            assert!(Payload::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn quoted_values_come_back(text in "\\PC*") {
            let payload = Payload::parse(&format!("/SetSlots(a={})", quote(&text))).unwrap();
            proptest::prop_assert_eq!(payload, Payload::SetSlots(vec![("a".into(), json!(text))]));
        }
        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = Payload::parse(&text);
            let _ = crate::condition::Condition::parse(&text);
        }
    }
}
