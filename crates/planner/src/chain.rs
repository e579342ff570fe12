//! Household chains (逐户腾挪): the last people too many, moved exactly.
//!
//! Where whole buildings leave a site a few people over, households of one size move on in a chain: one from the
//! crowded site to a neighbour, one of the same size and window from there to the next, until a site has room.
//! In between nothing changes, so the overflow falls by exactly the household's size; size 1 reaches every place
//! that an augmenting path for single people of the same kind reaches. Source: ejection chains (Glover 1996) on
//! the residual graph. A household that moves alone splits its building; that is the price, paid only here.
//!
//! Cost per chain: one pass over all items, then Bellman–Ford over at most [`HOPS`] hops between sites.

use std::collections::BTreeMap;

use crate::anneal::Anneal;
use crate::num::idx;
use crate::problem::Problem;

/// The longest chain.
const HOPS: usize = 16;

/// One household's move: item, position among its households, target site.
#[derive(Clone, Copy, Debug)]
struct Hop {
    item: u32,
    home: u32,
    cost: i64,
}

/// Moves households until no site is too full or no chain helps any more.
pub(crate) fn chain(problem: &Problem, state: &mut Anneal) {
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
            let sizes = (1..=over.min(6)).rev();
            let tries = sizes.flat_map(|size| classes.iter().map(move |&class| (size, class)));
            let moved = tries.into_iter().any(|(size, class)| step(problem, state, site, size, class));
            if !moved {
                break;
            }
        }
    }
}

/// Finds and applies the cheapest chain for one size and window; false if there is none that helps.
fn step(problem: &Problem, state: &mut Anneal, source: usize, size: i64, class: u32) -> bool {
    if state.over_at(source, class, -size) >= state.over_at(source, class, 0) {
        return false;
    }
    let edges = hops(state, size, class);
    let sites = problem.capacity.len();
    let mut best: Vec<Option<(i64, u32)>> = vec![None; sites];
    best[source] = Some((0, idx(source)));
    let mut layers = vec![best.clone()];
    for _ in 0..HOPS {
        let mut next = best.clone();
        let mut changed = false;
        for (&(from, to), hop) in &edges {
            if let Some((cost, _)) = best[from as usize]
                && to as usize != source
                && next[to as usize].is_none_or(|known| cost + hop.cost < known.0)
            {
                next[to as usize] = Some((cost + hop.cost, from));
                changed = true;
            }
        }
        best = next;
        layers.push(best.clone());
        if !changed {
            break;
        }
    }
    let open = (0..sites)
        .filter(|&site| site != source && state.over_at(site, class, size) == state.over_at(site, class, 0));
    let target = open.filter_map(|site| best[site].map(|(cost, _)| (cost, site))).min();
    let Some((_, target)) = target else {
        return false;
    };
    // Walk back through the layers; a site seen twice would use one household twice, so such chains are dropped.
    let mut path = Vec::new();
    let mut at = idx(target);
    let mut layer = layers.len() - 1;
    while at as usize != source {
        while layer > 0 && layers[layer - 1][at as usize] == layers[layer][at as usize] {
            layer -= 1;
        }
        let Some((_, from)) = layers[layer][at as usize] else {
            return false;
        };
        if layer == 0 || path.iter().any(|&(_, to)| to == from) {
            return false;
        }
        path.push((from, at));
        at = from;
        layer -= 1;
    }
    let before = state.over;
    for pair in path {
        if let Some(hop) = edges.get(&pair) {
            let item = state.split_off(hop.item as usize, hop.home as usize);
            state.send(item, pair.1);
        }
    }
    state.over < before
}

/// The cheapest household move of that size and window between any two sites.
fn hops(state: &Anneal, size: i64, class: u32) -> BTreeMap<(u32, u32), Hop> {
    let mut edges: BTreeMap<(u32, u32), Hop> = BTreeMap::new();
    for (i, item) in state.items.iter().enumerate() {
        if state.class(i) != class {
            continue;
        }
        let Some(home) = item.homes.iter().position(|&n| i64::from(n) == size) else {
            continue;
        };
        let from = state.site_of(i);
        for (to, cost) in state.ways(i, size) {
            let hop = Hop { item: idx(i), home: idx(home), cost };
            let known = edges.entry((from, to)).or_insert(hop);
            if cost < known.cost {
                *known = hop;
            }
        }
    }
    edges
}
