//! Runs the layers over several texts at once: their pieces stand below each other, and each attends to its own text only.

use super::product;
use super::weights::{ALN, AO, FI, FO, K, Layer, OLN, Q, Shape, Top, V};
use crate::random::Random;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice, linalg::general_mat_mul};
use std::ops::Range;

/// What a layer's backward pass needs of its forward pass.
pub struct Trace {
    pub(super) x: Array2<f32>,
    pub(super) q: Array2<f32>,
    pub(super) k: Array2<f32>,
    pub(super) v: Array2<f32>,
    /// Attention of each text's heads.
    pub(super) shares: Vec<Array2<f32>>,
    pub(super) seen: Array2<f32>,
    pub(super) kept1: Option<Array2<f32>>,
    pub(super) norm1: Normalized,
    pub(super) x1: Array2<f32>,
    pub(super) wide: Array2<f32>,
    pub(super) gelu: Array2<f32>,
    pub(super) kept2: Option<Array2<f32>>,
    pub(super) norm2: Normalized,
}

/// A normalisation's input at mean 0 and deviation 1, and 1/deviation of each row.
pub struct Normalized {
    pub(super) rows: Array2<f32>,
    pub(super) scale: Array1<f32>,
}

/// Random parts set to zero in training.
pub struct Drop<'r> {
    /// Where the chance comes from.
    pub random: &'r mut Random,
    /// Share set to zero, in [0, 1).
    pub share: f32,
}

/// A matrix block, inputs × outputs.
pub(super) fn matrix(layer: &Layer, block: usize, inputs: usize) -> ArrayView2<'_, f32> {
    let data = &layer.blocks[block];
    let outputs = data.len() / inputs;
    // Sizes were checked when the layer was made; a layer of another size is a programming error.
    ArrayView2::from_shape((inputs, outputs), data).expect("a block of the layer's shape")
}

/// A bias or scale.
pub(super) fn vector(layer: &Layer, block: usize) -> ArrayView1<'_, f32> {
    ArrayView1::from(&layer.blocks[block])
}

/// The texts' rows in the packed matrix.
pub fn ranges(lengths: &[usize]) -> Vec<Range<usize>> {
    let mut at = 0;
    lengths
        .iter()
        .map(|n| {
            at += n;
            at - n..at
        })
        .collect()
}

/// One head's columns of one text's rows.
pub(super) fn part(x: &Array2<f32>, rows: Range<usize>, columns: Range<usize>) -> ArrayView2<'_, f32> {
    let mut view = x.view();
    view.slice_axis_inplace(Axis(0), Slice::from(rows));
    view.slice_axis_inplace(Axis(1), Slice::from(columns));
    view
}

/// The same, to be written.
pub(super) fn part_mut(
    x: &mut Array2<f32>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f32> {
    let mut view = x.view_mut();
    view.slice_axis_inplace(Axis(0), Slice::from(rows));
    view.slice_axis_inplace(Axis(1), Slice::from(columns));
    view
}

fn linear(x: &Array2<f32>, layer: &Layer, block: usize) -> Array2<f32> {
    let w = matrix(layer, block, x.ncols());
    let mut out = Array2::zeros((x.nrows(), w.ncols()));
    out += &vector(layer, block + 1);
    product::add(&x.view(), &w, &mut out.view_mut());
    out
}

/// Normalises rows; gives them scaled and shifted, and what the backward pass needs.
fn normalize(mut x: Array2<f32>, layer: &Layer, block: usize, epsilon: f32) -> (Array2<f32>, Normalized) {
    let width = x.ncols() as f32;
    let mut scale = Array1::zeros(x.nrows());
    for (mut row, scale) in x.axis_iter_mut(Axis(0)).zip(&mut scale) {
        let mean = row.sum() / width;
        row -= mean;
        let variance = row.dot(&row) / width;
        *scale = 1.0 / (variance + epsilon).sqrt();
        row *= *scale;
    }
    let out = &x * &vector(layer, block) + vector(layer, block + 1);
    (out, Normalized { rows: x, scale })
}

/// The error function, to 1.5·10⁻⁷ (Abramowitz, Stegun 7.1.26).
pub(super) fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let poly =
        t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    (1.0 - poly * (-x * x).exp()).copysign(x)
}

/// Softmax of each row, in place.
fn softmax_rows(x: &mut ArrayViewMut2<'_, f32>) {
    for mut row in x.axis_iter_mut(Axis(0)) {
        let most = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|v| (v - most).exp());
        let sum = row.sum();
        row /= sum;
    }
}

fn dropped(x: &mut Array2<f32>, drop: &mut Option<Drop<'_>>) -> Option<Array2<f32>> {
    let drop = drop.as_mut().filter(|d| d.share > 0.0)?;
    let keep = 1.0 / (1.0 - drop.share);
    let kept =
        Array2::from_shape_simple_fn(
            x.raw_dim(),
            || {
                if drop.random.unit() < drop.share { 0.0 } else { keep }
            },
        );
    *x *= &kept;
    Some(kept)
}

/// One layer over packed texts of the given lengths (pieces × hidden).
pub fn layer(
    layer: &Layer,
    shape: Shape,
    x: Array2<f32>,
    lengths: &[usize],
    mut drop: Option<Drop<'_>>,
) -> (Array2<f32>, Trace) {
    let (q, k, v) = (linear(&x, layer, Q), linear(&x, layer, K), linear(&x, layer, V));
    let width = shape.hidden / shape.heads;
    let scale = 1.0 / (width as f32).sqrt();
    let mut seen = Array2::zeros(x.raw_dim());
    let mut shares = Vec::with_capacity(lengths.len() * shape.heads);
    for rows in ranges(lengths) {
        for head in 0..shape.heads {
            let columns = head * width..(head + 1) * width;
            let of = |x| part(x, rows.clone(), columns.clone());
            let mut share = Array2::zeros((rows.len(), rows.len()));
            general_mat_mul(scale, &of(&q), &of(&k).t(), 0.0, &mut share);
            softmax_rows(&mut share.view_mut());
            let mut out = part_mut(&mut seen, rows.clone(), columns.clone());
            general_mat_mul(1.0, &share, &of(&v), 0.0, &mut out);
            shares.push(share);
        }
    }
    let mut attended = linear(&seen, layer, AO);
    let kept1 = dropped(&mut attended, &mut drop);
    attended += &x;
    let (x1, norm1) = normalize(attended, layer, ALN, shape.epsilon);
    let wide = linear(&x1, layer, FI);
    let gelu = wide.mapv(|x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)));
    let mut narrow = linear(&gelu, layer, FO);
    let kept2 = dropped(&mut narrow, &mut drop);
    narrow += &x1;
    let (out, norm2) = normalize(narrow, layer, OLN, shape.epsilon);
    (out, Trace { x, q, k, v, shares, seen, kept1, norm1, x1, wide, gelu, kept2, norm2 })
}

/// All layers over packed texts, to be read and not trained.
pub fn layers(top: &Top, x: Array2<f32>, lengths: &[usize]) -> Array2<f32> {
    top.layers.iter().fold(x, |x, weights| layer(weights, top.shape, x, lengths, None).0)
}

/// The same over rows that stand one after the other.
#[cfg(test)]
pub(crate) fn plain(top: &Top, x: &[f32], lengths: &[usize]) -> Vec<f32> {
    let rows = lengths.iter().sum();
    let x = Array2::from_shape_vec((rows, top.shape.hidden), x.to_vec()).expect("rows of the layers' width");
    layers(top, x, lengths).into_iter().collect()
}
