//! `/d/{label}`: what this is for, in two sentences, and two things to do.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::{IntoResponse, Redirect},
};
use linli_kernel::AreaCode;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{Carried, Scanned, scanned};

#[derive(Template)]
#[template(path = "door/landing.html")]
struct Page {
    chrome: Chrome,
    door: Scanned,
    area: AreaCode,
    home: String,
    problem: bool,
}

async fn show(ctx: Ctx, Path(token): Path<String>, Query(carried): Query<Carried>) -> WebResult {
    let door = scanned!(&ctx, &token);
    let page = Page {
        chrome: ctx.chrome("door-title"),
        area: door.code.area.clone(),
        problem: carried.next == "choose",
        home: door.home(&carried).map(|id| id.to_string()).unwrap_or_default(),
        door,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    code: String,
}

#[derive(Template)]
#[template(path = "door/type.html")]
struct TypePage {
    chrome: Chrome,
    typed: String,
    problems: Problems,
}

/// For whom the camera does not work: the letters under the code, typed.
async fn by_hand(ctx: Ctx, Query(typed): Query<Typed>) -> WebResult {
    let plain: String = typed.code.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    if !plain.is_empty() {
        return Ok(Redirect::to(&format!("/d/{}", plain.to_ascii_lowercase())).into_response());
    }
    let page = TypePage { chrome: ctx.chrome("door-type"), typed: typed.code, problems: Problems::none() };
    Ok(ctx.page(&page)?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/d", Access::Public, by_hand), Route::get("/d/{token}", Access::Public, show)]
}
