//! The lead's work: accept, arrive, contact, wait, put aside, deliver.

use linli_kernel::{Error, Result, Timestamp, calendar::Basis, error::Check, time::DAY_MS};

use super::{
    centre::no_open_tasks,
    clocks,
    draft::{Draft, NOTE_MAX},
};
use crate::model::{
    Ask, CaseState, ClockKind, Ending, NoticeKind, Party, Resolution, Suspension, WhistleLevel,
};

/// A case is put aside for a year at most before somebody looks again.
const REVIEW_WITHIN: i64 = 366 * DAY_MS;

pub(super) fn accept(draft: &mut Draft<'_>) {
    draft.end(&[ClockKind::Sign], Ending::Met);
    draft.case.dispatched_at.get_or_insert(draft.scene.now);
    draft.public();
    draft.fact("lead", draft.case.lead);
    draft.tell_reporter(NoticeKind::Accepted);
}

pub(super) fn arrive(draft: &mut Draft<'_>, plan: Option<&str>) -> Result<()> {
    // 攻坚哨 is answered with a plan.
    match plan {
        None if draft.case.whistle == WhistleLevel::Tough => {
            return Err(Error::field("plan", "error-required"));
        }
        Some(plan) if draft.case.whistle == WhistleLevel::Tough => draft.say("plan", plan)?,
        plan => draft.may_say("plan", plan)?,
    }
    draft.public();
    draft.end(&[ClockKind::Sign, ClockKind::ReportIn, ClockKind::UrgentOnSite], Ending::Met);
    Ok(())
}

pub(super) fn assist_arrive(draft: &mut Draft<'_>, note: Option<&str>) -> Result<()> {
    draft.may_say("note", note)
}

pub(super) fn contact(draft: &mut Draft<'_>, reached: bool, note: Option<&str>) -> Result<()> {
    if !draft.case.reported.reachable {
        return Err(Error::Conflict("case-unreachable"));
    }
    draft.may_say("note", note)?;
    draft.fact("reached", reached);
    if reached {
        contacted(draft);
    }
    Ok(())
}

fn contacted(draft: &mut Draft<'_>) {
    draft.case.contacted_at.get_or_insert(draft.scene.now);
    draft.end(&[ClockKind::Contact], Ending::Met);
}

pub(super) fn ask_reporter(draft: &mut Draft<'_>, question: &str) -> Result<()> {
    if !draft.case.reported.reachable {
        return Err(Error::Conflict("case-unreachable"));
    }
    if draft.case.waiting_since.is_some() {
        return Err(Error::Conflict("case-waiting-already"));
    }
    draft.say("question", question)?;
    draft.public();
    draft.pause();
    draft.case.waiting_since = Some(draft.now());
    draft.start(ClockKind::AwaitReporter);
    draft.tell_reporter(NoticeKind::Question);
    Ok(())
}

pub(super) fn reporter_answered(draft: &mut Draft<'_>, text: Option<&str>) -> Result<()> {
    if draft.case.waiting_since.is_none() {
        return Err(Error::Conflict("case-not-waiting"));
    }
    draft.may_say("text", text)?;
    draft.public();
    draft.end(&[ClockKind::AwaitReporter], Ending::Met);
    draft.stop_waiting();
    draft.tell(draft.case.lead, NoticeKind::Answered);
    Ok(())
}

fn sound_review(draft: &Draft<'_>, review: Timestamp) -> Result<()> {
    let ahead = review.millis_since(draft.now());
    if (1..=REVIEW_WITHIN).contains(&ahead) {
        Ok(())
    } else {
        Err(Error::field("review", "error-review-day"))
    }
}

pub(super) fn request_suspension(draft: &mut Draft<'_>, review: Timestamp, reason: &str) -> Result<()> {
    draft.nothing_asked()?;
    sound_review(draft, review)?;
    draft.say("reason", reason)?;
    draft.fact("review", review);
    draft.case.ask = Some(Ask::Suspension { by: draft.who(), review });
    draft.tell(draft.centre(), NoticeKind::AskWaiting);
    Ok(())
}

pub(super) fn refuse_suspension(draft: &mut Draft<'_>, note: &str) -> Result<()> {
    let Some(ask @ Ask::Suspension { .. }) = draft.case.ask.clone() else {
        return Err(Error::Conflict("case-nothing-asked"));
    };
    draft.not_own(&ask)?;
    draft.say("note", note)?;
    draft.case.ask = None;
    draft.tell(draft.case.lead, NoticeKind::AskDecided);
    Ok(())
}

pub(super) fn suspend(draft: &mut Draft<'_>, review: Timestamp, reason: &str) -> Result<()> {
    draft.not_own_case()?;
    if let Some(ask) = &draft.case.ask {
        draft.not_own(ask)?;
    }
    sound_review(draft, review)?;
    draft.say("reason", reason)?;
    draft.public();
    draft.fact("review", review);
    draft.stop_waiting();
    draft.case.ask = None;
    draft.pause();
    draft.case.suspension = Some(Suspension { before: draft.case.state, review });
    clocks::start_until(&mut draft.case, ClockKind::Review, review, Basis::Wall, draft.scene.now);
    draft.tell(draft.case.lead, NoticeKind::Suspended);
    draft.tell_reporter(NoticeKind::Suspended);
    Ok(())
}

pub(super) fn resume(draft: &mut Draft<'_>, note: Option<&str>) -> Result<()> {
    draft.may_say("note", note)?;
    draft.public();
    draft.end(&[ClockKind::Review], Ending::Met);
    draft.resume();
    draft.tell(draft.case.lead, NoticeKind::Resumed);
    Ok(())
}

pub(super) fn resolve(draft: &mut Draft<'_>, resolution: &Resolution) -> Result<()> {
    no_open_tasks(draft)?;
    let called = draft.case.whistle > WhistleLevel::Regular && !draft.case.reported.nature.needs_only_words();
    if draft.case.state != CaseState::OnSite && (called || draft.case.urgent_confirmed) {
        return Err(Error::Conflict("case-nobody-on-site"));
    }
    let mut check = Check::new();
    check.text("done", &resolution.done, NOTE_MAX);
    let done_by = check.text("done_by", &resolution.done_by, 100);
    let reply = check.text("reply", &resolution.reply, NOTE_MAX);
    check.require(resolution.photos > 0 || !draft.scene.photo_required, "photos", "error-photo-required");
    check.done()?;
    draft.say("done", &resolution.done)?;
    draft.fact("done_by", done_by);
    draft.fact("extent", resolution.extent);
    draft.fact("reply", reply);
    draft.stop_waiting();
    draft.case.ask = None;
    if draft.case.reported.reachable {
        contacted(draft);
    }
    draft.end(&[ClockKind::Sign, ClockKind::ReportIn, ClockKind::UrgentOnSite], Ending::Superseded);
    // The closing clock waits for the verification and counts as stopped here if it holds.
    draft.pause();
    draft.case.extent = Some(resolution.extent);
    for who in [Some(draft.who()), resolution.doer].into_iter().flatten() {
        if !draft.case.resolvers.contains(&who) {
            draft.case.resolvers.push(who);
        }
    }
    draft.tell(draft.centre(), NoticeKind::Resolved);
    draft.tell_reporter(NoticeKind::Resolved);
    Ok(())
}

pub(super) fn note(draft: &mut Draft<'_>, text: &str) -> Result<()> {
    draft.say("text", text)
}

pub(super) fn comment(draft: &mut Draft<'_>, text: &str) -> Result<()> {
    draft.say("text", text)?;
    draft.public();
    if draft.by.is(Party::Reporter) || draft.by.is(Party::Hotline) {
        draft.tell(draft.case.lead, NoticeKind::Commented);
    } else {
        draft.tell_reporter(NoticeKind::Commented);
    }
    Ok(())
}
