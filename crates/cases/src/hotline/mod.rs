//! The 12345 hotline: its messages come in as files or by push, their state and replies go back.
//!
//! A message is known by the hotline's own number: whatever comes twice is there once.

pub mod columns;
pub mod sheet;
pub mod times;
