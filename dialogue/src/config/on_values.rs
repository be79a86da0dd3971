//! `on_values` of a flow: messages that bring values rather than a wish of their own start it – "in white" after a list of
//! shoes, two products where one is compared with the other.

use crate::finding::{Findings, Place};
use crate::yaml::Reader;

/// One kind of such messages.
#[derive(Debug, Clone, Default)]
pub struct OnValues {
    /// Flows one of which must have ended last; none: any time.
    pub after: Vec<(String, Place)>,
    /// Slots of which the message has to fill one. An entity that fills none of them rules it out.
    pub slots: Vec<(String, Place)>,
    /// All of `slots` are needed.
    pub all: bool,
    /// Entities that may be there besides.
    pub beside: Vec<(String, Place)>,
    /// Intents that a sure understanding may name; bare values (`inform`) and the flow's own always may.
    pub intents: Vec<(String, Place)>,
}

impl OnValues {
    pub(crate) fn read(at: Reader, findings: &mut Findings) -> Self {
        at.only(findings, &["after", "slots", "all", "beside", "intents"]);
        OnValues {
            after: at.strings_at("after", findings),
            slots: at.strings_at("slots", findings),
            all: at.bool_at("all", findings).unwrap_or(false),
            beside: at.strings_at("beside", findings),
            intents: at.strings_at("intents", findings),
        }
    }
}
