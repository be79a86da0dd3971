//! Who may speak to the webhook: Meta's signature over the raw body, and the subscription handshake.

use actix_web::web::Query;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The request is not Meta's. Says no more on purpose: the answer to it is a bare 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CHARLA-E2029: the request carries no valid signature")]
pub struct Unauthorized;

/// Length of a SHA-256 in bytes.
const DIGEST: usize = 32;
/// Longest challenge that is echoed, in bytes; Meta's are numbers of about ten digits.
const MAX_CHALLENGE: usize = 256;

/// Checks `X-Hub-Signature-256` (`sha256=` and the lower- or upper-case hex HMAC-SHA256 of the raw body).
///
/// Every secret of `app_secrets` is accepted, so that a secret can be rotated without losing webhooks. The comparison
/// takes the same time wherever the first difference lies, and all secrets are tried in any case.
///
/// # Errors
/// [`Unauthorized`] if the header is missing or ill-formed, or no secret matches.
pub fn verify<T: AsRef<[u8]>>(
    app_secrets: &[T],
    raw_body: &[u8],
    header: Option<&str>,
) -> Result<(), Unauthorized> {
    let hex_digest = header.and_then(|value| value.trim().strip_prefix("sha256=")).ok_or(Unauthorized)?;
    let mut given = [0u8; DIGEST];
    hex::decode_to_slice(hex_digest, &mut given).map_err(|_| Unauthorized)?;
    let mut valid = false;
    for secret in app_secrets {
        let secret = secret.as_ref();
        // An empty secret is a forgotten one: with it anybody could sign.
        if secret.is_empty() {
            continue;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unauthorized)?;
        mac.update(raw_body);
        valid |= mac.verify_slice(&given).is_ok();
    }
    if valid { Ok(()) } else { Err(Unauthorized) }
}

/// Signs a body as Meta does: the value of `X-Hub-Signature-256`.
///
/// # Errors
/// [`Unauthorized`] if the secret is empty.
pub fn sign(app_secret: &[u8], raw_body: &[u8]) -> Result<String, Unauthorized> {
    if app_secret.is_empty() {
        return Err(Unauthorized);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret).map_err(|_| Unauthorized)?;
    mac.update(raw_body);
    Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}

#[derive(Deserialize)]
struct Subscription {
    #[serde(rename = "hub.mode")]
    mode: String,
    #[serde(rename = "hub.verify_token")]
    token: String,
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// Meta's handshake `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`: the challenge to echo as the body of
/// a 200, or `None` for a 403. `query` is the raw query string.
pub fn verify_subscription(query: &str, token: &str) -> Option<String> {
    let Query(given) = Query::<Subscription>::from_query(query).ok()?;
    let known = !token.is_empty() && bool::from(given.token.as_bytes().ct_eq(token.as_bytes()));
    (known && given.mode == "subscribe" && given.challenge.len() <= MAX_CHALLENGE).then_some(given.challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_vector_of_rfc_4231_is_accepted() {
        // Test case 2 of RFC 4231.
        let header = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let body = b"what do ya want for nothing?";
        assert_eq!(verify(&["Jefe"], body, Some(header)), Ok(()));
        assert_eq!(verify(&["Jefe"], body, Some(&header.to_uppercase().replace("SHA256", "sha256"))), Ok(()));
        assert_eq!(sign(b"Jefe", body).unwrap(), header);
    }

    #[test]
    fn either_secret_of_a_rotation_signs_and_a_third_does_not() {
        let body = br#"{"object":"whatsapp_business_account"}"#;
        for secret in ["old", "new"] {
            let header = sign(secret.as_bytes(), body).unwrap();
            assert_eq!(verify(&["old", "new"], body, Some(&header)), Ok(()));
        }
        let header = sign(b"third", body).unwrap();
        assert_eq!(verify(&["old", "new"], body, Some(&header)), Err(Unauthorized));
    }

    #[test]
    fn anything_else_is_refused() {
        let body = b"{}";
        let good = sign(b"secret", body).unwrap();
        let bare = good.trim_start_matches("sha256=");
        for header in
            [None, Some(""), Some("sha256="), Some(bare), Some(&good[..good.len() - 2]), Some("sha256=zz")]
        {
            assert_eq!(verify(&["secret"], body, header), Err(Unauthorized), "{header:?}");
        }
        assert_eq!(verify(&["secret"], b"{} ", Some(&good)), Err(Unauthorized), "another body");
        assert_eq!(verify(&[] as &[&str], body, Some(&good)), Err(Unauthorized), "no secret at all");
        // HMAC with an empty key, which anybody can compute.
        let empty = "sha256=".to_owned()
            + &{
                let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
                mac.update(body);
                hex::encode(mac.finalize().into_bytes())
            };
        assert_eq!(verify(&[""], body, Some(&empty)), Err(Unauthorized), "an empty secret");
    }

    #[test]
    fn the_challenge_is_echoed_for_the_right_token_only() {
        let query =
            |token: &str| format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        assert_eq!(verify_subscription(&query("me%26at"), "me&at").as_deref(), Some("1158201444"));
        assert_eq!(verify_subscription(&query("meat"), "me&at"), None);
        assert_eq!(verify_subscription(&query(""), ""), None, "no token configured");
        assert_eq!(verify_subscription("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=t", "t"), None);
        assert_eq!(verify_subscription("hub.mode=subscribe&hub.verify_token=t", "t"), None);
        assert_eq!(verify_subscription("", "t"), None);
        let long = format!("hub.mode=subscribe&hub.verify_token=t&hub.challenge={}", "1".repeat(300));
        assert_eq!(verify_subscription(&long, "t"), None);
    }
}
