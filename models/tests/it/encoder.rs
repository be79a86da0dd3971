//! The converted encoder against reference vectors. Needs the encoder in the cache (`charla models pull`) and the reference
//! beside the repository; skipped with a message otherwise.

use charla_models::{
    encoder::{Kind, install},
    text::Analysis,
};
use std::path::Path;

#[test]
fn vectors_are_those_of_the_reference() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models/reference_vectors.json");
    let Ok(text) = std::fs::read_to_string(&reference) else {
        eprintln!("skipped: {} is not there", reference.display());
        return;
    };
    let encoder = match install::installed(&install::default_cache(), Kind::Multilingual) {
        Ok(encoder) => encoder,
        Err(error) => {
            eprintln!("skipped: {error}");
            return;
        }
    };
    let mut running = encoder.open().unwrap();
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let encoding = running.encode(&Analysis::new(text)).unwrap();
        let wanted = case["sentence_vector_first8"].as_array().unwrap();
        for (found, wanted) in encoding.sentence.iter().zip(wanted) {
            let wanted = wanted.as_f64().unwrap() as f32;
            assert!((found - wanted).abs() < 0.01, "{text}: {found} is not {wanted}");
        }
        assert_eq!(encoding.words.len(), Analysis::new(text).words.len());
        assert!(
            encoding.words.iter().all(|w| w.iter().any(|v| *v != 0.0)),
            "{text}: a word without a vector"
        );
    }
}

#[test]
fn fewer_layers_are_another_encoder() {
    let Ok(encoder) = install::installed(&install::default_cache(), Kind::Multilingual) else {
        eprintln!("skipped: the encoder is not in the cache");
        return;
    };
    let half = encoder.first(6).unwrap();
    assert_eq!(half.id(), format!("{}-first-6", encoder.id()));
    assert!(encoder.first(12).is_none() && encoder.first(0).is_none() && half.first(6).is_none());
    assert!(half.top(2).unwrap().is_none(), "its last layers are not those that can be trained on");
    let text = Analysis::new("where is my order 8842");
    let (whole, half) =
        (encoder.open().unwrap().encode(&text).unwrap(), half.open().unwrap().encode(&text).unwrap());
    assert_ne!(whole.sentence, half.sentence);
    assert_eq!(whole.words.len(), half.words.len());
}

#[test]
fn the_english_encoder_tells_what_belongs_together() {
    let Ok(encoder) = install::installed(&install::default_cache(), Kind::English) else {
        eprintln!(
            "skipped: the English encoder is not in the cache (`charla models pull --encoder english`)"
        );
        return;
    };
    let mut running = encoder.open().unwrap();
    let mut of = |text: &str| {
        let encoding = running.encode(&Analysis::new(text)).unwrap();
        assert_eq!(encoding.words.len(), Analysis::new(text).words.len());
        assert!(
            encoding.words.iter().all(|w| w.iter().any(|v| *v != 0.0)),
            "{text}: a word without a vector"
        );
        encoding.sentence
    };
    let (order, parcel, weather) = (
        of("Where is my order?"),
        of("I'd like to track my parcel"),
        of("Will it rain in the café tomorrow?"),
    );
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    assert!(near(&order, &parcel) > near(&order, &weather) + 0.1);
    assert!((near(&order, &order) - 1.0).abs() < 1e-4);
    let top = encoder.top(8).unwrap().unwrap();
    assert_eq!(top.layers.len(), 6, "all of its layers can be trained on");
}

#[test]
fn layers_of_several_nets_run_beside_each_other() {
    let Ok(encoder) = install::installed(&install::default_cache(), Kind::Multilingual) else {
        eprintln!("skipped: the encoder is not in the cache");
        return;
    };
    let text = Analysis::new("where is my order 8842");
    let top = encoder.top(2).unwrap().unwrap();
    let mut other = top.clone();
    other.layers[1].blocks[0].iter_mut().for_each(|w| *w *= 0.5);
    let read = |tops: &[_]| encoder.open_tuned(tops).unwrap().encode(&text).unwrap();
    let (one, two) = (read(std::slice::from_ref(&top)), read(std::slice::from_ref(&other)));
    let both = read(&[top.clone(), other.clone()]);
    let (width, below) = (one.sentence.len() / 2, one.sentence.len() / 2);
    assert_eq!(both.sentence[..width], one.sentence[..width]);
    assert_eq!(both.sentence[width..2 * width], two.sentence[..width]);
    assert_eq!(both.sentence[2 * width..], one.sentence[below..]);
    assert_ne!(one.sentence[..width], two.sentence[..width]);
    for ((both, one), two) in both.words.iter().zip(&one.words).zip(&two.words) {
        assert_eq!(*both, [one.as_slice(), two].concat());
    }
    other.layers.pop();
    assert!(encoder.open_tuned(&[top, other]).is_err(), "as many layers of each");
}
