//! The queue of the board: what waits for this desk, and the piece that renews itself.

use askama::Template;
use axum::{extract::Query, http::StatusCode};
use linli_kernel::{Cursor, Result, Role};
use linli_web::{Chrome, Ctx, WebResult};
use serde::Deserialize;

use crate::{
    model::{CaseId, CaseState, Level, Source},
    read::{self, Filter, Sort},
    web::desk::{
        forms::Choice,
        room::{Room, chrome, page},
        view::Line,
    },
};

const PAGE: usize = 40;

/// Which part of the queue is looked at.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web::desk) struct Asked {
    #[serde(default)]
    pub(super) f: String,
    after: Option<String>,
    pub(super) case: Option<CaseId>,
    pub(super) done: Option<String>,
}

/// The same, read from the address to which a form leads back.
pub(in crate::web::desk) fn asked_in(back: &str) -> Asked {
    let query = back.split_once('?').map_or("", |(_, query)| query);
    let f = query.split('&').find_map(|p| p.strip_prefix("f=")).unwrap_or_default();
    Asked { f: part(f).to_owned(), ..Asked::default() }
}

const PARTS: [&str; 4] = ["new", "dispatch", "hotline", "urgent"];

pub(super) fn part(f: &str) -> &'static str {
    PARTS.iter().find(|p| **p == f).copied().unwrap_or("new")
}

/// What stands in the queue: a grid answers its own regular whistle, so that is not in it.
fn filter(ctx: &Ctx, part: &str) -> Filter {
    let fresh = Filter { states: vec![CaseState::Reported], ..Filter::default() };
    match part {
        "dispatch" => {
            let level = if ctx.actor.is(Role::DistrictCentre) { Level::District } else { Level::Street };
            let states = vec![CaseState::Filed, CaseState::Reopened];
            Filter { states, level: Some(level), ..Filter::default() }
        }
        "hotline" => Filter { source: Some(Source::Hotline), ..fresh },
        "urgent" => Filter {
            states: vec![CaseState::Reported, CaseState::Filed, CaseState::Reopened],
            urgent: true,
            ..Filter::default()
        },
        _ => fresh,
    }
}

pub(super) struct Queue {
    pub(super) head: String,
    pub(super) lines: Vec<Line>,
    pub(super) next: Option<String>,
    pub(super) choices: Vec<Choice>,
    /// For the fragment that renews the queue.
    pub(super) query: String,
    /// For links within it.
    pub(super) suffix: String,
    /// Whether many can be accepted at once by this person.
    pub(super) bulk: bool,
}

pub(super) async fn queue(
    ctx: &Ctx,
    room: &mut Room,
    asked: &Asked,
    current: Option<CaseId>,
) -> Result<Queue> {
    let scope = room.scope(ctx, "board.view");
    let wanted = part(&asked.f);
    let after: Option<Cursor> = asked.after.as_ref().and_then(|a| a.parse().ok());
    let page =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter(ctx, wanted)), Sort::NextDue, after, PAGE)
            .await?;
    let mut lines: Vec<Line> = page.items.iter().map(|row| Line::of(ctx, room, row)).collect();
    for line in &mut lines {
        line.current = Some(line.id) == current;
    }
    let key = if page.next.is_some() { "desk-triage-head-many" } else { "desk-triage-head" };
    let choices = PARTS
        .iter()
        .map(|p| Choice {
            chosen: *p == wanted,
            ..Choice::new(*p, ctx.locale.t(&format!("desk-filter-{p}")))
        })
        .collect();
    let mut query = format!("?f={wanted}");
    if let Some(after) = after {
        query = format!("{query}&after={after}");
    }
    if let Some(id) = current {
        query = format!("{query}&case={id}");
    }
    Ok(Queue {
        head: ctx.locale.t_with(key, &[("n", lines.len().to_string())]),
        lines,
        next: page.next,
        choices,
        query,
        suffix: format!("&f={wanted}"),
        bulk: room.may(ctx, "case.dispatch"),
    })
}

#[derive(Template)]
#[template(path = "desk/triage_queue.html")]
struct QueuePiece {
    chrome: Chrome,
    queue: Queue,
}

pub(super) async fn fragment(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let current = asked.case;
    let queue = queue(&ctx, &mut room, &asked, current).await?;
    page(&ctx, StatusCode::OK, &QueuePiece { chrome: chrome(&ctx, &room, "desk-triage"), queue })
}
