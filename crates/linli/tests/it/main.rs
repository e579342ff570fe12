//! The whole service as the binary wires it, in one or two demo districts, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod accounts;
mod backups;
mod call;
mod demo_rest;
mod districts;
mod doctor;
mod doors;
mod files;
mod fuzz;
mod homes;
mod hotline;
mod house;
mod insight;
mod interface;
mod keys;
mod log_in;
mod logs;
mod migrations;
mod open311;
mod program;
mod requests;
mod serving;
mod shared;
mod uploads;
mod xml;
