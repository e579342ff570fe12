//! The stories (办理经过): what people did about a report, up to today.

use linli_cases::model::{
    Command, DeclineReason, Extent, Filing, Level, Nature, Reported, Resolution, ReturnReason, Source,
    WhistleLevel,
};
use linli_kernel::{AreaCode, Timestamp, area::AreaLevel};

use super::{
    By, CasePlan, Plan, ReporterPlan, StepPlan,
    cast::{Cast, up},
    core::Core,
    text::{self, notes},
};
use crate::{names, rng::Dice};

/// An hour in milliseconds.
pub(super) const HOUR: f64 = 3_600_000.0;

/// Writes the steps of one case, in order, and stops at today.
pub(super) struct Teller<'a> {
    pub(super) plan: &'a Plan,
    pub(super) core: &'a Core,
    pub(super) dice: Dice,
    pub(super) reachable: bool,
    /// Who leads now, by code.
    pub(super) lead: String,
    pub(super) level: Level,
    /// Somebody has to go there before it can be done.
    pub(super) on_the_spot: bool,
    clock: Timestamp,
    steps: Vec<StepPlan>,
}

impl Teller<'_> {
    /// Something that happens at any hour.
    pub(super) fn wall(&mut self, low: f64, high: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "hours of a story")]
        let later = (self.dice.between(low, high) * HOUR) as i64;
        self.clock = Timestamp::from_millis(self.clock.millis() + later);
    }

    /// Something that people do in their working hours.
    pub(super) fn work(&mut self, low: f64, high: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "hours of a story")]
        let later = (self.dice.between(low, high) * HOUR) as i64;
        self.clock = self.plan.calendar.add(self.clock, later.max(1));
    }

    pub(super) fn step(&mut self, by: By, command: Command) {
        self.steps.push(StepPlan {
            at: Timestamp::from_millis(self.clock.millis() / 1000 * 1000),
            by,
            command,
        });
    }

    pub(super) fn said(&mut self, list: &[&str]) -> String {
        self.dice.word(list).to_owned()
    }

    pub(super) fn may_say(&mut self, list: &[&str]) -> Option<String> {
        Some(self.said(list)).filter(|t| !t.is_empty())
    }

    pub(super) fn worker(&mut self) -> By {
        By::Person(self.plan.cast.worker(&self.core.grid, &mut self.dice))
    }

    pub(super) fn secretary(&mut self) -> By {
        By::Person(self.plan.cast.secretary(&self.core.grid, &mut self.dice))
    }

    pub(super) fn street(&mut self) -> By {
        By::Person(self.plan.cast.street(&self.core.grid, &mut self.dice))
    }

    pub(super) fn district(&mut self) -> By {
        By::Person(self.plan.cast.district(&self.core.grid, &mut self.dice))
    }

    pub(super) fn hotline(&mut self) -> By {
        By::Person(self.plan.cast.hotline(&self.core.grid, &mut self.dice))
    }

    /// Whoever sits over the case.
    pub(super) fn centre(&mut self) -> By {
        if self.level == Level::District { self.district() } else { self.street() }
    }

    /// Whoever works for the lead.
    fn lead(&mut self) -> By {
        if self.lead == self.core.grid.as_str() {
            return self.worker();
        }
        By::Person(self.plan.cast.clerk(&self.lead, &mut self.dice))
    }

    fn duty(&self) -> &linli_grid::defaults::Duty {
        &self.plan.duties[self.core.duty]
    }

    /// 立案: by the grid where it found the thing itself, else mostly by the street.
    fn file(&mut self) {
        let by = if self.core.source == Source::Grid || self.dice.chance(0.5) {
            self.worker()
        } else {
            self.street()
        };
        self.step(by, Command::File);
    }

    /// 联合哨 and its dispatch: the street's section or the department of the duty list leads.
    fn joint(&mut self) {
        self.work(0.1, 1.5);
        let by = if self.dice.chance(0.6) { self.secretary() } else { self.street() };
        let reason = self.said(notes::JOINT);
        self.step(by, Command::Blow { whistle: WhistleLevel::Joint, reason });
        self.work(0.1, 2.0);
        let by = self.street();
        self.dispatch_by(by);
    }

    fn dispatch_by(&mut self, by: By) {
        let duty = self.duty().clone();
        let section = Cast::section(&self.core.grid, &duty.section);
        let department = Cast::department(&duty.lead);
        let (lead, mut assisting) =
            if self.dice.chance(0.6) { (section, vec![department]) } else { (department, vec![section]) };
        assisting.extend(duty.assist.iter().take(1).map(|a| Cast::department(a)));
        self.dispatch_to(by, lead, &assisting);
    }

    fn dispatch_to(&mut self, by: By, lead: String, assisting: &[String]) {
        let ids = assisting.iter().filter(|a| **a != lead).map(|a| self.plan.cast.id(a)).collect();
        self.step(by, Command::Dispatch { lead: self.plan.cast.id(&lead), assisting: ids, note: None });
        self.lead = lead;
        self.level = self.level.max(Level::Street);
        self.on_the_spot = true;
    }

    fn accept(&mut self) {
        self.work(0.05, 0.8);
        let by = self.lead();
        self.step(by, Command::Accept);
    }

    fn contact(&mut self) {
        if self.reachable && self.dice.chance(0.8) {
            self.work(0.2, 2.0);
            let by = self.lead();
            let reached = self.dice.chance(0.93);
            self.step(by, Command::Contact { reached, note: None });
        }
    }

    fn arrive(&mut self, plan: bool) {
        let by = self.lead();
        let plan = if plan { Some(self.said(notes::PLAN)) } else { None };
        self.step(by, Command::Arrive { plan });
    }

    /// 办结: the lead says what was done and answers the reporter.
    pub(super) fn resolve(&mut self) {
        let by = self.lead();
        let extent = match self.core.nature {
            Nature::Question | Nature::Suggestion => Extent::Explained,
            _ if self.dice.chance(0.9) => Extent::Solved,
            _ => Extent::Partly,
        };
        let done_by = self.done_by();
        let phone = names::landline(self.dice.below(900_000));
        let trouble = &self.core.trouble;
        let done = trouble.done.clone();
        let reply = text::reply(&trouble.problem, &done, &phone, &mut self.dice);
        let photos = u32::from(self.duty().photo);
        self.step(by, Command::Resolve(Resolution { done, done_by, doer: None, extent, reply, photos }));
    }

    fn done_by(&mut self) -> String {
        let of = |code: &str| self.plan.district.org(code).map(|o| o.short.clone());
        of(&self.lead).unwrap_or_else(|| "网格团队".to_owned())
    }

    /// The whole way of a called whistle from signing to the result.
    fn answer_joint(&mut self) {
        self.accept();
        self.contact();
        self.work(1.0, 8.0);
        self.arrive(false);
        self.work(2.0, 14.0);
        self.resolve();
    }

    fn finish(mut self) -> Vec<StepPlan> {
        let now = self.plan.now;
        let kept = self.steps.iter().position(|s| s.at > now).unwrap_or(self.steps.len());
        self.steps.truncate(kept);
        if self.plan.is_on_the_desk(self.core.nth) && self.dice.chance(0.4) {
            let stop = self.dice.below(self.steps.len() + 1);
            self.steps.truncate(stop);
        }
        self.steps
    }
}

/// Tells the whole case.
pub(super) fn tell(plan: &Plan, core: Core) -> CasePlan {
    let mut dice = plan.dice("story", core.nth);
    let staff = matches!(core.source, Source::Grid | Source::Inspection);
    let anonymous = !staff && dice.chance(0.06);
    let reporter = (!staff && !anonymous).then(|| ReporterPlan {
        name: names::person(&mut dice),
        phone: names::mobile(50_000_000 + dice.below(40_000_000)),
    });
    // Some callers cannot say where; the street finds out.
    let placed = core.source != Source::Hotline || core.trouble.about_place || dice.chance(0.8);
    let area = if placed { core.grid.clone() } else { up(&core.grid, AreaLevel::Street) };
    let (title, body) = text::report(core.source, &core.area_name, &core.address, &core.trouble, &mut dice);
    let urgent =
        matches!(plan.duties[core.duty].code.as_str(), "010302" | "100301" | "130203") && dice.chance(0.5);
    let filing = Filing {
        id: plan.case_id(core.nth, core.at),
        reported: Reported {
            source: core.source,
            nature: core.nature,
            at: core.at,
            anonymous,
            reachable: reporter.is_some(),
            hidden_identity: reporter.is_some() && dice.chance(0.04),
        },
        area: area.clone(),
        category: Some(plan.duties[core.duty].code.clone()),
        urgent,
        parent: None,
    };
    let hotline_number = (core.source == Source::Hotline)
        .then(|| format!("WH{}{:06}", core.at.in_china().format("%y%m%d"), core.nth % 1_000_000));
    let mut teller = Teller {
        plan,
        core: &core,
        dice,
        reachable: reporter.is_some(),
        lead: core.grid.to_string(),
        level: Level::Grid,
        on_the_spot: urgent,
        clock: core.at,
        steps: Vec::new(),
    };
    let by = match core.source {
        Source::Grid | Source::Inspection => teller.worker(),
        Source::Hotline => teller.hotline(),
        _ => By::Reporter,
    };
    if !placed {
        locate(&mut teller, &core.grid);
    }
    unfold(&mut teller, urgent);
    let steps = teller.finish();
    CasePlan {
        nth: core.nth,
        filing,
        by,
        title,
        text: body,
        address: core.address.clone(),
        place: placed.then_some(core.place),
        reporter,
        hotline_number,
        steps,
    }
}

fn locate(t: &mut Teller<'_>, grid: &AreaCode) {
    t.work(0.1, 1.0);
    let by = t.street();
    t.step(by, Command::Locate { area: grid.clone() });
}

/// Which story it is.
fn unfold(t: &mut Teller<'_>, urgent: bool) {
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
    super::endings::end(t);
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
    let review = Timestamp::from_millis(t.clock.millis() + days * linli_kernel::time::DAY_MS);
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
    super::endings::end(t);
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

impl Teller<'_> {
    pub(super) fn step_now_by_lead(&mut self, command: Command) {
        let by = self.lead();
        self.step(by, command);
    }
}
