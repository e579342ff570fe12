//! Whole households in a replan (整户调整): from the flow of single people to a plan that can be announced.
//!
//! The flow of [`crate::replan`] says how many of a row leave and where to. Of each such row the households are
//! chosen whose people come nearest to that number from above (subset sum); largest first they take the seats the
//! flow chose for their row, or the cheapest seats left. What this costs beyond the flow's optimum is the price of
//! keeping households together, and is reported. Cost: linear in the displaced households times the slots in reach.

use std::collections::HashMap;

use crate::num::{idx, int, pos};
use crate::problem::Problem;
use crate::replan::{Live, Move, Prices, Row};

/// A changed plan in whole households.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The new rows.
    pub rows: Vec<Row>,
    /// Households without a seat: building, people.
    pub left: Vec<(u32, i32)>,
    /// People who come later, at the same site.
    pub later: i64,
    /// People who go to another site.
    pub elsewhere: i64,
    /// (Grid, site, slot) announcements that change.
    pub announcements: usize,
    /// Cost of the changes in units.
    pub cost: i64,
}

/// Applies the flow's moves by whole households.
pub fn whole(problem: &Problem, live: &Live, moves: &[Move], prices: Prices) -> Changed {
    let rows = live.rows();
    let homes = deal_rows(problem, rows);
    let mut wish: HashMap<u32, Vec<Move>> = HashMap::new();
    for m in moves {
        wish.entry(m.row).or_default().push(*m);
    }
    let mut taken: HashMap<(u32, usize), i64> = HashMap::new();
    let mut seated: HashMap<(u32, u32, usize), i64> = HashMap::new();
    let mut going: Vec<(i32, u32)> = Vec::new();
    for (at, &(building, site, slot, people)) in rows.iter().enumerate() {
        let leave: i64 = wish.get(&idx(at)).map_or(0, |list| list.iter().map(|m| m.people).sum());
        let chosen = if leave == 0 { Vec::new() } else { nearest_above(&homes[at], leave) };
        let gone: i64 = chosen.iter().map(|&n| i64::from(n)).sum();
        going.extend(chosen.into_iter().map(|n| (n, idx(at))));
        if people > gone {
            *taken.entry((site, slot)).or_default() += people - gone;
            *seated.entry((building, site, slot)).or_default() += people - gone;
        }
    }
    going.sort_unstable_by_key(|&(n, row)| (std::cmp::Reverse(n), row));
    let mut changed = Changed::default();
    let mut told = std::collections::HashSet::new();
    for (people, at) in going {
        let (building, site, slot, _) = rows[at as usize];
        let room = |site: u32, slot: usize| {
            let used = taken.get(&(site, slot)).copied().unwrap_or(0);
            live.capacity(site as usize, slot).unwrap_or(0) - used
        };
        let fits =
            |m: &&mut Move| m.site != u32::MAX && m.people > 0 && room(m.site, m.slot) >= i64::from(people);
        let wished = wish.get_mut(&at).and_then(|list| {
            list.iter_mut().filter(fits).max_by_key(|m| m.people).map(|m| {
                m.people -= i64::from(people);
                (m.site, m.slot)
            })
        });
        let options = seats(problem, rows[at as usize], prices);
        let target = wished.or_else(|| {
            let open = options.iter().filter(|o| room(o.1, o.2) >= i64::from(people));
            open.min().map(|o| (o.1, o.2))
        });
        let scale = problem.scale;
        if let Some((new_site, new_slot)) = target {
            *taken.entry((new_site, new_slot)).or_default() += i64::from(people);
            *seated.entry((building, new_site, new_slot)).or_default() += i64::from(people);
            let price = options.iter().find(|o| (o.1, o.2) == (new_site, new_slot)).map_or(0, |o| o.0);
            changed.cost += price * i64::from(people);
            if (new_site, new_slot) != (site, slot) {
                told.insert((problem.grid[building as usize], site, slot, new_site, new_slot));
                if new_site == site {
                    changed.later += i64::from(people);
                } else {
                    changed.elsewhere += i64::from(people);
                }
            }
        } else {
            changed.cost += i64::from(prices.nowhere) * scale * i64::from(people);
            changed.left.push((building, people));
        }
    }
    changed.announcements = told.len();
    changed.rows = seated.into_iter().map(|((b, s, t), n)| (b, s, t, n)).collect();
    changed.rows.sort_unstable();
    changed
}

/// Every seat a row's people may take, with its price per person.
fn seats(problem: &Problem, row: Row, prices: Prices) -> Vec<(i64, u32, usize)> {
    let (building, site, slot, _) = row;
    let b = building as usize;
    let latest = problem.windows[problem.class[b] as usize].1;
    let arcs = problem.arcs_of(b);
    let here = arcs.iter().find(|arc| arc.hub == site).map_or(0, |arc| arc.cost);
    let mut list = vec![(0, site, slot)];
    for arc in arcs {
        let same = arc.hub == site;
        for t in slot + usize::from(same)..=latest {
            let delay = int(t - slot) * i64::from(prices.slot);
            let base = if same { prices.later } else { prices.elsewhere };
            let extra = i64::from((arc.cost - here).max(0));
            let fixed = (i64::from(base) + delay) * problem.scale;
            list.push((fixed + if same { 0 } else { extra }, arc.hub, t));
        }
    }
    list
}

/// The households of every row: a building's households dealt out so that each row gets its people.
pub(crate) fn deal_rows(problem: &Problem, rows: &[Row]) -> Vec<Vec<i32>> {
    let mut of: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        of.entry(row.0).or_default().push(at);
    }
    let mut homes = vec![Vec::new(); rows.len()];
    for (building, list) in of {
        let mut sizes = problem.households[building as usize].clone();
        sizes.sort_unstable_by_key(|&n| std::cmp::Reverse(n));
        let mut bins: Vec<i64> = list.iter().map(|&at| rows[at].3).collect();
        let mut place = Vec::new();
        let mut tries = 100_000;
        if list.len() == 1 {
            homes[list[0]] = sizes;
        } else if deal(&sizes, &mut bins, &mut place, &mut tries) {
            for (&size, &bin) in sizes.iter().zip(&place) {
                homes[list[bin]].push(size);
            }
        }
    }
    homes
}

fn deal(sizes: &[i32], bins: &mut [i64], place: &mut Vec<usize>, tries: &mut u32) -> bool {
    let Some(&size) = sizes.get(place.len()) else {
        return true;
    };
    for bin in 0..bins.len() {
        if *tries == 0 {
            return false;
        }
        *tries -= 1;
        if bins[bin] >= i64::from(size) {
            bins[bin] -= i64::from(size);
            place.push(bin);
            if deal(sizes, bins, place, tries) {
                return true;
            }
            place.pop();
            bins[bin] += i64::from(size);
        }
    }
    false
}

/// Households whose sum is the least that reaches `want` (all of them if none does).
fn nearest_above(homes: &[i32], want: i64) -> Vec<i32> {
    let total: i64 = homes.iter().map(|&n| i64::from(n)).sum();
    if want >= total {
        return homes.to_vec();
    }
    // from[sum] = the household that reached the sum first.
    let mut from = vec![usize::MAX; pos(total) + 1];
    for (h, &size) in homes.iter().enumerate() {
        let size = pos(i64::from(size));
        for sum in (size..from.len()).rev() {
            let before = sum - size;
            if from[sum] == usize::MAX && (before == 0 || from[before] < h) {
                from[sum] = h;
            }
        }
    }
    let mut sum = (pos(want)..from.len()).find(|&s| from[s] != usize::MAX).unwrap_or(0);
    let mut chosen = Vec::new();
    while sum > 0 {
        let h = from[sum];
        chosen.push(homes[h]);
        sum -= pos(i64::from(homes[h]));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::{deal, nearest_above};

    #[test]
    fn households_nearest_above_the_number() {
        let sum = |want| nearest_above(&[4, 4, 3, 2], want).iter().sum::<i32>();
        assert_eq!((sum(1), sum(5), sum(6), sum(10), sum(12), sum(99)), (2, 5, 6, 10, 13, 13));
    }

    #[test]
    fn rows_get_their_households() {
        let mut place = Vec::new();
        assert!(deal(&[3, 3, 2], &mut [5, 3], &mut place, &mut 100));
        assert_eq!(place, vec![0, 1, 0]);
    }
}
