//! In which order the worker walks (走访路线): house by house, the one that waits most first, and within a house
//! from door to door as one climbs it.

use std::{cmp::Reverse, collections::HashMap};

use linli_kernel::text_enum;

use super::Home;

text_enum! {
    /// Whether a home waits for a visit in this quarter: by the rule of the figures, see [`crate::rhythm`].
    pub enum Due {
        /// It waits, and somebody there needs care.
        Care = "care",
        /// It waits.
        Stale = "stale",
        /// It had its visits.
        Fresh = "fresh",
    }
}

/// How much a home waits for which so many visits are left in this quarter.
pub(super) const fn due(left: i64, care: bool) -> Due {
    match (left > 0, care) {
        (true, true) => Due::Care,
        (true, false) => Due::Stale,
        (false, _) => Due::Fresh,
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
