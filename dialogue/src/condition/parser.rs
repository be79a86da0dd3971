//! Recursive descent: `or` over `and` over `not` over comparisons.

use super::lexer::{Token, tokens};
use super::{ConditionError, Expr, Named, Op, Operand, Pattern};
use serde_json::Value;
use std::sync::OnceLock;

/// Roots that a path may begin with; anything else is a slot's name.
const ROOTS: [&str; 6] = ["slots", "context", "result", "status", "handoff", "row"];

/// Begins the name of another condition.
const NAMED: &str = "conditions.";

pub(super) fn parse(source: &str) -> Result<Expr, ConditionError> {
    let tokens = tokens(source)?;
    let mut p = Parser { tokens: &tokens, at: 0, end: source.chars().count() + 1, depth: 0 };
    let expr = p.or()?;
    match p.peek() {
        None => Ok(expr),
        Some(_) => Err(p.error("an operator or the end is expected here")),
    }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    end: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, t)| t)
    }
    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(at, _)| *at)
    }
    fn error(&self, message: &str) -> ConditionError {
        ConditionError { at: self.place(), message: message.to_owned() }
    }
    fn word(&self) -> Option<String> {
        match self.peek()? {
            Token::Name(n) => Some(n.to_lowercase()),
            Token::Symbol("&&") => Some("and".into()),
            Token::Symbol("||") => Some("or".into()),
            _ => None,
        }
    }
    fn eat_word(&mut self, word: &str) -> bool {
        let hit = self.word().as_deref() == Some(word);
        self.at += usize::from(hit);
        hit
    }
    fn eat(&mut self, symbol: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Symbol(s)) if *s == symbol);
        self.at += usize::from(hit);
        hit
    }

    fn or(&mut self) -> Result<Expr, ConditionError> {
        let mut all = vec![self.and()?];
        while self.eat_word("or") {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::Or(all) })
    }

    fn and(&mut self) -> Result<Expr, ConditionError> {
        let mut all = vec![self.not()?];
        while self.eat_word("and") {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn not(&mut self) -> Result<Expr, ConditionError> {
        self.depth += 1;
        if self.depth > 50 {
            return Err(self.error("nested too deeply"));
        }
        let expr = if self.eat_word("not") {
            Expr::Not(Box::new(self.not()?))
        } else if self.eat("(") {
            let inner = self.or()?;
            if !self.eat(")") {
                return Err(self.error("`)` is missing"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// Another condition, which is no value but holds or does not.
    fn named(&mut self) -> Result<Option<Expr>, ConditionError> {
        let at = self.place();
        let Some(name) = self.name_of_condition() else { return Ok(None) };
        if name.split('.').any(str::is_empty) {
            return Err(self.error("a name is expected after the point"));
        }
        self.at += 1;
        let joined = matches!(self.word().as_deref(), Some("and" | "or"));
        if !joined && !matches!(self.peek(), None | Some(Token::Symbol(")"))) {
            return Err(self.error("a named condition stands by itself; join it with `and`, `or`, `not`"));
        }
        Ok(Some(Expr::Named(Named { name, at, is: OnceLock::new() })))
    }

    fn name_of_condition(&self) -> Option<String> {
        match self.peek()? {
            Token::Name(path) => path.strip_prefix(NAMED).map(str::to_owned),
            _ => None,
        }
    }

    fn comparison(&mut self) -> Result<Expr, ConditionError> {
        if let Some(named) = self.named()? {
            return Ok(named);
        }
        let left = self.operand()?;
        if self.eat_word("matches") {
            let at = self.place();
            let Some(Token::Text(text)) = self.peek().cloned() else {
                return Err(self.error("a regular expression in quotes is expected here"));
            };
            self.at += 1;
            let regex = Pattern::new(&text)
                .map_err(|e| ConditionError { at, message: format!("not a regular expression: {e}") })?;
            return Ok(Expr::Matches(left, regex));
        }
        if self.eat_word("is") {
            let negated = self.eat_word("not");
            let expr = if self.eat_word("null") || self.eat_word("none") {
                Expr::Null(left)
            } else {
                Expr::Compare(left, Op::Eq, self.operand()?)
            };
            return Ok(if negated { Expr::Not(Box::new(expr)) } else { expr });
        }
        let op = if self.eat("==") || self.eat("=") {
            Op::Eq
        } else if self.eat("!=") {
            Op::Ne
        } else if self.eat("<=") {
            Op::Le
        } else if self.eat(">=") {
            Op::Ge
        } else if self.eat("<") {
            Op::Lt
        } else if self.eat(">") {
            Op::Gt
        } else if self.eat_word("in") {
            Op::In
        } else if self.eat_word("contains") {
            Op::Contains
        } else if self.word().as_deref() == Some("not")
            && matches!(self.tokens.get(self.at + 1), Some((_, Token::Name(n))) if n.eq_ignore_ascii_case("in"))
        {
            self.at += 2;
            Op::NotIn
        } else {
            return Ok(Expr::Truthy(left));
        };
        if matches!(op, Op::Eq | Op::Ne) && self.eat_word("null") {
            let null = Expr::Null(left);
            return Ok(if op == Op::Ne { Expr::Not(Box::new(null)) } else { null });
        }
        Ok(Expr::Compare(left, op, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("a value is expected here"));
        };
        if self.name_of_condition().is_some() {
            return Err(self.error("a named condition is no value"));
        }
        if self.eat("[") {
            let mut all = Vec::new();
            while !self.eat("]") {
                all.push(self.operand()?);
                if !self.eat(",") && !matches!(self.peek(), Some(Token::Symbol("]"))) {
                    return Err(self.error("`,` or `]` is expected here"));
                }
            }
            return Ok(Operand::List(all));
        }
        let operand = match token {
            Token::Text(t) => Operand::Value(Value::String(t)),
            Token::Number(n) => {
                Operand::Value(serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number))
            }
            Token::Name(name) => match name.to_lowercase().as_str() {
                "true" => Operand::Value(Value::Bool(true)),
                "false" => Operand::Value(Value::Bool(false)),
                "null" | "none" => Operand::Value(Value::Null),
                "and" | "or" | "not" | "in" | "is" | "contains" | "matches" => {
                    return Err(self.error("a value is expected here"));
                }
                _ => {
                    let mut path: Vec<String> = name.split('.').map(str::to_owned).collect();
                    if path.iter().any(String::is_empty) {
                        return Err(self.error("a name is expected after the point"));
                    }
                    if !ROOTS.contains(&path[0].as_str()) {
                        path.insert(0, "slots".into());
                    }
                    Operand::Path(path)
                }
            },
            Token::Symbol(_) => return Err(self.error("a value is expected here")),
        };
        self.at += 1;
        Ok(operand)
    }
}
