//! What is open to somebody now: the table, and what the rules beyond it would refuse anyway. Pages and interface
//! offer the same.

use super::{Standing, returns, transitions};
use crate::model::{Action, Ask, Case, CaseState, ClockKind, ClockRules, Party, WhistleLevel};

/// What somebody may do with the case as it stands. A second return is open only to who may rule it. What is typed
/// may still be refused.
pub fn open_to(case: &Case, by: &Standing, rules: &ClockRules) -> Vec<Action> {
    let above_only = returns::goes_up(case.ask.as_ref(), case.returns) && !by.is(Party::Above);
    let extension = rules.find(case.whistle, ClockKind::Close).map_or(0, |rule| rule.extension);
    transitions::open_to(case.state, &by.parties)
        .filter(|action| !(above_only && *action == Action::DecideReturn))
        .filter(|action| sensible(*action, case, by, extension))
        .collect()
}

/// Whether the rules beyond the table leave any chance for `action`, so that nothing is offered in vain. `extension`
/// is how many working days the closing clock may be extended.
fn sensible(action: Action, case: &Case, by: &Standing, extension: u32) -> bool {
    let first_hand = !case.resolvers.contains(&by.who);
    let own_ask = case.ask.as_ref().is_some_and(|ask| ask.by() == by.who);
    let free = case.ask.is_none();
    match action {
        Action::Resolve => {
            let called = case.whistle > WhistleLevel::Regular && !case.reported.nature.needs_only_words();
            case.open_tasks == 0 && (case.state == CaseState::OnSite || !(called || case.urgent_confirmed))
        }
        Action::StartVerification | Action::FailVerification => first_hand,
        Action::Close => first_hand && case.open_tasks == 0,
        Action::Decline | Action::Merge => case.open_tasks == 0,
        Action::DecideExtension => matches!(case.ask, Some(Ask::Extension { .. })) && !own_ask,
        Action::RefuseSuspension => matches!(case.ask, Some(Ask::Suspension { .. })) && !own_ask,
        Action::Suspend | Action::DecideReturn => !own_ask,
        Action::ConsentReturn => case.returns == 1 && !own_ask,
        Action::RequestExtension => free && extension > 0,
        Action::RequestSuspension => free,
        Action::RequestReturn => {
            free && case.whistle > WhistleLevel::Regular && !case.lead_bound && case.returns < 2
        }
        Action::AskReporter => case.reported.reachable && case.waiting_since.is_none(),
        Action::ReporterAnswered => case.waiting_since.is_some(),
        Action::Contact => case.reported.reachable,
        Action::BlowJoint => case.whistle < WhistleLevel::Joint,
        Action::BlowTough => case.whistle < WhistleLevel::Tough,
        Action::Reopen => by.is(Party::Above) || case.state != CaseState::Declined || !case.objected,
        Action::FlagUrgent => !case.urgent,
        Action::ConfirmUrgent => case.urgent && !case.urgent_confirmed,
        Action::ClearUrgent => case.urgent,
        Action::HideIdentity => !case.reported.hidden_identity && !case.reported.anonymous,
        _ => true,
    }
}
