//! Dates of each variety.

use super::{all_are, now};
use charla_models::values::when;
use serde_json::{Value, json};

fn read(language: &'static str) -> impl Fn(&str) -> Value {
    move |text| when::date(text, language, Some(now().date())).map_or(Value::Null, when::Days::value)
}

fn days(from: &str, to: &str) -> Value {
    json!({"from": format!("2026-{from}"), "to": format!("2026-{to}")})
}

fn day(text: &str) -> Value {
    json!(format!("2026-{text}"))
}

#[test]
fn english() {
    all_are(
        &[
            ("today", day("11-25")),
            ("tomorrow", day("11-26")),
            ("tmrw", day("11-26")),
            ("tomorow", day("11-26")),
            ("day after tomorrow", day("11-27")),
            ("yesterday", day("11-24")),
            ("tonight", day("11-25")),
            ("tomorrow morning", day("11-26")),
            ("tomorrow at 5 pm", day("11-26")),
            ("Friday", day("11-27")),
            ("friday evening", day("11-27")),
            ("Wednesday", day("12-02")),
            ("this wednesday", day("11-25")),
            ("this friday", day("11-27")),
            ("next friday", day("12-04")),
            ("coming friday", day("11-27")),
            ("last friday", day("11-20")),
            ("friday next week", day("12-04")),
            ("25 Nov", day("11-25")),
            ("Nov 30th", day("11-30")),
            ("30th of November", day("11-30")),
            ("December 3rd, 2026", day("12-03")),
            ("the first of december", day("12-01")),
            ("twenty fifth December", day("12-25")),
            ("3 March", json!("2027-03-03")),
            ("3rd mar 27", json!("2027-03-03")),
            ("friday 27th", day("11-27")),
            ("friday 4th", day("12-04")),
            ("18th", day("12-18")),
            ("28", day("11-28")),
            ("25/11", day("11-25")),
            ("11-25", day("11-25")),
            ("11/12/2026", day("12-11")),
            ("12/25/2026", day("12-25")),
            ("5.12.26", day("12-05")),
            ("2026-12-01", day("12-01")),
            ("25-Nov-2026", day("11-25")),
            ("in 3 days", day("11-28")),
            ("after 2 days", day("11-27")),
            ("two days from now", day("11-27")),
            ("in a week", day("12-02")),
            ("in two weeks", day("12-09")),
            ("3 days ago", day("11-22")),
            ("within 3 days", days("11-25", "11-28")),
            ("in 2-3 days", days("11-27", "11-28")),
            ("2 to 3 days later", days("11-27", "11-28")),
            ("this weekend", days("11-28", "11-29")),
            ("next weekend", days("12-05", "12-06")),
            ("this week", days("11-25", "11-29")),
            ("next week", days("11-30", "12-06")),
            ("next month", days("12-01", "12-31")),
            ("this month", days("11-25", "11-30")),
            ("December", days("12-01", "12-31")),
            ("mid december", days("12-11", "12-20")),
            ("end of the month", days("11-25", "11-30")),
            ("first week of december", days("12-01", "12-07")),
            ("last week of december", days("12-25", "12-31")),
            ("5th of next month", day("12-05")),
            ("25 to 27 November", days("11-25", "11-27")),
            ("26-28 nov", days("11-26", "11-28")),
            ("between Monday and Wednesday", days("11-30", "12-02")),
            ("next monday to wednesday", days("11-30", "12-02")),
            ("Saturday or Sunday", days("11-28", "11-29")),
            ("Monday or Friday", Value::Null),
            ("by Friday", days("11-25", "11-27")),
            ("before friday", days("11-25", "11-26")),
            ("after Friday", json!({"from": "2026-11-28"})),
            ("Christmas", day("12-25")),
            ("new year's eve", day("12-31")),
            ("Diwali", Value::Null),
            ("5 days", Value::Null),
            ("31 february", Value::Null),
            ("soon", Value::Null),
            ("", Value::Null),
        ],
        read("en"),
    );
}

#[test]
fn spanish() {
    all_are(
        &[
            ("hoy", day("11-25")),
            ("mañana", day("11-26")),
            ("manana", day("11-26")),
            ("pasado mañana", day("11-27")),
            ("ayer", day("11-24")),
            ("anteayer", day("11-23")),
            ("mañana por la mañana", day("11-26")),
            ("esta tarde", day("11-25")),
            ("el viernes", day("11-27")),
            ("viernes", day("11-27")),
            ("el viernes que viene", day("11-27")),
            ("el próximo viernes", day("11-27")),
            ("este sábado", day("11-28")),
            ("el sabado por la tarde", day("11-28")),
            ("el lunes a las 6", day("11-30")),
            ("el miercoles", day("12-02")),
            ("el juevs", day("11-26")),
            ("el viernes pasado", day("11-20")),
            ("el viernes de la próxima semana", day("12-04")),
            ("el 25 de noviembre", day("11-25")),
            ("3 de diciembre de 2026", day("12-03")),
            ("el 1 de diciembre", day("12-01")),
            ("uno de diciembre", day("12-01")),
            ("primero de enero", json!("2027-01-01")),
            ("el veinticinco de diciembre", day("12-25")),
            ("viernes 27 de noviembre", day("11-27")),
            ("el 18", day("12-18")),
            ("el día 28", day("11-28")),
            ("30 nov", day("11-30")),
            ("5 ago", json!("2027-08-05")),
            ("25/11", day("11-25")),
            ("el 5/12/2026", day("12-05")),
            ("11-25", day("11-25")),
            ("en 3 días", day("11-28")),
            ("dentro de dos semanas", day("12-09")),
            ("en una semana", day("12-02")),
            ("hace 3 días", day("11-22")),
            ("dentro de 2 o 3 días", days("11-27", "11-28")),
            ("este fin de semana", days("11-28", "11-29")),
            ("el finde", days("11-28", "11-29")),
            ("el próximo fin de semana", days("11-28", "11-29")),
            ("la próxima semana", days("11-30", "12-06")),
            ("la semana que viene", days("11-30", "12-06")),
            ("esta semana", days("11-25", "11-29")),
            ("el mes que viene", days("12-01", "12-31")),
            ("en diciembre", days("12-01", "12-31")),
            ("finales de diciembre", days("12-21", "12-31")),
            ("fin de mes", days("11-25", "11-30")),
            ("del 26 al 28 de noviembre", days("11-26", "11-28")),
            ("de lunes a viernes", days("11-30", "12-04")),
            ("entre el lunes y el miércoles", days("11-30", "12-02")),
            ("sábado y domingo", days("11-28", "11-29")),
            ("antes del viernes", days("11-25", "11-26")),
            ("a partir del lunes", json!({"from": "2026-11-30"})),
            ("hasta el viernes", days("11-25", "11-27")),
            ("Navidad", day("12-25")),
            ("nochevieja", day("12-31")),
            ("Reyes", json!("2027-01-06")),
            ("Semana Santa", Value::Null),
            ("5 días", Value::Null),
        ],
        read("es"),
    );
}

#[test]
fn hindi() {
    all_are(
        &[
            ("आज", day("11-25")),
            ("कल", day("11-26")),
            ("परसों", day("11-27")),
            ("कल सुबह", day("11-26")),
            ("कल शाम 5 बजे", day("11-26")),
            ("बीते कल", day("11-24")),
            ("सोमवार", day("11-30")),
            ("शुक्रवार को", day("11-27")),
            ("इस शनिवार", day("11-28")),
            ("अगले शुक्रवार", day("12-04")),
            ("आने वाले शुक्रवार", day("11-27")),
            ("पिछले शुक्रवार", day("11-20")),
            ("इतवार", day("11-29")),
            ("बृहस्पतिवार", day("11-26")),
            ("संडे", day("11-29")),
            ("25 नवंबर", day("11-25")),
            ("२५ नवम्बर", day("11-25")),
            ("३ दिसंबर २०२६", day("12-03")),
            ("पच्चीस दिसंबर", day("12-25")),
            ("3 मार्च", json!("2027-03-03")),
            ("5 तारीख़", day("12-05")),
            ("२८ तारीख को", day("11-28")),
            ("अगले महीने की 5 तारीख", day("12-05")),
            ("25/11", day("11-25")),
            ("२५/११/२०२६", day("11-25")),
            ("3 दिन बाद", day("11-28")),
            ("तीन दिन में", day("11-28")),
            ("एक हफ़्ते बाद", day("12-02")),
            ("दो हफ्ते में", day("12-09")),
            ("3 दिन पहले", day("11-22")),
            ("3 दिन के अंदर", days("11-25", "11-28")),
            ("2-3 दिन में", days("11-27", "11-28")),
            ("इस वीकेंड", days("11-28", "11-29")),
            ("अगले हफ़्ते", days("11-30", "12-06")),
            ("इस हफ्ते", days("11-25", "11-29")),
            ("अगले हफ्ते शुक्रवार", day("12-04")),
            ("अगले महीने", days("12-01", "12-31")),
            ("दिसंबर में", days("12-01", "12-31")),
            ("दिसंबर के पहले हफ्ते", days("12-01", "12-07")),
            ("महीने के आखिर में", days("11-25", "11-30")),
            ("26 से 28 नवंबर", days("11-26", "11-28")),
            ("सोमवार से बुधवार तक", days("11-30", "12-02")),
            ("शुक्रवार तक", days("11-25", "11-27")),
            ("शुक्रवार से पहले", days("11-25", "11-26")),
            ("शनिवार या रविवार", days("11-28", "11-29")),
            ("क्रिसमस", day("12-25")),
            ("दिवाली", Value::Null),
            ("5 दिन", Value::Null),
        ],
        read("hi"),
    );
}

#[test]
fn hinglish() {
    all_are(
        &[
            ("aaj", day("11-25")),
            ("kal", day("11-26")),
            ("kl", day("11-26")),
            ("parso", day("11-27")),
            ("parson", day("11-27")),
            ("narso", day("11-28")),
            ("kal subah", day("11-26")),
            ("kal shaam 5 baje", day("11-26")),
            ("tomorrow ko", day("11-26")),
            ("somvar", day("11-30")),
            ("shukrawar ko", day("11-27")),
            ("is shanivaar", day("11-28")),
            ("agle friday", day("12-04")),
            ("agle shukravaar", day("12-04")),
            ("aane wale sunday", day("11-29")),
            ("pichle friday", day("11-20")),
            ("itwar", day("11-29")),
            ("mangalwaar", day("12-01")),
            ("25 november", day("11-25")),
            ("25 nov ko", day("11-25")),
            ("pachees december", day("12-25")),
            ("5 tarikh", day("12-05")),
            ("28 tareekh ko", day("11-28")),
            ("das tareekh", day("12-10")),
            ("agle mahine ki 5 tarikh", day("12-05")),
            ("25/11", day("11-25")),
            ("3 din baad", day("11-28")),
            ("teen din mein", day("11-28")),
            ("do din baad", day("11-27")),
            ("ek hafte baad", day("12-02")),
            ("3 din pehle", day("11-22")),
            ("3 din ke andar", days("11-25", "11-28")),
            ("2-3 din mein", days("11-27", "11-28")),
            ("is weekend", days("11-28", "11-29")),
            ("agle hafte", days("11-30", "12-06")),
            ("next week", days("11-30", "12-06")),
            ("is hafte", days("11-25", "11-29")),
            ("agle week friday", day("12-04")),
            ("agle mahine", days("12-01", "12-31")),
            ("december mein", days("12-01", "12-31")),
            ("december ke pehle hafte", days("12-01", "12-07")),
            ("mahine ke end mein", days("11-25", "11-30")),
            ("26 se 28 november", days("11-26", "11-28")),
            ("monday se wednesday tak", days("11-30", "12-02")),
            ("friday tak", days("11-25", "11-27")),
            ("friday se pehle", days("11-25", "11-26")),
            ("kal ya parso", days("11-26", "11-27")),
            ("christmas", day("12-25")),
            ("diwali", Value::Null),
            ("10 din", Value::Null),
        ],
        read("hi-Latn"),
    );
}

#[test]
fn a_month_that_is_over_comes_next_year_and_a_leap_day_in_a_leap_year() {
    let on = |text: &str, today: &str| {
        when::date(text, "en", Some(today.parse().unwrap())).map_or(Value::Null, when::Days::value)
    };
    assert_eq!(on("29 february", "2026-11-25"), json!("2028-02-29"));
    assert_eq!(on("1 january", "2026-12-31"), json!("2027-01-01"));
    assert_eq!(on("31st", "2026-11-25"), json!("2026-12-31"));
    assert_eq!(on("20 to 28 november", "2026-11-25"), json!({"from": "2026-11-20", "to": "2026-11-28"}));
    assert_eq!(
        on("28 december to 3 january", "2026-11-25"),
        json!({"from": "2026-12-28", "to": "2027-01-03"})
    );
    assert_eq!(on("this weekend", "2026-11-29"), json!("2026-11-29"));
    assert_eq!(on("next friday", "2026-11-29"), json!("2026-12-04"));
}
