//! One place more: who gains most by moving in (反向增广).
//!
//! A slot that its holder gave up still has its price. The search runs backwards from it: a need that would rather be
//! here leaves its own slot, which the next may want, until a unit unserved so far is served or a slot nobody wants
//! at its price is set free. The mirror image of [`super::search`]: worths and floors of what was reached fall by
//! what the end was farther. Needs whose option is farther than they are worth cannot gain, so unlisted options do
//! not matter. Cost: the callers of the slots within reach.

use super::book::{Book, FREE};
use super::search::{ROOT, Scratch, Via};
use crate::hubflow::Arc;
use crate::num::idx;

/// The best end so far: its distance, the need there, and the slot that it sets free (none: it has an unserved unit).
#[derive(Clone, Copy)]
struct End {
    dist: i32,
    need: u32,
    free: Option<u32>,
}

impl Book<'_> {
    /// Fills a vacant slot with whoever gains most, or sets it free.
    pub(super) fn fill(&mut self, slot: u32, search: &mut Scratch) {
        self.know_callers();
        search.begin();
        let mut end = End { dist: i32::MAX, need: ROOT, free: None };
        self.vacate(slot, 0, ROOT, &mut end, search);
        while let Some((dist, m)) = search.next(|| end.dist) {
            for at in 0..self.needs[m as usize].held.len() {
                let held = self.needs[m as usize].held[at].hub;
                self.vacate(held, dist, m, &mut end, search);
            }
        }
        for &m in &search.done {
            let fall = end.dist - search.dist(m);
            if fall > 0 {
                let worth = self.needs[m as usize].worth - fall;
                self.set_worth(m, worth);
            }
        }
        for &helper in &search.helpers {
            let fall = end.dist - search.helper_dist(helper);
            if fall > 0 {
                let floor = self.helpers[helper as usize].floor - fall;
                self.set_floor(helper, floor);
            }
        }
        if let Some(free) = end.free {
            let helper = self.owner[free as usize] as usize;
            self.helpers[helper].used -= 1;
            if end.need == ROOT {
                self.holder[free as usize] = FREE;
            } else {
                self.take(free, FREE);
            }
            self.price[free as usize] = self.helpers[helper].floor;
        } else {
            self.needs[end.need as usize].unserved -= 1;
        }
        let mut m = end.need;
        while m != ROOT {
            let Via { from, enter, leave } = search.via[m as usize];
            if from == ROOT {
                self.holder[leave as usize] = FREE;
                self.price[leave as usize] = self.helpers[self.owner[leave as usize] as usize].floor;
                self.give(enter.hub, enter.cost, m);
            } else {
                self.hand_over(leave, enter, m);
            }
            m = from;
        }
    }

    /// Looks at who would move in if the unit of `from` left a slot.
    fn vacate(&self, slot: u32, dist: i32, from: u32, end: &mut End, search: &mut Scratch) {
        let price = self.price[slot as usize];
        if dist + price < end.dist {
            *end = End { dist: dist + price, need: from, free: Some(slot) };
        }
        self.call(slot, dist, price, (from, slot), end, search);
        let helper = self.owner[slot as usize];
        let giver = self.helpers[helper as usize];
        let far = dist + price - giver.floor;
        if giver.used == giver.capacity && far < end.dist && search.offer_helper(helper, far) {
            for other in self.slots(helper) {
                if self.holder[other] == FREE {
                    self.call(idx(other), far, giver.floor, (from, slot), end, search);
                }
            }
        }
    }

    /// Looks at the callers of a slot that could be entered, at that price, if `from` leaves a slot of its helper.
    fn call(
        &self,
        slot: u32,
        dist: i32,
        price: i32,
        (from, leave): (u32, u32),
        end: &mut End,
        search: &mut Scratch,
    ) {
        for &(m, cost) in &self.callers[slot as usize] {
            let seeker = &self.needs[m as usize];
            if !seeker.active || cost >= seeker.worth || m == from {
                continue;
            }
            let far = dist + cost + price - seeker.worth;
            let via = Via { from, enter: Arc { hub: slot, cost }, leave };
            if far < end.dist && search.offer(m, far, via) && seeker.unserved > 0 {
                *end = End { dist: far, need: m, free: None };
            }
        }
    }

    /// Notes who has an option on each slot, if that was not known yet.
    pub(super) fn know_callers(&mut self) {
        if self.callers_known {
            return;
        }
        self.callers_known = true;
        let mut count = vec![0_usize; self.holder.len()];
        let arcs = || self.needs.iter().flat_map(|seeker| &seeker.arcs);
        for arc in arcs() {
            count[arc.hub as usize] += 1;
        }
        self.callers = count.into_iter().map(Vec::with_capacity).collect();
        for (n, seeker) in (0..).zip(&self.needs) {
            for arc in &seeker.arcs {
                self.callers[arc.hub as usize].push((n, arc.cost));
            }
        }
    }
}
