//! The use cases of our own people: authorise, change, log, tell — one transaction each. The caller commits.
//!
//! A worker's word counts as checked ([`Mark::worker`](crate::model::Mark::worker)). What residents say of themselves comes through the
//! one-code form and its queue, what other systems say through the exchange; both use [`crate::register`].

mod contact;
mod edit;
mod export;
mod look;
mod mend;

pub use contact::{Contact, unmask, unmask_entity};
pub use edit::{
    Named, add_building, add_care, add_dwelling, add_resident, confirm_dwelling, correct_dwelling,
    correct_resident, end_care, move_in, move_out, put_entity, set_entity_state, set_head,
};
pub use export::export;
pub use look::{looked, searched};
pub use mend::{
    close_building, close_dwelling, correct_building, correct_door, reopen_building, reopen_dwelling,
};
