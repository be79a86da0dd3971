//! Templates and expressions, compiled once with minijinja.

use crate::context::Context;
use crate::filters;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;
use std::sync::Arc;

/// A template that gives text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Arc<str>);

/// Something that gives a value: a constant, an expression, or a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// As it stands.
    Constant(Value),
    /// Keeps its type.
    Expression(Arc<str>),
    /// An expression that is names with dots between them, the first of them what every context has: looked up as it stands.
    Path(Arc<str>),
    /// Gives text.
    Text(Text),
    /// Values inside.
    Object(Vec<(String, Setting)>),
    /// Values inside.
    List(Vec<Setting>),
}

/// All compiled templates of an assistant.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
}

/// Name under which an expression's value is exported by its template.
const EXPORT: &str = "charla_value";

impl Default for Templates {
    fn default() -> Self {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Chainable);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        // `none` in the middle of a sentence is never meant.
        env.set_formatter(|out, state, value| {
            if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
        });
        env.set_recursion_limit(100);
        filters::install(&mut env);
        Templates { env }
    }
}

impl Setting {
    /// Whether a template or expression in it names this.
    pub(crate) fn names(&self, word: &str) -> bool {
        match self {
            Setting::Constant(_) => false,
            Setting::Expression(source) | Setting::Path(source) => source.contains(word),
            Setting::Text(text) => text.0.contains(word),
            Setting::Object(all) => all.iter().any(|(_, setting)| setting.names(word)),
            Setting::List(all) => all.iter().any(|setting| setting.names(word)),
        }
    }
}

impl Text {
    /// The template as written.
    pub fn source(&self) -> &str {
        &self.0
    }
    /// Whether it holds no template syntax, so that its length is known.
    pub fn is_static(&self) -> bool {
        !self.0.contains("{{") && !self.0.contains("{%")
    }
}

/// Whether an expression is a [`Setting::Path`].
fn is_path(source: &str) -> bool {
    let name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut names = source.split('.');
    names.next().is_some_and(|first| ["slots", "context", "result"].contains(&first)) && names.all(name)
}

/// The inside of a text that is exactly one `{{ … }}`.
fn whole_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then(|| inner.trim())
}

impl Templates {
    /// Compiles a text template.
    ///
    /// # Errors
    /// minijinja's message.
    pub fn text(&mut self, source: &str) -> Result<Text, String> {
        let text = Text(source.into());
        // A compiled template takes 4 KiB, and nothing in this one has to be worked out.
        if !text.is_static() {
            let name = format!("t:{source}");
            self.env.add_template_owned(name, source.to_owned()).map_err(|e| describe(&e))?;
        }
        Ok(text)
    }

    /// Compiles an expression.
    ///
    /// # Errors
    /// minijinja's message.
    pub fn expression(&mut self, source: &str) -> Result<Setting, String> {
        // Checked alone first: inside `set` an unbalanced expression could still make a template.
        if let Err(error) = self.env.compile_expression(source) {
            return Err(describe(&error));
        }
        if is_path(source) {
            return Ok(Setting::Path(source.into()));
        }
        self.env
            .add_template_owned(format!("e:{source}"), format!("{{% set {EXPORT} = ({source}) %}}"))
            .map_err(|e| describe(&e))?;
        Ok(Setting::Expression(source.into()))
    }

    /// Compiles what stands in a YAML value: texts may be templates.
    ///
    /// # Errors
    /// minijinja's message.
    pub fn setting(&mut self, value: &Value) -> Result<Setting, String> {
        Ok(match value {
            Value::String(s) => {
                if let Some(expression) = whole_expression(s) {
                    self.expression(expression)?
                } else if s.contains("{{") || s.contains("{%") {
                    Setting::Text(self.text(s)?)
                } else {
                    Setting::Constant(value.clone())
                }
            }
            Value::Object(map) => {
                let mut all = Vec::new();
                for (k, v) in map {
                    all.push((k.clone(), self.setting(v)?));
                }
                Setting::Object(all)
            }
            Value::Array(list) => {
                Setting::List(list.iter().map(|v| self.setting(v)).collect::<Result<_, _>>()?)
            }
            other => Setting::Constant(other.clone()),
        })
    }

    /// Renders a text.
    ///
    /// # Errors
    /// minijinja's message (a filter on a value that it cannot take, …).
    pub fn render(&self, text: &Text, context: &Context) -> Result<String, String> {
        if text.is_static() {
            return Ok(text.0.to_string());
        }
        let template = self.env.get_template(&format!("t:{}", text.0)).map_err(|e| describe(&e))?;
        template.render(context.seen()).map_err(|e| describe(&e))
    }

    /// Evaluates a setting.
    ///
    /// # Errors
    /// minijinja's message.
    pub fn eval(&self, setting: &Setting, context: &Context) -> Result<Value, String> {
        Ok(match setting {
            Setting::Constant(value) => value.clone(),
            Setting::Text(text) => Value::String(self.render(text, context)?),
            Setting::Object(all) => {
                let mut map = serde_json::Map::new();
                for (k, v) in all {
                    map.insert(k.clone(), self.eval(v, context)?);
                }
                Value::Object(map)
            }
            Setting::List(all) => {
                Value::Array(all.iter().map(|s| self.eval(s, context)).collect::<Result<_, _>>()?)
            }
            Setting::Path(source) => {
                let mut names = source.split('.');
                let first = names.next().and_then(|name| context.get(name));
                first
                    .and_then(|value| names.try_fold(value, |at, name| at.get(name)))
                    .cloned()
                    .unwrap_or_default()
            }
            Setting::Expression(source) => {
                let template = self.env.get_template(&format!("e:{source}")).map_err(|e| describe(&e))?;
                let captured = template.render_captured(context.seen()).map_err(|e| describe(&e))?;
                match captured.state().lookup(EXPORT) {
                    Some(value) if !value.is_undefined() => {
                        serde_json::to_value(&value).map_err(|e| e.to_string())?
                    }
                    _ => Value::Null,
                }
            }
        })
    }
}

fn describe(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Rasa's `{slot}` becomes `{{ slots.slot }}`; everything else stays.
pub(crate) fn rasa_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if chars[i] == '{' && (i + 1 < chars.len() && matches!(chars[i + 1], '{' | '%' | '#')) {
            // A template part: copied up to its end.
            let close = match chars[i + 1] {
                '{' => "}}",
                '%' => "%}",
                _ => "#}",
            };
            let rest: String = chars[i..].iter().collect();
            let end = rest.find(close).map_or(rest.len(), |e| e + 2);
            out.push_str(&rest[..end]);
            i += rest[..end].chars().count();
            continue;
        }
        if chars[i] == '{' {
            let name: String =
                chars[i + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            let after = i + 1 + name.chars().count();
            if !name.is_empty() && chars.get(after) == Some(&'}') {
                out.push_str(&format!("{{{{ slots.{name} }}}}"));
                i = after + 1;
                continue;
            }
        }
        out.push(chars[i]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_keep_types_and_templates_give_text() {
        let mut t = Templates::default();
        let context = Context::from(
            json!({"result": {"total": 1, "items": [{"sku": "A"}]}, "status": 200, "slots": {"n": null}}),
        );
        for (source, expected) in [
            ("{{ result.items }}", json!([{"sku": "A"}])),
            ("{{ result.items[0].sku if result.total == 1 else none }}", json!("A")),
            ("{{ result.nothing.at.all }}", Value::Null),
            ("n {{ result.total }}{{ slots.n }}", json!("n 1")),
            ("{{ status == 200 }}", json!(true)),
            ("plain", json!("plain")),
        ] {
            let setting = t.setting(&json!(source)).unwrap();
            assert_eq!(t.eval(&setting, &context).unwrap(), expected, "{source}");
        }
        let object = t.setting(&json!({"a": "{{ status }}", "b": [1, "{{ result.total }}"]})).unwrap();
        assert_eq!(t.eval(&object, &context).unwrap(), json!({"a": 200, "b": [1, 1]}));
        for path in ["result.items", "result", "slots.n", "slots.none.such", "result.items.sku", "context.a"]
        {
            let both = [format!("{{{{ {path} }}}}"), format!("{{{{ ({path}) }}}}")]
                .map(|source| t.setting(&json!(source)).unwrap());
            assert!(matches!(&both[..], [Setting::Path(_), Setting::Expression(_)]), "{path}");
            assert_eq!(t.eval(&both[0], &context), t.eval(&both[1], &context), "{path}");
        }
        assert!(t.text("{{ a").is_err());
        assert!(t.expression("a b").is_err());
        let unknown = t.text("{{ a | nofilter }}").unwrap();
        assert!(t.render(&unknown, &context).is_err());
    }

    #[test]
    fn rasa_placeholders_are_understood() {
        assert_eq!(
            rasa_placeholders("Hi {name}, {{ slots.x }} {% if a %}{b}{% endif %} {not this}"),
            "Hi {{ slots.name }}, {{ slots.x }} {% if a %}{{ slots.b }}{% endif %} {not this}"
        );
    }
}
