//! The HTTP shell that every slice's pages and interfaces live in: districts by host name, one
//! context per request, errors as pages or problem+json, languages, assets, uploads, live updates.

pub mod api;
pub mod app;
pub mod assets;
pub mod attach;
pub mod chrome;
pub mod ctx;
pub mod entry;
pub mod error;
pub mod form;
pub mod health;
pub mod i18n;
pub mod limit;
pub mod live;
pub mod manifest;
pub mod markup;
pub mod once;
pub mod openapi;
pub mod origin;
pub mod outward;
pub mod prefs;
pub mod qr;
pub mod server;
pub mod sheet;
pub mod tagged;
pub mod upload;

pub use app::App;
pub use chrome::{Chrome, NavItem};
pub use ctx::Ctx;
pub use error::{WebError, WebResult};
pub use form::Problems;
pub use i18n::{Catalog, Locale};
pub use manifest::{Access, Manifest, Route, Verb};
pub use markup::Markup;

/// The shell's own manifest: preferences, assets, health, its texts.
pub fn manifest() -> Manifest {
    Manifest {
        name: "web",
        routes: || {
            let mut routes = health::routes();
            routes.extend(assets::routes());
            routes.extend(prefs::routes());
            routes
        },
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
        ],
        ..Manifest::default()
    }
}
