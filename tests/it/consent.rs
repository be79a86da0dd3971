//! The consent text changes while customers are known: the engine starts with the new one and asks again.

use crate::support::{Town, changes, root};
use serde_json::json;
use std::{path::Path, time::Duration};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_version_asks_again_and_answers_right_after_the_yes() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = folder.path().join("config");
    copy(&root().join("config"), &assistant);
    let mut town = Town::with_child_and(&assistant).await;
    let wa_id = "447700900001";
    let mut customer = town.customer(wa_id);
    let greeting = customer.say("hi there, good morning").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    let (id, detail) = town.conversation_of(wa_id).await;
    let first = detail["consent"]["grants"]["processing"]["version"].as_str().unwrap().to_owned();

    town.kill();
    let settings = assistant.join("settings.yml");
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(text.contains(&format!("version: \"{first}\"")));
    std::fs::write(&settings, text.replace(&first, "2030-01")).unwrap();
    town.start_child(&[]).await;

    let mut customer = town.customer(wa_id);
    let seen = customer.thread(0, Duration::ZERO).await.len() as u64;
    let mut again = customer.say("where is my order").await;
    while again.n() <= seen {
        again = customer.answer().await;
    }
    assert!(again.offers("/Consent(yes)"), "{}", again.text());
    let (_, detail) = town.conversation_of(wa_id).await;
    assert_eq!(detail["consent"]["grants"], json!({}));
    // What was asked is answered in the same breath.
    let orders = customer.choose(&again, "/Consent(yes)").await;
    assert!(orders.offers("/SetSlots(order_id="), "{}", orders.text());
    let (_, detail) = town.conversation_of(wa_id).await;
    assert_eq!(detail["consent"]["grants"]["processing"]["version"], "2030-01");
    let outdated = town.wait_for_change(&id, "consent_outdated").await;
    assert_eq!(outdated["version"], first.as_str());
    let asked = changes(&town.journal(&id).await).iter().filter(|c| c["change"] == "consent_asked").count();
    assert_eq!(asked, 2);

    // Turns of before and after fold to the states that were committed.
    town.kill();
    let replay = std::process::Command::new(env!("CARGO_BIN_EXE_charla"))
        .args(["replay", "--all", "--config"])
        .arg(town.folder.path().join("charla.yml"))
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert!(replay.status.success() && out.contains(" 0 differences"), "{out}");
    town.stop().await;
}
