//! API keys, the activity log, and what the system still owes the world.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_kernel::{AreaCode, Timestamp, export::uuid::Uuid};
use linli_store::activity;
use linli_web::{
    Access as Wanted, Ctx, WebResult,
    api::{Asked, Asks, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{After, begin, cursor};
use crate::{
    Access, Target,
    api_keys::{self, ApiKeyId, NewApiKey},
    log,
    web::{audit, outbox},
};

const SIZE: usize = 100;

async fn keys(ctx: Ctx, Asks(asked): Asks<After>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let after = cursor(asked.after.as_deref())?;
    let page = api_keys::list(&mut ctx.read().await?, &access, &ctx.actor, after, SIZE).await?;
    Ok(Json(page).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    name: String,
    scopes: Vec<String>,
    area: AreaCode,
    expires_at: Timestamp,
}

async fn create_key(ctx: Ctx, Asked(told, mut once): Asked<KeyBody>) -> WebResult {
    let mut op = begin!(ctx, once);
    let KeyBody { name, scopes, area, expires_at } = told;
    let (id, key) = api_keys::create(&mut op, NewApiKey { name, scopes, area, expires_at }).await?;
    Ok(once.done_in_secret(op, StatusCode::CREATED, &json!({ "id": id }), ("key", &key)).await?)
}

async fn end_key(ctx: Ctx, At(id): At<ApiKeyId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    api_keys::revoke(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

/// Reading the log is written down too.
async fn activities(ctx: Ctx, Asks(asked): Asks<audit::Asked>) -> WebResult {
    audit::noted(&ctx, "audit.read", asked.told()).await?;
    let access = ctx.district.port::<Access>()?;
    let after = cursor(Some(&asked.after))?.map(|c| c.id);
    let page = log::page(&mut ctx.read().await?, &access, &ctx.actor, &asked.filter(), after, SIZE).await?;
    let page = page.map(|row| {
        let mut told = json!(row);
        told["detail"] = serde_json::from_str(&row.detail).unwrap_or_default();
        told
    });
    Ok(Json(page).into_response())
}

async fn verify(ctx: Ctx, Asked(_, _): Asked<Nothing>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    access.policy.permits(&ctx.actor, "audit.verify", &Target::at(&ctx.district.area))?;
    let verdict = activity::verify(&ctx.db).await?;
    let told = json!({ "sealed": verdict.sealed, "faults": verdict.faults.len(), "head": verdict.head });
    audit::noted(&ctx, "audit.verify", told).await?;
    Ok(Json(verdict).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwedQuery {
    show: Option<String>,
    after: Option<String>,
}

async fn owed(ctx: Ctx, Asks(asked): Asks<OwedQuery>) -> WebResult {
    let waiting = asked.show.as_deref() == Some("waiting");
    let after = cursor(asked.after.as_deref())?;
    Ok(Json(outbox::page(&mut ctx.read().await?, waiting, after).await?).into_response())
}

async fn resend(ctx: Ctx, At(id): At<Uuid>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    outbox::again(&mut op, id).await?;
    Ok(once.done(op, StatusCode::ACCEPTED, &json!({ "id": id })).await?)
}

fn activity_schema() -> Value {
    schema::object([
        ("id", schema::id()),
        ("at", schema::time()),
        ("actor", schema::text()),
        ("actor_id", schema::maybe(schema::id())),
        ("action", schema::text()),
        ("subject", schema::text()),
        ("subject_id", schema::text()),
        ("area", schema::area()),
        ("request", schema::text()),
        ("detail", json!({})),
        ("seq", schema::maybe(schema::int())),
    ])
}

fn key_schema() -> Value {
    schema::object([
        ("id", schema::id()),
        ("name", schema::text()),
        ("prefix", schema::text()),
        ("scopes", schema::list(schema::text())),
        ("area", schema::area()),
        ("created_by", schema::text()),
        ("created_at", schema::time()),
        ("expires_at", schema::time()),
        ("revoked_at", schema::maybe(schema::time())),
        ("last_used_at", schema::maybe(schema::time())),
    ])
}

fn audit_query(operation: Operation) -> Operation {
    operation
        .query("from", "first day", schema::day())
        .query("to", "last day", schema::day())
        .query("who", "part of the actor's name", schema::text())
        .query("action", "one act, or all acts on one kind of thing (`case.`)", schema::text())
        .query("subject", "what was done to this thing", schema::text())
        .query("area", "only there", schema::area())
}

pub(super) fn operations() -> Vec<Operation> {
    let keys_may = Wanted::May("api_key.manage");
    let audit_may = Wanted::May("audit.read");
    let settings_may = Wanted::May("setting.edit");
    let done = || schema::object([("id", schema::id())]);
    let task = schema::object([
        ("id", schema::id()),
        ("kind", schema::text()),
        ("created_at", schema::time()),
        ("run_at", schema::time()),
        ("attempts", schema::int()),
        ("failed_at", schema::maybe(schema::time())),
        ("error", schema::maybe(schema::text())),
    ]);
    let verdict = schema::object([
        ("sealed", schema::int()),
        ("open", schema::int()),
        ("head", schema::text()),
        ("faults", schema::list(schema::text())),
    ]);
    vec![
        Operation::get("/api/v1/api-keys", keys_may, "Keys of other systems", keys)
            .paged(None)
            .answers(200, "Newest first", schema::page(key_schema())),
        Operation::post("/api/v1/api-keys", keys_may, "Make a key; it is told once", create_key)
            .takes(schema::object([
                ("name", schema::short(60)),
                ("scopes", schema::list(schema::text())),
                ("area", schema::area()),
                ("expires_at", schema::time()),
            ]))
            .answers(201, "The key", schema::object([
                ("id", schema::id()),
                ("key", json!({ "type": ["string", "null"], "description": "told once; a repeat under the same key hears null" })),
            ])),
        Operation::delete("/api/v1/api-keys/{id}", keys_may, "End a key at once", end_key)
            .part("id", "its id", schema::id())
            .answers(200, "Its id", done()),
        audit_query(Operation::get("/api/v1/activities", audit_may, "The activity log; reading it is written down", activities))
            .paged(None)
            .answers(200, "Newest first", schema::page(activity_schema())),
        audit_query(Operation::get("/api/v1/activities/export.csv", audit_may, "The activity log as a file", audit::export))
            .file("CSV", &["text/csv; charset=utf-8"]),
        Operation::post("/api/v1/activities/verify", Wanted::May("audit.verify"), "Prove that nothing in the log was changed", verify)
            .without_key()
            .answers(200, "What the walk over the chain found", verdict),
        Operation::get("/api/v1/outbox", settings_may, "What the system owes the world and gave up", owed)
            .query("show", "`failed` (given up) or `waiting`", schema::words(&["failed", "waiting"]))
            .paged(None)
            .answers(200, "Newest first", schema::page(task)),
        Operation::post("/api/v1/outbox/{id}/resend", settings_may, "Try again what was given up", resend)
            .part("id", "its id", schema::id())
            .answers(202, "It is on its way", done()),
    ]
}
