//! The base data over the interface: areas and boards, organisations, categories, the duty list, imports.
//! Texts are as the pages' forms hold them.

use axum::{
    Json,
    extract::{FromRequest, Multipart, Request},
    http::StatusCode,
    response::IntoResponse as _,
};
use linli_access::{Access as Rights, Scope};
use linli_kernel::{AreaCode, Error, Result, actor::OrgId};
use linli_store::Op;
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, Asks, At, Nothing, Once, Operation, schema},
    upload::Upload as Sent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::admin::import as pages;
use crate::{
    Area, Atlas, AtlasPort, app, atlas,
    batch::{self, BatchId},
    draft::{AreaText, CategoryText, DutyText, OrgText},
    import::{self, Effect, Kind},
};

/// Rows of a page.
const SIZE: usize = 200;

fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<Rights>()?.policy.scope(&ctx.actor, action))
}

fn of_atlas(ctx: &Ctx) -> Result<std::sync::Arc<Atlas>> {
    Ok(ctx.district.port::<AtlasPort>()?.get())
}

/// Makes a change durable, lets this process see it, and answers.
async fn done(ctx: &Ctx, once: Once, op: Op, status: StatusCode, told: Value) -> WebResult {
    let response = once.done(op, status, &told).await?;
    atlas::refresh(&ctx.district).await?;
    Ok(response)
}

macro_rules! begin {
    ($ctx:ident, $once:ident) => {{
        let mut op = $ctx.op().await?;
        if let Some(before) = $once.before(&mut op).await? {
            return Ok(before);
        }
        op
    }};
}

/// What a thing is, under its code or id, with its texts.
fn with(key: &str, id: impl Serialize, text: impl Serialize) -> Value {
    let mut told = json!(text);
    told[key] = json!(id);
    told
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    q: Option<String>,
    within: Option<AreaCode>,
    /// The code after which the page begins.
    after: Option<String>,
}

/// The page of things in the order of their codes.
fn paged<T>(
    all: impl Iterator<Item = T>,
    asked: &Listed,
    code: impl Fn(&T) -> String,
    told: impl Fn(&T) -> Value,
) -> Value {
    let after = asked.after.as_deref().unwrap_or_default();
    let mut rows: Vec<T> = all.filter(|one| code(one).as_str() > after).collect();
    rows.sort_by_key(|one| code(one));
    let more = rows.len() > SIZE;
    rows.truncate(SIZE);
    let next = rows.last().filter(|_| more).map(&code);
    json!({ "items": rows.iter().map(told).collect::<Vec<_>>(), "next": next })
}

fn found(texts: &[&str], asked: &Listed) -> bool {
    let words = asked.q.as_deref().map(str::trim).unwrap_or_default();
    words.is_empty() || texts.iter().any(|text| text.contains(words))
}

fn area_told(area: &Area) -> Value {
    let mut told = with("code", &area.code, AreaText::from(area));
    told["drawn"] = json!(area.shape.is_some());
    told
}

async fn areas(ctx: Ctx, Asks(asked): Asks<Listed>) -> WebResult {
    let (atlas, scope) = (of_atlas(&ctx)?, scope(&ctx, "area.read")?);
    let within = asked.within.clone().unwrap_or_else(|| ctx.district.area.clone());
    let all = atlas
        .within(&within)
        .filter(|a| scope.covers(&a.code, &[]) && found(&[&a.name, a.code.as_str()], &asked));
    Ok(Json(paged(all, &asked, |a| a.code.to_string(), |a| area_told(a))).into_response())
}

async fn area(ctx: Ctx, At(code): At<AreaCode>) -> WebResult {
    let (atlas, scope) = (of_atlas(&ctx)?, scope(&ctx, "area.read")?);
    let area = atlas.area(&code).filter(|a| scope.covers(&a.code, &[])).ok_or(Error::NotFound)?;
    Ok(Json(area_told(area)).into_response())
}

async fn add_area(ctx: Ctx, Asked(text, mut once): Asked<AreaText>) -> WebResult {
    let mut op = begin!(ctx, once);
    let code = app::add_area(&mut op, &text).await?;
    done(&ctx, once, op, StatusCode::CREATED, json!({ "code": code })).await
}

async fn save_area(ctx: Ctx, At(code): At<AreaCode>, Asked(text, mut once): Asked<AreaText>) -> WebResult {
    let mut op = begin!(ctx, once);
    app::edit_area(&mut op, &code, &text).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "code": code })).await
}

async fn orgs(ctx: Ctx, Asks(asked): Asks<Listed>) -> WebResult {
    let (atlas, scope) = (of_atlas(&ctx)?, scope(&ctx, "org.read")?);
    let within = asked.within.clone().unwrap_or_else(|| ctx.district.area.clone());
    let all = atlas.orgs().filter(|o| {
        within.contains(&o.area) && scope.covers(&o.area, &[]) && found(&[&o.name, &o.code], &asked)
    });
    let told = |o: &&crate::Org| with("id", o.id, OrgText::of(o, &atlas));
    Ok(Json(paged(all, &asked, |o| o.code.clone(), told)).into_response())
}

async fn org(ctx: Ctx, At(id): At<OrgId>) -> WebResult {
    let (atlas, scope) = (of_atlas(&ctx)?, scope(&ctx, "org.read")?);
    let org = atlas.org(id).filter(|o| scope.covers(&o.area, &[])).ok_or(Error::NotFound)?;
    Ok(Json(with("id", org.id, OrgText::of(org, &atlas))).into_response())
}

async fn add_org(ctx: Ctx, Asked(text, mut once): Asked<OrgText>) -> WebResult {
    let mut op = begin!(ctx, once);
    let id = app::add_org(&mut op, &text).await?;
    done(&ctx, once, op, StatusCode::CREATED, json!({ "id": id })).await
}

async fn save_org(ctx: Ctx, At(id): At<OrgId>, Asked(text, mut once): Asked<OrgText>) -> WebResult {
    let mut op = begin!(ctx, once);
    app::edit_org(&mut op, id, &text).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "id": id })).await
}

async fn categories(ctx: Ctx, Asks(asked): Asks<Listed>) -> WebResult {
    let atlas = of_atlas(&ctx)?;
    let all = atlas.categories().filter(|c| found(&[&c.name, &c.code], &asked));
    let told = |c: &&crate::Category| json!(CategoryText::from(*c));
    Ok(Json(paged(all, &asked, |c| c.code.clone(), told)).into_response())
}

async fn add_category(ctx: Ctx, Asked(text, mut once): Asked<CategoryText>) -> WebResult {
    let mut op = begin!(ctx, once);
    app::put_category(&mut op, &text, true).await?;
    done(&ctx, once, op, StatusCode::CREATED, json!({ "code": text.code.trim() })).await
}

async fn save_category(
    ctx: Ctx,
    At(code): At<String>,
    Asked(text, mut once): Asked<CategoryText>,
) -> WebResult {
    let mut op = begin!(ctx, once);
    app::put_category(&mut op, &CategoryText { code: code.clone(), ..text }, false).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "code": code })).await
}

async fn duties(ctx: Ctx, Asks(asked): Asks<Listed>) -> WebResult {
    let atlas = of_atlas(&ctx)?;
    let all = atlas
        .categories()
        .filter(|c| found(&[&c.name, &c.code], &asked))
        .filter_map(|c| atlas.own_duty(&c.code));
    let told = |d: &&crate::Duty| with("category", &d.category, DutyText::of(d, &atlas));
    Ok(Json(paged(all, &asked, |d| d.category.clone(), told)).into_response())
}

async fn save_duty(ctx: Ctx, At(code): At<String>, Asked(text, mut once): Asked<DutyText>) -> WebResult {
    let mut op = begin!(ctx, once);
    app::put_duty(&mut op, &code, &text).await?;
    done(&ctx, once, op, StatusCode::OK, json!({ "category": code })).await
}

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

fn listed(operation: Operation, within: bool) -> Operation {
    let operation = operation.query("q", "part of the name or code", schema::text());
    let operation =
        if within { operation.query("within", "only inside this area", schema::area()) } else { operation };
    operation.paged(None)
}

/// What is listed: texts, with `key` beside them.
fn told<T: Default + Serialize>(key: &str, more: Value) -> Value {
    let mut told = schema::form::<T>();
    told["properties"][key] = more;
    told["required"] = json!([key]);
    told
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

fn import_operations() -> Vec<Operation> {
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
        .file("Excel", &[pages::XLSX]),
        Operation::get("/api/v1/base-data/{kind}", may, "The base data as they are now", pages::now)
            .part("kind", "which table", schema::words(&[Kind::Areas, Kind::Orgs, Kind::Duties]))
            .file("Excel", &[pages::XLSX]),
    ]
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May;
    let by_code = || schema::object([("code", schema::text())]);
    let by_id = || schema::object([("id", schema::id())]);
    let mut area_schema = told::<AreaText>("code", schema::area());
    area_schema["properties"]["drawn"] = schema::flag();
    let org_schema = told::<OrgText>("id", schema::id());
    let page = |schema: &Value| schema::page(schema.clone());
    let mut all = vec![
        listed(Operation::get("/api/v1/areas", may("area.read"), "Areas and grids", areas), true).answers(
            200,
            "By code",
            page(&area_schema),
        ),
        Operation::get("/api/v1/areas/{code}", may("area.read"), "An area, or a grid with its board", area)
            .part("code", "area code", schema::area())
            .answers(200, "The area", area_schema.clone()),
        Operation::post("/api/v1/areas", may("area.edit"), "Add an area below one that is there", add_area)
            .takes(schema::form::<AreaText>())
            .answers(201, "Its code", by_code()),
        Operation::put(
            "/api/v1/areas/{code}",
            may("area.edit"),
            "Change an area or the board of a grid",
            save_area,
        )
        .part("code", "area code", schema::area())
        .takes(schema::form::<AreaText>())
        .answers(200, "Its code", by_code()),
        listed(Operation::get("/api/v1/orgs", may("org.read"), "Organisations", orgs), true).answers(
            200,
            "By code",
            page(&org_schema),
        ),
        Operation::get("/api/v1/orgs/{id}", may("org.read"), "An organisation", org)
            .part("id", "its id", schema::id())
            .answers(200, "The organisation", org_schema.clone()),
        Operation::post("/api/v1/orgs", may("org.edit"), "Add an organisation", add_org)
            .takes(schema::form::<OrgText>())
            .answers(201, "Its id", by_id()),
        Operation::put(
            "/api/v1/orgs/{id}",
            may("org.edit"),
            "Change an organisation; its code stays",
            save_org,
        )
        .part("id", "its id", schema::id())
        .takes(schema::form::<OrgText>())
        .answers(200, "Its id", by_id()),
        listed(Operation::get("/api/v1/categories", may("duty.read"), "Categories", categories), false)
            .answers(200, "By code", page(&schema::form::<CategoryText>())),
        Operation::post("/api/v1/categories", may("category.edit"), "Add a category", add_category)
            .takes(schema::form::<CategoryText>())
            .answers(201, "Its code", by_code()),
        Operation::put("/api/v1/categories/{code}", may("category.edit"), "Change a category", save_category)
            .takes(schema::form::<CategoryText>())
            .answers(200, "Its code", by_code()),
        listed(
            Operation::get("/api/v1/duties", may("duty.read"), "The duty list with its legal basis", duties),
            false,
        )
        .answers(200, "By category", page(&told::<DutyText>("category", schema::text()))),
        Operation::put(
            "/api/v1/duties/{code}",
            may("duty.edit"),
            "Say who answers for a category",
            save_duty,
        )
        .takes(schema::form::<DutyText>())
        .answers(200, "Its category", schema::object([("category", schema::text())])),
    ];
    all.extend(import_operations());
    all
}
