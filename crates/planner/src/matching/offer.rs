//! Places that are too dear: offers from the other side (反向拍卖).
//!
//! A vacant place still has its price. It asks those who could use it what they would gain, takes the best of them and
//! falls to what the second best would give; the slot that one leaves is vacant next. If nobody gains at any price the
//! place is set free (reverse auction, Bertsekas & Castañon 1992). Every step keeps the book as exact as it was; where
//! a step would make no progress the slot stays vacant for the exact search ([`super::fill`]).
//! Cost: the callers of a helper's free slots, per offer.

use super::book::{Book, FREE, VACANT};
use crate::hubflow::Arc;
use crate::num::idx;

/// Offers per vacant slot, on average, before the rest is left to the exact search.
const PATIENCE: usize = 20;

/// What could be gained at a place: the most, by whom and where, and the most by anybody else.
struct Offers {
    best: i32,
    second: i32,
    who: Option<(u32, Arc)>,
}

impl Book<'_> {
    /// Fills most vacant slots, and gives those that are left.
    pub(super) fn take_offers(&mut self) -> Vec<u32> {
        let slots = 0..idx(self.holder.len());
        let mut vacant: Vec<u32> = slots.filter(|&slot| self.holder[slot as usize] == VACANT).collect();
        if vacant.is_empty() {
            return vacant;
        }
        self.know_callers();
        let mut offers = PATIENCE * vacant.len();
        let mut left = Vec::new();
        while let Some(slot) = vacant.pop() {
            if offers == 0 {
                left.push(slot);
                continue;
            }
            offers -= 1;
            let helper = self.owner[slot as usize];
            let Offers { best, second, who } = self.offers(slot, u32::MAX);
            let Some((m, enter)) = who else {
                self.holder[slot as usize] = FREE;
                self.helpers[helper as usize].used -= 1;
                self.set_floor(helper, 0);
                continue;
            };
            let seeker = &mut self.needs[m as usize];
            let mut price = best;
            if seeker.unserved > 0 {
                seeker.unserved -= 1;
                if seeker.unserved == 0 && seeker.held.is_empty() {
                    price = second;
                }
            } else if let Some((worth, from)) = self.step_down(m, enter.cost + second) {
                price = worth - enter.cost;
                self.take(from, VACANT);
                vacant.push(from);
            } else {
                left.push(slot);
                continue;
            }
            self.holder[slot as usize] = FREE;
            let floor = self.helpers[helper as usize].floor;
            self.set_floor(helper, floor.min(price));
            self.set_worth(m, enter.cost + price);
            self.give(enter.hub, enter.cost, m);
        }
        left
    }

    /// What a slot's helper could gain by giving one of its free slots, or this one, to somebody but `not`.
    fn offers(&self, slot: u32, not: u32) -> Offers {
        let mut offers = Offers { best: 0, second: 0, who: None };
        for entry in self.slots(self.owner[slot as usize]) {
            if self.holder[entry] != FREE && idx(entry) != slot {
                continue;
            }
            for &(m, cost) in &self.callers[entry] {
                let seeker = &self.needs[m as usize];
                let gain = seeker.worth - cost;
                if gain <= offers.second || !seeker.active || m == not {
                    continue;
                }
                match offers.who {
                    Some((known, _)) if known == m => {}
                    _ if gain > offers.best => {
                        offers.second = offers.best;
                        offers.best = gain;
                        offers.who = Some((m, Arc { hub: idx(entry), cost }));
                    }
                    _ => offers.second = gain,
                }
            }
        }
        offers
    }

    /// Lowers the worth of a need that has all its units, as far as others let it keep what it holds, but not below
    /// `least`; gives the new worth and the slot it holds on to least.
    fn step_down(&mut self, n: u32, least: i32) -> Option<(i32, u32)> {
        let held = self.needs[n as usize].held.clone();
        let mut pressed = (i32::MIN, 0);
        for arc in &held {
            let pressure = arc.cost + self.offers(arc.hub, n).best;
            pressed = pressed.max((pressure, arc.hub));
        }
        let alone = held.len() == 1;
        let worth = if alone { least } else { least.max(pressed.0) };
        if worth >= self.needs[n as usize].worth {
            return None;
        }
        if !alone {
            for arc in &held {
                let helper = self.owner[arc.hub as usize];
                let floor = self.helpers[helper as usize].floor.min(worth - arc.cost);
                self.set_floor(helper, floor);
            }
            self.set_worth(n, worth);
        }
        Some((worth, pressed.1))
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
