//! Matching (供需匹配): which helper gives which need an hour, exactly.
//!
//! A need asks for a number of units of one skill inside some time blocks; a helper gives one unit per block it is
//! free in, up to its capacity. A unit may stay unserved at the price of its priority, far above any distance; so the
//! optimum serves the largest sum of priorities first and walks least among those plans.
//!
//! This is a minimum-cost flow over two levels (a helper's hour, the helper), kept optimal in the book
//! ([`book`]): the batch by bidding ([`bid`], where help is scarce [`crowd`]) and exact searches for what is left
//! ([`search`]); a need that arrives
//! later by one search per unit; a cancellation by one search the other way ([`fill`]).
//! Cost: one short search per unit.

mod bid;
mod book;
mod crowd;
mod fill;
mod index;
mod model;
mod scale;
mod search;

use serde::Serialize;

use self::book::Book;
use self::search::Scratch;
use crate::hubflow::Arc;
use crate::num::small;

pub use self::index::Index;
pub use self::model::{Helper, Market, Need, made_up, served};

/// Metres that a step of priority is worth; no walk within the limit is longer.
pub const PRIORITY: i32 = 20_000;

/// One unit given: need, helper, block, metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Given {
    /// Index of the need.
    pub need: u32,
    /// Index of the helper.
    pub helper: u32,
    /// The block.
    pub block: u32,
    /// Metres between them.
    pub metres: i32,
}

/// A matching that stays optimal while needs come and go.
#[derive(Clone, Debug)]
pub struct Matching<'a> {
    market: &'a Market,
    book: Book<'a>,
    search: Scratch,
    waiting: Vec<u32>,
}

impl<'a> Matching<'a> {
    /// All helpers, no needs yet.
    pub fn new(market: &'a Market) -> Self {
        Self {
            market,
            book: Book::new(market),
            search: Scratch::new(market.needs.len(), market.helpers.len()),
            waiting: Vec::new(),
        }
    }

    /// Adds many needs (indexes of the market) without settling: the batch.
    pub fn add_all(&mut self, needs: impl Iterator<Item = u32>) {
        for need in needs {
            self.add(need);
        }
    }

    fn add(&mut self, need: u32) {
        if !self.book.needs[need as usize].active {
            self.book.open(need);
            let units = self.market.needs[need as usize].units;
            self.waiting.extend((0..units).map(|_| need));
        }
    }

    /// Makes the matching optimal for everything added.
    pub fn settle(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if self.book.empty() {
            self.book.batch(&waiting, &mut self.search);
        } else {
            for need in waiting {
                self.place(need);
            }
        }
    }

    /// Adds one need and makes the matching optimal again.
    pub fn insert(&mut self, need: u32) {
        self.settle();
        self.add(need);
        while let Some(need) = self.waiting.pop() {
            self.place(need);
        }
    }

    /// Places one unit into a book that is exact.
    fn place(&mut self, need: u32) {
        let seeker = &self.book.needs[need as usize];
        if seeker.held.is_empty() && seeker.unserved == 0 {
            self.book.appraise(need);
        }
        self.book.place(need, &mut self.search);
    }

    /// Takes a need back; who waited for its helpers gets them.
    pub fn cancel(&mut self, need: u32) {
        self.settle();
        for slot in self.book.close(need) {
            self.book.fill(slot, &mut self.search);
        }
    }

    /// Total cost: metres plus the price of what stays unserved.
    pub fn cost(&self) -> i64 {
        self.book.cost()
    }

    /// Proves the present matching optimal.
    pub fn certify(&self) -> Result<(), String> {
        self.book.certify()
    }

    /// All units given.
    pub fn given(&self) -> Vec<Given> {
        let mut list = Vec::new();
        for (need, seeker) in (0..).zip(&self.book.needs) {
            for arc in &seeker.held {
                let helper = self.book.owner[arc.hub as usize];
                let block = self.book.index.block(&self.market.needs[need as usize], helper, arc.hub);
                list.push(Given { need, helper, block, metres: arc.cost / book::GRAIN });
            }
        }
        list.sort_unstable_by_key(|g| (g.need, g.block, g.helper));
        list
    }

    /// All options of a need as arcs (slot, metres), and staying unserved, for comparison with other solvers.
    pub fn arc_list(&self, need: u32) -> Vec<Arc> {
        let need = &self.market.needs[need as usize];
        let mut arcs = self.book.index.options(need);
        let nobody = self.book.owner.len() + self.market.helpers.len();
        arcs.push(Arc { hub: crate::num::idx(nobody), cost: PRIORITY * small(i64::from(need.priority)) });
        arcs
    }
}
