//! Administration of the base data: areas and boards, organisations, categories, duty list, imports.

mod areas;
mod duties;
mod import;
mod orgs;
mod view;

use axum::response::{IntoResponse as _, Redirect, Response};
use linli_access::{Access as AccessPort, Scope};
use linli_kernel::{Actor, Error, Result, Role};
use linli_store::Op;
use linli_web::{Access, Ctx, Problems, Route, WebResult};

use crate::atlas;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![Route::get("/admin", Access::May("account.list"), start)];
    routes.extend(areas::routes());
    routes.extend(orgs::routes());
    routes.extend(duties::routes());
    routes.extend(import::routes());
    routes
}

async fn start(ctx: Ctx) -> Redirect {
    let officer = matches!(ctx.actor, Actor::Account { .. }) && ctx.actor.is(Role::SecurityOfficer);
    Redirect::to(if officer { "/admin/orgs" } else { "/admin/areas" })
}

/// Where this person may do `action`.
fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<AccessPort>()?.policy.scope(&ctx.actor, action))
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
