//! Stage 3, the plan (选点与分派): whole buildings to sites at least cost J.
//!
//! Simulated annealing (Kirkpatrick, Gelatt & Vecchi 1983) over assignments of *items* — buildings, or single
//! households of a building that had to be split — to sites. Capacity is soft while warm: a person too many costs
//! a price that rises as the temperature falls (strategic oscillation, Glover 1989), so that tight sites can
//! exchange buildings through a moment of overflow. Moves: one item elsewhere; two items swapped; all items a grid
//! has at one site moved to another, which is what closing a (grid, site) pair takes.
//!
//! Invariants: `load`, `pairs in use` and the total always equal a recount ([`Anneal::recount`] in the tests).
//! Cost per tried move: a few dozen nanoseconds without windows; with windows, the size of a site's slack table.

mod moves;

use crate::num::{idx, int, small};
use crate::problem::Problem;
use crate::rng::Rng;
use crate::room::Room;

/// One choice of an item.
#[derive(Clone, Copy, Debug)]
struct Choice {
    site: u32,
    pair: u32,
    cost: i32,
}

/// Something that goes to one site as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) building: u32,
    /// Sizes of the households that go together: all of the building, unless it had to be split.
    pub(crate) homes: Vec<i32>,
    pub(crate) people: i32,
}

impl Item {
    /// The item made of these households of a building.
    pub(crate) fn new(building: u32, homes: Vec<i32>) -> Self {
        let people = homes.iter().sum();
        Self { building, homes, people }
    }
}

/// The state of the search.
pub(crate) struct Anneal<'a> {
    problem: &'a Problem,
    pub(crate) items: Vec<Item>,
    horizon: usize,
    first: Vec<u32>,
    /// End of the choices that an item may take as a whole.
    open: Vec<u32>,
    choices: Vec<Choice>,
    class: Vec<u32>,
    at: Vec<u32>,
    rooms: Vec<Room>,
    used: Vec<u32>,
    /// What a person too many costs at each site, before it rises.
    weight: Vec<f64>,
    crowd: Vec<Vec<u32>>,
    spot: Vec<u32>,
    grids: Vec<Vec<u32>>,
    pub(crate) cost: i64,
    pub(crate) over: i64,
    rng: Rng,
}

impl<'a> Anneal<'a> {
    /// Starts with every item at its cheapest site under `prices` (per site × classes + class).
    /// Choices without room for the item's largest household in any slot are left out.
    pub(crate) fn new(
        problem: &'a Problem,
        horizon: usize,
        items: Vec<Item>,
        prices: &[i64],
        seed: u64,
    ) -> Self {
        let classes = problem.windows.len().max(1);
        let mut pairs = std::collections::HashMap::new();
        let mut state = Self {
            problem,
            horizon,
            first: vec![0],
            open: Vec::new(),
            choices: Vec::new(),
            class: Vec::new(),
            at: Vec::new(),
            rooms: Room::all(problem, horizon),
            used: Vec::new(),
            weight: (0..problem.capacity.len())
                .map(|site| {
                    let here = prices.get(site * classes..(site + 1) * classes);
                    let most = here.and_then(|list| list.iter().max()).copied();
                    1.2 * most.unwrap_or(0) as f64 + 60.0 * problem.scale as f64
                })
                .collect(),
            crowd: vec![Vec::new(); problem.capacity.len()],
            spot: vec![0; items.len()],
            grids: vec![Vec::new(); problem.grids],
            cost: 0,
            over: 0,
            rng: Rng::new(seed),
            items: Vec::new(),
        };
        for (i, item) in items.iter().enumerate() {
            let b = item.building as usize;
            let (class, grid) = (problem.class[b], problem.grid[b]);
            let largest = item.homes.iter().copied().max().unwrap_or(0);
            let window = problem.windows[class as usize];
            let start = state.choices.len();
            // What the largest household fits comes first; the rest is only for households that move alone.
            for fitting in [true, false] {
                for arc in problem.arcs_of(b) {
                    if fits(problem, arc.hub as usize, window, horizon, largest) == fitting {
                        let fresh = idx(pairs.len());
                        let pair = *pairs.entry((grid, arc.hub)).or_insert(fresh);
                        state.choices.push(Choice { site: arc.hub, pair, cost: arc.cost });
                    }
                }
                if fitting {
                    state.open.push(idx(state.choices.len()));
                }
            }
            if state.open[i] as usize == start {
                state.open[i] = idx(state.choices.len());
            }
            state.first.push(idx(state.choices.len()));
            state.class.push(class);
            state.grids[grid as usize].push(idx(i));
            let best = (start..state.open[i] as usize).min_by_key(|&c| {
                let choice = &state.choices[c];
                let price = prices.get(choice.site as usize * classes + class as usize);
                i64::from(choice.cost) + price.copied().unwrap_or(0)
            });
            state.at.push(idx(best.unwrap_or(start)));
        }
        state.items = items;
        state.used = vec![0; pairs.len()];
        for i in 0..state.items.len() {
            state.enter(i);
        }
        state.over = state.rooms.iter().map(Room::over).sum();
        state
    }

    fn enter(&mut self, i: usize) {
        let choice = self.choices[self.at[i] as usize];
        let people = i64::from(self.items[i].people);
        self.cost += people * i64::from(choice.cost);
        if self.used[choice.pair as usize] == 0 {
            self.cost += self.problem.pair_cost;
        }
        self.used[choice.pair as usize] += 1;
        self.rooms[choice.site as usize].add(self.class[i], people);
        let crowd = &mut self.crowd[choice.site as usize];
        self.spot[i] = idx(crowd.len());
        crowd.push(idx(i));
    }

    fn leave(&mut self, i: usize) {
        let choice = self.choices[self.at[i] as usize];
        let people = i64::from(self.items[i].people);
        self.cost -= people * i64::from(choice.cost);
        self.used[choice.pair as usize] -= 1;
        if self.used[choice.pair as usize] == 0 {
            self.cost -= self.problem.pair_cost;
        }
        self.rooms[choice.site as usize].add(self.class[i], -people);
        let crowd = &mut self.crowd[choice.site as usize];
        let spot = self.spot[i] as usize;
        crowd.swap_remove(spot);
        if let Some(&moved) = crowd.get(spot) {
            self.spot[moved as usize] = idx(spot);
        }
    }

    /// Puts item `i` on choice `c` and keeps all sums right.
    fn put(&mut self, i: usize, c: u32) {
        let (old, new) = (self.site(i), self.choices[c as usize].site as usize);
        self.over -= self.rooms[old].over();
        if new != old {
            self.over -= self.rooms[new].over();
        }
        self.leave(i);
        self.at[i] = c;
        self.enter(i);
        self.over += self.rooms[old].over();
        if new != old {
            self.over += self.rooms[new].over();
        }
    }

    #[inline]
    fn site(&self, i: usize) -> usize {
        self.choices[self.at[i] as usize].site as usize
    }

    /// What overflow costs at two sites now, before any change.
    #[inline]
    fn fine(&self, a: usize, b: usize) -> f64 {
        self.weight[a] * self.rooms[a].over() as f64 + self.weight[b] * self.rooms[b].over() as f64
    }

    /// Cost with overflow at its last price.
    fn score(&self, strict: f64) -> f64 {
        let rooms = self.rooms.iter().zip(&self.weight);
        let fine: f64 = rooms.map(|(room, weight)| weight * room.over() as f64).sum();
        self.cost as f64 + 5.0 * strict * fine
    }

    /// The site of an item.
    pub(crate) fn site_of(&self, i: usize) -> u32 {
        idx(self.site(i))
    }

    /// The site of every item.
    pub(crate) fn sites(&self) -> Vec<u32> {
        (0..self.items.len()).map(|i| idx(self.site(i))).collect()
    }

    /// Takes room for `people` of a class away from a site (they could not be packed there).
    pub(crate) fn shrink(&mut self, site: usize, class: u32, people: i64) {
        self.over -= self.rooms[site].over();
        self.rooms[site].shrink(class, people);
        self.over += self.rooms[site].over();
    }

    /// Sites with too many people.
    pub(crate) fn crowded(&self) -> Vec<usize> {
        let sites = 0..self.rooms.len();
        sites.filter(|&s| self.rooms[s].over() > 0).collect()
    }

    /// Puts an item at a site, if it may go there.
    pub(crate) fn send(&mut self, i: usize, site: u32) -> bool {
        let mut all = self.first[i]..self.first[i + 1];
        let found = all.find(|&c| self.choices[c as usize].site == site);
        if let Some(c) = found {
            self.put(i, c);
        }
        found.is_some()
    }

    /// Window class of an item.
    pub(crate) fn class(&self, i: usize) -> u32 {
        self.class[i]
    }

    /// People too many at a site, now or after `people` of a class came.
    pub(crate) fn over_at(&self, site: usize, class: u32, people: i64) -> i64 {
        self.rooms[site].over_with(class, people)
    }

    /// What moving `people` of item `i` elsewhere costs: (site, units), for every other site it may go to.
    pub(crate) fn ways(&self, i: usize, people: i64) -> impl Iterator<Item = (u32, i64)> + '_ {
        let here = self.choices[self.at[i] as usize];
        let all = &self.choices[self.first[i] as usize..self.first[i + 1] as usize];
        let closes = self.used[here.pair as usize] == 1 && people == i64::from(self.items[i].people);
        let window = self.problem.windows[self.class[i] as usize];
        let able = move |c: &&Choice| {
            c.site != here.site && fits(self.problem, c.site as usize, window, self.horizon, small(people))
        };
        all.iter().filter(able).map(move |c| {
            let opens = self.used[c.pair as usize] == 0;
            let pairs = i64::from(opens) - i64::from(closes);
            let walk = people * i64::from(c.cost - here.cost);
            (c.site, walk + pairs * self.problem.pair_cost)
        })
    }

    /// Makes one household of an item an item of its own, at the same site, and gives its number.
    pub(crate) fn split_off(&mut self, i: usize, home: usize) -> usize {
        if self.items[i].homes.len() < 2 {
            return i;
        }
        let c = self.at[i];
        self.leave(i);
        let people = self.items[i].homes.swap_remove(home);
        self.items[i].people -= people;
        self.enter(i);
        let (from, to) = (self.first[i] as usize, self.first[i + 1] as usize);
        let here = self.choices[c as usize].site;
        let window = self.problem.windows[self.class[i] as usize];
        let start = self.choices.len();
        for fitting in [true, false] {
            for at in from..to {
                let choice = self.choices[at];
                if fits(self.problem, choice.site as usize, window, self.horizon, people) == fitting {
                    self.choices.push(choice);
                }
            }
            if fitting {
                let end = if self.choices.len() > start { self.choices.len() } else { start + to - from };
                self.open.push(idx(end));
            }
        }
        self.first.push(idx(self.choices.len()));
        let new = self.items.len();
        let building = self.items[i].building;
        self.items.push(Item::new(building, vec![people]));
        self.class.push(self.class[i]);
        self.spot.push(0);
        let stay = self.choices[start..].iter().position(|choice| choice.site == here);
        self.at.push(idx(start + stay.unwrap_or(0)));
        let grid = self.problem.grid[building as usize] as usize;
        self.grids[grid].push(idx(new));
        self.enter(new);
        new
    }

    /// The items at a site.
    pub(crate) fn at_site(&self, site: usize) -> &[u32] {
        &self.crowd[site]
    }

    /// (Grid, site) pairs in use.
    pub(crate) fn pairs(&self) -> i64 {
        int(self.used.iter().filter(|&&n| n > 0).count())
    }

    /// Cost and overflow counted anew.
    #[cfg(test)]
    pub(crate) fn recount(&self) -> (i64, i64) {
        let mut cost = self.pairs() * self.problem.pair_cost;
        for i in 0..self.items.len() {
            let choice = self.choices[self.at[i] as usize];
            cost += i64::from(self.items[i].people) * i64::from(choice.cost);
        }
        (cost, self.rooms.iter().map(Room::over).sum())
    }
}

/// Whether some slot of the window is large enough for a household.
fn fits(problem: &Problem, site: usize, window: (usize, usize), horizon: usize, people: i32) -> bool {
    let slots = window.0..=window.1.min(horizon);
    slots.into_iter().any(|t| problem.capacity[site][t] >= i64::from(people))
}

#[cfg(test)]
mod tests {
    use super::{Anneal, Item};
    use crate::generate::{Recipe, generate};
    use crate::problem::Problem;

    #[test]
    fn sums_equal_a_recount_after_moves_swaps_groups_and_splits() {
        for (seed, windows) in [(1, 0.0), (2, 0.5)] {
            let recipe = Recipe { windows, ..Recipe::small() };
            let problem = Problem::new(&generate(&recipe, seed));
            let whole = problem.served.iter();
            let items = whole.map(|&b| Item::new(b, problem.households[b as usize].clone()));
            let mut state = Anneal::new(&problem, 24, items.collect(), &[], seed);
            for round in 0..4 {
                let mut asked = 0.0;
                state.run(3_000.0, 800.0, 1.0, &mut || {
                    asked += 0.2;
                    asked
                });
                assert_eq!((state.cost, state.over), state.recount(), "round {round}");
                let new = state.split_off(round * 7, 0);
                state.send(new, 0);
                assert_eq!((state.cost, state.over), state.recount(), "split {round}");
            }
        }
    }
}
