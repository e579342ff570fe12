//! `/desk/inbox`: what a department or section has to do.

use askama::Template;
use axum::{extract::Query, http::StatusCode};
use linli_access::Scope;
use linli_kernel::{Cursor, Result, actor::OrgId};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{
    room::{Room, chrome, page},
    view::Line,
};
use crate::{
    model::CaseState,
    read::{self, BoardCounts, Filter, Sort},
};

const PAGE: usize = 40;
const TABS: [&str; 5] = ["accept", "hand", "due", "assist", "done"];

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    tab: String,
    after: Option<String>,
}

struct Tab {
    value: &'static str,
    label: String,
    count: Option<i64>,
    bad: bool,
    chosen: bool,
}

/// The organisations that the person works for, whatever the reach of the role.
fn own(ctx: &Ctx) -> Vec<OrgId> {
    let mut orgs: Vec<OrgId> = ctx.actor.posts().iter().map(|p| p.org).collect();
    orgs.dedup();
    orgs
}

fn scope_of(ctx: &Ctx, room: &Room) -> Scope {
    let mut scope = room.scope(ctx, "case.list");
    // An inbox holds what the own organisations take part in, also for somebody who may see more.
    if !scope.areas.is_empty() {
        scope.areas.clear();
        scope.orgs = own(ctx);
    }
    scope
}

fn tabs(ctx: &Ctx, chosen: &str, counts: &BoardCounts) -> Vec<Tab> {
    TABS.iter()
        .map(|tab| Tab {
            value: tab,
            label: ctx.locale.t(&format!("desk-inbox-{tab}")),
            count: match *tab {
                "accept" => Some(counts.to_accept),
                "hand" => Some(counts.in_hand),
                "due" => Some(counts.overdue + counts.due_soon),
                _ => None,
            },
            bad: *tab == "accept" && counts.to_accept > 0 || *tab == "due" && counts.overdue > 0,
            chosen: *tab == chosen,
        })
        .collect()
}

fn filter(room: &Room, tab: &str, first: Option<OrgId>) -> (Filter, Sort) {
    let in_states = |states: &[CaseState]| Filter { states: states.to_vec(), ..Filter::default() };
    let hand = [CaseState::Accepted, CaseState::OnSite, CaseState::Returned, CaseState::Suspended];
    match tab {
        "hand" => (in_states(&hand), Sort::Newest),
        "due" => {
            let soon = room.now.plus(std::time::Duration::from_hours(24));
            (Filter { overdue: Some(soon), ..Filter::default() }, Sort::NextDue)
        }
        "assist" => {
            let open = [CaseState::Assigned, CaseState::Accepted, CaseState::OnSite];
            (Filter { org: first, ..in_states(&open) }, Sort::Newest)
        }
        "done" => (
            in_states(&[CaseState::Resolved, CaseState::Verifying, CaseState::Closed, CaseState::Rated]),
            Sort::Newest,
        ),
        _ => (in_states(&[CaseState::Assigned, CaseState::Reopened]), Sort::NextDue),
    }
}

struct Inbox {
    tab: &'static str,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    next: Option<String>,
    counts: BoardCounts,
}

async fn load(ctx: &Ctx, room: &mut Room, asked: &Asked) -> Result<Inbox> {
    let tab = TABS.iter().find(|t| **t == asked.tab).copied().unwrap_or("accept");
    let scope = scope_of(ctx, room);
    let counts = read::counts(&mut room.conn, &ctx.district, &scope, room.now).await?;
    let mine = own(ctx);
    let (filter, sort) = filter(room, tab, mine.first().copied());
    let after: Option<Cursor> = asked.after.as_ref().and_then(|a| a.parse().ok());
    let found = read::page(&mut room.conn, &ctx.district, (&scope, &filter), sort, after, PAGE).await?;
    let shown = found.items.iter().filter(|row| tab != "assist" || !mine.contains(&row.lead));
    Ok(Inbox {
        tab,
        tabs: tabs(ctx, tab, &counts),
        lines: shown.map(|row| Line::of(ctx, room, row)).collect(),
        next: found.next,
        counts,
    })
}

#[derive(Template)]
#[template(path = "desk/inbox.html")]
struct InboxPage {
    chrome: Chrome,
    head: String,
    sub: String,
    tab: &'static str,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    next: Option<String>,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let Inbox { tab, tabs, lines, next, counts } = load(&ctx, &mut room, &asked).await?;
    let names: Vec<&str> = own(&ctx).iter().map(|org| room.atlas.org_name(*org)).collect::<Vec<_>>();
    let head = ctx.locale.t_with("desk-inbox-of", &[("name", names.join("、"))]);
    let hand = counts.in_hand + counts.to_accept;
    let sub = ctx
        .locale
        .t_with("desk-inbox-sub", &[("n", hand.to_string()), ("accept", counts.to_accept.to_string())]);
    let chrome = chrome(&ctx, &room, "desk-inbox");
    page(&ctx, StatusCode::OK, &InboxPage { chrome, head, sub, tab, tabs, lines, next })
}

#[derive(Template)]
#[template(path = "desk/inbox_rows.html")]
struct RowsPiece {
    chrome: Chrome,
    tab: &'static str,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    next: Option<String>,
}

async fn fragment(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let Inbox { tab, tabs, lines, next, .. } = load(&ctx, &mut room, &asked).await?;
    let chrome = chrome(&ctx, &room, "desk-inbox");
    page(&ctx, StatusCode::OK, &RowsPiece { chrome, tab, tabs, lines, next })
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May("case.list");
    vec![Route::get("/desk/inbox", view, show), Route::get("/desk/inbox/rows", view, fragment)]
}
