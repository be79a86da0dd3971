//! Carriers and the raw states they report: what the product has to turn into plain words.

use super::i18n::Country;

/// Every raw state that occurs; `*` stands for a hub's code. The English words are for the OpenAPI page only.
pub const RAW_STATES: [(&str, &str); 15] = [
    ("MANIFESTED", "announced to the carrier, not yet handed over"),
    ("PICKED_UP", "handed over to the carrier"),
    ("IN_TRANSIT_HUB_*", "on its way, last seen in a hub"),
    ("ARRIVED_DC_*", "in the distribution centre of the destination"),
    ("OFD", "out for delivery"),
    ("DLVD", "delivered"),
    ("UD_CUSTOMER_UNAVAILABLE", "tried to deliver, nobody was there"),
    ("EXCEPTION_ADDR", "held: the address is incomplete or wrong"),
    ("EXCEPTION_WEATHER", "held up by the weather"),
    ("EXCEPTION_CUSTOMS", "held by customs or a tax check"),
    ("RTO_INIT", "on its way back to the shop"),
    ("RTO_DLVD", "back at the shop"),
    ("RVP_SCHEDULED", "collection of a return agreed"),
    ("RVP_PICKED", "return collected"),
    ("CANCELLED", "shipment cancelled"),
];

/// Carriers of a country.
#[must_use]
pub fn carriers(country: Country) -> [&'static str; 3] {
    match country {
        Country::IN => ["Delhivery", "Blue Dart", "Ekart"],
        Country::ES => ["SEUR", "Correos Express", "MRW"],
        Country::MX => ["Estafeta", "99 Minutos", "Paquetexpress"],
    }
}

/// A hub on the way: code and town.
#[must_use]
pub fn hub(country: Country, city: &str) -> (&'static str, &'static str) {
    match (country, city) {
        (Country::IN, "Mumbai") => ("BOM1", "Mumbai"),
        (Country::IN, "Pune") => ("PNQ1", "Pune"),
        (Country::IN, "Bengaluru") => ("BLR3", "Bengaluru"),
        (Country::IN, "Chennai") => ("MAA1", "Chennai"),
        (Country::IN, "Kolkata") => ("CCU1", "Kolkata"),
        (Country::IN, "Hyderabad") => ("HYD1", "Hyderabad"),
        (Country::IN, _) => ("DEL2", "Delhi"),
        (Country::ES, "Barcelona") => ("BCN2", "Barcelona"),
        (Country::ES, "Valencia") => ("VLC1", "Valencia"),
        (Country::ES, _) => ("MAD1", "Madrid"),
        (Country::MX, "Guadalajara") => ("GDL1", "Guadalajara"),
        (Country::MX, "Monterrey") => ("MTY2", "Monterrey"),
        (Country::MX, _) => ("MEX1", "Ciudad de México"),
    }
}
