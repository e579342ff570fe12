//! Simulator (全天仿真): what a plan feels like when people are people.
//!
//! One planned day, event by event: households come together, spread over their slot, early or late by a normal
//! deviate (σ 6 minutes by default), three in a hundred not at all; each person takes a gamma-distributed time at one
//! of the site's lanes, first come first served. Lanes follow from the capacity of the slot and the service rate.
//! Used to choose the load factor for a stated queue bound. Source: standard discrete-event simulation (Law 2015).
//!
//! The bad day: some sites work at half speed from a given slot on; one slot later this is noticed and the rest of
//! the day is replanned ([`crate::replan`]), room being kept for those already queueing.
//!
//! Cost: `O(people × lanes)`.

use crate::num::{int, pos, round};
use crate::problem::Problem;
use crate::replan::{Live, Prices, Row};
use crate::replan_rows::{Changed, deal_rows, whole};
use crate::rng::Rng;

/// How the day goes.
#[derive(Clone, Debug)]
pub struct Day {
    /// Standard deviation of punctuality in minutes.
    pub late_minutes: f64,
    /// Share of households that do not come.
    pub no_show: f64,
    /// Persons per lane and hour.
    pub lane_rate: f64,
    /// Seed.
    pub seed: u64,
    /// Share of the capacity that the plan used: the real capacity is larger by this factor.
    pub load: f64,
}

impl Default for Day {
    fn default() -> Self {
        Self { late_minutes: 6.0, no_show: 0.03, lane_rate: 131.0, seed: 1, load: 1.0 }
    }
}

/// What the day was like.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Findings {
    /// People served.
    pub served: i64,
    /// People who did not come.
    pub absent: i64,
    /// Mean wait in minutes.
    pub wait_mean: f64,
    /// 95 of 100 people wait no longer.
    pub wait_p95: f64,
    /// The longest wait.
    pub wait_max: f64,
    /// Longest queue in persons, over all sites.
    pub queue_max: i64,
    /// 95 of 100 arrivals find no longer queue.
    pub queue_p95: i64,
    /// Mean over the sites of the share of lane time without work, from opening to the last planned slot.
    pub idle_mean: f64,
}

/// Sites that slow down.
#[derive(Clone, Debug)]
pub struct Slow {
    /// Which sites.
    pub sites: Vec<usize>,
    /// From which slot.
    pub from: usize,
    /// At which share of their speed.
    pub factor: f64,
}

/// Plays a plan's day. `slow` sites work slower than planned.
pub fn simulate(problem: &Problem, rows: &[Row], day: &Day, slow: Option<&Slow>) -> Findings {
    let homes = deal_rows(problem, rows);
    let mut rng = Rng::new(day.seed);
    let mut arrivals: Vec<Vec<(f64, i32)>> = vec![Vec::new(); problem.capacity.len()];
    let mut last = vec![None; problem.capacity.len()];
    let mut found = Findings::default();
    for (row, homes) in rows.iter().zip(&homes) {
        let site = row.1 as usize;
        last[site] = last[site].max(Some(row.2));
        for &people in homes {
            if rng.unit() < day.no_show {
                found.absent += i64::from(people);
                continue;
            }
            let planned = (row.2 as f64 + rng.unit()) * problem.slot_minutes;
            arrivals[site].push((planned + day.late_minutes * rng.normal(), people));
        }
    }
    let (mut waits, mut queues, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for (site, list) in arrivals.iter_mut().enumerate() {
        let Some(last) = last[site] else { continue };
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        let shift = slow.filter(|s| s.sites.contains(&site)).map(|s| (s.from, s.factor));
        let gate = Gate { problem, day, site, shift, last };
        idle.push(gate.play(list, &mut rng, &mut waits, &mut queues));
    }
    waits.sort_by(f64::total_cmp);
    queues.sort_unstable();
    found.served = int(waits.len());
    found.wait_mean = waits.iter().sum::<f64>() / (waits.len().max(1) as f64);
    found.wait_p95 = waits.get(waits.len() * 95 / 100).copied().unwrap_or(0.0);
    found.wait_max = waits.last().copied().unwrap_or(0.0);
    found.queue_max = queues.last().copied().unwrap_or(0);
    found.queue_p95 = queues.get(queues.len() * 95 / 100).copied().unwrap_or(0);
    found.idle_mean = idle.iter().sum::<f64>() / (idle.len().max(1) as f64);
    found
}

struct Gate<'a> {
    problem: &'a Problem,
    day: &'a Day,
    site: usize,
    shift: Option<(usize, f64)>,
    /// The last slot anybody is asked to come.
    last: usize,
}

impl Gate<'_> {
    /// Lanes open in a slot and the mean minutes one person takes there.
    fn lanes(&self, slot: usize) -> (usize, f64) {
        let minutes = self.problem.slot_minutes;
        // After its last planned slot the site stays open as it was until the queue is gone.
        let row = &self.problem.capacity[self.site];
        let planned = if slot > self.last {
            let before = row[..=self.last.min(row.len() - 1)].iter().rev();
            before.copied().find(|&c| c > 0).unwrap_or(0)
        } else {
            row[slot]
        };
        let capacity = planned as f64 / self.day.load;
        if capacity < 1e-9 {
            return (0, 0.0);
        }
        let lanes = (capacity / (self.day.lane_rate * minutes / 60.0)).round().max(1.0);
        let speed = match self.shift {
            Some((from, factor)) if slot >= from => factor,
            _ => 1.0,
        };
        (pos(round(lanes)), minutes * lanes / (capacity * speed))
    }

    fn slot_at(&self, time: f64) -> usize {
        pos(round((time / self.problem.slot_minutes).floor()))
    }

    /// First moment from `time` on at which lane `lane` is staffed.
    fn staffed(&self, lane: usize, mut time: f64) -> f64 {
        time = time.max(0.0);
        for _ in 0..=self.problem.slots {
            let slot = self.slot_at(time + 1e-9);
            if lane < self.lanes(slot).0 {
                return time;
            }
            time = (slot + 1) as f64 * self.problem.slot_minutes;
        }
        time
    }

    /// Serves everybody; the share of idle lane time between opening and the end of the last planned slot.
    fn play(
        &self,
        arrivals: &[(f64, i32)],
        rng: &mut Rng,
        waits: &mut Vec<f64>,
        queues: &mut Vec<i64>,
    ) -> f64 {
        let most = (0..self.problem.slots).map(|t| self.lanes(t).0).max().unwrap_or(1).max(1);
        let mut free = vec![0.0_f64; most];
        let last = self.last;
        let end = (last + 1) as f64 * self.problem.slot_minutes;
        let mut busy = 0.0;
        let mut starts: std::collections::VecDeque<f64> = std::collections::VecDeque::new();
        for &(time, people) in arrivals {
            // Nobody queues before the gate opens: who is early waits at home.
            let time = self.staffed(0, time);
            while starts.front().is_some_and(|&start| start <= time) {
                starts.pop_front();
            }
            queues.push(int(starts.len()));
            for _ in 0..people {
                let ready = |lane: usize| self.staffed(lane, free[lane].max(time));
                let options = (0..most).map(|lane| (ready(lane), lane));
                let Some((start, lane)) = options.min_by(|a, b| a.0.total_cmp(&b.0)) else {
                    continue;
                };
                let mean = self.lanes(self.slot_at(start + 1e-9)).1;
                // Gamma with shape 4: as regular as a trained team, not a machine.
                let service = mean * (0..4).map(|_| rng.exponential()).sum::<f64>() / 4.0;
                free[lane] = start + service;
                busy += (free[lane].min(end) - start.min(end)).max(0.0);
                waits.push(start - time);
                starts.push_back(start);
            }
        }
        let open: f64 = (0..=last).map(|t| self.lanes(t).0 as f64 * self.problem.slot_minutes).sum();
        if open > 0.0 { 1.0 - busy / open } else { 0.0 }
    }
}

/// What a replanned bad day was like.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct BadDay {
    /// Without replanning.
    pub unchanged: Findings,
    /// With it.
    pub replanned: Findings,
    /// People told another time at the same site.
    pub later: i64,
    /// People told another site.
    pub elsewhere: i64,
    /// Announcements changed.
    pub announcements: usize,
    /// People for whom the rest of the day had no place.
    pub left: i64,
}

/// Plays a day on which sites slow down, left alone and with one live replan a slot after it began.
pub fn bad_day(problem: &Problem, rows: &[Row], day: &Day, slow: &Slow) -> BadDay {
    let called = (slow.from + 1).min(problem.slots.saturating_sub(1));
    let changed = respond(problem, rows, slow, called);
    let left = changed.left.iter().map(|entry| i64::from(entry.1)).sum();
    BadDay {
        unchanged: simulate(problem, rows, day, Some(slow)),
        replanned: simulate(problem, &changed.rows, day, Some(slow)),
        later: changed.later,
        elsewhere: changed.elsewhere,
        announcements: changed.announcements,
        left,
    }
}

/// The replan: what the slow sites can still do, less what already queues there.
fn respond(problem: &Problem, rows: &[Row], slow: &Slow, called: usize) -> Changed {
    let prices = Prices::default();
    let mut live = Live::new(problem, rows, Some(called), prices);
    for &site in &slow.sites {
        let able = |slot: usize| round(problem.capacity[site][slot] as f64 * slow.factor);
        let mut backlog: i64 = (slow.from..=called)
            .map(|slot| {
                let here = rows.iter().filter(|row| row.1 as usize == site && row.2 == slot);
                here.map(|row| row.3).sum::<i64>() - able(slot)
            })
            .sum::<i64>()
            .max(0);
        for slot in called + 1..problem.slots {
            let used = backlog.min(able(slot));
            backlog -= used;
            live.set_capacity(site, slot, able(slot) - used);
        }
    }
    live.settle();
    let moves = live.moves();
    whole(problem, &live, &moves, prices)
}
