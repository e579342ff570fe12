//! Local search (局部搜索): relocating, swapping, exchanging tails, turning stretches around.

use super::{Field, TINY, Tour};
use crate::rng::Rng;

impl Field<'_> {
    /// Local search until nothing helps.
    pub(super) fn educate(&self, plan: &mut Tour, rng: &mut Rng, spent: &mut dyn FnMut() -> f64) {
        self.insert(plan, Some(rng));
        let mut improved = true;
        while improved && spent() < 1.0 {
            improved = false;
            let mut order: Vec<(usize, usize)> = Vec::new();
            for a in 0..plan.routes.len() {
                order.extend((0..plan.routes.len()).map(|b| (a, b)));
            }
            rng.shuffle(&mut order);
            for (a, b) in order {
                improved |= self.relocate(plan, a, b);
                if a == b {
                    improved |= self.turn(plan, a);
                }
                if a < b {
                    improved |= self.swap(plan, a, b) | self.tails(plan, a, b);
                }
            }
            if !plan.unserved.is_empty() {
                let before = plan.unserved.len();
                self.insert(plan, None);
                improved |= plan.unserved.len() < before;
            }
        }
        plan.cost = self.cost(plan);
    }

    fn pair(&self, a: (usize, &[usize]), b: (usize, &[usize])) -> Option<f64> {
        let one = self.length(a.0, a.1.iter().copied())?;
        Some(one + self.length(b.0, b.1.iter().copied())?)
    }

    /// Moves one visit from route `a` to its best place in route `b` (or elsewhere in `a`).
    fn relocate(&self, plan: &mut Tour, a: usize, b: usize) -> bool {
        for at in 0..plan.routes[a].len() {
            let visit = plan.routes[a][at];
            let Some(before) = self.length(a, plan.routes[a].iter().copied()) else {
                return false;
            };
            let mut rest = plan.routes[a].clone();
            rest.remove(at);
            let Some(without) = self.length(a, rest.iter().copied()) else {
                continue;
            };
            let target = if a == b { &rest } else { &plan.routes[b] };
            if let Some((extra, place)) = self.best_place(b, target, visit)
                && extra + without < before - TINY
            {
                plan.routes[a] = rest;
                plan.routes[b].insert(place, visit);
                return true;
            }
        }
        false
    }

    /// Turns a stretch of a route around (2-opt).
    fn turn(&self, plan: &mut Tour, a: usize) -> bool {
        let mut route = plan.routes[a].clone();
        let Some(before) = self.length(a, route.iter().copied()) else {
            return false;
        };
        for i in 0..route.len() {
            for j in i + 2..=route.len() {
                route[i..j].reverse();
                let after = self.length(a, route.iter().copied());
                if after.is_some_and(|after| after < before - TINY) {
                    plan.routes[a] = route;
                    return true;
                }
                route[i..j].reverse();
            }
        }
        false
    }

    /// Takes some visits out at random, for local search to bring back elsewhere.
    pub(super) fn shake(plan: &mut Tour, rng: &mut Rng) {
        let filled = plan.routes.iter().map(Vec::len).sum::<usize>();
        for _ in 0..=rng.below(2 + filled / 2) {
            let team = rng.below(plan.routes.len());
            if !plan.routes[team].is_empty() {
                let at = rng.below(plan.routes[team].len());
                let visit = plan.routes[team].remove(at);
                plan.unserved.push(visit);
            }
        }
    }

    /// Swaps a visit of route `a` with one of route `b`.
    fn swap(&self, plan: &mut Tour, a: usize, b: usize) -> bool {
        let Some(before) = self.pair((a, &plan.routes[a]), (b, &plan.routes[b])) else {
            return false;
        };
        let (mut one, mut two) = (plan.routes[a].clone(), plan.routes[b].clone());
        for i in 0..one.len() {
            for j in 0..two.len() {
                std::mem::swap(&mut one[i], &mut two[j]);
                if self.pair((a, &one), (b, &two)).is_some_and(|after| after < before - TINY) {
                    plan.routes[a] = one;
                    plan.routes[b] = two;
                    return true;
                }
                std::mem::swap(&mut one[i], &mut two[j]);
            }
        }
        false
    }

    /// Exchanges the tails of two routes (2-opt*).
    fn tails(&self, plan: &mut Tour, a: usize, b: usize) -> bool {
        let Some(before) = self.pair((a, &plan.routes[a]), (b, &plan.routes[b])) else {
            return false;
        };
        let (one, two) = (&plan.routes[a], &plan.routes[b]);
        for i in 0..=one.len() {
            for j in 0..=two.len() {
                let first: Vec<usize> = one[..i].iter().chain(&two[j..]).copied().collect();
                let second: Vec<usize> = two[..j].iter().chain(&one[i..]).copied().collect();
                if self.pair((a, &first), (b, &second)).is_some_and(|after| after < before - TINY) {
                    plan.routes[a] = first;
                    plan.routes[b] = second;
                    return true;
                }
            }
        }
        false
    }
}
