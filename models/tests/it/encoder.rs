//! The converted encoder against reference vectors. Needs the encoder in the cache (`charla models pull`) and the reference
//! beside the repository; skipped with a message otherwise.

use charla_models::{encoder::install, text::Analysis};
use std::path::Path;

#[test]
fn vectors_are_those_of_the_reference() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models/reference_vectors.json");
    let Ok(text) = std::fs::read_to_string(&reference) else {
        eprintln!("skipped: {} is not there", reference.display());
        return;
    };
    let encoder = match install::installed(&install::default_cache()) {
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
    let Ok(encoder) = install::installed(&install::default_cache()) else {
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
