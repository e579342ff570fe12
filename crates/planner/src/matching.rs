//! Matching (供需匹配): which helper gives which need an hour, exactly.
//!
//! A need asks for a number of units of one skill inside some time blocks; a helper gives one unit per block it is
//! free in, up to its capacity. As a hub network: needs are items, a hub per (helper, block) with room for one, a
//! hub per helper with its capacity. A unit may stay unserved at the price of its priority, far above any distance;
//! so the optimum serves the largest sum of priorities first and walks least among those plans.
//!
//! The batch is an exact minimum-cost flow; a need that arrives later is one augmenting path in the settled network,
//! a cancellation one path the other way, and after either the whole is optimal again ([`crate::hubflow`]).
//! Cost: one short search per unit.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::hubflow::{Arc, Network};
use crate::num::{idx, int, round, small};
use crate::rng::Rng;

/// Metres that a step of priority is worth; no walk within the limit is longer.
pub const PRIORITY: i32 = 20_000;

/// Increment of the bids that find first prices, in metres.
const EPSILON: i64 = 20;

/// Someone who needs help.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// Name of the need.
    pub id: String,
    /// The skill asked for.
    pub skill: String,
    /// Time blocks that suit.
    pub blocks: Vec<u32>,
    /// Units asked for (in teams mode: helpers in the same block).
    pub units: u32,
    /// 1 (can wait) to 9 (first).
    pub priority: u32,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

/// Someone who helps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// Name of the helper.
    pub id: String,
    /// What the helper can do.
    pub skills: Vec<String>,
    /// Time blocks the helper is free in.
    pub blocks: Vec<u32>,
    /// Units the helper gives in all.
    pub capacity: u32,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

/// Needs, helpers, and how far help goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Market {
    /// Nobody walks further.
    pub limit_metres: f64,
    /// The needs.
    pub needs: Vec<Need>,
    /// The helpers.
    pub helpers: Vec<Helper>,
}

impl Market {
    /// What is wrong with the numbers, if anything, and where.
    pub fn fault(&self) -> Option<(&'static str, usize, String)> {
        let good = |x: f64| x.is_finite() && x.abs() <= 1e7;
        if !(self.limit_metres >= 0.0 && self.limit_metres < f64::from(PRIORITY)) {
            return Some(("limit_metres", 0, format!("limit_metres must be between 0 and {PRIORITY}")));
        }
        for (i, n) in self.needs.iter().enumerate() {
            if !(good(n.x) && good(n.y)) || n.units > 1_000 || !(1..=9).contains(&n.priority) {
                let text =
                    format!("need {}: priority must be 1 to 9, units at most 1000, the place a number", n.id);
                return Some(("needs", i, text));
            }
        }
        for (i, h) in self.helpers.iter().enumerate() {
            if !(good(h.x) && good(h.y)) || h.capacity > 1_000 {
                let text = format!("helper {}: capacity must be at most 1000, the place a number", h.id);
                return Some(("helpers", i, text));
            }
        }
        None
    }
}

/// A helper as the search for options sees it.
#[derive(Clone, Copy, Debug)]
struct Near {
    x: f64,
    y: f64,
    from: u32,
    to: u32,
}

/// Who could help whom: helpers sorted into squares of the limit's size, skills and blocks compared by number.
#[derive(Clone, Debug)]
pub struct Index<'a> {
    market: &'a Market,
    side: f64,
    /// For each square and skill: the helpers, with their places and the first of their hubs.
    squares: HashMap<(i64, i64, u32), Vec<Near>>,
    skills: HashMap<&'a str, u32>,
    /// First slot of each helper: one per block it is free in.
    pub(crate) first: Vec<u32>,
    /// Sorted distinct blocks of every helper, one after the other.
    pub(crate) blocks: Vec<u32>,
}

impl<'a> Index<'a> {
    /// Indexes the helpers of a market.
    pub fn new(market: &'a Market) -> Self {
        let side = market.limit_metres.max(1.0);
        let mut index = Self {
            market,
            side,
            squares: HashMap::new(),
            skills: HashMap::new(),
            first: vec![0],
            blocks: Vec::new(),
        };
        for helper in &market.helpers {
            let mut blocks = helper.blocks.clone();
            blocks.sort_unstable();
            blocks.dedup();
            index.blocks.extend(blocks);
            let near = Near {
                x: helper.x,
                y: helper.y,
                from: index.first.last().copied().unwrap_or(0),
                to: idx(index.blocks.len()),
            };
            index.first.push(near.to);
            let (column, row) = index.square(helper.x, helper.y);
            let mut known: Vec<u32> = Vec::new();
            for skill in &helper.skills {
                let fresh = idx(index.skills.len());
                let skill = *index.skills.entry(skill.as_str()).or_insert(fresh);
                if !known.contains(&skill) {
                    known.push(skill);
                    index.squares.entry((column, row, skill)).or_default().push(near);
                }
            }
        }
        index
    }

    fn square(&self, x: f64, y: f64) -> (i64, i64) {
        (round((x / self.side).floor()), round((y / self.side).floor()))
    }

    /// The (helper, block) hubs that suit a need, with metres.
    pub fn options(&self, need: &Need) -> Vec<Arc> {
        let Some(&skill) = self.skills.get(need.skill.as_str()) else {
            return Vec::new();
        };
        let (column, row) = self.square(need.x, need.y);
        let limit = self.market.limit_metres * self.market.limit_metres;
        let mut arcs = Vec::with_capacity(64);
        for key in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (column + dx, row + dy, skill))) {
            for near in self.squares.get(&key).map_or(&[][..], Vec::as_slice) {
                let (dx, dy) = (near.x - need.x, near.y - need.y);
                let square = dx * dx + dy * dy;
                if square > limit {
                    continue;
                }
                let cost = small(round(square.sqrt()));
                for hub in near.from..near.to {
                    if need.blocks.contains(&self.blocks[hub as usize]) {
                        arcs.push(Arc { hub, cost });
                    }
                }
            }
        }
        arcs
    }

    /// Helper and block behind a hub.
    pub fn place(&self, hub: u32) -> (u32, u32) {
        let helper = self.first.partition_point(|&first| first <= hub) - 1;
        (idx(helper), self.blocks[hub as usize])
    }
}

/// One unit given: need, helper, block, metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Given {
    /// Index of the need.
    pub need: u32,
    /// Index of the helper.
    pub helper: u32,
    /// The block.
    pub block: u32,
    /// Metres between them.
    pub metres: i32,
}

/// A matching that stays optimal while needs come and go.
#[derive(Clone, Debug)]
pub struct Matching<'a> {
    index: Index<'a>,
    net: Network,
    items: HashMap<u32, usize>,
}

impl<'a> Matching<'a> {
    /// The network of all helpers, without needs.
    pub fn new(market: &'a Market) -> Self {
        let index = Index::new(market);
        let slots = index.blocks.len();
        let mut net = Network::with_callers(slots + market.helpers.len());
        let sink = net.sink();
        for (h, helper) in market.helpers.iter().enumerate() {
            let (from, to) = (index.first[h], index.first[h + 1]);
            let capacity = i64::from(helper.capacity);
            if capacity >= i64::from(to - from) {
                for hub in from..to {
                    net.add_link(hub, sink, 1, 0);
                }
            } else {
                let person = idx(slots + h);
                for hub in from..to {
                    net.add_link(hub, person, 1, 0);
                }
                net.add_link(person, sink, capacity, 0);
            }
        }
        Self { index, net, items: HashMap::new() }
    }

    /// The arcs of a need: its options, and staying unserved.
    fn arcs(&self, need: &Need) -> Vec<Arc> {
        let mut arcs = self.index.options(need);
        arcs.push(Arc { hub: self.net.sink(), cost: PRIORITY * small(i64::from(need.priority)) });
        arcs
    }

    /// Adds many needs (indexes of the market) without settling: the batch.
    pub fn add_all(&mut self, needs: impl Iterator<Item = u32>) {
        for n in needs {
            let need = &self.index.market.needs[n as usize];
            let arcs = self.arcs(need);
            let item = self.net.add_item(small(i64::from(need.units)), &arcs);
            self.items.insert(n, item);
        }
        self.net.bid(EPSILON);
        self.net.start();
    }

    /// Makes the matching optimal for everything added.
    pub fn settle(&mut self) {
        // Unserved is always possible, so there is no cut.
        let settled = self.net.settle();
        debug_assert!(settled.is_ok());
    }

    /// Adds one need and makes the matching optimal again.
    pub fn insert(&mut self, need: u32) {
        let arcs = self.arcs(&self.index.market.needs[need as usize]);
        let units = self.index.market.needs[need as usize].units;
        let item = self.net.insert_item(small(i64::from(units)), &arcs);
        self.items.insert(need, item);
        self.settle();
    }

    /// Takes a need back; who waited for its helpers gets them.
    pub fn cancel(&mut self, need: u32) {
        if let Some(item) = self.items.remove(&need) {
            self.net.remove_item(item);
            self.settle();
        }
    }

    /// Total cost: metres plus the price of what stays unserved.
    pub fn cost(&self) -> i64 {
        self.net.cost()
    }

    /// Proves the present matching optimal.
    pub fn certify(&self) -> Result<(), String> {
        self.net.certify()
    }

    /// All units given.
    pub fn given(&self) -> Vec<Given> {
        let sink = self.net.sink();
        let mut list = Vec::new();
        for (&need, &item) in &self.items {
            for (hub, units, metres) in self.net.placed(item) {
                if hub != sink {
                    let (helper, block) = self.index.place(hub);
                    for _ in 0..units {
                        list.push(Given { need, helper, block, metres });
                    }
                }
            }
        }
        list.sort_unstable_by_key(|g| (g.need, g.block, g.helper));
        list
    }

    /// The whole network as arcs, for comparison with other solvers: (need, hub, metres).
    pub fn arc_list(&self, need: u32) -> &[Arc] {
        self.items.get(&need).map_or(&[], |&item| self.net.arcs_of(item))
    }
}

/// A made-up market: needs and helpers spread alike, about twenty skills, two weeks of half days.
pub fn made_up(needs: usize, helpers: usize, seed: u64) -> Market {
    let mut rng = Rng::new(seed);
    let side = 60.0 * (helpers.max(1) as f64).sqrt();
    let limit = 1_000.0_f64;
    let skill = |rng: &mut Rng| format!("skill{}", rng.below(12).min(rng.below(20)));
    let blocks = |rng: &mut Rng, most: usize| {
        let mut list: Vec<u32> = (0..=rng.below(most)).map(|_| idx(rng.below(14))).collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    Market {
        limit_metres: limit,
        needs: (0..needs)
            .map(|i| Need {
                id: format!("N{}", i + 1),
                skill: skill(&mut rng),
                blocks: blocks(&mut rng, 4),
                units: idx(1 + rng.below(4).min(rng.below(4))),
                priority: idx(1 + rng.below(5)),
                x: (rng.unit() * side).round(),
                y: (rng.unit() * side).round(),
            })
            .collect(),
        helpers: (0..helpers)
            .map(|i| {
                let skills = (0..=rng.below(3)).map(|_| skill(&mut rng)).collect();
                Helper {
                    id: format!("H{}", i + 1),
                    skills,
                    blocks: blocks(&mut rng, 5),
                    capacity: idx(1 + rng.below(3)),
                    x: (rng.unit() * side).round(),
                    y: (rng.unit() * side).round(),
                }
            })
            .collect(),
    }
}

/// Units served and the priorities they carry.
pub fn served(market: &Market, given: &[Given]) -> (i64, i64) {
    let weight = given.iter().map(|g| i64::from(market.needs[g.need as usize].priority));
    (int(given.len()), weight.sum())
}
