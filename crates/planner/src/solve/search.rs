//! From prices to a complete plan (求解): anneal, repair, seat, split only where it must be.

use std::collections::{BTreeMap, HashMap};

use super::pack::pack;
use super::{Found, Stage};
use crate::anneal::{Anneal, Cooling, Item};
use crate::bound::Bound;
use crate::chain::chain;
use crate::num::idx;
use crate::problem::Problem;
use crate::replan::Row;
use crate::slots::{Group, Seating, seat};

pub(super) struct Search<'a> {
    problem: &'a Problem,
    horizon: usize,
    proof: &'a Bound,
    state: Anneal<'a>,
    seed: u64,
    hot: f64,
}

/// Rounds of repair before a horizon is given up, and the least moves of each in thousands.
const ROUNDS: u32 = 14;
const LEAST: f64 = 100.0;

impl<'a> Search<'a> {
    pub(super) fn new(problem: &'a Problem, horizon: usize, proof: &'a Bound, seed: u64) -> Self {
        let whole = problem.served.iter().map(|&b| Item::new(b, problem.households[b as usize].clone()));
        Self {
            problem,
            horizon,
            proof,
            state: Anneal::new(problem, horizon, whole.collect(), &proof.prices, &proof.sites, seed),
            seed,
            hot: (0.15 * problem.pair_cost as f64).max(1_000.0 * problem.scale as f64),
        }
    }

    /// A first plan in the share `probe` of the time left, then a better one with what remains.
    pub(super) fn run(
        mut self,
        probe: f64,
        spent: &mut dyn FnMut() -> f64,
        note: &mut dyn FnMut(Stage),
    ) -> Result<Found, Vec<(u32, i32)>> {
        let begin = spent().min(0.97);
        let at = |share: f64| begin + share * (1.0 - begin);
        let (hot, cold) = (self.hot, 0.25 * self.hot);
        let mut first = stretch(spent(), at(probe * 0.5), LEAST);
        self.state.run(Cooling { hot: 0.5 * hot, cold, soft: 2.0, firm: 10.0, verdict: 10.0 }, &mut || {
            first(spent())
        });
        let whole = self.state.sites();
        let mut found = match self.complete(at(probe), spent) {
            Ok(found) => found,
            Err(left) => return pack(self.problem, self.horizon).ok_or(left),
        };
        // The long run starts again from whole buildings; then nobody may be too many any more, and what that took
        // is won back in part by cold exchanges between full sites.
        let mut again = Self::new(self.problem, self.horizon, self.proof, self.seed + 1);
        for (i, &site) in whole.iter().enumerate() {
            again.state.send(i, site);
        }
        let mut long = stretch(spent(), at(0.9), 0.0);
        again.state.run(Cooling { hot, cold, soft: 2.0, firm: 10.0, verdict: 10.0 }, &mut || long(spent()));
        chain(self.problem, &mut again.state, false);
        let mut rest = stretch(spent(), at(0.985), 0.0);
        // Not to lose what the chains reached: a plan without a person too many is better than any with one.
        let cooling = Cooling { hot: cold, cold: 0.5 * cold, soft: 10.0, firm: 50.0, verdict: 1_000.0 };
        again.state.run(cooling, &mut || rest(spent()));
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
        let cold = 0.06 * self.hot;
        let mut left = Vec::new();
        for round in 0..ROUNDS {
            if self.state.over > 0 && round > 0 {
                if round > 5 {
                    self.split(round - 5);
                }
                let now = spent();
                let share = (end - now).max(0.0) / f64::from(ROUNDS - round) * 2.0;
                let mut part = stretch(now, now + share, LEAST);
                let cooling = Cooling { hot: cold, cold: 0.5 * cold, soft: 8.0, firm: 40.0, verdict: 40.0 };
                self.state.run(cooling, &mut || part(spent()));
            }
            chain(self.problem, &mut self.state, round > 1);
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
        let split = Found::split_buildings(&seats);
        Found { cost: self.state.cost, pairs: self.state.pairs(), split, seats }
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
