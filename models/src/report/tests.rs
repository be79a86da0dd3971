use super::*;
use crate::random::Random;

/// A shop in which most things go right.
fn made(languages: &[&str], n: usize) -> Input {
    let mut random = Random::new(5);
    let mut input = Input {
        model: "abc<123".into(),
        encoder: Some("e&5".into()),
        intents: ["a<b", "out_of_scope", "track_order"].map(str::to_owned).into(),
        entities: ["order_id".to_owned(), "\"x\"".to_owned()].into(),
        first_tier: 0.95,
        examples: 2 * n,
        joint: Some(Vec::new()),
        ..Input::default()
    };
    for i in 0..n {
        let intent = i % 3;
        input.messages.push(Message {
            text: format!("</script><img src=x onerror=alert({i})> नमस्ते {i}"),
            lang: languages[i % languages.len().max(1)].to_owned(),
            place: format!("en/<i>.yml:{i}"),
            intent,
            spans: vec![(0, 3, 9)],
        });
        let mut read = |skill: f32| {
            let p = 0.4 + 0.6 * random.unit();
            let right = random.unit() < skill.max(p);
            let found = if right { intent } else { (intent + 1) % 3 };
            Reading {
                ranking: vec![(found, p), ((found + 1) % 3, 1.0 - p)],
                outside: if found == 1 { p } else { 1.0 - p },
                spans: if random.unit() < skill { vec![(0, 3, 9)] } else { vec![(1, 3, 8)] },
                tag_confidence: random.unit(),
            }
        };
        let (ngram, joint) = (read(0.6), read(0.8));
        input.ngram.push(ngram);
        input.joint.get_or_insert_default().push(joint);
    }
    input
}

/// What every page must be, however little it has to show.
fn sound(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    for strange in
        ["NaN", "inf%", ">inf", "-0.0 %", "onerror=alert(0)>", "<img", "<i>", "http://", "https://", "src="]
    {
        // The only quotation of a message is escaped, so that its own angle brackets never stand there.
        let found = page.replace("&lt;img src=x onerror=alert", "");
        assert!(!found.contains(strange), "{strange}");
    }
    for open in ["section", "table", "svg", "figure", "ol", "details", "div"] {
        let opened = page.matches(&format!("<{open} ")).count() + page.matches(&format!("<{open}>")).count();
        assert_eq!(opened, page.matches(&format!("</{open}>")).count(), "{open}");
    }
}

#[test]
fn a_page_of_everything() {
    let input = made(&["en", "hi-Latn"], 400);
    let page = page(&input);
    sound(&page);
    assert_eq!(page, super::page(&input), "the same input, the same page");
    for part in ["served", "ngram", "joint"] {
        for id in [
            "figures",
            "reliability",
            "risk",
            "worst",
            "confusion",
            "intents",
            "entities",
            "spans",
            "outside",
        ] {
            assert_eq!(page.matches(&format!("id=\"{part}-{id}\"")).count(), 1, "{part} {id}");
        }
    }
    assert_eq!(page.matches("id=\"served-first-tier\"").count(), 1);
    assert!(!page.contains("id=\"ngram-first-tier\""));
    for text in [
        "abc&lt;123",
        "e&amp;5",
        "a&lt;b",
        "AUROC",
        "made of 800 examples",
        "400 messages in English and Hinglish",
        "were right",
        "&quot;x&quot;",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // Two languages and all of them, in three views.
    assert_eq!(page.matches("aria-label=\"Reliability diagram").count(), 9);
    assert_eq!(page.matches("<svg class=\"matrix\"").count(), 3);
}

#[test]
fn pages_of_little() {
    sound(&page(&Input::default()));
    for n in [1, 2, 5, 40] {
        sound(&page(&made(&["en"], n)));
        sound(&page(&made(&["", "es", "hi"], n)));
        let alone = Input { joint: None, encoder: None, ..made(&["es"], n) };
        let page = page(&alone);
        sound(&page);
        assert!(!page.contains("show-served") && page.contains("id=\"ngram-figures\""));
    }
    // More languages than colours, no entities, and a model that said nothing.
    let mut many = made(&["a", "b", "c", "d", "e", "f", "g", "h"], 100);
    many.entities.clear();
    many.first_tier = 2.0;
    many.ngram.iter_mut().for_each(|r| *r = Reading::default());
    let page = page(&many);
    sound(&page);
    assert!(page.contains("No message reaches the threshold"));
}

#[test]
fn written_whole_into_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let input = made(&["en"], 30);
    let path = write(&input, folder.path()).unwrap();
    assert_eq!(path, folder.path().join("report.html"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page(&input));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = write(&input, &folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(error.contains("CHARLA-E4010"), "{error}");
}

#[test]
fn only_what_was_held_out_is_shown() {
    use crate::{
        calibrate::Calibration,
        train::folds::{Calibrated, HeldOut},
    };
    let held = HeldOut {
        logits: vec![vec![0.0, 2.0, 1.0, -1.0], Vec::new()],
        familiarity: vec![1.0; 2],
        spans: vec![vec![(0, 1, 2)], Vec::new()],
        tag_confidence: vec![0.5, 1.0],
        ..HeldOut::default()
    };
    let calibration = Calibration { otherwise: 1.0, ..Calibration::default() };
    let calibrated = Calibrated { calibration, best: vec![1, 0], confidence: vec![0.6, 0.0] };
    let read = readings(&held, &calibrated, &[Vec::new(), Vec::new()], Some(3));
    assert_eq!((read.len(), read[1].as_ref()), (2, None));
    let first = read[0].clone().unwrap();
    assert_eq!(first.ranking.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 2, 0]);
    assert!(first.probability() > first.ranking[1].1 && first.outside > 0.0 && first.outside < 0.1);
    assert_eq!((first.spans, first.tag_confidence), (vec![(0, 1, 2)], 0.5));
}

#[test]
fn places_do_not_tell_where_the_folder_lies() {
    assert_eq!(place(Path::new("/home/x/config/nlu/en/deny.yml"), 7), "en/deny.yml:7");
    assert_eq!(place(Path::new("rows.jsonl"), 1), "rows.jsonl:1");
}
