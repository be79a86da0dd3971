//! New models in a running pool: nothing is dropped or mixed, and what is not good enough does not go live or does not stay.

use crate::fixture::{self, Fake};
use charla_models::{
    Error, Model, Needs, Pool, PoolOptions, Result, SwapEvent, SwapOptions,
    data::Dataset,
    encoder::{Encode, EncoderSource, Encoding},
    pool::{NluPool, Parse, ParseRequest},
    progress::Silent,
    text::Analysis,
    train::{Options, train},
};
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

fn trained(seed: u64, data: &Dataset, encoder: Option<Arc<dyn EncoderSource>>) -> Arc<Model> {
    let options = Options { seed, ..fixture::options() };
    Arc::new(train(data, encoder, &options, &Silent).unwrap().0)
}

static FIRST: LazyLock<Arc<Model>> = LazyLock::new(|| trained(1, &fixture::data(), Some(Arc::new(Fake))));
static SECOND: LazyLock<Arc<Model>> = LazyLock::new(|| trained(2, &fixture::data(), Some(Arc::new(Fake))));

/// What a [`Double`] does to a text with the word `boom`, or to every text.
#[derive(Clone, Copy, PartialEq)]
enum Deed {
    PanicOnBoom,
    FailOnBoom,
    /// These while the switch is on.
    Panic,
    Fail,
    Drift,
    Linger,
    NotOpen,
}

/// An encoder that is as good as [`Fake`] while its model is trained, and then is not.
struct Double {
    id: String,
    deed: Deed,
    on: Arc<AtomicBool>,
}

struct Running(Deed, Arc<AtomicBool>);

impl EncoderSource for Double {
    fn id(&self) -> &str {
        &self.id
    }
    fn open(&self) -> Result<Box<dyn Encode>> {
        if self.deed == Deed::NotOpen && self.on.load(Ordering::Relaxed) {
            return Err(Error::Encoder("asked not to open".into()));
        }
        Ok(Box::new(Running(self.deed, self.on.clone())))
    }
}

impl Encode for Running {
    fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
        let boom = text.normal.text.contains("boom");
        let on = self.1.load(Ordering::Relaxed);
        match self.0 {
            Deed::PanicOnBoom => assert!(!boom, "asked to panic"),
            Deed::FailOnBoom if boom => return Err(Error::Encoder("asked to fail".into())),
            Deed::Fail if on => return Err(Error::Encoder("asked to fail".into())),
            Deed::Panic => assert!(!on, "asked to panic"),
            Deed::Linger if on => std::thread::sleep(Duration::from_millis(30)),
            _ => {}
        }
        let mut encoding = Fake.encode(text)?;
        if self.0 == Deed::Drift && on {
            encoding.sentence.iter_mut().for_each(|x| *x = 3.0 - *x);
        }
        Ok(encoding)
    }
}

/// A model with an encoder of its own, and the switch of it.
fn double(id: &str, deed: Deed) -> (Arc<Model>, Arc<AtomicBool>) {
    let on = Arc::new(AtomicBool::new(false));
    let source = Double { id: id.into(), deed, on: on.clone() };
    (trained(1, &fixture::data(), Some(Arc::new(source))), on)
}

fn request(text: &str) -> ParseRequest {
    ParseRequest { text: text.into(), ..ParseRequest::default() }
}

fn needs() -> Needs {
    let manifest = FIRST.manifest();
    Needs {
        intents: manifest.intents.iter().cloned().collect(),
        entities: manifest.entities.iter().cloned().collect(),
    }
}

type Told = mpsc::Receiver<(SwapEvent, String, String)>;

fn start(swap: SwapOptions) -> (Pool, Told) {
    // Two cores may be busy with other tests: no time limit is what is tested here.
    let (wait_ms, timeout_ms) = (120_000, 120_000);
    let options = PoolOptions { wait_ms, timeout_ms, cache: 16, swap, ..PoolOptions::default() };
    let pool = Pool::start(options, FIRST.clone()).unwrap();
    let (tell, told) = mpsc::channel();
    pool.observe(Arc::new(move |event, id, serving| {
        let _ = tell.send((event.clone(), id.to_owned(), serving.id().to_owned()));
    }));
    (pool, told)
}

async fn swap(pool: &Pool, model: &Arc<Model>) -> Result<Arc<Model>> {
    let (pool, model) = (pool.clone(), model.clone());
    tokio::task::spawn_blocking(move || pool.swap(model, &needs())).await.unwrap()
}

fn refusal(swapped: Result<Arc<Model>>) -> String {
    match swapped {
        Err(error @ Error::Refused { .. }) => error.to_string(),
        Err(error) => panic!("not a refusal: {error}"),
        Ok(_) => panic!("it went live"),
    }
}

/// The last ones are too long to be kept: they keep the workers busy.
const TEXTS: [&str; 7] = [
    "where is my order 8842",
    "hola",
    "red running shoes please",
    "quiero zapatos",
    "who won",
    "good morning, I need black shoes and a red shirt, and by the way where is my order 90211",
    "buenos días, busco unas zapatillas rojas y también quisiera saber dónde está mi pedido 5512",
];

fn expected(model: &Model) -> Vec<Parse> {
    TEXTS.iter().map(|t| charla_models::eval::parse(model, &request(t)).unwrap()).collect()
}

/// Readers that ask until this is stopped or dropped.
struct Readers {
    stop: Arc<AtomicBool>,
    running: Vec<tokio::task::JoinHandle<Vec<(usize, Parse)>>>,
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Readers {
    /// What was asked and answered.
    async fn stop(mut self) -> Vec<(usize, Parse)> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for reader in self.running.drain(..) {
            all.extend(reader.await.unwrap());
        }
        all
    }
}

fn readers(pool: &Pool) -> Readers {
    let stop = Arc::new(AtomicBool::new(false));
    let read = |first: usize| {
        let (pool, stop) = (pool.clone(), stop.clone());
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for i in first.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let text = i % TEXTS.len();
                // A reader that is refused fails the test: nothing may be dropped.
                answers.push((text, pool.parse(request(TEXTS[text])).await.unwrap()));
                // Answers from memory come without a pause; the test wants its turn too.
                tokio::task::yield_now().await;
            }
            answers
        })
    };
    let running = (0..8).map(read).collect();
    Readers { stop, running }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_under_load_drops_and_mixes_nothing() {
    let (pool, _told) = start(SwapOptions::default());
    let (first, second) = (expected(&FIRST), expected(&SECOND));
    for (a, b) in first.iter().zip(&second) {
        assert_ne!(a.intents, b.intents, "models that answer alike would show nothing");
    }
    let readers = readers(&pool);
    for i in 0..48 {
        let (next, expected) = if i % 2 == 0 { (&SECOND, &second) } else { (&FIRST, &first) };
        swap(&pool, next).await.unwrap();
        // What is asked after the swap is answered by the new model, whatever was kept of the one before.
        for text in [i % TEXTS.len(), (i + 1) % TEXTS.len()] {
            assert_eq!(&pool.parse(request(TEXTS[text])).await.unwrap(), &expected[text], "swap {i}");
        }
    }
    let mut by = [0, 0];
    for (text, answer) in readers.stop().await {
        // All of an answer is of the model that it names.
        let model = usize::from(answer.model != FIRST.id());
        assert_eq!(&answer, if model == 0 { &first[text] } else { &second[text] });
        by[model] += 1;
    }
    assert!(by.iter().all(|n| *n > 0), "both models were asked: {by:?}");
    assert_eq!(pool.model().id(), FIRST.id());
    assert!(pool.refused().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_panics_makes_way_and_no_customer_notices() {
    let (model, _) = double("fragile", Deed::PanicOnBoom);
    let (pool, told) = start(SwapOptions { probation_s: 3600, ..SwapOptions::default() });
    let known = (expected(&FIRST), expected(&model));
    swap(&pool, &model).await.unwrap();
    assert!(pool.on_probation());
    for i in 0..3 {
        let answer = pool.parse(request(&format!("boom{i} zzqx kkwv"))).await.unwrap();
        assert_eq!(answer.model, FIRST.id(), "the model before stands in");
        assert_eq!(pool.model().id(), model.id(), "{i} failures are forgiven");
    }
    let readers = readers(&pool);
    // Good texts are read meanwhile, so that it may take more than one to pass the share that is forgiven.
    for i in 3..2000 {
        if pool.model().id() == FIRST.id() {
            break;
        }
        let answer = pool.parse(request(&format!("boom{i} zzqx kkwv"))).await.unwrap();
        assert_eq!(answer.model, FIRST.id());
    }
    assert_eq!(pool.model().id(), FIRST.id());
    for (text, answer) in readers.stop().await {
        assert_eq!(&answer, if answer.model == FIRST.id() { &known.0[text] } else { &known.1[text] });
    }
    let [live, reverted] = [(); 2].map(|()| told.recv_timeout(Duration::from_secs(60)).unwrap());
    assert_eq!(live, (SwapEvent::Live, model.id().to_owned(), model.id().to_owned()));
    assert!(matches!(&reverted.0, SwapEvent::Reverted { why } if why.contains("panicked")), "{reverted:?}");
    assert_eq!((reverted.1.as_str(), reverted.2.as_str()), (model.id(), FIRST.id()));
    assert!(!pool.on_probation());
    let again = refusal(swap(&pool, &model).await);
    assert!(again.contains("CHARLA-E4021") && again.contains("refused before"), "{again}");
    // Another one may follow.
    swap(&pool, &SECOND).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_whose_encoder_fails_makes_way() {
    let (model, _) = double("failing", Deed::FailOnBoom);
    let (pool, told) = start(SwapOptions { failures: 0, probation_s: 3600, ..SwapOptions::default() });
    swap(&pool, &model).await.unwrap();
    let answer = pool.parse(request("boom zzqx kkwv")).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.tier.as_str()), (FIRST.id(), "joint"));
    assert_eq!(pool.model().id(), FIRST.id());
    assert!(matches!(told.try_iter().nth(1).unwrap().0, SwapEvent::Reverted { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_before_cannot_read_either_is_not_held_against_the_new_one() {
    // As good as the first, under another name; both panic on one word and fail on another.
    let (model, _) = double("alike", Deed::Drift);
    let (pool, _told) = start(SwapOptions { failures: 0, probation_s: 3600, ..SwapOptions::default() });
    swap(&pool, &model).await.unwrap();
    for i in 0..4 {
        pool.parse(request(&format!("explode{i} zzqx kkwv"))).await.unwrap_err();
        let weak = pool.parse(request(&format!("refuse{i} zzqx kkwv"))).await.unwrap();
        assert_eq!((weak.model.as_str(), weak.tier.as_str()), (model.id(), "ngram"));
    }
    assert_eq!(pool.model().id(), model.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_good_answers_forgive_a_few_bad_ones() {
    let (model, _) = double("fragile", Deed::PanicOnBoom);
    let (pool, _told) =
        start(SwapOptions { failures: 0, failure_percent: 10, probation_s: 3600, ..SwapOptions::default() });
    swap(&pool, &model).await.unwrap();
    for i in 0..19 {
        // Each another text, so that none is answered from memory.
        pool.parse(request(&format!("hello {i}"))).await.unwrap();
    }
    pool.parse(request("boom1 zzqx kkwv")).await.unwrap();
    pool.parse(request("boom2 zzqx kkwv")).await.unwrap();
    assert_eq!(pool.model().id(), model.id(), "2 of 21");
    pool.parse(request("boom3 zzqx kkwv")).await.unwrap();
    assert_eq!(pool.model().id(), FIRST.id(), "3 of 22");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_its_probation_a_model_stays() {
    let (model, _) = double("fragile", Deed::PanicOnBoom);
    let (pool, told) = start(SwapOptions { probation_s: 1, failures: 0, ..SwapOptions::default() });
    swap(&pool, &model).await.unwrap();
    let told = tokio::task::spawn_blocking(move || {
        let wait = Duration::from_secs(60);
        [told.recv_timeout(wait).unwrap().0, told.recv_timeout(wait).unwrap().0]
    });
    // No text has to come for it.
    assert_eq!(told.await.unwrap(), [SwapEvent::Live, SwapEvent::Proven]);
    assert!(!pool.on_probation());
    pool.parse(request("boom zzqx kkwv")).await.unwrap_err();
    assert_eq!(pool.model().id(), model.id());
    assert_eq!(Arc::strong_count(&model), 2, "the pool holds it once, and nothing of the one before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_whose_self_test_fails_is_refused_and_not_tried_again() {
    for (id, deed, says) in [
        ("drifting", Deed::Drift, "self-test gives"),
        ("panicking", Deed::Panic, "panicked in its self-test"),
        ("slow", Deed::Linger, "that of the model before"),
    ] {
        let (model, on) = double(id, deed);
        assert!(model.manifest().checks.iter().any(|c| c.tier == "joint"), "the encoder is asked");
        let (pool, told) = start(SwapOptions::default());
        on.store(true, Ordering::Relaxed);
        let why = refusal(swap(&pool, &model).await);
        assert!(why.contains(says) && why.contains(model.id()), "{why}");
        on.store(false, Ordering::Relaxed);
        assert!(refusal(swap(&pool, &model).await).contains("refused before"));
        assert_eq!(pool.parse(request("hola")).await.unwrap().model, FIRST.id());
        assert_eq!(pool.refused().keys().collect::<Vec<_>>(), [model.id()]);
        let told: Vec<_> = told.try_iter().collect();
        assert!(matches!(&told[..], [(SwapEvent::Refused { .. }, _, serving)] if serving == FIRST.id()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encoder_that_does_not_open_is_not_held_against_the_model() {
    let (model, on) = double("shut", Deed::NotOpen);
    let (pool, _told) = start(SwapOptions::default());
    on.store(true, Ordering::Relaxed);
    assert!(matches!(swap(&pool, &model).await, Err(Error::Encoder(_))));
    assert!(pool.refused().is_empty());
    on.store(false, Ordering::Relaxed);
    assert_eq!(swap(&pool, &model).await.unwrap().id(), FIRST.id());
    assert_eq!(pool.model().id(), model.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_does_not_fit_the_dialogue_is_refused() {
    let (pool, _told) = start(SwapOptions::default());
    let changed = |change: &dyn Fn(&mut Dataset)| {
        let mut data = fixture::data();
        change(&mut data);
        trained(1, &data, None)
    };
    let lost = changed(&|data| data.examples.retain(|e| e.intent != "greet"));
    assert!(refusal(swap(&pool, &lost).await).contains("does not know the intent `greet`"));
    let mute = changed(&|data| {
        data.examples.iter_mut().for_each(|e| e.entities.retain(|s| s.entity != "pincode"));
    });
    assert!(refusal(swap(&pool, &mute).await).contains("does not know the entity `pincode`"));
    let english = changed(&|data| data.examples.retain(|e| e.lang == "en"));
    assert!(refusal(swap(&pool, &english).await).contains("does not know the language `es`"));
    let foreign = changed(&|data| {
        data.examples
            .iter_mut()
            .filter(|e| e.text.contains("parcel"))
            .for_each(|e| e.intent = "parcel".into());
    });
    assert!(refusal(swap(&pool, &foreign).await).contains("intent `parcel`"));
    // Another dialogue may know it.
    let (elsewhere, _told) = start(SwapOptions::default());
    let mut wider = needs();
    wider.intents.insert("parcel".into());
    tokio::task::spawn_blocking(move || elsewhere.swap(foreign, &wider)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_back_is_to_a_model_that_has_proved_itself() {
    let (model, _) = double("fragile", Deed::PanicOnBoom);
    let (pool, _told) = start(SwapOptions { failures: 0, probation_s: 3600, ..SwapOptions::default() });
    // The second one is still on probation when the third one comes.
    swap(&pool, &SECOND).await.unwrap();
    swap(&pool, &model).await.unwrap();
    pool.parse(request("boom zzqx kkwv")).await.unwrap();
    assert_eq!(pool.model().id(), FIRST.id());
    // Who goes back by hand is not on probation with itself.
    swap(&pool, &SECOND).await.unwrap();
    swap(&pool, &FIRST).await.unwrap();
    assert!(!pool.on_probation());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_given_without_the_encoder_is_not_kept() {
    let (model, on) = double("moody", Deed::Fail);
    let (pool, _told) = start(SwapOptions { probation_s: 0, ..SwapOptions::default() });
    swap(&pool, &model).await.unwrap();
    assert!(!pool.on_probation());
    on.store(true, Ordering::Relaxed);
    assert_eq!(pool.parse(request("boom zzqx kkwv")).await.unwrap().tier, "ngram");
    on.store(false, Ordering::Relaxed);
    let answer = pool.parse(request("boom zzqx kkwv")).await.unwrap();
    assert_eq!(answer.tier, "joint", "the encoder is there again");
    // This one is kept: it comes although the encoder fails.
    on.store(true, Ordering::Relaxed);
    assert_eq!(pool.parse(request("boom zzqx kkwv")).await.unwrap(), answer);
}
