//! Cases: reporting, lists, one case, acting on it.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use linli_kernel::{AreaCode, Cursor, Error, Result, Timestamp, time::DAY_MS};
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, Asks, At, Once, Operation, schema},
    upload::{self, Upload},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    command, export, find,
    query::{self, ListQuery},
    receipts, schemas, scope,
};
use crate::{
    app::{self, NewReport, Photo, Proof, ReporterInput},
    model::{Action, Command, Nature, Source},
    read::{self, CaseRow},
    settings::Rulebooks,
};

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

impl TryFrom<ReportBody> for NewReport {
    type Error = Error;

    fn try_from(b: ReportBody) -> Result<Self> {
        Ok(Self {
            source: b.source,
            nature: b.nature,
            title: b.title,
            text: b.text,
            category: b.category,
            point: receipts::point(b.lat, b.lng)?,
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
        })
    }
}

async fn report(ctx: Ctx, Asked(told, once): Asked<ReportBody>) -> WebResult {
    api::counted(&ctx)?;
    take(&ctx, told.try_into()?, once).await
}

/// The same with photos: a form, because pictures have no good place in JSON.
async fn report_form(ctx: Ctx, headers: HeaderMap, form: Upload) -> WebResult {
    api::counted(&ctx)?;
    let text = form.text("report").ok_or_else(|| Error::field("report", "error-required"))?.to_owned();
    let told: ReportBody = api::read(text.as_bytes())?;
    let new = NewReport::try_from(told)?;
    let (sent, photos) = receipts::pictures(&ctx, &new, &text, form.files).await?;
    let once = Once::of(&ctx, &headers, &sent)?;
    take(&ctx, NewReport { photos, ..new }, once).await
}

async fn take(ctx: &Ctx, new: NewReport, mut once: Once) -> WebResult {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before_with(&mut op, receipts::with_link(ctx)).await? {
        return Ok(before);
    }
    Ok(receipts::take(ctx, op, new, once).await?)
}

async fn list(ctx: Ctx, Asks(query): Asks<ListQuery>) -> WebResult {
    let scope = scope(&ctx, "case.list")?;
    let after: Option<Cursor> = query.cursor()?;
    let filter = query.filter(&ctx)?;
    let mut conn = ctx.read().await?;
    let page =
        read::page(&mut conn, &ctx.district, (&scope, &filter), query.sort()?, after, query.size()).await?;
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

async fn one(ctx: Ctx, At(name): At<String>) -> WebResult {
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
    value["former_replies"] = json!(detail.former_replies());
    value["reporter"] = json!(detail.reporter(&access, &ctx.actor)?);
    value["clocks"] = detail.case.clocks.iter().map(|clock| json!(book.view(clock, now))).collect();
    value["photos"] = json!(detail.photos);
    value["tasks"] = json!(detail.tasks);
    value["merged"] = json!(detail.merged);
    value["allowed"] = json!(app::allowed(&access.policy, &ctx.actor, &detail.case, &book.rules));
    Ok(Json(value).into_response())
}

async fn timeline(ctx: Ctx, At(name): At<String>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let items = read::timeline(&mut ctx.read().await?, &scope, id).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

pub(super) fn command(name: &str, values: &Map<String, Value>) -> Result<Command> {
    let action: Action = name.parse().map_err(|_| Error::NotFound)?;
    command::parse(action, values)
}

async fn act(
    ctx: Ctx,
    At((name, action)): At<(String, String)>,
    Asked(values, mut once): Asked<Map<String, Value>>,
) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let command = command(&action, &values)?;
    let id = find(&ctx, &scope, &name).await?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let state = app::act(&mut op, id, command, Proof::Post, Vec::new()).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id, "state": state })).await?)
}

async fn add_photos(ctx: Ctx, At(name): At<String>, form: Upload) -> WebResult {
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

async fn stats(ctx: Ctx, Asks(span): Asks<Span>) -> WebResult {
    let scope = scope(&ctx, "stats.view")?;
    let now = ctx.now();
    let to = span.to.unwrap_or(now);
    let from = span.from.unwrap_or(Timestamp::from_millis(to.millis() - 30 * DAY_MS));
    let mut conn = ctx.read().await?;
    let rates = read::rates(&mut conn, &ctx.district, &scope, from, to).await?;
    let board = read::counts(&mut conn, &ctx.district, &scope, now).await?;
    Ok(Json(json!({ "rates": rates, "board": board })).into_response())
}

async fn points(ctx: Ctx, Asks(query): Asks<ListQuery>) -> WebResult {
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

/// The route of a photo by number or id; its file is served as on the pages.
async fn photo(ctx: Ctx, At((name, photo)): At<(String, Uuid)>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let blob = read::photo(&mut ctx.read().await?, &scope, id, photo, false).await?;
    crate::web::photos::file(&ctx, &blob).await
}

/// What a case is called in an address.
pub(super) const CASE: &str = "id or number of the case";

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May;
    let actions: Vec<Action> = command::schemas().map(|(action, _)| action).collect();
    let bodies: Vec<Value> =
        command::schemas().map(|(action, _)| schema::named(&format!("CaseAction_{action}"))).collect();
    vec![
        Operation::post("/api/v1/cases", may("case.report"), "Report a case", report)
            .takes(schema::named("NewCase"))
            .answers(201, "Number and tracking link", schema::named("Receipt")),
        Operation::post("/api/v1/cases/with-photos", may("case.report"), "Report a case with photos", report_form)
            .takes_form(schemas::report_form("NewCase"))
            .answers(201, "Number and tracking link", schema::named("Receipt")),
        query::paged(Operation::get("/api/v1/cases", may("case.list"), "List cases within one's scope", list))
            .answers(200, "A page", schema::page(schema::named("Case"))),
        query::spanned(Operation::get("/api/v1/cases/stats", may("stats.view"), "Rates and board numbers", stats))
            .answers(200, "The numbers", schema::object([("rates", schema::any()), ("board", schema::any())])),
        query::filtered(Operation::get("/api/v1/cases/points", may("map.view"), "Cases with a place", points))
            .file("GeoJSON", &["application/geo+json"]),
        query::filtered(Operation::get("/api/v1/cases/export", may("case.export"), "The list as a file", export::export))
            .query("format", "kind of file", schema::words(&["csv", "xlsx"]))
            .file("CSV or Excel", &[linli_web::attach::CSV, linli_web::attach::XLSX]),
        Operation::get("/api/v1/cases/{id}", may("case.read"), "One case", one)
            .part("id", CASE, schema::text())
            .answers(200, "The case", schema::named("CaseDetail")),
        Operation::get("/api/v1/cases/{id}/timeline", may("case.read"), "What happened to it", timeline)
            .part("id", CASE, schema::text())
            .answers(200, "Oldest first", schema::object([("items", schema::list(schema::named("TimelineEntry")))])),
        Operation::post("/api/v1/cases/{id}/actions/{action}", may("case.read"), "Do something with a case", act)
            .about("The body is the schema `CaseAction_{action}`; which actions are open now stands in `allowed` of the case.")
            .part("id", CASE, schema::text())
            .part("action", "what to do", schema::words(&actions))
            .may_take(json!({ "anyOf": bodies }))
            .answers(200, "The state afterwards", schemas::state()),
        Operation::post("/api/v1/cases/{id}/photos", may("case.note"), "Add photos of the work", add_photos)
            .part("id", CASE, schema::text())
            .takes_form(schemas::photos())
            .answers(201, "How many were added", schema::object([
                ("id", schema::id()), ("state", schemas::states()), ("photos", schema::int()),
            ])),
        Operation::get("/api/v1/cases/{id}/photos/{photo}", may("case.read"), "A photo", photo)
            .part("id", CASE, schema::text())
            .part("photo", "its id", schema::id())
            .file("The photo", &["image/jpeg"]),
    ]
}
