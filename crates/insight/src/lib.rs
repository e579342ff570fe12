//! What many cases say together (智能研判): suggestions for the triage board, likely repeats, hot issues.
//!
//! This slice follows cases through the outbox ([`events::CASE_CHANGED`]), learns from those that are
//! closed, and answers through ports that others leave open. It hears what cases say through its own
//! port, [`CaseFeed`]. How the readers of texts work is in `linli_text`.

pub mod app;
pub mod events;
mod evidence;
mod feed;
mod follow;
pub mod hot;
mod learn;
mod memory;
mod model;
mod models;
pub mod names;
mod places;
pub mod read;
mod snapshot;
pub mod store;
mod tide;
pub mod train;
pub mod web;

pub use evidence::Evidence;
pub use feed::{CaseFeed, PlaceFeed, Registered, Told};
pub use follow::{catch_up, follow, stop};
pub use memory::{Asked, Memory};
pub use model::{Alias, AliasSource, Kind, Settings, Use, Version};
pub use models::{Answer, Models, Reading};

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "insight/0001_insight", sql: include_str!("../migrations/0001_insight.sql") },
    Migration { name: "insight/0002_alias", sql: include_str!("../migrations/0002_alias.sql") },
    Migration { name: "insight/0003_evidence", sql: include_str!("../migrations/0003_evidence.sql") },
];

/// What this slice brings.
pub fn manifest() -> Manifest {
    Manifest {
        name: "insight",
        migrations: MIGRATIONS,
        routes: web::routes,
        handlers: events::handlers,
        openapi: web::openapi,
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
        ],
    }
}
