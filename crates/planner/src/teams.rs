//! Teams (成组服务): the need gets all its helpers in one block, or none.
//!
//! All-or-nothing makes matching NP-hard (it contains set packing). Bound: Lagrangian relaxation of what helpers can
//! give — one team per block, capacity in all — with a price per (helper, block) and per helper; each need then picks
//! its best block and the cheapest helpers in it, or stays unserved. The sum is below the cost of every plan for any
//! prices (Geoffrion 1974); subgradient steps raise it. Plan: needs in the order of what they gain at these prices,
//! then large neighbourhood search (Shaw 1998): a few needs near each other give their helpers back and are served
//! again in another order, those who were turned away included; changes that do not worsen the plan stay.
//!
//! Cost per subgradient step: linear in the options. Invariant: no helper twice in a block, none above capacity.

use crate::matching::{Given, Index, Market, PRIORITY};
use crate::num::{idx, int, round};
use crate::rng::Rng;

/// A plan in teams and what bounds it.
#[derive(Clone, Debug, Default)]
pub struct Teams {
    /// Who helps whom.
    pub given: Vec<Given>,
    /// Sum of priorities served (in metres) minus metres walked.
    pub value: i64,
    /// No plan has more.
    pub bound: i64,
}

/// One block in which a need could be served: its (hub, metres).
type Block = (u32, Vec<(u32, i32)>);

struct Choice {
    size: usize,
    prize: i64,
    blocks: Vec<Block>,
}

struct State<'a> {
    choices: &'a [Choice],
    owner: &'a [u32],
    busy: Vec<bool>,
    left: Vec<i64>,
    /// For each need: block position and hubs, if served.
    team: Vec<Option<(usize, Vec<u32>)>>,
    value: i64,
}

/// Matches in teams. `spent` tells which share of the time is used.
pub fn teams(market: &Market, seed: u64, spent: &mut dyn FnMut() -> f64) -> Teams {
    let index = Index::new(market);
    let mut owner = vec![0; index.blocks.len()];
    for h in 0..market.helpers.len() {
        owner[index.first[h] as usize..index.first[h + 1] as usize].fill(idx(h));
    }
    let choices: Vec<Choice> = market
        .needs
        .iter()
        .map(|need| {
            let mut arcs = index.options(need);
            arcs.sort_unstable_by_key(|arc| (index.blocks[arc.hub as usize], arc.cost, arc.hub));
            let blocks = arcs
                .chunk_by(|a, b| index.blocks[a.hub as usize] == index.blocks[b.hub as usize])
                .map(|chunk| {
                    (
                        index.blocks[chunk[0].hub as usize],
                        chunk.iter().map(|a| (a.hub, a.cost)).collect::<Vec<_>>(),
                    )
                })
                .filter(|(_, list)| list.len() >= need.units as usize);
            Choice {
                size: need.units as usize,
                prize: i64::from(PRIORITY) * i64::from(need.priority) * i64::from(need.units),
                blocks: blocks.collect(),
            }
        })
        .collect();
    let capacity: Vec<i64> = market.helpers.iter().map(|h| i64::from(h.capacity)).collect();
    let (bound, price) = bound(&choices, &owner, &capacity, &mut || spent() / 0.35);
    let mut state = State {
        choices: &choices,
        owner: &owner,
        busy: vec![false; owner.len()],
        left: capacity,
        team: vec![None; choices.len()],
        value: 0,
    };
    state.search(&market.needs.iter().map(|n| (n.x, n.y)).collect::<Vec<_>>(), &price, seed, spent);
    let mut given = Vec::new();
    for (n, team) in state.team.iter().enumerate() {
        if let Some((at, hubs)) = team {
            let list = &choices[n].blocks[*at].1;
            for &hub in hubs {
                let metres = list.iter().find(|o| o.0 == hub).map_or(0, |o| o.1);
                let (helper, block) = index.place(hub);
                given.push(Given { need: idx(n), helper, block, metres });
            }
        }
    }
    Teams { given, value: state.value, bound }
}

/// The relaxation's value in gains, and the price of every (helper, block).
fn bound(
    choices: &[Choice],
    owner: &[u32],
    capacity: &[i64],
    spent: &mut dyn FnMut() -> f64,
) -> (i64, Vec<i64>) {
    let mut price = vec![0.0_f64; owner.len()];
    let mut person = vec![0.0_f64; capacity.len()];
    let mut best = (i64::MAX, vec![0; owner.len()]);
    let (mut factor, mut stale) = (1.0, 0);
    let mut scratch: Vec<(i64, u32)> = Vec::new();
    for step in 0..2_000 {
        let fixed: Vec<i64> = price.iter().map(|&p| round(p)).collect();
        let each: Vec<i64> = person.iter().map(|&p| round(p)).collect();
        let mut value =
            fixed.iter().sum::<i64>() + each.iter().zip(capacity).map(|(p, c)| p * c).sum::<i64>();
        let mut load = vec![0_i64; owner.len()];
        for choice in choices {
            let mut pick: (i64, Vec<u32>) = (0, Vec::new());
            for (_, list) in &choice.blocks {
                scratch.clear();
                scratch.extend(list.iter().map(|&(hub, metres)| {
                    let h = hub as usize;
                    (i64::from(metres) + fixed[h] + each[owner[h] as usize], hub)
                }));
                if scratch.len() > choice.size && choice.size > 0 {
                    scratch.select_nth_unstable(choice.size - 1);
                }
                let cost: i64 = scratch.iter().take(choice.size).map(|o| o.0).sum();
                if choice.prize - cost > pick.0 {
                    pick = (choice.prize - cost, scratch.iter().take(choice.size).map(|o| o.1).collect());
                }
            }
            value += pick.0;
            for &hub in &pick.1 {
                load[hub as usize] += 1;
            }
        }
        if value < best.0 {
            stale = if value < best.0 - best.0 / 20_000 { 0 } else { stale + 1 };
            best = (value, fixed.iter().zip(owner).map(|(p, &h)| p + each[h as usize]).collect());
        } else {
            stale += 1;
        }
        if stale > 12 {
            stale = 0;
            factor *= 0.6;
        }
        if factor < 1e-3 || (step > 0 && spent() >= 1.0) {
            break;
        }
        let mut used = vec![0_i64; capacity.len()];
        let mut norm = 0.0;
        for (hub, &n) in load.iter().enumerate() {
            used[owner[hub] as usize] += n;
            if n > 1 || price[hub] > 0.0 {
                norm += ((n - 1) * (n - 1)) as f64;
            }
        }
        for (h, &n) in used.iter().enumerate() {
            let slope = n - capacity[h];
            if slope > 0 || person[h] > 0.0 {
                norm += (slope * slope) as f64;
            }
        }
        if norm < 0.5 {
            break;
        }
        let length = factor * (value as f64 * 0.03 + (value - best.0) as f64) / norm;
        for (p, &n) in price.iter_mut().zip(&load) {
            *p = (*p + length * (n - 1) as f64).max(0.0);
        }
        for (h, p) in person.iter_mut().enumerate() {
            *p = (*p + length * (used[h] - capacity[h]) as f64).max(0.0);
        }
    }
    best
}

impl State<'_> {
    /// Serves a need from what is free, at the least metres plus `weight` per mille of the prices.
    fn serve(&mut self, n: usize, price: &[i64], weight: i64) -> bool {
        let choice = &self.choices[n];
        let mut best: Option<(i64, usize, Vec<u32>)> = None;
        let mut free: Vec<(i64, u32, i32)> = Vec::new();
        for (at, (_, list)) in choice.blocks.iter().enumerate() {
            free.clear();
            for &(hub, metres) in list {
                if !self.busy[hub as usize] && self.left[self.owner[hub as usize] as usize] > 0 {
                    free.push((i64::from(metres) + price[hub as usize] * weight / 1000, hub, metres));
                }
            }
            if free.len() < choice.size {
                continue;
            }
            free.sort_unstable();
            let cost = free[..choice.size].iter().map(|o| o.0).sum();
            if best.as_ref().is_none_or(|known| cost < known.0) {
                best = Some((cost, at, free[..choice.size].iter().map(|o| o.1).collect()));
            }
        }
        let Some((_, at, hubs)) = best else {
            return false;
        };
        for &hub in &hubs {
            self.busy[hub as usize] = true;
            self.left[self.owner[hub as usize] as usize] -= 1;
        }
        self.value += self.gain(n, at, &hubs);
        self.team[n] = Some((at, hubs));
        true
    }

    fn release(&mut self, n: usize) {
        if let Some((at, hubs)) = self.team[n].take() {
            for &hub in &hubs {
                self.busy[hub as usize] = false;
                self.left[self.owner[hub as usize] as usize] += 1;
            }
            self.value -= self.gain(n, at, &hubs);
        }
    }

    fn gain(&self, n: usize, at: usize, hubs: &[u32]) -> i64 {
        let list = &self.choices[n].blocks[at].1;
        let metres = hubs.iter().map(|&hub| list.iter().find(|o| o.0 == hub).map_or(0, |o| i64::from(o.1)));
        self.choices[n].prize - metres.sum::<i64>()
    }

    fn put_back(&mut self, n: usize, team: Option<(usize, Vec<u32>)>) {
        if let Some((at, hubs)) = team {
            for &hub in &hubs {
                self.busy[hub as usize] = true;
                self.left[self.owner[hub as usize] as usize] -= 1;
            }
            self.value += self.gain(n, at, &hubs);
            self.team[n] = Some((at, hubs));
        }
    }

    fn search(&mut self, places: &[(f64, f64)], price: &[i64], seed: u64, spent: &mut dyn FnMut() -> f64) {
        let mut rng = Rng::new(seed);
        let mut order: Vec<usize> = (0..self.choices.len()).filter(|&n| self.choices[n].size > 0).collect();
        let worth = |n: usize| {
            let choice = &self.choices[n];
            let least = choice.blocks.iter().map(|(_, list)| {
                let mut costs: Vec<i64> =
                    list.iter().map(|&(hub, m)| i64::from(m) + price[hub as usize]).collect();
                costs.sort_unstable();
                costs[..choice.size].iter().sum::<i64>()
            });
            (choice.prize - least.min().unwrap_or(i64::MAX / 4)) / int(choice.size)
        };
        let rank: Vec<i64> =
            (0..self.choices.len()).map(|n| if self.choices[n].size > 0 { worth(n) } else { 0 }).collect();
        order.sort_by_key(|&n| std::cmp::Reverse(rank[n]));
        for &n in &order {
            self.serve(n, price, 1000);
        }
        // Needs that share a possible helper are neighbours.
        let mut callers: Vec<Vec<u32>> = vec![Vec::new(); self.left.len()];
        for (n, choice) in self.choices.iter().enumerate() {
            for &(hub, _) in choice.blocks.iter().flat_map(|block| &block.1) {
                callers[self.owner[hub as usize] as usize].push(idx(n));
            }
        }
        for list in &mut callers {
            list.dedup();
        }
        if order.is_empty() || places.is_empty() {
            return;
        }
        while spent() < 1.0 {
            for _ in 0..64 {
                let centre = order[rng.below(order.len())];
                let Some((_, list)) = self.choices[centre].blocks.first() else {
                    continue;
                };
                let mut group = vec![centre];
                let wanted = 3 + rng.below(10);
                for _ in 0..3 * wanted {
                    let hub = list[rng.below(list.len())].0;
                    let near = &callers[self.owner[hub as usize] as usize];
                    let other = near[rng.below(near.len())] as usize;
                    if !group.contains(&other) && group.len() < wanted {
                        group.push(other);
                    }
                }
                let before = self.value;
                let old: Vec<_> = group.iter().map(|&n| self.team[n].clone()).collect();
                for &n in &group {
                    self.release(n);
                }
                let mut again: Vec<(i64, usize)> =
                    group.iter().map(|&n| (round(-(rank[n] as f64) * (0.5 + rng.unit())), n)).collect();
                again.sort_unstable();
                let weight = [0, 300, 1000][rng.below(3)];
                for &(_, n) in &again {
                    self.serve(n, price, weight);
                }
                if self.value < before {
                    for &n in &group {
                        self.release(n);
                    }
                    for (&n, team) in group.iter().zip(old) {
                        self.put_back(n, team);
                    }
                }
            }
        }
    }
}
