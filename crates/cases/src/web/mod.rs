//! HTTP: pages and the interface for other systems.

pub mod photos;

use linli_web::Route;

pub(crate) fn routes() -> Vec<Route> {
    photos::routes()
}

pub(crate) fn openapi() -> serde_json::Value {
    serde_json::Value::Null
}
