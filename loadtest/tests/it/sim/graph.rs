//! What the Graph side takes and refuses.

use super::*;
use charla_loadtest::sim::Template;

async fn open(options: Options) -> World {
    let world = World::start(options).await;
    world.emma().say("hi").await.unwrap();
    world
}

fn of(characters: usize) -> String {
    "ñ".repeat(characters)
}

fn buttons(titles: &[String], body: usize) -> Value {
    let buttons: Vec<_> = titles
        .iter()
        .enumerate()
        .map(|(i, title)| json!({"type": "reply", "reply": {"id": format!("b{i}"), "title": title}}))
        .collect();
    message(
        "interactive",
        json!({"type": "button", "body": {"text": of(body)}, "action": {"buttons": buttons}}),
    )
}

fn list(sections: &[usize], change: impl Fn(&mut Value)) -> Value {
    let sections: Vec<_> = sections
        .iter()
        .enumerate()
        .map(|(i, rows)| {
            let rows: Vec<_> = (0..*rows)
                .map(|j| json!({"id": format!("{i}-{j}"), "title": "row", "description": "d"}))
                .collect();
            json!({"title": format!("section {i}"), "rows": rows})
        })
        .collect();
    let mut interactive = json!({
        "type": "list", "body": {"text": of(4096)}, "action": {"button": "Choose", "sections": sections},
    });
    change(&mut interactive);
    message("interactive", interactive)
}

#[tokio::test]
async fn the_token_the_number_and_the_product_are_checked() {
    let world = open(easy()).await;
    let (status, answer) = world.graph_with("other", NUMBER, &text("hi")).await;
    assert_eq!((status, &answer["error"]["code"]), (401, &json!(190)));
    assert_eq!(answer["error"]["type"], "OAuthException");
    let (_, answer) = world.graph_with(TOKEN, "1", &text("hi")).await;
    assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&json!(100), &json!(33)));
    assert_eq!(world.refused(&json!({"to": EMMA, "text": {"body": "hi"}})).await, 100);
    assert_eq!(
        world
            .refused(&json!({"messaging_product": "whatsapp", "type": "text", "text": {"body": "hi"}}))
            .await,
        100
    );
    assert_eq!(world.refused(&message("poll", json!({}))).await, 131_051);
    assert_eq!(world.refused(&message("text", json!({}))).await, 131_008);
    assert_eq!(world.refused(&text(" ")).await, 131_009);
    world.stop().await;
}

#[tokio::test]
async fn every_limit_holds_at_its_edge() {
    let world = open(easy()).await;
    let titles = |count: usize, length: usize| {
        (0..count).map(|i| format!("{i}{}", of(length - 1))).collect::<Vec<_>>()
    };
    let with = |path: &str, value: usize| {
        let (path, value) = (path.to_owned(), of(value));
        move |interactive: &mut Value| *interactive.pointer_mut(&path).unwrap() = value.as_str().into()
    };
    let row = |key: &str| format!("/action/sections/0/rows/0/{key}");
    let cta = |display: usize| {
        let parameters = json!({"display_text": of(display), "url": "https://shop.example"});
        message(
            "interactive",
            json!({"type": "cta_url", "body": {"text": "b"}, "action": {"name": "cta_url", "parameters": parameters}}),
        )
    };
    let image = |caption: usize| {
        message("image", json!({"link": "https://shop.example/a.jpg", "caption": of(caption)}))
    };
    let footer = |length: usize| {
        let mut message = buttons(&titles(1, 2), 5);
        message["interactive"]["footer"] = json!({"text": of(length)});
        message
    };
    let called = |length: usize| {
        let mut message = text("hi");
        message["biz_opaque_callback_data"] = of(length).into();
        message
    };
    let edges = [
        ("text", text(&of(4096)), text(&of(4097)), 100),
        ("callback data", called(512), called(513), 100),
        ("caption", image(1024), image(1025), 131_009),
        ("buttons", buttons(&titles(3, 20), 1024), buttons(&titles(4, 20), 5), 131_009),
        ("button title", buttons(&titles(1, 20), 5), buttons(&titles(1, 21), 5), 131_009),
        ("button body", buttons(&titles(1, 2), 1024), buttons(&titles(1, 2), 1025), 131_009),
        ("footer", footer(60), footer(61), 131_009),
        ("rows", list(&[5, 5], |_| {}), list(&[5, 6], |_| {}), 131_009),
        ("sections", list(&[1; 10], |_| {}), list(&[1; 11], |_| {}), 131_009),
        ("list body", list(&[1], |_| {}), list(&[1], with("/body/text", 4097)), 131_009),
        (
            "list button",
            list(&[1], with("/action/button", 20)),
            list(&[1], with("/action/button", 21)),
            131_009,
        ),
        ("row title", list(&[1], with(&row("title"), 24)), list(&[1], with(&row("title"), 25)), 131_009),
        (
            "row description",
            list(&[1], with(&row("description"), 72)),
            list(&[1], with(&row("description"), 73)),
            131_009,
        ),
        ("row id", list(&[1], with(&row("id"), 200)), list(&[1], with(&row("id"), 201)), 131_009),
        (
            "section title",
            list(&[1], with("/action/sections/0/title", 24)),
            list(&[1], with("/action/sections/0/title", 25)),
            131_009,
        ),
        ("link button", cta(20), cta(21), 131_009),
    ];
    for (what, good, bad, code) in &edges {
        let (status, answer) = world.graph(good).await;
        assert_eq!(status, 200, "{what}: {answer}");
        assert_eq!(world.refused(bad).await, *code, "{what}");
    }
    let same = buttons(&["Yes".into(), "Yes".into()], 5);
    assert_eq!(world.refused(&same).await, 131_009);
    assert_eq!(world.refused(&message("image", json!({"caption": "no link"}))).await, 131_008);
    let counts = world.sim.state().await.unwrap().counts;
    assert_eq!(counts.business_messages, edges.len() as u64);
    assert_eq!(counts.errors.values().sum::<u64>(), edges.len() as u64 + 2);
    world.stop().await;
}

#[tokio::test]
async fn the_window_opens_with_a_message_and_closes_after_a_day() {
    let world = World::start(easy()).await;
    assert_eq!(world.refused(&text("hi")).await, 131_047);
    world.emma().say("hi").await.unwrap();
    world.send(&text("hi")).await;
    // The other number has a window of its own.
    let (_, answer) = world.graph_with(TOKEN, OTHER_NUMBER, &text("hi")).await;
    assert_eq!(answer["error"]["code"], 131_047);
    world.sim.advance(Duration::from_secs(24 * 3_600 - 60)).await.unwrap();
    world.send(&text("hi")).await;
    world.sim.advance(Duration::from_secs(61)).await.unwrap();
    assert_eq!(world.refused(&text("hi")).await, 131_047);
    let template = json!({"name": "hello_world", "language": {"code": "en_US"}});
    world.send(&message("template", template)).await;
    world.stop().await;
}

#[tokio::test]
async fn late_refusals_come_as_a_status() {
    let world = World::start(easy()).await;
    world.sim.set_faults(json!({"late_refusals": true})).await.unwrap();
    let mut late = text("hi");
    late["biz_opaque_callback_data"] = "key-1".into();
    let wamid = world.send(&late).await;
    world.until("the failed status", |engine| !engine.statuses().is_empty()).await;
    let status = &world.engine.statuses()[0];
    assert_eq!((&status["id"], &status["status"]), (&json!(wamid), &json!("failed")));
    assert_eq!(status["errors"][0]["code"], 131_047);
    assert_eq!(status["biz_opaque_callback_data"], "key-1");
    assert!(world.engine.values()[0].get("contacts").is_none());
    assert!(world.emma().thread(0, Duration::ZERO).await.unwrap().messages.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn who_cannot_be_reached_is_131026() {
    let world = open(easy()).await;
    world.emma().change(json!({"reachable": false})).await.unwrap();
    assert_eq!(world.refused(&text("hi")).await, 131_026);
    world.emma().change(json!({"reachable": true})).await.unwrap();
    world.send(&text("hi")).await;
    let unknown =
        json!({"messaging_product": "whatsapp", "recipient": "IN.1", "type": "text", "text": {"body": "hi"}});
    assert_eq!(world.refused(&unknown).await, 131_026);
    world.stop().await;
}

#[tokio::test]
async fn a_pair_has_45_on_credit_and_time_pays_them_off() {
    let limits = Limits { throughput: 0, ..Limits::default() };
    let world = open(Options { limits, ..easy() }).await;
    for _ in 0..45 {
        world.send(&text("hi")).await;
    }
    assert_eq!(world.refused(&text("hi")).await, 131_056);
    // Another customer's pair is not concerned.
    world.sim.customer("919810000001").say("hi").await.unwrap();
    let mut other = text("hi");
    other["to"] = "919810000001".into();
    world.send(&other).await;
    world.sim.advance(Duration::from_secs(12)).await.unwrap();
    world.send(&text("hi")).await;
    world.stop().await;
}

#[tokio::test]
async fn a_number_has_its_throughput() {
    let limits = Limits { throughput: 3, pair_burst: 0, ..Limits::default() };
    let world = open(Options { limits, ..easy() }).await;
    let mut codes = Vec::new();
    for _ in 0..30 {
        let (_, answer) = world.graph(&text("hi")).await;
        codes.push(answer["error"]["code"].as_i64());
    }
    assert!(codes.contains(&Some(130_429)), "{codes:?}");
    assert!(codes.iter().flatten().all(|code| *code == 130_429));
    world.sim.advance(Duration::from_secs(60)).await.unwrap();
    world.send(&text("hi")).await;
    world.stop().await;
}

#[tokio::test]
async fn templates_are_looked_up_counted_and_filled() {
    let world = World::start(easy()).await;
    let template = |name: &str, code: &str, parameters: &[&str]| {
        let parameters: Vec<_> =
            parameters.iter().map(|text| json!({"type": "text", "text": text})).collect();
        let components = json!([{"type": "body", "parameters": parameters}]);
        message("template", json!({"name": name, "language": {"code": code}, "components": components}))
    };
    let made = |category: &str, name: &str, status: &str| Template {
        name: name.into(),
        language: "en".into(),
        category: category.into(),
        header: None,
        body: "Hello {{1}}, {{2}} is on its way".into(),
        footer: None,
        quick_replies: vec!["Where?".into()],
        status: status.into(),
    };
    let templates = [
        made("utility", "shipped", "APPROVED"),
        made("marketing", "offer", "APPROVED"),
        made("utility", "old", "PAUSED"),
    ];
    world.sim.approve(&templates).await.unwrap();
    assert_eq!(world.refused(&template("nothing", "en", &[])).await, 132_001);
    assert_eq!(world.refused(&template("shipped", "es", &["a", "b"])).await, 132_001);
    assert_eq!(world.refused(&template("shipped", "en", &["a"])).await, 132_000);
    assert_eq!(world.refused(&template("shipped", "en", &["a\nb", "c"])).await, 100);
    assert_eq!(world.refused(&template("old", "en", &["a", "b"])).await, 132_015);
    world.send(&template("shipped", "en", &["Emma", "ORD-1"])).await;
    let thread = world.emma().thread(0, Duration::ZERO).await.unwrap();
    assert_eq!(thread.messages[0].content.text, "Hello Emma, ORD-1 is on its way");
    // A quick reply comes back as a message of its own type.
    world.emma().tap("Where?").await.unwrap();
    world.until("the tap", |engine| !engine.messages().is_empty()).await;
    assert_eq!(world.engine.messages()[0]["button"], json!({"payload": "Where?", "text": "Where?"}));
    world.emma().change(json!({"marketing": false})).await.unwrap();
    assert_eq!(world.refused(&template("offer", "en", &["a", "b"])).await, 131_050);
    world
        .until("the preference", |engine| {
            engine.values().iter().any(|value| value["user_preferences"][0]["value"] == "stop")
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn media_are_kept_described_and_deleted() {
    let world = open(easy()).await;
    let body = "--X\r\ncontent-disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\nnot a picture\r\n--X--\r\n";
    let url = |rest: &str| format!("{}/v24.0/{rest}", world.base);
    let upload = world.http.post(url(&format!("{NUMBER}/media"))).bearer_auth(TOKEN);
    let upload = upload.header("content-type", "multipart/form-data; boundary=X").body(body);
    let made: Value = upload.send().await.unwrap().json().await.unwrap();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let get = || world.http.get(url(id)).bearer_auth(TOKEN).send();
    let described: Value = get().await.unwrap().json().await.unwrap();
    assert_eq!((&described["mime_type"], &described["file_size"]), (&json!("image/png"), &json!(13)));
    let bytes =
        world.http.get(described["url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert_eq!(bytes, "not a picture");
    world.send(&message("image", json!({"id": id}))).await;
    world.http.delete(url(id)).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(get().await.unwrap().status(), 400);
    let number: Value =
        world.http.get(url(NUMBER)).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap();
    assert_eq!(number["verified_name"], "Charla Store");
    world.stop().await;
}
