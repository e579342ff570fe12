//! The hotline's desk: files in with a look first, states and replies out.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Form, Multipart, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::Days;
use linli_access::{Access as Rights, Target};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebError, WebResult, api::At, attach};
use serde::Deserialize;

use super::{export::export, upload};
use crate::hotline::{
    batch::{self, Batch, BatchId, BatchState},
    columns::{Field, Mapping},
    import::{self, Survey},
    known::{self, Twin},
    preset, sheets,
    undo::{self, Kept},
};

const SIZE: usize = 20;

#[derive(Template)]
#[template(path = "hotline/imports.html")]
pub(super) struct DeskPage {
    chrome: Chrome,
    problems: Problems,
    presets: Vec<String>,
    preset: String,
    batches: Vec<Batch>,
    next: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Template)]
#[template(path = "hotline/batch.html")]
struct BatchPage {
    chrome: Chrome,
    problems: Problems,
    batch: Batch,
    headings: Vec<String>,
    /// Field, its words, whether it must be there, the heading chosen.
    columns: Vec<(Field, String, bool, String)>,
    preset: String,
    /// What the chosen preset names and the file does not have.
    absent: Vec<String>,
    survey: Option<Survey>,
    sample: Vec<Vec<String>>,
    /// Row number and what is wrong.
    faults: Vec<(i64, String)>,
    kept: Vec<Kept>,
    twins: Vec<Twin>,
    reason: String,
}

impl BatchPage {
    fn is(&self, state: &str) -> bool {
        self.batch.state.as_str() == state
    }

    fn state(&self) -> String {
        self.chrome.t(&format!("hotline-batch-state-{}", self.batch.state))
    }

    fn result(&self) -> String {
        result(&self.chrome, &self.batch)
    }
}

impl DeskPage {
    fn state(&self, batch: &Batch) -> String {
        self.chrome.t(&format!("hotline-batch-state-{}", batch.state))
    }

    fn result(&self, batch: &Batch) -> String {
        result(&self.chrome, batch)
    }
}

fn result(chrome: &Chrome, batch: &Batch) -> String {
    let args = [
        ("added", batch.added.to_string()),
        ("known", batch.known.to_string()),
        ("answered", batch.answered.to_string()),
        ("faulty", batch.faulty.to_string()),
    ];
    chrome.locale.t_with("hotline-result", &args)
}

/// Answers a page whose form was wrong.
pub(super) fn wrong(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

pub(super) fn may(ctx: &Ctx) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Rights>()?.policy.permits(&ctx.actor, "hotline.import", &target)
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

pub(super) async fn desk(
    ctx: &Ctx,
    after: Option<&str>,
    preset: String,
    problems: Problems,
) -> Result<DeskPage> {
    may(ctx)?;
    let mut conn = ctx.read().await?;
    let page = batch::list(&mut conn, after.and_then(|a| a.parse().ok()), SIZE).await?;
    let today = ctx.now().china_date();
    Ok(DeskPage {
        chrome: ctx.chrome("hotline-title"),
        problems,
        presets: preset::names(&mut conn).await?,
        preset,
        batches: page.items,
        next: page.next,
        from: (today - Days::new(7)).to_string(),
        to: today.to_string(),
    })
}

async fn show_desk(ctx: Ctx, Query(after): Query<After>) -> WebResult {
    let page = desk(&ctx, after.after.as_deref(), String::new(), Problems::none()).await?;
    Ok(ctx.page(&page)?.into_response())
}

async fn staged(ctx: &Ctx, form: Multipart) -> (String, Result<BatchId>) {
    let read = match may(ctx) {
        Ok(()) => upload::read(&ctx.district, form).await,
        Err(error) => Err(error),
    };
    let large = match read {
        Ok(large) => large,
        Err(error) => return (String::new(), Err(error)),
    };
    let name = large.fields.get("preset").map(|p| p.trim().to_owned()).unwrap_or_default();
    let work = async {
        let (file, target) = large.file.ok_or_else(|| Error::field("file", "hotline-file-absent"))?;
        let preset = match name.as_str() {
            "" => None,
            name => Some(preset::get(&mut ctx.read().await?, name).await?),
        };
        import::stage(ctx.op().await?, target.path(), &file, preset).await
    };
    let outcome = work.await;
    (name, outcome)
}

async fn send(ctx: Ctx, form: Multipart) -> WebResult {
    let (preset, outcome) = staged(&ctx, form).await;
    let error = match outcome {
        Ok(id) => {
            // The page says which columns of the preset this file does not have.
            let named: String = form_urlencoded::byte_serialize(preset.as_bytes()).collect();
            let with = if named.is_empty() { String::new() } else { format!("?with={named}") };
            return Ok(Redirect::to(&format!("/desk/hotline/{id}{with}")).into_response());
        }
        // A file that is too large is a fault of that field, told where it stands.
        Err(Error::TooLarge(key)) => Error::field("file", key),
        Err(error) => error,
    };
    let problems = Problems::of(error, &ctx.locale)?;
    let page = desk(&ctx, None, preset, problems).await?;
    Ok(wrong(ctx.page(&page)?))
}

async fn page(ctx: &Ctx, id: BatchId, mapping: Option<Mapping>, mut problems: Problems) -> Result<BatchPage> {
    may(ctx)?;
    let batch = batch::get(&mut ctx.read().await?, id).await?;
    let mapping = match mapping {
        Some(mapping) => mapping,
        None => batch.mapping()?,
    };
    let headings = batch.headings()?;
    let (mut survey, mut sample) = (None, Vec::new());
    if batch.state == BatchState::Staged {
        sample = import::first_rows(&ctx.district, id).await?;
        match import::survey(&ctx.district, id, &mapping).await {
            Ok(found) => survey = Some(found),
            Err(error) if problems.is_empty() => {
                problems = Problems::of(error, &ctx.locale).map_err(|WebError(e)| e)?;
            }
            Err(_) => {}
        }
    }
    let found = if let Some(survey) = &survey {
        survey.faults.clone()
    } else {
        let access = ctx.district.port::<linli_access::Access>()?;
        batch::faults(&mut ctx.read().await?, &access, id, 20).await?
    };
    let kept = if batch.state == BatchState::Undone {
        undo::kept(&mut ctx.op().await?, id).await?
    } else {
        Vec::new()
    };
    let twins = known::twins(&mut ctx.read().await?, id).await?;
    let columns = Field::ALL
        .iter()
        .map(|&field| {
            let words = ctx.locale.t(&format!("hotline-field-{}", field.as_str().replace('_', "-")));
            let chosen = mapping.0.get(&field).cloned().unwrap_or_default();
            (field, words, Field::REQUIRED.contains(&field), chosen)
        })
        .collect();
    Ok(BatchPage {
        chrome: ctx.chrome("hotline-import"),
        problems,
        headings,
        columns,
        preset: String::new(),
        absent: Vec::new(),
        survey,
        sample,
        faults: found.iter().map(|f| (f.line, sheets::what(f, &ctx.locale))).collect(),
        kept,
        twins,
        reason: String::new(),
        batch,
    })
}

#[derive(Deserialize)]
struct With {
    #[serde(default)]
    with: String,
}

async fn show(ctx: Ctx, Path(id): Path<BatchId>, Query(chosen): Query<With>) -> WebResult {
    let mut page = page(&ctx, id, None, Problems::none()).await?;
    if page.batch.state == BatchState::Staged {
        page.absent = absent(&ctx, &page, &chosen.with).await?;
    }
    Ok(ctx.page(&page)?.into_response())
}

/// A sentence for each column of the preset that the file does not have: what was taken instead.
async fn absent(ctx: &Ctx, page: &BatchPage, preset: &str) -> Result<Vec<String>> {
    let preset = match preset::get(&mut ctx.read().await?, preset).await {
        Ok(preset) => preset,
        Err(Error::Invalid(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let told = |(field, column): (Field, String)| {
        let (_, words, _, chosen) = page.columns.iter().find(|(f, ..)| *f == field)?;
        let key = if chosen.is_empty() { "hotline-preset-absent" } else { "hotline-preset-instead" };
        let args = [("field", words), ("column", &column), ("chosen", chosen)];
        Some(ctx.locale.t_with(key, &args.map(|(name, value)| (name, format!("“{value}”")))))
    };
    Ok(preset.absent(&page.headings).into_iter().filter_map(told).collect())
}

async fn begin(ctx: Ctx, Path(id): Path<BatchId>, Form(form): Form<BTreeMap<String, String>>) -> WebResult {
    let chosen =
        |field: &Field| form.get(field.as_str()).map(|h| h.trim().to_owned()).filter(|h| !h.is_empty());
    let mapping = Mapping(Field::ALL.iter().filter_map(|f| Some((*f, chosen(f)?))).collect());
    if form.get("do").is_some_and(|d| d == "faults") {
        return wrong_rows(&ctx, id, mapping).await;
    }
    let name = form.get("preset").map(|p| p.trim()).unwrap_or_default();
    let work = async {
        let mut op = ctx.op().await?;
        if !name.is_empty() {
            preset::keep(&mut op, name, &mapping).await?;
        }
        import::start(&mut op, id, mapping.clone()).await?;
        op.commit().await
    };
    if form.get("do").is_none_or(|d| d == "start") {
        match work.await {
            Ok(()) => return Ok(Redirect::to(&format!("/desk/hotline/{id}")).into_response()),
            Err(error) => {
                let problems = Problems::of(error, &ctx.locale)?;
                let mut again = page(&ctx, id, Some(mapping.clone()), problems).await?;
                name.clone_into(&mut again.preset);
                return Ok(wrong(ctx.page(&again)?));
            }
        }
    }
    let mut again = page(&ctx, id, Some(mapping.clone()), Problems::none()).await?;
    name.clone_into(&mut again.preset);
    Ok(ctx.page(&again)?.into_response())
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    reason: String,
}

async fn undo(ctx: Ctx, Path(id): Path<BatchId>, Form(why): Form<Why>) -> WebResult {
    let work = async {
        let mut op = ctx.op().await?;
        undo::undo(&mut op, id, &why.reason).await?;
        op.commit().await
    };
    if let Err(error) = work.await {
        let problems = Problems::of(error, &ctx.locale)?;
        let mut again = page(&ctx, id, None, problems).await?;
        again.reason = why.reason;
        return Ok(wrong(ctx.page(&again)?));
    }
    Ok(Redirect::to(&format!("/desk/hotline/{id}")).into_response())
}

/// The wrong rows of a file that is only staged, read with the columns as they are chosen on the page.
async fn wrong_rows(ctx: &Ctx, id: BatchId, mapping: Mapping) -> WebResult {
    may(ctx)?;
    let batch = batch::get(&mut ctx.read().await?, id).await?;
    match import::survey_with(&ctx.district, id, &mapping, import::FAULTS_MOST).await {
        Ok(survey) => {
            let bytes = sheets::faults(&batch.headings()?, &survey.faults, &ctx.locale)?;
            Ok(attach::file("wrong-rows.xlsx", attach::XLSX, bytes))
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            let again = page(ctx, id, Some(mapping), problems).await?;
            Ok(wrong(ctx.page(&again)?))
        }
    }
}

async fn discard(ctx: Ctx, Path(id): Path<BatchId>) -> WebResult {
    import::discard(&ctx.district, id, ctx.op().await?).await?;
    Ok(Redirect::to("/desk/hotline").into_response())
}

pub(in crate::hotline) async fn faults(ctx: Ctx, At(id): At<BatchId>) -> WebResult {
    may(&ctx)?;
    let mut conn = ctx.read().await?;
    let batch = batch::get(&mut conn, id).await?;
    if batch.state == BatchState::Staged {
        let mapping = batch.mapping()?;
        return wrong_rows(&ctx, id, mapping).await;
    }
    let access = ctx.district.port::<linli_access::Access>()?;
    let found = batch::faults(&mut conn, &access, id, 10_000).await?;
    let bytes = sheets::faults(&batch.headings()?, &found, &ctx.locale)?;
    Ok(attach::file("wrong-rows.xlsx", attach::XLSX, bytes))
}

pub(super) fn routes() -> Vec<Route> {
    let import = Access::May("hotline.import");
    vec![
        Route::get("/desk/hotline", import, show_desk),
        Route::post("/desk/hotline", import, send),
        Route::get("/desk/hotline/export", import, export),
        Route::get("/desk/hotline/{id}", import, show),
        Route::post("/desk/hotline/{id}", import, begin),
        Route::post("/desk/hotline/{id}/undo", import, undo),
        Route::post("/desk/hotline/{id}/discard", import, discard),
        Route::get("/desk/hotline/{id}/faults.xlsx", import, faults),
    ]
}
