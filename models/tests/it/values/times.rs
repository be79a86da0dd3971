//! Times of each variety.

use super::{all_are, now};
use charla_models::values::when;
use serde_json::{Value, json};

fn read(language: &'static str) -> impl Fn(&str) -> Value {
    move |text| when::time(text, language, Some(now())).map_or(Value::Null, when::Hours::value)
}

fn between(from: &str, to: &str) -> Value {
    json!({"from": from, "to": to})
}

fn part(from: &str, to: &str, part: &str) -> Value {
    json!({"from": from, "to": to, "part": part})
}

#[test]
fn english() {
    all_are(
        &[
            ("5 pm", json!("17:00")),
            ("5pm", json!("17:00")),
            ("5 p.m.", json!("17:00")),
            ("10am", json!("10:00")),
            ("12 pm", json!("12:00")),
            ("12 am", json!("00:00")),
            ("5:30 pm", json!("17:30")),
            ("5.30pm", json!("17:30")),
            ("17:30", json!("17:30")),
            ("at 5", json!("17:00")),
            ("10", json!("10:00")),
            ("5 o'clock", json!("17:00")),
            ("half past five", json!("17:30")),
            ("half past 10", json!("10:30")),
            ("quarter past 4", json!("16:15")),
            ("quarter to six", json!("17:45")),
            ("10 past 5", json!("17:10")),
            ("20 to 6", json!("17:40")),
            ("five thirty", json!("17:30")),
            ("5 in the evening", json!("17:00")),
            ("10 in the morning", json!("10:00")),
            ("11 at night", json!("23:00")),
            ("1730 hrs", json!("17:30")),
            ("noon", json!("12:00")),
            ("midnight", json!("00:00")),
            ("morning", part("08:00", "12:00", "morning")),
            ("in the afternoon", part("12:00", "17:00", "afternoon")),
            ("evening", part("17:00", "21:00", "evening")),
            ("tonight", part("20:00", "23:59", "night")),
            ("this evening", part("17:00", "21:00", "evening")),
            ("early morning", part("06:00", "09:00", "morning")),
            ("10 to 12", between("10:00", "12:00")),
            ("5-7 pm", between("17:00", "19:00")),
            ("11-1 pm", between("11:00", "13:00")),
            ("10 am to 2 pm", between("10:00", "14:00")),
            ("between 5 and 7", between("17:00", "19:00")),
            ("10:00-12:30", between("10:00", "12:30")),
            ("from 9 to 5", between("09:00", "17:00")),
            ("6 to 8", between("18:00", "20:00")),
            ("5-8", between("17:00", "20:00")),
            ("7 to 12", between("07:00", "12:00")),
            ("noon to 8", between("12:00", "20:00")),
            ("10 am to 8", between("10:00", "20:00")),
            ("10 am to 12", between("10:00", "12:00")),
            ("10 pm to 12 am", between("22:00", "23:59")),
            ("8 pm to midnight", between("20:00", "23:59")),
            ("5 o clock", json!("17:00")),
            ("after 5 pm", json!({"from": "17:00"})),
            ("before noon", json!({"to": "12:00"})),
            ("by 6pm", json!({"to": "18:00"})),
            ("tomorrow at 5 pm", json!("17:00")),
            ("friday 11am", json!("11:00")),
            ("in 2 hours", json!("16:20")),
            ("in half an hour", json!("14:50")),
            ("now", json!("14:20")),
            ("in 12 hours", Value::Null),
            ("25:00", Value::Null),
            ("13 pm", json!("13:00")),
            ("anytime", Value::Null),
            ("", Value::Null),
        ],
        read("en"),
    );
}

#[test]
fn spanish() {
    all_are(
        &[
            ("a las 6", json!("18:00")),
            ("a las 6 de la tarde", json!("18:00")),
            ("a las 10", json!("10:00")),
            ("a las 10 de la mañana", json!("10:00")),
            ("a las diez de la noche", json!("22:00")),
            ("a las 12 de la mañana", json!("12:00")),
            ("a las 2 de la madrugada", json!("02:00")),
            ("a la 1", json!("13:00")),
            ("a la una y media", json!("13:30")),
            ("a las cinco y media", json!("17:30")),
            ("a las 5 y cuarto", json!("17:15")),
            ("a las 6 menos cuarto", json!("17:45")),
            ("las 6 menos 10", json!("17:50")),
            ("a las 5 y 20", json!("17:20")),
            ("a las 17:30", json!("17:30")),
            ("17h", json!("17:00")),
            ("17:30 horas", json!("17:30")),
            ("a las 5 pm", json!("17:00")),
            ("5 p. m.", json!("17:00")),
            ("a las 10 en punto", json!("10:00")),
            ("al mediodía", json!("12:00")),
            ("a las 12 del mediodía", json!("12:00")),
            ("a medianoche", json!("00:00")),
            ("por la mañana", part("08:00", "12:00", "morning")),
            ("mañana", part("08:00", "12:00", "morning")),
            ("por la tarde", part("12:00", "20:00", "afternoon")),
            ("esta tarde", part("12:00", "20:00", "afternoon")),
            ("por la noche", part("17:00", "21:00", "evening")),
            ("a primera hora", part("06:00", "09:00", "morning")),
            ("de 10 a 12", between("10:00", "12:00")),
            ("de 5 a 7 de la tarde", between("17:00", "19:00")),
            ("entre las 5 y las 7", between("17:00", "19:00")),
            ("de 6 a 8", between("18:00", "20:00")),
            ("entre las 6 y las 8", between("18:00", "20:00")),
            ("de 6 a 8 de la mañana", between("06:00", "08:00")),
            ("entre las 10 y las 12 de la mañana", between("10:00", "12:00")),
            ("desde las 10 hasta las 14", between("10:00", "14:00")),
            ("después de las 5", json!({"from": "17:00"})),
            ("a partir de las 6", json!({"from": "18:00"})),
            ("antes de las 12", json!({"to": "12:00"})),
            ("hasta las 8 de la noche", json!({"to": "20:00"})),
            ("mañana a las 6", json!("18:00")),
            ("el viernes a las 11", json!("11:00")),
            ("en 2 horas", json!("16:20")),
            ("en media hora", json!("14:50")),
            ("ahora", json!("14:20")),
            ("a cualquier hora", Value::Null),
        ],
        read("es"),
    );
}

#[test]
fn hindi() {
    all_are(
        &[
            ("शाम 5 बजे", json!("17:00")),
            ("शाम को 5 बजे", json!("17:00")),
            ("सुबह 10 बजे", json!("10:00")),
            ("सुबह दस बजे", json!("10:00")),
            ("दोपहर 12 बजे", json!("12:00")),
            ("दोपहर 2 बजे", json!("14:00")),
            ("दोपहर 11 बजे", json!("11:00")),
            ("रात 9 बजे", json!("21:00")),
            ("रात 12 बजे", json!("00:00")),
            ("रात के 2 बजे", json!("02:00")),
            ("५ बजे", json!("17:00")),
            ("११ बजे", json!("11:00")),
            ("साढ़े पाँच बजे", json!("17:30")),
            ("साढ़े 10 बजे", json!("10:30")),
            ("सवा पाँच बजे", json!("17:15")),
            ("पौने छह बजे", json!("17:45")),
            ("डेढ़ बजे", json!("13:30")),
            ("ढाई बजे", json!("14:30")),
            ("सुबह साढ़े नौ बजे", json!("09:30")),
            ("5 बजकर 20 मिनट", json!("17:20")),
            ("5:30 बजे", json!("17:30")),
            ("शाम 6:30", json!("18:30")),
            ("सुबह", part("08:00", "12:00", "morning")),
            ("दोपहर को", part("12:00", "17:00", "afternoon")),
            ("शाम को", part("17:00", "21:00", "evening")),
            ("रात को", part("20:00", "23:59", "night")),
            ("सुबह सुबह", part("06:00", "09:00", "morning")),
            ("5 से 7 बजे", between("17:00", "19:00")),
            ("सुबह 10 से 12 बजे", between("10:00", "12:00")),
            ("शाम 5 से 7 बजे के बीच", between("17:00", "19:00")),
            ("10 बजे से 2 बजे तक", between("10:00", "14:00")),
            ("शाम 5 बजे के बाद", json!({"from": "17:00"})),
            ("12 बजे से पहले", json!({"to": "12:00"})),
            ("शाम 6 बजे तक", json!({"to": "18:00"})),
            ("कल शाम 5 बजे", json!("17:00")),
            ("2 घंटे में", json!("16:20")),
            ("आधे घंटे में", json!("14:50")),
            ("अभी", json!("14:20")),
            ("कभी भी", Value::Null),
        ],
        read("hi"),
    );
}

#[test]
fn hinglish() {
    all_are(
        &[
            ("shaam 5 baje", json!("17:00")),
            ("sham ko 5 baje", json!("17:00")),
            ("subah 10 baje", json!("10:00")),
            ("subah das baje", json!("10:00")),
            ("dopahar 2 baje", json!("14:00")),
            ("dopahar 12 baje", json!("12:00")),
            ("raat 9 baje", json!("21:00")),
            ("raat ke 12 baje", json!("00:00")),
            ("5 baje", json!("17:00")),
            ("5 bje", json!("17:00")),
            ("sat baje", json!("19:00")),
            ("saat baje", json!("19:00")),
            ("do baje", json!("14:00")),
            ("saadhe 5", json!("17:30")),
            ("sadhe paanch baje", json!("17:30")),
            ("sava paanch baje", json!("17:15")),
            ("paune chhe baje", json!("17:45")),
            ("dedh baje", json!("13:30")),
            ("dhai baje", json!("14:30")),
            ("subah saade nau baje", json!("09:30")),
            ("5:30 baje", json!("17:30")),
            ("5 bajkar 20 minute", json!("17:20")),
            ("5 pm ko", json!("17:00")),
            ("morning 11 baje", json!("11:00")),
            ("subah", part("08:00", "12:00", "morning")),
            ("dopahar ko", part("12:00", "17:00", "afternoon")),
            ("shaam ko", part("17:00", "21:00", "evening")),
            ("raat ko", part("20:00", "23:59", "night")),
            ("evening mein", part("17:00", "21:00", "evening")),
            ("5 se 7 baje", between("17:00", "19:00")),
            ("subah 10 se 12 baje", between("10:00", "12:00")),
            ("10 baje se 2 baje tak", between("10:00", "14:00")),
            ("5 aur 7 ke beech", between("17:00", "19:00")),
            ("4 se 8 baje", between("16:00", "20:00")),
            ("raat 10 se 12 baje", between("22:00", "23:59")),
            ("10 se 12 ke beech", between("10:00", "12:00")),
            ("subah 11 baje ke aaspaas", json!("11:00")),
            ("6 ke baad", json!({"from": "18:00"})),
            ("sadhe gyarah", json!("11:30")),
            ("shaam 5 baje ke baad", json!({"from": "17:00"})),
            ("12 baje se pehle", json!({"to": "12:00"})),
            ("6 baje tak", json!({"to": "18:00"})),
            ("kal subah 10 baje", json!("10:00")),
            ("2 ghante mein", json!("16:20")),
            ("aadhe ghante mein", json!("14:50")),
            ("abhi", json!("14:20")),
            ("kabhi bhi", Value::Null),
        ],
        read("hi-Latn"),
    );
}

#[test]
fn without_a_moment_only_absolute_times_are_read() {
    assert_eq!(when::time("in 2 hours", "en", None), None);
    assert_eq!(when::time("now", "en", None), None);
    assert_eq!(when::time("5 pm", "en", None).map(when::Hours::value), Some(json!("17:00")));
}
