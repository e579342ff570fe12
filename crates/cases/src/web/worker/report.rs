//! What a worker sees on the round: noted in half a minute, settled at once where possible.

use askama::Template;
use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, once, upload::Upload};
use serde::Deserialize;

use super::Desk;
use crate::{
    app::{self, NewReport, Photo, Proof, ReporterInput},
    model::{Command, Extent, Nature, Resolution, Source},
    web::form,
};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    text: String,
    category: String,
    area: String,
    grid: String,
    lat: String,
    lng: String,
    address: String,
    urgent: String,
    /// What was done about it there and then; nothing if it remains to be done.
    done: String,
}

/// Categories of one branch.
struct Branch {
    name: String,
    twigs: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "worker/report.html")]
struct Page {
    chrome: Chrome,
    typed: Typed,
    problems: Problems,
    kept: Vec<String>,
    once: String,
    branches: Vec<Branch>,
    /// Own grids.
    areas: Vec<(String, String)>,
}

fn page(ctx: &Ctx, typed: Typed, kept: &[Photo], problems: Problems) -> WebResult {
    let desk = Desk::of(ctx)?;
    let mut branches: Vec<Branch> = Vec::new();
    for category in desk.atlas.categories().filter(|c| c.active) {
        match (category.parent.as_deref(), branches.last_mut()) {
            (None, _) => branches.push(Branch { name: category.name.clone(), twigs: Vec::new() }),
            (Some(parent), Some(branch)) => {
                // The middle level is part of the name: a list on a phone has two levels.
                let name = match desk.atlas.category(parent).filter(|p| p.parent.is_some()) {
                    Some(middle) => format!("{} · {}", middle.name, category.name),
                    None => category.name.clone(),
                };
                branch.twigs.push((category.code.clone(), name));
            }
            (Some(_), None) => {}
        }
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        chrome: desk.chrome(ctx, "worker-report-title"),
        areas: desk.areas.iter().map(|a| (a.to_string(), desk.atlas.path(a))).collect(),
        kept: kept.iter().map(Photo::name).collect(),
        once: once::fresh(ctx),
        branches,
        problems,
        typed,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn ask(ctx: Ctx) -> WebResult {
    page(&ctx, Typed::default(), &[], Problems::none())
}

async fn file(ctx: &Ctx, key: Option<&str>, typed: &Typed, photos: Vec<Photo>) -> Result<String> {
    let area = if typed.grid.is_empty() { &typed.area } else { &typed.grid };
    let area = match area.as_str() {
        "" => None,
        code => Some(code.parse().map_err(|_| Error::field("area", "case-area-unknown"))?),
    };
    let mut op = ctx.op().await?;
    if let Some(id) = once::done_before(&mut op, key).await? {
        return Ok(id);
    }
    let new = NewReport {
        source: Source::Grid,
        nature: Nature::Help,
        title: String::new(),
        text: typed.text.clone(),
        category: Some(typed.category.clone()).filter(|c| !c.is_empty()),
        point: typed.lat.parse().ok().zip(typed.lng.parse().ok()),
        area,
        address: typed.address.clone(),
        reporter: ReporterInput { anonymous: true, ..ReporterInput::default() },
        urgent: !typed.urgent.is_empty(),
        photos,
        parent: None,
        external: None,
        reported_at: None,
    };
    let receipt = app::report(&mut op, new).await?;
    let done = typed.done.trim();
    if !done.is_empty() {
        let resolution = Resolution {
            done: done.to_owned(),
            done_by: ctx.actor.name().to_owned(),
            doer: None,
            extent: Extent::Solved,
            reply: done.to_owned(),
            photos: 0,
        };
        for command in [Command::File, Command::Accept, Command::Resolve(resolution)] {
            app::act(&mut op, receipt.id, command, Proof::Post, Vec::new()).await?;
        }
    }
    once::keep(&mut op, key, &receipt.id.to_string()).await?;
    op.commit().await?;
    Ok(receipt.id.to_string())
}

async fn send(ctx: Ctx, request: Request) -> WebResult {
    let mut upload = Upload::few(request, form::PHOTOS).await?;
    let typed: Typed = upload.form()?;
    let key = once::key("work-report", &upload);
    let photos = match form::photos(&ctx, &mut upload).await {
        Ok(photos) => photos,
        Err(error) => return page(&ctx, typed, &[], Problems::of(error, &ctx.locale)?),
    };
    match file(&ctx, key.as_deref(), &typed, photos.clone()).await {
        Ok(id) => Ok(Redirect::to(&format!("/work/cases/{id}")).into_response()),
        Err(error) => page(&ctx, typed, &photos, Problems::of(error, &ctx.locale)?),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/work/report", Access::May("case.report"), ask),
        Route::post("/work/report", Access::May("case.report"), send),
    ]
}
