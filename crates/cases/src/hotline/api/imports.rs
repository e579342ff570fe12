//! Files of the hotline over the interface: in with a look first, undone, and the answers out.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRequest, Multipart, Request},
    http::StatusCode,
    response::IntoResponse,
};
use linli_access::{Access as Rights, Target};
use linli_kernel::{Cursor, Error, Result};
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, Asks, At, Nothing, Operation, schema},
    attach,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hotline::{
    batch::{self, BatchId, BatchState, Fault},
    columns::{Field, Mapping},
    import::{self, Survey},
    known, preset, undo,
    web::{export as files, imports as pages, upload},
};

const ACTION: &str = "hotline.import";
const SIZE: usize = 50;

fn may(ctx: &Ctx) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Rights>()?.policy.permits(&ctx.actor, ACTION, &target)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<String>,
}

async fn list(ctx: Ctx, Asks(asked): Asks<After>) -> WebResult {
    may(&ctx)?;
    let after: Option<Cursor> = match asked.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|()| Error::field("after", "error-value"))?),
    };
    Ok(Json(batch::list(&mut ctx.read().await?, after, SIZE).await?).into_response())
}

async fn stage(ctx: Ctx, request: Request) -> WebResult {
    may(&ctx)?;
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|_| Error::field("form", "error-form-broken"))?;
    let large = upload::read(&ctx.district, form).await?;
    let (name, file) = large.file.ok_or_else(|| Error::field("file", "hotline-file-absent"))?;
    let preset = match large.fields.get("preset").map(|p| p.trim()).filter(|p| !p.is_empty()) {
        None => None,
        Some(name) => Some(preset::get(&mut ctx.read().await?, name).await?),
    };
    let id = import::stage(ctx.op().await?, file.path(), &name, preset.clone()).await?;
    let batch = batch::get(&mut ctx.read().await?, id).await?;
    let mut answer = json!({ "id": id, "mapping": batch.mapping()?, "absent": {} });
    for (field, heading) in preset.unwrap_or_default().absent(&batch.headings()?) {
        answer["absent"][field.as_str()] = json!(heading);
    }
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

fn told(faults: &[Fault], ctx: &Ctx) -> Vec<Value> {
    let one = |fault: &Fault| {
        let errors: Vec<Value> = fault
            .faults
            .iter()
            .map(|f| json!({ "field": f.field, "code": f.key, "message": ctx.locale.field_error(f) }))
            .collect();
        json!({ "line": fault.line, "errors": errors })
    };
    faults.iter().map(one).collect()
}

fn surveyed(survey: &Survey, ctx: &Ctx) -> Value {
    json!({
        "sample": survey.sample, "fresh": survey.fresh, "twins": survey.twins, "known": survey.known,
        "answered": survey.answered, "faulty": survey.faulty, "faults": told(&survey.faults, ctx),
        "uncategorised": survey.uncategorised,
        "unknown_categories":
            survey.unknown.iter().map(|(name, n)| json!({ "name": name, "count": n })).collect::<Vec<_>>(),
    })
}

async fn one(ctx: Ctx, At(id): At<BatchId>) -> WebResult {
    may(&ctx)?;
    let mut conn = ctx.read().await?;
    let batch = batch::get(&mut conn, id).await?;
    let mut answer = json!(batch);
    answer["headings"] = json!(batch.headings()?);
    answer["mapping"] = json!(batch.mapping()?);
    answer["twins"] = json!(known::twins(&mut conn, id).await?);
    let access = ctx.district.port::<linli_access::Access>()?;
    answer["faults"] = json!(told(&batch::faults(&mut conn, &access, id, 100).await?, &ctx));
    drop(conn);
    answer["kept"] = if batch.state == BatchState::Undone {
        json!(undo::kept(&mut ctx.op().await?, id).await?)
    } else {
        json!([])
    };
    Ok(Json(answer).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    mapping: Option<BTreeMap<Field, String>>,
}

/// The columns that are told, or those that were found in the file.
async fn mapping(ctx: &Ctx, id: BatchId, told: Columns) -> Result<Mapping> {
    match told.mapping {
        Some(mapping) => Ok(Mapping(mapping)),
        None => batch::get(&mut ctx.read().await?, id).await?.mapping(),
    }
}

async fn survey(ctx: Ctx, At(id): At<BatchId>, Asked(told, _): Asked<Columns>) -> WebResult {
    may(&ctx)?;
    if batch::get(&mut ctx.read().await?, id).await?.state != BatchState::Staged {
        return Err(Error::Conflict("hotline-batch-begun").into());
    }
    let mapping = mapping(&ctx, id, told).await?;
    Ok(Json(surveyed(&import::survey(&ctx.district, id, &mapping).await?, &ctx)).into_response())
}

async fn start(ctx: Ctx, At(id): At<BatchId>, Asked(told, mut once): Asked<Columns>) -> WebResult {
    may(&ctx)?;
    let mapping = mapping(&ctx, id, told).await?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    import::start(&mut op, id, mapping).await?;
    Ok(once.done(op, StatusCode::ACCEPTED, &json!({ "id": id })).await?)
}

async fn discard(ctx: Ctx, At(id): At<BatchId>, Asked(_, _): Asked<Nothing>) -> WebResult {
    may(&ctx)?;
    let state = batch::get(&mut ctx.read().await?, id).await?.state;
    if state != BatchState::Staged {
        return Err(Error::Conflict("hotline-batch-begun").into());
    }
    import::discard(&ctx.district, id, ctx.op().await?).await?;
    Ok(Json(json!({ "id": id })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn undo_batch(ctx: Ctx, At(id): At<BatchId>, Asked(why, mut once): Asked<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let (removed, kept) = undo::undo(&mut op, id, &why.reason).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "removed": removed, "kept": kept })).await?)
}

async fn presets(ctx: Ctx) -> WebResult {
    may(&ctx)?;
    let mut conn = ctx.read().await?;
    let mut items = Vec::new();
    for (name, mapping) in preset::all(&mut conn).await? {
        items.push(json!({ "name": name, "mapping": mapping }));
    }
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetBody {
    mapping: BTreeMap<Field, String>,
}

async fn put_preset(ctx: Ctx, At(name): At<String>, Asked(told, mut once): Asked<PresetBody>) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    preset::keep(&mut op, &name, &Mapping(told.mapping)).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "name": name.trim() })).await?)
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May(ACTION);
    let id = || schema::object([("id", schema::id())]);
    let columns = || schema::object([("mapping?", schema::maybe(columns_schema()))]);
    vec![
        Operation::get("/api/v1/hotline/imports", may, "Files that were imported", list)
            .paged(None)
            .answers(200, "Newest first", schema::page(schema::object(batch_fields()))),
        Operation::post("/api/v1/hotline/imports", may, "Send a file to be looked at", stage)
            .takes_form(json!({
                "type": "object", "required": ["file"],
                "properties": { "file": { "type": "string", "contentMediaType": "text/csv" }, "preset": schema::text() },
            }))
            .answers(201, "Its id, its columns, and the columns of the preset that it does not have", schema::object([
                ("id", schema::id()), ("mapping", columns_schema()), ("absent", columns_schema()),
            ])),
        Operation::get("/api/v1/hotline/imports/{id}", may, "One import: how far it is, what was wrong", one)
            .part("id", "its id", schema::id())
            .answers(200, "The import", schema::named("HotlineImport")),
        Operation::post("/api/v1/hotline/imports/{id}/survey", may, "What the import would do with these columns", survey)
            .without_key()
            .part("id", "its id", schema::id())
            .may_take(columns())
            .answers(200, "What would happen", schema::named("HotlineSurvey")),
        Operation::post("/api/v1/hotline/imports/{id}/start", may, "Begin to write", start)
            .part("id", "its id", schema::id())
            .may_take(columns())
            .answers(202, "It runs", id()),
        Operation::post("/api/v1/hotline/imports/{id}/undo", may, "Take back the cases that nobody has touched", undo_batch)
            .part("id", "its id", schema::id())
            .takes(schema::object([("reason", schema::short(200))]))
            .answers(200, "How many went, and which stay", schema::object([
                ("removed", schema::int()), ("kept", schema::list(kept_schema())),
            ])),
        Operation::delete("/api/v1/hotline/imports/{id}", may, "Forget a file that was not imported", discard)
            .without_key()
            .part("id", "its id", schema::id())
            .answers(200, "It is gone", id()),
        Operation::get("/api/v1/hotline/imports/{id}/faults.xlsx", may, "The wrong rows with what is wrong", pages::faults)
            .part("id", "its id", schema::id())
            .file("Excel", &[attach::XLSX]),
        Operation::get("/api/v1/hotline/export", may, "States and replies in the hotline's layout", files::export_file)
            .query("from", "first day", schema::day())
            .query("to", "last day", schema::day())
            .query("format", "kind of file", schema::words(&["xlsx", "csv"]))
            .file("Excel or CSV", &[attach::XLSX, attach::CSV]),
        Operation::get("/api/v1/hotline/presets", may, "Columns that were kept under a name", presets)
            .answers(200, "All of them", schema::object([(
                "items",
                schema::list(schema::object([("name", schema::text()), ("mapping", columns_schema())])),
            )])),
        Operation::put("/api/v1/hotline/presets/{name}", may, "Keep columns under a name", put_preset)
            .part("name", "at most 40 letters", schema::text())
            .takes(schema::object([("mapping", columns_schema())]))
            .answers(200, "Kept", schema::object([("name", schema::text())])),
    ]
}

/// Which heading stands for which field.
fn columns_schema() -> Value {
    let fields: serde_json::Map<String, Value> =
        Field::ALL.iter().map(|field| (field.as_str().to_owned(), schema::text())).collect();
    json!({ "type": "object", "properties": fields, "additionalProperties": false })
}

fn batch_fields() -> [(&'static str, Value); 14] {
    [
        ("id", schema::id()),
        ("file", schema::text()),
        ("state", schema::words(BatchState::ALL)),
        ("total", schema::int()),
        ("done", schema::int()),
        ("added", schema::int()),
        ("known", schema::int()),
        ("answered", schema::int()),
        ("faulty", schema::int()),
        ("removed", schema::int()),
        ("created_by", schema::text()),
        ("created_at", schema::time()),
        ("finished_at", schema::maybe(schema::time())),
        ("reason", schema::maybe(schema::text())),
    ]
}

fn kept_schema() -> Value {
    schema::object([
        ("id", schema::id()),
        ("number", schema::text()),
        ("external", schema::maybe(schema::text())),
        ("title", schema::text()),
        ("why", schema::words(&["work", "photo", "task", "merge"])),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let wrong =
        schema::object([("field", schema::text()), ("code", schema::text()), ("message", schema::text())]);
    let faults = schema::list(schema::object([("line", schema::int()), ("errors", schema::list(wrong))]));
    let mut import = schema::object(batch_fields());
    for (name, schema) in [
        ("headings", schema::list(schema::text())),
        ("mapping", columns_schema()),
        ("twins", schema::list(schema::list(schema::text()))),
        ("faults", faults.clone()),
        ("kept", schema::list(kept_schema())),
    ] {
        import["properties"][name] = schema;
        if let Some(required) = import["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    let survey = schema::object([
        ("sample", schema::list(schema::list(schema::text()))),
        ("fresh", schema::int()),
        ("twins", schema::int()),
        ("known", schema::int()),
        ("answered", schema::int()),
        ("faulty", schema::int()),
        ("faults", faults),
        ("uncategorised", schema::int()),
        (
            "unknown_categories",
            schema::list(schema::object([("name", schema::text()), ("count", schema::int())])),
        ),
    ]);
    vec![("HotlineImport", import), ("HotlineSurvey", survey)]
}
