//! Pages and interfaces of this slice.

pub mod api;

use linli_web::Route;

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    api::routes()
}
