//! Wishes that mean another flow while one runs, or right after one was wished for: "cancel it altogether" while an
//! appointment is being moved is about the appointment.

use crate::config::domain::Target;
use crate::event::Understanding;
use crate::fold::{listed, words};
use crate::turn::Turn;

/// Words of orders: with one of them the order is meant.
const ORDERS: &str = "order orders ord ordr parcel package delivery refund pedido pedidos orden compra paquete entrega ऑर्डर पार्सल \
    डिलीवरी रिफंड";

/// The flow that a wish means here; the wish itself if it says what it is about.
pub(super) fn meant(turn: &Turn, text: &str, u: &Understanding, target: Target) -> Target {
    let Target::Flow(wished) = &target else { return target };
    let named = words(text).iter().any(|w| listed(ORDERS, w))
        || u.entities.iter().any(|e| matches!(e.entity.as_str(), "order_id" | "product" | "brand"));
    if named {
        return target;
    }
    let flow_of = |id: &str| turn.a.flows.get(id);
    let running: Vec<_> = turn
        .state
        .stack
        .iter()
        .rev()
        .filter(|f| !f.flow.starts_with("pattern_"))
        .filter_map(|f| flow_of(&f.flow))
        .collect();
    // "Leave it, cancel it altogether": what ran has gone with the first words.
    let before = || {
        let earlier = turn.state.exchanges.iter().rev().nth(1)?;
        match turn.a.target(&earlier.intent) {
            Some(Target::Flow(flow)) => flow_of(&flow),
            _ => None,
        }
    };
    let flows = if running.is_empty() { before().into_iter().collect() } else { running };
    let other = flows.iter().find_map(|f| f.means.iter().find(|(w, _)| w == wished));
    other.map_or_else(|| target.clone(), |(_, other)| Target::Flow(other.clone()))
}
