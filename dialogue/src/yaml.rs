//! YAML as a tree that remembers where everything stood, so that findings can point at it.

use crate::finding::{Findings, Place, codes};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::{fmt, sync::Arc};

/// A node with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Line from 1.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
    /// What stands there.
    pub kind: Kind,
}

/// The shapes of YAML.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order written.
    Map(Vec<(Node, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Node {
            line: spanned.referenced.line() as u32,
            column: spanned.referenced.column() as u32,
            kind: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Kind;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("YAML")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E: de::Error>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Kind, D::Error> {
                d.deserialize_any(V)
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(v))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Kind, E> {
                Ok(Kind::Number(v.into()))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Kind, E> {
                Ok(Kind::Number(v.into()))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Kind, E> {
                Ok(serde_json::Number::from_f64(v).map_or(Kind::Null, Kind::Number))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Kind, E> {
                Ok(Kind::Text(v.to_owned()))
            }
            fn visit_string<E: de::Error>(self, v: String) -> Result<Kind, E> {
                Ok(Kind::Text(v))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
                let mut all = Vec::new();
                while let Some(node) = seq.next_element::<Node>()? {
                    all.push(node);
                }
                Ok(Kind::Seq(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry::<Node, Node>()? {
                    all.push(entry);
                }
                Ok(Kind::Map(all))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// Reads one file; what cannot be read becomes a finding.
pub(crate) fn parse(file: &Arc<str>, text: &str, findings: &mut Findings) -> Option<Node> {
    if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
        return None;
    }
    match serde_saphyr::from_str_with_options::<Node>(
        text,
        serde_saphyr::options! { strict_booleans: true, with_snippet: false },
    ) {
        Ok(node) => Some(node),
        Err(error) => {
            let (line, column) = error.location().map_or((0, 0), |l| (l.line() as u32, l.column() as u32));
            let place = Place { file: file.clone(), line, column };
            findings.error(
                &place,
                codes::YAML,
                format!("not valid YAML: {error}"),
                "correct the YAML; watch indentation and quotes",
            );
            None
        }
    }
}

impl Node {
    /// This node's place in `file`.
    pub fn place(&self, file: &Arc<str>) -> Place {
        Place { file: file.clone(), line: self.line, column: self.column }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
    }

    /// The entries of a mapping; nothing for other shapes.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Map(all) => all,
            _ => &[],
        }
    }

    /// The elements of a sequence; nothing for other shapes.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Seq(all) => all,
            _ => &[],
        }
    }

    /// The text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(t) => Some(t),
            _ => None,
        }
    }

    /// Any scalar as text; `null` as nothing.
    pub fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(t) => Some(t.clone()),
            Kind::Bool(b) => Some(b.to_string()),
            Kind::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(n) => n.as_f64(),
            _ => None,
        }
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(n.clone()),
            Kind::Text(t) => Value::String(t.clone()),
            Kind::Seq(all) => Value::Array(all.iter().map(Node::json).collect()),
            Kind::Map(all) => {
                Value::Object(all.iter().map(|(k, v)| (k.scalar().unwrap_or_default(), v.json())).collect())
            }
        }
    }
}

/// A node being read: knows its file and complains about what it does not expect.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub file: &'a Arc<str>,
    pub node: &'a Node,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a Arc<str>, node: &'a Node) -> Self {
        Reader { file, node }
    }
    pub fn place(&self) -> Place {
        self.node.place(self.file)
    }
    pub fn get(&self, key: &str) -> Option<Reader<'a>> {
        self.node.get(key).map(|n| Reader::new(self.file, n))
    }
    pub fn items(&self) -> impl Iterator<Item = Reader<'a>> + use<'a> {
        let file = self.file;
        self.node.items().iter().map(move |n| Reader::new(file, n))
    }
    pub fn entries(&self) -> impl Iterator<Item = (Reader<'a>, Reader<'a>)> + use<'a> {
        let file = self.file;
        self.node.entries().iter().map(move |(k, v)| (Reader::new(file, k), Reader::new(file, v)))
    }
    pub fn key(&self) -> String {
        self.node.scalar().unwrap_or_default()
    }

    /// Complains about keys outside `known`.
    pub fn only(&self, findings: &mut Findings, known: &[&str]) {
        if self.node.entries().is_empty() && !matches!(self.node.kind, Kind::Map(_) | Kind::Null) {
            findings.error(
                &self.place(),
                codes::SHAPE,
                "a mapping is expected here",
                format!("write one of: {}", known.join(", ")),
            );
        }
        for (k, _) in self.entries() {
            let key = k.key();
            if !known.contains(&key.as_str()) {
                let mend = match crate::finding::nearest(&key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                findings.error(&k.place(), codes::UNKNOWN_KEY, format!("unknown key `{key}`"), mend);
            }
        }
    }

    fn shape(&self, findings: &mut Findings, what: &str) {
        findings.error(
            &self.place(),
            codes::SHAPE,
            format!("{what} is expected here"),
            format!("write {what}"),
        );
    }

    /// A scalar as text.
    pub fn string(&self, findings: &mut Findings) -> Option<String> {
        let text = self.node.scalar();
        if text.is_none() {
            self.shape(findings, "a text");
        }
        text
    }
    pub fn string_at(&self, key: &str, findings: &mut Findings) -> Option<String> {
        self.get(key)?.string(findings)
    }
    pub fn bool_at(&self, key: &str, findings: &mut Findings) -> Option<bool> {
        let at = self.get(key)?;
        if at.node.bool().is_none() {
            at.shape(findings, "true or false");
        }
        at.node.bool()
    }
    pub fn number_at(
        &self,
        key: &str,
        findings: &mut Findings,
        range: std::ops::RangeInclusive<f64>,
    ) -> Option<f64> {
        let at = self.get(key)?;
        let Some(n) = at.node.number() else {
            at.shape(findings, "a number");
            return None;
        };
        if !range.contains(&n) {
            findings.error(
                &at.place(),
                codes::RANGE,
                format!("`{key}` is {n}"),
                format!("choose a value from {} to {}", range.start(), range.end()),
            );
            return None;
        }
        Some(n)
    }
    /// A list of texts; a single text counts as a list of one.
    pub fn strings_at(&self, key: &str, findings: &mut Findings) -> Vec<(String, Place)> {
        let Some(at) = self.get(key) else { return Vec::new() };
        match &at.node.kind {
            Kind::Null => Vec::new(),
            Kind::Seq(_) => at.items().filter_map(|i| i.string(findings).map(|s| (s, i.place()))).collect(),
            _ => at.string(findings).map(|s| (s, at.place())).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places_of_keys_and_values_and_does_not_take_no_for_false() {
        let mut findings = Findings::default();
        let file: Arc<str> = "a.yml".into();
        let node = parse(&file, "a:\n  no: [1, \"2\", x]\n  b: true\n", &mut findings).unwrap();
        assert!(findings.list.is_empty(), "{:?}", findings.list);
        let a = node.get("a").unwrap();
        let no = a.get("no").unwrap();
        assert_eq!((no.items()[2].line, no.items()[2].column), (2, 16));
        assert_eq!(a.entries()[0].0.line, 2);
        assert_eq!(no.items()[1].text(), Some("2"));
        assert_eq!(a.get("b").unwrap().bool(), Some(true));
    }

    #[test]
    fn broken_yaml_names_the_line() {
        let mut findings = Findings::default();
        assert!(parse(&"b.yml".into(), "a: [1,\nb: 2\n", &mut findings).is_none());
        assert_eq!(findings.list.len(), 1);
        assert!(findings.list[0].line > 0);
    }
}
