//! The teller of stories (办理经过): who does what when, up to today. The stories are beside it.

use linli_cases::model::{
    Command, Extent, Filing, Level, Nature, Reported, Resolution, Source, WhistleLevel,
};
use linli_kernel::{AreaCode, Timestamp, area::AreaLevel};

use super::{
    By, CasePlan, Plan, ReporterPlan, StepPlan,
    cast::{Cast, up},
    core::Core,
    stories,
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
    pub(super) clock: Timestamp,
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
    pub(super) fn lead(&mut self) -> By {
        if self.lead == self.core.grid.as_str() {
            return self.worker();
        }
        By::Person(self.plan.cast.clerk(&self.lead, &mut self.dice))
    }

    pub(super) fn step_now_by_lead(&mut self, command: Command) {
        let by = self.lead();
        self.step(by, command);
    }

    pub(super) fn duty(&self) -> &linli_grid::defaults::Duty {
        &self.plan.duties[self.core.duty]
    }

    /// 立案: by the grid where it found the thing itself, else mostly by the street.
    pub(super) fn file(&mut self) {
        let by = if self.core.source == Source::Grid || self.dice.chance(0.5) {
            self.worker()
        } else {
            self.street()
        };
        self.step(by, Command::File);
    }

    /// 联合哨 and its dispatch: the street's section or the department of the duty list leads.
    pub(super) fn joint(&mut self) {
        self.work(0.1, 1.5);
        let by = if self.dice.chance(0.6) { self.secretary() } else { self.street() };
        let reason = self.said(notes::JOINT);
        self.step(by, Command::Blow { whistle: WhistleLevel::Joint, reason });
        self.work(0.1, 2.0);
        let by = self.street();
        self.dispatch_by(by);
    }

    pub(super) fn dispatch_by(&mut self, by: By) {
        let duty = self.duty().clone();
        let section = Cast::section(&self.core.grid, &duty.section);
        let department = Cast::department(&duty.lead);
        let (lead, mut assisting) =
            if self.dice.chance(0.6) { (section, vec![department]) } else { (department, vec![section]) };
        assisting.extend(duty.assist.iter().take(1).map(|a| Cast::department(a)));
        self.dispatch_to(by, lead, &assisting);
    }

    pub(super) fn dispatch_to(&mut self, by: By, lead: String, assisting: &[String]) {
        let ids = assisting.iter().filter(|a| **a != lead).map(|a| self.plan.cast.id(a)).collect();
        self.step(by, Command::Dispatch { lead: self.plan.cast.id(&lead), assisting: ids, note: None });
        self.lead = lead;
        self.level = self.level.max(Level::Street);
        self.on_the_spot = true;
    }

    pub(super) fn accept(&mut self) {
        self.work(0.05, 0.8);
        let by = self.lead();
        self.step(by, Command::Accept);
    }

    pub(super) fn contact(&mut self) {
        if self.reachable && self.dice.chance(0.8) {
            self.work(0.2, 2.0);
            let by = self.lead();
            let reached = self.dice.chance(0.93);
            self.step(by, Command::Contact { reached, note: None });
        }
    }

    pub(super) fn arrive(&mut self, plan: bool) {
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

    pub(super) fn done_by(&mut self) -> String {
        let of = |code: &str| self.plan.district.org(code).map(|o| o.short.clone());
        of(&self.lead).unwrap_or_else(|| "网格团队".to_owned())
    }

    /// The whole way of a called whistle from signing to the result.
    pub(super) fn answer_joint(&mut self) {
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
    stories::unfold(&mut teller, urgent);
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
