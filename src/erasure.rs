//! Whom an operator means who erases somebody.

use crate::bot::Bot;
use charla_actors::{accept::Alias, core::tx::StoreError, inspect::Inspector, session::ConversationId};

/// Somebody, as a request for erasure names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// By one of their conversations, `person@number`.
    Conversation(ConversationId),
    /// By a telephone number or a business-scoped user id.
    Name(Alias),
}

impl Whom {
    /// Reads `person@number`, a telephone number (`+91 98100 00001`; with its country's code, as WhatsApp has it), or else a
    /// business-scoped user id.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Whom::Conversation(id);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let telephone = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
        Whom::Name(match telephone && !digits.is_empty() {
            true => Alias::Phone(digits),
            false => Alias::UserId(text.to_owned()),
        })
    }

    /// One of their conversations, which need not have begun: it stands for the person. `None`: nobody is known so.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn found(&self, journal: &Inspector<Bot>) -> Result<Option<ConversationId>, StoreError> {
        match self {
            Whom::Conversation(id) => Ok((!journal.history(id, 0, 1)?.is_empty()).then(|| id.clone())),
            Whom::Name(name) => journal.resolve("", std::slice::from_ref(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_named_in_three_ways() {
        let phone = Whom::Name(Alias::Phone("919810000001".into()));
        for text in ["919810000001", "+91 98100 00001", " +91 (98100) 00-001 "] {
            assert_eq!(Whom::parse(text), phone, "{text}");
        }
        assert_eq!(Whom::parse("IN.17"), Whom::Name(Alias::UserId("IN.17".into())));
        assert_eq!(Whom::parse("17@1065"), Whom::Conversation("17@1065".parse().unwrap()));
    }
}
