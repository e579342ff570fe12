//! First places for the many: bidding (拍卖).
//!
//! A unit without a place takes the slot that is cheapest to it and raises its price to where the second choice would
//! be as good; whoever held it looks again (auction algorithm, Bertsekas 1988). The units of one need do not bid
//! against each other, and its slots carry one common worth (similar persons, Bertsekas & Castañon 1989). Without an ε
//! the book stays exact, and a unit whose bid would displace somebody without raising a price is put aside (augmenting
//! row reduction, Jonker & Volgenant 1987).
//! Cost: the options nearer than the second choice, per bid.

use super::book::{Book, FREE, VACANT};
use crate::hubflow::Arc;
use crate::num::idx;

/// Bids per unit, on average, after which the rest is left to the exact search.
const PATIENCE: usize = 40;

/// What a unit would choose.
struct Choice {
    /// The slot; none if staying unserved is as good.
    best: Option<Arc>,
    /// The slot whose holder would have to go, if any.
    out: Option<u32>,
    value: i32,
    second: i32,
}

impl Book<'_> {
    /// Places the waiting units, and gives those that were put aside or are left when patience ends.
    pub(super) fn bid(&mut self, mut waiting: Vec<u32>) -> Vec<u32> {
        let mut bids = PATIENCE * waiting.len();
        let mut aside = Vec::new();
        while bids > 0 {
            bids -= 1;
            let Some(n) = waiting.pop() else {
                break;
            };
            let Choice { best, out, value, second } = self.choose(n);
            let Some(best) = best else {
                let seeker = &mut self.needs[n as usize];
                seeker.unserved += 1;
                let worth = seeker.ceiling;
                self.raise(n, worth);
                continue;
            };
            if out.is_some() && second == value {
                aside.push(n);
                continue;
            }
            match out {
                None => self.helpers[self.owner[best.hub as usize] as usize].used += 1,
                Some(out) => {
                    waiting.push(self.holder[out as usize]);
                    self.take(out, if out == best.hub { VACANT } else { FREE });
                }
            }
            self.raise(n, second);
            self.give(best.hub, best.cost, n);
            self.lift_floor(self.owner[best.hub as usize]);
        }
        aside.append(&mut waiting);
        aside
    }

    /// The cheapest slot a need does not hold, and what the second choice is worth.
    fn choose(&mut self, n: u32) -> Choice {
        let ceiling = self.needs[n as usize].ceiling;
        let mut choice = Choice { best: None, out: None, value: ceiling, second: ceiling };
        let mut at = 0;
        loop {
            // What is listed already, in one go; no slot can be had for less than its price.
            let arcs = &self.needs[n as usize].arcs;
            while let Some(&arc) = arcs.get(at) {
                if arc.cost >= choice.second {
                    return choice;
                }
                at += 1;
                if arc.cost + self.price[arc.hub as usize] < choice.second {
                    self.consider(n, arc, &mut choice);
                }
            }
            // More of them, if what is farther can matter.
            if self.option(n, at, choice.second).is_none() {
                return choice;
            }
        }
    }

    /// Compares a slot with the best two choices so far.
    fn consider(&self, n: u32, arc: Arc, choice: &mut Choice) {
        let slot = arc.hub as usize;
        let holder = self.holder[slot];
        if holder == n {
            return;
        }
        let mut here = arc.cost + self.price[slot];
        let mut out = Some(arc.hub);
        if holder == FREE {
            let giver = self.helpers[self.owner[slot] as usize];
            out = None;
            if giver.used >= giver.capacity {
                // Somebody of this helper would have to go, and not this need itself.
                let others =
                    self.slots(self.owner[slot]).filter(|&s| self.holder[s] != FREE && self.holder[s] != n);
                let Some(other) = others.min_by_key(|&s| self.price[s]) else {
                    return;
                };
                here = arc.cost + self.price[other];
                out = Some(idx(other));
            }
        }
        if here < choice.value {
            *choice = Choice { best: Some(arc), out, value: here, second: choice.value };
        } else if here < choice.second {
            choice.second = here;
        }
    }

    /// Raises the worth of a need, its prices, and what its helpers ask.
    pub(super) fn raise(&mut self, n: u32, worth: i32) {
        self.set_worth(n, worth);
        for at in 0..self.needs[n as usize].held.len() {
            let slot = self.needs[n as usize].held[at].hub;
            self.lift_floor(self.owner[slot as usize]);
        }
    }

    /// A helper without capacity left asks as much as its cheapest unit would lose.
    pub(super) fn lift_floor(&mut self, helper: u32) {
        let giver = self.helpers[helper as usize];
        if giver.used == giver.capacity {
            let taken = self.slots(helper).filter(|&slot| self.holder[slot] != FREE);
            if let Some(lowest) = taken.map(|slot| self.price[slot]).min()
                && lowest > giver.floor
            {
                self.set_floor(helper, lowest);
            }
        }
    }
}
