//! `x · W + b` on 8-bit integers: weights have one scale an output, activations one scale and zero point a row, so that a
//! row's result depends on no other row and texts can be run together or apart with the same outcome.
//!
//! Affine quantisation as in Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference", section 2: with activations s·(q − z) and weights t·w,
//! Σ s·(q − z)·t·w = s·t·(Σ q·w − z·Σ w), and Σ w is known beforehand.

use crate::error::{Error, Result};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmUninitOptions, PackedBMatrix};
use rten_simd::{
    Isa, SimdOp, SliceWriter,
    ops::{BitOps, FloatOps, NarrowSaturate, NumOps, ToFloat},
};
use rten_tensor::NdTensorView;
use rten_vecmath::{ExtendInit, MinMax};
use std::mem::MaybeUninit;

/// Columns of every matrix are a whole number of these: four vectors of the widest registers (AVX-512, 16 floats).
pub(super) const LANES: usize = 64;

pub(super) fn failed(error: impl std::fmt::Display) -> Error {
    Error::Encoder(error.to_string())
}

/// Weights in 8 bits as they are kept in files.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coded {
    /// −127–127, outputs × inputs.
    pub codes: Vec<i8>,
    /// What a code of 1 stands for, one an output.
    pub scales: Vec<f32>,
}

impl Coded {
    /// Quantises a matrix, outputs × `inputs`: the greatest magnitude of each output becomes 127.
    pub fn new(weights: &[f32], inputs: usize) -> Self {
        let mut coded = Self { codes: Vec::with_capacity(weights.len()), scales: Vec::new() };
        for row in weights.chunks_exact(inputs) {
            let greatest = row.iter().fold(0f32, |most, w| most.max(w.abs()));
            // Of a row of zeros each scale makes zeros.
            let scale = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
            coded.codes.extend(row.iter().map(|w| (w / scale).round() as i8));
            coded.scales.push(scale);
        }
        coded
    }
}

/// A matrix of `columns`, stored row by row, with its columns as rows.
pub(super) fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    let rows = matrix.len() / columns;
    let mut out = vec![0f32; matrix.len()];
    for (i, number) in matrix.iter().enumerate() {
        out[i % columns * rows + i / columns] = *number;
    }
    out
}

/// Kernels for the processor at hand.
pub(crate) struct Kernels {
    /// For weights in 8 bits.
    pub integers: GemmExecutor<u8, i8, i32>,
    /// For the attention.
    pub floats: GemmExecutor<f32>,
    /// Steps of an activation.
    levels: f32,
}

impl Kernels {
    pub fn new() -> Self {
        let integers = GemmExecutor::<u8, i8, i32>::new();
        // Without VNNI products are added in pairs to 16 bits: 2 · 127 · 127 still fits, 2 · 255 · 127 does not.
        let levels = if integers.may_saturate() { 127.0 } else { 255.0 };
        Self { integers, floats: GemmExecutor::new(), levels }
    }

    /// Lends the calling thread's own, which cannot be sent to another. Makes the thread a pool of one for `rayon`, in which
    /// the kernels would else share out their work: the threads that encode are as many as there are processors for them.
    pub fn lend<R>(f: impl FnOnce(&Self) -> R) -> R {
        thread_local! {
            // A thread that is in a pool already stays there.
            static OWN: (Option<rayon::ThreadPool>, Kernels) = (
                rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok(),
                Kernels::new(),
            );
        }
        OWN.with(|(_, kernels)| f(kernels))
    }
}

/// A matrix with its bias, packed for the kernels.
pub(super) struct Linear {
    packed: PackedBMatrix<i8>,
    inputs: usize,
    scales: Vec<f32>,
    /// Each output's weights added up, times its scale.
    sums: Vec<f32>,
    bias: Vec<f32>,
}

/// Room for what is in between; grows to the longest text.
#[derive(Default)]
pub(super) struct Scratch {
    codes: Vec<u8>,
    /// Scale and zero point of each row.
    rows: Vec<(f32, u8)>,
    products: Vec<i32>,
}

impl Linear {
    /// Packs a matrix of `inputs` columns.
    ///
    /// # Errors
    /// `CHARLA-E4107` where sizes do not fit each other or the kernels.
    pub fn new(kernels: &Kernels, coded: &Coded, bias: Vec<f32>, inputs: usize) -> Result<Self> {
        let outputs = bias.len();
        let fits = inputs.is_multiple_of(LANES)
            && outputs.is_multiple_of(LANES)
            && coded.codes.len() == inputs * outputs
            && coded.scales.len() == outputs;
        if !fits {
            return Err(failed(format!("a matrix of {inputs} × {outputs} does not fit its numbers")));
        }
        let sums = coded.codes.chunks_exact(inputs).zip(&coded.scales);
        let sums = sums.map(|(row, scale)| row.iter().map(|w| i32::from(*w)).sum::<i32>() as f32 * scale);
        let transposed =
            NdTensorView::from_data_with_strides([inputs, outputs], &coded.codes[..], [1, inputs])
                .map_err(|e| failed(format!("{e:?}")))?;
        Ok(Self {
            packed: kernels.integers.prepack_b(transposed),
            inputs,
            scales: coded.scales.clone(),
            sums: sums.collect(),
            bias,
        })
    }

    /// Rows of `x` times the matrix plus the bias, into `out`.
    ///
    /// # Errors
    /// `CHARLA-E4107` where `x` is no whole number of rows.
    pub fn apply(
        &self,
        kernels: &Kernels,
        x: &[f32],
        scratch: &mut Scratch,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let (rows, outputs) = (x.len() / self.inputs, self.bias.len());
        scratch.codes.clear();
        scratch.codes.reserve(x.len());
        scratch.rows.clear();
        for row in x.chunks_exact(self.inputs) {
            let (least, greatest) = MinMax::new(row).dispatch();
            // Zero is always one of the steps.
            let (least, greatest) = (least.min(0.0), greatest.max(0.0));
            let scale = ((greatest - least) / kernels.levels).max(f32::MIN_POSITIVE);
            let zero = (-least / scale).round_ties_even() as u8;
            scratch.rows.push((scale, zero));
            scratch.codes.extend_init(|room| {
                Quantise { row, out: &mut room[..row.len()], inverse: 1.0 / scale, zero }.dispatch()
            });
        }
        // Neither products nor results are zeroed before they are written.
        scratch.products.clear();
        scratch.products.reserve(rows * outputs);
        let products = kernels
            .integers
            .gemm_uninit(
                &mut scratch.products.spare_capacity_mut()[..rows * outputs],
                GemmInputA::Unpacked(
                    NdTensorView::try_from_data([rows, self.inputs], &scratch.codes[..])
                        .map_err(|e| failed(format!("{e:?}")))?,
                ),
                GemmInputB::Packed(&self.packed),
                GemmUninitOptions::default(),
            )
            .map_err(failed)?;
        out.clear();
        out.reserve(rows * outputs);
        for (products, (scale, zero)) in products.chunks_exact(outputs).zip(&scratch.rows) {
            out.extend_init(|room| {
                let (scale, shift, out) = (*scale, f32::from(*zero) * scale, &mut room[..outputs]);
                Restore { linear: self, products, scale, shift, out }.dispatch()
            });
        }
        Ok(())
    }
}

/// `out = round(row · inverse) + zero`, cut off at 0 and 255.
struct Quantise<'r, 'o> {
    row: &'r [f32],
    out: &'o mut [MaybeUninit<u8>],
    inverse: f32,
    zero: u8,
}

impl<'o> SimdOp for Quantise<'_, 'o> {
    type Output = &'o mut [u8];

    // Written out without closures: those are compiled for the least of all processors and called for each vector.
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> Self::Output {
        let (f, i, h) = (isa.f32(), isa.i32(), isa.i16());
        let width = f.len();
        let (inverse, zero) = (f.splat(self.inverse), i.splat(i32::from(self.zero)));
        let mut out = SliceWriter::new(self.out);
        for part in self.row.chunks_exact(4 * width) {
            let (a, b) = (f.load(&part[..width]), f.load(&part[width..2 * width]));
            let (c, d) = (f.load(&part[2 * width..3 * width]), f.load(&part[3 * width..]));
            let (a, b) = (f.to_int_round(f.mul(a, inverse)), f.to_int_round(f.mul(b, inverse)));
            let (c, d) = (f.to_int_round(f.mul(c, inverse)), f.to_int_round(f.mul(d, inverse)));
            let low = i.narrow_saturate(i.add(a, zero), i.add(b, zero));
            let high = i.narrow_saturate(i.add(c, zero), i.add(d, zero));
            out.write_vec(isa.u8(), h.narrow_saturate(low, high));
        }
        out.into_mut_slice()
    }
}

/// Products back to numbers: `out = products · (scale · scales) + (bias − shift · sums)`.
struct Restore<'a, 'o> {
    linear: &'a Linear,
    products: &'a [i32],
    /// The row's scale.
    scale: f32,
    /// The row's scale times its zero point.
    shift: f32,
    out: &'o mut [MaybeUninit<f32>],
}

impl<'o> SimdOp for Restore<'_, 'o> {
    type Output = &'o mut [f32];

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> Self::Output {
        let (f, i) = (isa.f32(), isa.i32());
        let width = f.len();
        let (scale, shift) = (f.splat(self.scale), f.splat(self.shift));
        let Linear { scales, sums, bias, .. } = self.linear;
        let weights = scales.chunks_exact(width).zip(sums.chunks_exact(width)).zip(bias.chunks_exact(width));
        let mut out = SliceWriter::new(self.out);
        for (products, ((scales, sums), bias)) in self.products.chunks_exact(width).zip(weights) {
            let bias = f.mul_sub_from(shift, f.load(sums), f.load(bias));
            let factor = f.mul(f.load(scales), scale);
            out.write_vec(f, f.mul_add(i.to_float(i.load(products)), factor, bias));
        }
        out.into_mut_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut random = crate::random::Random::new(seed);
        (0..count).map(|_| random.normal()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Also with more rows than the kernel takes at a time, and whatever stands beside a row.
        #[test]
        fn near_the_exact_product_and_the_same_alone(rows in 1usize..40, wide: bool, seed: u64) {
            let (inputs, outputs) = if wide { (2 * LANES, 24 * LANES) } else { (24 * LANES, LANES) };
            let (w, bias, x) = (numbers(seed, inputs * outputs), numbers(!seed, outputs), numbers(seed ^ 7, rows * inputs));
            let kernels = Kernels::new();
            let linear = Linear::new(&kernels, &Coded::new(&w, inputs), bias.clone(), inputs).unwrap();
            let (mut scratch, mut out, mut alone) = (Scratch::default(), Vec::new(), Vec::new());
            linear.apply(&kernels, &x, &mut scratch, &mut out).unwrap();
            let (mut error, mut size) = (0.0, 0.0);
            for (r, row) in x.chunks_exact(inputs).enumerate() {
                linear.apply(&kernels, row, &mut scratch, &mut alone).unwrap();
                prop_assert_eq!(&alone[..], &out[r * outputs..(r + 1) * outputs]);
                for (o, weights) in w.chunks_exact(inputs).enumerate() {
                    let exact = bias[o] + row.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>();
                    error += (exact - alone[o]).powi(2);
                    size += exact.powi(2);
                }
            }
            // 8 bits of either side: about a percent of the result; 7 bits of activations twice that.
            prop_assert!(error < size * 0.03f32.powi(2), "{} of {}", error.sqrt(), size.sqrt());
        }
    }

    #[test]
    fn rows_of_zeros_are_zero() {
        let kernels = Kernels::new();
        let linear =
            Linear::new(&kernels, &Coded::new(&vec![0.0; LANES * LANES], LANES), vec![0.5; LANES], LANES)
                .unwrap();
        let mut out = Vec::new();
        linear.apply(&kernels, &[0.0; LANES], &mut Scratch::default(), &mut out).unwrap();
        assert_eq!(out, [0.5; LANES]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_told() {
        let kernels = Kernels::new();
        let coded = Coded::new(&numbers(1, LANES * LANES), LANES);
        for (bias, inputs) in [(LANES, 2 * LANES), (LANES / 2, 2 * LANES), (2 * LANES, LANES)] {
            let error = Linear::new(&kernels, &coded, vec![0.0; bias], inputs).err().unwrap().to_string();
            assert!(error.contains("E4107"), "{error}");
        }
    }
}
