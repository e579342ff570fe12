//! The search: excess goes to the nearest room (最短增广路).
//!
//! Dijkstra over hubs from one hub with excess, on reduced costs, stopping at the first hub that lacks units or at the
//! sink, which takes whatever comes: so no search crosses the sink, from where the whole area is in reach. What the
//! sink has then taken too much goes back to the hubs that still lack units, many per search. After each search
//! the potentials of the hubs seen are lowered by what they were nearer than the target, which keeps all reduced
//! costs non-negative (Ahuja, Magnanti & Orlin 1993, §9.7). Hubs that tie with the target are left alone, so the
//! work stays local. If no hub in reach lacks units, the hubs reached are a cut that proves the demand impossible.
//! Hubs no farther than where the search stands wait on a stack, not in the heap: along prices that are right nearly all
//! of a way is of that kind. What is known of a hub's detours in part only ([`super::detours`]) is completed when the
//! search gets as far as the nearest of the others could lead.
//! Cost per augmentation: `O(k log k)` for the `k` detours looked at.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Detour, NONE, Network};

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
pub(super) enum Step {
    Start,
    Item(Detour),
    Forward(u32),
    Backward(u32),
}

/// Memory of the search, reused: an entry counts only if its stamp is the current one.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) stamp: Vec<u32>,
    pub(super) now: u32,
    pub(super) dist: Vec<i64>,
    pub(super) via: Vec<(u32, Step)>,
    pub(super) done: Vec<u32>,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
    /// What is as far as the search is, and how far that is.
    level: Vec<u32>,
    at: i64,
    best: Vec<u32>,
}

/// Marks an entry of the queue: not the hub itself, but the rest of its detours.
const REST: u32 = 1 << 31;

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

    /// Forgets the last search and starts one at a hub.
    pub(super) fn begin(&mut self, hub: u32) {
        self.now = self.now.wrapping_add(1);
        if self.now == 0 {
            self.stamp.fill(0);
            self.now = 1;
        }
        self.done.clear();
        self.heap.clear();
        self.stamp[hub as usize] = self.now;
        self.dist[hub as usize] = 0;
        self.via[hub as usize] = (NONE, Step::Start);
        self.at = 0;
        self.level.clear();
        self.level.push(hub);
    }

    /// Queues a hub, or its rest, at a distance that is no less than where the search stands.
    #[inline]
    fn queue(&mut self, far: i64, entry: u32) {
        if far == self.at {
            self.level.push(entry);
        } else {
            self.heap.push(Reverse((far, entry)));
        }
    }

    /// What is nearest now, and how far; hubs to which a shorter way was found since are passed over.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(i64, u32)> {
        loop {
            if let Some(entry) = self.level.pop() {
                return Some((self.at, entry));
            }
            let Reverse((far, entry)) = self.heap.pop()?;
            if entry & REST != 0 || far == self.dist[entry as usize] {
                self.at = far;
                return Some((far, entry));
            }
        }
    }

    /// Whether a way to a hub is shorter than the one known.
    #[inline]
    fn improves(&self, to: u32, far: i64) -> bool {
        self.stamp[to as usize] != self.now || far < self.dist[to as usize]
    }

    /// Notes a shorter way to a hub; `ends` says that the search may end there.
    #[inline]
    pub(super) fn offer(&mut self, limit: &mut (i64, u32), to: u32, far: i64, via: (u32, Step), ends: bool) {
        let t = to as usize;
        if self.improves(to, far) {
            self.stamp[t] = self.now;
            self.dist[t] = far;
            self.via[t] = via;
            if ends {
                *limit = (far, to);
            } else {
                self.queue(far, to);
            }
        }
    }
}

impl Network {
    /// Routes all excess at least cost. On a cut the network stays consistent, with that excess left in place.
    pub fn settle(&mut self) -> Result<(), Cut> {
        let sink = self.sink();
        while let Some(hub) = self.pending.pop() {
            while hub != sink && self.excess[hub as usize] > 0 {
                if let Some(target) = self.reach(hub) {
                    self.augment(hub, target, target);
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
        if self.comers.known() {
            self.draw_all();
        } else {
            self.drain();
        }
        Ok(())
    }

    /// The sink took more than it asked for: hands units back to the hubs that lack some. One search finds the
    /// cheapest ways to all of them; those that do not share an exhausted step are taken at once.
    fn drain(&mut self) {
        let sink = self.sink();
        while self.excess[sink as usize] > 0 {
            let mut search = std::mem::take(&mut self.search);
            let mut lacking = self.excess.iter().filter(|&&excess| excess < 0).count();
            search.begin(sink);
            let mut end = 0;
            while lacking > 0
                && let Some((dist, hub)) = search.next()
            {
                if hub & REST != 0 {
                    self.relax_rest(hub & !REST, None, &mut search);
                    continue;
                }
                search.done.push(hub);
                if self.excess[hub as usize] < 0 {
                    lacking -= 1;
                    end = dist;
                }
                self.relax(hub, dist, None, &mut search);
            }
            for &hub in &search.done {
                self.potential[hub as usize] += search.dist[hub as usize] - end;
            }
            let done = std::mem::take(&mut search.done);
            self.search = search;
            let before = self.excess[sink as usize];
            for &hub in &done {
                if self.excess[hub as usize] < 0 {
                    self.augment(sink, hub, hub);
                }
            }
            self.search.done = done;
            if self.excess[sink as usize] == before {
                // Cannot be: a hub that lacks units has a way from the sink.
                debug_assert!(false, "the sink keeps units that hubs lack");
                break;
            }
        }
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
        search.begin(source);
        // The nearest hub lacking units seen so far, and its distance: nothing beyond it is looked at.
        let mut limit = (i64::MAX, NONE);
        while let Some((dist, hub)) = search.next() {
            if dist >= limit.0 {
                break;
            }
            if hub & REST != 0 {
                self.relax_rest(hub & !REST, Some(&mut limit), &mut search);
                continue;
            }
            search.done.push(hub);
            self.relax(hub, dist, Some(&mut limit), &mut search);
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

    /// Where a link leads from a hub, forward or backward, if it can take more.
    #[inline]
    fn residual(&self, hub: u32, id: u32) -> Option<(u32, i64, Step)> {
        let link = &self.links[id as usize];
        if link.from == hub {
            (link.flow < link.cap).then_some((link.to, link.cost, Step::Forward(id)))
        } else {
            (link.flow > 0).then_some((link.from, -link.cost, Step::Backward(id)))
        }
    }

    /// Looks at every residual edge out of a hub.
    fn relax(&mut self, hub: u32, dist: i64, ends: Option<&mut (i64, u32)>, search: &mut Scratch) {
        let h = hub as usize;
        self.refresh(h, &mut search.best);
        let base = dist + self.potential[h];
        let sink = self.sink();
        let stops = ends.is_some();
        let mut nowhere = (i64::MAX, NONE);
        let limit = ends.unwrap_or(&mut nowhere);
        // Links first: a gate with room ends most searches, and what is farther need not be looked at.
        for &id in &self.touching[h] {
            let Some((to, cost, step)) = self.residual(hub, id) else {
                continue;
            };
            let far = base + cost - self.potential[to as usize];
            if far < limit.0 {
                let lacks = stops && (self.excess[to as usize] < 0 || to == sink);
                search.offer(limit, to, far, (hub, step), lacks);
            }
        }
        if let Some(slack) = self.slack(h)
            && dist + slack < limit.0
        {
            search.queue(dist + slack, hub | REST);
        }
        self.relax_detours(hub, base, stops, limit, search);
    }

    /// Looks at the detours out of a hub that are known by now to be needed as well.
    fn relax_rest(&mut self, hub: u32, ends: Option<&mut (i64, u32)>, search: &mut Scratch) {
        let h = hub as usize;
        self.refresh_whole(h, &mut search.best);
        let stops = ends.is_some();
        let mut nowhere = (i64::MAX, NONE);
        let base = search.dist[h] + self.potential[h];
        self.relax_detours(hub, base, stops, ends.unwrap_or(&mut nowhere), search);
    }

    /// Looks at the known detours out of a hub; `base` is its distance plus its potential.
    fn relax_detours(
        &mut self,
        hub: u32,
        base: i64,
        stops: bool,
        limit: &mut (i64, u32),
        search: &mut Scratch,
    ) {
        let (h, sink) = (hub as usize, self.sink());
        let mut learned = false;
        loop {
            let mut unknown = false;
            for detour in &self.detours[h] {
                let far = base + i64::from(detour.cost) - self.potential[detour.to as usize];
                if far < limit.0 && search.improves(detour.to, far) {
                    if detour.leave == NONE {
                        unknown = true;
                    } else {
                        let lacks = stops && (self.excess[detour.to as usize] < 0 || detour.to == sink);
                        search.offer(limit, detour.to, far, (hub, Step::Item(*detour)), lacks);
                    }
                }
            }
            // An unknown detour may be needed: look for it, and go through the list once more.
            if !unknown || learned {
                break;
            }
            self.learn(h, &mut search.best);
            learned = true;
        }
    }

    /// How much a step can take.
    pub(super) fn room_on(&self, step: Step) -> i64 {
        match step {
            Step::Start => i64::MAX,
            Step::Item(detour) => i64::from(self.flow[detour.leave as usize]),
            Step::Forward(id) => self.links[id as usize].cap - self.links[id as usize].flow,
            Step::Backward(id) => self.links[id as usize].flow,
        }
    }

    /// Takes a step with that many units.
    pub(super) fn push(&mut self, step: Step, amount: i64) {
        match step {
            Step::Start => {}
            Step::Item(detour) => self.move_units(&detour, amount),
            Step::Forward(id) => self.shift_link(id as usize, amount),
            Step::Backward(id) => self.shift_link(id as usize, -amount),
        }
    }

    /// Pushes as much as the found path takes; it is noted from `end` on, which is one end of it.
    pub(super) fn augment(&mut self, source: u32, target: u32, end: u32) {
        let mut amount = self.excess[source as usize];
        if target != self.sink() {
            amount = amount.min(-self.excess[target as usize]);
        }
        let mut hub = end;
        loop {
            let (next, step) = self.search.via[hub as usize];
            if next == NONE {
                break;
            }
            amount = amount.min(self.room_on(step));
            hub = next;
        }
        if amount == 0 {
            return;
        }
        let pending = self.pending.len();
        let mut hub = end;
        loop {
            let (next, step) = self.search.via[hub as usize];
            if next == NONE {
                break;
            }
            self.push(step, amount);
            hub = next;
        }
        // Hubs on the way only pass units on: what they noted in between is settled again.
        self.pending.truncate(pending);
        self.augmentations += 1;
    }
}
