//! Conversations beside examples: what they add to a model, and what they leave alone.

use crate::fixture;
use charla_models::{data::Dataset, eval, progress::Silent, train::train};

/// The same words go on with what was before: "the other one" narrows a search or means the other order.
fn stories(held_out: bool) -> String {
    let split = if held_out { "    metadata: {split: held_out}\n" } else { "" };
    let mut out = String::from("stories:\n");
    for i in 0..12 {
        for (first, intent) in [("show me hats", "search_product"), ("track my box", "track_order")] {
            out += &format!(
                "  - story: {intent} {i}\n{split}    steps:\n      - user: {first} number {i}\n        intent: {intent}\n      \
                 - action: flow_{intent}\n      - action: utter_done\n      - user: the other one\n        intent: {intent}\n      \
                 - action: flow_{intent}\n"
            );
        }
    }
    out
}

fn with(stories: &str) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    fixture::write(folder.path());
    std::fs::create_dir_all(folder.path().join("en/stories")).unwrap();
    std::fs::write(folder.path().join("en/stories/talk.yml"), stories).unwrap();
    Dataset::read(folder.path()).unwrap()
}

#[test]
fn what_was_before_decides_what_is_meant() {
    let data = with(&stories(false));
    let (model, _) = train(&data, None, &fixture::options(), &Silent).unwrap();
    for turn in data.story_turns().iter().filter(|t| t.example.text == "the other one") {
        let parse = eval::parse(&model, &turn.request()).unwrap();
        assert_eq!(parse.intents[0].0, turn.example.intent, "{:?}", turn.earlier);
    }
}

#[test]
fn held_out_stories_change_no_weights() {
    let files = |data: &Dataset| {
        let (model, _) = train(data, None, &fixture::options(), &Silent).unwrap();
        (model.manifest().files.clone(), model.id().to_owned())
    };
    let (without, held, trained) =
        (files(&fixture::data()), files(&with(&stories(true))), files(&with(&stories(false))));
    assert_eq!(without.0, held.0);
    // The model's name covers what it can be evaluated on.
    assert_ne!(without.1, held.1);
    assert_ne!(without.0, trained.0);
    assert_eq!(with(&stories(true)).held_out_turns().len(), 48);
}

#[test]
fn a_benchmark_trains_on_the_stories_that_it_is_asked_for() {
    let data = with(&stories(false));
    let plain = fixture::data();
    let bench = |dev: Option<&Dataset>, options: &eval::BenchOptions| {
        let trained = eval::bench(&data, dev, &plain, options, None, &fixture::options(), &Silent).unwrap().1;
        trained.ngram.into_iter().map(|(lang, m)| (lang, m.n)).collect::<Vec<_>>()
    };
    let of = |lang: &str| plain.examples.iter().filter(|e| e.lang == lang).count();
    let english = of("en") + data.story_turns().len();
    let [en, es] = ["en", "es"].map(str::to_owned);
    let only =
        |lang: &String| eval::BenchOptions { lang: Some(lang.clone()), ..eval::BenchOptions::default() };
    assert_eq!(bench(None, &only(&es)), [(es.clone(), of("es"))]);
    assert_eq!(bench(None, &only(&en)), [(en.clone(), english)]);
    assert_eq!(bench(None, &eval::BenchOptions { shots: Some(6), ..only(&en) }), [(en.clone(), 30)]);
    assert_eq!(bench(None, &eval::BenchOptions { limit: Some(40), ..only(&en) }), [(en.clone(), 40)]);
    // Calibrated on the development set alone: that many messages were held out.
    let all = eval::BenchOptions::default();
    assert_eq!(bench(Some(&plain), &all), [(en.clone(), of("en")), (es, of("es"))]);
}
