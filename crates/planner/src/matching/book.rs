//! The book of a market (账本): who holds which slot, at which prices, and the proof that this is optimal.
//!
//! A *slot* is one helper in one block. Duals: `worth(n)`, what a unit of need `n` costs at the margin, and `price(s)`
//! of every slot. A helper with capacity left asks nothing; one without asks `floor(h)` for a slot nobody holds.
//! Invariants between operations (complementary slackness with slots of capacity one):
//! - `metres + price(s) ≥ worth(n)` for every option, equal where `n` holds `s`;
//! - `price(s) ≥ floor(h)` for held slots, equal for free ones; `floor(h) ≥ 0`, and 0 while the helper has capacity;
//! - `worth(n) ≤ unserved(n)`, equal if some unit of `n` is unserved.
//!
//! Of a helper who gives one unit only, the first slot stands for all; the others ask what it asks.
//!
//! So what is held is a minimum-cost flow; [`Book::certify`] checks it from scratch. Options are listed ring by ring:
//! one that is farther than everything asked for can be no reason to change anything, and is not looked up.

use super::index::Index;
use super::{Market, PRIORITY};
use crate::hubflow::Arc;
use crate::num::{int, round, small};

/// "Nobody holds it."
pub(super) const FREE: u32 = u32::MAX;
/// Given up by its holder, its price still standing, about to be filled ([`super::fill`]).
pub(super) const VACANT: u32 = u32::MAX - 1;

/// Costs and prices are kept in eighths of a metre.
pub(super) const GRAIN: i32 = 8;

/// Metres of the first ring.
const FIRST_RING: i32 = 180;

/// What is known of a need.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeker {
    /// Options within `radius`, nearest first as far as they are `sorted`.
    pub(super) arcs: Vec<Arc>,
    sorted: usize,
    pub(super) radius: i32,
    /// Slots held, with metres.
    pub(super) held: Vec<Arc>,
    pub(super) unserved: u32,
    pub(super) worth: i32,
    /// What leaving a unit unserved costs.
    pub(super) ceiling: i32,
    pub(super) active: bool,
}

/// A helper's side of the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Giver {
    pub(super) used: u32,
    pub(super) capacity: u32,
    pub(super) floor: i32,
}

#[derive(Clone, Debug)]
pub(super) struct Book<'a> {
    pub(super) index: Index<'a>,
    market: &'a Market,
    /// Metres beyond which nobody walks.
    pub(super) limit: i32,
    pub(super) needs: Vec<Seeker>,
    pub(super) helpers: Vec<Giver>,
    pub(super) owner: Vec<u32>,
    pub(super) holder: Vec<u32>,
    pub(super) price: Vec<i32>,
    /// Who has an option on each slot; found when first needed.
    pub(super) callers: Vec<Vec<(u32, i32)>>,
    pub(super) callers_known: bool,
    /// Room for the next ring.
    ring: Vec<Arc>,
}

impl<'a> Book<'a> {
    pub(super) fn new(market: &'a Market) -> Self {
        let index = Index::new(market);
        let slots = index.blocks.len();
        let mut owner = vec![0; slots];
        let mut helpers = Vec::with_capacity(market.helpers.len());
        for (h, helper) in market.helpers.iter().enumerate() {
            let range = index.first[h] as usize..index.first[h + 1] as usize;
            let capacity = helper.capacity.min(index.first[h + 1] - index.first[h]);
            owner[range].fill(crate::num::idx(h));
            helpers.push(Giver { used: 0, capacity, floor: 0 });
        }
        Self {
            market,
            limit: small(round(market.limit_metres)),
            needs: vec![Seeker { radius: -1, ..Seeker::default() }; market.needs.len()],
            helpers,
            owner,
            holder: vec![FREE; slots],
            price: vec![0; slots],
            callers: Vec::new(),
            callers_known: false,
            ring: Vec::new(),
            index,
        }
    }

    /// Prepares a need; none of its units is placed yet, nor its options looked up.
    pub(super) fn open(&mut self, n: u32) {
        let need = &self.market.needs[n as usize];
        let seeker = &mut self.needs[n as usize];
        seeker.ceiling = GRAIN * PRIORITY * small(i64::from(need.priority));
        seeker.active = true;
        seeker.unserved = 0;
        seeker.worth = 0;
    }

    /// Sets the worth of a need that holds nothing to what its cheapest option asks.
    pub(super) fn appraise(&mut self, n: u32) {
        let mut worth = self.needs[n as usize].ceiling;
        let mut at = 0;
        while let Some(arc) = self.option(n, at, worth) {
            worth = worth.min(arc.cost + self.price[arc.hub as usize]);
            at += 1;
        }
        self.needs[n as usize].worth = worth;
    }

    /// The `at`-th nearest option of a need, if it is nearer than `reach`.
    #[inline]
    pub(super) fn option(&mut self, n: u32, at: usize, reach: i32) -> Option<Arc> {
        loop {
            let seeker = &mut self.needs[n as usize];
            if seeker.sorted < seeker.arcs.len() {
                // Each ring lies beyond the one before.
                seeker.arcs[seeker.sorted..].sort_unstable_by_key(|arc| (arc.cost, arc.hub));
                seeker.sorted = seeker.arcs.len();
            }
            if let Some(&arc) = seeker.arcs.get(at) {
                return (arc.cost < reach).then_some(arc);
            }
            if seeker.radius >= self.limit || (seeker.radius + 1) * GRAIN >= reach {
                return None;
            }
            let radius = seeker.radius;
            self.widen(n, (reach / GRAIN + 1).min((2 * radius).max(FIRST_RING)));
        }
    }

    /// Lists all options, in no order.
    pub(super) fn list_all(&mut self, n: u32) {
        if self.needs[n as usize].radius < self.limit {
            self.widen(n, self.limit);
        }
    }

    /// Lists the options up to a distance.
    fn widen(&mut self, n: u32, radius: i32) {
        let seeker = &mut self.needs[n as usize];
        let radius = radius.min(self.limit);
        self.ring.clear();
        self.index.ring(&self.market.needs[n as usize], seeker.radius, radius, false, &mut self.ring);
        seeker.radius = radius;
        for arc in &mut self.ring {
            arc.cost *= GRAIN;
            if self.callers_known {
                self.callers[arc.hub as usize].push((n, arc.cost));
            }
        }
        seeker.arcs.extend_from_slice(&self.ring);
    }

    /// The square a need lies in, or the nearest one.
    pub(super) fn square_of_need(&self, n: u32) -> usize {
        let need = &self.market.needs[n as usize];
        self.index.square(need.x, need.y)
    }

    /// The square a helper lives in.
    pub(super) fn square_of_helper(&self, h: u32) -> usize {
        let helper = &self.market.helpers[h as usize];
        self.index.square(helper.x, helper.y)
    }

    /// Takes a need out of the book and gives the slots it held, vacant and still priced.
    pub(super) fn close(&mut self, n: u32) -> Vec<u32> {
        let seeker = &mut self.needs[n as usize];
        seeker.active = false;
        seeker.unserved = 0;
        let held = std::mem::take(&mut seeker.held);
        for arc in &held {
            self.holder[arc.hub as usize] = VACANT;
        }
        held.into_iter().map(|arc| arc.hub).collect()
    }

    /// The slots of a helper.
    #[inline]
    pub(super) fn slots(&self, helper: u32) -> std::ops::Range<usize> {
        self.index.first[helper as usize] as usize..self.index.first[helper as usize + 1] as usize
    }

    /// Gives a slot to a need; capacity and prices are the caller's business.
    pub(super) fn give(&mut self, slot: u32, cost: i32, n: u32) {
        self.holder[slot as usize] = n;
        let seeker = &mut self.needs[n as usize];
        seeker.held.push(Arc { hub: slot, cost });
        self.price[slot as usize] = seeker.worth - cost;
    }

    /// Takes a slot from its holder.
    pub(super) fn take(&mut self, slot: u32, state: u32) {
        let n = self.holder[slot as usize];
        self.holder[slot as usize] = state;
        let held = &mut self.needs[n as usize].held;
        if let Some(at) = held.iter().position(|arc| arc.hub == slot) {
            held.swap_remove(at);
        }
    }

    /// Changes the worth of a need, and with it the prices of what it holds.
    pub(super) fn set_worth(&mut self, n: u32, worth: i32) {
        let seeker = &mut self.needs[n as usize];
        seeker.worth = worth;
        for arc in &seeker.held {
            self.price[arc.hub as usize] = worth - arc.cost;
        }
    }

    /// Changes what a helper asks for its free slots.
    pub(super) fn set_floor(&mut self, helper: u32, floor: i32) {
        self.helpers[helper as usize].floor = floor;
        for slot in self.slots(helper) {
            if self.holder[slot] == FREE {
                self.price[slot] = floor;
            }
        }
    }

    /// Whether nothing is placed yet.
    pub(super) fn empty(&self) -> bool {
        self.helpers.iter().all(|giver| giver.used == 0)
            && self.needs.iter().all(|seeker| seeker.unserved == 0)
    }

    /// Total cost: metres plus the price of what stays unserved.
    pub(super) fn cost(&self) -> i64 {
        let active = self.needs.iter().filter(|seeker| seeker.active);
        let sum: i64 = active
            .map(|seeker| {
                let metres: i64 = seeker.held.iter().map(|arc| i64::from(arc.cost)).sum();
                metres + i64::from(seeker.ceiling) * i64::from(seeker.unserved)
            })
            .sum();
        sum / i64::from(GRAIN)
    }

    /// Proves the present matching optimal, from scratch and over all options.
    pub(super) fn certify(&self) -> Result<(), String> {
        for (h, giver) in self.helpers.iter().enumerate() {
            let slots = self.slots(crate::num::idx(h));
            let used = slots.clone().filter(|&slot| self.holder[slot] != FREE).count();
            if int(used) != i64::from(giver.used) || giver.used > giver.capacity {
                return Err(format!("helper {h} gives {used} of {}", giver.capacity));
            }
            if giver.floor < 0 || (giver.floor > 0 && giver.used < giver.capacity) {
                return Err(format!("helper {h} has capacity left and asks {}", giver.floor));
            }
            for slot in slots {
                let gap = self.price[slot] - giver.floor;
                if gap < 0 || (gap > 0 && self.holder[slot] == FREE) || self.holder[slot] == VACANT {
                    return Err(format!("slot {slot} is priced {gap} above its helper"));
                }
            }
        }
        for (n, seeker) in self.needs.iter().enumerate().filter(|(_, seeker)| seeker.active) {
            let need = &self.market.needs[n];
            if int(seeker.held.len()) + i64::from(seeker.unserved) != i64::from(need.units) {
                return Err(format!("need {n} has {} units of {}", seeker.held.len(), need.units));
            }
            if seeker.worth > seeker.ceiling || (seeker.worth < seeker.ceiling && seeker.unserved > 0) {
                return Err(format!("need {n} is worth {}", seeker.worth));
            }
            for arc in &seeker.held {
                if self.holder[arc.hub as usize] as usize != n
                    || arc.cost + self.price[arc.hub as usize] != seeker.worth
                {
                    return Err(format!("need {n} holds slot {} at another price than its worth", arc.hub));
                }
            }
            for arc in self.index.options(need) {
                let asked = self.price[self.index.stand_in(arc.hub, self.owner[arc.hub as usize]) as usize];
                let gap = arc.cost * GRAIN + asked - seeker.worth;
                if gap < 0 || (gap > 0 && self.holder[arc.hub as usize] as usize == n) {
                    return Err(format!("need {n} and slot {}: reduced cost {gap}", arc.hub));
                }
            }
        }
        Ok(())
    }
}
