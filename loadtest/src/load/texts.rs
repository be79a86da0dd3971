//! What customers type: the messages of `loadtest/messages`, by variety and matter, and texts of other fields from public
//! sets where they are there.

use super::people::Variety;
use std::path::Path;

/// What somebody writes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// A first word.
    Greet,
    /// Looking for something.
    Search,
    /// A product's details or price.
    Product,
    /// Whether it is there.
    Stock,
    /// An order.
    Order,
    /// A return or a refund.
    Return,
    /// A complaint, trouble with a payment.
    Complain,
    /// Where the stores are.
    Store,
    /// An appointment.
    Appointment,
    /// Something that many ask.
    Faq,
    /// A person is wanted.
    Person,
    /// Something small.
    Chat,
    /// A last word.
    Bye,
    /// Nothing more, ever.
    Stop,
    /// From the middle of conversations.
    Mixed,
}

impl Matter {
    /// In the order of the weights; the names are the headings in the files.
    const ALL: [(Self, &'static str, f64); 15] = [
        (Self::Greet, "greet", 1.0),
        (Self::Search, "search", 24.0),
        (Self::Product, "product", 9.0),
        (Self::Stock, "stock", 11.0),
        (Self::Order, "order", 14.0),
        (Self::Return, "return", 6.0),
        (Self::Complain, "complain", 4.0),
        (Self::Store, "store", 6.0),
        (Self::Appointment, "appointment", 4.0),
        (Self::Faq, "faq", 8.0),
        (Self::Person, "person", 1.0),
        (Self::Chat, "chat", 4.0),
        (Self::Bye, "bye", 0.0),
        (Self::Stop, "stop", 0.3),
        (Self::Mixed, "mixed", 40.0),
    ];

    /// One that is drawn by how often people come for it.
    pub fn draw(dice: &mut fastrand::Rng) -> Self {
        let mut place = dice.f64() * Self::ALL.iter().map(|(_, _, weight)| weight).sum::<f64>();
        for (matter, _, weight) in Self::ALL {
            place -= weight;
            if place < 0.0 {
                return matter;
            }
        }
        Self::Mixed
    }
}

/// All texts.
#[derive(Debug)]
pub struct Texts {
    /// By variety, then by matter in the order of [`Matter::ALL`].
    own: [Vec<Vec<String>>; 4],
    /// English of other fields; empty where the sets are not there.
    free: Vec<String>,
}

const FILES: [&str; 4] = [
    include_str!("../../messages/en.txt"),
    include_str!("../../messages/es.txt"),
    include_str!("../../messages/hi.txt"),
    include_str!("../../messages/hi-Latn.txt"),
];

fn read(file: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Matter::ALL.iter().map(|_| Vec::new()).collect();
    let mut current = None;
    for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(heading) = line.strip_prefix("## ") {
            current = Matter::ALL.iter().position(|(_, name, _)| *name == heading);
        } else if let Some(list) = current.and_then(|at| all.get_mut(at)) {
            list.push(line.to_owned());
        }
    }
    all
}

impl Texts {
    /// The house's own texts, with up to 4,000 of other fields from `data` (CLINC150's test set) if it is there.
    pub fn load(data: &Path) -> Self {
        #[derive(serde::Deserialize)]
        struct Line {
            text: String,
            #[serde(default)]
            intent: String,
        }
        let lines = std::fs::read_to_string(data.join("clinc150/test.jsonl")).unwrap_or_default();
        let parsed = lines.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        // "Let's speak Spanish" is of this field, and done: the judge would take the language for a mistake.
        let other = parsed.filter(|line| line.intent != "change_language");
        Self { own: FILES.map(read), free: other.map(|line| line.text).take(4_000).collect() }
    }

    /// A text about that; in the files' own handwriting, placeholders still in it.
    pub fn draw(&self, variety: Variety, matter: Matter, dice: &mut fastrand::Rng) -> &str {
        let at = Matter::ALL.iter().position(|(candidate, _, _)| *candidate == matter).unwrap_or(0);
        let lists = &self.own[variety as usize];
        let list = lists.get(at).filter(|list| !list.is_empty()).or(lists.last());
        list.and_then(|list| dice.choice(list)).map_or("ok", String::as_str)
    }

    /// A text of another field, if there are any.
    pub fn free(&self, dice: &mut fastrand::Rng) -> Option<&str> {
        dice.choice(&self.free).map(String::as_str)
    }

    /// How many there are of a variety.
    #[cfg(test)]
    pub fn count(&self, variety: Variety) -> usize {
        self.own[variety as usize].iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variety_has_four_hundred_and_something_for_each_matter() {
        let texts = Texts::load(Path::new("/nowhere"));
        for variety in Variety::ALL {
            assert!(texts.count(variety) >= 400, "{}: {}", variety.code(), texts.count(variety));
            for ((_, name, _), list) in Matter::ALL.iter().zip(&texts.own[variety as usize]) {
                assert!(!list.is_empty(), "{} {name}", variety.code());
            }
        }
        assert_eq!(texts.free(&mut fastrand::Rng::new()), None);
    }

    #[test]
    fn what_asks_for_a_language_is_of_this_field() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("clinc150")).unwrap();
        let lines = [
            r#"{"text": "let's speak spanish", "lang": "en", "intent": "change_language"}"#,
            r#"{"text": "how old are you", "lang": "en", "intent": "how_old_are_you"}"#,
        ];
        std::fs::write(folder.path().join("clinc150/test.jsonl"), lines.join("\n")).unwrap();
        let texts = Texts::load(folder.path());
        assert_eq!(texts.free, ["how old are you"]);
    }

    #[test]
    fn every_heading_is_known() {
        for file in FILES {
            for heading in file.lines().filter_map(|line| line.strip_prefix("## ")) {
                assert!(Matter::ALL.iter().any(|(_, name, _)| *name == heading), "{heading}");
            }
        }
    }
}
