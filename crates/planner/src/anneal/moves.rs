//! The search itself (退火): cooling, and the moves it tries.

use super::{Anneal, Choice};
use crate::num::idx;

impl Anneal<'_> {
    /// Cools from `hot` to `cold` (in units) while `spent` goes from 0 to 1, a person too many costing `strict` times
    /// the site's price at first and five times that in the end; returns to the plan that was best at this last
    /// price.
    pub(crate) fn run(&mut self, hot: f64, cold: f64, strict: f64, spent: &mut dyn FnMut() -> f64) {
        if self.items.is_empty() {
            return;
        }
        let mut best = (self.score(strict), self.at.clone());
        let mut looked = 0.0;
        loop {
            let share = spent();
            if share > looked + 0.01 || share >= 1.0 {
                looked = share;
                let score = self.score(strict);
                if score < best.0 {
                    best.0 = score;
                    best.1.clone_from(&self.at);
                }
            }
            if share >= 1.0 {
                break;
            }
            let heat = hot * (cold / hot).powf(share);
            let price = strict * (1.0 + 4.0 * share * share);
            for _ in 0..2048 {
                match self.rng.below(16) {
                    0 => self.try_group(heat, price),
                    1..6 => self.try_swap(heat, price),
                    _ => self.try_move(heat, price),
                }
            }
        }
        for i in 0..self.items.len() {
            if self.at[i] != best.1[i] {
                self.put(i, best.1[i]);
            }
        }
    }

    #[inline]
    fn accept(&mut self, delta: f64, heat: f64) -> bool {
        delta <= 0.0 || (delta < 20.0 * heat && self.rng.unit() < (-delta / heat).exp())
    }

    #[inline]
    fn pair_change(&self, old: Choice, new: Choice, count: u32) -> i64 {
        let opens = i64::from(self.used[new.pair as usize] == 0);
        let closes = i64::from(self.used[old.pair as usize] == count);
        self.problem.pair_cost * (opens - closes)
    }

    fn pick(&mut self, i: usize) -> u32 {
        let (from, to) = (self.first[i], self.open[i]);
        from + idx(self.rng.below((to - from) as usize))
    }

    fn try_move(&mut self, heat: f64, price: f64) {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        if old.site == new.site {
            return;
        }
        let people = i64::from(self.items[i].people);
        let walk = people * i64::from(new.cost - old.cost) + self.pair_change(old, new, 1);
        let (a, b) = (&self.rooms[old.site as usize], &self.rooms[new.site as usize]);
        let class = self.class[i];
        let fine = self.weight[old.site as usize] * (a.over_with(class, -people) - a.over()) as f64
            + self.weight[new.site as usize] * (b.over_with(class, people) - b.over()) as f64;
        if self.accept(walk as f64 + price * fine, heat) {
            self.put(i, c);
        }
    }

    /// The choice of an item that leads to a site.
    fn choice_at(&self, i: usize, site: u32) -> Option<u32> {
        (self.first[i]..self.open[i]).find(|&c| self.choices[c as usize].site == site)
    }

    fn try_swap(&mut self, heat: f64, price: f64) {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        let crowd = &self.crowd[new.site as usize];
        if old.site == new.site || crowd.is_empty() {
            return;
        }
        let size = crowd.len();
        let j = self.crowd[new.site as usize][self.rng.below(size)] as usize;
        let Some(d) = self.choice_at(j, old.site) else {
            return;
        };
        let (mine, theirs) = (i64::from(self.items[i].people), i64::from(self.items[j].people));
        let (from, to) = (self.choices[self.at[j] as usize], self.choices[d as usize]);
        let mut change = mine * i64::from(new.cost - old.cost) + theirs * i64::from(to.cost - from.cost);
        if self.problem.grid[self.items[i].building as usize]
            != self.problem.grid[self.items[j].building as usize]
        {
            change += self.pair_change(old, new, 1) + self.pair_change(from, to, 1);
        }
        if self.class[i] == self.class[j] {
            let class = self.class[i];
            let here = &self.rooms[old.site as usize];
            let there = &self.rooms[new.site as usize];
            let (less, more) = (theirs - mine, mine - theirs);
            let fine = self.weight[old.site as usize] * (here.over_with(class, less) - here.over()) as f64
                + self.weight[new.site as usize] * (there.over_with(class, more) - there.over()) as f64;
            if self.accept(change as f64 + price * fine, heat) {
                self.put(i, c);
                self.put(j, d);
            }
        } else {
            let sites = (old.site as usize, new.site as usize);
            let (before, c_old, d_old) = (self.fine(sites.0, sites.1), self.at[i], self.at[j]);
            self.put(i, c);
            self.put(j, d);
            let fine = self.fine(sites.0, sites.1) - before;
            if !self.accept(change as f64 + price * fine, heat) {
                self.put(j, d_old);
                self.put(i, c_old);
            }
        }
    }

    /// All items of a grid at one site to another site.
    fn try_group(&mut self, heat: f64, price: f64) {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        if old.site == new.site || self.used[old.pair as usize] > 64 {
            return;
        }
        let grid = self.problem.grid[self.items[i].building as usize] as usize;
        let mut moves: Vec<(u32, u32, u32)> = Vec::with_capacity(self.used[old.pair as usize] as usize);
        let mut walk = 0;
        for &k in &self.grids[grid] {
            let here = self.at[k as usize];
            if self.choices[here as usize].site != old.site {
                continue;
            }
            let Some(d) = self.choice_at(k as usize, new.site) else {
                return;
            };
            let change = self.choices[d as usize].cost - self.choices[here as usize].cost;
            walk += i64::from(self.items[k as usize].people) * i64::from(change);
            moves.push((k, here, d));
        }
        walk += self.pair_change(old, new, idx(moves.len()));
        let sites = (old.site as usize, new.site as usize);
        let before = self.fine(sites.0, sites.1);
        if walk as f64 > 20.0 * heat + price * before {
            return;
        }
        for &(k, _, d) in &moves {
            self.put(k as usize, d);
        }
        let fine = self.fine(sites.0, sites.1) - before;
        if !self.accept(walk as f64 + price * fine, heat) {
            for &(k, here, _) in &moves {
                self.put(k as usize, here);
            }
        }
    }
}
