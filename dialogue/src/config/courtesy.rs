//! Politeness that nothing hangs on: a hello, a thank-you, a goodbye.

use crate::finding::Findings;
use crate::yaml::Reader;

/// Kinds of politeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Courtesy {
    /// A hello.
    Greeting,
    /// A thank-you or goodbye: an open question does not come again after it.
    Farewell,
}

impl Courtesy {
    /// What intents of the usual names are without being told.
    pub(crate) fn by_name(intent: &str) -> Option<Self> {
        match intent {
            "greet" => Some(Courtesy::Greeting),
            "thank" | "goodbye" => Some(Courtesy::Farewell),
            _ => None,
        }
    }

    /// `courtesy` of an intent.
    pub(crate) fn read(at: Reader, findings: &mut Findings) -> Option<Self> {
        match at.string_at("courtesy", findings)?.as_str() {
            "greeting" => Some(Courtesy::Greeting),
            "farewell" => Some(Courtesy::Farewell),
            other => {
                let place = at.get("courtesy").map(|r| r.place()).unwrap_or_default();
                findings.unknown(&place, "choice", other, ["greeting", "farewell"]);
                None
            }
        }
    }
}
