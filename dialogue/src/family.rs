//! Intents that lead to much the same: what a message is between them need not be sure, if it is surely one of them. Nor does what a
//! message greets with beside its wish make the wish less sure.

use crate::assistant::Assistant;
use crate::config::courtesy::Courtesy;
use crate::event::Understanding;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The understanding with the families' weight: where the likeliest intent falls short of its threshold, and the intents of
/// one family together reach that of their likeliest, this one stands first, with the probability of them all. Calibrated
/// probabilities of exclusive events add up, so that 70 % still means 70 %: of the family.
///
/// Where a clause of its own surely is a greeting ("hola, qué tal? …"), the message is that anyhow, and what is asked is what else it
/// is: the others' probabilities given that it is more than a greeting. Thanks and farewells may be all that is meant.
pub(crate) fn settled<'u>(a: &Assistant, u: &'u Understanding) -> Cow<'u, Understanding> {
    let sure = |u: &Understanding| u.intents.first().is_none_or(|(intent, p)| *p >= a.threshold(intent));
    if sure(u) {
        return Cow::Borrowed(u);
    }
    let u = beside_greeting(a, u);
    match if sure(&u) { None } else { likeliest(a, &u) } {
        None => u,
        Some((member, sum)) => {
            let mut settled = u.into_owned();
            settled.intents.retain(|(intent, _)| *intent != member);
            settled.intents.insert(0, (member, sum));
            Cow::Owned(settled)
        }
    }
}

/// Probability that a greeting may have in the message as a whole, at most: above it the rest is too little to judge by.
const GREETING: f32 = 0.6;

/// The understanding without the greeting that a clause of its own surely is.
fn beside_greeting<'u>(a: &Assistant, u: &'u Understanding) -> Cow<'u, Understanding> {
    let greets =
        |intent: &str| a.domain.intents.get(intent).is_some_and(|i| i.courtesy == Some(Courtesy::Greeting));
    let told: Vec<&str> = u
        .clauses
        .iter()
        .filter_map(|clause| clause.intents.first().map(|(intent, p)| (intent, *p, clause.out_of_scope)))
        .filter(|(intent, p, out)| greets(intent) && a.is_sure(intent, *p, *out))
        .map(|(intent, ..)| intent.as_str())
        .collect();
    let share: f32 = u.intents.iter().filter(|(i, _)| told.contains(&i.as_str())).map(|(_, p)| p).sum();
    if told.len() == u.clauses.len() || share <= 0.0 || share > GREETING {
        return Cow::Borrowed(u);
    }
    let mut rest = u.clone();
    rest.intents.retain(|(intent, _)| !told.contains(&intent.as_str()));
    for (_, p) in &mut rest.intents {
        *p = (*p / (1.0 - share)).min(1.0);
    }
    Cow::Owned(rest)
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
