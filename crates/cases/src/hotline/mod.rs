//! The 12345 hotline: its messages come in as files or by push, their state and replies go back.
//!
//! A message is known by the hotline's own number: whatever comes twice is there once.

pub mod api;
pub mod batch;
mod birth;
pub mod columns;
pub mod deliver;
pub mod import;
pub mod message;
pub mod preset;
pub mod push;
pub mod sheet;
pub mod sheets;
mod staged;
pub mod times;
mod web;
pub mod webhook;

use linli_store::worker::Handlers;
use linli_web::Route;

pub(crate) fn handlers() -> Handlers {
    import::handlers().into_iter().chain(deliver::handlers()).collect()
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = api::routes();
    routes.extend(web::routes());
    routes
}
