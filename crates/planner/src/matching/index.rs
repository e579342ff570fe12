//! Who could help whom (候选检索): helpers by skill and place, found ring by ring.
//!
//! A dense grid of squares over the helpers' area, one bucket per (skill, square); the buckets of a row of squares
//! lie one after the other, so a ring is read in a few long strides. Squares are a quarter of the limit wide unless
//! the area is so large that they would outnumber the helpers by far. Cost of a ring: the helpers of that skill in
//! the squares it meets.

use std::collections::HashMap;

use super::model::{Market, Need};
use crate::hubflow::Arc;
use crate::num::{cut, idx, metres};

/// Helpers looked at in one go: first all distances without a branch to guess, then those that are near enough.
const HITS: usize = 64;

/// A helper as the search for options sees it.
#[derive(Clone, Copy, Debug)]
struct Near {
    x: f64,
    y: f64,
    from: u32,
    to: u32,
    /// A bit for every block, modulo 64: who shares no bit shares no block.
    mask: u64,
    /// Gives one unit only, so that one slot stands for all.
    single: bool,
}

/// The helpers of a market, indexed. A *slot* is one helper in one block.
#[derive(Clone, Debug)]
pub struct Index<'a> {
    market: &'a Market,
    west: f64,
    south: f64,
    side: f64,
    columns: usize,
    rows: usize,
    skills: HashMap<&'a str, usize>,
    /// Start of each bucket in `near`; buckets by skill, row, column.
    start: Vec<u32>,
    near: Vec<Near>,
    /// No block is beyond the masks, so that to share a bit is to share a block.
    exact: bool,
    /// First slot of each helper: one per block it is free in.
    pub(crate) first: Vec<u32>,
    /// Sorted distinct blocks of every helper, one after the other.
    pub(crate) blocks: Vec<u32>,
}

impl<'a> Index<'a> {
    /// Indexes the helpers of a market.
    pub fn new(market: &'a Market) -> Self {
        let mut index = Self {
            market,
            west: 0.0,
            south: 0.0,
            side: 1.0,
            columns: 1,
            rows: 1,
            skills: HashMap::new(),
            start: Vec::new(),
            near: Vec::new(),
            exact: false,
            first: vec![0],
            blocks: Vec::new(),
        };
        let mut mine = Vec::new();
        let mut known = Vec::new();
        for helper in &market.helpers {
            mine.clone_from(&helper.blocks);
            mine.sort_unstable();
            mine.dedup();
            index.blocks.extend_from_slice(&mine);
            index.first.push(idx(index.blocks.len()));
            for skill in &helper.skills {
                let fresh = index.skills.len();
                known.push(*index.skills.entry(skill.as_str()).or_insert(fresh));
            }
        }
        let needs = market.needs.iter().flat_map(|need| &need.blocks);
        index.exact = index.blocks.iter().chain(needs).all(|&block| block < u64::BITS);
        index.lay_out();
        index.sort_in(&known);
        index
    }

    /// Chooses the squares.
    fn lay_out(&mut self) {
        let helpers = &self.market.helpers;
        let span = |of: fn(&super::model::Helper) -> f64| {
            let low = helpers.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = helpers.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            if low <= high { (low, high - low) } else { (0.0, 0.0) }
        };
        let ((west, width), (south, height)) = (span(|h| h.x), span(|h| h.y));
        (self.west, self.south) = (west, south);
        let buckets = 8.0 * (helpers.len() + 1) as f64 / (self.skills.len() + 1) as f64;
        let least = (width * height / buckets).sqrt().max(width.max(height) / buckets.max(1.0));
        self.side = (self.market.limit_metres / 4.0).max(least).max(1.0);
        let count = |metres: f64| cut(metres / self.side) + 1;
        (self.columns, self.rows) = (count(width), count(height));
    }

    /// Counting sort of the helpers into their buckets; `skills` are those of all helpers, one after the other.
    fn sort_in(&mut self, mut skills: &[usize]) {
        let mut start = vec![0_u32; self.skills.len() * self.rows * self.columns + 2];
        let mut filed: Vec<(usize, Near)> = Vec::new();
        let mut known: Vec<usize> = Vec::new();
        // Who gives nothing is nobody's option.
        for (h, helper) in self.market.helpers.iter().enumerate() {
            let (mine, rest) = skills.split_at(helper.skills.len());
            skills = rest;
            if helper.capacity == 0 {
                continue;
            }
            let (from, to) = (self.first[h], self.first[h + 1]);
            let mask = mask_of(&self.blocks[from as usize..to as usize]);
            let near = Near { x: helper.x, y: helper.y, from, to, mask, single: helper.capacity == 1 };
            let row = self.line(helper.y - self.south, self.rows);
            let column = self.line(helper.x - self.west, self.columns);
            known.clear();
            for &skill in mine {
                if !known.contains(&skill) {
                    known.push(skill);
                    let bucket = (skill * self.rows + row) * self.columns + column;
                    start[bucket + 2] += 1;
                    filed.push((bucket, near));
                }
            }
        }
        for bucket in 2..start.len() {
            start[bucket] += start[bucket - 1];
        }
        self.near = vec![Near { x: 0.0, y: 0.0, from: 0, to: 0, mask: 0, single: false }; filed.len()];
        for (bucket, near) in filed {
            let at = &mut start[bucket + 1];
            self.near[*at as usize] = near;
            *at += 1;
        }
        self.start = start;
    }

    /// The row or column at a distance from the edge.
    fn line(&self, metres: f64, lines: usize) -> usize {
        cut(metres / self.side).min(lines - 1)
    }

    /// The square of a place in town, row after row.
    pub(crate) fn square(&self, x: f64, y: f64) -> usize {
        self.line(y - self.south, self.rows) * self.columns + self.line(x - self.west, self.columns)
    }

    /// All slots that suit a need, with metres, nearest first.
    pub fn options(&self, need: &Need) -> Vec<Arc> {
        let mut arcs = Vec::with_capacity(64);
        self.ring(need, -1, i32::MAX, true, &mut arcs);
        arcs.sort_unstable_by_key(|arc| (arc.cost, arc.hub));
        arcs
    }

    /// Appends the slots that suit a need and are more than `inner` and at most `outer` metres away, in no order.
    /// Of a helper who gives one unit only, all slots cost the same and only one can be held: unless `all` are asked
    /// for, the helper's first slot stands for whichever suits ([`Self::block`]).
    pub(crate) fn ring(&self, need: &Need, inner: i32, outer: i32, all: bool, arcs: &mut Vec<Arc>) {
        let Some(&skill) = self.skills.get(need.skill.as_str()) else {
            return;
        };
        // Half a metre more, because metres are rounded.
        let reach = self.market.limit_metres.min(f64::from(outer) + 0.5);
        let (dx, dy) = (need.x - self.west, need.y - self.south);
        let mask = mask_of(&need.blocks);
        for row in self.line(dy - reach, self.rows)..=self.line(dy + reach, self.rows) {
            // How far west and east the circle goes in this row, and a metre more.
            let south = self.side * row as f64;
            let off = (south - dy).max(dy - south - self.side).max(0.0);
            let wide = (reach * reach - off * off).max(0.0).sqrt() + 1.0;
            let base = (skill * self.rows + row) * self.columns;
            let from = self.start[base + self.line(dx - wide, self.columns)] as usize;
            let to = self.start[base + self.line(dx + wide, self.columns) + 1] as usize;
            for some in self.near[from..to].chunks(HITS) {
                let mut hits = [(0.0, 0); HITS];
                let mut count = 0;
                for (near, at) in some.iter().zip(0..) {
                    let (x, y) = (near.x - need.x, near.y - need.y);
                    let square = x * x + y * y;
                    hits[count] = (square, at);
                    count += usize::from(near.mask & mask != 0) & usize::from(square <= reach * reach);
                }
                for &(square, at) in &hits[..count] {
                    let cost = metres(square);
                    if cost > inner && cost <= outer {
                        self.list(need, &some[at], cost, all, arcs);
                    }
                }
            }
        }
    }

    /// Appends the slots of a helper that suit a need.
    #[inline]
    fn list(&self, need: &Need, near: &Near, cost: i32, all: bool, arcs: &mut Vec<Arc>) {
        if near.single && !all && self.exact {
            arcs.push(Arc { hub: near.from, cost });
            return;
        }
        for hub in near.from..near.to {
            if need.blocks.contains(&self.blocks[hub as usize]) {
                if near.single && !all {
                    arcs.push(Arc { hub: near.from, cost });
                    break;
                }
                arcs.push(Arc { hub, cost });
            }
        }
    }

    /// The slot that stands for a slot of a helper: the first, if the helper gives one unit only.
    pub(crate) fn stand_in(&self, slot: u32, helper: u32) -> u32 {
        if self.market.helpers[helper as usize].capacity == 1 { self.first[helper as usize] } else { slot }
    }

    /// The block in which the helper of a slot serves a need.
    pub(crate) fn block(&self, need: &Need, helper: u32, slot: u32) -> u32 {
        let range = self.first[helper as usize] as usize..self.first[helper as usize + 1] as usize;
        let suits = |block: &&u32| need.blocks.contains(block);
        if self.market.helpers[helper as usize].capacity == 1
            && let Some(&block) = self.blocks[range].iter().find(suits)
        {
            return block;
        }
        self.blocks[slot as usize]
    }

    /// Helper and block behind a slot.
    pub fn place(&self, slot: u32) -> (u32, u32) {
        let helper = self.first.partition_point(|&first| first <= slot) - 1;
        (idx(helper), self.blocks[slot as usize])
    }
}

/// A bit for every block, modulo 64.
fn mask_of(blocks: &[u32]) -> u64 {
    blocks.iter().fold(0, |mask, block| mask | 1 << (block % 64))
}
