//! The whole service as the binary wires it, in one or two demo districts, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod backups;
mod districts;
mod doctor;
mod doors;
mod house;
mod log_in;
mod logs;
mod migrations;
mod program;
mod serving;
mod shared;
mod uploads;
