//! Which row of `policies/permissions.csv` each command needs, and its word in the activity log.
//!
//! The policy says who may do such a thing at all and where; the rules say who may do it to this case
//! now. Both must agree.

use crate::model::Action;

/// An action's right and its word in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// The row of the policy.
    pub policy: &'static str,
    /// The code in the activity log.
    pub log: &'static str,
}

const fn right(policy: &'static str, log: &'static str) -> Right {
    Right { policy, log }
}

/// The right that `action` needs.
pub const fn of(action: Action) -> Right {
    use Action as A;
    match action {
        A::Report => right("case.report", "case.report"),
        A::File => right("case.file", "case.file"),
        A::Decline => right("case.decline", "case.decline"),
        A::Merge => right("case.merge", "case.merge"),
        A::Locate => right("case.locate", "case.locate"),
        A::Recategorise => right("case.triage", "case.recategorise"),
        A::BlowJoint => right("case.whistle_joint", "case.blow_joint"),
        A::BlowTough => right("case.whistle_tough", "case.blow_tough"),
        A::Dispatch => right("case.dispatch", "case.dispatch"),
        A::AddAssisting => right("case.task_add", "case.add_assisting"),
        A::Accept => right("case.accept", "case.accept"),
        A::Arrive => right("case.arrive", "case.arrive"),
        A::AssistArrive => right("case.arrive", "case.assist_arrive"),
        A::Contact => right("case.note", "case.contact"),
        A::AskReporter => right("case.resolve", "case.ask_reporter"),
        A::ReporterAnswered => right("case.note", "case.reporter_answered"),
        A::RequestReturn => right("case.return", "case.request_return"),
        A::ConsentReturn => right("case.accept", "case.consent_return"),
        A::DecideReturn => right("case.decide_return", "case.decide_return"),
        A::RequestExtension => right("case.extend_request", "case.request_extension"),
        A::DecideExtension => right("case.extend_decide", "case.decide_extension"),
        A::RequestSuspension => right("case.extend_request", "case.request_suspension"),
        A::RefuseSuspension => right("case.suspend", "case.refuse_suspension"),
        A::Suspend => right("case.suspend", "case.suspend"),
        A::Resume => right("case.resume", "case.resume"),
        A::Resolve => right("case.resolve", "case.resolve"),
        A::StartVerification => right("case.verify", "case.start_verification"),
        A::FailVerification => right("case.verify", "case.fail_verification"),
        A::Close => right("case.close", "case.close"),
        A::FollowUp => right("case.callback", "case.follow_up"),
        A::Rate => right("case.callback", "case.rate"),
        A::Reopen => right("case.reopen", "case.reopen"),
        A::FlagUrgent => right("case.flag_urgent", "case.flag_urgent"),
        A::ConfirmUrgent => right("case.confirm_urgent", "case.confirm_urgent"),
        A::ClearUrgent => right("case.confirm_urgent", "case.clear_urgent"),
        A::Supervise => right("case.supervise", "case.supervise"),
        A::HideIdentity => right("case.note", "case.hide_identity"),
        A::Note => right("case.note", "case.note"),
        A::Comment => right("case.note", "case.comment"),
        A::Escalate => right("case.supervise", "case.escalate"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_access::Policy;

    #[test]
    fn every_action_has_a_row_that_somebody_holds() {
        let policy = Policy::built_in().unwrap();
        for &action in Action::ALL {
            let right = of(action);
            assert!(policy.knows(right.policy), "{action}: {}", right.policy);
            assert!(right.log.strip_prefix("case.").is_some_and(|word| word == action.as_str()));
        }
    }
}
