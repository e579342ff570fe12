//! The 12345 hotline: its messages come in as files or by push, their state and replies go back.
//!
//! A message is known by the hotline's own number: whatever comes twice is there once.

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
pub mod webhook;

use linli_store::worker::Handlers;

pub(crate) fn handlers() -> Handlers {
    import::handlers().into_iter().chain(deliver::handlers()).collect()
}
