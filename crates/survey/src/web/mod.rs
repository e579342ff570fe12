//! Pages, the interface for phones off line, and OpenRosa.

mod api;
mod desk;
mod device;
mod fill;
mod lost;
mod openrosa;
mod photos;
mod problems;
mod shown;

use linli_access::{Access, Scope};
use linli_kernel::Result;
use linli_web::{Ctx, Route};

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    [
        desk::routes(),
        lost::routes(),
        fill::routes(),
        device::routes(),
        api::routes(),
        openrosa::routes(),
        photos::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where this person may do `action`.
fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<Access>()?.policy.scope(&ctx.actor, action))
}

/// Whether there is any place for it: shows or hides a button.
fn may(ctx: &Ctx, action: &str) -> Result<bool> {
    Ok(!scope(ctx, action)?.is_nothing())
}
