//! 首接负责: the first receiver leads until somebody else does. A return names who; the first may be
//! settled by consent or by the centre, the second goes one level up and binds.

use linli_kernel::{Error, Result, actor::OrgId};

use super::{centre::hand_over, draft::Draft};
use crate::model::{Ask, ClockKind, Ending, NoticeKind, Party, ReturnReason, WhistleLevel};

/// A return that may still be settled below.
const FIRST: u8 = 1;
/// The last return; its decision binds.
const LAST: u8 = 2;

pub(super) fn request(draft: &mut Draft<'_>, reason: ReturnReason, to: OrgId, note: &str) -> Result<()> {
    draft.nothing_asked()?;
    if draft.case.whistle == WhistleLevel::Regular {
        // A grid does not hand its case to anybody: it asks for a joint whistle.
        return Err(Error::Conflict("case-return-regular"));
    }
    if draft.case.lead_bound || draft.case.returns >= LAST {
        return Err(Error::Conflict("case-lead-bound"));
    }
    if to == draft.case.lead {
        return Err(Error::field("to", "error-return-self"));
    }
    draft.say("note", note)?;
    draft.fact("reason", reason);
    draft.fact("to", to);
    draft.stop_waiting();
    draft.case.returns += 1;
    draft.case.ask = Some(Ask::Return { by: draft.who(), reason, to });
    // Who says no has answered the call to sign.
    draft.end(&[ClockKind::Sign], Ending::Met);
    if draft.case.returns == FIRST {
        draft.tell(draft.centre(), NoticeKind::AskWaiting);
        draft.tell(to, NoticeKind::AskWaiting);
    } else {
        draft.tell(draft.above(), NoticeKind::AskWaiting);
    }
    Ok(())
}

fn asked(draft: &Draft<'_>) -> Result<(Ask, OrgId)> {
    match &draft.case.ask {
        Some(ask @ Ask::Return { to, .. }) => Ok((ask.clone(), *to)),
        _ => Err(Error::Conflict("case-nothing-asked")),
    }
}

/// The named organisation takes it: only the first time.
pub(super) fn consent(draft: &mut Draft<'_>) -> Result<()> {
    let (ask, to) = asked(draft)?;
    draft.not_own(&ask)?;
    if draft.case.returns != FIRST {
        return Err(Error::Conflict("case-above-decides"));
    }
    let former = draft.case.lead;
    hand_over(draft, to, false);
    draft.public();
    draft.tell(former, NoticeKind::AskDecided);
    draft.tell(draft.centre(), NoticeKind::AskDecided);
    draft.tell_reporter(NoticeKind::Accepted);
    Ok(())
}

/// Whether the return that is asked now is ruled one level up only.
pub fn goes_up(ask: Option<&Ask>, returns: u8) -> bool {
    matches!(ask, Some(Ask::Return { .. })) && returns >= LAST
}

/// A centre names the lead: the same as before, the proposed one, or a third.
pub(super) fn decide(draft: &mut Draft<'_>, lead: OrgId, note: &str) -> Result<()> {
    let (ask, _) = asked(draft)?;
    draft.not_own(&ask)?;
    draft.not_own_case()?;
    let last = draft.case.returns >= LAST;
    if last && !draft.by.is(Party::Above) {
        return Err(Error::Forbidden("case-above-decides"));
    }
    draft.say("note", note)?;
    let former = draft.case.lead;
    draft.fact("granted", lead != former);
    hand_over(draft, lead, true);
    draft.case.lead_bound = last;
    if lead != former {
        draft.public();
        draft.tell(former, NoticeKind::AskDecided);
    }
    draft.tell(lead, NoticeKind::Dispatched);
    Ok(())
}
