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

/// A plausible first name of whoever has a number, always the same one for it, by the country calling code.
fn first_name(wa_id: &str) -> &'static str {
    const INDIA: [&str; 12] = [
        "Aarav", "Priya", "Rahul", "Neha", "Vikram", "Ananya", "Arjun", "Kavita", "Sanjay", "Pooja", "Imran",
        "Meera",
    ];
    const SPANISH: [&str; 12] = [
        "Carmen", "Javier", "Marta", "Andrés", "Sofía", "Pablo", "Elena", "Miguel", "Laura", "Álvaro", "Ana",
        "Jorge",
    ];
    const ENGLISH: [&str; 12] = [
        "Olivia", "James", "Grace", "Daniel", "Sophie", "Ben", "Amelia", "Tom", "Hannah", "Luke", "Chloe",
        "Adam",
    ];
    let names = match wa_id {
        id if id.starts_with("91") => &INDIA,
        id if id.starts_with("34") || id.starts_with('5') => &SPANISH,
        _ => &ENGLISH,
    };
    let sum = wa_id.bytes().fold(7_usize, |sum, b| (sum * 31 + usize::from(b)) % 10_007);
    names[sum % names.len()]
}

impl Customer {
    pub(crate) fn new(wa_id: &str) -> Self {
        let name = match wa_id {
            "447700900001" => "Emma Clarke".to_owned(),
            "34600000001" => "Lucía García".to_owned(),
            "919810000001" => "Asha Verma".to_owned(),
            "919810000002" => "Rohan Mehta".to_owned(),
            "525500000001" => "Diego Hernández".to_owned(),
            other => first_name(other).to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_have_a_first_name_that_stays() {
        let name = |id: &str| Customer::new(id).name;
        assert_eq!(name("919811300009"), name("919811300009"));
        assert_eq!(name("919810000001"), "Asha Verma");
        let all: std::collections::BTreeSet<String> =
            (0..40).map(|n| name(&format!("9198113000{n:02}"))).collect();
        assert!(all.len() > 6, "{all:?}");
        assert!(all.iter().all(|n| !n.contains(char::is_numeric)));
    }
}
