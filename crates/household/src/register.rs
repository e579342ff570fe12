//! What can happen to the register, without asking who may do it: the parts of which use cases are made.
//!
//! Every function changes rows and writes its activity row in the transaction of the `Op`, and notes in a
//! [`News`] what has changed. The caller has authorised before, publishes the news once, as the last thing
//! before the commit, and so one act is one transaction, however many parts it has.

mod care;
mod entities;
mod mend;
mod moves;
mod news;
mod people;
mod places;
mod remake;

use linli_access::Access;
use linli_kernel::{AreaCode, Result};
use linli_store::{Entry, Op};
use serde_json::Value as Json;

pub use care::{NewCare, add_care, end_care};
pub use entities::{EntityPlace, put_entity, set_entity_state};
pub use mend::{
    close_building, close_dwelling, correct_building, correct_door, reopen_building, reopen_dwelling,
};
pub use moves::{MoveOut, move_in, move_out, plausible};
pub use news::{Changed, News};
pub use people::{Home, Outcome, Put, add, correct, set_head};
pub use places::{DwellingFacts, add_building, add_dwelling, confirm_dwelling, correct_dwelling};
pub(crate) use remake::handlers;

/// Writes an activity row; texts of people never stand in it, only which fields were touched.
async fn note(
    op: &mut Op,
    action: &'static str,
    subject: &'static str,
    id: impl ToString,
    area: &AreaCode,
    detail: Json,
) -> Result<()> {
    op.log(Entry { action, subject, subject_id: id.to_string(), area: area.clone(), detail }).await
}

/// The keys of the register.
fn access(op: &Op) -> Result<std::sync::Arc<Access>> {
    op.district.port::<Access>()
}
