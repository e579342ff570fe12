//! `/desk/followups`: calls to make (回访), one after the other.

use askama::Template;
use axum::extract::Query;
use linli_kernel::Cursor;
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{
    acts,
    case::{self, CaseView},
    forms::Form,
    room::{Beside, Room, chrome, page, said},
    view::Line,
};
use crate::{
    model::{Action, CaseId, CaseState},
    read::{self, Filter, Sort},
};

const PAGE: usize = 30;

#[derive(Debug, Deserialize)]
struct Asked {
    case: Option<CaseId>,
    after: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/followups.html")]
struct FollowupsPage {
    chrome: Chrome,
    head: String,
    lines: Vec<Line>,
    next: Option<String>,
    view: Option<CaseView>,
    form: Option<Form>,
    more: Vec<Form>,
    skip: Option<CaseId>,
    done: String,
    trouble: String,
}

fn is_form(form: &Form, action: Action) -> bool {
    form.id == format!("act-{action}")
}

/// The list with one call open.
pub(super) async fn render(
    ctx: &Ctx,
    after: Option<String>,
    chosen: Option<CaseId>,
    beside: Beside,
) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.callback");
    let filter = Filter {
        states: vec![CaseState::Verifying, CaseState::Closed, CaseState::Rated],
        called: Some(false),
        reachable: Some(true),
        tasks: Some(false),
        ..Filter::default()
    };
    let after: Option<Cursor> = after.and_then(|a| a.parse().ok());
    let found =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter), Sort::Newest, after, PAGE).await?;
    let mut lines: Vec<Line> = found.items.iter().map(|row| Line::of(ctx, &room, row)).collect();
    let current = chosen.or_else(|| lines.first().map(|l| l.id));
    let place = lines.iter().position(|l| Some(l.id) == current);
    let skip = lines.get(place.map_or(0, |n| n + 1)).map(|l| l.id);
    for line in &mut lines {
        line.current = Some(line.id) == current;
    }
    let key = if found.next.is_some() { "desk-followup-head-many" } else { "desk-followup-head" };
    let mut template = FollowupsPage {
        chrome: chrome(ctx, &room, "desk-followups"),
        head: ctx.locale.t_with(key, &[("n", lines.len().to_string())]),
        lines,
        next: found.next,
        view: None,
        form: None,
        more: Vec::new(),
        skip,
        done: said(ctx, &beside.done),
        trouble: String::new(),
    };
    if let Some(id) = current {
        let scope = room.scope(ctx, "case.read");
        let detail = read::detail(&mut room.conn, &scope, id).await?;
        template.view = Some(case::view(ctx, &room, &detail, &beside)?);
        let around =
            case::around(ctx, &mut room, &detail.case, &beside, "/desk/followups".to_owned()).await?;
        let (first, more) = acts::forms(&around, &case::allowed(ctx, &room, &detail.case));
        let mut forms: Vec<Form> = first
            .into_iter()
            .chain(more)
            .filter(|f| [Action::FollowUp, Action::Reopen, Action::Rate].iter().any(|a| is_form(f, *a)))
            .collect();
        template.trouble = case::trouble(&beside, &forms.iter().collect::<Vec<_>>());
        if let Some(n) = forms.iter().position(|f| is_form(f, Action::FollowUp)) {
            let mut form = forms.remove(n);
            form.tone = "primary";
            form.shortcut = "d";
            template.form = Some(form);
        }
        template.more = forms;
    }
    page(ctx, beside.status(), &template)
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    render(&ctx, asked.after, asked.case, Beside::done(asked.done)).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/followups", Access::May("case.callback"), show)]
}
