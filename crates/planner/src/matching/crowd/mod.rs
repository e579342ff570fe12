//! The batch where help is scarce (人多帮手少): prices first, from both sides, over flat memory.
//!
//! Where there are fewer places than units asked for, nearly every place is taken, and its price is what somebody
//! unserved would give for it: tens of kilometres, the same everywhere to within a few. So bidding begins at that price
//! ([`Crowd::open`]) instead of climbing to it. Rounds of ε-scaling follow (Bertsekas & Eckstein 1988), from a
//! twentieth of the farthest walk down to a centimetre, each in two halves that both leave prices optimal to
//! within ε: units without a place bid ([`forward`]); places that are too dear for everybody take offers ([`reverse`]).
//! Forward and reverse auction together need no particular starting prices (Bertsekas & Castañón 1992).
//! If the first round does not come to an end soon, the level was no good guess (a market that is scarce here and not
//! there), and prices climb from nothing in steps of two kilometres.
//!
//! At the end prices are rounded to whole metres, which takes the ε out again; the few units that then have a better
//! choice, and what was left, are handed to the exact searches together with the book ([`layout`]).
//! Nothing here has to be exact, and nothing is trusted: the book is made exact from whatever comes.
//!
//! Memory: needs and places are numbered by the square they lie in, options lie one after the other, a place is a price
//! and a holder. Cost: three to five bids and one or two offers per unit and round, most of which look at six options.

mod forward;
mod layout;
mod reverse;

use super::PRIORITY;
use super::book::{FREE, GRAIN};
use crate::hubflow::Arc;

/// Prices are kept in this many parts of the grain of the book.
const PARTS: i32 = 128;
/// Parts in a metre.
const METRE: i32 = PARTS * GRAIN;
/// The last ε is not above this.
const LAST: i32 = METRE / 100;
/// Each ε is this part of the one before.
const STEP: i32 = 20;
/// How much prices are lowered between rounds, in ε of the round before: what a round drives up too far.
const LOWER: i32 = 3;
/// Options of a need that are kept at hand.
const KNOWN: usize = 6;
/// Bids per unit, and offers per place, after which the first round from a guessed level ends, and any other.
const PATIENCE: (usize, usize) = (10, 40);
/// "In no group": the place depends on no other.
const ALONE: u32 = u32::MAX;

/// The places of a helper who gives fewer units than it has blocks.
#[derive(Clone, Copy)]
struct Group {
    from: u32,
    to: u32,
    capacity: u32,
    used: u32,
    /// What a free place of the group costs.
    floor: i32,
}

/// A market as the rounds see it. Needs and places have numbers of their own; the `hub` of an arc is the place it leads
/// to, or in `callers` the need it comes from.
pub(super) struct Crowd {
    /// Number in the book of every need, and of the slot behind every place.
    names: Vec<u32>,
    slots: Vec<u32>,
    units: Vec<u32>,
    /// What leaving a unit unserved costs.
    ceiling: Vec<i32>,
    /// Options by need, callers by place.
    start: Vec<u32>,
    options: Vec<Arc>,
    first: Vec<u32>,
    callers: Vec<Arc>,
    /// Group of every place.
    group: Vec<u32>,
    groups: Vec<Group>,
    price: Vec<i32>,
    holder: Vec<u32>,
    /// What a need has and the most that one of its units costs it.
    held: Vec<Vec<Arc>>,
    unserved: Vec<u32>,
    worth: Vec<i32>,
    /// The cheapest options of every need when last looked at all, how many, and what no other costs less than,
    /// less `shift`.
    known: Vec<[Arc; KNOWN]>,
    count: Vec<u8>,
    beyond: Vec<i32>,
    shift: i32,
    /// Bids or offers left in this half of a round.
    patience: usize,
}

impl Crowd {
    /// Bids and offers until prices are right to within a centimetre; gives the units without a place.
    pub(super) fn settle(&mut self, limit: i32) -> Vec<u32> {
        let mut epsilon = (limit * METRE / 20).max(LAST);
        let level = self.level(limit);
        self.open(level);
        let mut left = self.round(epsilon, PATIENCE.0);
        if self.patience == 0 {
            epsilon = METRE * PRIORITY / 10;
            self.open(0);
            left = self.round(epsilon, PATIENCE.1);
        }
        while epsilon > LAST {
            self.begin_again(LOWER * epsilon);
            epsilon /= STEP;
            left = self.round(epsilon.max(1), PATIENCE.1);
        }
        left
    }

    /// One round from nothing held; gives the units without a place if patience ended.
    fn round(&mut self, epsilon: i32, patience: usize) -> Vec<u32> {
        let units = self.units.iter().zip(0_u32..);
        let waiting: Vec<u32> = units.flat_map(|(&units, n)| (0..units).map(move |_| n)).collect();
        self.patience = patience * waiting.len();
        let left = self.forward(waiting, epsilon);
        if left.is_empty() {
            self.patience = patience * self.price.len();
            self.reverse(epsilon);
        }
        left
    }

    /// The price at which about as many units want a place as there are places.
    fn level(&self, limit: i32) -> i32 {
        let wanted = |place: usize| self.first[place] < self.first[place + 1];
        let alone = (0..self.price.len()).filter(|&p| self.group[p] == ALONE && wanted(p)).count();
        let grouped: u32 = self.groups.iter().map(|group| group.capacity).sum();
        let room = alone + grouped as usize;
        let mut values: Vec<i32> = Vec::new();
        for n in 0..self.units.len() {
            let nearest = self.arcs(n).iter().map(|arc| arc.cost).min();
            if let Some(nearest) = nearest {
                values.extend((0..self.units[n]).map(|_| self.ceiling[n] - nearest));
            }
        }
        if values.len() <= room {
            return 0;
        }
        let (_, &mut value, _) = values.select_nth_unstable_by(room, |a, b| b.cmp(a));
        // Most walks are longer than the nearest; to climb is cheaper than to fall.
        value - limit * METRE / 10 * 4
    }

    /// Starting prices: the level, but no more than anybody would give.
    fn open(&mut self, level: i32) {
        let most = |place: usize, crowd: &Self| {
            let calls = crowd.calls(place).iter();
            calls.map(|call| crowd.ceiling[call.hub as usize] - call.cost).max().unwrap_or(0)
        };
        for place in 0..self.price.len() {
            self.price[place] = level.min(most(place, self)).max(0);
        }
        for g in 0..self.groups.len() {
            let places = self.places(g);
            self.groups[g].floor = self.price[places].iter().copied().max().unwrap_or(0);
        }
        self.beyond.fill(i32::MIN / 2);
        self.shift = 0;
        self.let_go();
    }

    /// Takes everything back, and lowers prices.
    fn begin_again(&mut self, lower: i32) {
        for price in &mut self.price {
            *price = (*price - lower).max(0);
        }
        for group in &mut self.groups {
            group.floor = (group.floor - lower).max(0);
        }
        self.shift -= lower;
        self.let_go();
        if !self.groups.is_empty() {
            // What was held may have been dearer than the floor it falls to.
            self.beyond.fill(i32::MIN / 2);
            self.shift = 0;
        }
    }

    fn let_go(&mut self) {
        for held in &mut self.held {
            held.clear();
        }
        self.unserved.fill(0);
        self.worth.fill(0);
        self.holder.fill(FREE);
        for g in 0..self.groups.len() {
            self.groups[g].used = 0;
            let places = self.places(g);
            self.price[places].fill(self.groups[g].floor);
        }
    }

    fn arcs(&self, n: usize) -> &[Arc] {
        &self.options[self.start[n] as usize..self.start[n + 1] as usize]
    }

    fn calls(&self, place: usize) -> &[Arc] {
        &self.callers[self.first[place] as usize..self.first[place + 1] as usize]
    }

    fn places(&self, g: usize) -> std::ops::Range<usize> {
        self.groups[g].from as usize..self.groups[g].to as usize
    }

    /// The group of a place, if it has one.
    fn group_of(&self, place: usize) -> Option<usize> {
        let g = self.group[place];
        (g != ALONE).then_some(g as usize)
    }

    /// Sets what the free places of a group cost.
    fn set_floor(&mut self, g: usize, floor: i32) {
        self.groups[g].floor = floor;
        for place in self.places(g) {
            if self.holder[place] == FREE {
                self.set_price(place, floor);
            }
        }
    }

    /// Sets a price.
    fn set_price(&mut self, place: usize, price: i32) {
        let falls = price < self.price[place];
        self.price[place] = price;
        if falls {
            self.keep_in_mind(place);
        }
    }

    /// What needs know of their options stays right although a place became cheaper.
    fn keep_in_mind(&mut self, place: usize) {
        let price = self.price[place];
        for call in &self.callers[self.first[place] as usize..self.first[place + 1] as usize] {
            let beyond = &mut self.beyond[call.hub as usize];
            *beyond = (*beyond).min(call.cost + price - self.shift);
        }
    }
}
