//! Where everybody stands before the search (初始安置).
//!
//! Every item goes whole to its cheapest hub under the prices given, or where a published plan puts it. Prices that are
//! nearly right leave little to do, and most items are far from changing over: [`REACH`] is the part of the mean
//! difference between first and second choice within which an item's detours are worth a look. The others of a hub are
//! only counted on to be no nearer than that ([`super::detours`]).
//!
//! Invariant: afterwards every residual edge has reduced cost ≥ 0; what does not fit stays behind as excess.
//! Cost: `O(arcs)`.

use std::cmp::Ordering;

use super::detours::Member;
use super::{NONE, Network};
use crate::num::idx;

/// How near is near, as a part of the mean difference between first and second choice: parts of so many.
const REACH: (i64, i64) = (2, 5);

/// "Never looked for": more than any difference that counts.
const ALONE: i64 = i64::MAX / 4;

impl Network {
    /// Places all items at their cheapest hub under the current prices, and lets every link carry what optimality
    /// demands. What does not fit stays behind as excess for [`Self::settle`].
    pub fn start(&mut self) {
        self.grow();
        let (chosen, reach) = self.choose();
        let mut comers = vec![(0_u32, 0_u32); self.excess.len()];
        for &(arc, gap) in &chosen {
            if arc != NONE {
                let (all, near) = &mut comers[self.arcs[arc as usize].hub as usize];
                *all += 1;
                *near += u32::from(gap < reach);
            }
        }
        self.near = Vec::with_capacity(comers.len());
        for (hub, &(all, near)) in comers.iter().enumerate() {
            self.members[hub].reserve_exact(all as usize);
            self.near.push(Vec::with_capacity(near as usize));
        }
        self.floor.clear();
        self.floor.extend(self.potential.iter().map(|potential| potential - reach));
        let (mut people, mut spent) = (0, 0);
        for (item, &(arc, gap)) in chosen.iter().enumerate() {
            let supply = self.supply[item];
            if arc == NONE || supply == 0 {
                continue;
            }
            let hub = self.arcs[arc as usize].hub as usize;
            self.flow[arc as usize] = supply;
            self.members[hub].push(arc);
            if gap < reach {
                self.near[hub].push(Member { leave: arc, first: self.first[item], count: self.count[item] });
            }
            self.excess[hub] += i64::from(supply);
            people += i64::from(supply);
            spent += i64::from(self.arcs[arc as usize].cost) * i64::from(supply);
        }
        self.spent += spent;
        let sink = self.sink() as usize;
        self.excess[sink] -= people;
        for id in 0..self.links.len() {
            let link = self.links[id];
            let reduced = link.cost + self.potential[link.from as usize] - self.potential[link.to as usize];
            let amount = match reduced.cmp(&0) {
                Ordering::Less => link.cap,
                Ordering::Equal => self.excess[link.from as usize].clamp(0, link.cap),
                Ordering::Greater => 0,
            };
            self.shift_link(id, amount);
        }
        for hub in 0..self.excess.len() {
            self.note(hub);
        }
    }

    /// The cheapest arc of every item and how much more the second one costs; and what counts as near.
    fn choose(&self) -> (Vec<(u32, i64)>, i64) {
        let mut chosen = Vec::with_capacity(self.supply.len());
        let (mut gaps, mut paired) = (0_i64, 0_i64);
        for (&first, &count) in self.first.iter().zip(&self.count) {
            let (mut best, mut second, mut at) = (ALONE, ALONE, NONE);
            for (arc, choice) in (first..).zip(&self.arcs[first as usize..(first + count) as usize]) {
                let value = i64::from(choice.cost) - self.potential[choice.hub as usize];
                second = second.min(best.max(value));
                at = if value < best { arc } else { at };
                best = best.min(value);
            }
            let gap = second - best;
            if count > 1 {
                gaps += gap;
                paired += 1;
            }
            chosen.push((at, if count > 1 { gap } else { ALONE }));
        }
        let reach = gaps / paired.max(1) * REACH.0 / REACH.1;
        (chosen, reach.max(1))
    }

    /// Puts an item on a given one of its arcs (a published plan), whatever the prices say.
    pub(crate) fn place_at(&mut self, item: usize, arc: usize) {
        self.grow();
        let supply = self.supply[item];
        self.change_flow(self.first[item] + idx(arc), supply);
        let sink = self.sink() as usize;
        self.excess[sink] -= i64::from(supply);
        self.note(sink);
    }

    /// Makes room for what is noted of every arc.
    fn grow(&mut self) {
        if self.flow.is_empty() {
            // Fresh memory is all 0 without being written.
            self.flow = vec![0; self.arcs.len()];
        } else {
            self.flow.resize(self.arcs.len(), 0);
        }
    }
}
