//! The search from the other end: room fetches units (反向增广).
//!
//! When an item leaves, its hub lacks units and the sink has too many. Searching from the sink would look at every
//! unserved item there is; searching backwards from the hub finds the nearest unit that gains by moving in, usually
//! next door. Dijkstra on reversed residual edges from a hub that lacks units to the first hub with excess; then the
//! potentials of the hubs seen are raised by what they were nearer, which keeps all reduced costs non-negative
//! (mirror image of [`super::search`]). Needs the arcs that lead to each hub, so networks that want it are made by
//! [`Network::with_callers`].

use std::cmp::Reverse;

use super::search::Step;
use super::{Detour, NONE, Network};

impl Network {
    /// A network that also remembers which arcs lead to each hub, so that room can be refilled quickly.
    pub fn with_callers(hubs: usize) -> Self {
        let mut net = Self::new(hubs);
        net.callers = vec![Vec::new(); hubs + 1];
        net
    }

    /// Fills hubs that lack units as long as the sink has too many.
    pub(super) fn refill(&mut self) {
        let sink = self.sink() as usize;
        while self.excess[sink] > 0 {
            let Some(&hub) = self.lacking.last() else {
                return;
            };
            if hub as usize == sink || self.excess[hub as usize] >= 0 {
                self.lacking.pop();
                continue;
            }
            match self.nearest_unit(hub) {
                Some(source) => self.augment_forward(source, hub),
                None => return,
            }
        }
    }

    /// Shortest path to a hub from the nearest one with excess; `via` of a hub names its next hop.
    fn nearest_unit(&mut self, target: u32) -> Option<u32> {
        let mut search = std::mem::take(&mut self.search);
        search.begin(target);
        let mut limit = (i64::MAX, NONE);
        while let Some(Reverse((dist, hub))) = search.heap.pop() {
            if dist >= limit.0 {
                break;
            }
            if dist > search.dist[hub as usize] {
                continue;
            }
            search.done.push(hub);
            let base = dist - self.potential[hub as usize];
            for &enter in &self.callers[hub as usize] {
                let item = self.owner[enter as usize] as usize;
                let there = self.arcs[enter as usize].cost;
                let first = self.first[item];
                for leave in first..first + self.count[item] {
                    if leave == enter || self.flow[leave as usize] <= 0 {
                        continue;
                    }
                    let arc = self.arcs[leave as usize];
                    let cost = there - arc.cost;
                    let far = base + i64::from(cost) + self.potential[arc.hub as usize];
                    if far < limit.0 {
                        let step = Step::Item(Detour { to: hub, cost, leave, enter });
                        let full = self.excess[arc.hub as usize] > 0;
                        search.offer(&mut limit, arc.hub, far, (hub, step), full);
                    }
                }
            }
            for &id in &self.touching[hub as usize] {
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
                    let full = self.excess[from as usize] > 0;
                    search.offer(&mut limit, from, far, (hub, step), full);
                }
            }
        }
        let (end, source) = limit;
        if source != NONE {
            for &hub in &search.done {
                self.potential[hub as usize] += end - search.dist[hub as usize];
            }
        }
        self.search = search;
        (source != NONE).then_some(source)
    }

    /// Pushes as much as the found path takes, from the unit to the room.
    fn augment_forward(&mut self, source: u32, target: u32) {
        let mut amount = self.excess[source as usize].min(-self.excess[target as usize]);
        let mut path = Vec::new();
        let mut hub = source;
        while hub != target {
            let (next, step) = self.search.via[hub as usize];
            amount = amount.min(self.room_on(step));
            path.push(step);
            hub = next;
        }
        let (pending, lacking) = (self.pending.len(), self.lacking.len());
        for step in path {
            self.push(step, amount);
        }
        self.pending.truncate(pending);
        self.lacking.truncate(lacking);
        self.augmentations += 1;
    }
}
