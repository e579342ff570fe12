//! Pages and interfaces of this slice.

mod admin;
pub mod api;

use linli_web::Route;

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = api::routes();
    routes.extend(admin::routes());
    routes
}
