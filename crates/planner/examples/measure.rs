//! Measures the exact stages on one instance file: `measure INSTANCE.json [SLACK [RUNS]]`, one JSON line.
//! With `RUNS`, walking alone is repeated that often, for a profile.
//!
//! CPU time, not wall time; the median of several runs, each from the compiled problem to the optimal flow.

use std::error::Error;

use cpu_time::ProcessTime;
use linli_planner::finish::finish;
use linli_planner::format::Instance;
use linli_planner::problem::Problem;
use linli_planner::transport::transport;

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("which instance?")?;
    let slack: usize = args.next().map_or(Ok(0), |text| text.parse())?;
    let runs: Option<usize> = args.next().map(|text| text.parse()).transpose()?;
    let instance = Instance::parse(&std::fs::read_to_string(path)?)?;
    let problem = Problem::new(&instance);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let (mut horizon, mut cost) = (0, 0);
    let mut paths = 0;
    for _ in 0..if runs.is_some() { 1 } else { 5 } {
        let begun = ProcessTime::now();
        let found = finish(&problem, 131.0).map_err(|short| format!("short in {} places", short.len()))?;
        first.push(begun.elapsed().as_secs_f64());
        horizon = found.unwrap_or(0) + slack;
        for _ in 0..runs.unwrap_or(1) {
            let begun = ProcessTime::now();
            let walk = transport(&problem, horizon).map_err(|_| "not everybody fits")?;
            second.push(begun.elapsed().as_secs_f64());
            (cost, paths) = (walk.cost, walk.augmentations);
        }
    }
    println!(
        "{{\"horizon\":{horizon},\"walk\":{cost},\"arcs\":{},\"finish_cpu\":{},\"walk_cpu\":{},\"walk_least\":{},\"paths\":{paths}}}",
        problem.arcs.len(),
        median(first),
        median(second.clone()),
        second.iter().copied().fold(f64::INFINITY, f64::min)
    );
    Ok(())
}
