//! Clocks: start, pause, extend once, end. They run in the time that their rule names.

use linli_kernel::{
    Calendar, Error, Result, Timestamp,
    calendar::{Allowance, Basis, Pause, Unit},
};

use super::{Scene, draft::Draft};
use crate::model::{Ask, Case, CaseClock, ClockKind, End, Ending, Extension, NoticeKind};

/// Starts a clock if the table has a row for it under the case's whistle.
pub(super) fn start(case: &mut Case, kind: ClockKind, scene: &Scene<'_>) {
    if let Some(rule) = scene.rules.find(case.whistle, kind) {
        let due = scene.calendar.due(scene.now, rule.allowance);
        start_until(case, kind, due, rule.allowance.basis(), scene.now);
    }
}

/// Starts a clock that ends at a chosen instant.
pub(super) fn start_until(case: &mut Case, kind: ClockKind, due: Timestamp, basis: Basis, now: Timestamp) {
    let seq = case.clocks.last().map_or(0, |c| c.seq.saturating_add(1));
    case.clocks.push(CaseClock {
        seq,
        kind,
        whistle: case.whistle,
        org: case.lead,
        started: now,
        due,
        basis,
        pauses: Vec::new(),
        extension: None,
        end: None,
        escalated: None,
    });
}

/// Ends the live clocks of the wanted kinds. A paused clock ended when it was paused.
pub(super) fn end(case: &mut Case, wanted: impl Fn(ClockKind) -> bool, how: Ending, now: Timestamp) {
    for clock in case.clocks.iter_mut().filter(|c| c.is_live() && wanted(c.kind)) {
        clock.end = Some(End { at: clock.read_at(now), how });
    }
}

/// Stops all running clocks but those that measure the standing still itself.
pub(super) fn pause(case: &mut Case, now: Timestamp) {
    let waits = |kind| matches!(kind, ClockKind::AwaitReporter | ClockKind::Review);
    for clock in case.clocks.iter_mut().filter(|c| c.is_running() && !waits(c.kind)) {
        clock.pauses.push(Pause { from: now, to: None });
    }
}

/// Lets paused clocks run again; what was left is left.
pub(super) fn resume(case: &mut Case, now: Timestamp, calendar: &Calendar) {
    for clock in case.clocks.iter_mut().filter(|c| c.is_live()) {
        let basis = clock.basis;
        if let Some(pause) = clock.pauses.last_mut().filter(|p| p.to.is_none()) {
            pause.to = Some(now);
            clock.due = calendar.after_pause(basis, clock.due, pause.from, now);
        }
    }
}

fn closing(case: &mut Case) -> Result<&mut CaseClock> {
    case.clocks
        .iter_mut()
        .rev()
        .find(|c| c.kind == ClockKind::Close && c.is_live())
        .ok_or(Error::Conflict("clock-none"))
}

/// 申请延期: before expiry, once, within what the rule allows.
pub(super) fn request_extension(draft: &mut Draft<'_>, days: u32, reason: &str) -> Result<()> {
    draft.nothing_asked()?;
    let (now, whistle) = (draft.now(), draft.case.whistle);
    let most = draft.scene.rules.find(whistle, ClockKind::Close).map_or(0, |r| r.extension);
    let clock = closing(&mut draft.case)?;
    if most == 0 {
        return Err(Error::Conflict("clock-not-extensible"));
    }
    still_extensible(clock, now)?;
    if !(1..=most).contains(&days) {
        return Err(Error::field("days", "error-extension-days"));
    }
    draft.say("reason", reason)?;
    draft.fact("days", days);
    draft.case.ask = Some(Ask::Extension { by: draft.who(), days });
    draft.tell(draft.above(), NoticeKind::AskWaiting);
    Ok(())
}

/// 审批延期: granted only while the clock has not expired; refused at any time.
pub(super) fn decide_extension(draft: &mut Draft<'_>, grant: bool, note: Option<&str>) -> Result<()> {
    let Some(ask @ Ask::Extension { days, .. }) = draft.case.ask.clone() else {
        return Err(Error::Conflict("case-nothing-asked"));
    };
    draft.not_own(&ask)?;
    draft.may_say("note", note)?;
    draft.fact("granted", grant);
    let (now, calendar) = (draft.now(), draft.scene.calendar);
    if grant {
        let clock = closing(&mut draft.case)?;
        still_extensible(clock, now)?;
        clock.due = calendar.due(clock.due, Allowance::new(days, Unit::WorkingDay));
        clock.extension = Some(Extension { days, granted: now });
        draft.fact("days", days);
    }
    draft.case.ask = None;
    draft.tell(draft.case.lead, NoticeKind::AskDecided);
    Ok(())
}

fn still_extensible(clock: &CaseClock, now: Timestamp) -> Result<()> {
    if clock.extension.is_some() {
        Err(Error::Conflict("clock-extended-already"))
    } else if clock.is_overdue(now) || clock.escalated.is_some() {
        Err(Error::Conflict("clock-overdue"))
    } else {
        Ok(())
    }
}
