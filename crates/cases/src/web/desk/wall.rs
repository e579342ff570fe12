//! `/wall`: the dark screen on the wall of a centre.

use askama::Template;
use axum::http::StatusCode;
use linli_kernel::{Result, Timestamp, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult};

use super::{
    figures::{self, Span},
    overview::{Counted, Hot, chart, hot, span},
    room::{Room, chrome, page},
    view::{Line, Stat},
    wanted::open_states,
};
use crate::{
    ledger::Ledger,
    model::WhistleLevel,
    read::{self, Fact, Filter, Rates, Sort},
};

/// The chart's days; the last is today.
const DAYS: i64 = 14;

async fn stats(ctx: &Ctx, room: &mut Room, rates: &Rates) -> Result<Vec<Stat>> {
    let scope = room.scope(ctx, "stats.view");
    let counts = read::counts(&mut room.conn, &ctx.district, &scope, room.now).await?;
    let today = room.now.china_date();
    let (new, ended) = rates.trend.last().map_or((0, 0), |day| (day.reported, day.ended));
    let l = &ctx.locale;
    let root = scope.areas.first().filter(|a| a.level() != AreaLevel::District);
    let place = root.map_or_else(String::new, |area| format!("&area={area}"));
    let list = |more: &str| format!("/desk/cases?{more}{place}");
    let own = Fact::Case;
    Ok(vec![
        Stat::count(l, new, "desk-wall-today", list(&format!("from={today}&fact={own}")), ""),
        Stat::count(
            l,
            ended,
            "desk-wall-ended",
            list(&format!("ended_from={today}&ended_to={today}&fact={own}")),
            "ok",
        ),
        Stat::count(l, counts.open, "desk-wall-open", list("open=yes"), ""),
        Stat::count(
            l,
            counts.overdue + counts.due_soon,
            "desk-stat-soon",
            list("overdue=soon&open=yes&sort=due"),
            "warn",
        ),
        Stat::count(l, counts.overdue, "desk-stat-overdue", list("overdue=yes&open=yes"), "bad"),
    ])
}

async fn rates(ctx: &Ctx, room: &mut Room) -> Result<Rates> {
    let scope = room.scope(ctx, "stats.view");
    let days = span(room.now, DAYS);
    read::rates(&mut room.conn, &ctx.district, &scope, days.from, days.to).await
}

struct Side {
    tough: Vec<Line>,
    hot: Vec<Hot>,
    areas: Vec<Counted>,
}

async fn side(ctx: &Ctx, room: &mut Room) -> Result<Side> {
    let scope = room.scope(ctx, "stats.view");
    let tough = Filter { states: open_states(), whistle: Some(WhistleLevel::Tough), ..Filter::default() };
    let tough = read::page(&mut room.conn, &ctx.district, (&scope, &tough), Sort::NextDue, None, 6).await?;
    let week = span(room.now, 7);
    // What is open now, whenever it was told: an imported archive has no oldest day.
    let ever = Span::new(Timestamp::from_millis(0), week.to, room.now);
    let ledger = ctx.district.port::<Ledger>()?;
    let counted =
        |table: &_| (figures::by_category(table, &scope, week), figures::by_area(table, &scope, 9, ever));
    let (categories, areas) = ledger.read(&mut room.conn, counted).await?;
    let query = format!("from={}&fact={}", week.from.china_date(), Fact::Case);
    let mut areas: Vec<Counted> = areas
        .into_iter()
        .map(|f| {
            let href = format!("/desk/cases?area={}&fact={}", f.key, Fact::Case);
            // Told without a place: the row counts the district's own cases and opens no others.
            let (name, href) = if f.key.level() == AreaLevel::District {
                (ctx.locale.t("desk-no-finer"), format!("{href}&no_finer=yes"))
            } else {
                (room.atlas.name(&f.key).to_owned(), href)
            };
            Counted { href, name, all: f.cases, open: f.open, overdue: f.overdue }
        })
        .collect();
    areas.sort_by_key(|a| std::cmp::Reverse(a.open));
    areas.truncate(9);
    Ok(Side {
        tough: tough.items.iter().map(|row| Line::of(ctx, room, row)).collect(),
        hot: hot(ctx, room, &categories, &query, 5),
        areas,
    })
}

#[derive(Template)]
#[template(path = "desk/wall_screen.html")]
struct WallPage {
    chrome: Chrome,
    head: String,
    map_areas: String,
    stats: Vec<Stat>,
    chart_days: Markup,
    tough: Vec<Line>,
    hot: Vec<Hot>,
    areas: Vec<Counted>,
}

fn dark(mut chrome: Chrome) -> Chrome {
    chrome.prefs.theme = "dark";
    chrome
}

async fn show(ctx: Ctx) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let rates = rates(&ctx, &mut room).await?;
    let stats = stats(&ctx, &mut room, &rates).await?;
    let Side { tough, hot, areas } = side(&ctx, &mut room).await?;
    let chrome = dark(chrome(&ctx, &room, "desk-wall"));
    let heads = ["desk-day", "desk-wall-in", "desk-wall-out"].map(|k| ctx.locale.t(k)).to_vec();
    let days = rates
        .trend
        .iter()
        .map(|d| (d.date.format("%-m-%-d").to_string(), vec![d.reported.to_string(), d.ended.to_string()]));
    let scope = room.scope(&ctx, "stats.view");
    let root = scope.areas.first().cloned().unwrap_or_else(|| ctx.district.area.clone());
    let template = WallPage {
        head: ctx.locale.t_with("desk-wall-head", &[("name", room.atlas.name(&root).to_owned())]),
        map_areas: format!("?in={root}"),
        chart_days: chart(&chrome, String::new(), heads, days.collect()),
        chrome,
        stats,
        tough,
        hot,
        areas,
    };
    page(&ctx, StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "desk/wall_stats.html")]
struct StatsPiece {
    stats: Vec<Stat>,
}

async fn stats_piece(ctx: Ctx) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let rates = rates(&ctx, &mut room).await?;
    let stats = stats(&ctx, &mut room, &rates).await?;
    page(&ctx, StatusCode::OK, &StatsPiece { stats })
}

#[derive(Template)]
#[template(path = "desk/wall_side.html")]
struct SidePiece {
    chrome: Chrome,
    tough: Vec<Line>,
    hot: Vec<Hot>,
    areas: Vec<Counted>,
}

async fn side_piece(ctx: Ctx) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let Side { tough, hot, areas } = side(&ctx, &mut room).await?;
    let chrome = chrome(&ctx, &room, "desk-wall");
    page(&ctx, StatusCode::OK, &SidePiece { chrome, tough, hot, areas })
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May("stats.view");
    vec![
        Route::get("/wall", view, show),
        Route::get("/wall/stats", view, stats_piece),
        Route::get("/wall/side", view, side_piece),
    ]
}
