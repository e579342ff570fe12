//! `/desk/cases/{id}`: one case with all that can be done about it now.

mod look;
mod task;

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::Result;
use linli_web::{Access, Chrome, Ctx, Route, WebResult, prefs::local};
use serde::Deserialize;

pub(super) use self::look::{CaseView, view};
use super::{
    acts::{self, Around},
    forms::Form,
    lists,
    room::{Beside, Room, chrome, page, said},
};
use crate::{
    app,
    model::{Action, Case, CaseId, ClockKind},
    read,
};

pub(super) fn allowed(ctx: &Ctx, room: &Room, case: &Case) -> Vec<Action> {
    app::allowed(&room.access.policy, &ctx.actor, case, &room.book.rules)
}

/// Everything from which the forms of a case are made; one query, for the ready replies.
pub(super) async fn around<'a>(
    ctx: &'a Ctx,
    room: &mut Room,
    case: &'a Case,
    beside: &'a Beside,
    back: String,
) -> Result<Around<'a>> {
    let fitting = app::templates::fitting(&mut room.conn, case.category.as_deref(), case.state).await?;
    let mut also = vec![case.lead];
    also.extend(&case.assisting);
    let category = case.category.as_deref().and_then(|code| room.atlas.category(code));
    let extension = room.book.rules.find(case.whistle, ClockKind::Close).map_or(0, |r| r.extension);
    Ok(Around {
        locale: &ctx.locale,
        case,
        now: room.now,
        person: ctx.actor.name(),
        extension,
        photo_required: category.is_some_and(|c| c.photo_required),
        orgs: lists::orgs(&room.atlas, &ctx.locale, &case.area, &also),
        categories: lists::categories(&room.atlas),
        areas: lists::places(&room.atlas, &case.area),
        replies: fitting.into_iter().take(6).map(|t| (t.title, t.body)).collect(),
        refused: beside.refused(),
        back,
        once: ctx.request.clone(),
    })
}

#[derive(Template)]
#[template(path = "desk/case.html")]
struct CasePage {
    chrome: Chrome,
    view: CaseView,
    back: (String, String),
    first: Vec<Form>,
    more: Vec<Form>,
    /// The board, for a case that waits for dispatch by this desk.
    to_triage: Option<String>,
    can_task: bool,
    task_form: Option<Form>,
    done: String,
    trouble: String,
}

/// What was refused although the page has no form for it any more: nothing typed gets lost.
pub(super) fn trouble(beside: &Beside, shown: &[&Form]) -> String {
    let Some((action, typed, _, why)) = &beside.refused else { return String::new() };
    let id = format!("act-{action}");
    if shown.iter().any(|f| f.id == id) {
        return String::new();
    }
    let words: Vec<&str> = typed
        .pairs()
        .filter(|(name, value)| is_words(name) && !value.trim().is_empty())
        .map(|(_, v)| v)
        .collect();
    if words.is_empty() { why.clone() } else { format!("{why} “{}”", words.join("” “")) }
}

fn is_words(name: &str) -> bool {
    matches!(name, "note" | "reason" | "text" | "plan" | "question" | "done" | "reply" | "comment")
}

/// From where somebody came, for the way back.
fn came_from(ctx: &Ctx, room: &Room) -> (String, String) {
    let (href, key) = if room.may(ctx, "board.view") {
        ("/desk/cases", "desk-cases")
    } else {
        ("/desk/inbox", "desk-inbox")
    };
    (href.to_owned(), ctx.locale.t(key))
}

/// The page, as it is or with a refused form in it.
pub(super) async fn render(ctx: &Ctx, id: CaseId, beside: Beside) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.read");
    let detail = read::detail(&mut room.conn, &scope, id).await?;
    let view = view(ctx, &room, &detail, &beside)?;
    let back = format!("/desk/cases/{id}");
    let around = around(ctx, &mut room, &detail.case, &beside, back.clone()).await?;
    let allowed = allowed(ctx, &room, &detail.case);
    let (first, more) = acts::forms(&around, &allowed);
    let shown: Vec<&Form> = first.iter().chain(&more).collect();
    let trouble = trouble(&beside, &shown);
    let task_form = task::form(ctx, &room, &detail.case, &back);
    let mut chrome = chrome(ctx, &room, "desk-case");
    chrome.title.clone_from(&detail.row.title);
    let template = CasePage {
        chrome,
        back: came_from(ctx, &room),
        first,
        more,
        to_triage: super::triage::waits(&allowed, detail.case.state, room.may(ctx, "case.dispatch"))
            .then(|| format!("/desk/triage?case={id}")),
        can_task: task_form.is_some(),
        task_form,
        done: said(ctx, &beside.done),
        trouble,
        view,
    };
    page(ctx, beside.status(), &template)
}

#[derive(Deserialize)]
struct Shown {
    done: Option<String>,
}

async fn show(ctx: Ctx, Path(which): Path<String>, Query(query): Query<Shown>) -> WebResult {
    let Ok(id) = which.parse::<CaseId>() else {
        // What people know of a case and type into the address is its number.
        let mut room = Room::enter(&ctx).await?;
        let scope = room.scope(&ctx, "case.read");
        let id = read::id_by_number(&mut room.conn, &scope, &which).await?;
        return Ok(Redirect::to(&format!("/desk/cases/{id}")).into_response());
    };
    render(&ctx, id, Beside::done(query.done)).await
}

#[derive(Template)]
#[template(path = "desk/moved.html")]
struct Moved {
    chrome: Chrome,
    id: CaseId,
    entries: usize,
    changed: bool,
}

#[derive(Deserialize)]
struct Seen {
    entries: usize,
}

/// Whether anything has happened since the page was opened: told, not thrown over what is being written.
async fn moved(ctx: Ctx, Path(id): Path<CaseId>, Query(seen): Query<Seen>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let scope = room.scope(&ctx, "case.read");
    let now = read::timeline(&mut room.conn, &scope, id).await?.len();
    let template = Moved {
        chrome: chrome(&ctx, &room, "desk-case"),
        id,
        entries: seen.entries,
        changed: now != seen.entries,
    };
    page(&ctx, StatusCode::OK, &template)
}

#[derive(Deserialize)]
struct Why {
    reason: String,
    back: Option<String>,
}

/// Shows the contact in clear once; the look is in the activity log before the page is answered.
async fn contact(ctx: Ctx, Path(id): Path<CaseId>, axum::Form(why): axum::Form<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    let contact = app::unmask(&mut op, id, &why.reason).await?;
    op.commit().await?;
    let beside = Beside { clear: Some(contact), ..Beside::default() };
    super::act::again(&ctx, id, &local(why.back.as_deref()), beside).await
}

pub(super) fn routes() -> Vec<Route> {
    let read = Access::May("case.read");
    vec![
        Route::get("/desk/cases/{id}", read, show),
        Route::get("/desk/cases/{id}/moved", read, moved),
        Route::post("/desk/cases/{id}/contact", Access::May("case.read_contact"), contact),
        Route::post("/desk/cases/{id}/task", Access::May("case.task_add"), task::add),
    ]
}
