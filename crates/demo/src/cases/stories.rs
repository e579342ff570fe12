//! The stories themselves: each a way that cases go.

use linli_cases::model::{Command, DeclineReason, Level, ReturnReason, Source, WhistleLevel};
use linli_kernel::{Timestamp, time::DAY_MS};

use super::{By, cast::Cast, core::Core, endings, story::Teller, text::notes};

/// Which story it is.
pub(super) fn unfold(t: &mut Teller<'_>, urgent: bool) {
    if t.plan.is_twin(t.core.nth) {
        return merged(t);
    }
    if urgent {
        return emergency(t);
    }
    // The first report of a pair must still be open when the second comes.
    let lasting = t.plan.has_twin(t.core.nth);
    let weights = match t.core.source {
        _ if t.plan.is_on_the_desk(t.core.nth) => [14.0, 40.0, 8.0, 12.0, 8.0, 10.0, 6.0, 2.0],
        _ if lasting => [0.0, 80.0, 0.0, 8.0, 6.0, 3.0, 3.0, 0.0],
        Source::Grid | Source::Inspection => [94.0, 3.5, 0.3, 0.5, 0.4, 0.4, 0.6, 0.3],
        _ => [52.0, 34.0, 2.0, 3.0, 3.0, 1.6, 2.4, 2.0],
    };
    match t.dice.weighted(weights.into_iter()) {
        0 => regular(t),
        1 => {
            called(t);
            t.answer_joint();
        }
        2 => tough(t),
        3 => returned(t),
        4 => extended(t),
        5 => suspended(t),
        6 => waiting(t),
        _ => return declined(t),
    }
    endings::end(t);
}

/// 常规哨: the grid answers itself.
fn regular(t: &mut Teller<'_>) {
    if t.core.source == Source::Grid {
        t.wall(0.02, 0.3);
        t.file();
        t.step_now_by_lead(Command::Accept);
        t.work(0.2, 5.0);
    } else {
        t.work(0.1, 1.0);
        t.file();
        t.work(0.1, 1.0);
        t.step_now_by_lead(Command::Accept);
        t.contact();
        t.work(0.5, 3.0);
    }
    t.resolve();
}

/// 联合哨 up to the dispatch; now and then because the grid's own clock ran out.
fn called(t: &mut Teller<'_>) {
    t.work(0.1, 1.5);
    t.file();
    t.joint();
}

/// 攻坚哨: what a joint whistle could not solve.
fn tough(t: &mut Teller<'_>) {
    called(t);
    t.accept();
    t.work(2.0, 10.0);
    let leader = By::Person(t.plan.cast.leader(&t.core.grid, &mut t.dice));
    let reason = t.said(notes::TOUGH);
    t.step(leader, Command::Blow { whistle: WhistleLevel::Tough, reason });
    t.level = Level::District;
    t.work(0.5, 3.0);
    let by = t.district();
    let duty = t.duty().clone();
    let section = Cast::section(&t.core.grid, &duty.section);
    t.dispatch_to(by, Cast::department(&duty.lead), &[section]);
    t.accept();
    t.contact();
    t.work(6.0, 24.0);
    t.arrive(true);
    t.work(20.0, 60.0);
    let by = t.district();
    let note = t.said(notes::SUPERVISE);
    t.step(by, Command::Supervise { note });
    t.work(30.0, 90.0);
    t.resolve();
}

/// 退回: once by consent or by the centre's decision.
fn returned(t: &mut Teller<'_>) {
    called(t);
    let duty = t.duty().clone();
    let section = Cast::section(&t.core.grid, &duty.section);
    let other = if t.lead == section { Cast::department(&duty.lead) } else { section };
    t.work(0.1, 0.8);
    let by = t.lead();
    let note = t.said(notes::RETURN);
    let reason =
        [ReturnReason::NotOurDuty, ReturnReason::NotOurArea, ReturnReason::OtherMustLead][t.dice.below(3)];
    t.step(by, Command::RequestReturn { reason, to: t.plan.cast.id(&other), note });
    t.work(1.0, 10.0);
    if t.dice.chance(0.4) {
        t.lead.clone_from(&other);
        t.step_now_by_lead(Command::ConsentReturn);
        t.contact();
        t.work(1.0, 6.0);
        t.arrive(false);
        t.work(2.0, 12.0);
        t.resolve();
        return;
    }
    let by = t.street();
    let note = t.said(notes::RETURN_DECIDED);
    if t.dice.chance(0.7) {
        t.lead = other;
    }
    t.step(by, Command::DecideReturn { lead: t.plan.cast.id(&t.lead), note });
    t.answer_joint();
}

/// 延期: asked before the clock ends, decided one level up.
fn extended(t: &mut Teller<'_>) {
    called(t);
    t.accept();
    t.contact();
    t.work(1.0, 8.0);
    t.arrive(false);
    t.work(1.0, 6.0);
    let by = t.lead();
    let (days, reason) = (3 + u32::try_from(t.dice.below(6)).unwrap_or(0), t.said(notes::EXTEND));
    t.step(by, Command::RequestExtension { days, reason });
    t.work(0.5, 5.0);
    let by = t.district();
    let grant = t.dice.chance(0.85);
    t.step(by, Command::DecideExtension { grant, note: None });
    if grant {
        t.work(12.0, 30.0);
    } else {
        t.work(1.0, 4.0);
    }
    t.resolve();
}

/// 挂账: put aside with a date to look again.
fn suspended(t: &mut Teller<'_>) {
    called(t);
    t.accept();
    t.contact();
    t.work(1.0, 8.0);
    t.arrive(false);
    t.work(1.0, 6.0);
    let days = 30 + i64::try_from(t.dice.below(60)).unwrap_or(0);
    let review = Timestamp::from_millis(t.clock.millis() + days * DAY_MS);
    let reason = t.said(notes::SUSPEND);
    let by = t.lead();
    t.step(by, Command::RequestSuspension { review, reason: reason.clone() });
    t.work(0.5, 6.0);
    let by = t.street();
    t.step(by, Command::Suspend { review, reason });
    t.clock = review;
    t.work(0.1, 1.0);
    t.step_now_by_lead(Command::Resume { note: None });
    t.work(2.0, 10.0);
    t.resolve();
}

/// 补充材料: the lead waits for the reporter's word.
fn waiting(t: &mut Teller<'_>) {
    called(t);
    t.accept();
    if t.reachable {
        t.work(0.2, 2.0);
        let by = t.lead();
        let question = t.said(notes::QUESTION);
        t.step(by, Command::AskReporter { question });
        t.wall(1.0, 30.0);
        let text = t.may_say(notes::ANSWER);
        t.step(By::Reporter, Command::ReporterAnswered { text });
    }
    t.work(1.0, 6.0);
    t.arrive(false);
    t.work(2.0, 12.0);
    t.resolve();
}

/// 紧急: confirmed by the centre, somebody there within half an hour.
fn emergency(t: &mut Teller<'_>) {
    t.wall(0.02, 0.1);
    let by = t.street();
    t.step(by, Command::ConfirmUrgent);
    t.wall(0.01, 0.05);
    t.file();
    t.step_now_by_lead(Command::Accept);
    t.wall(0.1, 0.3);
    t.arrive(false);
    t.wall(0.3, 3.0);
    t.resolve();
    endings::end(t);
}

fn merged(t: &mut Teller<'_>) {
    let first = t.core.nth - 1;
    let into = t.plan.case_id(first, Core::of(t.plan, first).at);
    t.wall(0.05, 0.5);
    let by = t.street();
    t.step(by, Command::Merge { into });
}

fn declined(t: &mut Teller<'_>) {
    const REASONS: [DeclineReason; 3] =
        [DeclineReason::LegalProcedure, DeclineReason::OutsideDistrict, DeclineReason::NoContent];
    t.work(0.2, 3.0);
    let which = t.dice.below(REASONS.len());
    let by = t.street();
    t.step(by, Command::Decline { reason: REASONS[which], note: notes::DECLINE[which].to_owned() });
}
