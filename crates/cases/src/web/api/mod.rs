//! The interface for other systems: `/api/v1/cases`. The pages' use cases, in JSON.

mod command;
mod document;
mod export;
mod query;
mod repeat;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use linli_access::Scope;
use linli_kernel::{Actor, AreaCode, Cursor, Error, Result, Timestamp, time::DAY_MS};
use linli_web::{
    Access, Ctx, Route, WebResult,
    limit::Purpose,
    upload::{self, Upload},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub(super) use document::part as openapi;
use query::ListQuery;

use crate::{
    app::{self, NewReport, Photo, Proof, ReporterInput},
    model::{Action, CaseId, Command, Nature, Source},
    read::{self, CaseRow},
    settings::Rulebooks,
};

/// Counts the call against the limit of the key or person.
fn counted(ctx: &Ctx) -> Result<()> {
    let who = match &ctx.actor {
        Actor::Account { id, .. } => id.to_string(),
        Actor::Client { id, .. } => id.to_string(),
        Actor::Public | Actor::System => ctx.source.clone(),
    };
    ctx.app.limits().check(Purpose::Api, &who)
}

fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    counted(ctx)?;
    Ok(ctx.district.port::<linli_access::Access>()?.policy.scope(&ctx.actor, action))
}

/// Reads a JSON body; what is wrong with it is an error of the caller.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| {
        let text = e.to_string();
        // “missing field `text` at line …” names the field between the marks.
        match text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            Some(field) => Error::field(field, "error-required"),
            None => Error::field("body", "case-value-bad"),
        }
    })
}

/// A case by its id or by its number.
async fn find(ctx: &Ctx, scope: &Scope, name: &str) -> Result<CaseId> {
    match name.parse() {
        Ok(id) => Ok(id),
        Err(_) => read::id_by_number(&mut ctx.read().await?, scope, name).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    source: Source,
    nature: Nature,
    text: String,
    #[serde(default)]
    title: String,
    category: Option<String>,
    lat: Option<f64>,
    lng: Option<f64>,
    area: Option<AreaCode>,
    #[serde(default)]
    address: String,
    reporter_name: Option<String>,
    reporter_phone: Option<String>,
    #[serde(default)]
    anonymous: bool,
    #[serde(default)]
    hidden_identity: bool,
    #[serde(default)]
    urgent: bool,
    external: Option<String>,
    reported_at: Option<Timestamp>,
}

impl From<ReportBody> for NewReport {
    fn from(b: ReportBody) -> Self {
        Self {
            source: b.source,
            nature: b.nature,
            title: b.title,
            text: b.text,
            category: b.category,
            point: b.lat.zip(b.lng),
            area: b.area,
            address: b.address,
            reporter: ReporterInput {
                name: b.reporter_name,
                phone: b.reporter_phone,
                anonymous: b.anonymous,
                hidden: b.hidden_identity,
            },
            urgent: b.urgent,
            photos: Vec::new(),
            parent: None,
            external: b.external,
            reported_at: b.reported_at,
        }
    }
}

async fn report(ctx: Ctx, headers: HeaderMap, bytes: Bytes) -> WebResult {
    counted(&ctx)?;
    let asked: ReportBody = body(&bytes)?;
    let mut op = ctx.op().await?;
    let once = match repeat::claim(&mut op, &ctx, "POST", &headers, &bytes).await? {
        repeat::Claimed::Before(answer) => return Ok(answer),
        repeat::Claimed::Now(once) => once,
    };
    let receipt = app::report(&mut op, asked.into()).await?;
    let answer = json!({
        "id": receipt.id, "number": receipt.number, "tracking_url": format!("{}/t/{}", ctx.origin, receipt.token),
    });
    let response = once.keep(&mut op, StatusCode::CREATED, &answer).await?;
    op.commit().await?;
    Ok(response)
}

async fn list(ctx: Ctx, Query(query): Query<ListQuery>) -> WebResult {
    let scope = scope(&ctx, "case.list")?;
    let after: Option<Cursor> = query.cursor()?;
    let filter = query.filter(&ctx)?;
    let mut conn = ctx.read().await?;
    let page = read::page(&mut conn, &scope, &filter, query.sort(), after, query.size()).await?;
    let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
    let now = ctx.now();
    let page = page.map(|row| row_json(&row, &book, now));
    Ok(Json(page).into_response())
}

fn row_json(row: &CaseRow, book: &crate::settings::Rulebook, now: Timestamp) -> Value {
    let mut value = json!(row);
    value["clock"] = json!(row.clock(book, now));
    value
}

async fn one(ctx: Ctx, Path(name): Path<String>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let mut conn = ctx.read().await?;
    let detail = read::detail(&mut conn, &scope, id).await?;
    let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
    let access = ctx.district.port::<linli_access::Access>()?;
    let now = ctx.now();
    let mut value = row_json(&detail.row, &book, now);
    value["text"] = json!(detail.text);
    value["reply"] = json!(detail.reply());
    value["reporter"] = json!(detail.reporter(&access, &ctx.actor)?);
    value["clocks"] = detail.case.clocks.iter().map(|clock| json!(book.view(clock, now))).collect();
    value["photos"] = json!(detail.photos);
    value["tasks"] = json!(detail.tasks);
    value["merged"] = json!(detail.merged);
    value["allowed"] = json!(app::allowed(&access.policy, &ctx.actor, &detail.case));
    Ok(Json(value).into_response())
}

async fn timeline(ctx: Ctx, Path(name): Path<String>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let items = read::timeline(&mut ctx.read().await?, &scope, id).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

fn action(name: &str) -> Result<Action> {
    name.parse().map_err(|_| Error::NotFound)
}

/// An absent body is an empty one.
fn command(name: &str, bytes: &[u8]) -> Result<Command> {
    let values: Map<String, Value> = if bytes.is_empty() { Map::new() } else { body(bytes)? };
    command::parse(action(name)?, &values)
}

async fn act(
    ctx: Ctx,
    Path((name, action)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let command = command(&action, &bytes)?;
    let id = find(&ctx, &scope, &name).await?;
    done(&ctx, id, command, Proof::Post, &headers, &bytes).await
}

async fn done(
    ctx: &Ctx,
    id: CaseId,
    command: Command,
    proof: Proof,
    headers: &HeaderMap,
    bytes: &[u8],
) -> WebResult {
    let mut op = ctx.op().await?;
    let once = match repeat::claim(&mut op, ctx, "POST", headers, bytes).await? {
        repeat::Claimed::Before(answer) => return Ok(answer),
        repeat::Claimed::Now(once) => once,
    };
    let state = app::act(&mut op, id, command, proof, Vec::new()).await?;
    let response = once.keep(&mut op, StatusCode::OK, &json!({ "id": id, "state": state })).await?;
    op.commit().await?;
    Ok(response)
}

async fn add_photos(ctx: Ctx, Path(name): Path<String>, form: Upload) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let note = form.text("note").unwrap_or_default().to_owned();
    if form.files.is_empty() {
        return Err(Error::field("photo", "error-required").into());
    }
    let mut photos = Vec::new();
    for file in form.files {
        let picture = upload::picture(&file.field, file.bytes).await?;
        photos.push(Photo::keep(&ctx.district, picture).await?);
    }
    let count = photos.len();
    let text = if note.trim().is_empty() { format!("{count} × 📷") } else { note };
    let mut op = ctx.op().await?;
    let state = app::act(&mut op, id, Command::Note { text }, Proof::Post, photos).await?;
    op.commit().await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "state": state, "photos": count }))).into_response())
}

#[derive(Deserialize)]
struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

async fn stats(ctx: Ctx, Query(span): Query<Span>) -> WebResult {
    let scope = scope(&ctx, "stats.view")?;
    let now = ctx.now();
    let to = span.to.unwrap_or(now);
    let from = span.from.unwrap_or(Timestamp::from_millis(to.millis() - 30 * DAY_MS));
    let mut conn = ctx.read().await?;
    let rates = read::rates(&mut conn, &scope, from, to).await?;
    let board = read::counts(&mut conn, &scope, now).await?;
    Ok(Json(json!({ "rates": rates, "board": board })).into_response())
}

async fn points(ctx: Ctx, Query(query): Query<ListQuery>) -> WebResult {
    let scope = scope(&ctx, "map.view")?;
    let filter = query.filter(&ctx)?;
    let json = read::points(&mut ctx.read().await?, &scope, &filter).await?;
    let mut response = Json(json).into_response();
    response.headers_mut().insert(
        axum::http::header::CONTENT_TYPE,
        axum::http::HeaderValue::from_static("application/geo+json"),
    );
    Ok(response)
}

async fn track(ctx: Ctx, Path(token): Path<String>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    let case = read::track(&mut ctx.read().await?, &token).await?;
    Ok(Json(case).into_response())
}

async fn act_as_reporter(
    ctx: Ctx,
    Path((token, action)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> WebResult<Response> {
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    let command = command(&action, &bytes)?;
    let id = read::track(&mut ctx.read().await?, &token).await?.id;
    done(&ctx, id, command, Proof::Token(token), &headers, &bytes).await
}

/// The route of a photo by number or id; its file is served as on the pages.
async fn photo(ctx: Ctx, Path((name, photo)): Path<(String, Uuid)>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let blob = read::photo(&mut ctx.read().await?, &scope, id, photo, false).await?;
    super::photos::file(&ctx, &blob).await
}

pub(super) fn routes() -> Vec<Route> {
    let may = Access::May;
    vec![
        Route::post("/api/v1/cases", may("case.report"), report),
        Route::get("/api/v1/cases", may("case.list"), list),
        Route::get("/api/v1/cases/stats", may("stats.view"), stats),
        Route::get("/api/v1/cases/points", may("map.view"), points),
        Route::get("/api/v1/cases/export", may("case.export"), export::export),
        Route::get("/api/v1/cases/{id}", may("case.read"), one),
        Route::get("/api/v1/cases/{id}/timeline", may("case.read"), timeline),
        Route::post("/api/v1/cases/{id}/actions/{action}", may("case.read"), act),
        Route::post("/api/v1/cases/{id}/photos", may("case.note"), add_photos),
        Route::get("/api/v1/cases/{id}/photos/{photo}", may("case.read"), photo),
        Route::get("/api/v1/tracking/{token}", Access::Public, track),
        Route::post("/api/v1/tracking/{token}/actions/{action}", Access::Public, act_as_reporter),
    ]
}
