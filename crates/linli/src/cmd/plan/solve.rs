//! `linli plan generate | solve | check`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use linli_planner::check::{self, check};
use linli_planner::format::{Instance, Plan};
use linli_planner::generate::{Recipe, generate};
use linli_planner::home;
use linli_planner::problem::Problem;
use linli_planner::solve::{Failure, Options, Solution, Stage, solve};
use serde_json::json;

use super::Outcome;
use super::files;

/// Sizes people ask for.
#[derive(Clone, Copy, ValueEnum)]
enum Size {
    /// 120 buildings, 6 sites.
    Small,
    /// 7,800 buildings, 160 sites.
    District,
    /// 79,500 buildings, 1,600 sites.
    City,
}

/// Arguments of `generate`.
#[derive(Args)]
pub struct Generate {
    /// Where to write the instance.
    #[arg(long)]
    out: PathBuf,
    /// How large.
    #[arg(long, value_enum, default_value = "district")]
    size: Size,
    /// The same seed gives the same instance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of buildings with a window narrower than the day.
    #[arg(long, default_value_t = 0.0)]
    windows: f64,
    /// Visits at home.
    #[arg(long, default_value_t = 0)]
    visits: usize,
}

impl Generate {
    pub(super) fn run(self) -> Outcome {
        let recipe = match self.size {
            Size::Small => Recipe::small(),
            Size::District => Recipe::district(),
            Size::City => Recipe::city(),
        };
        let recipe = Recipe { windows: self.windows, visits: self.visits, ..recipe };
        files::save(&self.out, &generate(&recipe, self.seed))?;
        Ok(())
    }
}

/// Arguments of `solve`.
#[derive(Args)]
pub struct Solve {
    /// The instance file.
    instance: PathBuf,
    /// Where to write the plan.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Seconds of CPU time to use.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Print the result as JSON (without the assignments if there is an --out file).
    #[arg(long)]
    json: bool,
    /// Slots the plan may use beyond the earliest finish.
    #[arg(long, default_value_t = 0)]
    slack: usize,
    /// Share of every slot that is planned; the rest keeps queues short.
    #[arg(long, default_value_t = 1.0)]
    load: f64,
    /// Persons one lane serves in an hour, to say how many lanes are short.
    #[arg(long, default_value_t = 131.0)]
    lane_rate: f64,
    /// Seed of the search.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Solve {
    pub(super) fn run(self) -> Outcome {
        if !(self.seconds > 0.0 && self.seconds <= 86_400.0) {
            return Err("--seconds must be more than 0".into());
        }
        if !(self.load > 0.0 && self.load <= 1.0) {
            return Err("--load must be more than 0 and at most 1".into());
        }
        if !(self.lane_rate > 0.0 && self.lane_rate <= 1e6) {
            return Err("--lane-rate must be more than 0".into());
        }
        let mut instance = files::instance(&self.instance)?;
        for site in &mut instance.sites {
            for capacity in &mut site.capacity {
                *capacity = Problem::loaded(*capacity, self.load);
            }
        }
        let cpu = ProcessTime::now();
        let problem = Problem::new(&instance);
        let mut stages = Stages::new(cpu);
        let options = Options { slack: self.slack, seed: self.seed, lane_rate: self.lane_rate };
        // The home teams get a tenth, if there are any.
        let share = if instance.home.is_some() { 0.9 } else { 1.0 };
        let allowance = self.seconds * share * 0.97;
        let bar = stages.bar.clone();
        let solved = {
            let mut spent = || {
                let used = cpu.elapsed().as_secs_f64();
                bar.set_position(permille(used / allowance));
                used / allowance
            };
            solve(&problem, &options, &mut spent, &mut |stage| {
                stages.enter(stage);
            })
        };
        stages.finish();
        match solved {
            Ok(solution) => self.answer(&instance, &problem, &solution, &stages, cpu),
            Err(failure) => self.refuse(&instance, &failure),
        }
    }

    fn answer(
        &self,
        instance: &Instance,
        problem: &Problem,
        solution: &Solution,
        stages: &Stages,
        cpu: ProcessTime,
    ) -> Outcome {
        let slot = |t: Option<usize>| t.and_then(|t| i64::try_from(t).ok()).unwrap_or(-1);
        let home = instance.home.as_ref().map(|home| {
            let end = self.seconds * 0.98;
            let begin = cpu.elapsed().as_secs_f64().min(end - 0.05);
            home::plan(home, self.seed, &mut || (cpu.elapsed().as_secs_f64() - begin) / (end - begin))
        });
        let beyond = problem.unreachable.iter().map(|&b| i64::from(problem.people[b]));
        let mut plan = Plan {
            finish_slot: slot(solution.finish),
            finish_bound: slot(solution.finish_bound),
            walk_metres: problem.metres(solution.walk),
            walk_bound: problem.metres(solution.walk_bound),
            plan_cost: problem.metres(solution.cost),
            plan_bound: problem.metres(solution.cost_bound),
            over_capacity: 0,
            beyond_limit: beyond.sum(),
            unreachable: problem.unreachable.clone(),
            cpu_seconds: 0.0,
            stages: json!({
                "cpu_seconds": stages.times(),
                "walk": {
                    "bound_at_finish_bound": problem.metres(solution.walk_at_finish_bound),
                    "bound_at_horizon": problem.metres(solution.walk_bound),
                    "horizon": solution.horizon,
                },
                "plan": {
                    "pairs": solution.pairs,
                    "split_buildings": solution.split,
                    "at_most_percent_from_best": percent(solution.cost, solution.cost_bound),
                },
            }),
            assignments: solution
                .assignments
                .iter()
                .map(|&(b, s, t, n)| [i64::from(b), i64::from(s), slot(Some(t)), n])
                .collect(),
            home,
        };
        plan.cpu_seconds = cpu.elapsed().as_secs_f64();
        if let Some(out) = &self.out {
            files::save(out, &plan)?;
        }
        if self.json {
            if self.out.is_some() {
                plan.assignments.clear();
            }
            let mut value = serde_json::to_value(&plan)?;
            if self.out.is_some()
                && let Some(map) = value.as_object_mut()
            {
                map.remove("assignments");
            }
            files::print(&value)?;
        } else {
            report(instance, &plan, problem, solution);
        }
        Ok(())
    }

    /// No plan exists: says what is short, where, how many lanes, until when.
    fn refuse(&self, instance: &Instance, failure: &Failure) -> Outcome {
        if self.json {
            files::print(&json!({ "impossible": failure }))?;
        }
        Err(explain(instance, failure).into())
    }
}

fn percent(value: i64, bound: i64) -> f64 {
    if bound > 0 { 100.0 * (value - bound) as f64 / bound as f64 } else { 0.0 }
}

fn report(instance: &Instance, plan: &Plan, problem: &Problem, solution: &Solution) {
    println!("finish    slot {} (no plan can finish before slot {})", plan.finish_slot, plan.finish_bound);
    println!("walking   {:.0} person-metres (at least {:.0})", plan.walk_metres, plan.walk_bound);
    println!(
        "cost      {:.0} (at most {:.2} % from the best possible; {} grid-site pairs, {} buildings split)",
        plan.plan_cost,
        percent(solution.cost, solution.cost_bound),
        solution.pairs,
        solution.split
    );
    if !problem.unreachable.is_empty() {
        println!("{} people have no site within the walking limit:", plan.beyond_limit);
        for &b in problem.unreachable.iter().take(20) {
            let building = &instance.buildings[b];
            println!("  {} (grid {}): {}", building.id, building.grid, problem.people[b]);
        }
    }
    if let Some(home) = &plan.home {
        let visits: usize = home.routes.iter().map(Vec::len).sum();
        println!(
            "home      {visits} visits, {:.0} metres, {} cannot be made",
            home.metres,
            home.unserved.len()
        );
    }
}

fn explain(instance: &Instance, failure: &Failure) -> String {
    let name = |list: &[usize], of: &dyn Fn(usize) -> String| {
        let mut names: Vec<String> = list.iter().take(8).map(|&i| of(i)).collect();
        if list.len() > names.len() {
            names.push(format!("and {} more", list.len() - names.len()));
        }
        names.join(", ")
    };
    let mut lines = Vec::new();
    match failure {
        Failure::Short { shortages } => {
            lines.push("no plan exists:".to_owned());
            for short in shortages {
                let site = |i: usize| instance.sites[i].id.clone();
                let mut grids: Vec<&str> =
                    short.buildings.iter().map(|&b| instance.buildings[b].grid.as_str()).collect();
                grids.sort_unstable();
                grids.dedup();
                lines.push(format!(
                    "  {} people in {} buildings (grids {}) can only go to {}, which have room for {} until slot {}: \
                     short of {} people, that is {} more lane(s) from slot {} to slot {}",
                    short.people,
                    short.buildings.len(),
                    name(&(0..grids.len()).collect::<Vec<_>>(), &|i| grids[i].to_owned()),
                    name(&short.sites, &site),
                    short.capacity,
                    short.until_slot,
                    short.short,
                    short.lanes,
                    short.from_slot,
                    short.until_slot
                ));
            }
        }
        Failure::Households { left } => {
            lines.push("no plan was found that keeps these households together:".to_owned());
            for &(b, people) in left.iter().take(20) {
                let building = &instance.buildings[b as usize];
                lines.push(format!(
                    "  building {} (grid {}): a household of {people} finds no slot with room",
                    building.id, building.grid
                ));
            }
        }
    }
    lines.join("\n")
}

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    /// The instance file.
    instance: PathBuf,
    /// The plan file.
    plan: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let instance = files::instance(&self.instance)?;
        let plan = files::load(&self.plan, Plan::parse)?;
        let mut report = check(&instance, &plan);
        if let (Some(home), Some(routes)) = (&instance.home, &plan.home) {
            report.faults.extend(check::home::faults(home, routes));
        }
        if self.json {
            files::print(&report)?;
        } else {
            println!(
                "{} people seated, finish slot {}, {:.0} person-metres, {} pairs, cost {:.0}, {} buildings split",
                report.people,
                report.finish_slot,
                report.walk_metres,
                report.pairs,
                report.plan_cost,
                report.split_buildings
            );
        }
        if report.faults.is_empty() {
            return Ok(());
        }
        Err(format!("{}:\n  {}", self.plan.display(), report.faults.join("\n  ")).into())
    }
}

/// Times of the stages, and the bar a person at a terminal sees.
struct Stages {
    cpu: ProcessTime,
    bar: ProgressBar,
    begun: Vec<(Stage, Duration)>,
}

impl Stages {
    fn new(cpu: ProcessTime) -> Self {
        // Hidden by itself where standard error is not a terminal.
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{msg:10} [{bar:40}] {elapsed}") {
            bar.set_style(style);
        }
        Self { cpu, bar, begun: Vec::new() }
    }

    fn enter(&mut self, stage: Stage) {
        self.bar.set_message(stage.name());
        self.begun.push((stage, self.cpu.elapsed()));
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.begun.push((Stage::Time, self.cpu.elapsed()));
    }

    fn times(&self) -> serde_json::Value {
        let mut map = serde_json::Map::new();
        for pair in self.begun.windows(2) {
            let seconds = (pair[1].1.saturating_sub(pair[0].1)).as_secs_f64();
            let entry = map.entry(pair[0].0.name()).or_insert(json!(0.0));
            *entry = json!(entry.as_f64().unwrap_or(0.0) + seconds);
        }
        serde_json::Value::Object(map)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a progress bar")]
fn permille(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 1000.0) as u64
}
