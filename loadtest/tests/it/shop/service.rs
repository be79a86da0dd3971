//! Tickets, calendar, outages, and what holds for every call.

use super::*;

#[actix_web::test]
async fn the_same_key_gets_the_first_answer_again() {
    let world = World::start().await;
    let ticket = json!({"kind": "complaint", "subject": "Broken", "contact_id": ASHA, "slots": {"order_id": "10001"}, "transcript": [{"from": "customer", "text": "टूटा हुआ है"}]});
    let (first, second) = tokio::join!(
        world.keyed("/tickets", "k1", ticket.clone()),
        world.keyed("/tickets", "k1", ticket.clone())
    );
    assert_eq!((first.0, &first.1["ticket_id"], &first), (201, &json!("4711"), &second));
    assert_eq!(world.keyed("/tickets", "k2", ticket.clone()).await.1["ticket_id"], "4712");
    assert_eq!(world.ok("/admin/state").await["counts"]["tickets"], 2);
    let (status, reused) =
        world.keyed(&format!("/crm/contacts/{ASHA}/ratings"), "k1", json!({"score": 5})).await;
    assert_eq!((status, &reused["error"]["code"]), (422, &json!("idempotency_key_reused")));
    // A refusal is an answer as well.
    let path = format!("/orders/{}/cancel", world.order_of(ASHA, "delivered").await);
    let refused = world.keyed(&path, "k3", json!({"contact": ASHA})).await;
    assert_eq!((refused.0, &refused), (409, &world.keyed(&path, "k3", json!({"contact": ASHA})).await));
    world.shop.stop().await;
}

#[actix_web::test]
async fn tickets_are_kept_and_changed() {
    let world = World::start().await;
    let new = json!({"kind": "handoff", "contact_id": "+91 98100 00001", "language": "hi", "priority": "high", "slots": {"a": 1}, "transcript": [{"from": "bot", "text": "नमस्ते"}]});
    let (status, opened) = world.send(Method::POST, "/tickets", new).await;
    assert_eq!((status, &opened["status"]), (201, &json!("open")));
    let path = format!("/tickets/{}", opened["ticket_id"].as_str().unwrap());
    let ticket = world.ok(&path).await;
    assert_eq!(
        (&ticket["contact_id"], &ticket["slots"], &ticket["transcript"][0]["text"]),
        (&json!(ASHA), &json!({"a": 1}), &json!("नमस्ते"))
    );
    let (status, changed) =
        world.send(Method::PATCH, &path, json!({"status": "solved", "note": "called back"})).await;
    assert_eq!(
        (status, &changed["status"], &changed["notes"][0]["note"]),
        (200, &json!("solved"), &json!("called back"))
    );
    assert_eq!(world.ok(&format!("/tickets?contact={ASHA}")).await["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(world.ok(&format!("/tickets?contact={LUCIA}")).await["tickets"], json!([]));
    assert_eq!(world.get("/tickets/1").await.0, 404);
    assert_eq!(world.send(Method::POST, "/tickets", json!({"kind": "poem"})).await.0, 422);
    assert_eq!(world.send(Method::POST, "/tickets", json!({})).await.0, 400);
    world.shop.stop().await;
}

#[actix_web::test]
async fn appointments_take_free_slots_only() {
    let world = World::start().await;
    let slots = world.ok("/calendar/slots?kind=repair&store=Connaught Place").await;
    let slots = slots["slots"].as_array().unwrap();
    assert!(
        (2..=9).contains(&slots.len())
            && slots.iter().all(|s| s["date"].as_str().unwrap() > TODAY && s["store"]["id"] == "IN-DEL-CP")
    );
    let book = |slot: &Value| {
        world.send(
            Method::POST,
            "/calendar/appointments",
            json!({"slot_id": slot["id"], "contact_id": ASHA, "kind": "repair", "name": "Asha"}),
        )
    };
    let (status, booked) = book(&slots[0]).await;
    assert_eq!(
        (status, &booked["date"], &booked["time"], &booked["store"]["name"]),
        (201, &slots[0]["date"], &slots[0]["time"], &json!("Connaught Place"))
    );
    let (status, refused) = book(&slots[0]).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("slot_taken")));
    let path = format!("/calendar/appointments/{}", booked["appointment_id"].as_str().unwrap());
    let (status, moved) = world.send(Method::PATCH, &path, json!({"slot_id": slots[1]["id"]})).await;
    assert_eq!((status, &moved["time"]), (200, &slots[1]["time"]));
    assert_eq!(book(&slots[0]).await.0, 201, "the old slot is free again");
    assert_eq!(
        world.ok(&format!("/calendar/appointments?contact={ASHA}")).await["appointments"]
            .as_array()
            .unwrap()
            .len(),
        3,
        "one was there from the start"
    );
    assert_eq!(answer(world.request(Method::DELETE, &path).send().await.unwrap()).await.0, 200);
    assert_eq!(answer(world.request(Method::DELETE, &path).send().await.unwrap()).await.0, 404);
    assert_eq!(book(&json!({"id": "repair.IN-DEL-CP.2020-01-01.1000"})).await.0, 422);
    let on_day = world.ok("/calendar/slots?kind=visit&country=ES&date=2026-11-24").await;
    assert!(on_day["slots"].as_array().unwrap().iter().all(|s| s["date"] == "2026-11-24"));
    for (kind, hours) in [("demo", "11:00".."21:30"), ("installation", "08:00".."20:00")] {
        let mut times = Vec::new();
        for day in 23..30 {
            let path = format!("/calendar/slots?kind={kind}&store=Connaught Place&date=2026-11-{day}");
            let slots = world.ok(&path).await["slots"].as_array().unwrap().clone();
            times.extend(slots.iter().map(|s| s["time"].as_str().unwrap().to_owned()));
        }
        assert!(times.iter().all(|time| hours.contains(&time.as_str())), "{kind}: {times:?}");
        assert_eq!(kind == "installation", times.iter().any(|time| time == "10:00"), "{times:?}");
    }
    let sundays = world.ok("/calendar/slots?country=ES&date=2026-11-22").await;
    assert!(
        sundays["slots"].as_array().unwrap().iter().all(|s| s["date"].as_str().unwrap() > "2026-11-22"),
        "closed on Sundays"
    );
    world.shop.stop().await;
}

#[actix_web::test]
async fn outages_are_switched_and_counted() {
    let world = World::start().await;
    let switch = |backend: &'static str, mode: &'static str| {
        world
            .bare(Method::POST, "/admin/outage")
            .header("Origin", "http://127.0.0.1:9")
            .json(&json!({"backend": backend, "mode": mode, "delay_ms": 20}))
            .send()
    };
    let switched = switch("inventory", "down").await.unwrap();
    assert_eq!(switched.headers()["access-control-allow-origin"], "http://127.0.0.1:9");
    let dropped = world.request(Method::GET, "/inventory/categories").send().await;
    assert!(dropped.is_err(), "the connection is closed without an answer: {dropped:?}");
    assert_eq!(world.get(&format!("/crm/contacts/{ASHA}")).await.0, 200, "the others go on");
    switch("inventory", "error").await.unwrap();
    assert_eq!(world.get("/inventory/categories").await.0, 500);
    switch("inventory", "slow").await.unwrap();
    assert_eq!(world.get("/inventory/categories").await.0, 200);
    switch("inventory", "ok").await.unwrap();
    assert_eq!(world.get("/inventory/categories").await.0, 200);
    let inventory = world.ok("/admin/state").await["backends"]["inventory"].clone();
    assert_eq!(inventory["failed"], 2);
    assert!(inventory["requests"].as_u64().unwrap() >= 4);
    let foreign = world
        .bare(Method::POST, "/admin/outage")
        .header("Origin", "https://example.com")
        .json(&json!({"backend": "crm", "mode": "down"}))
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);
    let preflight = world
        .bare(Method::OPTIONS, "/admin/outage")
        .header("Origin", "http://localhost:8081")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (preflight.status().as_u16(), &preflight.headers()["access-control-allow-headers"]),
        (204, &"content-type".parse().unwrap())
    );
    assert_eq!(answer(switch("weather", "down").await.unwrap()).await.0, 400);
    world.shop.stop().await;
}

#[actix_web::test]
async fn a_database_file_survives_and_moves_with_the_calendar() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let world = World::with(Some(file.clone()), TODAY).await;
    let id = world.order_of(ASHA, "out_for_delivery").await;
    assert_eq!(
        world.send(Method::POST, "/tickets", json!({"kind": "other", "contact_id": ASHA})).await.0,
        201
    );
    world.shop.stop().await;
    drop(world);
    let world = World::with(Some(file), "2026-11-24").await;
    let order = world.ok(&format!("/orders/{id}?contact={ASHA}")).await;
    assert_eq!((&order["status"], &order["expected_on"]), (&json!("out_for_delivery"), &json!("2026-11-24")));
    assert_eq!(order["carrier"]["updated_at"], "2026-11-24T03:30:00Z");
    assert_eq!(world.ok(&format!("/tickets?contact={ASHA}")).await["tickets"][0]["ticket_id"], "4711");
    world.shop.stop().await;
}

#[actix_web::test]
async fn the_world_starts_whole() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
    let number = BusinessNumber {
        phone_number_id: "1".into(),
        display_phone_number: "911155500100".into(),
        name: "Shop".into(),
        country: "IN".into(),
    };
    let simulator =
        sim::Options { numbers: vec![number], verify_on_start: false, ..sim::Options::new(listener()) };
    let shop = Options {
        listener: listener(),
        data: None,
        token: TOKEN.into(),
        crm_password: "p".into(),
        today: None,
        seed: 1,
    };
    let world = charla_loadtest::world::World::start(simulator, shop).await.unwrap();
    let client = Client::new();
    let (status, config) =
        answer(client.get(format!("{}/sim/config", world.simulator.url())).send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert!(config.to_string().contains(&world.shop.url()), "{config}");
    let (status, state) =
        answer(client.get(format!("{}/admin/state", world.shop.url())).send().await.unwrap()).await;
    assert_eq!((status, &state["counts"]["products"]), (200, &json!(215)));
    world.stop().await;
}

#[actix_web::test]
async fn the_openapi_document_names_every_route() {
    let world = World::start().await;
    let document = answer(world.bare(Method::GET, "/openapi.json").send().await.unwrap()).await.1;
    let operations: usize =
        document["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len()).sum();
    assert_eq!(operations, 26);
    assert!(document["components"]["schemas"]["StockView"]["properties"]["alternatives"].is_object());
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in references {
        assert!(document["components"]["schemas"][name].is_object(), "{name} is referred to but not defined");
    }
    let page = world.bare(Method::GET, "/").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("/openapi.json") && !page.contains("https://"), "nothing is loaded from elsewhere");
    world.shop.stop().await;
}
