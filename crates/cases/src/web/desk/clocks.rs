//! `/desk/clocks`: what breaks next stands first.

use askama::Template;
use axum::{extract::Query, http::StatusCode};
use linli_kernel::{Cursor, Result, Timestamp, actor::OrgId};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{
    acts,
    forms::{Choice, Group},
    lists,
    room::{Room, chrome, page},
    view::{Line, Stat},
};
use crate::{
    model::WhistleLevel,
    read::{self, BoardCounts, Filter, Sort},
};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    whistle: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    overdue: String,
    after: Option<String>,
}

impl Asked {
    fn query(&self) -> String {
        let mut parts = Vec::new();
        for (name, value) in [("whistle", &self.whistle), ("org", &self.org), ("overdue", &self.overdue)] {
            if value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !value.is_empty()
            {
                parts.push(format!("{name}={value}"));
            }
        }
        parts.join("&")
    }
}

/// Until when a promise must break to be shown: now, or within a day.
fn until(word: &str, now: Timestamp) -> Option<Timestamp> {
    match word {
        "" => None,
        "soon" => Some(now.plus(std::time::Duration::from_hours(24))),
        _ => Some(now),
    }
}

struct Found {
    lines: Vec<Line>,
    next: Option<String>,
    query: String,
}

async fn rows(ctx: &Ctx, room: &mut Room, asked: &Asked) -> Result<Found> {
    let scope = room.scope(ctx, "clock.view");
    let filter = Filter {
        whistle: asked.whistle.parse().ok(),
        lead: asked.org.parse::<OrgId>().ok(),
        overdue: until(&asked.overdue, room.now),
        ..Filter::default()
    };
    let after: Option<Cursor> = asked.after.as_ref().and_then(|a| a.parse().ok());
    let page =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter), Sort::NextDue, after, PAGE).await?;
    let query = asked.query();
    let here = after.map(|a| format!("after={a}"));
    let all: Vec<&str> =
        [Some(query.as_str()), here.as_deref()].into_iter().flatten().filter(|q| !q.is_empty()).collect();
    Ok(Found {
        lines: page.items.iter().map(|row| Line::of(ctx, room, row)).collect(),
        next: page.next.map(|next| format!("/desk/clocks?{query}&after={next}")),
        query: if all.is_empty() { String::new() } else { format!("?{}", all.join("&")) },
    })
}

fn stats(ctx: &Ctx, room: &Room, counts: &BoardCounts) -> Vec<Stat> {
    let l = &ctx.locale;
    // Who decides gets the desk for it, everybody else the list.
    let asks =
        if room.may(ctx, "case.decide_return") { "/desk/returns" } else { "/desk/cases?ask=any&open=yes" };
    vec![
        Stat::count(l, counts.overdue, "desk-stat-overdue", "/desk/clocks?overdue=yes", "bad"),
        Stat::count(
            l,
            counts.overdue + counts.due_soon,
            "desk-stat-soon",
            "/desk/clocks?overdue=soon",
            "warn",
        ),
        Stat::count(
            l,
            counts.returns + counts.extensions + counts.suspensions,
            "desk-stat-asks",
            asks,
            "warn",
        ),
        Stat::count(l, counts.urgent, "desk-stat-urgent", "/desk/cases?urgent=yes&open=yes", "bad"),
        Stat::count(l, counts.suspended, "desk-stat-paused", "/desk/suspended", ""),
    ]
}

#[derive(Template)]
#[template(path = "desk/clocks.html")]
struct ClocksPage {
    chrome: Chrome,
    stats: Vec<Stat>,
    whistles: Vec<Choice>,
    orgs: Vec<Group>,
    overdue: bool,
    rows: Vec<Line>,
    next: Option<String>,
    query: String,
    export: String,
    may_export: bool,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let Found { lines, next, query } = rows(&ctx, &mut room, &asked).await?;
    let scope = room.scope(&ctx, "clock.view");
    let counts = read::counts(&mut room.conn, &ctx.district, &scope, room.now).await?;
    let whistles =
        vec![Group { label: String::new(), choices: acts::words(&ctx.locale, "whistle", WhistleLevel::ALL) }];
    let whistles = lists::choose(&ctx.locale, whistles, &asked.whistle);
    let template = ClocksPage {
        chrome: chrome(&ctx, &room, "desk-clocks"),
        stats: stats(&ctx, &room, &counts),
        whistles: whistles.into_iter().flat_map(|g| g.choices).collect(),
        orgs: lists::choose(&ctx.locale, lists::scope_orgs(&room.atlas, &ctx.locale, &scope), &asked.org),
        overdue: asked.overdue == "yes",
        rows: lines,
        next,
        query,
        export: format!("{}&sort=due&open=yes", asked.query().replace("org=", "lead=")),
        may_export: room.may(&ctx, "case.export"),
    };
    page(&ctx, StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "desk/clock_rows.html")]
struct RowsPiece {
    chrome: Chrome,
    rows: Vec<Line>,
    next: Option<String>,
    query: String,
}

async fn fragment(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let Found { lines, next, query } = rows(&ctx, &mut room, &asked).await?;
    page(
        &ctx,
        StatusCode::OK,
        &RowsPiece { chrome: chrome(&ctx, &room, "desk-clocks"), rows: lines, next, query },
    )
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May("clock.view");
    vec![Route::get("/desk/clocks", view, show), Route::get("/desk/clocks/rows", view, fragment)]
}
