//! `/api/v1/meetings`: the weekly meetings for other programs of the house.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use linli_kernel::{AreaCode, Error, Result, actor::AccountId};
use linli_web::{
    Access, Ctx, Route, WebResult,
    api::{self, Asked, Asks, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Room, day_start};
use crate::rhythm::meeting::{
    self, HOLD, MINUTES_MAX, MeetingId, NewTodo, PointId, PointKind, Post, READ, Settled, State, SubjectKind,
    TODO, Todo, TodoId, TodoState, WORDS_MAX, Week, Which, Writing,
};

const MOST: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    area: Option<AreaCode>,
    after: Option<String>,
    size: Option<usize>,
    which: Option<Which>,
}

impl List {
    fn size(&self) -> Result<usize> {
        let size = self.size.unwrap_or(50);
        if (1..=MOST).contains(&size) { Ok(size) } else { Err(Error::field("size", "error-value")) }
    }

    fn area(&self, room: &Room, ctx: &Ctx) -> Result<AreaCode> {
        room.area(ctx, self.area.as_ref().map_or("", AreaCode::as_str))
    }

    fn after(&self) -> Result<Option<linli_kernel::Cursor>> {
        let read = |text: &str| text.parse().map_err(|()| Error::field("after", "error-value"));
        self.after.as_deref().map(read).transpose()
    }
}

fn told_todo(todo: &Todo, room: &Room, ctx: &Ctx) -> Value {
    let mut told = json!(todo);
    told["due"] = day_start(todo.due).china_date().to_string().into();
    let hidden = todo.subject_kind == Some(SubjectKind::Home)
        && ctx.actor.account() != Some(todo.responsible)
        && !room.desk.may(ctx, "household.list", &todo.subject_area);
    if hidden {
        told["subject_words"] = "".into();
    }
    told
}

async fn meetings(ctx: Ctx, Asks(asked): Asks<List>) -> WebResult<Response> {
    let room = Room::of(&ctx)?;
    let (at, size, after) = (asked.area(&room, &ctx)?, asked.size()?, asked.after()?);
    let found = meeting::of_community(&mut ctx.read().await?, &room.desk.scope, &at, after, size).await?;
    let one = |m: meeting::Line| {
        let mut told = json!(m);
        told["week"] = m.week().to_string().into();
        told
    };
    Ok(Json(found.map(one)).into_response())
}

async fn meeting_(ctx: Ctx, At(id): At<MeetingId>) -> WebResult<Response> {
    let room = Room::of(&ctx)?;
    let whole = meeting::whole(&mut ctx.read().await?, id).await?;
    let m = &whole.meeting;
    room.sees(&ctx, &m.area)?;
    let point = |p: &meeting::Point| {
        json!({
            "id": p.id, "kind": p.kind, "area": p.area, "title": room.title(&ctx, p), "subject": p.subject, "struck": p.struck,
            "minutes": p.minutes, "version": p.version, "written_at": p.written_at, "written_by": p.written_by,
        })
    };
    let told = json!({
        "id": m.id, "area": m.area, "week": Week(m.week).to_string(), "starts_at": m.starts_at, "place": m.place, "state": m.state,
        "closed_at": m.closed_at, "closed_by": m.closed_by,
        "people": whole.people.iter().map(|p| json!({
            "account": p.account, "name": p.name, "post": p.post, "place": p.place, "came": p.came,
        })).collect::<Vec<_>>(),
        "points": whole.points.iter().map(point).collect::<Vec<_>>(),
        "todos": whole.todos.iter().map(|t| told_todo(t, &room, &ctx)).collect::<Vec<_>>(),
        "notes": whole.notes.iter().map(|n| json!({ "words": n.words, "by_name": n.by_name, "at": n.at })).collect::<Vec<_>>(),
    });
    Ok(Json(told).into_response())
}

async fn todos(ctx: Ctx, Asks(asked): Asks<List>) -> WebResult<Response> {
    let room = Room::of(&ctx)?;
    let (at, size, after) = (asked.area(&room, &ctx)?, asked.size()?, asked.after()?);
    let which = asked.which.unwrap_or(Which::Open);
    let mut conn = ctx.read().await?;
    let found = meeting::todos(&mut conn, &room.desk.scope, &at, which, ctx.now(), after, size).await?;
    Ok(Json(found.map(|t| told_todo(&t, &room, &ctx))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WritingAsked {
    base: i64,
    minutes: String,
    todo: Option<TodoAsked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TodoAsked {
    words: String,
    responsible: AccountId,
    due: NaiveDate,
}

async fn write(
    ctx: Ctx,
    At((id, point)): At<(MeetingId, PointId)>,
    Asked(asked, mut once): Asked<WritingAsked>,
) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let todo =
        asked.todo.map(|t| NewTodo { words: t.words, responsible: Some(t.responsible), due: Some(t.due) });
    let writing = Writing { base: asked.base, minutes: asked.minutes, todo };
    meeting::write_point(&mut op, id, point, &writing).await?;
    let whole = meeting::whole(&mut op.tx, id).await?;
    let Some(p) = whole.point(point) else { return Err(Error::NotFound.into()) };
    let told = json!({ "id": p.id, "version": p.version });
    Ok(once.done(op, StatusCode::OK, &told).await?)
}

async fn close(
    ctx: Ctx,
    At(id): At<MeetingId>,
    Asked(Nothing {}, mut once): Asked<Nothing>,
) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    meeting::close(&mut op, id).await?;
    let m = meeting::meeting(&mut op.tx, id).await?;
    let told = json!({ "id": m.id, "state": m.state, "closed_at": m.closed_at });
    Ok(once.done(op, StatusCode::OK, &told).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settling {
    outcome: Settled,
    #[serde(default)]
    result: String,
}

async fn settle(
    ctx: Ctx,
    At(id): At<TodoId>,
    Asked(asked, mut once): Asked<Settling>,
) -> WebResult<Response> {
    let room = Room::of(&ctx)?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let todo = meeting::settle(&mut op, id, asked.outcome, &asked.result).await?;
    let told = told_todo(&todo, &room, &ctx);
    Ok(once.done(op, StatusCode::OK, &told).await?)
}

const WRITE: &str = "Writes what was decided on a point, and gives a to-do with it. `base` is the `version` that the \
writer had before them: who wrote meanwhile is not overwritten but answered with 409, and the same words again change \
nothing. A meeting that is closed takes no more minutes.";

fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/meetings",
            Access::May(READ),
            "Weekly meetings, the newest week first",
            meetings,
        )
        .query("area", "a community, or a larger area", schema::area())
        .paged(Some(MOST))
        .answers(200, "A page of meetings", schema::page(schema::named("MeetingLine"))),
        Operation::get("/api/v1/meetings/todos", Access::May(READ), "To-dos that meetings gave", todos)
            .query("area", "a community, or a larger area", schema::area())
            .query(
                "which",
                "open ones by their day, those past it, or settled ones",
                schema::words(Which::ALL),
            )
            .paged(Some(MOST))
            .answers(200, "A page of to-dos", schema::page(schema::named("MeetingTodo"))),
        Operation::get(
            "/api/v1/meetings/{id}",
            Access::May(READ),
            "One meeting with agenda, minutes and to-dos",
            meeting_,
        )
        .part("id", "the meeting", schema::id())
        .answers(200, "The meeting", schema::named("Meeting")),
        Operation::put(
            "/api/v1/meetings/{id}/points/{point}",
            Access::May(HOLD),
            "Write the minutes of a point",
            write,
        )
        .about(WRITE)
        .part("id", "the meeting", schema::id())
        .part("point", "the point", schema::id())
        .takes(schema::object([
            ("base", schema::int()),
            ("minutes", schema::short(MINUTES_MAX)),
            (
                "todo?",
                schema::maybe(schema::object([
                    ("words", schema::short(WORDS_MAX)),
                    ("responsible", schema::id()),
                    ("due", schema::day()),
                ])),
            ),
        ]))
        .answers(
            200,
            "The version now",
            schema::object([("id", schema::id()), ("version", schema::int())]),
        ),
        Operation::post(
            "/api/v1/meetings/{id}/close",
            Access::May(HOLD),
            "End a meeting; its minutes stay as they are",
            close,
        )
        .part("id", "the meeting", schema::id())
        .may_take(schema::object([]))
        .answers(
            200,
            "The meeting's state",
            schema::object([
                ("id", schema::id()),
                ("state", schema::words(State::ALL)),
                ("closed_at", schema::maybe(schema::time())),
            ]),
        ),
        Operation::post(
            "/api/v1/meetings/todos/{id}/settle",
            Access::May(TODO),
            "Say what became of a to-do",
            settle,
        )
        .part("id", "the to-do", schema::id())
        .takes(schema::object([
            ("outcome", schema::words(Settled::ALL)),
            ("result?", schema::short(WORDS_MAX)),
        ]))
        .answers(200, "The to-do", schema::named("MeetingTodo")),
    ]
}

fn schemas() -> Value {
    let line = schema::object([
        ("id", schema::id()),
        ("area", schema::area()),
        ("week", schema::day()),
        ("starts_at", schema::time()),
        ("state", schema::words(State::ALL)),
        ("closed_at", schema::maybe(schema::time())),
        ("expected", schema::int()),
        ("came", schema::int()),
        ("points", schema::int()),
        ("todos", schema::int()),
        ("open", schema::int()),
    ]);
    let todo = schema::object([
        ("id", schema::id()),
        ("meeting_id", schema::id()),
        ("point_id", schema::id()),
        ("area", schema::area()),
        ("words", schema::text()),
        ("responsible", schema::id()),
        ("responsible_name", schema::text()),
        ("due", schema::day()),
        ("subject_kind", schema::maybe(schema::words(SubjectKind::ALL))),
        ("subject", schema::maybe(schema::text())),
        ("subject_words", schema::text()),
        ("state", schema::words(TodoState::ALL)),
        ("result", schema::text()),
        ("settled_at", schema::maybe(schema::time())),
        ("settled_by", schema::maybe(schema::text())),
        ("made_at", schema::time()),
        ("version", schema::int()),
    ]);
    let point = schema::object([
        ("id", schema::id()),
        ("kind", schema::words(PointKind::ALL)),
        ("area", schema::area()),
        ("title", schema::text()),
        (
            "subject",
            schema::maybe(schema::object([
                ("kind", schema::words(SubjectKind::ALL)),
                ("id", schema::text()),
            ])),
        ),
        ("struck", schema::flag()),
        ("minutes", schema::text()),
        ("version", schema::int()),
        ("written_at", schema::maybe(schema::time())),
        ("written_by", schema::maybe(schema::text())),
    ]);
    let person = schema::object([
        ("account", schema::maybe(schema::id())),
        ("name", schema::text()),
        ("post", schema::words(Post::ALL)),
        ("place", schema::text()),
        ("came", schema::flag()),
    ]);
    let note =
        schema::object([("words", schema::text()), ("by_name", schema::text()), ("at", schema::time())]);
    let whole = schema::object([
        ("id", schema::id()),
        ("area", schema::area()),
        ("week", schema::day()),
        ("starts_at", schema::time()),
        ("place", schema::text()),
        ("state", schema::words(State::ALL)),
        ("closed_at", schema::maybe(schema::time())),
        ("closed_by", schema::maybe(schema::text())),
        ("people", schema::list(person)),
        ("points", schema::list(point)),
        ("todos", schema::list(schema::named("MeetingTodo"))),
        ("notes", schema::list(note)),
    ]);
    json!({ "MeetingLine": line, "MeetingTodo": todo, "Meeting": whole })
}

pub(super) fn routes() -> Vec<Route> {
    api::routes(operations())
}

/// This part of the OpenAPI document.
pub(crate) fn openapi() -> Value {
    api::document(&operations(), schemas())
}
