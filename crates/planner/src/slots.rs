//! Stage 4, time within a site (站内排时): which household comes in which slot.
//!
//! Slots are filled in order; within a slot whole buildings first, grid after grid, so that a grid hears one time.
//! A building is divided between two slots only by household, and only when leaving the rest of the slot free would
//! make the site finish later. Who has the earliest deadline goes first (EDF, Jackson 1955). If that leaves a
//! household without a seat — big households, narrow windows — the site is packed again by decreasing size
//! (first-fit decreasing, Johnson 1974), which fits more and keeps buildings together less.
//!
//! Invariants: no slot above capacity, everybody inside the window, no household divided. Exact packing is NP-hard;
//! what was not seated is returned, never dropped. Cost: `O(households · slots)` per site in the worst case.

use std::cmp::Reverse;

use crate::problem::Problem;

/// Households of one building that come to a site: (building, sizes).
pub(crate) type Group = (u32, Vec<i32>);

/// Seats at one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seating {
    /// Building, slot, people.
    pub(crate) seats: Vec<(u32, usize, i64)>,
    /// Households without a seat: building, people.
    pub(crate) left: Vec<(u32, i32)>,
}

/// Seats the groups of one site in the slots `0..=horizon`.
pub(crate) fn seat(problem: &Problem, site: usize, horizon: usize, groups: &[Group]) -> Seating {
    let mut best = in_order(problem, site, horizon, groups);
    for by_deadline in [false, true] {
        if best.left.is_empty() {
            break;
        }
        let other = by_size(problem, site, horizon, groups, by_deadline);
        if lost(&other) < lost(&best) {
            best = other;
        }
    }
    best
}

fn lost(seating: &Seating) -> i64 {
    seating.left.iter().map(|entry| i64::from(entry.1)).sum()
}

struct Waiting {
    building: u32,
    window: (usize, usize),
    /// Sizes, largest first.
    homes: Vec<i32>,
    people: i64,
}

fn in_order(problem: &Problem, site: usize, horizon: usize, groups: &[Group]) -> Seating {
    let mut queue: Vec<Waiting> = groups
        .iter()
        .map(|(building, homes)| {
            let mut homes = homes.clone();
            homes.sort_unstable_by_key(|&n| Reverse(n));
            Waiting {
                building: *building,
                window: problem.windows[problem.class[*building as usize] as usize],
                people: homes.iter().map(|&n| i64::from(n)).sum(),
                homes,
            }
        })
        .collect();
    queue.sort_by_key(|w| (w.window.1, problem.grid[w.building as usize], w.building));
    let load: i64 = queue.iter().map(|w| w.people).sum();
    let mut spare = spare_seats(problem, site, horizon, load);
    let mut seating = Seating::default();
    for t in 0..=horizon.min(problem.slots.saturating_sub(1)) {
        let mut free = problem.capacity[site][t];
        if free <= 0 || queue.is_empty() {
            continue;
        }
        // Whole buildings, in order.
        let take = |w: &mut Waiting, n: i64, free: &mut i64, seats: &mut Vec<_>| {
            *free -= n;
            w.people -= n;
            seats.push((w.building, t, n));
        };
        for w in queue.iter_mut().filter(|w| w.window.0 <= t && t <= w.window.1) {
            if w.people > 0 && w.people <= free {
                let all = w.people;
                take(w, all, &mut free, &mut seating.seats);
                w.homes.clear();
            }
        }
        queue.retain(|w| w.people > 0);
        // The rest of the slot stays free if the site can afford it and nobody's window ends.
        let urgent = queue.iter().any(|w| w.window.0 <= t && w.window.1 <= t);
        let pressing = queue.iter().any(|w| w.window.1 < horizon);
        if !urgent && !pressing && free <= spare && free < problem.capacity[site][t] {
            spare -= free;
            continue;
        }
        for w in queue.iter_mut().filter(|w| w.window.0 <= t && t <= w.window.1) {
            let mut n = 0;
            w.homes.retain(|&size| {
                let goes = i64::from(size) <= free - n;
                if goes {
                    n += i64::from(size);
                }
                !goes
            });
            if n > 0 {
                take(w, n, &mut free, &mut seating.seats);
            }
            if free == 0 {
                break;
            }
        }
        queue.retain(|w| w.people > 0);
    }
    for w in queue {
        seating.left.extend(w.homes.iter().map(|&n| (w.building, n)));
    }
    seating
}

/// Seats that may stay empty without the site finishing later.
fn spare_seats(problem: &Problem, site: usize, horizon: usize, load: i64) -> i64 {
    let mut room = 0;
    for t in 0..=horizon.min(problem.slots.saturating_sub(1)) {
        room += problem.capacity[site][t];
        if room >= load {
            return room - load;
        }
    }
    0
}

fn by_size(problem: &Problem, site: usize, horizon: usize, groups: &[Group], by_deadline: bool) -> Seating {
    let mut homes: Vec<(u32, i32, (usize, usize))> = Vec::new();
    for (building, sizes) in groups {
        let window = problem.windows[problem.class[*building as usize] as usize];
        homes.extend(sizes.iter().map(|&n| (*building, n, window)));
    }
    homes.sort_by_key(|&(building, size, window)| {
        let deadline = if by_deadline { window.1 - window.0 } else { 0 };
        (deadline, Reverse(size), window.1, building)
    });
    let mut free: Vec<i64> = problem.capacity[site].clone();
    let mut seating = Seating::default();
    for (building, size, window) in homes {
        let mut slots = window.0..=window.1.min(horizon);
        match slots.find(|&t| free[t] >= i64::from(size)) {
            Some(t) => {
                free[t] -= i64::from(size);
                seating.seats.push((building, t, i64::from(size)));
            }
            None => seating.left.push((building, size)),
        }
    }
    // One line per building and slot.
    seating.seats.sort_unstable();
    seating.seats.dedup_by(|next, kept| {
        let same = next.0 == kept.0 && next.1 == kept.1;
        if same {
            kept.2 += next.2;
        }
        same
    });
    seating
}
