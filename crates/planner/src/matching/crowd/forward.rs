//! Units without a place bid (正向拍卖).
//!
//! A unit takes the place that is cheapest to it and raises its price to where the second choice would be as good, and
//! by ε more; whoever held it looks again (Bertsekas 1988). The units of a need do not bid against each other, and all
//! its places are raised to one common worth (similar persons, Bertsekas & Castañón 1989).
//!
//! A look through all options keeps the six cheapest and the value of the seventh. Prices rise while units bid, so as
//! long as the second choice among the six is below the seventh as it was, the six are all that counts.
//! Cost: six looks per bid, all options in one bid of two (large ε) to one of ten.

use super::{Crowd, FREE, KNOWN};
use crate::hubflow::Arc;
use crate::num::idx;

/// What a unit would take, and what the second choice costs; `i32::MAX` if there is none.
struct Wish {
    value: i32,
    arc: Arc,
    second: i32,
}

impl Crowd {
    /// Places the waiting units, and gives those left when patience ends.
    pub(super) fn forward(&mut self, mut waiting: Vec<u32>, epsilon: i32) -> Vec<u32> {
        while let Some(n) = waiting.pop() {
            if self.patience == 0 {
                waiting.push(n);
                break;
            }
            self.patience -= 1;
            let need = n as usize;
            let ceiling = self.ceiling[need];
            let mut wish = self.wish(need, self.at_hand(need));
            if wish.second.min(ceiling) > self.beyond[need] + self.shift {
                self.look(need);
                wish = self.wish(need, self.at_hand(need));
                if wish.second.min(ceiling) > self.beyond[need] + self.shift {
                    // What it holds already crowds the rest out.
                    wish = self.wish(need, self.arcs(need));
                }
            }
            if wish.value >= ceiling {
                self.unserved[need] += 1;
                // Bids may have overshot the ceiling by ε; prices never fall here.
                self.raise(need, self.worth[need].max(ceiling));
                continue;
            }
            if let Some(out) = self.displaced(wish.arc.hub as usize, n) {
                waiting.push(self.holder[out]);
                self.leave(out);
                if let Some(g) = self.group_of(out)
                    && out != wish.arc.hub as usize
                {
                    self.set_price(out, self.groups[g].floor);
                }
            } else if let Some(g) = self.group_of(wish.arc.hub as usize) {
                self.groups[g].used += 1;
            }
            self.holder[wish.arc.hub as usize] = n;
            self.held[need].push(wish.arc);
            self.raise(need, wish.second.min(ceiling) + epsilon);
        }
        waiting
    }

    /// Looks through all options of a need. The cheapest are moved to the front, where the next look will find them
    /// first and have less to sort.
    fn look(&mut self, need: usize) {
        let mut least = [(i32::MAX, 0); KNOWN + 1];
        let options = &mut self.options[self.start[need] as usize..self.start[need + 1] as usize];
        for (at, arc) in options.iter().enumerate() {
            let value = arc.cost + self.price[arc.hub as usize];
            if value < least[KNOWN].0 {
                let mut rank = KNOWN;
                while rank > 0 && least[rank - 1].0 > value {
                    least[rank] = least[rank - 1];
                    rank -= 1;
                }
                least[rank] = (value, at);
            }
        }
        let count = options.len().min(KNOWN);
        for rank in 0..count {
            let at = least[rank].1;
            options.swap(rank, at);
            self.known[need][rank] = options[rank];
            for (_, later) in &mut least[rank + 1..] {
                if *later == rank {
                    *later = at;
                }
            }
        }
        self.count[need] = u8::try_from(count).unwrap_or(0);
        self.beyond[need] = least[KNOWN].0.saturating_sub(self.shift);
    }

    fn at_hand(&self, need: usize) -> &[Arc] {
        &self.known[need][..self.count[need] as usize]
    }

    /// The best two of some options, leaving out what the need holds.
    fn wish(&self, need: usize, options: &[Arc]) -> Wish {
        let mut wish = Wish { value: i32::MAX, arc: Arc { hub: 0, cost: 0 }, second: i32::MAX };
        for &arc in options {
            let place = arc.hub as usize;
            let mut here = arc.cost + self.price[place];
            if here >= wish.second || self.holder[place] == idx(need) {
                continue;
            }
            if self.holder[place] == FREE
                && let Some(g) = self.group_of(place)
                && self.groups[g].used == self.groups[g].capacity
            {
                let Some(other) = self.displaced(place, idx(need)) else {
                    continue;
                };
                here = arc.cost + self.price[other];
            }
            if here < wish.value {
                wish = Wish { value: here, arc, second: wish.value };
            } else if here < wish.second {
                wish.second = here;
            }
        }
        wish
    }

    /// The place whose holder has to go if a need enters a place: perhaps another one of the same helper, but not one
    /// that this need holds itself.
    fn displaced(&self, place: usize, n: u32) -> Option<usize> {
        if self.holder[place] != FREE {
            return Some(place);
        }
        let g = self.group_of(place)?;
        if self.groups[g].used < self.groups[g].capacity {
            return None;
        }
        let others = self.places(g).filter(|&other| self.holder[other] != FREE && self.holder[other] != n);
        others.min_by_key(|&other| self.price[other])
    }

    /// Takes a place from its holder.
    pub(super) fn leave(&mut self, place: usize) {
        let held = &mut self.held[self.holder[place] as usize];
        if let Some(at) = held.iter().position(|arc| arc.hub as usize == place) {
            held.swap_remove(at);
        }
        self.holder[place] = FREE;
    }

    /// Raises the worth of a need and the prices of what it holds, and with them what full helpers ask.
    fn raise(&mut self, need: usize, worth: i32) {
        self.worth[need] = worth;
        for arc in &self.held[need] {
            let price = &mut self.price[arc.hub as usize];
            *price = (*price).max(worth - arc.cost);
        }
        if self.groups.is_empty() {
            return;
        }
        for at in 0..self.held[need].len() {
            if let Some(g) = self.group_of(self.held[need][at].hub as usize)
                && self.groups[g].used == self.groups[g].capacity
            {
                let taken = self.places(g).filter(|&place| self.holder[place] != FREE);
                if let Some(lowest) = taken.map(|place| self.price[place]).min()
                    && lowest > self.groups[g].floor
                {
                    self.set_floor(g, lowest);
                }
            }
        }
    }
}
