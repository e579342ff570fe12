//! What the desks do beside acting on one case: triage, many at once, tasks, the reporter's contact, messages.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_kernel::{Error, Result, actor::OrgId};
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, At, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    cases::{CASE, command},
    command as commands, find, own_orgs, schemas, scope,
};
use crate::{
    app::{self, NewTask, PerCase, TriageDecision},
    model::{Action, CaseId, NoticeKind, WhistleLevel},
    read,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    whistle: WhistleLevel,
    lead: OrgId,
    category: Option<String>,
    #[serde(default)]
    assisting: Vec<OrgId>,
    note: Option<String>,
}

impl From<Decision> for TriageDecision {
    fn from(d: Decision) -> Self {
        let Decision { whistle, lead, category, assisting, note } = d;
        Self { category, whistle, lead, assisting, note }
    }
}

async fn triage(ctx: Ctx, At(name): At<String>, Asked(told, mut once): Asked<Decision>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let id = find(&ctx, &scope, &name).await?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let state = app::triage(&mut op, id, told.into()).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id, "state": state })).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneOfMany {
    case: CaseId,
    decision: Decision,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decisions {
    decisions: Vec<OneOfMany>,
}

/// The result of each: its state, or why it was refused.
fn results(ctx: &Ctx, done: &PerCase) -> Value {
    let told = |(id, result): &(CaseId, Result<crate::model::CaseState>)| match result {
        Ok(state) => json!({ "case": id, "state": state }),
        Err(error) => json!({ "case": id, "refused": linli_web::error::words(error, &ctx.locale) }),
    };
    json!({ "results": done.iter().map(told).collect::<Vec<_>>() })
}

async fn triage_many(ctx: Ctx, Asked(told, mut once): Asked<Decisions>) -> WebResult {
    api::counted(&ctx)?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let decisions = told.decisions.into_iter().map(|one| (one.case, one.decision.into())).collect();
    let done = app::triage_many(&mut op, decisions).await?;
    Ok(once.done(op, StatusCode::OK, &results(&ctx, &done)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    cases: Vec<CaseId>,
    action: String,
    #[serde(default)]
    fields: Map<String, Value>,
}

async fn act_on_many(ctx: Ctx, Asked(told, mut once): Asked<Many>) -> WebResult {
    api::counted(&ctx)?;
    if told.cases.len() > app::BULK {
        return Err(Error::TooLarge("case-bulk-too-many").into());
    }
    let command = command(&told.action, &told.fields).map_err(|error| match error {
        Error::NotFound => Error::field("action", "error-value"),
        other => other,
    })?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let done = app::act_on_many(&mut op, told.cases, &command).await?;
    Ok(once.done(op, StatusCode::OK, &results(&ctx, &done)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskBody {
    title: String,
    text: String,
    lead: OrgId,
}

async fn add_task(ctx: Ctx, At(name): At<String>, Asked(told, mut once): Asked<TaskBody>) -> WebResult {
    let scope = scope(&ctx, "case.read")?;
    let parent = find(&ctx, &scope, &name).await?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let task = NewTask { title: told.title, text: told.text, lead: told.lead };
    let receipt = app::add_task(&mut op, parent, task).await?;
    let answer = json!({ "id": receipt.id, "number": receipt.number });
    Ok(once.done(op, StatusCode::CREATED, &answer).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

/// Each look is written down, and so no answer is kept for a repeat.
async fn contact(ctx: Ctx, At(name): At<String>, Asked(why, _): Asked<Why>) -> WebResult {
    let scope = scope(&ctx, "case.read_contact")?;
    let id = find(&ctx, &scope, &name).await?;
    let mut op = ctx.op().await?;
    let contact = app::unmask(&mut op, id, &why.reason).await?;
    op.commit().await?;
    Ok(Json(contact).into_response())
}

async fn suggestion(ctx: Ctx, At(name): At<String>) -> WebResult {
    let scope = scope(&ctx, "board.view")?;
    let id = find(&ctx, &scope, &name).await?;
    let mut conn = ctx.read().await?;
    let suggestion = read::suggest_for(&mut conn, &ctx.district, &scope, id).await?;
    let similar = read::similar(&mut conn, &ctx.district, &scope, id).await?;
    Ok(Json(json!({ "suggestion": suggestion, "similar": similar })).into_response())
}

async fn notices(ctx: Ctx) -> WebResult {
    api::counted(&ctx)?;
    let found = read::notices(&mut ctx.read().await?, &own_orgs(&ctx), 200).await?;
    Ok(Json(json!({ "items": found })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    ids: Vec<Uuid>,
}

async fn notices_seen(ctx: Ctx, Asked(seen, mut once): Asked<Seen>) -> WebResult {
    api::counted(&ctx)?;
    if seen.ids.len() > 500 {
        return Err(Error::TooLarge("case-bulk-too-many").into());
    }
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let count = app::notices_seen(&mut op, &seen.ids).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "seen": count })).await?)
}

fn suggested() -> Value {
    let similar = schema::object([
        ("id", schema::id()),
        ("number", schema::text()),
        ("title", schema::text()),
        ("state", schemas::states()),
        ("lead", schema::id()),
        ("area", schema::area()),
        ("reported_at", schema::time()),
        ("metres", schema::maybe(schema::number())),
        ("score", schema::int()),
    ]);
    schema::object([("suggestion", schema::any()), ("similar", schema::list(similar))])
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May;
    let actions: Vec<Action> = commands::schemas().map(|(action, _)| action).collect();
    let notice = schema::object([
        ("id", schema::id()),
        ("case_id", schema::id()),
        ("number", schema::text()),
        ("title", schema::text()),
        ("kind", schema::words(NoticeKind::ALL)),
        ("at", schema::time()),
    ]);
    vec![
        Operation::get(
            "/api/v1/cases/{id}/suggestion",
            may("board.view"),
            "What the triage board proposes, and likely duplicates",
            suggestion,
        )
        .part("id", CASE, schema::text())
        .answers(200, "The proposal", suggested()),
        Operation::post(
            "/api/v1/cases/{id}/triage",
            may("case.dispatch"),
            "File, classify, whistle and dispatch as one change",
            triage,
        )
        .part("id", CASE, schema::text())
        .takes(schema::named("TriageDecision"))
        .answers(200, "The state afterwards", schemas::state()),
        Operation::post(
            "/api/v1/cases/triage",
            may("case.dispatch"),
            "Triage of many; each by itself",
            triage_many,
        )
        .takes(schema::object([(
            "decisions",
            schema::list(schema::object([
                ("case", schema::id()),
                ("decision", schema::named("TriageDecision")),
            ])),
        )]))
        .answers(200, "The result of each", schema::named("PerCase")),
        Operation::post(
            "/api/v1/cases/actions",
            may("case.list"),
            "One action on many; each by itself",
            act_on_many,
        )
        .about("`fields` is the schema `CaseAction_{action}`.")
        .takes(schema::object([
            ("cases", schema::list(schema::id())),
            ("action", schema::words(&actions)),
            ("fields?", schema::any()),
        ]))
        .answers(200, "The result of each", schema::named("PerCase")),
        Operation::post(
            "/api/v1/cases/{id}/tasks",
            may("case.task_add"),
            "Give a part of a case to an organisation",
            add_task,
        )
        .part("id", CASE, schema::text())
        .takes(schema::object([
            ("title", schema::short(100)),
            ("text", schema::short(4000)),
            ("lead", schema::id()),
        ]))
        .answers(201, "The task", schema::object([("id", schema::id()), ("number", schema::text())])),
        Operation::post(
            "/api/v1/cases/{id}/contact",
            may("case.read_contact"),
            "The reporter's contact in clear, for a reason that is written down",
            contact,
        )
        .without_key()
        .part("id", CASE, schema::text())
        .takes(schema::object([("reason", schema::short(200))]))
        .answers(
            200,
            "Name and phone",
            schema::object([
                ("name", schema::maybe(schema::text())),
                ("phone", schema::maybe(schema::text())),
            ]),
        ),
        Operation::get(
            "/api/v1/notices",
            may("case.list"),
            "Messages to one's organisations that nobody has seen",
            notices,
        )
        .answers(200, "Newest first", schema::object([("items", schema::list(notice))])),
        Operation::post("/api/v1/notices/seen", may("case.list"), "Mark messages as seen", notices_seen)
            .takes(schema::object([("ids", schema::list(schema::id()))]))
            .answers(200, "How many", schema::object([("seen", schema::int())])),
    ]
}
