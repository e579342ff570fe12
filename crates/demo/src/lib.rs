//! The synthetic district (示例区), at any scale: land, organisations, people and half a year of cases.
//!
//! Pure data from a seed: nothing here opens a file or a database or reads a clock.

pub mod cases;
pub mod district;
pub mod homes;
mod land;
mod meetings;
mod names;
mod rng;

pub use cases::{Plan, plan};
pub use land::land;
pub use rng::Dice;
