//! Administration of the base data: areas and boards, organisations, categories, duty list, imports.

mod areas;
mod duties;
pub(super) mod import;
mod orgs;
mod view;

use axum::response::{IntoResponse as _, Redirect, Response};
use linli_access::{Access, Scope};
use linli_kernel::{Error, Result};
use linli_store::Op;
use linli_web::{Ctx, Problems, Route, WebResult};

use crate::atlas;

pub(super) fn routes() -> Vec<Route> {
    [areas::routes(), orgs::routes(), duties::routes(), import::routes()].into_iter().flatten().collect()
}

/// Where this person may do `action`.
fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<Access>()?.policy.scope(&ctx.actor, action))
}

/// Whether there is any place for it: shows or hides a button.
fn may(ctx: &Ctx, action: &str) -> Result<bool> {
    Ok(!scope(ctx, action)?.is_nothing())
}

/// Ends a use case: commits and reads the base data again, or says at the fields what is wrong.
async fn finish<T>(ctx: &Ctx, op: Op, done: Result<T>) -> WebResult<Result<T, Problems>> {
    match done {
        Ok(value) => {
            op.commit().await?;
            atlas::refresh(&ctx.district).await?;
            Ok(Ok(value))
        }
        Err(error @ Error::Invalid(_)) => Ok(Err(Problems::of(error, &ctx.locale)?)),
        Err(other) => Err(other.into()),
    }
}

fn seen(to: &str) -> Response {
    Redirect::to(to).into_response()
}
