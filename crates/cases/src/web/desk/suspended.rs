//! `/desk/suspended`: what waits for better days, by the day on which it is looked at again.

use askama::Template;
use axum::{extract::Query, http::StatusCode};
use linli_kernel::Cursor;
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{
    room::{Room, chrome, page},
    view::Line,
};
use crate::{
    model::CaseState,
    read::{self, Filter, Sort},
};

const PAGE: usize = 50;

#[derive(Debug, Deserialize)]
struct Asked {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/suspended.html")]
struct SuspendedPage {
    chrome: Chrome,
    rows: Vec<Line>,
    next: Option<String>,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let scope = room.scope(&ctx, "clock.view");
    let filter = Filter { states: vec![CaseState::Suspended], ..Filter::default() };
    let after: Option<Cursor> = asked.after.and_then(|a| a.parse().ok());
    // The one clock that runs in a suspended case is the one of its review.
    let found =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter), Sort::NextDue, after, PAGE).await?;
    let template = SuspendedPage {
        chrome: chrome(&ctx, &room, "desk-suspended"),
        rows: found.items.iter().map(|row| Line::of(&ctx, &room, row)).collect(),
        next: found.next.map(|next| format!("/desk/suspended?after={next}")),
    };
    page(&ctx, StatusCode::OK, &template)
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/suspended", Access::May("clock.view"), show)]
}
