//! Buildings, sites and slots as a hub network (时间扩展网络,隐式弧).
//!
//! Without windows a site is one hub with one gate to the sink: its capacity up to the horizon. With windows a site
//! has one *post* hub per window class that can come to it, and one *cell* hub per stretch of slots between window
//! edges; a post leads to the cells inside its window. So the arcs of the time-expanded network are never written
//! out: a building keeps one arc per site, whatever the number of slots.
//!
//! Invariant: people can be seated slot by slot, each inside the own window, if and only if they fit the network
//! (a cell's slots are interchangeable for every class, since no window begins or ends inside it).
//! Size: `arcs + Σ over sites of classes × stretches`; a horizon change only rewrites gate capacities.

use crate::hubflow::{NONE, Network, UNLIMITED};
use crate::num::idx;
use crate::problem::Problem;

/// A link to the sink: the capacity of a site over some slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    pub(crate) link: usize,
    pub(crate) hub: u32,
    pub(crate) site: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// The network of a problem; item `k` is building `problem.served[k]`, its arcs in the same order.
#[derive(Clone, Debug)]
pub(crate) struct SiteNetwork {
    pub(crate) net: Network,
    pub(crate) gates: Vec<Gate>,
    /// The post of (site, class) at `site × classes + class`.
    pub(crate) posts: Vec<u32>,
}

/// The distinct stretches of slots between the edges of the windows given (each first and last slot).
pub(crate) fn stretches(windows: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut edges: Vec<usize> = windows.iter().flat_map(|w| [w.0, w.1 + 1]).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|pair| (pair[0], pair[1] - 1)).collect()
}

impl SiteNetwork {
    /// Lays out hubs, links and items for the slots `0..=horizon`.
    pub(crate) fn new(problem: &Problem, horizon: usize) -> Self {
        let classes = problem.windows.len().max(1);
        let sites = problem.capacity.len();
        let mut posts = vec![NONE; sites * classes];
        for &b in &problem.served {
            let class = problem.class[b as usize] as usize;
            for arc in problem.arcs_of(b as usize) {
                posts[arc.hub as usize * classes + class] = 0;
            }
        }
        let mut hubs = 0_u32;
        let mut gates = Vec::new();
        let mut feeds = Vec::new();
        for site in 0..sites {
            let row = &mut posts[site * classes..(site + 1) * classes];
            let present: Vec<usize> = (0..classes).filter(|&c| row[c] != NONE).collect();
            for &class in &present {
                row[class] = hubs;
                hubs += 1;
            }
            let gate = |hub, from, to| Gate { link: 0, hub, site, from, to };
            if let [class] = present[..] {
                let (from, to) = problem.windows[class];
                gates.push(gate(row[class], from, to));
                continue;
            }
            let windows: Vec<_> = present.iter().map(|&c| problem.windows[c]).collect();
            for (from, to) in stretches(&windows) {
                gates.push(gate(hubs, from, to));
                for (&class, window) in present.iter().zip(&windows) {
                    if window.0 <= from && to <= window.1 {
                        feeds.push((row[class], hubs));
                    }
                }
                hubs += 1;
            }
        }
        let mut net = Network::new(hubs as usize);
        let sink = net.sink();
        for (post, cell) in feeds {
            net.add_link(post, cell, UNLIMITED, 0);
        }
        for gate in &mut gates {
            let cap = problem.capacity_between(gate.site, gate.from, gate.to.min(horizon));
            gate.link = net.add_link(gate.hub, sink, cap, 0);
        }
        let own = |b: u32| problem.first[b as usize]..problem.first[b as usize + 1];
        let mut arcs = problem.arcs.clone();
        if classes > 1 || posts.iter().enumerate().any(|(site, &post)| post != idx(site)) {
            for &b in &problem.served {
                let class = problem.class[b as usize] as usize;
                for arc in &mut arcs[own(b).start as usize..own(b).end as usize] {
                    arc.hub = posts[arc.hub as usize * classes + class];
                }
            }
        }
        let items = problem.served.iter().map(|&b| (problem.people[b as usize], own(b)));
        net.set_items(arcs, items);
        Self { net, gates, posts }
    }

    /// Opens the gates up to another horizon.
    pub(crate) fn set_horizon(&mut self, problem: &Problem, horizon: usize) {
        for gate in &self.gates {
            let cap = problem.capacity_between(gate.site, gate.from, gate.to.min(horizon));
            self.net.set_capacity(gate.link, cap);
        }
    }

    /// Which hubs are inside a cut.
    pub(crate) fn marks(&self, hubs: &[u32]) -> Vec<bool> {
        let mut inside = vec![false; self.net.sink() as usize + 1];
        for &hub in hubs {
            inside[hub as usize] = true;
        }
        inside
    }

    /// Units of items all of whose arcs end inside a cut.
    pub(crate) fn demand(&self, problem: &Problem, inside: &[bool]) -> (i64, Vec<u32>) {
        let mut people = 0;
        let mut who = Vec::new();
        for (item, &b) in problem.served.iter().enumerate() {
            if self.net.arcs_of(item).iter().all(|arc| inside[arc.hub as usize]) {
                people += i64::from(problem.people[b as usize]);
                who.push(b);
            }
        }
        (people, who)
    }
}

/// The highest horizon that makes sense: the last slot.
pub(crate) fn last_slot(problem: &Problem) -> usize {
    problem.slots.saturating_sub(1)
}
