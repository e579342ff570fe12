//! `linli plan match`.

use std::path::PathBuf;

use clap::Args;
use cpu_time::ProcessTime;
use linli_planner::format::FormatError;
use linli_planner::locate::{Step, locate};
use linli_planner::matching::{Market, Matching, made_up, served};
use linli_planner::teams::teams;
use serde_json::json;

use super::Outcome;
use super::files;

/// Arguments of `match`.
#[derive(Args)]
pub struct Match {
    /// The file of needs and helpers.
    market: PathBuf,
    /// Write the matching here.
    #[arg(long)]
    out: Option<PathBuf>,
    /// All helpers of a need in one block, or none.
    #[arg(long)]
    teams: bool,
    /// Seconds of CPU time for --teams.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Measure this many one-by-one insertions and cancellations after the batch.
    #[arg(long, default_value_t = 0)]
    live: u32,
    /// Write made-up needs and helpers to the market file first; MOST units a helper gives (3: plenty, 1: scarce).
    #[arg(long, value_name = "NEEDS,HELPERS,SEED[,MOST]")]
    generate: Option<String>,
    /// Write the network's arcs (need, hub, metres) here, for other solvers.
    #[arg(long)]
    arcs: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Match {
    pub(super) fn run(self) -> Outcome {
        if let Some(text) = &self.generate {
            let numbers: Result<Vec<usize>, _> = text.split(',').map(str::parse).collect();
            let (needs, helpers, seed, most) = match numbers.as_deref() {
                Ok(&[needs, helpers, seed]) => (needs, helpers, seed, 3),
                Ok(&[needs, helpers, seed, most]) => (needs, helpers, seed, most),
                _ => return Err("--generate wants NEEDS,HELPERS,SEED or NEEDS,HELPERS,SEED,MOST".into()),
            };
            files::save(&self.market, &made_up(needs, helpers, most, u64::try_from(seed)?))?;
        }
        let market = files::load(&self.market, parse_market)?;
        if self.teams { self.in_teams(&market) } else { self.one_by_one(&market) }
    }

    fn in_teams(&self, market: &Market) -> Outcome {
        if !(self.seconds > 0.0 && self.seconds <= 86_400.0) {
            return Err("--seconds must be more than 0".into());
        }
        let begun = ProcessTime::now();
        let found = teams(market, 1, &mut || begun.elapsed().as_secs_f64() / (self.seconds * 0.95));
        let gap = if found.bound > 0 {
            100.0 * (found.bound - found.value) as f64 / found.bound as f64
        } else {
            0.0
        };
        let facts = json!({
            "value": found.value, "bound": found.bound, "at_most_percent_from_best": gap,
            "units": found.given.len(), "cpu_seconds": begun.elapsed().as_secs_f64(),
        });
        self.answer(&facts, &found.given)
    }

    fn one_by_one(&self, market: &Market) -> Outcome {
        let begun = ProcessTime::now();
        let mut matching = Matching::new(market);
        let count = u32::try_from(market.needs.len())?;
        let later = self.live.min(count);
        matching.add_all(0..count - later);
        let built = begun.elapsed().as_secs_f64();
        matching.settle();
        let batch = begun.elapsed().as_secs_f64();
        let cost_of_batch = matching.cost();
        let (mut insert, mut cancel) = (Vec::new(), Vec::new());
        for need in count - later..count {
            let one = ProcessTime::now();
            matching.insert(need);
            insert.push(one.elapsed().as_secs_f64());
            let one = ProcessTime::now();
            matching.cancel(count - 1 - need);
            cancel.push(one.elapsed().as_secs_f64());
        }
        let given = matching.given();
        let (units, weight) = served(market, &given);
        let p99 = |list: &mut Vec<f64>| {
            list.sort_by(f64::total_cmp);
            list.get(list.len() * 99 / 100).copied()
        };
        let asked: i64 = market.needs.iter().map(|need| i64::from(need.units)).sum();
        let facts = json!({
            "cost": cost_of_batch, "cost_now": matching.cost(), "units_asked": asked, "units_given": units,
            "priority_given": weight, "metres": given.iter().map(|g| i64::from(g.metres)).sum::<i64>(),
            "cpu_seconds": batch, "cpu_seconds_network": built,
            "insert_p99_seconds": p99(&mut insert), "cancel_p99_seconds": p99(&mut cancel),
        });
        if let Some(path) = &self.arcs {
            let arcs: Vec<(u32, u32, i32)> = (0..count - later)
                .flat_map(|need| {
                    matching.arc_list(need).into_iter().map(move |arc| (need, arc.hub, arc.cost))
                })
                .collect();
            files::save(path, &arcs)?;
        }
        self.answer(&facts, &given)
    }

    fn answer(&self, facts: &serde_json::Value, given: &[linli_planner::matching::Given]) -> Outcome {
        if let Some(out) = &self.out {
            files::save(out, &given)?;
        }
        if self.json {
            return files::print(facts);
        }
        println!("{}", serde_json::to_string_pretty(facts)?);
        Ok(())
    }
}

fn parse_market(text: &str) -> Result<Market, FormatError> {
    let market: Market = linli_planner::format::parse(text)?;
    match market.fault() {
        None => Ok(market),
        Some((list, at, message)) => {
            let path = if list == "limit_metres" {
                vec![Step::Key(list)]
            } else {
                vec![Step::Key(list), Step::Item(at)]
            };
            let (line, column) = locate(text, &path).unwrap_or((1, 1));
            Err(FormatError { line, column, message })
        }
    }
}
