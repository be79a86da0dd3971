//! Inventory: categories, products, live stock, stores.

use super::compare::{self, Answered};
use super::{country, filled, number};
use crate::shop::State;
use crate::shop::catalog::{Product, ProductShort};
use crate::shop::error::ApiError;
use crate::shop::i18n::{Country, TextLists, Texts};
use crate::shop::places::{Found, Store, StoreView, Wish, capitalised, delivery_days, round_km};
use crate::shop::search::{Answer, Query as Search, Than};
use crate::shop::stock::{self, ByStore, Variant};
use actix_web::web::{Data, Json, Path, Query};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Within this distance a store counts as being at the customer's place, km.
const NEARBY_KM: f64 = 60.0;
/// Most stores named in an answer.
const STORES: usize = 5;
/// Most alternatives named in an answer.
const ALTERNATIVES: usize = 3;
/// Products a page has unless told, and at most.
const PAGE: (usize, usize) = (20, 100);

/// Which country's prices and stock.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CountryQuery {
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
}

/// Categories with their number of products.
#[utoipa::path(get, path = "/inventory/categories", tag = "inventory", params(CountryQuery), responses((status = 200, description = "`{categories: [{id, name, count}]}`")))]
pub async fn categories(state: Data<State>, query: Query<CountryQuery>) -> Result<Json<Value>, ApiError> {
    let country = country(query.country.as_deref())?;
    let categories: Vec<Value> = state
        .catalogue
        .words
        .categories
        .iter()
        .map(|c| json!({"id": c.id, "name": c.names, "count": state.catalogue.count(&c.id, country)}))
        .collect();
    Ok(Json(json!({"categories": categories})))
}

/// A search.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ProductsQuery {
    /// Free text in any of the four varieties; typos are forgiven.
    q: Option<String>,
    /// Category, by id or name.
    category: Option<String>,
    /// Brand.
    brand: Option<String>,
    /// Colour in any variety.
    color: Option<String>,
    /// Size or capacity, `9`, `XL`, `128GB`, `55 inch`.
    size: Option<String>,
    /// Lowest price, whole units.
    #[param(value_type = Option<f64>)]
    price_min: Option<String>,
    /// Highest price, whole units.
    #[param(value_type = Option<f64>)]
    price_max: Option<String>,
    /// Brands, colours and kinds that are not wanted, separated by commas.
    exclude: Option<String>,
    /// Numbers of products that are not wanted, separated by commas: "another one".
    without: Option<String>,
    /// With `nearest`: smaller than these, sizes (`55 inch`) or numbers of products, separated by commas.
    smaller_than: Option<String>,
    /// With `nearest`: bigger than these.
    bigger_than: Option<String>,
    /// With `nearest`: cheaper than these products.
    cheaper_than: Option<String>,
    /// Further words: products that have one of them in name or description, if any has.
    also: Option<String>,
    /// With `nearest`: the customer's messages, one a line; the details that they name narrow the choice too.
    words: Option<String>,
    /// `price`: cheapest first. Best first unless told.
    sort: Option<String>,
    /// `true`: where nothing has all that is wished, wishes are given up and named in `relaxed`: colour, then size, then
    /// price, the brand last, the kind of thing never. Unless told only products that fit are given.
    #[param(value_type = Option<bool>)]
    nearest: Option<String>,
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
    /// At most 100; 20 unless told.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Products to pass over.
    #[param(value_type = Option<u32>)]
    offset: Option<String>,
}

fn count(name: &str, text: Option<&str>) -> Result<Option<usize>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| ApiError::bad_request(format!("{name} `{text}` is not a count")))
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductPage {
    /// How many fit in all.
    total: usize,
    /// Best first.
    items: Vec<ProductShort>,
    /// With `nearest`: wishes given up because nothing has all of them: `color`, `size`, `price`, `brand`, `feature`; `model`
    /// where the model named is not sold and these come nearest, `maker` where the shop has nothing of the brand, `words` where
    /// a word of `q` is nowhere.
    relaxed: Vec<&'static str>,
    /// Whether the shop sells this kind of thing at all.
    sold: bool,
    /// The one product that `q` names, if it names one.
    sku: Option<String>,
    /// What was asked for in words, by variety; prices left out.
    asked: Texts,
    /// The details given up, in words.
    missing: Vec<Texts>,
    /// Details that the data say nothing of, in words.
    unknown: Vec<Texts>,
    /// Makers named whose things the shop does not sell.
    makers: Vec<String>,
    /// The figure that the products are sorted by, best first, where much of it is wished.
    by: Option<Texts>,
}

/// Searches and filters products.
#[utoipa::path(get, path = "/inventory/products", tag = "inventory", params(ProductsQuery), responses((status = 200, body = ProductPage)))]
pub async fn products(
    state: Data<State>,
    query: Query<ProductsQuery>,
) -> Result<Json<ProductPage>, ApiError> {
    let query = query.into_inner();
    let limit = count("limit", query.limit.as_deref())?.unwrap_or(PAGE.0).min(PAGE.1);
    let offset = count("offset", query.offset.as_deref())?.unwrap_or(0);
    let search = Search {
        price_min: number("price_min", query.price_min.as_deref())?,
        price_max: number("price_max", query.price_max.as_deref())?,
        country: country(query.country.as_deref())?,
        q: filled(query.q),
        category: filled(query.category),
        brand: filled(query.brand),
        color: filled(query.color),
        size: filled(query.size),
        exclude: filled(query.exclude),
        without: filled(query.without),
        than: Than {
            smaller: filled(query.smaller_than),
            bigger: filled(query.bigger_than),
            cheaper: filled(query.cheaper_than),
        },
        also: filled(query.also),
        words: filled(query.words),
        cheapest: filled(query.sort).is_some_and(|s| s == "price"),
    };
    let nearest = filled(query.nearest).is_some_and(|n| n == "true");
    let db = state.db.clone();
    let page = db
        .read(move |connection| {
            let found = if nearest {
                state.index.find(&state.catalogue, &search)
            } else {
                let products = state.index.search(&state.catalogue, &search);
                Answer { sold: !products.is_empty(), products, ..Answer::default() }
            };
            let page =
                found.products.iter().skip(offset).take(limit).map(|p| short(connection, p, search.country));
            Ok(ProductPage {
                total: found.products.len(),
                items: page.collect::<Result<_, _>>()?,
                relaxed: found.relaxed,
                sold: found.sold,
                sku: found.meant.filter(|p| !search.passes_over(p)).map(|p| p.sku.clone()),
                asked: found.asked,
                missing: found.missing,
                unknown: found.unknown,
                makers: found.makers,
                by: found.by,
            })
        })
        .await?;
    Ok(Json(page))
}

pub(super) fn short(
    connection: &Connection,
    product: &Product,
    country: Country,
) -> Result<ProductShort, ApiError> {
    Ok(product.short(country, stock::anywhere(connection, product, country)?))
}

/// A product with everything about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductFull {
    #[serde(flatten)]
    short: ProductShort,
    /// By variety.
    features: TextLists,
    /// By variety.
    description: Texts,
    /// A drawing of the product.
    image_url: String,
    /// Months.
    warranty_months: u32,
    /// Mean rating, 1–5.
    rating: f64,
    /// With `about`: what the data say to each figure or property that it names.
    answers: Vec<Answered>,
}

/// Which country, and what is asked.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ProductQuery {
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
    /// A question in the customer's words: "how much RAM has it?".
    about: Option<String>,
}

/// One product.
#[utoipa::path(get, path = "/inventory/products/{sku}", tag = "inventory", params(("sku" = String, Path, description = "SKU"), ProductQuery),
    responses((status = 200, body = ProductFull), (status = 404, description = "`not_found`")))]
pub async fn product(
    state: Data<State>,
    sku: Path<String>,
    query: Query<ProductQuery>,
) -> Result<Json<ProductFull>, ApiError> {
    let query = query.into_inner();
    let country = country(query.country.as_deref())?;
    let about = filled(query.about).unwrap_or_default();
    let db = state.db.clone();
    let full = db
        .read(move |connection| {
            let product = sold(&state, &sku, country)?;
            Ok(ProductFull {
                short: short(connection, product, country)?,
                features: product.features.clone().written_in(country),
                description: product.description.clone(),
                image_url: format!("{}/images/{}.svg", state.base_url, product.sku),
                warranty_months: country.warranty(product.warranty),
                rating: product.rating,
                answers: compare::answers(&state.catalogue, product, &about, country),
            })
        })
        .await?;
    Ok(Json(full))
}

pub(super) fn sold<'s>(state: &'s State, sku: &str, country: Country) -> Result<&'s Product, ApiError> {
    let product = state.catalogue.product(sku).filter(|p| p.sold_in(country));
    product.ok_or_else(|| ApiError::not_found(format!("no product `{sku}` in {country}")))
}

/// Where and which variant.
#[derive(Debug, Deserialize, IntoParams)]
pub struct StockQuery {
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
    /// Postal code.
    pincode: Option<String>,
    /// Town.
    city: Option<String>,
    /// A store's name or id.
    store: Option<String>,
    /// Colour in any variety.
    color: Option<String>,
    /// Size.
    size: Option<String>,
    /// Degrees north.
    #[param(value_type = Option<f64>)]
    lat: Option<String>,
    /// Degrees east.
    #[param(value_type = Option<f64>)]
    lon: Option<String>,
}

/// The place a stock answer is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceView {
    /// As asked.
    pincode: Option<String>,
    /// As asked.
    city: Option<String>,
    /// The store's name, if one was meant.
    store: Option<String>,
    /// Whether the shop knows where that is.
    known: bool,
}

/// A store with pieces of the product.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockedStore {
    id: String,
    name: String,
    city: String,
    pincode: String,
    quantity: i64,
    distance_km: Option<f64>,
}

/// A product that could be bought instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alternative {
    #[serde(flatten)]
    short: ProductShort,
    /// Pieces there.
    quantity: i64,
}

/// Live stock.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockView {
    sku: String,
    name: String,
    /// In the store named; within 60 km of the place; where no store is that near, by delivery; without a place,
    /// anywhere in the country.
    available: bool,
    /// Pieces there.
    quantity: i64,
    /// Whether it can be sent to the place; `null` without a known place.
    deliverable: Option<bool>,
    /// Days until it arrives; `null` if it cannot be sent.
    delivery_days: Option<u8>,
    place: PlaceView,
    /// Colours in the stores there, in the size asked for, whichever colour was; none where no store is near.
    colors: Vec<String>,
    /// Stores of the country that have it, nearest first, at most five.
    stores: Vec<StockedStore>,
    /// Same kind, available there, at most three; only if it is not available.
    alternatives: Vec<Alternative>,
}

/// Stock of one product at a place.
#[utoipa::path(get, path = "/inventory/products/{sku}/stock", tag = "inventory", params(("sku" = String, Path, description = "SKU"), StockQuery),
    responses((status = 200, body = StockView), (status = 404, description = "`not_found`")))]
pub async fn stock(
    state: Data<State>,
    sku: Path<String>,
    query: Query<StockQuery>,
) -> Result<Json<StockView>, ApiError> {
    let query = query.into_inner();
    let country = country(query.country.as_deref())?;
    let wish = wish(query.pincode, query.city, query.store, query.lat.as_deref(), query.lon.as_deref())?;
    let colors = filled(query.color).map(|c| state.index.colors(&c));
    let variant = Variant { colors, size: filled(query.size) };
    let db = state.db.clone();
    let view =
        db.read(move |connection| stock_view(&state, connection, &sku, country, &wish, &variant)).await?;
    Ok(Json(view))
}

fn wish(
    pincode: Option<String>,
    city: Option<String>,
    store: Option<String>,
    lat: Option<&str>,
    lon: Option<&str>,
) -> Result<Wish, ApiError> {
    Ok(Wish {
        pincode: filled(pincode),
        city: filled(city),
        store: filled(store),
        lat: number("lat", lat)?,
        lon: number("lon", lon)?,
    })
}

/// The stores whose pieces count at a place, of all with their distance in km: the one named, those nearby, or all.
fn counted(all: &[(&Store, Option<f64>)], found: Option<Found<'_>>) -> Vec<String> {
    if let Some(store) = found.and_then(|f| f.store) {
        return vec![store.id.clone()];
    }
    let far = !all.iter().any(is_near);
    all.iter().filter(|s| far || is_near(s)).map(|(s, _)| s.id.clone()).collect()
}

fn is_near((_, km): &(&Store, Option<f64>)) -> bool {
    km.is_some_and(|km| km <= NEARBY_KM)
}

fn at(stores: &[String], pieces: &ByStore) -> i64 {
    stores.iter().filter_map(|s| pieces.get(s)).sum()
}

fn stock_view(
    state: &State,
    connection: &Connection,
    sku: &str,
    country: Country,
    wish: &Wish,
    variant: &Variant,
) -> Result<StockView, ApiError> {
    let product = sold(state, sku, country)?;
    let found = state.places.find(wish, country);
    let nearest = state.places.nearest(found.map(|f| f.point), country);
    let counted = counted(&nearest, found);
    let by_color = stock::by_color(connection, &product.sku, variant.size.as_deref())?;
    let pieces = stock::in_colors(&by_color, variant.colors.as_ref());
    let stocked: Vec<StockedStore> = nearest
        .iter()
        .filter_map(|(store, km)| {
            let quantity = *pieces.get(&store.id)?;
            let (id, name, city, pincode) =
                (store.id.clone(), store.name.clone(), store.city.clone(), store.pincode.clone());
            Some(StockedStore { id, name, city, pincode, quantity, distance_km: (*km).map(round_km) })
        })
        .take(STORES)
        .collect();
    let quantity = at(&counted, &pieces);
    let available = quantity > 0;
    let deliverable = found.map(|_| !stocked.is_empty());
    let there = |color: &&String| by_color.get(*color).is_some_and(|stores| at(&counted, stores) > 0);
    let colors = match nearest.iter().any(is_near) {
        true => product.colors.iter().filter(there).cloned().collect(),
        false => Vec::new(),
    };
    Ok(StockView {
        colors,
        sku: product.sku.clone(),
        name: product.name.clone(),
        available,
        quantity,
        deliverable,
        delivery_days: found.and_then(|_| stocked.first()).and_then(|s| s.distance_km).map(delivery_days),
        place: PlaceView {
            pincode: wish.pincode.clone(),
            city: wish
                .city
                .as_deref()
                .map(|c| state.places.city_name(c, country).map_or_else(|| capitalised(c), str::to_owned)),
            store: found.and_then(|f| f.store).map(|s| s.name.clone()).or_else(|| wish.store.clone()),
            known: found.is_some(),
        },
        stores: stocked,
        alternatives: if available {
            Vec::new()
        } else {
            alternatives(state, connection, product, country, &counted, variant)?
        },
    })
}

/// Products of the same kind that those stores have, in the wished colour and size if any has it, nearest in price.
fn alternatives(
    state: &State,
    connection: &Connection,
    product: &Product,
    country: Country,
    stores: &[String],
    variant: &Variant,
) -> Result<Vec<Alternative>, ApiError> {
    let price = |p: &Product| p.price(country).map_or(0, |m| m.minor);
    let wanted = price(product);
    let mut others: Vec<&Product> = state
        .catalogue
        .products
        .iter()
        .filter(|p| p.kind == product.kind && p.sku != product.sku && p.sold_in(country))
        .collect();
    others.sort_by_key(|p| (price(p) - wanted).abs());
    for variant in [variant, &Variant::default()] {
        let mut found = Vec::new();
        for other in &others {
            let quantity = at(stores, &stock::by_store(connection, &other.sku, variant)?);
            if quantity > 0 {
                found.push(Alternative { short: other.short(country, true), quantity });
                if found.len() == ALTERNATIVES {
                    break;
                }
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Where the customer is.
#[derive(Debug, Deserialize, IntoParams)]
pub struct StoresQuery {
    /// Postal code.
    pincode: Option<String>,
    /// Town.
    city: Option<String>,
    /// A store's name or id: it comes first.
    store: Option<String>,
    /// Degrees north.
    #[param(value_type = Option<f64>)]
    lat: Option<String>,
    /// Degrees east.
    #[param(value_type = Option<f64>)]
    lon: Option<String>,
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
}

/// Stores, nearest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoresView {
    /// At most five.
    stores: Vec<StoreView>,
    /// Whether the place was found.
    known: bool,
    /// Usual days of a delivery there of what the nearest store has; a product's own stock may say more.
    delivery_days: Option<u8>,
}

/// Nearest stores.
#[utoipa::path(get, path = "/inventory/stores", tag = "inventory", params(StoresQuery), responses((status = 200, body = StoresView)))]
pub async fn stores(state: Data<State>, query: Query<StoresQuery>) -> Result<Json<StoresView>, ApiError> {
    let query = query.into_inner();
    let country = country(query.country.as_deref())?;
    let wish = wish(query.pincode, query.city, query.store, query.lat.as_deref(), query.lon.as_deref())?;
    let found = state.places.find(&wish, country);
    let near = state.places.nearest(found.map(|f| f.point), country);
    let days = found.and(near.first()).and_then(|(_, km)| *km).map(delivery_days);
    let stores = near.into_iter().take(STORES).map(|(store, km)| store.view(km)).collect();
    Ok(Json(StoresView { stores, known: found.is_some(), delivery_days: days }))
}
