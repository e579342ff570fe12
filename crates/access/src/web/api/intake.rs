//! Accounts from a sheet, and the posts that it asks for.

use axum::{
    Json,
    extract::{FromRequest, Multipart, Request},
    http::StatusCode,
    response::IntoResponse,
};
use linli_kernel::{Error, Role};
use linli_web::{
    Access as Wanted, Ctx, WebResult,
    api::{Asked, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::begin;
use crate::{
    Access,
    intake::{
        self, IntakeId,
        wishes::{self, WishId},
    },
    web::intake as pages,
};

async fn list(ctx: Ctx) -> WebResult {
    Ok(Json(json!({ "items": intake::list(&mut ctx.read().await?).await? })).into_response())
}

async fn upload(ctx: Ctx, request: Request) -> WebResult {
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|_| Error::field("form", "error-form-broken"))?;
    let id = pages::taken(&ctx, form).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn one(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    let mut conn = ctx.read().await?;
    let sheet = intake::get(&mut conn, id).await?;
    let mut told = json!(sheet);
    if sheet.applied_at.is_none() {
        let plan = intake::look(&mut conn, &ctx.district, id).await?;
        let lines: Vec<Value> = plan
            .lines
            .iter()
            .map(|l| {
                let post = l.wish.as_ref().map(|w| json!({ "role": w.role, "area": w.area, "org": w.org }));
                json!({ "row": l.row, "login": l.login, "name": l.name, "area": l.area, "post": post })
            })
            .collect();
        let faults: Vec<Value> = plan
            .faults
            .iter()
            .map(|f| {
                let message = ctx.locale.field_error(&f.error);
                json!({ "row": f.row, "field": f.error.field, "given": f.given, "code": f.error.key, "message": message })
            })
            .collect();
        told["preview"] =
            json!({ "known": plan.known, "wrong": plan.wrong_rows(), "lines": lines, "faults": faults });
    }
    Ok(Json(told).into_response())
}

async fn run(ctx: Ctx, At(id): At<IntakeId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    // Before a repeat is known as one the passwords are made in vain; that is rare and harmless.
    let look = intake::look(&mut ctx.read().await?, &ctx.district, id).await;
    let initials = match look {
        Ok(plan) if plan.faults.is_empty() => intake::passwords(&ctx.district, &plan).await?,
        _ => std::collections::BTreeMap::new(),
    };
    let mut op = begin!(ctx, once);
    let added = intake::run(&mut op, id, &initials).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "added": added })).await?)
}

async fn hand_out(ctx: Ctx, At(id): At<IntakeId>, Asked(_, _): Asked<Nothing>) -> WebResult {
    let mut op = ctx.op().await?;
    let firsts = intake::hand_out(&mut op, id).await?;
    op.commit().await?;
    Ok(Json(json!({ "items": firsts })).into_response())
}

async fn forget(ctx: Ctx, At(id): At<IntakeId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    intake::forget(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

async fn wanted(ctx: Ctx) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let items = wishes::open(&mut ctx.read().await?, &access, &ctx.actor).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    ids: Vec<WishId>,
    grant: bool,
}

async fn decide(ctx: Ctx, Asked(told, mut once): Asked<Decision>) -> WebResult {
    let mut op = begin!(ctx, once);
    let done = wishes::decide(&mut op, &told.ids, told.grant).await?;
    let results: Vec<Value> = done
        .iter()
        .map(|(id, result)| match result {
            Ok(()) => json!({ "id": id }),
            Err(error) => json!({ "id": id, "refused": linli_web::error::words(error, &ctx.locale) }),
        })
        .collect();
    Ok(once.done(op, StatusCode::OK, &json!({ "results": results })).await?)
}

fn sheet_schema(preview: bool) -> Value {
    let mut sheet = schema::object([
        ("id", schema::id()),
        ("file", schema::text()),
        ("added", schema::int()),
        ("created_by", schema::text()),
        ("created_at", schema::time()),
        ("applied_at", schema::maybe(schema::time())),
        ("handed_at", schema::maybe(schema::time())),
        ("waiting", schema::flag()),
    ]);
    if preview {
        let post = schema::object([
            ("role", schema::words(Role::ALL)),
            ("area", schema::area()),
            ("org", schema::id()),
        ]);
        let line = schema::object([
            ("row", schema::int()),
            ("login", schema::text()),
            ("name", schema::text()),
            ("area", schema::area()),
            ("post", schema::maybe(post)),
        ]);
        let fault = schema::object([
            ("row", schema::int()),
            ("field", schema::text()),
            ("given", schema::text()),
            ("code", schema::text()),
            ("message", schema::text()),
        ]);
        sheet["properties"]["preview"] = schema::object([
            ("known", schema::int()),
            ("wrong", schema::int()),
            ("lines", schema::list(line)),
            ("faults", schema::list(fault)),
        ]);
    }
    sheet
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Wanted::May("account.create");
    let grant = Wanted::May("role.grant");
    let id = || schema::object([("id", schema::id())]);
    let first =
        schema::object([("login", schema::text()), ("name", schema::text()), ("password", schema::text())]);
    let wish = schema::object([
        ("id", schema::id()),
        ("account_id", schema::id()),
        ("login", schema::text()),
        ("name", schema::text()),
        ("role", schema::words(Role::ALL)),
        ("area", schema::area()),
        ("org_id", schema::id()),
        ("asked_by", schema::text()),
        ("asked_at", schema::time()),
    ]);
    vec![
        Operation::get("/api/v1/account-imports", may, "Sheets of accounts", list)
            .answers(200, "The latest", schema::object([("items", schema::list(sheet_schema(false)))])),
        Operation::post("/api/v1/account-imports", may, "Send a sheet of accounts to be looked at", upload)
            .takes_form(json!({
                "type": "object", "required": ["file"],
                "properties": { "file": { "type": "string", "contentMediaType": "application/octet-stream" } },
            }))
            .answers(201, "Its id", id()),
        Operation::get("/api/v1/account-imports/blank.xlsx", may, "An empty sheet with the columns", pages::blank)
            .file("Excel", &[linli_web::attach::XLSX]),
        Operation::get("/api/v1/account-imports/{id}", may, "A sheet, and what it would do", one)
            .part("id", "its id", schema::id())
            .answers(200, "The sheet", sheet_schema(true)),
        Operation::get("/api/v1/account-imports/{id}/wrong.xlsx", may, "The wrong rows with what is wrong", pages::wrong)
            .part("id", "its id", schema::id())
            .file("Excel", &[linli_web::attach::XLSX]),
        Operation::post("/api/v1/account-imports/{id}/run", may, "Make the accounts, all or none", run)
            .part("id", "its id", schema::id())
            .answers(200, "How many", schema::object([("added", schema::int())])),
        Operation::post("/api/v1/account-imports/{id}/passwords", may, "The first passwords, told once", hand_out)
            .without_key()
            .part("id", "its id", schema::id())
            .answers(200, "The passwords", schema::object([("items", schema::list(first))])),
        Operation::delete("/api/v1/account-imports/{id}", may, "Forget a sheet that was not imported", forget)
            .part("id", "its id", schema::id())
            .answers(200, "It is gone", id()),
        Operation::get("/api/v1/post-wishes", grant, "Posts that sheets ask for", wanted)
            .answers(200, "Oldest first", schema::object([("items", schema::list(wish))])),
        Operation::post("/api/v1/post-wishes", grant, "Grant or refuse posts that were asked for; each by itself", decide)
            .takes(schema::object([("ids", schema::list(schema::id())), ("grant", schema::flag())]))
            .answers(200, "The result of each", schema::object([(
                "results",
                schema::list(schema::object([("id", schema::id()), ("refused?", schema::text())])),
            )])),
    ]
}
