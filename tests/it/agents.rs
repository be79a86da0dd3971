//! The agents' API refuses what it cannot read, with a code.

use crate::support::Town;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_object_is_refused_with_its_code() {
    let town = Town::here().await;
    let mut customer = town.customer("447700900001");
    customer.say("hi there, good morning").await;
    customer.say("agent").await;
    let (id, detail) = town.conversation_of("447700900001").await;
    assert_eq!(detail["handoff"]["intent"], "talk_to_human", "by word as by sentence");
    let post = |act: &str, body: Vec<u8>, kind: Option<&str>| {
        let request = town.http.post(format!("{}/api/v1/conversations/{id}/{act}", town.engine_url));
        let request = request.bearer_auth(town.agent_token()).body(body);
        let request = match kind {
            Some(kind) => request.header("Content-Type", kind),
            None => request,
        };
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        }
    };
    // What needs no body takes none.
    assert_eq!(post("take", vec![], None).await, (200, json!({"accepted": true})));
    town.wait_for(&id, |d| d["owner"]["kind"] == "agent").await;
    let long = format!("{{\"text\": \"{}\"}}", "x".repeat(300_000));
    let cases: [(&[u8], u16, &str); 9] = [
        (b"Hello", 400, "CHARLA-E2109"),
        (b"{\"text\": \"Hello\"", 400, "CHARLA-E2109"),
        (b"text=Hello", 400, "CHARLA-E2109"),
        (b"[1]", 400, "CHARLA-E2109"),
        (b"[\"Hello\"]", 400, "CHARLA-E2109"),
        (b"{\"text\": 5}", 400, "CHARLA-E2109"),
        (b"\xff\xfe", 400, "CHARLA-E2109"),
        (long.as_bytes(), 413, "CHARLA-E2109"),
        (b"", 400, "CHARLA-E2104"),
    ];
    for (body, status, code) in cases {
        for act in ["reply", "note"] {
            let (got, answer) = post(act, body.to_vec(), Some("application/json")).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(
                (got, answer["error"]["code"].as_str()),
                (status, Some(code)),
                "{act} {shown}: {answer}"
            );
            assert!(answer["error"]["message"].as_str().is_some_and(|m| !m.is_empty()));
        }
    }
    let (status, answer) = post("handback", b"resolved".to_vec(), None).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("CHARLA-E2109")));
    // Nothing of it was stored, and JSON is JSON whatever it is called.
    let text = json!({"text": "Hello, this is Meera."}).to_string();
    assert_eq!(post("reply", text.into_bytes(), None).await.0, 200);
    customer.answer_saying("this is Meera").await;
    let (_, detail) = town.conversation_of("447700900001").await;
    assert_eq!(detail["notes"], json!([]));
    assert_eq!(detail["owner"]["kind"], "agent");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_comes_in_pages() {
    let town = Town::here().await;
    let phones = ["447700900001", "447700900002", "447700900003"];
    let mut waiting = Vec::new();
    for phone in phones {
        town.customer(phone).say("agent").await;
        let (id, _) = town.conversation_of(phone).await;
        town.wait_for(&id, |d| d["owner"]["kind"] == "queue").await;
        waiting.push(json!(id));
    }
    let get = async |query: &str| {
        let url = format!("{}/api/v1/queue{query}", town.engine_url);
        let answer = town.http.get(url).bearer_auth(town.agent_token()).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let names = |page: &Value| -> Vec<Value> {
        page["conversations"].as_array().unwrap().iter().map(|card| card["conversation"].clone()).collect()
    };
    let (_, all) = get("").await;
    assert_eq!((names(&all), &all["next"]), (waiting.clone(), &Value::Null), "longest wait first");
    let (_, first) = get("?limit=2").await;
    assert_eq!(names(&first), waiting[..2]);
    let next = first["next"].as_str().unwrap();
    let (_, second) = get(&format!("?limit=2&after={next}")).await;
    assert_eq!((names(&second), &second["next"]), (waiting[2..].to_vec(), &Value::Null));
    let (status, answer) = get("?after=soon").await;
    assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("CHARLA-E2110")));
    let (status, answer) = get("?limit=abc").await;
    assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("CHARLA-E2111")));
    let (status, answer) = town.agent("GET", "/nothing", Value::Null).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (404, Some("CHARLA-E2107")));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_speaks_of_one_act_in_one_conversation() {
    let town = Town::here().await;
    let mut ids = Vec::new();
    for phone in ["447700900001", "447700900002"] {
        town.customer(phone).say("agent").await;
        let (id, _) = town.conversation_of(phone).await;
        assert_eq!(
            town.agent("POST", &format!("/conversations/{id}/take"), json!({"key": "r1"})).await.0,
            200
        );
        town.wait_for(&id, |d| d["owner"]["kind"] == "agent").await;
        ids.push(id);
    }
    let fresh = (200, json!({"accepted": true}));
    let again = (200, json!({"accepted": true, "duplicate": true}));
    for id in &ids {
        for act in ["reply", "note"] {
            let path = format!("/conversations/{id}/{act}");
            let body = json!({"text": format!("{act} to {id}"), "key": "r1"});
            assert_eq!(town.agent("POST", &path, body.clone()).await, fresh, "{path}");
            assert_eq!(town.agent("POST", &path, body).await, again, "{path}");
        }
        // No key at all.
        for text in ["one", "two"] {
            let path = format!("/conversations/{id}/note");
            assert_eq!(town.agent("POST", &path, json!({"text": text, "key": ""})).await, fresh);
        }
        let detail = town.wait_for(id, |d| d["notes"].as_array().is_some_and(|n| n.len() == 3)).await;
        assert_eq!(detail["notes"][2]["text"], "two");
    }
    town.stop().await;
}
