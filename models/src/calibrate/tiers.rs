//! When the n-gram model may answer alone.

/// How much of the accuracy of the full cascade the first tier may cost on what it answers.
const COST: f32 = 0.002;

/// What both tiers made of one held-out message.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Confidence of the n-gram model: the less of its intent's and its tags' probability.
    pub confidence: f32,
    /// Whether its intent and entities were right.
    pub first: bool,
    /// Whether the joint model's were.
    pub second: bool,
    /// How many messages of real traffic it stands for: more than one where its kind is rarer in the data.
    pub weight: f32,
}

/// The least confidence from which on the n-gram model is as good as the joint one; above 1 where it never is.
pub fn threshold(outcomes: &[Outcome]) -> f32 {
    let mut sorted = outcomes.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut first, mut second, mut n, mut best) = (0f32, 0f32, 0f32, 2.0f32);
    for (i, outcome) in sorted.iter().enumerate() {
        let count = |right: bool| if right { outcome.weight } else { 0.0 };
        first += count(outcome.first);
        second += count(outcome.second);
        n += outcome.weight;
        let same = sorted.get(i + 1).is_some_and(|next| next.confidence == outcome.confidence);
        // A threshold from a handful of messages would be luck.
        if !same && i >= 50 && (second - first) / n <= COST {
            best = outcome.confidence;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_where_the_first_tier_begins_to_cost() {
        let outcomes: Vec<Outcome> = (0..1000)
            .map(|i| {
                let confidence = i as f32 / 1000.0;
                Outcome { confidence, first: confidence > 0.8 || i % 3 == 0, second: true, weight: 1.0 }
            })
            .collect();
        let found = threshold(&outcomes);
        assert!((0.79..0.82).contains(&found), "{found}");
        assert!(threshold(&outcomes[..10]) > 1.0);
        // What only the joint model gets right keeps more from the first tier the commoner it is.
        let rare: Vec<Outcome> = outcomes
            .iter()
            .enumerate()
            .map(|(i, o)| Outcome {
                first: o.first && i % 50 != 0,
                weight: if i % 50 == 0 { 9.0 } else { 1.0 },
                ..*o
            })
            .collect();
        assert!(threshold(&rare) > found);
    }
}
