//! What everybody does for themselves: who one is, the own password and devices.

use axum::{Extension, Json, http::StatusCode, response::IntoResponse};
use linli_kernel::{Actor, Error, Role};
use linli_web::{
    Access as Wanted, Ctx, WebError, WebResult,
    api::{Asked, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::device_schema;
use crate::{
    Access,
    sessions::{self, Session, SessionId},
    web::{identify::caller, login::MaybeSession},
};

fn present(session: MaybeSession) -> Result<Session, WebError> {
    session.map(|Extension(session)| session).ok_or(WebError(Error::Unauthorised))
}

/// Who the caller is: a person with posts, or a system with the actions of its key.
async fn me(ctx: Ctx) -> WebResult {
    let told = match &ctx.actor {
        Actor::Account { id, name, posts } => {
            json!({ "kind": "account", "id": id, "name": name, "posts": posts })
        }
        Actor::Client { id, name, scopes, area } => {
            json!({ "kind": "client", "id": id, "name": name, "scopes": scopes, "area": area })
        }
        Actor::Public | Actor::System => return Err(Error::Unauthorised.into()),
    };
    Ok(Json(told).into_response())
}

async fn devices(ctx: Ctx, session: MaybeSession) -> WebResult {
    let session = present(session)?;
    let access = ctx.district.port::<Access>()?;
    let found =
        sessions::devices(&mut ctx.read().await?, &access, &ctx.actor, session.account, ctx.now()).await?;
    Ok(Json(json!({ "items": found, "this": session.id })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Passwords {
    old: String,
    new: String,
}

async fn change_password(ctx: Ctx, session: MaybeSession, Asked(told, _): Asked<Passwords>) -> WebResult {
    let session = present(session)?;
    sessions::change_password(&caller(&ctx), &session, &told.old, &told.new).await?;
    Ok(Json(json!({ "changed": true })).into_response())
}

async fn end_device(
    ctx: Ctx,
    session: MaybeSession,
    At(id): At<SessionId>,
    Asked(_, _): Asked<Nothing>,
) -> WebResult {
    let session = present(session)?;
    let mut op = caller(&ctx).op_of(&session).await?;
    sessions::revoke_own(&mut op, &session, id).await?;
    op.commit().await?;
    Ok((StatusCode::OK, Json(json!({ "id": id }))).into_response())
}

async fn end_others(ctx: Ctx, session: MaybeSession, Asked(_, _): Asked<Nothing>) -> WebResult {
    let session = present(session)?;
    let mut op = caller(&ctx).op_of(&session).await?;
    let ended = sessions::revoke_others(&mut op, &session).await?;
    op.commit().await?;
    Ok(Json(json!({ "ended": ended })).into_response())
}

fn me_schema() -> Value {
    let post =
        schema::object([("role", schema::words(Role::ALL)), ("area", schema::area()), ("org", schema::id())]);
    schema::object([
        ("kind", schema::words(&["account", "client"])),
        ("id", schema::id()),
        ("name", schema::text()),
        ("posts?", schema::list(post)),
        ("scopes?", schema::list(schema::text())),
        ("area?", schema::area()),
    ])
}

pub(super) fn operations() -> Vec<Operation> {
    let own = Wanted::LoggedIn;
    vec![
        // A system may ask too, to see whether its key works.
        Operation::get("/api/v1/me", Wanted::Public, "Who the caller is", me).answers(
            200,
            "The caller",
            me_schema(),
        ),
        Operation::put("/api/v1/me/password", own, "Change the own password", change_password)
            .without_key()
            .takes(schema::object([("old", schema::text()), ("new", schema::text())]))
            .answers(200, "Changed", schema::object([("changed", schema::flag())])),
        Operation::get("/api/v1/me/devices", own, "Where one is logged in", devices).answers(
            200,
            "The devices",
            schema::object([("items", schema::list(device_schema())), ("this", schema::id())]),
        ),
        Operation::delete("/api/v1/me/devices", own, "End all other sessions", end_others)
            .without_key()
            .answers(200, "How many", schema::object([("ended", schema::int())])),
        Operation::delete("/api/v1/me/devices/{id}", own, "End one of the own sessions", end_device)
            .without_key()
            .part("id", "its id", schema::id())
            .answers(200, "Its id", schema::object([("id", schema::id())])),
    ]
}
