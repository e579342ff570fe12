//! What a secretary does on the page of a meeting: points, places, people, time, end, additions.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::Form;
use linli_kernel::{Error, Result};
use linli_store::Op;
use linli_web::{Access, Ctx, Problems, Route, WebResult, once};

use super::{
    by_name,
    one::{self, Around},
    typed,
};
use crate::rhythm::meeting::{self, HOLD, MeetingId, PointId};

type Sent = Form<Vec<(String, String)>>;

fn back(id: MeetingId, done: &str, at: &str) -> Response {
    Redirect::to(&format!("/homes/meetings/{id}?done={done}{at}")).into_response()
}

/// Commits what was done and goes back to the meeting, or shows it with what is wrong and what was typed.
async fn settle(
    ctx: &Ctx,
    op: Op,
    id: MeetingId,
    form: &'static str,
    done: (&str, &str),
    typed: Vec<(String, String)>,
    outcome: Result<()>,
) -> WebResult {
    let error = match outcome {
        Ok(()) => {
            op.commit().await?;
            return Ok(back(id, done.0, done.1));
        }
        Err(error) => error,
    };
    drop(op);
    let around = match error {
        Error::Conflict(key) => Around { trouble: ctx.locale.t(key), form, typed, ..Around::default() },
        error => Around { problems: Problems::of(error, &ctx.locale)?, form, typed, ..Around::default() },
    };
    one::page(ctx, id, around).await
}

async fn add(ctx: Ctx, Path(id): Path<MeetingId>, Form(form): Sent) -> WebResult {
    let mut op = ctx.op().await?;
    let key = once::key_of(&format!("meeting/{id}/point"), &by_name(&form));
    let outcome = async {
        if once::done_before(&mut op, key.as_deref()).await?.is_none() {
            meeting::add_point(&mut op, id, typed(&form, "title")).await?;
            once::keep(&mut op, key.as_deref(), "done").await?;
        }
        Ok(())
    };
    let outcome = outcome.await;
    settle(&ctx, op, id, "point", ("point", "#h-agenda"), form, outcome).await
}

async fn place(ctx: Ctx, Path((id, point)): Path<(MeetingId, PointId)>, Form(form): Sent) -> WebResult {
    let mut op = ctx.op().await?;
    let (outcome, done) = match typed(&form, "do") {
        "up" => (meeting::shift(&mut op, id, point, true).await, "moved"),
        "down" => (meeting::shift(&mut op, id, point, false).await, "moved"),
        "strike" => (meeting::strike(&mut op, id, point, true).await, "struck"),
        "restore" => (meeting::strike(&mut op, id, point, false).await, "restored"),
        _ => return Err(Error::NotFound.into()),
    };
    let at = format!("#p-{point}");
    settle(&ctx, op, id, "place", (done, if done == "struck" { "#h-agenda" } else { &at }), form, outcome)
        .await
}

async fn people(ctx: Ctx, Path(id): Path<MeetingId>, Form(form): Sent) -> WebResult {
    let all = |name: &str| -> Vec<String> {
        form.iter().filter(|(one, _)| one == name).map(|(_, value)| value.clone()).collect()
    };
    let (was, came) = (all("was"), all("came"));
    let mut op = ctx.op().await?;
    let outcome = meeting::attend(&mut op, id, &was, &came).await;
    settle(&ctx, op, id, "people", ("people", "#h-people"), form, outcome).await
}

async fn guest(ctx: Ctx, Path(id): Path<MeetingId>, Form(form): Sent) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = meeting::add_guest(&mut op, id, typed(&form, "name"), typed(&form, "place")).await;
    settle(&ctx, op, id, "guest", ("guest", "#h-people"), form, outcome).await
}

async fn time(ctx: Ctx, Path(id): Path<MeetingId>, Form(form): Sent) -> WebResult {
    let mut op = ctx.op().await?;
    let (day, minute) = (typed(&form, "day").parse().ok(), meeting::minute(typed(&form, "time")));
    let outcome = meeting::put_off(&mut op, id, day, minute, typed(&form, "place")).await;
    settle(&ctx, op, id, "time", ("time", ""), form, outcome).await
}

async fn refresh(ctx: Ctx, Path(id): Path<MeetingId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = meeting::refresh(&mut op, id).await;
    settle(&ctx, op, id, "refresh", ("fresh", "#h-agenda"), Vec::new(), outcome).await
}

async fn close(ctx: Ctx, Path(id): Path<MeetingId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = meeting::close(&mut op, id).await.map(|_| ());
    settle(&ctx, op, id, "close", ("closed", ""), Vec::new(), outcome).await
}

async fn note(ctx: Ctx, Path(id): Path<MeetingId>, Form(form): Sent) -> WebResult {
    let mut op = ctx.op().await?;
    let key = once::key_of(&format!("meeting/{id}/note"), &by_name(&form));
    let outcome = async {
        if once::done_before(&mut op, key.as_deref()).await?.is_none() {
            meeting::add_note(&mut op, id, typed(&form, "note")).await?;
            once::keep(&mut op, key.as_deref(), "done").await?;
        }
        Ok(())
    };
    let outcome = outcome.await;
    settle(&ctx, op, id, "note", ("note", "#h-notes"), form, outcome).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/homes/meetings/{id}/points", Access::May(HOLD), add),
        Route::post("/homes/meetings/{id}/points/{point}/place", Access::May(HOLD), place),
        Route::post("/homes/meetings/{id}/people", Access::May(HOLD), people),
        Route::post("/homes/meetings/{id}/guests", Access::May(HOLD), guest),
        Route::post("/homes/meetings/{id}/time", Access::May(HOLD), time),
        Route::post("/homes/meetings/{id}/refresh", Access::May(HOLD), refresh),
        Route::post("/homes/meetings/{id}/close", Access::May(HOLD), close),
        Route::post("/homes/meetings/{id}/notes", Access::May(HOLD), note),
    ]
}
