//! Pushing a message, and its state by the hotline's number: what the hotline's own system calls.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result};
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, At, Operation, schema},
};
use serde_json::Value;

use crate::{
    hotline::push::{self, Heard, Pushed},
    model::{CaseState, Nature},
};

async fn heard(ctx: &Ctx, number: &str) -> Result<Heard> {
    let access = ctx.district.port::<linli_access::Access>()?;
    let answer = push::status(&mut ctx.read().await?, &access, &ctx.actor, number).await?;
    Ok(Heard::of(number, answer, &ctx.district.port::<AtlasPort>()?.get(), &ctx.locale))
}

async fn take(ctx: &Ctx, pushed: Pushed) -> Result<Option<String>> {
    let mut op = ctx.op().await?;
    let receipt = push::take(&mut op, pushed).await?;
    op.commit().await?;
    Ok(receipt.map(|r| format!("{}/t/{}", ctx.origin, r.token)))
}

async fn post(ctx: Ctx, Asked(pushed, _): Asked<Pushed>) -> WebResult<Response> {
    let number = pushed.number.trim().to_owned();
    let link = match take(&ctx, pushed.clone()).await {
        // The same number came twice at once: the other was first.
        Err(Error::Conflict("error-exists")) => take(&ctx, pushed).await?,
        other => other?,
    };
    let status = if link.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    let mut answer = serde_json::to_value(heard(&ctx, &number).await?).map_err(Error::internal)?;
    if let (Some(link), Value::Object(fields)) = (link, &mut answer) {
        fields.insert("tracking_url".to_owned(), link.into());
    }
    Ok((status, Json(answer)).into_response())
}

async fn get(ctx: Ctx, At(number): At<String>) -> WebResult<Response> {
    Ok(Json(heard(&ctx, &number).await?).into_response())
}

pub(super) fn operations() -> Vec<Operation> {
    let push = Access::May("hotline.push");
    let case = || schema::named("HotlineCase");
    vec![
        Operation::post(
            "/api/v1/hotline/cases",
            push,
            "Take in a message of the 12345 hotline; the same number twice is one case",
            post,
        )
        .without_key()
        .takes(schema::named("HotlineMessage"))
        .answers(201, "A new case; with the tracking link, which is told once", case())
        .answers(200, "The number is here already", case()),
        Operation::get(
            "/api/v1/hotline/cases/{number}",
            push,
            "State and reply of a message, by the hotline's number",
            get,
        )
        .part("number", "the hotline's number", schema::text())
        .answers(200, "The state", case()),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let message = schema::object([
        ("number", schema::short(60)),
        ("text", schema::short(4000)),
        ("title?", schema::short(100)),
        ("reported_at?", schema::maybe(schema::time())),
        ("nature?", schema::words(Nature::ALL)),
        ("category?", schema::maybe(schema::text())),
        ("area?", schema::maybe(schema::area())),
        ("address?", schema::short(200)),
        ("lat?", schema::maybe(schema::number())),
        ("lng?", schema::maybe(schema::number())),
        ("reporter_name?", schema::maybe(schema::short(40))),
        ("reporter_phone?", schema::maybe(schema::short(30))),
        ("hidden?", schema::flag()),
        ("urgent?", schema::flag()),
    ]);
    let case = schema::object([
        ("number", schema::text()),
        ("case", schema::text()),
        ("state", schema::words(CaseState::ALL)),
        ("state_words", schema::text()),
        ("together_with", schema::maybe(schema::text())),
        ("lead", schema::text()),
        ("reply", schema::maybe(schema::text())),
        ("reported_at", schema::time()),
        ("updated_at", schema::time()),
        ("ended_at", schema::maybe(schema::time())),
        ("tracking_url?", schema::text()),
    ]);
    vec![("HotlineMessage", message), ("HotlineCase", case)]
}
