//! The interface for the hotline's own system.

use axum::{
    Json,
    extract::{Path, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result};
use linli_web::{Access, Ctx, Route, WebResult};
use serde_json::{Value, json};

use super::push::{self, Heard, Pushed};

async fn heard(ctx: &Ctx, number: &str) -> Result<Heard> {
    let access = ctx.district.port::<linli_access::Access>()?;
    let answer = push::status(&mut ctx.read().await?, &access, &ctx.actor, number).await?;
    Ok(Heard::of(answer, &ctx.district.port::<AtlasPort>()?.get(), &ctx.locale))
}

async fn take(ctx: &Ctx, pushed: Pushed) -> Result<Option<String>> {
    let mut op = ctx.op().await?;
    let receipt = push::take(&mut op, pushed).await?;
    op.commit().await?;
    Ok(receipt.map(|r| format!("{}/t/{}", ctx.origin, r.token)))
}

async fn post(ctx: Ctx, body: std::result::Result<Json<Pushed>, JsonRejection>) -> WebResult<Response> {
    let Json(pushed) = body.map_err(|_| Error::field("body", "error-form-broken"))?;
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

async fn get(ctx: Ctx, Path(number): Path<String>) -> WebResult<Response> {
    Ok(Json(heard(&ctx, &number).await?).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/v1/hotline/cases", Access::May("hotline.push"), post),
        Route::get("/api/v1/hotline/cases/{number}", Access::May("hotline.push"), get),
    ]
}

/// The part of the interface's description that this module answers for.
pub(crate) fn openapi() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let moment =
        |about: &str| json!({ "type": ["string", "null"], "format": "date-time", "description": about });
    let answer = |about: &str| json!({ "description": about, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/HotlineCase" } } } });
    let problem =
        |about: &str| json!({ "description": about, "content": { "application/problem+json": {} } });
    let common = json!({ "401": problem("No valid key"), "403": problem("The key may not do this") });
    let with = |own: Value| {
        let mut all = common.clone();
        if let (Value::Object(all), Value::Object(own)) = (&mut all, own) {
            all.extend(own);
        }
        all
    };
    json!({
        "paths": {
            "/api/v1/hotline/cases": { "post": {
                "operationId": "pushHotlineCase",
                "summary": "Take in a message of the 12345 hotline; the same number twice is one case",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/HotlineMessage" } } } },
                "responses": with(json!({
                    "201": answer("A new case; with the tracking link, which is told once"),
                    "200": answer("The number is here already"),
                    "422": problem("Some fields need a change"),
                })),
            } },
            "/api/v1/hotline/cases/{number}": { "get": {
                "operationId": "getHotlineCase",
                "summary": "State and reply of a message, by the hotline's number",
                "parameters": [{ "name": "number", "in": "path", "required": true, "schema": { "type": "string" } }],
                "responses": with(json!({ "200": answer("The state"), "404": problem("No such number, or outside the key's area") })),
            } },
        },
        "components": { "schemas": {
            "HotlineMessage": {
                "type": "object",
                "required": ["number", "text"],
                "additionalProperties": false,
                "properties": {
                    "number": { "type": "string", "maxLength": 60 },
                    "title": { "type": "string", "maxLength": 100 },
                    "text": { "type": "string", "maxLength": 4000 },
                    "reported_at": moment("When it was told; now where it is absent"),
                    "nature": { "type": "string", "enum": ["complaint", "tip", "help", "question", "suggestion"] },
                    "category": { "type": ["string", "null"] },
                    "area": { "type": ["string", "null"] },
                    "address": { "type": "string", "maxLength": 200 },
                    "lat": { "type": ["number", "null"] },
                    "lng": { "type": ["number", "null"] },
                    "reporter_name": { "type": ["string", "null"] },
                    "reporter_phone": { "type": ["string", "null"] },
                    "hidden": { "type": "boolean" },
                    "urgent": { "type": "boolean" },
                },
            },
            "HotlineCase": {
                "type": "object",
                "required": ["number", "case", "state", "state_words", "lead", "reported_at", "updated_at"],
                "properties": {
                    "number": text("The hotline's number"),
                    "case": text("Our number"),
                    "state": text("The state's code"),
                    "state_words": text("The state in plain words"),
                    "lead": text("Who is responsible"),
                    "reply": { "type": ["string", "null"] },
                    "reported_at": moment("When it was told"),
                    "updated_at": moment("Last changed"),
                    "ended_at": moment("Over since then"),
                    "tracking_url": { "type": "string", "format": "uri" },
                },
            },
        } },
    })
}
