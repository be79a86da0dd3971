//! The layers' backward pass: gradients of all weights, and of the layer's input where a layer below is trained too.

use super::{
    forward::{Normalized, Trace, erf, matrix, part, part_mut, ranges, vector},
    product,
    weights::{ALN, AO, FI, FO, K, Layer, OLN, Q, Shape, V},
};
use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2, Axis, Zip, linalg::general_mat_mul};

/// Adds `xᵀ·error` to the matrix's gradient and the error's sum to its bias.
fn collect(gradient: &mut Layer, block: usize, x: &Array2<f32>, error: &Array2<f32>) {
    let shape = (x.ncols(), error.ncols());
    let mut into =
        ArrayViewMut2::from_shape(shape, &mut gradient.blocks[block]).expect("a block of the layer's shape");
    product::add(&x.t(), &error.view(), &mut into);
    let mut bias = ArrayViewMut1::from(&mut gradient.blocks[block + 1]);
    bias += &error.sum_axis(Axis(0));
}

/// The error at a linear map's input.
fn through(layer: &Layer, block: usize, inputs: usize, error: &Array2<f32>) -> Array2<f32> {
    let mut out = Array2::zeros((error.nrows(), inputs));
    product::add(&error.view(), &matrix(layer, block, inputs).t(), &mut out.view_mut());
    out
}

/// Backward through a normalisation.
fn normalize(
    error: &Array2<f32>,
    norm: &Normalized,
    layer: &Layer,
    block: usize,
    gradient: &mut Layer,
) -> Array2<f32> {
    let width = error.ncols() as f32;
    {
        let mut scale = ArrayViewMut1::from(&mut gradient.blocks[block]);
        scale += &(error * &norm.rows).sum_axis(Axis(0));
        let mut shift = ArrayViewMut1::from(&mut gradient.blocks[block + 1]);
        shift += &error.sum_axis(Axis(0));
    }
    let mut out = error * &vector(layer, block);
    for ((mut row, hat), scale) in
        out.axis_iter_mut(Axis(0)).zip(norm.rows.axis_iter(Axis(0))).zip(&norm.scale)
    {
        let mean = row.sum() / width;
        let along = row.dot(&hat) / width;
        Zip::from(&mut row).and(&hat).for_each(|e, h| *e = (*e - mean - h * along) * scale);
    }
    out
}

/// Adds the weights' gradients for `error` at the layer's output to `gradient`; gives the error at its input if `below`.
pub fn layer(
    layer: &Layer,
    shape: Shape,
    trace: &Trace,
    lengths: &[usize],
    error: &Array2<f32>,
    gradient: &mut Layer,
    below: bool,
) -> Option<Array2<f32>> {
    let hidden = shape.hidden;
    let mut at_x1 = normalize(error, &trace.norm2, layer, OLN, gradient);
    let mut at_narrow = at_x1.clone();
    if let Some(kept) = &trace.kept2 {
        at_narrow *= kept;
    }
    collect(gradient, FO, &trace.gelu, &at_narrow);
    let mut at_wide = through(layer, FO, shape.inner, &at_narrow);
    Zip::from(&mut at_wide).and(&trace.wide).for_each(|e, &x| {
        // d/dx of x·Φ(x), with Φ and φ of the normal distribution.
        let cumulative = 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
        let density = (-0.5 * x * x).exp() * 0.398_942_3;
        *e *= cumulative + x * density;
    });
    collect(gradient, FI, &trace.x1, &at_wide);
    at_x1 += &through(layer, FI, hidden, &at_wide);

    let mut at_x = normalize(&at_x1, &trace.norm1, layer, ALN, gradient);
    let mut at_attended = at_x.clone();
    if let Some(kept) = &trace.kept1 {
        at_attended *= kept;
    }
    collect(gradient, AO, &trace.seen, &at_attended);
    let at_seen = through(layer, AO, hidden, &at_attended);

    let width = hidden / shape.heads;
    let scale = 1.0 / (width as f32).sqrt();
    let [mut at_q, mut at_k, mut at_v] = [(); 3].map(|()| Array2::<f32>::zeros(trace.x.raw_dim()));
    let mut shares = trace.shares.iter();
    for rows in ranges(lengths) {
        for head in 0..shape.heads {
            let columns = head * width..(head + 1) * width;
            let of = |x| part(x, rows.clone(), columns.clone());
            let Some(share) = shares.next() else { continue };
            let at = of(&at_seen);
            general_mat_mul(
                1.0,
                &share.t(),
                &at,
                0.0,
                &mut part_mut(&mut at_v, rows.clone(), columns.clone()),
            );
            let mut at_share = at.dot(&of(&trace.v).t());
            for (mut row, share) in at_share.axis_iter_mut(Axis(0)).zip(share.axis_iter(Axis(0))) {
                let along = row.dot(&share);
                Zip::from(&mut row).and(&share).for_each(|e, p| *e = (*e - along) * p);
            }
            general_mat_mul(
                scale,
                &at_share,
                &of(&trace.k),
                0.0,
                &mut part_mut(&mut at_q, rows.clone(), columns.clone()),
            );
            general_mat_mul(
                scale,
                &at_share.t(),
                &of(&trace.q),
                0.0,
                &mut part_mut(&mut at_k, rows.clone(), columns.clone()),
            );
        }
    }
    for (block, at) in [(Q, &at_q), (K, &at_k), (V, &at_v)] {
        collect(gradient, block, &trace.x, at);
        if below {
            at_x += &through(layer, block, hidden, at);
        }
    }
    below.then_some(at_x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        shared::{forward, weights::BLOCKS},
    };

    fn random_layer(shape: Shape, random: &mut Random) -> Layer {
        let mut layer = Layer::zero(shape);
        for (block, name) in layer.blocks.iter_mut().zip(BLOCKS) {
            let base = if name.ends_with("ln.w") { 1.0 } else { 0.0 };
            block.iter_mut().for_each(|w| *w = base + random.normal() * 0.3);
        }
        layer
    }

    /// A scalar that depends on every output.
    fn value(layer: &Layer, shape: Shape, x: &Array2<f32>, lengths: &[usize], weights: &Array2<f32>) -> f64 {
        let (out, _) = forward::layer(layer, shape, x.clone(), lengths, None);
        out.iter().zip(weights).map(|(o, w)| f64::from(*o) * f64::from(*w)).sum()
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let shape = Shape { hidden: 6, inner: 10, heads: 2, epsilon: 1e-6 };
        let mut random = Random::new(5);
        let base = random_layer(shape, &mut random);
        let lengths = [3, 2];
        let x = Array2::from_shape_simple_fn((5, 6), || random.normal());
        let weights = Array2::from_shape_simple_fn((5, 6), || random.normal());
        let (_, trace) = forward::layer(&base, shape, x.clone(), &lengths, None);
        let mut gradient = Layer::zero(shape);
        let at_x = layer(&base, shape, &trace, &lengths, &weights, &mut gradient, true).unwrap();
        const STEP: f32 = 1e-2;
        for (b, name) in BLOCKS.iter().enumerate() {
            for i in (0..base.blocks[b].len()).step_by(7) {
                let mut moved = base.clone();
                moved.blocks[b][i] += STEP;
                let up = value(&moved, shape, &x, &lengths, &weights);
                moved.blocks[b][i] -= 2.0 * STEP;
                let slope = (up - value(&moved, shape, &x, &lengths, &weights)) / f64::from(2.0 * STEP);
                let found = f64::from(gradient.blocks[b][i]);
                assert!((slope - found).abs() < 2e-2 * (1.0 + slope.abs()), "{name}[{i}]: {slope} {found}");
            }
        }
        for i in 0..30 {
            let mut moved = x.clone();
            moved.as_slice_mut().unwrap()[i] += STEP;
            let up = value(&base, shape, &moved, &lengths, &weights);
            moved.as_slice_mut().unwrap()[i] -= 2.0 * STEP;
            let slope = (up - value(&base, shape, &moved, &lengths, &weights)) / f64::from(2.0 * STEP);
            let found = f64::from(at_x.as_slice().unwrap()[i]);
            assert!((slope - found).abs() < 2e-2 * (1.0 + slope.abs()), "x[{i}]: {slope} {found}");
        }
    }

    #[test]
    fn texts_do_not_see_each_other() {
        let shape = Shape { hidden: 6, inner: 10, heads: 2, epsilon: 1e-6 };
        let mut random = Random::new(6);
        let base = random_layer(shape, &mut random);
        let x = Array2::from_shape_simple_fn((5, 6), || random.normal());
        let (both, _) = forward::layer(&base, shape, x.clone(), &[3, 2], None);
        let (alone, _) = forward::layer(&base, shape, x.select(Axis(0), &[3, 4]), &[2], None);
        let far = both
            .select(Axis(0), &[3, 4])
            .iter()
            .zip(&alone)
            .map(|(a, b): (&f32, &f32)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(far < 1e-5, "{far}");
    }
}
