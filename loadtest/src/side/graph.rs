//! The least that can stand in for WhatsApp's Graph API: takes a message and hands it to the conversation that waits for it.
//! Whether messages are right in every detail is the simulator's business ([`crate::sim`]); here it would cost the machine
//! what is to be measured.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::header, web};
use anyhow::Context;
use serde::Deserialize;
use serde_json::json;
use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::mpsc::UnboundedSender;

/// What the engine must send as its token.
pub(super) const ACCESS_TOKEN: &str = "side-by-side-access-token";

/// A message that has come out of Charla.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub at: Instant,
    /// The turn of the conversation it belongs to, from its idempotency key.
    pub turn: u64,
    pub wamid: String,
    pub text: String,
    pub choices: Vec<Choice>,
}

/// Something to tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub id: String,
    pub title: String,
    /// A row of a list, not a button.
    pub row: bool,
}

/// Who sits in a place, and where their messages go.
type Seat = Option<(String, UnboundedSender<Arrived>)>;

/// Who waits for messages: one place for each conversation that goes on at the same time.
#[derive(Debug)]
pub(super) struct Desk {
    places: Vec<Mutex<Seat>>,
    /// Messages taken; read receipts do not count.
    taken: AtomicU64,
    /// Messages to people whose conversation is over, and requests that are no messages.
    strays: AtomicU64,
    wamids: AtomicU64,
}

impl Desk {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: (0..places.max(1)).map(|_| Mutex::new(None)).collect(),
            taken: AtomicU64::new(0),
            strays: AtomicU64::new(0),
            wamids: AtomicU64::new(0),
        })
    }

    /// From now on this place's messages are those to `wa_id`.
    pub(super) fn seat(&self, place: usize, wa_id: &str, sender: UnboundedSender<Arrived>) {
        if let Some(seat) = self.places.get(place) {
            *seat.lock().unwrap_or_else(PoisonError::into_inner) = Some((wa_id.to_owned(), sender));
        }
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn strays(&self) -> u64 {
        self.strays.load(Ordering::Relaxed)
    }

    /// A WhatsApp id that leads back to its place: country code, a number of its own, and the place in the last four digits.
    pub(super) fn wa_id(place: usize, n: u64) -> String {
        format!("91{:07}{:04}", 7_000_000 + n % 2_999_999, place % 10_000)
    }

    fn deliver(&self, to: &str, arrived: Arrived) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        let place = to.get(to.len().saturating_sub(4)..).and_then(|digits| digits.parse::<usize>().ok());
        let seat = place.and_then(|place| self.places.get(place));
        let sent = seat.is_some_and(|seat| {
            let seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
            seat.as_ref().is_some_and(|(wa_id, sender)| wa_id == to && sender.send(arrived).is_ok())
        });
        if !sent {
            self.strays.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What of a send is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    to: String,
    status: Option<String>,
    biz_opaque_callback_data: String,
    text: Text,
    image: Image,
    interactive: Interactive,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Text {
    #[serde(alias = "text")]
    body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image {
    caption: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Interactive {
    body: Text,
    action: Action,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    buttons: Vec<Button>,
    sections: Vec<Section>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Button {
    reply: Named,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Section {
    rows: Vec<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
    title: String,
}

impl Body {
    fn arrived(&mut self, at: Instant, wamid: String) -> Arrived {
        let key = std::mem::take(&mut self.biz_opaque_callback_data);
        let texts = [&mut self.text.body, &mut self.interactive.body.body, &mut self.image.caption];
        let text = texts.into_iter().map(std::mem::take).find(|text| !text.is_empty()).unwrap_or_default();
        let action = std::mem::take(&mut self.interactive.action);
        let choice = |row| move |named: Named| Choice { id: named.id, title: named.title, row };
        let buttons = action.buttons.into_iter().map(|button| button.reply).map(choice(false));
        let rows = action.sections.into_iter().flat_map(|section| section.rows).map(choice(true));
        Arrived { at, turn: turn_of(&key), wamid, text, choices: buttons.chain(rows).collect() }
    }
}

/// Of `person@number/turn/step`; 0 if it is not of that form.
fn turn_of(key: &str) -> u64 {
    key.rsplit('/').nth(1).and_then(|turn| turn.parse().ok()).unwrap_or(0)
}

async fn messages(desk: web::Data<Desk>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let at = Instant::now();
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token.and_then(|value| value.strip_prefix("Bearer ")) != Some(ACCESS_TOKEN) {
        let error = json!({"message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190});
        return HttpResponse::Unauthorized().json(json!({"error": error}));
    }
    let Ok(mut body) = serde_json::from_slice::<Body>(&body) else {
        let error = json!({"message": "(#100) Invalid parameter", "type": "OAuthException", "code": 100});
        return HttpResponse::BadRequest().json(json!({"error": error}));
    };
    if body.status.is_some() {
        return HttpResponse::Ok().json(json!({"success": true}));
    }
    let wamid = format!("wamid.side{}", desk.wamids.fetch_add(1, Ordering::Relaxed));
    let to = std::mem::take(&mut body.to);
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": to, "wa_id": to}],
        "messages": [{"id": wamid}],
    });
    desk.deliver(&to, body.arrived(at, wamid));
    HttpResponse::Ok().json(answer)
}

async fn stray(desk: web::Data<Desk>) -> HttpResponse {
    desk.strays.fetch_add(1, Ordering::Relaxed);
    HttpResponse::NotFound().finish()
}

/// A running endpoint.
#[derive(Debug)]
pub(super) struct Graph {
    handle: ServerHandle,
    pub url: String,
}

impl Graph {
    /// Serves a desk on a free port.
    pub(super) fn start(desk: Arc<Desk>) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("CHARLA-E5503: no port of 127.0.0.1 is free")?;
        let url = format!("http://{}", listener.local_addr()?);
        let data = web::Data::from(desk);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/{version}/{number}/messages", web::post().to(messages))
                .default_service(web::to(stray))
        })
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { handle, url })
    }

    pub(super) async fn stop(self) {
        self.handle.stop(true).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use tokio::sync::mpsc::unbounded_channel;

    fn body(value: Value) -> Arrived {
        let mut body: Body = serde_json::from_value(value).unwrap();
        body.arrived(Instant::now(), "w".into())
    }

    #[test]
    fn texts_choices_and_turns_are_read_from_all_kinds_of_messages() {
        let list = body(json!({
            "to": "917000000000", "type": "interactive", "biz_opaque_callback_data": "9@106540352242922/12/3",
            "interactive": {"type": "list", "body": {"text": "These"}, "action": {"button": "See",
                "sections": [{"rows": [{"id": "/StartFlow(a)", "title": "A", "description": "d"}]}]}},
        }));
        assert_eq!((list.turn, list.text.as_str()), (12, "These"));
        assert_eq!(list.choices, [Choice { id: "/StartFlow(a)".into(), title: "A".into(), row: true }]);
        let buttons = body(json!({"to": "1", "interactive": {"type": "button", "body": {"text": "Agreed?"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "/Consent(yes)", "title": "Yes"}}]}}}));
        assert!(!buttons.choices[0].row && buttons.turn == 0);
        assert_eq!(body(json!({"to": "1", "text": {"body": "Hi", "preview_url": false}})).text, "Hi");
        assert_eq!(body(json!({"to": "1", "image": {"link": "http://x", "caption": "C"}})).text, "C");
    }

    #[test]
    fn a_message_reaches_its_own_conversation_and_no_other() {
        let desk = Desk::new(2);
        let (sender, mut receiver) = unbounded_channel();
        let (mine, next) = (Desk::wa_id(1, 5), Desk::wa_id(1, 6));
        desk.seat(1, &mine, sender);
        let message = || body(json!({"text": {"body": "Hi"}}));
        desk.deliver(&mine, message());
        desk.deliver(&next, message());
        desk.deliver(&Desk::wa_id(0, 5), message());
        desk.deliver("no number", message());
        assert_eq!(receiver.try_recv().unwrap().text, "Hi");
        assert!(receiver.try_recv().is_err());
        assert_eq!((desk.taken(), desk.strays()), (4, 3));
    }
}
