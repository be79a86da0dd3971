//! The few messages of ONNX's protobuf schema (`onnx.proto3`) that the encoder's graph needs, written by hand: a protobuf
//! compiler and its generated code would be larger than all of this.

/// Element types of `TensorProto.DataType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 32-bit float.
    Float = 1,
    /// Unsigned byte.
    Uint8 = 2,
    /// 64-bit integer.
    Int64 = 7,
    /// Two signed 4-bit integers a byte, the first one in the low half.
    Int4 = 22,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// `AttributeProto.f`.
    Float(f32),
    /// `AttributeProto.i`.
    Int(i64),
    /// `AttributeProto.ints`.
    Ints(Vec<i64>),
}

/// A protobuf message being written.
#[derive(Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn int(mut self, field: u32, value: i64) -> Self {
        self.key(field, 0);
        self.varint(value as u64);
        self
    }

    fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(self, field: u32, value: Message) -> Self {
        self.bytes(field, &value.0)
    }
}

/// A graph being written. Every node has one output and is named after it.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Message,
    initializers: Message,
    inputs: Message,
    outputs: Message,
}

impl Graph {
    /// Adds a constant; `raw` is little endian.
    pub fn constant(&mut self, name: &str, element: Element, shape: &[usize], raw: &[u8]) {
        let mut tensor = Message::default();
        for size in shape {
            tensor = tensor.int(1, *size as i64);
        }
        let tensor = tensor.int(2, element as i64).text(8, name).bytes(9, raw);
        self.initializers = std::mem::take(&mut self.initializers).message(5, tensor);
    }

    /// Adds a float constant.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, Element::Float, shape, &raw);
    }

    /// Adds a constant of 64-bit integers, one-dimensional.
    pub fn ints(&mut self, name: &str, values: &[i64]) {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, Element::Int64, &[values.len()], &raw);
    }

    /// Adds a node and returns its output's name.
    pub fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) -> String {
        // Contributed operators live in a domain of their own.
        let domain = if matches!(op, "MatMulNBits" | "GatherBlockQuantized") { "com.microsoft" } else { "" };
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, output).text(4, op);
        for (name, value) in attributes {
            let attribute = Message::default().text(1, name);
            let attribute = match value {
                Attribute::Float(f) => attribute.float(2, *f).int(20, 1),
                Attribute::Int(i) => attribute.int(3, *i).int(20, 2),
                Attribute::Ints(all) => all.iter().fold(attribute, |a, i| a.int(8, *i)).int(20, 7),
            };
            node = node.message(5, attribute);
        }
        if !domain.is_empty() {
            node = node.text(7, domain);
        }
        self.nodes = std::mem::take(&mut self.nodes).message(1, node);
        output.to_owned()
    }

    /// Declares an input with named (`Err`) and fixed (`Ok`) dimensions.
    pub fn input(&mut self, name: &str, element: Element, shape: &[Result<i64, &str>]) {
        self.inputs = std::mem::take(&mut self.inputs).message(11, value_info(name, element, shape));
    }

    /// Declares an output.
    pub fn output(&mut self, name: &str, element: Element, shape: &[Result<i64, &str>]) {
        self.outputs = std::mem::take(&mut self.outputs).message(12, value_info(name, element, shape));
    }

    /// The whole model: IR version 10, opset 21, Microsoft's operators version 1.
    pub fn finish(self, name: &str) -> Vec<u8> {
        let mut graph = self.nodes.text(2, name);
        for part in [self.initializers, self.inputs, self.outputs] {
            graph.0.extend_from_slice(&part.0);
        }
        let opset = |domain: &str, version| Message::default().text(1, domain).int(2, version);
        Message::default()
            .int(1, 10)
            .text(2, "charla")
            .message(7, graph)
            .message(8, opset("", 21))
            .message(8, opset("com.microsoft", 1))
            .0
    }
}

fn value_info(name: &str, element: Element, shape: &[Result<i64, &str>]) -> Message {
    let dims = shape.iter().fold(Message::default(), |all, dim| {
        let dim = match dim {
            Ok(size) => Message::default().int(1, *size),
            Err(name) => Message::default().text(2, name),
        };
        all.message(1, dim)
    });
    let tensor = Message::default().int(1, element as i64).message(2, dims);
    Message::default().text(1, name).message(2, Message::default().message(1, tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_protobuf_wants_them() {
        // From the protobuf documentation: field 1 = 150 is 08 96 01; field 2 = "testing" is 12 07 …
        assert_eq!(Message::default().int(1, 150).0, [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").0, b"\x12\x07testing");
        assert_eq!(Message::default().int(1, -1).0.len(), 11, "negative numbers take ten bytes");
    }
}
