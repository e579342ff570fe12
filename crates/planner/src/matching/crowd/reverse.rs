//! Places that are too dear take offers (反向拍卖).
//!
//! A place that nobody took at its price asks its callers what they would gain there, takes the best of them and falls
//! to what the second would give, and by ε more; the dearest place that one had is free next. An unserved unit has
//! nothing to leave and ends the chain; where nobody gains the place costs nothing from then on (Bertsekas & Castañón
//! 1992). A helper with several blocks offers all that are free.
//!
//! A look through all callers keeps the four who gain most and what the fifth gains. Worths fall while places take
//! offers, so as long as the second among the four gains as much as the fifth did, the four are all that counts. What
//! needs keep in mind of their options is put right at the end, once for every place that became cheaper.
//! Cost: four looks per offer; all callers in one offer of three or four.

use super::{Crowd, FREE};
use crate::hubflow::Arc;
use crate::num::idx;

/// Callers of a place that are kept at hand.
const LOUDEST: usize = 4;

/// What is known of a place in this half of a round: those who gain most, and what nobody else gains more than.
#[derive(Clone, Copy)]
struct Known {
    loudest: [Arc; LOUDEST],
    below: i32,
    /// Became cheaper.
    fell: bool,
}

/// The most that could be gained at a helper, by whom and where, and the most by anybody else; 0 if nothing.
#[derive(Clone, Copy)]
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
        let nothing =
            Known { loudest: [Arc { hub: 0, cost: i32::MAX }; LOUDEST], below: i32::MAX, fell: false };
        let mut known = vec![nothing; if vacant.is_empty() { 0 } else { self.price.len() }];
        while self.patience > 0
            && let Some(place) = vacant.pop()
        {
            self.patience -= 1;
            let group = self.group_of(place);
            let Offers { best, second, need, enter } = match group {
                None => self.offers(place, &mut known[place]),
                Some(g) => self.offers_to_group(g),
            };
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
            } else if let Some((_, dearest)) = self.dearest(need) {
                self.leave(dearest);
                if let Some(g) = self.group_of(dearest) {
                    self.groups[g].used -= 1;
                }
                vacant.push(dearest);
            }
            let entered = enter.hub as usize;
            self.holder[entered] = idx(need);
            self.held[need].push(enter);
            if let Some(g) = group {
                self.set_price(entered, price);
                self.groups[g].used += 1;
                self.set_floor(g, self.groups[g].floor.min(price));
            } else {
                known[entered].fell = true;
                self.price[entered] = price;
            }
            if self.unserved[need] == 0
                && let Some((value, _)) = self.dearest(need)
            {
                self.worth[need] = value;
            }
        }
        for (place, _) in known.iter().enumerate().filter(|(_, known)| known.fell) {
            self.keep_in_mind(place);
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

    /// What could be gained at any free place of a helper.
    fn offers_to_group(&self, g: usize) -> Offers {
        let mut offers = Offers { best: 0, second: 0, need: 0, enter: Arc { hub: 0, cost: 0 } };
        for place in self.places(g).filter(|&place| self.holder[place] == FREE) {
            self.compare(place, self.calls(place), &mut offers);
        }
        offers
    }

    /// What could be gained at a place.
    fn offers(&self, place: usize, known: &mut Known) -> Offers {
        let nothing = Offers { best: 0, second: 0, need: 0, enter: Arc { hub: 0, cost: 0 } };
        let mut offers = nothing;
        self.compare(place, &known.loudest, &mut offers);
        if offers.second < known.below {
            self.listen(place, known);
            offers = nothing;
            self.compare(place, &known.loudest, &mut offers);
        }
        offers
    }

    /// Asks all callers of a place.
    fn listen(&self, place: usize, known: &mut Known) {
        let nobody = Arc { hub: 0, cost: i32::MAX };
        let mut most = [(0, nobody); LOUDEST + 1];
        for &call in self.calls(place) {
            let gain = self.worth[call.hub as usize] - call.cost;
            if gain > most[LOUDEST].0 {
                let mut rank = LOUDEST;
                while rank > 0 && most[rank - 1].0 < gain {
                    most[rank] = most[rank - 1];
                    rank -= 1;
                }
                most[rank] = (gain, call);
            }
        }
        for (loud, (_, call)) in known.loudest.iter_mut().zip(most) {
            *loud = call;
        }
        known.below = most[LOUDEST].0;
    }

    /// Compares what callers would gain at a place with the best two offers so far.
    #[inline]
    fn compare(&self, place: usize, calls: &[Arc], offers: &mut Offers) {
        let Offers { mut best, mut second, mut need, mut enter } = *offers;
        for call in calls {
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

    /// The place that costs a need most, and what it costs.
    fn dearest(&self, need: usize) -> Option<(i32, usize)> {
        let held = self.held[need].iter().map(|arc| arc.hub as usize).zip(self.held[need].iter());
        held.map(|(place, arc)| (arc.cost + self.price[place], place)).max()
    }
}
