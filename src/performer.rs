//! Carries out what the dialogue asks for: understanding, backend calls, sends.

mod reading;

use crate::{
    backends::Backends,
    bot::Bot,
    telemetry::names,
    whatsapp::{
        client::GraphClient,
        pacing::{Later, Pacer},
    },
};
use charla_actors::{
    clock::Clock,
    session::{ConversationId, Dispatch, IdempotencyKey, Performer},
};
use charla_dialogue::{
    effect::{BackendCall, Effect, Outgoing, Send, UnderstandRequest},
    event::{Entity, Event, Outcome, Returned, Understanding},
};
use charla_models::pool::{NluPool, PoolError};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Read receipts under way at once, at most.
pub const COURTESIES: usize = 64;
/// Tries of a durable backend call before the conversation is told that it failed.
const PERFORM_TRIES: u32 = 5;
/// WhatsApp's code for a closed customer-service window.
const WINDOW_CLOSED: i64 = 131_047;

/// The edge's hands.
pub struct Hands {
    /// Understanding; `None` where the assistant has none.
    pub nlu: Option<Arc<dyn NluPool>>,
    /// The shop's live systems.
    pub backends: Backends,
    /// WhatsApp.
    pub graph: GraphClient,
    /// Keeps within WhatsApp's rates.
    pub pacer: Arc<Pacer>,
    /// The engine's time.
    pub clock: Arc<dyn Clock>,
    /// Read receipts under way at once; further ones are left out.
    pub courtesies: Arc<Semaphore>,
    /// Whether messages are marked as read.
    pub mark_read: bool,
    /// Customers who wait for an answer.
    pub waiting: Waiting,
}

/// Since when customers wait for their answer, for the reply latency. Bounded: beyond the limit a reply is not measured.
#[derive(Default)]
pub struct Waiting(Mutex<Since>);

#[derive(Default)]
struct Since {
    of: HashMap<ConversationId, Instant>,
    /// When the forgotten were last looked for.
    swept: Option<Instant>,
}

impl Waiting {
    const LIMIT: usize = 10_000;
    /// Between two searches for the forgotten: in overload each costs as much as a turn.
    const SWEEP: Duration = Duration::from_secs(10);

    fn begin(&self, id: &ConversationId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if waiting.of.len() < Self::LIMIT {
            waiting.of.insert(id.clone(), now);
        } else if waiting.swept.is_none_or(|last| now - last > Self::SWEEP) {
            // Most of these will never be answered (an agent has the thread, a silent turn).
            waiting.swept = Some(now);
            waiting.of.retain(|_, since| now - *since < Duration::from_secs(60));
        }
    }

    /// When they began to wait, which is over.
    fn end(&self, id: &ConversationId) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).of.remove(id)
    }

    fn answered(&self, id: &ConversationId) {
        if let Some(since) = self.end(id) {
            metrics::histogram!(names::REPLY_SECONDS).record(since.elapsed().as_secs_f64());
        }
    }
}

impl Hands {
    async fn understand(&self, request: &UnderstandRequest) -> Event {
        let Some(nlu) = &self.nlu else { return Event::NotUnderstood { reason: "none".to_owned() } };
        let begun = Instant::now();
        let read = reading::read(nlu.as_ref(), request).await;
        metrics::histogram!(names::UNDERSTAND_SECONDS).record(begun.elapsed().as_secs_f64());
        let outcome = match &read {
            Ok(_) => "ok",
            Err(PoolError::Full) => "full",
            Err(PoolError::Timeout(_)) => "timeout",
            Err(PoolError::Worker(_)) => "worker",
        };
        metrics::counter!(names::UNDERSTANDINGS, "outcome" => outcome).increment(1);
        match read {
            Ok((parse, clauses)) => Event::Understood(Understanding {
                languages: parse.languages,
                intents: parse.intents,
                entities: parse
                    .entities
                    .into_iter()
                    .map(|e| Entity {
                        entity: e.entity,
                        start: e.start,
                        end: e.end,
                        text: e.text,
                        value: e.value,
                        confidence: e.confidence,
                        currency: e.currency,
                    })
                    .collect(),
                out_of_scope: parse.out_of_scope,
                candidates: parse.candidates,
                clauses,
                model: parse.model,
            }),
            Err(error) => {
                tracing::warn!(%error, "a text was not understood");
                Event::NotUnderstood { reason: outcome.to_owned() }
            }
        }
    }

    async fn call(&self, call: &BackendCall, key: Option<&str>) -> Returned {
        Returned { call: call.id, outcome: self.backends.call(call, key).await }
    }

    async fn send(&self, key: &IdempotencyKey, send: &Send, attempt: u32) -> Dispatch<Event> {
        let kind = kind_of(&send.message);
        let now = self.clock.now();
        let recipient = send.phone.as_deref().or(send.user_id.as_deref()).unwrap_or_default();
        match self.pacer.reserve(&key.conversation.number, recipient, now) {
            // Even a sleep of no length lasts until the timer's next millisecond.
            Ok(Duration::ZERO) => {}
            Ok(wait) => tokio::time::sleep(wait).await,
            Err(Later(after)) => return Dispatch::Later { after, reason: "paced" },
        }
        // After the wait, at the very moment of sending.
        if send.window_until.is_some_and(|until| self.clock.now() > until) {
            return window_closed();
        }
        // Echoed by the status webhooks. Internal names only: nothing personal leaves with it.
        let callback = key.to_string();
        let begun = Instant::now();
        let sent = self.graph.send(&key.conversation.number, send, &callback).await;
        metrics::histogram!(names::SEND_SECONDS).record(begun.elapsed().as_secs_f64());
        let dispatch = match sent {
            Ok(sent) => {
                self.waiting.answered(&key.conversation);
                Dispatch::Settled { external_id: Some(sent.wamid), result: None }
            }
            Err(error) => error.into_dispatch(&callback, attempt, |code, title| Event::DeliveryFailed {
                code,
                title: title.to_owned(),
            }),
        };
        let outcome = match &dispatch {
            Dispatch::Settled { .. } => "sent",
            Dispatch::Retry { reason, .. }
            | Dispatch::Later { reason, .. }
            | Dispatch::Failed { reason, .. }
            | Dispatch::Unknown { reason } => reason,
        };
        metrics::counter!(names::SENDS, "kind" => kind, "outcome" => outcome).increment(1);
        dispatch
    }

    async fn perform_call(&self, key: &IdempotencyKey, call: &BackendCall, attempt: u32) -> Dispatch<Event> {
        let returned = self.call(call, Some(&key.to_string())).await;
        let transient = matches!(
            &returned.outcome,
            Outcome::Failed { kind, status } if kind != "unknown_backend"
                && status.is_none_or(|s| s >= 500 || s == 429)
        );
        if transient && attempt < PERFORM_TRIES {
            return Dispatch::Retry {
                after: Duration::from_millis(200 << attempt.min(6)),
                reason: "backend",
            };
        }
        Dispatch::Settled { external_id: None, result: Some(Event::Returned(returned)) }
    }
}

fn window_closed() -> Dispatch<Event> {
    metrics::counter!(names::WINDOW_REFUSALS).increment(1);
    Dispatch::Failed {
        reason: "window_closed",
        result: Some(Event::DeliveryFailed {
            code: Some(WINDOW_CLOSED),
            title: "the customer-service window closed before the send".to_owned(),
        }),
    }
}

fn kind_of(message: &Outgoing) -> &'static str {
    match message {
        Outgoing::Text { .. } => "text",
        Outgoing::Buttons { .. } => "buttons",
        Outgoing::List { .. } => "list",
        Outgoing::Image { .. } => "image",
        Outgoing::Template { .. } => "template",
        Outgoing::LocationRequest { .. } => "location_request",
    }
}

#[async_trait::async_trait]
impl Performer<Bot> for Hands {
    async fn perform(&self, conversation: &ConversationId, effect: &Effect) -> Option<Event> {
        match effect {
            Effect::Understand(request) => Some(self.understand(request).await),
            Effect::Call(call) => Some(Event::Returned(self.call(call, None).await)),
            Effect::MarkRead { message_id, typing } => {
                // Where a person is to answer, nobody types yet: how long that takes is not the engine's latency.
                if *typing {
                    self.waiting.begin(conversation);
                } else {
                    self.waiting.end(conversation);
                }
                if !self.mark_read {
                    return None;
                }
                // A courtesy: it must neither hold up the turn nor fail it.
                let Ok(place) = self.courtesies.clone().try_acquire_owned() else { return None };
                let graph = self.graph.clone();
                let number = conversation.number.clone();
                let (message_id, typing) = (message_id.clone(), *typing);
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = graph.mark_read(&number, &message_id, typing).await {
                        tracing::debug!(%error, "a message was not marked read");
                    }
                });
                None
            }
            Effect::Perform(_) | Effect::Send(_) | Effect::SetTimer { .. } | Effect::CancelTimer { .. } => {
                None
            }
        }
    }

    async fn dispatch(&self, key: &IdempotencyKey, effect: &Effect, attempt: u32) -> Dispatch<Event> {
        match effect {
            Effect::Send(send) => self.send(key, send, attempt).await,
            Effect::Perform(call) => self.perform_call(key, call, attempt).await,
            _ => Dispatch::Failed { reason: "not_durable", result: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        secret::SecretSource,
        whatsapp::{client::Options, token::TokenSource},
    };
    use charla_actors::clock::SystemClock;

    fn hands() -> Hands {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret").unwrap();
        let token = TokenSource::new(SecretSource { env: None, file: Some(file) }).unwrap();
        Hands {
            nlu: None,
            backends: Backends::new([].into()).unwrap(),
            graph: GraphClient::new(Options::default(), token).unwrap(),
            pacer: Arc::new(Pacer::new([])),
            clock: Arc::new(SystemClock::default()),
            courtesies: Arc::new(Semaphore::new(COURTESIES)),
            mark_read: false,
            waiting: Waiting::default(),
        }
    }

    #[tokio::test]
    async fn who_waits_for_a_person_does_not_wait_for_a_reply() {
        let hands = hands();
        let id: ConversationId = "1@1".parse().unwrap();
        // The assistant is to answer; a person is; the assistant again.
        for (typing, waits) in [(true, true), (false, false), (true, true)] {
            let read = Effect::MarkRead { message_id: "wamid.1".into(), typing };
            hands.perform(&id, &read).await;
            assert_eq!(hands.waiting.0.lock().unwrap().of.contains_key(&id), waits);
        }
    }
}
