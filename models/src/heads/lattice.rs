//! Sums and maxima over all tag sequences of a message: the arithmetic of a linear-chain conditional random field
//! (Lafferty, McCallum, Pereira 2001), in scaled probabilities (Rabiner 1989).

use super::tags::Tags;

/// Scores of a chain: what a tag scores after another, first, and last. Pairs not listed are impossible.
#[derive(Debug, Clone)]
pub struct Chain {
    /// How many tags.
    pub tags: usize,
    /// The possible pairs.
    pub pairs: Vec<(usize, usize)>,
    /// A score for each of them.
    pub scores: Vec<f32>,
}

impl Chain {
    /// All scores 0.
    pub fn new(tags: &Tags) -> Self {
        let pairs = tags.pairs();
        Self { tags: tags.len(), scores: vec![0.0; pairs.len()], pairs }
    }
}

/// Forward and backward sums for one message.
pub struct Lattice {
    tags: usize,
    potentials: Vec<f32>,
    exp_scores: Vec<f32>,
    alpha: Vec<f32>,
    beta: Vec<f32>,
    /// Scale of each position.
    scale: Vec<f32>,
    /// Logarithm of the sum over all sequences.
    pub log_z: f64,
}

impl Lattice {
    /// Sums for emission scores `n × tags`, n ≥ 1.
    pub fn new(chain: &Chain, emissions: &[f32]) -> Self {
        let tags = chain.tags;
        let n = emissions.len() / tags;
        let mut potentials = vec![0f32; n * tags];
        let mut log_z = 0f64;
        for (out, row) in potentials.chunks_exact_mut(tags).zip(emissions.chunks_exact(tags)) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            log_z += f64::from(most);
            out.iter_mut().zip(row).for_each(|(o, e)| *o = (e - most).exp());
        }
        let exp_scores: Vec<f32> = chain.scores.iter().map(|s| s.exp()).collect();
        let mut alpha = vec![0f32; n * tags];
        let mut scale = vec![0f32; n];
        for t in 0..n {
            let (before, now) = alpha.split_at_mut(t * tags);
            let now = &mut now[..tags];
            if t == 0 {
                now.iter_mut().enumerate().for_each(|(j, a)| *a = f32::from(u8::from(Tags::may_begin(j))));
            } else {
                let before = &before[(t - 1) * tags..];
                for (&(i, j), e) in chain.pairs.iter().zip(&exp_scores) {
                    now[j] += before[i] * e;
                }
            }
            now.iter_mut().zip(&potentials[t * tags..]).for_each(|(a, p)| *a *= p);
            if t + 1 == n {
                now.iter_mut().enumerate().filter(|(j, _)| !Tags::may_end(*j)).for_each(|(_, a)| *a = 0.0);
            }
            // Far apart scores may underflow; a tiny scale keeps the arithmetic finite.
            let sum = now.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            now.iter_mut().for_each(|a| *a /= sum);
            scale[t] = sum;
            log_z += f64::from(sum).ln();
        }
        let mut beta = vec![0f32; n * tags];
        for (j, b) in beta[(n - 1) * tags..].iter_mut().enumerate() {
            *b = f32::from(u8::from(Tags::may_end(j)));
        }
        for t in (0..n - 1).rev() {
            let (now, next) = beta.split_at_mut((t + 1) * tags);
            let now = &mut now[t * tags..];
            let potentials = &potentials[(t + 1) * tags..(t + 2) * tags];
            for (&(i, j), e) in chain.pairs.iter().zip(&exp_scores) {
                now[i] += e * potentials[j] * next[j];
            }
            now.iter_mut().for_each(|b| *b /= scale[t + 1]);
        }
        Self { tags, potentials, exp_scores, alpha, beta, scale, log_z }
    }

    /// Probability of each tag at each position, `n × tags`.
    pub fn marginals(&self) -> Vec<f32> {
        self.alpha.iter().zip(&self.beta).map(|(a, b)| a * b).collect()
    }

    /// Adds the expected count of each pair of `chain` to `out`.
    pub fn add_pairs(&self, chain: &Chain, out: &mut [f32]) {
        for t in 1..self.scale.len() {
            let before = &self.alpha[(t - 1) * self.tags..t * self.tags];
            let at = t * self.tags;
            for ((&(i, j), e), out) in chain.pairs.iter().zip(&self.exp_scores).zip(out.iter_mut()) {
                *out += before[i] * e * self.potentials[at + j] * self.beta[at + j] / self.scale[t];
            }
        }
    }

    /// Probability that the positions `first..` carry exactly the tags `path`.
    pub fn segment(&self, chain: &Chain, first: usize, path: &[usize]) -> f32 {
        let Some((&start, rest)) = path.split_first() else { return 1.0 };
        let mut p = self.alpha[first * self.tags + start];
        let mut from = start;
        for (t, &to) in (first + 1..).zip(rest) {
            let e =
                chain.pairs.iter().position(|&pair| pair == (from, to)).map_or(0.0, |k| self.exp_scores[k]);
            p *= e * self.potentials[t * self.tags + to] / self.scale[t];
            from = to;
        }
        (p * self.beta[(first + path.len() - 1) * self.tags + from]).clamp(0.0, 1.0)
    }
}

/// The best sequence of tags and its score (Viterbi).
pub fn best(chain: &Chain, emissions: &[f32]) -> (Vec<usize>, f64) {
    let tags = chain.tags;
    let n = emissions.len() / tags;
    let mut score: Vec<f32> =
        (0..tags).map(|j| if Tags::may_begin(j) { emissions[j] } else { f32::NEG_INFINITY }).collect();
    let mut from = vec![0usize; n * tags];
    for t in 1..n {
        let mut next = vec![f32::NEG_INFINITY; tags];
        for (&(i, j), s) in chain.pairs.iter().zip(&chain.scores) {
            let candidate = score[i] + s;
            if candidate > next[j] {
                next[j] = candidate;
                from[t * tags + j] = i;
            }
        }
        next.iter_mut().zip(&emissions[t * tags..]).for_each(|(n, e)| *n += e);
        score = next;
    }
    let mut last = 0;
    for j in (0..tags).filter(|&j| Tags::may_end(j)) {
        if score[j] > score[last] {
            last = j;
        }
    }
    let total = f64::from(score[last]);
    let mut path = vec![last; n];
    for t in (1..n).rev() {
        path[t - 1] = from[t * tags + path[t]];
    }
    (path, total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// All legal sequences with their scores.
    fn all(chain: &Chain, emissions: &[f32]) -> Vec<(Vec<usize>, f64)> {
        let n = emissions.len() / chain.tags;
        let mut paths: Vec<(Vec<usize>, f64)> = (0..chain.tags)
            .filter(|&j| Tags::may_begin(j))
            .map(|j| (vec![j], f64::from(emissions[j])))
            .collect();
        for t in 1..n {
            paths = paths
                .iter()
                .flat_map(|(path, score)| {
                    chain.pairs.iter().zip(&chain.scores).filter(|((i, _), _)| i == &path[t - 1]).map(
                        move |(&(_, j), s)| {
                            let mut longer = path.clone();
                            longer.push(j);
                            (longer, score + f64::from(*s) + f64::from(emissions[t * chain.tags + j]))
                        },
                    )
                })
                .collect();
        }
        paths.retain(|(path, _)| path.last().is_some_and(|&j| Tags::may_end(j)));
        paths
    }

    #[test]
    fn sums_and_maxima_agree_with_enumeration() {
        let mut random = Random::new(3);
        for n in 1..5 {
            let mut chain = Chain::new(&Tags::new(2));
            chain.scores.iter_mut().for_each(|s| *s = random.normal());
            let emissions: Vec<f32> = (0..n * chain.tags).map(|_| random.normal() * 2.0).collect();
            let paths = all(&chain, &emissions);
            let z: f64 = paths.iter().map(|(_, s)| s.exp()).sum();
            let lattice = Lattice::new(&chain, &emissions);
            assert!((lattice.log_z - z.ln()).abs() < 1e-3);
            let (best_path, best_score) = best(&chain, &emissions);
            let most = paths.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert_eq!(best_path, most.0);
            assert!((best_score - most.1).abs() < 1e-3);
            let marginals = lattice.marginals();
            for t in 0..n {
                for j in 0..chain.tags {
                    let exact: f64 = paths.iter().filter(|(p, _)| p[t] == j).map(|(_, s)| s.exp() / z).sum();
                    assert!((f64::from(marginals[t * chain.tags + j]) - exact).abs() < 1e-3);
                }
            }
            let first = n.min(2) - 1;
            let exact: f64 = paths
                .iter()
                .filter(|(p, _)| p[first..] == best_path[first..])
                .map(|(_, s)| s.exp() / z)
                .sum();
            assert!((f64::from(lattice.segment(&chain, first, &best_path[first..])) - exact).abs() < 1e-3);
        }
    }
}
