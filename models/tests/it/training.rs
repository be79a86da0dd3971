use crate::fixture::{self, Fake};
use charla_models::{
    Model, artefact,
    data::Dataset,
    eval,
    pool::{Parse, ParseRequest, ParsedEntity},
    progress::Silent,
    train::{Options, train},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, LazyLock},
};

fn request(text: &str) -> ParseRequest {
    ParseRequest { text: text.into(), ..ParseRequest::default() }
}

fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect()
}

static MODEL: LazyLock<Model> =
    LazyLock::new(|| train(&fixture::data(), None, &fixture::options(), &Silent).unwrap().0);

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let data = fixture::data();
    for (name, threads) in [("a", 1), ("b", 3)] {
        let options = Options { threads, ..fixture::options() };
        let (model, _) = train(&data, Some(Arc::new(Fake)), &options, &Silent).unwrap();
        artefact::save(&model, &folder.path().join(name)).unwrap();
    }
    let (a, b) = (bytes(&folder.path().join("a")), bytes(&folder.path().join("b")));
    assert_eq!(a.keys().collect::<Vec<_>>(), ["joint.bin", "languages.bin", "manifest.json", "ngram.bin"]);
    assert!(a == b);
}

#[test]
fn a_saved_model_answers_as_before_and_a_damaged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    let (model, report) =
        train(&fixture::data(), Some(Arc::new(Fake)), &fixture::options(), &Silent).unwrap();
    artefact::save(&model, &path).unwrap();
    artefact::save(&model, &path).unwrap();
    let loaded = artefact::load(&path, Some(Arc::new(Fake))).unwrap();
    assert_eq!((loaded.id(), report.model.as_str()), (model.id(), model.id()));
    for text in ["where is my order 4411", "zapatos negros", "who won", ""] {
        assert_eq!(
            eval::parse(&model, &request(text)).unwrap(),
            eval::parse(&loaded, &request(text)).unwrap()
        );
    }
    let without = artefact::load(&path, None).unwrap();
    assert_eq!(eval::parse(&without, &request("some black shoes")).unwrap().tier, "ngram");

    let weights = path.join("ngram.bin");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let error = artefact::load(&path, None).unwrap_err().to_string();
    assert!(error.contains("CHARLA-E4020") && error.contains("ngram.bin"), "{error}");
}

#[test]
fn what_was_learnt() {
    let parse = |text: &str| eval::parse(&MODEL, &request(text)).unwrap();
    let p = parse("where is my order 6612");
    assert_eq!(p.intents[0].0, "track_order");
    assert_eq!(p.languages[0].0, "en");
    assert_eq!((p.entities[0].entity.as_str(), p.entities[0].text.as_str()), ("order_id", "6612"));
    assert_eq!((p.entities[0].start, p.entities[0].end), (18, 22));
    assert!(p.candidates.contains(&"track_order".to_owned()));
    let sum: f32 = p.intents.iter().map(|i| i.1).sum();
    assert!((sum - 1.0).abs() < 1e-3, "five intents, all told: {sum}");
    assert_eq!(parse("hola, dónde está mi pedido").languages[0].0, "es");
    let kala = parse("i need kala shoes");
    if let Some(color) = kala.entities.iter().find(|e| e.entity == "color") {
        assert_eq!(color.value, "black");
    }
    let asked = |asked: &str| {
        let request = ParseRequest { asked: Some(asked.into()), ..request("781020") };
        eval::parse(&MODEL, &request).unwrap().entities.first().map(|e| e.entity.clone())
    };
    assert_eq!(asked("pincode").as_deref(), Some("pincode"));
}

#[test]
fn the_key_depends_on_what_matters() {
    let data = fixture::data();
    let options = fixture::options();
    let key = artefact::key(&data, Some("e"), &options);
    assert_eq!(key, artefact::key(&data, Some("e"), &Options { threads: 7, ..options.clone() }));
    assert_ne!(key, artefact::key(&data, None, &options));
    assert_ne!(key, artefact::key(&data, Some("e"), &Options { seed: 2, ..options.clone() }));
    let mut other: Dataset = data.clone();
    other.examples[0].text.push('!');
    assert_ne!(key, artefact::key(&other, Some("e"), &options));
}

#[test]
fn evaluation_and_bench_give_the_promised_shape() {
    let data = fixture::data();
    let (report, misses) = eval::evaluate(&MODEL, &data.examples, None).unwrap();
    assert!(report.intent_accuracy > 0.8, "{}", report.intent_accuracy);
    assert_eq!(
        misses.iter().filter(|m| m.gold != m.found).count(),
        ((1.0 - report.intent_accuracy) * report.n as f32).round() as usize
    );
    let json = serde_json::to_value(&report).unwrap();
    for field in ["n", "intent_accuracy", "entity_f1", "ece", "train_s"] {
        assert!(json.get(field).is_some(), "{field}");
    }
    assert!(json["by_lang"]["es"]["ece_ci"][1].is_number());
    assert!(json["at_threshold"]["accuracy_answered"].is_number());
    assert!(json["oos"]["auroc"].is_number() && json["parse_us"]["p99"].is_number());

    let bench = eval::BenchOptions { lang: Some("en".into()), shots: Some(6), limit: None };
    let (report, trained) =
        eval::bench(&data, None, &data, &bench, None, &fixture::options(), &Silent).unwrap();
    assert_eq!((trained.examples, report.n), (30, 50));
    assert!(report.train_s.is_some());
}

#[test]
fn models_differ_in_intents_and_in_entities() {
    let answer = |intent: &str, p: f32, entities: Vec<ParsedEntity>| Parse {
        intents: vec![(intent.into(), p)],
        entities,
        ..eval::parse(&MODEL, &request("hi")).unwrap()
    };
    let found = |text: &str, value: i64| ParsedEntity {
        entity: "quantity".into(),
        start: 0,
        end: 3,
        text: text.into(),
        value: value.into(),
        currency: None,
        confidence: 0.9,
    };
    let one = answer("greet", 0.9, vec![found("two", 2)]);
    assert_eq!(eval::difference(&one, &answer("greet", 0.4, vec![found("two", 2)])), None);
    let other = eval::difference(&one, &answer("thank", 0.4, vec![found("two", 2)])).unwrap();
    assert_eq!((other.intents[1].0.as_str(), other.entities), ("thank", None));
    let other = eval::difference(&one, &answer("greet", 0.9, vec![found("two", 3)])).unwrap();
    let written = ["[two](quantity) = 2", "[two](quantity) = 3"].map(|text| vec![text.to_owned()]);
    assert_eq!(other.entities, Some(written));
    let none = eval::difference(&one, &answer("greet", 0.9, Vec::new())).unwrap();
    assert_eq!(none.entities.unwrap()[1], Vec::<String>::new());
}

#[test]
fn too_little_is_said() {
    let mut data = fixture::data();
    data.examples.truncate(3);
    let error = train(&data, None, &fixture::options(), &Silent).unwrap_err().to_string();
    assert!(error.contains("CHARLA-E4012"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn spans_lie_in_the_text_whatever_it_is(text in "\\PC{0,80}|(order|black|shoes|४४|½|é|👍🏽| |#|8842){0,12}") {
        let parse = eval::parse(&MODEL, &request(&text)).unwrap();
        let length = text.chars().count();
        let mut last = 0;
        for e in &parse.entities {
            prop_assert!(e.start < e.end && e.end <= length && e.start >= last);
            prop_assert_eq!(&e.text, &text.chars().skip(e.start).take(e.end - e.start).collect::<String>());
            last = e.end;
        }
        let sum: f32 = parse.intents.iter().map(|i| i.1).sum();
        prop_assert!((sum - 1.0).abs() < 1e-3 && parse.intents.iter().all(|i| i.1 >= 0.0));
        prop_assert!(!parse.candidates.is_empty());
        let languages: f32 = parse.languages.iter().map(|l| l.1).sum();
        prop_assert!((languages - 1.0).abs() < 1e-3);
    }
}
