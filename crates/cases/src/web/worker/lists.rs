//! Today: what breaks next first. And all cases of the place, with a search.

use askama::Template;
use axum::{extract::Query, response::IntoResponse};
use linli_access::Access as AccessPort;
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{Desk, Item, item, scope};
use crate::{
    day::{self, DayItems},
    model::CaseState,
    read::{self, Filter, Sort},
    settings::Rulebooks,
};

/// As many as one looks through on a phone.
const TODAY: usize = 60;
const PAGE: usize = 30;

/// Somebody has to do something.
const OPEN: &[CaseState] = &[
    CaseState::Reported,
    CaseState::Filed,
    CaseState::Assigned,
    CaseState::Accepted,
    CaseState::OnSite,
    CaseState::Returned,
    CaseState::Reopened,
];
const TO_CHECK: &[CaseState] = &[CaseState::Resolved, CaseState::Verifying];

#[derive(Template)]
#[template(path = "worker/today.html")]
struct Today {
    chrome: Chrome,
    date: String,
    /// In our own hands.
    mine: Vec<Item>,
    /// Others work on it here.
    others: Vec<Item>,
    /// Somebody must look whether it is done.
    check: Vec<Item>,
    /// What other slices know of.
    todos: Vec<day::Item>,
}

async fn today(ctx: Ctx) -> WebResult {
    let desk = Desk::of(&ctx)?;
    let scope = scope(&ctx, "case.list")?;
    let mut conn = ctx.read().await?;
    let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
    let open = Filter { states: OPEN.to_vec(), ..Filter::default() };
    let open = read::page(&mut conn, &ctx.district, (&scope, &open), Sort::NextDue, None, TODAY).await?;
    let check = Filter { states: TO_CHECK.to_vec(), ..Filter::default() };
    let check = read::page(&mut conn, &ctx.district, (&scope, &check), Sort::Newest, None, TODAY).await?;
    let todos = match ctx.district.ports.get::<DayItems>() {
        Some(port) => (port.0)(&ctx, &mut conn).await?,
        None => Vec::new(),
    };
    drop(conn);
    let ours = |lead| ctx.actor.posts().iter().any(|p| p.org == lead);
    let (mine, others): (Vec<_>, Vec<_>) = open.items.iter().partition(|row| ours(row.lead));
    let items =
        |rows: Vec<&read::CaseRow>| rows.into_iter().map(|row| item(row, &ctx, &desk, &book)).collect();
    let chrome = desk.chrome(&ctx, "worker-today-title");
    let date = chrome.time(&chrome.now);
    let page = Today {
        mine: items(mine),
        others: items(others),
        // Whoever did it does not check it.
        check: items(check.items.iter().filter(|row| !ours(row.lead)).collect()),
        todos,
        date: date.rsplit_once(' ').map_or_else(|| date.clone(), |(day, _)| day.to_owned()),
        chrome,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    /// `open`, `done` or `all`.
    show: String,
    text: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "worker/cases.html")]
struct Cases {
    chrome: Chrome,
    wish: Wish,
    items: Vec<Item>,
    next: Option<String>,
}

async fn cases(ctx: Ctx, Query(wish): Query<Wish>) -> WebResult {
    let desk = Desk::of(&ctx)?;
    let states: Vec<CaseState> = match wish.show.as_str() {
        "all" => Vec::new(),
        "done" => CaseState::ALL.iter().copied().filter(|s| s.is_over()).collect(),
        _ => CaseState::ALL.iter().copied().filter(|s| !s.is_over()).collect(),
    };
    let filter =
        Filter { states, ..Filter::default() }.find(&*ctx.district.port::<AccessPort>()?, &wish.text)?;
    let after = wish.after.as_deref().and_then(|cursor| cursor.parse().ok());
    let mut conn = ctx.read().await?;
    let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
    let rows = read::page(
        &mut conn,
        &ctx.district,
        (&scope(&ctx, "case.list")?, &filter),
        Sort::Newest,
        after,
        PAGE,
    )
    .await?;
    let page = Cases {
        chrome: desk.chrome(&ctx, "worker-cases-title"),
        items: rows.items.iter().map(|row| item(row, &ctx, &desk, &book)).collect(),
        next: rows.next,
        wish,
    };
    Ok(ctx.page(&page)?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/work", Access::May("case.list"), today),
        Route::get("/work/cases", Access::May("case.list"), cases),
    ]
}
