//! Checking the home teams' routes from the outside (上门路线核验).

use crate::format::{Home, HomePlan};

/// What is wrong with a home plan, recomputed from the coordinates alone.
pub fn faults(home: &Home, plan: &HomePlan) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = vec![0_u32; home.visits.len()];
    for &visit in &plan.unserved {
        match seen.get_mut(visit) {
            Some(n) => *n += 1,
            None => faults.push(format!("home: there is no visit {visit}")),
        }
    }
    for (team, route) in plan.routes.iter().enumerate() {
        let Some(shift) = home.teams.get(team) else {
            faults.push(format!("home: there is no team {team}"));
            continue;
        };
        let (mut x, mut y, mut free) = (shift.x, shift.y, shift.start);
        for &(visit, start) in route {
            let (Some(v), Some(n)) = (home.visits.get(visit), seen.get_mut(visit)) else {
                faults.push(format!("home: there is no visit {visit}"));
                continue;
            };
            *n += 1;
            let arrival = free + (v.x - x).hypot(v.y - y) / home.metres_per_minute;
            if start < arrival - 1e-3 || start < v.earliest - 1e-3 || start > v.latest + 1e-3 {
                faults.push(format!(
                    "home: team {} cannot start visit {} at minute {start:.1}",
                    shift.id, v.id
                ));
            }
            (x, y, free) = (v.x, v.y, start + v.minutes);
        }
        if free + (shift.x - x).hypot(shift.y - y) / home.metres_per_minute > shift.end + 1e-3 {
            faults.push(format!("home: team {} is back after its shift", shift.id));
        }
    }
    for (visit, n) in seen.iter().enumerate().filter(|(_, n)| **n != 1) {
        faults.push(format!("home: visit {} is planned {n} times", home.visits[visit].id));
    }
    faults
}
