//! What to say → Graph's JSON for `POST /{phone-number-id}/messages`.
//!
//! The [`limits`](super::limits) are checked here, because a message that Meta refuses is noticed only when the customer
//! has been left without an answer.

use super::{
    interactive::{buttons_of, interactive, sections_of},
    limits::{
        MAX_BODY, MAX_BUTTON_TITLE, MAX_CALLBACK_DATA, MAX_LINK, MAX_LIST_BODY, MAX_TEMPLATE_NAME, MAX_TEXT,
        RenderError, Result, checked,
    },
};
use charla_dialogue::effect::{Outgoing, Send};
use serde_json::{Value, json};

/// The request body for a message. `callback_data` comes back in the status webhooks.
///
/// # Errors
/// [`RenderError`] if a limit is exceeded or there is no address.
pub fn render(send: &Send, callback_data: &str) -> Result<Value> {
    let mut body = json!({"messaging_product": "whatsapp", "recipient_type": "individual"});
    address(send, &mut body)?;
    if let Some(id) = &send.reply_to {
        body["context"] = json!({"message_id": id});
    }
    if !callback_data.is_empty() {
        body["biz_opaque_callback_data"] =
            checked("biz_opaque_callback_data", callback_data, MAX_CALLBACK_DATA)?.into();
    }
    let (kind, content) = content(&send.message)?;
    body["type"] = kind.into();
    body[kind] = content;
    Ok(body)
}

/// The request body that marks a message (and those before it) as read, with the typing indicator if wanted. The indicator
/// goes away with the answer, or after 25 s.
pub fn render_read(message_id: &str, typing: bool) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": message_id});
    if typing {
        body["typing_indicator"] = json!({"type": "text"});
    }
    body
}

/// A phone goes into `to`, a business-scoped id into `recipient`. Meta prefers `to` if both are there, so only one is
/// ever sent.
fn address(send: &Send, body: &mut Value) -> Result<()> {
    match (&send.phone, &send.user_id) {
        (Some(phone), _) if !phone.is_empty() => {
            if !phone.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(RenderError::Malformed {
                    field: "to".into(),
                    expected: "a phone number in digits",
                });
            }
            body["to"] = phone.as_str().into();
        }
        (_, Some(id)) if !id.is_empty() => body["recipient"] = id.as_str().into(),
        _ => return Err(RenderError::NoAddress),
    }
    Ok(())
}

fn content(message: &Outgoing) -> Result<(&'static str, Value)> {
    Ok(match message {
        Outgoing::Text { body, preview_url } => {
            ("text", json!({"body": checked("text.body", body, MAX_TEXT)?, "preview_url": preview_url}))
        }
        Outgoing::Image { link, caption } => ("image", image(link, caption.as_deref())?),
        Outgoing::Template { name, language, parameters } => {
            ("template", template(name, language, parameters)?)
        }
        Outgoing::Buttons { body, footer, buttons } => {
            let action = json!({"buttons": buttons_of(buttons)?});
            ("interactive", interactive("button", body, MAX_BODY, footer.as_deref(), action)?)
        }
        Outgoing::List { body, footer, button, sections } => {
            let action = json!({
                "button": checked("action.button", button, MAX_BUTTON_TITLE)?,
                "sections": sections_of(sections)?,
            });
            ("interactive", interactive("list", body, MAX_LIST_BODY, footer.as_deref(), action)?)
        }
        Outgoing::LocationRequest { body } => {
            let action = json!({"name": "send_location"});
            ("interactive", interactive("location_request_message", body, MAX_BODY, None, action)?)
        }
    })
}

fn image(link: &str, caption: Option<&str>) -> Result<Value> {
    let link = checked("image.link", link, MAX_LINK)?;
    // Meta fetches https only; plain http is for simulators.
    if !(link.starts_with("https://") || link.starts_with("http://")) {
        return Err(RenderError::Malformed { field: "image.link".into(), expected: "an https link" });
    }
    let mut content = json!({"link": link});
    if let Some(caption) = caption.filter(|caption| !caption.is_empty()) {
        content["caption"] = checked("image.caption", caption, MAX_BODY)?.into();
    }
    Ok(content)
}

fn template(name: &str, language: &str, parameters: &[String]) -> Result<Value> {
    let malformed = |field: &str, expected| RenderError::Malformed { field: field.into(), expected };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !checked("template.name", name, MAX_TEMPLATE_NAME)?.bytes().all(plain) {
        return Err(malformed("template.name", "made of lower-case letters, digits and underscores"));
    }
    let code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if language.len() < 2 || language.len() > 15 || !language.bytes().all(code) {
        return Err(malformed("template.language", "a language code such as `en` or `es_MX`"));
    }
    let mut content = json!({"name": name, "language": {"code": language}});
    if !parameters.is_empty() {
        let parameters = parameters
            .iter()
            .enumerate()
            .map(|(i, parameter)| {
                // Meta refuses line breaks, tabs and runs of spaces in parameters; joining words keeps the meaning.
                let text = parameter.split_whitespace().collect::<Vec<_>>().join(" ");
                let text = checked(format!("template.parameters[{i}]"), &text, MAX_BODY)?.to_owned();
                Ok(json!({"type": "text", "text": text}))
            })
            .collect::<Result<Vec<_>>>()?;
        content["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(message: Outgoing) -> Send {
        Send {
            phone: Some("16505551234".into()),
            user_id: Some("US.1".into()),
            message,
            window_until: Some(1),
            reply_to: None,
        }
    }

    fn of(message: Outgoing) -> Result<Value> {
        render(&send(message), "")
    }

    fn text(characters: usize) -> Outgoing {
        Outgoing::Text { body: "é".repeat(characters), preview_url: false }
    }

    #[test]
    fn one_address_is_sent_and_the_phone_is_preferred() {
        let both = of(text(1)).unwrap();
        assert_eq!((&both["to"], both.get("recipient")), (&json!("16505551234"), None));
        let hidden = render(&Send { phone: None, ..send(text(1)) }, "").unwrap();
        assert_eq!((hidden.get("to"), &hidden["recipient"]), (None, &json!("US.1")));
        let nobody = Send { phone: Some(String::new()), user_id: None, ..send(text(1)) };
        assert_eq!(render(&nobody, ""), Err(RenderError::NoAddress));
        let written = Send { phone: Some("+1 650".into()), ..send(text(1)) };
        assert!(matches!(render(&written, ""), Err(RenderError::Malformed { .. })));
    }

    #[test]
    fn lengths_are_counted_in_characters_and_the_place_is_named() {
        assert!(of(text(4096)).is_ok());
        let too_long = RenderError::TooLong { field: "text.body".into(), length: 4097, limit: 4096 };
        assert_eq!(of(text(4097)), Err(too_long));
        assert_eq!(of(text(0)), Err(RenderError::Empty("text.body".into())));
    }

    #[test]
    fn a_quoted_text_with_callback_data_has_metas_shape() {
        let send = Send {
            reply_to: Some("wamid.1".into()),
            ..send(Outgoing::Text { body: "hi".into(), preview_url: true })
        };
        assert_eq!(
            render(&send, "1@2/3/4").unwrap(),
            json!({
                "messaging_product": "whatsapp", "recipient_type": "individual", "to": "16505551234",
                "context": {"message_id": "wamid.1"}, "biz_opaque_callback_data": "1@2/3/4",
                "type": "text", "text": {"body": "hi", "preview_url": true},
            })
        );
    }

    #[test]
    fn a_templates_parameters_lose_their_line_breaks() {
        let template = |name: &str, parameter: &str| {
            of(Outgoing::Template {
                name: name.into(),
                language: "es_MX".into(),
                parameters: vec![parameter.into()],
            })
        };
        assert_eq!(
            template("order_update", "Ana\n\tGarcía").unwrap()["template"],
            json!({
                "name": "order_update", "language": {"code": "es_MX"},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana García"}]}],
            })
        );
        assert!(matches!(template("Order", "a"), Err(RenderError::Malformed { .. })));
        assert_eq!(template("order", "\n"), Err(RenderError::Empty("template.parameters[0]".into())));
    }

    #[test]
    fn images_and_location_requests_have_metas_shape() {
        let image = Outgoing::Image { link: "https://shop.example/a.jpg".into(), caption: Some("A".into()) };
        assert_eq!(
            of(image).unwrap()["image"],
            json!({"link": "https://shop.example/a.jpg", "caption": "A"})
        );
        let file = Outgoing::Image { link: "file:///etc/passwd".into(), caption: None };
        assert!(matches!(of(file), Err(RenderError::Malformed { .. })));
        assert_eq!(
            of(Outgoing::LocationRequest { body: "Where?".into() }).unwrap()["interactive"],
            json!({"type": "location_request_message", "body": {"text": "Where?"}, "action": {"name": "send_location"}})
        );
        assert_eq!(
            render_read("wamid.1", true),
            json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1", "typing_indicator": {"type": "text"}})
        );
    }
}
