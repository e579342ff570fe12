//! The whole workflow as one table: state × action → state, and who may do it.

use std::collections::BTreeSet;

use linli_kernel::{Error, Result};

use crate::model::{Action, CaseState, Party};

/// Where an action leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// To this state.
    State(CaseState),
    /// It stays where it is.
    Same,
    /// Back to where it was before it was put aside.
    Before,
}

/// One row: whoever is one of `by` may do `action` in each state of `from`.
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    /// The action.
    pub action: Action,
    /// The states in which it can be done.
    pub from: &'static [CaseState],
    /// Where it leads.
    pub to: To,
    /// Who may do it.
    pub by: &'static [Party],
}

const fn row(action: Action, from: &'static [CaseState], to: To, by: &'static [Party]) -> Transition {
    Transition { action, from, to, by }
}

use Action as A;
use CaseState::{
    Accepted, Assigned, Closed, Declined, Filed, Merged, OnSite, Rated, Reopened, Reported, Resolved,
    Returned, Suspended, Verifying,
};
use Party::{
    Above, Assisting, Centre, GridWorker, Hotline, Lead, Proposed, Reporter, Secretary, StreetLeader, System,
};
use To::{Before, Same, State};

/// The three centres' desks.
const DESK: &[Party] = &[Centre, Above];
/// Those who may look whether it is really done; the one who did it is refused as a person.
const LOOKERS: &[Party] = &[GridWorker, Secretary, Centre, Above];
/// Everybody on our side who has to do with the case, and the house itself where another part of it has news.
const STAFF: &[Party] =
    &[Lead, Assisting, Proposed, GridWorker, Secretary, Centre, Above, StreetLeader, Hotline, System];

/// Before the lead has delivered.
const UNDONE: &[CaseState] = &[Reported, Filed, Assigned, Accepted, OnSite, Returned, Reopened];
/// With a lead that works on it.
const IN_HAND: &[CaseState] = &[Accepted, OnSite];

/// The table.
pub const TRANSITIONS: &[Transition] = &[
    // 采集 → 立案 → 派遣
    row(A::File, &[Reported], State(Filed), &[GridWorker, Secretary, Lead, Centre, Above]),
    row(A::Decline, &[Reported, Filed], State(Declined), &[Centre]),
    row(A::Decline, &[Reopened], State(Declined), &[Above]),
    row(A::Merge, &[Reported, Filed, Assigned, Accepted], State(Merged), DESK),
    row(A::Locate, &[Reported, Filed, Reopened], Same, &[Secretary, Centre, Above]),
    row(A::Recategorise, UNDONE, Same, DESK),
    row(
        A::BlowJoint,
        &[Filed, Assigned, Accepted, OnSite, Reopened],
        State(Filed),
        &[Secretary, Centre, System],
    ),
    row(A::BlowJoint, &[Reported, Returned, Suspended], State(Filed), &[System]),
    row(
        A::BlowTough,
        &[Filed, Assigned, Accepted, OnSite, Reopened],
        State(Filed),
        &[StreetLeader, Above, System],
    ),
    row(A::BlowTough, &[Reported, Returned, Suspended], State(Filed), &[System]),
    row(A::Dispatch, &[Filed, Assigned, Accepted, OnSite, Reopened], State(Assigned), DESK),
    row(A::AddAssisting, &[Assigned, Accepted, OnSite], Same, &[Lead, Centre, Above]),
    // 处理
    row(A::Accept, &[Filed, Assigned, Reopened], State(Accepted), &[Lead]),
    row(A::Arrive, &[Accepted], State(OnSite), &[Lead]),
    row(A::AssistArrive, &[Assigned, Accepted, OnSite], Same, &[Assisting]),
    row(
        A::Contact,
        &[Assigned, Accepted, OnSite, Suspended, Resolved, Verifying],
        Same,
        &[Lead, Assisting, Centre],
    ),
    row(A::AskReporter, IN_HAND, Same, &[Lead]),
    row(A::ReporterAnswered, IN_HAND, Same, &[Reporter, Hotline, Lead, System]),
    // 退回
    row(A::RequestReturn, &[Assigned, Accepted], State(Returned), &[Lead]),
    row(A::ConsentReturn, &[Returned], State(Accepted), &[Proposed]),
    row(A::DecideReturn, &[Returned], State(Assigned), DESK),
    // 延期、挂账
    row(A::RequestExtension, IN_HAND, Same, &[Lead]),
    row(A::DecideExtension, IN_HAND, Same, &[Above]),
    row(A::RequestSuspension, IN_HAND, Same, &[Lead]),
    row(A::RefuseSuspension, IN_HAND, Same, DESK),
    row(A::Suspend, IN_HAND, State(Suspended), DESK),
    row(A::Resume, &[Suspended], Before, &[Lead, Centre, Above, System]),
    // 反馈 → 核查结案 → 评价
    row(A::Resolve, IN_HAND, State(Resolved), &[Lead]),
    row(A::StartVerification, &[Resolved], State(Verifying), &[GridWorker, Secretary, Centre, Above, System]),
    row(A::FailVerification, &[Verifying], State(Accepted), LOOKERS),
    row(A::Close, &[Verifying], State(Closed), LOOKERS),
    row(A::FollowUp, &[Verifying, Closed, Rated], Same, &[Centre, Above, Hotline]),
    row(A::Rate, &[Closed], State(Rated), &[Reporter, Hotline]),
    row(A::Reopen, &[Declined, Closed, Rated], State(Reopened), &[Reporter, Hotline, Above]),
    // 紧急、督办、留言
    row(
        A::FlagUrgent,
        UNDONE,
        Same,
        &[Reporter, Lead, Assisting, GridWorker, Secretary, Centre, Above, StreetLeader, Hotline],
    ),
    row(A::ConfirmUrgent, UNDONE, Same, DESK),
    row(A::ClearUrgent, UNDONE, Same, DESK),
    row(
        A::Supervise,
        &[Filed, Assigned, Accepted, OnSite, Returned, Suspended, Resolved, Verifying, Reopened],
        Same,
        &[Centre, Above, StreetLeader],
    ),
    row(A::HideIdentity, CaseState::ALL, Same, &[Reporter, Secretary, Centre, Above, Hotline]),
    row(A::Note, CaseState::ALL, Same, STAFF),
    row(
        A::Comment,
        CaseState::ALL,
        Same,
        &[Reporter, Lead, Assisting, GridWorker, Secretary, Centre, Above, Hotline],
    ),
    row(
        A::Escalate,
        &[Reported, Filed, Assigned, Accepted, OnSite, Returned, Suspended, Reopened],
        Same,
        &[System],
    ),
];

/// The row for an action in a state.
pub fn find(action: Action, state: CaseState) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|t| t.action == action && t.from.contains(&state))
}

/// Whether somebody who is all of `parties` may do this now, and where it leads.
///
/// A stranger to the action hears that it is not theirs in whatever state, so that a refusal tells
/// nothing about the case.
pub fn check(action: Action, state: CaseState, parties: &BTreeSet<Party>) -> Result<To> {
    let ever = TRANSITIONS.iter().any(|t| t.action == action && t.by.iter().any(|p| parties.contains(p)));
    if !ever {
        return Err(Error::Forbidden("case-not-yours"));
    }
    let row = find(action, state).ok_or(Error::Conflict("case-state"))?;
    if row.by.iter().any(|p| parties.contains(p)) {
        Ok(row.to)
    } else {
        Err(Error::Forbidden("case-not-yours-now"))
    }
}

/// What somebody may do now, for the buttons on a page. Rules beyond the table may still refuse.
pub fn open_to(state: CaseState, parties: &BTreeSet<Party>) -> impl Iterator<Item = Action> {
    Action::ALL.iter().copied().filter(move |action| check(*action, state, parties).is_ok())
}
