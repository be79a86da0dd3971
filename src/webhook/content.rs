//! What a message holds: WhatsApp's kinds → the dialogue's [`Content`].

use super::{
    lenient::elements,
    payload::{Card, CardPhone, Interactive, Location, Media, Message, Order, OrderItem},
    people::digits,
};
use charla_dialogue::event::Content;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// Longest name of a kind that is passed on, in characters.
const MAX_KIND: usize = 40;

/// The word for the metric and the content. A kind whose body is missing or strange becomes [`Content::Unsupported`]: the
/// customer did send something, and is told that it could not be read.
pub(super) fn content(message: &Message) -> (&'static str, Content) {
    let kind = message.kind.as_deref().or_else(|| guess(message)).unwrap_or("unknown");
    let (word, content) = match kind {
        "text" => (
            "text",
            message.text.as_ref().and_then(|text| text.body.clone()).map(|text| Content::Text { text }),
        ),
        "image" => ("image", media("image", &message.image)),
        "video" => ("video", media("video", &message.video)),
        "document" => ("document", media("document", &message.document)),
        "sticker" => ("sticker", media("sticker", &message.sticker)),
        "audio" if message.audio.as_ref().is_some_and(|audio| audio.voice == Some(true)) => {
            ("voice", media("voice", &message.audio))
        }
        "audio" => ("audio", media("audio", &message.audio)),
        "voice" => ("voice", media("voice", &message.voice).or_else(|| media("voice", &message.audio))),
        "location" => ("location", message.location.as_ref().and_then(location)),
        "contacts" => ("contacts", contacts(message.contacts)),
        // Without an emoji it takes the earlier one back. Never answered, so nothing about it can be unreadable.
        "reaction" => {
            let emoji = message.reaction.as_ref().and_then(|reaction| reaction.emoji.clone());
            ("reaction", Some(Content::Reaction { emoji }))
        }
        "button" => (
            "button",
            message.button.as_ref().and_then(|button| {
                let id = button.payload.clone().or_else(|| button.text.clone())?;
                let title = button.text.clone().unwrap_or_else(|| id.clone());
                Some(Content::Button { id, title })
            }),
        ),
        "interactive" => return interactive(message.interactive.as_ref()),
        "order" => ("order", message.order.as_ref().and_then(order)),
        "request_welcome" => ("request_welcome", Some(Content::Welcome)),
        "edit" => ("edit", Some(Content::Silent { kind: "edit".into() })),
        "revoke" => ("revoke", Some(Content::Silent { kind: "revoke".into() })),
        "unsupported" => {
            let named = message.unsupported.as_ref().and_then(|named| named.kind.as_deref());
            ("unsupported", Some(unsupported(named.unwrap_or("unsupported"))))
        }
        "unknown" => ("unknown", None),
        _ => ("other_message", None),
    };
    (word, content.unwrap_or_else(|| unsupported(kind)))
}

/// The kind of a message that does not say it, by the body that it has.
fn guess(message: &Message) -> Option<&'static str> {
    [
        ("text", message.text.is_some()),
        ("image", message.image.is_some()),
        ("video", message.video.is_some()),
        ("audio", message.audio.is_some()),
        ("voice", message.voice.is_some()),
        ("document", message.document.is_some()),
        ("sticker", message.sticker.is_some()),
        ("location", message.location.is_some()),
        ("contacts", message.contacts.is_some()),
        ("reaction", message.reaction.is_some()),
        ("button", message.button.is_some()),
        ("interactive", message.interactive.is_some()),
        ("order", message.order.is_some()),
    ]
    .into_iter()
    .find_map(|(kind, present)| present.then_some(kind))
}

/// Names a kind that cannot be handled; the name comes from outside, so it is cut down to a word.
fn unsupported(kind: &str) -> Content {
    let kind: String =
        kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(MAX_KIND).collect();
    Content::Unsupported { kind: if kind.is_empty() { "unknown".into() } else { kind } }
}

fn media(kind: &str, media: &Option<Media>) -> Option<Content> {
    let media = media.as_ref()?;
    Some(Content::Media { kind: kind.into(), id: media.id.clone()?, caption: media.caption.clone() })
}

fn location(location: &Location) -> Option<Content> {
    let (latitude, longitude) = (location.latitude?, location.longitude?);
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return None;
    }
    let name = location.name.clone().or_else(|| location.address.clone());
    Some(Content::Location { latitude, longitude, name })
}

fn contacts(cards: Option<&RawValue>) -> Option<Content> {
    let cards = elements(Some(cards?)).ok()?;
    // Only a card that was sent as the answer to a contact request is vouched for by WhatsApp; any other may be anybody's.
    let own_phone = cards
        .iter()
        .filter_map(|card| serde_json::from_str::<Card>(card.get()).ok())
        .filter(|card| card.origin.as_deref() == Some("contact_request"))
        .flat_map(|card| elements(card.phones).unwrap_or_default())
        .filter_map(|phone| serde_json::from_str::<CardPhone>(phone.get()).ok())
        .find_map(|phone| {
            phone.wa_id.as_deref().and_then(digits).or_else(|| phone.phone.as_deref().and_then(digits))
        });
    Some(Content::Contacts { own_phone })
}

fn order(order: &Order) -> Option<Content> {
    let items = elements(order.product_items).ok()?;
    let items: Option<Vec<(String, u32)>> = items
        .into_iter()
        .map(|raw| {
            let item: OrderItem = serde_json::from_str(raw.get()).ok()?;
            Some((item.product_retailer_id?, u32::try_from(item.quantity?).ok()?))
        })
        .collect();
    // All or nothing: a cart with one line missing is another cart.
    items.filter(|items| !items.is_empty()).map(|items| Content::Order { items })
}

fn interactive(interactive: Option<&Interactive>) -> (&'static str, Content) {
    let Some(reply) = interactive else {
        return ("interactive_other", unsupported("interactive"));
    };
    let kind = reply.kind.as_deref().unwrap_or(match reply {
        Interactive { button_reply: Some(_), .. } => "button_reply",
        Interactive { list_reply: Some(_), .. } => "list_reply",
        Interactive { nfm_reply: Some(_), .. } => "nfm_reply",
        Interactive { call_permission_reply: Some(_), .. } => "call_permission_reply",
        _ => "interactive",
    });
    let (word, content) = match kind {
        "button_reply" => (
            "button_reply",
            reply.button_reply.as_ref().and_then(|choice| {
                let id = choice.id.clone()?;
                Some(Content::Button { title: choice.title.clone().unwrap_or_else(|| id.clone()), id })
            }),
        ),
        "list_reply" => (
            "list_reply",
            reply.list_reply.as_ref().and_then(|choice| {
                let id = choice.id.clone()?;
                Some(Content::List { title: choice.title.clone().unwrap_or_else(|| id.clone()), id })
            }),
        ),
        "nfm_reply" => (
            "nfm_reply",
            reply
                .nfm_reply
                .as_ref()
                .and_then(|form| Some(Content::Form { fields: fields(form.response_json?) })),
        ),
        "call_permission_reply" => {
            ("call_permission_reply", Some(Content::Silent { kind: "call_permission_reply".into() }))
        }
        _ => ("interactive_other", None),
    };
    (word, content.unwrap_or_else(|| unsupported(kind)))
}

/// A form's answer. Documented as a string of JSON, seen as an object too; anything that is no object is kept whole
/// under `response`.
fn fields(response: &RawValue) -> BTreeMap<String, Value> {
    let outer: Value = serde_json::from_str(response.get()).unwrap_or(Value::Null);
    let inner = match &outer {
        Value::String(text) => serde_json::from_str(text).unwrap_or(outer),
        _ => outer,
    };
    match inner {
        Value::Object(map) => map.into_iter().collect(),
        other => BTreeMap::from([("response".to_owned(), other)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(message: Value) -> (&'static str, Content) {
        let text = message.to_string();
        content(&serde_json::from_str(&text).unwrap())
    }

    fn form(response: Value) -> BTreeMap<String, Value> {
        let message = json!({"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":response}}});
        match read(message) {
            ("nfm_reply", Content::Form { fields }) => fields,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_form_is_read_as_string_or_object_and_kept_whole_otherwise() {
        let expected = BTreeMap::from([("rating".to_owned(), json!("5"))]);
        assert_eq!(form(json!("{\"rating\":\"5\"}")), expected);
        assert_eq!(form(json!({"rating":"5"})), expected);
        assert_eq!(form(json!([1])), BTreeMap::from([("response".to_owned(), json!([1]))]));
        assert_eq!(form(json!("{broken")), BTreeMap::from([("response".to_owned(), json!("{broken"))]));
    }

    #[test]
    fn a_shared_card_names_the_sender_only_after_a_contact_request() {
        let card = |origin: Value| json!({"type":"contacts","contacts":[{"origin":origin,"phones":[{"phone":"+1 650 555-1234"}]}]});
        let (_, content) = read(card(json!("contact_request")));
        assert_eq!(content, Content::Contacts { own_phone: Some("16505551234".into()) });
        for other in [json!(null), json!("other")] {
            assert_eq!(read(card(other)).1, Content::Contacts { own_phone: None });
        }
    }

    #[test]
    fn a_cart_is_read_whole_or_not_at_all() {
        let cart = |items: Value| json!({"type":"order","order":{"product_items":items}});
        let good = json!({"product_retailer_id":"a","quantity":"2"});
        assert_eq!(read(cart(json!([good]))).1, Content::Order { items: vec![("a".into(), 2)] });
        let refused = Content::Unsupported { kind: "order".into() };
        for bad in [
            json!([]),
            json!([good, {"product_retailer_id":"b"}]),
            json!([{"product_retailer_id":"b","quantity":-1}]),
            json!({}),
        ] {
            assert_eq!(read(cart(bad)).1, refused);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_to_the_customer() {
        let cases = [
            (json!({"type":"text"}), "text", "text"),
            (json!({"type":"text","text":[]}), "text", "text"),
            (json!({"type":"image","image":{"url":"https://example.com"}}), "image", "image"),
            (json!({"type":"location","location":{"latitude":91,"longitude":0}}), "location", "location"),
            (json!({"type":"holo gram<script>","hologram":{}}), "other_message", "hologramscript"),
            (
                json!({"type":"unsupported","unsupported":{"type":"poll_creation"}}),
                "unsupported",
                "poll_creation",
            ),
            (json!({"type":"interactive","interactive":{"type":"payment"}}), "interactive_other", "payment"),
            (json!({"type":"interactive"}), "interactive_other", "interactive"),
            (json!({}), "unknown", "unknown"),
        ];
        for (message, word, kind) in cases {
            let shown = message.to_string();
            assert_eq!(read(message), (word, Content::Unsupported { kind: kind.into() }), "{shown}");
        }
    }

    #[test]
    fn a_missing_kind_is_guessed_from_the_body() {
        assert_eq!(read(json!({"text":{"body":"hi"}})), ("text", Content::Text { text: "hi".into() }));
        let place = json!({"location":{"latitude":"40.4","longitude":-3.7,"address":"Calle Mayor 1"}});
        assert_eq!(
            read(place),
            (
                "location",
                Content::Location { latitude: 40.4, longitude: -3.7, name: Some("Calle Mayor 1".into()) }
            )
        );
    }
}
