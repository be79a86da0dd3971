//! A running engine's understanding, and trainings beside it.

use super::*;
use charla_models::pool::ParseRequest;
use std::collections::BTreeSet;
use tempfile::TempDir;

const SETTINGS: &str = "
whatsapp:
  app_secrets: [{env: A}]
  verify_token: {env: B}
  access_token: {env: C}
  numbers: [{phone_number_id: '1'}]
nlu: {workers: 1, encoder: false, cache_dir: cache, watch_s: 0, swap: {probation_s: 0}}
";

/// A shop in a folder of its own.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap() };
        shop.write("hello shop", "greet");
        shop
    }

    /// Writes the examples; one of them and its intent differ.
    fn write(&self, example: &str, intent: &str) {
        let nlu = self.folder.path().join("nlu/en");
        std::fs::create_dir_all(&nlu).unwrap();
        let text = format!(
            "version: \"3.1\"\nnlu:\n  - intent: greet\n    examples: |\n      - hi\n      - hello\n      - good morning\n      \
             - hey there\n  - intent: track_order\n    examples: |\n      - where is my order\n      - track my parcel\n      \
             - has it shipped\n      - order status\n  - intent: {intent}\n    examples: |\n      - {example}\n      \
             - {example} please\n"
        );
        std::fs::write(nlu.join("nlu.yml"), text).unwrap();
    }

    fn settings(&self, watch_s: u64) -> Settings {
        let text = SETTINGS.replace("watch_s: 0", &format!("watch_s: {watch_s}"));
        Settings::parse(&text, &self.folder.path().join("charla.yml")).unwrap()
    }

    fn start(&self, watch_s: u64) -> Understanding {
        let intents = ["greet", "track_order"].map(str::to_owned).into_iter().collect();
        Understanding::start(&self.settings(watch_s), Needs { intents, entities: BTreeSet::new() }).unwrap()
    }

    /// As `charla train` in another process.
    fn train(&self) -> Made {
        let trainer = Trainer::new(self.folder.path().join("nlu"), Some(self.folder.path().join("cache")));
        trainer.make(None, &Silent).unwrap()
    }
}

#[test]
fn what_was_trained_beside_goes_live_and_what_fits_again_comes_back() {
    let shop = Shop::new();
    let understanding = shop.start(0);
    let mut watch = watch::Watch::default();
    let first = understanding.model();
    assert!(!watch.look(&understanding), "the one that fits serves");
    shop.write("good day shop", "greet");
    assert!(!watch.look(&understanding), "nothing is trained yet");
    let second = shop.train().model.id().to_owned();
    assert!(watch.look(&understanding));
    assert_eq!(understanding.model(), second);
    assert!(!watch.look(&understanding));
    shop.write("hello shop", "greet");
    assert!(watch.look(&understanding), "taken back, and still in the cache");
    assert_eq!(understanding.model(), first);
    // In the middle of an edit.
    std::fs::write(shop.folder.path().join("nlu/en/nlu.yml"), "version: [").unwrap();
    assert!(!watch.look(&understanding));
    assert_eq!(understanding.model(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_engine_takes_it_by_itself() {
    let shop = Shop::new();
    let understanding = shop.start(1);
    shop.write("good day shop", "greet");
    let second = shop.train().model.id().to_owned();
    let begun = Instant::now();
    while understanding.model() != second {
        assert!(begun.elapsed() < Duration::from_secs(60), "it was not seen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hello = ParseRequest { text: "hello".into(), ..ParseRequest::default() };
    assert_eq!(understanding.pool().parse(hello).await.unwrap().model, second);
}

#[test]
fn a_damaged_artefact_waits_for_a_whole_one() {
    let shop = Shop::new();
    let understanding = shop.start(0);
    let mut watch = watch::Watch::default();
    shop.write("good day shop", "greet");
    let made = shop.train();
    let weights = made.folder.join("ngram.bin");
    let mut bytes = std::fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    assert!(!watch.look(&understanding));
    assert_ne!(understanding.model(), made.model.id());
    // Training sees the damage and does it again.
    assert!(shop.train().report.is_some());
    assert!(watch.look(&understanding));
    assert_eq!(understanding.model(), made.model.id());
}

#[test]
fn an_intent_that_the_running_dialogue_does_not_know_waits_for_a_start() {
    let shop = Shop::new();
    let understanding = shop.start(0);
    let mut watch = watch::Watch::default();
    let first = understanding.model();
    shop.write("do you open on sunday", "opening_hours");
    let made = shop.train();
    assert!(!watch.look(&understanding));
    assert!(!watch.look(&understanding));
    assert_eq!(understanding.model(), first);
    assert!(understanding.pool.refused()[made.model.id()].contains("opening_hours"));
    // That one knows it, and nothing is remembered against the model.
    assert_eq!(shop.start(0).model(), made.model.id());
}

#[test]
fn a_model_that_failed_does_not_come_back_with_a_restart() {
    let shop = Shop::new();
    let first = shop.start(0).model();
    shop.write("good day shop", "greet");
    let second = shop.train().model.id().to_owned();
    let memory = Memory::open(&shop.settings(0).data_dir);
    memory.revert(&second, "it panicked");
    let understanding = shop.start(0);
    assert_eq!(understanding.model(), first, "the one that served before");
    assert!(!watch::Watch::default().look(&understanding));
    assert_eq!(understanding.model(), first);
    // Other examples, another model.
    shop.write("good evening shop", "greet");
    let third = shop.train().model.id().to_owned();
    assert!(watch::Watch::default().look(&understanding));
    assert_eq!(understanding.model(), third);
}
