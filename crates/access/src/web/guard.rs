//! Whether a route is theirs at all; the use case behind it decides about the thing itself.

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
};
use linli_kernel::{Actor, Error, Result};
use linli_web::{App, Ctx, Manifest, Route, WebError, error::wants_json, manifest::Access as Wanted};

use crate::Access;

/// All routes of all slices, each behind its guard.
pub fn routes(manifests: &[Manifest]) -> Router<App> {
    let all = manifests.iter().flat_map(|m| (m.routes)());
    all.fold(Router::new(), |router, route| router.route(route.path, guarded(route).handler))
}

fn guarded(route: Route) -> Route {
    let wanted = route.access;
    let handler = route.handler.layer(middleware::from_fn(move |request, next| guard(wanted, request, next)));
    Route { handler, ..route }
}

fn decide(ctx: &Ctx, wanted: Wanted) -> Result<()> {
    match wanted {
        Wanted::Public => Ok(()),
        Wanted::LoggedIn if matches!(ctx.actor, Actor::Account { .. }) => Ok(()),
        Wanted::LoggedIn => Err(Error::Unauthorised),
        Wanted::May(action) => ctx.district.port::<Access>()?.policy.require_somewhere(&ctx.actor, action),
    }
}

async fn guard(wanted: Wanted, request: Request, next: Next) -> Response {
    let Some(ctx) = request.extensions().get::<Ctx>() else {
        return WebError(Error::internal("no context; is `entry` wired outside?")).into_response();
    };
    let page = !wants_json(request.uri().path(), request.headers().get(header::ACCEPT));
    match decide(ctx, wanted) {
        Ok(()) => next.run(request).await,
        // A person who opens a page is led to the log-in and back; htmx is told to go there whole.
        Err(Error::Unauthorised) if page && request.method() == Method::GET => to_login(ctx, &request),
        Err(error) => WebError(error).into_response(),
    }
}

fn to_login(ctx: &Ctx, request: &Request) -> Response {
    let login = format!("/login?next={}", linli_kernel::percent(&ctx.path, b"/"));
    if request.headers().contains_key("hx-request") {
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", login)]).into_response();
    }
    Redirect::to(&login).into_response()
}
