//! 核查结案 and after: the one who did it never says that it is done; the reporter has the last word.

use linli_kernel::{Error, Result, error::Check};

use super::{
    centre::{no_open_tasks, over},
    draft::Draft,
    whistle,
};
use crate::model::{CaseState, Ending, FollowUp, NoticeKind, Outcome, Party, Satisfaction, WhistleLevel};

/// Joint whistles that fail before the district takes over.
pub(super) const JOINT_TRIES: u8 = 2;

fn somebody_else(draft: &Draft<'_>) -> Result<()> {
    if draft.case.resolvers.contains(&draft.who()) {
        Err(Error::Forbidden("case-verify-self"))
    } else {
        Ok(())
    }
}

pub(super) fn start(draft: &mut Draft<'_>) -> Result<()> {
    somebody_else(draft)
}

pub(super) fn fail(draft: &mut Draft<'_>, note: &str) -> Result<()> {
    somebody_else(draft)?;
    draft.say("note", note)?;
    draft.case.extent = None;
    draft.resume();
    draft.tell(draft.case.lead, NoticeKind::Rework);
    Ok(())
}

pub(super) fn close(draft: &mut Draft<'_>, outcome: Outcome, note: Option<&str>) -> Result<()> {
    somebody_else(draft)?;
    no_open_tasks(draft)?;
    draft.may_say("note", note)?;
    draft.fact("outcome", outcome);
    draft.public();
    draft.end_all(Ending::Met);
    draft.case.outcome = Some(outcome);
    over(draft);
    draft.tell(draft.case.lead, NoticeKind::Closed);
    draft.tell_reporter(NoticeKind::Closed);
    Ok(())
}

pub(super) fn follow_up(draft: &mut Draft<'_>, result: FollowUp) -> Result<()> {
    let mut check = Check::new();
    if result.reached {
        check.require(result.solved.is_some(), "solved", "error-required");
        check.require(result.satisfaction.is_some(), "satisfaction", "error-required");
    } else {
        let nothing = result.contacted.is_none() && result.solved.is_none() && result.satisfaction.is_none();
        check.require(nothing, "reached", "error-not-reached");
    }
    check.done()?;
    draft.fact("reached", result.reached);
    if let Some(solved) = result.solved {
        draft.fact("solved", solved);
    }
    if let Some(satisfaction) = result.satisfaction {
        draft.fact("satisfaction", satisfaction);
    }
    Ok(())
}

pub(super) fn rate(draft: &mut Draft<'_>, satisfaction: Satisfaction, comment: Option<&str>) -> Result<()> {
    draft.may_say("comment", comment)?;
    draft.public();
    draft.fact("satisfaction", satisfaction);
    draft.case.satisfaction = Some(satisfaction);
    Ok(())
}

/// 重办: within the reporter's days, or whenever the level above sees that it is not done.
pub(super) fn reopen(draft: &mut Draft<'_>, reason: &str) -> Result<()> {
    let was_declined = draft.case.state == CaseState::Declined;
    if !draft.by.is(Party::Above) {
        if draft.case.reopen_until.is_none_or(|until| draft.now() >= until) {
            return Err(Error::Conflict("case-reopen-too-late"));
        }
        if was_declined && draft.case.objected {
            return Err(Error::Conflict("case-objected-already"));
        }
    }
    draft.say("reason", reason)?;
    draft.public();
    let case = &mut draft.case;
    case.reopened = case.reopened.saturating_add(1);
    case.objected |= was_declined;
    case.ended_at = None;
    case.reopen_until = None;
    case.resolvers.clear();
    case.extent = None;
    case.outcome = None;
    case.satisfaction = None;
    case.contacted_at = None;
    if was_declined {
        // Who declined does not judge the objection.
        case.level = case.level.max(crate::model::Level::Street).above();
        let lead = draft.scene.chain.at(draft.case.level);
        draft.hand_to(lead);
    }
    let failed = draft.case.whistle == WhistleLevel::Joint && !was_declined;
    draft.case.joint_failures = draft.case.joint_failures.saturating_add(u8::from(failed));
    if failed && draft.case.joint_failures >= JOINT_TRIES {
        whistle::raise(draft, WhistleLevel::Tough, Ending::Superseded);
    } else {
        whistle::begin(draft);
    }
    draft.tell(draft.case.lead, NoticeKind::Reopened);
    draft.tell(draft.centre(), NoticeKind::Reopened);
    Ok(())
}
