//! The register of homes and people (先房后人), kept true by everybody who lives and works there:
//! base data with a source and a last confirmation for every field, and how fresh they are.

pub mod app;
pub mod bulk;
pub mod claims;
pub mod code;
pub mod events;
pub mod import;
pub mod mine;
pub mod model;
pub mod read;
pub mod register;
pub mod rules;
pub mod store;
mod web;

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "household/0001_register", sql: include_str!("../migrations/0001_register.sql") },
    Migration { name: "household/0002_import", sql: include_str!("../migrations/0002_import.sql") },
    Migration { name: "household/0003_code", sql: include_str!("../migrations/0003_code.sql") },
];

/// The slice as the binary wires it.
pub fn manifest() -> Manifest {
    Manifest {
        name: "household",
        migrations: MIGRATIONS,
        routes: web::routes,
        handlers: || {
            let mut handlers = import::handlers();
            handlers.extend(claims::handlers());
            handlers
        },
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
            ("zh-CN", include_str!("../locales/code/zh-CN.ftl")),
            ("en", include_str!("../locales/code/en.ftl")),
            ("zh-CN", include_str!("../locales/door/zh-CN.ftl")),
            ("en", include_str!("../locales/door/en.ftl")),
            ("zh-CN", include_str!("../locales/claims/zh-CN.ftl")),
            ("en", include_str!("../locales/claims/en.ftl")),
            ("zh-CN", include_str!("../locales/mine/zh-CN.ftl")),
            ("en", include_str!("../locales/mine/en.ftl")),
        ],
        ..Manifest::default()
    }
}
