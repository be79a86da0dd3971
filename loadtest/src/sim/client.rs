//! A typed client of the control API, for tests and load.

use super::{Act, Counts, Faults, From, Location, Message, Post, Posted, Template};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Why the control API did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer, or one that cannot be read.
    #[error("CHARLA-E5013: the simulator does not answer: {0}; is it up?")]
    Http(#[from] reqwest::Error),
    /// It said no.
    #[error("CHARLA-E5014: the simulator refused with {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its message, with the code in front.
        message: String,
    },
    /// Nothing came in time.
    #[error("CHARLA-E5015: {wa_id} got no answer after message {after} within {waited:?}")]
    Silence {
        /// Who waited.
        wa_id: String,
        /// The last message before.
        after: u64,
        /// How long.
        waited: Duration,
    },
}

/// A client of one simulator. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SimClient {
    http: reqwest::Client,
    base: String,
}

/// One customer talking to one business number. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CustomerClient {
    sim: SimClient,
    wa_id: String,
    number: Option<String>,
}

/// A thread as the control API gives it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ThreadView {
    /// Those after the number asked for, in order.
    pub messages: Vec<Message>,
    /// Whether the business is typing.
    pub typing: bool,
    /// Whether the customer-service window is open.
    pub window_open: bool,
}

/// `GET /sim/state`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct State {
    /// What has happened.
    pub counts: Counts,
    /// Customers there are.
    pub customers: u64,
    /// Threads there are.
    pub threads: u64,
    /// Whether the engine has passed the verification handshake.
    pub verified: bool,
    /// Milliseconds between the machine's clock and the simulator's.
    pub offset_ms: i64,
}

impl SimClient {
    /// A client for the simulator at `base`, such as `http://127.0.0.1:8081`.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(base: &str) -> Result<Self, ClientError> {
        // One provider a process; whoever came first has done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(90)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// A customer who talks to the first business number.
    pub fn customer(&self, wa_id: &str) -> CustomerClient {
        CustomerClient { sim: self.clone(), wa_id: wa_id.to_owned(), number: None }
    }

    async fn call<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let answer = request.send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.json().await?);
        }
        let error: Value = answer.json().await.unwrap_or_default();
        let part = |key: &str| error["error"][key].as_str().unwrap_or_default().to_owned();
        Err(ClientError::Refused {
            status: status.as_u16(),
            message: format!("{}: {}", part("code"), part("message")),
        })
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ClientError> {
        self.call(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(self.http.get(format!("{}{path}", self.base))).await
    }

    /// Counters.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn state(&self) -> Result<State, ClientError> {
        self.get("/sim/state").await
    }

    /// Faults and delays of now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn faults(&self) -> Result<Faults, ClientError> {
        self.get("/sim/faults").await
    }

    /// Sets the faults that `some` names.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_faults(&self, some: Value) -> Result<Faults, ClientError> {
        self.post("/sim/faults", &some).await
    }

    /// Moves the clock of simulator and engine forward; the new offset in milliseconds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn advance(&self, by: Duration) -> Result<i64, ClientError> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let clock: Value = self.post("/sim/clock", &json!({"advance_ms": by})).await?;
        Ok(clock["offset_ms"].as_i64().unwrap_or_default())
    }

    /// Approves templates.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn approve(&self, templates: &[Template]) -> Result<(), ClientError> {
        let request = self.http.put(format!("{}/sim/templates", self.base)).json(templates);
        self.call::<Value>(request).await.map(drop)
    }

    /// Runs the verification handshake.
    ///
    /// # Errors
    /// [`ClientError`], also if the engine does not pass.
    pub async fn verify(&self) -> Result<(), ClientError> {
        self.post::<Value>("/sim/verify", &json!({})).await.map(drop)
    }
}

impl CustomerClient {
    /// The same customer, talking to another business number.
    pub fn to_number(&self, phone_number_id: &str) -> Self {
        Self { number: Some(phone_number_id.to_owned()), ..self.clone() }
    }

    /// Phone number in digits.
    pub fn wa_id(&self) -> &str {
        &self.wa_id
    }

    /// Does anything.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn act(&self, act: Act) -> Result<Posted, ClientError> {
        self.post(&Post { act, number: self.number.clone(), reply_to: None }).await
    }

    async fn post(&self, post: &Post) -> Result<Posted, ClientError> {
        let url = format!("{}/sim/customers/{}/messages", self.sim.base, self.wa_id);
        self.sim.call(self.sim.http.post(url).json(post)).await
    }

    /// Writes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn say(&self, text: &str) -> Result<Posted, ClientError> {
        self.act(Act::Text { text: text.to_owned() }).await
    }

    /// Writes in answer to a message of the thread.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reply(&self, to: &str, text: &str) -> Result<Posted, ClientError> {
        let act = Act::Text { text: text.to_owned() };
        self.post(&Post { act, number: self.number.clone(), reply_to: Some(to.into()) }).await
    }

    /// Taps the reply button with that id.
    ///
    /// # Errors
    /// [`ClientError`], also if no message shows it.
    pub async fn tap(&self, id: &str) -> Result<Posted, ClientError> {
        self.act(Act::Button { id: id.to_owned() }).await
    }

    /// Chooses the row with that id.
    ///
    /// # Errors
    /// [`ClientError`], also if no list shows it.
    pub async fn choose(&self, id: &str) -> Result<Posted, ClientError> {
        self.act(Act::List { id: id.to_owned() }).await
    }

    /// Sends a place, in degrees.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn location(&self, latitude: f64, longitude: f64) -> Result<Posted, ClientError> {
        self.act(Act::Location(Location { latitude, longitude, name: None, address: None })).await
    }

    /// Changes name, username, reachability, marketing or whether the phone number is hidden.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change(&self, some: Value) -> Result<(), ClientError> {
        let url = format!("{}/sim/customers/{}", self.sim.base, self.wa_id);
        self.sim.call::<Value>(self.sim.http.put(url).json(&some)).await.map(drop)
    }

    /// The thread after message `after`, waiting up to `wait` (at most 60 s) for one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn thread(&self, after: u64, wait: Duration) -> Result<ThreadView, ClientError> {
        let number = self.number.as_deref().unwrap_or_default();
        let wait = wait.as_millis();
        self.sim
            .get(&format!(
                "/sim/customers/{}/thread?after={after}&wait_ms={wait}&number={number}",
                self.wa_id
            ))
            .await
    }

    /// Waits until the business has written after message `after`, and gives what it wrote.
    ///
    /// # Errors
    /// [`ClientError::Silence`] if it has not within `timeout`.
    pub async fn wait_for(&self, after: u64, timeout: Duration) -> Result<Vec<Message>, ClientError> {
        let deadline = Instant::now() + timeout;
        let mut seen = after;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let view = self.thread(seen, left.min(Duration::from_secs(30))).await?;
            seen = view.messages.last().map_or(seen, |message| message.n);
            let theirs: Vec<_> =
                view.messages.into_iter().filter(|message| message.from == From::Business).collect();
            if !theirs.is_empty() {
                return Ok(theirs);
            }
            if left.is_zero() {
                return Err(ClientError::Silence { wa_id: self.wa_id.clone(), after, waited: timeout });
            }
        }
    }

    /// Forgets the thread on the phone.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn clear(&self) -> Result<(), ClientError> {
        let number = self.number.as_deref().unwrap_or_default();
        let url = format!("{}/sim/customers/{}/thread?number={number}", self.sim.base, self.wa_id);
        self.sim.call::<Value>(self.sim.http.delete(url)).await.map(drop)
    }
}
