//! The XPath of ODK XForms, as far as forms need it: parsed once, evaluated here and in the browser.

mod ast;
mod function;
mod parse;
mod token;
mod unparse;

pub use ast::{Expr, Operator};
pub use function::Function;
pub use parse::{Names, parse, parse_text};
pub use unparse::unparse;

use crate::Code;

/// Why an expression cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at {at}: {about}", code.word())]
pub struct ParseError {
    /// What is wrong.
    pub code: Code,
    /// The character at which it shows, counted from 1.
    pub at: usize,
    /// The word it is about.
    pub about: String,
}

impl ParseError {
    fn new(code: Code, at: usize, about: impl Into<String>) -> Self {
        Self { code, at, about: about.into() }
    }
}
