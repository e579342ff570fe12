//! Checking a plan from the outside (方案核验): believes nothing, recomputes everything.
//!
//! Shares only the file format with the solver. Verified: every walk allowed, every window kept, no slot above
//! capacity, everybody who can be served served exactly once, households undivided, and the totals the plan claims.
//! That households are undivided is a partition question — can the households of a building be dealt out so that
//! every (site, slot) gets exactly its people? — answered by a depth-first search that is exact up to [`TRIES`].
//! Cost: linear, apart from that search on buildings with several rows.

pub mod home;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::format::{Instance, Plan, Walk};

/// Steps of the household search per building before it is called undecided.
const TRIES: u32 = 200_000;

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Report {
    /// Everything wrong, in sentences; empty if the plan keeps all its promises.
    pub faults: Vec<String>,
    /// Last slot in use, −1 if none.
    pub finish_slot: i64,
    /// People seated.
    pub people: i64,
    /// Person-metres.
    pub walk_metres: f64,
    /// (Grid, site) pairs.
    pub pairs: usize,
    /// Person-metres plus F per pair.
    pub plan_cost: f64,
    /// People beyond the capacity of their slot.
    pub over_capacity: i64,
    /// Buildings whose people go to more than one site.
    pub split_buildings: usize,
    /// People who have no allowed walk.
    pub beyond_limit: i64,
}

/// Faults are counted in full but told only up to this number of each kind.
const TOLD: usize = 20;

/// Checks `plan` against `instance`.
pub fn check(instance: &Instance, plan: &Plan) -> Report {
    let mut report = Report { finish_slot: -1, ..Report::default() };
    let mut walks: HashMap<(i64, i64), f64> = HashMap::new();
    for &Walk(building, site, metres) in &instance.arcs {
        let known = walks.entry((building, site)).or_insert(metres);
        *known = known.min(metres);
    }
    let mut seated: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut rows: Vec<BTreeMap<(i64, i64), i64>> = vec![BTreeMap::new(); instance.buildings.len()];
    let mut pairs = HashSet::new();
    for (at, &[b, site, slot, people]) in plan.assignments.iter().enumerate() {
        let building = usize::try_from(b).ok().filter(|&i| i < instance.buildings.len());
        let Some(building) = building else {
            report.faults.push(format!("assignment {at}: there is no building {b}"));
            continue;
        };
        let name = &instance.buildings[building].id;
        let known_site = usize::try_from(site).is_ok_and(|s| s < instance.sites.len());
        if !known_site || people <= 0 || slot < 0 || slot >= instance.slots {
            report.faults.push(format!("assignment {at}: building {name} sends {people} people to site {site} in slot {slot}, which is not possible"));
            continue;
        }
        let (from, to) = instance.window(building);
        let inside = usize::try_from(slot).is_ok_and(|t| from <= t && t <= to);
        if !inside {
            report.faults.push(format!(
                "assignment {at}: building {name} comes in slot {slot}, outside its window {from} to {to}"
            ));
        }
        match walks.get(&(b, site)) {
            Some(metres) => report.walk_metres += metres * people as f64,
            None => {
                report.faults.push(format!("assignment {at}: building {name} may not walk to site {site}"));
            }
        }
        pairs.insert((instance.buildings[building].grid.as_str(), site));
        *seated.entry((site, slot)).or_default() += people;
        *rows[building].entry((site, slot)).or_default() += people;
        report.people += people;
        report.finish_slot = report.finish_slot.max(slot);
    }
    for (&(site, slot), &people) in &seated {
        let (s, t) = (usize::try_from(site).unwrap_or(0), usize::try_from(slot).unwrap_or(0));
        let over = people - instance.capacity(s, t);
        if over > 0 {
            report.over_capacity += over;
            report
                .faults
                .push(format!("site {}, slot {slot}: {over} people above capacity", instance.sites[s].id));
        }
    }
    report.pairs = pairs.len();
    report.plan_cost = report.walk_metres + instance.pair_cost * pairs.len() as f64;
    people(instance, &rows, &walks, &mut report);
    claims(plan, &mut report);
    let total = report.faults.len();
    if total > TOLD {
        report.faults.truncate(TOLD);
        report.faults.push(format!("and {} more", total - TOLD));
    }
    report
}

/// Everybody served once, in whole households.
fn people(
    instance: &Instance,
    rows: &[BTreeMap<(i64, i64), i64>],
    walks: &HashMap<(i64, i64), f64>,
    report: &mut Report,
) {
    let reachable: HashSet<i64> = walks.keys().map(|key| key.0).collect();
    for (i, building) in instance.buildings.iter().enumerate() {
        let want: i64 = building.households.iter().sum();
        let got: i64 = rows[i].values().sum();
        let can = i64::try_from(i).is_ok_and(|i| reachable.contains(&i));
        if !can {
            report.beyond_limit += want;
        }
        if (can && got != want) || (!can && got != 0) {
            report.faults.push(format!("building {}: {got} of {want} people have a place", building.id));
            continue;
        }
        let sites: HashSet<i64> = rows[i].keys().map(|key| key.0).collect();
        report.split_buildings += usize::from(sites.len() > 1);
        if rows[i].len() > 1 {
            let mut homes: Vec<i64> = building.households.iter().copied().filter(|&n| n > 0).collect();
            homes.sort_unstable_by_key(|&n| std::cmp::Reverse(n));
            let mut bins: Vec<i64> = rows[i].values().copied().collect();
            let mut tries = TRIES;
            match deal(&homes, &mut bins, &mut tries) {
                Some(true) => {}
                Some(false) => {
                    report.faults.push(format!("building {}: a household is divided", building.id));
                }
                None => report
                    .faults
                    .push(format!("building {}: undecided whether a household is divided", building.id)),
            }
        }
    }
}

/// Whether the households fill the bins exactly; `None` if the search was cut off.
fn deal(homes: &[i64], bins: &mut [i64], tries: &mut u32) -> Option<bool> {
    let Some((&first, rest)) = homes.split_first() else {
        return Some(bins.iter().all(|&bin| bin == 0));
    };
    *tries = tries.checked_sub(1)?;
    let mut tried = Vec::new();
    for at in 0..bins.len() {
        if bins[at] >= first && !tried.contains(&bins[at]) {
            tried.push(bins[at]);
            bins[at] -= first;
            if deal(rest, bins, tries)? {
                return Some(true);
            }
            bins[at] += first;
        }
    }
    Some(false)
}

/// The numbers the plan states about itself.
fn claims(plan: &Plan, report: &mut Report) {
    let mut faults = Vec::new();
    let near = |a: f64, b: f64| (a - b).abs() <= 0.5 + 1e-9 * b.abs();
    if plan.finish_slot != report.finish_slot {
        faults.push(format!("finish_slot says {}, it is {}", plan.finish_slot, report.finish_slot));
    }
    if !near(plan.walk_metres, report.walk_metres) {
        faults.push(format!("walk_metres says {}, it is {}", plan.walk_metres, report.walk_metres));
    }
    if !near(plan.plan_cost, report.plan_cost) {
        faults.push(format!("plan_cost says {}, it is {}", plan.plan_cost, report.plan_cost));
    }
    if plan.over_capacity != report.over_capacity {
        faults.push(format!("over_capacity says {}, it is {}", plan.over_capacity, report.over_capacity));
    }
    if plan.beyond_limit != report.beyond_limit {
        faults.push(format!("beyond_limit says {}, it is {}", plan.beyond_limit, report.beyond_limit));
    }
    let above = |bound: f64, value: f64| bound > value && !near(bound, value);
    if plan.finish_bound > report.finish_slot
        || above(plan.walk_bound, report.walk_metres)
        || above(plan.plan_bound, report.plan_cost)
    {
        faults.push("a bound is above the value it bounds".to_owned());
    }
    report.faults.extend(faults);
}

#[cfg(test)]
mod tests {
    use super::{check, deal};
    use crate::format::{Instance, Plan};

    const INSTANCE: &str = r#"{"slot_minutes":15,"slots":3,"pair_cost":100,
      "sites":[{"id":"S","capacity":[4,4,4]}],
      "buildings":[{"id":"B","grid":"G","households":[3,2,1],"earliest":1}],
      "arcs":[[0,0,10],[0,0,7]]}"#;

    fn plan(rows: &[[i64; 4]]) -> Plan {
        Plan {
            finish_slot: 2,
            finish_bound: 2,
            walk_metres: 42.0,
            plan_cost: 142.0,
            assignments: rows.to_vec(),
            ..Plan::default()
        }
    }

    #[test]
    fn accepts_a_right_plan_and_names_each_fault() {
        let instance = Instance::parse(INSTANCE).unwrap();
        let faults = |rows: &[[i64; 4]]| check(&instance, &plan(rows)).faults;
        assert_eq!(faults(&[[0, 0, 1, 3], [0, 0, 2, 3]]), Vec::<String>::new());
        assert!(faults(&[[0, 0, 0, 3], [0, 0, 2, 3]])[0].contains("outside its window"));
        assert!(faults(&[[0, 0, 1, 5], [0, 0, 2, 1]])[0].contains("above capacity"));
        assert!(faults(&[[0, 0, 2, 3]])[0].contains("3 of 6 people"));
        assert!(faults(&[[0, 1, 2, 6]])[0].contains("not possible"));
        assert!(faults(&[[7, 0, 2, 6]])[0].contains("no building 7"));
        let mut wrong = plan(&[[0, 0, 1, 3], [0, 0, 2, 3]]);
        wrong.plan_cost = 99.0;
        wrong.walk_bound = 50.0;
        let faults = check(&instance, &wrong).faults;
        assert!(faults[0].contains("plan_cost says 99") && faults[1].contains("a bound"));
    }

    #[test]
    fn households_are_dealt_out_exactly() {
        assert_eq!(deal(&[3, 2, 1], &mut [4, 2], &mut 100), Some(true));
        assert_eq!(deal(&[3, 3], &mut [4, 2], &mut 100), Some(false));
        assert_eq!(deal(&[2; 20], &mut [21, 19], &mut 10), None);
    }
}
