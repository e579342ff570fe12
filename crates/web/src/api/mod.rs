//! The tools of the interface for other systems: an operation is said once, as a route with its description,
//! so that the document and the service cannot differ; bodies are read with an error at each wrong place; a
//! request that is repeated under its key is done once.

mod asked;
mod once;
mod operation;
pub mod schema;

pub use asked::{Asked, Asks, At, Nothing, read};
pub use once::Once;
pub use operation::{Operation, document, routes};

use linli_kernel::{Actor, Result};

use crate::{Ctx, limit::Purpose};

/// Counts the call of a person or of the public; a key is counted where it is recognised.
pub fn counted(ctx: &Ctx) -> Result<()> {
    let who = match &ctx.actor {
        Actor::Account { id, .. } => id.to_string(),
        Actor::Public => ctx.source.clone(),
        Actor::Client { .. } | Actor::System => return Ok(()),
    };
    ctx.app.limits().check(Purpose::Api, &who)
}
