//! Expressions with every name resolved.

use serde::{Deserialize, Serialize};

use super::Function;
use crate::model::NodeId;

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// `or`
    #[serde(rename = "or")]
    Or,
    /// `and`
    #[serde(rename = "and")]
    And,
    /// `=`
    #[serde(rename = "=")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    GreaterOrEqual,
    /// `+`
    #[serde(rename = "+")]
    Plus,
    /// `-`
    #[serde(rename = "-")]
    Minus,
    /// `*`
    #[serde(rename = "*")]
    Times,
    /// `div`
    #[serde(rename = "div")]
    Div,
    /// `mod`
    #[serde(rename = "mod")]
    Mod,
}

impl Operator {
    /// How it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Div => "div",
            Self::Mod => "mod",
        }
    }

    /// How tightly it binds.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Plus | Self::Minus => 5,
            Self::Times | Self::Div | Self::Mod => 6,
        }
    }
}

/// An expression. Letters keep the definition that goes to phones small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A number.
    #[serde(rename = "n")]
    Number(f64),
    /// A text.
    #[serde(rename = "s")]
    Text(String),
    /// A question, group or repeat. The second number says how many of the repeat numbers around the asking
    /// question are shared: `${age}` beside it means the same person's, `sum(${age})` from outside means all.
    #[serde(rename = "r")]
    Node(NodeId, usize),
    /// A column of the choice that a filter looks at.
    #[serde(rename = "c")]
    Column(String),
    /// `-x`
    #[serde(rename = "m")]
    Minus(Box<Expr>),
    /// `x op y`
    #[serde(rename = "o")]
    Operator(Operator, Box<Expr>, Box<Expr>),
    /// `f(x, …)`
    #[serde(rename = "f")]
    Call(Function, Vec<Expr>),
}

impl Expr {
    /// Every node that it mentions.
    pub fn nodes(&self) -> Vec<NodeId> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut Vec<NodeId>) {
        match self {
            // Which one of several does not wait for a value.
            Self::Number(_) | Self::Text(_) | Self::Column(_) | Self::Call(Function::Position, _) => {}
            Self::Node(id, _) => found.push(*id),
            Self::Minus(inner) => inner.collect(found),
            Self::Operator(_, left, right) => {
                left.collect(found);
                right.collect(found);
            }
            // What a choice is called does not either.
            Self::Call(Function::ChoiceName, args) => args.iter().take(1).for_each(|a| a.collect(found)),
            Self::Call(_, args) => args.iter().for_each(|arg| arg.collect(found)),
        }
    }
}
