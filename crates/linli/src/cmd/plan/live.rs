//! `linli plan replan | simulate`.

use std::path::PathBuf;

use clap::Args;
use cpu_time::ProcessTime;
use linli_planner::format::{FormatError, Instance, Plan, parse};
use linli_planner::problem::Problem;
use linli_planner::replan::{Live, Prices, Row};
use linli_planner::replan_rows::whole;
use linli_planner::simulate::{Day, Slow, bad_day, simulate};
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::files;

/// What happened: `{"called": 7, "changes": [{"site": 3, "from": 8, "factor": 0.5}]}`.
#[derive(Deserialize)]
struct Events {
    /// Everybody up to this slot has been called and is not moved.
    #[serde(default)]
    called: Option<usize>,
    /// The changes of sites.
    changes: Vec<Change>,
}

/// A site works differently in the slots `from..=to`: at `factor` of its speed (0: closed), and with `add` people
/// more per slot (an opened lane).
#[derive(Deserialize)]
struct Change {
    site: usize,
    from: usize,
    #[serde(default)]
    to: Option<usize>,
    #[serde(default = "one")]
    factor: f64,
    #[serde(default)]
    add: i64,
}

fn one() -> f64 {
    1.0
}

impl Events {
    fn parse(text: &str) -> Result<Self, FormatError> {
        parse(text)
    }

    /// Says which change is impossible.
    fn fault(&self, problem: &Problem) -> Option<String> {
        if self.called.is_some_and(|slot| slot >= problem.slots) {
            return Some(format!("called must be one of the slots 0 to {}", problem.slots - 1));
        }
        self.changes.iter().enumerate().find_map(|(i, change)| {
            let wrong = change.site >= problem.capacity.len()
                || change.from >= problem.slots
                || change.to.is_some_and(|to| to < change.from)
                || !(0.0..=100.0).contains(&change.factor)
                || !(-1_000_000..=1_000_000).contains(&change.add);
            wrong.then(|| format!("change {i}: site, slots, factor (0 to 100) or add is out of range"))
        })
    }
}

/// Arguments of `replan`.
#[derive(Args)]
pub struct Replan {
    /// The instance file.
    instance: PathBuf,
    /// The published plan.
    plan: PathBuf,
    /// What happened at the sites.
    events: PathBuf,
    /// Where to write the changed plan; without it, only what would change is shown.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where to write the instance with the capacities as they are now, to check the changed plan against.
    #[arg(long)]
    instance_out: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// Repeat the computation this often, to measure it.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
}

impl Replan {
    pub(super) fn run(self) -> Outcome {
        let instance = files::instance(&self.instance)?;
        let mut plan = files::load(&self.plan, Plan::parse)?;
        let problem = Problem::new(&instance);
        let rows = rows(&instance, &plan).map_err(|fault| format!("{}: {fault}", self.plan.display()))?;
        let events = files::load(&self.events, Events::parse)?;
        if let Some(fault) = events.fault(&problem) {
            return Err(format!("{}: {fault}", self.events.display()).into());
        }
        let prices = Prices::default();
        let fresh = Live::new(&problem, &rows, events.called, prices);
        let mut seconds = Vec::new();
        let (mut live, mut cost) = (fresh.clone(), 0);
        for round in 0..self.repeat.max(1) {
            if round > 0 {
                live = fresh.clone();
            }
            let begun = ProcessTime::now();
            apply(&problem, &mut live, &events);
            cost = live.settle();
            seconds.push(begun.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let moves = live.moves();
        let changed = whole(&problem, &live, &moves, prices);
        let moved: i64 = moves.iter().map(|m| m.people).sum();
        plan.assignments = changed
            .rows
            .iter()
            .map(|&(b, s, t, n)| Ok([i64::from(b), i64::from(s), i64::try_from(t)?, n]))
            .collect::<Result<_, std::num::TryFromIntError>>()?;
        let facts = json!({
            "flow_cost": problem.metres(cost),
            "plan_cost_of_change": problem.metres(changed.cost),
            "people_moved_by_flow": moved,
            "later": changed.later,
            "elsewhere": changed.elsewhere,
            "announcements": changed.announcements,
            "left_over": changed.left,
            "cpu_seconds": seconds[seconds.len() / 2],
            "cpu_seconds_all": seconds,
            "augmentations": live.augmentations(),
        });
        if self.json {
            files::print(&facts)?;
        } else {
            println!(
                "{} people come later, {} go to another site; {} announcements change",
                changed.later, changed.elsewhere, changed.announcements
            );
            for &(building, people) in &changed.left {
                println!(
                    "  no place for a household of {people}, building {}",
                    instance.buildings[building as usize].id
                );
            }
        }
        let now = with_capacities(&instance, &live);
        if let Some(out) = &self.instance_out {
            files::save(out, &now)?;
        }
        if let Some(out) = &self.out {
            let left = changed.left.iter().map(|l| i64::from(l.1)).sum();
            refresh(&now, &mut plan, left);
            files::save(out, &plan)?;
        }
        Ok(())
    }
}

fn apply(problem: &Problem, live: &mut Live, events: &Events) {
    for change in &events.changes {
        let last = change.to.unwrap_or(problem.slots - 1).min(problem.slots - 1);
        for slot in change.from..=last {
            if let Some(now) = live.capacity(change.site, slot) {
                let scaled = Problem::loaded(now, change.factor.min(1.0));
                let extra = if change.factor > 1.0 { Problem::loaded(now, change.factor - 1.0) } else { 0 };
                live.set_capacity(change.site, slot, (scaled + extra + change.add).max(0));
            }
        }
    }
}

/// The instance with the capacities of the slots that could still change.
fn with_capacities(instance: &Instance, live: &Live) -> Instance {
    let mut changed = instance.clone();
    let slots = usize::try_from(instance.slots).unwrap_or(0);
    for (s, site) in changed.sites.iter_mut().enumerate() {
        site.capacity.resize(slots, 0);
        for (t, capacity) in site.capacity.iter_mut().enumerate() {
            *capacity = live.capacity(s, t).unwrap_or(*capacity);
        }
    }
    changed
}

/// Recomputes what the plan says about itself.
fn refresh(instance: &Instance, plan: &mut Plan, left: i64) {
    let report = linli_planner::check::check(instance, plan);
    plan.finish_slot = report.finish_slot;
    plan.walk_metres = report.walk_metres;
    plan.plan_cost = report.plan_cost;
    plan.over_capacity = report.over_capacity;
    plan.finish_bound = plan.finish_bound.min(report.finish_slot);
    // The bounds were proven for another horizon and other capacities.
    plan.walk_bound = 0.0;
    plan.plan_bound = 0.0;
    plan.stages = json!({ "replanned": true, "left_over": left });
}

/// The rows of a plan file that the instance knows.
fn rows(instance: &Instance, plan: &Plan) -> Result<Vec<Row>, String> {
    let mut list = Vec::with_capacity(plan.assignments.len());
    for (at, &[building, site, slot, people]) in plan.assignments.iter().enumerate() {
        let inside = |n: i64, size: usize| usize::try_from(n).is_ok_and(|n| n < size);
        let slots = usize::try_from(instance.slots).unwrap_or(0);
        if !inside(building, instance.buildings.len())
            || !inside(site, instance.sites.len())
            || !inside(slot, slots)
            || !(1..=1_000_000_000).contains(&people)
        {
            return Err(format!("assignment {at} does not belong to this instance"));
        }
        let narrow = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        list.push((narrow(building), narrow(site), usize::try_from(slot).unwrap_or(0), people));
    }
    Ok(list)
}

/// Arguments of `simulate`.
#[derive(Args)]
pub struct Simulate {
    /// The instance file.
    instance: PathBuf,
    /// The plan to play.
    plan: PathBuf,
    /// The load factor the plan was made with.
    #[arg(long, default_value_t = 1.0)]
    load: f64,
    /// Days to play.
    #[arg(long, default_value_t = 5)]
    days: u64,
    /// One site in ten works at half speed from this slot on.
    #[arg(long)]
    bad_from: Option<usize>,
    /// Persons one lane serves in an hour.
    #[arg(long, default_value_t = 131.0)]
    lane_rate: f64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    pub(super) fn run(self) -> Outcome {
        if !(self.load > 0.0 && self.load <= 1.0 && self.lane_rate > 0.0) {
            return Err("--load must be more than 0 and at most 1, --lane-rate more than 0".into());
        }
        let mut instance = files::instance(&self.instance)?;
        let plan = files::load(&self.plan, Plan::parse)?;
        for site in &mut instance.sites {
            for capacity in &mut site.capacity {
                *capacity = Problem::loaded(*capacity, self.load);
            }
        }
        let rows = rows(&instance, &plan).map_err(|fault| format!("{}: {fault}", self.plan.display()))?;
        let problem = Problem::new(&instance);
        let mut days = Vec::new();
        for seed in 1..=self.days.clamp(1, 1_000) {
            let day = Day { seed, load: self.load, lane_rate: self.lane_rate, ..Day::default() };
            let value = if let Some(from) = self.bad_from {
                let sites =
                    (0..instance.sites.len()).filter(|s| (s + usize::try_from(seed).unwrap_or(0)) % 10 == 0);
                let slow = Slow { sites: sites.collect(), from, factor: 0.5 };
                serde_json::to_value(bad_day(&problem, &rows, &day, &slow))?
            } else {
                serde_json::to_value(simulate(&problem, &rows, &day, None))?
            };
            days.push(value);
        }
        if self.json {
            return files::print(&days);
        }
        for (n, day) in days.iter().enumerate() {
            println!("day {}: {}", n + 1, serde_json::to_string_pretty(day)?);
        }
        Ok(())
    }
}
