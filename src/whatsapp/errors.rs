//! Meta's errors: what each one means for a send.
//!
//! Built on `code` and the HTTP status; titles and texts are going to be withdrawn (Cloud API error codes, May 2026).

use charla_actors::session::Dispatch;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Too fast or a passing fault: again after a while.
    Retry(Backoff),
    /// The access token: read it again, tell the operator, retry.
    Auth,
    /// The account or the number is blocked or out of quota: retried slowly until somebody has mended it.
    Park,
    /// This message will never arrive.
    Permanent,
    /// It left, and nobody knows what became of it.
    Unknown,
}

/// How the wait grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// 1 s, doubling up to 64 s: throughput and rate limits.
    Rate,
    /// 4^X s (X = 0, 1, …) up to 4^5: Meta's rule for the pair limit.
    Pair,
    /// 1 s, doubling up to 256 s: faults at Meta.
    Fault,
}

/// Longest wait that a `Retry-After` header may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Wait after a refused token; doubles up to [`AUTH_MAX_S`].
const AUTH_S: u64 = 5;
const AUTH_MAX_S: u64 = 80;
/// Wait while the account is blocked.
const PARK_S: u64 = 900;

/// What a Graph error means. `code` is `error.code`; `http` the status of the response.
pub fn classify(http: u16, code: Option<i64>) -> (Class, &'static str) {
    let fault = Class::Retry(Backoff::Fault);
    let rate = Class::Retry(Backoff::Rate);
    match code {
        Some(0 | 3 | 10 | 190 | 200..=299) => (Class::Auth, "auth"),
        Some(4 | 80007) => (rate, "rate_limit"),
        Some(130_429) => (rate, "throughput"),
        Some(131_056) => (Class::Retry(Backoff::Pair), "pair_rate"),
        Some(131_057) => (fault, "maintenance"),
        Some(131_016) => (fault, "service_unavailable"),
        Some(131_000) => (fault, "unknown_error"),
        // Graph's own: 1 unknown, 2 service.
        Some(1 | 2) => (fault, "graph_fault"),
        Some(131_048) => (Class::Park, "spam_limit"),
        Some(131_064) => (Class::Park, "messaging_limit"),
        Some(368 | 131_031) => (Class::Park, "account_blocked"),
        Some(131_042) => (Class::Park, "payment"),
        Some(131_045 | 133_010) => (Class::Park, "not_registered"),
        Some(131_005) => (Class::Park, "access_denied"),
        Some(133_016) => (Class::Park, "registration_limit"),
        Some(131_026) => (Class::Permanent, "undeliverable"),
        Some(131_047) => (Class::Permanent, "window_closed"),
        Some(131_051) => (Class::Permanent, "unsupported_type"),
        Some(131_049) => (Class::Permanent, "marketing_cap"),
        Some(131_050) => (Class::Permanent, "marketing_stopped"),
        Some(130_472) => (Class::Permanent, "experiment"),
        Some(131_052 | 131_053) => (Class::Permanent, "media"),
        Some(131_062) => (Class::Permanent, "needs_phone"),
        Some(132_000..=132_999) => (Class::Permanent, "template"),
        Some(100 | 131_008 | 131_009) => (Class::Permanent, "parameter"),
        Some(_) | None if http == 429 => (rate, "rate_limit"),
        Some(_) | None if matches!(http, 401 | 403) => (Class::Auth, "auth"),
        Some(_) | None if http == 408 => (fault, "timeout"),
        Some(_) if http >= 500 => (fault, "server_error"),
        // Says by its meaning that it did not take the request.
        None if http == 503 => (fault, "server_error"),
        // No word from Graph itself: a gateway gave up on an answer, perhaps after the message had been taken.
        None if http >= 500 => (Class::Unknown, "gateway"),
        Some(_) => (Class::Permanent, "refused"),
        // Refused without Graph's word for it, lost with the connection or a proxy's own: what it would have been nobody knows.
        None => (fault, "refused_without_a_word"),
    }
}

/// Why a send did not end with a `wamid`. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "CHARLA-E2030: WhatsApp did not take the message: {reason} (HTTP {}, code {})",
    show(http),
    show(code)
)]
pub struct SendError {
    /// What to do about it.
    pub class: Class,
    /// A fixed word.
    pub reason: &'static str,
    /// HTTP status, if there was an answer.
    pub http: Option<u16>,
    /// Meta's code, if it gave one.
    pub code: Option<i64>,
    /// The wait that the answer asked for in `Retry-After`.
    pub retry_after: Option<Duration>,
}

fn show<T: std::fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), T::to_string)
}

impl SendError {
    /// An error without an answer.
    pub fn unanswered(class: Class, reason: &'static str) -> Self {
        Self { class, reason, http: None, code: None, retry_after: None }
    }

    /// From an answer.
    pub fn answered(http: u16, code: Option<i64>, retry_after: Option<Duration>) -> Self {
        let (class, reason) = classify(http, code);
        let retry_after = retry_after.map(|wait| wait.min(MAX_RETRY_AFTER));
        Self { class, reason, http: Some(http), code, retry_after }
    }

    /// How long to wait before try `attempt` + 1 (`attempt` counts from 1). Up to half as much again is added, spread by
    /// `salt`, so that sends refused together do not come back together; the same try always waits equally long.
    pub fn wait(&self, salt: &str, attempt: u32) -> Duration {
        let tries = attempt.saturating_sub(1);
        let seconds = match self.class {
            Class::Retry(Backoff::Rate) => 1 << tries.min(6),
            Class::Retry(Backoff::Fault) => 1 << tries.min(8),
            Class::Retry(Backoff::Pair) => 4u64.pow(tries.min(5)),
            Class::Auth => (AUTH_S << tries.min(8)).min(AUTH_MAX_S),
            Class::Park => PARK_S,
            Class::Permanent | Class::Unknown => 0,
        };
        let wait = Duration::from_secs(seconds).max(self.retry_after.unwrap_or_default());
        let mut hasher = DefaultHasher::new();
        (salt, attempt).hash(&mut hasher);
        wait + wait.mul_f64((hasher.finish() % 1000) as f64 / 2000.0)
    }

    /// For the outbox. `salt` is the send's idempotency key, `failed` makes the event of a message that will never arrive.
    pub fn into_dispatch<E>(
        self,
        salt: &str,
        attempt: u32,
        failed: impl FnOnce(Option<i64>, &'static str) -> E,
    ) -> Dispatch<E> {
        match self.class {
            Class::Retry(_) | Class::Auth | Class::Park => {
                Dispatch::Retry { after: self.wait(salt, attempt), reason: self.reason }
            }
            Class::Permanent => {
                Dispatch::Failed { reason: self.reason, result: Some(failed(self.code, title(self.code))) }
            }
            Class::Unknown => Dispatch::Unknown { reason: self.reason },
        }
    }
}

/// A fixed title for a code, for agents and logs. Meta's own are going to be withdrawn and at times quote links.
pub fn title(code: Option<i64>) -> &'static str {
    match code {
        Some(0 | 3 | 10 | 190 | 200..=299) => "the access token was refused",
        Some(4 | 80007 | 130_429) => "too many messages at once",
        Some(100 | 131_008 | 131_009) => "a parameter was refused",
        Some(368 | 131_031) => "the business account is restricted",
        Some(130_472) => "the customer is part of an experiment of Meta's",
        Some(130_497) => "not allowed in the customer's country",
        Some(131_000 | 131_016 | 131_057) => "a fault at WhatsApp",
        Some(131_014 | 131_052 | 131_053) => "the media could not be fetched",
        Some(131_021) => "sender and recipient are the same",
        Some(131_026) => "the customer cannot be reached",
        Some(131_030) => "the recipient is not on the test number's list",
        Some(131_042) => "payment for the business account is not in order",
        Some(131_047) => "the customer-service window is closed",
        Some(131_048) => "too many messages were marked as spam",
        Some(131_049) => "withheld by WhatsApp's cap on marketing messages",
        Some(131_050) => "the customer has stopped marketing messages",
        Some(131_051) => "the kind of message is not supported",
        Some(131_056) => "too many messages to this customer",
        Some(131_062) => "this message needs a phone number",
        Some(132_000..=132_999) => "the template was refused",
        _ => "not delivered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_class_has_its_codes() {
        let retry = [
            (429, Some(130_429), Backoff::Rate),
            (400, Some(131_056), Backoff::Pair),
            (400, Some(131_057), Backoff::Fault),
            (500, Some(131_016), Backoff::Fault),
            (500, Some(131_000), Backoff::Fault),
            (400, Some(4), Backoff::Rate),
            (400, Some(80_007), Backoff::Rate),
            (429, None, Backoff::Rate),
            (503, None, Backoff::Fault),
            (400, None, Backoff::Fault),
            (404, None, Backoff::Fault),
            (302, None, Backoff::Fault),
            (500, Some(999_999), Backoff::Fault),
        ];
        for (http, code, backoff) in retry {
            assert_eq!(classify(http, code).0, Class::Retry(backoff), "{http} {code:?}");
        }
        for code in [131_026, 131_047, 131_051, 132_000, 132_015, 100, 131_049, 999_999] {
            assert_eq!(classify(400, Some(code)).0, Class::Permanent, "{code}");
        }
        for code in [190, 0, 3, 10, 200, 299] {
            assert_eq!(classify(400, Some(code)).0, Class::Auth, "{code}");
        }
        assert_eq!(classify(401, None).0, Class::Auth);
        for code in [368, 131_031, 131_042, 131_048] {
            assert_eq!(classify(400, Some(code)).0, Class::Park, "{code}");
        }
        // Nobody but Graph itself can say that the message was not taken.
        for http in [500, 502, 504] {
            assert_eq!(classify(http, None).0, Class::Unknown, "{http}");
        }
    }

    #[test]
    fn the_pair_limit_waits_four_to_the_power_of_the_tries() {
        let error = SendError::answered(400, Some(131_056), None);
        for (attempt, seconds) in [(1, 1), (2, 4), (3, 16), (4, 64), (5, 256), (6, 1024), (60, 1024)] {
            let wait = error.wait("key", attempt).as_secs_f64();
            let base = f64::from(seconds);
            assert!((base..=base * 1.5).contains(&wait), "{attempt}: {wait}");
        }
    }

    #[test]
    fn a_classified_error_becomes_a_dispatch() {
        let of = |http, code| {
            SendError::answered(http, code, None).into_dispatch("k", 1, |code, title| (code, title))
        };
        assert_eq!(
            of(400, Some(131_047)),
            Dispatch::Failed {
                reason: "window_closed",
                result: Some((Some(131_047), "the customer-service window is closed"))
            }
        );
        assert_eq!(of(504, None), Dispatch::Unknown { reason: "gateway" });
        assert!(matches!(of(400, Some(190)), Dispatch::Retry { reason: "auth", .. }));
        let asked = SendError::answered(503, None, Some(Duration::from_secs(30)));
        assert!(asked.wait("k", 1) >= Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn waits_grow_are_bounded_and_repeatable(http in 100u16..600, code in proptest::option::of(-10i64..140_000), attempt in 1u32.., salt in ".*") {
            let error = SendError::answered(http, code, None);
            let wait = error.wait(&salt, attempt);
            prop_assert_eq!(wait, error.wait(&salt, attempt));
            prop_assert!(wait <= Duration::from_secs(1536));
            if !matches!(error.class, Class::Permanent | Class::Unknown) {
                prop_assert!(wait >= Duration::from_secs(1));
            }
        }
    }
}
