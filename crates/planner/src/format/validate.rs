//! What the types of the file cannot say (校验): ranges, indexes, sums, names used once.

use std::collections::HashSet;

use super::{Home, Instance, Walk};
use crate::locate::Step;
use crate::num::pos;

/// Nobody walks further than this; a larger number is a mistake of the file.
const MAX_METRES: f64 = 1e6;
/// People of all buildings together.
const MAX_PEOPLE: i64 = 100_000_000;
/// People one site can serve in one slot.
const MAX_CAPACITY: i64 = 1_000_000_000;
/// The largest F.
const MAX_PAIR_COST: f64 = 1e9;
/// The most slots.
const MAX_SLOTS: i64 = 2_000;

pub(super) type Fault = (Vec<Step>, String);

impl Instance {
    /// Checks what the types cannot: ranges, indexes, sums. The fault names the value by its path.
    pub fn validate(&self) -> Result<(), Fault> {
        use Step::{Item, Key};
        let fault = |path: &[Step], message: String| Err((path.to_vec(), message));
        if !(self.slot_minutes > 0.0 && self.slot_minutes <= 1440.0) {
            let message = "slot_minutes must be more than 0 and at most 1440";
            return fault(&[Key("slot_minutes")], message.to_owned());
        }
        if !(1..=MAX_SLOTS).contains(&self.slots) {
            let message = format!("slots must be between 1 and {MAX_SLOTS}, not {}", self.slots);
            return fault(&[Key("slots")], message);
        }
        if !(0.0..=MAX_PAIR_COST).contains(&self.pair_cost) {
            let message = format!("pair_cost must be between 0 and {MAX_PAIR_COST}");
            return fault(&[Key("pair_cost")], message);
        }
        for (i, site) in self.sites.iter().enumerate() {
            for (t, &capacity) in site.capacity.iter().enumerate() {
                if !(0..=MAX_CAPACITY).contains(&capacity) {
                    let message = format!("site {}: capacity {capacity} is not possible", site.id);
                    let path = [Key("sites"), Item(i), Key("capacity"), Item(t)];
                    return fault(&path, message);
                }
            }
        }
        if let Some(i) = twice(self.sites.iter().map(|site| site.id.as_str())) {
            let message = format!("a second site is called {}", self.sites[i].id);
            return fault(&[Key("sites"), Item(i), Key("id")], message);
        }
        if let Some(i) = twice(self.buildings.iter().map(|building| building.id.as_str())) {
            let message = format!("a second building is called {}", self.buildings[i].id);
            return fault(&[Key("buildings"), Item(i), Key("id")], message);
        }
        let mut people = 0_i64;
        for (i, building) in self.buildings.iter().enumerate() {
            let at = |key| [Key("buildings"), Item(i), Key(key)];
            for (h, &size) in building.households.iter().enumerate() {
                people = people.saturating_add(size.max(0));
                if size < 0 || people > MAX_PEOPLE {
                    let message = if size < 0 {
                        format!("building {}: a household of {size} people", building.id)
                    } else {
                        format!("more than {MAX_PEOPLE} people in all")
                    };
                    let path = [Key("buildings"), Item(i), Key("households"), Item(h)];
                    return fault(&path, message);
                }
            }
            let (earliest, latest) =
                (building.earliest.unwrap_or(0), building.latest.unwrap_or(self.slots - 1));
            if earliest < 0 || earliest >= self.slots {
                let message = format!(
                    "building {}: earliest {earliest} is not one of the slots 0 to {}",
                    building.id,
                    self.slots - 1
                );
                return fault(&at("earliest"), message);
            }
            if latest < earliest {
                let message =
                    format!("building {}: latest {latest} is before earliest {earliest}", building.id);
                return fault(&at("latest"), message);
            }
        }
        for (i, &Walk(building, site, metres)) in self.arcs.iter().enumerate() {
            let path = |n: usize| [Key("arcs"), Item(i), Item(n)];
            if building < 0 || pos(building) >= self.buildings.len() {
                let message = format!(
                    "there is no building {building}: the file has {} (counted from 0)",
                    self.buildings.len()
                );
                return fault(&path(0), message);
            }
            if site < 0 || pos(site) >= self.sites.len() {
                let message =
                    format!("there is no site {site}: the file has {} (counted from 0)", self.sites.len());
                return fault(&path(1), message);
            }
            if !(0.0..=MAX_METRES).contains(&metres) {
                let message = format!("a walk of {metres} metres is not possible");
                return fault(&path(2), message);
            }
        }
        self.home.as_ref().map_or(Ok(()), Home::validate)
    }
}

/// The position of the first name that was there before.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut seen = HashSet::new();
    names.into_iter().position(|name| !seen.insert(name))
}

impl Home {
    pub(super) fn validate(&self) -> Result<(), Fault> {
        use Step::{Item, Key};
        let good = |x: f64| x.is_finite() && x.abs() <= 1e7;
        if !(self.metres_per_minute > 0.0 && good(self.metres_per_minute)) {
            let path = vec![Key("home"), Key("metres_per_minute")];
            return Err((path, "metres_per_minute must be positive".to_owned()));
        }
        for (i, team) in self.teams.iter().enumerate() {
            let numbers = [team.x, team.y, team.start, team.end];
            if !numbers.iter().all(|&x| good(x)) || team.end < team.start || team.start < 0.0 {
                let path = vec![Key("home"), Key("teams"), Item(i)];
                return Err((
                    path,
                    format!("team {}: the shift ends before it starts, or a number is out of range", team.id),
                ));
            }
        }
        for (i, visit) in self.visits.iter().enumerate() {
            let numbers = [visit.x, visit.y, visit.minutes, visit.earliest, visit.latest];
            if !numbers.iter().all(|&x| good(x)) || visit.latest < visit.earliest || visit.minutes < 0.0 {
                let path = vec![Key("home"), Key("visits"), Item(i)];
                return Err((
                    path,
                    format!(
                        "visit {}: its window ends before it starts, or a number is out of range",
                        visit.id
                    ),
                ));
            }
        }
        Ok(())
    }
}
