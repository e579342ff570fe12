//! The whole service as the binary wires it, in one or two demo districts, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod districts;
mod doors;
mod house;
mod insight;
mod log_in;
