//! Vector kernels, written so that the compiler vectorises them and sums run in one order.

/// Inner product; slices of equal length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// `y += k·x`.
pub fn axpy(k: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += k * x;
    }
}

/// Turns logits into probabilities in place and returns the logarithm of their sum.
pub fn softmax(logits: &mut [f32]) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !most.is_finite() {
        return most;
    }
    let mut sum = 0.0;
    for x in logits.iter_mut() {
        *x = (*x - most).exp();
        sum += *x;
    }
    logits.iter_mut().for_each(|x| *x /= sum);
    most + sum.ln()
}

/// Place of the greatest; the first of equals, 0 for none.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, &v) in values.iter().enumerate() {
        if v > values[best] {
            best = i;
        }
    }
    best
}

/// Mean and 1/deviation of each column of rows of equal length.
pub fn standardizer<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, width: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut mean, mut square, mut n) = (vec![0f64; width], vec![0f64; width], 0f64);
    for row in rows {
        n += 1.0;
        for (i, &x) in row.iter().enumerate() {
            mean[i] += f64::from(x);
            square[i] += f64::from(x) * f64::from(x);
        }
    }
    let n = n.max(1.0);
    let scale = mean
        .iter()
        .zip(&square)
        .map(|(m, s)| (1.0 / (s / n - (m / n) * (m / n)).max(1e-10).sqrt()) as f32)
        .collect();
    (mean.into_iter().map(|m| (m / n) as f32).collect(), scale)
}

/// AdaGrad (Duchi, Hazan, Singer 2011) on one weight.
pub fn adagrad(weight: &mut f32, squares: &mut f32, gradient: f32, rate: f32) {
    *squares += gradient * gradient;
    *weight -= rate * gradient / (squares.sqrt() + 1e-6);
}

/// Adam (Kingma, Ba 2015) with decoupled weight decay (Loshchilov, Hutter 2019) on a dense block of weights.
#[derive(Debug, Clone)]
pub struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    step: i32,
}

impl Adam {
    /// For `n` weights.
    pub fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n], step: 0 }
    }

    /// One step against `gradient`, which is set to zero.
    pub fn step(&mut self, weights: &mut [f32], gradient: &mut [f32], rate: f32, decay: f32) {
        const B1: f32 = 0.9;
        const B2: f32 = 0.999;
        self.step += 1;
        let (c1, c2) = (1.0 - B1.powi(self.step), 1.0 - B2.powi(self.step));
        let rows = weights
            .iter_mut()
            .zip(gradient.iter_mut())
            .zip(self.first.iter_mut().zip(self.second.iter_mut()));
        for ((w, g), (m, v)) in rows {
            *m = B1 * *m + (1.0 - B1) * *g;
            *v = B2 * *v + (1.0 - B2) * *g * *g;
            *w -= rate * ((*m / c1) / ((*v / c2).sqrt() + 1e-8) + decay * *w);
            *g = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_agree_with_their_definitions() {
        let a: Vec<f32> = (0..19).map(|i| i as f32 * 0.5).collect();
        let b: Vec<f32> = (0..19).map(|i| 1.0 - i as f32).collect();
        let plain: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
        assert!((dot(&a, &b) - plain).abs() < 1e-3);
        let mut p = [1.0, 2.0, 3.0];
        let lse = softmax(&mut p);
        assert!((lse - (1f32.exp() + 2f32.exp() + 3f32.exp()).ln()).abs() < 1e-5);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(argmax(&p), 2);
        let rows = [[1.0f32, 5.0], [3.0, 5.0]];
        let (mean, scale) = standardizer(rows.iter().map(|r| &r[..]), 2);
        assert_eq!((mean[0], scale[0]), (2.0, 1.0));
    }

    #[test]
    fn adam_finds_a_minimum() {
        let (mut w, mut adam) = (vec![3.0f32], Adam::new(1));
        for _ in 0..2000 {
            let mut g = vec![2.0 * (w[0] - 1.0)];
            adam.step(&mut w, &mut g, 0.01, 0.0);
        }
        assert!((w[0] - 1.0).abs() < 0.01);
    }
}
