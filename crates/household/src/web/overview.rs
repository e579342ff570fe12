//! `/homes`: how fresh an area is, part by part, and the list behind each number.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::IntoResponse,
};
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{Desk, ago, out, tone, word};
use crate::{
    claims,
    read::{self, Freshness, Order, Stale},
};

const PAGE: usize = 50;
/// Houses of one grid that a page lists.
const HOUSES: i64 = 400;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    which: String,
    order: String,
    after: String,
    done: String,
}

/// One line of figures.
struct Line {
    name: String,
    url: String,
    code: String,
    homes: i64,
    fresh: i64,
    stale: i64,
    never: i64,
    percent: String,
    tone: &'static str,
}

fn line(desk: &Desk, figures: &Freshness) -> Line {
    let share = figures.share();
    Line {
        name: desk.atlas.name(&figures.area).to_owned(),
        url: format!("/homes?at={}", figures.area),
        code: figures.area.to_string(),
        homes: figures.homes,
        fresh: figures.fresh,
        stale: figures.stale(),
        never: figures.never,
        percent: share.map_or_else(|| "—".to_owned(), |s| format!("{:.1}", s * 100.0)),
        tone: tone(share),
    }
}

struct House {
    url: String,
    name: String,
    kind: String,
    homes: i64,
    stale: i64,
}

#[derive(Template)]
#[template(path = "homes/overview.html")]
struct Overview {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    sum: Line,
    parts_name: String,
    lines: Vec<Line>,
    houses: Vec<House>,
    is_grid: bool,
    /// Forms of residents that wait here, for who may see them.
    waiting: Option<i64>,
    may_find: bool,
    may_entities: bool,
    may_round: bool,
    may_build: bool,
    may_import: bool,
    done: String,
}

/// The level whose areas a page lists.
pub(super) fn below(level: AreaLevel) -> AreaLevel {
    match level {
        AreaLevel::District => AreaLevel::Street,
        AreaLevel::Street => AreaLevel::Community,
        AreaLevel::Community | AreaLevel::Grid => AreaLevel::Grid,
    }
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    let level = at.level();
    let mut conn = ctx.read().await?;
    let figures = read::freshness(&mut conn, &desk.scope, &at, below(level), ctx.now()).await?;
    let is_grid = level == AreaLevel::Grid;
    let houses = if is_grid {
        read::buildings(&mut conn, &desk.scope, &at, ctx.now(), HOUSES).await?
    } else {
        Vec::new()
    };
    let waiting = if desk.may(&ctx, "claim.read", &at) {
        Some(claims::counts(&mut conn, &Desk::of(&ctx, "claim.read")?.scope, &at).await?.all)
    } else {
        None
    };
    drop(conn);
    let sum = read::freshness_of(&at, &figures);
    let mut lines: Vec<Line> =
        if is_grid { Vec::new() } else { figures.iter().map(|f| line(&desk, f)).collect() };
    // What needs somebody comes first.
    lines.sort_by(|a, b| {
        let share = |l: &Line| if l.homes == 0 { 1.0 } else { l.fresh as f64 / l.homes as f64 };
        share(a).total_cmp(&share(b)).then_with(|| a.code.cmp(&b.code))
    });
    let (chrome, crumbs, head) = desk.head(&ctx, "household-homes", &at);
    let page = Overview {
        chrome,
        crumbs,
        head,
        sum: line(&desk, &sum),
        parts_name: ctx.locale.t(&format!("household-parts-{}", below(level).as_str())),
        lines,
        houses: houses
            .into_iter()
            .map(|h| House {
                url: format!("/homes/house/{}", h.id),
                name: format!("{}{}", h.place, h.name),
                kind: word(&ctx.locale, "building", h.kind.as_str()),
                homes: h.homes,
                stale: h.homes - h.fresh,
            })
            .collect(),
        waiting,
        may_find: desk.may(&ctx, "household.search", &at),
        may_entities: desk.may(&ctx, "entity.read", &at),
        may_round: is_grid && desk.may(&ctx, "rhythm.round", &at),
        may_import: desk.access.policy.allows_somewhere(&ctx.actor, "household.import"),
        may_build: is_grid && desk.may(&ctx, "household.building", &at),
        is_grid,
        at,
        done: if asked.done.is_empty() { String::new() } else { ctx.locale.t("household-done") },
    };
    Ok(ctx.page(&page)?.into_response())
}

struct Row {
    url: String,
    address: String,
    place: String,
    usage: String,
    residents: i64,
    confirmed: String,
    care: bool,
}

#[derive(Template)]
#[template(path = "homes/list.html")]
struct List {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    which: Stale,
    order: Order,
    may_export: bool,
    tabs: Vec<(Stale, String)>,
    rows: Vec<Row>,
    /// Who may only see the list gets no way into a record.
    may_read: bool,
    next: Option<String>,
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    let which: Stale = asked.which.parse().unwrap_or(Stale::All);
    let order = asked.order.parse().unwrap_or(Order::Oldest);
    let after = asked.after.parse().ok();
    let mut conn = ctx.read().await?;
    let found = read::stale(&mut conn, &desk.scope, &at, (which, order), ctx.now(), after, PAGE).await?;
    drop(conn);
    let row = |r: read::StaleRow| Row {
        url: format!("/homes/{}", r.id),
        place: desk.atlas.name(&r.area).to_owned(),
        usage: word(&ctx.locale, "usage", r.usage.as_str()),
        residents: r.residents,
        confirmed: ago(&ctx.locale, r.confirmed_at, ctx.now()),
        care: r.needs_care(),
        address: r.address,
    };
    let (chrome, crumbs, head) = desk.head(&ctx, "household-homes", &at);
    let page = List {
        chrome,
        crumbs,
        head,
        which,
        order,
        may_export: desk.may(&ctx, "household.export", &at),
        tabs: Stale::ALL.iter().map(|s| (*s, word(&ctx.locale, "list", s.as_str()))).collect(),
        rows: found.items.into_iter().map(row).collect(),
        may_read: desk.may(&ctx, "household.read", &at),
        next: found.next,
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// The list as a file, in its order.
async fn file(ctx: Ctx, Path(name): Path<String>, Query(asked): Query<Asked>) -> WebResult {
    let text = out::is_text(&name, "homes")?;
    let desk = Desk::of(&ctx, "household.export")?;
    let at = desk.area(&ctx, &asked.at)?;
    let which: Stale = asked.which.parse().unwrap_or(Stale::All);
    let order = asked.order.parse().unwrap_or(Order::Oldest);
    let l = &ctx.locale;
    let heads = ["address", "grid", "field-usage", "people", "care", "confirmed"];
    let (mut rows, mut after) = (Vec::new(), None);
    let mut conn = ctx.read().await?;
    loop {
        let shown = (which, order);
        let page = read::stale(&mut conn, &desk.scope, &at, shown, ctx.now(), after, out::CHUNK).await?;
        rows.extend(page.items.into_iter().map(|r| {
            let care = if r.needs_care() { l.t("household-yes") } else { String::new() };
            vec![
                r.address,
                desk.atlas.path(&r.area),
                word(l, "usage", r.usage.as_str()),
                r.residents.to_string(),
                care,
                r.confirmed_at.map(|at| at.china_date().to_string()).unwrap_or_default(),
            ]
        }));
        after = page.next.and_then(|next| next.parse().ok());
        if !out::goes_on(rows.len(), after.is_some())? {
            break;
        }
    }
    drop(conn);
    let list = out::Listing {
        action: "household.list_export",
        area: at,
        shown: (which.as_str(), order.as_str()),
        heads: heads.iter().map(|head| l.t(&format!("household-{head}"))).collect(),
        rows,
    };
    out::give(&ctx, "homes", text, list).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes", Access::May("household.list"), show),
        Route::get("/homes/list", Access::May("household.list"), list),
        Route::get("/homes/list/export/{name}", Access::May("household.export"), file),
    ]
}
