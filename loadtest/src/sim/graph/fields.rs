//! Reading a JSON object the way Meta does: what is missing, what is too long, each with its place.

use super::GraphError;
use serde_json::{Map, Value};

/// An object and where it stands in the request.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, path: &str) -> Result<Self, GraphError> {
        match value {
            Value::Object(object) => Ok(Self { object, path: path.to_owned() }),
            _ => Err(GraphError::invalid(format!("Param {path} must be a JSON object"))),
        }
    }

    pub(super) fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.object.get(key).is_some_and(|value| !value.is_null())
    }

    pub(super) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn object(&self, key: &str) -> Result<Fields<'a>, GraphError> {
        let place = self.place(key);
        Fields::of(self.raw(key).ok_or_else(|| GraphError::missing(&place))?, &place)
    }

    pub(super) fn maybe_object(&self, key: &str) -> Result<Option<Fields<'a>>, GraphError> {
        self.raw(key).map(|value| Fields::of(value, &self.place(key))).transpose()
    }

    /// The elements of an array of objects, `least` to `most` of them.
    pub(super) fn objects(
        &self,
        key: &str,
        least: usize,
        most: usize,
    ) -> Result<Vec<Fields<'a>>, GraphError> {
        let place = self.place(key);
        let array = match self.raw(key) {
            Some(Value::Array(array)) => array,
            Some(_) => return Err(GraphError::invalid(format!("Param {place} must be an array"))),
            None if least == 0 => return Ok(Vec::new()),
            None => return Err(GraphError::missing(&place)),
        };
        if !(least..=most).contains(&array.len()) {
            return Err(GraphError::value(format!(
                "Invalid {place} count. Min allowed: {least}, Max allowed: {most}"
            )));
        }
        let element = |(i, value)| Fields::of(value, &format!("{place}[{i}]"));
        array.iter().enumerate().map(element).collect()
    }

    /// A text of 1 to `most` characters that is not blank.
    pub(super) fn text(&self, key: &str, most: usize) -> Result<&'a str, GraphError> {
        let place = self.place(key);
        let text = match self.raw(key) {
            Some(Value::String(text)) => text,
            Some(_) => return Err(GraphError::invalid(format!("Param {place} must be a string"))),
            None => return Err(GraphError::missing(&place)),
        };
        let length = text.chars().count();
        if text.trim().is_empty() || length > most {
            return Err(GraphError::value(format!(
                "{place} length invalid ({length}). Min length: 1, Max length: {most}"
            )));
        }
        Ok(text)
    }

    pub(super) fn maybe_text(&self, key: &str, most: usize) -> Result<Option<&'a str>, GraphError> {
        if self.has(key) { self.text(key, most).map(Some) } else { Ok(None) }
    }

    /// A degree within ±`most`; numbers in strings are taken too, as Meta does.
    pub(super) fn degrees(&self, key: &str, most: f64) -> Result<f64, GraphError> {
        let place = self.place(key);
        let value = self.raw(key).ok_or_else(|| GraphError::missing(&place))?;
        let degrees = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        degrees
            .filter(|degrees| degrees.abs() <= most)
            .ok_or_else(|| GraphError::value(format!("{place} must be between -{most} and {most}")))
    }

    /// An `http` or `https` address.
    pub(super) fn url(&self, key: &str) -> Result<&'a str, GraphError> {
        let url = self.text(key, 2_048)?;
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(url);
        }
        Err(GraphError::value(format!("{} is not a valid URI", self.place(key))))
    }
}
