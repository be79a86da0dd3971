//! Weights of sparse features: a row for each feature. Trained in 32 bits, kept in 8: a model's weights are what a message's
//! features are fetched from in no order, so that their size is what reading a message costs.

use super::{math::axpy, tensors::Tensors};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sparse {
    width: usize,
    /// Rows × width; empty once packed.
    full: Vec<f32>,
    /// Rows × width; empty until packed.
    packed: Vec<i8>,
    /// What a packed row's numbers are multiplied with.
    scale: Vec<f32>,
}

impl Sparse {
    /// Rows of zeros, to be trained.
    pub fn zeros(rows: usize, width: usize) -> Self {
        Self { width, full: vec![0.0; rows * width], ..Self::default() }
    }

    /// The weights while they are trained; empty once packed.
    pub fn full(&mut self) -> &mut [f32] {
        &mut self.full
    }

    /// Adds `k` times a row to `out`.
    pub fn add(&self, row: u32, k: f32, out: &mut [f32]) {
        let at = row as usize * self.width;
        if self.packed.is_empty() {
            return axpy(k, &self.full[at..at + self.width], out);
        }
        let k = k * self.scale[row as usize];
        for (out, &q) in out.iter_mut().zip(&self.packed[at..at + self.width]) {
            *out += k * f32::from(q);
        }
    }

    /// Ends the training: each row becomes 8-bit numbers and a scale, an error of at most 1/254 of the row's largest weight.
    pub fn pack(&mut self) {
        if self.full.is_empty() {
            return;
        }
        let full = std::mem::take(&mut self.full);
        self.packed = Vec::with_capacity(full.len());
        self.scale = Vec::with_capacity(full.len() / self.width.max(1));
        for row in full.chunks_exact(self.width.max(1)) {
            let most = row.iter().fold(0f32, |most, w| most.max(w.abs()));
            let scale = if most > 0.0 { most / 127.0 } else { 1.0 };
            self.scale.push(scale);
            // In range by the choice of the scale; the cast saturates.
            self.packed.extend(row.iter().map(|w| (w / scale).round() as i8));
        }
    }

    /// The mean of several of the same size, packed.
    pub fn mean(many: &[&Self]) -> Self {
        let Some(first) = many.first() else { return Self::default() };
        let rows = first.full.len().max(first.packed.len()) / first.width.max(1);
        let mut out = Self::zeros(rows, first.width);
        for (row, sum) in (0u32..).zip(out.full.chunks_exact_mut(first.width.max(1))) {
            many.iter().for_each(|one| one.add(row, 1.0 / many.len() as f32, sum));
        }
        out.pack();
        out
    }

    /// Puts packed weights into `tensors`.
    pub fn save(&self, name: &str, tensors: &mut Tensors) {
        let mut packed = self.clone();
        packed.pack();
        tensors.put_bytes(&format!("{name}.packed"), &packed.packed);
        tensors.put(&format!("{name}.scale"), &packed.scale);
    }

    /// Reads what [`Sparse::save`] put; `None` where it is not there or not `rows × width`.
    pub fn load(name: &str, tensors: &mut Tensors, rows: usize, width: usize) -> Option<Self> {
        let packed = tensors.take_bytes(&format!("{name}.packed"))?;
        let scale = tensors.take(&format!("{name}.scale"))?;
        (packed.len() == rows * width && scale.len() == rows).then_some(Self {
            width,
            full: Vec::new(),
            packed,
            scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_rows_add_nearly_the_same_and_survive_a_file(
            weights in proptest::collection::vec(-9f32..9.0, 12), k in -2f32..2.0,
        ) {
            let mut sparse = Sparse::zeros(3, 4);
            sparse.full().copy_from_slice(&weights);
            let sum = |sparse: &Sparse, row| {
                let mut out = vec![0.5; 4];
                sparse.add(row, k, &mut out);
                out
            };
            let before: Vec<_> = (0..3).map(|row| sum(&sparse, row)).collect();
            sparse.pack();
            let mut tensors = Tensors::default();
            sparse.save("s", &mut tensors);
            let bytes = tensors.to_bytes();
            let mut tensors = Tensors::from_bytes(&bytes, std::path::Path::new("x")).unwrap();
            prop_assert!(Sparse::load("s", &mut tensors.clone(), 2, 4).is_none());
            let loaded = Sparse::load("s", &mut tensors, 3, 4).unwrap();
            prop_assert_eq!(&loaded, &sparse);
            for (row, before) in before.iter().enumerate() {
                let most = weights[row * 4..row * 4 + 4].iter().fold(0f32, |m, w| m.max(w.abs()));
                for (a, b) in before.iter().zip(sum(&loaded, row as u32)) {
                    prop_assert!((a - b).abs() <= most * k.abs() / 250.0 + 1e-5, "{a} {b}");
                }
            }
        }
    }
}
