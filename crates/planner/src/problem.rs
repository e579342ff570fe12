//! The instance as the algorithms want it (编译后的问题): whole numbers, merged arcs, window classes.
//!
//! Money of the problem is the *person-unit*: one person walking one unit, a unit being a metre if all walks are
//! whole metres and a millimetre otherwise ([`Problem::scale`]). All sums fit 64 bits because
//! [`crate::format::Instance::validate`] bounds them. Invariants: the arcs of a building are sorted by site,
//! without duplicates (the shortest counts); only buildings with people and with an arc are `served`.
//! Cost: linear in the file, plus a sort of each building's few arcs.

use std::collections::HashMap;

use crate::format::{Instance, Walk};
use crate::num::{idx, int, pos, round, small};

/// One allowed walk of a building.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// Where to.
    pub hub: u32,
    /// Units one person walks.
    pub cost: i32,
}

/// A checked instance in whole numbers.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Units per metre: 1 or 1000.
    pub scale: i64,
    /// F in units.
    pub pair_cost: i64,
    /// Slots of the day.
    pub slots: usize,
    /// Minutes of a slot.
    pub slot_minutes: f64,
    /// Capacity of each site in each slot.
    pub capacity: Vec<Vec<i64>>,
    /// People of each building.
    pub people: Vec<i32>,
    /// Households of each building (without empty ones).
    pub households: Vec<Vec<i32>>,
    /// Window class of each building.
    pub class: Vec<u32>,
    /// The distinct windows: first and last slot.
    pub windows: Vec<(usize, usize)>,
    /// Grid of each building.
    pub grid: Vec<u32>,
    /// Number of grids.
    pub grids: usize,
    /// Start of each building's arcs.
    pub first: Vec<u32>,
    /// All arcs, by building, then site.
    pub arcs: Vec<Arc>,
    /// Buildings with people and at least one arc.
    pub served: Vec<u32>,
    /// Buildings with people but no site within the limit.
    pub unreachable: Vec<usize>,
}

impl Problem {
    /// Compiles a valid instance.
    pub fn new(instance: &Instance) -> Self {
        let buildings = instance.buildings.len();
        let slots = pos(instance.slots);
        let whole =
            instance.arcs.iter().all(|walk| walk.2.fract() == 0.0) && instance.pair_cost.fract() == 0.0;
        let scale: i64 = if whole { 1 } else { 1000 };
        let mut problem = Self {
            scale,
            pair_cost: round(instance.pair_cost * scale as f64),
            slots,
            slot_minutes: instance.slot_minutes,
            capacity: (0..instance.sites.len())
                .map(|s| (0..slots).map(|t| instance.capacity(s, t)).collect())
                .collect(),
            ..Self::default()
        };
        let mut windows = HashMap::new();
        let mut grids = HashMap::new();
        for (i, building) in instance.buildings.iter().enumerate() {
            let households: Vec<i32> =
                building.households.iter().filter(|&&n| n > 0).map(|&n| small(n)).collect();
            problem.people.push(households.iter().sum());
            problem.households.push(households);
            let fresh = idx(windows.len());
            let class = *windows.entry(instance.window(i)).or_insert(fresh);
            if class == fresh && problem.windows.len() < windows.len() {
                problem.windows.push(instance.window(i));
            }
            problem.class.push(class);
            let fresh = idx(grids.len());
            problem.grid.push(*grids.entry(building.grid.as_str()).or_insert(fresh));
        }
        problem.grids = grids.len();
        problem.collect_arcs(&instance.arcs, buildings);
        for i in 0..buildings {
            if problem.people[i] == 0 {
                continue;
            }
            if problem.arcs_of(i).is_empty() {
                problem.unreachable.push(i);
            } else {
                problem.served.push(idx(i));
            }
        }
        problem
    }

    /// Bucket sort by building, then sort and merge within the building.
    fn collect_arcs(&mut self, walks: &[Walk], buildings: usize) {
        let mut next = vec![0_u32; buildings + 1];
        for walk in walks {
            next[pos(walk.0) + 1] += 1;
        }
        for i in 0..buildings {
            next[i + 1] += next[i];
        }
        let starts = next.clone();
        let mut all = vec![Arc { hub: 0, cost: 0 }; walks.len()];
        for &Walk(building, site, metres) in walks {
            let at = &mut next[pos(building)];
            all[*at as usize] = Arc { hub: idx(pos(site)), cost: small(round(metres * self.scale as f64)) };
            *at += 1;
        }
        self.first.reserve(buildings + 1);
        self.arcs.reserve(walks.len());
        self.first.push(0);
        for i in 0..buildings {
            let list = &mut all[starts[i] as usize..starts[i + 1] as usize];
            list.sort_unstable_by_key(|arc| (arc.hub, arc.cost));
            let start = self.arcs.len();
            for &arc in list.iter() {
                if self.arcs.len() == start || self.arcs[self.arcs.len() - 1].hub != arc.hub {
                    self.arcs.push(arc);
                }
            }
            self.first.push(idx(self.arcs.len()));
        }
    }

    /// What is planned of a capacity at a load factor.
    pub fn loaded(capacity: i64, load: f64) -> i64 {
        if load >= 1.0 {
            return capacity;
        }
        round((capacity as f64 * load).floor())
    }

    /// The arcs of a building.
    #[inline]
    pub fn arcs_of(&self, building: usize) -> &[Arc] {
        &self.arcs[self.first[building] as usize..self.first[building + 1] as usize]
    }

    /// People who can be planned for.
    pub fn total_people(&self) -> i64 {
        self.served.iter().map(|&b| i64::from(self.people[b as usize])).sum()
    }

    /// Capacity of a site over the slots `from..=to`.
    pub fn capacity_between(&self, site: usize, from: usize, to: usize) -> i64 {
        if from > to || from >= self.slots {
            return 0;
        }
        self.capacity[site][from..=to.min(self.slots - 1)].iter().sum()
    }

    /// Units as metres.
    pub fn metres(&self, units: i64) -> f64 {
        units as f64 / self.scale as f64
    }

    /// Number of served buildings, signed for sums.
    pub fn served_count(&self) -> i64 {
        int(self.served.len())
    }
}
