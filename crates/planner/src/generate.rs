//! Instances to try things on (算例生成): a made-up district with everything that makes planning hard.
//!
//! Buildings stand in grids, grids gather around a few centres, sites stand near people; lanes differ, some sites
//! open late, some have half the staff around the shift change, some work in the morning only. Deterministic in the
//! seed. Cost: linear in the arcs, by a bucket grid over the area.

use crate::finish::finish;
use crate::format::{Building, Home, Instance, Site, Team, Visit, Walk};
use crate::num::{int, pos, round};
use crate::problem::Problem;
use crate::rng::Rng;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Buildings in all.
    pub buildings: usize,
    /// Sites in all.
    pub sites: usize,
    /// Grids in all.
    pub grids: usize,
    /// Slots of the day.
    pub slots: usize,
    /// The day is sized so that everybody would fit into about this many slots.
    pub busy_slots: f64,
    /// Share of buildings with a window narrower than the day.
    pub windows: f64,
    /// Visits at home.
    pub visits: usize,
}

impl Recipe {
    /// A district: 458,000 people in 786 grids.
    pub fn district() -> Self {
        Self {
            buildings: 7_800,
            sites: 160,
            grids: 786,
            slots: 40,
            busy_slots: 28.0,
            windows: 0.0,
            visits: 0,
        }
    }

    /// Ten districts.
    pub fn city() -> Self {
        Self { buildings: 79_500, sites: 1_600, grids: 8_000, ..Self::district() }
    }

    /// A neighbourhood for tests and first steps.
    pub fn small() -> Self {
        Self { buildings: 120, sites: 6, grids: 14, ..Self::district() }
    }
}

/// Walking limit in metres (15 minutes), and how much longer streets are than the straight line.
const LIMIT: f64 = 1_000.0;
const DETOUR: f64 = 1.3;
/// Metres between the sites of a typical area, which gives about six sites within the limit.
const SPACING: f64 = 560.0;

/// Makes one instance.
pub fn generate(recipe: &Recipe, seed: u64) -> Instance {
    let mut rng = Rng::new(seed);
    let side = SPACING * (recipe.sites.max(1) as f64).sqrt();
    let grids = grid_centres(recipe.grids.max(1), side, &mut rng);
    let sites_at: Vec<(f64, f64)> = (0..recipe.sites)
        .map(|i| {
            // Half stand on a regular pattern, so that everybody has one near; half where people are.
            let columns = (recipe.sites as f64).sqrt().ceil().max(1.0);
            let (row, column) = ((i as f64 / columns).floor(), i as f64 % columns);
            if i % 2 == 0 {
                let step = side / columns;
                let mut jitter = || step * (0.5 + 0.5 * (rng.unit() - 0.5));
                (column * step + jitter(), row * step + jitter())
            } else {
                near(grids[rng.below(grids.len())], 250.0, side, &mut rng)
            }
        })
        .collect();
    let mut buildings = Vec::with_capacity(recipe.buildings);
    for i in 0..recipe.buildings {
        let grid = i * grids.len() / recipe.buildings;
        buildings.push(building(i, grid, grids[grid], side, recipe, &mut rng));
    }
    let arcs = walks(&mut buildings, &sites_at, side);
    let people: i64 = buildings.iter().flat_map(|b| b.households.iter()).sum();
    let sites = staff(recipe, &sites_at, people, &mut rng);
    let home = (recipe.visits > 0).then(|| home(recipe.visits, side, &mut rng));
    let mut instance = Instance {
        slot_minutes: 15.0,
        slots: int(recipe.slots),
        pair_cost: 20_000.0,
        sites,
        buildings,
        arcs,
        home,
    };
    relieve(&mut instance);
    instance
}

/// Where people would be short of sites with the whole day open, the sites in question get more lanes.
fn relieve(instance: &mut Instance) {
    for _ in 0..6 {
        let Err(shortages) = finish(&Problem::new(instance), 131.0) else {
            return;
        };
        for short in shortages {
            let factor = 1.2 * short.people as f64 / (short.capacity.max(1) as f64);
            for site in short.sites {
                for capacity in &mut instance.sites[site].capacity {
                    *capacity = round(*capacity as f64 * factor.min(4.0));
                }
            }
        }
    }
}

fn near(at: (f64, f64), spread: f64, side: f64, rng: &mut Rng) -> (f64, f64) {
    let mut one = |x: f64| (x + spread * rng.normal()).clamp(0.0, side);
    (one(at.0), one(at.1))
}

fn grid_centres(count: usize, side: f64, rng: &mut Rng) -> Vec<(f64, f64)> {
    let towns: Vec<(f64, f64)> =
        (0..count.div_ceil(100)).map(|_| (rng.unit() * side, rng.unit() * side)).collect();
    (0..count)
        .map(|_| {
            if rng.unit() < 0.35 {
                near(towns[rng.below(towns.len())], 900.0, side, rng)
            } else {
                (rng.unit() * side, rng.unit() * side)
            }
        })
        .collect()
}

fn building(
    i: usize,
    grid: usize,
    centre: (f64, f64),
    side: f64,
    recipe: &Recipe,
    rng: &mut Rng,
) -> Building {
    let (x, y) = near(centre, 140.0, side, rng);
    let homes = 6 + rng.below(30);
    let households = (0..homes)
        .map(|_| {
            let u = rng.unit();
            [0.18, 0.46, 0.74, 0.90, 0.97, 1.0].iter().position(|&share| u < share).map_or(1, |n| int(n) + 1)
        })
        .collect();
    let last = int(recipe.slots) - 1;
    let window = (rng.unit() < recipe.windows).then(|| match rng.below(3) {
        0 => (0, last * 2 / 5),
        1 => (last * 2 / 5 + 1, last),
        _ => {
            let from = rng.range(0, last / 2);
            (from, (from + 8).min(last))
        }
    });
    Building {
        id: format!("B{}", i + 1),
        grid: format!("G{}", grid + 1),
        x: x.round(),
        y: y.round(),
        households,
        earliest: window.map(|w| w.0),
        latest: window.map(|w| w.1),
    }
}

/// All walks within the limit; who has none gets the nearest site if it is not absurdly far.
fn walks(buildings: &mut [Building], sites: &[(f64, f64)], side: f64) -> Vec<Walk> {
    let cell = LIMIT / DETOUR;
    let columns = pos(round((side / cell).ceil())).max(1);
    let bucket = |x: f64| pos(round((x / cell).floor())).min(columns - 1);
    let mut table = vec![Vec::new(); columns * columns];
    for (s, &(x, y)) in sites.iter().enumerate() {
        table[bucket(y) * columns + bucket(x)].push(s);
    }
    let mut arcs = Vec::new();
    for (b, building) in buildings.iter_mut().enumerate() {
        let walk = |s: usize| {
            let (dx, dy) = (sites[s].0 - building.x, sites[s].1 - building.y);
            (DETOUR * dx.hypot(dy)).round()
        };
        let before = arcs.len();
        let (cx, cy) = (bucket(building.x), bucket(building.y));
        for row in cy.saturating_sub(1)..=(cy + 1).min(columns - 1) {
            for column in cx.saturating_sub(1)..=(cx + 1).min(columns - 1) {
                for &s in &table[row * columns + column] {
                    if walk(s) <= LIMIT {
                        arcs.push(Walk(int(b), int(s), walk(s)));
                    }
                }
            }
        }
        if arcs.len() == before {
            let nearest = (0..sites.len()).min_by(|&a, &b| walk(a).total_cmp(&walk(b)));
            if let Some(s) = nearest {
                arcs.push(Walk(int(b), int(s), walk(s)));
            }
        }
    }
    arcs
}

fn staff(recipe: &Recipe, at: &[(f64, f64)], people: i64, rng: &mut Rng) -> Vec<Site> {
    let weights: Vec<f64> = at.iter().map(|_| 0.4 + 1.6 * rng.unit()).collect();
    let total: f64 = weights.iter().sum();
    // What uneven siting and closed slots lose is given back, so that the day ends near `busy_slots`.
    let per_slot = people as f64 / recipe.busy_slots * 1.45;
    let shift = recipe.slots * 2 / 5;
    at.iter()
        .zip(&weights)
        .enumerate()
        .map(|(i, (&(x, y), weight))| {
            let lanes = (per_slot * weight / total / 32.75).round().max(1.0);
            let full = round(lanes * 32.75);
            let mut capacity = vec![full; recipe.slots];
            let kind = rng.unit();
            if kind < 0.2 {
                let late = 1 + rng.below((recipe.slots / 6).max(1));
                capacity.iter_mut().take(late).for_each(|c| *c = 0);
            } else if kind < 0.45 {
                capacity.iter_mut().skip(shift).take(2).for_each(|c| *c = full / 2);
            } else if kind < 0.55 {
                capacity.iter_mut().skip(shift).for_each(|c| *c = 0);
            }
            Site { id: format!("S{}", i + 1), x: x.round(), y: y.round(), capacity }
        })
        .collect()
}

fn home(visits: usize, side: f64, rng: &mut Rng) -> Home {
    let side = side.min(6_000.0);
    let teams = visits.div_ceil(14);
    Home {
        metres_per_minute: 250.0,
        teams: (0..teams)
            .map(|i| {
                let start = if i % 3 == 2 { 240.0 } else { 0.0 };
                Team { id: format!("T{}", i + 1), x: side / 2.0, y: side / 2.0, start, end: start + 360.0 }
            })
            .collect(),
        visits: (0..visits)
            .map(|i| {
                let earliest = 30.0 * rng.below(12) as f64;
                Visit {
                    id: format!("V{}", i + 1),
                    x: (rng.unit() * side).round(),
                    y: (rng.unit() * side).round(),
                    minutes: 10.0 + rng.below(15) as f64,
                    earliest,
                    latest: earliest + 60.0 + 30.0 * rng.below(6) as f64,
                }
            })
            .collect(),
    }
}
