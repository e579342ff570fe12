//! `/audit/draws`: the auditor draws the samples again (复核抽样). Numbers of registration only, nothing of anybody.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::IntoResponse,
};
use linli_access::Access as Keys;
use linli_kernel::Error;
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{super::Desk, month_name};
use crate::rhythm::{self, Month, Redrawn, SAMPLE, SpotId};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    month: String,
    after: String,
}

struct Row {
    it: Redrawn,
    place: String,
}

#[derive(Template)]
#[template(path = "rhythm/draws.html")]
struct Draws {
    chrome: Chrome,
    month: Month,
    month_name: String,
    is_now: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

async fn draws(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, AUDIT)?;
    whole(&ctx)?;
    let now = Month::of(ctx.now());
    let month = Month::parse(&asked.month).unwrap_or(now);
    let after = asked.after.parse().ok();
    let found = rhythm::redraw_month(&mut ctx.read().await?, month, after, PAGE).await?;
    let page = Draws {
        chrome: ctx.chrome("rhythm-draws"),
        month_name: month_name(&ctx.locale, month),
        is_now: month == now,
        month,
        rows: found.items.into_iter().map(|it| Row { place: desk.atlas.path(&it.check.area), it }).collect(),
        next: found.next,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "rhythm/redraw.html")]
struct Page {
    chrome: Chrome,
    place: String,
    month_name: String,
    it: Redrawn,
    sample: String,
    size: usize,
    omitted: String,
    gone: String,
}

fn numbers(all: &[i64]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
}

async fn show(ctx: Ctx, Path(id): Path<SpotId>) -> WebResult {
    let desk = Desk::of(&ctx, AUDIT)?;
    whole(&ctx)?;
    let (it, omitted, gone) = rhythm::redraw(&mut ctx.read().await?, id).await?;
    let page = Page {
        chrome: ctx.chrome("rhythm-draws"),
        place: desk.atlas.path(&it.check.area),
        month_name: month_name(&ctx.locale, it.check.month()),
        sample: numbers(&it.sample),
        size: SAMPLE,
        omitted: numbers(&omitted),
        gone: numbers(&gone),
        it,
    };
    Ok(ctx.page(&page)?.into_response())
}

const AUDIT: &str = "rhythm.audit";

/// Auditors look at the whole district.
fn whole(ctx: &Ctx) -> Result<(), Error> {
    let target = linli_access::Target::at(&ctx.district.area);
    ctx.district.port::<Keys>()?.policy.permits(&ctx.actor, AUDIT, &target)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/audit/draws", Access::May(AUDIT), draws),
        Route::get("/audit/draws/{id}", Access::May(AUDIT), show),
    ]
}
