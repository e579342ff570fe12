//! Where things are: positions, shapes, and which grid a place lies in. Pure.

mod coords;
mod index;
mod parse;
mod shape;
mod survey;
#[cfg(test)]
mod tests;

pub use coords::{Datum, Gcj02, Wgs84};
pub use index::GridIndex;
pub use parse::{Feature, ShapeError, read_features};
pub use shape::{Shape, metres_per_degree};
pub use survey::{Gap, Overlap, gaps, overlaps};
