//! Every metric of the edge: name, unit, help, labels. One place, so that dashboards and code cannot drift apart.
//! Labels take few, fixed values; nothing personal ever becomes one.

use metrics::Unit;

/// Requests to `POST /webhooks/whatsapp`; label `status` (HTTP status).
pub const WEBHOOK_REQUESTS: &str = "charla_webhook_requests_total";
/// Seconds from the first byte of a webhook's handler to its answer: the acknowledgement latency.
pub const WEBHOOK_SECONDS: &str = "charla_webhook_ack_seconds";
/// Parts of webhooks; label `kind`.
pub const WEBHOOK_PARTS: &str = "charla_webhook_parts_total";
/// Backend calls; labels `backend`, `outcome`.
pub const BACKEND_CALLS: &str = "charla_backend_calls_total";
/// Seconds a backend call took, retries included; label `backend`.
pub const BACKEND_SECONDS: &str = "charla_backend_call_seconds";
/// 0 closed, 1 half open, 2 open; label `backend`.
pub const BREAKER_STATE: &str = "charla_backend_breaker_state";
/// Messages handed to WhatsApp; labels `kind`, `outcome`.
pub const SENDS: &str = "charla_whatsapp_sends_total";
/// Seconds one send took at WhatsApp, without our own pacing.
pub const SEND_SECONDS: &str = "charla_whatsapp_send_seconds";
/// Seconds from the beginning of a customer's turn to its first answer taken by WhatsApp.
pub const REPLY_SECONDS: &str = "charla_reply_seconds";
/// Sends refused because the customer-service window had closed.
pub const WINDOW_REFUSALS: &str = "charla_window_refusals_total";
/// Fetches of the product names; `outcome` ok, failed.
pub const CATALOGUE_FETCHES: &str = "charla_catalogue_fetches_total";
/// Understanding; label `outcome` (`ok`, `full`, `timeout`, `worker`).
pub const UNDERSTANDINGS: &str = "charla_understandings_total";
/// Seconds understanding took, waiting for a free worker included.
pub const UNDERSTAND_SECONDS: &str = "charla_understand_seconds";
/// Matters; label `outcome` (`opened`, `resolved`, `escalated`, `abandoned`).
pub const MATTERS: &str = "charla_matters_total";
/// Agents' API requests; label `status`.
pub const AGENT_REQUESTS: &str = "charla_agent_requests_total";
/// What goes wrong in the dialogue without the customer's doing; label `code` (`CHARLA-E1101` to `CHARLA-E1107`).
pub const TROUBLES: &str = "charla_dialogue_troubles_total";
/// 1 while the named model serves; label `tier` (`joint`, `ngram`, `none`: the assistant understands no texts).
pub const MODEL_SERVING: &str = "charla_model_serving";
/// Rules of the dialogue that a state broke; stays 0. Label `rule`.
pub const INVARIANT_VIOLATIONS: &str = "charla_dialogue_invariant_violations_total";

/// Replies that the dialogue did not let go; label `reason` (`window_closed`, `queued`, `queued_courtesy`).
pub const WITHHELD: &str = "charla_withheld_total";
/// Consent to processing; label `outcome` (`asked`, `given`, `denied`, `withdrawn`, `outdated`).
pub const CONSENTS: &str = "charla_consents_total";
/// Messages kept until their sender has agreed.
pub const MESSAGES_KEPT: &str = "charla_consent_messages_kept_total";
/// Conversations that were put into the human queue; label `reason`, a word of the dialogue's.
pub const HANDOVERS: &str = "charla_handovers_total";
/// Conversations with a person; label `state` (`waiting`, `taken`). Counted up to [`crate::telemetry::scrape::QUEUE_LIMIT`].
pub const HUMAN_QUEUE: &str = "charla_human_queue";
/// Seconds that the first in the human queue has waited.
pub const HUMAN_QUEUE_OLDEST: &str = "charla_human_queue_oldest_seconds";
/// Events that could be accepted now.
pub const CREDITS: &str = "charla_free_credits";
/// Limits of the settings; label `of` (`credits`, `status_credits`, `held`, `outbox`, `resident`, `nlu_queue`).
pub const LIMIT: &str = "charla_limit";
/// 1 where the settings ask for the encoder and the assistant understands texts.
pub const ENCODER_WANTED: &str = "charla_nlu_encoder_wanted";
/// Bytes of the journal on disk.
pub const JOURNAL_BYTES: &str = "charla_journal_disk_bytes";
/// Bytes that are free where the data folder lies.
pub const FREE_BYTES: &str = "charla_data_free_bytes";
/// Bytes of the heap that the program has taken and not given back.
pub const HEAP_ALLOCATED: &str = "charla_heap_allocated_bytes";
/// Bytes of the pages on which these lie.
pub const HEAP_ACTIVE: &str = "charla_heap_active_bytes";
/// Bytes of the allocator's pages that are in memory: what lies on them, its own tables, and free pages not yet given back.
pub const HEAP_RESIDENT: &str = "charla_heap_resident_bytes";
/// Always 1; label `version`.
pub const BUILD: &str = "charla_build_info";

/// What a metric is.
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Distribution with fixed buckets.
    Histogram,
}

/// (name, kind, unit, help) of each.
pub const ALL: &[(&str, Kind, Unit, &str)] = &[
    (WEBHOOK_REQUESTS, Kind::Counter, Unit::Count, "Webhook requests by HTTP status"),
    (WEBHOOK_SECONDS, Kind::Histogram, Unit::Seconds, "Time to acknowledge a webhook"),
    (WEBHOOK_PARTS, Kind::Counter, Unit::Count, "Parts of webhooks by kind"),
    (BACKEND_CALLS, Kind::Counter, Unit::Count, "Backend calls by outcome"),
    (BACKEND_SECONDS, Kind::Histogram, Unit::Seconds, "Duration of backend calls"),
    (BREAKER_STATE, Kind::Gauge, Unit::Count, "Circuit breaker: 0 closed, 1 half open, 2 open"),
    (SENDS, Kind::Counter, Unit::Count, "Messages handed to WhatsApp by outcome"),
    (SEND_SECONDS, Kind::Histogram, Unit::Seconds, "Duration of a send at WhatsApp"),
    (
        REPLY_SECONDS,
        Kind::Histogram,
        Unit::Seconds,
        "Time from the beginning of a customer's turn to its first answer at WhatsApp",
    ),
    (WINDOW_REFUSALS, Kind::Counter, Unit::Count, "Sends refused outside the customer-service window"),
    (UNDERSTANDINGS, Kind::Counter, Unit::Count, "Texts understood by outcome"),
    (CATALOGUE_FETCHES, Kind::Counter, Unit::Count, "Fetches of the product names by outcome"),
    (UNDERSTAND_SECONDS, Kind::Histogram, Unit::Seconds, "Duration of understanding, waiting included"),
    (MATTERS, Kind::Counter, Unit::Count, "Matters by outcome"),
    (AGENT_REQUESTS, Kind::Counter, Unit::Count, "Requests to the agents' API by HTTP status"),
    (TROUBLES, Kind::Counter, Unit::Count, "Troubles of the dialogue by error code"),
    (MODEL_SERVING, Kind::Gauge, Unit::Count, "1 for the tier that serves"),
    (INVARIANT_VIOLATIONS, Kind::Counter, Unit::Count, "Dialogue rules broken; stays 0"),
    (WITHHELD, Kind::Counter, Unit::Count, "Replies that the dialogue did not let go, by reason"),
    (
        CONSENTS,
        Kind::Counter,
        Unit::Count,
        "Consent to processing: asked, given, denied, withdrawn, outdated",
    ),
    (MESSAGES_KEPT, Kind::Counter, Unit::Count, "Messages kept until their sender has agreed"),
    (HANDOVERS, Kind::Counter, Unit::Count, "Conversations put into the human queue, by reason"),
    (HUMAN_QUEUE, Kind::Gauge, Unit::Count, "Conversations that wait for a person, or that one has taken"),
    (HUMAN_QUEUE_OLDEST, Kind::Gauge, Unit::Seconds, "How long the first in the human queue has waited"),
    (CREDITS, Kind::Gauge, Unit::Count, "Events that could be accepted now"),
    (LIMIT, Kind::Gauge, Unit::Count, "Limits of the settings"),
    (ENCODER_WANTED, Kind::Gauge, Unit::Count, "1 where the encoder is to be used"),
    (JOURNAL_BYTES, Kind::Gauge, Unit::Bytes, "Journal on disk"),
    (FREE_BYTES, Kind::Gauge, Unit::Bytes, "Free where the data folder lies"),
    (HEAP_ALLOCATED, Kind::Gauge, Unit::Bytes, "Heap in use"),
    (HEAP_ACTIVE, Kind::Gauge, Unit::Bytes, "Heap pages on which something lies"),
    (HEAP_RESIDENT, Kind::Gauge, Unit::Bytes, "Heap pages in memory, the allocator's own included"),
    (BUILD, Kind::Gauge, Unit::Count, "Always 1, with the version"),
];
