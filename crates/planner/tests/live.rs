//! Replanning and matching: what is kept in place must equal what is solved anew.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{Graph, tried};
use linli_planner::generate::{Recipe, generate};
use linli_planner::matching::{Helper, Market, Matching, Need, PRIORITY, made_up};
use linli_planner::problem::Problem;
use linli_planner::replan::{Live, Prices, Row};
use linli_planner::replan_rows::whole;
use linli_planner::rng::Rng;
use linli_planner::simulate::{Day, Slow, bad_day, simulate};
use linli_planner::solve::{Options, solve};
use linli_planner::teams::teams;
use proptest::prelude::*;

fn planned(windows: f64, seed: u64) -> (Problem, Vec<Row>) {
    let recipe = Recipe { windows, ..Recipe::small() };
    let problem = Problem::new(&generate(&recipe, seed));
    let mut asked = 0.0;
    let mut clock = || {
        asked += 0.02;
        asked
    };
    let plan = solve(&problem, &Options::default(), &mut clock, &mut |_| {}).unwrap();
    (problem, plan.assignments)
}

/// The replan problem written out, (building row → every seat), without queues.
fn by_hand(problem: &Problem, rows: &[Row], called: usize, capacity: &[Vec<i64>]) -> i64 {
    let prices = Prices::default();
    let rows: Vec<&Row> = rows.iter().filter(|row| row.2 > called).collect();
    let (sites, slots) = (capacity.len(), problem.slots);
    let mut graph = Graph::new(2 + rows.len() + sites * slots);
    for (i, &&(b, site, slot, people)) in rows.iter().enumerate() {
        graph.edge(0, 2 + i, people, 0);
        let latest = problem.windows[problem.class[b as usize] as usize].1;
        let arcs = problem.arcs_of(b as usize);
        let here = arcs.iter().find(|a| a.hub == site).unwrap().cost;
        for arc in arcs {
            for t in slot..=latest {
                let delay = i64::try_from(t - slot).unwrap() * i64::from(prices.slot);
                let cost = if arc.hub == site {
                    if t == slot { 0 } else { i64::from(prices.later) + delay }
                } else {
                    i64::from(prices.elsewhere) + i64::from((arc.cost - here).max(0)) + delay
                };
                let cell = 2 + rows.len() + arc.hub as usize * slots + t;
                graph.edge(2 + i, cell, 1_000_000, cost);
            }
        }
        graph.edge(2 + i, 1, 1_000_000, i64::from(prices.nowhere));
    }
    for (s, row) in capacity.iter().enumerate() {
        for (t, &cap) in row.iter().enumerate().skip(called + 1) {
            graph.edge(2 + rows.len() + s * slots + t, 1, cap, 0);
        }
    }
    graph.solve().1
}

#[test]
fn a_live_change_costs_what_solving_anew_costs() {
    for (seed, windows) in [(1, 0.0), (2, 0.4), (3, 0.0), (4, 0.2)] {
        let (problem, rows) = planned(windows, seed);
        let called = 4;
        let mut rng = Rng::new(seed);
        let mut live = Live::new(&problem, &rows, Some(called), Prices::default());
        let mut capacity = problem.capacity.clone();
        assert_eq!(live.settle(), 0, "the published plan costs nothing");
        for _ in 0..3 {
            let site = rng.below(capacity.len());
            let from = 5 + rng.below(12);
            let factor = [0, 1, 3][rng.below(3)];
            for (t, cap) in capacity[site].iter_mut().enumerate().skip(from) {
                *cap = *cap * factor / 2;
                live.set_capacity(site, t, *cap);
            }
            let cost = live.settle();
            live.certify().unwrap();
            assert_eq!(cost, by_hand(&problem, &rows, called, &capacity), "seed {seed}");
        }
        let moves = live.moves();
        let changed = whole(&problem, &live, &moves, Prices::default());
        let people = |rows: &[Row]| rows.iter().map(|row| row.3).sum::<i64>();
        let left: i64 = changed.left.iter().map(|l| i64::from(l.1)).sum();
        assert_eq!(people(&changed.rows) + left, people(&rows));
        assert!(changed.cost >= live.settle());
        let called_rows = |rows: &[Row]| {
            let mut list: Vec<Row> = rows.iter().copied().filter(|row| row.2 <= called).collect();
            list.sort_unstable();
            list
        };
        assert_eq!(called_rows(&changed.rows), called_rows(&rows), "nobody already called moves");
        for (s, row) in capacity.iter().enumerate() {
            for (t, &cap) in row.iter().enumerate().skip(called + 1) {
                let here = changed.rows.iter().filter(|r| r.1 as usize == s && r.2 == t);
                assert!(here.map(|r| r.3).sum::<i64>() <= cap);
            }
        }
    }
}

#[test]
fn many_sites_change_at_once_and_recover() {
    for (seed, windows) in [(5, 0.0), (6, 0.3)] {
        let (problem, rows) = planned(windows, seed);
        let called = 3;
        let mut rng = Rng::new(seed);
        let mut live = Live::new(&problem, &rows, Some(called), Prices::default());
        live.certify().unwrap();
        for _ in 0..2 {
            let mut capacity = problem.capacity.clone();
            for (site, row) in capacity.iter_mut().enumerate() {
                let (factor, from) = ([0, 1, 2, 3][rng.below(4)], called + 1 + rng.below(6));
                for (t, cap) in row.iter_mut().enumerate().skip(called + 1) {
                    *cap = if t < from { *cap } else { *cap * factor / 2 };
                    live.set_capacity(site, t, *cap);
                }
            }
            let cost = live.settle();
            live.certify().unwrap();
            assert_eq!(cost, by_hand(&problem, &rows, called, &capacity), "seed {seed}");
        }
        for (site, row) in problem.capacity.iter().enumerate() {
            for (t, &cap) in row.iter().enumerate().skip(called + 1) {
                live.set_capacity(site, t, cap);
            }
        }
        assert_eq!(live.settle(), 0, "all as published again: everybody keeps the place");
        live.certify().unwrap();
        assert_eq!(live.moves(), Vec::new());
    }
}

fn markets() -> impl Strategy<Value = Market> {
    let skill = || prop::sample::select(vec!["a".to_owned(), "b".to_owned()]);
    let blocks = || prop::collection::vec(0_u32..3, 1..3);
    let need = (skill(), blocks(), 1_u32..4, 1_u32..4, 0_u32..80);
    let helper = (prop::collection::vec(skill(), 1..3), blocks(), 0_u32..3, 0_u32..80);
    (prop::collection::vec(need, 1..6), prop::collection::vec(helper, 0..6)).prop_map(|(needs, helpers)| {
        Market {
            limit_metres: 50.0,
            needs: needs
                .into_iter()
                .map(|(skill, blocks, units, priority, x)| Need {
                    skill,
                    blocks,
                    units,
                    priority,
                    x: f64::from(x),
                    ..Need::default()
                })
                .collect(),
            helpers: helpers
                .into_iter()
                .map(|(skills, blocks, capacity, x)| Helper {
                    skills,
                    blocks,
                    capacity,
                    x: f64::from(x),
                    ..Helper::default()
                })
                .collect(),
        }
    })
}

/// Least cost of a market, on a written-out graph; only the needs marked count.
fn market_by_hand(market: &Market, counts: impl Fn(usize) -> bool) -> i64 {
    let (n, h) = (market.needs.len(), market.helpers.len());
    let block = |helper: usize, block: u32| 2 + n + helper * 4 + block as usize;
    let mut graph = Graph::new(2 + n + h * 4);
    for (i, need) in market.needs.iter().enumerate().filter(|(i, _)| counts(*i)) {
        graph.edge(0, 2 + i, i64::from(need.units), 0);
        graph.edge(2 + i, 1, i64::from(need.units), i64::from(PRIORITY) * i64::from(need.priority));
        for (j, helper) in market.helpers.iter().enumerate() {
            let metres = (helper.x - need.x).abs();
            if metres <= market.limit_metres && helper.skills.contains(&need.skill) {
                for b in (0..3).filter(|b| need.blocks.contains(b) && helper.blocks.contains(b)) {
                    #[expect(clippy::cast_possible_truncation, reason = "whole metres")]
                    graph.edge(2 + i, block(j, b), 9, metres as i64);
                }
            }
        }
    }
    for (j, helper) in market.helpers.iter().enumerate() {
        for b in 0..3 {
            graph.edge(block(j, b), block(j, 3), 1, 0);
        }
        graph.edge(block(j, 3), 1, i64::from(helper.capacity), 0);
    }
    graph.solve().1
}

/// The most a market can gain in teams, by trying everything.
fn teams_by_hand(market: &Market) -> i64 {
    fn go(market: &Market, n: usize, busy: &mut Vec<(usize, u32)>) -> i64 {
        let Some(need) = market.needs.get(n) else {
            return 0;
        };
        let mut best = go(market, n + 1, busy);
        let mut blocks = need.blocks.clone();
        blocks.sort_unstable();
        blocks.dedup();
        for b in blocks {
            let able: Vec<(usize, f64)> = market
                .helpers
                .iter()
                .enumerate()
                .filter(|(j, helper)| {
                    let used = busy.iter().filter(|u| u.0 == *j).count();
                    helper.skills.contains(&need.skill)
                        && helper.blocks.contains(&b)
                        && !busy.contains(&(*j, b))
                        && used < helper.capacity as usize
                })
                .map(|(j, helper)| (j, (helper.x - need.x).abs()))
                .filter(|o| o.1 <= market.limit_metres)
                .collect();
            for set in 0_u32..1 << able.len() {
                if set.count_ones() != need.units {
                    continue;
                }
                let team: Vec<_> = (0..able.len()).filter(|k| set >> k & 1 == 1).map(|k| able[k]).collect();
                #[expect(clippy::cast_possible_truncation, reason = "whole metres")]
                let metres: i64 = team.iter().map(|t| t.1 as i64).sum();
                busy.extend(team.iter().map(|t| (t.0, b)));
                let prize = i64::from(PRIORITY) * i64::from(need.priority) * i64::from(need.units);
                best = best.max(prize - metres + go(market, n + 1, busy));
                busy.truncate(busy.len() - team.len());
            }
        }
        best
    }
    go(market, 0, &mut Vec::new())
}

proptest! {
    #![proptest_config(tried(400))]

    #[test]
    fn matching_is_optimal_in_batch_one_by_one_and_after_cancelling(market in markets()) {
        let count = u32::try_from(market.needs.len()).unwrap();
        let best = market_by_hand(&market, |_| true);
        let mut batch = Matching::new(&market);
        batch.add_all(0..count);
        batch.settle();
        prop_assert_eq!(batch.certify(), Ok(()));
        prop_assert_eq!(batch.cost(), best);
        let mut single = Matching::new(&market);
        for need in 0..count {
            single.insert(need);
            prop_assert!(single.certify().is_ok());
        }
        prop_assert_eq!(single.cost(), best);
        single.cancel(0);
        prop_assert_eq!(single.certify(), Ok(()));
        prop_assert_eq!(single.cost(), market_by_hand(&market, |i| i != 0));
        single.insert(0);
        prop_assert_eq!(single.cost(), best);
    }

    #[test]
    fn teams_keep_their_rules_and_their_bound(market in markets()) {
        let mut asked = 0.0;
        let found = teams(&market, 1, &mut || { asked += 0.02; asked });
        let best = teams_by_hand(&market);
        prop_assert!(found.value <= best && best <= found.bound, "{} {} {}", found.value, best, found.bound);
        for (n, need) in market.needs.iter().enumerate() {
            let mine: Vec<_> = found.given.iter().filter(|g| g.need as usize == n).collect();
            prop_assert!(mine.is_empty() || mine.len() == need.units as usize);
            prop_assert!(mine.iter().all(|g| g.block == mine[0].block && need.blocks.contains(&g.block)));
        }
        for (h, helper) in market.helpers.iter().enumerate() {
            let mut mine: Vec<u32> = found.given.iter().filter(|g| g.helper as usize == h).map(|g| g.block).collect();
            prop_assert!(mine.len() <= helper.capacity as usize);
            let all = mine.len();
            mine.sort_unstable();
            mine.dedup();
            prop_assert_eq!(mine.len(), all);
        }
    }
}

#[test]
fn a_made_up_market_stays_optimal_under_traffic() {
    for seed in 1..=12 {
        for most in [1, 3] {
            traffic(&made_up(150, 180, most, seed));
        }
    }
}

/// Everywhere scarce, with helpers of one unit and of several; scarce in one half of town and plenty in the other, so
/// that no price is right for both; big needs.
#[test]
fn a_scarce_batch_is_optimal_and_stays_so() {
    for seed in 1..=8 {
        for (needs, helpers, most) in [(300, 350, 1), (300, 150, 3), (200, 90, 5)] {
            traffic_after_batch(&made_up(needs, helpers, most, seed));
            let mut uneven = made_up(needs, helpers, most, seed);
            let middle = 30.0 * f64::from(u32::try_from(helpers).unwrap()).sqrt();
            uneven.needs.iter_mut().filter(|need| need.x > middle).for_each(|need| need.y += 1e5);
            for (need, helper) in uneven.needs.iter().skip(1).step_by(9).zip(&mut uneven.helpers) {
                (helper.x, helper.y) = (need.x, need.y);
            }
            traffic_after_batch(&uneven);
            let mut big = made_up(needs / 3, helpers, most, seed);
            big.needs.iter_mut().step_by(7).for_each(|need| need.units *= 30);
            traffic_after_batch(&big);
        }
    }
}

fn traffic_after_batch(market: &Market) {
    let count = u32::try_from(market.needs.len()).unwrap();
    let mut live = Matching::new(market);
    live.add_all(0..count);
    live.settle();
    live.certify().unwrap();
    let cost = live.cost();
    for need in 0..10 {
        live.cancel(need);
        live.certify().unwrap();
    }
    for need in 0..10 {
        live.insert(need);
    }
    live.certify().unwrap();
    assert_eq!(live.cost(), cost);
    let mut single = Matching::new(market);
    (0..count).for_each(|need| single.insert(need));
    single.certify().unwrap();
    assert_eq!(single.cost(), cost);
}

fn traffic(market: &Market) {
    let mut live = Matching::new(market);
    live.add_all(0..100);
    live.settle();
    live.certify().unwrap();
    for need in 100..150 {
        live.insert(need);
        live.cancel(need - 100);
        live.certify().unwrap();
    }
    let mut batch = Matching::new(market);
    batch.add_all(50..150);
    batch.settle();
    batch.certify().unwrap();
    assert_eq!(batch.cost(), live.cost());
}

#[test]
fn days_are_reproducible_and_replanning_helps_on_a_bad_one() {
    let (problem, rows) = planned(0.0, 3);
    let day = Day::default();
    let good = simulate(&problem, &rows, &day, None);
    assert_eq!(good, simulate(&problem, &rows, &day, None));
    let people: i64 = rows.iter().map(|row| row.3).sum();
    assert_eq!(good.served + good.absent, people);
    let idle = Day { load: 0.5, ..Day::default() };
    assert!(simulate(&problem, &rows, &idle, None).wait_mean < good.wait_mean);
    let slow = Slow { sites: vec![0, 1], from: 6, factor: 0.5 };
    let bad = bad_day(&problem, &rows, &day, &slow);
    assert!(bad.unchanged.wait_p95 > 2.0 * good.wait_p95);
    assert!(bad.replanned.wait_mean < bad.unchanged.wait_mean);
    assert!(bad.later + bad.elsewhere > 0);
}
