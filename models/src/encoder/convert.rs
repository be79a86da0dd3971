//! Makes the encoder ready to run: keeps the vocabulary of the scripts that are served, and writes the transformer as an ONNX
//! graph with its weights left in 4 bits. Exact: nothing is quantised anew.

use super::{
    onnx::{
        Attribute::{Float, Int, Ints},
        Element, Graph,
    },
    weights::{Quantised, Weights, ill},
};
use crate::error::{Error, Result};
use serde_json::Value;

/// Names what this conversion makes of the weights: raised with every change after which vectors differ.
pub const CONVERSION: &str = "e5small-q4-pruned-1";

/// Longest input in tokens; the model's positions end at 512.
pub const MAX_TOKENS: usize = 512;

/// Graph and tokenizer, ready to be written.
pub struct Converted {
    /// An ONNX model: `input_ids`, `attention_mask` [batch, seq] → `last_hidden_state` [batch, seq, hidden].
    pub graph: Vec<u8>,
    /// A `tokenizer.json` whose ids are the graph's.
    pub tokenizer: Vec<u8>,
}

/// Latin, Devanagari, punctuation, symbols, emoji: the scripts of the varieties that are served.
fn kept(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(u32::from(c),
            0x2581 | 0..0x180 | 0x900..0x980 | 0x2000..0x2BFF | 0x1F000..0x1FB00 | 0xFE0F)
    })
}

fn ill_tokenizer(why: impl Into<String>) -> Error {
    Error::Convert { file: "tokenizer.json".into(), why: why.into() }
}

/// Converts weights and tokenizer.
///
/// # Errors
/// `CHARLA-E4104` where one of them is not what it should be, or they do not belong together.
pub fn convert(weights: &[u8], tokenizer: &[u8]) -> Result<Converted> {
    let weights = Weights::read(weights)?;
    let mut tokenizer: Value = serde_json::from_slice(tokenizer).map_err(|e| ill_tokenizer(e.to_string()))?;
    let vocab =
        tokenizer["model"]["vocab"].as_array().ok_or_else(|| ill_tokenizer("it has no vocabulary"))?;
    let mut rows = Vec::new();
    let mut pruned = Vec::new();
    for (row, entry) in vocab.iter().enumerate() {
        let piece = entry[0].as_str().ok_or_else(|| ill_tokenizer(format!("piece {row} is no text")))?;
        let special = row < 4 || row + 1 == vocab.len();
        if special || kept(piece) {
            // The mask, last in the vocabulary, has a row but no piece of its own in the weights.
            if row < weights.pieces.len() && weights.pieces[row] != piece {
                return Err(ill_tokenizer(format!(
                    "piece {row} is {piece:?}, the weights have {:?}",
                    weights.pieces[row]
                )));
            }
            rows.push(row);
            pruned.push(entry.clone());
        }
    }
    let mask = rows.len() - 1;
    tokenizer["model"]["vocab"] = Value::Array(pruned);
    for added in tokenizer["added_tokens"].as_array_mut().into_iter().flatten() {
        if added["content"] == "<mask>" {
            added["id"] = Value::from(mask);
        }
    }
    // Texts are cut and masked by the caller, one at a time.
    tokenizer["padding"] = Value::Null;
    tokenizer["truncation"] = Value::Null;
    let tokenizer = serde_json::to_vec(&tokenizer).map_err(|e| ill_tokenizer(e.to_string()))?;
    Ok(Converted { graph: graph(&weights, &rows)?, tokenizer })
}

/// Two codes a byte, the first one low.
fn pack(codes: &[u8]) -> Vec<u8> {
    codes.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 4).collect()
}

fn graph(w: &Weights<'_>, rows: &[usize]) -> Result<Vec<u8>> {
    let (hidden, heads) = (w.shape.hidden, w.shape.heads);
    let mut g = Graph::default();
    let shape = [Err("batch"), Err("seq")];
    g.input("input_ids", Element::Int64, &shape);
    g.input("attention_mask", Element::Int64, &shape);
    g.output("last_hidden_state", Element::Float, &[Err("batch"), Err("seq"), Ok(hidden as i64)]);

    embeddings(&mut g, w, rows)?;
    let mut x = norm(&mut g, w, "e0", "emb.ln", "x0")?;

    g.ints("axes", &[1, 2]);
    g.floats("one", &[], &[1.0]);
    g.floats("far", &[], &[-1e9]);
    g.node("Cast", &["attention_mask"], "mask", &[("to", Int(Element::Float as i64))]);
    g.node("Unsqueeze", &["mask", "axes"], "mask4", &[]);
    g.node("Sub", &["one", "mask4"], "hidden4", &[]);
    g.node("Mul", &["hidden4", "far"], "bias", &[]);

    g.ints("split", &[0, 0, heads as i64, (hidden / heads) as i64]);
    g.ints("join", &[0, 0, hidden as i64]);
    g.floats("scale", &[], &[1.0 / ((hidden / heads) as f32).sqrt()]);
    g.floats("root2", &[], &[std::f32::consts::SQRT_2]);
    g.floats("half", &[], &[0.5]);
    for l in 0..w.shape.layers {
        x = layer(&mut g, w, l, &x)?;
    }
    Ok(g.finish("multilingual-e5-small"))
}

fn embeddings(g: &mut Graph, w: &Weights<'_>, rows: &[usize]) -> Result<()> {
    let hidden = w.shape.hidden;
    let Quantised { scales, codes } = w.quantised("emb.word")?;
    let (blocks, total) = (hidden / 32, codes.len() / hidden);
    let mut words = Vec::with_capacity(rows.len() * hidden / 2);
    let mut word_scales = Vec::with_capacity(rows.len() * blocks);
    for row in rows {
        if *row >= total {
            return Err(ill(format!("the embedding has {total} rows, row {row} is wanted")));
        }
        // Signed here: code 0–15 stands for −8–7.
        let signed: Vec<u8> =
            codes[row * hidden..(row + 1) * hidden].iter().map(|c| c.wrapping_sub(8) & 15).collect();
        words.extend(pack(&signed));
        word_scales.extend_from_slice(&scales[row * blocks..(row + 1) * blocks]);
    }
    g.constant("words", Element::Int4, &[rows.len(), hidden], &words);
    g.floats("word_scales", &[rows.len(), blocks], &word_scales);
    let quantised = [("gather_axis", Int(0)), ("quantize_axis", Int(1)), ("block_size", Int(32))];
    g.node("GatherBlockQuantized", &["words", "input_ids", "word_scales"], "word", &quantised);
    // There is one segment only: its vector is added to every position's.
    let segment = w.floats("emb.type")?;
    let mut positions = w.floats("emb.pos")?;
    for (i, p) in positions.iter_mut().enumerate() {
        *p += segment[i % hidden];
    }
    g.floats("positions", &[positions.len() / hidden, hidden], &positions);
    g.ints("zero", &[0]);
    // A slice, not a gather over a range: ONNX Runtime's fusion fails on the latter.
    g.node("Shape", &["input_ids"], "length", &[("start", Int(1)), ("end", Int(2))]);
    g.node("Slice", &["positions", "zero", "length", "zero"], "position", &[]);
    g.node("Add", &["word", "position"], "e0", &[]);
    Ok(())
}

fn norm(g: &mut Graph, w: &Weights<'_>, x: &str, name: &str, out: &str) -> Result<String> {
    let (scale, bias) = (format!("{name}.w"), format!("{name}.b"));
    g.floats(&scale, &[w.shape.hidden], &w.floats(&scale)?);
    g.floats(&bias, &[w.shape.hidden], &w.floats(&bias)?);
    let attributes = [("axis", Int(-1)), ("epsilon", Float(w.shape.epsilon))];
    Ok(g.node("LayerNormalization", &[x, &scale, &bias], out, &attributes))
}

/// `x · Wᵀ + b` with the weights in 4 bits; activations are quantised to 8 bits inside (accuracy level 4).
fn linear(g: &mut Graph, w: &Weights<'_>, x: &str, name: &str, columns: usize) -> Result<String> {
    let Quantised { scales, codes } = w.quantised(&format!("{name}.w"))?;
    let rows = codes.len() / columns;
    let (weights, scale, bias) = (format!("{name}.q"), format!("{name}.s"), format!("{name}.b"));
    g.constant(&weights, Element::Uint8, &[rows, columns / 32, 16], &pack(&codes));
    g.floats(&scale, &[scales.len()], &scales);
    g.floats(&bias, &[rows], &w.floats(&bias)?);
    let attributes = [
        ("K", Int(columns as i64)),
        ("N", Int(rows as i64)),
        ("bits", Int(4)),
        ("block_size", Int(32)),
        ("accuracy_level", Int(4)),
    ];
    let product = g.node("MatMulNBits", &[x, &weights, &scale], &format!("{name}.mm"), &attributes);
    Ok(g.node("Add", &[&product, &bias], &format!("{name}.out"), &[]))
}

/// One transformer layer, normalised after each half; the activation is the exact GELU.
fn layer(g: &mut Graph, w: &Weights<'_>, l: usize, x: &str) -> Result<String> {
    let n = |part: &str| format!("l{l}.{part}");
    let hidden = w.shape.hidden;
    let mut parts = Vec::new();
    for (part, order) in [("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])] {
        let full = linear(g, w, x, &n(part), hidden)?;
        let split = g.node("Reshape", &[&full, "split"], &n(&format!("{part}.split")), &[]);
        parts.push(g.node(
            "Transpose",
            &[&split],
            &n(&format!("{part}.heads")),
            &[("perm", Ints(order.to_vec()))],
        ));
    }
    let scores = g.node("MatMul", &[&parts[0], &parts[1]], &n("scores"), &[]);
    let scaled = g.node("Mul", &[&scores, "scale"], &n("scaled"), &[]);
    let masked = g.node("Add", &[&scaled, "bias"], &n("masked"), &[]);
    let shares = g.node("Softmax", &[&masked], &n("shares"), &[("axis", Int(-1))]);
    let seen = g.node("MatMul", &[&shares, &parts[2]], &n("seen"), &[]);
    let turned = g.node("Transpose", &[&seen], &n("turned"), &[("perm", Ints(vec![0, 2, 1, 3]))]);
    let joined = g.node("Reshape", &[&turned, "join"], &n("joined"), &[]);
    let attended = linear(g, w, &joined, &n("ao"), hidden)?;
    let sum = g.node("Add", &[&attended, x], &n("sum1"), &[]);
    let middle = norm(g, w, &sum, &n("aln"), &n("x1"))?;

    let wide = linear(g, w, &middle, &n("fi"), hidden)?;
    let divided = g.node("Div", &[&wide, "root2"], &n("g1"), &[]);
    let erf = g.node("Erf", &[&divided], &n("g2"), &[]);
    let raised = g.node("Add", &[&erf, "one"], &n("g3"), &[]);
    let gated = g.node("Mul", &[&wide, &raised], &n("g4"), &[]);
    let gelu = g.node("Mul", &[&gated, "half"], &n("g5"), &[]);
    let narrow = linear(g, w, &gelu, &n("fo"), w.shape.inner)?;
    let sum = g.node("Add", &[&narrow, &middle], &n("sum2"), &[]);
    let last = l + 1 == w.shape.layers;
    let out = if last { "last_hidden_state".to_owned() } else { n("x2") };
    norm(g, w, &sum, &n("oln"), &out)
}
