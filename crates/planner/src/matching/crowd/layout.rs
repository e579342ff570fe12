//! From the book to flat memory, and back.
//!
//! Needs and places are numbered by squares, row after row, so that who is near in town is near in memory. A helper of
//! one unit is one place; one who has a unit for every block is that many places; the places of any other are a group.
//!
//! Back in the book, prices are whole metres. What a need holds dearer than another option is given up (its price still
//! standing), and so the book is exact for what is left in it.

use super::{ALONE, Crowd, FREE, GRAIN, Group, KNOWN, METRE, PARTS};
use crate::hubflow::Arc;
use crate::matching::book::{Book, VACANT};
use crate::num::idx;

impl Crowd {
    /// Lays out the needs that wait, with all their options, and all helpers.
    pub(in crate::matching) fn new(book: &mut Book, waiting: &[u32]) -> Self {
        let mut names: Vec<u32> = waiting.to_vec();
        names.sort_by_cached_key(|&n| (book.square_of_need(n), n));
        names.dedup();
        let (mut group, mut groups) = (Vec::new(), Vec::new());
        let mut slots = Vec::new();
        let mut helpers: Vec<u32> = (0..idx(book.helpers.len())).collect();
        helpers.sort_by_cached_key(|&h| (book.square_of_helper(h), h));
        for h in helpers {
            let (mine, capacity) = (book.slots(h), book.helpers[h as usize].capacity);
            let from = slots.len();
            match capacity as usize {
                0 => continue,
                1 => slots.push(idx(mine.start)),
                _ => slots.extend(mine.clone().map(idx)),
            }
            let single = slots.len() - from <= capacity as usize;
            group.resize(slots.len(), if single { ALONE } else { idx(groups.len()) });
            if !single {
                let (from, to) = (idx(from), idx(slots.len()));
                groups.push(Group { from, to, capacity, used: 0, floor: 0 });
            }
        }
        let mut place = vec![0; book.owner.len()];
        for (&slot, p) in slots.iter().zip(0..) {
            place[slot as usize] = p;
        }
        let (mut start, mut options) = (vec![0], Vec::new());
        for &n in &names {
            book.list_all(n);
            let arcs = book.needs[n as usize].arcs.iter();
            options.extend(arcs.map(|arc| Arc { hub: place[arc.hub as usize], cost: PARTS * arc.cost }));
            start.push(idx(options.len()));
        }
        let (first, callers) = turned(&start, &options, slots.len());
        let units = waiting.iter().fold(vec![0; book.needs.len()], |mut units, &n| {
            units[n as usize] += 1;
            units
        });
        let ceilings = names.iter().map(|&n| PARTS * book.needs[n as usize].ceiling);
        Self {
            units: names.iter().map(|&n| units[n as usize]).collect(),
            ceiling: ceilings.collect(),
            start,
            options,
            first,
            callers,
            group,
            groups,
            price: vec![0; slots.len()],
            holder: vec![FREE; slots.len()],
            held: vec![Vec::new(); names.len()],
            unserved: vec![0; names.len()],
            worth: vec![0; names.len()],
            known: vec![[Arc { hub: 0, cost: 0 }; KNOWN]; names.len()],
            count: vec![0; names.len()],
            beyond: vec![i32::MIN / 2; names.len()],
            shift: 0,
            patience: 0,
            names,
            slots,
        }
    }

    /// Writes what was found into the book; gives the units without a place and the places without a unit.
    pub(in crate::matching) fn write(mut self, left: Vec<u32>, book: &mut Book) -> Vec<u32> {
        let whole = |price: i32| (price + METRE / 2) / METRE;
        self.price.iter_mut().for_each(|price| *price = whole(*price));
        self.groups.iter_mut().for_each(|group| group.floor = whole(group.floor));
        for (&slot, &g) in self.slots.iter().zip(&self.group) {
            let floor = if g == ALONE { 0 } else { self.groups[g as usize].floor * GRAIN };
            book.helpers[book.owner[slot as usize] as usize].floor = floor;
        }
        let mut without: Vec<u32> = left.iter().map(|&n| self.names[n as usize]).collect();
        for (need, &name) in self.names.iter().enumerate() {
            let seeker = &mut book.needs[name as usize];
            let ceiling = seeker.ceiling;
            let mut other = ceiling;
            for arc in &self.options[self.start[need] as usize..self.start[need + 1] as usize] {
                let place = arc.hub as usize;
                let value = arc.cost / PARTS + GRAIN * self.price[place];
                if value < other && self.holder[place] != idx(need) {
                    other = value;
                }
            }
            let mut worth = None;
            for arc in &self.held[need] {
                let place = arc.hub as usize;
                let arc = Arc { hub: self.slots[place], cost: arc.cost / PARTS };
                let value = arc.cost + GRAIN * self.price[place];
                book.helpers[book.owner[arc.hub as usize] as usize].used += 1;
                book.price[arc.hub as usize] = GRAIN * self.price[place];
                if value > other {
                    book.holder[arc.hub as usize] = VACANT;
                    without.push(name);
                } else {
                    book.holder[arc.hub as usize] = name;
                    seeker.held.push(arc);
                    worth = worth.max(Some(value));
                }
            }
            if other < ceiling {
                without.extend((0..self.unserved[need]).map(|_| name));
            } else {
                seeker.unserved = self.unserved[need];
                worth = worth.filter(|_| seeker.unserved == 0);
            }
            seeker.worth = worth.unwrap_or(other);
        }
        self.write_free(book);
        for &name in &self.names {
            book.raise(name, book.needs[name as usize].worth);
        }
        for helper in 0..idx(book.helpers.len()) {
            book.lift_floor(helper);
        }
        without
    }

    /// Prices of what nobody holds; what has one is vacant.
    fn write_free(&self, book: &mut Book) {
        for (place, &slot) in self.slots.iter().enumerate() {
            if self.holder[place] != FREE {
                continue;
            }
            let giver = &mut book.helpers[book.owner[slot as usize] as usize];
            let price = if self.group[place] == ALONE { GRAIN * self.price[place] } else { giver.floor };
            book.price[slot as usize] = price;
            if price > 0 && giver.used < giver.capacity {
                giver.used += 1;
                book.holder[slot as usize] = VACANT;
            }
        }
    }
}

/// Who calls at each place.
fn turned(start: &[u32], options: &[Arc], places: usize) -> (Vec<u32>, Vec<Arc>) {
    let mut first = vec![0_u32; places + 2];
    for arc in options {
        first[arc.hub as usize + 2] += 1;
    }
    for place in 2..first.len() {
        first[place] += first[place - 1];
    }
    let mut callers = vec![Arc { hub: 0, cost: 0 }; options.len()];
    for (need, ends) in start.windows(2).enumerate() {
        for arc in &options[ends[0] as usize..ends[1] as usize] {
            let at = &mut first[arc.hub as usize + 1];
            callers[*at as usize] = Arc { hub: idx(need), cost: arc.cost };
            *at += 1;
        }
    }
    first.truncate(places + 1);
    (first, callers)
}
