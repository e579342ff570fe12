//! Chains of exact transfers (逐站腾挪): the last people too many, moved exactly.
//!
//! Where whole buildings leave a site a few people over, exactly so many travel on from site to site until one has
//! room. Between two sites, `k` people are moved by a building of `n` in exchange for one of `n − k` (or by a
//! building of `k`), and where that is not enough and dividing is allowed, by a household of `k` that moves alone.
//! In between nothing changes, so the overflow falls by exactly `k`. Source: ejection chains (Glover 1996) as shortest
//! paths on the residual graph of people, lengths cut off at zero so that every path visits a site once.
//!
//! Invariant: a chain that does not lower the overflow is taken back. A household that moves alone splits its
//! building; that is the price, paid only here.
//! Cost per chain: Dijkstra over the sites until one has room; per site, a pass over its items and its neighbours'.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::anneal::Anneal;
use crate::num::idx;
use crate::problem::Problem;

/// The transfer of some people between two sites.
#[derive(Clone, Copy, Debug)]
struct Hop {
    from: u32,
    mover: u32,
    /// The household that moves alone.
    home: Option<u32>,
    /// Who comes back in exchange.
    back: Option<u32>,
}

/// Moves people until no site is too full or no chain helps any more; buildings are divided only if `divide`.
pub(crate) fn chain(problem: &Problem, state: &mut Anneal, divide: bool) {
    for site in state.crowded() {
        loop {
            let over = state.over_at(site, 0, 0);
            if over == 0 {
                break;
            }
            let mut classes: Vec<u32> =
                state.at_site(site).iter().map(|&i| state.class(i as usize)).collect();
            classes.sort_unstable();
            classes.dedup();
            // All at once, if possible; otherwise in parts.
            let mut sizes: Vec<i64> = (1..=over.min(6)).collect();
            sizes.extend([over, over / 2, over / 4]);
            sizes.retain(|&size| size > 0);
            sizes.sort_unstable_by_key(|&size| Reverse(size));
            sizes.dedup();
            let tries = sizes.into_iter().flat_map(|size| classes.iter().map(move |&class| (size, class)));
            let mut tries = tries.collect::<Vec<_>>().into_iter();
            if !tries.any(|(size, class)| step(problem, state, site, (size, class), divide)) {
                break;
            }
        }
    }
}

/// Finds and applies the cheapest chain for so many people of a window class; false if there is none that helps.
fn step(
    problem: &Problem,
    state: &mut Anneal,
    source: usize,
    (size, class): (i64, u32),
    divide: bool,
) -> bool {
    if state.over_at(source, class, -size) >= state.over_at(source, class, 0) {
        return false;
    }
    let sites = problem.capacity.len();
    let mut known: Vec<Option<(i64, Hop)>> = vec![None; sites];
    let mut done = vec![false; sites];
    let mut heap = BinaryHeap::from([Reverse((0_i64, idx(source)))]);
    let mut target = None;
    while let Some(Reverse((far, at))) = heap.pop() {
        let site = at as usize;
        if std::mem::replace(&mut done[site], true) {
            continue;
        }
        if site != source && state.over_at(site, class, size) == state.over_at(site, class, 0) {
            target = Some(at);
            break;
        }
        let gone = known[site].and_then(|(_, hop)| hop.back);
        for (to, cost, hop) in hops(problem, state, at, (size, class), gone, divide) {
            let cost = far + cost.max(0) + 1;
            let entry = &mut known[to as usize];
            if !done[to as usize] && entry.is_none_or(|(least, _)| cost < least) {
                *entry = Some((cost, hop));
                heap.push(Reverse((cost, to)));
            }
        }
    }
    let Some(mut at) = target else {
        return false;
    };
    let before = state.over;
    let mut back = Vec::new();
    while at as usize != source {
        let Some((_, hop)) = known[at as usize] else {
            break;
        };
        let mover = match hop.home {
            Some(home) => state.split_off(hop.mover as usize, home as usize),
            None => hop.mover as usize,
        };
        state.send(mover, at);
        back.push((mover, hop.from));
        if let Some(other) = hop.back {
            state.send(other as usize, hop.from);
            back.push((other as usize, at));
        }
        at = hop.from;
    }
    if state.over < before {
        return true;
    }
    for (item, site) in back.into_iter().rev() {
        state.send(item, site);
    }
    false
}

/// Size, cost and item of the cheapest of each size.
type BySize = Vec<(i64, i64, u32)>;

fn cheapest(mut list: BySize) -> BySize {
    list.sort_unstable();
    list.dedup_by_key(|entry| entry.0);
    list
}

/// The cheapest transfer from a site to each of its neighbours; `gone` is who leaves it anyway.
fn hops(
    problem: &Problem,
    state: &Anneal,
    from: u32,
    (size, class): (i64, u32),
    gone: Option<u32>,
    divide: bool,
) -> Vec<(u32, i64, Hop)> {
    let mut movers: BTreeMap<u32, BySize> = BTreeMap::new();
    let mut best: BTreeMap<u32, (i64, Hop)> = BTreeMap::new();
    let mut note = |to: u32, cost: i64, hop: Hop| {
        let entry = best.entry(to).or_insert((cost, hop));
        if cost < entry.0 {
            *entry = (cost, hop);
        }
    };
    for &i in state.at_site(from as usize) {
        let item = i as usize;
        if state.class(item) != class || gone == Some(i) {
            continue;
        }
        let people = i64::from(state.items[item].people);
        if people >= size {
            for (to, cost) in state.whole_ways(item) {
                movers.entry(to).or_default().push((people, cost, i));
            }
        }
        let homes = &state.items[item].homes;
        if divide && let Some(home) = homes.iter().position(|&n| i64::from(n) == size) {
            for (to, cost) in state.ways(item, size) {
                // One of several households: a building is split, which whole exchanges avoid.
                let torn = if homes.len() > 1 { problem.pair_cost } else { 0 };
                note(to, cost + torn, Hop { from, mover: i, home: Some(idx(home)), back: None });
            }
        }
    }
    for (to, list) in movers {
        let mut others = BySize::new();
        for &j in state.at_site(to as usize) {
            let item = j as usize;
            if state.class(item) == class {
                let way = state.whole_ways(item).find(|way| way.0 == from);
                others.extend(way.map(|(_, cost)| (i64::from(state.items[item].people), cost, j)));
            }
        }
        let others = cheapest(others);
        for (people, cost, mover) in cheapest(list) {
            if people == size {
                note(to, cost, Hop { from, mover, home: None, back: None });
            } else if let Ok(at) = others.binary_search_by_key(&(people - size), |entry| entry.0) {
                let (_, more, other) = others[at];
                note(to, cost + more, Hop { from, mover, home: None, back: Some(other) });
            }
        }
    }
    best.into_iter().map(|(to, (cost, hop))| (to, cost, hop)).collect()
}

#[cfg(test)]
mod tests {
    use super::chain;
    use crate::anneal::{Anneal, Item};
    use crate::generate::{Recipe, generate};
    use crate::problem::Problem;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn chains_only_ease_and_whole_ones_divide_nobody(seed in 0_u64..1_000, narrow in prop::bool::ANY, slots in 22_usize..30) {
            let recipe = Recipe { windows: if narrow { 0.4 } else { 0.0 }, ..Recipe::small() };
            let problem = Problem::new(&generate(&recipe, seed));
            let whole = problem.served.iter();
            let items = whole.map(|&b| Item::new(b, problem.households[b as usize].clone()));
            // Everybody at the nearest site, which is too much for some.
            let mut state = Anneal::new(&problem, slots, items.collect(), &[], &[], seed);
            let count = state.items.len();
            let crowded = state.over;
            chain(&problem, &mut state, false);
            prop_assert_eq!((state.cost, state.over), state.recount());
            prop_assert!(state.over <= crowded);
            prop_assert_eq!(state.items.len(), count);
            let before = state.over;
            chain(&problem, &mut state, true);
            prop_assert_eq!((state.cost, state.over), state.recount());
            prop_assert!(state.over <= before);
            let people: i32 = state.items.iter().map(|item| item.people).sum();
            prop_assert_eq!(i64::from(people), problem.total_people());
        }
    }
}
