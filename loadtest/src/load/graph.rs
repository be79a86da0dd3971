//! A lean Graph endpoint: the simulator keeps threads, windows, media and a phone page, which a load run has no use for. This
//! one checks the token and the body, hands the message to the judge, plans its statuses, and answers.

use super::{
    reply::{self, Request},
    stage::Stage,
};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, http::header, web,
};
use anyhow::Context;
use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The endpoint's own state.
struct State {
    stage: Arc<Stage>,
    /// `Bearer …`.
    token: String,
    next: AtomicU64,
    /// Every so many sends one is not told to the judge, as if it had never come; 0: none. Tries the judge.
    lose: u64,
}

/// Serves on a bound listener until the handle is stopped.
pub(super) fn serve(
    stage: Arc<Stage>,
    listener: TcpListener,
    access_token: &str,
    lose: u64,
) -> anyhow::Result<ServerHandle> {
    let state = web::Data::new(State {
        stage,
        token: format!("Bearer {access_token}"),
        next: AtomicU64::new(0),
        lose,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(256 * 1024))
            .route("/{version}/{number}/messages", web::post().to(messages))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)
    .context("CHARLA-E5407: the Graph endpoint cannot listen")?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

fn refused(status: StatusCode, code: i32, message: &str) -> HttpResponse {
    HttpResponse::build(status)
        .json(serde_json::json!({"error": {"message": message, "type": "OAuthException", "code": code}}))
}

async fn messages(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(state.token.as_str()) {
        return refused(StatusCode::UNAUTHORIZED, 190, "Invalid OAuth access token.");
    }
    let number = path.1.as_str();
    let stage = &state.stage;
    match reply::read(&body) {
        Ok(Request::Read) => HttpResponse::Ok().content_type("application/json").body("{\"success\":true}"),
        Ok(Request::Send(reply, callback)) => {
            let n = state.next.fetch_add(1, Ordering::Relaxed);
            let wamid = format!("wamid.{}{n:010X}O", stage.stem);
            let to = reply.to.clone();
            let now = stage.now();
            let mut crowd = stage.crowd();
            let Some(at) = crowd.numbers.iter().position(|known| known.id == number) else {
                crowd.wrongs.add("wrong number", || format!("{number} is none of the numbers"));
                return refused(StatusCode::BAD_REQUEST, 100, "Unsupported post request.");
            };
            if state.lose == 0 || !(n + 1).is_multiple_of(state.lose) {
                crowd.reply(now, number, *reply, &wamid);
            }
            drop(crowd);
            stage.plan_statuses(now, at, &wamid, &callback, &to);
            HttpResponse::Ok().content_type("application/json").body(format!(
                "{{\"messaging_product\":\"whatsapp\",\"contacts\":[{{\"input\":\"{to}\",\"wa_id\":\"{to}\"}}],\"messages\":[{{\"id\":\"{wamid}\"}}]}}"
            ))
        }
        Err(why) => {
            let shown: String = String::from_utf8_lossy(&body).chars().take(300).collect();
            stage.crowd().wrongs.add("malformed send", || format!("{why}: {shown}"));
            refused(StatusCode::BAD_REQUEST, 100, &why)
        }
    }
}
