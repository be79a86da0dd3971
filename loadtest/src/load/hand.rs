//! Handwriting: the same wish is typed by a thousand people in a thousand ways. Names, places and amounts change, accents
//! and capitals are left out, fingers slip.

use super::{people::Person, people::Variety, reply::Ask};

const BRANDS: &[&str] = &[
    "Samsung", "Nike", "Adidas", "boAt", "Philips", "Sony", "LG", "Apple", "OnePlus", "Xiaomi", "JBL", "HP",
    "Dell", "Lenovo", "Puma", "Asus", "Bosch", "Motorola",
];
const THINGS: [&[&str]; 4] = [
    &[
        "phone",
        "laptop",
        "earbuds",
        "headphones",
        "tv",
        "mixer grinder",
        "air fryer",
        "running shoes",
        "t-shirt",
        "fridge",
        "washing machine",
        "sneakers",
        "jacket",
        "speaker",
    ],
    &[
        "teléfono",
        "portátil",
        "auriculares",
        "televisor",
        "batidora",
        "freidora de aire",
        "zapatillas",
        "camiseta",
        "nevera",
        "lavadora",
        "chaqueta",
        "altavoz",
        "celular",
        "audífonos",
    ],
    &[
        "फ़ोन",
        "लैपटॉप",
        "ईयरबड्स",
        "टीवी",
        "मिक्सर",
        "एयर फ़्रायर",
        "रनिंग शूज़",
        "टी-शर्ट",
        "फ्रिज",
        "वॉशिंग मशीन",
        "जैकेट",
        "स्पीकर",
        "जूते",
        "कुर्ता",
    ],
    &[
        "phone",
        "laptop",
        "earbuds",
        "tv",
        "mixer",
        "air fryer",
        "running shoes",
        "t-shirt",
        "fridge",
        "washing machine",
        "jacket",
        "speaker",
        "joote",
        "kurta",
    ],
];
const CITIES_IN: &[(&str, &str, &str)] = &[
    ("Delhi", "दिल्ली", "110001"),
    ("Mumbai", "मुंबई", "400053"),
    ("Pune", "पुणे", "411001"),
    ("Bengaluru", "बेंगलुरु", "560038"),
    ("Chennai", "चेन्नई", "600017"),
    ("Kolkata", "कोलकाता", "700016"),
    ("Hyderabad", "हैदराबाद", "500034"),
    ("Jaipur", "जयपुर", "302001"),
    ("Lucknow", "लखनऊ", "226001"),
    ("Andheri", "अंधेरी", "400050"),
    ("Saket", "साकेत", "110017"),
    ("Indiranagar", "इंदिरानगर", "560034"),
];
const CITIES_ES: &[(&str, &str)] = &[
    ("Madrid", "28013"),
    ("Barcelona", "08007"),
    ("Valencia", "46002"),
    ("Sevilla", "41001"),
    ("Chamberí", "28004"),
];
const CITIES_MX: &[(&str, &str)] = &[
    ("Ciudad de México", "06600"),
    ("Guadalajara", "44100"),
    ("Monterrey", "64000"),
    ("Puebla", "72000"),
    ("CDMX", "03100"),
];
const EMOJI: &[&str] =
    &["🙏", "😊", "👍", "😅", "🙂", "❤️", "😭", "🤔", "🙏🙏", "😂", "😢", "👀", "🥲", "😩", "✨", "🙌"];
const BEFORE: [&[&str]; 4] = [
    &[
        "hi, ",
        "hello ",
        "hey ",
        "ok so ",
        "um ",
        "sir ",
        "hi there, ",
        "please tell me, ",
        "one thing: ",
        "sorry, ",
        "well ",
        "and ",
        "quick question: ",
        "hmm ",
        "also ",
    ],
    &[
        "hola, ",
        "buenas, ",
        "oye ",
        "una pregunta: ",
        "perdona, ",
        "disculpe, ",
        "mira, ",
        "pues ",
        "a ver, ",
        "y ",
        "bueno, ",
        "eh ",
        "una cosa: ",
        "también ",
    ],
    &[
        "नमस्ते, ",
        "भाई ",
        "सुनिए ",
        "जी ",
        "अच्छा ",
        "हेलो ",
        "और ",
        "एक बात: ",
        "देखिए, ",
        "अरे ",
        "माफ़ कीजिए, ",
        "सर ",
    ],
    &[
        "bhai ",
        "hello ",
        "sir ",
        "suno ",
        "acha ",
        "hi, ",
        "yaar ",
        "are ",
        "aur ",
        "ek baat: ",
        "dekho ",
        "sorry, ",
        "madam ",
        "btw ",
    ],
];
const AFTER: [&[&str]; 4] = [
    &[" please", " pls", " thanks", " asap", " thx", " if possible", " right now"],
    &[" porfa", " por favor", " gracias", " porfi", " si se puede", " hoy mismo"],
    &[" प्लीज़", " जी", " जल्दी", " कृपया", " ना"],
    &[" pls", " plz bhai", " jaldi", " na", " please", " yaar"],
];

/// What a text talks about, for a person.
pub struct Hand<'a> {
    /// Whose.
    pub person: &'a Person,
    /// A number of their own order, if they have seen one.
    pub order: Option<&'a str>,
}

impl Hand<'_> {
    /// Fills the placeholders and writes it as people do.
    pub fn write(&self, text: &str, dice: &mut fastrand::Rng) -> String {
        let mut text = self.fill(text, dice);
        let variety = self.person.variety as usize;
        let words = text.split_whitespace().count();
        if words > 3 && dice.f64() < 0.15 {
            text = shortened(&text, dice);
        }
        if words > 1 && text.len() < 400 {
            if dice.f64() < 0.2 {
                text.insert_str(0, pick(BEFORE[variety], dice));
            }
            if dice.f64() < 0.15 {
                text = text.trim_end_matches(['.', '?', '!', '।']).to_owned() + pick(AFTER[variety], dice);
            }
        }
        if dice.f64() < 0.3 {
            text = text.to_lowercase();
        } else if dice.f64() < 0.2 {
            text = capital(&text);
        }
        if self.person.variety == Variety::Es && dice.f64() < 0.4 {
            text = unaccented(&text);
        }
        if dice.f64() < 0.3 {
            text = text.trim_end_matches(['.', '?', '!', '।']).replace(['¿', '¡'], "");
        }
        if dice.f64() < 0.25 && text.chars().count() > 6 {
            slip(&mut text, dice);
        }
        if dice.f64() < 0.12 {
            text.push_str(pick(&["??", "!!", "...", " ?", "!", "…", ".", "..", " !", "???"], dice));
        }
        if dice.f64() < 0.12 {
            text.push(' ');
            text.push_str(pick(EMOJI, dice));
        }
        if text.trim().is_empty() { "ok".to_owned() } else { text }
    }

    fn fill(&self, text: &str, dice: &mut fastrand::Rng) -> String {
        let mut text = text.to_owned();
        for (mark, word) in [
            ("{brand}", pick(BRANDS, dice).to_owned()),
            ("{product}", pick(THINGS[self.person.variety as usize], dice).to_owned()),
            ("{place}", self.place(dice)),
            ("{price}", self.price(dice)),
            ("{size}", dice.u32(5..12).to_string()),
            ("{order}", self.order_number(dice)),
        ] {
            if text.contains(mark) {
                text = text.replace(mark, &word);
            }
        }
        // What testers named once, others name otherwise.
        if let Some(found) = BRANDS.iter().find(|brand| text.contains(**brand))
            && dice.f64() < 0.4
        {
            text = text.replacen(found, pick(BRANDS, dice), 1);
        }
        text
    }

    fn place(&self, dice: &mut fastrand::Rng) -> String {
        match (self.person.country, self.person.variety) {
            ("ES" | "MX", _) => {
                let (city, code) =
                    if self.person.country == "ES" { CITIES_ES } else { CITIES_MX }[dice.usize(..5)];
                if dice.bool() { city } else { code }.to_owned()
            }
            (_, variety) => {
                let (latin, hindi, code) = CITIES_IN[dice.usize(..CITIES_IN.len())];
                match dice.u8(..3) {
                    0 => code.to_owned(),
                    _ if variety == Variety::Hi => hindi.to_owned(),
                    _ => latin.to_owned(),
                }
            }
        }
    }

    fn price(&self, dice: &mut fastrand::Rng) -> String {
        let round = |n: u32, to: u32| (n / to * to).to_string();
        match self.person.country {
            "ES" => round(dice.u32(30..1_500), 10),
            _ => round(dice.u32(600..90_000), 500),
        }
    }

    fn order_number(&self, dice: &mut fastrand::Rng) -> String {
        let number = self.order.map_or_else(|| format!("ORD-{}", dice.u32(700_000..999_999)), str::to_owned);
        match dice.u8(..4) {
            0 => number.replace("ORD-", ""),
            1 => number.to_lowercase(),
            _ => number,
        }
    }

    /// An answer to a question.
    pub fn answer(&self, ask: Ask, dice: &mut fastrand::Rng) -> String {
        let of = |texts: [&'static [&'static str]; 4], dice: &mut fastrand::Rng| {
            pick(texts[self.person.variety as usize], dice)
        };
        let text: &str = match ask {
            Ask::Place => of(
                [
                    &["{place}", "in {place}", "near {place}", "{place} please", "i live in {place}"],
                    &["{place}", "en {place}", "vivo en {place}", "por {place}"],
                    &["{place}", "{place} में", "{place} के पास"],
                    &["{place}", "{place} me", "{place} mein", "{place} ke paas"],
                ],
                dice,
            ),
            Ask::Product => of(
                [
                    &[
                        "{brand} {product}",
                        "{product} under {price}",
                        "a {brand} {product}",
                        "{product} from {brand}",
                    ],
                    &["{product} {brand}", "{product} hasta {price}", "un {product}", "{product} de {brand}"],
                    &["{brand} {product}", "{price} तक का {product}", "{brand} का {product}"],
                    &["{brand} {product}", "{price} tak ka {product}", "{brand} ka {product}"],
                ],
                dice,
            ),
            Ask::Order => "{order}",
            Ask::Problem => of(
                [
                    &[
                        "the {product} doesn't switch on",
                        "it arrived with a scratch on the side",
                        "box was open and a cable is missing",
                        "it makes a strange noise since yesterday",
                        "wrong colour was sent to me",
                    ],
                    &[
                        "el {product} no enciende",
                        "llegó con un golpe en un lado",
                        "la caja venía abierta y falta un cable",
                        "hace un ruido raro desde ayer",
                        "me mandaron otro color",
                    ],
                    &[
                        "{product} चालू नहीं हो रहा",
                        "एक तरफ़ खरोंच है",
                        "डिब्बा खुला था और केबल नहीं मिली",
                        "कल से अजीब आवाज़ आ रही है",
                        "गलत रंग भेज दिया",
                    ],
                    &[
                        "{product} on nahi ho raha",
                        "side me scratch hai",
                        "box khula tha aur cable missing hai",
                        "kal se ajeeb awaaz aa rahi hai",
                        "galat colour bhej diya",
                    ],
                ],
                dice,
            ),
            Ask::Day => of(
                [
                    &["tomorrow", "this saturday", "on monday", "the day after tomorrow", "next week friday"],
                    &["mañana", "el sábado", "el lunes", "pasado mañana", "el viernes que viene"],
                    &["कल", "शनिवार को", "सोमवार", "परसों", "अगले शुक्रवार"],
                    &["kal", "saturday ko", "monday", "parso", "agle friday"],
                ],
                dice,
            ),
            Ask::Address => of(
                [
                    &["Flat 12, MG Road, {place}", "44 Park Street, {place}"],
                    &["Calle Mayor 18, 2B, {place}", "Avenida Juárez 40, {place}"],
                    &["फ़्लैट 12, एमजी रोड, {place}", "44 पार्क स्ट्रीट, {place}"],
                    &["Flat 12, MG Road, {place}", "44 Park Street, {place}"],
                ],
                dice,
            ),
            Ask::Yes => of(
                [
                    &["yes", "yes please", "ok do it", "no", "yeah sure", "no leave it", "go ahead"],
                    &["sí", "sí, por favor", "vale", "no", "claro", "no, déjalo", "adelante"],
                    &["हाँ", "हाँ जी", "ठीक है", "नहीं", "कर दीजिए", "नहीं रहने दो"],
                    &["haan", "haan ji", "ok", "nahi", "kar do", "nahi rehne do", "theek hai"],
                ],
                dice,
            ),
        };
        let filled = self.fill(text, dice);
        match dice.u8(..10) {
            0..3 => filled.to_lowercase(),
            3 => filled + ".",
            _ => filled,
        }
    }
}

fn pick<'a>(from: &[&'a str], dice: &mut fastrand::Rng) -> &'a str {
    dice.choice(from).copied().unwrap_or("")
}

fn unaccented(text: &str) -> String {
    let plain = |c| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        other => other,
    };
    text.chars().map(plain).filter(|c| !matches!(c, '¿' | '¡')).collect()
}

/// One of the words in the middle left out.
fn shortened(text: &str, dice: &mut fastrand::Rng) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let short = |i: &usize| words[*i].chars().count() < 5;
    let Some(out) = dice.choice((1..words.len().saturating_sub(1)).filter(short).collect::<Vec<_>>()) else {
        return text.to_owned();
    };
    let kept = words.iter().enumerate().filter(|(i, _)| *i != out);
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A finger slips once, in a longer word of Latin letters: two letters swapped, one left out, one doubled.
fn slip(text: &mut String, dice: &mut fastrand::Rng) {
    let mut letters: Vec<char> = text.chars().collect();
    let inside = |i: usize| (i - 2..i + 2).all(|j| letters.get(j).is_some_and(char::is_ascii_alphabetic));
    let places: Vec<usize> = (2..letters.len().saturating_sub(2)).filter(|i| inside(*i)).collect();
    let Some(at) = dice.choice(places) else { return };
    match dice.u8(..3) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        _ => letters.insert(at, letters[at]),
    }
    *text = letters.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{scenario::Scenario, texts::Matter, texts::Texts};
    use std::{collections::HashSet, path::Path};

    #[test]
    fn repeats_are_like_peoples_and_nothing_is_left_unfilled() {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=1\n";
        let scenario = Scenario::parse(text, Path::new("x.toml")).unwrap();
        let texts = Texts::load(Path::new("/nowhere"));
        let mut dice = fastrand::Rng::with_seed(4);
        let (mut seen, mut repeats) = (HashSet::new(), 0);
        let total = 20_000;
        for i in 0..total {
            let person = Person::new(&scenario, 0, i);
            let hand = Hand { person: &person, order: None };
            let written =
                hand.write(texts.draw(person.variety, Matter::draw(&mut dice), &mut dice), &mut dice);
            assert!(
                !written.contains('{') && !written.trim().is_empty() && written.len() < 1_000,
                "{written}"
            );
            repeats += u32::from(!seen.insert(written));
        }
        let share = f64::from(repeats) / f64::from(total);
        assert!((0.02..0.25).contains(&share), "{share}");
    }

    #[test]
    fn a_slip_changes_one_place() {
        let mut dice = fastrand::Rng::with_seed(1);
        for _ in 0..100 {
            let mut text = "washing machine".to_owned();
            slip(&mut text, &mut dice);
            assert!((14..=16).contains(&text.chars().count()), "{text}");
        }
        let mut hindi = "नमस्ते".to_owned();
        slip(&mut hindi, &mut dice);
        assert_eq!(hindi, "नमस्ते");
    }
}
