//! The whole plan (总流程): finish, walking, cost, time — each with its bound.
//!
//! The order is the one of the objectives. At the first horizon at which people fit one by one, whole buildings are
//! tried; buildings are split into households only at sites that stay too full otherwise; only if even households
//! find no seats does the plan finish a slot later. A first complete plan is made early and kept, so that the time
//! limit never ends without one.
//!
//! Time comes from outside: `spent` tells which share of the allowance is used, so the same calls give the same
//! plan when `spent` counts calls instead of seconds.

use std::collections::{BTreeMap, HashMap};

use crate::anneal::{Anneal, Item};
use crate::bound::{Bound, bound};
use crate::chain::chain;
use crate::finish::{Shortage, finish};
use crate::num::{idx, int};
use crate::problem::Problem;
use crate::replan::Row;
use crate::slots::{Group, Seating, seat};
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
        let probe = if tries == 0 { 0.35 } else { 0.15 };
        match Search::new(problem, horizon, &proof.prices, options.seed).run(probe, spent, note) {
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

struct Search<'a> {
    problem: &'a Problem,
    horizon: usize,
    prices: &'a [i64],
    state: Anneal<'a>,
    seed: u64,
    hot: f64,
}

/// Rounds of repair before a horizon is given up, and the least moves of each in thousands.
const ROUNDS: u32 = 14;
const LEAST: f64 = 100.0;

impl<'a> Search<'a> {
    fn new(problem: &'a Problem, horizon: usize, prices: &'a [i64], seed: u64) -> Self {
        let whole = problem.served.iter().map(|&b| Item::new(b, problem.households[b as usize].clone()));
        Self {
            problem,
            horizon,
            prices,
            state: Anneal::new(problem, horizon, whole.collect(), prices, seed),
            seed,
            hot: (0.15 * problem.pair_cost as f64).max(1_000.0 * problem.scale as f64),
        }
    }

    /// A first plan in the share `probe` of the time left, then a better one with what remains.
    fn run(
        mut self,
        probe: f64,
        spent: &mut dyn FnMut() -> f64,
        note: &mut dyn FnMut(Stage),
    ) -> Result<Found, Vec<(u32, i32)>> {
        let begin = spent().min(0.97);
        let at = |share: f64| begin + share * (1.0 - begin);
        let (hot, cold) = (self.hot, 0.25 * self.hot);
        let mut first = stretch(spent(), at(probe * 0.5), LEAST);
        self.state.run(hot * 0.5, cold, 2.0, &mut || first(spent()));
        let whole = self.state.sites();
        let mut found = self.complete(at(probe), spent)?;
        // The long run starts again from whole buildings.
        let mut again = Self::new(self.problem, self.horizon, self.prices, self.seed + 1);
        for (i, &site) in whole.iter().enumerate() {
            again.state.send(i, site);
        }
        let mut long = stretch(spent(), at(0.88), 0.0);
        again.state.run(hot, cold, 1.0, &mut || long(spent()));
        note(Stage::Time);
        if let Ok(better) = again.complete(at(1.0), spent)
            && better.cost < found.cost
        {
            found = better;
        }
        Ok(found)
    }

    /// Removes all overflow and seats everybody, splitting buildings as far as that takes.
    fn complete(&mut self, end: f64, spent: &mut dyn FnMut() -> f64) -> Result<Found, Vec<(u32, i32)>> {
        let cold = 0.25 * self.hot;
        let mut left = Vec::new();
        for round in 0..ROUNDS {
            if self.state.over > 0 {
                if round > 2 {
                    self.split(round - 2);
                }
                let now = spent();
                let share = (end - now).max(0.0) / f64::from(ROUNDS - round) * 2.0;
                let mut part = stretch(now, now + share, LEAST);
                self.state.run(cold, 0.5 * cold, 8.0, &mut || part(spent()));
            }
            if round > 0 {
                chain(self.problem, &mut self.state);
            }
            if self.state.over > 0 {
                continue;
            }
            self.gather();
            let (seats, homeless) = self.seat_all();
            if homeless.is_empty() {
                return Ok(self.found(seats));
            }
            left.clear();
            for (site, building, people) in homeless {
                let class = self.problem.class[building as usize];
                self.state.shrink(site, class, i64::from(people));
                left.push((building, people));
            }
        }
        if left.is_empty() {
            left = self.seat_all().1.into_iter().map(|(_, b, n)| (b, n)).collect();
        }
        Err(left)
    }

    /// Divides some of the buildings at sites that are too full into households.
    fn split(&mut self, round: u32) {
        for site in self.state.crowded() {
            let mut here: Vec<u32> = self.state.at_site(site).to_vec();
            here.retain(|&i| self.state.items[i as usize].homes.len() > 1);
            here.sort_by_key(|&i| {
                let building = self.state.items[i as usize].building as usize;
                std::cmp::Reverse((self.problem.arcs_of(building).len(), i))
            });
            for &i in here.iter().take(1 << round.min(12)) {
                // The largest stays behind: what the item may choose was fixed by it.
                while self.state.items[i as usize].homes.len() > 1 {
                    let homes = self.state.items[i as usize].homes.iter().enumerate();
                    let least = homes.min_by_key(|home| home.1).map_or(0, |home| home.0);
                    self.state.split_off(i as usize, least);
                }
            }
        }
    }

    /// Brings the households of split buildings together again where there is room.
    fn gather(&mut self) {
        let mut pieces: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, item) in self.state.items.iter().enumerate() {
            if item.homes.len() < self.problem.households[item.building as usize].len() {
                pieces.entry(item.building).or_default().push(i);
            }
        }
        let mut split: Vec<Vec<usize>> = pieces.into_values().collect();
        split.sort_unstable();
        for list in split {
            let before: Vec<u32> = list.iter().map(|&i| self.state.site_of(i)).collect();
            let mut options = before.clone();
            options.sort_unstable();
            options.dedup();
            if options.len() < 2 {
                continue;
            }
            let cost = self.state.cost;
            for target in options {
                let all = list.iter().all(|&i| self.state.send(i, target));
                if all && self.state.over == 0 && self.state.cost <= cost + self.problem.pair_cost {
                    break;
                }
                for (&i, &site) in list.iter().zip(&before) {
                    self.state.send(i, site);
                }
            }
        }
    }

    /// Everybody's seats, and the households without one: site, building, people.
    fn seat_all(&self) -> (Vec<Row>, Vec<(usize, u32, i32)>) {
        let mut groups: Vec<BTreeMap<u32, Vec<i32>>> = vec![BTreeMap::new(); self.problem.capacity.len()];
        for (i, item) in self.state.items.iter().enumerate() {
            let here = &mut groups[self.state.site_of(i) as usize];
            here.entry(item.building).or_default().extend(&item.homes);
        }
        let (mut seats, mut homeless) = (Vec::new(), Vec::new());
        for (site, groups) in groups.into_iter().enumerate() {
            let groups: Vec<Group> = groups.into_iter().collect();
            let Seating { seats: here, left } = seat(self.problem, site, self.horizon, &groups);
            seats.extend(here.into_iter().map(|(b, t, n)| (b, idx(site), t, n)));
            homeless.extend(left.into_iter().map(|(b, n)| (site, b, n)));
        }
        (seats, homeless)
    }

    fn found(&self, mut seats: Vec<Row>) -> Found {
        seats.sort_unstable();
        let mut places: Vec<(u32, u32)> = seats.iter().map(|seat| (seat.0, seat.1)).collect();
        places.dedup();
        let split = places.chunk_by(|a, b| a.0 == b.0).filter(|chunk| chunk.len() > 1);
        Found { cost: self.state.cost, pairs: self.state.pairs(), split: int(split.count()), seats }
    }
}

/// A clock for a part of the time: 0 at `from`, 1 at `to`, and not 1 before it was asked `least` times.
fn stretch(from: f64, to: f64, least: f64) -> impl FnMut(f64) -> f64 {
    let mut asked = 0.0;
    move |now| {
        asked += 1.0;
        let share = if to > from { (now - from) / (to - from) } else { 1.0 };
        if least > 0.0 { share.min(asked / least) } else { share }
    }
}
