//! The whole service as the binary wires it, in one or two demo districts, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod accounts;
mod call;
mod backups;
mod districts;
mod doctor;
mod doors;
mod fuzz;
mod hotline;
mod house;
mod interface;
mod insight;
mod log_in;
mod open311;
mod xml;
mod logs;
mod migrations;
mod program;
mod serving;
mod shared;
mod uploads;
