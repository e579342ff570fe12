//! `/homes/todos`: what somebody has to do after a meeting, settled in one tap; and the to-dos of an area behind each
//! number.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{AreaCode, Error};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{Room, TodoRow, day_start, todo_row};
use crate::rhythm::meeting::{self, Change, HOLD, NewTodo, Person, READ, Settled, TODO, TodoId, Which};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    which: String,
    after: String,
    done: String,
}

#[derive(Template)]
#[template(path = "meeting/todos.html")]
struct List {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    which: Which,
    rows: Vec<(String, TodoRow)>,
    next: Option<String>,
    done: String,
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let room = Room::of(&ctx)?;
    let at = room.area(&ctx, &asked.at)?;
    let which: Which = asked.which.parse().unwrap_or(Which::Open);
    let mut conn = ctx.read().await?;
    let after = asked.after.parse().ok();
    let found = meeting::todos(&mut conn, &room.desk.scope, &at, which, ctx.now(), after, PAGE).await?;
    drop(conn);
    let page = List {
        chrome: room.desk.chrome(&ctx, "meeting-todos"),
        crumbs: room.crumbs(&ctx, &at),
        head: room.desk.atlas.name(&at).to_owned(),
        which,
        rows: found
            .items
            .into_iter()
            .map(|t| (room.desk.atlas.name(&t.area).to_owned(), todo_row(&room, &ctx, t)))
            .collect(),
        next: found.next,
        done: match asked.done.as_str() {
            word @ ("given" | "dropped") => ctx.locale.t(&format!("meeting-todo-done-{word}")),
            _ => String::new(),
        },
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// A settling that was refused.
#[derive(Default)]
struct Refused {
    id: Option<TodoId>,
    typed: String,
    problems: Problems,
    trouble: String,
}

#[derive(Template)]
#[template(path = "meeting/mine.html")]
struct Mine {
    chrome: Chrome,
    rows: Vec<TodoRow>,
    done: String,
    refused: Refused,
}

impl Mine {
    fn is(&self, id: &TodoId) -> bool {
        self.refused.id == Some(*id)
    }
}

async fn mine_page(ctx: &Ctx, done: &str, refused: Refused) -> WebResult {
    let room = Room::of(ctx)?;
    let Some(account) = ctx.actor.account() else { return Err(Error::Unauthorised.into()) };
    let found = meeting::todos_of(&mut ctx.read().await?, account).await?;
    let status = match (refused.trouble.is_empty(), refused.problems.is_empty()) {
        (false, _) => StatusCode::CONFLICT,
        (_, false) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let page = Mine {
        chrome: room.desk.chrome(ctx, "meeting-mine"),
        rows: found.into_iter().map(|t| todo_row(&room, ctx, t)).collect(),
        done: match done.parse() {
            Ok(what @ (Settled::Done | Settled::Stuck)) => ctx.locale.t(&format!("meeting-settled-{what}")),
            Err(_) => String::new(),
        },
        refused,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn mine(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    mine_page(&ctx, &asked.done, Refused::default()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tap {
    r#do: String,
    result: String,
    back: String,
}

async fn settle(ctx: Ctx, Path(id): Path<TodoId>, Form(tap): Form<Tap>) -> WebResult {
    let what: Settled = tap.r#do.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    let Err(error) = meeting::settle(&mut op, id, what, &tap.result).await else {
        op.commit().await?;
        // Only back to the pages that have such a form.
        let to = if tap.back == "/work" { "/work".to_owned() } else { format!("/homes/todos?done={what}") };
        return Ok(Redirect::to(&to).into_response());
    };
    drop(op);
    let refused = Refused { id: Some(id), typed: tap.result, ..Refused::default() };
    let refused = match error {
        Error::Conflict(key) => Refused { trouble: ctx.locale.t(key), ..refused },
        error => Refused { problems: Problems::of(error, &ctx.locale)?, ..refused },
    };
    mine_page(&ctx, "", refused).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    base: i64,
    todo: String,
    who: String,
    due: String,
    reason: String,
    r#do: String,
}

#[derive(Template)]
#[template(path = "meeting/todo.html")]
struct One {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    row: TodoRow,
    people: Vec<Person>,
    form: Given,
    problems: Problems,
    trouble: String,
}

async fn one_page(
    ctx: &Ctx,
    id: TodoId,
    form: Option<Given>,
    problems: Problems,
    trouble: String,
) -> WebResult {
    let room = Room::of(ctx)?;
    let mut conn = ctx.read().await?;
    let todo = meeting::todo(&mut conn, id).await?;
    room.sees(ctx, &todo.area)?;
    let people = meeting::people_of(&mut conn, &todo.area).await?;
    drop(conn);
    let status = match (trouble.is_empty(), problems.is_empty()) {
        (false, _) => StatusCode::CONFLICT,
        (_, false) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let kept = Given {
        base: todo.version,
        todo: todo.words.clone(),
        who: todo.responsible.to_string(),
        due: day_start(todo.due).china_date().to_string(),
        ..Given::default()
    };
    let page = One {
        chrome: room.desk.chrome(ctx, "meeting-todo"),
        crumbs: room.crumbs(ctx, &todo.area),
        // What was typed, on top of what is there now.
        form: form.map_or(kept, |f| Given { base: todo.version, ..f }),
        row: todo_row(&room, ctx, todo),
        people,
        problems,
        trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn one(ctx: Ctx, Path(id): Path<TodoId>) -> WebResult {
    one_page(&ctx, id, None, Problems::none(), String::new()).await
}

async fn change(ctx: Ctx, Path(id): Path<TodoId>, Form(form): Form<Given>) -> WebResult {
    let dropped = form.r#do == "drop";
    let wanted = Change {
        base: form.base,
        new: NewTodo {
            words: form.todo.clone(),
            responsible: form.who.parse().ok(),
            due: form.due.parse().ok(),
        },
        dropped: dropped.then(|| form.reason.clone()),
    };
    let mut op = ctx.op().await?;
    match meeting::change(&mut op, id, &wanted).await {
        Ok(todo) => {
            op.commit().await?;
            let (area, done) = (todo.area, if dropped { "dropped" } else { "given" });
            Ok(Redirect::to(&format!("/homes/meetings/todos?at={area}&done={done}")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            one_page(&ctx, id, Some(form), Problems::none(), ctx.locale.t(key)).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            one_page(&ctx, id, Some(form), problems, String::new()).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/meetings/todos", Access::May(READ), list),
        Route::get("/homes/todos", Access::May(TODO), mine),
        Route::get("/homes/todos/{id}", Access::May(READ), one),
        Route::post("/homes/todos/{id}", Access::May(TODO), settle),
        Route::post("/homes/todos/{id}/change", Access::May(HOLD), change),
    ]
}
