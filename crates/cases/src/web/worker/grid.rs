//! My grid: the board that hangs at the door, and its numbers.

use askama::Template;
use axum::response::IntoResponse;
use linli_web::{Access, Chrome, Ctx, Route, WebResult};

use super::{Desk, scope};
use crate::read::{self, BoardCounts};

/// A grid or a larger area of one's own.
struct Place {
    code: String,
    name: String,
    path: String,
    residents: u32,
    households: u32,
    worker: Option<String>,
    deputy: Option<String>,
    middle: Option<(f64, f64)>,
    /// The grids inside, for a secretary.
    parts: Vec<(String, String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "worker/grid.html")]
struct Page {
    chrome: Chrome,
    places: Vec<Place>,
    counts: BoardCounts,
}

async fn show(ctx: Ctx) -> WebResult {
    let desk = Desk::of(&ctx)?;
    let counts =
        read::counts(&mut ctx.read().await?, &ctx.district, &scope(&ctx, "case.list")?, ctx.now()).await?;
    let places = desk
        .areas
        .iter()
        .filter_map(|code| desk.atlas.area(code))
        .map(|area| Place {
            code: area.code.to_string(),
            name: area.name.clone(),
            path: desk.atlas.path(&area.code),
            residents: area.residents,
            households: area.households,
            worker: area.worker.as_ref().map(|c| c.name.clone()),
            deputy: area.deputy.as_ref().map(|c| c.name.clone()),
            middle: area.centre.map(|c| (c.lat, c.lon)),
            parts: desk
                .atlas
                .children(&area.code)
                .map(|part| {
                    (part.code.to_string(), part.name.clone(), part.worker.as_ref().map(|w| w.name.clone()))
                })
                .collect(),
        })
        .collect();
    Ok(ctx.page(&Page { chrome: desk.chrome(&ctx, "tab-grid"), places, counts })?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/work/grid", Access::May("case.list"), show)]
}
