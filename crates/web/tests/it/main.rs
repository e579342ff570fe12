//! Tests of the shell over the whole workspace.
#![expect(clippy::unwrap_used, reason = "a failed test says where")]

mod texts;
