//! `POST /{phone_number_id}/messages`: sends, read receipts, typing indicators.

use super::{
    GraphError, authorised,
    content::{Draft, TemplateCall, draft},
    fields::Fields,
    refuse,
};
use crate::sim::{
    app::App,
    clock::Millis,
    customer::{Customer, is_wa_id},
    limits,
    message::{Button, Content, From, Header, Status},
    observer::Taken,
    options::BusinessNumber,
    receipts::{self, Receipt},
    templates::{fill, not_found},
    world::{ThreadKey, World},
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// A send that has passed all checks of shape.
struct Request {
    draft: Draft,
    /// `to` or `recipient`, as given.
    input: String,
    wa_id: String,
    reply_to: Option<String>,
    callback: Option<String>,
}

/// The handler.
pub(super) async fn send(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    app.stats.graph_request();
    let (delay, broken, lost) = {
        let mut dice = app.dice();
        let (error, lose) = (dice.faults.graph_error, dice.faults.lose_answer);
        let broken = dice.chance(error).then_some(dice.faults.graph_error_code);
        (dice.faults.answer_delay_ms, broken, dice.chance(lose))
    };
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let answer = authorised(&app, &request)
        .and_then(|()| app.number(&path.1).ok_or_else(|| GraphError::no_object(&path.1)))
        .and_then(|number| match broken {
            Some(code) => Err(GraphError::injected(code)),
            None => handle(&app, number, &body, Passing { version: &path.0, answered: !lost }),
        });
    match answer {
        Err(error) => refuse(&app, &error),
        // The message is under way, and nobody hears of it: what a broken connection does.
        Ok(_) if lost => {
            app.stats.answer_lost();
            HttpResponse::BadGateway().finish()
        }
        Ok(answer) => HttpResponse::Ok().json(answer),
    }
}

/// What an observer is told beside the message itself.
#[derive(Clone, Copy)]
struct Passing<'a> {
    version: &'a str,
    answered: bool,
}

fn handle(
    app: &Arc<App>,
    number: &Arc<BusinessNumber>,
    body: &[u8],
    passing: Passing<'_>,
) -> Result<Value, GraphError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| GraphError::invalid(format!("The body is not JSON: {error}")))?;
    let fields = Fields::of(&body, "")?;
    if fields.raw("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::invalid("The parameter messaging_product is required."));
    }
    if fields.has("status") {
        return mark_read(app, number, &fields);
    }
    let mut world = app.world();
    let request = read(&world, &fields)?;
    deliver(app, &mut world, number, request, passing)
}

fn read(world: &World, fields: &Fields<'_>) -> Result<Request, GraphError> {
    if let Some(kind) = fields.maybe_text("recipient_type", 32)?
        && kind != "individual"
    {
        return Err(GraphError::invalid("Param recipient_type must be one of {individual}"));
    }
    // `to` wins if both are there.
    let (input, wa_id) = match (fields.maybe_text("to", 64)?, fields.maybe_text("recipient", 256)?) {
        (Some(to), _) => {
            let digits: String = to.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')')).collect();
            if !is_wa_id(&digits) {
                return Err(GraphError::value("Parameter 'to' is not a valid phone number"));
            }
            (to.to_owned(), digits)
        }
        (None, Some(user_id)) => {
            let customer = world.by_user_id(user_id).ok_or_else(|| {
                GraphError::new(131_026, "Message undeliverable")
                    .details("The recipient is not known to this business")
            })?;
            (user_id.to_owned(), customer.wa_id.clone())
        }
        (None, None) => return Err(GraphError::invalid("The parameter to is required.")),
    };
    let callback = match fields.maybe_text("biz_opaque_callback_data", usize::MAX)? {
        Some(data) if data.chars().count() > limits::CALLBACK_DATA => {
            return Err(GraphError::invalid(format!(
                "Param biz_opaque_callback_data must be at most {} characters long.",
                limits::CALLBACK_DATA
            )));
        }
        other => other.map(str::to_owned),
    };
    let reply_to = match fields.maybe_object("context")? {
        Some(context) => Some(context.text("message_id", 512)?.to_owned()),
        None => None,
    };
    Ok(Request { draft: draft(fields)?, input, wa_id, reply_to, callback })
}

fn deliver(
    app: &Arc<App>,
    world: &mut World,
    number: &Arc<BusinessNumber>,
    request: Request,
    passing: Passing<'_>,
) -> Result<Value, GraphError> {
    let now = app.clock.now();
    let key: ThreadKey = (number.phone_number_id.clone(), request.wa_id.clone());
    let limits = &app.options.limits;
    if !app.webhooks.has_room(4) {
        return Err(GraphError::injected(131_016).details("Webhooks cannot be delivered; is the engine up?"));
    }
    if !world.rates.throughput(limits, &key.0, now) {
        return Err(GraphError::injected(130_429).details("Message failed to send because there were too many messages sent from this phone number in a short period of time"));
    }
    if !world.rates.pair(limits, &key.0, &key.1, now) {
        return Err(GraphError::injected(131_056).details("Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time"));
    }
    let customer = world.customer(&request.wa_id).clone();
    let is_template = matches!(request.draft, Draft::Template(_));
    let open = world.thread(&key).window_open(now);
    let refused = reachable(&customer, is_template, open).err();
    let late = app.dice().faults.late_refusals;
    if let Some(error) = refused.as_ref().filter(|_| !late) {
        return Err(error.clone());
    }
    let (content, category) = match request.draft {
        Draft::Free(content) => (*content, None),
        Draft::Template(call) => {
            let (content, category) = template(world, &customer, &call)?;
            (content, Some(category))
        }
        Draft::Reaction { message_id, emoji } => {
            return react(app, world, &key, &request.input, &customer, &message_id, &emoji);
        }
    };
    let wamid = app.ids.wamid(&request.wa_id, false);
    let mut receipt = Receipt {
        app,
        number,
        customer: &customer,
        key: &key,
        n: 0,
        wamid: &wamid,
        callback: request.callback.as_deref(),
        pricing: receipts::pricing(now, open, category.as_deref()),
    };
    if let Some(error) = refused {
        receipt.failed(&error);
    } else {
        let quote = request.reply_to.and_then(|id| world.quoted(&key, &id).map(|message| message.quote()));
        let message = world.append(&key, now, From::Business, wamid.clone(), content, quote);
        receipt.n = message.n;
        if let Some(kept) = world.thread(&key).get_mut(message.n) {
            kept.callback = request.callback.clone();
        }
        app.stats.received();
        if let Some(observer) = &app.options.observer {
            observer.taken(&Taken {
                recipient: &request.wa_id,
                text: &message.content.text,
                callback: request.callback.as_deref(),
                version: passing.version,
                answered: passing.answered,
            });
        }
        app.events.message(&key, &message);
        receipt.schedule();
    }
    let mut accepted = json!({"id": wamid});
    if is_template {
        accepted["message_status"] = "accepted".into();
    }
    Ok(answer(&request.input, &customer, accepted))
}

fn answer(input: &str, customer: &Customer, message: Value) -> Value {
    let mut contact = json!({"input": input, "user_id": customer.user_id});
    if !customer.hide_phone {
        contact["wa_id"] = customer.wa_id.as_str().into();
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

fn reachable(customer: &Customer, is_template: bool, open: bool) -> Result<(), GraphError> {
    if !customer.reachable {
        return Err(GraphError::injected(131_026).details("Message Undeliverable."));
    }
    if !is_template && !open {
        return Err(GraphError::new(131_047, "Re-engagement message").details(
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
        ));
    }
    Ok(())
}

fn template(
    world: &World,
    customer: &Customer,
    call: &TemplateCall,
) -> Result<(Content, String), GraphError> {
    let found = world
        .templates
        .iter()
        .find(|template| template.name == call.name && template.language == call.language)
        .ok_or_else(|| not_found(&call.name, &call.language))?;
    found.sendable()?;
    if found.category == "marketing" && !customer.marketing {
        return Err(GraphError::new(131_050, "User has stopped marketing messages")
            .details("Unable to deliver the message. This recipient has chosen to stop receiving marketing messages from your business."));
    }
    let text = fill("body", &found.body, &call.body)?;
    if text.chars().count() > limits::TEMPLATE_BODY {
        return Err(GraphError::new(132_005, "Translated text too long").details("body"));
    }
    let header = match &found.header {
        Some(header) => Some(Header::Text { text: fill("header", header, &call.header)? }),
        None => None,
    };
    let payload = |i: usize, title: &str| {
        let given = call.payloads.iter().find(|(index, _)| *index == i);
        given.map_or_else(|| title.to_owned(), |(_, payload)| payload.clone())
    };
    let titles = found.quick_replies.iter().enumerate();
    let content = Content {
        kind: "template".into(),
        text,
        header,
        footer: found.footer.clone(),
        buttons: titles.map(|(i, title)| Button { id: payload(i, title), title: title.clone() }).collect(),
        template: Some(found.name.clone()),
        ..Content::default()
    };
    Ok((content, found.category.clone()))
}

fn react(
    app: &Arc<App>,
    world: &mut World,
    key: &ThreadKey,
    input: &str,
    customer: &Customer,
    message_id: &str,
    emoji: &str,
) -> Result<Value, GraphError> {
    let n = world
        .quoted(key, message_id)
        .map(|message| message.n)
        .ok_or_else(|| GraphError::value("reaction.message_id is not a message of this chat"))?;
    if let Some(message) = world.react(key, n, From::Business, emoji) {
        app.events.message(key, &message);
    }
    let wamid = app.ids.wamid(&customer.wa_id, false);
    Ok(answer(input, customer, json!({"id": wamid})))
}

fn mark_read(app: &Arc<App>, number: &BusinessNumber, fields: &Fields<'_>) -> Result<Value, GraphError> {
    if fields.text("status", 16)? != "read" {
        return Err(GraphError::value("status must be 'read'"));
    }
    let wamid = fields.text("message_id", 512)?;
    let typing = match fields.maybe_object("typing_indicator")? {
        Some(indicator) if indicator.text("type", 16)? != "text" => {
            return Err(GraphError::value("typing_indicator.type must be 'text'"));
        }
        indicator => indicator.is_some(),
    };
    let now = app.clock.now();
    let mut world = app.world();
    let (key, n) = found_inbound(&world, number, wamid, now).ok_or_else(|| {
        GraphError::value("message_id is not a message received by this phone number in the last 30 days")
    })?;
    for message in world.read_by_business(&key, n) {
        app.events.status(&key, message.n, message.status);
    }
    app.stats.read_mark();
    if typing {
        world.thread(&key).typing_until = now + limits::TYPING_MS;
        app.events.typing(&key, limits::TYPING_MS);
    }
    Ok(json!({"success": true}))
}

fn found_inbound(
    world: &World,
    number: &BusinessNumber,
    wamid: &str,
    now: Millis,
) -> Option<(ThreadKey, u64)> {
    let (key, message) = world.find(wamid)?;
    let at: jiff::Timestamp = message.at.parse().ok()?;
    let recent = now - at.as_millisecond() <= limits::READ_MS;
    let theirs =
        message.from == From::Customer && key.0 == number.phone_number_id && message.status != Status::Failed;
    (theirs && recent).then(|| (key.clone(), message.n))
}
