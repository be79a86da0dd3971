//! The forgiving search.

use super::*;
use std::sync::LazyLock;

static SHOP: LazyLock<(Catalogue, Index)> = LazyLock::new(|| {
    let catalogue = Catalogue::load().unwrap();
    let index = Index::new(&catalogue);
    (catalogue, index)
});

fn found(q: &str, country: Country) -> Vec<Product> {
    let query = Query { q: Some(q.to_owned()), country, ..Query::default() };
    SHOP.1.search(&SHOP.0, &query).into_iter().cloned().collect()
}

#[test]
fn every_variety_finds_the_kind() {
    use Country::{ES, IN, MX};
    for (q, country, kind) in [
        ("mobiles", IN, "phone"),
        ("celular barato", MX, "phone"),
        ("móvil", ES, "phone"),
        ("मोबाइल चाहिए", IN, "phone"),
        ("running shoes", IN, "running shoes"),
        ("zapatillas de correr", ES, "running shoes"),
        ("tenis para correr", MX, "running shoes"),
        ("daudne wale joote", IN, "running shoes"),
        ("दौड़ने के जूते", IN, "running shoes"),
        ("mixer grinder", IN, "mixer grinder"),
        ("miksar", IN, "mixer grinder"),
        ("मिक्सी", IN, "mixer grinder"),
        ("licuadora", MX, "mixer grinder"),
        ("lavadora", ES, "washing machine"),
        ("fridge dikhao", IN, "refrigerator"),
        ("saree", IN, "saree"),
        ("साड़ी", IN, "saree"),
        ("tv 55 inch", IN, "television"),
        ("televisores", ES, "television"),
        ("hedphones", IN, "headphones"),
        ("audífonos de diadema", MX, "headphones"),
        ("de los que van dentro de la oreja", MX, "earbuds"),
        ("tshirts", IN, "t-shirt"),
        ("camisetas", ES, "t-shirt"),
        ("washng machine", IN, "washing machine"),
        ("air fryr", IN, "air fryer"),
        ("laptpo", IN, "laptop"),
    ] {
        let products = found(q, country);
        assert!(!products.is_empty(), "{q} finds nothing");
        assert!(
            products.iter().all(|p| p.kind == kind),
            "{q}: {:?}",
            products.iter().map(|p| &p.name).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_word_of_two_kinds_finds_both() {
    let products = found("audífonos", Country::MX);
    for kind in ["headphones", "earbuds"] {
        assert!(products.iter().any(|p| p.kind == kind), "{kind}");
    }
    assert!(products.iter().all(|p| ["headphones", "earbuds"].contains(&p.kind.as_str())));
}

#[test]
fn categories_are_found_by_common_words() {
    for (q, category) in [
        ("shoes", "shoes"),
        ("zapatillas", "shoes"),
        ("tenis", "shoes"),
        ("joote", "shoes"),
        ("जूते", "shoes"),
        ("ropa", "clothing"),
        ("कपड़े", "clothing"),
        ("kapde dikhao", "clothing"),
        ("electrodomésticos", "kitchen"),
    ] {
        let products = found(q, Country::IN);
        assert!(products.len() >= 9, "{q}: {}", products.len());
        assert!(products.iter().all(|p| p.category == category), "{q}");
    }
}

#[test]
fn a_named_model_comes_first() {
    for (q, name) in [
        ("iphone 15", "Apple iPhone 15"),
        ("iphone15", "Apple iPhone 15"),
        ("आईफोन 15", "Apple iPhone 15"),
        ("iphne 15 pro", "Apple iPhone 15 Pro"),
        ("galaxy s24", "Samsung Galaxy S24"),
        ("samsang s 24 ultra", "Samsung Galaxy S24 Ultra"),
        ("kya galaxy S24 milega", "Samsung Galaxy S24"),
        ("macbok air 13", "Apple MacBook Air 13 M3"),
        ("nike pegasus", "Nike Pegasus 41"),
        ("redmi note 13 pro", "Xiaomi Redmi Note 13 Pro"),
        ("airpods pro", "Apple AirPods Pro 2"),
        ("levis 511", "Levi's 511 Slim"),
        ("adidas samba negras", "Adidas Samba OG"),
        ("oneplus 12", "OnePlus 12"),
        ("galaxy s24 azul", "Samsung Galaxy S24"),
    ] {
        let products = found(q, Country::IN);
        assert_eq!(products.first().map(|p| p.name.as_str()), Some(name), "{q}");
    }
}

#[test]
fn brands_narrow_and_unknown_words_find_nothing() {
    assert!(found("samsung phone", Country::IN).iter().all(|p| p.brand == "Samsung" && p.kind == "phone"));
    assert!(found("नाइकी के जूते", Country::IN).iter().all(|p| p.brand == "Nike" && p.category == "shoes"));
    assert!(found("xqzv", Country::IN).is_empty());
    assert!(found("15", Country::IN).is_empty());
    let red = found("लाल जूते", Country::IN);
    assert!(
        red.len() >= 5 && red.iter().all(|p| p.category == "shoes" && p.colors.iter().any(|c| c == "red"))
    );
    assert!(
        found("gaming laptop", Country::IN)[..5].iter().all(|p| p.description.0[0].contains("gaming laptop"))
    );
    // No Nike phones: phones are the better answer than nothing.
    assert!(found("nike phone", Country::IN).iter().all(|p| p.kind == "phone"));
}

#[test]
fn filters_speak_four_languages() {
    let catalogue = Catalogue::load().unwrap();
    let index = Index::new(&catalogue);
    for color in ["black", "negro", "negras", "काला", "kala", "blak"] {
        let query =
            Query { color: Some(color.to_owned()), category: Some("shoes".to_owned()), ..Query::default() };
        let products = index.search(&catalogue, &query);
        assert!(products.len() > 10, "{color}");
        assert!(
            products.iter().all(|p| p.category == "shoes" && p.colors.iter().any(|c| c == "black")),
            "{color}"
        );
    }
    let query = Query {
        q: Some("phone".into()),
        brand: Some("सैमसंग".into()),
        price_max: Some(20000.0),
        size: Some("128 gb".into()),
        ..Query::default()
    };
    let products = index.search(&catalogue, &query);
    assert!(!products.is_empty());
    for product in products {
        assert_eq!(product.brand, "Samsung");
        assert!(product.price(Country::IN).unwrap().minor <= 2_000_000);
        assert!(product.sizes(Country::IN).iter().any(|s| s == "128GB"));
    }
    let unknown = Query { brand: Some("nokia".into()), ..Query::default() };
    assert!(index.search(&catalogue, &unknown).is_empty());
}
