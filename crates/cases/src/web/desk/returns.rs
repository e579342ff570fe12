//! `/desk/returns`: returns, extensions and suspensions that wait for a decision.

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
    model::{Action, CaseId},
    read::{self, AskKind, Filter, Sort},
};

const PAGE: usize = 50;

#[derive(Debug, Deserialize)]
struct Asked {
    case: Option<CaseId>,
    after: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/returns.html")]
struct ReturnsPage {
    chrome: Chrome,
    head: String,
    lines: Vec<Line>,
    next: Option<String>,
    /// Where this list is read again when a case changes.
    here: String,
    chosen: bool,
    view: Option<CaseView>,
    forms: Vec<Form>,
    done: String,
    trouble: String,
}

fn decides(form: &Form) -> bool {
    [
        Action::DecideReturn,
        Action::ConsentReturn,
        Action::DecideExtension,
        Action::Suspend,
        Action::RefuseSuspension,
    ]
    .iter()
    .any(|a| form.id == format!("act-{a}"))
}

/// The list with one request open.
pub(super) async fn render(
    ctx: &Ctx,
    after: Option<String>,
    chosen: Option<CaseId>,
    beside: Beside,
) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.decide_return");
    let filter = Filter { asks: AskKind::ALL.to_vec(), ..Filter::default() };
    let part = |name: &str, value: Option<String>| value.map_or_else(String::new, |v| format!("&{name}={v}"));
    let here = format!(
        "/desk/returns?{}{}",
        part("after", after.clone()),
        part("case", chosen.map(|id| id.to_string()))
    );
    let after: Option<Cursor> = after.and_then(|a| a.parse().ok());
    // A case put aside has no running clock: the newest request, not the next clock, orders this list.
    let found =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter), Sort::Newest, after, PAGE).await?;
    let mut lines: Vec<Line> = found.items.iter().map(|row| Line::of(ctx, &room, row)).collect();
    let current = chosen.or_else(|| lines.first().map(|l| l.id));
    for line in &mut lines {
        line.current = Some(line.id) == current;
    }
    let key = if found.next.is_some() { "desk-returns-head-many" } else { "desk-returns-head" };
    let mut template = ReturnsPage {
        chrome: chrome(ctx, &room, "desk-returns"),
        head: ctx.locale.t_with(key, &[("n", lines.len().to_string())]),
        lines,
        next: found.next,
        here,
        chosen: chosen.is_some(),
        view: None,
        forms: Vec::new(),
        done: said(ctx, &beside.done),
        trouble: String::new(),
    };
    if let Some(id) = current {
        let scope = room.scope(ctx, "case.read");
        let detail = read::detail(&mut room.conn, &scope, id).await?;
        template.view = Some(case::view(ctx, &room, &detail, &beside)?);
        let around = case::around(ctx, &mut room, &detail.case, &beside, "/desk/returns".to_owned()).await?;
        let (first, more) = acts::forms(&around, &case::allowed(ctx, &room, &detail.case));
        template.forms = first.into_iter().chain(more).filter(decides).collect();
        if detail.case.ask.is_none() {
            template.forms.clear();
        }
        template.trouble = case::trouble(&beside, &template.forms.iter().collect::<Vec<_>>());
        if let Some(form) = template.forms.first_mut() {
            form.open = true;
            form.shortcut = "d";
            form.tone = "primary";
        }
    }
    page(ctx, beside.status(), &template)
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    render(&ctx, asked.after, asked.case, Beside::done(asked.done)).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/returns", Access::May("case.decide_return"), show)]
}
