//! What the maps of the register draw: areas and houses in the colour of their freshness, or of how many of their
//! homes were visited this quarter (季走访覆盖).

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::Query,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_web::{Access, Ctx, Route, WebResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, overview::below, tone};
use crate::{read, rhythm};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
}

/// Houses of one grid on its map.
const HOUSES: i64 = 400;

fn answer(features: Vec<Value>) -> Response {
    let mut response = Json(json!({ "type": "FeatureCollection", "features": features })).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    response
}

/// Five decimals are one metre, enough for a screen.
fn metre(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

/// How an area is drawn: how much of it is as it should be (0 to 1), and what is said of it.
pub(super) struct Paint {
    pub(super) area: AreaCode,
    pub(super) share: Option<f64>,
    pub(super) note: String,
}

/// The parts of `at`, each in its colour; a touch leads to its page under `path`, also where nothing is registered yet.
pub(super) fn painted(desk: &Desk, path: &str, at: &AreaCode, paints: Vec<Paint>) -> Response {
    let level = below(at.level());
    let mut paints: BTreeMap<AreaCode, Paint> = paints.into_iter().map(|p| (p.area.clone(), p)).collect();
    let shown = desk.atlas.within(at).filter(|a| a.level() == level);
    let features = shown.filter_map(|area| {
        let polygons = &area.shape.as_ref()?.polygons().0;
        let rings = polygons.iter().map(|polygon| {
            let all = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            all.map(|ring| ring.0.iter().map(|c| [metre(c.x), metre(c.y)]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        });
        let own = paints.remove(&area.code);
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": rings.collect::<Vec<_>>() },
            "properties": {
                "kind": area.level().as_str(), "name": area.name, "code": area.code,
                "tone": tone(own.as_ref().and_then(|p| p.share)),
                "note": own.as_ref().map(|p| &p.note), "url": format!("{path}?at={}", area.code),
            },
        }))
    });
    answer(features.collect())
}

async fn fresh_areas(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    let mut conn = ctx.read().await?;
    let figures = read::freshness(&mut conn, &desk.scope, &at, below(at.level()), ctx.now()).await?;
    drop(conn);
    let paint = |f: read::Freshness| {
        let percent = format!("{:.1}", f.share().unwrap_or(0.0) * 100.0);
        let words = [("percent", percent), ("stale", f.stale().to_string())];
        Paint { share: f.share(), note: ctx.locale.t_with("household-map-note", &words), area: f.area }
    };
    Ok(painted(&desk, "/homes", &at, figures.into_iter().map(paint).collect()))
}

async fn visited_areas(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "rhythm.read")?;
    let at = desk.area(&ctx, &asked.at)?;
    let mut conn = ctx.read().await?;
    let figures = rhythm::figures(&mut conn, &desk.scope, &at, below(at.level()), ctx.now()).await?;
    drop(conn);
    let paint = |f: rhythm::Figures| {
        let percent = format!("{:.1}", f.coverage().unwrap_or(0.0) * 100.0);
        let words = [("percent", percent), ("due", (f.homes - f.visited).to_string())];
        Paint { share: f.coverage(), note: ctx.locale.t_with("rhythm-map-note", &words), area: f.area }
    };
    Ok(painted(&desk, "/homes/rhythm", &at, figures.into_iter().map(paint).collect()))
}

/// A house as a point, in the colour of the share of its homes that are as they should be.
fn point(ctx: &Ctx, house: read::BuildingRow, share: Option<f64>, note: Option<String>) -> Option<Value> {
    let (lat, lng) = house.lat.zip(house.lng)?;
    Some(json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [lng, lat] },
        "properties": {
            "title": format!("{}{}", house.place, house.name),
            "no": note.unwrap_or_else(|| ctx.locale.t_with("household-homes-n", &[("n", house.homes.to_string())])),
            "url": format!("/homes/house/{}", house.id), "tone": tone(share),
        },
    }))
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

async fn fresh_houses(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    if at.level() != AreaLevel::Grid {
        return Ok(answer(Vec::new()));
    }
    let found = read::buildings(&mut ctx.read().await?, &desk.scope, &at, ctx.now(), HOUSES).await?;
    let points = found.into_iter().filter_map(|house| {
        let share = share(house.fresh, house.homes);
        point(&ctx, house, share, None)
    });
    Ok(answer(points.collect()))
}

async fn visited_houses(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "rhythm.read")?;
    let at = desk.area(&ctx, &asked.at)?;
    if at.level() != AreaLevel::Grid {
        return Ok(answer(Vec::new()));
    }
    let mut conn = ctx.read().await?;
    let found = read::buildings(&mut conn, &desk.scope, &at, ctx.now(), HOUSES).await?;
    let visited = rhythm::visited_by_house(&mut conn, &desk.scope, &at, ctx.now()).await?;
    drop(conn);
    let points = found.into_iter().filter_map(|house| {
        let met = visited.get(&house.id).copied().unwrap_or(0);
        let words = [("met", met.to_string()), ("homes", house.homes.to_string())];
        let note = ctx.locale.t_with("rhythm-map-house", &words);
        let share = share(met, house.homes);
        point(&ctx, house, share, Some(note))
    });
    Ok(answer(points.collect()))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/map/areas.geojson", Access::May("household.list"), fresh_areas),
        Route::get("/homes/map/houses.geojson", Access::May("household.list"), fresh_houses),
        Route::get("/homes/map/visited-areas.geojson", Access::May("rhythm.read"), visited_areas),
        Route::get("/homes/map/visited-houses.geojson", Access::May("rhythm.read"), visited_houses),
    ]
}
