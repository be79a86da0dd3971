//! Understanding knows the shop's names, and goes on knowing them while the inventory is away.

use crate::support::cache;
use charla::{
    backends::Backends,
    catalogue::{CatalogueSettings, Refresher},
    demo,
    understanding::Understanding,
};
use charla_models::pool::ParseRequest;
use serde_json::json;
use std::{net::TcpListener, time::Duration};

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_come_from_the_inventory_and_outlive_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (_engine, engine) = listener();
    let ((sim, sim_port), (shop, shop_port)) = (listener(), listener());
    let assistant = crate::support::root().join("config");
    let plan =
        demo::Plan::with_ports(folder.path(), &assistant, [engine, sim_port, shop_port], false).unwrap();
    let _world = plan.start_world(sim, shop).await.unwrap();
    let mut settings = plan.settings().unwrap();
    settings.nlu.cache_dir = Some(cache());
    let understanding = tokio::task::spawn_blocking(move || {
        Understanding::start(&settings, charla_models::Needs::default()).unwrap()
    })
    .await
    .unwrap();
    let settings = plan.settings().unwrap();
    let refresher = |understanding: &Understanding| Refresher {
        settings: CatalogueSettings::default(),
        backends: Backends::new(settings.backends.clone()).unwrap(),
        understanding: understanding.clone(),
        countries: ["IN".to_owned(), "ES".to_owned()].into(),
        file: folder.path().join("catalogue.json"),
    };
    refresher(&understanding).refresh().await.unwrap();
    let catalogue = understanding.catalogue();
    for (entity, text, name) in [
        ("product", "redme note", Some("Redmi Note")),
        ("product", "galxy s24 ultra", Some("Galaxy S24 Ultra")),
        ("brand", "samsng", Some("Samsung")),
        ("brand", "addidas", Some("Adidas")),
        ("color", "blak", Some("black")),
        ("size", "128 gb", Some("128GB")),
        ("brand", "motorola", None),
    ] {
        assert_eq!(catalogue.resolve(entity, text), name, "{text}");
    }
    // What the shop sells by its own name is never taken for something else.
    let letters = |name: &str| {
        let name: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        name.trim_end_matches('s').to_owned()
    };
    for name in &catalogue.names().products {
        let found = catalogue.resolve("product", name).unwrap_or_default();
        assert_eq!(letters(found), letters(name), "{name}");
    }

    let outage = json!({"backend": "inventory", "mode": "error"});
    let admin = format!("http://127.0.0.1:{shop_port}/admin/outage");
    reqwest::Client::new().post(admin).json(&outage).send().await.unwrap().error_for_status().unwrap();
    assert!(refresher(&understanding).refresh().await.is_err());
    assert_eq!(understanding.catalogue().resolve("brand", "samsng"), Some("Samsung"));

    // After a restart the kept names serve, though the inventory is still away.
    understanding.set_catalogue(charla_models::values::catalogue::Catalogue::default());
    let task = refresher(&understanding).spawn().unwrap();
    let back = async {
        while understanding.catalogue().resolve("brand", "samsng").is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, back).await.unwrap();
    task.abort();

    // The pool settles what it answers, also from its cache of answers, for the moment of each request.
    let ask = |now: &str| ParseRequest {
        text: "deliver my order 8842 tomorrow".into(),
        now: Some(now.parse().unwrap()),
        ..ParseRequest::default()
    };
    let pool = understanding.pool();
    for (now, date) in [("2026-11-25T14:20", "2026-11-26"), ("2026-12-31T23:59", "2027-01-01")] {
        let parse = pool.parse(ask(now)).await.unwrap();
        let found = parse.entities.iter().find(|e| e.entity == "date").expect("a plain word for a date");
        assert_eq!((found.text.as_str(), &found.value), ("tomorrow", &json!(date)));
    }
}
