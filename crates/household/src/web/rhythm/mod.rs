//! `/homes/rhythm`: how the rhythm of visits stands, part by part, and the homes behind each number.

mod meeting;
mod redraw;
mod round;
mod spot;
mod spot_home;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::IntoResponse,
};
use linli_kernel::{AreaCode, Timestamp, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Locale, Route, WebResult};
use serde::Deserialize;

use super::{Desk, out, overview::below, tone};
use crate::{
    read::Order,
    rhythm::{self, Figures, Listed, Month, Quarter},
};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    which: String,
    order: String,
    after: String,
}

/// `91.7`, and `100` without a point.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// A month in words.
fn month_name(l: &Locale, month: Month) -> String {
    l.t_with("rhythm-month-name", &[("year", month.year().to_string()), ("n", month.number().to_string())])
}

/// One line of figures.
struct Line {
    it: Figures,
    name: String,
    percent: String,
    accuracy: String,
    tone: &'static str,
}

fn line(desk: &Desk, it: Figures) -> Line {
    let share = it.coverage();
    Line {
        name: desk.atlas.name(&it.area).to_owned(),
        percent: share.map_or_else(|| "—".to_owned(), |s| format!("{:.1}", s * 100.0)),
        accuracy: spot::accuracy(&it.found),
        tone: tone(share),
        it,
    }
}

#[derive(Template)]
#[template(path = "rhythm/overview.html")]
struct Overview {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    quarter: String,
    sum: Line,
    parts_name: String,
    lines: Vec<Line>,
    is_grid: bool,
    may_round: bool,
    may_check: bool,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "rhythm.read")?;
    let at = desk.area(&ctx, &asked.at)?;
    let level = at.level();
    let mut conn = ctx.read().await?;
    let figures = rhythm::figures(&mut conn, &desk.scope, &at, below(level), ctx.now()).await?;
    drop(conn);
    let quarter = Quarter::of(ctx.now());
    let is_grid = level == AreaLevel::Grid;
    let (chrome, crumbs, head) = desk.head(&ctx, "rhythm", &at);
    let page = Overview {
        chrome,
        crumbs,
        head,
        quarter: ctx
            .locale
            .t_with("rhythm-quarter", &[("year", quarter.year.to_string()), ("n", quarter.nth.to_string())]),
        sum: line(&desk, rhythm::sum(&at, &figures)),
        parts_name: ctx.locale.t(&format!("household-parts-{}", below(level).as_str())),
        lines: if is_grid { Vec::new() } else { figures.into_iter().map(|f| line(&desk, f)).collect() },
        may_check: desk.access.policy.allows_somewhere(&ctx.actor, "rhythm.check"),
        may_round: desk.may(&ctx, "rhythm.round", &at),
        is_grid,
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

struct Row {
    url: String,
    address: String,
    place: String,
    times: i64,
    needed: i64,
    last: String,
    care: bool,
}

#[derive(Template)]
#[template(path = "rhythm/list.html")]
struct List {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    which: Listed,
    order: Order,
    may_export: bool,
    rows: Vec<Row>,
    /// Who may only see the list gets no way into a record.
    may_read: bool,
    next: Option<String>,
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "rhythm.read")?;
    let at = desk.area(&ctx, &asked.at)?;
    let which: Listed = asked.which.parse().unwrap_or(Listed::Due);
    let order = asked.order.parse().unwrap_or(Order::Door);
    let after = asked.after.parse().ok();
    let mut conn = ctx.read().await?;
    let found = rhythm::listed(&mut conn, &desk.scope, &at, (which, order), ctx.now(), after, PAGE).await?;
    drop(conn);
    let (chrome, crumbs, head) = desk.head(&ctx, "rhythm", &at);
    let page = List {
        chrome,
        crumbs,
        head,
        which,
        order,
        may_export: desk.may(&ctx, "household.export", &at),
        rows: found
            .items
            .into_iter()
            .map(|r| Row {
                url: format!("/homes/{}", r.id),
                place: desk.atlas.name(&r.area).to_owned(),
                care: r.needs_care(),
                address: r.address,
                times: r.times,
                needed: r.needed,
                last: r.last_at.map(|at| ctx.locale.time(at)).unwrap_or_default(),
            })
            .collect(),
        may_read: desk.may(&ctx, "household.read", &at),
        next: found.next,
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// The list as a file, in its order.
async fn file(ctx: Ctx, Path(name): Path<String>, Query(asked): Query<Asked>) -> WebResult {
    let text = out::is_text(&name, "visits")?;
    let desk = Desk::of(&ctx, "household.export")?;
    let at = desk.area(&ctx, &asked.at)?;
    let which: Listed = asked.which.parse().unwrap_or(Listed::Due);
    let order = asked.order.parse().unwrap_or(Order::Door);
    let l = &ctx.locale;
    let heads = [
        "household-address",
        "household-grid",
        "rhythm-met",
        "rhythm-needed",
        "household-care",
        "rhythm-last",
    ];
    let (mut rows, mut after) = (Vec::new(), None);
    let mut conn = ctx.read().await?;
    loop {
        let shown = (which, order);
        let page = rhythm::listed(&mut conn, &desk.scope, &at, shown, ctx.now(), after, out::CHUNK).await?;
        rows.extend(page.items.into_iter().map(|r| {
            let care = if r.needs_care() { l.t("household-yes") } else { String::new() };
            let (times, needed) = (r.times.to_string(), r.needed.to_string());
            let last = r.last_at.map(Timestamp::cell).unwrap_or_default();
            vec![r.address, desk.atlas.path(&r.area), times, needed, care, last]
        }));
        after = page.next.and_then(|next| next.parse().ok());
        if !out::goes_on(rows.len(), after.is_some())? {
            break;
        }
    }
    drop(conn);
    let list = out::Listing {
        action: "rhythm.list_export",
        area: at,
        shown: (which.as_str(), order.as_str()),
        heads: heads.iter().map(|head| l.t(head)).collect(),
        rows,
    };
    out::give(&ctx, "visits", text, list).await
}

/// This part of the OpenAPI document.
pub(super) fn openapi() -> serde_json::Value {
    meeting::api::openapi()
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/homes/rhythm", Access::May("rhythm.read"), show),
        Route::get("/homes/rhythm/list", Access::May("rhythm.read"), list),
        Route::get("/homes/rhythm/list/export/{name}", Access::May("household.export"), file),
    ];
    routes.extend(meeting::routes());
    routes.extend(round::routes());
    routes.extend(spot::routes());
    routes.extend(spot_home::routes());
    routes.extend(redraw::routes());
    routes
}
