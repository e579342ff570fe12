//! Places that are too dear take offers (反向拍卖).
//!
//! A place that nobody took at its price asks its callers what they would gain there, takes the best of them and falls
//! to what the second would give, and by ε more; the dearest place that one had is free next. An unserved unit has
//! nothing to leave and ends the chain; where nobody gains the place costs nothing from then on (Bertsekas & Castañón
//! 1992). A helper with several blocks offers all that are free.
//! Cost: the callers of the place per offer, twice.

use super::{Crowd, FREE};
use crate::hubflow::Arc;
use crate::num::idx;

#[derive(Clone, Copy)]
/// The most that could be gained at a helper, by whom and where, and the most by anybody else; 0 if nothing.
struct Offers {
    best: i32,
    second: i32,
    need: usize,
    enter: Arc,
}

impl Crowd {
    /// Fills places with a price that nobody holds, or sets them free, while patience lasts.
    pub(super) fn reverse(&mut self, epsilon: i32) {
        let mut vacant = self.vacant();
        while let Some(place) = vacant.pop() {
            if self.patience == 0 {
                return;
            }
            self.patience -= 1;
            let group = self.group_of(place);
            let Offers { best, second, need, enter } = self.offers(place);
            if best == 0 {
                match group {
                    Some(g) => self.set_floor(g, 0),
                    None => self.set_price(place, 0),
                }
                continue;
            }
            let mut price = (second - epsilon).max(0);
            if self.unserved[need] > 0 {
                self.unserved[need] -= 1;
                if self.unserved[need] > 0 {
                    price = best;
                }
            } else if let Some(dearest) = self.dearest(need) {
                self.leave(dearest);
                if let Some(g) = self.group_of(dearest) {
                    self.groups[g].used -= 1;
                }
                vacant.push(dearest);
            }
            let entered = enter.hub as usize;
            self.holder[entered] = idx(need);
            self.held[need].push(enter);
            self.set_price(entered, price);
            if let Some(g) = group {
                self.groups[g].used += 1;
                self.set_floor(g, self.groups[g].floor.min(price));
            }
            if self.unserved[need] == 0
                && let Some(dearest) = self.dearest(need)
            {
                self.worth[need] = self.price[dearest] + self.cost_of(need, dearest);
            }
        }
    }

    /// Places that have a price although nobody holds them: of a helper, as many as it has units left.
    fn vacant(&self) -> Vec<usize> {
        let alone = (0..self.price.len()).filter(|&place| {
            self.holder[place] == FREE && self.price[place] > 0 && self.group_of(place).is_none()
        });
        let mut vacant: Vec<usize> = alone.collect();
        for (g, group) in self.groups.iter().enumerate().filter(|(_, group)| group.floor > 0) {
            let free = self.places(g).filter(|&place| self.holder[place] == FREE);
            vacant.extend(free.take((group.capacity - group.used) as usize));
        }
        vacant
    }

    /// What could be gained at a place, or at any free place of its helper.
    fn offers(&self, place: usize) -> Offers {
        let mut offers = Offers { best: 0, second: 0, need: 0, enter: Arc { hub: 0, cost: 0 } };
        match self.group_of(place) {
            None => self.offers_at(place, &mut offers),
            Some(g) => {
                let free = self.places(g).filter(|&entry| self.holder[entry] == FREE);
                free.for_each(|entry| self.offers_at(entry, &mut offers));
            }
        }
        offers
    }

    fn offers_at(&self, place: usize, offers: &mut Offers) {
        let Offers { mut best, mut second, mut need, mut enter } = *offers;
        for call in self.calls(place) {
            let gain = self.worth[call.hub as usize] - call.cost;
            // The need with the best offer may call again at another block; it is no second.
            let again = call.hub as usize == need && best > 0;
            let better = gain > best;
            let passed = if better { best } else { gain };
            second = if again { second } else { second.max(passed) };
            best = if better { gain } else { best };
            need = if better { call.hub as usize } else { need };
            enter = if better { Arc { hub: idx(place), cost: call.cost } } else { enter };
        }
        *offers = Offers { best, second, need, enter };
    }

    /// The place that costs a need most.
    fn dearest(&self, need: usize) -> Option<usize> {
        let held = self.held[need].iter();
        let dearest = held.max_by_key(|arc| arc.cost + self.price[arc.hub as usize]);
        dearest.map(|arc| arc.hub as usize)
    }

    fn cost_of(&self, need: usize, place: usize) -> i32 {
        let arc = self.held[need].iter().find(|arc| arc.hub as usize == place);
        arc.map_or(0, |arc| arc.cost)
    }
}
