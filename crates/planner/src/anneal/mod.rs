//! Stage 3, the plan (选点与分派): whole buildings to sites at least cost J.
//!
//! Simulated annealing (Kirkpatrick, Gelatt & Vecchi 1983) over assignments of *items* — buildings, or single
//! households of a building that had to be split — to sites. Capacity is soft while warm: a person too many costs
//! a price that rises as the temperature falls (strategic oscillation, Glover 1989), so that tight sites can
//! exchange buildings through a moment of overflow; late in a run it rises further at those sites alone that stay too
//! full ([`Anneal::charge`]; Yagiura, Ibaraki & Glover 2004), so that a run ends with next to nobody too many. It starts where the Lagrangian solution of the bound puts
//! everybody. Moves: one item elsewhere; two items swapped ([`moves`]); chains through full sites, and a grid that
//! exchanges, opens or closes a site ([`compound`]). Choices much dearer than the best under the prices of room are
//! proposed seldom.
//!
//! Invariants: loads, pairs in use, overflow, its price and the total always equal a recount ([`Anneal::recount`] in the tests).
//! Cost per tried move: a few dozen nanoseconds without windows; with windows, the size of a site's slack table.

mod compound;
mod homes;
mod moves;

pub(crate) use self::moves::Cooling;
use crate::num::{idx, int};
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
    /// End of the choices worth trying often, cheapest first.
    near: Vec<u32>,
    choices: Vec<Choice>,
    class: Vec<u32>,
    /// People of each item, close together.
    size: Vec<i32>,
    /// One window for everybody.
    simple: bool,
    /// The nearest site of each item, how far it is, and how far the second one.
    least: Vec<(u32, i32, i32)>,
    at: Vec<u32>,
    rooms: Vec<Room>,
    used: Vec<u32>,
    /// What a person too many costs at each site, before the price rises with time.
    weight: Vec<f64>,
    /// Price of a place at (site × classes + class), zero beyond the list.
    toll: Vec<i64>,
    crowd: Vec<Vec<u32>>,
    spot: Vec<u32>,
    grids: Vec<Vec<u32>>,
    pub(crate) cost: i64,
    pub(crate) over: i64,
    /// `weight × people too many`, over all sites.
    fined: f64,
    /// Moves of the compound move being tried: item, choice before.
    trail: Vec<(u32, u32)>,
    /// The same before it is tried: item, choice to come.
    plan: Vec<(u32, u32)>,
    rng: Rng,
}

impl<'a> Anneal<'a> {
    /// Starts with item `i` at site `start_at[i]`, without one at its cheapest site under `prices` (per
    /// site × classes + class).
    /// Choices without room for the item's largest household in any slot are left out.
    pub(crate) fn new(
        problem: &'a Problem,
        horizon: usize,
        items: Vec<Item>,
        prices: &[i64],
        start_at: &[u32],
        seed: u64,
    ) -> Self {
        let classes = problem.windows.len().max(1);
        let mut pairs = std::collections::HashMap::new();
        let mut state = Self {
            problem,
            horizon,
            first: vec![0],
            open: Vec::new(),
            near: Vec::new(),
            choices: Vec::new(),
            class: Vec::new(),
            size: items.iter().map(|item| item.people).collect(),
            least: Vec::new(),
            simple: problem.windows.len() == 1,
            at: Vec::new(),
            rooms: Room::all(problem, horizon),
            used: Vec::new(),
            weight: (0..problem.capacity.len())
                .map(|site| {
                    let here = prices.get(site * classes..(site + 1) * classes);
                    let most = here.and_then(|list| list.iter().max()).copied();
                    (1.2 * most.unwrap_or(0) as f64 + 60.0 * problem.scale as f64).round()
                })
                .collect(),
            crowd: vec![Vec::new(); problem.capacity.len()],
            spot: vec![0; items.len()],
            grids: vec![Vec::new(); problem.grids],
            cost: 0,
            over: 0,
            fined: 0.0,
            toll: (0..problem.capacity.len() * classes)
                .map(|at| prices.get(at).copied().unwrap_or(0))
                .collect(),
            trail: Vec::new(),
            plan: Vec::new(),
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
            let worth = |choice: &Choice| {
                let price = prices.get(choice.site as usize * classes + class as usize);
                i64::from(choice.cost) + price.copied().unwrap_or(0)
            };
            let fitting = &mut state.choices[start..state.open[i] as usize];
            fitting.sort_by_key(worth);
            let people = i64::from(item.people);
            let least = fitting.first().map_or(0, worth);
            // To stand farther from the best than opening a pair for oneself would cost is seldom of use.
            let far = 1.5 * problem.pair_cost as f64 + (100 * people * problem.scale) as f64;
            let near = fitting.iter().take_while(|choice| ((worth(choice) - least) * people) as f64 <= far);
            let near = start + near.count();
            state.near.push(idx(near.max(start + 1)));
            state.least.push(least_two(&state.choices[start..state.open[i] as usize]));
            let told = start_at
                .get(i)
                .and_then(|&site| (start..state.open[i] as usize).find(|&c| state.choices[c].site == site));
            state.at.push(idx(told.unwrap_or(start)));
        }
        state.items = items;
        state.used = vec![0; pairs.len()];
        for i in 0..state.items.len() {
            state.enter(i);
        }
        state.over = state.rooms.iter().map(Room::over).sum();
        state.fined = state.recount_fined(&state.weight);
        state
    }

    fn enter(&mut self, i: usize) {
        let choice = self.choices[self.at[i] as usize];
        let people = i64::from(self.size[i]);
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
        let people = i64::from(self.size[i]);
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
        let (from, to) = (self.rooms[old].over(), self.rooms[new].over());
        self.leave(i);
        self.at[i] = c;
        self.enter(i);
        if new != old {
            let (less, more) = (self.rooms[old].over() - from, self.rooms[new].over() - to);
            self.over += less + more;
            self.fined += self.weight[old] * less as f64 + self.weight[new] * more as f64;
        }
    }

    /// Puts item `i` on choice `c` until [`Self::undo`] or until the trail is cleared.
    fn step(&mut self, i: u32, c: u32) {
        self.trail.push((i, self.at[i as usize]));
        self.put(i as usize, c);
    }

    /// Takes the steps back.
    fn undo(&mut self) {
        while let Some((i, c)) = self.trail.pop() {
            self.put(i as usize, c);
        }
    }

    #[inline]
    fn site(&self, i: usize) -> usize {
        self.choices[self.at[i] as usize].site as usize
    }

    /// Cost, a person too many costing `price` times the site's weight.
    fn score(&self, price: f64) -> f64 {
        self.cost as f64 + price * self.fined
    }

    /// The site of an item.
    pub(crate) fn site_of(&self, i: usize) -> u32 {
        idx(self.site(i))
    }

    /// The site of every item.
    pub(crate) fn sites(&self) -> Vec<u32> {
        (0..self.items.len()).map(|i| idx(self.site(i))).collect()
    }

    /// (Grid, site) pairs in use.
    pub(crate) fn pairs(&self) -> i64 {
        int(self.used.iter().filter(|&&n| n > 0).count())
    }

    /// People too many, at these weights of the sites.
    fn recount_fined(&self, weight: &[f64]) -> f64 {
        let rooms = self.rooms.iter().zip(weight);
        rooms.map(|(room, weight)| weight * room.over() as f64).sum()
    }

    /// Cost and overflow counted anew.
    #[cfg(test)]
    pub(crate) fn recount(&self) -> (i64, i64) {
        let mut cost = self.pairs() * self.problem.pair_cost;
        for i in 0..self.items.len() {
            let choice = self.choices[self.at[i] as usize];
            cost += i64::from(self.size[i]) * i64::from(choice.cost);
        }
        (cost, self.rooms.iter().map(Room::over).sum())
    }
}

/// The site of the nearest of some choices, how far it is, and how far the second one.
fn least_two(choices: &[Choice]) -> (u32, i32, i32) {
    let mut least = (0, i32::MAX, i32::MAX);
    for choice in choices {
        if choice.cost < least.1 {
            least = (choice.site, choice.cost, least.1);
        } else {
            least.2 = least.2.min(choice.cost);
        }
    }
    least
}

/// Whether some slot of the window is large enough for a household.
fn fits(problem: &Problem, site: usize, window: (usize, usize), horizon: usize, people: i32) -> bool {
    let slots = window.0..=window.1.min(horizon);
    slots.into_iter().any(|t| problem.capacity[site][t] >= i64::from(people))
}

#[cfg(test)]
mod tests {
    use super::{Anneal, Cooling, Item};
    use crate::generate::{Recipe, generate};
    use crate::problem::Problem;

    #[test]
    fn sums_equal_a_recount_after_moves_swaps_groups_and_splits() {
        for (seed, windows) in [(1, 0.0), (2, 0.5)] {
            let recipe = Recipe { windows, ..Recipe::small() };
            let problem = Problem::new(&generate(&recipe, seed));
            let whole = problem.served.iter();
            let items = whole.map(|&b| Item::new(b, problem.households[b as usize].clone()));
            let mut state = Anneal::new(&problem, 24, items.collect(), &[], &[], seed);
            let cooling = Cooling { hot: 3_000.0, cold: 100.0, soft: 1.0, firm: 5.0, verdict: 5.0 };
            for round in 0..4 {
                let mut asked = 0.0;
                state.run(cooling, &mut || {
                    asked += 0.2;
                    asked
                });
                assert_eq!((state.cost, state.over), state.recount(), "round {round}");
                assert!((state.fined - state.recount_fined(&state.weight)).abs() < 0.5, "round {round}");
                assert!(state.trail.is_empty());
                let new = state.split_off(round * 7, 0);
                state.send(new, 0);
                assert_eq!((state.cost, state.over), state.recount(), "split {round}");
            }
        }
    }
}
