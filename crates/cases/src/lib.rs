//! Cases and the three whistles (网格吹哨 · 部门报到): one life of a case in seven steps,
//! clocks in working time, and exactly one organisation that leads at every moment.

pub mod app;
pub mod day;
pub mod events;
pub mod hotline;
pub mod jobs;
mod ledger;
pub mod model;
pub mod open311;
pub mod read;
pub mod retention;
pub mod rules;
pub mod settings;
pub mod store;
pub mod web;

pub use ledger::{Ledger, follow};

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "cases/0001_cases", sql: include_str!("../migrations/0001_cases.sql") },
    Migration {
        name: "cases/0002_reporter_names",
        sql: include_str!("../migrations/0002_reporter_names.sql"),
    },
    Migration { name: "cases/0030_ledger", sql: include_str!("../migrations/0030_ledger.sql") },
    Migration { name: "cases/0031_merged", sql: include_str!("../migrations/0031_merged.sql") },
    Migration { name: "cases/0033_photo_files", sql: include_str!("../migrations/0033_photo_files.sql") },
    Migration { name: "cases/hotline_0001", sql: include_str!("../migrations/hotline_0001.sql") },
    Migration { name: "cases/hotline_0002", sql: include_str!("../migrations/hotline_0002.sql") },
    Migration { name: "cases/hotline_0003", sql: include_str!("../migrations/hotline_0003.sql") },
];

/// The slice as the binary wires it.
pub fn manifest() -> Manifest {
    Manifest {
        name: "cases",
        migrations: MIGRATIONS,
        routes: web::routes,
        handlers: || {
            events::handlers().into_iter().chain(jobs::handlers()).chain(hotline::handlers()).collect()
        },
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
            ("zh-CN", include_str!("../locales/desk/zh-CN.ftl")),
            ("en", include_str!("../locales/desk/en.ftl")),
            ("zh-CN", include_str!("../locales/resident/zh-CN.ftl")),
            ("en", include_str!("../locales/resident/en.ftl")),
            ("zh-CN", include_str!("../locales/worker/zh-CN.ftl")),
            ("en", include_str!("../locales/worker/en.ftl")),
            ("zh-CN", include_str!("../locales/hotline/zh-CN.ftl")),
            ("en", include_str!("../locales/hotline/en.ftl")),
        ],
        openapi: web::openapi,
    }
}
