//! Questions about figures and properties: of one product, and which of several has more or less of it.

use super::inventory::{short, sold};
use super::{country, filled};
use crate::shop::State;
use crate::shop::catalog::{Catalogue, Product, ProductShort};
use crate::shop::error::ApiError;
use crate::shop::i18n::{Country, Texts};
use crate::shop::naming::Named;
use crate::shop::search::named;
use crate::shop::search::traits::{Measure, Name};
use crate::shop::text::words;
use crate::shop::vocab::Vocabulary;
use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// Most products compared.
const PRODUCTS: usize = 9;
/// Figures and properties told beside the first one, at most.
const FURTHER: usize = 2;

/// Words for the places of a list, with which a question names several of its products.
const PLACES: [&str; 5] = [
    "first 1st primero primera primer pehla pehle pehli pahla pahle pahli पहला पहले पहली",
    "second 2nd segundo segunda dusra dusre dusri doosra doosre doosri दूसरा दूसरे दूसरी दुसरा दुसरे दुसरी",
    "third 3rd tercero tercera tercer teesra teesre teesri tisra tisre tisri तीसरा तीसरे तीसरी",
    "fourth 4th cuarto cuarta chautha chauthe chauthi चौथा चौथे चौथी",
    "fifth 5th quinto quinta paanchva panchva paanchwa panchwa पांचवां पांचवे पांचवें पाँचवाँ",
];

/// What the data say to one figure or property that a question names.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answered {
    /// The figure or property, by variety.
    name: Texts,
    /// What the data say of it, by variety; `null` if nothing.
    text: Option<Texts>,
    /// Of a property: whether the product has it; of a figure that is asked to be enough for a number: whether it is. `null` if the
    /// data do not tell, or nothing of the kind is asked.
    has: Option<bool>,
}

/// The figures and properties that a question names, as far as they can be asked of this product; those that the data say
/// nothing of are last.
pub(super) fn answers(
    catalogue: &Catalogue,
    product: &Product,
    about: &str,
    country: Country,
) -> Vec<Answered> {
    let traits = &catalogue.traits;
    let names = named(catalogue, about);
    let wishes = traits.read(about);
    let kind = BTreeSet::from([product.kind.as_str()]);
    // "Is it enough for five?" can be told by yes or no.
    let enough = |i: usize| {
        let measure = &traits.measures[i];
        let quantity = wishes.quantities.iter().find(|q| measure.least && q.measures.contains(&i))?;
        Some(measure.fits(quantity, &measure.values(product)))
    };
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for name in &names {
        match name {
            Name::Measure(i) | Name::Good(i) => {
                let measure = &traits.measures[*i];
                match measure.lines(product) {
                    Some(text) => {
                        let has = enough(*i);
                        known.push(Answered { name: measure.names.clone(), text: Some(text), has });
                    }
                    None if measure.known(catalogue, &kind) => {
                        unknown.push(Answered { name: measure.names.clone(), text: None, has: None });
                    }
                    None => {}
                }
            }
            Name::Trait(i) if traits.traits[*i].concerns(product) => {
                let property = &traits.traits[*i];
                match property.has(product).filter(|_| property.known(catalogue, &kind)) {
                    Some(has) => known.push(Answered {
                        name: property.names.clone(),
                        text: property.line(product).filter(|_| has),
                        has: Some(has),
                    }),
                    None => unknown.push(Answered { name: property.names.clone(), text: None, has: None }),
                }
            }
            Name::Trait(_) => {}
        }
    }
    // A figure that no product of the kind has is unknown too, unless the word means one that it has.
    if known.is_empty() && unknown.is_empty() {
        let first = names.iter().find_map(|n| match n {
            Name::Measure(i) | Name::Good(i) => Some(&traits.measures[*i]).filter(|m| !m.least),
            Name::Trait(_) => None,
        });
        unknown.extend(first.map(|m| Answered { name: m.names.clone(), text: None, has: None }));
    }
    known.append(&mut unknown);
    for answer in &mut known {
        answer.text = answer.text.take().map(|t| t.written_in(country));
    }
    known
}

/// Which products, and what is asked of them.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CompareQuery {
    /// Their numbers, separated by commas; at most nine.
    skus: Option<String>,
    /// The question in the customer's words. Where it names two of the products or more, only these are compared.
    about: Option<String>,
    /// The one shown last: what the question names alone is compared with it.
    shown: Option<String>,
    /// `price`: which costs least.
    by: Option<String>,
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
}

/// A product with what the question is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Row {
    #[serde(flatten)]
    short: ProductShort,
    /// What the data say of the figure, by variety; `null` if nothing.
    text: Option<Texts>,
    /// What they say of the further ones, as far as they do; of few products that are compared in nothing in particular, what
    /// they differ in.
    also: Vec<Texts>,
}

/// A further figure or property that the question names, and who is best at it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Further {
    /// By variety.
    figure: Texts,
    /// Names of the products that are best at it; all of them if they are the same.
    best: Vec<String>,
}

/// Products side by side.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// How many of the products the question names.
    named: usize,
    /// Whether the question names a place that the list does not have: "the third" of two.
    beyond: bool,
    /// The products, the best first where a figure decides.
    rows: Vec<Row>,
    /// The figure or property that the question is about, by variety; `null` if it names none.
    figure: Option<Texts>,
    /// Whether the data decide it.
    known: bool,
    /// Names of the products that are best at it.
    best: Vec<String>,
    /// Whether all are the same in it.
    equal: bool,
    /// Further figures and properties that the question names and the data tell of, at most two.
    further: Vec<Further>,
    /// The one that customers rate best, the cheapest of several; `null` without products.
    rated: Option<Rated>,
}

/// A product with its rating.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rated {
    #[serde(flatten)]
    short: ProductShort,
    /// Mean rating, 1–5.
    rating: f64,
    /// Whether no other of them costs less.
    cheapest: bool,
}

enum By<'m> {
    Price,
    Measure(&'m Measure),
    Trait(usize),
}

/// Compares products in what a question names.
#[utoipa::path(get, path = "/inventory/compare", tag = "inventory", params(CompareQuery), responses((status = 200, body = Comparison)))]
pub async fn compare(state: Data<State>, query: Query<CompareQuery>) -> Result<Json<Comparison>, ApiError> {
    let query = query.into_inner();
    let country = country(query.country.as_deref())?;
    let about = filled(query.about).unwrap_or_default();
    let skus = filled(query.skus).unwrap_or_default();
    let shown = filled(query.shown);
    let by_price = filled(query.by).is_some_and(|by| by == "price");
    let db = state.db.clone();
    let comparison = db
        .read(move |connection| {
            let catalogue = &state.catalogue;
            let mut seen = BTreeSet::new();
            let all: Vec<&Product> = skus
                .split(',')
                .filter_map(|sku| sold(&state, sku.trim(), country).ok())
                .filter(|p| seen.insert(p.sku.clone()))
                .take(PRODUCTS)
                .collect();
            let places = places(&about);
            let beyond = places.iter().any(|place| *place >= all.len());
            let meant = match places.is_empty() || beyond {
                true => meant(&state.vocabulary, &all, &about),
                false => places.into_iter().map(|place| all[place]).collect(),
            };
            let meant = beside_shown(meant, shown.as_deref().and_then(|sku| sold(&state, sku, country).ok()));
            let mut products = if meant.len() >= 2 { meant.clone() } else { all };
            let mut bys = asked_by(catalogue, &products, &about, by_price).into_iter();
            let by = bys.next();
            let further: Vec<By> = bys.take(FURTHER).collect();
            let order = |a: &Product, b: &Product| compared(catalogue, by.as_ref(), a, b, country);
            // The better one is the greater.
            products.sort_by(|a, b| order(b, a));
            let told = |p: &Product| match &by {
                Some(By::Price) => p.price(country).is_some(),
                Some(By::Measure(m)) => m.best(p).is_some(),
                Some(By::Trait(t)) => catalogue.traits.traits[*t].has(p).is_some(),
                None => false,
            };
            let known = !products.is_empty() && products.iter().any(|p| told(p));
            let best_at = |by: Option<&By>| -> Vec<String> {
                let order = |a: &Product, b: &Product| compared(catalogue, by, a, b, country);
                let first = products.iter().copied().max_by(|a, b| order(a, b));
                let as_good = |p: &&&Product| first.is_some_and(|f| order(f, p) == Ordering::Equal);
                products.iter().filter(as_good).map(|p| p.name.clone()).collect()
            };
            let best = if known { best_at(by.as_ref()) } else { Vec::new() };
            let text = |by: &By, p: &Product| match by {
                By::Measure(m) => m.lines(p),
                By::Trait(t) => catalogue.traits.traits[*t].line(p),
                By::Price => None,
            };
            const PRICE: [&str; 4] = ["Price", "Precio", "दाम", "Price"];
            let name = |by: &By| match by {
                By::Price => Texts(PRICE.map(str::to_owned)),
                By::Measure(m) => m.names.clone(),
                By::Trait(t) => catalogue.traits.traits[*t].names.clone(),
            };
            let figure = by.as_ref().map(name);
            let rows = products
                .iter()
                .map(|p| {
                    Ok(Row {
                        short: short(connection, p, country)?,
                        text: by.as_ref().and_then(|by| text(by, p)).map(|t| t.written_in(country)),
                        also: match &by {
                            Some(_) => further
                                .iter()
                                .filter_map(|by| Some(text(by, p)?.written_in(country)))
                                .collect(),
                            None => differing(p, &products, country),
                        },
                    })
                })
                .collect::<Result<Vec<Row>, ApiError>>()?;
            let minor = |p: &Product| p.price(country).map_or(i64::MAX, |m| m.minor);
            let liked = products
                .iter()
                .copied()
                .min_by(|a, b| b.rating.total_cmp(&a.rating).then_with(|| minor(a).cmp(&minor(b))));
            let rated = liked.map(|p| {
                let cheapest = products.iter().all(|o| minor(p) <= minor(o));
                Ok::<_, ApiError>(Rated { short: short(connection, p, country)?, rating: p.rating, cheapest })
            });
            Ok(Comparison {
                rated: rated.transpose()?,
                beyond,
                named: meant.len(),
                equal: known && best.len() == rows.len() && rows.len() > 1,
                further: further
                    .iter()
                    .map(|by| Further { figure: name(by), best: best_at(Some(by)) })
                    .collect(),
                rows,
                figure,
                known,
                best,
            })
        })
        .await?;
    Ok(Json(comparison))
}

/// The first features of a product that some other of those few it is compared with does not have.
fn differing(product: &Product, products: &[&Product], country: Country) -> Vec<Texts> {
    /// More products side by side fill a screen with prices alone.
    const FEW: usize = 3;
    const LINES: usize = 4;
    if !(2..=FEW).contains(&products.len()) {
        return Vec::new();
    }
    let shared = |text: &String| products.iter().all(|other| other.features.0[0].contains(text));
    let own = product.features.0[0].iter().enumerate().filter(|(_, text)| !shared(text));
    own.take(LINES).map(|(at, _)| product.features.at(at).written_in(country)).collect()
}

/// The places of a list that a text names, if it names two or more: one alone may count something else.
fn places(about: &str) -> Vec<usize> {
    let said = words(about);
    let named = |place: &usize| PLACES[*place].split(' ').flat_map(words).any(|w| said.contains(&w));
    let places: Vec<usize> = (0..PLACES.len()).filter(named).collect();
    if places.len() > 1 { places } else { Vec::new() }
}

/// The products that a text names, each by words that do not fit all of them.
fn meant<'p>(vocabulary: &Vocabulary, all: &[&'p Product], about: &str) -> Vec<&'p Product> {
    let named = Named::new(vocabulary, about);
    let meant: Vec<&Product> = all.iter().copied().filter(|p| named.tells(p)).collect();
    // "The LG UR75" is not every LG.
    let model = |p: &Product| meant.iter().any(|o| o.brand == p.brand && named.tells_model(o));
    let meant: Vec<&Product> = meant.iter().copied().filter(|p| named.tells_model(p) || !model(p)).collect();
    if meant.len() < all.len() || all.len() == 2 { meant } else { Vec::new() }
}

/// "How does it compare to the LG UR75": the one named beside the one shown.
fn beside_shown<'p>(meant: Vec<&'p Product>, shown: Option<&'p Product>) -> Vec<&'p Product> {
    match (meant.as_slice(), shown) {
        ([one], Some(shown)) if one.sku != shown.sku && one.kind == shown.kind => vec![shown, one],
        _ => meant,
    }
}

/// What the question is about, first of all as far as the data of some of these products tell of it.
fn asked_by<'c>(catalogue: &'c Catalogue, products: &[&Product], about: &str, price: bool) -> Vec<By<'c>> {
    let traits = &catalogue.traits;
    let names = named(catalogue, about);
    let measure = |n: &Name| match n {
        Name::Measure(i) | Name::Good(i) => Some(&traits.measures[*i]),
        Name::Trait(_) => None,
    };
    let property = |n: &Name| match n {
        Name::Trait(i) if products.iter().any(|p| traits.traits[*i].concerns(p)) => Some(*i),
        _ => None,
    };
    if price {
        return vec![By::Price];
    }
    let told = |m: &&Measure| products.iter().any(|p| m.best(p).is_some());
    let mut known: Vec<By> = names.iter().filter_map(measure).filter(told).map(By::Measure).collect();
    let has = |t: &usize| products.iter().any(|p| traits.traits[*t].has(p).is_some());
    let properties = names.iter().filter_map(property);
    if known.is_empty() {
        known.extend(properties.map(By::Trait));
    } else {
        known.extend(properties.filter(has).map(By::Trait));
    }
    if known.is_empty() {
        known.extend(names.iter().find_map(measure).map(By::Measure));
    }
    known
}

fn compared(catalogue: &Catalogue, by: Option<&By>, a: &Product, b: &Product, country: Country) -> Ordering {
    match by {
        Some(By::Price) => {
            let minor = |p: &Product| p.price(country).map_or(i64::MAX, |m| m.minor);
            minor(b).cmp(&minor(a))
        }
        Some(By::Measure(m)) => m.better(a, b),
        Some(By::Trait(t)) => {
            let property = &catalogue.traits.traits[*t];
            property.has(a).cmp(&property.has(b))
        }
        None => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_about_one_product_is_answered_from_its_data() {
        let catalogue = Catalogue::load().unwrap();
        let ask = |sku: &str, about: &str| {
            let all = answers(&catalogue, catalogue.product(sku).unwrap(), about, Country::default());
            let said = all.into_iter().map(|a| (a.name.0[0].clone(), a.text.map(|t| t.0[0].clone()), a.has));
            said.collect::<Vec<_>>()
        };
        let one = |name: &str, text: Option<&str>, has: Option<bool>| {
            vec![(name.to_owned(), text.map(str::to_owned), has)]
        };
        assert_eq!(
            ask("MG-PRE-IRIS", "दूसरे वाले में कितने जार आते हैं?"),
            one("Jars", Some("4 stainless steel jars"), None)
        );
        assert_eq!(
            ask("PH-SAM-M14", "pehle wale ka camera kaisa h"),
            one("Camera", Some("50 MP main camera"), None)
        );
        assert_eq!(ask("PH-SAM-M14", "how much ram"), one("RAM", None, None));
        assert_eq!(ask("LT-HP-15S", "cuánta ram tiene?"), one("RAM", Some("8 GB RAM"), None));
        assert_eq!(
            ask("EB-APL-AP4", "tiene cancelación de ruido?"),
            one("noise cancelling", None, Some(false))
        );
        assert_eq!(ask("PH-SAM-M14", "does it have nfc"), one("NFC", None, None));
        assert_eq!(ask("PH-SAM-M14", "is it in stock"), vec![]);
        for (about, has) in [
            ("we are 4 people, is it enough", true),
            ("4 लोगों के लिए ठीक रहेगा?", true),
            ("hum chhe log hain, chhota to nahi padega", false),
            ("para una familia de 5 alcanza?", false),
            ("somos 3", true),
        ] {
            let text = Some("Enough for a household of 4");
            assert_eq!(ask("RF-SAM-236", about), one("For how many", text, Some(has)), "{about}");
        }
        assert_eq!(ask("RF-SAM-236", "what do people say about it"), vec![]);
        assert_eq!(ask("MG-BAJ-GX1", "hum 5 log hai ghar me"), vec![]);
        for text in
            ["ये धोने पे सिकुड़ेगा तो नहीं", "will it shrink?", "se puede lavar?", "dhone pe kharab to nahi hoga"]
        {
            assert_eq!(ask("KU-CHL-SET", text), one("Washing", Some("Dry clean only"), None), "{text}");
        }
    }

    #[test]
    fn days_of_battery_are_more_than_hours() {
        let catalogue = Catalogue::load().unwrap();
        let [band, watch] = ["SW-XIA-B9", "SW-SAM-W7"].map(|sku| catalogue.product(sku).unwrap());
        let playtime = asked_by(&catalogue, &[band, watch], "battery kiski zyada chalti hai", false);
        let Some(By::Measure(m)) = playtime.first() else { panic!("no figure") };
        assert_eq!(m.better(band, watch), Ordering::Greater);
    }

    #[test]
    fn what_few_products_differ_in_is_told() {
        let catalogue = Catalogue::load().unwrap();
        let two = ["LT-HP-PAV14", "LT-DEL-INS15"].map(|sku| catalogue.product(sku).unwrap());
        let told = |p: &Product| -> Vec<String> {
            differing(p, &two, Country::default()).into_iter().map(|t| t.0[0].clone()).collect()
        };
        let (a, b) = (told(two[0]), told(two[1]));
        assert!(a.iter().any(|line| line.contains("16 GB")), "{a:?}");
        assert!(!b.is_empty() && a.iter().all(|line| !b.contains(line)), "{a:?} {b:?}");
        assert!(differing(two[0], &[two[0]], Country::default()).is_empty());
    }

    #[test]
    fn places_are_named_by_two_ordinals() {
        assert_eq!(places("पहले वाले और तीसरे वाले में कौन सा बेहतर है"), [0, 2]);
        assert_eq!(places("the second or the 4th?"), [1, 3]);
        assert_eq!(places("el primero y el segundo"), [0, 1]);
        assert_eq!(places("pehle wala ya dusra"), [0, 1]);
        assert!(places("the second one").is_empty());
    }

    #[test]
    fn products_that_the_question_names_are_told_apart() {
        let catalogue = Catalogue::load().unwrap();
        let vocabulary = Vocabulary::new(&catalogue);
        let all: Vec<&Product> = ["PH-SAM-M14", "PH-XIA-13C", "PH-SAM-A15", "PH-OP-CE4"]
            .iter()
            .map(|sku| catalogue.product(sku).unwrap())
            .collect();
        let named = |about: &str| -> Vec<&str> {
            meant(&vocabulary, &all, about).iter().map(|p| p.name.as_str()).collect()
        };
        assert_eq!(
            named("which one has better camera, m14 or redmi?"),
            ["Samsung Galaxy M14", "Xiaomi Redmi 13C"]
        );
        assert!(named("इनमें सबसे सस्ता कौन सा है").is_empty());
        let beside = |about: &str, shown: &str| -> Vec<&str> {
            let meant = meant(&vocabulary, &all, about);
            beside_shown(meant, catalogue.product(shown)).iter().map(|p| p.sku.as_str()).collect()
        };
        assert_eq!(beside("how does it compare to the A15", "PH-SAM-M14"), ["PH-SAM-M14", "PH-SAM-A15"]);
        let tvs: Vec<&Product> = ["TV-LG-UR75", "TV-LG-C4", "TV-XIA-X43"]
            .iter()
            .map(|sku| catalogue.product(sku).unwrap())
            .collect();
        let lg = meant(&vocabulary, &tvs, "how does it compare to the LG UR75");
        assert_eq!(lg.iter().map(|p| p.sku.as_str()).collect::<Vec<_>>(), ["TV-LG-UR75"]);
        assert_eq!(meant(&vocabulary, &tvs, "which of the LG ones").len(), 2);
        assert_eq!(beside("is the A15 good", "PH-SAM-A15"), ["PH-SAM-A15"]);
    }
}
