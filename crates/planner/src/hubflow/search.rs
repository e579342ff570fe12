//! The search: excess goes to the nearest room (最短增广路).
//!
//! Dijkstra over hubs from one hub with excess, on reduced costs, stopping at the first hub that lacks units; then
//! the potentials of the hubs seen are lowered by what they were nearer than the target, which keeps all reduced
//! costs non-negative (Ahuja, Magnanti & Orlin 1993, §9.7). Hubs that tie with the target are left alone, so the
//! work stays local. If no hub in reach lacks units, the hubs reached are a cut that proves the demand impossible.
//! Cost per augmentation: `O(k log k)` for the `k` detours looked at.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Detour, NONE, Network};
use crate::num::idx;

/// Hubs whose units cannot go anywhere else, and how many of them are too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Everything reachable from the hub with excess.
    pub hubs: Vec<u32>,
    /// Units that found no room from the hub searched (others of the same cut may be short too).
    pub excess: i64,
    /// The hub searched from.
    pub from: u32,
}

/// How a hub was reached.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Item(Detour),
    Forward(u32),
    Backward(u32),
}

/// Memory of the search, reused: an entry counts only if its stamp is the current one.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    stamp: Vec<u32>,
    now: u32,
    dist: Vec<i64>,
    via: Vec<(u32, Step)>,
    done: Vec<u32>,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
    best: Vec<u32>,
}

impl Scratch {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            stamp: vec![0; nodes],
            dist: vec![0; nodes],
            via: vec![(NONE, Step::Start); nodes],
            best: vec![NONE; nodes],
            ..Self::default()
        }
    }
}

impl Network {
    /// Routes all excess at least cost. On a cut the network stays consistent, with that excess left in place.
    pub fn settle(&mut self) -> Result<(), Cut> {
        while let Some(hub) = self.pending.pop() {
            while self.excess[hub as usize] > 0 {
                if let Some(target) = self.reach(hub) {
                    self.augment(hub, target);
                } else {
                    self.pending.push(hub);
                    return Err(Cut {
                        hubs: self.search.done.clone(),
                        excess: self.excess[hub as usize],
                        from: hub,
                    });
                }
            }
        }
        Ok(())
    }

    /// Gives up the excess of a hub by taking it out of the books; only for reports on impossible demands.
    pub(crate) fn forgive(&mut self, hub: u32) -> i64 {
        let amount = self.excess[hub as usize];
        self.excess[hub as usize] = 0;
        let sink = self.sink() as usize;
        self.excess[sink] += amount;
        amount
    }

    /// Shortest path from a hub to the nearest one lacking units; updates potentials and leaves the path in `via`.
    fn reach(&mut self, source: u32) -> Option<u32> {
        let mut search = std::mem::take(&mut self.search);
        search.now = search.now.wrapping_add(1);
        if search.now == 0 {
            search.stamp.fill(0);
            search.now = 1;
        }
        search.done.clear();
        search.heap.clear();
        search.stamp[source as usize] = search.now;
        search.dist[source as usize] = 0;
        search.via[source as usize] = (NONE, Step::Start);
        search.heap.push(Reverse((0, source)));
        // The nearest hub lacking units seen so far, and its distance: nothing beyond it is looked at.
        let mut limit = (i64::MAX, NONE);
        while let Some(Reverse((dist, hub))) = search.heap.pop() {
            if dist >= limit.0 {
                break;
            }
            if dist > search.dist[hub as usize] {
                continue;
            }
            search.done.push(hub);
            self.relax(hub, dist, &mut limit, &mut search);
        }
        let (end, target) = limit;
        if target != NONE {
            for &hub in &search.done {
                self.potential[hub as usize] += search.dist[hub as usize] - end;
            }
        }
        self.search = search;
        (target != NONE).then_some(target)
    }

    /// Looks at every residual edge out of a hub.
    fn relax(&mut self, hub: u32, dist: i64, limit: &mut (i64, u32), search: &mut Scratch) {
        let h = hub as usize;
        if !self.fresh[h] {
            self.refresh(h, search);
        }
        let base = dist + self.potential[h];
        for detour in &self.detours[h] {
            let far = base + i64::from(detour.cost) - self.potential[detour.to as usize];
            if far < limit.0 {
                self.offer(search, limit, detour.to, far, (hub, Step::Item(*detour)));
            }
        }
        for &id in &self.touching[h] {
            let link = &self.links[id as usize];
            let (to, cost, step) = if link.from == hub {
                if link.flow >= link.cap {
                    continue;
                }
                (link.to, link.cost, Step::Forward(id))
            } else {
                if link.flow <= 0 {
                    continue;
                }
                (link.from, -link.cost, Step::Backward(id))
            };
            let far = base + cost - self.potential[to as usize];
            if far < limit.0 {
                self.offer(search, limit, to, far, (hub, step));
            }
        }
    }

    #[inline]
    fn offer(&self, search: &mut Scratch, limit: &mut (i64, u32), to: u32, far: i64, via: (u32, Step)) {
        let t = to as usize;
        if search.stamp[t] != search.now || far < search.dist[t] {
            search.stamp[t] = search.now;
            search.dist[t] = far;
            search.via[t] = via;
            search.heap.push(Reverse((far, to)));
            if self.excess[t] < 0 {
                *limit = (far, to);
            }
        }
    }

    /// Recomputes the cheapest detours out of a hub from its members.
    fn refresh(&mut self, hub: usize, search: &mut Scratch) {
        let mut list = std::mem::take(&mut self.detours[hub]);
        list.clear();
        for &leave in &self.members[hub] {
            let item = self.owner[leave as usize] as usize;
            let here = self.arcs[leave as usize].cost;
            let first = self.first[item];
            for enter in first..first + self.count[item] {
                if enter == leave {
                    continue;
                }
                let arc = self.arcs[enter as usize];
                let detour = Detour { to: arc.hub, cost: arc.cost - here, leave, enter };
                let known = search.best[arc.hub as usize];
                if known == NONE {
                    search.best[arc.hub as usize] = idx(list.len());
                    list.push(detour);
                } else if detour.cost < list[known as usize].cost {
                    list[known as usize] = detour;
                }
            }
        }
        for detour in &list {
            search.best[detour.to as usize] = NONE;
        }
        self.detours[hub] = list;
        self.fresh[hub] = true;
    }

    /// Pushes as much as the found path takes.
    fn augment(&mut self, source: u32, target: u32) {
        let mut amount = self.excess[source as usize].min(-self.excess[target as usize]);
        let mut hub = target;
        loop {
            let (before, step) = self.search.via[hub as usize];
            match step {
                Step::Start => break,
                Step::Item(detour) => {
                    amount = amount.min(i64::from(self.flow[detour.leave as usize]));
                }
                Step::Forward(id) => {
                    let link = &self.links[id as usize];
                    amount = amount.min(link.cap - link.flow);
                }
                Step::Backward(id) => amount = amount.min(self.links[id as usize].flow),
            }
            hub = before;
        }
        let pending = self.pending.len();
        let mut hub = target;
        loop {
            let (before, step) = self.search.via[hub as usize];
            match step {
                Step::Start => break,
                Step::Item(detour) => self.move_units(&detour, amount),
                Step::Forward(id) => self.shift_link(id as usize, amount),
                Step::Backward(id) => self.shift_link(id as usize, -amount),
            }
            hub = before;
        }
        // Hubs on the way only pass units on: what they noted in between is settled again.
        self.pending.truncate(pending);
        self.augmentations += 1;
    }
}
