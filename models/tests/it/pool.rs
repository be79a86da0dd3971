use crate::fixture::{self, Fake};
use charla_models::{
    Model, Pool, PoolOptions,
    pool::{NluPool, ParseRequest, PoolError},
    progress::Silent,
    train::train,
};
use std::sync::{Arc, LazyLock};

static FIRST: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let (model, _) = train(&fixture::data(), Some(Arc::new(Fake)), &fixture::options(), &Silent).unwrap();
    Arc::new(model)
});

fn request(text: &str) -> ParseRequest {
    ParseRequest { text: text.into(), ..ParseRequest::default() }
}

fn start(options: PoolOptions) -> Pool {
    Pool::start(options, FIRST.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_keeps_answers() {
    let pool = start(PoolOptions::default());
    let first = pool.parse(request("track order 5541")).await.unwrap();
    assert_eq!(first.intents[0].0, "track_order");
    assert_eq!(pool.parse(request("track order 5541")).await.unwrap(), first);
    assert_eq!(first.model, FIRST.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_costs_one_answer_and_the_worker_is_rebuilt() {
    let pool = start(PoolOptions { threads: 1, cache: 0, ..PoolOptions::default() });
    for _ in 0..3 {
        // A text that the first tier is not sure of reaches the encoder, which panics on this word.
        let error = pool.parse(request("explode zzqx kkwv")).await.unwrap_err();
        assert!(matches!(error, PoolError::Worker(_)), "{error}");
        assert_eq!(pool.parse(request("hello")).await.unwrap().intents[0].0, "greet");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_encoder_leaves_the_first_tier() {
    let pool = start(PoolOptions { threads: 1, ..PoolOptions::default() });
    assert_eq!(pool.parse(request("refuse zzqx kkwv")).await.unwrap().tier, "ngram");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_is_said_and_nothing_queues_beyond_the_bound() {
    let options = PoolOptions {
        threads: 1,
        queue: 2,
        wait_ms: 0,
        timeout_ms: 60_000,
        cache: 0,
        ..PoolOptions::default()
    };
    let pool = start(options);
    let long = "where is my order and my black shoes ".repeat(100);
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let (pool, text) = (pool.clone(), long.clone());
            tokio::spawn(async move { pool.parse(request(&text)).await })
        })
        .collect();
    let (mut answered, mut full) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => answered += 1,
            Err(PoolError::Full) => full += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(answered + full, 40);
    assert!(answered >= 3 && full > 0, "{answered} answered, {full} refused");
    pool.parse(request("hi")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let pool = start(PoolOptions { threads: 1, timeout_ms: 0, cache: 0, ..PoolOptions::default() });
    assert_eq!(pool.parse(request("hello")).await.unwrap_err(), PoolError::Timeout(0));
}

/// Texts that wait together are read together; one that the encoder panics on or refuses hurts none of the others, and all
/// are answered as they would be alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_wait_together_are_answered_as_if_alone() {
    let pool = start(PoolOptions { threads: 1, cache: 0, timeout_ms: 60_000, ..PoolOptions::default() });
    let mut texts: Vec<String> =
        ["hello", "track order 5541", "refuse zzqx kkwv", "explode zzqx kkwv"].map(str::to_owned).into();
    // The first tier knows these words, and is seldom sure of what they are doing here.
    let known = ["black", "red", "blue", "shoes", "laptop", "8842"];
    texts.extend(known.iter().flat_map(|a| ["zzqx", "tell", "in"].map(|b| format!("{b} {a} wwk"))));
    texts.extend(known.iter().flat_map(|a| known.map(|b| format!("{a} {b}"))));
    let mut alone = Vec::new();
    for text in std::mem::take(&mut texts) {
        let answer = pool.parse(request(&text)).await;
        if texts.len() < 4 || answer.as_ref().is_ok_and(|p| p.tier == "joint") {
            texts.push(text);
            alone.push(answer);
        }
    }
    assert!(texts.len() > 5, "the encoder was asked too seldom: {texts:?}");
    // The first text keeps the only worker while the others gather.
    let long = "where is my order and my black shoes ".repeat(200);
    for round in 0..20 {
        let ask = |text: &str| {
            let (pool, text) = (pool.clone(), text.to_owned());
            tokio::spawn(async move { pool.parse(request(&text)).await })
        };
        let first = ask(&long);
        let asked: Vec<_> =
            texts.iter().cycle().skip(round * 3).take(3 * texts.len()).map(|t| (t, ask(t))).collect();
        first.await.unwrap().unwrap();
        for (text, answer) in asked {
            let place = texts.iter().position(|t| t == text).unwrap();
            assert_eq!(answer.await.unwrap(), alone[place], "{text}");
        }
    }
}
