//! HTTP: pages and the interface for other systems.

mod api;
mod desk;
mod form;
pub mod photos;
mod resident;
mod tone;
mod worker;

use linli_web::Route;

pub(crate) fn routes() -> Vec<Route> {
    [
        photos::routes(),
        api::routes(),
        resident::routes(),
        worker::routes(),
        desk::routes(),
        crate::hotline::routes(),
        crate::open311::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn openapi() -> serde_json::Value {
    let mut all = api::openapi();
    let more = crate::hotline::api::openapi();
    for part in ["/paths", "/components/schemas"] {
        if let (Some(all), Some(more)) = (
            all.pointer_mut(part).and_then(|v| v.as_object_mut()),
            more.pointer(part).and_then(|v| v.as_object()),
        ) {
            all.extend(more.clone());
        }
    }
    all
}
