//! HTTP: pages and the interface for other systems.

mod desk;
pub mod photos;

use linli_web::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = photos::routes();
    routes.extend(desk::routes());
    routes.extend(crate::hotline::routes());
    routes.extend(crate::open311::routes());
    routes
}

pub(crate) fn openapi() -> serde_json::Value {
    crate::hotline::api::openapi()
}
