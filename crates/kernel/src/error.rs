//! What can go wrong in a use case, in words that a page and an API can both tell.
//!
//! Messages are locale keys, so that the sentence is written once per language and never in code.

use std::fmt;

use serde::Serialize;

/// A word outside a closed list.
#[derive(Debug, thiserror::Error)]
#[error("“{word}” is not one of {list}")]
pub struct UnknownWord {
    /// The list's name.
    pub list: &'static str,
    /// What was given.
    pub word: String,
}

/// One wrong field: where, and the locale key of what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The form or JSON field.
    pub field: String,
    /// Locale key of the sentence, for example `error-required`.
    pub key: String,
    /// Arguments of the sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(String, String)>,
}

impl FieldError {
    /// `field` is wrong in the way `key` says.
    pub fn new(field: impl Into<String>, key: impl Into<String>) -> Self {
        Self { field: field.into(), key: key.into(), args: Vec::new() }
    }

    /// Adds an argument to the sentence.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.args.push((name.to_owned(), value.to_string()));
        self
    }
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400/422: input that the person can mend; each field says how.
    #[error("invalid input: {0:?}")]
    Invalid(Vec<FieldError>),
    /// 401: nobody is logged in.
    #[error("log-in required")]
    Unauthorised,
    /// 403: visible, but this role may not do this. The key says why.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// 404: not there, or not visible to this person; the two look the same.
    #[error("not found")]
    NotFound,
    /// 409: the thing's present state does not allow it, or somebody was faster. The key says what.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// 413: larger than allowed. The key says the limit.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// 429: too many tries; seconds to wait.
    #[error("too many requests; wait {0} s")]
    TooMany(u64),
    /// 503: busy or going down; try again.
    #[error("unavailable: {0}")]
    Unavailable(&'static str),
    /// 500: our fault; logged, never shown.
    #[error("{0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One wrong field.
    pub fn field(field: impl Into<String>, key: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, key)])
    }

    /// Our own fault, with what the log should say.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

/// Collects field errors so that a form hears of all its mistakes at once.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Starts with no errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes an error for `field` unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, key: &str) -> &mut Self {
        if !holds {
            self.0.push(FieldError::new(field, key));
        }
        self
    }

    /// Notes an error.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// Keeps a parsed value or notes the error.
    pub fn parse<T>(&mut self, field: &str, key: &str, parsed: Option<T>) -> Option<T> {
        if parsed.is_none() {
            self.0.push(FieldError::new(field, key));
        }
        parsed
    }

    /// A text with at least one and at most `max` characters, trimmed.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.0.push(FieldError::new(field, "error-required"));
        } else if text.chars().count() > max {
            self.0.push(FieldError::new(field, "error-too-long").with("max", max));
        }
        text.to_owned()
    }

    /// A text that may be absent, with at most `max` characters.
    pub fn optional(&mut self, field: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = text.map(str::trim).filter(|t| !t.is_empty())?;
        if text.chars().count() > max {
            self.0.push(FieldError::new(field, "error-too-long").with("max", max));
        }
        Some(text.to_owned())
    }

    /// All errors at once, or none.
    pub fn done(&mut self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(std::mem::take(&mut self.0))) }
    }
}
