//! Every payload that was shared with the project, by its kind.

use super::{NOW, numbers, shared};
use crate::probe::Probe;
use charla::webhook::parse;
use charla_actors::accept::Item;
use std::collections::{BTreeSet, HashSet};

/// File prefix (the longest one counts) → the kinds that must come out.
const SHARED: &[(&str, &[&str])] = &[
    ("audio", &["audio"]),
    (
        "batch_19_",
        &[
            "account_alerts",
            "account_review_update",
            "account_update",
            "business_capability_update",
            "history",
            "message_template_components_update",
            "message_template_quality_update",
            "message_template_status_update",
            "text",
            "status_delivered",
            "echo",
            "calls",
            "partner_solutions",
            "payment_configuration_update",
            "phone_number_name_update",
            "phone_number_quality_update",
            "security",
            "smb_app_state_sync",
            "unconfigured_number",
            "template_category_update",
        ],
    ),
    ("batch_2_field_calls", &["calls"]),
    ("batch_2_field_user_preferences", &["text", "user_preferences"]),
    ("batch_2_text", &["text"]),
    ("batch_4_", &["order", "sticker", "nfm_reply", "status_sent", "calls"]),
    ("batch_5_", &["text", "location", "reaction", "sticker", "user_preferences"]),
    ("bsuid_status_delivered", &["status_delivered"]),
    ("bsuid_text", &["text"]),
    ("button", &["button"]),
    ("composed_contacts", &["contacts"]),
    ("composed_field_business_username_updates", &["business_username_updates"]),
    ("composed_field_user_id_update", &["user_id_update"]),
    ("composed_status_sent", &["status_sent"]),
    ("contacts", &["contacts"]),
    ("document", &["document"]),
    ("edit", &["edit"]),
    ("field_account_review_update", &["account_review_update"]),
    ("field_account_settings_update", &["account_settings_update"]),
    ("field_account_update", &["account_update"]),
    ("field_automatic_events", &["automatic_events"]),
    ("field_business_capability_update", &["business_capability_update"]),
    ("field_calls", &["calls"]),
    ("field_flows", &["flows"]),
    ("field_message_template_quality_update", &["message_template_quality_update"]),
    ("field_message_template_status_update", &["message_template_status_update"]),
    ("field_phone_number_name_update", &["phone_number_name_update"]),
    ("field_phone_number_quality_update", &["phone_number_quality_update"]),
    ("field_security", &["security"]),
    ("field_smb_app_state_sync", &["smb_app_state_sync"]),
    ("field_smb_message_echoes", &["echo"]),
    ("field_template_category_update", &["template_category_update"]),
    ("field_template_status_update", &["template_status_update"]),
    ("field_user_preferences", &["user_preferences"]),
    ("image", &["image"]),
    ("interactive_None", &["interactive_other", "value_errors"]),
    ("interactive_button_reply", &["button_reply"]),
    ("interactive_call_permission_reply", &["call_permission_reply"]),
    ("interactive_list_reply", &["list_reply"]),
    ("interactive_nfm_reply", &["nfm_reply"]),
    ("location", &["location"]),
    // Names neither field nor number.
    ("location__3", &["unknown_field"]),
    ("multi_entry_batch_2_text", &["text"]),
    ("multi_entry_field", &["message_template_status_update", "unconfigured_number"]),
    ("negative_field_invalid_field", &["unknown_field"]),
    ("negative_field_message_template_status_update", &["message_template_status_update"]),
    ("negative_field_unknown_field", &["unknown_field"]),
    // Its placeholders are no phone numbers.
    ("negative_message_without_type", &["unaddressed_message"]),
    ("negative_no_changes", &["unconfigured_number"]),
    ("negative_status_in_orbit", &["unknown_status"]),
    ("order", &["order"]),
    ("placeholder__MESSAGE_TYPE__group", &["group_message"]),
    ("placeholder_contacts", &["unaddressed_message"]),
    ("placeholder_document", &["unaddressed_message"]),
    ("placeholder_field_account_update", &["account_update"]),
    ("placeholder_field_flows", &["flows"]),
    ("placeholder_field_group_status_update", &["group_status_update"]),
    ("placeholder_field_smb_message_echoes", &["echo"]),
    ("placeholder_status_delivered", &["status_delivered"]),
    ("placeholder_status_failed__ERROR_CODE__group", &["group_status"]),
    ("placeholder_status_read", &["status_read"]),
    ("placeholder_status_read_group", &["group_status"]),
    ("placeholder_status_sent_group", &["group_status"]),
    ("placeholder_text", &["text"]),
    ("placeholder_unknown", &["unaddressed_message"]),
    ("placeholder_unsupported_group", &["group_message"]),
    ("reaction", &["reaction"]),
    ("status_deleted", &["status_deleted"]),
    ("status_delivered", &["status_delivered"]),
    ("status_failed", &["status_failed"]),
    ("status_played", &["status_played"]),
    ("status_read", &["status_read"]),
    ("status_sent", &["status_sent"]),
    ("sticker", &["sticker"]),
    ("system_customer_identity_changed", &["customer_identity_changed"]),
    ("text", &["text"]),
    // Names nobody: no `from`, and a contact with nothing but a name.
    ("text__2", &["unaddressed_message"]),
    ("text_group", &["group_message"]),
    ("unsupported", &["unsupported"]),
    ("value_errors", &["value_errors"]),
    ("video", &["video"]),
    ("voice", &["voice"]),
];

#[test]
fn every_shared_payload_comes_out_as_its_kind() {
    let mut used = BTreeSet::new();
    let payloads = shared();
    for (name, raw) in &payloads {
        let mut configured = HashSet::new();
        numbers(&serde_json::from_slice(raw).unwrap(), &mut configured);
        let parsed = parse::<Probe>(raw, &configured, NOW);
        let (prefix, expected) = SHARED
            .iter()
            .filter(|(prefix, _)| name.starts_with(prefix))
            .max_by_key(|(prefix, _)| prefix.len())
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        used.insert(*prefix);
        let found: BTreeSet<_> = parsed.kinds.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{name}");
        // Where the number is not ours, nothing happens to anybody.
        let foreign = parse::<Probe>(raw, &HashSet::new(), NOW);
        assert!(foreign.items.iter().all(|item| matches!(item, Item::Kept { .. })), "{name}");
        assert!(!foreign.items.is_empty(), "{name}");
    }
    if !payloads.is_empty() {
        let unused: Vec<_> =
            SHARED.iter().map(|(prefix, _)| prefix).filter(|prefix| !used.contains(*prefix)).collect();
        assert!(unused.is_empty(), "no payload for {unused:?}");
    }
}
