//! The control API, through its client.

use super::*;
use charla_loadtest::sim::{Act, From, Status, client::ClientError};
use futures_util::StreamExt;

fn menu() -> Value {
    let reply = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
    let buttons = json!([reply("yes", "Yes"), reply("no", "No")]);
    message(
        "interactive",
        json!({"type": "button", "body": {"text": "Agree?"}, "action": {"buttons": buttons}}),
    )
}

#[tokio::test]
async fn a_long_poll_waits_for_the_answer() {
    let world = World::start(easy()).await;
    let emma = world.emma();
    let posted = emma.say("hi").await.unwrap();
    assert_eq!(posted.n, Some(1));
    let waiting = tokio::spawn({
        let emma = emma.clone();
        async move { emma.wait_for(1, SOON).await }
    });
    // The question is asked before the answer is there; nothing depends on how long before.
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(!waiting.is_finished());
    world.send(&text("hello")).await;
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!((answer[0].n, answer[0].content.text.as_str(), answer[0].from), (2, "hello", From::Business));
    let silence = emma.wait_for(2, Duration::from_millis(30)).await;
    assert!(matches!(silence, Err(ClientError::Silence { after: 2, .. })));
    world.stop().await;
}

#[tokio::test]
async fn taps_and_choices_come_back_with_title_and_context() {
    let world = World::start(easy()).await;
    let emma = world.emma();
    emma.say("hi").await.unwrap();
    let asked = world.send(&menu()).await;
    let rows = json!([{"id": "phones", "title": "Phones", "description": "25 models"}]);
    let listed = json!({"type": "list", "body": {"text": "What?"}, "action": {"button": "Choose", "sections": [{"rows": rows}]}});
    world.send(&message("interactive", listed)).await;
    let thread = emma.thread(1, Duration::ZERO).await.unwrap().messages;
    assert_eq!(thread[0].button("yes").map(|button| button.title.as_str()), Some("Yes"));
    assert_eq!(thread[1].row("phones").map(|row| row.description.as_str()), Some("25 models"));
    emma.tap("yes").await.unwrap();
    emma.choose("phones").await.unwrap();
    world.until("both", |engine| engine.messages().len() == 3).await;
    let messages = world.engine.messages();
    assert_eq!(
        messages[1]["interactive"],
        json!({"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}})
    );
    assert_eq!(messages[1]["context"], json!({"from": "15550783881", "id": asked}));
    assert_eq!(
        messages[2]["interactive"]["list_reply"],
        json!({"id": "phones", "title": "Phones", "description": "25 models"})
    );
    let missing = emma.tap("maybe").await.unwrap_err();
    assert!(matches!(missing, ClientError::Refused { status: 404, .. }), "{missing}");
    world.stop().await;
}

#[tokio::test]
async fn ticks_show_the_engines_200_and_its_read_mark() {
    let world = World::start(easy()).await;
    world.engine.answers.lock().unwrap().extend([503; 20]);
    let emma = world.emma();
    let posted = emma.say("hi").await.unwrap();
    let status = || async { emma.thread(0, Duration::ZERO).await.unwrap().messages[0].status };
    assert_eq!(status().await, Status::Sent);
    world.until("many tries", |engine| engine.bodies().len() > 20).await;
    while status().await == Status::Sent {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(status().await, Status::Delivered);
    let mark = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": posted.wamid,
        "typing_indicator": {"type": "text"},
    });
    assert_eq!(world.graph(&mark).await, (200, json!({"success": true})));
    assert_eq!(status().await, Status::Read);
    assert!(emma.thread(1, Duration::ZERO).await.unwrap().typing);
    world.send(&text("hello")).await;
    assert!(!emma.thread(1, Duration::ZERO).await.unwrap().typing);
    let (_, answer) = world
        .graph(&json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}))
        .await;
    assert_eq!(answer["error"]["code"], 131_009);
    world.stop().await;
}

#[tokio::test]
async fn every_kind_of_message_reaches_the_engine() {
    let world = World::start(easy()).await;
    let emma = world.emma();
    emma.say("hi").await.unwrap();
    let answer = world.send(&text("hello")).await;
    emma.reply(&answer, "hello yourself").await.unwrap();
    emma.location(28.6, 77.2).await.unwrap();
    emma.act(Act::Image { caption: Some("this one".into()), data: None, mime_type: None }).await.unwrap();
    emma.act(Act::Contacts { contacts: None }).await.unwrap();
    emma.act(Act::Reaction { message: json!(2), emoji: "👍".into() }).await.unwrap();
    emma.act(Act::Unsupported {}).await.unwrap();
    world.until("all", |engine| engine.messages().len() == 7).await;
    let messages = world.engine.messages();
    let kinds: Vec<_> = messages.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "text", "location", "image", "contacts", "reaction", "unsupported"]);
    assert_eq!(messages[1]["context"]["id"], answer.as_str());
    assert_eq!(messages[3]["image"]["caption"], "this one");
    assert_eq!(messages[4]["contacts"][0]["phones"][0]["wa_id"], EMMA);
    assert_eq!(messages[5]["reaction"], json!({"message_id": answer, "emoji": "👍"}));
    let thread = emma.thread(0, Duration::ZERO).await.unwrap().messages;
    assert_eq!(thread[1].reactions[0].emoji, "👍");
    assert_eq!(thread[2].reply_to.as_ref().map(|quote| quote.n), Some(2));
    // The picture can be fetched with its id, as an engine would.
    let url = format!("{}/v24.0/{}", world.base, messages[3]["image"]["id"].as_str().unwrap());
    let media: Value = world.http.get(url).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap();
    assert_eq!(media["mime_type"], "image/png");
    world.stop().await;
}

#[tokio::test]
async fn the_clock_moves_the_engines_first() {
    let world = World::start(easy()).await;
    assert_eq!(world.sim.advance(Duration::from_secs(3_600)).await.unwrap(), 3_600_000);
    assert_eq!(world.sim.advance(Duration::from_secs(1)).await.unwrap(), 3_601_000);
    let calls = world.engine.clock.lock().unwrap().clone();
    assert_eq!(calls[1], (Some("Bearer clock-token".into()), json!({"offset_ms": 3_601_000})));
    world.engine.answers.lock().unwrap().push_back(401);
    let refused = world.sim.advance(Duration::from_secs(1)).await.unwrap_err().to_string();
    assert!(refused.contains("CHARLA-E5010"), "{refused}");
    assert_eq!(world.sim.state().await.unwrap().offset_ms, 3_601_000);
    world.stop().await;
}

#[tokio::test]
async fn mistakes_are_named() {
    let world = World::start(easy()).await;
    let refused = |error: ClientError| error.to_string();
    assert!(refused(world.sim.customer("12ab").say("hi").await.unwrap_err()).contains("CHARLA-E5004"));
    assert!(refused(world.emma().to_number("1").say("hi").await.unwrap_err()).contains("CHARLA-E5005"));
    assert!(
        refused(world.sim.set_faults(json!({"dupicate": 1})).await.unwrap_err()).contains("CHARLA-E5008")
    );
    assert!(
        refused(world.sim.set_faults(json!({"duplicate": 2.0})).await.unwrap_err()).contains("CHARLA-E5008")
    );
    assert!(refused(world.emma().reply("wamid.x", "hi").await.unwrap_err()).contains("CHARLA-E5007"));
    assert!(world.engine.bodies().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_full_queue_refuses_customers_and_sends() {
    let mut options = easy();
    options.webhooks.max_pending = 8;
    let world = World::start(options).await;
    world.engine.answers.lock().unwrap().extend([503; 500]);
    let mut taken = 0;
    let refused = loop {
        match world.emma().say("hi").await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(taken, 8);
    assert!(refused.to_string().contains("CHARLA-E5009"), "{refused}");
    assert_eq!(world.refused(&text("hi")).await, 131_016);
    world.stop().await;
}

#[tokio::test]
async fn a_hidden_outcome_is_a_message_all_the_same() {
    let world = World::start(easy()).await;
    world.emma().say("hi").await.unwrap();
    world.sim.set_faults(json!({"lose_answer": 1.0})).await.unwrap();
    assert_eq!(world.graph(&text("hello")).await.0, 502);
    let answer = world.emma().wait_for(1, SOON).await.unwrap();
    assert_eq!(answer[0].content.text, "hello");
    world
        .sim
        .set_faults(json!({"lose_answer": 0.0, "graph_error": 1.0, "graph_error_code": 131_016}))
        .await
        .unwrap();
    assert_eq!(world.refused(&text("hello")).await, 131_016);
    assert_eq!(world.sim.state().await.unwrap().counts.answers_lost, 1);
    world.stop().await;
}

#[tokio::test]
async fn the_page_and_its_events_are_served() {
    let world = World::start(easy()).await;
    for path in [
        "/",
        "/phone/app.js",
        "/phone/phone.js",
        "/phone/bubble.js",
        "/phone/text.js",
        "/phone/style.css",
        "/phone/chat.css",
        "/sim/config",
    ] {
        let answer = world.http.get(format!("{}{path}", world.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.text().await.unwrap().is_empty(), "{path}");
    }
    let events = world.http.get(format!("{}/sim/events", world.base)).send().await.unwrap();
    let mut stream = events.bytes_stream();
    let mut seen = String::new();
    let mut said = false;
    while !(seen.contains(r#""text":"hi""#) && seen.contains(r#""status":"delivered""#)) {
        let chunk = tokio::time::timeout(SOON, stream.next()).await.unwrap().unwrap().unwrap();
        seen.push_str(&String::from_utf8_lossy(&chunk));
        if !said {
            said = true;
            world.emma().say("hi").await.unwrap();
        }
    }
    // Stopping does not wait for open pages.
    tokio::time::timeout(SOON, world.stop()).await.unwrap();
}

#[tokio::test]
async fn two_simulators_know_nothing_of_each_other() {
    let (one, other) = (World::start(easy()).await, World::start(easy()).await);
    one.emma().say("hi").await.unwrap();
    one.until("the message", |engine| engine.messages().len() == 1).await;
    assert!(other.engine.bodies().is_empty());
    assert!(other.emma().thread(0, Duration::ZERO).await.unwrap().messages.is_empty());
    one.stop().await;
    other.stop().await;
}
