//! Stage 5, home teams (上门服务队): routes with time windows and shifts.
//!
//! A hybrid genetic search (the HGS family: Vidal et al. 2012, 2013; route-exchange crossover after Nagata, Bräysy &
//! Dullaert 2010): a small population of plans; a child takes some routes of one parent and what still fits of the
//! other's, the rest is inserted where it costs least, and local search — relocating, swapping, exchanging tails,
//! turning stretches around, bringing in visits left out — educates it. Plans stay feasible throughout: a visit that fits nowhere is *unserved*
//! and weighs more than any distance, so serving everybody comes first and metres second.
//!
//! Invariants: every visit is in exactly one route or unserved; every route keeps its shift and its windows.
//! Cost: `O(route length)` per tried change; the search runs as long as it is given.

mod local;

use crate::format::{Home, HomePlan};
use crate::rng::Rng;

/// Plans kept.
const POPULATION: usize = 16;
/// A visit left out, in metres.
const LEFT_OUT: f64 = 1e7;
/// Differences below this are noise of the arithmetic.
const TINY: f64 = 1e-6;

#[derive(Clone, Debug)]
struct Tour {
    routes: Vec<Vec<usize>>,
    unserved: Vec<usize>,
    cost: f64,
}

struct Field<'a> {
    home: &'a Home,
    /// Metres between visits, then between team bases (index `visits + team`) and visits.
    metres: Vec<f64>,
    size: usize,
}

impl<'a> Field<'a> {
    fn new(home: &'a Home) -> Self {
        let visits = home.visits.iter().map(|v| (v.x, v.y));
        let places: Vec<(f64, f64)> = visits.chain(home.teams.iter().map(|t| (t.x, t.y))).collect();
        let size = places.len();
        let mut metres = Vec::with_capacity(size * size);
        for a in &places {
            metres.extend(places.iter().map(|b| (a.0 - b.0).hypot(a.1 - b.1)));
        }
        Self { home, metres, size }
    }

    #[inline]
    fn far(&self, a: usize, b: usize) -> f64 {
        self.metres[a * self.size + b]
    }

    /// Metres of a route, or `None` if it breaks a window or the shift.
    fn length(&self, team: usize, route: impl Iterator<Item = usize>) -> Option<f64> {
        let base = self.home.visits.len() + team;
        let shift = &self.home.teams[team];
        let (mut at, mut time, mut metres) = (base, shift.start, 0.0);
        for visit in route {
            let step = self.far(at, visit);
            let v = &self.home.visits[visit];
            time = (time + step / self.home.metres_per_minute).max(v.earliest);
            if time > v.latest + TINY {
                return None;
            }
            time += v.minutes;
            metres += step;
            at = visit;
        }
        let back = self.far(at, base);
        let end = time + back / self.home.metres_per_minute;
        (end <= shift.end + TINY).then_some(metres + back)
    }

    fn starts(&self, team: usize, route: &[usize]) -> Vec<(usize, f64)> {
        let (mut at, mut time) = (self.home.visits.len() + team, self.home.teams[team].start);
        let visits = route.iter().map(|&visit| {
            let v = &self.home.visits[visit];
            let start = (time + self.far(at, visit) / self.home.metres_per_minute).max(v.earliest);
            time = start + v.minutes;
            at = visit;
            (visit, start)
        });
        visits.collect()
    }

    fn cost(&self, plan: &Tour) -> f64 {
        let routes = plan.routes.iter().enumerate();
        let metres: f64 =
            routes.map(|(team, route)| self.length(team, route.iter().copied()).unwrap_or(LEFT_OUT)).sum();
        metres + LEFT_OUT * plan.unserved.len() as f64
    }

    /// The cheapest feasible place for a visit in one route: (extra metres, position).
    fn best_place(&self, team: usize, route: &[usize], visit: usize) -> Option<(f64, usize)> {
        let now = self.length(team, route.iter().copied())?;
        let places = (0..=route.len()).filter_map(|at| {
            let with = route[..at].iter().copied().chain([visit]).chain(route[at..].iter().copied());
            self.length(team, with).map(|metres| (metres - now, at))
        });
        places.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Inserts what is unserved, the visit with most regret about its second-best route first.
    /// With a random source the order is blurred, so that children of like parents differ.
    fn insert(&self, plan: &mut Tour, mut blur: Option<&mut Rng>) {
        while !plan.unserved.is_empty() {
            let mut pick: Option<(f64, usize, usize, usize)> = None;
            for (k, &visit) in plan.unserved.iter().enumerate() {
                let mut best = (f64::MAX, 0, 0);
                let mut second = f64::MAX;
                for (team, route) in plan.routes.iter().enumerate() {
                    if let Some((extra, at)) = self.best_place(team, route, visit) {
                        if extra < best.0 {
                            second = best.0;
                            best = (extra, team, at);
                        } else {
                            second = second.min(extra);
                        }
                    }
                }
                if best.0 < f64::MAX {
                    let exact = second.min(LEFT_OUT) - best.0;
                    let noise = blur.as_mut().map_or(1.0, |rng| 0.3 + 1.4 * rng.unit());
                    let regret = exact * noise;
                    if pick.is_none_or(|known| regret > known.0) {
                        pick = Some((regret, k, best.1, best.2));
                    }
                }
            }
            let Some((_, k, team, at)) = pick else { break };
            let visit = plan.unserved.swap_remove(k);
            plan.routes[team].insert(at, visit);
        }
        plan.cost = self.cost(plan);
    }

    /// Some routes of `a`, what still fits of `b`'s, the rest unserved.
    fn cross(&self, a: &Tour, b: &Tour, rng: &mut Rng) -> Tour {
        let mut taken = vec![false; self.home.visits.len()];
        let mut routes: Vec<Vec<usize>> = vec![Vec::new(); self.home.teams.len()];
        let mut from_a = vec![false; routes.len()];
        for (team, route) in a.routes.iter().enumerate() {
            if rng.below(2) == 0 {
                from_a[team] = true;
                for &v in route {
                    taken[v] = true;
                }
                routes[team].clone_from(route);
            }
        }
        for (team, route) in b.routes.iter().enumerate().filter(|(team, _)| !from_a[*team]) {
            routes[team] = route.iter().copied().filter(|&v| !taken[v]).collect();
            // Leaving visits out may only make waiting longer, never a route late: still, be sure.
            if self.length(team, routes[team].iter().copied()).is_none() {
                routes[team].clear();
            }
            for &v in &routes[team] {
                taken[v] = true;
            }
        }
        Tour { routes, unserved: (0..taken.len()).filter(|&v| !taken[v]).collect(), cost: 0.0 }
    }
}

/// Plans the routes; `spent` tells which share of the time is used.
pub fn plan(home: &Home, seed: u64, spent: &mut dyn FnMut() -> f64) -> HomePlan {
    let field = Field::new(home);
    let mut rng = Rng::new(seed);
    let mut people: Vec<Tour> = Vec::new();
    let empty = || Tour {
        routes: vec![Vec::new(); home.teams.len()],
        unserved: (0..home.visits.len()).collect(),
        cost: 0.0,
    };
    // The first plan is made in any case.
    let mut first = empty();
    field.insert(&mut first, None);
    people.push(first);
    while spent() < 1.0 && !home.teams.is_empty() && !home.visits.is_empty() {
        let mut child = if people.len() < POPULATION / 2 {
            let mut one = empty();
            // A few visits placed at random first make the starting plans differ.
            rng.shuffle(&mut one.unserved);
            for _ in 0..home.teams.len().min(one.unserved.len()) {
                let team = rng.below(home.teams.len());
                if let Some(&visit) = one.unserved.last()
                    && let Some((_, at)) = field.best_place(team, &one.routes[team], visit)
                {
                    one.routes[team].insert(at, visit);
                    one.unserved.pop();
                }
            }
            one
        } else {
            let mut pick = || {
                let (a, b) = (rng.below(people.len()), rng.below(people.len()));
                if people[a].cost < people[b].cost { a } else { b }
            };
            let (a, b) = (pick(), pick());
            let mut child = field.cross(&people[a], &people[b], &mut rng);
            if rng.below(2) == 0 {
                Field::shake(&mut child, &mut rng);
            }
            child
        };
        field.educate(&mut child, &mut rng, spent);
        if people.iter().all(|other| (other.cost - child.cost).abs() > TINY) {
            people.push(child);
            people.sort_by(|a, b| a.cost.total_cmp(&b.cost));
            people.truncate(POPULATION);
        } else if rng.below(50) == 0 && people.len() > 2 {
            // Everybody alike: keep the best, make room for something new.
            people.truncate(2);
        }
    }
    people.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let best = people.swap_remove(0);
    let mut unserved = best.unserved.clone();
    unserved.sort_unstable();
    HomePlan {
        metres: best.cost - LEFT_OUT * unserved.len() as f64,
        routes: best.routes.iter().enumerate().map(|(team, route)| field.starts(team, route)).collect(),
        unserved,
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::check::home::faults;
    use crate::format::{Home, Team, Visit};
    use crate::rng::Rng;

    fn field(visits: usize, seed: u64) -> Home {
        let mut rng = Rng::new(seed);
        let mut place = || (rng.unit() * 100.0).round();
        Home {
            metres_per_minute: 10.0,
            teams: vec![Team { id: "T".into(), x: 50.0, y: 50.0, start: 0.0, end: 120.0 }; 1],
            visits: (0..visits)
                .map(|i| Visit {
                    id: i.to_string(),
                    x: place(),
                    y: place(),
                    minutes: 2.0,
                    earliest: 0.0,
                    latest: 40.0 + place(),
                })
                .collect(),
        }
    }

    fn brute(home: &Home, at: (f64, f64), time: f64, left: &mut Vec<usize>) -> Option<f64> {
        let team = &home.teams[0];
        let back = (at.0 - team.x).hypot(at.1 - team.y);
        if left.is_empty() {
            return (time + back / home.metres_per_minute <= team.end).then_some(back);
        }
        let mut best: Option<f64> = None;
        for k in 0..left.len() {
            let visit = left.swap_remove(k);
            let v = &home.visits[visit];
            let step = (at.0 - v.x).hypot(at.1 - v.y);
            let start = (time + step / home.metres_per_minute).max(v.earliest);
            if start <= v.latest
                && let Some(rest) = brute(home, (v.x, v.y), start + v.minutes, left)
            {
                best = Some(best.map_or(step + rest, |b| b.min(step + rest)));
            }
            left.push(visit);
            let last = left.len() - 1;
            left.swap(k, last);
        }
        best
    }

    #[test]
    fn one_team_finds_the_shortest_round() {
        let mut solved = 0;
        for seed in 0..12 {
            let home = field(6, seed);
            let mut calls = 0.0;
            let found = plan(&home, seed, &mut || {
                calls += 1.0;
                calls / 3_000.0
            });
            assert_eq!(faults(&home, &found), Vec::<String>::new());
            if let Some(best) = brute(&home, (50.0, 50.0), 0.0, &mut (0..6).collect()) {
                solved += 1;
                assert!(found.unserved.is_empty(), "seed {seed}");
                assert!((found.metres - best).abs() < 1e-6, "seed {seed}: {} {best}", found.metres);
            }
        }
        assert!(solved >= 6);
    }

    #[test]
    fn what_cannot_be_reached_is_listed() {
        let mut home = field(3, 1);
        home.visits[1].x = 5_000.0;
        let found = plan(&home, 1, &mut || 1.0);
        assert_eq!(found.unserved, vec![1]);
        home.teams.clear();
        let found = plan(&home, 1, &mut || 1.0);
        assert_eq!(found.unserved.len(), 3);
        assert_eq!(faults(&home, &found), Vec::<String>::new());
    }
}
