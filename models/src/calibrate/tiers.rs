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

/// The least confidence from which on the n-gram model is as good as the joint one; above 1 where it never is. `errors`: by how
/// many standard errors of the measured cost it must be so; 0 believes the measurement, which is too kind to it because the
/// best of many thresholds is taken.
pub fn threshold(outcomes: &[Outcome], errors: f32) -> f32 {
    let mut sorted = outcomes.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut cost, mut squares, mut n, mut best) = (0f32, 0f32, 0f32, 2.0f32);
    for (i, outcome) in sorted.iter().enumerate() {
        let lost = f32::from(i8::from(outcome.second) - i8::from(outcome.first)) * outcome.weight;
        cost += lost;
        squares += lost * lost;
        n += outcome.weight;
        let same = sorted.get(i + 1).is_some_and(|next| next.confidence == outcome.confidence);
        // A threshold from a handful of messages would be luck.
        if !same && i >= 50 && (cost + errors * squares.sqrt()) / n <= COST {
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
        let found = threshold(&outcomes, 0.0);
        assert!((0.79..0.82).contains(&found), "{found}");
        assert!(threshold(&outcomes[..10], 0.0) > 1.0);
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
        assert!(threshold(&rare, 0.0) > found);
    }

    #[test]
    fn what_might_be_luck_can_be_asked_to_be_certain() {
        // Among the surest hundred both are wrong five times, each about other messages.
        let few: Vec<Outcome> = (0..100)
            .map(|i| {
                let confidence = 1.0 - i as f32 / 1000.0;
                Outcome { confidence, first: i % 20 != 3, second: i % 20 != 7, weight: 1.0 }
            })
            .collect();
        assert!(threshold(&few, 0.0) < 1.0);
        assert!(threshold(&few, 1.64) > 1.0);
        // Where the first is wrong about nothing the second knows, there is nothing to be uncertain of.
        let same: Vec<Outcome> = few.iter().map(|o| Outcome { second: o.first, ..*o }).collect();
        assert_eq!(threshold(&same, 1.64), threshold(&same, 0.0));
    }
}
