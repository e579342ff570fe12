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
//! Invariant: the prices kept are those with the largest dual value seen. Any prices are a valid start of
//! [`super::search`], so nothing here can spoil the optimum, only the number of augmentations that are left.
//!
//! Cost: one pass of [`super::census`] per round.

use super::Network;
use super::balance::Balance;
use super::census::{Census, HIGHEST, Lists};
use crate::num::{idx, int, round};

/// A second choice counts as near within the mean difference between first and second choices, later within less.
const NARROWER: f64 = 0.65;
const NARROWEST: f64 = 0.15;

/// How much farther the next step may go after one that was good as it was.
const FARTHER: f64 = 1.3;

/// Units out of place per hub that are left to the search.
const FEW: i64 = 16;

/// Choices are dropped once what has to be kept beyond the second one is less than so many widths; the margin is that
/// many times the largest difference that the next step makes.
const DROP: f64 = 3.0;
const MARGIN: f64 = 2.0;

/// So few units are out of place, too many at a hub or missing where a price stands, that the search is quicker.
fn balanced(census: &Census, price: &[i64]) -> bool {
    let astray = census.pull.iter().zip(price).filter(|&(&pull, &price)| pull > 0 || price > 0);
    astray.map(|(pull, _)| pull.abs()).sum::<i64>() <= FEW * int(price.len())
}

/// The largest difference among these.
fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for value in values {
        (low, high) = (low.min(value), high.max(value));
    }
    high - low
}

impl Network {
    /// Improves the prices in at most `rounds` passes. Call before [`Self::start`]; does nothing on networks whose
    /// hubs do not all have a single free link to the sink.
    pub fn ascend(&mut self, rounds: usize) {
        let hubs = self.excess.len() - 1;
        let Some(lists) = self.single_rooms(hubs).and_then(|room| Lists::new(self, room)) else {
            return;
        };
        let mut price: Vec<i64> = (0..hubs).map(|h| self.price(idx(h))).collect();
        let mut best = price.clone();
        let mut census = Census::default();
        let mut width = lists.mean_gap(&price);
        let least = NARROWEST * width;
        lists.count(&price, width, &mut census);
        let mut known = census.value;
        let mut balance = Balance::new(hubs, width);
        balance.aim(&census, &price, width);
        let (mut slope, mut share) = (balance.slope(&census), 1.0_f64);
        // Lists without far choices, good while no price difference has changed more than the margin since.
        let mut near: Option<(Lists, Vec<i64>, f64)> = None;
        for _ in 1..rounds {
            for hub in 0..hubs {
                price[hub] = (best[hub] + round(share * balance.step[hub])).clamp(0, HIGHEST);
            }
            let narrower = (NARROWER * width).max(least);
            near = near.filter(|(_, then, margin)| {
                spread(price.iter().zip(then).map(|(a, b)| (a - b) as f64)) <= *margin
            });
            near.as_ref().map_or(&lists, |near| &near.0).count(&price, narrower, &mut census);
            if census.value > known {
                known = census.value;
                best.clone_from(&price);
                if balanced(&census, &price) {
                    break;
                }
                width = narrower;
                balance.most *= if share < 1.0 { share.max(0.3) } else { FARTHER };
                balance.aim(&census, &price, width);
                (slope, share) = (balance.slope(&census), 1.0);
                let margin = MARGIN * spread(balance.step.iter().copied());
                if near.as_ref().map_or(margin < DROP * width, |near| margin < 0.5 * near.2) {
                    near = Some((lists.without_far(&price, margin, width), price.clone(), margin));
                }
            } else {
                // Too far: the slope along the step tells where its best point lies.
                let now = balance.slope(&census);
                share *= if now < 0.0 { (slope / (slope - now)).clamp(0.1, 0.7) } else { 0.5 };
            }
        }
        let top = self.potential[hubs];
        for (hub, &price) in best.iter().enumerate() {
            self.potential[hub] = top - price;
        }
    }

    /// The capacity of every hub's only link, if that is how this network is made.
    fn single_rooms(&self, hubs: usize) -> Option<Vec<i64>> {
        let sink = self.sink();
        let only = |list: &Vec<u32>| match list.as_slice() {
            [id] if self.links[*id as usize].to == sink && self.links[*id as usize].cost == 0 => {
                Some(self.links[*id as usize].cap)
            }
            _ => None,
        };
        self.touching[..hubs].iter().map(only).collect()
    }
}
