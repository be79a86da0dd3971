//! What needs no credentials: the page, the OpenAPI document, product pictures, and documents by their secret link.

use crate::shop::State;
use crate::shop::error::ApiError;
use crate::shop::i18n::{Country, Money};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use rusqlite::OptionalExtension;

const PAGE: &str = include_str!("../page.html");

/// The OpenAPI browser and overview.
pub async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE)
}

/// The OpenAPI document.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(crate::shop::openapi::document())
}

/// How a canonical colour is drawn.
fn paint(color: &str) -> &'static str {
    match color {
        "black" => "#23262b",
        "white" => "#f4f4f2",
        "red" => "#c8322f",
        "blue" => "#2f6fc8",
        "green" => "#3d8b57",
        "grey" => "#7f868d",
        "silver" => "#c3c8cd",
        "gold" => "#c9a24b",
        "pink" => "#e39bb4",
        "yellow" => "#e8c93f",
        "orange" => "#e07b2f",
        "purple" => "#7d5ba6",
        "brown" => "#7a5236",
        "beige" => "#d9c7a8",
        "navy" => "#243a63",
        _ => "#8899aa",
    }
}

/// The outline of a kind of product on a 200 × 200 sheet.
fn outline(kind: &str, category: &str) -> &'static str {
    match (kind, category) {
        ("smartwatch", _) => {
            r##"<path d="M78 20h44l6 40H72zM72 140h56l-6 40H78z" opacity=".6"/><rect x="60" y="56" width="80" height="88" rx="20"/>"##
        }
        ("charger", _) => {
            r##"<path d="M82 30v34M118 30v34" stroke-width="10"/><rect x="62" y="62" width="76" height="76" rx="14"/><path d="M100 138v36" fill="none" stroke-width="8"/>"##
        }
        ("tablet", _) => {
            r##"<rect x="44" y="26" width="112" height="148" rx="12"/><circle cx="100" cy="162" r="4" fill="#fff8"/>"##
        }
        ("headphones", _) => {
            r##"<path d="M42 124V104a58 58 0 0 1 116 0v20" fill="none" stroke-width="12"/><rect x="30" y="112" width="28" height="52" rx="12"/><rect x="142" y="112" width="28" height="52" rx="12"/>"##
        }
        ("earbuds", _) => {
            r##"<path d="M56 60a22 22 0 1 1 34 18v54a10 10 0 0 1-20 0V84a22 22 0 0 1-14-24zM144 60a22 22 0 1 0-34 18v54a10 10 0 0 0 20 0V84a22 22 0 0 0 14-24z"/>"##
        }
        ("soundbar", _) => {
            r##"<rect x="20" y="86" width="160" height="30" rx="10"/><rect x="76" y="126" width="48" height="44" rx="6" opacity=".7"/>"##
        }
        ("speaker", _) => {
            r##"<rect x="58" y="24" width="84" height="152" rx="16"/><circle cx="100" cy="64" r="18" fill="#fff5"/><circle cx="100" cy="124" r="30" fill="#fff5"/>"##
        }
        ("jacket" | "shirt" | "t-shirt" | "kurta", _) => {
            r##"<path d="M72 34l28 16 28-16 40 26-16 30-20-10v94H68V80l-20 10-16-30z"/>"##
        }
        ("jeans", _) => r##"<path d="M66 28h68l10 146h-32l-12-92-12 92H56z"/>"##,
        ("dress" | "saree", _) => r##"<path d="M80 26l20 14 20-14 8 52 30 96H42l30-96z"/>"##,
        (_, "phones") => {
            r##"<rect x="62" y="20" width="76" height="160" rx="14"/><rect x="68" y="32" width="64" height="130" rx="6" fill="#fff3"/>"##
        }
        (_, "laptops") => {
            r##"<rect x="40" y="44" width="120" height="84" rx="8"/><rect x="48" y="52" width="104" height="68" fill="#fff3"/><path d="M22 136h156l-10 16H32z"/>"##
        }
        (_, "televisions") => {
            r##"<rect x="18" y="42" width="164" height="98" rx="6"/><rect x="25" y="49" width="150" height="84" fill="#fff3"/><path d="M70 158h60M100 140v18" stroke-width="8"/>"##
        }
        (_, "shoes") => {
            r##"<path d="M26 134c0-24 4-44 10-58 12 14 34 12 40-4l52 40c20 6 44 6 48 28v8H30c-3 0-4-6-4-14z"/><path d="M28 156h148" stroke-width="8"/>"##
        }
        (_, "kitchen") => {
            r##"<rect x="46" y="30" width="108" height="140" rx="12"/><circle cx="100" cy="112" r="34" fill="#fff4"/><circle cx="70" cy="52" r="6" fill="#fff8"/><circle cx="92" cy="52" r="6" fill="#fff8"/>"##
        }
        _ => r##"<rect x="50" y="40" width="100" height="120" rx="10"/>"##,
    }
}

/// A drawing of a product in its first colour.
pub async fn image(state: Data<State>, file: Path<String>) -> Result<HttpResponse, ApiError> {
    let product = file
        .strip_suffix(".svg")
        .and_then(|sku| state.catalogue.product(sku))
        .ok_or_else(|| ApiError::not_found("no such picture"))?;
    let color = paint(product.colors.first().map_or("", String::as_str));
    let svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 230" width="600" height="690"><rect width="200" height="230" fill="#eef1f4"/><g fill="{color}" stroke="#0003" stroke-width="1.5" stroke-linejoin="round">{}</g><text x="100" y="214" text-anchor="middle" font-family="sans-serif" font-size="11" fill="#333">{}</text></svg>"##,
        outline(&product.kind, &product.category),
        escape(&product.name)
    );
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "max-age=86400"))
        .body(svg))
}

/// Text for HTML and SVG.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

struct Document {
    kind: String,
    order: String,
    placed_on: String,
    customer: String,
    address: String,
    method: String,
    total: Money,
    lines: Vec<(String, i64, Money)>,
}

/// An invoice, receipt or warranty card to print.
pub async fn document(state: Data<State>, token: Path<String>) -> Result<HttpResponse, ApiError> {
    let document = state
        .db
        .read(move |connection| {
            let sql = "SELECT d.type, o.id, o.placed_on, coalesce(c.name, c.id), o.address || ', ' || o.pincode || ' ' || o.city, o.payment_method, o.total, o.country
                       FROM documents d JOIN orders o ON o.id = d.order_id JOIN contacts c ON c.id = o.contact_id WHERE d.token = ?1";
            let mut document = connection
                .prepare_cached(sql)?
                .query_row([token.as_str()], |row| {
                    let country = Country::from_code(&row.get::<_, String>(7)?).unwrap_or_default();
                    let (kind, order, placed_on) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    let (customer, address, method) = (row.get(3)?, row.get(4)?, row.get(5)?);
                    let total = Money { minor: row.get(6)?, country };
                    Ok(Document { kind, order, placed_on, customer, address, method, total, lines: Vec::new() })
                })
                .optional()?
                .ok_or_else(|| ApiError::not_found("no such document"))?;
            let mut statement = connection.prepare_cached("SELECT name, quantity, price FROM order_items WHERE order_id = ?1 ORDER BY rowid")?;
            let country = document.total.country;
            let lines = statement.query_map([&document.order], |row| Ok((row.get(0)?, row.get(1)?, Money { minor: row.get(2)?, country })))?;
            document.lines = lines.collect::<Result<_, _>>()?;
            Ok(document)
        })
        .await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(render(&document)))
}

fn render(document: &Document) -> String {
    let title = match document.kind.as_str() {
        "receipt" => "Receipt · Recibo · रसीद",
        "warranty_card" => "Warranty card · Garantía · वारंटी कार्ड",
        _ => "Invoice · Factura · बिल",
    };
    let money = |m: Money| format!("{} {}", m.country.currency(), m.amount());
    let lines: String = document
        .lines
        .iter()
        .map(|(name, n, price)| {
            let sum = Money { minor: price.minor * n, ..*price };
            format!("<tr><td>{}<td>{n}<td>{}<td>{}", escape(name), money(*price), money(sum))
        })
        .collect();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>{title} {order}</title>\
         <style>body{{font:16px/1.5 system-ui,'Noto Sans Devanagari',sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}}table{{width:100%;border-collapse:collapse}}\
         td,th{{padding:.4rem;text-align:left;border-bottom:1px solid #ccc}}td:nth-child(n+2),th:nth-child(n+2){{text-align:right}}</style>\
         <h1>{title}</h1><p><b>Charla demo shop</b><br>{order} · {day}</p><p>{customer}<br>{address}</p>\
         <table><tr><th>Product<th>Pieces<th>Price<th>Sum{lines}<tr><th>Total<th><th><th>{total}</table><p>Payment: {method}</p></html>",
        order = document.order,
        day = document.placed_on,
        customer = escape(&document.customer),
        address = escape(&document.address),
        total = money(document.total),
        method = document.method.replace('_', " "),
    )
}
