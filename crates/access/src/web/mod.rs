//! Log-in on the web: who asks, and whether a route is theirs at all.

pub mod guard;
pub mod identify;
