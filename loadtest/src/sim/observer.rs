//! Looking on: what passes between the simulator and the engine, at the moment it passes.

use super::webhook::{Kind, Update};

/// A webhook body that leaves for the engine: one try of one body.
#[derive(Debug)]
pub struct Webhook<'a> {
    updates: &'a [Update],
}

impl<'a> Webhook<'a> {
    pub(crate) fn new(updates: &'a [Update]) -> Self {
        Self { updates }
    }

    /// Texts that customers have written in it, in the body's order.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.updates.iter().filter_map(|update| match &update.kind {
            Kind::Message { message, .. } => message["text"]["body"].as_str(),
            Kind::Status { .. } | Kind::Field { .. } => None,
        })
    }

    /// `biz_opaque_callback_data` of the statuses in it.
    pub fn echoes(&self) -> impl Iterator<Item = &'a str> {
        self.updates.iter().filter_map(|update| match &update.kind {
            Kind::Status { object, .. } => object["biz_opaque_callback_data"].as_str(),
            Kind::Message { .. } | Kind::Field { .. } => None,
        })
    }
}

/// A message that the simulator has taken from the engine.
#[derive(Debug)]
pub struct Taken<'a> {
    /// To whom, `wa_id`.
    pub recipient: &'a str,
    /// What it says.
    pub text: &'a str,
    /// `biz_opaque_callback_data`.
    pub callback: Option<&'a str>,
    /// The version in the request's path, such as `v24.0`.
    pub version: &'a str,
    /// Whether the engine gets an answer; a fault may withhold it.
    pub answered: bool,
}

/// Sees every webhook leave and come back, and every message that is taken. Called in the middle of things: it must be
/// quick and must not call the simulator.
pub trait Observer: Send + Sync + std::fmt::Debug {
    /// A body leaves. What is returned comes back with its answer.
    fn webhook_leaves(&self, webhook: &Webhook<'_>) -> u64;
    /// The engine has answered with that HTTP status; 0 is no answer.
    fn webhook_answered(&self, token: u64, status: u16);
    /// A message was taken, before the engine gets its answer.
    fn taken(&self, message: &Taken<'_>);
}
