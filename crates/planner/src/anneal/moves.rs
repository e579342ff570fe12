//! The search itself (退火): cooling, and its simple moves: one item elsewhere, two items exchanged.

use super::{Anneal, Choice};
use crate::num::idx;

/// Tries between two looks at the clock.
const TRIES: usize = 2048;

/// How a run cools.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cooling {
    /// Temperature at first and in the end, in units.
    pub(crate) hot: f64,
    pub(crate) cold: f64,
    /// What a person too many costs at first and in the end, in weights of the site.
    pub(crate) soft: f64,
    pub(crate) firm: f64,
    /// What it costs when the best plan of the run is chosen.
    pub(crate) verdict: f64,
}

/// Share of a run after which overflow that stays becomes dearer, how much so at each look, and how fast that fades.
const STERN: f64 = 0.5;
const GROW: f64 = 1.03;
const FADE: f64 = 0.99;
/// Dearer than so many times its weight overflow never becomes.
const DEAREST: f64 = 1_000.0;

impl Anneal<'_> {
    /// Cools while `spent` goes from 0 to 1; returns to the plan that was best at the verdict's price of overflow.
    pub(crate) fn run(&mut self, cooling: Cooling, spent: &mut dyn FnMut() -> f64) {
        if self.items.is_empty() {
            return;
        }
        let Cooling { hot, cold, soft, firm, verdict } = cooling;
        let base = self.weight.clone();
        let mut best = (self.score(verdict), self.at.clone());
        let mut looked = 0.0;
        loop {
            let share = spent();
            if share > looked + 0.002 || share >= 1.0 {
                looked = share;
                let score = self.cost as f64 + verdict * self.recount_fined(&base);
                if score < best.0 {
                    best.0 = score;
                    best.1.clone_from(&self.at);
                }
                self.charge(&base, share > STERN);
            }
            if share >= 1.0 {
                break;
            }
            let heat = hot * (cold / hot).powf(share);
            let price = soft + (firm - soft) * share * share;
            for _ in 0..TRIES {
                match self.rng.below(32) {
                    0..20 => self.try_chain(heat, price),
                    20..23 => self.try_group(heat, price),
                    23 => self.try_open(heat, price),
                    24 => self.try_close(heat, price),
                    25 => self.try_swap(heat, price),
                    _ => self.try_move(heat, price),
                }
            }
        }
        self.fined = self.recount_fined(&base);
        self.weight = base;
        for i in 0..self.items.len() {
            if self.at[i] != best.1[i] {
                self.put(i, best.1[i]);
            }
        }
    }

    /// Makes overflow dearer where there is some, if it is time for that, and cheaper again where there is none: each
    /// site gets the price at which it is left within its room, and no other site pays for that.
    fn charge(&mut self, base: &[f64], stern: bool) {
        for ((weight, room), &base) in self.weight.iter_mut().zip(&self.rooms).zip(base) {
            let factor = match room.over() {
                0 => FADE,
                _ if stern => GROW,
                _ => 1.0,
            };
            *weight = (*weight * factor).clamp(base, DEAREST * base);
        }
        self.fined = self.recount_fined(&self.weight);
    }

    #[inline]
    fn accept(&mut self, delta: f64, heat: f64) -> bool {
        delta <= 0.0 || (delta < 20.0 * heat && self.rng.unit() < (-delta / heat).exp())
    }

    /// What pairs cost more if `count` items of one grid go from one choice to another.
    #[inline]
    pub(super) fn pair_change(&self, old: Choice, new: Choice, count: u32) -> i64 {
        let opens = i64::from(self.used[new.pair as usize] == 0);
        let closes = i64::from(self.used[old.pair as usize] == count);
        self.problem.pair_cost * (opens - closes)
    }

    /// What is paid more for people too many at a site if `people` of a class come (or leave, if negative).
    #[inline]
    pub(super) fn fine(&self, site: u32, class: u32, people: i64) -> f64 {
        if self.simple {
            let spare = self.rooms[site as usize].spare();
            return self.weight[site as usize] * ((people - spare).max(0) - (-spare).max(0)) as f64;
        }
        let room = &self.rooms[site as usize];
        self.weight[site as usize] * (room.over_with(class, people) - room.over()) as f64
    }

    /// One of the choices of an item, mostly a near one.
    pub(super) fn pick(&mut self, i: usize) -> u32 {
        let to = if self.rng.below(16) == 0 { self.open[i] } else { self.near[i] };
        let from = self.first[i];
        from + idx(self.rng.below((to - from) as usize))
    }

    /// The choice of an item that leads to a site.
    pub(super) fn choice_at(&self, i: usize, site: u32) -> Option<u32> {
        (self.first[i]..self.open[i]).find(|&c| self.choices[c as usize].site == site)
    }

    fn try_move(&mut self, heat: f64, price: f64) {
        let i = self.rng.below(self.items.len());
        let c = self.pick(i);
        let (old, new) = (self.choices[self.at[i] as usize], self.choices[c as usize]);
        if old.site == new.site {
            return;
        }
        let people = i64::from(self.size[i]);
        let walk = people * i64::from(new.cost - old.cost) + self.pair_change(old, new, 1);
        let class = self.class[i];
        let fine = self.fine(old.site, class, -people) + self.fine(new.site, class, people);
        if self.accept(walk as f64 + price * fine, heat) {
            self.put(i, c);
        }
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
        let (mine, theirs) = (i64::from(self.size[i]), i64::from(self.size[j]));
        let (from, to) = (self.choices[self.at[j] as usize], self.choices[d as usize]);
        let mut change = mine * i64::from(new.cost - old.cost) + theirs * i64::from(to.cost - from.cost);
        if self.problem.grid[self.items[i].building as usize]
            != self.problem.grid[self.items[j].building as usize]
        {
            change += self.pair_change(old, new, 1) + self.pair_change(from, to, 1);
        }
        if self.class[i] == self.class[j] {
            let class = self.class[i];
            let fine = self.fine(old.site, class, theirs - mine) + self.fine(new.site, class, mine - theirs);
            if self.accept(change as f64 + price * fine, heat) {
                self.put(i, c);
                self.put(j, d);
            }
        } else {
            let (before, c_old, d_old) = (self.fined, self.at[i], self.at[j]);
            self.put(i, c);
            self.put(j, d);
            if !self.accept(change as f64 + price * (self.fined - before), heat) {
                self.put(j, d_old);
                self.put(i, c_old);
            }
        }
    }
}
