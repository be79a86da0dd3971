//! The weights of the shared transformer's layers.

use crate::heads::tensors::Tensors;

/// Dimensions of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Components of a piece's vector.
    pub hidden: usize,
    /// Components inside the feed-forward half.
    pub inner: usize,
    /// Attention heads.
    pub heads: usize,
    /// Added to the variance before its root is taken.
    pub epsilon: f32,
}

/// Blocks of a layer in the order of [`Layer::blocks`]: weights stand before their bias, matrices are inputs × outputs.
pub const BLOCKS: [&str; 16] = [
    "q.w", "q.b", "k.w", "k.b", "v.w", "v.b", "ao.w", "ao.b", "aln.w", "aln.b", "fi.w", "fi.b", "fo.w",
    "fo.b", "oln.w", "oln.b",
];
/// Places in [`BLOCKS`]; the bias of a matrix stands one further.
pub const Q: usize = 0;
/// Keys.
pub const K: usize = 2;
/// Values.
pub const V: usize = 4;
/// Out of the attention.
pub const AO: usize = 6;
/// Normalisation after the attention.
pub const ALN: usize = 8;
/// Into the feed-forward half.
pub const FI: usize = 10;
/// Out of it.
pub const FO: usize = 12;
/// Normalisation after it.
pub const OLN: usize = 14;

/// One transformer layer, normalised after each half (Devlin et al. 2019), with the exact GELU.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Weights by [`BLOCKS`].
    pub blocks: Vec<Vec<f32>>,
}

impl Shape {
    /// Numbers in each block.
    pub const fn sizes(&self) -> [usize; 16] {
        let (h, i) = (self.hidden, self.inner);
        [h * h, h, h * h, h, h * h, h, h * h, h, h, h, h * i, i, i * h, h, h, h]
    }

    /// Puts dimensions and the number of layers into `tensors`.
    pub fn save(&self, name: &str, layers: usize, tensors: &mut Tensors) {
        let Shape { hidden, inner, heads, epsilon } = *self;
        tensors.put(name, &[hidden as f32, inner as f32, heads as f32, epsilon, layers as f32]);
    }

    /// Takes out what [`Shape::save`] put; `None` where it is missing or makes no sense.
    pub fn take(name: &str, tensors: &mut Tensors) -> Option<(Self, usize)> {
        let numbers = tensors.take(name)?;
        let [hidden, inner, heads, epsilon, layers] = numbers.as_slice() else { return None };
        // Dimensions are small whole numbers, exact in a float.
        let whole = |x: f32| ((1.0..=65536.0).contains(&x) && x.fract() == 0.0).then_some(x as usize);
        let shape =
            Self { hidden: whole(*hidden)?, inner: whole(*inner)?, heads: whole(*heads)?, epsilon: *epsilon };
        shape.hidden.is_multiple_of(shape.heads).then_some((shape, whole(*layers)?))
    }
}

impl Layer {
    /// All zero: a gradient.
    pub fn zero(shape: Shape) -> Self {
        Self { blocks: shape.sizes().iter().map(|n| vec![0.0; *n]).collect() }
    }

    /// Puts the weights into `tensors` under names that begin with `prefix`.
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        for (name, block) in BLOCKS.iter().zip(&self.blocks) {
            tensors.put(&format!("{prefix}.{name}"), block);
        }
    }

    /// Takes a layer out of `tensors`; `None` where a block is missing or of another size.
    pub fn take(shape: Shape, prefix: &str, tensors: &mut Tensors) -> Option<Self> {
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for (name, size) in BLOCKS.iter().zip(shape.sizes()) {
            blocks.push(tensors.take(&format!("{prefix}.{name}")).filter(|b| b.len() == size)?);
        }
        Some(Self { blocks })
    }
}

/// The encoder's last layers: what follows the frozen ones, as they came or trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Top {
    /// Dimensions.
    pub shape: Shape,
    /// Layers in their order.
    pub layers: Vec<Layer>,
}

impl Top {
    /// Puts all of it into `tensors`.
    pub fn save(&self, prefix: &str, tensors: &mut Tensors) {
        self.shape.save(&format!("{prefix}.shape"), self.layers.len(), tensors);
        for (i, layer) in self.layers.iter().enumerate() {
            layer.save(&format!("{prefix}.{i}"), tensors);
        }
    }

    /// Takes out what [`Top::save`] put; `None` where something is missing or of another size.
    pub fn take(prefix: &str, tensors: &mut Tensors) -> Option<Self> {
        let (shape, count) = Shape::take(&format!("{prefix}.shape"), tensors)?;
        let layers = (0..count)
            .map(|i| Layer::take(shape, &format!("{prefix}.{i}"), tensors))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { shape, layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_comes_back_and_ill_sizes_do_not() {
        let shape = Shape { hidden: 8, inner: 16, heads: 2, epsilon: 1e-12 };
        let mut layer = Layer::zero(shape);
        layer.blocks[FI][3] = 2.5;
        let top = Top { shape, layers: vec![layer.clone(), Layer::zero(shape)] };
        let mut tensors = Tensors::default();
        top.save("top", &mut tensors);
        assert_eq!(Top::take("top", &mut tensors.clone()), Some(top));
        tensors.put("top.1.fo.b", &[1.0]);
        assert_eq!(Top::take("top", &mut tensors), None);
    }
}
