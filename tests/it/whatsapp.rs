//! Sending to a Graph API over a real socket: what arrives there, and what each way of failing means.

use crate::graph::{Graph, Play};
use charla::{
    secret::SecretSource,
    whatsapp::{
        client::{ClientError, GraphClient, Options, Sent},
        errors::{Backoff, Class},
        token::TokenSource,
    },
};
use charla_dialogue::effect::{Outgoing, Send};
use serde_json::json;
use std::{path::Path, time::Duration};

const NUMBER: &str = "100000000000001";

struct Bench {
    graph: Graph,
    client: GraphClient,
    token: tempfile::TempDir,
}

impl Bench {
    async fn start(script: impl IntoIterator<Item = Play>) -> Self {
        let graph = Graph::start(script).await;
        let token = tempfile::tempdir().unwrap();
        std::fs::write(token.path().join("token"), "first").unwrap();
        let client = client(&format!("http://{}", graph.address), token.path(), 10_000);
        Self { graph, client, token }
    }

    async fn send(&self) -> Result<Sent, (Class, &'static str)> {
        let sent = self.client.send(NUMBER, &hello(), "1@2/3/4").await;
        sent.map_err(|error| (error.class, error.reason))
    }

    fn rotate(&self, token: &str) {
        std::fs::write(self.token.path().join("token"), token).unwrap();
    }
}

fn client(base_url: &str, token: &Path, timeout_ms: u64) -> GraphClient {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let source = TokenSource::new(SecretSource::from_file(token.join("token"))).unwrap();
    let options = Options { base_url: base_url.to_owned(), timeout_ms, ..Options::default() };
    GraphClient::new(options, source).unwrap()
}

fn hello() -> Send {
    Send {
        phone: Some("919800000001".into()),
        user_id: None,
        message: Outgoing::Text { body: "नमस्ते 👋".into(), preview_url: false },
        window_until: Some(0),
        reply_to: Some("wamid.IN".into()),
    }
}

#[tokio::test]
async fn a_message_arrives_whole_over_one_kept_connection() {
    let bench =
        Bench::start([Play::accepted("wamid.1"), Play::accepted("wamid.2"), Play::accepted("x")]).await;
    assert_eq!(bench.send().await, Ok(Sent { wamid: "wamid.1".into() }));
    assert_eq!(bench.send().await, Ok(Sent { wamid: "wamid.2".into() }));
    bench.client.clone().mark_read(NUMBER, "wamid.IN", true).await.unwrap();
    let asked = bench.graph.asked();
    assert_eq!(asked[0].path, "/v24.0/100000000000001/messages");
    assert_eq!(asked[0].authorization, "Bearer first");
    assert_eq!(
        asked[0].body,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "919800000001",
            "type": "text", "text": {"body": "नमस्ते 👋", "preview_url": false},
            "context": {"message_id": "wamid.IN"}, "biz_opaque_callback_data": "1@2/3/4",
        })
    );
    assert_eq!(
        asked[2].body,
        json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN",
            "typing_indicator": {"type": "text"},
        })
    );
    assert_eq!(bench.graph.connections(), 1);
}

#[tokio::test]
async fn each_refusal_is_told_by_its_class() {
    let cases = [
        (Play::refused(429, 130_429), Class::Retry(Backoff::Rate), "throughput"),
        (Play::refused(400, 131_056), Class::Retry(Backoff::Pair), "pair_rate"),
        (Play::refused(500, 131_000), Class::Retry(Backoff::Fault), "unknown_error"),
        (Play::refused(400, 131_047), Class::Permanent, "window_closed"),
        (Play::refused(404, 132_001), Class::Permanent, "template"),
        (Play::refused(403, 131_031), Class::Park, "account_blocked"),
        (Play::Answer(503, "", "busy".into()), Class::Retry(Backoff::Fault), "server_error"),
        (Play::Answer(504, "", "<html>".into()), Class::Unknown, "gateway"),
        (
            Play::Answer(302, "location: /elsewhere\r\n", String::new()),
            Class::Retry(Backoff::Fault),
            "refused_without_a_word",
        ),
        (Play::refused(400, 999_999), Class::Permanent, "refused"),
    ];
    let (script, expected): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(play, class, reason)| (play, Err((class, reason)))).unzip();
    let bench = Bench::start(script).await;
    for expected in expected {
        assert_eq!(bench.send().await, expected);
    }
}

#[tokio::test]
async fn what_left_without_an_answer_is_unknown_and_what_never_left_is_not() {
    let cases = [
        (Play::Close, "connection_lost"),
        (Play::BreakOff(200), "answer_lost"),
        (Play::Answer(200, "", "{}".into()), "answer_unreadable"),
        (Play::Answer(200, "", "{\"messages\":[]}".into()), "answer_unreadable"),
    ];
    let (script, reasons): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let bench = Bench::start(script).await;
    for reason in reasons {
        assert_eq!(bench.send().await, Err((Class::Unknown, reason)));
    }
    assert_eq!(bench.graph.asked().len(), 4, "each was sent once");

    let hanging = Graph::start([Play::Hang]).await;
    let impatient = client(&format!("http://{}", hanging.address), bench.token.path(), 200);
    let error = impatient.send(NUMBER, &hello(), "").await.unwrap_err();
    assert_eq!((error.class, error.reason), (Class::Unknown, "timeout"));

    // A port that nobody listens on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = client(&format!("http://{closed}"), bench.token.path(), 10_000);
    let error = nobody.send(NUMBER, &hello(), "").await.unwrap_err();
    assert_eq!((error.class, error.reason), (Class::Retry(Backoff::Fault), "unreachable"));
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_the_send_repeated_once() {
    let bench = Bench::start([
        Play::refused(401, 190),
        Play::accepted("wamid.1"),
        Play::refused(401, 190),
        Play::refused(401, 190),
        Play::refused(401, 190),
    ])
    .await;
    bench.rotate("second");
    assert_eq!(bench.send().await, Ok(Sent { wamid: "wamid.1".into() }));
    let tokens =
        |graph: &Graph| graph.asked().into_iter().map(|asked| asked.authorization).collect::<Vec<_>>();
    assert_eq!(tokens(&bench.graph), ["Bearer first", "Bearer second"]);
    // No other token: one try, the operator is told.
    assert_eq!(bench.send().await, Err((Class::Auth, "auth")));
    assert_eq!(bench.graph.asked().len(), 3);
    // The new one is refused too: two tries, no more.
    bench.rotate("third");
    assert_eq!(bench.send().await, Err((Class::Auth, "auth")));
    assert_eq!(tokens(&bench.graph)[3..], ["Bearer second", "Bearer third"]);
}

#[tokio::test]
async fn a_wait_that_was_asked_for_is_kept_to() {
    let busy = Play::Answer(429, "retry-after: 30\r\n", "{}".into());
    let bench = Bench::start([busy]).await;
    let error = bench.client.send(NUMBER, &hello(), "").await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
    assert!(error.wait("key", 1) >= Duration::from_secs(30));
}

#[tokio::test]
async fn what_cannot_be_rendered_never_leaves() {
    let bench = Bench::start([]).await;
    let long = Send { message: Outgoing::Text { body: "x".repeat(4097), preview_url: false }, ..hello() };
    let error = bench.client.send(NUMBER, &long, "").await.unwrap_err();
    assert_eq!((error.class, error.reason), (Class::Permanent, "unrenderable"));
    let error = bench.client.send("../1", &hello(), "").await.unwrap_err();
    assert_eq!((error.class, error.reason), (Class::Permanent, "bad_number"));
    assert!(bench.graph.asked().is_empty());
}

#[test]
fn an_address_that_is_none_stops_the_start() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "t").unwrap();
    let token = TokenSource::new(SecretSource::from_file(dir.path().join("token"))).unwrap();
    for base_url in ["", "graph.facebook.com", "ftp://graph.facebook.com", "https://graph.facebook.com?x=1"] {
        let options = Options { base_url: base_url.into(), ..Options::default() };
        assert!(
            matches!(GraphClient::new(options, token.clone()), Err(ClientError::BaseUrl(_))),
            "{base_url}"
        );
    }
}
