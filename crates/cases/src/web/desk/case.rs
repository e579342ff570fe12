//! `/desk/cases/{id}`: one case with all that can be done about it now.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_access::Target;
use linli_kernel::{AreaCode, Error, Result};
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult, prefs::local};
use serde::Deserialize;

use super::{
    acts::{self, Around},
    forms::{Fill, Form, Typed},
    lists,
    room::{Beside, Room, chrome, page, said},
    timeline::{self, Happened},
    view::{Clock, Line, Reporter, tone, worker},
};
use crate::{
    app,
    model::{Action, Ask, Case, CaseId, CaseState, ClockKind, Who},
    read::{self, Detail, Related},
};

/// A photo of the case.
pub(super) struct Shot {
    pub(super) full: String,
    pub(super) small: String,
    pub(super) alt: String,
    pub(super) note: String,
}

pub(super) struct Step {
    class: &'static str,
    name: String,
    when: String,
}

/// What a lead asks for.
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) by: String,
    pub(super) note: String,
    pub(super) text: String,
}

/// A case as its page, the triage board and the other desks draw it.
pub(super) struct CaseView {
    pub(super) line: Line,
    pub(super) area: AreaCode,
    pub(super) text: String,
    pub(super) address: String,
    pub(super) worker: String,
    pub(super) category: String,
    pub(super) basis: String,
    pub(super) point: Option<(f64, f64)>,
    pub(super) reporter: Reporter,
    pub(super) photos: Vec<Shot>,
    pub(super) steps: Vec<Step>,
    pub(super) ask: Option<Asked>,
    pub(super) second_return: bool,
    pub(super) waiting: bool,
    pub(super) over: bool,
    pub(super) assisting: Vec<String>,
    pub(super) clocks: Vec<Clock>,
    pub(super) replies: Vec<(String, String)>,
    pub(super) tasks: Vec<TaskLine>,
    pub(super) parent: Option<(String, String)>,
    pub(super) merged: Option<(String, String)>,
    pub(super) entries: usize,
    pub(super) can_merge: bool,
    pub(super) merge_url: String,
    happened: Vec<Happened>,
}

pub(super) struct TaskLine {
    url: String,
    title: String,
    number: String,
    lead: String,
    state: String,
    tone: &'static str,
}

impl CaseView {
    pub(super) fn timeline(&self, chrome: &Chrome) -> Markup {
        timeline::show(chrome, &self.happened)
    }
}

const STEPS: [(&str, &[Action]); 7] = [
    ("report", &[Action::Report]),
    ("file", &[Action::File]),
    ("dispatch", &[Action::Dispatch, Action::ConsentReturn, Action::DecideReturn]),
    ("work", &[Action::Accept, Action::Arrive, Action::ConsentReturn]),
    ("resolve", &[Action::Resolve]),
    ("close", &[Action::Close]),
    ("rate", &[Action::Rate]),
];

/// How many of the seven steps are done.
fn steps_done(state: CaseState) -> usize {
    match state {
        CaseState::Reported => 1,
        CaseState::Filed | CaseState::Reopened | CaseState::Declined | CaseState::Merged => 2,
        CaseState::Assigned
        | CaseState::Accepted
        | CaseState::OnSite
        | CaseState::Returned
        | CaseState::Suspended => 3,
        CaseState::Resolved | CaseState::Verifying => 5,
        CaseState::Closed => 6,
        CaseState::Rated => 7,
    }
}

fn steps(ctx: &Ctx, detail: &Detail) -> Vec<Step> {
    let done = steps_done(detail.row.state);
    let stopped = matches!(detail.row.state, CaseState::Declined | CaseState::Merged);
    STEPS
        .iter()
        .enumerate()
        .map(|(n, (name, actions))| {
            let at = detail.timeline.iter().rev().find(|e| actions.contains(&e.action)).map(|e| e.at);
            let when = at.filter(|_| n < done).map(|at| ctx.locale.time(at)).unwrap_or_default();
            let class = match n {
                n if n < done => "done",
                n if n == done && stopped => "stopped",
                n if n == done => "now",
                _ => "",
            };
            Step { class, name: ctx.locale.t(&format!("desk-step-{name}")), when }
        })
        .collect()
}

fn asked(ctx: &Ctx, room: &Room, detail: &Detail) -> Option<Asked> {
    let ask = detail.case.ask.as_ref()?;
    let t = |key: &str, args: &[(&str, String)]| ctx.locale.t_with(key, args);
    let (head, text, action) = match ask {
        Ask::Return { reason, to, .. } => (
            "desk-ask-return",
            t(
                "desk-ask-return-text",
                &[
                    ("reason", ctx.locale.t(&format!("desk-return-{reason}"))),
                    ("to", room.atlas.org_name(*to).to_owned()),
                ],
            ),
            Action::RequestReturn,
        ),
        Ask::Extension { days, .. } => (
            "desk-ask-extension",
            t("desk-ask-extension-text", &[("days", days.to_string())]),
            Action::RequestExtension,
        ),
        Ask::Suspension { review, .. } => (
            "desk-ask-suspension",
            t("desk-ask-suspension-text", &[("day", ctx.locale.time(*review))]),
            Action::RequestSuspension,
        ),
    };
    let entry = detail.timeline.iter().rev().find(|e| e.action == action);
    let by = entry.map(|e| {
        let org = e.org.map(|org| room.atlas.org_name(org)).unwrap_or_default();
        t("desk-ask-by", &[("who", format!("{org} {}", e.name)), ("at", ctx.locale.time(e.at))])
    });
    Some(Asked {
        head: ctx.locale.t(head),
        by: by.unwrap_or_default(),
        note: entry.and_then(|e| e.note.clone()).unwrap_or_default(),
        text,
    })
}

fn shots(ctx: &Ctx, detail: &Detail) -> Vec<Shot> {
    let label = |work: bool| ctx.locale.t(if work { "desk-photo-work" } else { "desk-photo-report" });
    detail
        .photos
        .iter()
        .enumerate()
        .map(|(n, p)| Shot {
            full: format!("/cases/{}/photos/{}", detail.row.id, p.id),
            small: format!("/cases/{}/photos/{}?small=1", detail.row.id, p.id),
            alt: format!("{} {}", label(p.work), n + 1),
            note: label(p.work),
        })
        .collect()
}

fn replies(ctx: &Ctx, detail: &Detail) -> Vec<(String, String)> {
    let said = detail.timeline.iter().rev().filter_map(|e| Some((e.at, e.facts.get("reply")?)));
    said.map(|(at, reply)| (ctx.locale.time(at), reply.clone())).collect()
}

fn related(other: &Related) -> (String, String) {
    (format!("/desk/cases/{}", other.id), format!("{} {}", other.number, other.title))
}

/// Draws a loaded case.
pub(super) fn view(ctx: &Ctx, room: &Room, detail: &Detail, beside: &Beside) -> Result<CaseView> {
    let (row, case) = (&detail.row, &detail.case);
    let orgs = crate::store::orgs(case);
    let target = Target { area: &case.area, orgs: &orgs };
    let may_look = room.access.policy.permits(&ctx.actor, "case.read_contact", &target).is_ok();
    let reporter = detail.reporter(&room.access, &ctx.actor)?;
    let duty = row.category.as_deref().and_then(|code| room.atlas.duty(code));
    let basis = duty.map_or_else(String::new, |d| {
        let lead = room.atlas.org_name(d.lead);
        d.basis.as_ref().map_or_else(|| lead.to_owned(), |basis| format!("{lead} · {basis}"))
    });
    let live = case.clocks.iter().filter(|c| c.is_live());
    Ok(CaseView {
        line: Line::of(ctx, room, row),
        area: row.area.at(linli_kernel::area::AreaLevel::Community).unwrap_or_else(|| row.area.clone()),
        text: detail.text.clone(),
        address: row.address.clone(),
        worker: worker(&room.atlas, &row.area),
        category: row
            .category
            .as_deref()
            .map_or_else(|| ctx.locale.t("desk-uncategorised"), |code| room.atlas.category_path(code)),
        basis,
        point: row.lat.zip(row.lng),
        reporter: Reporter::of(row.id, &reporter, beside.clear.as_ref(), may_look),
        photos: shots(ctx, detail),
        steps: steps(ctx, detail),
        ask: asked(ctx, room, detail),
        second_return: case.returns > 1 && matches!(case.ask, Some(Ask::Return { .. })),
        waiting: row.waiting,
        over: row.state.is_over(),
        assisting: case.assisting.iter().map(|org| room.atlas.org_name(*org).to_owned()).collect(),
        clocks: live.map(|c| Clock::of(c, &room.book, room.now, &ctx.locale)).collect(),
        replies: replies(ctx, detail),
        tasks: detail.tasks.iter().map(|t| task(ctx, room, t)).collect(),
        parent: detail.parent.as_ref().map(related),
        merged: detail.followed.as_ref().map(|f| {
            let (url, _) = related(f);
            (url, ctx.locale.t_with("desk-merged-into", &[("number", f.number.clone())]))
        }),
        entries: detail.timeline.len(),
        can_merge: allowed(ctx, room, case).contains(&Action::Merge) && case.open_tasks == 0,
        merge_url: acts::address(row.id, Action::Merge),
        happened: timeline::lines(&ctx.locale, &room.atlas, &detail.timeline),
    })
}

fn task(ctx: &Ctx, room: &Room, task: &Related) -> TaskLine {
    TaskLine {
        url: format!("/desk/cases/{}", task.id),
        title: task.title.clone(),
        number: task.number.clone(),
        lead: room.atlas.org_name(task.lead).to_owned(),
        state: ctx.locale.t(&format!("desk-state-{}", task.state)),
        tone: tone(task.state),
    }
}

pub(super) fn allowed(ctx: &Ctx, room: &Room, case: &Case) -> Vec<Action> {
    app::allowed(&room.access.policy, &ctx.actor, case)
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
        who: Who::from(&ctx.actor),
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

fn task_form(ctx: &Ctx, room: &Room, case: &Case, back: &str) -> Option<Form> {
    let orgs = crate::store::orgs(case);
    let target = Target { area: &case.area, orgs: &orgs };
    let may = room.access.policy.permits(&ctx.actor, "case.task_add", &target).is_ok();
    if !may || case.state.is_over() || case.parent.is_some() {
        return None;
    }
    let fill = Fill { locale: &ctx.locale, prefix: "task".to_owned(), typed: None, problems: None };
    let mut groups = lists::orgs(&room.atlas, &ctx.locale, &case.area, &[]);
    groups.insert(0, acts::none(&ctx.locale));
    Some(Form {
        id: "act-task".to_owned(),
        url: format!("/desk/cases/{}/task", case.id),
        title: ctx.locale.t("desk-act-task"),
        hint: String::new(),
        submit: ctx.locale.t("desk-act-task-do"),
        icon: "plus",
        tone: "",
        shortcut: "",
        fields: vec![
            fill.line("title", "desk-task-title", ""),
            fill.lines("text", "desk-task-text"),
            fill.pick("lead", "desk-task-lead", groups, ""),
        ],
        open: false,
        trouble: String::new(),
        back: back.to_owned(),
        once: format!("{}-task", ctx.request),
    })
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
    let (first, more) = acts::forms(&around, &allowed(ctx, &room, &detail.case));
    let shown: Vec<&Form> = first.iter().chain(&more).collect();
    let trouble = trouble(&beside, &shown);
    let task_form = task_form(ctx, &room, &detail.case, &back);
    let mut chrome = chrome(ctx, &room, "desk-case");
    chrome.title.clone_from(&detail.row.title);
    let template = CasePage {
        chrome,
        back: came_from(ctx, &room),
        first,
        more,
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

async fn show(ctx: Ctx, Path(id): Path<CaseId>, Query(query): Query<Shown>) -> WebResult {
    render(&ctx, id, Beside::done(query.done)).await
}

#[derive(Template)]
#[template(path = "desk/moved.html")]
struct Moved {
    chrome: Chrome,
    id: CaseId,
    entries: usize,
    moved: bool,
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
        moved: now != seen.entries,
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

async fn add_task(ctx: Ctx, Path(id): Path<CaseId>, form: super::act::Sent) -> WebResult<Response> {
    let typed: &Typed = &form.typed;
    let lead = typed.get("lead").trim().parse().map_err(|_| Error::field("lead", "desk-error-choose"))?;
    let mut op = ctx.op().await?;
    let task =
        app::NewTask { title: typed.get("title").to_owned(), text: typed.get("text").to_owned(), lead };
    app::add_task(&mut op, id, task).await?;
    op.commit().await?;
    Ok(super::room::back_to(&format!("/desk/cases/{id}"), "task").into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let read = Access::May("case.read");
    vec![
        Route::get("/desk/cases/{id}", read, show),
        Route::get("/desk/cases/{id}/moved", read, moved),
        Route::post("/desk/cases/{id}/contact", Access::May("case.read_contact"), contact),
        Route::post("/desk/cases/{id}/task", Access::May("case.task_add"), add_task),
    ]
}
