//! Warm start: prices first, then flow (对偶牛顿法).
//!
//! Where every hub has exactly one link, straight to the sink and free of charge, the dual has one price `p ≥ 0`
//! per hub: an item goes where `cost + price` is least, and the slope of the dual at a hub is what comes to it minus
//! its room. Items are many and lie everywhere, so the dual is nearly smooth: a price difference that changes by δ
//! sends over those whose second choice is less than δ worse. Counting them gives the Hessian, a weighted Laplacian
//! over neighbouring hubs ([`super::balance`]), and a few Newton steps balance the whole area at once, where changing
//! one price at a time creeps from neighbour to neighbour. Source: damped Newton for semi-discrete optimal transport
//! (Kitagawa, Mérigot & Thibert 2019), here with a bounded step and a search along it.
//!
//! Neighbouring items stand next to each other in the list, so where there is room to spare every fourth of them shows
//! the same borders: the first steps are made on that sample, the last ones on all.
//!
//! Invariant: the prices kept are those with the largest dual value seen, of the sample first, of all items in the end. Any prices are a valid start of
//! [`super::search`], so nothing here can spoil the optimum, only the number of augmentations that are left.
//!
//! Cost: `O(arcs)` per round.

use super::Network;
use super::balance::Balance;
use crate::num::{idx, int, round, small};

/// A second choice counts as near within the mean difference between first and second choices, later within less.
const NARROWER: f64 = 0.7;
const NARROWEST: f64 = 0.15;

/// How much farther the next step may go after one that was good as it was.
const FARTHER: f64 = 1.3;

/// Units out of place per hub that are left to the search.
const FEW: i64 = 16;

/// The same where there is room to spare, so that the search has not far to go.
const FEW_ROOMY: i64 = 30;

/// Where there is room to spare, the first passes look at every fourth item, and count it four times.
const STRIDE: usize = 4;
const SAMPLED: usize = 5;

/// Sampled items a hub must have on average, and how many of a hundred places may be taken.
const LEAST_ITEMS: usize = 8;
const FULL: i64 = 82;

/// Low bits of a key hold the hub, the others its value; so the two least of a list are found without branches.
const HUB_BITS: u32 = 22;
const HUB_MASK: i64 = (1 << HUB_BITS) - 1;

/// A key no choice has.
const NO_CHOICE: i64 = i64::MAX;

/// An item with a second choice: both hubs, how much worse the second is, and the item's units.
#[derive(Clone, Copy)]
pub(super) struct Rival {
    pub(super) first: u32,
    pub(super) second: u32,
    pub(super) gap: i64,
    pub(super) units: i32,
}

/// What one pass over the items finds under some prices.
#[derive(Default)]
pub(super) struct Census {
    /// Units that come to each hub beyond its room.
    pub(super) pull: Vec<i64>,
    pub(super) rivals: Vec<Rival>,
    /// The dual value.
    value: i64,
}

impl Census {
    /// Units out of place: too many at a hub, or missing where a price stands.
    fn astray(&self, price: &[i64]) -> i64 {
        let astray = self.pull.iter().zip(price).filter(|&(&pull, &price)| pull > 0 || price > 0);
        astray.map(|(pull, _)| pull.abs()).sum()
    }

    /// Mean difference between first and second choice.
    fn mean_gap(&self) -> f64 {
        let sum: i64 = self.rivals.iter().map(|rival| rival.gap).sum();
        sum as f64 / int(self.rivals.len().max(1)) as f64
    }
}

/// The prices found so far, and how the next step is to be made.
struct Climb {
    best: Vec<i64>,
    /// Mean difference between first and second choices at the start.
    mean: f64,
    width: f64,
    balance: Balance,
}

impl Network {
    /// Improves the prices in at most `rounds` passes. Call before [`Self::start`]; does nothing on networks whose
    /// hubs do not all have a single free link to the sink.
    pub fn ascend(&mut self, rounds: usize) {
        let hubs = self.excess.len() - 1;
        let Some(room) = self.single_rooms(hubs) else {
            return;
        };
        let best: Vec<i64> = (0..hubs).map(|h| self.price(idx(h))).collect();
        let mut climb = Climb { best, mean: 0.0, width: 0.0, balance: Balance::new(hubs) };
        if self.roomy(&room) {
            let exact = rounds.saturating_sub(SAMPLED).max(rounds / 2);
            self.climb(&mut climb, &room, (STRIDE, SAMPLED, 2 * FEW_ROOMY));
            self.climb(&mut climb, &room, (1, exact, FEW_ROOMY));
        } else {
            self.climb(&mut climb, &room, (1, rounds, FEW));
        }
        let best = climb.best;
        let top = self.potential[hubs];
        for (hub, &price) in best.iter().enumerate() {
            self.potential[hub] = top - price;
        }
    }

    /// Whether a sample of the items tells enough: many items per hub, and room to spare. Where nearly every place is
    /// taken, the noise of a sample drives prices up too far.
    fn roomy(&self, room: &[i64]) -> bool {
        let units: i64 = self.supply.iter().map(|&units| i64::from(units)).sum();
        let places = room.iter().fold(0_i64, |sum, &room| sum.saturating_add(room));
        self.supply.len() >= STRIDE * LEAST_ITEMS * room.len() && units < places / 100 * FULL
    }

    /// Newton steps on every `stride`th item, in at most `rounds` passes, until `few` units per hub are out of place.
    fn climb(&self, climb: &mut Climb, room: &[i64], (stride, rounds, few): (usize, usize, i64)) {
        let Climb { best, mean, width, balance } = climb;
        let hubs = best.len();
        let few = few * int(hubs);
        let mut price = best.clone();
        let mut census = Census::default();
        self.census(&price, room, stride, &mut census);
        let mut known = census.value;
        if *mean <= 0.0 {
            *mean = census.mean_gap();
            (*width, balance.most) = (*mean, *mean);
        }
        let least = NARROWEST * *mean;
        balance.aim(&census, &price, *width);
        let (mut slope, mut share) = (balance.slope(&census), 1.0_f64);
        for _ in 1..rounds {
            for hub in 0..hubs {
                price[hub] = (best[hub] + round(share * balance.step[hub])).clamp(0, HIGHEST);
            }
            self.census(&price, room, stride, &mut census);
            if census.value > known {
                known = census.value;
                best.clone_from(&price);
                if census.astray(&price) <= few {
                    break;
                }
                *width = (NARROWER * *width).max(least);
                balance.most *= if share < 1.0 { share.max(0.3) } else { FARTHER };
                balance.aim(&census, &price, *width);
                (slope, share) = (balance.slope(&census), 1.0);
            } else {
                // Too far: the slope along the step tells where its best point lies.
                let now = balance.slope(&census);
                share *= if now < 0.0 { (slope / (slope - now)).clamp(0.1, 0.7) } else { 0.5 };
            }
        }
    }

    /// The capacity of every hub's only link, if that is how this network is made.
    fn single_rooms(&self, hubs: usize) -> Option<Vec<i64>> {
        if hubs >> HUB_BITS > 0 {
            return None;
        }
        let sink = self.sink();
        let only = |list: &Vec<u32>| match list.as_slice() {
            [id] if self.links[*id as usize].to == sink && self.links[*id as usize].cost == 0 => {
                Some(self.links[*id as usize].cap)
            }
            _ => None,
        };
        self.touching[..hubs].iter().map(only).collect()
    }

    /// Sends every `stride`th item, counted that often, to its cheapest hub and looks at its second choice.
    fn census(&self, price: &[i64], room: &[i64], stride: usize, census: &mut Census) {
        census.pull.clear();
        census.pull.extend(room.iter().map(|&room| -room));
        census.rivals.clear();
        let mut value = -price.iter().zip(room).map(|(price, room)| price.saturating_mul(*room)).sum::<i64>();
        let each = small(int(stride));
        for item in (0..self.supply.len()).step_by(stride) {
            let (mut first, mut second) = (NO_CHOICE, NO_CHOICE);
            for arc in self.arcs_of(item) {
                let worth = i64::from(arc.cost) + price[arc.hub as usize];
                let key = (worth << HUB_BITS) | i64::from(arc.hub);
                second = second.min(first.max(key));
                first = first.min(key);
            }
            if first == NO_CHOICE {
                continue;
            }
            let units = self.supply[item].saturating_mul(each);
            census.pull[hub_of(first)] += i64::from(units);
            value += (first >> HUB_BITS) * i64::from(units);
            if second < NO_CHOICE {
                census.rivals.push(Rival {
                    first: idx(hub_of(first)),
                    second: idx(hub_of(second)),
                    gap: (second >> HUB_BITS) - (first >> HUB_BITS),
                    units,
                });
            }
        }
        census.value = value;
    }
}

/// The hub in a key.
fn hub_of(key: i64) -> usize {
    crate::num::pos(key & HUB_MASK)
}

/// No price rises above this, so that keys and sums stay within their bits.
const HIGHEST: i64 = 1 << 36;

#[cfg(test)]
mod tests {
    use super::Network;
    use crate::num::{idx, int, pos, small};
    use crate::problem::Arc;
    use crate::rng::Rng;

    /// Hubs on a line, items everywhere along it, and room for `spare` more than come.
    fn line(spare: i64, seed: u64) -> Network {
        let (hubs, items) = (6_i64, 400_i64);
        let mut rng = Rng::new(seed);
        let mut net = Network::new(6);
        let sink = net.sink();
        let sizes: Vec<i32> = (0..items).map(|_| 1 + small(int(rng.below(9)))).collect();
        let sum: i64 = sizes.iter().map(|&n| i64::from(n)).sum();
        for hub in 0..hubs {
            let uneven = if hub % 2 == 0 { 3 } else { 1 };
            net.add_link(idx(pos(hub)), sink, (sum + spare) * uneven / 12 + 1, 0);
        }
        for (item, &size) in (0_i64..).zip(&sizes) {
            let arcs: Vec<Arc> = (0..hubs)
                .map(|hub| Arc { hub: idx(pos(hub)), cost: small((100 * hub - item * 600 / items).abs()) })
                .collect();
            net.add_item(size, &arcs);
        }
        net
    }

    #[test]
    fn sampled_or_not_the_flow_is_optimal() {
        for (spare, sampled) in [(0, false), (1_200, true), (4_000, true)] {
            for seed in 1..6 {
                let (mut with, mut without) = (line(spare, seed), line(spare, seed));
                let room = with.single_rooms(6).unwrap();
                assert_eq!(with.roomy(&room), sampled);
                with.ascend(14);
                for net in [&mut with, &mut without] {
                    net.start();
                    net.settle().unwrap();
                    net.certify().unwrap();
                }
                assert_eq!(with.cost(), without.cost());
                assert!(with.augmentations <= without.augmentations);
            }
        }
    }
}
