//! Which colour stands beside the word of a state.

use crate::model::CaseState;

/// For residents and workers: does somebody wait for them, is it going on, is it over?
pub(super) const fn of(state: CaseState) -> &'static str {
    match state {
        CaseState::Closed | CaseState::Rated => "ok",
        CaseState::Returned | CaseState::Suspended | CaseState::Reopened => "warn",
        CaseState::Declined | CaseState::Merged => "",
        _ => "info",
    }
}
