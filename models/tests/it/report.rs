use crate::fixture::{self, Fake};
use charla_models::{
    progress::Silent,
    report::{
        self,
        figures::{figures, languages, views},
    },
    train::{Options, train},
};
use std::sync::Arc;

#[test]
fn the_page_tells_what_training_found_and_is_the_same_whatever_the_threads() {
    let data = fixture::data();
    let mut pages = Vec::new();
    for threads in [1, 3] {
        let options = Options { threads, ..fixture::options() };
        let (model, found) = train(&data, Some(Arc::new(Fake)), &options, &Silent).unwrap();
        let input = &found.held_out;
        assert_eq!((input.messages.len(), input.examples), (data.examples.len(), data.examples.len()));
        assert_eq!(input.model, model.id());
        for view in views(input) {
            let tier = match view.key {
                "ngram" => &found.ngram,
                "joint" => found.joint.as_ref().unwrap(),
                _ => continue,
            };
            assert_eq!(languages(input), tier.keys().map(String::as_str).collect::<Vec<_>>());
            for (language, told) in tier {
                let rows: Vec<_> =
                    view.rows.iter().filter(|r| r.message.lang == *language).copied().collect();
                let shown = figures(&rows).unwrap();
                assert_eq!(shown.n, told.n);
                for (shown, told) in [
                    (shown.accuracy.value, told.intent_accuracy),
                    (shown.f1.unwrap().value, told.entity_f1),
                    (shown.ece.value, told.ece),
                ] {
                    assert!(
                        (shown - f64::from(told)).abs() < 1e-4,
                        "{} {language}: {shown} {told}",
                        view.key
                    );
                }
            }
        }
        let served = views(input).swap_remove(0);
        let quick =
            served.rows.iter().zip(&input.ngram).filter(|(row, n)| std::ptr::eq(row.reading, *n)).count();
        assert!((quick as f32 / served.rows.len() as f32 - found.first_tier_share).abs() < 1e-6);
        pages.push(report::page(input));
    }
    assert!(pages[0] == pages[1]);
}
