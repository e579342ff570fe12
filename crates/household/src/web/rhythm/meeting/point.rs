//! One point of a meeting: its minutes and the to-dos that it gives, written in one form. Of two who write at once the
//! second sees both texts; nothing typed is lost, not even when the meeting was ended meanwhile.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_kernel::{Error, Timestamp, time::DAY_MS};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, once};
use serde::Deserialize;

use super::{
    Room, TodoRow, by_name,
    one::{self, Around},
    todo_row, typed,
};
use crate::rhythm::meeting::{
    self, HOLD, MeetingId, NewTodo, Person, PointId, PointKind, READ, Whole, Writing,
};

/// A form as it was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    minutes: String,
    todo: String,
    who: String,
    due: String,
    /// Somebody else wrote meanwhile.
    conflict: bool,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "meeting/point.html")]
struct Page {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    meeting: MeetingId,
    id: PointId,
    nth: usize,
    count: usize,
    title: String,
    kind: String,
    link: Option<String>,
    /// What became of the to-do that this point is about.
    earlier: Option<TodoRow>,
    said: String,
    written: Option<String>,
    base: i64,
    may_write: bool,
    struck: bool,
    todos: Vec<TodoRow>,
    people: Vec<Person>,
    next: Option<PointId>,
    typed: Typed,
    once: String,
    done: bool,
}

/// The day before the next meeting of the week after: what most to-dos are due by.
fn usual_due(whole: &Whole, now: Timestamp) -> String {
    let from = whole.meeting.starts_at.max(now);
    Timestamp::from_millis(from.millis() + 7 * DAY_MS).china_date().to_string()
}

async fn page(ctx: &Ctx, (id, point): (MeetingId, PointId), typed: Option<Typed>, done: bool) -> WebResult {
    let room = Room::of(ctx)?;
    let l = &ctx.locale;
    let mut conn = ctx.read().await?;
    let whole = meeting::whole(&mut conn, id).await?;
    room.sees(ctx, &whole.meeting.area)?;
    let Some(it) = whole.point(point) else { return Err(Error::NotFound.into()) };
    let earlier = match it.key.strip_prefix("todo:").and_then(|id| id.parse().ok()) {
        Some(todo) if it.kind == PointKind::Todo => Some(meeting::todo(&mut conn, todo).await?),
        _ => None,
    };
    drop(conn);
    let standing: Vec<PointId> = whole.standing().map(|p| p.id).collect();
    let nth = standing.iter().position(|p| *p == point);
    let status = match &typed {
        Some(t) if t.conflict => StatusCode::CONFLICT,
        Some(t) if !t.problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let page = Page {
        chrome: {
            let mut chrome = room.desk.chrome(ctx, "meeting-point");
            chrome.title = room.title(ctx, it);
            chrome
        },
        crumbs: room.crumbs(ctx, &whole.meeting.area),
        meeting: id,
        id: point,
        nth: nth.map_or(0, |n| n + 1),
        count: standing.len(),
        title: room.title(ctx, it),
        kind: l.t(&format!("meeting-kind-{}", it.kind.as_str().replace('_', "-"))),
        link: room.leads(ctx, it),
        earlier: earlier.map(|t| todo_row(&room, ctx, t)),
        said: it.minutes.clone(),
        written: it.written_by.clone().zip(it.written_at).map(|(by, at)| format!("{by} · {}", l.time(at))),
        base: it.version,
        may_write: !whole.meeting.is_closed() && room.may_hold(ctx, &whole.meeting.area),
        struck: it.struck,
        todos: whole.given(point).map(|t| todo_row(&room, ctx, t.clone())).collect(),
        people: whole.people.iter().filter(|p| p.account.is_some()).cloned().collect(),
        next: nth.and_then(|n| standing.get(n + 1).copied()),
        typed: typed.unwrap_or_else(|| Typed {
            minutes: it.minutes.clone(),
            due: usual_due(&whole, ctx.now()),
            ..Typed::default()
        }),
        once: once::fresh(ctx),
        done,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    done: String,
}

async fn show(ctx: Ctx, Path(at): Path<(MeetingId, PointId)>, Query(after): Query<After>) -> WebResult {
    page(&ctx, at, None, after.done == "written").await
}

async fn write(
    ctx: Ctx,
    Path((id, point)): Path<(MeetingId, PointId)>,
    Form(form): Form<Vec<(String, String)>>,
) -> WebResult {
    let has_todo = !typed(&form, "todo").trim().is_empty();
    let writing = Writing {
        base: typed(&form, "base").parse().unwrap_or_default(),
        // Forms send lines as `\r\n`.
        minutes: typed(&form, "minutes").replace("\r\n", "\n"),
        todo: has_todo.then(|| NewTodo {
            words: typed(&form, "todo").to_owned(),
            responsible: typed(&form, "who").parse().ok(),
            due: typed(&form, "due").parse().ok(),
        }),
    };
    let mut op = ctx.op().await?;
    let key = once::key_of(&format!("meeting/{id}/{point}"), &by_name(&form));
    let outcome = async {
        if once::done_before(&mut op, key.as_deref()).await?.is_none() {
            meeting::write_point(&mut op, id, point, &writing).await?;
            once::keep(&mut op, key.as_deref(), "done").await?;
        }
        Ok(())
    };
    let error = match outcome.await {
        Ok(()) => {
            op.commit().await?;
            let to = match typed(&form, "go").parse::<PointId>() {
                Ok(next) => format!("/homes/meetings/{id}/points/{next}?done=written"),
                Err(_) if typed(&form, "go") == "agenda" => {
                    format!("/homes/meetings/{id}?done=written#p-{point}")
                }
                Err(_) => format!("/homes/meetings/{id}/points/{point}?done=written"),
            };
            return Ok(Redirect::to(&to).into_response());
        }
        Err(error) => error,
    };
    drop(op);
    let kept = Typed {
        minutes: typed(&form, "minutes").to_owned(),
        todo: typed(&form, "todo").to_owned(),
        who: typed(&form, "who").to_owned(),
        due: typed(&form, "due").to_owned(),
        ..Typed::default()
    };
    match error {
        Error::Conflict("meeting-point-changed") => {
            page(&ctx, (id, point), Some(Typed { conflict: true, ..kept }), false).await
        }
        // The meeting was ended meanwhile: what was typed goes into the form for additions.
        Error::Conflict(key) => {
            let words = format!("{}\n{}", kept.minutes.trim(), kept.todo.trim());
            let typed = vec![("note".to_owned(), words.trim().to_owned())];
            let around = Around { trouble: ctx.locale.t(key), form: "note", typed, ..Around::default() };
            one::page(&ctx, id, around).await
        }
        error => {
            let problems = Problems::of(error, &ctx.locale)?;
            page(&ctx, (id, point), Some(Typed { problems, ..kept }), false).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/meetings/{id}/points/{point}", Access::May(READ), show),
        Route::post("/homes/meetings/{id}/points/{point}", Access::May(HOLD), write),
    ]
}
