//! Files of base data over the interface: in with a look first, and out as they are.

use axum::{
    Json,
    extract::{FromRequest, Multipart, Request},
    http::StatusCode,
    response::IntoResponse as _,
};
use linli_kernel::Error;
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, At, Nothing, Operation, schema},
    upload::Upload as Sent,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    admin::import as pages,
    manage::{begin, done},
};
use crate::{
    app,
    batch::{self, BatchId},
    import::{self, Effect, Kind},
};

/// Rows of a preview that are told; the numbers count all.
const SIZE: usize = 200;

async fn imports(ctx: Ctx) -> WebResult {
    let found = batch::latest(&mut ctx.read().await?).await?;
    Ok(Json(json!({ "items": found })).into_response())
}

async fn upload(ctx: Ctx, request: Request) -> WebResult {
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|_| Error::field("form", "error-form-broken"))?;
    let file = pages::sent(Sent::read(form, import::BYTES).await?)?;
    let mut op = ctx.op().await?;
    let id = app::upload(&mut op, file).await?;
    op.commit().await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn preview(ctx: Ctx, At(id): At<BatchId>) -> WebResult {
    let (file, plan, _) = pages::planned(&ctx, id).await?;
    let changes = plan.lines.iter().filter(|l| l.effect != Effect::Same).take(SIZE);
    let lines: Vec<Value> = changes
        .map(|l| {
            let fields: Vec<Value> = l
                .changes
                .iter()
                .map(|(field, old, new)| json!({ "field": field, "from": old, "to": new }))
                .collect();
            json!({ "row": l.row, "code": l.code, "name": l.name, "effect": l.effect, "changes": fields })
        })
        .collect();
    let faults: Vec<Value> = plan
        .faults
        .iter()
        .take(SIZE)
        .map(|f| {
            let message = ctx.locale.field_error(&f.error);
            json!({ "row": f.row, "field": f.error.field, "given": f.given, "code": f.error.key, "message": message })
        })
        .collect();
    let told = json!({
        "id": id, "kind": file.kind, "file": file.name, "rows": plan.rows, "added": plan.count(Effect::New),
        "changed": plan.count(Effect::Changed), "same": plan.count(Effect::Same), "wrong": plan.wrong_rows(),
        "lines": lines, "faults": faults, "seen": plan.seen(),
    });
    Ok(Json(told).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Go {
    seen: String,
}

async fn run(ctx: Ctx, At(id): At<BatchId>, Asked(go, mut once): Asked<Go>) -> WebResult {
    let mut op = begin!(ctx, once);
    let did = app::run(&mut op, id, &go.seen).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "added": did.added, "changed": did.changed })).await
}

async fn forget(ctx: Ctx, At(id): At<BatchId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    batch::get(&mut op.tx, id).await?;
    app::forget(&mut op, id).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "id": id })).await
}

fn import_kinds() -> Value {
    schema::words(Kind::ALL)
}

fn preview_schema() -> Value {
    let change =
        schema::object([("field", schema::text()), ("from", schema::text()), ("to", schema::text())]);
    let line = schema::object([
        ("row", schema::int()),
        ("code", schema::text()),
        ("name", schema::text()),
        ("effect", schema::words(&[Effect::New, Effect::Changed])),
        ("changes", schema::list(change)),
    ]);
    let fault = schema::object([
        ("row", schema::int()),
        ("field", schema::text()),
        ("given", schema::text()),
        ("code", schema::text()),
        ("message", schema::text()),
    ]);
    schema::object([
        ("id", schema::id()),
        ("kind", import_kinds()),
        ("file", schema::text()),
        ("rows", schema::int()),
        ("added", schema::int()),
        ("changed", schema::int()),
        ("same", schema::int()),
        ("wrong", schema::int()),
        ("lines", schema::list(line)),
        ("faults", schema::list(fault)),
        ("seen", schema::text()),
    ])
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May("import.run");
    let batch = schema::object([
        ("id", schema::id()),
        ("kind", import_kinds()),
        ("file_name", schema::text()),
        ("created_by", schema::text()),
        ("created_at", schema::time()),
        ("applied_at", schema::maybe(schema::time())),
        ("added", schema::int()),
        ("changed", schema::int()),
    ]);
    let id = || schema::object([("id", schema::id())]);
    vec![
        Operation::get("/api/v1/imports", may, "Files of base data", imports).answers(
            200,
            "The latest",
            schema::object([("items", schema::list(batch))]),
        ),
        Operation::post("/api/v1/imports", may, "Send a file of base data to be looked at", upload)
            .takes_form(json!({
                "type": "object", "required": ["import_kind", "file"],
                "properties": {
                    "import_kind": import_kinds(), "datum": schema::text(),
                    "file": { "type": "string", "contentMediaType": "application/octet-stream" },
                },
            }))
            .answers(201, "Its id", id()),
        Operation::get("/api/v1/imports/{id}", may, "What the import would do", preview)
            .part("id", "its id", schema::id())
            .answers(200, "The preview", preview_schema()),
        Operation::post("/api/v1/imports/{id}/run", may, "Import whole, if it still does what was seen", run)
            .part("id", "its id", schema::id())
            .takes(schema::object([("seen", schema::text())]))
            .answers(
                200,
                "What it did",
                schema::object([("added", schema::int()), ("changed", schema::int())]),
            ),
        Operation::delete("/api/v1/imports/{id}", may, "Forget a file that was not imported", forget)
            .part("id", "its id", schema::id())
            .answers(200, "It is gone", id()),
        Operation::get(
            "/api/v1/imports/{id}/wrong.xlsx",
            may,
            "The wrong rows with what is wrong",
            pages::wrong,
        )
        .part("id", "its id", schema::id())
        .file("Excel", &[linli_web::attach::XLSX]),
        Operation::get("/api/v1/base-data/{kind}", may, "The base data as they are now", pages::now)
            .part("kind", "which table", schema::words(&[Kind::Areas, Kind::Orgs, Kind::Duties]))
            .file("Excel", &[linli_web::attach::XLSX]),
    ]
}
