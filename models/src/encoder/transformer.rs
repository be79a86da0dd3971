//! The encoder's layers on 8-bit integers. Texts stand below each other; each attends to itself only.

use super::linear::{Coded, Kernels, LANES, Linear, Scratch, failed, transposed};
use crate::{
    error::Result,
    heads::tensors::Tensors,
    shared::{
        Top,
        weights::{ALN, AO, FI, FO, K, OLN, Q, Shape, V},
    },
};
use rten_gemm::{GemmInputA, GemmInputB, GemmOptions};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{Gelu, Softmax};

/// Scale and shift of a normalisation.
pub(super) struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
    epsilon: f32,
}

/// One layer, normalised after each half (Devlin et al. 2019); the activation is the exact GELU.
pub(super) struct Layer {
    /// Queries, keys and values side by side.
    qkv: Linear,
    out: Linear,
    after_attention: Norm,
    wide: Linear,
    narrow: Linear,
    after: Norm,
    heads: usize,
    hidden: usize,
}

/// Room for what is in between.
#[derive(Default)]
pub(super) struct Room {
    scratch: Scratch,
    qkv: Vec<f32>,
    seen: Vec<f32>,
    scores: Vec<f32>,
    half: Vec<f32>,
    wide: Vec<f32>,
}

/// Names of a layer's matrices and normalisations in a file.
const MATRICES: [&str; 4] = ["qkv", "ao", "fi", "fo"];
const NORMS: [&str; 2] = ["aln", "oln"];

/// A layer as it is kept in a file.
pub(super) struct Stored {
    /// By [`MATRICES`]: weights and bias.
    pub matrices: Vec<(Coded, Vec<f32>)>,
    /// By [`NORMS`]: scale and shift.
    pub norms: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Stored {
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        for (name, (coded, bias)) in MATRICES.iter().zip(&self.matrices) {
            tensors.put_bytes(&format!("{prefix}.{name}.w"), &coded.codes);
            tensors.put(&format!("{prefix}.{name}.s"), &coded.scales);
            tensors.put(&format!("{prefix}.{name}.b"), bias);
        }
        for (name, (scale, shift)) in NORMS.iter().zip(&self.norms) {
            tensors.put(&format!("{prefix}.{name}.w"), scale);
            tensors.put(&format!("{prefix}.{name}.b"), shift);
        }
    }

    /// `None` where something is missing.
    pub fn take(prefix: &str, tensors: &mut Tensors) -> Option<Self> {
        let mut take = |name: &str, part: &str| tensors.take(&format!("{prefix}.{name}.{part}"));
        let mut vectors = Vec::new();
        for name in MATRICES {
            vectors.push((take(name, "s")?, take(name, "b")?));
        }
        let mut norms = Vec::new();
        for name in NORMS {
            norms.push((take(name, "w")?, take(name, "b")?));
        }
        let mut matrices = Vec::new();
        for (name, (scales, bias)) in MATRICES.iter().zip(vectors) {
            let codes = tensors.take_bytes(&format!("{prefix}.{name}.w"))?;
            matrices.push((Coded { codes, scales }, bias));
        }
        Some(Self { matrices, norms })
    }
}

impl Layer {
    /// Packs a layer.
    ///
    /// # Errors
    /// `CHARLA-E4107` where it is not of that shape.
    pub fn new(kernels: &Kernels, shape: Shape, stored: Stored) -> Result<Self> {
        let Shape { hidden, inner, heads, epsilon } = shape;
        let ill = || failed("a layer is not of the encoder's shape");
        let norm = |(scale, shift): (Vec<f32>, Vec<f32>)| {
            let fits = scale.len() == hidden && shift.len() == hidden;
            fits.then_some(Norm { scale, shift, epsilon }).ok_or_else(ill)
        };
        let matrix = |(coded, bias): (Coded, Vec<f32>), inputs, outputs| {
            if bias.len() == outputs { Linear::new(kernels, &coded, bias, inputs) } else { Err(ill()) }
        };
        if heads == 0 || !hidden.is_multiple_of(heads) || !hidden.is_multiple_of(LANES) {
            return Err(ill());
        }
        let [qkv, out, wide, narrow] = <[_; 4]>::try_from(stored.matrices).map_err(|_| ill())?;
        let [after_attention, after] = <[_; 2]>::try_from(stored.norms).map_err(|_| ill())?;
        Ok(Self {
            qkv: matrix(qkv, hidden, 3 * hidden)?,
            out: matrix(out, hidden, hidden)?,
            after_attention: norm(after_attention)?,
            wide: matrix(wide, hidden, inner)?,
            narrow: matrix(narrow, inner, hidden)?,
            after: norm(after)?,
            heads,
            hidden,
        })
    }

    /// Runs the layer over rows of `x`, in place; `lengths` are the rows of each text.
    ///
    /// # Errors
    /// `CHARLA-E4107` where a kernel refuses its input.
    pub fn run(&self, kernels: &Kernels, x: &mut Vec<f32>, lengths: &[usize], room: &mut Room) -> Result<()> {
        self.qkv.apply(kernels, x, &mut room.scratch, &mut room.qkv)?;
        self.attend(kernels, lengths, room)?;
        self.out.apply(kernels, &room.seen, &mut room.scratch, &mut room.half)?;
        add(&mut room.half, x);
        self.after_attention.apply(&mut room.half);
        std::mem::swap(x, &mut room.half);
        self.wide.apply(kernels, x, &mut room.scratch, &mut room.wide)?;
        Gelu {}.map_mut(&mut room.wide);
        self.narrow.apply(kernels, &room.wide, &mut room.scratch, &mut room.half)?;
        add(&mut room.half, x);
        self.after.apply(&mut room.half);
        std::mem::swap(x, &mut room.half);
        Ok(())
    }

    /// Scaled dot-product attention (Vaswani et al. 2017) of each text's heads, from `room.qkv` into `room.seen`.
    fn attend(&self, kernels: &Kernels, lengths: &[usize], room: &mut Room) -> Result<()> {
        let (hidden, width) = (self.hidden, self.hidden / self.heads);
        let stride = 3 * hidden;
        let scaled = GemmOptions { alpha: 1.0 / (width as f32).sqrt(), ..GemmOptions::default() };
        room.seen.clear();
        room.seen.resize(room.qkv.len() / 3, 0.0);
        let ill = |e| failed(format!("{e:?}"));
        let mut row = 0;
        for &length in lengths.iter().filter(|n| **n > 0) {
            let span = (length - 1) * stride + width;
            for head in 0..self.heads {
                let at = row * stride + head * width;
                let part = |from: usize| &room.qkv[at + from..at + from + span];
                let rows =
                    |from| NdTensorView::from_data_with_strides([length, width], part(from), [stride, 1]);
                let keys = NdTensorView::from_data_with_strides([width, length], part(hidden), [1, stride]);
                room.scores.clear();
                room.scores.resize(length * length, 0.0);
                let (q, k) = (rows(0).map_err(ill)?, keys.map_err(ill)?);
                let (q, k) = (GemmInputA::Unpacked(q), GemmInputB::Unpacked(k));
                kernels.floats.gemm(&mut room.scores, q, k, scaled.clone()).map_err(failed)?;
                for scores in room.scores.chunks_exact_mut(length) {
                    Softmax::new_mut(scores).dispatch();
                }
                room.half.clear();
                room.half.resize(length * width, 0.0);
                let shares = NdTensorView::from_data([length, length], &room.scores[..]);
                let (shares, v) = (GemmInputA::Unpacked(shares), rows(2 * hidden).map_err(ill)?);
                let plain = GemmOptions::default();
                kernels
                    .floats
                    .gemm(&mut room.half, shares, GemmInputB::Unpacked(v), plain)
                    .map_err(failed)?;
                for (i, seen) in room.half.chunks_exact(width).enumerate() {
                    let to = (row + i) * hidden + head * width;
                    room.seen[to..to + width].copy_from_slice(seen);
                }
            }
            row += length;
        }
        Ok(())
    }
}

fn add(to: &mut [f32], x: &[f32]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

impl Norm {
    pub fn new(scale: Vec<f32>, shift: Vec<f32>, epsilon: f32) -> Self {
        Self { scale, shift, epsilon }
    }

    /// Layer normalisation (Ba et al. 2016) of each row.
    pub fn apply(&self, x: &mut [f32]) {
        let width = self.scale.len();
        for row in x.chunks_exact_mut(width) {
            let mean = total(row, |v| v) / width as f32;
            let variance = total(row, |v| (v - mean) * (v - mean)) / width as f32;
            let inverse = 1.0 / (variance + self.epsilon).sqrt();
            for ((v, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
                *v = (*v - mean) * inverse * scale + shift;
            }
        }
    }
}

/// Sum of `f` in sixteen lanes, which a compiler may keep in vectors.
fn total(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (parts, rest) = row.as_chunks::<16>();
    let mut lanes = [0f32; 16];
    for part in parts {
        for (lane, v) in lanes.iter_mut().zip(part) {
            *lane += f(*v);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|v| f(*v)).sum::<f32>()
}

/// Layers that were trained on, in 8 bits.
///
/// # Errors
/// `CHARLA-E4107` where a kernel does not take their shape.
pub(super) fn tuned(kernels: &Kernels, top: &Top) -> Result<Vec<Layer>> {
    let Shape { hidden, inner, .. } = top.shape;
    let one = |layer: &crate::shared::weights::Layer| {
        let blocks = &layer.blocks;
        let matrix = |block: usize, inputs: usize| {
            let (weights, bias) = (&blocks[block], blocks[block + 1].clone());
            (Coded::new(&transposed(weights, bias.len()), inputs), bias)
        };
        let mut qkv = (Coded { codes: Vec::new(), scales: Vec::new() }, Vec::new());
        for block in [Q, K, V] {
            let (coded, bias) = matrix(block, hidden);
            qkv.0.codes.extend(coded.codes);
            qkv.0.scales.extend(coded.scales);
            qkv.1.extend(bias);
        }
        let stored = Stored {
            matrices: vec![qkv, matrix(AO, hidden), matrix(FI, hidden), matrix(FO, inner)],
            norms: [ALN, OLN].map(|block| (blocks[block].clone(), blocks[block + 1].clone())).to_vec(),
        };
        Layer::new(kernels, top.shape, stored)
    };
    top.layers.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, shared};

    /// The layers in full precision, which training uses, are the reference.
    #[test]
    fn near_the_layers_in_full_precision_and_the_same_beside_other_texts() {
        let shape = Shape { hidden: 2 * LANES, inner: 4 * LANES, heads: 4, epsilon: 1e-12 };
        let mut random = Random::new(3);
        let mut layer = shared::weights::Layer::zero(shape);
        for (i, block) in layer.blocks.iter_mut().enumerate() {
            let size = block.len() as f32;
            block.iter_mut().for_each(|w| *w = random.normal() / size.sqrt() * 8.0);
            if i == ALN || i == OLN {
                block.iter_mut().for_each(|w| *w += 1.0);
            }
        }
        let top = Top { shape, layers: vec![layer] };
        let kernels = Kernels::new();
        let layers = tuned(&kernels, &top).unwrap();
        let lengths = [3, 1, 17, 9];
        let rows = lengths.iter().sum::<usize>();
        let x: Vec<f32> = (0..rows * shape.hidden).map(|_| random.normal()).collect();
        let exact = shared::forward::plain(&top, &x, &lengths);
        let mut room = Room::default();
        let mut together = x.clone();
        layers[0].run(&kernels, &mut together, &lengths, &mut room).unwrap();
        let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
        for (x, y) in together.iter().zip(&exact) {
            dot += x * y;
            a += x * x;
            b += y * y;
        }
        assert!(dot / (a * b).sqrt() > 0.999, "cosine {}", dot / (a * b).sqrt());
        let mut at = 0;
        for length in lengths {
            let part = at * shape.hidden..(at + length) * shape.hidden;
            let mut alone = x[part.clone()].to_vec();
            layers[0].run(&kernels, &mut alone, &[length], &mut room).unwrap();
            assert_eq!(alone, together[part]);
            at += length;
        }
    }
}
