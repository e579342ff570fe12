//! What can be done about a house or door that was registered wrongly: correct it, close it, open it again.

use axum::{
    extract::{Form, Path},
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Error, Result};
use linli_store::Op;
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{card, house};
use crate::{
    app,
    model::{BuildingId, DwellingId},
};

/// What was refused, as a sentence beside the form.
fn trouble(ctx: &Ctx, error: Error) -> Result<String> {
    match error {
        Error::Conflict(key) | Error::Forbidden(key) => Ok(ctx.locale.t(key)),
        Error::Invalid(fields) => {
            let problems = Problems::from_fields(&fields, &ctx.locale);
            Ok(problems.all().map(|(_, text)| text.to_owned()).collect::<Vec<_>>().join(" "))
        }
        other => Err(other),
    }
}

async fn to_house(ctx: Ctx, op: Op, id: BuildingId, outcome: Result<()>) -> WebResult {
    match outcome {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/house/{id}")).into_response())
        }
        Err(error) => {
            drop(op);
            let trouble = trouble(&ctx, error)?;
            house::troubled(&ctx, id, trouble).await
        }
    }
}

async fn to_home(ctx: Ctx, op: Op, id: DwellingId, outcome: Result<()>) -> WebResult {
    match outcome {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/{id}?done=corrected")).into_response())
        }
        Err(error) => {
            drop(op);
            let beside = card::Beside { trouble: trouble(&ctx, error)?, ..card::Beside::default() };
            card::render(&ctx, id, beside).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    place: String,
    name: String,
}

async fn correct_house(ctx: Ctx, Path(id): Path<BuildingId>, Form(form): Form<Named>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::correct_building(&mut op, id, &form.place, &form.name).await;
    to_house(ctx, op, id, outcome).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Why {
    reason: String,
}

async fn close_house(ctx: Ctx, Path(id): Path<BuildingId>, Form(why): Form<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::close_building(&mut op, id, &why.reason).await;
    to_house(ctx, op, id, outcome).await
}

async fn reopen_house(ctx: Ctx, Path(id): Path<BuildingId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::reopen_building(&mut op, id).await;
    to_house(ctx, op, id, outcome).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Door {
    version: Option<i64>,
    unit: String,
    door: String,
}

async fn correct_door(ctx: Ctx, Path(id): Path<DwellingId>, Form(form): Form<Door>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::correct_door(&mut op, id, &form.unit, &form.door, form.version).await;
    to_home(ctx, op, id, outcome).await
}

async fn close_door(ctx: Ctx, Path(id): Path<DwellingId>, Form(why): Form<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    match app::close_dwelling(&mut op, id, &why.reason).await {
        Ok(house) => to_house(ctx, op, house, Ok(())).await,
        Err(error) => to_home(ctx, op, id, Err(error)).await,
    }
}

async fn reopen_door(ctx: Ctx, Path(id): Path<DwellingId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::reopen_dwelling(&mut op, id).await;
    to_home(ctx, op, id, outcome).await
}

pub(super) fn routes() -> Vec<Route> {
    let (building, edit) = (Access::May("household.building"), Access::May("household.edit"));
    vec![
        Route::post("/homes/house/{id}/name", building, correct_house),
        Route::post("/homes/house/{id}/close", building, close_house),
        Route::post("/homes/house/{id}/reopen", building, reopen_house),
        Route::post("/homes/{id}/address", edit, correct_door),
        Route::post("/homes/{id}/close", edit, close_door),
        Route::post("/homes/{id}/reopen", edit, reopen_door),
    ]
}
