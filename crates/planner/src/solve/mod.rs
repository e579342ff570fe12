//! The whole plan (总流程): finish, walking, cost, time — each with its bound.
//!
//! The order is the one of the objectives. At the first horizon at which people fit one by one, whole buildings are
//! tried; buildings are split into households only at sites that stay too full otherwise; only if even households
//! find no seats does the plan finish a slot later. A first complete plan is made early and kept, so that the time
//! limit never ends without one.
//!
//! Time comes from outside: `spent` tells which share of the allowance is used, so the same calls give the same
//! plan when `spent` counts calls instead of seconds.

mod pack;
mod search;

use self::search::Search;
use crate::bound::{Bound, bound};
use crate::finish::{Shortage, finish};
use crate::num::int;
use crate::problem::Problem;
use crate::replan::Row;
use crate::transport::{Transport, transport};

/// What a solver may be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Slots the plan may use beyond the earliest finish.
    pub slack: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// Persons per lane and hour, for reports of what is short.
    pub lane_rate: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { slack: 0, seed: 1, lane_rate: 131.0 }
    }
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Failure {
    /// Even one by one, people do not fit: where, how many, how many lanes.
    Short {
        /// The separate parts of the area that are short.
        shortages: Vec<Shortage>,
    },
    /// People fit one by one, but no way was found to seat these households whole.
    Households {
        /// Building index and household size.
        left: Vec<(u32, i32)>,
    },
}

/// Where the computation is, for a progress display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Smallest last slot.
    Finish,
    /// Least walking.
    Walk,
    /// Proven bound on the cost.
    Bound,
    /// The plan itself.
    Plan,
    /// Time within the sites.
    Time,
}

impl Stage {
    /// Its name in files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Walk => "walk",
            Self::Bound => "bound",
            Self::Plan => "plan",
            Self::Time => "time",
        }
    }
}

/// A plan and what is proven about it, in units ([`Problem::metres`] converts).
#[derive(Clone, Debug)]
pub struct Solution {
    /// Last slot in use.
    pub finish: Option<usize>,
    /// No plan finishes earlier.
    pub finish_bound: Option<usize>,
    /// Units walked.
    pub walk: i64,
    /// No plan by the same horizon walks less.
    pub walk_bound: i64,
    /// Walking bound at the earliest finish.
    pub walk_at_finish_bound: i64,
    /// Plan cost J.
    pub cost: i64,
    /// No plan by the same horizon costs less.
    pub cost_bound: i64,
    /// The horizon the bounds are for.
    pub horizon: usize,
    /// (Grid, site) pairs announced.
    pub pairs: i64,
    /// Buildings whose households go to more than one site.
    pub split: i64,
    /// Building, site, slot, people.
    pub assignments: Vec<Row>,
}

/// Makes a plan; `note` hears which stage begins.
pub fn solve(
    problem: &Problem,
    options: &Options,
    spent: &mut dyn FnMut() -> f64,
    note: &mut dyn FnMut(Stage),
) -> Result<Solution, Failure> {
    note(Stage::Finish);
    let earliest = finish(problem, options.lane_rate).map_err(|shortages| Failure::Short { shortages })?;
    let Some(earliest) = earliest else {
        return Ok(nobody());
    };
    let last = problem.slots - 1;
    let giants = giants(problem);
    if !giants.is_empty() {
        return Err(Failure::Households { left: giants });
    }
    let mut horizon = (earliest + options.slack).min(last);
    let mut left = Vec::new();
    let mut tries = 0;
    while horizon <= last {
        let begin = spent().min(0.9);
        note(Stage::Walk);
        let Ok(walk) = transport(problem, horizon) else {
            horizon += 1;
            continue;
        };
        let at_finish = if horizon == earliest {
            walk.cost
        } else {
            transport(problem, earliest).map_or(walk.cost, |t| t.cost)
        };
        note(Stage::Bound);
        let until = begin + 0.25 * (1.0 - begin);
        let proof =
            bound(problem, horizon, &walk.prices, None, 3_000, &mut || (spent() - begin) / (until - begin));
        note(Stage::Plan);
        // Horizons that turned out too tight for households leave less time to each try.
        let probe = if tries == 0 { 0.2 } else { 0.15 };
        match Search::new(problem, horizon, &proof, options.seed).run(probe, spent, note) {
            Ok(found) => {
                return Ok(found.solution(problem, horizon, earliest, &walk, &proof, at_finish));
            }
            Err(households) => left = households,
        }
        tries += 1;
        horizon += 1;
    }
    Err(Failure::Households { left })
}

/// Households larger than every slot within their reach.
fn giants(problem: &Problem) -> Vec<(u32, i32)> {
    let mut found = Vec::new();
    for &b in &problem.served {
        let (from, to) = problem.windows[problem.class[b as usize] as usize];
        let slots =
            problem.arcs_of(b as usize).iter().flat_map(|arc| &problem.capacity[arc.hub as usize][from..=to]);
        let largest = slots.max().copied().unwrap_or(0);
        let homes = problem.households[b as usize].iter();
        found.extend(homes.filter(|&&n| i64::from(n) > largest).map(|&n| (b, n)));
    }
    found
}

fn nobody() -> Solution {
    Solution {
        finish: None,
        finish_bound: None,
        walk: 0,
        walk_bound: 0,
        walk_at_finish_bound: 0,
        cost: 0,
        cost_bound: 0,
        horizon: 0,
        pairs: 0,
        split: 0,
        assignments: Vec::new(),
    }
}

/// A complete plan: where every item goes, and the seats.
#[derive(Clone)]
struct Found {
    cost: i64,
    pairs: i64,
    split: i64,
    seats: Vec<Row>,
}

impl Found {
    /// Buildings at more than one site, from sorted seats.
    fn split_buildings(seats: &[Row]) -> i64 {
        let mut places: Vec<(u32, u32)> = seats.iter().map(|seat| (seat.0, seat.1)).collect();
        places.dedup();
        int(places.chunk_by(|a, b| a.0 == b.0).filter(|chunk| chunk.len() > 1).count())
    }

    fn solution(
        self,
        problem: &Problem,
        horizon: usize,
        earliest: usize,
        walk: &Transport,
        proof: &Bound,
        at_finish: i64,
    ) -> Solution {
        let pairs_floor = int(problem
            .served
            .iter()
            .map(|&b| problem.grid[b as usize])
            .collect::<std::collections::HashSet<_>>()
            .len());
        Solution {
            finish: self.seats.iter().map(|seat| seat.2).max(),
            finish_bound: Some(earliest),
            walk: self.cost - self.pairs * problem.pair_cost,
            walk_bound: walk.cost,
            walk_at_finish_bound: at_finish,
            cost: self.cost,
            // Everyone walks at least as in stage 2, and every grid has at least one site.
            cost_bound: proof.value.max(walk.cost + pairs_floor * problem.pair_cost),
            horizon,
            pairs: self.pairs,
            split: self.split,
            assignments: self.seats,
        }
    }
}
