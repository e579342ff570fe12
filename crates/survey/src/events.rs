//! What a filled-in form owes to others.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{AnswerId, SurveyId};

/// The outbox kind of [`Answered`].
pub const ANSWERED: &str = "survey.answered";

/// Somebody answered: ids only, never what was said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered {
    /// The answers.
    pub answer: AnswerId,
    /// The form.
    pub survey: SurveyId,
    /// Where.
    pub area: String,
    /// At which home.
    pub dwelling: Option<Uuid>,
    /// On which visit.
    pub visit: Option<Uuid>,
}

/// A port: whoever listens to [`ANSWERED`] puts it in. Without it no news is owed, so that the outbox does not
/// fill with what nobody fetches.
#[derive(Debug, Clone, Copy)]
pub struct AnswersWanted;
