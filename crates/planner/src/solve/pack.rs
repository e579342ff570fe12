//! Last resort (穷举装箱): every household tried in every seat, for areas small enough.
//!
//! Whether households fit their slots is bin packing, which annealing and first-fit may miss by a single seat. If they
//! do, and there are few households, depth-first branch and bound decides: largest household first, cheapest seat
//! first, until a plan is found and then as long as its cost can be beaten. Cost: at most [`WORK`] seats tried.

use std::collections::{BTreeMap, HashMap};

use super::Found;
use crate::num::int;
use crate::problem::Problem;
use crate::replan::Row;

/// Seats tried.
const WORK: u32 = 400_000;
/// Households beyond which trying everything is hopeless.
const HOMES: usize = 400;

struct Pack<'a> {
    problem: &'a Problem,
    horizon: usize,
    /// Building and size of each household, largest first.
    homes: Vec<(u32, i32)>,
    free: Vec<Vec<i64>>,
    /// Households of a grid at a site.
    used: HashMap<(u32, u32), u32>,
    seats: Vec<(u32, usize)>,
    best: Option<(i64, Vec<(u32, usize)>)>,
    work: u32,
}

/// The cheapest plan by the horizon that keeps households together, if one was found.
pub(super) fn pack(problem: &Problem, horizon: usize) -> Option<Found> {
    let all =
        problem.served.iter().flat_map(|&b| problem.households[b as usize].iter().map(move |&n| (b, n)));
    let mut homes: Vec<(u32, i32)> = all.collect();
    if homes.len() > HOMES {
        return None;
    }
    homes.sort_unstable_by_key(|&(b, n)| (std::cmp::Reverse(n), problem.arcs_of(b as usize).len(), b));
    let mut state = Pack {
        problem,
        horizon,
        homes,
        free: problem.capacity.clone(),
        used: HashMap::new(),
        seats: Vec::new(),
        best: None,
        work: WORK,
    };
    state.go(0);
    let (cost, seats) = state.best?;
    Some(found(problem, cost, &state.homes, &seats))
}

impl Pack<'_> {
    fn go(&mut self, cost: i64) {
        if self.best.as_ref().is_some_and(|known| cost >= known.0) {
            return;
        }
        let Some(&(b, size)) = self.homes.get(self.seats.len()) else {
            self.best = Some((cost, self.seats.clone()));
            return;
        };
        let building = b as usize;
        let grid = self.problem.grid[building];
        let (from, to) = self.problem.windows[self.problem.class[building] as usize];
        let mut sites: Vec<(i64, u32)> = self
            .problem
            .arcs_of(building)
            .iter()
            .map(|arc| {
                let opens = self.used.get(&(grid, arc.hub)).is_none_or(|&n| n == 0);
                let pair = if opens { self.problem.pair_cost } else { 0 };
                (i64::from(size) * i64::from(arc.cost) + pair, arc.hub)
            })
            .collect();
        sites.sort_unstable();
        for (extra, site) in sites {
            // The fullest slot first; without windows, slots equally full are one choice.
            let mut slots: Vec<(i64, usize)> = (from..=to.min(self.horizon))
                .map(|t| (self.free[site as usize][t], t))
                .filter(|slot| slot.0 >= i64::from(size))
                .collect();
            slots.sort_unstable();
            if self.problem.windows.len() == 1 {
                slots.dedup_by_key(|slot| slot.0);
            }
            for (_, slot) in slots {
                if self.work == 0 {
                    return;
                }
                self.work -= 1;
                self.free[site as usize][slot] -= i64::from(size);
                *self.used.entry((grid, site)).or_default() += 1;
                self.seats.push((site, slot));
                self.go(cost + extra);
                self.seats.pop();
                *self.used.entry((grid, site)).or_default() -= 1;
                self.free[site as usize][slot] += i64::from(size);
            }
        }
    }
}

fn found(problem: &Problem, cost: i64, homes: &[(u32, i32)], seats: &[(u32, usize)]) -> Found {
    let mut rows: BTreeMap<(u32, u32, usize), i64> = BTreeMap::new();
    for (&(b, n), &(site, slot)) in homes.iter().zip(seats) {
        *rows.entry((b, site, slot)).or_default() += i64::from(n);
    }
    let seats: Vec<Row> = rows.into_iter().map(|((b, site, slot), n)| (b, site, slot, n)).collect();
    let mut pairs: Vec<(u32, u32)> = seats.iter().map(|row| (problem.grid[row.0 as usize], row.1)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    Found { cost, pairs: int(pairs.len()), split: Found::split_buildings(&seats), seats }
}
