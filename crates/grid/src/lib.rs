//! Areas, grids and who serves where (区划、网格、岗位): the ground on which every case stands.

extern crate self as linli_grid;

pub mod app;
pub mod atlas;
pub mod batch;
pub mod defaults;
pub mod draft;
pub mod geofile;
pub mod geometry;
pub mod import;
pub mod model;
pub mod seed;
pub mod store;
pub mod web;

pub use atlas::{Area, Atlas, AtlasPort, Category, Contact, Duty, Org};
pub use model::{AreaName, GridKind, OrgKind};

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "grid/0001_grid", sql: include_str!("../migrations/0001_grid.sql") },
    Migration { name: "grid/0002_import", sql: include_str!("../migrations/0002_import.sql") },
];

/// What this slice brings.
pub fn manifest() -> Manifest {
    Manifest {
        name: "grid",
        migrations: MIGRATIONS,
        routes: web::routes,
        openapi: web::openapi,
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
        ],
        ..Manifest::default()
    }
}
