//! `/desk/triage`: queue | case | decision. One key files, classifies, whistles and dispatches.

mod decision;
mod offer;
mod queue;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};

use self::{
    decision::{Decision, decision, dispatch_form},
    offer::{Twin, proposal, twin},
    queue::{Queue, queue},
};
pub(super) use self::{
    offer::{in_a_line, proposed},
    queue::{Asked, asked_in},
};
use super::{
    act::{self, Sent},
    acts,
    case::{self, CaseView},
    forms::Form,
    room::{Beside, Room, back_to, chrome, page, said},
};
use crate::{
    model::{Action, CaseId, CaseState},
    read,
};

#[derive(Template)]
#[template(path = "desk/triage.html")]
struct TriagePage {
    chrome: Chrome,
    queue: Queue,
    view: Option<CaseView>,
    /// Somebody chose this case; on a phone it then fills the screen.
    chosen: bool,
    similar: Vec<Twin>,
    decision: Option<Decision>,
    more: Vec<Form>,
    back: String,
    done: String,
    trouble: String,
}

/// Whether the case still waits for this desk.
pub(super) fn waits(allowed: &[Action], state: CaseState, may_dispatch: bool) -> bool {
    match state {
        CaseState::Reported => may_dispatch && allowed.contains(&Action::File),
        CaseState::Filed | CaseState::Reopened => allowed.contains(&Action::Dispatch),
        _ => false,
    }
}

/// The board with one case on it, or the first of the queue.
pub(super) async fn render(ctx: &Ctx, asked: Asked, chosen: Option<CaseId>, beside: Beside) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let mut queue = queue(ctx, &mut room, &asked, chosen).await?;
    let back = format!("/desk/triage?f={}", queue::part(&asked.f));
    let current = chosen.or_else(|| queue.lines.first().map(|l| l.id));
    let mut board = TriagePage {
        chrome: chrome(ctx, &room, "desk-triage"),
        view: None,
        chosen: chosen.is_some(),
        similar: Vec::new(),
        decision: None,
        more: Vec::new(),
        back: back.clone(),
        done: said(ctx, &beside.done),
        trouble: String::new(),
        queue: Queue {
            head: String::new(),
            lines: Vec::new(),
            next: None,
            choices: Vec::new(),
            query: String::new(),
            suffix: String::new(),
            bulk: false,
        },
    };
    if let Some(id) = current {
        for line in &mut queue.lines {
            line.current = line.id == id;
        }
        if chosen.is_none() {
            queue.query = format!("{}&case={id}", queue.query);
        }
        let scope = room.scope(ctx, "case.read");
        let detail = read::detail(&mut room.conn, &scope, id).await?;
        let guess = read::suggest_for(&mut room.conn, &ctx.district, &scope, id).await?;
        let (proposed, sure) = proposed(&room, &detail.case, guess);
        let twins = read::similar(&mut room.conn, &ctx.district, &scope, id).await?;
        let view = case::view(ctx, &room, &detail, &beside)?;
        let around = case::around(ctx, &mut room, &detail.case, &beside, back.clone()).await?;
        let allowed = case::allowed(ctx, &room, &detail.case);
        board.similar = twins.into_iter().map(|s| twin(ctx, &room, &view.line, s)).collect();
        if waits(&allowed, detail.case.state, room.may(ctx, "case.dispatch")) {
            let proposal = proposal(ctx, &room, &proposed, sure, &detail.case);
            board.decision = Some(decision(&around, &proposed, proposal, &beside));
        }
        let (first, more) = acts::forms(&around, &allowed);
        board.more =
            first.into_iter().chain(more).filter(|f| belongs(&f.id)).map(|f| at_board(f, id)).collect();
        let mut shown: Vec<&Form> = board.more.iter().collect();
        let own = board.decision.as_ref().map(|d| dispatch_form(d, &back));
        shown.extend(own.as_ref());
        board.trouble = case::trouble(&beside, &shown);
        board.view = Some(view);
    }
    board.queue = queue;
    page(ctx, beside.status(), &board)
}

/// What a dispatcher does beside dispatching.
fn belongs(id: &str) -> bool {
    [
        Action::Decline,
        Action::Merge,
        Action::Locate,
        Action::ConfirmUrgent,
        Action::ClearUrgent,
        Action::FlagUrgent,
        Action::HideIdentity,
        Action::File,
        Action::Note,
        Action::Comment,
    ]
    .iter()
    .any(|a| id == format!("act-{a}"))
}

/// What leaves the case in the queue leads back to it; what takes it out leads to the next.
fn at_board(mut form: Form, id: CaseId) -> Form {
    form.shortcut = "";
    form.open = form.open && !form.trouble.is_empty() || !form.errors().is_empty();
    if form.tone == "primary" {
        form.tone = "";
    }
    let leaves = [Action::Decline, Action::Merge].iter().any(|a| form.id == format!("act-{a}"));
    if !leaves {
        form.back = format!("{}&case={id}", form.back);
    }
    form
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let (chosen, done) = (asked.case, asked.done.clone());
    render(&ctx, asked, chosen, Beside::done(done)).await
}

async fn decide(ctx: Ctx, Path(id): Path<CaseId>, sent: Sent) -> WebResult<Response> {
    let back = linli_web::prefs::local(sent.typed.some("back").or(Some("/desk/triage")));
    match decision::run(&ctx, id, &sent.typed).await {
        Ok(()) => Ok(back_to(&back, "triage")),
        Err(error) => {
            let beside = act::refusal(&ctx, id, Action::Dispatch, sent.typed, error).await?;
            render(&ctx, asked_in(&back), Some(id), beside).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May("board.view");
    vec![
        Route::get("/desk/triage", view, show),
        Route::get("/desk/triage/queue", view, queue::fragment),
        Route::post("/desk/triage/{id}", Access::May("case.dispatch"), decide),
    ]
}
