//! Entity values: tables of what customers write in each variety, and laws that hold for any text.
//!
//! The moment of all tables is Wednesday, 25 November 2026, 14:20.

mod dates;
mod times;

use charla_models::{
    pool::{Parse, ParseRequest, ParsedEntity},
    values::{
        catalogue::{Catalogue, Names},
        settle, when,
    },
};
use jiff::civil::{DateTime, date};
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> DateTime {
    date(2026, 11, 25).at(14, 20, 31, 0)
}

/// Compares every row before it fails, so that one run shows all that is wrong.
fn all_are(rows: &[(&str, Value)], read: impl Fn(&str) -> Value) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, wanted)| {
            let got = read(text);
            (got != *wanted).then(|| format!("{text}: {got}, not {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn entity(label: &str, text: &str, value: Value) -> ParsedEntity {
    ParsedEntity {
        entity: label.into(),
        start: 3,
        end: 3 + text.chars().count(),
        text: text.into(),
        value,
        currency: None,
        confidence: 0.9,
    }
}

fn parse(language: &str, entities: Vec<ParsedEntity>) -> Parse {
    Parse {
        languages: vec![(language.into(), 0.9), ("en".into(), 0.1)],
        intents: vec![],
        entities,
        out_of_scope: 0.0,
        candidates: vec![],
        model: "m".into(),
        tier: "ngram".into(),
    }
}

#[test]
fn an_answer_is_settled_for_its_moment() {
    let names = Names {
        products: ["Samsung Galaxy S24".to_owned(), "Shorts".to_owned()].into(),
        brands: ["Samsung".to_owned()].into(),
        colors: ["black".to_owned(), "blue".to_owned()].into(),
        ..Names::default()
    };
    let catalogue = Catalogue::new(names);
    let mut answer = parse(
        "es",
        vec![
            entity("date", "mañana", json!("mañana")),
            entity("time", "a las 6 de la tarde", json!("a las 6 de la tarde")),
            entity("date", "cuando sea", json!("cuando sea")),
            entity("product", "galxy s24", json!("galxy s24")),
            entity("brand", "samsng", json!("samsng")),
            // A synonym named the colour: it is looked up, not guessed at.
            entity("color", "negra", json!("black")),
            entity("color", "bleached", json!("bleached")),
            entity("city", "Samsung", json!("samsung")),
        ],
    );
    let request = ParseRequest { now: Some(now()), ..ParseRequest::default() };
    settle(&mut answer, &request, Some(&catalogue));
    let values: Vec<Value> = answer.entities.iter().map(|e| e.value.clone()).collect();
    assert_eq!(
        values,
        [
            json!("2026-11-26"),
            json!("18:00"),
            json!("cuando sea"),
            json!("Galaxy S24"),
            json!("Samsung"),
            json!("black"),
            json!("bleached"),
            json!("samsung"),
        ]
    );
    assert_eq!(answer.entities[0].text, "mañana");

    let mut later = parse("es", vec![entity("date", "mañana", json!("mañana"))]);
    settle(&mut later, &ParseRequest::default(), None);
    assert_eq!(later.entities[0].value, json!("mañana"), "nobody said when");
}

#[test]
fn the_locked_language_decides_between_two_meanings() {
    let mut answer = parse("es", vec![entity("date", "mar", json!("mar"))]);
    settle(&mut answer, &ParseRequest { now: Some(now()), ..ParseRequest::default() }, None);
    assert_eq!(answer.entities[0].value, json!("2026-12-01"), "Tuesday");
    let locked = ParseRequest { now: Some(now()), language: Some("en".into()), ..ParseRequest::default() };
    settle(&mut answer, &locked, None);
    assert_eq!(answer.entities[0].value, json!({"from": "2027-03-01", "to": "2027-03-31"}), "March");
}

const TEXT: &str = "\\PC{0,40}|(in|next|last|this|friday|kal|mañana|a las|se|tak|to|el|de|november|days|ko|[0-9]{1,4}|/|-|:|am|pm|\
                     साढ़े|बजे|week|month|hasta|und|½|of| ){0,12}";

proptest! {
    #[test]
    fn no_text_breaks_dates_and_times(
        text in TEXT,
        language in "en|es|hi|hi-Latn|other",
        (year, month, day) in (-9999i16..=9999, 1i8..=12, 1i8..=28),
    ) {
        let now = date(year, month, day).at(23, 59, 59, 0);
        if let Some(when::Days::Range(from, Some(to))) = when::date(&text, &language, Some(now.date())) {
            prop_assert!(from <= to, "{from} {to}");
        }
        let _ = when::date(&text, &language, None);
        let _ = when::time(&text, &language, Some(now));
    }

    #[test]
    fn settling_leaves_spans_and_texts_alone(text in TEXT, label in "date|time|product|size|color") {
        let catalogue = Catalogue::new(Names { products: ["Air Fryer".to_owned()].into(), ..Names::default() });
        let before = parse("en", vec![entity(&label, &text, json!(text))]);
        let mut once = before.clone();
        let request = ParseRequest { now: Some(now()), ..ParseRequest::default() };
        settle(&mut once, &request, Some(&catalogue));
        let (a, b) = (&before.entities[0], &once.entities[0]);
        prop_assert_eq!((a.start, a.end, &a.text, &a.entity), (b.start, b.end, &b.text, &b.entity));
        let mut again = before;
        settle(&mut again, &request, Some(&catalogue));
        prop_assert_eq!(&again, &once);
    }

    /// A day written out is that day, whenever it is read.
    #[test]
    fn whole_dates_need_no_today(year in 1950i16..2150, month in 1i8..=12, day in 1i8..=28) {
        let wanted = Some(when::Days::One(date(year, month, day)));
        for text in [
            format!("{year}-{month:02}-{day:02}"),
            format!("{day}/{month}/{year}"),
            format!("{day}.{month}.{year}"),
        ] {
            prop_assert_eq!(when::date(&text, "en", None), wanted);
            prop_assert_eq!(when::date(&text, "es", Some(now().date())), wanted);
        }
    }
}
