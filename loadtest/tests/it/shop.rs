//! The demo shop over HTTP, as the product sees it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod service;

use charla_loadtest::shop::{DEMO_CUSTOMERS, Options, Shop, ShopHandle};
use charla_loadtest::sim::{self, BusinessNumber};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;

const TOKEN: &str = "shop-token";
const TODAY: &str = "2026-11-21";
const ASHA: &str = "919810000001";
const LUCIA: &str = "34600000001";

struct World {
    shop: ShopHandle,
    client: Client,
}

impl World {
    async fn start() -> World {
        World::with(None, TODAY).await
    }

    async fn with(data: Option<PathBuf>, today: &str) -> World {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            data,
            token: TOKEN.into(),
            crm_password: "crm-password".into(),
            today: Some(today.parse().unwrap()),
            seed: 7,
        };
        World { shop: Shop::start(options).await.unwrap(), client: Client::new() }
    }

    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.shop.url()))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(TOKEN)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn ok(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    async fn keyed(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        answer(
            self.request(Method::POST, path).header("Idempotency-Key", key).json(&body).send().await.unwrap(),
        )
        .await
    }

    async fn order_of(&self, contact: &str, status: &str) -> String {
        let orders = self.ok(&format!("/crm/contacts/{contact}/orders")).await;
        let order = orders["orders"].as_array().unwrap().iter().find(|o| o["status"] == status);
        order.unwrap_or_else(|| panic!("{contact} has no order {status}"))["order_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

#[actix_web::test]
async fn credentials_are_asked_for() {
    let world = World::start().await;
    for path in ["/inventory/categories", "/crm/contacts/1", "/orders/1", "/tickets/1", "/calendar/slots"] {
        for request in [
            world.bare(Method::GET, path),
            world.bare(Method::GET, path).bearer_auth("wrong"),
            world.bare(Method::GET, path).basic_auth("crm", Some("wrong")),
        ] {
            let (status, body) = answer(request.send().await.unwrap()).await;
            assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")), "{path}");
        }
    }
    let basic = |path| world.bare(Method::GET, path).basic_auth("crm", Some("crm-password")).send();
    assert_eq!(basic("/crm/contacts/919810000001").await.unwrap().status(), 200);
    assert_eq!(basic("/orders/10001").await.unwrap().status(), 401, "basic is for the CRM only");
    assert_eq!(
        world.get("/nowhere").await,
        (404, json!({"error": {"code": "not_found", "message": "no such path"}}))
    );
    world.shop.stop().await;
}

#[actix_web::test]
async fn inventory_is_searched_in_four_languages() {
    let world = World::start().await;
    let categories = world.ok("/inventory/categories?country=ES").await;
    let ids: Vec<&str> =
        categories["categories"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["phones", "laptops", "audio", "televisions", "kitchen", "shoes", "clothing"]);
    assert_eq!(categories["categories"][5]["name"]["hi-Latn"], "Joote");
    assert!(categories["categories"][0]["count"].as_u64().unwrap() >= 20);

    let shop = &world;
    let search = |query: Vec<(&'static str, &'static str)>| async move {
        answer(shop.request(Method::GET, "/inventory/products").query(&query).send().await.unwrap()).await.1
    };
    for (q, country, kind) in [
        ("runing shoes", "IN", "running shoes"),
        ("zapatillas de correr", "ES", "running shoes"),
        ("दौड़ने के जूते", "IN", "running shoes"),
        ("daudne ke joote", "IN", "running shoes"),
        ("celulares", "MX", "phone"),
        ("मोबाइल", "IN", "phone"),
        ("mixer grinder", "IN", "mixer grinder"),
    ] {
        let found = search(vec![("q", q), ("country", country), ("limit", "3")]).await;
        assert!(found["total"].as_u64().unwrap() > 2, "{q}");
        assert_eq!(found["items"].as_array().unwrap().len(), 3);
        assert!(found["items"].as_array().unwrap().iter().all(|p| p["kind"] == kind), "{q}: {found}");
    }
    let found = search(vec![("q", "iphne 15"), ("country", "MX")]).await;
    assert_eq!(found["items"][0]["name"], "Apple iPhone 15");
    assert_eq!(found["items"][0]["price"], json!({"amount": 16559, "currency": "MXN"}));
    let found = search(vec![
        ("category", "shoes"),
        ("brand", "नाइकी"),
        ("color", "kala"),
        ("size", "9"),
        ("price_max", "6000"),
        ("q", ""),
    ])
    .await;
    assert!(found["total"].as_u64().unwrap() >= 2, "{found}");
    for item in found["items"].as_array().unwrap() {
        assert_eq!((&item["brand"], &item["category"]), (&json!("Nike"), &json!("shoes")));
        assert!(item["price"]["amount"].as_f64().unwrap() <= 6000.0);
    }
    let first = search(vec![("limit", "2"), ("offset", "0")]).await;
    let second = search(vec![("limit", "2"), ("offset", "1")]).await;
    assert_eq!(first["items"][1], second["items"][0]);
    assert_eq!(world.get("/inventory/products?price_max=cheap").await.0, 400);
    assert_eq!(world.get("/inventory/products?country=FR").await.0, 400);

    let product = world.ok("/inventory/products/ph-sam-s24?country=ES").await;
    for lang in ["en", "es", "hi", "hi-Latn"] {
        assert!(product["features"][lang].as_array().unwrap().len() >= 4);
        assert!(product["description"][lang].as_str().unwrap().contains("Galaxy S24"));
    }
    // The three years of the law, whatever the maker gives.
    assert_eq!((&product["warranty_months"], &product["price"]["currency"]), (&json!(36), &json!("EUR")));
    let picture = world.client.get(product["image_url"].as_str().unwrap()).send().await.unwrap();
    assert!(picture.text().await.unwrap().starts_with("<svg"));
    assert_eq!(world.get("/inventory/products/NOPE").await.0, 404);
    assert_eq!(world.get("/inventory/products/KU-CHL-COT?country=ES").await.0, 404, "not sold there");
    world.shop.stop().await;
}

#[actix_web::test]
async fn stock_names_stores_and_alternatives() {
    let world = World::start().await;
    let here = world.ok("/inventory/products/PH-APL-IP15/stock?pincode=110001&color=काला&size=128 gb").await;
    assert_eq!(
        (&here["available"], &here["deliverable"], &here["delivery_days"]),
        (&json!(true), &json!(true), &json!(1)),
        "{here}"
    );
    assert_eq!(
        (&here["place"]["known"], &here["stores"][0]["id"], &here["stores"][0]["distance_km"]),
        (&json!(true), &json!("IN-DEL-CP"), &json!(0.0))
    );
    assert_eq!(here["alternatives"], json!([]));
    let distances: Vec<f64> =
        here["stores"].as_array().unwrap().iter().map(|s| s["distance_km"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances.len() <= 5);

    let gone = world.ok("/inventory/products/PH-SAM-S24/stock?city=दिल्ली").await;
    assert_eq!(
        (&gone["available"], &gone["quantity"], &gone["deliverable"]),
        (&json!(false), &json!(0), &json!(true)),
        "{gone}"
    );
    assert_eq!(gone["place"]["city"], "Delhi");
    assert!(
        gone["stores"].as_array().unwrap().iter().all(|s| !s["id"].as_str().unwrap().starts_with("IN-DEL"))
    );
    let alternatives = gone["alternatives"].as_array().unwrap();
    assert_eq!(alternatives.len(), 3);
    for other in alternatives {
        assert_eq!(other["kind"], "phone");
        let there = world
            .ok(&format!("/inventory/products/{}/stock?city=Delhi", other["sku"].as_str().unwrap()))
            .await;
        assert_eq!((&there["available"], &there["quantity"]), (&json!(true), &other["quantity"]));
    }

    let store = world.ok("/inventory/products/SN-ADI-SAMBA/stock?country=ES&store=Gran Via&size=42").await;
    assert_eq!((&store["available"], &store["place"]["store"]), (&json!(false), &json!("Gran Vía")));
    // What is there in other colours is said whichever was asked for.
    let plaid = world.ok("/inventory/products/PH-APL-IP15/stock?pincode=110001&color=plaid").await;
    let colors = plaid["colors"].as_array().unwrap();
    assert!(plaid["available"] == false && colors.contains(&json!("black")), "{plaid}");
    let unknown = world.ok("/inventory/products/PH-APL-IP15/stock?pincode=999999").await;
    assert_eq!(
        (&unknown["place"]["known"], &unknown["deliverable"], &unknown["delivery_days"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert_eq!(world.ok("/inventory/products/PH-APL-IP15/stock?color=plaid").await["available"], false);
    // Jaipur has no store: what the country has is sent there.
    let far = world.ok("/inventory/products/PH-APL-IP15/stock?pincode=302001").await;
    assert_eq!((&far["available"], &far["delivery_days"]), (&json!(true), &json!(2)));

    // Stock is live.
    let (status, changed) = answer(
        world
            .bare(Method::POST, "/admin/stock")
            .json(&json!({"sku": "PH-APL-IP15", "quantity": 0}))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert!(status == 200 && changed["changed"].as_u64().unwrap() > 10);
    assert_eq!(world.ok("/inventory/products/PH-APL-IP15/stock?pincode=110001").await["deliverable"], false);
    assert_eq!(world.ok("/inventory/products?q=iphone 15").await["items"][0]["in_stock"], false);

    let stores = world.ok("/inventory/stores?lat=12.97&lon=77.59").await;
    assert_eq!(
        (&stores["known"], &stores["stores"][0]["name"], stores["stores"].as_array().unwrap().len()),
        (&json!(true), &json!("Indiranagar"), 5)
    );
    assert!(stores["stores"][0]["hours"]["hi"].as_str().unwrap().contains("हर दिन"));
    assert_eq!(world.ok("/inventory/stores?country=MX&city=atlantis").await["known"], false);
    world.shop.stop().await;
}

#[actix_web::test]
async fn contacts_are_made_merged_and_rated() {
    let world = World::start().await;
    let asha = world.ok("/crm/contacts/919810000001").await;
    assert_eq!(
        (&asha["name"], &asha["language"], &asha["consent"]),
        (&json!("Asha Verma"), &json!("hi"), &Value::Null)
    );
    assert_eq!(world.get("/crm/contacts/1").await.0, 404);
    let consent = json!({"name": "Neu", "language": "en", "consent": {"version": "3", "at": "2026-11-21T10:00:00Z"}, "marketing": true, "source": "whatsapp"});
    let (status, created) = world.send(Method::PUT, "/crm/contacts/34911222333", consent.clone()).await;
    assert_eq!(
        (status, &created["country"], &created["consent"]["version"], &created["marketing"]),
        (201, &json!("ES"), &json!("3"), &json!(true))
    );
    let (status, again) =
        world.send(Method::PUT, "/crm/contacts/34911222333", json!({"language": "es"})).await;
    assert_eq!(
        (status, &again["name"], &again["language"], &again["marketing"]),
        (200, &json!("Neu"), &json!("es"), &json!(true))
    );

    // A business-scoped id that has shared its phone number finds the orders of that number.
    assert_eq!(world.get("/crm/contacts/IN.8812345/orders").await.0, 404);
    let (status, linked) =
        world.send(Method::PUT, "/crm/contacts/IN.8812345", json!({"phone": "+91 98100 00001"})).await;
    assert_eq!((status, &linked["id"]), (200, &json!(ASHA)));
    let orders = world.ok("/crm/contacts/IN.8812345/orders").await;
    assert_eq!(orders, world.ok(&format!("/crm/contacts/{ASHA}/orders")).await);
    let days: Vec<&str> =
        orders["orders"].as_array().unwrap().iter().map(|o| o["placed_on"].as_str().unwrap()).collect();
    assert!(days.len() >= 4 && days.is_sorted_by(|a, b| a >= b), "{days:?}");

    let rating = |score| {
        world.send(
            Method::POST,
            "/crm/contacts/919810000001/ratings",
            json!({"score": score, "matter": "track_order"}),
        )
    };
    assert_eq!((rating(5).await.0, rating(0).await.0, rating(6).await.0), (201, 422, 422));
    assert_eq!(world.ok("/admin/state").await["counts"]["ratings"], 1);
    world.shop.stop().await;
}

#[actix_web::test]
async fn every_demo_customer_has_orders_in_many_states() {
    let world = World::start().await;
    let mut raw_states = std::collections::BTreeSet::new();
    for customer in DEMO_CUSTOMERS {
        let orders = world.ok(&format!("/crm/contacts/{}/orders", customer.id)).await;
        let orders = orders["orders"].as_array().unwrap();
        let states: std::collections::BTreeSet<&str> =
            orders.iter().map(|o| o["status"].as_str().unwrap()).collect();
        assert!(states.len() >= 4, "{}: {states:?}", customer.name);
        for order in orders {
            let id = order["order_id"].as_str().unwrap();
            let order = world.ok(&format!("/orders/{id}?contact={}", customer.id)).await;
            assert_eq!(order["contact_id"], customer.id);
            let status = order["status"].as_str().unwrap();
            assert_eq!(order["cancellable"], json!(matches!(status, "placed" | "packed")));
            assert_eq!(
                order["delivered_on"].is_string(),
                matches!(status, "delivered" | "returned"),
                "{order}"
            );
            assert_eq!(order["carrier"].is_null(), status == "placed");
            assert_eq!(order["refund"].is_object(), matches!(status, "cancelled" | "returned"));
            let open = matches!(status, "placed" | "packed" | "shipped" | "out_for_delivery" | "delayed");
            assert_eq!(order["expected_on"].as_str().is_some_and(|d| d >= TODAY), open, "{order}");
            let events = order["carrier"]["events"].as_array().cloned().unwrap_or_default();
            assert!(events.iter().all(|e| e["at"].as_str().unwrap()[..10] <= *TODAY));
            if let Some(last) = events.last() {
                assert_eq!(
                    (&order["carrier"]["raw_status"], &order["carrier"]["updated_at"]),
                    (&last["raw_status"], &last["at"])
                );
            }
            raw_states.extend(events.iter().map(|e| e["raw_status"].as_str().unwrap().to_owned()));
        }
    }
    for raw in [
        "MANIFESTED",
        "PICKED_UP",
        "OFD",
        "DLVD",
        "RTO_DLVD",
        "CANCELLED",
        "IN_TRANSIT_HUB_DEL2",
        "IN_TRANSIT_HUB_MEX1",
    ] {
        assert!(raw_states.contains(raw), "{raw} in {raw_states:?}");
    }
    let counts = world.ok("/admin/state").await["counts"].clone();
    assert!(
        counts["contacts"].as_u64().unwrap() >= 65 && counts["orders"].as_u64().unwrap() > 200,
        "{counts}"
    );
    world.shop.stop().await;
}

#[actix_web::test]
async fn an_order_is_shown_to_its_customer_only() {
    let world = World::start().await;
    let id = world.order_of(ASHA, "out_for_delivery").await;
    let number = id.trim_start_matches("ORD-");
    for spelling in [id.clone(), id.to_lowercase(), number.to_owned(), format!("%23{number}")] {
        assert_eq!(world.ok(&format!("/orders/{spelling}?contact={ASHA}")).await["order_id"], id.as_str());
    }
    for path in [
        format!("/orders/{id}?contact={LUCIA}"),
        format!("/orders/{id}?contact=nobody"),
        format!("/orders/{id}?fact=28013"),
    ] {
        let (status, body) = world.get(&path).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("not_yours")), "{path}");
    }
    assert_eq!(world.get(&format!("/orders/{id}")).await.0, 400);
    assert_eq!(world.ok(&format!("/orders/{id}?fact=110001")).await["order_id"], id.as_str());
    // Its items say what people call them, and which of them a customer's words name.
    let order = world.ok(&format!("/orders/{id}?contact={ASHA}")).await;
    let item = &order["items"][0];
    let called = item["called"][0].as_str().expect("a kind has words");
    assert_eq!(item["named"], false);
    let named = world.ok(&format!("/orders/{id}?contact={ASHA}&about={}", called.replace(' ', "%20"))).await;
    assert_eq!(named["items"][0]["named"], true, "{called}: {named}");
    assert_eq!(world.get(&format!("/orders/99999999?contact={ASHA}")).await.0, 404);
    let other = json!({"contact": LUCIA, "reason": "mine now", "date": "2026-11-24"});
    for action in ["cancel", "delivery", "documents"] {
        assert_eq!(
            world.send(Method::POST, &format!("/orders/{id}/{action}"), other.clone()).await.0,
            403,
            "{action}"
        );
    }
    world.shop.stop().await;
}

#[actix_web::test]
async fn orders_are_cancelled_put_off_and_documented() {
    let world = World::start().await;
    let id = world.order_of(LUCIA, "placed").await;
    let path = format!("/orders/{id}");
    let (status, order) = world
        .send(
            Method::POST,
            &format!("{path}/delivery"),
            json!({"contact": LUCIA, "date": "2026-11-28", "slot": "tarde", "note": "el timbre no va"}),
        )
        .await;
    assert_eq!(
        (status, &order["expected_on"], &order["delivery"]["slot"]),
        (200, &json!("2026-11-28"), &json!("tarde"))
    );
    assert_eq!(order["delivery"]["note"], "el timbre no va");
    let (status, order) = world
        .send(Method::POST, &format!("{path}/delivery"), json!({"contact": LUCIA, "note": "en la portería"}))
        .await;
    assert_eq!(
        (status, &order["delivery"]["note"], &order["delivery"]["slot"]),
        (200, &json!("en la portería"), &json!("tarde"))
    );
    for date in [TODAY, "2027-03-01"] {
        assert_eq!(
            world
                .send(Method::POST, &format!("{path}/delivery"), json!({"contact": LUCIA, "date": date}))
                .await
                .0,
            422
        );
    }
    let (status, document) = world
        .send(Method::POST, &format!("{path}/documents"), json!({"contact": LUCIA, "type": "invoice"}))
        .await;
    assert_eq!((status, &document["type"]), (201, &json!("invoice")));
    let page = world.client.get(document["url"].as_str().unwrap()).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains(&id) && page.contains("Lucía García") && page.contains("EUR"));
    assert_eq!(
        world
            .send(Method::POST, &format!("{path}/documents"), json!({"contact": LUCIA, "type": "poem"}))
            .await
            .0,
        422
    );

    let (status, order) = world
        .send(Method::POST, &format!("{path}/cancel"), json!({"contact": LUCIA, "reason": "changed my mind"}))
        .await;
    assert_eq!(
        (status, &order["status"], &order["refund"]["status"], &order["cancellable"]),
        (200, &json!("cancelled"), &json!("pending"), &json!(false))
    );
    assert_eq!(
        (&order["refund"]["amount"], &order["payment"]["status"]),
        (&order["total"], &json!("refund_pending"))
    );
    let (status, refused) =
        world.send(Method::POST, &format!("{path}/cancel"), json!({"contact": LUCIA})).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_cancellable")));
    assert_eq!(
        world
            .send(Method::POST, &format!("{path}/delivery"), json!({"contact": LUCIA, "date": "2026-11-29"}))
            .await
            .0,
        409
    );
    world.shop.stop().await;
}
