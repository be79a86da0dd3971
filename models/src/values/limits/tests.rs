//! Messages, what the tagger made of them, and the limits that come of it.

use super::*;

fn limits(text: &str, tagged: &[(&str, &str)]) -> (Option<f64>, Option<f64>, Vec<String>) {
    let entities = tagged.iter().map(|(entity, part)| {
        let start = text[..text.find(part).unwrap()].chars().count();
        ParsedEntity {
            entity: (*entity).to_owned(),
            start,
            end: start + part.chars().count(),
            text: (*part).to_owned(),
            value: json!(part),
            currency: None,
            confidence: 0.9,
        }
    });
    let mut parse = Parse {
        languages: vec![],
        intents: vec![],
        entities: entities.collect(),
        out_of_scope: 0.0,
        candidates: vec![],
        model: String::new(),
        tier: String::new(),
    };
    settle(&mut parse, text);
    let of = |name: &str| parse.entities.iter().find(|e| e.entity == name).and_then(|e| e.value.as_f64());
    let rest = parse.entities.iter().filter(|e| !e.entity.starts_with("price")).map(|e| e.entity.clone());
    (of("price_min"), of("price_max"), rest.collect())
}

#[test]
fn ranges_have_both_ends() {
    for (text, tagged, low, high) in [
        ("5 se 10 hazar ke beech earbuds", &[("time", "5 se 10 hazar")][..], 5000.0, 10000.0),
        ("20 से 30 हज़ार में", &[("price_min", "20"), ("price_max", "30 हज़ार")], 20000.0, 30000.0),
        ("laptops between 60 and 65 thousand", &[("price_min", "60"), ("size", "65")], 60000.0, 65000.0),
        ("phone 3-4 hazar", &[], 3000.0, 4000.0),
        ("60 to 65 thousand", &[], 60000.0, 65000.0),
        ("entre 100 y 200 euros", &[("price_min", "100"), ("price_max", "200 euros")], 100.0, 200.0),
        ("15-20k", &[], 15000.0, 20000.0),
        ("shoes 2000 to 3000 rs", &[], 2000.0, 3000.0),
        ("do se teen hazar wale", &[], 2000.0, 3000.0),
        (
            "fridge 25 se 30 hzr k bich double door",
            &[("price_min", "25"), ("product", "hzr")],
            25000.0,
            30000.0,
        ),
        ("between 25 and 30k", &[], 25000.0, 30000.0),
        ("entre 200 y 300", &[], 200.0, 300.0),
        ("entre 12 000 y 15 000", &[], 12000.0, 15000.0),
        ("between 40 and 60", &[("price_max", "60")], 40.0, 60.0),
        ("tv 4k se 8k tak", &[], 4000.0, 8000.0),
    ] {
        let (min, max, rest) = limits(text, tagged);
        assert_eq!((min, max), (Some(low), Some(high)), "{text}");
        assert!(rest.is_empty(), "{text}: {rest:?}");
    }
}

#[test]
fn words_around_an_amount_say_which_end_it_is() {
    for (text, tagged, low, high) in [
        ("दो हज़ार से कम", &[][..], None, Some(2000.0)),
        ("auriculares por menos de cien euros", &[], None, Some(100.0)),
        ("laptop under 1.2 lakh", &[("price_max", "1.2 lakh")], None, Some(120_000.0)),
        ("3000 रुपये से कम वाली", &[("price_min", "3000 रुपये")], None, Some(3000.0)),
        ("above 20k", &[("price_max", "20k")], Some(20000.0), None),
        ("400 quid", &[("quantity", "400")], None, Some(400.0)),
        ("shoes under 500 pounds", &[("size", "500 pounds")], None, Some(500.0)),
        ("$100", &[], None, Some(100.0)),
        ("zapas por menos de 300 pavos", &[], None, Some(300.0)),
        ("pachaas hazar tak", &[], None, Some(50000.0)),
        ("unas zapas por 300 pavos", &[("price_min", "300 pavos")], None, Some(300.0)),
        ("laptop dikhao 40 hazar me", &[], None, Some(40000.0)),
        ("15 hazar wala phone", &[], None, Some(15000.0)),
        ("nah too expensive, under 40", &[("size", "40")], None, Some(40.0)),
        ("máximo 5 mil pesos", &[("price_max", "5 mil")], None, Some(5000.0)),
        ("4,000 ke aas paas", &[("price_max", "4,000")], Some(3200.0), Some(4800.0)),
        ("60k ke aas pas", &[("price_max", "60k")], Some(48_000.0), Some(72_000.0)),
        ("60 हज़ार आसपास", &[("price_max", "60 हज़ार")], Some(48_000.0), Some(72_000.0)),
        ("600 euros o así", &[("price_max", "600 euros")], Some(480.0), Some(720.0)),
        ("600 pounds or thereabouts", &[("price_max", "600 pounds")], Some(480.0), Some(720.0)),
        ("unos 700 euros", &[("price_max", "700 euros")], Some(560.0), Some(840.0)),
        ("lal saree 2 hzr k andar", &[("price_max", "hzr k")], None, Some(2000.0)),
        ("2000 k andar saree", &[], None, Some(2000.0)),
        ("dedh hazar tk ka kurta", &[], None, Some(1500.0)),
        ("sadhe teen hajar tk", &[], None, Some(3500.0)),
        ("डेढ़ लाख का लैपटोप चाहिए", &[], None, Some(150_000.0)),
        ("dhai lakh ki bike", &[], None, Some(250_000.0)),
        ("algo que no se vaya de 80", &[], None, Some(80.0)),
        ("que no cueste más de 700", &[], None, Some(700.0)),
        ("menos de mil", &[], None, Some(1000.0)),
        ("un regalo, unos 60 eurillos", &[("product", "eurillos")], Some(48.0), Some(72.0)),
        ("2000 bola tha mene 1000 nhi", &[("price_max", "1000")], None, Some(2000.0)),
        ("I said 2000 not 1000", &[("price_max", "1000")], None, Some(2000.0)),
        ("no 300 euros, 500 euros", &[], None, Some(500.0)),
        ("tvs around 50k", &[("price_max", "50k")], Some(40000.0), Some(60000.0)),
        ("menos de 12 000 €", &[("price_max", "12 000 €")], None, Some(12000.0)),
        ("hasta 15 000 pesos", &[("price_max", "15 000 pesos")], None, Some(15000.0)),
        ("menos de 1 200 000 pesos", &[], None, Some(1_200_000.0)),
        ("tv under 4k", &[], None, Some(4000.0)),
        ("4k tv 50 hazar tak", &[], None, Some(50000.0)),
        ("under 5 l", &[("price_max", "5 l")], None, Some(500_000.0)),
        ("car under ₹5 l", &[], None, Some(500_000.0)),
        ("2 lakh nahi, 5 l tak", &[], None, Some(500_000.0)),
    ] {
        assert_eq!(limits(text, tagged).0, low, "{text}");
        assert_eq!(limits(text, tagged).1, high, "{text}");
    }
}

#[test]
fn a_limit_that_is_denied_is_the_other_end() {
    for (text, tagged, low, high) in [
        ("a quiet one, not above 4k", &[("price_min", "4k")][..], None, Some(4000.0)),
        ("nothing over 300 euros", &[("price_min", "300 euros")], None, Some(300.0)),
        ("I don't want to spend more than 300 euros", &[], None, Some(300.0)),
        ("I don’t want to go above 20k", &[], None, Some(20000.0)),
        ("no more than 20k", &[], None, Some(20000.0)),
        ("no más de 80", &[("price_min", "80")], None, Some(80.0)),
        ("q no pasen de 80 euros", &[], None, Some(80.0)),
        ("sin pasar de 300 €", &[], None, Some(300.0)),
        ("que no supere los 500 euros", &[], None, Some(500.0)),
        ("दो हज़ार से ऊपर वाली नहीं, सबसे सस्ती वाली बताओ", &[("price_min", "दो हज़ार")], None, Some(2000.0)),
        ("₹2,000 से ज़्यादा नहीं चाहिए मैंने कहा था", &[("price_min", "₹2,000")], None, Some(2000.0)),
        ("zyada nahi 3000 se", &[("price_max", "3000")], None, Some(3000.0)),
        ("3000 se upar nahi", &[("price_min", "3000")], None, Some(3000.0)),
        ("3 hazar se zyada ka mat dikhao", &[], None, Some(3000.0)),
        ("5000 se jyada mehenga na ho", &[("price_min", "5000")], None, Some(5000.0)),
        ("no, above 20k", &[], Some(20000.0), None),
        ("not samsung, above 20k", &[], Some(20000.0), None),
        ("no less than 20k", &[], Some(20000.0), None),
        ("no menos de 300 euros", &[], Some(300.0), None),
        ("20 hazar se kam nahi", &[], Some(20000.0), None),
        ("2000 rs se kam nahi hai kya", &[], None, Some(2000.0)),
        ("no under 20k", &[], None, Some(20000.0)),
    ] {
        assert_eq!(limits(text, tagged).0, low, "{text}");
        assert_eq!(limits(text, tagged).1, high, "{text}");
    }
}

#[test]
fn other_numbers_are_left_alone() {
    for text in [
        "10 to 12 inch tablet",
        "between 5 and 6 pm",
        "iphone 15",
        "order 8842",
        "size 9 to 10",
        "do din mein chahiye",
        "110001 tak",
        "2-3 days",
        "one or two",
        "under size 9",
        "below 10 inches",
        "about 8842",
        "order 8842 not 8843",
        "2 hazar ka refund nahi aaya",
        "talla 42 k puma",
        "10 se 12 ke beech",
        "between 10 and 12 tomorrow",
        "entre 9 y 12",
        "entre 5 y 6 de la tarde",
        "I'm between 9 and 10",
        "between 20 and 25 november",
        "5 l ka cooker",
        "20l wala geyser",
        "fridge under 300 l",
        "tv 4k me dikhao",
        "4k wala tv",
        "8k ka television",
        "less than 45 minutes",
        "less than 45 mins",
        "menos de 30 minutos",
        "45 मिनट से कम",
        "less than 10 km away",
        "under 200 grams",
        "less than 50 percent",
        "me cobraron 300 euros dos veces",
        "you charged me $50 twice",
        "refund of 500 euros",
        "300 euros ka refund chahiye",
    ] {
        let (min, max, _) = limits(text, &[]);
        assert_eq!((min, max), (None, None), "{text}");
    }
    let (_, max, rest) = limits("under 11 pro wala", &[("product", "11 pro")]);
    assert_eq!((max, rest), (None, vec!["product".to_owned()]));
    for (text, tagged) in [
        ("between 100 and 120 please", ("size", "between 100 and 120")),
        ("between 10 and 12 tomorrow", ("time", "between 10 and 12")),
        ("between 20 and 25 november", ("date", "between 20 and 25 november")),
        ("fridge 50 l tak", ("size", "50 l")),
    ] {
        assert_eq!(limits(text, &[tagged]), (None, None, vec![tagged.0.to_owned()]), "{text}");
    }
}
