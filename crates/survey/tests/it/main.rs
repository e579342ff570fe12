//! The slice on both engines.
#![expect(clippy::unwrap_used, reason = "a failed step must fail the test")]

mod apps;
mod fill;
mod house;
mod life;
