//! The centre's desk: file, decline, merge, locate, dispatch, urgency, supervision.

use linli_kernel::{AreaCode, Error, Result, actor::OrgId, calendar::end_of_date, error::Check};

use super::draft::Draft;
use crate::model::{
    CaseId, CaseState, ClockKind, DeclineReason, Ending, Level, NoticeKind, Party, WhistleLevel,
};

pub(super) fn file(draft: &mut Draft<'_>) {
    draft.public();
    draft.tell_reporter(NoticeKind::Filed);
}

pub(super) fn decline(draft: &mut Draft<'_>, reason: DeclineReason, note: &str) -> Result<()> {
    no_open_tasks(draft)?;
    draft.say("note", note)?;
    draft.fact("reason", reason);
    draft.public();
    draft.end_all(Ending::Met);
    over(draft);
    draft.tell_reporter(NoticeKind::Declined);
    Ok(())
}

pub(super) fn merge(draft: &mut Draft<'_>, into: CaseId) -> Result<()> {
    if into == draft.case.id || draft.case.parent == Some(into) {
        return Err(Error::field("into", "error-merge-self"));
    }
    no_open_tasks(draft)?;
    draft.case.merged_into = Some(into);
    draft.fact("into", into);
    draft.public();
    draft.case.waiting_since = None;
    draft.case.ask = None;
    draft.end_all(Ending::Superseded);
    draft.case.ended_at = Some(draft.now());
    draft.tell(draft.case.lead, NoticeKind::Merged);
    draft.tell_reporter(NoticeKind::Merged);
    Ok(())
}

pub(super) fn no_open_tasks(draft: &Draft<'_>) -> Result<()> {
    if draft.case.open_tasks > 0 { Err(Error::Conflict("case-tasks-open")) } else { Ok(()) }
}

/// The case is over; from here the reporter's days to object are counted, and nothing moves them.
pub(super) fn over(draft: &mut Draft<'_>) {
    let now = draft.now();
    draft.case.ask = None;
    draft.case.ended_at = Some(now);
    draft.case.reopen_until = Some(end_of_date(now, draft.scene.rules.reopen_days));
}

pub(super) fn locate(draft: &mut Draft<'_>, area: &AreaCode) -> Result<()> {
    if draft.case.area == *area {
        return Err(Error::Conflict("case-place-same"));
    }
    draft.fact("from", draft.case.area.clone());
    draft.fact("to", area);
    draft.case.area = area.clone();
    // A whistle or an objection that has called a higher level is not taken back by finding the grid.
    let open = draft.case.state != CaseState::Reopened;
    if open && draft.case.whistle == WhistleLevel::Regular {
        draft.case.level = Level::of_area(area.level());
    }
    if open {
        let lead = draft.scene.chain.at(draft.case.level);
        draft.hand_to(lead);
        draft.fact("lead", lead);
        draft.tell(lead, NoticeKind::WhistleBlown);
    }
    Ok(())
}

pub(super) fn recategorise(draft: &mut Draft<'_>, category: &str) -> Result<()> {
    let mut check = Check::new();
    let category = check.text("category", category, 64);
    check.done()?;
    if draft.case.category.as_deref() == Some(&category) {
        return Err(Error::Conflict("case-category-same"));
    }
    let former = draft.case.category.replace(category.clone());
    draft.fact("from", former.unwrap_or_default());
    draft.fact("to", category);
    Ok(())
}

pub(super) fn dispatch(
    draft: &mut Draft<'_>,
    lead: OrgId,
    assisting: &[OrgId],
    note: Option<&str>,
) -> Result<()> {
    // 常规哨 is the grid's own; other hands are called by a higher whistle.
    if draft.case.whistle == WhistleLevel::Regular && lead != draft.scene.chain.at(draft.case.level) {
        return Err(Error::Conflict("whistle-joint-needed"));
    }
    if draft.case.lead_bound && !draft.by.is(Party::Above) {
        return Err(Error::Conflict("case-lead-bound"));
    }
    draft.may_say("note", note)?;
    draft.public();
    draft.case.assisting.clear();
    for org in assisting {
        if !draft.case.assisting.contains(org) {
            draft.case.assisting.push(*org);
        }
    }
    hand_over(draft, lead, true);
    for org in draft.case.assisting.clone() {
        draft.tell(org, NoticeKind::AssistAsked);
    }
    draft.tell(lead, NoticeKind::Dispatched);
    Ok(())
}

/// A lead gets the case: its promises start afresh, the promise to the reporter runs on.
pub(super) fn hand_over(draft: &mut Draft<'_>, lead: OrgId, must_sign: bool) {
    use ClockKind::{Contact, ReportIn, Sign};
    draft.stop_waiting();
    draft.case.ask = None;
    draft.end(&[Sign, Contact, ReportIn], Ending::Superseded);
    draft.hand_to(lead);
    draft.fact("lead", lead);
    if must_sign {
        draft.start(Sign);
    }
    if draft.case.reported.reachable && draft.case.contacted_at.is_none() {
        draft.start(Contact);
    }
    draft.start(ReportIn);
    draft.case.dispatched_at.get_or_insert(draft.scene.now);
}

pub(super) fn add_assisting(draft: &mut Draft<'_>, org: OrgId) -> Result<()> {
    if org == draft.case.lead || draft.case.assisting.contains(&org) {
        return Err(Error::Conflict("case-already-called"));
    }
    draft.case.assisting.push(org);
    draft.fact("org", org);
    draft.tell(org, NoticeKind::AssistAsked);
    Ok(())
}

pub(super) fn flag_urgent(draft: &mut Draft<'_>, reason: &str) -> Result<()> {
    if draft.case.urgent {
        return Err(Error::Conflict("case-urgent-already"));
    }
    draft.say("reason", reason)?;
    draft.public();
    draft.case.urgent = true;
    draft.tell(draft.centre(), NoticeKind::UrgentClaimed);
    Ok(())
}

pub(super) fn confirm_urgent(draft: &mut Draft<'_>) -> Result<()> {
    if draft.case.urgent_confirmed {
        return Err(Error::Conflict("case-urgent-already"));
    }
    draft.case.urgent = true;
    draft.case.urgent_confirmed = true;
    if draft.case.state != CaseState::OnSite {
        draft.start(ClockKind::UrgentOnSite);
    }
    draft.tell(draft.case.lead, NoticeKind::UrgentConfirmed);
    Ok(())
}

pub(super) fn clear_urgent(draft: &mut Draft<'_>, reason: &str) -> Result<()> {
    if !draft.case.urgent {
        return Err(Error::Conflict("case-not-urgent"));
    }
    draft.say("reason", reason)?;
    draft.case.urgent = false;
    draft.case.urgent_confirmed = false;
    draft.end(&[ClockKind::UrgentOnSite], Ending::Superseded);
    Ok(())
}

/// 督办: keeps the monthly rhythm of a tough whistle.
pub(super) fn supervise(draft: &mut Draft<'_>, note: &str) -> Result<()> {
    draft.say("note", note)?;
    let kept = draft.case.clocks.iter().any(|c| c.is_running() && c.kind == ClockKind::Supervise);
    if kept {
        draft.end(&[ClockKind::Supervise], Ending::Met);
        draft.start(ClockKind::Supervise);
    }
    draft.tell(draft.case.lead, NoticeKind::Supervised);
    Ok(())
}

pub(super) fn hide_identity(draft: &mut Draft<'_>) -> Result<()> {
    if draft.case.reported.hidden_identity {
        return Err(Error::Conflict("case-hidden-already"));
    }
    draft.case.reported.hidden_identity = true;
    Ok(())
}
