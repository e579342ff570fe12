//! Webhooks and what was sent to them.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_access::{Access as Rights, Target};
use linli_kernel::{Cursor, Error, Result};
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, Asks, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    hotline::webhook::{self, DeliveryId, NewWebhook, SOURCES, Webhook, WebhookId},
    model::Source,
};

const ACTION: &str = "webhook.manage";
const SIZE: usize = 100;

fn may(ctx: &Ctx) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Rights>()?.policy.permits(&ctx.actor, ACTION, &target)
}

fn told(hook: &Webhook) -> Value {
    let mut told = json!(hook);
    told["sources"] = json!(hook.sources());
    told
}

async fn list(ctx: Ctx) -> WebResult {
    may(&ctx)?;
    let hooks = webhook::list(&mut ctx.read().await?).await?;
    Ok(Json(json!({ "items": hooks.iter().map(told).collect::<Vec<_>>() })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    url: String,
    sources: Vec<Source>,
}

async fn create(ctx: Ctx, Asked(body, mut once): Asked<Body>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let Body { name, url, sources } = body;
    let (id, secret) = webhook::create(&mut op, NewWebhook { name, url, sources }).await?;
    Ok(once.done_in_secret(op, StatusCode::CREATED, &json!({ "id": id }), ("secret", &secret)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Active {
    active: bool,
}

async fn set_active(ctx: Ctx, At(id): At<WebhookId>, Asked(told, mut once): Asked<Active>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    webhook::set_active(&mut op, id, told.active).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id, "active": told.active })).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<String>,
}

async fn deliveries(ctx: Ctx, At(id): At<WebhookId>, Asks(asked): Asks<After>) -> WebResult {
    may(&ctx)?;
    let after: Option<Cursor> = match asked.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|()| Error::field("after", "error-value"))?),
    };
    let mut conn = ctx.read().await?;
    webhook::get(&mut conn, id).await?;
    let page = webhook::deliveries(&mut conn, id, after, SIZE).await?;
    Ok(Json(page).into_response())
}

async fn resend(ctx: Ctx, At(id): At<DeliveryId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    webhook::resend(&mut op, id).await?;
    Ok(once.done(op, StatusCode::ACCEPTED, &json!({ "id": id })).await?)
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May(ACTION);
    let body = schema::object([
        ("name", schema::short(60)),
        ("url", schema::short(500)),
        ("sources", schema::list(schema::words(&SOURCES))),
    ]);
    let made = schema::object([
        ("id", schema::id()),
        (
            "secret",
            json!({ "type": ["string", "null"], "description": "told once; a repeat under the same key hears null" }),
        ),
    ]);
    vec![
        Operation::get("/api/v1/webhooks", may, "Addresses that are told when cases move", list).answers(
            200,
            "All of them",
            schema::object([("items", schema::list(schema::named("Webhook")))]),
        ),
        Operation::post("/api/v1/webhooks", may, "Add an address; answers its secret once", create)
            .takes(body)
            .answers(201, "Its id and secret", made),
        Operation::patch("/api/v1/webhooks/{id}", may, "Stop or resume an address", set_active)
            .part("id", "its id", schema::id())
            .takes(schema::object([("active", schema::flag())]))
            .answers(200, "As it is now", schema::object([("id", schema::id()), ("active", schema::flag())])),
        Operation::get(
            "/api/v1/webhooks/{id}/deliveries",
            may,
            "What was and will be sent to it",
            deliveries,
        )
        .part("id", "its id", schema::id())
        .paged(None)
        .answers(200, "Newest first", schema::page(schema::named("WebhookDelivery"))),
        Operation::post(
            "/api/v1/webhooks/deliveries/{id}/resend",
            may,
            "Send again what was given up",
            resend,
        )
        .part("id", "its id", schema::id())
        .answers(202, "It is on its way", schema::object([("id", schema::id())])),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let hook = schema::object([
        ("id", schema::id()),
        ("name", schema::text()),
        ("url", schema::text()),
        ("sources", schema::list(schema::words(&SOURCES))),
        ("active", schema::flag()),
        ("created_by", schema::text()),
        ("created_at", schema::time()),
    ]);
    let delivery = schema::object([
        ("id", schema::id()),
        ("created_at", schema::time()),
        ("attempts", schema::int()),
        ("last_at", schema::maybe(schema::time())),
        ("status", schema::maybe(schema::int())),
        ("error", schema::maybe(schema::text())),
        ("delivered_at", schema::maybe(schema::time())),
        ("failed_at", schema::maybe(schema::time())),
    ]);
    vec![("Webhook", hook), ("WebhookDelivery", delivery)]
}
