//! Intents that lead to much the same: what a message is between them need not be sure, if it is surely one of them.

use crate::assistant::Assistant;
use crate::event::Understanding;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The understanding with the families' weight: where the likeliest intent falls short of its threshold, and the intents of
/// one family together reach that of their likeliest, this one stands first, with the probability of them all. Calibrated
/// probabilities of exclusive events add up, so that 70 % still means 70 %: of the family.
pub(crate) fn settled<'u>(a: &Assistant, u: &'u Understanding) -> Cow<'u, Understanding> {
    let sure = u.intents.first().is_none_or(|(intent, p)| *p >= a.threshold(intent));
    match if sure { None } else { likeliest(a, u) } {
        None => Cow::Borrowed(u),
        Some((member, sum)) => {
            let mut settled = u.clone();
            settled.intents.retain(|(intent, _)| *intent != member);
            settled.intents.insert(0, (member, sum));
            Cow::Owned(settled)
        }
    }
}

/// The likeliest member of the likeliest family that is sure enough, and the family's probability.
fn likeliest(a: &Assistant, u: &Understanding) -> Option<(String, f32)> {
    let mut families: BTreeMap<&str, (&str, f32)> = BTreeMap::new();
    for (intent, p) in &u.intents {
        if let Some(family) = a.domain.intents.get(intent).and_then(|i| i.family.as_deref()) {
            families.entry(family).or_insert((intent, 0.0)).1 += p;
        }
    }
    let best = families.into_values().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best.1 >= a.threshold(best.0)).then(|| (best.0.to_owned(), best.1.min(1.0)))
}
