//! Files with base data: upload, look, import.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Form, Multipart, Path, Query},
    response::{IntoResponse as _, Redirect},
};
use linli_kernel::{Error, Result, Timestamp};
use linli_web::{
    Access, Chrome, Ctx, NavItem, Problems, Route, WebResult, api::At, attach, sheet, upload::Upload as Sent,
};
use serde::Deserialize;

use super::{
    finish, seen,
    view::{Field, Fields, Shape, refused, side},
};
use crate::{
    Atlas, AtlasPort, app,
    batch::{self, BatchId},
    geometry::{Datum, Wgs84},
    import::{self, Effect, Ground, Kind, Plan, Upload},
};

pub(super) fn routes() -> Vec<Route> {
    const MAY: Access = Access::May("import.run");
    vec![
        Route::get("/admin/import", MAY, start),
        Route::post("/admin/import", MAY, take),
        Route::get("/admin/import/now/{kind}", MAY, now),
        Route::get("/admin/import/{id}", MAY, look),
        Route::post("/admin/import/{id}", MAY, run),
        Route::get("/admin/import/{id}/wrong.xlsx", MAY, wrong),
        Route::post("/admin/import/{id}/forget", MAY, forget),
    ]
}

/// Rows of a preview that are shown; the numbers above count all.
const SHOWN: usize = 200;

struct BatchLine {
    id: String,
    name: String,
    meta: String,
    state: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "grid/import.html")]
struct StartPage<'a> {
    chrome: Chrome,
    side: Vec<NavItem>,
    fields: Vec<Field>,
    problems: &'a Problems,
    done: String,
    tables: Vec<(&'static str, String)>,
    batches: Vec<BatchLine>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    kind: String,
    done: String,
}

fn kind_name(ctx: &Ctx, kind: Kind) -> String {
    ctx.locale.t(&format!("grid-import-{kind}"))
}

async fn start(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    show_start(&ctx, &asked, &Problems::none()).await
}

async fn show_start(ctx: &Ctx, asked: &Asked, problems: &Problems) -> WebResult {
    let t = |key: &str| ctx.locale.t(key);
    let kinds: Vec<_> = Kind::ALL.iter().map(|k| (k.as_str().to_owned(), kind_name(ctx, *k))).collect();
    let datums: Vec<_> =
        Datum::ALL.iter().map(|d| (d.as_str().to_owned(), t(&format!("grid-datum-{d}")))).collect();
    let mut fields = Fields::new(ctx, problems);
    fields.add("import_kind", &asked.kind, Shape::Choice(kinds)).required();
    fields.add("file", "", Shape::File(".xlsx,.csv,.geojson,.json")).required().hint("grid-hint-file");
    fields.add("datum", "", Shape::Choice(datums)).hint("grid-hint-datum");
    let mut conn = ctx.read().await?;
    let time = |at: Timestamp| ctx.locale.time(at);
    let batches = batch::latest(&mut conn).await?.into_iter().map(|b| BatchLine {
        id: b.id.to_string(),
        meta: format!("{} · {} · {}", kind_name(ctx, b.kind), b.created_by, time(b.created_at)),
        name: b.file_name,
        open: b.applied_at.is_none(),
        state: if b.applied_at.is_none() {
            t("grid-import-waits")
        } else {
            let args = [("added", b.added.to_string()), ("changed", b.changed.to_string())];
            ctx.locale.t_with("grid-import-was-done", &args)
        },
    });
    let page = StartPage {
        chrome: ctx.chrome("grid-admin-import"),
        side: side(ctx),
        fields: fields.done(),
        problems,
        done: if asked.done.is_empty() { String::new() } else { t("grid-import-done") },
        tables: [Kind::Areas, Kind::Orgs, Kind::Duties].map(|k| (k.as_str(), kind_name(ctx, k))).to_vec(),
        batches: batches.collect(),
    };
    Ok(refused(ctx.page(&page)?.into_response(), problems))
}

pub(in crate::web) fn sent(form: Sent) -> Result<Upload> {
    let kind = form.text("import_kind").unwrap_or_default().parse();
    let kind = kind.map_err(|_| Error::field("import_kind", "error-required"))?;
    let datum = form.text("datum").filter(|d| !d.is_empty()).map_or(Ok(Datum::Wgs84), str::parse);
    let datum = datum.map_err(|_| Error::field("datum", "grid-error-crs"))?;
    let file = form.files.into_iter().find(|f| f.field == "file");
    let file = file.ok_or_else(|| Error::field("file", "error-required"))?;
    let name: String = file.name.chars().filter(|c| !c.is_control()).take(100).collect();
    Ok(Upload { kind, name, bytes: file.bytes, datum })
}

async fn take(ctx: Ctx, form: Multipart) -> WebResult {
    let form = Sent::read(form, import::BYTES).await?;
    let asked = Asked { kind: form.text("import_kind").unwrap_or_default().to_owned(), ..Asked::default() };
    let mut op = ctx.op().await?;
    let done = match sent(form) {
        Ok(file) => app::upload(&mut op, file).await,
        Err(error) => Err(error),
    };
    match finish(&ctx, op, done).await? {
        Ok(id) => Ok(seen(&format!("/admin/import/{id}"))),
        Err(problems) => show_start(&ctx, &asked, &problems).await,
    }
}

struct FaultLine {
    row: u64,
    column: String,
    given: String,
    why: String,
}

struct ChangeLine {
    row: u64,
    code: String,
    name: String,
    effect: String,
    tone: &'static str,
    changes: Vec<(String, String, String)>,
}

struct LandLine {
    what: String,
    between: String,
    size: String,
    at: String,
}

#[derive(Template)]
#[template(path = "grid/preview.html")]
struct PreviewPage {
    chrome: Chrome,
    side: Vec<NavItem>,
    id: String,
    file: String,
    kind: String,
    rows: usize,
    sentence: String,
    added: usize,
    changed: usize,
    same: usize,
    wrong: usize,
    has_table: bool,
    faults: Vec<FaultLine>,
    land: Vec<LandLine>,
    lines: Vec<ChangeLine>,
    more: usize,
    seen: String,
}

/// The plan of a waiting file against the atlas of this process.
pub(in crate::web) async fn planned(ctx: &Ctx, id: BatchId) -> Result<(Upload, Plan, Arc<Atlas>)> {
    let file = batch::file(&mut ctx.read().await?, id).await?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let (district, now) = (ctx.district.clone(), ctx.now());
    let work = move || {
        let mut fresh = || district.ids.uuid(now);
        let ground = &mut Ground { atlas: &atlas, district: &district.area, fresh: &mut fresh };
        import::plan(&file, ground).map(|plan| (file, plan, atlas))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

async fn look(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult {
    show_preview(&ctx, id, None).await
}

async fn show_preview(ctx: &Ctx, id: BatchId, refusal: Option<&'static str>) -> WebResult {
    let (file, plan, atlas) = planned(ctx, id).await?;
    let t = |key: &str| ctx.locale.t(key);
    let column = |key: &str| t(&format!("grid-col-{}", key.replace('_', "-")));
    let place = |at: Wgs84| format!("{:.5}, {:.5}", at.lat, at.lon);
    let size = |square_metres: f64| format!("{square_metres:.0} m²");
    let overlaps = plan.overlaps.iter().map(|o| LandLine {
        what: t("grid-land-overlap"),
        between: format!("{} / {}", atlas.path(&o.first), atlas.path(&o.second)),
        size: size(o.square_metres),
        at: place(o.at),
    });
    let gaps = plan.gaps.iter().map(|g| LandLine {
        what: t("grid-land-gap"),
        between: String::new(),
        size: size(g.square_metres),
        at: place(g.at),
    });
    let effects = plan.lines.iter().filter(|l| l.effect != Effect::Same);
    let page = PreviewPage {
        chrome: ctx.chrome("grid-preview"),
        side: side(ctx),
        id: id.to_string(),
        kind: kind_name(ctx, file.kind),
        rows: plan.rows,
        sentence: refusal.map(t).unwrap_or_default(),
        added: plan.count(Effect::New),
        changed: plan.count(Effect::Changed),
        same: plan.count(Effect::Same),
        wrong: plan.wrong_rows(),
        has_table: plan.sheet.is_some(),
        faults: plan
            .faults
            .iter()
            .take(SHOWN)
            .map(|f| FaultLine {
                row: f.row,
                column: column(&f.error.field),
                given: f.given.clone(),
                why: ctx.locale.field_error(&f.error),
            })
            .collect(),
        land: overlaps.chain(gaps).take(SHOWN).collect(),
        more: effects.clone().count().saturating_sub(SHOWN),
        lines: effects
            .take(SHOWN)
            .map(|l| ChangeLine {
                row: l.row,
                code: l.code.clone(),
                name: l.name.clone(),
                effect: t(if l.effect == Effect::New { "grid-effect-new" } else { "grid-effect-changed" }),
                tone: if l.effect == Effect::New { "ok" } else { "info" },
                changes: l
                    .changes
                    .iter()
                    .map(|(k, old, new)| (column(k), old.clone(), new.clone()))
                    .collect(),
            })
            .collect(),
        seen: plan.seen(),
        file: file.name,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Go {
    seen: String,
}

async fn run(ctx: Ctx, Path(id): Path<BatchId>, Form(go): Form<Go>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::run(&mut op, id, &go.seen).await;
    if let Err(Error::Conflict(key @ ("grid-error-import-changed" | "grid-error-import-faults"))) = done {
        drop(op);
        // Somebody changed the base data between the look and the press: look again.
        let mut page = show_preview(&ctx, id, Some(key)).await?;
        *page.status_mut() = axum::http::StatusCode::CONFLICT;
        return Ok(page);
    }
    match finish(&ctx, op, done).await? {
        Ok(_) => Ok(seen("/admin/import?done=1")),
        Err(problems) => show_start(&ctx, &Asked::default(), &problems).await,
    }
}

async fn forget(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult<Redirect> {
    let mut op = ctx.op().await?;
    app::forget(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to("/admin/import"))
}

pub(in crate::web) async fn wrong(ctx: Ctx, At(id): At<BatchId>) -> WebResult {
    let (_, plan, _) = planned(&ctx, id).await?;
    let bytes = plan.faults_as_table(&ctx.locale.t("grid-why"), |error| ctx.locale.field_error(error))?;
    Ok(attach::file("wrong-rows.xlsx", attach::XLSX, bytes))
}

pub(in crate::web) async fn now(ctx: Ctx, At(kind): At<String>) -> WebResult {
    let kind: Kind = kind.parse().map_err(|_| Error::NotFound)?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let (headers, rows) = import::export(kind, &atlas);
    if headers.is_empty() {
        return Err(Error::NotFound.into());
    }
    let bytes = tokio::task::spawn_blocking(move || sheet::write(&headers, &rows)).await;
    Ok(attach::file(&format!("{kind}.xlsx"), attach::XLSX, bytes.map_err(Error::internal)??))
}
