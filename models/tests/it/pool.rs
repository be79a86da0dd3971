use crate::fixture::{self, Fake};
use charla_models::{
    Model, Pool, PoolOptions,
    pool::{NluPool, Parse, ParseRequest, PoolError},
    progress::Silent,
    train::{Options, train},
};
use std::sync::{Arc, LazyLock};

fn trained(seed: u64) -> Arc<Model> {
    let options = Options { seed, ..fixture::options() };
    let (model, _) = train(&fixture::data(), Some(Arc::new(Fake)), &options, &Silent).unwrap();
    Arc::new(model)
}

static FIRST: LazyLock<Arc<Model>> = LazyLock::new(|| trained(1));
static SECOND: LazyLock<Arc<Model>> = LazyLock::new(|| trained(2));

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
    let options = PoolOptions { threads: 1, queue: 2, wait_ms: 0, timeout_ms: 60_000, cache: 0 };
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_under_load_drops_and_mixes_nothing() {
    let pool = start(PoolOptions { cache: 16, ..PoolOptions::default() });
    let texts = ["where is my order 8842", "hola", "red running shoes please", "quiero zapatos", "who won"];
    let expect = |model: &Model| -> Vec<Parse> {
        texts.iter().map(|t| charla_models::eval::parse(model, &request(t)).unwrap()).collect()
    };
    let (first, second) = (expect(&FIRST), expect(&SECOND));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for i in 0..60 {
                    answers.push((i % 5, pool.parse(request(texts[i % 5])).await.unwrap()));
                }
                answers
            })
        })
        .collect();
    for i in 0..6 {
        let next = if i % 2 == 0 { SECOND.clone() } else { FIRST.clone() };
        let swapping = pool.clone();
        tokio::task::spawn_blocking(move || swapping.swap(next)).await.unwrap().unwrap();
    }
    for reader in readers {
        for (text, answer) in reader.await.unwrap() {
            let expected = if answer.model == FIRST.id() { &first[text] } else { &second[text] };
            assert_eq!(&answer, expected);
        }
    }
    assert_eq!(pool.model().id(), FIRST.id());
}
