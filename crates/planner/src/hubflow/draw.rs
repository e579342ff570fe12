//! Room draws from those near it (反向最短路): the search, the other way round.
//!
//! A network that is kept while the day runs ([`crate::replan`]) is prepared once for what will happen. Prices first: each
//! hub gets the cheapest cost of a place from there, which is the distance to the sink, found for all hubs by one search
//! against the edges. With these prices, the highest that fit the published plan, the way of somebody displaced costs
//! nothing more at any step, and a search looks at little beside it; with prices of 0 each would look at everything
//! nearer than the place it finds. And where room opens at a hub that had none, those who gain by it are found from there
//! against the edges, in place of a search from the sink, from where the whole area is in reach.
//!
//! Source: successive shortest paths (Ahuja, Magnanti & Orlin 1993, §9.7) from the sink; the first prices are reverse
//! distances as in goal-directed search (Goldberg & Harrelson 2005).
//!
//! Invariant: as in [`super`]; prices only fall here, so no hub may be known in part only ([`super::detours`]).
//! Cost: `O(arcs + hubs · log)` once for the prices; later a Dijkstra over the hubs around the room that opened.

use super::search::{Scratch, Step};
use super::{Detour, NONE, Network};
use crate::num::idx;

/// For every hub the arcs that lead there.
#[derive(Clone, Debug, Default)]
pub(super) struct Comers {
    /// Where each hub's part begins; empty if nothing was prepared.
    start: Vec<u32>,
    arcs: Vec<u32>,
}

impl Comers {
    /// Whether this network can be searched against its edges.
    pub(super) fn known(&self) -> bool {
        !self.start.is_empty()
    }
}

impl Network {
    /// Prepares a settled network for changes: call after the last item was added and placed, and before any search.
    pub(crate) fn prepare(&mut self) {
        debug_assert!(self.near.is_empty(), "started networks know some hubs in part only");
        let nodes = self.excess.len();
        let mut start = vec![0_u32; nodes + 2];
        for arc in &self.arcs {
            start[arc.hub as usize + 2] += 1;
        }
        for hub in 2..start.len() {
            start[hub] += start[hub - 1];
        }
        let mut arcs = vec![0; self.arcs.len()];
        for (at, arc) in self.arcs.iter().enumerate() {
            let next = &mut start[arc.hub as usize + 1];
            arcs[*next as usize] = idx(at);
            *next += 1;
        }
        start.pop();
        self.comers = Comers { start, arcs };
        self.search_back(self.sink(), NONE);
    }

    /// Every hub that lacks units gets some back from the sink, which took more than it asked for.
    pub(super) fn draw_all(&mut self) {
        let sink = self.sink();
        if self.excess[sink as usize] == 0 {
            return;
        }
        for hub in 0..sink {
            while self.excess[hub as usize] < 0 && self.search_back(hub, sink) {
                self.augment(sink, hub, sink);
            }
        }
        debug_assert!(self.excess[sink as usize] == 0, "the sink keeps units that hubs lack");
    }

    /// Shortest ways to `target` against the edges, until `source` is reached (from everywhere if it is [`NONE`]); prices
    /// of the hubs seen fall by what they were nearer. Leaves the ways in `via`; false if `source` cannot be reached.
    fn search_back(&mut self, target: u32, source: u32) -> bool {
        let mut search = std::mem::take(&mut self.search);
        search.begin(target);
        let mut limit = (i64::MAX, NONE);
        let mut end = 0;
        while let Some((dist, hub)) = search.next() {
            if dist >= limit.0 {
                break;
            }
            end = dist;
            search.done.push(hub);
            self.relax_back(hub, dist, source, &mut limit, &mut search);
        }
        let found = limit.1 != NONE;
        if found {
            end = limit.0;
        }
        if found || source == NONE {
            for &hub in &search.done {
                self.potential[hub as usize] += end - search.dist[hub as usize];
            }
        }
        self.search = search;
        found
    }

    /// Looks at every residual edge into a hub.
    fn relax_back(&self, hub: u32, dist: i64, source: u32, limit: &mut (i64, u32), search: &mut Scratch) {
        let h = hub as usize;
        let base = dist - self.potential[h];
        for &id in &self.touching[h] {
            let link = &self.links[id as usize];
            let (from, cost, step) = if link.to == hub {
                if link.flow >= link.cap {
                    continue;
                }
                (link.from, link.cost, Step::Forward(id))
            } else {
                if link.flow <= 0 {
                    continue;
                }
                (link.to, -link.cost, Step::Backward(id))
            };
            let far = base + cost + self.potential[from as usize];
            if far < limit.0 {
                search.offer(limit, from, far, (hub, step), from == source);
            }
        }
        for &enter in &self.comers.arcs[self.comers.start[h] as usize..self.comers.start[h + 1] as usize] {
            let cost = self.arcs[enter as usize].cost;
            let item = self.owner[enter as usize] as usize;
            let first = self.first[item];
            for leave in first..first + self.count[item] {
                if self.flow[leave as usize] == 0 || leave == enter {
                    continue;
                }
                let here = self.arcs[leave as usize];
                let far = base + i64::from(cost - here.cost) + self.potential[here.hub as usize];
                if far < limit.0 {
                    let detour = Detour { to: hub, cost: cost - here.cost, leave, enter };
                    search.offer(limit, here.hub, far, (hub, Step::Item(detour)), here.hub == source);
                }
            }
        }
    }
}
