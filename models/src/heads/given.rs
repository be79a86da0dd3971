//! Which entities come with which intents: what an intent's messages hold more often than others, the tags in a message of that
//! intent are likelier to be.

use super::tensors::Tensors;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Classes × entities: how many times as often an entity occurs in the class's messages as in all.
    ratios: Vec<f32>,
    entities: usize,
    /// What the logarithm of such a ratio counts, beside the other scores of a tag that begins an entity.
    pub share: f32,
}

/// Messages of all classes together that each class's own are joined by: of rare classes little is known.
const PRIOR: f32 = 4.0;

impl Given {
    /// Counted on messages: the class and the entities of each.
    pub fn count<'m>(
        messages: impl Iterator<Item = (usize, &'m [usize])>,
        classes: usize,
        entities: usize,
    ) -> Self {
        let mut counts = vec![0f32; classes * entities];
        let (mut of, mut all, mut n) = (vec![0f32; classes], vec![0f32; entities], 0f32);
        for (class, found) in messages {
            (of[class], n) = (of[class] + 1.0, n + 1.0);
            for &entity in found {
                counts[class * entities + entity] += 1.0;
                all[entity] += 1.0;
            }
        }
        let ratio = |(i, count): (usize, &f32)| {
            let usual = all[i % entities] / n.max(1.0);
            // An entity that never occurs is as likely everywhere.
            if usual > 0.0 { (count + PRIOR * usual) / ((of[i / entities] + PRIOR) * usual) } else { 1.0 }
        };
        let ratios = counts.iter().enumerate().map(ratio).collect();
        Self { ratios, entities, share: 0.0 }
    }

    /// What each entity's beginning scores more in a message whose intents are so likely.
    pub fn scores(&self, intents: &[f32]) -> Vec<f32> {
        self.scores_with(self.share, intents)
    }

    /// The same with another share.
    pub fn scores_with(&self, share: f32, intents: &[f32]) -> Vec<f32> {
        let mut sum = vec![0f32; self.entities];
        for (p, row) in intents.iter().zip(self.ratios.chunks_exact(self.entities.max(1))) {
            sum.iter_mut().zip(row).for_each(|(s, r)| *s += p * r);
        }
        sum.iter_mut().for_each(|s| *s = share * s.max(f32::MIN_POSITIVE).ln());
        sum
    }

    /// Puts it into `tensors` under names that begin with `prefix`.
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        tensors.put(&format!("{prefix}.ratios"), &self.ratios);
        tensors.put(&format!("{prefix}.share"), &[self.share]);
    }

    /// Takes out what [`Given::save`] put; `None` where it is not there or not for so many entities.
    pub fn take(prefix: &str, entities: usize, tensors: &mut Tensors) -> Option<Self> {
        let ratios = tensors.take(&format!("{prefix}.ratios"))?;
        let share = *tensors.take(&format!("{prefix}.share"))?.first()?;
        (entities > 0 && ratios.len().is_multiple_of(entities)).then_some(Self { ratios, entities, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_an_intent_scores_more_there() {
        // Class 0 always has entity 0, class 1 always entity 1; entity 2 never occurs.
        let lists: Vec<(usize, Vec<usize>)> = (0..40).map(|i| (i % 2, vec![i % 2])).collect();
        let mut given = Given::count(lists.iter().map(|(c, e)| (*c, e.as_slice())), 2, 3);
        assert_eq!(given.scores(&[1.0, 0.0]), [0.0; 3], "it counts for nothing until it has a share");
        given.share = 1.0;
        let (first, unsure) = (given.scores(&[1.0, 0.0]), given.scores(&[0.5, 0.5]));
        // (20 + 4/2) / (24/2) and (4/2) / (24/2).
        assert!(
            (first[0] - (22f32 / 12.0).ln()).abs() < 1e-5 && (first[1] - (2f32 / 12.0).ln()).abs() < 1e-5
        );
        assert!(unsure.iter().all(|s| s.abs() < 1e-5) && first[2] == 0.0, "{unsure:?}");
        let mut tensors = Tensors::default();
        given.save("g", &mut tensors);
        assert_eq!(Given::take("g", 3, &mut tensors.clone()), Some(given));
        assert_eq!(Given::take("g", 4, &mut tensors), None);
    }
}
