//! Minimum-cost flow from many small items over few hubs (枢纽网络最小费用流).
//!
//! Everything exact in this crate is one problem: *items* (a building, a published block, a need) hand their units
//! to *hubs* (a site, a slot of a site, a helper's block) over arcs with a cost; *links* lead from hub to hub and
//! in the end to the *sink*, with capacity and cost. Items outnumber hubs by far, so the search runs over hubs only:
//! an item standing at hub `u` with another arc to hub `v` is a residual edge `u → v` of cost `c(v) − c(u)`, and per
//! pair of hubs only the cheapest such detour matters.
//!
//! Source: successive shortest paths with potentials (Ahuja, Magnanti & Orlin, *Network Flows*, 1993, §9.7),
//! on the contracted graph ([`search`], [`detours`]); the warm start is a damped Newton method on the dual ([`ascent`]).
//!
//! Invariants, between calls:
//! - every item's arc flows are ≥ 0 and sum to its supply; `0 ≤ flow ≤ capacity` on links;
//! - `excess(h)` = what enters a hub minus what leaves it; all zero once [`Network::settle`] succeeded;
//! - every residual edge has reduced cost `c + π(u) − π(v) ≥ 0`. So a settled network is optimal: this is what
//!   [`Network::certify`] verifies from scratch.
//!
//! Cost: one Dijkstra over the hubs near the excess per augmentation, `O(members · degree)` to look again for a detour
//! whose best member left. Capacities change in place; only what they displaced is routed again ([`search`]), and room
//! that opens draws from those near it ([`draw`]).

mod ascent;
mod balance;
mod census;
mod detours;
mod draw;
mod place;
mod search;

pub use search::Cut;

use std::ops::Range;

use crate::num::{idx, small};
pub use crate::problem::Arc;

/// "No position", "no arc".
pub(crate) const NONE: u32 = u32::MAX;

/// A capacity nobody reaches.
pub const UNLIMITED: i64 = i64::MAX / 4;

/// A capacitated connection between hubs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) cap: i64,
    pub(crate) flow: i64,
    pub(crate) cost: i64,
}

/// The cheapest way for something standing at a hub to stand at another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detour {
    pub(crate) to: u32,
    pub(crate) cost: i32,
    pub(crate) leave: u32,
    pub(crate) enter: u32,
}

/// Items, hubs, links and the flow over them.
#[derive(Clone, Debug, Default)]
pub struct Network {
    first: Vec<u32>,
    count: Vec<u32>,
    supply: Vec<i32>,
    arcs: Vec<Arc>,
    owner: Vec<u32>,
    flow: Vec<i32>,
    members: Vec<Vec<u32>>,
    links: Vec<Link>,
    touching: Vec<Vec<u32>>,
    excess: Vec<i64>,
    potential: Vec<i64>,
    detours: Vec<Vec<Detour>>,
    known: Vec<detours::Known>,
    near: Vec<Vec<detours::Member>>,
    floor: Vec<i64>,
    comers: draw::Comers,
    pending: Vec<u32>,
    spent: i64,
    search: search::Scratch,
    /// Augmentations made so far.
    pub augmentations: u64,
}

impl Network {
    /// A network of `hubs` hubs and one sink, without items and links.
    pub fn new(hubs: usize) -> Self {
        let nodes = hubs + 1;
        Self {
            members: vec![Vec::new(); nodes],
            touching: vec![Vec::new(); nodes],
            excess: vec![0; nodes],
            potential: vec![0; nodes],
            detours: vec![Vec::new(); nodes],
            known: vec![detours::Known::default(); nodes],
            search: search::Scratch::new(nodes),
            ..Self::default()
        }
    }

    /// The sink: a hub like any other that takes what was supplied.
    pub fn sink(&self) -> u32 {
        idx(self.excess.len() - 1)
    }

    /// Adds a link and gives its number.
    pub fn add_link(&mut self, from: u32, to: u32, cap: i64, cost: i64) -> usize {
        let id = self.links.len();
        self.links.push(Link { from, to, cap, flow: 0, cost });
        self.touching[from as usize].push(idx(id));
        self.touching[to as usize].push(idx(id));
        id
    }

    /// Adds an item that is not yet placed anywhere and gives its number.
    pub fn add_item(&mut self, supply: i32, arcs: &[Arc]) -> usize {
        let item = self.supply.len();
        self.first.push(idx(self.arcs.len()));
        self.count.push(idx(arcs.len()));
        self.supply.push(supply);
        self.arcs.extend_from_slice(arcs);
        self.owner.resize(self.arcs.len(), idx(item));
        item
    }

    /// The items of an empty network at once: each one's supply and which of these arcs are its own, in order.
    pub(crate) fn set_items(&mut self, arcs: Vec<Arc>, items: impl Iterator<Item = (i32, Range<u32>)>) {
        self.owner = vec![0; arcs.len()];
        self.arcs = arcs;
        let expected = items.size_hint().0;
        self.first.reserve(expected);
        self.count.reserve(expected);
        self.supply.reserve(expected);
        for (supply, own) in items {
            let item = idx(self.supply.len());
            self.first.push(own.start);
            self.count.push(own.end - own.start);
            self.supply.push(supply);
            self.owner[own.start as usize..own.end as usize].fill(item);
        }
    }

    /// The arcs of an item.
    pub fn arcs_of(&self, item: usize) -> &[Arc] {
        let first = self.first[item] as usize;
        &self.arcs[first..first + self.count[item] as usize]
    }

    /// Where an item's units stand: (hub, units, cost per unit).
    pub fn placed(&self, item: usize) -> impl Iterator<Item = (u32, i32, i32)> + '_ {
        let first = self.first[item] as usize;
        (first..first + self.count[item] as usize)
            .filter(|&arc| self.flow[arc] > 0)
            .map(|arc| (self.arcs[arc].hub, self.flow[arc], self.arcs[arc].cost))
    }

    /// Units a hub has too many (or lacks, if negative).
    pub(crate) fn excess_of(&self, hub: u32) -> i64 {
        self.excess[hub as usize]
    }

    /// Flow on a link.
    pub fn link_flow(&self, link: usize) -> i64 {
        self.links[link].flow
    }

    /// The price of a hub: what one more unit of room there would save.
    pub fn price(&self, hub: u32) -> i64 {
        self.potential[self.excess.len() - 1] - self.potential[hub as usize]
    }

    /// Changes a capacity in place; optimality of the rest is kept, the difference becomes excess or room.
    pub fn set_capacity(&mut self, link: usize, cap: i64) {
        self.links[link].cap = cap;
        let Link { from, to, flow, cost, .. } = self.links[link];
        let reduced = cost + self.potential[from as usize] - self.potential[to as usize];
        if flow > cap || reduced < 0 {
            self.shift_link(link, cap - flow);
        }
    }

    /// Adds `amount` (of either sign) to the flow of a link.
    pub(crate) fn shift_link(&mut self, link: usize, amount: i64) {
        if amount == 0 {
            return;
        }
        let Link { from, to, cost, .. } = self.links[link];
        self.links[link].flow += amount;
        self.spent += cost * amount;
        self.excess[from as usize] -= amount;
        self.excess[to as usize] += amount;
        self.note(from as usize);
        self.note(to as usize);
    }

    #[inline]
    fn note(&mut self, hub: usize) {
        if self.excess[hub] > 0 {
            self.pending.push(idx(hub));
        }
    }

    /// Adds `amount` to an arc's flow and keeps membership, excess and detours right.
    pub(crate) fn change_flow(&mut self, arc: u32, amount: i32) {
        let a = arc as usize;
        let Arc { hub, cost } = self.arcs[a];
        let hub = hub as usize;
        self.spent += i64::from(cost) * i64::from(amount);
        let before = self.flow[a];
        let after = before + amount;
        self.flow[a] = after;
        self.excess[hub] += i64::from(amount);
        self.note(hub);
        if before == 0 && after > 0 {
            self.members[hub].push(arc);
            self.detours_of_newcomer(arc);
        } else if before > 0 && after == 0 {
            // Who came last leaves first more often than not.
            if let Some(at) = self.members[hub].iter().rposition(|&member| member == arc) {
                self.members[hub].swap_remove(at);
            }
            self.detours_without(hub, arc);
        }
    }

    /// Total cost of the present flow.
    pub fn cost(&self) -> i64 {
        self.spent
    }

    /// Proves a settled flow optimal: feasible, and no residual edge of negative reduced cost.
    pub fn certify(&self) -> Result<(), String> {
        for (hub, &excess) in self.excess.iter().enumerate() {
            if excess != 0 {
                return Err(format!("hub {hub} keeps {excess} units"));
            }
        }
        for (id, link) in self.links.iter().enumerate() {
            let reduced = link.cost + self.potential[link.from as usize] - self.potential[link.to as usize];
            if link.flow < 0 || link.flow > link.cap {
                return Err(format!("link {id} carries {} of {}", link.flow, link.cap));
            }
            if (reduced < 0 && link.flow < link.cap) || (reduced > 0 && link.flow > 0) {
                return Err(format!("link {id} has reduced cost {reduced}"));
            }
        }
        let mut cost: i64 = self.links.iter().map(|link| link.cost * link.flow).sum();
        for item in 0..self.supply.len() {
            let first = self.first[item] as usize;
            let range = first..first + self.count[item] as usize;
            let value =
                |arc: usize| i64::from(self.arcs[arc].cost) - self.potential[self.arcs[arc].hub as usize];
            let best = range.clone().map(value).min().unwrap_or(0);
            let mut sum = 0_i64;
            for arc in range {
                sum += i64::from(self.flow[arc]);
                cost += i64::from(self.arcs[arc].cost) * i64::from(self.flow[arc]);
                if self.flow[arc] < 0 || (self.flow[arc] > 0 && value(arc) > best) {
                    return Err(format!("item {item} does not stand at its cheapest hub"));
                }
            }
            if sum != i64::from(self.supply[item]) {
                return Err(format!("item {item} places {sum} of {}", self.supply[item]));
            }
        }
        if cost != self.spent {
            return Err(format!("the flow costs {cost}, not {}", self.spent));
        }
        Ok(())
    }

    /// Moves up to `amount` units along a detour; both hubs' excesses change accordingly.
    pub(crate) fn move_units(&mut self, detour: &Detour, amount: i64) {
        let amount = small(amount);
        self.change_flow(detour.leave, -amount);
        self.change_flow(detour.enter, amount);
    }
}
