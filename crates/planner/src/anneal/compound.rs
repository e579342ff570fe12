//! Compound moves (连锁与成组调整): what single moves reach only through a state much dearer than both ends.
//!
//! - *Ejection chain* (Glover 1996; for generalized assignment Yagiura, Ibaraki & Glover 2004): an item goes to a full
//!   site, one of about its size leaves from there to the next, until nobody is too many or the chain is at its length.
//!   So room at the edge of town reaches a crowded centre without a person too many in between. Who leaves is the best
//!   of all who stand there, over all their choices: where nearly every place is taken, few sizes fit, and drawing a
//!   few at random misses them.
//! - *Group*: all items a grid has at a site go to another one. *Open*: whoever of a grid gains by a site goes there
//!   together. *Close*: all items of a grid leave a site for those the grid keeps. These are the exchange, add and
//!   drop moves of facility location (Kuehn & Hamburger 1963), room being worth its Lagrangian price. A chain follows
//!   that relieves the site they crowd.
//!
//! Invariant: a move that is not accepted leaves the state as it was ([`Anneal::undo`]).
//! Cost: a few dozen nanoseconds for a move dropped before anything is moved, as most are; per link of a chain one pass
//! over a site, about a microsecond for fifty buildings.

use super::Anneal;
use crate::num::idx;

/// Links of an ejection chain.
const LINKS: usize = 4;
/// What a person too many counts at the next site of a chain that goes on, as a share of the price.
const AHEAD: f64 = 0.25;
/// Items of a grid at one site beyond which they are not moved together.
const GROUP: u32 = 64;
/// How far, in pair costs, prices may be wrong about a move of a grid before it is not even tried.
const DOUBT: f64 = 0.25;

impl Anneal<'_> {
    /// Keeps the steps if they cost at most `limit` more than `before`, otherwise takes them back.
    fn decide(&mut self, before: f64, price: f64, limit: f64) -> bool {
        let good = self.score(price) - before <= limit;
        if good {
            self.trail.clear();
        } else {
            self.undo();
        }
        good
    }

    pub(super) fn try_chain(&mut self, heat: f64, price: f64) {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        if old.site == new.site {
            return;
        }
        let (class, people) = (self.class[i], i64::from(self.size[i]));
        let walk = people * i64::from(new.cost - old.cost) + self.pair_change(old, new, 1);
        // Some item of a chain that gains in all gains by its own move: only that one begins.
        let gain = walk as f64 + price * self.fine(old.site, class, -people);
        let limit = heat * self.rng.exponential();
        if gain > limit {
            return;
        }
        let before = self.score(price);
        self.step(idx(i), c);
        self.repair(before, price, limit);
    }

    /// Sends people on from the site the trail ends at until the score is at most `limit` above `before`, or takes all
    /// back. It gives up when the steps would not do even if nobody were too many there.
    fn repair(&mut self, before: f64, price: f64, limit: f64) {
        let Some(&(end, _)) = self.trail.last() else {
            return;
        };
        let mut site = idx(self.site(end as usize));
        for link in 0..LINKS {
            let now = self.score(price) - before;
            if now <= limit {
                break;
            }
            let over = self.rooms[site as usize].over();
            if over == 0 || now - price * self.weight[site as usize] * over as f64 > limit {
                break;
            }
            let Some((j, d)) = self.eject(site, price, limit - now, link + 1 == LINKS) else {
                break;
            };
            self.step(j, d);
            site = self.choices[d as usize].site;
        }
        self.decide(before, price, limit);
    }

    /// Who leaves a full site, and where to, at least cost, of those whose leaving costs at most `most` if they found
    /// room; unless the chain ends here, people too many at the next site count little.
    fn eject(&mut self, site: u32, price: f64, most: f64, last: bool) -> Option<(u32, u32)> {
        let ahead = if last { price } else { AHEAD * price };
        let mut best = (if last { most } else { f64::INFINITY }, None);
        for &j in &self.crowd[site as usize] {
            let at = j as usize;
            let (class, people) = (self.class[at], i64::from(self.size[at]));
            let old = self.choices[self.at[at] as usize];
            let closes = if self.used[old.pair as usize] == 1 { self.problem.pair_cost } else { 0 };
            let relief = price * self.fine(site, class, -people) - closes as f64;
            let bound = most.min(best.0);
            // The nearest other choice costs too much already: no need to look at the rest.
            let (near, first, second) = self.least[at];
            let least = if near == site { second } else { first };
            if (people * (i64::from(least) - i64::from(old.cost))) as f64 + relief > bound {
                continue;
            }
            for d in self.first[at]..self.open[at] {
                let new = self.choices[d as usize];
                let walk = people * i64::from(new.cost - old.cost);
                let opens = if self.used[new.pair as usize] == 0 { self.problem.pair_cost } else { 0 };
                let delta = (walk + opens) as f64 + relief;
                if delta <= bound && new.site != site {
                    let delta = delta + ahead * self.fine(new.site, class, people);
                    if delta < best.0 && !self.trail.iter().any(|step| step.0 == j) {
                        best = (delta, Some((j, d)));
                    }
                }
            }
        }
        best.1
    }

    /// What an item costs at a choice, room included.
    fn worth(&self, i: usize, c: u32) -> i64 {
        let choice = self.choices[c as usize];
        let classes = self.problem.windows.len().max(1);
        let toll = self.toll[choice.site as usize * classes + self.class[i] as usize];
        i64::from(self.size[i]) * (i64::from(choice.cost) + toll)
    }

    /// A random item, its grid and another choice of it.
    fn aim(&mut self) -> Option<(usize, usize, u32)> {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let here = self.choices[self.at[i] as usize];
        let grid = self.problem.grid[self.items[i].building as usize] as usize;
        let other = self.choices[c as usize].site != here.site && self.used[here.pair as usize] <= GROUP;
        other.then_some((i, grid, c))
    }

    /// All items of a grid at one site to another site.
    pub(super) fn try_group(&mut self, heat: f64, price: f64) {
        let Some((i, grid, c)) = self.aim() else {
            return;
        };
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        let mut walk = self.pair_change(old, new, self.used[old.pair as usize]);
        for &k in &self.grids[grid] {
            let here = self.choices[self.at[k as usize] as usize];
            if here.site == old.site {
                let Some(d) = self.choice_at(k as usize, new.site) else {
                    return;
                };
                walk += i64::from(self.items[k as usize].people)
                    * i64::from(self.choices[d as usize].cost - here.cost);
            }
        }
        let limit = heat * self.rng.exponential();
        let over = self.rooms[old.site as usize].over() as f64;
        if walk as f64 > limit + price * self.weight[old.site as usize] * over {
            return;
        }
        let before = self.score(price);
        for at in 0..self.grids[grid].len() {
            let k = self.grids[grid][at];
            if self.site(k as usize) == old.site as usize
                && let Some(d) = self.choice_at(k as usize, new.site)
            {
                self.step(k, d);
            }
        }
        self.repair(before, price, limit);
    }

    /// Everybody of a grid who gains by a site goes there.
    pub(super) fn try_open(&mut self, heat: f64, price: f64) {
        let Some((i, grid, c)) = self.aim() else {
            return;
        };
        let new = self.choices[c as usize];
        let limit = heat * self.rng.exponential();
        let mut gain = 0;
        for &k in &self.grids[grid] {
            let at = k as usize;
            if let Some(d) = self.choice_at(at, new.site) {
                let more = self.worth(at, self.at[at]) - self.worth(at, d);
                gain += if at == i { more } else { more.max(0) };
            }
        }
        let fixed = if self.used[new.pair as usize] == 0 { self.problem.pair_cost } else { 0 };
        if (fixed - gain) as f64 > limit + DOUBT * self.problem.pair_cost as f64 {
            return;
        }
        let before = self.score(price);
        for at in 0..self.grids[grid].len() {
            let k = self.grids[grid][at];
            let item = k as usize;
            if let Some(d) = self.choice_at(item, new.site)
                && d != self.at[item]
                && (item == i || self.worth(item, d) < self.worth(item, self.at[item]))
            {
                self.step(k, d);
            }
        }
        self.repair(before, price, limit);
    }

    /// All items of a grid leave a site, each for the best of those the grid keeps.
    pub(super) fn try_close(&mut self, heat: f64, price: f64) {
        let Some((i, grid, _)) = self.aim() else {
            return;
        };
        let old = self.choices[self.at[i] as usize];
        let limit = heat * self.rng.exponential();
        let mut loss = -self.problem.pair_cost;
        let mut moves = std::mem::take(&mut self.plan);
        moves.clear();
        for &k in &self.grids[grid] {
            let item = k as usize;
            if self.site(item) != old.site as usize {
                continue;
            }
            let kept = (self.first[item]..self.open[item]).filter(|&d| {
                let choice = self.choices[d as usize];
                choice.site != old.site && self.used[choice.pair as usize] > 0
            });
            let Some(d) = kept.min_by_key(|&d| self.worth(item, d)) else {
                self.plan = moves;
                return;
            };
            loss += self.worth(item, d) - self.worth(item, self.at[item]);
            moves.push((k, d));
        }
        if loss as f64 <= limit + DOUBT * self.problem.pair_cost as f64 {
            let before = self.score(price);
            for &(k, d) in &moves {
                self.step(k, d);
            }
            self.decide(before, price, limit);
        }
        self.plan = moves;
    }
}

#[cfg(test)]
mod tests {
    use crate::anneal::{Anneal, Cooling, Item};
    use crate::format::{Building, Instance, Site, Walk};
    use crate::problem::Problem;

    /// A building of ten people: grid, site at first, walks.
    type Home<'a> = (u32, u32, &'a [(i64, f64)]);

    /// People too many, and the site of each building, after a cold run.
    fn settled(pair_cost: f64, room: &[i64], buildings: &[Home]) -> (i64, Vec<u32>) {
        let sites = room.iter().enumerate().map(|(s, &cap)| Site {
            id: format!("S{s}"),
            capacity: vec![cap],
            ..Site::default()
        });
        let homes = buildings.iter().enumerate().map(|(b, building)| Building {
            id: format!("B{b}"),
            grid: format!("G{}", building.0),
            households: vec![5, 5],
            ..Building::default()
        });
        let arcs = (0_i64..)
            .zip(buildings)
            .flat_map(|(b, building)| building.2.iter().map(move |&(site, metres)| Walk(b, site, metres)));
        let instance = Instance {
            slot_minutes: 15.0,
            slots: 1,
            pair_cost,
            sites: sites.collect(),
            buildings: homes.collect(),
            arcs: arcs.collect(),
            ..Instance::default()
        };
        let problem = Problem::new(&instance);
        let items = problem.served.iter().map(|&b| Item::new(b, problem.households[b as usize].clone()));
        let start: Vec<u32> = buildings.iter().map(|building| building.1).collect();
        let mut state = Anneal::new(&problem, 0, items.collect(), &[], &start, 1);
        assert_eq!(state.sites(), start);
        let mut asked = 0.0;
        // So cold that no step uphill of a single building is ever taken.
        state.run(Cooling { hot: 1.0, cold: 1.0, soft: 5.0, firm: 5.0, verdict: 5.0 }, &mut || {
            asked += 0.05;
            asked
        });
        (state.over, state.sites())
    }

    #[test]
    fn a_chain_brings_room_through_full_sites() {
        let step = |site| [(site, 100.0), (site + 1, 110.0)];
        let (a, b, c) = (step(0), step(1), step(2));
        let town: Vec<Home> =
            vec![(0, 0, &a), (1, 0, &a), (2, 0, &a), (3, 1, &b), (4, 1, &b), (5, 2, &c), (6, 2, &c)];
        let (over, mut sites) = settled(0.0, &[20, 20, 20, 20], &town);
        sites.sort_unstable();
        assert_eq!((over, sites), (0, vec![0, 0, 1, 1, 2, 2, 3]));
    }

    #[test]
    fn a_site_opens_for_those_who_gain_together() {
        let (stay, go): (&[_], &[_]) = (&[(0, 0.0), (1, 500.0)], &[(0, 100.0), (1, 50.0)]);
        let grid = [(0, 0, stay), (0, 0, stay), (0, 0, go), (0, 0, go), (0, 0, go)];
        let (_, sites) = settled(1_000.0, &[90, 90], &grid);
        assert_eq!(sites, vec![0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_site_closes_though_its_people_part() {
        let (west, east): (&[_], &[_]) = (&[(0, 20.0), (1, 900.0)], &[(0, 900.0), (1, 20.0)]);
        let (left, right): (&[_], &[_]) =
            (&[(0, 20.0), (1, 900.0), (2, 10.0)], &[(0, 900.0), (1, 20.0), (2, 10.0)]);
        let grid = [(0, 0, west), (0, 1, east), (0, 2, left), (0, 2, right)];
        let (_, sites) = settled(1_000.0, &[90, 90, 90], &grid);
        assert_eq!(sites, vec![0, 1, 0, 1]);
    }
}
