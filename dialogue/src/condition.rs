//! Conditions of flows and responses: Rasa's predicates, parsed once, evaluated over the template context as JSON.

use crate::context::Context;
use crate::finding::Place;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

mod lexer;
mod needles;
mod parser;
mod pattern;

use pattern::Pattern;

/// A parsed condition.
#[derive(Debug, Clone)]
pub struct Condition {
    source: String,
    place: Place,
    expr: Expr,
}

/// Where and why a condition does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {message}")]
pub struct ConditionError {
    /// 1-based character in the condition.
    pub at: usize,
    /// What was wrong.
    pub message: String,
}

#[derive(Debug, Clone)]
enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Truthy(Operand),
    Compare(Operand, Op, Operand),
    Matches(Operand, Pattern),
    Null(Operand),
    Named(Named),
}

/// Another condition, by its name in the domain.
#[derive(Debug, Clone)]
struct Named {
    name: String,
    /// 1-based character at which it stands.
    at: usize,
    /// Set once all files have been read. Shared, so that its regular expressions are compiled and cached once.
    is: OnceLock<Arc<Condition>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(Vec<String>),
    Value(Value),
    List(Vec<Operand>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Contains,
}

impl Condition {
    /// Parses a condition.
    ///
    /// # Errors
    /// The first place where it stops making sense.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        Ok(Condition { source: source.to_owned(), place: Place::default(), expr: parser::parse(source)? })
    }

    /// The same, told where it stands.
    pub(crate) fn standing(self, place: Place) -> Self {
        Condition { place, ..self }
    }

    /// The condition as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds over a context (`{"slots": …, "context": …, "result": …}`).
    pub fn holds(&self, context: &Context) -> bool {
        self.expr.eval(context)
    }

    /// The slots it names.
    pub fn slots(&self) -> Vec<&str> {
        self.names("slots")
    }

    /// The names under `context.` that it uses.
    pub fn context(&self) -> Vec<&str> {
        self.names("context")
    }

    /// The conditions that it uses by name, and where.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, Place)> {
        let mut found = Vec::new();
        self.expr.named(&mut |named| found.push(named));
        found.into_iter().map(|named| {
            let column = self.place.column + named.at as u32 - 1;
            (named.name.as_str(), Place { column, ..self.place.clone() })
        })
    }

    /// Finds the conditions that it uses by name. Until then, and where there is none, they do not hold.
    pub(crate) fn link(&self, known: impl Fn(&str) -> Option<Arc<Condition>>) {
        self.expr.named(&mut |named| {
            if let Some(condition) = known(&named.name) {
                // Linked twice it stays what it is.
                let _ = named.is.set(condition);
            }
        });
    }

    fn names(&self, root: &str) -> Vec<&str> {
        let mut found = Vec::new();
        self.expr.walk(&mut |o| {
            if let Operand::Path(p) = o
                && p.len() > 1
                && p[0] == root
            {
                found.push(p[1].as_str());
            }
        });
        found
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Expr {
    fn eval(&self, context: &Context) -> bool {
        match self {
            Expr::Or(all) => all.iter().any(|e| e.eval(context)),
            Expr::And(all) => all.iter().all(|e| e.eval(context)),
            Expr::Not(e) => !e.eval(context),
            Expr::Truthy(o) => truthy(&o.value(context)),
            Expr::Null(o) => o.value(context).is_null(),
            Expr::Matches(o, pattern) => match &*o.value(context) {
                Value::String(s) => pattern.is_match(s),
                Value::Number(n) => pattern.is_match(&n.to_string()),
                _ => false,
            },
            Expr::Compare(left, op, right) => compare(&left.value(context), *op, &right.value(context)),
            Expr::Named(named) => named.is.get().is_some_and(|condition| condition.holds(context)),
        }
    }

    fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Operand)) {
        match self {
            Expr::Or(all) | Expr::And(all) => all.iter().for_each(|e| e.walk(visit)),
            Expr::Not(e) => e.walk(visit),
            Expr::Truthy(o) | Expr::Null(o) | Expr::Matches(o, _) => visit(o),
            Expr::Compare(l, _, r) => {
                visit(l);
                visit(r);
            }
            // What it names is looked at where it stands.
            Expr::Named(_) => {}
        }
    }

    fn named<'a>(&'a self, visit: &mut impl FnMut(&'a Named)) {
        match self {
            Expr::Or(all) | Expr::And(all) => all.iter().for_each(|e| e.named(visit)),
            Expr::Not(e) => e.named(visit),
            Expr::Named(named) => visit(named),
            Expr::Truthy(_) | Expr::Null(_) | Expr::Matches(..) | Expr::Compare(..) => {}
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, context: &'a Context) -> Cow<'a, Value> {
        match self {
            Operand::Value(v) => Cow::Borrowed(v),
            Operand::List(all) => {
                Cow::Owned(Value::Array(all.iter().map(|o| o.value(context).into_owned()).collect()))
            }
            Operand::Path(path) => look_up(context, path),
        }
    }
}

fn look_up<'a>(context: &'a Context, path: &[String]) -> Cow<'a, Value> {
    const NOTHING: Cow<'_, Value> = Cow::Owned(Value::Null);
    let Some(mut at) = path.first().and_then(|name| context.get(name)) else { return NOTHING };
    for (i, key) in path.iter().enumerate().skip(1) {
        let next = match at {
            Value::Object(map) => map.get(key),
            Value::Array(list) => key.parse::<usize>().ok().and_then(|n| list.get(n)),
            _ => None,
        };
        match next {
            Some(value) => at = value,
            None if key == "length" && i + 1 == path.len() => {
                return match at {
                    Value::Array(list) => Cow::Owned(list.len().into()),
                    Value::String(text) => Cow::Owned(text.chars().count().into()),
                    Value::Object(map) => Cow::Owned(map.len().into()),
                    _ => NOTHING,
                };
            }
            None => return NOTHING,
        }
    }
    Cow::Borrowed(at)
}

/// Set, not false, not empty, not 0.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

fn compare(left: &Value, op: Op, right: &Value) -> bool {
    match op {
        Op::Eq => equal(left, right),
        Op::Ne => !equal(left, right),
        Op::In => contains(right, left),
        Op::NotIn => !contains(right, left),
        Op::Contains => contains(left, right),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let order = match (number(left), number(right)) {
                (Some(l), Some(r)) => l.partial_cmp(&r),
                _ => match (left, right) {
                    (Value::String(l), Value::String(r)) => Some(l.cmp(r)),
                    _ => None,
                },
            };
            order.is_some_and(|o| match op {
                Op::Lt => o.is_lt(),
                Op::Le => o.is_le(),
                Op::Gt => o.is_gt(),
                _ => o.is_ge(),
            })
        }
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null) => false,
        (Value::Array(list), _) => list.iter().any(|v| equal(v, part)),
        (Value::String(text), Value::String(p)) => text.to_lowercase().contains(&p.to_lowercase()),
        (Value::Object(map), Value::String(key)) => map.contains_key(key),
        _ => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) => l.as_f64() == r.as_f64(),
        (Value::String(l), Value::Number(_)) => number_text(l).is_some_and(|l| Some(l) == number(right)),
        (Value::Number(_), Value::String(_)) => equal(right, left),
        _ => left == right,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => number_text(s),
        _ => None,
    }
}

fn number_text(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(source: &str) -> bool {
        let context = json!({
            "slots": {"x": "y", "n": 3, "t": true, "f": false, "pin": "110001", "list": ["a", "b"], "none": null, "text": "Hello World"},
            "context": {"language": "hi"},
            "result": {"items": [{"name": "S24"}], "total": 1},
        });
        Condition::parse(source).unwrap_or_else(|e| panic!("{source}: {e}")).holds(&context.into())
    }

    #[test]
    fn conditions_hold_as_their_readers_expect() {
        for yes in [
            "slots.x = \"y\" and not slots.f",
            "slots.none is null",
            "slots.missing is null",
            "slots.x is not null",
            "slots.pin matches \"^[0-9]{6}$\"",
            "not slots.pin matches '^[a-z]'",
            "slots.text contains 'world'",
            "'a' in slots.list",
            "slots.x in ['x', 'y']",
            "slots.x not in [\"z\"]",
            "slots.n >= 3 and slots.n < 4",
            "slots.n is 3",
            "slots.n == '3'",
            "(slots.f or slots.t) and context.language = 'hi'",
            "result.items.0.name = 'S24'",
            "result.items.length = 1",
            "x = 'y'",
            "true",
            "slots.x != 'z'",
            "slots.missing != 'z'",
            "slots.x is not 'z'",
            "not (slots.f and slots.t)",
            "slots.t is true",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            "slots.missing < 3",
            "slots.f",
            "slots.none",
            "not slots.t",
            "slots.list contains 'c'",
            "false",
            "slots.missing = 3",
        ] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn patterns_match_whatever_the_accents_and_the_nukta() {
        for (pattern, text) in [
            ("(?i)tecnico|elimin", "Técnico"),
            ("(?i)técnico", "un tecnico"),
            ("(?i)elimin[aeo]", "ELIMÍNENLOS"),
            ("रिफ़ंड", "रिफंड कब"),
            ("रिफंड", "रिफ़ंड कब"),
            ("पहुँच", "कब पहुंचेगा"),
        ] {
            let source = format!("context.text matches \"{pattern}\"");
            let condition = Condition::parse(&source).unwrap_or_else(|e| panic!("{source}: {e}"));
            assert!(condition.holds(&json!({"context": {"text": text}}).into()), "{pattern} {text}");
        }
        let strict = Condition::parse("slots.x matches '^[a-z]+$'").unwrap_or_else(|e| panic!("{e}"));
        assert!(!strict.holds(&json!({"slots": {"x": "ABC"}}).into()), "case is the pattern's business");
    }

    #[test]
    fn errors_name_the_character() {
        assert_eq!(Condition::parse("slots.x =").unwrap_err().at, 10);
        assert_eq!(Condition::parse("slots.x = 'y' and and").unwrap_err().at, 19);
        assert_eq!(Condition::parse("(slots.x").unwrap_err().at, 9);
        assert_eq!(Condition::parse("slots.x matches '('").unwrap_err().at, 17);
        assert_eq!(Condition::parse("slots.x 'y'").unwrap_err().at, 9);
        assert_eq!(Condition::parse("slots.x = 'y").unwrap_err().at, 11);
        assert_eq!(Condition::parse("conditions.x = true").unwrap_err().at, 14);
        assert_eq!(Condition::parse("slots.x = conditions.x").unwrap_err().at, 11);
        assert_eq!(Condition::parse("slots.x in [conditions.x]").unwrap_err().at, 13);
        assert_eq!(Condition::parse("conditions.").unwrap_err().at, 1);
    }

    #[test]
    fn one_holds_where_another_uses_it_by_name() {
        let parse = |source: &str| Condition::parse(source).unwrap_or_else(|e| panic!("{source}: {e}"));
        let box_ = Arc::new(parse("context.text matches '(?i)in the box'"));
        let user = parse("(conditions.asks_box or slots.x) and not conditions.none and not slots.tapped")
            .standing(Place { column: 1, ..Place::default() });
        let named: Vec<(String, u32)> =
            user.named().map(|(name, place)| (name.to_owned(), place.column)).collect();
        assert_eq!(named, [("asks_box".to_owned(), 2), ("none".to_owned(), 42)]);
        assert_eq!(user.slots(), ["x", "tapped"]);
        let asked = json!({"context": {"text": "What is in the BOX?"}}).into();
        assert!(!user.holds(&asked), "not before it is known");
        user.link(|name| (name == "asks_box").then(|| box_.clone()));
        assert!(user.holds(&asked));
        assert_eq!(Arc::strong_count(&box_), 2, "shared, not copied");
        assert!(
            !user.holds(&json!({"context": {"text": "What is in the BOX?"}, "slots": {"tapped": 1}}).into())
        );
        assert!(!user.holds(&json!({"context": {"text": "What?"}}).into()));
    }

    #[test]
    fn names_its_slots() {
        assert_eq!(
            Condition::parse("slots.a and (b = slots.c or context.d)").unwrap().slots(),
            ["a", "b", "c"]
        );
    }
}
