//! `/admin/privacy`: the table and what the nights destroyed; `/homes/requests`: what residents ask of their data.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use linli_access::{Access as Keys, Scope, Target};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, attach};
use serde::Deserialize;

use super::{
    Rule, Steward, all, night,
    night::Destruction,
    request::{self, Kind, Line, RequestId, State},
    rules,
};
use crate::{model::Basis, model::ResidentId, store::people};

const READ: &str = "privacy.read";
const MANAGE: &str = "privacy.manage";
const HANDLE: &str = "privacy.handle";

/// A rule in words.
struct Shown {
    rule: Rule,
    name: String,
    purpose: String,
    basis: String,
    note: String,
    from: String,
}

fn shown(chrome: &Chrome, rule: Rule) -> Shown {
    let t = |part: &str| chrome.t(&format!("privacy-{part}-{}", rule.fields));
    Shown {
        name: t("fields"),
        purpose: rule.purpose.clone().unwrap_or_else(|| t("purpose")),
        basis: chrome.t(&format!("household-basis-{}", rule.basis)),
        note: rule.basis_note.clone().unwrap_or_else(|| t("note")),
        from: t("from"),
        rule,
    }
}

#[derive(Template)]
#[template(path = "privacy/table.html")]
struct TablePage {
    chrome: Chrome,
    may_manage: bool,
    rules: Vec<Shown>,
    last: Option<String>,
    records: Vec<Record>,
}

/// One line of the record of destruction.
struct Record {
    it: Destruction,
    name: String,
    days: i64,
}

#[derive(Template)]
#[template(path = "privacy/rule.html")]
struct RulePage {
    chrome: Chrome,
    problems: Problems,
    it: Shown,
    typed: Typed,
    bases: Vec<(Basis, String, bool)>,
    most: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    purpose: String,
    basis: String,
    basis_note: String,
    days: String,
}

fn permits(ctx: &Ctx, action: &str) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Keys>()?.policy.permits(&ctx.actor, action, &target)
}

async fn table(ctx: Ctx) -> WebResult<Response> {
    permits(&ctx, READ)?;
    let mut conn = ctx.read().await?;
    let chrome = ctx.chrome("privacy-title");
    let rules = rules::rules(&mut conn, &all(&ctx.district)).await?;
    let record = |it: Destruction| {
        let rule: Option<Rule> = serde_json::from_str(&it.rule).ok();
        Record {
            name: chrome.t(&format!("privacy-fields-{}", it.fields)),
            days: rule.map_or(0, |r| r.days),
            it,
        }
    };
    let records = night::records(&mut conn, 200).await?.into_iter().map(record).collect();
    let last = night::last(&mut conn).await?.map(|(day, end)| match end {
        Some(at) => chrome.t1("privacy-last", "at", chrome.time(&at)),
        None => chrome.t1("privacy-running", "day", day),
    });
    let page = TablePage {
        may_manage: permits(&ctx, MANAGE).is_ok(),
        rules: rules.into_iter().map(|rule| shown(&chrome, rule)).collect(),
        last,
        records,
        chrome,
    };
    Ok(ctx.page(&page)?.into_response())
}

fn steward(ctx: &Ctx, fields: &str) -> Result<Steward> {
    all(&ctx.district).into_iter().find(|s| s.fields == fields).ok_or(Error::NotFound)
}

async fn rule_page(ctx: &Ctx, fields: &str, typed: Option<Typed>, problems: Problems) -> WebResult<Response> {
    permits(ctx, MANAGE)?;
    let steward = steward(ctx, fields)?;
    let rule = rules::rule(&mut ctx.read().await?, &all(&ctx.district), fields).await?;
    let chrome = ctx.chrome("privacy-edit");
    let it = shown(&chrome, rule);
    let typed = typed.unwrap_or_else(|| Typed {
        purpose: it.purpose.clone(),
        basis: it.rule.basis.to_string(),
        basis_note: it.note.clone(),
        days: it.rule.days.to_string(),
    });
    let bases = Basis::ALL
        .iter()
        .map(|b| (*b, chrome.t(&format!("household-basis-{b}")), typed.basis == b.as_str()))
        .collect();
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RulePage { problems, it, typed, bases, most: steward.most, chrome };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn edit(ctx: Ctx, Path(fields): Path<String>) -> WebResult<Response> {
    rule_page(&ctx, &fields, None, Problems::none()).await
}

async fn save(ctx: Ctx, Path(fields): Path<String>, Form(typed): Form<Typed>) -> WebResult<Response> {
    let work = async {
        permits(&ctx, MANAGE)?;
        let shipped = |part: &str| ctx.locale.t(&format!("privacy-{part}-{fields}"));
        // The shipped words stay in both languages until somebody writes others.
        let own = |text: &str, part: &str| Some(text.trim().to_owned()).filter(|t| *t != shipped(part));
        let rule = Rule {
            fields: steward(&ctx, &fields)?.fields.to_owned(),
            purpose: own(&typed.purpose, "purpose"),
            basis: typed.basis.parse().map_err(|_| Error::field("basis", "error-required"))?,
            basis_note: own(&typed.basis_note, "note"),
            days: typed.days.trim().parse().map_err(|_| Error::field("days", "privacy-days-bad"))?,
        };
        let mut op = ctx.op().await?;
        rules::save(&mut op, rule).await?;
        op.commit().await
    };
    match work.await {
        Ok(()) => Ok(Redirect::to("/admin/privacy").into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            rule_page(&ctx, &fields, Some(typed), problems).await
        }
    }
}

#[derive(Template)]
#[template(path = "privacy/requests.html")]
struct RequestsPage {
    chrome: Chrome,
    lines: Vec<Line>,
}

impl RequestsPage {
    fn state(&self, line: &Line) -> (String, &'static str) {
        state(&self.chrome, line)
    }
}

/// Where a request stands, in words and colour; late ones are seen.
fn state(chrome: &Chrome, line: &Line) -> (String, &'static str) {
    let late = line.request.state == State::Open && line.request.due_at < chrome.now;
    let tone = match line.request.state {
        State::Open if late => "bad",
        State::Open => "info",
        State::Done => "ok",
        State::Refused => "",
    };
    let key = if late { "late" } else { line.request.state.as_str() };
    (chrome.t(&format!("privacy-state-{key}")), tone)
}

#[derive(Template)]
#[template(path = "privacy/request.html")]
struct RequestPage {
    chrome: Chrome,
    problems: Problems,
    it: Line,
    kind: String,
    state: (String, &'static str),
    erased: Vec<(String, u64)>,
    kept: Vec<(String, String)>,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "privacy/ask.html")]
struct AskPage {
    chrome: Chrome,
    resident: ResidentId,
    name: String,
    kind: Kind,
    problems: Problems,
}

fn scope(ctx: &Ctx) -> Result<Scope> {
    Ok(ctx.district.port::<Keys>()?.policy.scope(&ctx.actor, HANDLE))
}

async fn requests(ctx: Ctx) -> WebResult<Response> {
    let lines = request::list(&mut ctx.read().await?, &scope(&ctx)?, 200).await?;
    Ok(ctx.page(&RequestsPage { chrome: ctx.chrome("privacy-requests"), lines })?.into_response())
}

async fn request_page(ctx: &Ctx, id: RequestId, problems: Problems) -> WebResult<Response> {
    let line = request::get(&mut ctx.read().await?, &scope(ctx)?, id).await?;
    let chrome = ctx.chrome("privacy-requests");
    let result = line.request.result();
    let name = |fields: &str| chrome.t(&format!("privacy-fields-{fields}"));
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RequestPage {
        problems,
        kind: chrome.t(&format!("privacy-kind-{}", line.request.kind)),
        state: state(&chrome, &line),
        erased: result.erased.iter().map(|(fields, n)| (name(fields), *n)).collect(),
        kept: result
            .kept
            .iter()
            .map(|(fields, basis)| (name(fields), chrome.t(&format!("household-basis-{basis}"))))
            .collect(),
        reason: result.reason,
        it: line,
        chrome,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn one(ctx: Ctx, Path(id): Path<RequestId>) -> WebResult<Response> {
    request_page(&ctx, id, Problems::none()).await
}

#[derive(Debug, Deserialize)]
struct Whose {
    resident: ResidentId,
}

async fn ask_page(ctx: &Ctx, resident: ResidentId, kind: Kind, problems: Problems) -> WebResult<Response> {
    let person = people::get(&mut ctx.read().await?, resident).await?;
    let target = Target::at(&person.area);
    ctx.district.port::<Keys>()?.policy.permits(&ctx.actor, HANDLE, &target)?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chrome = ctx.chrome("privacy-ask");
    let page = AskPage { chrome, resident: person.id, name: person.name, kind, problems };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn ask(ctx: Ctx, Query(whose): Query<Whose>) -> WebResult<Response> {
    ask_page(&ctx, whose.resident, Kind::Export, Problems::none()).await
}

#[derive(Debug, Deserialize)]
struct Asked {
    resident: ResidentId,
    kind: Kind,
    #[serde(default)]
    note: String,
}

async fn asked(ctx: Ctx, Form(form): Form<Asked>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    match request::ask_for(&mut op, form.resident, form.kind, &form.note).await {
        Ok(id) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/requests/{id}")).into_response())
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            ask_page(&ctx, form.resident, form.kind, problems).await
        }
    }
}

async fn copy(ctx: Ctx, Path((id, kind)): Path<(RequestId, String)>) -> WebResult<Response> {
    if !matches!(kind.as_str(), "json" | "csv") {
        return Err(Error::NotFound.into());
    }
    let mut op = ctx.op().await?;
    let copy = request::fetch(&mut op, id).await?;
    op.commit().await?;
    let (mime, bytes) = if kind == "json" {
        ("application/json; charset=utf-8", serde_json::to_vec_pretty(&copy).map_err(Error::internal)?)
    } else {
        let access = ctx.district.port::<Keys>()?;
        (attach::CSV, super::export::csv(&copy.table(&ctx.locale, &access))?)
    };
    Ok(attach::file(&format!("{id}.{kind}"), mime, bytes))
}

async fn erase(ctx: Ctx, Path(id): Path<RequestId>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    request::erase(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/homes/requests/{id}")).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
}

async fn refuse(ctx: Ctx, Path(id): Path<RequestId>, Form(form): Form<Reason>) -> WebResult<Response> {
    let work = async {
        let mut op = ctx.op().await?;
        request::refuse(&mut op, id, &form.reason).await?;
        op.commit().await
    };
    match work.await {
        Ok(()) => Ok(Redirect::to(&format!("/homes/requests/{id}")).into_response()),
        Err(error) => request_page(&ctx, id, Problems::of(error, &ctx.locale)?).await,
    }
}

pub(crate) fn routes() -> Vec<Route> {
    let (read, manage, handle) = (Access::May(READ), Access::May(MANAGE), Access::May(HANDLE));
    vec![
        Route::get("/admin/privacy", read, table),
        Route::get("/admin/privacy/{fields}", manage, edit),
        Route::post("/admin/privacy/{fields}", manage, save),
        Route::get("/homes/requests", handle, requests),
        Route::get("/homes/requests/new", handle, ask),
        Route::post("/homes/requests", handle, asked),
        Route::get("/homes/requests/{id}", handle, one),
        Route::post("/homes/requests/{id}/copy/{kind}", handle, copy),
        Route::post("/homes/requests/{id}/erase", handle, erase),
        Route::post("/homes/requests/{id}/refuse", handle, refuse),
    ]
}
