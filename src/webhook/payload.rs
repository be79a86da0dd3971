//! The wire format, as far as Charla reads it. Everything is optional; elements of lists stay raw until each is read on
//! its own, so that one strange element never spoils the rest.
//!
//! Source: Meta's webhook reference (`messages` and the fields beside it), Cloud API v24.0, and the page on
//! business-scoped user ids of June 2026.

use super::lenient::{float, int, soft, text};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The body of a webhook.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    #[serde(deserialize_with = "text")]
    pub object: Option<String>,
    #[serde(borrow)]
    pub entry: Option<&'a RawValue>,
}

/// One business account's part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub changes: Option<&'a RawValue>,
}

/// One field's part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Change<'a> {
    #[serde(deserialize_with = "text")]
    pub field: Option<String>,
    #[serde(borrow)]
    pub value: Option<&'a RawValue>,
}

/// What a change holds, for the fields that are handled.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Value<'a> {
    #[serde(deserialize_with = "soft")]
    pub metadata: Option<Metadata>,
    #[serde(borrow)]
    pub contacts: Option<&'a RawValue>,
    #[serde(borrow)]
    pub messages: Option<&'a RawValue>,
    #[serde(borrow)]
    pub statuses: Option<&'a RawValue>,
    #[serde(borrow)]
    pub errors: Option<&'a RawValue>,
    #[serde(borrow)]
    pub message_echoes: Option<&'a RawValue>,
    #[serde(borrow)]
    pub calls: Option<&'a RawValue>,
    #[serde(borrow)]
    pub user_preferences: Option<&'a RawValue>,
    #[serde(borrow)]
    pub user_id_update: Option<&'a RawValue>,
}

/// The business number.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    #[serde(deserialize_with = "text")]
    pub display_phone_number: Option<String>,
    #[serde(deserialize_with = "text")]
    pub phone_number_id: Option<String>,
}

/// A person named beside the messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    #[serde(deserialize_with = "text")]
    pub wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub parent_user_id: Option<String>,
    #[serde(deserialize_with = "soft")]
    pub profile: Option<Profile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub username: Option<String>,
}

/// A message, inbound or an echo.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "int")]
    pub timestamp: Option<i64>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub from: Option<String>,
    #[serde(deserialize_with = "text")]
    pub from_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub from_parent_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub to: Option<String>,
    #[serde(deserialize_with = "text")]
    pub to_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub to_parent_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub group_id: Option<String>,
    #[serde(deserialize_with = "soft")]
    pub context: Option<Context>,
    #[serde(deserialize_with = "soft")]
    pub referral: Option<Referral>,
    #[serde(deserialize_with = "soft")]
    pub text: Option<Text>,
    #[serde(deserialize_with = "soft")]
    pub image: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub video: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub audio: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub voice: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub document: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub sticker: Option<Media>,
    #[serde(deserialize_with = "soft")]
    pub location: Option<Location>,
    #[serde(borrow)]
    pub contacts: Option<&'a RawValue>,
    #[serde(deserialize_with = "soft")]
    pub reaction: Option<Reaction>,
    #[serde(deserialize_with = "soft")]
    pub button: Option<Button>,
    #[serde(borrow, deserialize_with = "soft")]
    pub interactive: Option<Interactive<'a>>,
    #[serde(borrow, deserialize_with = "soft")]
    pub order: Option<Order<'a>>,
    #[serde(deserialize_with = "soft")]
    pub system: Option<System>,
    #[serde(deserialize_with = "soft")]
    pub edit: Option<Original>,
    #[serde(deserialize_with = "soft")]
    pub revoke: Option<Original>,
    #[serde(deserialize_with = "soft")]
    pub unsupported: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Context {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Referral {
    #[serde(deserialize_with = "text")]
    pub source_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub source_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub source_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    #[serde(deserialize_with = "text")]
    pub body: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Media {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub caption: Option<String>,
    #[serde(deserialize_with = "soft")]
    pub voice: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location {
    #[serde(deserialize_with = "float")]
    pub latitude: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub longitude: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub address: Option<String>,
}

/// A contact card.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Card<'a> {
    #[serde(deserialize_with = "text")]
    pub origin: Option<String>,
    #[serde(borrow)]
    pub phones: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CardPhone {
    #[serde(deserialize_with = "text")]
    pub phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub wa_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reaction {
    #[serde(deserialize_with = "text")]
    pub message_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub emoji: Option<String>,
}

/// A template's quick reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Button {
    #[serde(deserialize_with = "text")]
    pub payload: Option<String>,
    #[serde(deserialize_with = "text")]
    pub text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Interactive<'a> {
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "soft")]
    pub button_reply: Option<Choice>,
    #[serde(deserialize_with = "soft")]
    pub list_reply: Option<Choice>,
    #[serde(borrow, deserialize_with = "soft")]
    pub nfm_reply: Option<FormReply<'a>>,
    #[serde(deserialize_with = "soft")]
    pub call_permission_reply: Option<serde::de::IgnoredAny>,
}

/// A tapped reply button or a chosen row.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FormReply<'a> {
    #[serde(borrow)]
    pub response_json: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub product_items: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OrderItem {
    #[serde(deserialize_with = "text")]
    pub product_retailer_id: Option<String>,
    #[serde(deserialize_with = "int")]
    pub quantity: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct System {
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub body: Option<String>,
    #[serde(deserialize_with = "text")]
    pub wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub new_wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub previous_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub parent_user_id: Option<String>,
}

/// What an edit or a revocation refers to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Original {
    #[serde(deserialize_with = "text")]
    pub original_message_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
}

/// A report on something sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status<'a> {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub status: Option<String>,
    #[serde(deserialize_with = "int")]
    pub timestamp: Option<i64>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub recipient_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub biz_opaque_callback_data: Option<String>,
    #[serde(borrow)]
    pub errors: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorItem {
    #[serde(deserialize_with = "int")]
    pub code: Option<i64>,
}

/// A change of mind about marketing messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Preference {
    #[serde(deserialize_with = "text")]
    pub wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub parent_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub category: Option<String>,
    #[serde(deserialize_with = "text")]
    pub value: Option<String>,
}

/// A change of a business-scoped user id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserIdUpdate {
    #[serde(deserialize_with = "text")]
    pub wa_id: Option<String>,
    #[serde(deserialize_with = "soft")]
    pub user_id: Option<Turnover>,
    #[serde(deserialize_with = "soft")]
    pub parent_user_id: Option<Turnover>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turnover {
    #[serde(deserialize_with = "text")]
    pub previous: Option<String>,
    #[serde(deserialize_with = "text")]
    pub current: Option<String>,
}
