//! `POST /sim/customers/{wa_id}/messages`: a customer acts, the engine gets a webhook.

use super::act::{Act, Post, Posted};
use crate::sim::{
    app::App,
    customer::{Customer, is_wa_id},
    error::SimError,
    message::{Content, From, Media, Message, Quote},
    webhook::{Kind, Update},
    world::{MediaFile, Thread, ThreadKey, World},
};
use actix_web::{HttpResponse, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

/// The picture that a customer sends who has none.
const PICTURE: &[u8] = include_bytes!("../picture.png");
/// Updates that may wait: one message and one copy.
const ROOM: usize = 1;

pub(super) async fn post(
    app: web::Data<Arc<App>>,
    path: web::Path<String>,
    body: web::Json<Post>,
) -> Result<HttpResponse, SimError> {
    let wa_id = path.into_inner();
    if !is_wa_id(&wa_id) {
        return Err(SimError::WaId(wa_id));
    }
    let posted = act(&app, &wa_id, body.into_inner())?;
    Ok(HttpResponse::Accepted().json(posted))
}

/// A text to the first number.
pub(crate) fn say(app: &Arc<App>, wa_id: &str, text: &str) -> Result<Posted, SimError> {
    if !is_wa_id(wa_id) {
        return Err(SimError::WaId(wa_id.to_owned()));
    }
    let act_of = Act::Text { text: text.to_owned() };
    act(app, wa_id, Post { act: act_of, number: None, reply_to: None })
}

/// What a webhook says of an act, and what the phone shows.
struct Said {
    /// `type` and the object of that name, or more.
    message: Value,
    content: Option<Content>,
    /// The message that it answers.
    quote: Option<Quote>,
}

fn act(app: &Arc<App>, wa_id: &str, post: Post) -> Result<Posted, SimError> {
    let number = Arc::clone(app.number_or_first(post.number.as_deref())?);
    if !app.webhooks.has_room(ROOM) {
        return Err(SimError::Full(app.webhooks.pending()));
    }
    let hidden = app.faults().user_id_only;
    let key: ThreadKey = (number.phone_number_id.clone(), wa_id.to_owned());
    let mut world = app.world();
    let customer = world.customer(wa_id).clone();
    let reply_to = match &post.reply_to {
        Some(named) => Some(find(world.thread(&key), named)?.quote()),
        None => None,
    };
    let said = said(app, &mut world, &key, &customer, post.act, reply_to)?;
    let now = app.clock.now();
    let wamid = app.ids.wamid(wa_id, true);
    let mut message = said.message;
    message["id"] = wamid.as_str().into();
    message["timestamp"] = (now / 1_000).to_string().into();
    customer.address(hidden, "from", "from_user_id", &mut message);
    if let Some(quote) = &said.quote {
        let from = match quote.from {
            From::Business => number.display_phone_number.as_str(),
            From::Customer => wa_id,
        };
        message["context"] = json!({"from": from, "id": quote.wamid});
    }
    let n = said.content.map(|content| {
        let shown = world.append(&key, now, From::Customer, wamid.clone(), content, said.quote);
        app.events.message(&key, &shown);
        shown.n
    });
    world.thread(&key).last_inbound = Some(now);
    world.rates.inbound(&app.options.limits, &key.0, now);
    app.stats.customer_message();
    let kind = Kind::Message { contact: customer.contact(hidden), message };
    // Still under the lock: the order of webhooks is that of the thread.
    app.webhooks.submit(app, Update { number, key, n: n.unwrap_or(0), kind }, Duration::ZERO)?;
    Ok(Posted { wamid, n })
}

/// A message named by wamid or by number.
fn find<'a>(thread: &'a Thread, named: &Value) -> Result<&'a Message, SimError> {
    let by_number = named.as_u64().and_then(|n| thread.get(n));
    let by_id = || named.as_str().and_then(|id| thread.messages.iter().find(|message| message.wamid == id));
    by_number.or_else(by_id).ok_or_else(|| SimError::NoMessage(named.to_string()))
}

fn of(kind: &str, text: &str) -> Content {
    Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() }
}

fn said(
    app: &App,
    world: &mut World,
    key: &ThreadKey,
    customer: &Customer,
    act: Act,
    quote: Option<Quote>,
) -> Result<Said, SimError> {
    let plain =
        |message: Value, content: Content| Said { message, content: Some(content), quote: quote.clone() };
    Ok(match act {
        Act::Text { text } => {
            if text.trim().is_empty() || text.chars().count() > 4_096 {
                return Err(SimError::Request("`text` must have 1 to 4,096 characters".into()));
            }
            plain(json!({"type": "text", "text": {"body": text}}), of("text", &text))
        }
        Act::Button { id } => tap(world.thread(key), id, quote.as_ref())?,
        Act::List { id } => choose(world.thread(key), id, quote.as_ref())?,
        Act::Location(location) => {
            if location.latitude.abs() > 90.0 || location.longitude.abs() > 180.0 {
                return Err(SimError::Request("`latitude` is within ±90, `longitude` within ±180".into()));
            }
            let text = location.name.clone().unwrap_or_default();
            let message = json!({"type": "location", "location": location});
            // Answers to a location request name it, as Meta's do.
            let last = last_business(world.thread(key));
            let asked = last.filter(|last| last.content.kind == "location_request_message");
            let quote = quote.or_else(|| asked.map(Message::quote));
            Said {
                message,
                content: Some(Content { location: Some(location), ..of("location", &text) }),
                quote,
            }
        }
        Act::Image { caption, data, mime_type } => {
            let (message, content) = image(app, world, caption, data, mime_type)?;
            plain(message, content)
        }
        Act::Contacts { contacts } => {
            let contacts = contacts.unwrap_or_else(|| own_card(customer));
            let names = contacts.iter().filter_map(|contact| contact["name"]["formatted_name"].as_str());
            let text = names.collect::<Vec<_>>().join(", ");
            plain(json!({"type": "contacts", "contacts": contacts}), of("contacts", &text))
        }
        Act::Reaction { message, emoji } => {
            let (n, wamid) = {
                let target = find(world.thread(key), &message)?;
                (target.n, target.wamid.clone())
            };
            if let Some(changed) = world.react(key, n, From::Customer, &emoji) {
                app.events.message(key, &changed);
            }
            let mut reaction = json!({"message_id": wamid});
            // A missing emoji means that the reaction was taken away.
            if !emoji.is_empty() {
                reaction["emoji"] = emoji.into();
            }
            Said { message: json!({"type": "reaction", "reaction": reaction}), content: None, quote: None }
        }
        Act::Unsupported {} => {
            let error = json!({
                "code": 131_051, "title": "Message type unknown", "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            });
            plain(json!({"type": "unsupported", "errors": [error]}), of("unsupported", ""))
        }
    })
}

fn last_business(thread: &Thread) -> Option<&Message> {
    thread.messages.iter().rev().find(|message| message.from == From::Business)
}

/// The newest message that shows it, or the one that the customer names.
fn showing<'a>(
    thread: &'a Thread,
    quote: Option<&Quote>,
    what: &'static str,
    id: &str,
    shows: impl Fn(&Message) -> bool,
) -> Result<&'a Message, SimError> {
    let mut newest_first = thread.messages.iter().rev();
    let named = |message: &Message| quote.is_none_or(|quote| quote.wamid == message.wamid);
    newest_first
        .find(|message| message.from == From::Business && named(message) && shows(message))
        .ok_or_else(|| SimError::NothingToTap { what, id: id.to_owned() })
}

fn tap(thread: &Thread, id: String, quote: Option<&Quote>) -> Result<Said, SimError> {
    let message = showing(thread, quote, "button", &id, |message| message.button(&id).is_some())?;
    let title = message.button(&id).map_or_else(String::new, |button| button.title.clone());
    // Quick replies of templates come back as another type.
    let said = if message.content.kind == "template" {
        json!({"type": "button", "button": {"payload": id, "text": title}})
    } else {
        let reply = json!({"id": id, "title": title});
        json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}})
    };
    let content = Content { id: Some(id), ..of("button", &title) };
    Ok(Said { message: said, content: Some(content), quote: Some(message.quote()) })
}

fn choose(thread: &Thread, id: String, quote: Option<&Quote>) -> Result<Said, SimError> {
    let message = showing(thread, quote, "row", &id, |message| message.row(&id).is_some())?;
    let row = message.row(&id);
    let title = row.map_or_else(String::new, |row| row.title.clone());
    let mut reply = json!({"id": id, "title": title});
    if let Some(description) = row.map(|row| &row.description).filter(|text| !text.is_empty()) {
        reply["description"] = description.as_str().into();
    }
    let said = json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}});
    let content = Content { id: Some(id), ..of("list", &title) };
    Ok(Said { message: said, content: Some(content), quote: Some(message.quote()) })
}

fn image(
    app: &App,
    world: &mut World,
    caption: Option<String>,
    data: Option<String>,
    mime_type: Option<String>,
) -> Result<(Value, Content), SimError> {
    let bytes = match data {
        Some(data) => STANDARD
            .decode(data.trim())
            .map_err(|error| SimError::Request(format!("`data` is not base64: {error}")))?,
        None => PICTURE.to_vec(),
    };
    let mime_type = mime_type.unwrap_or_else(|| "image/png".into());
    if !mime_type.starts_with("image/") {
        return Err(SimError::Request(format!("`{mime_type}` is not a type of picture")));
    }
    let id = app.ids.digits();
    let link = format!("/sim/media/{id}");
    let mut object = json!({
        "id": id,
        "mime_type": mime_type,
        "sha256": STANDARD.encode(Sha256::digest(&bytes)),
    });
    if let Some(caption) = &caption {
        object["caption"] = caption.as_str().into();
    }
    world.keep_media(id, MediaFile { mime_type, bytes: bytes.into() });
    let media = Some(Media { link, filename: None });
    let content = Content { media, ..of("image", caption.as_deref().unwrap_or_default()) };
    Ok((json!({"type": "image", "image": object}), content))
}

fn own_card(customer: &Customer) -> Vec<Value> {
    let first = customer.name.split(' ').next().unwrap_or_default();
    let phone = json!({"phone": format!("+{}", customer.wa_id), "wa_id": customer.wa_id, "type": "CELL"});
    vec![json!({
        "name": {"formatted_name": customer.name, "first_name": first},
        "phones": [phone],
    })]
}
