//! One Newton step on the prices (价格平衡方程).
//!
//! Around some prices, `w(u, v)` units change over between the hubs `u` and `v` per unit of price difference. The step
//! `d` that balances every hub solves `d(u) = (pull(u) + Σ w(u, v) d(v)) / Σ w(u, v)`, with `price + d ≥ 0` and
//! `|d| ≤ most`: a bounded quadratic program with a Laplacian, by projected over-relaxation (Cryer 1971).
//! It only proposes; [`super::ascent`] keeps what raises the dual. Cost: the near second choices, to sum up the weights,
//! and [`SWEEPS`] times the pairs of neighbouring hubs.

use super::census::Census;
use crate::num::idx;

const SWEEPS: usize = 16;
const OVER: f64 = 1.7;

/// Where nobody would change over within the width, a price goes as far as it may.
const NOBODY: f64 = 1e-3;

pub(super) struct Balance {
    /// Neighbours of each hub with their weights, hub after hub.
    start: Vec<u32>,
    edges: Vec<(u32, f64)>,
    /// One over the sum of the weights at each hub.
    ease: Vec<f64>,
    /// Every near second choice, sorted by hub; and where a neighbour stands in the list being made.
    sorted: Vec<(u32, f64)>,
    place: Vec<u32>,
    /// The step found.
    pub(super) step: Vec<f64>,
    /// How far a price may go at once.
    pub(super) most: f64,
}

impl Balance {
    pub(super) fn new(hubs: usize, most: f64) -> Self {
        Self {
            start: Vec::new(),
            edges: Vec::new(),
            ease: Vec::new(),
            sorted: Vec::new(),
            place: vec![u32::MAX; hubs],
            step: vec![0.0; hubs],
            most,
        }
    }

    /// Finds the step from these prices; who is less than `width` from the second choice counts as changing over.
    pub(super) fn aim(&mut self, census: &Census, price: &[i64], width: f64) {
        let hubs = price.len();
        self.weigh(census, hubs, width.max(1.0));
        self.step.fill(0.0);
        for _ in 0..SWEEPS {
            for (hub, &price) in price.iter().enumerate() {
                let edges = &self.edges[self.start[hub] as usize..self.start[hub + 1] as usize];
                // Four sums at once: one addition need not wait for the one before.
                let mut sums = [census.pull[hub] as f64, 0.0, 0.0, 0.0];
                let (fours, rest) = edges.as_chunks::<4>();
                for four in fours {
                    for (sum, &(to, w)) in sums.iter_mut().zip(four) {
                        *sum += w * self.step[to as usize];
                    }
                }
                for (sum, &(to, w)) in sums.iter_mut().zip(rest) {
                    *sum += w * self.step[to as usize];
                }
                let pull = (sums[0] + sums[1]) + (sums[2] + sums[3]);
                let now = self.step[hub];
                let next = now + OVER * (pull * self.ease[hub] - now);
                self.step[hub] = next.clamp(-self.most, self.most).max(-(price as f64));
            }
        }
    }

    /// Slope of the dual along the step.
    pub(super) fn slope(&self, census: &Census) -> f64 {
        census.pull.iter().zip(&self.step).map(|(&pull, step)| pull as f64 * step).sum()
    }

    /// Sums up, for every pair of hubs, who would change over.
    fn weigh(&mut self, census: &Census, hubs: usize, width: f64) {
        let near = census.rivals();
        self.start.clear();
        self.start.resize(hubs + 2, 0);
        for rival in near {
            self.start[rival.first as usize + 2] += 1;
            self.start[rival.second as usize + 2] += 1;
        }
        for hub in 2..self.start.len() {
            self.start[hub] += self.start[hub - 1];
        }
        self.sorted.clear();
        self.sorted.resize(self.start[hubs + 1] as usize, (0, 0.0));
        for rival in near {
            // Those on the other side of the border, as near to it, are counted as well.
            let weight = f64::from(rival.units) / (2.0 * width);
            for (from, to) in [(rival.first, rival.second), (rival.second, rival.first)] {
                let at = &mut self.start[from as usize + 1];
                self.sorted[*at as usize] = (to, weight);
                *at += 1;
            }
        }
        self.edges.clear();
        self.ease.clear();
        let mut from = 0;
        for hub in 0..hubs {
            let to = self.start[hub + 1] as usize;
            let begin = self.edges.len();
            for &(other, weight) in &self.sorted[from..to] {
                let place = self.place[other as usize];
                if place == u32::MAX {
                    self.place[other as usize] = idx(self.edges.len());
                    self.edges.push((other, weight));
                } else {
                    self.edges[place as usize].1 += weight;
                }
            }
            let mut sum = NOBODY;
            for &(other, weight) in &self.edges[begin..] {
                self.place[other as usize] = u32::MAX;
                sum += weight;
            }
            self.ease.push(1.0 / sum);
            self.start[hub] = idx(begin);
            from = to;
        }
        self.start[hubs] = idx(self.edges.len());
    }
}
