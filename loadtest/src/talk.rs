//! Customers who talk to the engine over the simulator, for first figures of latency. Closed loop: each customer waits for an
//! answer before the next message, so a slow engine is asked less often; it measures a quiet engine, not its capacity.

use crate::sim::client::{ClientError, SimClient};
use futures_util::{StreamExt, stream};
use std::time::{Duration, Instant};

/// Who talks, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The simulator's address.
    pub simulator: String,
    /// Conversations.
    pub customers: u32,
    /// Customers who talk at the same time.
    pub at_once: usize,
    /// What each one writes after the consent, in order.
    pub texts: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Milliseconds from handing a message to WhatsApp (the simulator) to the first answer on the phone, sorted.
    pub replies_ms: Vec<f64>,
    /// Messages without an answer within ten seconds.
    pub unanswered: u64,
}

impl Outcome {
    /// The given share's reply latency in milliseconds; 0 without replies.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = (self.replies_ms.len() as f64 * share) as usize;
        let last = self.replies_ms.len().saturating_sub(1);
        self.replies_ms.get(place.min(last)).copied().unwrap_or(0.0)
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Lets them all talk.
///
/// # Errors
/// If the simulator cannot be reached.
pub async fn run(plan: &Plan) -> Result<Outcome, ClientError> {
    let client = SimClient::new(&plan.simulator)?;
    let talks =
        stream::iter(0..plan.customers).map(|n| one(&client, n, &plan.texts)).buffer_unordered(plan.at_once);
    let mut outcome = Outcome::default();
    let mut talks = std::pin::pin!(talks);
    while let Some(talk) = talks.next().await {
        for reply in talk? {
            match reply {
                Some(ms) => outcome.replies_ms.push(ms),
                None => outcome.unanswered += 1,
            }
        }
    }
    outcome.replies_ms.sort_by(f64::total_cmp);
    Ok(outcome)
}

async fn one(client: &SimClient, n: u32, texts: &[String]) -> Result<Vec<Option<f64>>, ClientError> {
    let customer = client.customer(&format!("4477{n:08}"));
    let mut seen = customer.thread(0, Duration::ZERO).await?.messages.last().map_or(0, |m| m.n);
    let mut replies = Vec::new();
    let mut consent: Option<String> = None;
    for text in std::iter::once("hello, good morning")
        .chain(["/Consent(yes)"])
        .chain(texts.iter().map(String::as_str))
    {
        let begun = Instant::now();
        match (text.starts_with('/'), &consent) {
            (true, Some(id)) => customer.tap(id).await?,
            // Agreed in an earlier run.
            (true, None) => continue,
            (false, _) => customer.say(text).await?,
        };
        let answers = customer.wait_for(seen, PATIENCE).await.unwrap_or_default();
        replies.push((!answers.is_empty()).then(|| begun.elapsed().as_secs_f64() * 1_000.0));
        // A further part of the same answer may be on its way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        for message in customer.thread(seen, Duration::ZERO).await?.messages {
            seen = message.n;
            let agree = message.content.buttons.iter().find(|b| b.id == "/Consent(yes)");
            consent = agree.map(|b| b.id.clone()).or(consent);
        }
    }
    Ok(replies)
}
