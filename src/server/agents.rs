//! The agents' API, below `/api/v1`: the queue, conversations, and what an agent may do with them.

use super::Edge;
use crate::{agents, bot, telemetry::names};
use actix_web::{HttpRequest, HttpResponse, error::InternalError, http::StatusCode, web};
use charla_actors::{
    accept::{Address, Item, Receipt},
    session::ConversationId,
};
use charla_dialogue::{
    event::{AgentAct, Event},
    state::{BUSINESS_APP, Owner, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

/// Longest text WhatsApp takes, in characters.
const MAX_TEXT: usize = 4_096;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    // Told as all else is; who asks has not been looked at yet, and learns nothing.
    let query = web::QueryConfig::default().error_handler(|error, _| {
        let problem = Problem(StatusCode::BAD_REQUEST, "CHARLA-E2111", error.to_string());
        InternalError::from_response(error, finish(Err(problem))).into()
    });
    let nothing = || async {
        finish(Err(Problem(
            StatusCode::NOT_FOUND,
            "CHARLA-E2107",
            "nothing is called so; see docs/agents-api.md".into(),
        )))
    };
    config.service(
        web::scope("/api/v1")
            .app_data(query)
            .default_service(web::to(nothing))
            .route("/queue", web::get().to(queue))
            .route("/taken", web::get().to(taken))
            .route("/conversations", web::get().to(list))
            .route("/conversations/{id}", web::get().to(show))
            .route("/conversations/{id}/journal", web::get().to(journal))
            .route("/conversations/{id}/{act}", web::post().to(act)),
    );
}

/// The request's bearer token.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get("Authorization")?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::trim)
}

struct Problem(StatusCode, &'static str, String);

type Answer = Result<Value, Problem>;

fn finish(answer: Answer) -> HttpResponse {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(Problem(status, code, message)) => (status, json!({"error": {"code": code, "message": message}})),
    };
    metrics::counter!(names::AGENT_REQUESTS, "status" => status.as_str().to_owned()).increment(1);
    HttpResponse::build(status).json(body)
}

/// The agent whose token this is. Every token is compared, so that timing tells nothing.
fn agent(edge: &Edge, request: &HttpRequest) -> Result<String, Problem> {
    let given = bearer(request).unwrap_or_default().as_bytes();
    let mut found = None;
    for (name, token) in &edge.agents {
        if bool::from(token.as_bytes().ct_eq(given)) {
            found = Some(name.clone());
        }
    }
    found.ok_or_else(|| {
        Problem(StatusCode::UNAUTHORIZED, "CHARLA-E2101", "send an agent's bearer token".into())
    })
}

fn conversation(path: &str) -> Result<ConversationId, Problem> {
    path.parse().map_err(|_| {
        Problem(
            StatusCode::BAD_REQUEST,
            "CHARLA-E2102",
            "a conversation is named person@number, as the queue shows it".into(),
        )
    })
}

fn unknown() -> Problem {
    Problem(StatusCode::NOT_FOUND, "CHARLA-E2103", "no such conversation".into())
}

/// A page of the queue, or of what is taken.
#[derive(Deserialize)]
struct TablePage {
    #[serde(default = "hundred")]
    limit: usize,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
}

fn hundred() -> usize {
    100
}

fn table(edge: &Edge, request: &HttpRequest, page: &TablePage, name: &'static str) -> Answer {
    agent(edge, request)?;
    let after = page.after.as_deref().map(hex::decode).transpose().map_err(|_| {
        Problem(StatusCode::BAD_REQUEST, "CHARLA-E2110", "`after` is the `next` of the page before".into())
    })?;
    let limit = page.limit.clamp(1, 500);
    let rows = edge.engine.view(name, after.as_deref(), limit).map_err(|error| internal(&error))?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| hex::encode(&row.place));
    let cards: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let mut card: Value = serde_json::from_slice(&row.value).unwrap_or_default();
            card["conversation"] = json!(row.conversation.to_string());
            card
        })
        .collect();
    Ok(json!({"conversations": cards, "next": next}))
}

fn internal(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the agents' API could not read the journal");
    Problem(StatusCode::INTERNAL_SERVER_ERROR, "CHARLA-E2100", "the journal cannot be read".into())
}

async fn queue(edge: web::Data<Edge>, request: HttpRequest, page: web::Query<TablePage>) -> HttpResponse {
    finish(table(&edge, &request, &page, bot::QUEUE))
}

async fn taken(edge: web::Data<Edge>, request: HttpRequest, page: web::Query<TablePage>) -> HttpResponse {
    finish(table(&edge, &request, &page, bot::TAKEN))
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "fifty")]
    limit: usize,
    #[serde(default)]
    after: Option<String>,
}

fn fifty() -> usize {
    50
}

async fn list(edge: web::Data<Edge>, request: HttpRequest, page: web::Query<Page>) -> HttpResponse {
    finish(list_page(&edge, &request, &page))
}

fn list_page(edge: &Edge, request: &HttpRequest, page: &Page) -> Answer {
    agent(edge, request)?;
    let after = page.after.as_deref().map(conversation).transpose()?;
    let rows = edge
        .engine
        .conversations(page.limit.clamp(1, 500), after.as_ref())
        .map_err(|error| internal(&error))?;
    let mut ids = Vec::with_capacity(rows.len());
    for id in &rows {
        // What a merge has ended goes on under another name, which is in the list too.
        if edge.engine.current(id).map_err(|error| internal(&error))? == *id {
            ids.push(id.to_string());
        }
    }
    Ok(json!({"conversations": ids, "next": rows.last().map(ToString::to_string)}))
}

async fn show(edge: web::Data<Edge>, request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    finish(show_one(&edge, &request, &path))
}

fn show_one(edge: &Edge, request: &HttpRequest, path: &str) -> Answer {
    agent(edge, request)?;
    let (id, state) = current(edge, path)?;
    let mut body = agents::detail(&state);
    body["conversation"] = json!(id.to_string());
    Ok(body)
}

/// The conversation of that name and its state, or those of the one that goes on for it where its person has been merged into
/// somebody else.
fn current(edge: &Edge, name: &str) -> Result<(ConversationId, State), Problem> {
    let id = edge.engine.current(&conversation(name)?).map_err(|error| internal(&error))?;
    let state = edge.engine.state(&id).map_err(|error| internal(&error))?.ok_or_else(unknown)?;
    Ok((id, state))
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    from: u64,
    #[serde(default = "fifty")]
    limit: usize,
}

async fn journal(
    edge: web::Data<Edge>,
    request: HttpRequest,
    path: web::Path<String>,
    range: web::Query<Range>,
) -> HttpResponse {
    finish(journal_page(&edge, &request, &path, &range))
}

fn journal_page(edge: &Edge, request: &HttpRequest, path: &str, range: &Range) -> Answer {
    agent(edge, request)?;
    let id = conversation(path)?;
    let records =
        edge.engine.history(&id, range.from, range.limit.clamp(1, 500)).map_err(|error| internal(&error))?;
    if records.is_empty() && range.from == 0 {
        return Err(unknown());
    }
    let rows: Vec<Value> =
        records.iter().map(|(seq, record)| json!({"seq": seq, "record": record})).collect();
    Ok(json!({ "records": rows }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ActBody {
    text: String,
    resolved: bool,
    /// The client's key: the same act twice is done once.
    key: Option<String>,
}

async fn act(
    edge: web::Data<Edge>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let (id, act) = path.into_inner();
    finish(perform(&edge, &request, &id, &act, body).await)
}

/// The body of an act. Most acts need none; but what is there and cannot be read was meant to say something.
fn act_body(body: Result<web::Bytes, actix_web::Error>) -> Result<ActBody, Problem> {
    let bytes = body.map_err(|error| {
        // Too large, broken off: actix knows which.
        Problem(error.as_response_error().status_code(), "CHARLA-E2109", format!("the body: {error}"))
    })?;
    if bytes.is_empty() {
        return Ok(ActBody::default());
    }
    let unreadable = |why: &dyn std::fmt::Display| {
        let form = "write a JSON object such as {\"text\": \"Hello\"}";
        Problem(StatusCode::BAD_REQUEST, "CHARLA-E2109", format!("the body cannot be read: {why}; {form}"))
    };
    // An array would be read too, field by field.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(unreadable(&"it is no object"));
    }
    serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))
}

async fn perform(
    edge: &Edge,
    request: &HttpRequest,
    id: &str,
    act: &str,
    body: Result<web::Bytes, actix_web::Error>,
) -> Answer {
    let agent = agent(edge, request)?;
    let body = act_body(body)?;
    let (id, state) = current(edge, id)?;
    let text = body.text.trim().to_owned();
    let needs_text = matches!(act, "reply" | "note");
    if needs_text && (text.is_empty() || text.chars().count() > MAX_TEXT) {
        return Err(Problem(
            StatusCode::BAD_REQUEST,
            "CHARLA-E2104",
            format!("text must have 1 to {MAX_TEXT} characters"),
        ));
    }
    let mine = matches!(&state.owner, Owner::Agent { id: owner, .. } if *owner == agent);
    if matches!(act, "reply" | "handback") && !mine {
        return Err(Problem(
            StatusCode::CONFLICT,
            "CHARLA-E2105",
            "the conversation is not yours: take it first".into(),
        ));
    }
    // What a colleague answered in the app may be taken over: nobody can hand it back there.
    let others = matches!(&state.owner, Owner::Agent { id: owner, .. } if owner != BUSINESS_APP) && !mine;
    if act == "take" && others {
        return Err(Problem(
            StatusCode::CONFLICT,
            "CHARLA-E2106",
            "another agent has the conversation".into(),
        ));
    }
    // A key speaks of one act in one conversation.
    let key = body.key.filter(|key| !key.is_empty()).map(|key| format!("agent|{agent}|{id}|{act}|{key}"));
    let act = match act {
        "take" => AgentAct::Take { agent: agent.clone() },
        "reply" => AgentAct::Reply { agent: agent.clone(), text },
        "handback" => AgentAct::HandBack { agent: agent.clone(), resolved: body.resolved },
        "note" => AgentAct::Note { agent: agent.clone(), text },
        _ => {
            return Err(Problem(
                StatusCode::NOT_FOUND,
                "CHARLA-E2107",
                "an act is one of take, reply, handback, note".into(),
            ));
        }
    };
    let item = Item::Event { address: Address::Conversation(id), dedup: key, event: Event::Agent(act) };
    match edge.engine.accept(vec![item]).await {
        Ok(receipts) if receipts.contains(&Receipt::Duplicate) => {
            Ok(json!({"accepted": true, "duplicate": true}))
        }
        Ok(_) => Ok(json!({"accepted": true})),
        Err(refused) => Err(Problem(StatusCode::SERVICE_UNAVAILABLE, "CHARLA-E2108", refused.to_string())),
    }
}
