//! Stage 3, the proven bound (下界): what no plan can cost less than.
//!
//! Lagrangian relaxation of the capacities (Geoffrion 1974): with a price `p ≥ 0` per gate (a site over a stretch of
//! slots) the problem falls apart into one small facility-location problem per grid ([`crate::gridset`]), solved
//! exactly; `Σ best(grid, p) − Σ p·capacity` is below the cost of every plan, whole buildings or split, for every p.
//! The prices are improved by subgradient steps of Polyak's length with a target above the best value (Held, Wolfe &
//! Crowder 1974; direction deflected as by Camerini, Fratta & Maffioli 1975). All sums are integers: the bound is
//! proven, not approximated. Since each grid is solved over whole sets, it is as strong as column generation over
//! grid patterns and stronger than the linear relaxation.
//!
//! Cost per step: a few microseconds per grid.

use crate::gridset::GridSet;
use crate::hubflow::NONE;
use crate::network::stretches;
use crate::num::{idx, round};
use crate::problem::Problem;

/// A grid's buildings and the sites they can reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct GridView {
    pub(crate) buildings: Vec<u32>,
    pub(crate) sites: Vec<u32>,
    /// (row, column, site × classes + class, units for all people of the building, people)
    entries: Vec<(u32, u32, u32, i64, i64)>,
}

/// The grids with served buildings.
pub(crate) fn grid_views(problem: &Problem) -> Vec<GridView> {
    let classes = problem.windows.len().max(1);
    let mut views = vec![GridView::default(); problem.grids];
    for &b in &problem.served {
        views[problem.grid[b as usize] as usize].buildings.push(b);
    }
    let mut column = vec![NONE; problem.capacity.len()];
    for view in &mut views {
        for (row, &b) in view.buildings.iter().enumerate() {
            let people = i64::from(problem.people[b as usize]);
            for arc in problem.arcs_of(b as usize) {
                let site = arc.hub as usize;
                if column[site] == NONE {
                    column[site] = idx(view.sites.len());
                    view.sites.push(arc.hub);
                }
                let price = arc.hub * idx(classes) + problem.class[b as usize];
                let units = people * i64::from(arc.cost);
                view.entries.push((idx(row), column[site], price, units, people));
            }
        }
        for &site in &view.sites {
            column[site as usize] = NONE;
        }
    }
    views.retain(|view| !view.buildings.is_empty());
    views
}

/// Prices of room, and the bound they prove.
#[derive(Clone, Debug)]
pub struct Bound {
    /// No plan by the horizon costs less, in units.
    pub value: i64,
    /// Price of one place at (site × classes + class).
    pub prices: Vec<i64>,
    /// Where each served building would go at these prices, every grid using its best sites.
    pub sites: Vec<u32>,
    /// Steps made.
    pub steps: usize,
}

struct Gates {
    /// (site, first slot, last slot, capacity) of every gate.
    list: Vec<(usize, usize, usize, i64)>,
    /// For each (site, class): the gates inside its window, as a range of `list`.
    range: Vec<(usize, usize)>,
}

fn gates(problem: &Problem, horizon: usize) -> Gates {
    let classes = problem.windows.len().max(1);
    let mut present = vec![false; problem.capacity.len() * classes];
    for &b in &problem.served {
        for arc in problem.arcs_of(b as usize) {
            present[arc.hub as usize * classes + problem.class[b as usize] as usize] = true;
        }
    }
    let mut list = Vec::new();
    let mut range = vec![(0, 0); present.len()];
    for site in 0..problem.capacity.len() {
        let here: Vec<usize> = (0..classes).filter(|c| present[site * classes + c]).collect();
        let windows: Vec<_> = here.iter().map(|&c| problem.windows[c]).collect();
        let start = list.len();
        for (from, to) in stretches(&windows) {
            list.push((site, from, to, problem.capacity_between(site, from, to.min(horizon))));
        }
        for (&class, window) in here.iter().zip(&windows) {
            let inside = |gate: &&(usize, usize, usize, i64)| window.0 <= gate.1 && gate.2 <= window.1;
            let skip = list[start..].iter().take_while(|gate| !inside(gate)).count();
            let take = list[start + skip..].iter().take_while(inside).count();
            range[site * classes + class] = (start + skip, start + skip + take);
        }
    }
    Gates { list, range }
}

/// Improves the bound until `spent` reaches 1 or it stops growing. `prices` are a first guess per gate, those of
/// the transportation stage; `target` is the cost of a known plan, if there is one.
pub fn bound(
    problem: &Problem,
    horizon: usize,
    prices: &[i64],
    target: Option<i64>,
    max_steps: usize,
    spent: &mut dyn FnMut() -> f64,
) -> Bound {
    let gates = gates(problem, horizon);
    let views = grid_views(problem);
    let mut search = Search {
        problem,
        gates: &gates,
        views: &views,
        warm: vec![Vec::new(); views.len()],
        solver: GridSet::default(),
        load: vec![0; gates.list.len()],
        at: vec![NONE; problem.people.len()],
    };
    // The bound is one only for prices that are not negative.
    let mut price: Vec<f64> = prices.iter().map(|&p| p.max(0) as f64).collect();
    price.resize(gates.list.len(), 0.0);
    let mut direction = vec![0.0; price.len()];
    let mut best = Bound { value: 0, prices: vec![0; gates.range.len()], sites: Vec::new(), steps: 0 };
    let mut best_price = price.clone();
    let mut factor = 1.0;
    let mut stale = 0;
    for step in 0..max_steps {
        let whole: Vec<i64> = price.iter().map(|&p| round(p)).collect();
        let (value, posts) = search.evaluate(&whole);
        best.steps = step + 1;
        if value > best.value || step == 0 {
            stale = if value > best.value + best.value / 100_000 { 0 } else { stale + 1 };
            best.value = value.max(0);
            best.prices = posts;
            best_price.clone_from(&price);
            factor = (factor * 1.05_f64).min(1.5);
        } else {
            stale += 1;
        }
        if stale >= 10 {
            stale = 0;
            factor *= 0.7;
            price.clone_from(&best_price);
            direction.fill(0.0);
            if factor < 0.002 {
                break;
            }
            if step > 0 {
                let whole: Vec<i64> = price.iter().map(|&p| round(p)).collect();
                search.evaluate(&whole);
            }
        }
        if spent() >= 1.0 {
            break;
        }
        let mut norm = 0.0;
        for (k, gate) in gates.list.iter().enumerate() {
            let slope = (search.load[k] - gate.3) as f64;
            direction[k] = slope + 0.6 * direction[k];
            if price[k] <= 0.0 && direction[k] < 0.0 {
                direction[k] = 0.0;
            }
            norm += direction[k] * direction[k];
        }
        if norm < 0.5 {
            break;
        }
        let hope = best.value as f64 * 1.003;
        let aim = target.map_or(hope, |t| (t as f64).min(hope.max(best.value as f64)));
        let length = factor * (aim - value as f64).max(best.value as f64 * 1e-5) / norm;
        for (p, d) in price.iter_mut().zip(&direction) {
            *p = (*p + length * d).max(0.0);
        }
    }
    let whole: Vec<i64> = best_price.iter().map(|&p| round(p)).collect();
    search.evaluate(&whole);
    best.sites = problem.served.iter().map(|&b| search.at[b as usize]).collect();
    best
}

struct Search<'a> {
    problem: &'a Problem,
    gates: &'a Gates,
    views: &'a [GridView],
    warm: Vec<Vec<usize>>,
    solver: GridSet,
    load: Vec<i64>,
    /// The site of each building.
    at: Vec<u32>,
}

impl Search<'_> {
    /// The dual value at whole prices, the price of every post, and (in `load`) who would stand where.
    fn evaluate(&mut self, price: &[i64]) -> (i64, Vec<i64>) {
        let mut cheapest = vec![NONE; self.gates.range.len()];
        let mut posts = vec![0; self.gates.range.len()];
        for (post, &(from, to)) in self.gates.range.iter().enumerate() {
            if let Some(gate) = (from..to).min_by_key(|&g| price[g]) {
                cheapest[post] = idx(gate);
                posts[post] = price[gate];
            }
        }
        let mut value = 0;
        for (gate, &p) in self.gates.list.iter().zip(price) {
            value -= gate.3 * p;
        }
        self.load.fill(0);
        for (view, warm) in self.views.iter().zip(&mut self.warm) {
            let rows = view.buildings.len();
            self.solver.shape(rows, view.sites.len());
            for &(row, column, post, units, people) in &view.entries {
                self.solver.value[column as usize * rows + row as usize] =
                    units + people * posts[post as usize];
            }
            value += self.solver.solve(self.problem.pair_cost, warm);
            warm.clear();
            warm.extend_from_slice(self.solver.set());
            // Everybody to the best open site.
            let mut choice = vec![(i64::MAX, NONE, 0_i64, 0_u32); rows];
            for &(row, column, post, units, people) in &view.entries {
                if warm.contains(&(column as usize)) {
                    let v = units + people * posts[post as usize];
                    let entry = &mut choice[row as usize];
                    if v < entry.0 {
                        *entry = (v, cheapest[post as usize], people, column);
                    }
                }
            }
            for (&(_, gate, people, column), &b) in choice.iter().zip(&view.buildings) {
                if gate != NONE {
                    self.load[gate as usize] += people;
                    self.at[b as usize] = view.sites[column as usize];
                }
            }
        }
        (value, posts)
    }
}
