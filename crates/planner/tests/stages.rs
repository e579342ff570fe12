//! Every stage against a reference that is too simple to be wrong.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{by_hand, instances, reachable_people, tried};
use linli_planner::check::check;
use linli_planner::finish::finish;
use linli_planner::format::{Instance, Plan};
use linli_planner::problem::Problem;
use linli_planner::solve::{Failure, Options, Solution, solve};
use linli_planner::transport::transport;
use proptest::prelude::*;

fn plan_of(problem: &Problem, solution: &Solution) -> Plan {
    let slot = |t: Option<usize>| t.map_or(-1, |t| i64::try_from(t).unwrap());
    let beyond = problem.unreachable.iter();
    Plan {
        finish_slot: slot(solution.finish),
        finish_bound: slot(solution.finish_bound),
        walk_metres: problem.metres(solution.walk),
        walk_bound: problem.metres(solution.walk_bound),
        plan_cost: problem.metres(solution.cost),
        plan_bound: problem.metres(solution.cost_bound),
        beyond_limit: beyond.map(|&b| i64::from(problem.people[b])).sum(),
        assignments: solution
            .assignments
            .iter()
            .map(|&(b, s, t, n)| [i64::from(b), i64::from(s), slot(Some(t)), n])
            .collect(),
        ..Plan::default()
    }
}

fn run(problem: &Problem) -> Result<Solution, Failure> {
    let mut asked = 0.0;
    let mut clock = || {
        asked += 0.01;
        asked
    };
    solve(problem, &Options::default(), &mut clock, &mut |_| {})
}

/// What sits together (a building or a household): building, people, sites with metres, window.
type Home = (usize, i64, Vec<(usize, i64)>, (usize, usize));
fn go(
    instance: &Instance,
    homes: &[Home],
    room: &mut Vec<Vec<i64>>,
    pairs: &mut Vec<(String, usize)>,
    best: &mut Option<i64>,
    cost: i64,
) {
    if best.is_some_and(|known| cost >= known) {
        return;
    }
    let Some(((building, people, arcs, window), rest)) = homes.split_first() else {
        *best = Some(cost);
        return;
    };
    for &(site, metres) in arcs {
        let pair = (instance.buildings[*building].grid.clone(), site);
        let fresh = !pairs.contains(&pair);
        #[expect(clippy::cast_possible_truncation, reason = "whole cost")]
        let fixed = if fresh { instance.pair_cost as i64 } else { 0 };
        for slot in window.0..=window.1 {
            if slot < room[site].len() && room[site][slot] >= *people {
                room[site][slot] -= people;
                if fresh {
                    pairs.push(pair.clone());
                }
                let next = cost + people * metres + fixed;
                go(instance, rest, room, pairs, best, next);
                if fresh {
                    pairs.pop();
                }
                room[site][slot] += people;
            }
        }
    }
}

/// The least cost of seating every household whole, by trying everything.
fn best_whole(instance: &Instance, horizon: usize) -> Option<i64> {
    best(instance, horizon, <[i64]>::to_vec)
}

/// The least cost of giving every building one site and one slot, by trying everything: where it exists, a plan
/// that keeps buildings together (a soft rule that comes before cost) can be no cheaper.
fn best_together(instance: &Instance, horizon: usize) -> Option<i64> {
    best(instance, horizon, |households| vec![households.iter().sum()])
}

fn best(instance: &Instance, horizon: usize, cut: impl Fn(&[i64]) -> Vec<i64>) -> Option<i64> {
    let last = usize::try_from(instance.slots).unwrap().min(horizon + 1);
    let mut room: Vec<Vec<i64>> =
        (0..instance.sites.len()).map(|s| (0..last).map(|t| instance.capacity(s, t)).collect()).collect();
    let mut homes = Vec::new();
    for (i, building) in instance.buildings.iter().enumerate() {
        let arcs: Vec<(usize, i64)> = instance
            .arcs
            .iter()
            .filter(|w| usize::try_from(w.0).unwrap() == i)
            .map(|w| {
                #[expect(clippy::cast_possible_truncation, reason = "whole metres")]
                (usize::try_from(w.1).unwrap(), w.2 as i64)
            })
            .collect();
        if !arcs.is_empty() {
            let all = cut(&building.households).into_iter().filter(|&n| n > 0);
            homes.extend(all.map(|n| (i, n, arcs.clone(), instance.window(i))));
        }
    }
    let mut best = None;
    go(instance, &homes, &mut room, &mut Vec::new(), &mut best, 0);
    best
}

proptest! {
    #![proptest_config(tried(1500))]

    #[test]
    fn finish_and_walking_equal_the_written_out_flow(instance in instances()) {
        prop_assert!(instance.validate().is_ok());
        let problem = Problem::new(&instance);
        let want = reachable_people(&instance);
        let last = problem.slots - 1;
        let fits = |h: usize| by_hand(&instance, h).0 == want;
        match finish(&problem, 131.0) {
            Ok(None) => prop_assert_eq!(want, 0),
            Ok(Some(horizon)) => {
                prop_assert!(fits(horizon));
                prop_assert!(horizon == 0 || !fits(horizon - 1));
                for h in horizon..=last {
                    prop_assert_eq!(transport(&problem, h).unwrap().cost, by_hand(&instance, h).1);
                }
                if horizon > 0 {
                    prop_assert!(transport(&problem, horizon - 1).is_err());
                }
            }
            Err(shortages) => {
                let short: i64 = shortages.iter().map(|s| s.short).sum();
                prop_assert_eq!(short, want - by_hand(&instance, last).0);
                for s in &shortages {
                    prop_assert_eq!(s.short, s.people - s.capacity);
                    prop_assert!(s.lanes >= 1 && !s.sites.is_empty());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(tried(300))]

    #[test]
    fn plans_pass_the_outside_check_and_bounds_hold(instance in instances()) {
        let problem = Problem::new(&instance);
        let last = problem.slots - 1;
        match run(&problem) {
            Ok(solution) => {
                let report = check(&instance, &plan_of(&problem, &solution));
                prop_assert_eq!(report.faults, Vec::<String>::new());
                if let Some(finish) = solution.finish {
                    let best = best_whole(&instance, solution.horizon).unwrap();
                    prop_assert!(finish <= solution.horizon);
                    prop_assert!(solution.cost_bound <= best, "bound {} best {}", solution.cost_bound, best);
                    prop_assert!(best <= solution.cost);
                    // Small enough to be searched through: the heuristic is within a few percent here.
                    if let Some(together) = best_together(&instance, solution.horizon) {
                        prop_assert!(solution.cost <= together + together / 4 + 100, "cost {} best {}", solution.cost, together);
                    }
                }
            }
            Err(Failure::Short { .. }) => prop_assert!(best_whole(&instance, last).is_none()),
            Err(Failure::Households { left }) => {
                prop_assert!(!left.is_empty());
                prop_assert!(best_whole(&instance, last).is_none());
            }
        }
    }
}

#[test]
fn a_generated_neighbourhood_is_planned_with_windows_and_without() {
    use linli_planner::generate::{Recipe, generate};
    for (seed, windows) in [(1, 0.0), (2, 0.3), (3, 0.0)] {
        let recipe = Recipe { windows, ..Recipe::small() };
        let instance = generate(&recipe, seed);
        let problem = Problem::new(&instance);
        let first = run(&problem).unwrap();
        assert_eq!(first.assignments, run(&problem).unwrap().assignments, "deterministic");
        let report = check(&instance, &plan_of(&problem, &first));
        assert_eq!(report.faults, Vec::<String>::new());
        assert_eq!(first.finish, first.finish_bound);
    }
}

#[test]
fn what_is_short_is_said_with_place_and_lanes() {
    let text = r#"{"slot_minutes":15,"slots":2,"sites":[{"id":"A","capacity":[10,10]},{"id":"B","capacity":[90,90]}],
        "buildings":[{"id":"X","grid":"G","households":[9,9,9,9,9,9]},{"id":"Y","grid":"H","households":[4]}],
        "arcs":[[0,0,100],[1,1,50]]}"#;
    let problem = Problem::new(&Instance::parse(text).unwrap());
    let Err(Failure::Short { shortages }) = run(&problem) else {
        panic!("54 people do not fit 20 places");
    };
    assert_eq!(shortages.len(), 1);
    let s = &shortages[0];
    assert_eq!((s.people, s.capacity, s.short, s.lanes), (54, 20, 34, 1));
    assert_eq!((s.sites.as_slice(), s.buildings.as_slice()), (&[0][..], &[0][..]));
}

#[test]
fn a_household_larger_than_every_slot_is_named() {
    let text = r#"{"slot_minutes":15,"slots":4,"sites":[{"id":"A","capacity":[10,10,10,10]}],
        "buildings":[{"id":"X","grid":"G","households":[2,12]}],"arcs":[[0,0,100]]}"#;
    let problem = Problem::new(&Instance::parse(text).unwrap());
    assert_eq!(run(&problem).unwrap_err(), Failure::Households { left: vec![(0, 12)] });
}
