//! The slice on both engines.
#![expect(clippy::unwrap_used, reason = "a failed step must fail the test")]

mod admin;
mod base;
mod house;
mod imports;
mod maps;
