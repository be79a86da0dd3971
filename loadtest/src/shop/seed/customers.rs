//! The shop's customers: five fixed ones for demonstrations, and others.

use crate::shop::clock::{Clock, chance};
use rusqlite::Connection;

/// A customer whom demonstrations and tests may rely on.
#[derive(Debug, Clone, Copy)]
pub struct DemoCustomer {
    /// WhatsApp id: digits of the phone number.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// Country of the shop they buy from.
    pub country: &'static str,
    /// Variety they write.
    pub language: &'static str,
    /// Town.
    pub city: &'static str,
    /// Postal code.
    pub pincode: &'static str,
}

/// The five fixed customers.
pub const DEMO_CUSTOMERS: [DemoCustomer; 5] = [
    DemoCustomer {
        id: "919810000001",
        name: "Asha Verma",
        country: "IN",
        language: "hi",
        city: "Delhi",
        pincode: "110001",
    },
    DemoCustomer {
        id: "919810000002",
        name: "Rohan Mehta",
        country: "IN",
        language: "hi-Latn",
        city: "Mumbai",
        pincode: "400053",
    },
    DemoCustomer {
        id: "34600000001",
        name: "Lucía García",
        country: "ES",
        language: "es",
        city: "Madrid",
        pincode: "28013",
    },
    DemoCustomer {
        id: "525500000001",
        name: "Diego Hernández",
        country: "MX",
        language: "es",
        city: "Ciudad de México",
        pincode: "06600",
    },
    DemoCustomer {
        id: "447700900001",
        name: "Emma Clarke",
        country: "IN",
        language: "en",
        city: "Bengaluru",
        pincode: "560038",
    },
];

/// A customer whom a load run brings along.
#[derive(Debug, Clone)]
pub struct Guest {
    /// WhatsApp id: digits of the phone number.
    pub id: String,
    /// Name.
    pub name: String,
    /// Variety they write.
    pub language: &'static str,
    /// Country of the shop they buy from: `IN`, `ES`, `MX`.
    pub country: &'static str,
}

const INDIA: [&str; 36] = [
    "Aarav Sharma",
    "Vivaan Gupta",
    "Aditya Singh",
    "Vihaan Patel",
    "Arjun Reddy",
    "Sai Krishnan",
    "Ishaan Joshi",
    "Kabir Khan",
    "Ananya Iyer",
    "Diya Nair",
    "Saanvi Rao",
    "Aadhya Das",
    "Pooja Mishra",
    "Neha Agarwal",
    "Priya Menon",
    "Kavya Pillai",
    "Ritika Bose",
    "Meera Kulkarni",
    "Rahul Yadav",
    "Amit Tiwari",
    "Suresh Babu",
    "Manoj Kumar",
    "Deepak Chauhan",
    "Sunita Devi",
    "Farhan Ali",
    "Zoya Sheikh",
    "Gurpreet Kaur",
    "Harjit Singh",
    "Anita Desai",
    "Sanjay Jain",
    "Nisha Malhotra",
    "Karan Kapoor",
    "Tanvi Shah",
    "Vikram Rathore",
    "Lakshmi Narayanan",
    "Joseph Fernandes",
];
const SPAIN: [&str; 12] = [
    "Carmen Ruiz",
    "Javier Moreno",
    "Marta Jiménez",
    "Pablo Navarro",
    "Elena Torres",
    "Sergio Domínguez",
    "Laura Gil",
    "Álvaro Serrano",
    "Núria Vidal",
    "Jordi Puig",
    "Ainhoa Etxeberria",
    "Raúl Castro",
];
const MEXICO: [&str; 12] = [
    "María Fernanda López",
    "José Luis Ramírez",
    "Guadalupe Flores",
    "Alejandro Vargas",
    "Sofía Mendoza",
    "Ricardo Ortega",
    "Daniela Cruz",
    "Fernando Reyes",
    "Valeria Castillo",
    "Jorge Medina",
    "Ximena Aguilar",
    "Emilio Rojas",
];

const TOWNS_IN: [(&str, &str); 9] = [
    ("Delhi", "110017"),
    ("Mumbai", "400050"),
    ("Pune", "411001"),
    ("Bengaluru", "560034"),
    ("Chennai", "600017"),
    ("Kolkata", "700016"),
    ("Hyderabad", "500034"),
    ("Jaipur", "302001"),
    ("Lucknow", "226001"),
];
const TOWNS_ES: [(&str, &str); 4] =
    [("Madrid", "28004"), ("Barcelona", "08007"), ("Valencia", "46002"), ("Sevilla", "41001")];
const TOWNS_MX: [(&str, &str); 4] =
    [("Ciudad de México", "03100"), ("Guadalajara", "44100"), ("Monterrey", "64000"), ("Puebla", "72000")];

/// Customers of one country.
struct Group {
    /// First digits of their numbers; four more follow.
    prefix: &'static str,
    country: &'static str,
    names: &'static [&'static str],
    towns: &'static [(&'static str, &'static str)],
}

const INSERT: &str = "INSERT INTO contacts (id, name, language, country, phone, email, city, pincode, source, created_at, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?1, ?5, ?6, ?7, 'web', ?8, ?8)";

pub(super) fn seed(
    connection: &Connection,
    clock: &Clock,
    guests: &[Guest],
    seed: u64,
) -> rusqlite::Result<()> {
    let now = clock.now();
    let mut insert = connection.prepare(INSERT)?;
    for c in DEMO_CUSTOMERS {
        insert.execute((c.id, c.name, c.language, c.country, email(c.name), c.city, c.pincode, &now))?;
    }
    let groups = [
        Group { prefix: "91981000", country: "IN", names: &INDIA, towns: &TOWNS_IN },
        Group { prefix: "3460000", country: "ES", names: &SPAIN, towns: &TOWNS_ES },
        Group { prefix: "52550000", country: "MX", names: &MEXICO, towns: &TOWNS_MX },
    ];
    for Group { prefix, country, names, towns } in groups {
        for (i, name) in names.iter().enumerate() {
            let id = format!("{prefix}{}", 1001 + i);
            let town = chance(seed, &["town", &id], towns.len() as u64);
            let (city, pincode) = towns[usize::try_from(town).unwrap_or(0)];
            let language = match country {
                "IN" => ["en", "hi", "hi-Latn"][i % 3],
                _ => "es",
            };
            insert.execute((&id, name, language, country, email(name), city, pincode, &now))?;
        }
    }
    for Guest { id, name, language, country } in guests {
        let towns: &[(&str, &str)] = match *country {
            "ES" => &TOWNS_ES,
            "MX" => &TOWNS_MX,
            _ => &TOWNS_IN,
        };
        let town = chance(seed, &["town", id], towns.len() as u64);
        let (city, pincode) = towns[usize::try_from(town).unwrap_or(0)];
        insert.execute((id, name, language, country, email(name), city, pincode, &now))?;
    }
    Ok(())
}

/// An address under the domain reserved for examples.
fn email(name: &str) -> String {
    format!("{}@example.com", crate::shop::text::fold(name).replace(' ', "."))
}
