//! What the repair of a plan asks of the state (逐户调整): who stands where, what fits, households on their own.

use super::{Anneal, Choice, Item, fits, least_two};
use crate::num::{idx, small};

impl Anneal<'_> {
    /// Takes room for `people` of a class away from a site (they could not be packed there).
    pub(crate) fn shrink(&mut self, site: usize, class: u32, people: i64) {
        let before = self.rooms[site].over();
        self.rooms[site].shrink(class, people);
        let more = self.rooms[site].over() - before;
        self.over += more;
        self.fined += self.weight[site] * more as f64;
    }

    /// Sites with too many people.
    pub(crate) fn crowded(&self) -> Vec<usize> {
        let sites = 0..self.rooms.len();
        sites.filter(|&s| self.rooms[s].over() > 0).collect()
    }

    /// Puts an item at a site, if it may go there.
    pub(crate) fn send(&mut self, i: usize, site: u32) -> bool {
        let mut all = self.first[i]..self.first[i + 1];
        let found = all.find(|&c| self.choices[c as usize].site == site);
        if let Some(c) = found {
            self.put(i, c);
        }
        found.is_some()
    }

    /// Window class of an item.
    pub(crate) fn class(&self, i: usize) -> u32 {
        self.class[i]
    }

    /// People too many at a site, now or after `people` of a class came.
    pub(crate) fn over_at(&self, site: usize, class: u32, people: i64) -> i64 {
        self.rooms[site].over_with(class, people)
    }

    /// What moving `people` of item `i` elsewhere costs: (site, units), for every other site it may go to.
    pub(crate) fn ways(&self, i: usize, people: i64) -> impl Iterator<Item = (u32, i64)> + '_ {
        let here = self.choices[self.at[i] as usize];
        let all = &self.choices[self.first[i] as usize..self.first[i + 1] as usize];
        let closes = self.used[here.pair as usize] == 1 && people == i64::from(self.items[i].people);
        let window = self.problem.windows[self.class[i] as usize];
        let able = move |c: &&Choice| {
            c.site != here.site && fits(self.problem, c.site as usize, window, self.horizon, small(people))
        };
        all.iter().filter(able).map(move |c| {
            let opens = self.used[c.pair as usize] == 0;
            let pairs = i64::from(opens) - i64::from(closes);
            let walk = people * i64::from(c.cost - here.cost);
            (c.site, walk + pairs * self.problem.pair_cost)
        })
    }

    /// What moving all of item `i` elsewhere costs: (site, units), for every other site it may go to as a whole.
    pub(crate) fn whole_ways(&self, i: usize) -> impl Iterator<Item = (u32, i64)> + '_ {
        let here = self.choices[self.at[i] as usize];
        let all = &self.choices[self.first[i] as usize..self.open[i] as usize];
        let people = i64::from(self.items[i].people);
        all.iter().filter(move |c| c.site != here.site).map(move |&c| {
            let walk = people * i64::from(c.cost - here.cost);
            (c.site, walk + self.pair_change(here, c, 1))
        })
    }

    /// Makes one household of an item an item of its own, at the same site, and gives its number.
    pub(crate) fn split_off(&mut self, i: usize, home: usize) -> usize {
        if self.items[i].homes.len() < 2 {
            return i;
        }
        let c = self.at[i];
        self.leave(i);
        let people = self.items[i].homes.swap_remove(home);
        self.items[i].people -= people;
        self.size[i] -= people;
        self.enter(i);
        let (from, to) = (self.first[i] as usize, self.first[i + 1] as usize);
        let here = self.choices[c as usize].site;
        let window = self.problem.windows[self.class[i] as usize];
        let start = self.choices.len();
        for fitting in [true, false] {
            for at in from..to {
                let choice = self.choices[at];
                if fits(self.problem, choice.site as usize, window, self.horizon, people) == fitting {
                    self.choices.push(choice);
                }
            }
            if fitting {
                let end = if self.choices.len() > start { self.choices.len() } else { start + to - from };
                self.open.push(idx(end));
                self.near.push(idx(end));
            }
        }
        self.first.push(idx(self.choices.len()));
        let new = self.items.len();
        let building = self.items[i].building;
        self.items.push(Item::new(building, vec![people]));
        self.class.push(self.class[i]);
        self.size.push(people);
        self.spot.push(0);
        self.least.push(least_two(&self.choices[start..self.open[self.open.len() - 1] as usize]));
        let stay = self.choices[start..].iter().position(|choice| choice.site == here);
        self.at.push(idx(start + stay.unwrap_or(0)));
        let grid = self.problem.grid[building as usize] as usize;
        self.grids[grid].push(idx(new));
        self.enter(new);
        new
    }

    /// The items at a site.
    pub(crate) fn at_site(&self, site: usize) -> &[u32] {
        &self.crowd[site]
    }
}
