//! Areas, grids and who serves where (区划、网格、岗位): the ground on which every case stands.

extern crate self as linli_grid;

pub mod defaults;
pub mod geometry;
pub mod model;

pub use model::{AreaName, GridKind, OrgKind};
