//! Status webhooks: sent, delivered, read, failed.

use super::{
    app::App,
    clock::Millis,
    customer::Customer,
    graph::GraphError,
    message::Status,
    options::BusinessNumber,
    webhook::{Kind, Update},
    world::ThreadKey,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// 1 October 2026, 00:00 UTC: from then on service messages are billed (announced; the final page was not available).
const SERVICE_BILLED_FROM: Millis = 1_790_812_800_000;

/// What the statuses of one message have in common.
pub(crate) struct Receipt<'a> {
    pub app: &'a Arc<App>,
    pub number: &'a Arc<BusinessNumber>,
    pub customer: &'a Customer,
    pub key: &'a ThreadKey,
    pub n: u64,
    pub wamid: &'a str,
    pub callback: Option<&'a str>,
    pub pricing: Value,
}

/// `pricing` of a message: per-message model, category of the template or `service`.
pub(crate) fn pricing(now: Millis, open: bool, category: Option<&str>) -> Value {
    let free = now < SERVICE_BILLED_FROM
        && match category {
            None => true,
            Some("utility") => open,
            Some(_) => false,
        };
    json!({
        "billable": !free,
        "pricing_model": "PMP",
        "type": if free { "free_customer_service" } else { "regular" },
        "category": category.unwrap_or("service"),
    })
}

impl Receipt<'_> {
    /// Plans `sent`, `delivered` and, unless only an open page reads, `read`.
    pub(crate) fn schedule(&self) {
        let (faults, skip) = {
            let mut dice = self.app.dice();
            let probability = dice.faults.skip_delivered;
            let skip = dice.faults.read_after_ms.is_some() && dice.chance(probability);
            (dice.faults.clone(), skip)
        };
        let mut sent = self.object(faults.user_id_only);
        sent["pricing"] = self.pricing.clone();
        self.submit(Status::Sent, sent, faults.sent_after_ms, faults.user_id_only);
        if !skip {
            let delivered = self.object(faults.user_id_only);
            self.submit(Status::Delivered, delivered, faults.delivered_after_ms, faults.user_id_only);
        }
        if let Some(after) = faults.read_after_ms {
            let read = self.object(faults.user_id_only);
            self.submit(Status::Read, read, after.max(faults.delivered_after_ms), faults.user_id_only);
        }
    }

    /// `read` now: an open page shows the message.
    pub(crate) fn read_now(&self) {
        let hidden = self.app.faults().user_id_only;
        self.submit(Status::Read, self.object(hidden), 0, hidden);
    }

    /// `failed`, for what was taken and will not arrive.
    pub(crate) fn failed(&self, error: &GraphError) {
        let faults = self.app.faults();
        let mut object = self.object(faults.user_id_only);
        object["errors"] = json!([error.in_status()]);
        self.app.stats.graph_error(error.code);
        self.submit(Status::Failed, object, faults.sent_after_ms, faults.user_id_only);
    }

    fn object(&self, hidden: bool) -> Value {
        let mut object = json!({"id": self.wamid});
        self.customer.address(hidden, "recipient_id", "recipient_user_id", &mut object);
        if let Some(data) = self.callback {
            object["biz_opaque_callback_data"] = data.into();
        }
        object
    }

    fn submit(&self, status: Status, object: Value, after_ms: u64, hidden: bool) {
        // Statuses of failed messages carry no contacts (business-scoped user ids, June 2026).
        let contact = (status != Status::Failed).then(|| self.customer.contact(hidden));
        let update = Update {
            number: Arc::clone(self.number),
            key: self.key.clone(),
            n: self.n,
            kind: Kind::Status { status, contact, object },
        };
        // Room was asked for before the message was taken.
        let _ = self.app.webhooks.submit(self.app, update, Duration::from_millis(after_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_messages_are_free_until_october_2026() {
        assert_eq!(pricing(SERVICE_BILLED_FROM - 1, true, None)["billable"], false);
        assert_eq!(pricing(SERVICE_BILLED_FROM, true, None)["type"], "regular");
        assert_eq!(pricing(SERVICE_BILLED_FROM - 1, true, Some("utility"))["type"], "free_customer_service");
        assert_eq!(pricing(SERVICE_BILLED_FROM - 1, false, Some("utility"))["billable"], true);
        assert_eq!(pricing(0, true, Some("marketing"))["category"], "marketing");
    }

    #[test]
    fn the_date_is_the_one_it_says() {
        let date: jiff::Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(date.as_millisecond(), SERVICE_BILLED_FROM);
    }
}
