//! Planner (规划引擎): mass-service plans with a proof, live replans, and matching needs to helpers.
//!
//! Pure algorithms: no input or output, no clock, seeded randomness. Times are slots and minutes, people are whole
//! numbers, all costs are integers, so that "optimal" means equal and not nearly equal.

mod anneal;
pub mod bound;
mod chain;
pub mod check;
pub mod finish;
pub mod format;
pub mod generate;
mod gridset;
pub mod home;
pub mod hubflow;
pub mod locate;
pub mod matching;
mod network;
mod num;
pub mod problem;
pub mod replan;
pub mod replan_rows;
pub mod rng;
mod room;
pub mod simulate;
mod slots;
pub mod solve;
pub mod teams;
pub mod transport;
