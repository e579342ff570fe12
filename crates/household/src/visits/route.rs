//! In which order the worker walks (走访路线): house by house, the one that waits most first, and within a house
//! from door to door as one climbs it.

use std::{cmp::Reverse, collections::HashMap, time::Duration};

use linli_kernel::{Timestamp, text_enum};

use super::Home;
use crate::rules;

text_enum! {
    /// How much a home waits for a visit.
    pub enum Due {
        /// Somebody there needs care, and nobody came for a month.
        Care = "care",
        /// Not confirmed within ninety days, or never.
        Stale = "stale",
        /// It can wait.
        Fresh = "fresh",
    }
}

/// Days after which somebody who needs care is looked after again.
const CARE_DAYS: u64 = 30;

/// How much a home waits.
pub(super) fn due(confirmed_at: Option<Timestamp>, care: bool, now: Timestamp) -> Due {
    let month = now.minus(Duration::from_hours(24 * CARE_DAYS));
    match () {
        () if care && confirmed_at.is_none_or(|at| at < month) => Due::Care,
        () if !rules::fresh(confirmed_at, now) => Due::Stale,
        () => Due::Fresh,
    }
}

/// Sorts homes into the order of the walk.
pub(super) fn order(homes: &mut [Home]) {
    let mut weight: HashMap<uuid::Uuid, (usize, usize)> = HashMap::new();
    for home in homes.iter() {
        let waits = weight.entry(home.building.0).or_default();
        match home.due {
            Due::Care => waits.0 += 1,
            Due::Stale => waits.1 += 1,
            Due::Fresh => {}
        }
    }
    let number = |door: &str| -> u64 {
        let digits: String = door.chars().filter(char::is_ascii_digit).take(9).collect();
        digits.parse().unwrap_or_default()
    };
    homes.sort_by_cached_key(|home| {
        let waits = weight.get(&home.building.0).copied().unwrap_or_default();
        let door = (home.unit.clone(), home.floor, number(&home.door), home.door.clone());
        (Reverse(waits), home.house.clone(), home.building.0, door)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn care_waits_a_month_and_everybody_a_quarter() {
        let now: Timestamp = "2026-11-23T09:00:00+08:00".parse().unwrap();
        let days = |n: u64| Some(now.minus(Duration::from_hours(24 * n)));
        for (at, care, expected) in [
            (None, true, Due::Care),
            (None, false, Due::Stale),
            (days(31), true, Due::Care),
            (days(29), true, Due::Fresh),
            (days(31), false, Due::Fresh),
            (days(91), false, Due::Stale),
        ] {
            assert_eq!(due(at, care, now), expected, "{at:?} {care}");
        }
    }

    #[test]
    fn the_house_that_waits_most_comes_first_and_is_climbed() {
        let home = |house: u128, floor: i64, door: &str, due: Due| Home {
            building: crate::model::BuildingId(uuid::Uuid::from_u128(house)),
            house: format!("{house}号楼"),
            floor: Some(floor),
            door: door.into(),
            due,
            ..Home::blank()
        };
        let mut homes = vec![
            home(1, 1, "101", Due::Stale),
            home(2, 10, "1001", Due::Fresh),
            home(2, 2, "202", Due::Care),
            home(2, 2, "201", Due::Fresh),
            home(3, 1, "101", Due::Fresh),
        ];
        order(&mut homes);
        let doors: Vec<String> = homes.iter().map(|h| format!("{}{}", h.house, h.door)).collect();
        assert_eq!(doors, ["2号楼201", "2号楼202", "2号楼1001", "1号楼101", "3号楼101"]);
    }
}
