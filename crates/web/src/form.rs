//! Forms that keep what was typed and say at the field what is wrong.

use std::collections::BTreeMap;

use linli_kernel::{Error, FieldError};

use crate::{Locale, WebError};

/// The sentences of wrong fields, by field, for the template that shows the form again.
#[derive(Debug, Clone, Default)]
pub struct Problems(BTreeMap<String, String>);

impl Problems {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes an input error apart; any other error goes on its way.
    pub fn of(error: Error, locale: &Locale) -> Result<Self, WebError> {
        match error {
            Error::Invalid(fields) => Ok(Self::from_fields(&fields, locale)),
            other => Err(WebError(other)),
        }
    }

    /// The sentences of these fields.
    pub fn from_fields(fields: &[FieldError], locale: &Locale) -> Self {
        Self(fields.iter().map(|f| (f.field.clone(), locale.field_error(f))).collect())
    }

    /// The sentence for `field`, or nothing.
    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Whether the form was in order.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every wrong field, for the summary above the form.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, sentence)| (field.as_str(), sentence.as_str()))
    }
}
