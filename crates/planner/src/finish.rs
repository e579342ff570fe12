//! Stage 1, finish (完成时间): the smallest last slot at which everybody fits, or who cannot be served.
//!
//! For a fixed horizon the question is a flow; if the flow is stuck, the hubs it is stuck in are a cut: people who
//! can go nowhere else, against the capacity of those hubs up to the horizon. The next horizon worth trying is the
//! first one at which this cut has room (discrete Newton method on the parametric cut, Radzik 1998), and the flow
//! found so far stays. The result is exact for people who may be seated one by one, hence a proven lower bound for
//! households. Cost: a handful of warm-started flows.

use crate::network::{SiteNetwork, last_slot};
use crate::num::{int, pos};
use crate::problem::Problem;

/// A part of the area that cannot be served, and by how much it is short.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Shortage {
    /// Buildings (indexes) that have no other sites than these.
    pub buildings: Vec<usize>,
    /// The sites (indexes) within their reach.
    pub sites: Vec<usize>,
    /// People in those buildings.
    pub people: i64,
    /// Room for them in all their slots.
    pub capacity: i64,
    /// People who do not fit.
    pub short: i64,
    /// First slot they can come.
    pub from_slot: usize,
    /// Last slot they can come.
    pub until_slot: usize,
    /// Lanes missing over these slots, at the service rate given.
    pub lanes: i64,
}

/// The smallest horizon (last slot in use, from 0), or what is short even with the whole day.
/// `None` as horizon: nobody is to be served.
pub fn finish(problem: &Problem, lane_rate: f64) -> Result<Option<usize>, Vec<Shortage>> {
    if problem.served.is_empty() {
        return Ok(None);
    }
    let last = last_slot(problem);
    let mut horizon = first_guess(problem);
    let mut network = SiteNetwork::new(problem, horizon);
    network.net.ascend(8);
    network.net.start();
    while let Err(cut) = network.net.settle() {
        let inside = network.marks(&cut.hubs);
        let (people, _) = network.demand(problem, &inside);
        let room = |horizon: usize| -> i64 {
            let gates = network.gates.iter().filter(|g| inside[g.hub as usize]);
            gates.map(|g| problem.capacity_between(g.site, g.from, g.to.min(horizon))).sum()
        };
        match (horizon + 1..=last).find(|&h| room(h) >= people) {
            Some(next) => {
                horizon = next;
                network.set_horizon(problem, horizon);
            }
            None => return Err(shortages(problem, lane_rate)),
        }
    }
    Ok(Some(horizon))
}

/// The first horizon at which all sites together have room, and every window has begun.
fn first_guess(problem: &Problem) -> usize {
    let people = problem.total_people();
    let begun = problem
        .served
        .iter()
        .map(|&b| problem.windows[problem.class[b as usize] as usize].0)
        .max()
        .unwrap_or(0);
    let mut sum = 0;
    for t in 0..problem.slots {
        sum += problem.capacity.iter().map(|row| row[t]).sum::<i64>();
        if sum >= people && t >= begun {
            return t;
        }
    }
    last_slot(problem)
}

/// Every separate part of the area that is short with the whole day open.
fn shortages(problem: &Problem, lane_rate: f64) -> Vec<Shortage> {
    let mut network = SiteNetwork::new(problem, last_slot(problem));
    network.net.start();
    let mut found: Vec<(Vec<bool>, i64)> = Vec::new();
    while let Err(cut) = network.net.settle() {
        let short = network.net.forgive(cut.from);
        let inside = network.marks(&cut.hubs);
        // Parts that share hubs are one part.
        let (mut merged, mut sum) = (inside, short);
        found.retain(|(other, amount)| {
            let meets = other.iter().zip(&merged).any(|(a, b)| *a && *b);
            if meets {
                for (mine, theirs) in merged.iter_mut().zip(other) {
                    *mine |= theirs;
                }
                sum += amount;
            }
            !meets
        });
        found.push((merged, sum));
    }
    found.into_iter().map(|(inside, short)| describe(problem, &network, &inside, short, lane_rate)).collect()
}

fn describe(
    problem: &Problem,
    network: &SiteNetwork,
    inside: &[bool],
    short: i64,
    lane_rate: f64,
) -> Shortage {
    let (people, who) = network.demand(problem, inside);
    let gates = || network.gates.iter().filter(|g| inside[g.hub as usize]);
    let mut sites: Vec<usize> = gates().map(|gate| gate.site).collect();
    sites.dedup();
    let windows = || who.iter().map(|&b| problem.windows[problem.class[b as usize] as usize]);
    let from_slot = windows().map(|w| w.0).min().unwrap_or(0);
    let until_slot = windows().map(|w| w.1).max().unwrap_or(0);
    let per_lane = lane_rate * problem.slot_minutes / 60.0 * (until_slot - from_slot + 1) as f64;
    Shortage {
        buildings: who.iter().map(|&b| b as usize).collect(),
        sites,
        people,
        capacity: gates().map(|g| problem.capacity_between(g.site, g.from, g.to)).sum(),
        short,
        from_slot,
        until_slot,
        lanes: crate::num::round((short as f64 / per_lane.max(1e-9)).ceil()).max(1),
    }
}

/// Total capacity left idle when everybody is served by `horizon` (for reports).
pub fn idle_capacity(problem: &Problem, horizon: usize) -> i64 {
    let room: i64 = (0..problem.capacity.len()).map(|s| problem.capacity_between(s, 0, horizon)).sum();
    room - problem.total_people()
}

/// A slot as the signed number of the plan file.
pub fn slot_number(horizon: Option<usize>) -> i64 {
    horizon.map_or(-1, |h| int(pos(int(h))))
}
