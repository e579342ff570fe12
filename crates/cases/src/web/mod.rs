//! HTTP: pages and the interface for other systems.

mod desk;
pub mod photos;

use linli_web::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = photos::routes();
    routes.extend(desk::routes());
    routes
}

pub(crate) fn openapi() -> serde_json::Value {
    serde_json::Value::Null
}
