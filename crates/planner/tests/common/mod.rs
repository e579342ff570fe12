//! A slow and simple reference: minimum-cost flow by Bellman–Ford on a written-out graph, and random instances.
#![allow(dead_code, reason = "each test file uses a part of it")]

use linli_planner::format::{Building, Instance, Site, Walk};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// How much a property is tried: `LINLI_CASES=50` tries fifty times as often. Counterexamples are kept beside the
/// test that found them.
pub(crate) fn tried(cases: u32) -> ProptestConfig {
    let times = std::env::var("LINLI_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    ProptestConfig {
        cases: cases * times,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

#[derive(Default)]
pub(crate) struct Graph {
    nodes: usize,
    edges: Vec<(usize, usize, i64, i64)>,
}

impl Graph {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes, edges: Vec::new() }
    }

    pub(crate) fn edge(&mut self, from: usize, to: usize, cap: i64, cost: i64) {
        self.edges.push((from, to, cap, cost));
        self.edges.push((to, from, 0, -cost));
    }

    /// Largest flow from node 0 to node 1 and its least cost.
    pub(crate) fn solve(&mut self) -> (i64, i64) {
        let (mut flow, mut cost) = (0, 0);
        loop {
            let mut dist = vec![i64::MAX; self.nodes];
            let mut via = vec![usize::MAX; self.nodes];
            dist[0] = 0;
            let mut changed = true;
            while changed {
                changed = false;
                for (id, &(a, b, cap, c)) in self.edges.iter().enumerate() {
                    if cap > 0 && dist[a] < i64::MAX && dist[a] + c < dist[b] {
                        dist[b] = dist[a] + c;
                        via[b] = id;
                        changed = true;
                    }
                }
            }
            if dist[1] == i64::MAX {
                return (flow, cost);
            }
            let (mut at, mut push) = (1, i64::MAX);
            while at != 0 {
                push = push.min(self.edges[via[at]].2);
                at = self.edges[via[at]].0;
            }
            at = 1;
            while at != 0 {
                self.edges[via[at]].2 -= push;
                self.edges[via[at] ^ 1].2 += push;
                at = self.edges[via[at]].0;
            }
            flow += push;
            cost += push * dist[1];
        }
    }
}

/// The time-expanded transportation problem of an instance, written out: (people placed, metres).
pub(crate) fn by_hand(instance: &Instance, horizon: usize) -> (i64, i64) {
    let (b, s, t) =
        (instance.buildings.len(), instance.sites.len(), usize::try_from(instance.slots).unwrap());
    let mut graph = Graph::new(2 + b + s * t);
    for (i, building) in instance.buildings.iter().enumerate() {
        graph.edge(0, 2 + i, building.households.iter().sum(), 0);
    }
    for site in 0..s {
        for slot in 0..t.min(horizon + 1) {
            graph.edge(2 + b + site * t + slot, 1, instance.capacity(site, slot), 0);
        }
    }
    for &Walk(building, site, metres) in &instance.arcs {
        let (building, site) = (usize::try_from(building).unwrap(), usize::try_from(site).unwrap());
        let (from, to) = instance.window(building);
        for slot in from..=to {
            #[expect(clippy::cast_possible_truncation, reason = "whole metres in the tests")]
            graph.edge(2 + building, 2 + b + site * t + slot, 1_000_000, metres as i64);
        }
    }
    graph.solve()
}

pub(crate) fn reachable_people(instance: &Instance) -> i64 {
    let reach = |i: usize| instance.arcs.iter().any(|w| usize::try_from(w.0).unwrap() == i);
    let all = instance.buildings.iter().enumerate();
    all.filter(|(i, _)| reach(*i)).flat_map(|(_, b)| b.households.iter()).sum()
}

/// Small instances of every awkward kind: windows, closed slots, duplicate arcs, unreachable and empty buildings.
pub(crate) fn instances() -> impl Strategy<Value = Instance> {
    let slots = 1_i64..5;
    slots.prop_flat_map(|slots| {
        let last = slots - 1;
        let site = prop::collection::vec(prop_oneof![1 => Just(0_i64), 3 => 1_i64..9], 0..6);
        let building =
            (prop::collection::vec(0_i64..5, 0..4), 0_usize..3, prop::option::of((0..=last, 0..6_i64)));
        (
            prop::collection::vec(site, 1..4),
            prop::collection::vec(building, 0..5),
            prop::collection::vec((0_usize..5, 0_usize..4, 0_i64..60), 0..16),
            0_i64..80,
        )
            .prop_map(move |(sites, buildings, arcs, pair_cost)| {
                let (s, b) = (sites.len(), buildings.len());
                let sites = sites.into_iter().enumerate().map(|(i, capacity)| Site {
                    id: format!("S{i}"),
                    capacity,
                    ..Site::default()
                });
                let buildings = buildings.into_iter().enumerate();
                let buildings = buildings.map(|(i, (households, grid, window))| Building {
                    id: format!("B{i}"),
                    grid: format!("G{grid}"),
                    households,
                    earliest: window.map(|w| w.0),
                    latest: window.map(|w| w.0 + w.1),
                    ..Building::default()
                });
                let arcs = arcs.into_iter().filter(|a| a.0 < b && a.1 < s);
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                Instance {
                    slot_minutes: 15.0,
                    slots,
                    pair_cost: pair_cost as f64,
                    sites: sites.collect(),
                    buildings: buildings.collect(),
                    arcs: arcs
                        .map(|a| Walk(i64::try_from(a.0).unwrap(), i64::try_from(a.1).unwrap(), a.2 as f64))
                        .collect(),
                    home: None,
                }
            })
    })
}
