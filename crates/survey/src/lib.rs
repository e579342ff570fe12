//! Questions that a community publishes itself (社区自定义走访表单): an XLSForm becomes a form that is asked on
//! visits on line, off line and by field apps (ODK Collect), its answers kept with the visit and exported.
//!
//! What a form is and what it is worth is `linli-forms`; here are its life, who may do what, and where answers go.

pub mod app;
pub mod events;
pub mod model;
pub mod place;
pub mod port;
pub mod read;
pub mod retention;
pub mod store;
pub mod tokens;
pub mod web;

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "survey/0001_survey", sql: include_str!("../migrations/0001_survey.sql") },
    Migration { name: "survey/0002_answer_said", sql: include_str!("../migrations/0002_answer_said.sql") },
    Migration { name: "survey/0003_answer_named", sql: include_str!("../migrations/0003_answer_named.sql") },
    Migration { name: "survey/0004_photo_files", sql: include_str!("../migrations/0004_photo_files.sql") },
];

/// What this slice brings.
pub fn manifest() -> Manifest {
    Manifest {
        name: "survey",
        migrations: MIGRATIONS,
        routes: web::routes,
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
            ("zh-CN", include_str!("../locales/problems/zh-CN.ftl")),
            ("en", include_str!("../locales/problems/en.ftl")),
        ],
        ..Manifest::default()
    }
}
