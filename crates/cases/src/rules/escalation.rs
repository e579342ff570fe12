//! 超时升级: what an overdue clock does by itself, one level up and once per clock.

use linli_kernel::Result;

use super::{
    Changes, Scene, Standing,
    draft::Draft,
    transitions::{self, To},
    verify::JOINT_TRIES,
    whistle,
};
use crate::model::{Action, Case, CaseState, ClockKind, Ending, NoticeKind, WhistleLevel};

/// Whether the sweep has something to do with this case.
pub fn is_due(case: &Case, scene: &Scene<'_>) -> bool {
    transitions::find(Action::Escalate, case.state).is_some() && next(case, scene).is_some()
}

/// The next clock that is overdue and has not been escalated.
fn next(case: &Case, scene: &Scene<'_>) -> Option<usize> {
    case.clocks.iter().position(|c| c.is_live() && c.escalated.is_none() && c.is_overdue(scene.now))
}

/// Escalates every overdue clock of a case; nothing if there is none.
pub fn sweep(case: &Case, scene: &Scene<'_>) -> Result<Option<Changes>> {
    if !is_due(case, scene) {
        return Ok(None);
    }
    let system = Standing::system();
    let mut draft = Draft::new(case, &system, scene);
    let mut state = case.state;
    while let Some(index) = next(&draft.case, scene) {
        state = escalate(&mut draft, index, state)?;
    }
    Ok(Some(draft.close(state)))
}

fn escalate(draft: &mut Draft<'_>, index: usize, state: CaseState) -> Result<CaseState> {
    let now = draft.now();
    let clock = &mut draft.case.clocks[index];
    clock.escalated = Some(now);
    let kind = clock.kind;
    draft.fact("clock", kind);
    if kind == ClockKind::AwaitReporter {
        // The reporter said nothing: work goes on with what is known.
        transitions::check(Action::ReporterAnswered, state, &draft.by.parties)?;
        draft.end(&[kind], Ending::Overtaken);
        draft.stop_waiting();
        draft.tell(draft.case.lead, NoticeKind::Answered);
        draft.enter(Action::Escalate, state);
        return Ok(state);
    }
    if kind == ClockKind::Review {
        draft.tell(draft.centre(), NoticeKind::Overdue);
        draft.tell(draft.above(), NoticeKind::Overdue);
        draft.enter(Action::Escalate, state);
        return Ok(state);
    }
    draft.tell(draft.case.lead, NoticeKind::Overdue);
    draft.tell(draft.above(), NoticeKind::Overdue);
    let failed = draft.case.whistle == WhistleLevel::Joint && kind == ClockKind::Close;
    draft.case.joint_failures = draft.case.joint_failures.saturating_add(u8::from(failed));
    draft.enter(Action::Escalate, state);
    if draft.case.whistle == WhistleLevel::Regular {
        raise(draft, WhistleLevel::Joint, state)
    } else if failed && draft.case.joint_failures >= JOINT_TRIES {
        raise(draft, WhistleLevel::Tough, state)
    } else {
        if failed {
            // A second try with the level above watching.
            draft.end(&[ClockKind::Close], Ending::Overtaken);
            draft.start(ClockKind::Close);
            if state == CaseState::Suspended || draft.case.waiting_since.is_some() {
                draft.pause();
            }
        }
        Ok(state)
    }
}

fn raise(draft: &mut Draft<'_>, level: WhistleLevel, state: CaseState) -> Result<CaseState> {
    let action = whistle::action(level);
    let to = transitions::check(action, state, &draft.by.parties)?;
    whistle::raise(draft, level, Ending::Overtaken);
    let to = if let To::State(to) = to { to } else { state };
    draft.enter(action, to);
    Ok(to)
}
