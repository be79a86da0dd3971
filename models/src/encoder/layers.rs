//! A transformer layer as nodes of an ONNX graph, whatever its weights are made of.

use super::{
    onnx::{
        Attribute::{Float, Int, Ints},
        Element, Graph,
    },
    weights::{Quantised, Weights},
};
use crate::{
    error::Result,
    shared::{
        Top,
        weights::{BLOCKS, Layer},
    },
};

/// Where a layer's weights come from. Names are `l<layer>.<part>`, as in [`BLOCKS`].
pub(super) trait Parts {
    /// `x · W + b`; gives the name of the result. `inputs`: columns of `x`.
    fn linear(&self, g: &mut Graph, x: &str, name: &str, inputs: usize) -> Result<String>;
    /// Normalises `x` into `out`.
    fn norm(&self, g: &mut Graph, x: &str, name: &str, out: &str) -> Result<String>;
    /// Components of a vector, and inside the feed-forward half.
    fn widths(&self) -> (usize, usize);
}

/// What all layers use.
pub(super) fn constants(g: &mut Graph, hidden: usize, heads: usize) {
    g.floats("one", &[], &[1.0]);
    g.ints("split", &[0, 0, heads as i64, (hidden / heads) as i64]);
    g.ints("join", &[0, 0, hidden as i64]);
    g.floats("scale", &[], &[1.0 / ((hidden / heads) as f32).sqrt()]);
    g.floats("root2", &[], &[std::f32::consts::SQRT_2]);
    g.floats("half", &[], &[0.5]);
}

/// One transformer layer, normalised after each half; the activation is the exact GELU. `mask`: what is added to the
/// attention's scores.
pub(super) fn layer(
    g: &mut Graph,
    parts: &dyn Parts,
    l: usize,
    x: &str,
    mask: Option<&str>,
    out: &str,
) -> Result<String> {
    let n = |part: &str| format!("l{l}.{part}");
    let (hidden, inner) = parts.widths();
    let mut heads = Vec::new();
    for (part, order) in [("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])] {
        let full = parts.linear(g, x, &n(part), hidden)?;
        let split = g.node("Reshape", &[&full, "split"], &n(&format!("{part}.split")), &[]);
        heads.push(g.node(
            "Transpose",
            &[&split],
            &n(&format!("{part}.heads")),
            &[("perm", Ints(order.to_vec()))],
        ));
    }
    let scores = g.node("MatMul", &[&heads[0], &heads[1]], &n("scores"), &[]);
    let mut scores = g.node("Mul", &[&scores, "scale"], &n("scaled"), &[]);
    if let Some(mask) = mask {
        scores = g.node("Add", &[&scores, mask], &n("masked"), &[]);
    }
    let shares = g.node("Softmax", &[&scores], &n("shares"), &[("axis", Int(-1))]);
    let seen = g.node("MatMul", &[&shares, &heads[2]], &n("seen"), &[]);
    let turned = g.node("Transpose", &[&seen], &n("turned"), &[("perm", Ints(vec![0, 2, 1, 3]))]);
    let joined = g.node("Reshape", &[&turned, "join"], &n("joined"), &[]);
    let attended = parts.linear(g, &joined, &n("ao"), hidden)?;
    let sum = g.node("Add", &[&attended, x], &n("sum1"), &[]);
    let middle = parts.norm(g, &sum, &n("aln"), &n("x1"))?;

    let wide = parts.linear(g, &middle, &n("fi"), hidden)?;
    let divided = g.node("Div", &[&wide, "root2"], &n("g1"), &[]);
    let erf = g.node("Erf", &[&divided], &n("g2"), &[]);
    let raised = g.node("Add", &[&erf, "one"], &n("g3"), &[]);
    let gated = g.node("Mul", &[&wide, &raised], &n("g4"), &[]);
    let gelu = g.node("Mul", &[&gated, "half"], &n("g5"), &[]);
    let narrow = parts.linear(g, &gelu, &n("fo"), inner)?;
    let sum = g.node("Add", &[&narrow, &middle], &n("sum2"), &[]);
    parts.norm(g, &sum, &n("oln"), out)
}

fn normalize(g: &mut Graph, x: &str, name: &str, weights: [&[f32]; 2], epsilon: f32, out: &str) -> String {
    let (scale, bias) = (format!("{name}.w"), format!("{name}.b"));
    g.floats(&scale, &[weights[0].len()], weights[0]);
    g.floats(&bias, &[weights[1].len()], weights[1]);
    let attributes = [("axis", Int(-1)), ("epsilon", Float(epsilon))];
    g.node("LayerNormalization", &[x, &scale, &bias], out, &attributes)
}

impl Parts for Weights<'_> {
    /// Weights in 4 bits; activations are quantised to 8 bits inside (accuracy level 4).
    fn linear(&self, g: &mut Graph, x: &str, name: &str, inputs: usize) -> Result<String> {
        let Quantised { scales, codes } = self.quantised(&format!("{name}.w"))?;
        let rows = codes.len() / inputs;
        let (weights, scale, bias) = (format!("{name}.q"), format!("{name}.s"), format!("{name}.b"));
        let packed: Vec<u8> = super::convert::pack(&codes);
        g.constant(&weights, Element::Uint8, &[rows, inputs / 32, 16], &packed);
        g.floats(&scale, &[scales.len()], &scales);
        g.floats(&bias, &[rows], &self.floats(&bias)?);
        let attributes = [
            ("K", Int(inputs as i64)),
            ("N", Int(rows as i64)),
            ("bits", Int(4)),
            ("block_size", Int(32)),
            ("accuracy_level", Int(4)),
        ];
        let product = g.node("MatMulNBits", &[x, &weights, &scale], &format!("{name}.mm"), &attributes);
        Ok(g.node("Add", &[&product, &bias], &format!("{name}.out"), &[]))
    }

    fn norm(&self, g: &mut Graph, x: &str, name: &str, out: &str) -> Result<String> {
        let (scale, bias) = (self.floats(&format!("{name}.w"))?, self.floats(&format!("{name}.b"))?);
        Ok(normalize(g, x, name, [&scale, &bias], self.shape.epsilon, out))
    }

    fn widths(&self) -> (usize, usize) {
        (self.shape.hidden, self.shape.inner)
    }
}

impl Top {
    fn block(&self, name: &str) -> &[f32] {
        let (layer, part) = name.trim_start_matches('l').split_once('.').unwrap_or(("0", name));
        let layer: Option<&Layer> = layer.parse().ok().and_then(|l: usize| self.layers.get(l));
        let place = BLOCKS.iter().position(|b| *b == part);
        layer.zip(place).map_or(&[], |(layer, place)| &layer.blocks[place])
    }
}

impl Parts for Top {
    fn linear(&self, g: &mut Graph, x: &str, name: &str, inputs: usize) -> Result<String> {
        let (weights, bias) = (format!("{name}.w"), format!("{name}.b"));
        let values = self.block(&weights);
        g.floats(&weights, &[inputs, values.len() / inputs], values);
        let shift = self.block(&bias);
        g.floats(&bias, &[shift.len()], shift);
        let product = g.node("MatMul", &[x, &weights], &format!("{name}.mm"), &[]);
        Ok(g.node("Add", &[&product, &bias], &format!("{name}.out"), &[]))
    }

    fn norm(&self, g: &mut Graph, x: &str, name: &str, out: &str) -> Result<String> {
        let weights = [self.block(&format!("{name}.w")), self.block(&format!("{name}.b"))];
        Ok(normalize(g, x, name, weights, self.shape.epsilon, out))
    }

    fn widths(&self) -> (usize, usize) {
        (self.shape.hidden, self.shape.inner)
    }
}

/// An ONNX model of the last layers for one text: `hidden` [1, seq, hidden] → `last_hidden_state`, of the same shape.
///
/// # Errors
/// None today; the trait is shared with weights that are read from a file.
pub(super) fn top(top: &Top) -> Result<Vec<u8>> {
    let mut g = Graph::default();
    let shape = [Err("batch"), Err("seq"), Ok(top.shape.hidden as i64)];
    g.input("hidden", Element::Float, &shape);
    g.output("last_hidden_state", Element::Float, &shape);
    constants(&mut g, top.shape.hidden, top.shape.heads);
    let mut x = "hidden".to_owned();
    for l in 0..top.layers.len() {
        let out = if l + 1 == top.layers.len() { "last_hidden_state".to_owned() } else { format!("l{l}.x2") };
        x = layer(&mut g, top, l, &x, None, &out)?;
    }
    Ok(g.finish("tuned-layers"))
}
