//! Tests of the details read from messages.

use super::*;

fn read(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let traits = Traits::load().unwrap();
    let wishes = traits.read(text);
    let quantities = wishes.quantities.iter().map(|q| traits.say(q, q.measures[0]).0[0].clone());
    let good = wishes.good.iter().map(|i| traits.measures[*i].id.clone());
    let has = wishes.traits.iter().map(|i| traits.traits[*i].id.clone());
    (quantities.collect(), good.collect(), has.collect())
}

#[test]
fn figures_with_units_and_bounds_are_read() {
    for (text, wanted) in [
        ("android, 8 gig ram", &["8 GB RAM"][..]),
        ("esa con 16 de ram hay?", &["16 GB RAM"]),
        ("16GB ki ram wala, 512 gb", &["16 GB RAM", "512 GB"]),
        ("200 लीटर से ऊपर का फ्रिज, 25 हजार से कम, पाँच स्टार", &["200 l or more", "5 star"]),
        ("750 वाट का मिक्सर", &["750 W"]),
        ("dell ya hp laptop, 16gb ram, 60 hazar tak", &["16 GB RAM"]),
        ("lavadora de al menos 8 kilos", &["8 kg or more"]),
        ("tv 55 pulgadas o más", &["55 inch or more"]),
        ("5000 mah battery", &["5000 mAh"]),
        ("jeans 32 size levis", &[]),
        ("shoes 9 number", &[]),
        ("8gb ram no, 16gb ram", &["16 GB RAM"]),
        ("something bigger, 8 or 9 kg, front loading", &["8–9 kg"]),
        ("7 kg ya 8 kg wali washing machine", &["7–8 kg"]),
        ("lavadora de 7 a 8 kilos", &["7–8 kg"]),
        ("7-8 kg", &["7–8 kg"]),
        ("fridge for a family of 5", &["for 5"]),
        ("4 लोगों के लिए फ्रिज", &["for 4"]),
        ("olla para seis personas", &["for 6"]),
        ("what do people say about it", &[]),
        ("I want 16 GB RAM, forget the 8 GB", &["16 GB RAM"]),
        ("don't forget 16 GB RAM", &["16 GB RAM"]),
        ("8 kg washing machine that removes stains", &["8 kg"]),
        ("फ्रिज, ५ लोग का परिवार है\n5 लोग वाली बात हटा दो, कोई भी सस्ता फ्रिज बताओ", &[]),
        ("16 gb ram or 512 gb ssd", &["16 GB RAM", "512 GB"]),
    ] {
        assert_eq!(read(text).0, wanted, "{text}");
    }
}

#[test]
fn properties_and_much_of_something_are_read() {
    for (text, good, has) in [
        ("5जी फोन", &[][..], &["5g"][..]),
        ("good camera 5G phone", &["camera"], &["5g"]),
        ("acha camera wala phone", &["camera"], &[]),
        ("battery tagdi honi chahiye", &["battery"], &[]),
        ("laptop for uni, battery should last all day", &["battery"], &[]),
        ("phone chahiye, reels banane ke liye", &["camera"], &[]),
        ("un portátil q no pese mucho", &["weight"], &[]),
        ("audífonos con cancelación de ruido", &[], &["anc"]),
        ("noise cancelling earbuds, heavy bass", &[], &["anc", "bass"]),
        ("नाइकी के दौड़ने वाले जूते", &[], &["running"]),
        ("laal kurta, mahila", &[], &["women"]),
        ("zapatillas para mi hijo de 12 años", &[], &["kids"]),
        ("not android", &[], &[]),
    ] {
        let (_, g, h) = read(text);
        let g: Vec<&str> =
            g.iter().map(String::as_str).filter(|g| *g != "shoe_weight" && *g != "playtime").collect();
        let h: Vec<&str> = h.iter().map(String::as_str).collect();
        assert_eq!((g.as_slice(), h.as_slice()), (good, has), "{text}");
    }
}
