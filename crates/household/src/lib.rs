//! The register of homes and people (先房后人), kept true by everybody who lives and works there:
//! base data with a source and a last confirmation for every field, and how fresh they are.

pub mod app;
pub mod bulk;
pub mod claims;
pub mod code;
pub mod events;
pub mod exchange;
pub mod import;
pub mod mine;
pub mod model;
pub mod privacy;
pub mod read;
pub mod register;
pub mod rhythm;
pub mod rules;
pub mod store;
pub mod visits;
mod web;

use linli_store::Migration;
use linli_web::Manifest;

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "household/0001_register", sql: include_str!("../migrations/0001_register.sql") },
    Migration { name: "household/0002_import", sql: include_str!("../migrations/0002_import.sql") },
    Migration { name: "household/0003_code", sql: include_str!("../migrations/0003_code.sql") },
    Migration { name: "household/0004_rhythm", sql: include_str!("../migrations/0004_rhythm.sql") },
    Migration { name: "household/0005_spot", sql: include_str!("../migrations/0005_spot.sql") },
    Migration { name: "household/0006_meeting", sql: include_str!("../migrations/0006_meeting.sql") },
    Migration { name: "household/0008_exchange", sql: include_str!("../migrations/0008_exchange.sql") },
    Migration { name: "household/0009_privacy", sql: include_str!("../migrations/0009_privacy.sql") },
    Migration { name: "household/0010_visits", sql: include_str!("../migrations/0010_visits.sql") },
    Migration { name: "household/0011_peer_claims", sql: include_str!("../migrations/0011_peer_claims.sql") },
    Migration { name: "household/0012_phone_owner", sql: include_str!("../migrations/0012_phone_owner.sql") },
    Migration { name: "household/0013_ended_codes", sql: include_str!("../migrations/0013_ended_codes.sql") },
    Migration { name: "household/0014_spot_record", sql: include_str!("../migrations/0014_spot_record.sql") },
    Migration {
        name: "household/0015_closed_place",
        sql: include_str!("../migrations/0015_closed_place.sql"),
    },
    Migration {
        name: "household/0016_request_phone",
        sql: include_str!("../migrations/0016_request_phone.sql"),
    },
    Migration { name: "household/0017_spot_left", sql: include_str!("../migrations/0017_spot_left.sql") },
    Migration {
        name: "household/0018_exchange_feed",
        sql: include_str!("../migrations/0018_exchange_feed.sql"),
    },
    Migration { name: "household/0019_photo_files", sql: include_str!("../migrations/0019_photo_files.sql") },
];

/// The slice as the binary wires it.
pub fn manifest() -> Manifest {
    Manifest {
        name: "household",
        migrations: MIGRATIONS,
        routes: || {
            web::routes()
                .into_iter()
                .chain(exchange::web::routes())
                .chain(exchange::api::routes())
                .chain(privacy::web::routes())
                .chain(visits::web::routes())
                .collect()
        },
        handlers: || {
            import::handlers()
                .into_iter()
                .chain(claims::handlers())
                .chain(exchange::push::handlers())
                .chain(privacy::night::handlers())
                .chain(rhythm::meeting::handlers())
                .chain(register::handlers())
                .collect()
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
            ("zh-CN", include_str!("../locales/rhythm/zh-CN.ftl")),
            ("en", include_str!("../locales/rhythm/en.ftl")),
            ("zh-CN", include_str!("../locales/meeting/zh-CN.ftl")),
            ("en", include_str!("../locales/meeting/en.ftl")),
            ("zh-CN", include_str!("../locales/mine/zh-CN.ftl")),
            ("en", include_str!("../locales/mine/en.ftl")),
            ("zh-CN", include_str!("../locales/exchange/zh-CN.ftl")),
            ("en", include_str!("../locales/exchange/en.ftl")),
            ("zh-CN", include_str!("../locales/privacy/zh-CN.ftl")),
            ("en", include_str!("../locales/privacy/en.ftl")),
            ("zh-CN", include_str!("../locales/entities/zh-CN.ftl")),
            ("en", include_str!("../locales/entities/en.ftl")),
            ("zh-CN", include_str!("../locales/visits/zh-CN.ftl")),
            ("en", include_str!("../locales/visits/en.ftl")),
        ],
        openapi: web::openapi,
    }
}
