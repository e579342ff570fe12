//! Warm start where room is scarce: bidding (拍卖算法).
//!
//! For networks of many small hubs — one hour of one helper — prices are found by the auction algorithm (Bertsekas
//! 1988): a unit without a place bids for the place that is cheapest to it, by as much as it would lose at its
//! second choice plus ε, and whoever held the place looks again. Places nobody bid for stay free of charge, which
//! is what optimality of the asymmetric problem asks. The prices are within ε of optimal ones per unit; the exact
//! search ([`super::search`]) starts from them and has little left to do.
//!
//! A *place* is a unit of capacity of the last hub before the sink; hubs that lead to a common one share its places,
//! and what else their links forbid is left to the exact search. Cost: one scan of an item's arcs per bid.

use super::{NONE, Network};
use crate::num::idx;

/// Bids per unit, on average, after which the prices are taken as they are.
const PATIENCE: usize = 60;

impl Network {
    /// Finds prices by bidding with increment `epsilon`. Call before [`Self::start`].
    pub fn bid(&mut self, epsilon: i64) {
        let hubs = self.excess.len() - 1;
        let sink = self.sink();
        // The hub that owns the places behind each hub: itself, or the one its only outgoing link leads to.
        let owner: Vec<u32> = (0..hubs)
            .map(|hub| {
                let out = self.touching[hub].iter().map(|&id| self.links[id as usize]);
                let mut out = out.filter(|link| link.from as usize == hub);
                out.next().map_or(NONE, |link| if link.to == sink { idx(hub) } else { link.to })
            })
            .collect();
        let mut first = vec![0_usize];
        for hub in 0..hubs {
            let own = self.touching[hub].iter().map(|&id| self.links[id as usize]);
            let room: i64 = own
                .filter(|link| link.from as usize == hub && link.to == sink)
                .map(|link| link.cap.min(64))
                .sum();
            first.push(first[hub] + crate::num::pos(room));
        }
        let mut price = vec![0_i64; first[hubs]];
        let mut holder = vec![NONE; first[hubs]];
        let mut waiting: Vec<u32> = Vec::new();
        for (item, &supply) in self.supply.iter().enumerate().rev() {
            waiting.extend((0..supply).map(|_| idx(item)));
        }
        let mut bids = PATIENCE * waiting.len();
        while let Some(item) = waiting.pop() {
            if bids == 0 {
                break;
            }
            bids -= 1;
            let (mut best, mut second, mut place) = (i64::MAX, i64::MAX, NONE);
            for arc in self.arcs_of(item as usize) {
                let cost = i64::from(arc.cost);
                if arc.hub == sink {
                    if cost < best {
                        (second, best, place) = (best, cost, NONE);
                    } else {
                        second = second.min(cost);
                    }
                    continue;
                }
                let own = owner[arc.hub as usize] as usize;
                let Some(&end) = first.get(own + 1) else {
                    continue;
                };
                for (at, &price) in price.iter().enumerate().take(end).skip(first[own]) {
                    let value = cost + price;
                    if value < best {
                        (second, best, place) = (best, value, idx(at));
                    } else if value < second && at != place as usize {
                        second = value;
                    }
                }
            }
            if place == NONE {
                continue;
            }
            let place = place as usize;
            price[place] += second.min(best + 1_000_000) - best + epsilon;
            if holder[place] != NONE {
                waiting.push(holder[place]);
            }
            holder[place] = item;
        }
        let top = self.potential[hubs];
        for (hub, &own) in owner.iter().enumerate() {
            let own = own as usize;
            let range = first.get(own).copied().unwrap_or(0)..first.get(own + 1).copied().unwrap_or(0);
            let least = price[range].iter().min().copied().unwrap_or(0);
            self.potential[hub] = top - least;
        }
    }
}
