//! Customers: who they are, and what of it the engine gets to see.

use super::ids;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A person with a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Phone number in digits.
    pub wa_id: String,
    /// Profile name.
    pub name: String,
    /// Business-scoped user id.
    pub user_id: String,
    /// Name of their own choice, if they have adopted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether webhooks leave the phone number out.
    pub hide_phone: bool,
    /// Whether messages to them arrive; sends fail with 131026 otherwise.
    pub reachable: bool,
    /// Whether they take marketing messages; templates of that category fail with 131050 otherwise.
    pub marketing: bool,
}

impl Customer {
    pub(crate) fn new(wa_id: &str) -> Self {
        let name = match wa_id {
            "447700900001" => "Emma Clarke".to_owned(),
            "34600000001" => "Lucía García".to_owned(),
            "919810000001" => "Asha Verma".to_owned(),
            "919810000002" => "Rohan Mehta".to_owned(),
            "525500000001" => "Diego Hernández".to_owned(),
            other => format!("Customer {}", &other[other.len().saturating_sub(4)..]),
        };
        Self {
            wa_id: wa_id.to_owned(),
            name,
            user_id: ids::user_id(wa_id),
            username: None,
            hide_phone: false,
            reachable: true,
            marketing: true,
        }
    }

    /// As in `contacts[]` of a webhook.
    pub(crate) fn contact(&self, hidden: bool) -> Value {
        let mut contact = json!({"profile": {"name": self.name}, "user_id": self.user_id});
        if let Some(username) = &self.username {
            contact["profile"]["username"] = username.as_str().into();
        }
        if !(hidden || self.hide_phone) {
            contact["wa_id"] = self.wa_id.as_str().into();
        }
        contact
    }

    /// Adds the ids to a message (`from`, `from_user_id`) or a status (`recipient_id`, `recipient_user_id`).
    pub(crate) fn address(&self, hidden: bool, phone: &str, user_id: &str, object: &mut Value) {
        if !(hidden || self.hide_phone) {
            object[phone] = self.wa_id.as_str().into();
        }
        object[user_id] = self.user_id.as_str().into();
    }
}

/// Whether a text is a phone number as WhatsApp writes it.
pub(crate) fn is_wa_id(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
