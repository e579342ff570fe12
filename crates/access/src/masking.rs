//! Masking (脱敏): a screen shows little of a contact until somebody says why they need it.

use linli_kernel::{AreaCode, Error, FieldError, Result, person};
use linli_store::{Entry, Op};
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::{Access, Authorise, Target};

/// A personal text that prints, logs and serialises masked; the clear text is never inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked(String);

impl Masked {
    /// `138****5678`.
    pub fn phone(clear: &str) -> Self {
        Self(person::mask_phone(clear))
    }

    /// `王**`.
    pub fn name(clear: &str) -> Self {
        Self(person::mask_name(clear))
    }

    /// What is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Whose field is to be shown, and why.
#[derive(Debug, Clone)]
pub struct Unmask<'a> {
    /// The action that permits it, for example `case.read_contact`.
    pub action: &'static str,
    /// The kind of thing, for example `case`.
    pub subject: &'static str,
    /// The thing's id.
    pub subject_id: String,
    /// Where it is and who takes part.
    pub target: Target<'a>,
    /// Which field, for the log.
    pub field: &'static str,
    /// Why: what the person typed.
    pub reason: &'a str,
}

/// The shortest reason that says something.
const REASON: usize = 4;

/// Permits the look and writes it to the activity log, then opens the field with `open`. The caller
/// commits before it answers: no look without its row.
pub async fn unmask<T>(op: &mut Op, look: Unmask<'_>, open: impl FnOnce(&Access) -> Result<T>) -> Result<T> {
    op.permit(look.action, &look.target)?;
    let reason = look.reason.trim();
    match reason.chars().count() {
        0..REASON => {
            return Err(Error::Invalid(vec![
                FieldError::new("reason", "error-reason-short").with("min", REASON),
            ]));
        }
        201.. => {
            return Err(Error::Invalid(vec![FieldError::new("reason", "error-too-long").with("max", 200)]));
        }
        _ => {}
    }
    let area: AreaCode = look.target.area.clone();
    op.log(Entry {
        action: look.action,
        subject: look.subject,
        subject_id: look.subject_id,
        area,
        detail: json!({ "field": look.field, "reason": reason }),
    })
    .await?;
    open(&*op.district.port::<Access>()?)
}
