//! Labelled messages, one JSON object a line: `{"text", "lang", "intent", "entities": [{"entity", "start", "end", "value"}]}`.

use super::{Dataset, Example, Span, slice};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Row {
    text: String,
    #[serde(default)]
    lang: String,
    intent: String,
    #[serde(default)]
    entities: Vec<Span>,
}

/// A message with or without its labels.
#[derive(Deserialize)]
struct Plain {
    text: String,
}

fn ill(path: &Path, line: usize, what: String, mend: &str) -> Error {
    Error::Data { file: path.to_owned(), line, what, mend: mend.into() }
}

/// The lines that are not empty, with their 1-based numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()).map(|(index, line)| (index + 1, line))
}

/// The texts of a file's messages, labelled or not.
///
/// # Errors
/// `CHARLA-E4011` for a line that is no object with a `text`.
pub fn texts(path: &Path, text: &str) -> Result<Vec<String>> {
    let message = |(number, line)| {
        serde_json::from_str::<Plain>(line)
            .map(|row| row.text)
            .map_err(|e| ill(path, number, format!("no message: {e}"), "write {\"text\": \"…\"}"))
    };
    lines(text).map(message).collect()
}

/// Adds the rows of a file that has just been put into `set.files`.
///
/// # Errors
/// `CHARLA-E4011` for a line that is not such an object or whose spans are not in its text.
pub fn read(set: &mut Dataset, path: &Path, text: &str) -> Result<()> {
    let file = set.files.len().saturating_sub(1);
    for (number, line) in lines(text) {
        let ill = |what: String, mend: &str| ill(path, number, what, mend);
        let mut row: Row = serde_json::from_str(line).map_err(|e| {
            ill(format!("no labelled message: {e}"), "write {\"text\", \"lang\", \"intent\", \"entities\"}")
        })?;
        let length = row.text.chars().count();
        for span in &mut row.entities {
            if span.start >= span.end || span.end > length {
                return Err(ill(
                    format!("span {}..{} is not in the text", span.start, span.end),
                    "count Unicode characters, end exclusive",
                ));
            }
            if span.value.is_empty() {
                span.value = slice(&row.text, span.start, span.end);
            }
        }
        row.entities.sort_by_key(|s| s.start);
        set.examples.push(Example {
            text: row.text,
            lang: row.lang,
            intent: row.intent,
            entities: row.entities,
            file,
            line: number,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_need_no_labels() {
        let rows = "{\"text\":\"hi\"}\n\n{\"text\":\"bye\",\"intent\":\"goodbye\"}\n";
        assert_eq!(texts(Path::new("x.jsonl"), rows).unwrap(), ["hi", "bye"]);
        let error = texts(Path::new("x.jsonl"), "{\"text\":\"hi\"}\n{\"txt\":1}").unwrap_err().to_string();
        assert!(error.contains("x.jsonl:2") && error.contains("E4011"), "{error}");
    }

    #[test]
    fn rows_and_errors_with_their_line() {
        let mut set = Dataset { files: vec!["x.jsonl".into()], ..Dataset::default() };
        let rows = "{\"text\":\"order 88\",\"lang\":\"en\",\"intent\":\"track_order\",\"entities\":[{\"entity\":\"order_id\",\"start\":6,\"end\":8}]}\n\n{\"text\":\"hi\",\"intent\":\"greet\"}\n";
        read(&mut set, Path::new("x.jsonl"), rows).unwrap();
        assert_eq!((set.examples.len(), set.examples[1].line), (2, 3));
        assert_eq!(set.examples[0].entities[0].value, "88");
        let bad =
            "{\"text\":\"hi\",\"intent\":\"greet\",\"entities\":[{\"entity\":\"a\",\"start\":0,\"end\":3}]}";
        let error = read(&mut set, Path::new("x.jsonl"), bad).unwrap_err().to_string();
        assert!(error.contains("x.jsonl:1") && error.contains("E4011"), "{error}");
    }
}
