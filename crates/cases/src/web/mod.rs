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

pub(crate) use api::openapi;
