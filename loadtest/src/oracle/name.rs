//! The texts that customers write: each says who wrote it and which of theirs it is, and carries a check, so that a text that
//! was damaged is not taken for another one.

use std::{fmt, str::FromStr};

/// One message of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The customer, below 100,000,000.
    pub customer: u32,
    /// Which message of theirs, from 0.
    pub number: u32,
}

impl Name {
    /// The customer's `wa_id`: a number of the United Kingdom.
    pub fn wa_id(self) -> String {
        format!("4477{:08}", self.customer)
    }

    /// 24 bits of FNV-1a over both numbers.
    fn check(self) -> u32 {
        let bytes = self.customer.to_le_bytes().into_iter().chain(self.number.to_le_bytes());
        let hash =
            bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        hash & 0x00ff_ffff
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amber {} birch {} {:06x}", self.customer, self.number, self.check())
    }
}

/// A text that is none of the customers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no customer has written this")]
pub struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let mut words = text.split(' ');
        let mut word =
            |fixed: &str| words.next().filter(|word| *word == fixed).and(words.next()).ok_or(NoName);
        let customer = word("amber")?.parse().map_err(|_| NoName)?;
        let number = word("birch")?.parse().map_err(|_| NoName)?;
        let name = Self { customer, number };
        if name.to_string() == text { Ok(name) } else { Err(NoName) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_and_a_damaged_one_is_not() {
        let name = Name { customer: 17, number: 4_711 };
        let text = name.to_string();
        assert_eq!(text.parse(), Ok(name));
        assert_eq!(name.wa_id(), "447700000017");
        for other in
            [text.replace("17", "18"), text.replace("4711", "4712"), format!("{text} "), String::new()]
        {
            assert_eq!(other.parse::<Name>(), Err(NoName), "{other}");
        }
    }
}
