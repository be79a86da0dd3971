//! Linear discriminant analysis (Fisher 1936) with a covariance drawn towards a multiple of the identity (Ledoit, Wolf 2004).
//! With few examples it is most of what can be known.

use ndarray::{Array2, Axis};

/// Share of the covariance taken from the identity.
const SHRINK: f64 = 0.3;

/// Scores of classes, linear in a vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Discriminant {
    /// Classes × width.
    pub weights: Vec<f32>,
    /// One for each class: its mean lies so far out. A class without examples has the least of all.
    pub bias: Vec<f32>,
}

/// The discriminant of vectors (messages × width, each component with mean 0) of the given classes, all as likely. A message's
/// scores have a deviation of 1 over the classes, in the mean of these messages.
pub(super) fn fit(x: &Array2<f32>, of: &[usize], classes: usize) -> Discriminant {
    let (n, width) = x.dim();
    let x = x.mapv(f64::from);
    let mut means = Array2::<f64>::zeros((classes, width));
    let mut counts = vec![0f64; classes];
    for (row, &class) in x.axis_iter(Axis(0)).zip(of) {
        means.row_mut(class).scaled_add(1.0, &row);
        counts[class] += 1.0;
    }
    for (mut mean, count) in means.axis_iter_mut(Axis(0)).zip(&counts) {
        mean /= count.max(1.0);
    }
    let mut rest = x.clone();
    for (mut row, &class) in rest.axis_iter_mut(Axis(0)).zip(of) {
        row -= &means.row(class);
    }
    let mut covariance = rest.t().dot(&rest) / (n.saturating_sub(classes)).max(1) as f64;
    let level = covariance.diag().sum() / width as f64;
    covariance *= 1.0 - SHRINK;
    covariance.diag_mut().mapv_inplace(|v| v + (SHRINK * level).max(1e-6));
    let Some(factor) = cholesky(covariance) else {
        return Discriminant { weights: vec![0.0; classes * width], bias: vec![0.0; classes] };
    };
    let mut out = means.clone();
    for mut row in out.axis_iter_mut(Axis(0)) {
        let mut v = row.to_vec();
        solve(&factor, &mut v);
        row.iter_mut().zip(v).for_each(|(r, v)| *r = v);
    }
    let mut bias: Vec<f64> =
        out.axis_iter(Axis(0)).zip(means.axis_iter(Axis(0))).map(|(w, mean)| -0.5 * w.dot(&mean)).collect();
    let least = bias.iter().copied().fold(0.0, f64::min);
    bias.iter_mut().zip(&counts).filter(|(_, count)| **count == 0.0).for_each(|(bias, _)| *bias = least);
    // The gap between the classes' scores tells how sure they are, not the scores themselves.
    let scores = x.dot(&out.t()) + ndarray::aview1(&bias);
    let deviation = scores.axis_iter(Axis(0)).map(|row| row.std(0.0)).sum::<f64>() / n.max(1) as f64;
    let scale = 1.0 / deviation.max(1e-9);
    let scaled = |w: &f64| (w * scale) as f32;
    Discriminant { weights: out.iter().map(scaled).collect(), bias: bias.iter().map(scaled).collect() }
}

/// Lower triangle L with L·Lᵀ = the matrix; `None` where it is not positive definite.
fn cholesky(mut a: Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    for j in 0..n {
        for k in 0..j {
            let at = a[[j, k]];
            for i in j..n {
                let step = a[[i, k]] * at;
                a[[i, j]] -= step;
            }
        }
        let pivot = a[[j, j]];
        if pivot <= 0.0 || !pivot.is_finite() {
            return None;
        }
        let root = pivot.sqrt();
        for i in j..n {
            a[[i, j]] /= root;
        }
    }
    Some(a)
}

fn solve(l: &Array2<f64>, b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let known: f64 = (0..i).map(|j| l[[i, j]] * b[j]).sum();
        b[i] = (b[i] - known) / l[[i, i]];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| l[[j, i]] * b[j]).sum();
        b[i] = (b[i] - known) / l[[i, i]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn separates_what_differs_little_from_what_varies_much() {
        // The classes differ in the second component only; the first, shared noise, is ten times as wide.
        let mut random = Random::new(3);
        let of: Vec<usize> = (0..200).map(|i| i % 2).collect();
        let x = Array2::from_shape_fn((200, 2), |(i, j)| {
            if j == 0 { random.normal() } else { of[i] as f32 * 0.4 - 0.2 + random.normal() * 0.05 }
        });
        let Discriminant { weights: w, bias } = fit(&x, &of, 3);
        let score = |i: usize, c: usize| x[[i, 0]] * w[2 * c] + x[[i, 1]] * w[2 * c + 1] + bias[c];
        let right = (0..200).filter(|&i| (score(i, 1) > score(i, 0)) == (of[i] == 1)).count();
        assert!(right > 195, "{right} of 200");
        // Of the third class there is no example.
        assert!(bias[2] < 0.0 && bias[2] <= bias[0].min(bias[1]), "{bias:?}");
    }

    #[test]
    fn solves_what_it_factors() {
        let a = ndarray::arr2(&[[4.0, 1.0], [1.0, 3.0]]);
        let mut b = [1.0, 2.0];
        solve(&cholesky(a).unwrap(), &mut b);
        assert!((b[0] - 1.0 / 11.0).abs() < 1e-12 && (b[1] - 7.0 / 11.0).abs() < 1e-12);
        assert!(cholesky(ndarray::arr2(&[[1.0, 2.0], [2.0, 1.0]])).is_none());
    }
}
