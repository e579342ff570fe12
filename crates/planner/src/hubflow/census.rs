//! Who goes where under some prices (择点普查): the pass that [`super::ascent`] makes again and again.
//!
//! The choices are copied once, so that a pass is a straight run over memory: items with equally many choices lie
//! together (the inner loop has one length and is foretold by the processor), and a choice is one number, its cost above
//! its hub, so that the two least are found without branches and the price only has to be added.
//!
//! Once prices are nearly right, choices far beyond an item's second are dropped, and items with one choice left are
//! counted once and for all ([`Lists::without_far`]). Invariant: as long as no price difference has changed by more than
//! the margin since, every item still has its cheapest choice, so the units that come to each hub and the value are
//! those of the whole lists; [`super::ascent`] goes back to these otherwise.
//!
//! Cost: `O(choices left)` per pass.

use super::Network;
use crate::num::{idx, pos};

/// Low bits of a key hold the hub, the others its value.
const HUB_BITS: u32 = 22;
const HUB_MASK: i64 = (1 << HUB_BITS) - 1;

/// A key no choice has.
const NO_CHOICE: i64 = i64::MAX;

/// No price rises above this, so that keys and sums stay within their bits.
pub(super) const HIGHEST: i64 = 1 << 36;

/// One item of so many is asked how far its second choice is.
const SAMPLE: usize = 16;

/// An item near its second choice: both hubs, and the item's units.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rival {
    pub(super) first: u32,
    pub(super) second: u32,
    pub(super) units: i32,
}

/// What one pass over the items finds under some prices.
#[derive(Default)]
pub(super) struct Census {
    /// Units that come to each hub beyond its room.
    pub(super) pull: Vec<i64>,
    /// Items whose second choice is nearer than asked for; only the first `near` entries count.
    rivals: Vec<Rival>,
    near: usize,
    /// The dual value.
    pub(super) value: i64,
    /// Prices, moved to where a key has its value.
    lifted: Vec<i64>,
}

impl Census {
    /// Items near their second choice.
    pub(super) fn rivals(&self) -> &[Rival] {
        &self.rivals[..self.near]
    }
}

/// Choices of all items, those with equally many together.
#[derive(Default)]
pub(super) struct Lists {
    /// How many choices, how many items.
    runs: Vec<(usize, usize)>,
    keys: Vec<i64>,
    units: Vec<i32>,
    /// Room of each hub without the units that have no other choice, and what those pay on the way.
    room: Vec<i64>,
    paid: i64,
}

impl Lists {
    /// The choices of a network whose hubs have that much room; `None` if there are too many hubs for a key.
    pub(super) fn new(net: &Network, room: Vec<i64>) -> Option<Self> {
        if room.len() >> HUB_BITS > 0 {
            return None;
        }
        let most = net.count.iter().max().map_or(0, |&n| n as usize);
        let mut items_of = vec![0_usize; most + 1];
        for &count in &net.count {
            items_of[count as usize] += 1;
        }
        let mut lists = Self { room, ..Self::default() };
        // Where the next item and the next choice of each length go.
        let mut next = vec![(0, 0); most + 1];
        let (mut items, mut keys) = (0, 0);
        for length in 2..=most {
            next[length] = (items, keys);
            items += items_of[length];
            keys += items_of[length] * length;
            if items_of[length] > 0 {
                lists.runs.push((length, items_of[length]));
            }
        }
        lists.units.resize(items, 0);
        lists.keys.resize(keys, 0);
        for item in 0..net.supply.len() {
            match net.arcs_of(item) {
                [] => {}
                &[arc] => lists.fix(key(arc.cost, arc.hub), net.supply[item]),
                arcs => {
                    let (unit, start) = &mut next[arcs.len()];
                    lists.units[*unit] = net.supply[item];
                    for (place, arc) in lists.keys[*start..*start + arcs.len()].iter_mut().zip(arcs) {
                        *place = key(arc.cost, arc.hub);
                    }
                    *unit += 1;
                    *start += arcs.len();
                }
            }
        }
        Some(lists)
    }

    /// Counts an item with a single choice once and for all.
    fn fix(&mut self, key: i64, units: i32) {
        self.room[hub_of(key)] -= i64::from(units);
        self.paid += (key >> HUB_BITS) * i64::from(units);
    }

    /// Mean difference between first and second choice under some prices, of one item in [`SAMPLE`].
    pub(super) fn mean_gap(&self, price: &[i64]) -> f64 {
        let lifted: Vec<i64> = price.iter().map(|price| price << HUB_BITS).collect();
        let (mut gaps, mut paired) = (0, 0);
        let mut keys = self.keys.as_slice();
        for &(length, items) in &self.runs {
            let (run, rest) = keys.split_at(length * items);
            keys = rest;
            for choices in run.chunks_exact(length).step_by(SAMPLE) {
                let (first, second) = two_least(choices, &lifted);
                gaps += (second >> HUB_BITS) - (first >> HUB_BITS);
                paired += 1;
            }
        }
        gaps as f64 / f64::from(paired.max(1))
    }

    /// Sends every item to its cheapest hub and notes who is less than `near` from the second choice.
    pub(super) fn count(&self, price: &[i64], near: f64, census: &mut Census) {
        census.pull.clear();
        census.pull.extend(self.room.iter().map(|&room| -room));
        census.lifted.clear();
        census.lifted.extend(price.iter().map(|price| price << HUB_BITS));
        census.rivals.resize(self.units.len() + 1, Rival::default());
        let near = crate::num::round(near);
        let worth = price.iter().zip(&self.room).map(|(price, room)| price.saturating_mul(*room));
        let mut value = self.paid - worth.sum::<i64>();
        let mut found = 0;
        let (mut keys, mut all) = (self.keys.as_slice(), self.units.as_slice());
        for &(length, items) in &self.runs {
            let (run, rest) = keys.split_at(length * items);
            let (units, others) = all.split_at(items);
            (keys, all) = (rest, others);
            for (choices, &units) in run.chunks_exact(length).zip(units) {
                let (first, second) = two_least(choices, &census.lifted);
                let hub = hub_of(first);
                let many = i64::from(units);
                census.pull[hub] += many;
                value += (first >> HUB_BITS) * many;
                let gap = (second >> HUB_BITS) - (first >> HUB_BITS);
                // Written always and counted only if near: a branch here would be guessed wrong half of the time.
                census.rivals[found] = Rival { first: idx(hub), second: idx(hub_of(second)), units };
                found += usize::from(gap < near);
            }
        }
        (census.near, census.value) = (found, value);
    }

    /// The lists without the choices farther than `margin` beyond an item's second at these prices.
    /// Whose second choice is `near` farther than that has one choice left.
    pub(super) fn without_far(&self, price: &[i64], margin: f64, near: f64) -> Self {
        let lifted: Vec<i64> = price.iter().map(|price| price << HUB_BITS).collect();
        let apart = crate::num::round(margin + near) << HUB_BITS;
        let margin = crate::num::round(margin) << HUB_BITS;
        let longest = self.runs.last().map_or(0, |run| run.0);
        let mut kept: Vec<(Vec<i64>, Vec<i32>)> = vec![Default::default(); longest + 1];
        let mut few = vec![0; longest + 1];
        let mut less = Self { room: self.room.clone(), paid: self.paid, ..Self::default() };
        let (mut keys, mut all) = (self.keys.as_slice(), self.units.as_slice());
        for &(length, items) in &self.runs {
            let (run, rest) = keys.split_at(length * items);
            let (units, others) = all.split_at(items);
            (keys, all) = (rest, others);
            for (choices, &units) in run.chunks_exact(length).zip(units) {
                let (first, second) = two_least(choices, &lifted);
                if second - first > apart {
                    less.fix(first - lifted[hub_of(first)], units);
                    continue;
                }
                // Written always and counted only if near, as in a pass.
                let mut found = 0;
                for &key in choices {
                    few[found] = key;
                    found += usize::from(key + lifted[hub_of(key)] <= second + margin);
                }
                let (keys, items) = &mut kept[found];
                keys.extend_from_slice(&few[..found]);
                items.push(units);
            }
        }
        for (length, (keys, units)) in kept.iter().enumerate().filter(|run| !run.1.1.is_empty()) {
            less.runs.push((length, units.len()));
            less.keys.extend_from_slice(keys);
            less.units.extend_from_slice(units);
        }
        less
    }
}

/// The two least keys of an item's choices under lifted prices.
#[inline]
fn two_least(choices: &[i64], lifted: &[i64]) -> (i64, i64) {
    let (mut first, mut second) = (NO_CHOICE, NO_CHOICE);
    for &choice in choices {
        let key = choice + lifted[hub_of(choice)];
        second = second.min(first.max(key));
        first = first.min(key);
    }
    (first, second)
}

/// Cost and hub of a choice as one number.
fn key(cost: i32, hub: u32) -> i64 {
    (i64::from(cost) << HUB_BITS) | i64::from(hub)
}

/// The hub in a key.
#[inline]
fn hub_of(key: i64) -> usize {
    pos(key & HUB_MASK)
}
