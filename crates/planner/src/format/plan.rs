//! The answer file (方案文件).

use serde::{Deserialize, Serialize};

use super::{FormatError, parse};

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
