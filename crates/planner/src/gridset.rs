//! Which sites one grid should use, the prices being given (单个网格的选点子问题).
//!
//! For one grid, `min over non-empty sets S of F·|S| + Σ_b min_{s∈S} value(b, s)`: uncapacitated facility location,
//! small. Solved exactly by branch and bound on the sets: with `S` open, a further site is worth opening only if it
//! gains more than F on its own, and what several sites gain together is at most the sum of what each gains
//! (submodularity, Nemhauser, Wolsey & Fisher 1978); so `cost(S) − Σ (gain − F)⁺` bounds everything below `S`.
//! Grids too large for that get the dual-ascent bound (Erlenkotter 1978), which is a valid lower bound as well, and
//! the greedy set.
//!
//! Cost: a few hundred additions for a usual grid (10 buildings, 10 sites); never more than [`WORK`] steps.

/// "No such walk."
pub(crate) const NO_WAY: i64 = i64::MAX / 1_000_000;
/// Work limit of the exact search, in looked-at values.
const WORK: u64 = 400_000;

/// Solver for one grid after the other; keeps its memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct GridSet {
    rows: usize,
    sites: usize,
    /// Column-major: `value[site × rows + row]`.
    pub(crate) value: Vec<i64>,
    open: Vec<usize>,
    best: i64,
    best_set: Vec<usize>,
    floor: i64,
    work: u64,
    levels: Vec<Level>,
}

#[derive(Clone, Debug, Default)]
struct Level {
    now: Vec<i64>,
    gains: Vec<(i64, usize)>,
}

impl GridSet {
    /// Prepares the value table of a grid with `rows` buildings and `sites` sites, all "no way".
    pub(crate) fn shape(&mut self, rows: usize, sites: usize) {
        self.rows = rows;
        self.sites = sites;
        self.value.clear();
        self.value.resize(rows * sites, NO_WAY);
    }

    /// A lower bound on the best cost (equal to it unless the grid is huge); [`Self::set`] then tells the best set
    /// found.
    pub(crate) fn solve(&mut self, fixed: i64, warm: &[usize]) -> i64 {
        self.best_set.clear();
        self.best = i64::MAX;
        self.work = 0;
        let column = |s: usize| s * self.rows..(s + 1) * self.rows;
        let lowest = (0..self.rows).map(|b| {
            let all = (0..self.sites).map(|s| self.value[s * self.rows + b]);
            all.min().unwrap_or(0)
        });
        self.floor = lowest.sum();
        if !warm.is_empty() {
            let mut now = vec![NO_WAY; self.rows];
            for &s in warm {
                for (n, &v) in now.iter_mut().zip(&self.value[column(s)]) {
                    *n = (*n).min(v);
                }
            }
            self.best = fixed * crate::num::int(warm.len()) + now.iter().sum::<i64>();
            self.best_set.extend_from_slice(warm);
        }
        if self.rows * self.sites > 20_000 {
            self.greedy(fixed);
            return self.dual_ascent(fixed);
        }
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        self.open.clear();
        let mut root = std::mem::take(&mut self.levels[0]);
        root.now.clear();
        root.now.resize(self.rows, NO_WAY);
        root.gains.clear();
        root.gains.extend((0..self.sites).map(|s| (0, s)));
        self.levels[0] = root;
        if self.branch(0, fixed) { self.best } else { self.dual_ascent(fixed) }
    }

    /// The best set found by the last [`Self::solve`].
    pub(crate) fn set(&self) -> &[usize] {
        &self.best_set
    }

    /// Cost of the set found.
    #[cfg(test)]
    pub(crate) fn cost(&self) -> i64 {
        self.best
    }

    /// Explores the sets that extend the open one by sites of this level's list; false if the work limit was hit.
    fn branch(&mut self, depth: usize, fixed: i64) -> bool {
        if self.levels.len() <= depth + 1 {
            self.levels.push(Level::default());
        }
        let mut level = std::mem::take(&mut self.levels[depth]);
        let total = level.now.iter().sum::<i64>() + fixed * crate::num::int(self.open.len());
        self.work += (level.gains.len() * self.rows) as u64;
        let mut hope = 0;
        for (gain, site) in &mut level.gains {
            let column = &self.value[*site * self.rows..(*site + 1) * self.rows];
            *gain = -fixed;
            for (&n, &v) in level.now.iter().zip(column) {
                *gain += (n - v).max(0);
            }
            hope += (*gain).max(0);
        }
        level.gains.retain(|gain| gain.0 > 0);
        level.gains.sort_unstable_by_key(|gain| std::cmp::Reverse(gain.0));
        if depth > 0 && total < self.best {
            self.best = total;
            self.best_set.clear();
            self.best_set.extend_from_slice(&self.open);
        }
        let next_open = crate::num::int(self.open.len()) + 1;
        let mut complete = self.work <= WORK;
        if complete && self.floor + fixed * next_open < self.best {
            for at in 0..level.gains.len() {
                if total - hope >= self.best {
                    break;
                }
                let (gain, site) = level.gains[at];
                hope -= gain;
                let mut next = std::mem::take(&mut self.levels[depth + 1]);
                let column = &self.value[site * self.rows..(site + 1) * self.rows];
                next.now.clear();
                next.now.extend(level.now.iter().zip(column).map(|(&n, &v)| n.min(v)));
                next.gains.clear();
                next.gains.extend_from_slice(&level.gains[at + 1..]);
                self.levels[depth + 1] = next;
                self.open.push(site);
                complete &= self.branch(depth + 1, fixed);
                self.open.pop();
                if !complete {
                    break;
                }
            }
        }
        self.levels[depth] = level;
        complete
    }

    /// Opens the site that saves most as long as one saves anything.
    fn greedy(&mut self, fixed: i64) {
        let mut now = vec![NO_WAY; self.rows];
        let mut set = Vec::new();
        loop {
            let gain = |s: usize| -> i64 {
                let column = &self.value[s * self.rows..(s + 1) * self.rows];
                now.iter().zip(column).map(|(&n, &v)| (n - v).max(0)).sum()
            };
            let Some((best, site)) = (0..self.sites).map(|s| (gain(s), s)).max() else {
                break;
            };
            if best <= fixed {
                break;
            }
            for (n, &v) in now.iter_mut().zip(&self.value[site * self.rows..]) {
                *n = (*n).min(v);
            }
            set.push(site);
        }
        let cost = fixed * crate::num::int(set.len()) + now.iter().sum::<i64>();
        if cost < self.best {
            self.best = cost;
            self.best_set = set;
        }
    }

    /// A feasible solution of the dual: every building bids, a site's bids over cost never exceed F.
    fn dual_ascent(&self, fixed: i64) -> i64 {
        let mut slack = vec![fixed; self.sites];
        let mut total = 0;
        for row in 0..self.rows {
            let mut costs: Vec<(i64, usize)> = (0..self.sites)
                .map(|s| (self.value[s * self.rows + row], s))
                .filter(|entry| entry.0 < NO_WAY)
                .collect();
            costs.sort_unstable();
            let Some(&(mut bid, _)) = costs.first() else {
                continue;
            };
            // Raise the bid as long as every site it exceeds can still take the difference.
            for k in 0..costs.len() {
                let reach = costs.get(k + 1).map_or(i64::MAX, |next| next.0);
                let room = costs[..=k].iter().map(|&(c, s)| c + slack[s]).min();
                let top = room.unwrap_or(bid).min(reach);
                bid = bid.max(top);
                if top < reach {
                    break;
                }
            }
            for &(cost, site) in &costs {
                slack[site] -= (bid - cost).max(0);
            }
            total += bid;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::{GridSet, NO_WAY};
    use proptest::prelude::*;

    fn brute(value: &[Vec<i64>], fixed: i64) -> i64 {
        let sites = value[0].len();
        (1_u32..1 << sites)
            .map(|set| {
                let rows = value.iter().map(|row| {
                    let open = (0..sites).filter(|s| set >> s & 1 == 1);
                    open.map(|s| row[s]).min().unwrap_or(NO_WAY)
                });
                rows.sum::<i64>() + fixed * i64::from(set.count_ones())
            })
            .min()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn exact_search_equals_enumeration_and_the_dual_stays_below(
            value in (1_usize..7).prop_flat_map(|sites| prop::collection::vec(
                prop::collection::vec(prop_oneof![4 => 0_i64..300, 1 => Just(NO_WAY)], sites), 1..7)),
            fixed in 0_i64..200,
        ) {
            let mut value = value;
            for row in &mut value { row[0] = row[0].min(500); }
            let mut solver = GridSet::default();
            solver.shape(value.len(), value[0].len());
            for (b, row) in value.iter().enumerate() {
                for (s, &v) in row.iter().enumerate() { solver.value[s * value.len() + b] = v; }
            }
            let best = brute(&value, fixed);
            prop_assert_eq!(solver.solve(fixed, &[]), best);
            prop_assert_eq!(solver.solve(fixed, &[0]), best);
            prop_assert!(solver.dual_ascent(fixed) <= best);
            solver.greedy(fixed);
            prop_assert!(solver.cost() >= best);
        }
    }
}
