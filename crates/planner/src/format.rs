//! The files (实例文件与方案文件): what is to be planned, and the answer.
//!
//! An instance names sites with their capacity per slot, buildings with their households, and the allowed
//! (building, site) walks. [`Instance::parse`] either returns an instance every other module may trust — indexes
//! in range, nothing negative, sums that fit 64 bits — or says in which line what is wrong. Cost: linear.
//!
//! Readings of the format where it leaves room: a capacity list shorter than `slots` means closed afterwards,
//! a longer one is cut; `latest` beyond the last slot means the last slot; of several arcs for one pair the
//! shortest counts; walks may have decimals, which are rounded to millimetres.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::locate::{Step, line_column, locate};
use crate::num::{int, pos};

/// What a mass-service day has and whom it serves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Length of one slot in minutes.
    pub slot_minutes: f64,
    /// Number of slots of the day.
    #[serde(deserialize_with = "whole")]
    pub slots: i64,
    /// What one more (grid, site) pair costs, in person-metres.
    #[serde(default = "default_pair_cost")]
    pub pair_cost: f64,
    /// The service points.
    pub sites: Vec<Site>,
    /// The buildings with their households.
    pub buildings: Vec<Building>,
    /// The allowed walks: building index, site index, metres.
    pub arcs: Vec<Walk>,
    /// Visits at home, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
}

fn default_pair_cost() -> f64 {
    20_000.0
}

/// One service point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Name of the site.
    pub id: String,
    /// Metres east.
    #[serde(default)]
    pub x: f64,
    /// Metres north.
    #[serde(default)]
    pub y: f64,
    /// People it can serve in each slot.
    #[serde(deserialize_with = "wholes")]
    pub capacity: Vec<i64>,
}

/// One building (or unit) whose people should go to one site together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Building {
    /// Name of the building.
    pub id: String,
    /// The grid it belongs to.
    pub grid: String,
    /// Metres east.
    #[serde(default)]
    pub x: f64,
    /// Metres north.
    #[serde(default)]
    pub y: f64,
    /// People of each household.
    #[serde(deserialize_with = "wholes")]
    pub households: Vec<i64>,
    /// First slot its people can come (0 if absent).
    #[serde(default, deserialize_with = "maybe_whole", skip_serializing_if = "Option::is_none")]
    pub earliest: Option<i64>,
    /// Last slot its people can come (the last one if absent).
    #[serde(default, deserialize_with = "maybe_whole", skip_serializing_if = "Option::is_none")]
    pub latest: Option<i64>,
}

/// An allowed walk: building index, site index, metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk(
    #[serde(deserialize_with = "whole")] pub i64,
    #[serde(deserialize_with = "whole")] pub i64,
    pub f64,
);

/// The people who are served at home, and the mobile teams that go there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Home {
    /// Metres a team covers in one minute.
    pub metres_per_minute: f64,
    /// The teams with their shifts.
    pub teams: Vec<Team>,
    /// The visits.
    pub visits: Vec<Visit>,
}

/// A mobile team: where it starts and ends, and its shift in minutes after the day's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// Name of the team.
    pub id: String,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
    /// Start of the shift.
    pub start: f64,
    /// End of the shift: the team is back by then.
    pub end: f64,
}

/// One visit at home, in minutes after the day's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Name of the visit.
    pub id: String,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
    /// How long the visit lasts.
    pub minutes: f64,
    /// The visit starts no earlier.
    pub earliest: f64,
    /// The visit starts no later.
    pub latest: f64,
}

/// Why a file was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for FormatError {}

/// Reads a JSON text into `T`, or says in which line it stops making sense.
pub fn parse<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, FormatError> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = match message.rfind(" at line ") {
            Some(end) => message[..end].to_owned(),
            None => message,
        };
        FormatError { line: error.line().max(1), column: error.column().max(1), message }
    })
}

/// The text of a file, or where it stops being UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
        let (line, column) = line_column(&good, good.len());
        FormatError { line, column, message: "the file is not UTF-8 text".to_owned() }
    })
}

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

type Fault = (Vec<Step>, String);

impl Instance {
    /// Reads and checks an instance.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let instance: Self = parse(text)?;
        instance.validate().map_err(|(path, message)| {
            let (line, column) = locate(text, &path).unwrap_or((1, 1));
            FormatError { line, column, message }
        })?;
        Ok(instance)
    }

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

    /// First and last slot (inclusive) of a building.
    pub fn window(&self, building: usize) -> (usize, usize) {
        let last = self.slots - 1;
        let building = &self.buildings[building];
        (pos(building.earliest.unwrap_or(0)), pos(building.latest.unwrap_or(last).min(last)))
    }

    /// Capacity of a site in a slot.
    pub fn capacity(&self, site: usize, slot: usize) -> i64 {
        if int(slot) >= self.slots {
            return 0;
        }
        self.sites[site].capacity.get(slot).copied().unwrap_or(0)
    }
}

impl Home {
    fn validate(&self) -> Result<(), Fault> {
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

/// The answer: who goes where when, and how good that is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Last slot in use, counted from 0; −1 if nobody is to be served.
    pub finish_slot: i64,
    /// No plan can finish in an earlier slot.
    pub finish_bound: i64,
    /// Person-metres of the plan.
    pub walk_metres: f64,
    /// No plan that finishes by `finish_slot` walks less.
    pub walk_bound: f64,
    /// Person-metres plus F for every (grid, site) pair.
    pub plan_cost: f64,
    /// No plan that finishes by `finish_slot` costs less.
    pub plan_bound: f64,
    /// People beyond the capacity of their slot (always 0 in a plan of ours).
    pub over_capacity: i64,
    /// People who have no site within the walking limit.
    pub beyond_limit: i64,
    /// The buildings behind `beyond_limit`, by index.
    #[serde(default)]
    pub unreachable: Vec<usize>,
    /// CPU time of the whole computation.
    pub cpu_seconds: f64,
    /// What each stage found, for the record.
    #[serde(default)]
    pub stages: serde_json::Value,
    /// Building index, site index, slot, people.
    pub assignments: Vec<[i64; 4]>,
    /// Routes of the home teams, if the instance has visits at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<HomePlan>,
}

/// What the mobile teams do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HomePlan {
    /// For each team the visits in order, with their starts in minutes.
    pub routes: Vec<Vec<(usize, f64)>>,
    /// Visits no team can make, by index.
    pub unserved: Vec<usize>,
    /// Metres of all teams together.
    pub metres: f64,
}

impl Plan {
    /// Reads a plan file; the numbers are judged by `check`, not here.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        parse(text)
    }
}

/// A whole number, also when a program wrote it as `85.0`.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Whole;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Whole, E> {
                Ok(Whole(n))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Whole, E> {
                i64::try_from(n).map(Whole).map_err(|_| E::custom("the number is too large"))
            }
            fn visit_f64<E: de::Error>(self, x: f64) -> Result<Whole, E> {
                if x.fract() == 0.0 && x.abs() < 1e15 {
                    Ok(Whole(crate::num::round(x)))
                } else {
                    Err(E::custom(format!("{x} is not a whole number")))
                }
            }
        }
        input.deserialize_any(Visitor)
    }
}

fn whole<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    Whole::deserialize(input).map(|n| n.0)
}

fn maybe_whole<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Whole>::deserialize(input)?.map(|n| n.0))
}

fn wholes<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<i64>, D::Error> {
    Ok(Vec::<Whole>::deserialize(input)?.into_iter().map(|n| n.0).collect())
}
