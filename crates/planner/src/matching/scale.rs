//! The batch: bidding, then exact repair; with falling ε where help is scarce (ε-缩放).
//!
//! Where there is help enough, prices are low, and one round of exact bids places nearly everybody. Where there is
//! not, prices have to climb to what leaving somebody unserved costs: rounds of bidding follow each other, each from
//! floors somewhat below those the last one reached, with an ε a tenth of the last (ε-scaling, Bertsekas & Eckstein
//! 1988), so that high prices are climbed in large steps and small differences settled in small ones; the last ε is
//! an eighth of a metre. What is then not quite optimal is taken back: a unit with a better choice looks for a place
//! by the exact search ([`super::search`]), a place that nobody wants at its price takes offers ([`super::offer`]) or
//! is filled by the exact search from its side ([`super::fill`]), and the book is exact.
//!
//! Cost: a few bids per unit and round; the repairs are few and short because prices are nearly right.

use super::book::{Book, FREE, VACANT};
use super::search::Scratch;
use crate::num::idx;

/// The ε of the rounds, in eighths of a metre.
const PLENTY: &[i32] = &[0];
const SCARCE: &[i32] = &[16_000, 1_600, 160, 16, 1];

/// How much floors are lowered between rounds, in ε of the round before: what a round drives up too far.
const LOWER: i32 = 3;

impl Book<'_> {
    /// Places all waiting units optimally into a book that holds nothing yet.
    pub(super) fn batch(&mut self, waiting: &[u32], search: &mut Scratch) {
        let room: usize = self.helpers.iter().map(|giver| giver.capacity as usize).sum();
        let ladder = if 10 * waiting.len() > 9 * room { SCARCE } else { PLENTY };
        let mut left = Vec::new();
        for (round, &epsilon) in ladder.iter().enumerate() {
            if round > 0 {
                self.start_again(LOWER * ladder[round - 1]);
            }
            left = self.bid(waiting.to_vec(), epsilon);
            if epsilon > 0 {
                self.mark_vacant();
                if round + 1 < ladder.len() {
                    self.take_offers();
                } else {
                    self.retract(&mut left);
                }
            }
        }
        for need in left {
            self.place(need, search);
        }
        for slot in self.take_offers() {
            self.fill(slot, search);
        }
    }

    /// Takes everything back, and lowers the floors.
    fn start_again(&mut self, lower: i32) {
        for seeker in &mut self.needs {
            seeker.held.clear();
            seeker.unserved = 0;
        }
        self.holder.fill(FREE);
        for helper in 0..idx(self.helpers.len()) {
            let giver = &mut self.helpers[helper as usize];
            let floor = (giver.floor - lower).max(0);
            giver.used = 0;
            self.set_floor(helper, floor);
        }
        for n in 0..idx(self.needs.len()) {
            self.appraise(n);
        }
    }

    /// Places with a price that nobody took become vacant slots.
    fn mark_vacant(&mut self) {
        for helper in 0..idx(self.helpers.len()) {
            let giver = self.helpers[helper as usize];
            if giver.floor > 0 {
                let free = self.slots(helper).filter(|&slot| self.holder[slot] == FREE);
                let spare: Vec<usize> = free.take((giver.capacity - giver.used) as usize).collect();
                for slot in spare {
                    self.holder[slot] = VACANT;
                }
                self.helpers[helper as usize].used = giver.capacity;
            }
            self.lift_floor(helper);
        }
    }

    /// Makes the book exact for what stays in it: whoever has a better choice is taken out, and joins `left`.
    fn retract(&mut self, left: &mut Vec<u32>) {
        for n in 0..idx(self.needs.len()) {
            if !self.needs[n as usize].active {
                continue;
            }
            let ceiling = self.needs[n as usize].ceiling;
            let mut other = ceiling;
            let mut at = 0;
            while let Some(arc) = self.option(n, at, other) {
                if self.holder[arc.hub as usize] != n {
                    other = other.min(arc.cost + self.price[arc.hub as usize]);
                }
                at += 1;
            }
            let mut worth = 0;
            for at in (0..self.needs[n as usize].held.len()).rev() {
                let arc = self.needs[n as usize].held[at];
                let here = arc.cost + self.price[arc.hub as usize];
                if here > other {
                    self.take(arc.hub, VACANT);
                    left.push(n);
                } else {
                    worth = worth.max(here);
                }
            }
            let seeker = &mut self.needs[n as usize];
            if seeker.unserved > 0 && other < ceiling {
                left.extend((0..seeker.unserved).map(|_| n));
                seeker.unserved = 0;
            }
            let seeker = &self.needs[n as usize];
            let empty = seeker.held.is_empty() || seeker.unserved > 0;
            self.raise(n, if empty { other } else { worth });
        }
    }
}
