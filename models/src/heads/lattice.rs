//! Sums and maxima over all tag sequences of a message: the arithmetic of a linear-chain conditional random field
//! (Lafferty, McCallum, Pereira 2001), in scaled probabilities (Rabiner 1989).

use super::{
    math::{axpy, dot},
    tags::{Tag, Tags},
};

/// Scores of a chain: what a tag scores after another. Pairs not listed are impossible.
///
/// The pairs stand in an order of which the sums make use: after a tag that ends something ("outside", last, unit) comes any
/// that begins something ("outside", begin, unit), a block of `1 + 2·entities` pairs in the order of [`Starts`]; after begin and
/// inside come inside and last of the same entity.
#[derive(Debug, Clone)]
pub struct Chain {
    /// How many tags.
    pub tags: usize,
    pairs: Vec<(usize, usize)>,
    scores: Vec<f32>,
    /// `e` to the power of each score.
    raised: Vec<f32>,
}

impl Chain {
    /// All scores 0.
    pub fn new(tags: &Tags) -> Self {
        let pairs = tags.pairs();
        Self { tags: tags.len(), scores: vec![0.0; pairs.len()], raised: vec![1.0; pairs.len()], pairs }
    }

    /// The possible pairs.
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// The score of each pair.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// Changes the score of a pair.
    pub fn change(&mut self, pair: usize, change: impl FnOnce(&mut f32)) {
        change(&mut self.scores[pair]);
        self.raised[pair] = self.scores[pair].exp();
    }

    /// Takes other scores, as many as there are pairs; `None`, and nothing changes, where they are not.
    pub fn set(&mut self, scores: Vec<f32>) -> Option<()> {
        (scores.len() == self.pairs.len()).then(|| {
            self.raised = scores.iter().map(|s| s.exp()).collect();
            self.scores = scores;
        })
    }

    /// Tags that end something, and where the block of pairs begins in which they come first.
    fn ends(&self) -> impl Iterator<Item = (usize, usize)> {
        let block = Starts::count(self.tags);
        let whole = 2 * block + 4;
        let of = move |e: usize| {
            let at = block + e * whole + 4;
            [(Tags::index(Tag::Last(e)), at), (Tags::index(Tag::Unit(e)), at + block)]
        };
        std::iter::once((0, 0)).chain((0..self.tags / 4).flat_map(of))
    }

    /// Tags of a span that goes on: from, to, and the pair's place.
    fn inner(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let block = Starts::count(self.tags);
        let whole = 2 * block + 4;
        (0..self.tags / 4).flat_map(move |e| {
            let at = block + e * whole;
            let [begin, inside, last] = [Tag::Begin(e), Tag::Inside(e), Tag::Last(e)].map(Tags::index);
            [(begin, inside, at), (begin, last, at + 1), (inside, inside, at + 2), (inside, last, at + 3)]
        })
    }
}

/// A number for each tag that may begin something, one after the other.
struct Starts(Vec<f32>);

impl Starts {
    const fn count(tags: usize) -> usize {
        1 + 2 * (tags / 4)
    }

    fn new(tags: usize, number: f32) -> Self {
        Self(vec![number; Self::count(tags)])
    }

    /// The tag at each place.
    fn tag(place: usize) -> usize {
        match place {
            0 => 0,
            _ if place % 2 == 1 => Tags::index(Tag::Begin(place / 2)),
            _ => Tags::index(Tag::Unit(place / 2 - 1)),
        }
    }

    /// Fills it from numbers of all tags.
    fn gather(&mut self, of: impl Fn(usize) -> f32) {
        self.0.iter_mut().enumerate().for_each(|(place, number)| *number = of(Self::tag(place)));
    }

    fn scatter(&self, all: &mut [f32]) {
        self.0.iter().enumerate().for_each(|(place, number)| all[Self::tag(place)] = *number);
    }
}

/// Forward and backward sums for one message.
pub struct Lattice {
    tags: usize,
    potentials: Vec<f32>,
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
        let mut starts = Starts::new(tags, 0.0);
        let block = starts.0.len();
        let mut alpha = vec![0f32; n * tags];
        let mut scale = vec![0f32; n];
        for t in 0..n {
            let (before, now) = alpha.split_at_mut(t * tags);
            let now = &mut now[..tags];
            if t == 0 {
                now.iter_mut().enumerate().for_each(|(j, a)| *a = f32::from(u8::from(Tags::may_begin(j))));
            } else {
                let before = &before[(t - 1) * tags..];
                starts.0.fill(0.0);
                for (i, at) in chain.ends().filter(|(i, _)| before[*i] != 0.0) {
                    axpy(before[i], &chain.raised[at..at + block], &mut starts.0);
                }
                starts.scatter(now);
                chain.inner().for_each(|(i, j, at)| now[j] += before[i] * chain.raised[at]);
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
            starts.gather(|j| potentials[j] * next[j]);
            for (i, at) in chain.ends() {
                now[i] = dot(&chain.raised[at..at + block], &starts.0);
            }
            chain.inner().for_each(|(i, j, at)| now[i] += chain.raised[at] * potentials[j] * next[j]);
            now.iter_mut().for_each(|b| *b /= scale[t + 1]);
        }
        Self { tags, potentials, alpha, beta, scale, log_z }
    }

    /// Probability of each tag at each position, `n × tags`.
    pub fn marginals(&self) -> Vec<f32> {
        self.alpha.iter().zip(&self.beta).map(|(a, b)| a * b).collect()
    }

    /// Adds the expected count of each pair of `chain` to `out`.
    pub fn add_pairs(&self, chain: &Chain, out: &mut [f32]) {
        let mut starts = Starts::new(self.tags, 0.0);
        let block = starts.0.len();
        for t in 1..self.scale.len() {
            let before = &self.alpha[(t - 1) * self.tags..t * self.tags];
            let at = t * self.tags;
            let after = |j: usize| self.potentials[at + j] * self.beta[at + j] / self.scale[t];
            starts.gather(after);
            for (i, at) in chain.ends().filter(|(i, _)| before[*i] != 0.0) {
                let rows = chain.raised[at..at + block].iter().zip(&starts.0);
                out[at..at + block].iter_mut().zip(rows).for_each(|(o, (e, s))| *o += before[i] * e * s);
            }
            chain.inner().for_each(|(i, j, at)| out[at] += before[i] * chain.raised[at] * after(j));
        }
    }

    /// Probability that the positions `first..` carry exactly the tags `path`.
    pub fn segment(&self, chain: &Chain, first: usize, path: &[usize]) -> f32 {
        let Some((&start, rest)) = path.split_first() else { return 1.0 };
        let mut p = self.alpha[first * self.tags + start];
        let mut from = start;
        for (t, &to) in (first + 1..).zip(rest) {
            let e = chain.pairs.iter().position(|&pair| pair == (from, to)).map_or(0.0, |k| chain.raised[k]);
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
    let block = Starts::count(tags);
    let mut whence = vec![0u32; block];
    for t in 1..n {
        let mut next = vec![f32::NEG_INFINITY; tags];
        let mut starts = Starts::new(tags, f32::NEG_INFINITY);
        for (i, at) in chain.ends() {
            let (before, name) = (score[i], i as u32);
            let scores = &chain.scores[at..at + block];
            for ((most, whence), s) in starts.0.iter_mut().zip(&mut whence).zip(scores) {
                let candidate = before + s;
                let better = candidate > *most;
                *most = if better { candidate } else { *most };
                *whence = if better { name } else { *whence };
            }
        }
        starts.scatter(&mut next);
        let from = &mut from[t * tags..(t + 1) * tags];
        whence.iter().enumerate().for_each(|(place, i)| from[Starts::tag(place)] = *i as usize);
        for (i, j, at) in chain.inner() {
            let candidate = score[i] + chain.scores[at];
            if candidate > next[j] {
                next[j] = candidate;
                from[j] = i;
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
    fn blocks_and_inner_pairs_are_all_pairs() {
        for entities in 0..4 {
            let chain = Chain::new(&Tags::new(entities));
            let block = Starts::count(chain.tags);
            let blocks =
                chain.ends().flat_map(|(i, at)| (0..block).map(move |p| (at + p, (i, Starts::tag(p)))));
            let mut found: Vec<_> = blocks.chain(chain.inner().map(|(i, j, at)| (at, (i, j)))).collect();
            found.sort_unstable();
            assert_eq!(found, chain.pairs().iter().copied().enumerate().collect::<Vec<_>>());
        }
    }

    #[test]
    fn sums_and_maxima_agree_with_enumeration() {
        let mut random = Random::new(3);
        for n in 1..5 {
            let mut chain = Chain::new(&Tags::new(2));
            chain.set(chain.scores().iter().map(|_| random.normal()).collect()).unwrap();
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
