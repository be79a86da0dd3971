//! Tests of the search that says what it gave up.

use super::*;
use crate::shop::search::Than;
use std::sync::LazyLock;

static SHOP: LazyLock<(Catalogue, Index)> = LazyLock::new(|| {
    let catalogue = Catalogue::load().unwrap();
    let index = Index::new(&catalogue);
    (catalogue, index)
});

fn find(query: Query) -> (Vec<String>, Vec<&'static str>, bool, Option<String>, String) {
    let a = SHOP.1.find(&SHOP.0, &query);
    (
        a.products.iter().map(|p| p.name.clone()).collect(),
        a.relaxed.clone(),
        a.sold,
        a.meant.map(|p| p.name.clone()),
        a.asked.0[0].clone(),
    )
}

fn q(text: &str) -> Query {
    Query { q: Some(text.into()), ..Query::default() }
}

#[test]
fn the_kind_is_kept_and_what_is_given_up_is_said() {
    let red = Some("red".to_owned());
    let (found, relaxed, ..) = find(Query { color: red, price_max: Some(3000.0), ..q("saree") });
    assert_eq!((found, relaxed), (vec!["Charla Handloom Cotton Saree".to_owned()], vec!["color"]));
    let white = Query {
        brand: Some("Nike".into()),
        size: Some("9".into()),
        color: Some("white".into()),
        price_max: Some(5000.0),
        ..q("shoes")
    };
    let (found, relaxed, _, _, asked) = find(white);
    assert!(relaxed.is_empty() && found.iter().all(|n| n.starts_with("Nike")), "{found:?} {relaxed:?}");
    assert_eq!(asked, "Nike · Shoes · size 9 · white");
    let (found, relaxed, ..) = find(Query { price_max: Some(100.0), ..q("laptop") });
    assert_eq!((found[0].as_str(), relaxed), ("Lenovo IdeaPad 1", vec!["price"]));
    let (found, relaxed, ..) = find(Query { brand: Some("Nike".into()), ..q("phone") });
    assert!(relaxed == ["brand"] && found.len() > 10);
}

#[test]
fn what_is_not_sold_is_not_replaced() {
    for text in [
        "keypad phone",
        "books",
        "fridge stand",
        "किताबें",
        "funda de móvil",
        "camera",
        "xqzv",
        "पी नापने वाली मशीन",
        "whey protein",
    ] {
        let (found, _, sold, ..) = find(q(text));
        assert!(found.is_empty() && !sold, "{text}: {found:?}");
    }
    for text in ["camera phone", "car charger", "phone"] {
        assert!(!find(q(text)).0.is_empty(), "{text}");
    }
}

#[test]
fn a_model_is_that_one_or_none() {
    for (text, wanted) in [
        ("iphone 15", Some("Apple iPhone 15")),
        ("iphone 15 pro", Some("Apple iPhone 15 Pro")),
        ("ipad air", Some("Apple iPad Air 11 M2")),
        ("OnePlus 12", Some("OnePlus 12")),
        ("वनप्लस 12", Some("OnePlus 12")),
        ("note 13 pro", Some("Xiaomi Redmi Note 13 Pro")),
        ("galaxy s24", Some("Samsung Galaxy S24")),
        ("revolution 7", Some("Nike Revolution 7")),
        ("levis 511", Some("Levi's 511 Slim")),
        ("oneplus nord", None),
        ("samsung phone", None),
    ] {
        let (found, relaxed, _, meant, _) = find(q(text));
        assert_eq!(meant.as_deref(), wanted, "{text}: {found:?}");
        assert!(relaxed.is_empty(), "{text}: {relaxed:?}");
    }
    assert_eq!(find(q("oneplus nord")).0.len(), 2);
    for text in ["iphone 17", "iphone 15 pro max", "galaxy s25", "oneplus 13"] {
        let (found, relaxed, _, meant, _) = find(q(text));
        assert!(
            meant.is_none() && relaxed == ["model"] && !found.is_empty(),
            "{text}: {found:?} {relaxed:?}"
        );
    }
    for text in ["tv 55 inch", "power bank 20000", "5g phone", "1.5 ton ac"] {
        let (found, relaxed, ..) = find(q(text));
        assert!(relaxed.is_empty() && !found.is_empty(), "{text}: {found:?} {relaxed:?}");
    }
}

#[test]
fn what_was_shown_already_is_passed_over() {
    let a15 = Catalogue::load()
        .unwrap()
        .products
        .iter()
        .find(|p| p.name == "Samsung Galaxy A15")
        .unwrap()
        .sku
        .clone();
    let (found, ..) = find(Query { without: Some(a15), brand: Some("Samsung".into()), ..q("phone") });
    assert!(!found.is_empty() && found.iter().all(|n| n != "Samsung Galaxy A15"), "{found:?}");
}

#[test]
fn denied_things_are_left_out_and_features_count_as_sizes() {
    let (found, ..) = find(Query { price_max: Some(5000.0), exclude: Some("boAt".into()), ..q("earbuds") });
    assert!(!found.is_empty() && found.iter().all(|n| !n.starts_with("boAt")), "{found:?}");
    let (found, relaxed, ..) = find(Query { size: Some("16 gigas".into()), ..q("laptop") });
    assert!(relaxed.is_empty() && found.iter().any(|n| n.contains("ThinkPad")), "{found:?}");
    let (found, ..) = find(Query { also: Some("cotton wala dikhao".into()), ..q("saree") });
    assert_eq!(found, ["Charla Handloom Cotton Saree"]);
    let (found, ..) = find(Query { also: Some("xiaomi wala 43 ka".into()), ..q("tv") });
    assert_eq!(found, ["Xiaomi X Series 4K"]);
    let (found, relaxed, _, meant, _) = find(Query { brand: Some("Dell".into()), ..q("HP 15s") });
    assert_eq!((found.len(), meant.as_deref()), (1, Some("HP 15s")), "{found:?} {relaxed:?}");
    let both = Query { brand: Some("JBL boAt".into()), ..q("earbuds") };
    let (found, _, _, _, asked) = find(both);
    assert_eq!((found.len(), asked.as_str()), (3, "JBL / boAt · Earbuds"));
    let (found, ..) = find(Query { cheapest: true, ..q("phone") });
    assert_eq!(found[0], "Xiaomi Redmi 13C");
}

fn told(text: &str, words: &str) -> Query {
    Query { words: Some(words.into()), ..q(text) }
}

#[test]
fn details_of_the_message_narrow_or_are_said_to_be_missing() {
    let names = |a: &Answer<'_>| a.products.iter().map(|p| p.name.clone()).collect::<Vec<String>>();
    let said = |texts: &[Texts]| texts.iter().map(|t| t.0[0].clone()).collect::<Vec<String>>();
    let ask = |query: Query| SHOP.1.find(&SHOP.0, &query);
    let a = ask(told("tablet", "android tablet"));
    assert!(a.relaxed.is_empty() && a.products.iter().all(|p| p.brand != "Apple"), "{:?}", names(&a));
    assert_eq!(a.asked.0[0], "Tablet · Android");
    // "8" of "8 gig ram" is no size, and a phone's RAM is not in the data.
    let a = ask(Query { size: Some("8".into()), ..told("phone", "android phone 8 gig ram") });
    assert_eq!((a.relaxed.clone(), said(&a.unknown)), (vec![], vec!["8 GB RAM".to_owned()]));
    assert!(a.products.len() > 10 && a.products.iter().all(|p| p.kind == "phone"));
    let size = Some("16".to_owned());
    let a = ask(Query { size, brand: Some("HP".into()), ..told("laptop", "esa con 16 de ram hay?") });
    assert!(a.relaxed.is_empty() && a.products.len() >= 4, "{:?} {:?}", names(&a), a.relaxed);
    assert_eq!(a.asked.0[1], "HP · Portátil · 16 GB de RAM");
    let fridge = "200 लीटर से ऊपर का फ्रिज दिखाइए, 25 हजार से कम, पाँच स्टार वाला";
    let a =
        ask(Query { size: Some("200 l".into()), price_max: Some(25000.0), ..told("refrigerator", fridge) });
    assert_eq!((a.relaxed.clone(), said(&a.missing)), (vec!["price", "feature"], vec!["5 star".to_owned()]));
    assert_eq!(names(&a)[0], "Samsung Double Door 236L");
    let a = ask(Query { brand: Some("Nike".into()), ..told("shoes", "nike k shoes 9 number running wale") });
    assert!(a.products.iter().all(|p| p.kind == "running shoes") && a.products.len() > 2);
    let a = ask(told("earbuds", "audífonos con cancelación de ruido"));
    assert!(a.relaxed.is_empty() && names(&a).contains(&"Apple AirPods Pro 2".to_owned()));
    assert!(!names(&a).contains(&"Apple AirPods 4".to_owned()));
    let a = ask(told("laptop", "core i5 laptop"));
    assert!(names(&a).contains(&"Dell Inspiron 15".to_owned()) && !names(&a).contains(&"HP 15s".to_owned()));
    // Who serves fewer comes before what costs far more.
    let five = "५ लोग का परिवार है, फ्रिज दिखाओ 30000 के अंदर";
    let a = ask(Query { price_max: Some(30000.0), ..told("refrigerator", five) });
    assert_eq!((a.relaxed.clone(), said(&a.missing)), (vec!["feature"], vec!["for 5".to_owned()]));
    assert!(names(&a).contains(&"LG Double Door 242L".to_owned()), "{:?}", names(&a));
    let a = ask(told("mixer grinder", "750 वाट मिक्सर"));
    assert_eq!(a.products.len(), 3, "{:?}", names(&a));
    let a = ask(told("phone", "acha camera wala phone"));
    assert_eq!(a.by.as_ref().map(|t| t.0[0].as_str()), Some("Camera"));
    assert!(names(&a)[0] == "Samsung Galaxy S24 Ultra" || names(&a)[0] == "Xiaomi Redmi Note 13 Pro");
    let a = ask(told("zapatillas", "zapatillas para mi hijo de 12 años, horma ancha"));
    assert_eq!(
        (said(&a.missing), said(&a.unknown)),
        (vec!["kids' sizes".to_owned()], vec!["wide fit".to_owned()])
    );
    // A son may have grown into the sizes that there are.
    let a = ask(Query {
        size: Some("42".into()),
        country: Country::ES,
        ..told("zapatillas", "zapatillas para mi hijo, la 42")
    });
    assert!(a.missing.is_empty() && a.relaxed.is_empty(), "{:?}", a.relaxed);
    let a = ask(told("portátil", "un portátil q no pese mucho"));
    assert_eq!(names(&a)[0], "Dell XPS 13");
}

#[test]
fn what_no_field_holds_is_taken_from_the_words() {
    let a = |query: Query| {
        let a = SHOP.1.find(&SHOP.0, &query);
        let names: Vec<String> = a.products.iter().map(|p| p.name.clone()).collect();
        (names, a.relaxed.clone(), a.makers.clone(), a.sold, a.asked.0[0].clone())
    };
    let brand = |b: &str| Some(b.to_owned());
    let (found, .., asked) =
        a(Query { brand: brand("Levi's"), ..told("jeans", "jeans dikha kali wali levis") });
    assert!(asked.contains("black") && !found.is_empty(), "{asked}");
    let (found, ..) = a(Query {
        brand: brand("Adidas"), ..told("shoes", "एडिडास या पूमा के जूते")
    });
    assert!(found.iter().any(|n| n.starts_with("Puma")) && found.iter().any(|n| n.starts_with("Adidas")));
    let (_, relaxed, makers, ..) =
        a(Query { brand: brand("boAt"), ..told("earbuds", "boat ya noise ke earbuds") });
    assert_eq!((relaxed, makers), (vec![], vec!["Noise".to_owned()]));
    let (found, relaxed, makers, ..) =
        a(Query { brand: brand("noise"), ..told("earbuds", "noise ke nhi h kya?") });
    assert_eq!((relaxed, makers), (vec!["brand", "maker"], vec!["Noise".to_owned()]));
    assert!(!found.is_empty() && !found[0].contains("iPhone"));
    let alone = Query { brand: brand("noise"), words: Some("noise".into()), ..Query::default() };
    assert!(a(alone).0.is_empty());
    let shoes = "juttiya chahiye mummy ke liye size 6 no. 1000 rs tk";
    let query = Query {
        size: Some("6".into()),
        price_max: Some(1000.0),
        words: Some(shoes.into()),
        ..Query::default()
    };
    let (found, relaxed, ..) = a(query);
    let is_shoe = |n: &String| SHOP.0.products.iter().any(|p| p.name == *n && p.category == "shoes");
    assert!(found.iter().all(is_shoe), "{found:?} {relaxed:?}");
    let nothing = Query { size: Some("6".into()), price_max: Some(100.0), ..Query::default() };
    assert!(a(nothing).0.is_empty());
}

#[test]
fn a_model_over_the_limit_is_still_that_model() {
    let (found, relaxed, ..) = find(Query { price_max: Some(100_000.0), ..q("MacBook Air") });
    assert_eq!(found, ["Apple MacBook Air 13 M3", "Apple MacBook Air 15 M3"]);
    assert_eq!(relaxed, ["price"]);
    let (found, relaxed, ..) =
        find(Query { price_max: Some(100_000.0), ..told("macbook air 1", "macbook air 1 lakh tak") });
    assert_eq!((found.len(), relaxed), (2, vec!["price"]));
    let (found, relaxed, ..) = find(told("android phone 8 gig", "android phone 8 gig ram"));
    assert!(relaxed.is_empty() && found.len() > 10, "{relaxed:?}");
}

#[test]
fn gigabytes_are_memory_or_disk_by_what_the_kind_has() {
    let words = |q: &str, words: &str| Query {
        q: Some(q.into()),
        words: Some(words.into()),
        exclude: Some("HP".into()),
        cheapest: true,
        ..Query::default()
    };
    let laptop = |text: &str| find(Query { size: Some("16gb".into()), ..words("laptop", text) });
    let (found, relaxed, _, _, asked) = laptop("ok whats the cheapest one with 16gb then, not HP");
    assert!(
        relaxed.is_empty() && found.contains(&"Lenovo IdeaPad Slim 5".to_owned()),
        "{found:?} {relaxed:?}"
    );
    assert_eq!(asked, "Laptop · 16 GB RAM");
    let (found, relaxed, ..) = find(words("laptop", "laptop 512gb"));
    assert!(relaxed.is_empty() && !found.is_empty());
    let (found, relaxed, _, _, asked) =
        find(Query { size: Some("256".into()), ..words("iphone", "y con 256 de memoria?") });
    assert!(relaxed.is_empty() && found.iter().all(|n| n.contains("iPhone")), "{found:?}");
    assert_eq!(asked, "iphone · 256 GB");
    let (_, _, _, _, asked) = find(Query { size: Some("256".into()), ..q("iphone") });
    assert_eq!(asked, "iphone · 256GB");
    // Nothing is said of a phone's memory, and no phone has so small a disk.
    let a = SHOP.1.find(&SHOP.0, &Query { size: Some("8GB".into()), ..words("phone", "phone 8gb") });
    assert_eq!((a.relaxed.len(), a.unknown[0].0[0].as_str()), (0, "8 GB RAM"));
}

#[test]
fn models_spelt_in_devanagari_are_found() {
    for (text, wanted) in [
        ("रेडमी 13सी", "Xiaomi Redmi 13C"),
        ("ए15", "Samsung Galaxy A15"),
        ("गैलेक्सी ए15", "Samsung Galaxy A15"),
        ("गैलेक्सी ए 15", "Samsung Galaxy A15"),
        ("सैमसंग एम १४", "Samsung Galaxy M14"),
        ("रेडमी 13 सी", "Xiaomi Redmi 13C"),
    ] {
        let (found, relaxed, _, meant, _) = find(q(text));
        assert!(meant.as_deref() == Some(wanted) && relaxed.is_empty(), "{text}: {found:?} {relaxed:?}");
    }
}

#[test]
fn models_that_are_not_wanted_are_left_out() {
    let without = |q: &str, not: &str| {
        let query = Query { q: Some(q.into()), exclude: Some(not.into()), ..Query::default() };
        find(query).0
    };
    let phones = without("phone", "iphone");
    assert!(phones.len() > 5 && !phones.iter().any(|n| n.contains("iPhone")), "{phones:?}");
    let phones = without("iphone", "15");
    assert!(
        phones.contains(&"Apple iPhone 15 Pro".to_owned()) && !phones.contains(&"Apple iPhone 15".to_owned())
    );
    assert!(phones.iter().all(|n| n.contains("iPhone")), "{phones:?}");
    let phones = without("samsung phone", "galaxy a15");
    assert!(!phones.is_empty() && !phones.contains(&"Samsung Galaxy A15".to_owned()), "{phones:?}");
    assert!(without("shoes", "running shoes").iter().all(|n| !n.contains("Pegasus")));
}

#[test]
fn what_the_shop_has_nothing_of_is_said() {
    for text in ["बच्चों के जूते हैं क्या 5 साल का बेटा है", "zapatos para niños", "bachchon ke joote"]
    {
        let query = Query { words: Some(text.into()), ..q("shoes") };
        let a = SHOP.1.find(&SHOP.0, &query);
        assert!(a.relaxed == ["feature"] && a.missing[0].0[0] == "kids' sizes", "{text}: {:?}", a.relaxed);
    }
}

#[test]
fn smaller_bigger_and_cheaper_than_what_was_shown() {
    let than = |kind: &str, than: Than| find(Query { than, ..q(kind) });
    let smaller = Than { smaller: Some("55 inch".into()), ..Than::default() };
    let (found, relaxed, _, _, asked) = than("tv", smaller);
    assert_eq!(asked, "Television · under 55 inch");
    assert!(!found.is_empty() && relaxed.is_empty() && !found.contains(&"Xiaomi QLED Pro 55".to_owned()));
    let bigger = Than { bigger: Some("RF-LG-242,RF-SAM-236".into()), ..Than::default() };
    let (found, ..) = than("fridge", bigger);
    assert!(
        !found.is_empty() && !found.iter().any(|n| n.contains("242L") || n.contains("236L")),
        "{found:?}"
    );
    let biggest = Than { bigger: Some("WM-SAM-WW80,WM-LG-FHM".into()), ..Than::default() };
    let (found, _, sold, ..) = than("washing machine", biggest);
    assert!(found.is_empty() && sold, "nothing bigger, but washing machines are sold: {found:?}");
    let cheaper = Than { cheaper: Some("RS-NIK-REV7".into()), ..Than::default() };
    let nike = Query { brand: Some("Nike".into()), than: cheaper, ..q("running shoes") };
    let (found, relaxed, ..) = find(nike);
    assert!(!found.iter().any(|n| n.starts_with("Nike Revolution 7")), "{found:?}");
    assert_eq!(relaxed, ["brand"]);
}

#[test]
fn anything_by_price_is_called_something_and_bluetooth_is_a_property() {
    let (.., asked) = find(Query { price_max: Some(2000.0), ..Query::default() });
    assert_eq!(asked, "Products");
    for words in
        ["chhod, 2k me bluetooth wale dikha", "ब्लूटूथ वाले दिखाओ", "algo inalámbrico", "something wireless"]
    {
        let wish = Query { price_max: Some(2000.0), words: Some(words.into()), ..Query::default() };
        let (found, ..) = find(wish);
        assert!(
            !found.is_empty() && !found.iter().any(|n| n.contains("Kettle") || n.contains("Charger")),
            "{words} {found:?}"
        );
    }
    let two = Query {
        brand: Some("Bajaj".into()),
        words: Some("mixer, preeti ya bajaj".into()),
        ..q("mixer grinder")
    };
    assert_eq!(SHOP.1.find(&SHOP.0, &two).makers, ["Preethi"]);
}
