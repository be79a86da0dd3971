//! The verification handshake: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`.

use crate::sim::{app::App, error::SimError};
use std::{sync::Arc, time::Duration};

/// How long a starting engine is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the engine once.
///
/// # Errors
/// [`SimError::Verification`] unless it answers 200 with the challenge.
pub(crate) async fn handshake(app: &App) -> Result<(), SimError> {
    let challenge = fastrand::u32(100_000_000..2_000_000_000).to_string();
    let outcome = ask(app, &challenge).await;
    app.set_verified(outcome.is_ok());
    outcome.map_err(SimError::Verification)
}

async fn ask(app: &App, challenge: &str) -> Result<(), String> {
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge),
        ("hub.verify_token", &app.options.verify_token),
    ];
    let answer = app
        .http
        .get(&app.options.engine_webhook_url)
        .query(&query)
        .send()
        .await
        .map_err(|error| format!("no answer ({})", error.without_url()))?;
    let status = answer.status();
    if status.as_u16() != 200 {
        return Err(format!("it answered {status}"));
    }
    let text = answer.text().await.map_err(|error| error.to_string())?;
    if text.trim() == challenge { Ok(()) } else { Err("it did not answer with the challenge".into()) }
}

/// Tries until the engine is up, for a minute.
pub(crate) async fn verify_in_background(app: Arc<App>) {
    let mut stop = app.stop.clone();
    let tries = async {
        while handshake(&app).await.is_err() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        _ = stop.wait_for(|stopping| *stopping) => {}
        verified = tokio::time::timeout(PATIENCE, tries) => {
            if verified.is_err() {
                tracing::warn!("the engine has not passed the webhook verification within a minute; POST /sim/verify tries again");
            }
        }
    }
}
