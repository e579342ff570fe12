//! Areas, grids and who serves where (区划、网格、岗位): the ground on which every case stands.

extern crate self as linli_grid;

pub mod atlas;
pub mod defaults;
pub mod geometry;
pub mod model;
pub mod seed;
pub mod store;

pub use atlas::{Area, Atlas, AtlasPort, Category, Contact, Duty, Org};
pub use model::{AreaName, GridKind, OrgKind};

use linli_store::Migration;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "grid/0001_grid", sql: include_str!("../migrations/0001_grid.sql") }];
