//! Many cases at once: first a summary of what will and what cannot be done, then the doing.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use linli_access::Scope;
use linli_kernel::{Error, Result, error::Check};
use linli_store::{Conn, Where, idempotency};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebError, WebResult, error::words, prefs::local};

use super::{
    act::{self, Sent},
    acts::{self, Around},
    case, commands,
    forms::{Choice, Fill, Form, Typed},
    lists,
    room::{Room, back_to, chrome, page},
    triage,
};
use crate::{
    app::{self, Proof, TriageDecision},
    model::{Action, Case, CaseId, CaseState},
    read::{self, suggest},
    store::{COLUMNS, CaseRecord, ORG_CONDITION},
};

/// The most cases of one go.
const MOST: usize = 200;

/// What can be done to many at once.
const ACTIONS: [Action; 5] =
    [Action::Supervise, Action::Note, Action::AddAssisting, Action::Recategorise, Action::ConfirmUrgent];

/// What this person finds in the list below the table.
pub(super) fn choices(ctx: &Ctx, room: &Room) -> Vec<Choice> {
    ACTIONS
        .iter()
        .filter(|a| room.may(ctx, app::rights::of(**a).policy))
        .map(|a| Choice::new(a.as_str(), ctx.locale.t(&format!("desk-act-{a}"))))
        .collect()
}

/// The picked cases with what was told, within the scope, in one query.
async fn load(conn: &mut Conn, scope: &Scope, ids: &[CaseId]) -> Result<Vec<(CaseRecord, Case, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.any("c.id", ids);
    let text = rows.text();
    let args = rows.args();
    let found: Vec<CaseRecord> = conn
        .all(&format!("SELECT {COLUMNS} FROM case_file c{text} ORDER BY c.reported_at, c.id"), args.clone())
        .await?;
    let bodies: Vec<(CaseId, String)> =
        conn.all(&format!("SELECT c.id, c.body FROM case_file c{text}"), args).await?;
    let bodies: std::collections::HashMap<CaseId, String> = bodies.into_iter().collect();
    found
        .into_iter()
        .map(|record| {
            let case = record.case()?;
            let body = bodies.get(&record.id).cloned().unwrap_or_default();
            Ok((record, case, body))
        })
        .collect()
}

fn picked(typed: &Typed) -> Result<Vec<CaseId>> {
    let ids: Vec<CaseId> = typed.all("case").iter().filter_map(|text| text.parse().ok()).collect();
    if ids.len() > MOST { Err(Error::TooLarge("case-bulk-too-many")) } else { Ok(ids) }
}

#[derive(Template)]
#[template(path = "desk/bulk.html")]
struct BulkPage {
    chrome: Chrome,
    head: String,
    sub: String,
    ready: Vec<(String, String)>,
    refused: Vec<(String, String)>,
    form: Option<Form>,
    back: String,
}

struct Summary {
    what: String,
    ready: Vec<(String, String)>,
    refused: Vec<(String, String)>,
    form: Option<Form>,
    back: String,
}

fn answer(ctx: &Ctx, room: &Room, status: StatusCode, s: Summary) -> WebResult {
    let none = s.ready.is_empty() && s.refused.is_empty() && s.form.is_none();
    let sub = ctx.locale.t(if none { "desk-bulk-none" } else { "desk-bulk-sub" });
    let template = BulkPage {
        chrome: chrome(ctx, room, "desk-bulk"),
        head: ctx.locale.t_with("desk-bulk-head", &[("what", s.what)]),
        sub,
        ready: s.ready,
        refused: s.refused,
        form: s.form,
        back: s.back,
    };
    page(ctx, status, &template)
}

fn run_form(ctx: &Ctx, url: &str, fields: Vec<super::forms::Field>, submit: String, back: &str) -> Form {
    Form {
        id: "bulk-run".to_owned(),
        url: url.to_owned(),
        title: String::new(),
        hint: String::new(),
        submit,
        icon: "check",
        tone: "primary",
        shortcut: "",
        fields,
        open: true,
        trouble: String::new(),
        back: back.to_owned(),
        once: format!("{}-bulk", ctx.request),
    }
}

/// The summary of an action on the picked cases, with its form.
async fn summary(
    ctx: &Ctx,
    action: Action,
    typed: &Typed,
    problems: Option<&Problems>,
) -> WebResult<Response> {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.list");
    let back = local(typed.some("back").or(Some("/desk/cases")));
    let cases = load(&mut room.conn, &scope, &picked(typed)?).await?;
    let (mut ready, mut refused, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let fill = Fill { locale: &ctx.locale, prefix: "bulk".to_owned(), typed: Some(typed), problems };
    for (record, case, _) in &cases {
        let lead = room.atlas.org_name(record.lead);
        let state = ctx.locale.t(&format!("desk-state-{}", record.state));
        let name = format!("{} {}", record.number, record.title);
        if case::allowed(ctx, &room, case).contains(&action) {
            fields.push(fill.hidden("case", record.id.to_string()));
            ready.push((name, format!("{lead} · {state}")));
        } else {
            refused.push((name, format!("{state} · {}", ctx.locale.t("desk-bulk-not-allowed"))));
        }
    }
    if let Some((_, first, _)) = cases.first() {
        let around = Around {
            locale: &ctx.locale,
            case: first,
            now: room.now,
            person: ctx.actor.name(),
            extension: 0,
            photo_required: false,
            orgs: lists::orgs(&room.atlas, &ctx.locale, &ctx.district.area, &[]),
            categories: lists::categories(&room.atlas),
            areas: Vec::new(),
            replies: Vec::new(),
            refused: None,
            back: back.clone(),
            once: ctx.request.clone(),
        };
        fields.extend(acts::fields(&around, &fill, action));
    }
    let submit = ctx.locale.t_with("desk-bulk-run", &[("n", ready.len().to_string())]);
    let form = (!ready.is_empty())
        .then(|| run_form(ctx, &format!("/desk/cases/bulk/{action}"), fields, submit, &back));
    let status = if problems.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let what = ctx.locale.t(&format!("desk-act-{action}"));
    answer(ctx, &room, status, Summary { what, ready, refused, form, back })
}

fn known(word: &str) -> Result<Action> {
    ACTIONS.iter().copied().find(|a| a.as_str() == word).ok_or(Error::NotFound)
}

async fn preview(ctx: Ctx, sent: Sent) -> WebResult<Response> {
    let action = known(sent.typed.get("action"))?;
    summary(&ctx, action, &sent.typed, None).await
}

/// Runs an action on each; those that are refused stay as they are and are counted.
async fn run(
    ctx: Ctx,
    axum::extract::Path(action): axum::extract::Path<String>,
    sent: Sent,
) -> WebResult<Response> {
    let action = known(&action)?;
    let typed = &sent.typed;
    let command = match commands::read(action, typed, 0, None).and_then(|c| worded(typed, action).map(|()| c))
    {
        Ok(command) => command,
        Err(Error::Invalid(fields)) => {
            let problems = Problems::from_fields(&fields, &ctx.locale);
            return summary(&ctx, action, typed, Some(&problems)).await;
        }
        Err(error) => return Err(WebError(error)),
    };
    let mut op = ctx.op().await?;
    let (again, key) = act::repeated(&ctx, &mut op, typed).await?;
    let (mut done, mut left) = (0_usize, Vec::new());
    if !again {
        for id in picked(typed)? {
            match app::act(&mut op, id, command.clone(), Proof::Post, Vec::new()).await {
                Ok(_) => done += 1,
                // A refusal wrote nothing and concerns one case; a failure of the machine ends the whole.
                Err(error @ (Error::Internal(_) | Error::Unavailable(_) | Error::Unauthorised)) => {
                    return Err(WebError(error));
                }
                Err(error) => left.push((id, words(&error, &ctx.locale))),
            }
        }
        if let Some(key) = key {
            idempotency::keep(&mut op.tx, &key, 303, "").await?;
        }
        op.commit().await?;
    }
    let back = local(typed.some("back").or(Some("/desk/cases")));
    outcome(&ctx, &format!("desk-act-{action}"), done, left, back).await
}

/// Back to the list when all was done; else what was done and what was not, with the reason at each.
async fn outcome(
    ctx: &Ctx,
    what: &str,
    done: usize,
    left: Vec<(CaseId, String)>,
    back: String,
) -> WebResult<Response> {
    if left.is_empty() {
        return Ok(back_to(&back, "bulk"));
    }
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.list");
    let ids: Vec<CaseId> = left.iter().map(|(id, _)| *id).collect();
    let known = load(&mut room.conn, &scope, &ids).await?;
    let name = |id: CaseId| {
        let found = known.iter().find(|(record, ..)| record.id == id);
        found.map_or_else(|| id.to_string(), |(record, ..)| format!("{} {}", record.number, record.title))
    };
    let counts = [("done", done.to_string()), ("left", left.len().to_string())];
    let template = BulkPage {
        chrome: chrome(ctx, &room, "desk-bulk"),
        head: ctx.locale.t_with("desk-bulk-head", &[("what", ctx.locale.t(what))]),
        sub: ctx.locale.t_with("desk-bulk-outcome", &counts),
        ready: Vec::new(),
        refused: left.into_iter().map(|(id, why)| (name(id), why)).collect(),
        form: None,
        back,
    };
    page(ctx, StatusCode::OK, &template)
}

/// The words that every action of the list needs, asked for before the first case is touched.
fn worded(typed: &Typed, action: Action) -> Result<()> {
    let mut check = Check::new();
    match action {
        Action::Supervise => {
            check.text("note", typed.get("note"), 2000);
        }
        Action::Note => {
            check.text("text", typed.get("text"), 2000);
        }
        Action::Recategorise => {
            check.text("category", typed.get("category"), 64);
        }
        _ => {}
    }
    check.done()
}

/// `/desk/triage/bulk`: the new cases whose suggestion is firm, each with what would happen to it.
async fn triage_summary(ctx: Ctx) -> WebResult<Response> {
    let mut room = Room::enter(&ctx).await?;
    let scope = room.scope(&ctx, "board.view");
    let filter = read::Filter { states: vec![CaseState::Reported], ..read::Filter::default() };
    let found =
        read::page(&mut room.conn, &ctx.district, (&scope, &filter), read::Sort::NextDue, None, 50).await?;
    let ids: Vec<CaseId> = found.items.iter().map(|row| row.id).collect();
    let cases = load(&mut room.conn, &scope, &ids).await?;
    let fill = Fill { locale: &ctx.locale, prefix: "bulk".to_owned(), typed: None, problems: None };
    let (mut refused, mut fields) = (Vec::new(), Vec::new());
    for (record, case, body) in &cases {
        let said = format!("{} {body}", record.title);
        let guess = suggest::suggest(&ctx.district, &room.atlas, &said, "", &record.area);
        let (proposed, firm) = triage::proposed(&room, case, guess);
        let name = format!("{} {}", record.number, record.title);
        let mine =
            case::allowed(&ctx, &room, case).contains(&Action::File) && room.may(&ctx, "case.dispatch");
        if mine && firm {
            let mut check = fill.check_of("case", record.id.to_string(), name.clone());
            check.hint = triage::in_a_line(&ctx, &room, &proposed, case);
            fields.push(check);
        } else {
            let why = if mine { "desk-bulk-no-suggestion" } else { "desk-bulk-not-allowed" };
            refused.push((name, ctx.locale.t(why)));
        }
    }
    // A box before each: how many are run is seen only then.
    let submit = ctx.locale.t("desk-bulk-run-ticked");
    let form =
        (!fields.is_empty()).then(|| run_form(&ctx, "/desk/triage/bulk", fields, submit, "/desk/triage"));
    let what = ctx.locale.t("desk-bulk-triage");
    // The form itself lists what is ready.
    let summary = Summary { what, ready: Vec::new(), refused, form, back: "/desk/triage".to_owned() };
    answer(&ctx, &room, StatusCode::OK, summary)
}

async fn triage_run(ctx: Ctx, sent: Sent) -> WebResult<Response> {
    let decisions = {
        let mut room = Room::enter(&ctx).await?;
        let scope = room.scope(&ctx, "board.view");
        let cases = load(&mut room.conn, &scope, &picked(&sent.typed)?).await?;
        // The suggestion is made anew: what is accepted is what stands now, not what a page carried.
        let decide = |(record, case, body): (CaseRecord, Case, String)| {
            let said = format!("{} {body}", record.title);
            let guess = suggest::suggest(&ctx.district, &room.atlas, &said, "", &record.area);
            let (s, firm) = triage::proposed(&room, &case, guess);
            let lead = s.lead.filter(|_| firm && case.state == CaseState::Reported)?;
            let whistle = s.whistle.max(case.whistle);
            let (category, assisting) = (s.category, s.assisting);
            Some((record.id, TriageDecision { category, whistle, lead, assisting, note: None }))
        };
        cases.into_iter().filter_map(decide).collect::<Vec<_>>()
    };
    let mut op = ctx.op().await?;
    let (again, key) = act::repeated(&ctx, &mut op, &sent.typed).await?;
    let (mut done, mut left) = (0_usize, Vec::new());
    if !again {
        // What was firm when the page was made and no longer is.
        let stale = |id: &CaseId| decisions.iter().all(|(decided, _)| decided != id);
        let why = ctx.locale.t("desk-bulk-no-suggestion");
        left.extend(picked(&sent.typed)?.into_iter().filter(stale).map(|id| (id, why.clone())));
        for (id, result) in app::triage_many(&mut op, decisions).await? {
            match result {
                Ok(_) => done += 1,
                Err(error) => left.push((id, words(&error, &ctx.locale))),
            }
        }
        if let Some(key) = key {
            idempotency::keep(&mut op.tx, &key, 303, "").await?;
        }
        op.commit().await?;
    }
    outcome(&ctx, "desk-bulk-triage", done, left, "/desk/triage".to_owned()).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/desk/cases/bulk", Access::May("case.list"), preview),
        Route::post("/desk/cases/bulk/{action}", Access::May("case.list"), run),
        Route::get("/desk/triage/bulk", Access::May("case.dispatch"), triage_summary),
        Route::post("/desk/triage/bulk", Access::May("case.dispatch"), triage_run),
    ]
}
