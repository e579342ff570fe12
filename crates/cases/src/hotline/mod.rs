//! The 12345 hotline: its messages come in as files or by push, their state and replies go back.
//!
//! A message is known by the hotline's own number: whatever comes twice is there once. Where the hotline has
//! given one number to two messages, the second is a case of its own, known here as `NUMBER-2`.

mod api;
pub mod batch;
mod birth;
pub mod columns;
pub mod deliver;
pub mod import;
pub mod known;
pub mod message;
pub mod preset;
pub mod push;
pub mod sheet;
pub mod sheets;
mod staged;
mod survey;
pub mod times;
pub mod undo;
mod web;
pub mod webhook;

use linli_store::worker::Handlers;
use linli_web::Route;

pub(crate) fn handlers() -> Handlers {
    import::handlers().into_iter().chain(deliver::handlers()).collect()
}

pub(crate) fn routes() -> Vec<Route> {
    web::routes()
}

pub(crate) use api::{operations, schemas};
