//! The base data over the interface: areas and boards, organisations, categories, the duty list.
//! Texts are as the pages' forms hold them.

use axum::{Json, http::StatusCode, response::IntoResponse as _};
use linli_access::{Access as Rights, Scope};
use linli_kernel::{AreaCode, Error, Result, actor::OrgId};
use linli_store::Op;
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, Asks, At, Once, Operation, schema},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Area, Atlas, AtlasPort, app, atlas,
    draft::{AreaText, CategoryText, DutyText, OrgText},
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
pub(super) async fn done(ctx: &Ctx, once: Once, op: Op, status: StatusCode, told: Value) -> WebResult {
    let response = once.done(op, status, &told).await?;
    atlas::refresh(&ctx.district).await?;
    Ok(response)
}

/// Begins a use case, or answers a repeat.
macro_rules! begin {
    ($ctx:ident, $once:ident) => {{
        let mut op = $ctx.op().await?;
        if let Some(before) = $once.before(&mut op).await? {
            return Ok(before);
        }
        op
    }};
}

pub(super) use begin;

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

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May;
    let by_code = || schema::object([("code", schema::text())]);
    let by_id = || schema::object([("id", schema::id())]);
    let mut area_schema = told::<AreaText>("code", schema::area());
    area_schema["properties"]["drawn"] = schema::flag();
    let org_schema = told::<OrgText>("id", schema::id());
    let page = |schema: &Value| schema::page(schema.clone());
    vec![
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
    ]
}
