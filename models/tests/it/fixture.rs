//! A small shop in two languages, and an encoder that needs no download.

use charla_models::{
    Result,
    data::Dataset,
    encoder::{Encode, EncoderSource, Encoding},
    text::Analysis,
    train::Options,
};
use std::path::Path;

const EN: &str = r#"version: "3.1"
nlu:
  - intent: track_order
    examples: |
      - where is my order [8842](order_id)
      - track order [1234](order_id)
      - has [ORD-10293](order_id) shipped
      - order status please
      - when will my parcel arrive
      - where is [7741](order_id)
      - my parcel has not come, order [5512](order_id)
      - track my parcel
      - status of order [90211](order_id)
      - where is the order I placed
  - intent: search_product
    examples: |
      - show me [shoes](product)
      - i need [black](color) [shoes](product)
      - [red](color) [running shoes](product) please
      - looking for a [laptop](product)
      - do you sell [phones](product)
      - show [blue](color) [jeans](product)
      - i want a [white](color) [washing machine](product)
      - [headphones](product) in [black](color)
      - find me a [green](color) [shirt](product)
      - any good [phones](product)
  - intent: greet
    examples: |
      - hi
      - hello
      - good morning
      - hey there
      - hi there
      - hello shop
      - good evening
      - hey
      - morning
      - hello hello
  - intent: inform
    examples: |
      - [8842](order_id)
      - [110001](pincode)
      - it is [560034](pincode)
      - [black](color)
      - order number [3312](order_id)
      - pincode [411038](pincode)
      - [red](color)
      - [7712](order_id)
      - my pin is [682016](pincode)
      - [blue](color) please
  - intent: out_of_scope
    examples: |
      - who won the match yesterday
      - tell me a joke
      - what is the weather in Paris
      - write my homework
      - who is the president
      - sing a song
      - what is two plus two
      - will it rain tomorrow
      - play some music
      - what do you think of politics
  - synonym: black
    examples: |
      - kala
"#;

const ES: &str = r#"version: "3.1"
nlu:
  - intent: track_order
    examples: |
      - dónde está mi pedido [8842](order_id)
      - rastrear pedido [1234](order_id)
      - ya salió el [ORD-10293](order_id)
      - estado del pedido
      - cuándo llega mi paquete
      - dónde está el [7741](order_id)
      - mi paquete no ha llegado, pedido [5512](order_id)
      - seguir mi paquete
      - estado del pedido [90211](order_id)
      - dónde anda el pedido que hice
  - intent: search_product
    examples: |
      - muéstrame [zapatos](product)
      - necesito [zapatos](product) [negros](color)
      - [zapatillas](product) [rojas](color) por favor
      - busco un [portátil](product)
      - venden [teléfonos](product)
      - enséñame [vaqueros](product) [azules](color)
      - quiero una [lavadora](product) [blanca](color)
      - [auriculares](product) en [negro](color)
      - búscame una [camisa](product) [verde](color)
      - algún buen [teléfono](product)
  - intent: greet
    examples: |
      - hola
      - buenos días
      - buenas tardes
      - hola qué tal
      - buenas
      - hola tienda
      - buenas noches
      - hey hola
      - muy buenas
      - saludos
"#;

/// Writes the shop's files.
pub fn write(folder: &Path) {
    for (lang, text) in [("en", EN), ("es", ES)] {
        std::fs::create_dir_all(folder.join(lang)).unwrap();
        std::fs::write(folder.join(lang).join("nlu.yml"), text).unwrap();
    }
}

/// The shop's data.
pub fn data() -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    Dataset::read(folder.path()).unwrap()
}

/// Quick options: these tests are about what happens, not about how good it is.
pub fn options() -> Options {
    let mut options = Options { folds: 2, ..Options::default() };
    options.ngram.epochs = 8;
    options.ngram.least = 1;
    options.joint.epochs = 8;
    options.joint.least = 1;
    options.joint.hidden = 16;
    options.tagger.epochs = 6;
    options.tagger.least = 1;
    options
}

/// Vectors from hashed characters. The word `explode` panics, `refuse` fails, as encoders may.
pub struct Fake;

impl EncoderSource for Fake {
    fn id(&self) -> &str {
        "fake"
    }
    fn open(&self) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Self))
    }
}

impl Encode for Fake {
    fn encode(&mut self, text: &Analysis) -> Result<Encoding> {
        let vector = |word: &str| {
            let mut v = vec![0f32; 24];
            for c in word.chars() {
                v[c as usize % 24] += 0.3;
            }
            v
        };
        assert!(!text.normal.text.contains("explode"), "asked to explode");
        if text.normal.text.contains("refuse") {
            return Err(charla_models::Error::Encoder("asked to refuse".into()));
        }
        Ok(Encoding {
            sentence: vector(&text.normal.text),
            words: text.words.iter().map(|w| vector(&w.fold)).collect(),
        })
    }
}
