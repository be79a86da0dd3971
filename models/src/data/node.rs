//! A YAML tree whose nodes know their lines, for files in which every mistake is to be named with its place.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

/// A node. Enums that serde buffers (`untagged`) lose their places, so this one reads itself.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Spanned<Node>>),
    /// A mapping, in the file's order.
    Map(Vec<(String, Spanned<Node>)>),
    /// A number, a truth value, or nothing: nowhere a text of a customer.
    Other,
}

/// The 1-based line of a node.
pub(super) fn line<T>(node: &Spanned<T>) -> usize {
    node.referenced.line() as usize
}

impl Node {
    /// What it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Other => "a number, a truth value or nothing",
        }
    }

    /// The trimmed text, if it is one and not empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|t| !t.is_empty()),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("YAML")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_lines() {
        let text = "a: |\n  9\nb:\n  - x\n  - 7\n  - {c: ~}\n  - true\n";
        let Node::Map(map) = serde_saphyr::from_str(text).unwrap() else { panic!("a mapping") };
        assert_eq!((map[0].0.as_str(), map[0].1.value.text()), ("a", Some("9")));
        let Node::List(list) = &map[1].1.value else { panic!("a list") };
        assert_eq!(list.iter().map(line).collect::<Vec<_>>(), [4, 5, 6, 7]);
        let kinds: Vec<&str> = list.iter().map(|n| n.value.kind()).collect();
        assert_eq!(kinds, ["a text", Node::Other.kind(), "a mapping", Node::Other.kind()]);
        assert_eq!(Node::Text("  ".into()).text(), None);
    }
}
