//! Exchange with another platform (数据接轨): what an agreement names leaves and comes in, and nothing else.
//!
//! One question makes what leaves ([`view`]): the pull (`GET /api/v1/changes`) and the push (signed webhooks)
//! both send pages of it. A peer follows a feed of its own ([`feed`]) by its numbers: it does not hear of changes
//! that touch nothing of what is named, and a thing that is no longer there, or no longer in the agreement's areas,
//! is a tombstone. What comes in goes through the register's own rules: the newest
//! confirmed word wins, what was checked gives way only to what was checked too.

pub mod agreement;
pub(crate) mod api;
pub mod feed;
mod fields;
pub mod push;
pub mod sync;
pub mod view;
pub(crate) mod web;

pub use agreement::{Agreement, AgreementId, Direction, NewAgreement};
pub use fields::Shared;
