//! One unit more: the cheapest chain of changes (最短增广路).
//!
//! Dijkstra over needs on reduced costs. From a need to each option: a free slot of a helper with capacity ends the
//! chain; a held one displaces its holder; a free one of a helper without capacity displaces any unit of that helper.
//! Leaving the unit of any need on the way unserved ends the chain as well, so there is always an end, and the best
//! one known prunes the rest: options are sorted by distance and prices are not negative, so the scan of a need stops
//! at the first option that is too far. Afterwards worths and floors of what was nearer than the end rise by the
//! difference, which keeps all reduced costs non-negative (Ahuja, Magnanti & Orlin 1993, §9.7).
//!
//! Cost: the needs within reach of the end, times their near options.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::book::{Book, FREE, VACANT};
use crate::hubflow::Arc;

/// "Not on the way from anybody."
pub(super) const ROOT: u32 = u32::MAX;

/// How a need was reached: from whom, the slot that one enters, and the slot this one leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Via {
    pub(super) from: u32,
    pub(super) enter: Arc,
    pub(super) leave: u32,
}

/// Memory of the searches: an entry counts only if its stamp is the present one.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    now: u32,
    stamp: Vec<u32>,
    dist: Vec<i32>,
    pub(super) via: Vec<Via>,
    helper_stamp: Vec<u32>,
    helper_dist: Vec<i32>,
    pub(super) done: Vec<u32>,
    pub(super) helpers: Vec<u32>,
    pub(super) heap: BinaryHeap<Reverse<(i32, u32)>>,
}

impl Scratch {
    pub(super) fn new(needs: usize, helpers: usize) -> Self {
        let via = Via { from: ROOT, enter: Arc { hub: 0, cost: 0 }, leave: 0 };
        Self {
            stamp: vec![0; needs],
            dist: vec![0; needs],
            via: vec![via; needs],
            helper_stamp: vec![0; helpers],
            helper_dist: vec![0; helpers],
            ..Self::default()
        }
    }

    pub(super) fn begin(&mut self) {
        self.now = self.now.wrapping_add(1);
        if self.now == 0 {
            self.stamp.fill(0);
            self.helper_stamp.fill(0);
            self.now = 1;
        }
        self.done.clear();
        self.helpers.clear();
        self.heap.clear();
    }

    pub(super) fn dist(&self, n: u32) -> i32 {
        self.dist[n as usize]
    }

    pub(super) fn helper_dist(&self, helper: u32) -> i32 {
        self.helper_dist[helper as usize]
    }

    /// Notes a shorter way to a need.
    #[inline]
    pub(super) fn offer(&mut self, n: u32, dist: i32, via: Via) -> bool {
        let at = n as usize;
        if self.stamp[at] == self.now && self.dist[at] <= dist {
            return false;
        }
        self.stamp[at] = self.now;
        self.dist[at] = dist;
        self.via[at] = via;
        self.heap.push(Reverse((dist, n)));
        true
    }

    /// Notes a shorter way to a helper.
    #[inline]
    pub(super) fn offer_helper(&mut self, helper: u32, dist: i32) -> bool {
        let at = helper as usize;
        if self.helper_stamp[at] != self.now {
            self.helper_stamp[at] = self.now;
            self.helpers.push(helper);
        } else if self.helper_dist[at] <= dist {
            return false;
        }
        self.helper_dist[at] = dist;
        true
    }

    /// The next need in order of distance, before a limit.
    pub(super) fn next(&mut self, limit: impl Fn() -> i32) -> Option<(i32, u32)> {
        while let Some(Reverse((dist, n))) = self.heap.pop() {
            if dist >= limit() {
                return None;
            }
            if dist == self.dist[n as usize] {
                self.done.push(n);
                return Some((dist, n));
            }
        }
        None
    }
}

/// The best end of a chain so far: its distance, the need there, the slot it takes (none: unserved), and the vacant
/// slot of the same helper whose place that is (none: the helper has capacity left).
#[derive(Clone, Copy)]
struct End {
    dist: i32,
    need: u32,
    slot: Option<Arc>,
    vacant: Option<u32>,
}

impl Book<'_> {
    /// Places one unit of a need, optimally.
    pub(super) fn place(&mut self, n: u32, search: &mut Scratch) {
        search.begin();
        let root = Via { from: ROOT, enter: Arc { hub: 0, cost: 0 }, leave: 0 };
        let mut end = End { dist: i32::MAX, need: n, slot: None, vacant: None };
        self.reach(n, 0, root, &mut end, search);
        while let Some((dist, m)) = search.next(|| end.dist) {
            self.look_around(m, dist, &mut end, search);
        }
        for &m in &search.done {
            let rise = end.dist - search.dist(m);
            if rise > 0 {
                let worth = self.needs[m as usize].worth + rise;
                self.set_worth(m, worth);
            }
        }
        for &helper in &search.helpers {
            let rise = end.dist - search.helper_dist(helper);
            if rise > 0 {
                let floor = self.helpers[helper as usize].floor + rise;
                self.set_floor(helper, floor);
            }
        }
        let mut m = end.need;
        if let Some(arc) = end.slot {
            let helper = self.owner[arc.hub as usize];
            if let Some(vacant) = end.vacant {
                self.holder[vacant as usize] = FREE;
                self.price[vacant as usize] = self.helpers[helper as usize].floor;
            } else {
                self.helpers[helper as usize].used += 1;
            }
            self.give(arc.hub, arc.cost, m);
            self.lift_floor(helper);
        } else {
            self.needs[m as usize].unserved += 1;
        }
        while m != n {
            let Via { from, enter, leave } = search.via[m as usize];
            self.hand_over(leave, enter, from);
            m = from;
        }
    }

    /// The holder of `leave` leaves it, and `n` enters a slot of the same helper (perhaps that one).
    pub(super) fn hand_over(&mut self, leave: u32, enter: Arc, n: u32) {
        self.take(leave, FREE);
        self.price[leave as usize] = self.helpers[self.owner[leave as usize] as usize].floor;
        self.give(enter.hub, enter.cost, n);
    }

    /// Looks at all that a need at this distance could do instead.
    fn look_around(&mut self, m: u32, dist: i32, end: &mut End, search: &mut Scratch) {
        let worth = self.needs[m as usize].worth;
        let mut at = 0;
        while let Some(arc) = self.option(m, at, worth + end.dist - dist) {
            at += 1;
            let slot = arc.hub as usize;
            let holder = self.holder[slot];
            let far = dist + arc.cost + self.price[slot] - worth;
            if far >= end.dist || holder == m {
                continue;
            }
            if holder == VACANT {
                *end = End { dist: far, need: m, slot: Some(arc), vacant: Some(arc.hub) };
                continue;
            }
            if holder != FREE {
                self.reach(holder, far, Via { from: m, enter: arc, leave: arc.hub }, end, search);
                continue;
            }
            let helper = self.owner[slot];
            let giver = self.helpers[helper as usize];
            if giver.used < giver.capacity {
                *end = End { dist: far, need: m, slot: Some(arc), vacant: None };
            } else if search.offer_helper(helper, far) {
                for other in self.slots(helper) {
                    let holder = self.holder[other];
                    let far = far + self.price[other] - giver.floor;
                    if holder == VACANT && far < end.dist {
                        *end =
                            End { dist: far, need: m, slot: Some(arc), vacant: Some(crate::num::idx(other)) };
                    } else if holder != FREE && far < end.dist {
                        let via = Via { from: m, enter: arc, leave: crate::num::idx(other) };
                        self.reach(holder, far, via, end, search);
                    }
                }
            }
        }
    }

    /// Notes a way to a need; leaving its unit unserved may be the end.
    #[inline]
    fn reach(&self, n: u32, dist: i32, via: Via, end: &mut End, search: &mut Scratch) {
        if search.offer(n, dist, via) {
            let seeker = &self.needs[n as usize];
            let last = dist + seeker.ceiling - seeker.worth;
            if last < end.dist {
                *end = End { dist: last, need: n, slot: None, vacant: None };
            }
        }
    }
}
