//! What administrators settle: clock table, working calendar, reply templates, Open311.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_access::{Access as Rights, Target};
use linli_kernel::{
    Result,
    calendar::{DayKind, Unit},
};
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::templates::{self, TemplateId, TemplateInput},
    model::{CaseState, ClockKind, ClockRules, WhistleLevel},
    open311::services,
    settings::{self, CalendarDocument},
};

fn may(ctx: &Ctx, action: &str) -> Result<()> {
    api::counted(ctx)?;
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Rights>()?.policy.permits(&ctx.actor, action, &target)
}

async fn clock_rules(ctx: Ctx) -> WebResult {
    may(&ctx, "clock_rule.edit")?;
    Ok(Json(settings::clock_rules(&mut ctx.read().await?).await?).into_response())
}

async fn put_clock_rules(ctx: Ctx, Asked(rules, mut once): Asked<ClockRules>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let told = json!(rules);
    settings::save_clock_rules(&mut op, rules).await?;
    Ok(once.done(op, StatusCode::OK, &told).await?)
}

async fn calendar(ctx: Ctx) -> WebResult {
    may(&ctx, "calendar.edit")?;
    Ok(Json(settings::calendar(&mut ctx.read().await?).await?).into_response())
}

async fn put_calendar(ctx: Ctx, Asked(document, mut once): Asked<CalendarDocument>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let told = json!(document);
    settings::save_calendar(&mut op, document).await?;
    Ok(once.done(op, StatusCode::OK, &told).await?)
}

async fn open311(ctx: Ctx) -> WebResult {
    may(&ctx, "setting.edit")?;
    Ok(Json(services::settings(&mut ctx.read().await?).await?).into_response())
}

async fn put_open311(ctx: Ctx, Asked(told, mut once): Asked<services::Settings>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let answer = json!(told);
    services::save(&mut op, &told).await?;
    Ok(once.done(op, StatusCode::OK, &answer).await?)
}

async fn list_templates(ctx: Ctx) -> WebResult {
    may(&ctx, "template.edit")?;
    let items = templates::list(&mut ctx.read().await?).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateBody {
    title: String,
    body: String,
    category: Option<String>,
    state: Option<CaseState>,
}

async fn put_template(ctx: Ctx, id: Option<TemplateId>, asked: Asked<TemplateBody>) -> WebResult {
    let Asked(told, mut once) = asked;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let TemplateBody { title, body, category, state } = told;
    let status = if id.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let id = templates::save(&mut op, TemplateInput { id, category, state, title, body }).await?;
    Ok(once.done(op, status, &json!({ "id": id })).await?)
}

async fn add_template(ctx: Ctx, asked: Asked<TemplateBody>) -> WebResult {
    put_template(ctx, None, asked).await
}

async fn change_template(ctx: Ctx, At(id): At<TemplateId>, asked: Asked<TemplateBody>) -> WebResult {
    put_template(ctx, Some(id), asked).await
}

async fn drop_template(ctx: Ctx, At(id): At<TemplateId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    templates::delete(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

fn rules_schema() -> Value {
    let rule = schema::object([
        ("whistle", schema::maybe(schema::words(WhistleLevel::ALL))),
        ("kind", schema::words(ClockKind::ALL)),
        (
            "allowance",
            schema::object([
                ("amount", json!({ "type": "integer", "minimum": 1, "maximum": 100_000 })),
                ("unit", schema::words(Unit::ALL)),
            ]),
        ),
        ("extension", json!({ "type": "integer", "minimum": 0, "maximum": 365 })),
    ]);
    schema::object([
        ("rows", schema::list(rule)),
        ("amber_percent", json!({ "type": "integer", "minimum": 1, "maximum": 99 })),
        ("reopen_days", json!({ "type": "integer", "minimum": 1, "maximum": 365 })),
    ])
}

fn calendar_schema() -> Value {
    let clock = json!({ "type": "string", "description": "HH:MM:SS" });
    schema::object([
        ("hours", schema::list(schema::object([("from", clock.clone()), ("to", clock)]))),
        (
            "days",
            schema::list(schema::object([
                ("date", schema::day()),
                ("kind", schema::words(DayKind::ALL)),
                ("name", schema::text()),
            ])),
        ),
    ])
}

fn open311_schema() -> Value {
    let pair = json!({ "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 2 });
    let attribute = schema::object([
        ("code", schema::text()),
        ("variable?", schema::flag()),
        ("datatype", schema::words(services::Datatype::ALL)),
        ("required?", schema::flag()),
        ("datatype_description?", schema::text()),
        ("description", schema::text()),
        ("values?", schema::list(pair)),
    ]);
    schema::object([
        ("attributes?", json!({ "type": "object", "additionalProperties": schema::list(attribute) })),
        ("sensitive?", schema::list(schema::text())),
        ("jurisdictions?", schema::list(schema::object([("id", schema::text()), ("area", schema::area())]))),
    ])
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May;
    let template = schema::object([
        ("id", schema::id()),
        ("category", schema::maybe(schema::text())),
        ("state", schema::maybe(super::schemas::states())),
        ("title", schema::text()),
        ("body", schema::text()),
        ("updated_at", schema::time()),
    ]);
    let body = schema::object([
        ("title", schema::short(60)),
        ("body", schema::short(2000)),
        ("category?", schema::maybe(schema::short(64))),
        ("state?", schema::maybe(super::schemas::states())),
    ]);
    let done = || schema::object([("id", schema::id())]);
    vec![
        Operation::get(
            "/api/v1/settings/clock-rules",
            may("clock_rule.edit"),
            "The clock table",
            clock_rules,
        )
        .answers(200, "The table", rules_schema()),
        Operation::put(
            "/api/v1/settings/clock-rules",
            may("clock_rule.edit"),
            "Replace the clock table; running clocks keep their time",
            put_clock_rules,
        )
        .takes(rules_schema())
        .answers(200, "As it is now", rules_schema()),
        Operation::get("/api/v1/settings/calendar", may("calendar.edit"), "The working calendar", calendar)
            .answers(200, "The calendar", calendar_schema()),
        Operation::put(
            "/api/v1/settings/calendar",
            may("calendar.edit"),
            "Replace the working calendar",
            put_calendar,
        )
        .takes(calendar_schema())
        .answers(200, "As it is now", calendar_schema()),
        Operation::get(
            "/api/v1/settings/open311",
            may("setting.edit"),
            "Questions, sensitive categories and jurisdictions of Open311",
            open311,
        )
        .answers(200, "The settings", open311_schema()),
        Operation::put(
            "/api/v1/settings/open311",
            may("setting.edit"),
            "Replace the settings of Open311",
            put_open311,
        )
        .takes(open311_schema())
        .answers(200, "As they are now", open311_schema()),
        Operation::get("/api/v1/templates", may("template.edit"), "Reply templates", list_templates).answers(
            200,
            "All of them",
            schema::object([("items", schema::list(template))]),
        ),
        Operation::post("/api/v1/templates", may("template.edit"), "Add a reply template", add_template)
            .takes(body.clone())
            .answers(201, "Its id", done()),
        Operation::put(
            "/api/v1/templates/{id}",
            may("template.edit"),
            "Change a reply template",
            change_template,
        )
        .part("id", "its id", schema::id())
        .takes(body)
        .answers(200, "Its id", done()),
        Operation::delete(
            "/api/v1/templates/{id}",
            may("template.edit"),
            "Remove a reply template",
            drop_template,
        )
        .part("id", "its id", schema::id())
        .answers(200, "It is gone", done()),
    ]
}
