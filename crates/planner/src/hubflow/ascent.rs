//! Warm start: prices first, then flow (对偶坐标上升).
//!
//! Where every hub has exactly one link, straight to the sink and free of charge, the dual has one price `p ≥ 0`
//! per hub: an item goes where `cost + price` is least. The best price of one hub, all others fixed, is the value at
//! which just enough members leave: a weighted selection over the differences to their next choices. Sweeping over
//! the hubs that are out of balance is coordinate ascent on the concave dual (Bertsekas, *Network Optimization*,
//! 1998, ch. 6). The dual is not smooth, so ascent may stop short of the optimum; that costs nothing but a few more
//! augmentations afterwards, because any prices are a valid start of [`super::search`].
//!
//! Steps go [`OVER`] times as far as the coordinate's own optimum (successive over-relaxation, Young 1971), because
//! prices of neighbouring hubs rise together; the last round takes exact steps.
//!
//! Cost: `O(arcs · degree)` per full sweep.

use super::Network;
use crate::num::idx;

/// Over-relaxation in tenths.
const OVER: i64 = 16;

/// A price no walk is worth; stands for "no other choice".
const FAR: i64 = i64::MAX / 4;

impl Network {
    /// Improves the prices by at most `sweeps` rounds. Call before [`Self::start`]; does nothing on networks whose
    /// hubs do not all have a single free link to the sink.
    pub fn ascend(&mut self, sweeps: usize) {
        let hubs = self.excess.len() - 1;
        let sink = self.sink();
        let mut room = Vec::with_capacity(hubs);
        for list in &self.touching[..hubs] {
            match list.as_slice() {
                [id] if self.links[*id as usize].to == sink && self.links[*id as usize].cost == 0 => {
                    room.push(self.links[*id as usize].cap);
                }
                _ => return,
            }
        }
        let callers = self.callers(hubs);
        let mut price: Vec<i64> = (0..hubs).map(|h| self.price(idx(h))).collect();
        let mut offers = Vec::new();
        for sweep in 1..=sweeps {
            let step = if sweep == sweeps { 10 } else { OVER };
            let mut unbalanced = false;
            let load = self.loads(&price);
            for hub in 0..hubs {
                let balanced = if price[hub] > 0 { load[hub] == room[hub] } else { load[hub] <= room[hub] };
                if !balanced {
                    let best = self.best_price(hub, room[hub], &price, &callers, &mut offers);
                    unbalanced |= best != price[hub];
                    price[hub] = (price[hub] + (best - price[hub]) * step / 10).max(0);
                }
            }
            if !unbalanced {
                break;
            }
        }
        let top = self.potential[hubs];
        for (hub, &price) in price.iter().enumerate() {
            self.potential[hub] = top - price;
        }
    }

    /// Transposed arcs: for every hub the arcs that lead to it.
    fn callers(&self, hubs: usize) -> (Vec<u32>, Vec<u32>) {
        let mut start = vec![0_u32; hubs + 2];
        for arc in &self.arcs {
            start[arc.hub as usize + 2] += 1;
        }
        for hub in 2..start.len() {
            start[hub] += start[hub - 1];
        }
        let mut list = vec![0_u32; self.arcs.len()];
        for (id, arc) in self.arcs.iter().enumerate() {
            let at = &mut start[arc.hub as usize + 1];
            list[*at as usize] = idx(id);
            *at += 1;
        }
        (start, list)
    }

    /// How many units would stand at each hub under these prices.
    fn loads(&self, price: &[i64]) -> Vec<i64> {
        let mut load = vec![0_i64; price.len()];
        for item in 0..self.supply.len() {
            let best =
                self.arcs_of(item).iter().min_by_key(|arc| i64::from(arc.cost) + price[arc.hub as usize]);
            if let Some(arc) = best {
                load[arc.hub as usize] += i64::from(self.supply[item]);
            }
        }
        load
    }

    /// The price at which a hub is just full, the others' prices being fixed.
    fn best_price(
        &self,
        hub: usize,
        room: i64,
        price: &[i64],
        callers: &(Vec<u32>, Vec<u32>),
        offers: &mut Vec<(i64, i64)>,
    ) -> i64 {
        offers.clear();
        let mut captive = 0_i64;
        let range = callers.0[hub] as usize..callers.0[hub + 1] as usize;
        for &id in &callers.1[range] {
            let item = self.owner[id as usize] as usize;
            let mut other = FAR;
            for arc in self.arcs_of(item) {
                let value = i64::from(arc.cost) + price[arc.hub as usize];
                if value < other && arc.hub as usize != hub {
                    other = value;
                }
            }
            let supply = i64::from(self.supply[item]);
            if other == FAR {
                captive += supply;
            } else if other > i64::from(self.arcs[id as usize].cost) {
                offers.push((other - i64::from(self.arcs[id as usize].cost), supply));
            }
        }
        threshold(offers, room - captive)
    }
}

/// The largest `v` among the offers at which those offering at least `v` do not fit into `room`; 0 if all fit.
fn threshold(offers: &mut [(i64, i64)], mut room: i64) -> i64 {
    if offers.is_empty() || offers.iter().map(|offer| offer.1).sum::<i64>() <= room {
        return 0;
    }
    let mut rest = offers;
    loop {
        let middle = rest.len() / 2;
        let (above, &mut pivot, below) = rest.select_nth_unstable_by(middle, |a, b| b.0.cmp(&a.0));
        let weight: i64 = above.iter().map(|offer| offer.1).sum();
        if weight > room {
            rest = above;
        } else if weight + pivot.1 > room || below.is_empty() {
            return pivot.0;
        } else {
            room -= weight + pivot.1;
            rest = below;
        }
        if rest.is_empty() {
            return pivot.0;
        }
    }
}
