//! The fixed words that name what a webhook held: labels of a metric, kinds of what is only kept.

/// Inbound messages that become events.
pub const MESSAGES: &[&str] = &[
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "button",
    "button_reply",
    "list_reply",
    "nfm_reply",
    "call_permission_reply",
    "interactive_other",
    "order",
    "request_welcome",
    "edit",
    "revoke",
    "unsupported",
    "unknown",
    "other_message",
];

/// Status reports that are handled.
pub const STATUSES: &[&str] =
    &["status_sent", "status_delivered", "status_read", "status_played", "status_failed", "status_deleted"];

/// Other parts that are handled.
pub const OTHERS: &[&str] =
    &["user_changed_number", "user_changed_user_id", "user_id_update", "user_preferences", "echo"];

/// Parts that are kept and counted, besides the fields.
pub const KEPT: &[&str] = &[
    "malformed",
    "foreign_object",
    "strange_entry",
    "strange_change",
    "strange_message",
    "strange_status",
    "strange_preference",
    "strange_identity",
    "empty_change",
    "unconfigured_number",
    "unaddressed_message",
    "group_message",
    "group_status",
    "unknown_status",
    "call_status",
    "value_errors",
    "customer_identity_changed",
    "system_other",
    "unknown_preference",
    "unknown_field",
];

/// Fields of webhooks that Charla does not act on; kept under their own names.
pub const FIELDS: &[&str] = &[
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_username_updates",
    "calls",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "template_category_update",
    "template_status_update",
];

/// The word for a field that is only kept.
pub(super) fn of_field(name: &str) -> &'static str {
    FIELDS.iter().copied().find(|known| *known == name).unwrap_or("unknown_field")
}

/// Every word there is.
pub fn all() -> impl Iterator<Item = &'static str> {
    [MESSAGES, STATUSES, OTHERS, KEPT, FIELDS].into_iter().flatten().copied()
}
