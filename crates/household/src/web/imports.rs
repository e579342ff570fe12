//! `/homes/import`: a sheet of residents, looked through before anything is written; and out again.

use std::{collections::BTreeMap, io::Cursor};

use askama::Template;
use axum::{
    extract::{Form, Multipart, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, attach, sheet, upload::Upload};
use serde::Deserialize;

use super::Desk;
use crate::{
    app,
    import::{self, Batch, BatchState, Column, Mapping, Survey},
    model::BatchId,
};

const PAGE: usize = 20;
/// The file of wrong rows.
const WRONG: &str = "wrong-rows.xlsx";

#[derive(Template)]
#[template(path = "homes/imports.html")]
struct ListPage {
    chrome: Chrome,
    problems: Problems,
    batches: Vec<Batch>,
    next: Option<String>,
    may_export: bool,
    areas: Vec<(String, String)>,
    trouble: String,
}

impl ListPage {
    fn state(&self, batch: &Batch) -> String {
        self.chrome.t(&format!("household-batch-{}", batch.state))
    }

    fn result(&self, batch: &Batch) -> String {
        result(&self.chrome, batch)
    }
}

fn result(chrome: &Chrome, batch: &Batch) -> String {
    let args = [
        ("added", batch.added.to_string()),
        ("known", batch.known.to_string()),
        ("faulty", batch.faulty.to_string()),
    ];
    chrome.locale.t_with("household-batch-result", &args)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: String,
}

async fn list_page(ctx: &Ctx, after: &str, problems: Problems, trouble: String) -> WebResult<Response> {
    let desk = Desk::of(ctx, "household.import")?;
    let page = import::list(&mut ctx.read().await?, &desk.scope.areas, after.parse().ok(), PAGE).await?;
    let wrong = !problems.is_empty() || !trouble.is_empty();
    let export = desk.access.policy.scope(&ctx.actor, "household.export");
    let named = |code: &linli_kernel::AreaCode| (code.to_string(), desk.atlas.path(code));
    let areas = export.areas.iter().flat_map(|own| {
        std::iter::once(named(own))
            .chain(desk.atlas.children(own).map(|a| named(&a.code)))
            .collect::<Vec<_>>()
    });
    let template = ListPage {
        chrome: desk.chrome(ctx, "household-import"),
        problems,
        batches: page.items,
        next: page.next,
        may_export: !export.is_nothing(),
        areas: areas.collect(),
        trouble,
    };
    let html = ctx.page(&template)?;
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, html).into_response())
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    list_page(&ctx, &asked.after, Problems::none(), String::new()).await
}

async fn staged(ctx: &Ctx, form: Multipart) -> Result<BatchId> {
    let upload = Upload::read(form, sheet::BYTES).await?;
    let file = upload.files.into_iter().find(|f| f.field == "file");
    let file = file.ok_or_else(|| Error::field("file", "error-required"))?;
    let name = file.name.clone();
    let opened = tokio::task::spawn_blocking(move || import::open(Cursor::new(file.bytes), &file.name));
    let (headings, lines) = opened.await.map_err(Error::internal)??;
    import::stage(ctx.op().await?, &name, &headings, None, lines).await
}

async fn take(ctx: Ctx, form: Multipart) -> WebResult<Response> {
    match staged(&ctx, form).await {
        Ok(id) => Ok(Redirect::to(&format!("/homes/import/{id}")).into_response()),
        Err(Error::TooLarge(key)) => list_page(&ctx, "", Problems::none(), ctx.locale.t(key)).await,
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            list_page(&ctx, "", problems, String::new()).await
        }
    }
}

#[derive(Template)]
#[template(path = "homes/batch.html")]
struct BatchPage {
    chrome: Chrome,
    batch: Batch,
    headings: Vec<String>,
    /// Column, its words, the heading chosen.
    columns: Vec<(Column, String, String)>,
    survey: Option<Survey>,
    faults: Vec<(i64, String)>,
    /// Rows that are right, and name somebody at another address than a row before.
    doubts: Vec<(i64, String)>,
    problems: Problems,
    trouble: String,
    reason: String,
}

impl BatchPage {
    fn is(&self, state: &str) -> bool {
        self.batch.state.as_str() == state
    }

    fn state(&self) -> String {
        self.chrome.t(&format!("household-batch-{}", self.batch.state))
    }

    fn result(&self) -> String {
        result(&self.chrome, &self.batch)
    }

    fn is_hopeless(&self) -> bool {
        self.survey.as_ref().is_some_and(Survey::is_hopeless)
    }

    fn percent(&self) -> i64 {
        self.batch.done * 100 / self.batch.total.max(1)
    }
}

/// The batch of a page, if it is in the person's area.
async fn own(ctx: &Ctx, desk: &Desk, id: BatchId) -> Result<Batch> {
    let batch = import::get(&mut ctx.read().await?, id).await?;
    if desk.scope.covers(&batch.area, &[]) { Ok(batch) } else { Err(Error::NotFound) }
}

struct Said {
    mapping: Option<Mapping>,
    problems: Problems,
    trouble: String,
    reason: String,
}

impl Said {
    fn nothing() -> Self {
        Self { mapping: None, problems: Problems::none(), trouble: String::new(), reason: String::new() }
    }
}

async fn batch_page(ctx: &Ctx, id: BatchId, said: Said) -> WebResult<Response> {
    let desk = Desk::of(ctx, "household.import")?;
    let batch = own(ctx, &desk, id).await?;
    let mapping = said.mapping.map_or_else(|| batch.mapping(), Ok)?;
    let mut problems = said.problems;
    let mut survey = None;
    if batch.state == BatchState::Staged && problems.is_empty() {
        match import::survey(&ctx.district, &ctx.actor, id, &mapping).await {
            Ok(found) => survey = Some(found),
            Err(error) => problems = Problems::of(error, &ctx.locale)?,
        }
    }
    let faults = match &survey {
        Some(found) => found.faults.clone(),
        None => import::faults(&mut ctx.read().await?, &desk.access, id, 20).await?,
    };
    let told = |faults: &[import::Fault]| -> Vec<(i64, String)> {
        faults.iter().map(|f| (f.line, import::what(f, &ctx.locale))).collect()
    };
    let wrong = !problems.is_empty() || !said.trouble.is_empty();
    let column = |c: &Column| {
        let words = ctx.locale.t(&format!("household-column-{}", c.as_str().replace('_', "-")));
        (*c, words, mapping.0.get(c).cloned().unwrap_or_default())
    };
    let page = BatchPage {
        chrome: desk.chrome(ctx, "household-import"),
        headings: batch.headings()?,
        columns: Column::ALL.iter().map(column).collect(),
        faults: told(&faults),
        doubts: survey.as_ref().map(|s| told(&s.doubts)).unwrap_or_default(),
        batch,
        survey,
        problems,
        trouble: said.trouble,
        reason: said.reason,
    };
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let html = ctx.page(&page)?;
    Ok((status, html).into_response())
}

async fn show(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult<Response> {
    batch_page(&ctx, id, Said::nothing()).await
}

/// Looks again under other columns, or begins to write.
async fn start(
    ctx: Ctx,
    Path(id): Path<BatchId>,
    Form(form): Form<BTreeMap<String, String>>,
) -> WebResult<Response> {
    let chosen = Column::ALL.iter().filter_map(|c| Some((*c, form.get(c.as_str())?.trim().to_owned())));
    let mapping = Mapping(chosen.filter(|(_, heading)| !heading.is_empty()).collect());
    if form.get("do").is_some_and(|what| what == "faults") {
        return wrong_rows(&ctx, id, mapping).await;
    }
    if form.get("do").map(String::as_str) != Some("start") {
        return batch_page(&ctx, id, Said { mapping: Some(mapping), ..Said::nothing() }).await;
    }
    let mut op = ctx.op().await?;
    match import::start(&mut op, id, &mapping).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/import/{id}")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            batch_page(&ctx, id, Said { trouble: ctx.locale.t(key), ..Said::nothing() }).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            batch_page(&ctx, id, Said { mapping: Some(mapping), problems, ..Said::nothing() }).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Why {
    reason: String,
    at: String,
}

async fn undo(ctx: Ctx, Path(id): Path<BatchId>, Form(why): Form<Why>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    match import::undo(&mut op, id, &why.reason).await {
        Ok(_) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/import/{id}")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            batch_page(&ctx, id, Said { trouble: ctx.locale.t(key), ..Said::nothing() }).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            batch_page(&ctx, id, Said { problems, reason: why.reason, ..Said::nothing() }).await
        }
    }
}

async fn discard(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    import::discard(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to("/homes/import").into_response())
}

/// The wrong rows of a file that is only staged, read with the columns as they are chosen on the page.
async fn wrong_rows(ctx: &Ctx, id: BatchId, mapping: Mapping) -> WebResult<Response> {
    let desk = Desk::of(ctx, "household.import")?;
    let batch = own(ctx, &desk, id).await?;
    if batch.state != BatchState::Staged {
        return Ok(Redirect::to(&format!("/homes/import/{id}/wrong-rows.xlsx")).into_response());
    }
    let mut conn = ctx.read().await?;
    match import::wrong_rows(&mut conn, &ctx.district, &batch, &mapping, &ctx.locale).await {
        Ok(sheet) => {
            let bytes =
                tokio::task::spawn_blocking(move || sheet.finish()).await.map_err(Error::internal)??;
            Ok(attach::file(WRONG, attach::XLSX, bytes))
        }
        Err(error) => {
            drop(conn);
            let problems = Problems::of(error, &ctx.locale)?;
            batch_page(ctx, id, Said { mapping: Some(mapping), problems, ..Said::nothing() }).await
        }
    }
}

/// The wrong rows go back to who brought them, with what is wrong.
async fn faults(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.import")?;
    let batch = own(&ctx, &desk, id).await?;
    if batch.state == BatchState::Staged {
        let mapping = batch.mapping()?;
        return wrong_rows(&ctx, id, mapping).await;
    }
    let faults = import::faults(&mut ctx.read().await?, &desk.access, id, import::FAULTS).await?;
    let bytes = import::fault_sheet(&batch.headings()?, &faults, &ctx.locale)?;
    Ok(attach::file(WRONG, attach::XLSX, bytes))
}

/// A sheet to be filled in.
async fn blank(ctx: Ctx) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.import")?;
    let within = desk.area(&ctx, "")?;
    let bytes = import::blank(&desk.atlas, &within, &ctx.locale)?;
    Ok(attach::file("residents-blank.xlsx", attach::XLSX, bytes))
}

/// Residents of an area as a sheet, numbers in clear, for a reason that is written down.
async fn export(ctx: Ctx, Form(why): Form<Why>) -> WebResult<Response> {
    let area = why.at.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    match app::export(&mut op, &area, &why.reason, &ctx.locale).await {
        Ok(bytes) => {
            op.commit().await?;
            Ok(attach::file("residents.xlsx", attach::XLSX, bytes))
        }
        Err(Error::TooLarge(key)) => {
            drop(op);
            list_page(&ctx, "", Problems::none(), ctx.locale.t(key)).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            list_page(&ctx, "", problems, String::new()).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let may = Access::May("household.import");
    vec![
        Route::get("/homes/import", may, list),
        Route::post("/homes/import", may, take),
        Route::get("/homes/import/blank.xlsx", may, blank),
        Route::get("/homes/import/{id}", may, show),
        Route::post("/homes/import/{id}", may, start),
        Route::post("/homes/import/{id}/undo", may, undo),
        Route::post("/homes/import/{id}/discard", may, discard),
        Route::get("/homes/import/{id}/wrong-rows.xlsx", may, faults),
        Route::post("/homes/export", Access::May("household.export"), export),
    ]
}
