//! The files (实例文件与方案文件): what is to be planned, and the answer.
//!
//! An instance names sites with their capacity per slot, buildings with their households, and the allowed
//! (building, site) walks. [`Instance::parse`] either returns an instance every other module may trust — indexes
//! in range, nothing negative, sums that fit 64 bits — or says in which line what is wrong. Cost: linear.
//!
//! Readings of the format where it leaves room: a capacity list shorter than `slots` means closed afterwards,
//! a longer one is cut; `latest` beyond the last slot means the last slot; of several arcs for one pair the
//! shortest counts; walks may have decimals, which are rounded to millimetres.

mod plan;
mod validate;
mod whole;

use serde::{Deserialize, Serialize};

pub use self::plan::{HomePlan, Plan};
use self::whole::{maybe_whole, whole, wholes};
use crate::locate::{line_column, locate};
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
