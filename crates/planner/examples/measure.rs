//! Measures the stages on files, one JSON line each; CPU time, not wall time.
//!
//! - `measure INSTANCE.json [SLACK]`: the exact stages, the median of several runs, each from the compiled problem to
//!   the optimal flow. This is what the comparison with other solvers asks for.
//! - `measure walk INSTANCE.json SLACK RUNS`: the least and median time of the walking stage over many runs.
//! - `measure replan INSTANCE.json PLAN.json COUNT`: replans of three kinds, as the benchmark makes them; how
//!   long it takes to go back to the plan as published, and to lay out the network before anything happens.
//! - `measure events INSTANCE.json PLAN.json EVENTS.json RUNS`: one replan after the events `linli plan replan` takes.
//! - `measure match MARKET.json RUNS`: the batch, from the market to the optimal matching.
//! - `measure plan INSTANCE.json SECONDS SLACK`: the whole plan, checked from outside; how far its cost is above its bound.

use std::error::Error;

use cpu_time::ProcessTime;
use linli_planner::check::check;
use linli_planner::finish::finish;
use linli_planner::format::{Instance, Plan, parse};
use linli_planner::matching::{Market, Matching};
use linli_planner::problem::Problem;
use linli_planner::replan::{Live, Prices, Row};
use linli_planner::rng::Rng;
use linli_planner::solve::{Options, Solution, solve};
use linli_planner::transport::transport;

type Outcome = Result<(), Box<dyn Error>>;

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

fn least(list: &[f64]) -> f64 {
    list.iter().copied().fold(f64::INFINITY, f64::min)
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begun = ProcessTime::now();
    let done = work();
    (begun.elapsed().as_secs_f64(), done)
}

fn problem(path: &str) -> Result<Problem, Box<dyn Error>> {
    let instance = Instance::parse(&std::fs::read_to_string(path)?)?;
    Ok(Problem::new(&instance))
}

fn earliest(problem: &Problem) -> Result<usize, String> {
    let found = finish(problem, 131.0).map_err(|short| format!("short in {} places", short.len()))?;
    Ok(found.unwrap_or(0))
}

fn stages(path: &str, slack: usize) -> Outcome {
    let problem = problem(path)?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let (mut horizon, mut cost) = (0, 0);
    for _ in 0..5 {
        let (used, found) = seconds(|| earliest(&problem));
        first.push(used);
        horizon = found? + slack;
        let (used, walk) = seconds(|| transport(&problem, horizon));
        second.push(used);
        cost = walk.map_err(|_| "not everybody fits")?.cost;
    }
    println!(
        "{{\"horizon\":{horizon},\"walk\":{cost},\"arcs\":{},\"finish_cpu\":{},\"walk_cpu\":{}}}",
        problem.arcs.len(),
        median(first),
        median(second)
    );
    Ok(())
}

fn walk(path: &str, slack: usize, runs: usize) -> Outcome {
    let problem = problem(path)?;
    let (used, found) = seconds(|| earliest(&problem));
    let horizon = found? + slack;
    let (mut times, mut cost, mut paths) = (Vec::new(), 0, 0);
    for _ in 0..runs.max(1) {
        let (used, walk) = seconds(|| transport(&problem, horizon));
        times.push(used);
        let walk = walk.map_err(|_| "not everybody fits")?;
        (cost, paths) = (walk.cost, walk.augmentations);
    }
    println!(
        "{{\"walk\":{cost},\"augmentations\":{paths},\"finish_cpu\":{used},\"walk_least\":{},\"walk_median\":{}}}",
        least(&times),
        median(times.clone())
    );
    Ok(())
}

fn rows(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let plan = Plan::parse(&std::fs::read_to_string(path)?)?;
    let narrow = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let row = |&[b, s, t, n]: &[i64; 4]| (narrow(b), narrow(s), usize::try_from(t).unwrap_or(0), n);
    Ok(plan.assignments.iter().map(row).collect())
}

#[derive(serde::Deserialize)]
struct Events {
    called: usize,
    changes: Vec<Change>,
}

#[derive(serde::Deserialize)]
struct Change {
    site: usize,
    from: usize,
    factor: f64,
}

fn events(path: &str, plan: &str, events: &str, runs: usize) -> Outcome {
    let problem = problem(path)?;
    let events: Events = parse(&std::fs::read_to_string(events)?)?;
    let fresh = Live::new(&problem, &rows(plan)?, Some(events.called), Prices::default());
    let (mut times, mut sum, mut paths) = (Vec::new(), 0, 0);
    for _ in 0..runs.max(1) {
        let mut live = fresh.clone();
        let (used, cost) = seconds(|| {
            for change in &events.changes {
                for slot in change.from..problem.slots {
                    let planned = problem.capacity[change.site][slot];
                    live.set_capacity(change.site, slot, Problem::loaded(planned, change.factor));
                }
            }
            live.settle()
        });
        times.push(used);
        (sum, paths) = (cost, live.augmentations());
    }
    println!(
        "{{\"flow_cost\":{},\"cpu_seconds\":{},\"augmentations\":{paths}}}",
        problem.metres(sum),
        median(times)
    );
    Ok(())
}

fn replan(path: &str, plan: &str, count: usize) -> Outcome {
    let problem = problem(path)?;
    let rows = rows(plan)?;
    for (kind, sites, factor) in [("one closes", 1, 0.0), ("one slows", 1, 0.5), ("ten slow", 10, 0.5)] {
        let mut rng = Rng::new(1);
        let (mut times, mut made, mut backs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut sum, mut paths) = (0, 0);
        for _ in 0..count {
            let called = 4 + rng.below(8);
            let (used, mut fresh) = seconds(|| Live::new(&problem, &rows, Some(called), Prices::default()));
            made.push(used);
            let changed: Vec<usize> = (0..sites).map(|_| rng.below(problem.capacity.len())).collect();
            let mut runs = Vec::new();
            for _ in 0..3 {
                let mut live = fresh.clone();
                let (used, cost) = seconds(|| {
                    for &site in &changed {
                        for slot in called + 1..problem.slots {
                            let now = live.capacity(site, slot).unwrap_or(0);
                            live.set_capacity(site, slot, Problem::loaded(now, factor));
                        }
                    }
                    live.settle()
                });
                runs.push(used);
                fresh = if runs.len() < 3 { fresh } else { live };
                sum += cost;
            }
            times.push(least(&runs));
            fresh.certify()?;
            paths += fresh.augmentations();
            let (used, cost) = seconds(|| {
                for &site in &changed {
                    for slot in called + 1..problem.slots {
                        fresh.set_capacity(site, slot, problem.capacity[site][slot]);
                    }
                }
                fresh.settle()
            });
            backs.push(used);
            fresh.certify()?;
            if cost != 0 {
                return Err("a plan as it was published costs something".into());
            }
        }
        backs.sort_by(f64::total_cmp);
        times.sort_by(f64::total_cmp);
        let at = |share: usize| 1000.0 * times[(times.len() * share / 100).min(times.len() - 1)];
        println!(
            "{{\"kind\":\"{kind}\",\"cost\":{sum},\"augmentations\":{paths},\"ms_median\":{:.2},\"ms_p90\":{:.2},\
             \"ms_most\":{:.2},\"back_median\":{:.2},\"back_most\":{:.2},\"network_median\":{:.2}}}",
            at(50),
            at(90),
            at(100),
            1000.0 * backs[backs.len() / 2],
            1000.0 * backs[backs.len() - 1],
            1000.0 * median(made)
        );
    }
    Ok(())
}

fn matching(path: &str, runs: usize) -> Outcome {
    let market: Market = parse(&std::fs::read_to_string(path)?)?;
    let count = u32::try_from(market.needs.len())?;
    let (mut times, mut cost) = (Vec::new(), 0);
    for _ in 0..runs.max(1) {
        let (used, matching) = seconds(|| {
            let mut matching = Matching::new(&market);
            matching.add_all(0..count);
            matching.settle();
            matching
        });
        times.push(used);
        cost = matching.cost();
    }
    println!("{{\"cost\":{cost},\"least\":{},\"median\":{}}}", least(&times), median(times.clone()));
    Ok(())
}

/// Faults the outside check finds in a plan.
fn faults(instance: &Instance, problem: &Problem, found: &Solution) -> Result<usize, Box<dyn Error>> {
    let slot = |t: Option<usize>| t.map_or(Ok(-1), i64::try_from);
    let rows = found.assignments.iter();
    let rows = rows.map(|&(b, s, t, n)| Ok([i64::from(b), i64::from(s), i64::try_from(t)?, n]));
    let plan = Plan {
        finish_slot: slot(found.finish)?,
        finish_bound: slot(found.finish_bound)?,
        walk_metres: problem.metres(found.walk),
        walk_bound: problem.metres(found.walk_bound),
        plan_cost: problem.metres(found.cost),
        plan_bound: problem.metres(found.cost_bound),
        beyond_limit: problem.unreachable.iter().map(|&b| i64::from(problem.people[b])).sum(),
        assignments: rows.collect::<Result<_, std::num::TryFromIntError>>()?,
        ..Plan::default()
    };
    Ok(check(instance, &plan).faults.len())
}

fn plan(path: &str, allowed: f64, slack: usize) -> Outcome {
    let instance = Instance::parse(&std::fs::read_to_string(path)?)?;
    let problem = Problem::new(&instance);
    let cpu = ProcessTime::now();
    let options = Options { slack, ..Options::default() };
    let mut spent = || cpu.elapsed().as_secs_f64() / (0.97 * allowed);
    let found =
        solve(&problem, &options, &mut spent, &mut |_| {}).map_err(|failure| format!("{failure:?}"))?;
    let used = cpu.elapsed().as_secs_f64();
    println!(
        "{{\"cost\":{},\"bound\":{},\"gap\":{:.3},\"split\":{},\"finish\":{},\"cpu\":{:.2},\
         \"faults\":{}}}",
        found.cost,
        found.cost_bound,
        100.0 * (found.cost - found.cost_bound) as f64 / found.cost_bound.max(1) as f64,
        found.split,
        found.finish.unwrap_or(0),
        used,
        faults(&instance, &problem, &found)?
    );
    Ok(())
}

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["walk", path, slack, runs] => walk(path, slack.parse()?, runs.parse()?),
        ["replan", path, plan, count] => replan(path, plan, count.parse()?),
        ["events", path, plan, happened, runs] => events(path, plan, happened, runs.parse()?),
        ["match", path, runs] => matching(path, runs.parse()?),
        ["plan", path, allowed, slack] => plan(path, allowed.parse()?, slack.parse()?),
        [path] => stages(path, 0),
        [path, slack] => stages(path, slack.parse()?),
        _ => Err("which instance?".into()),
    }
}
