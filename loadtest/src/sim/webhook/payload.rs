//! Webhook bodies in Meta's shape, and their signature.

use crate::sim::{app::WABA_ID, clock::Millis, message::Status, options::BusinessNumber, world::ThreadKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;

/// What an update tells.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A customer has written.
    Message { contact: Value, message: Value },
    /// A business message has come further. The timestamp is put in when it leaves.
    Status { status: Status, contact: Option<Value>, object: Value },
    /// A field other than `messages`.
    Field { field: &'static str, contact: Value, value: Value },
}

/// One thing that the engine is told.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub number: Arc<BusinessNumber>,
    pub key: ThreadKey,
    /// The message's number in its thread; 0 if it has none.
    pub n: u64,
    pub kind: Kind,
}

fn same_change(a: &Update, b: &Update) -> bool {
    a.number.phone_number_id == b.number.phone_number_id
        && matches!(
            (&a.kind, &b.kind),
            (Kind::Message { .. }, Kind::Message { .. }) | (Kind::Status { .. }, Kind::Status { .. })
        )
}

/// One body: neighbours of the same number and kind share a change.
pub(super) fn body(updates: &[Update], now: Millis) -> Value {
    let changes: Vec<_> = updates.chunk_by(same_change).map(|group| change(group, now)).collect();
    json!({"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": changes}]})
}

fn change(group: &[Update], now: Millis) -> Value {
    let mut value = json!({"messaging_product": "whatsapp"});
    let mut field = "messages";
    let mut contacts: Vec<Value> = Vec::new();
    let mut messages = Vec::new();
    let mut statuses = Vec::new();
    for update in group {
        value["metadata"] = json!({
            "display_phone_number": update.number.display_phone_number,
            "phone_number_id": update.number.phone_number_id,
        });
        let contact = match &update.kind {
            Kind::Message { contact, message } => {
                messages.push(message.clone());
                Some(contact)
            }
            Kind::Status { status, contact, object } => {
                let mut object = object.clone();
                object["status"] = json!(status);
                object["timestamp"] = (now / 1_000).to_string().into();
                statuses.push(object);
                contact.as_ref()
            }
            Kind::Field { field: name, contact, value: content } => {
                field = name;
                value[*name] = content.clone();
                Some(contact)
            }
        };
        if let Some(contact) = contact.filter(|contact| !contacts.contains(contact)) {
            contacts.push(contact.clone());
        }
    }
    for (name, list) in [("contacts", contacts), ("messages", messages), ("statuses", statuses)] {
        if !list.is_empty() {
            value[name] = list.into();
        }
    }
    json!({"field": field, "value": value})
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the body under the app secret.
pub(crate) fn signature(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(number: &str, kind: Kind) -> Update {
        let number = BusinessNumber {
            phone_number_id: number.into(),
            display_phone_number: "15550783881".into(),
            name: "Shop".into(),
            country: "US".into(),
        };
        Update { number: Arc::new(number), key: ("1".into(), "2".into()), n: 1, kind }
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn neighbours_of_a_kind_share_a_change_and_their_contact() {
        let contact = json!({"profile": {"name": "A"}, "wa_id": "2"});
        let message =
            |id: &str| update("1", Kind::Message { contact: contact.clone(), message: json!({"id": id}) });
        let status =
            update("1", Kind::Status { status: Status::Sent, contact: None, object: json!({"id": "s"}) });
        let body = body(&[message("a"), message("b"), status], 5_999);
        let changes = body["entry"][0]["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0]["value"]["messages"].as_array().unwrap().len(), 2);
        assert_eq!(changes[0]["value"]["contacts"], json!([contact]));
        assert_eq!(
            changes[1]["value"],
            json!({
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "15550783881", "phone_number_id": "1"},
                "statuses": [{"id": "s", "status": "sent", "timestamp": "5"}],
            })
        );
    }
}
