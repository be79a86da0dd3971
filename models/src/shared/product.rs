//! Products of matrices in training, by the kernels that also read messages: on processors with AVX-512 twice as fast as
//! `ndarray`'s own. The heads' small products stay with `ndarray`.

use crate::encoder::Kernels;
use ndarray::{ArrayView2, ArrayViewMut2};
use rten_gemm::{GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensorView;

/// A transposed or plain matrix for the kernels; `None` where its numbers are no whole block of memory.
fn tensor<'a>(x: &'a ArrayView2<'_, f32>) -> Option<NdTensorView<'a, f32, 2>> {
    let (rows, columns) = x.dim();
    let numbers = x.as_slice_memory_order()?;
    let strides = if x.is_standard_layout() { [columns, 1] } else { [1, rows] };
    NdTensorView::from_data_with_strides([rows, columns], numbers, strides).ok()
}

/// `out += a·b`. `a` and `b` may be transposed; sizes must fit, and each number of `out` is the same on every thread.
pub fn add(a: &ArrayView2<'_, f32>, b: &ArrayView2<'_, f32>, out: &mut ArrayViewMut2<'_, f32>) {
    assert_eq!((a.nrows(), a.ncols(), b.ncols()), (out.nrows(), b.nrows(), out.ncols()), "sizes that fit");
    let done = tensor(a).zip(tensor(b)).zip(out.as_slice_mut()).and_then(|((a, b), out)| {
        let options = GemmOptions { beta: 1.0, ..GemmOptions::default() };
        let (a, b) = (GemmInputA::Unpacked(a), GemmInputB::Unpacked(b));
        Kernels::lend(|kernels| kernels.floats.gemm(out, a, b, options)).ok()
    });
    if done.is_none() {
        ndarray::linalg::general_mat_mul(1.0, a, b, 1.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use ndarray::{Array2, Axis, Slice};

    #[test]
    fn products_are_those_of_plain_sums() {
        let mut random = Random::new(3);
        let mut matrix = |rows, columns| Array2::from_shape_simple_fn((rows, columns), || random.normal());
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (33, 70, 129), (1, 384, 64), (40, 1, 7)] {
            let (a, at, b, bt) = (matrix(m, k), matrix(k, m), matrix(k, n), matrix(n, k));
            let start = matrix(m, n);
            let wide = matrix(m, k + 1);
            let first = [a.view(), at.t(), wide.slice_axis(Axis(1), Slice::from(1..))];
            for (x, y) in first.iter().flat_map(|x| [(x, b.view()), (x, bt.t())]) {
                let mut out = start.clone();
                add(x, &y, &mut out.view_mut());
                for ((i, j), found) in out.indexed_iter() {
                    let right = start[(i, j)] + (0..k).map(|l| x[(i, l)] * y[(l, j)]).sum::<f32>();
                    assert!((found - right).abs() < 1e-3, "{m} {k} {n} at {i}, {j}: {found} {right}");
                }
            }
        }
    }
}
