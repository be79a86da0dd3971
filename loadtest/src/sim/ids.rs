//! Ids in Meta's shapes.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Makes ids that no other start of the simulator makes: an engine remembers message ids for days.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    start: RandomState,
    next: AtomicU64,
}

impl Ids {
    fn draw(&self) -> (u64, u64) {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (n, self.start.hash_one(n))
    }

    /// A message id: base64 over the user's number, the direction and 20 hexadecimal digits, as in Meta's samples.
    pub(crate) fn wamid(&self, user: &str, inbound: bool) -> String {
        let (n, random) = self.draw();
        let user = &user.as_bytes()[..user.len().min(127)];
        let mut bytes = vec![0x1c, 0x18, user.len() as u8];
        bytes.extend_from_slice(user);
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, if inbound { 0x12 } else { 0x11 }, 0x18, 0x14]);
        bytes.extend_from_slice(format!("{:04X}{random:016X}", n & 0xffff).as_bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }

    /// An id in digits, for media and templates.
    pub(crate) fn digits(&self) -> String {
        let (_, random) = self.draw();
        format!("{:016}", random % 10_000_000_000_000_000)
    }

    /// A trace id as in Graph errors.
    pub(crate) fn trace(&self) -> String {
        let (_, random) = self.draw();
        format!("A{}", STANDARD.encode(random.to_be_bytes()).replace(['+', '/', '='], "_"))
    }
}

/// A business-scoped user id: country code, dot, digits. The same user always gets the same one.
pub(crate) fn user_id(wa_id: &str) -> String {
    let country = match wa_id {
        id if id.starts_with("91") => "IN",
        id if id.starts_with("34") => "ES",
        id if id.starts_with("52") => "MX",
        id if id.starts_with("44") => "GB",
        id if id.starts_with("49") => "DE",
        id if id.starts_with("55") => "BR",
        _ => "US",
    };
    let hash = xxhash_rust::xxh3::xxh3_128(wa_id.as_bytes()) % 10_u128.pow(20);
    format!("{country}.{hash:020}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_between_messages_and_starts() {
        let (one, other) = (Ids::default(), Ids::default());
        let ids: HashSet<_> = (0..1_000)
            .flat_map(|_| [one.wamid("16505551234", true), other.wamid("16505551234", true)])
            .collect();
        assert_eq!(ids.len(), 2_000);
        assert!(ids.iter().all(|id| id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQ")));
    }

    #[test]
    fn a_user_keeps_their_business_scoped_id() {
        assert_eq!(user_id("919810000001"), user_id("919810000001"));
        assert!(user_id("919810000001").starts_with("IN."));
        assert_ne!(user_id("919810000001"), user_id("919810000002"));
    }
}
