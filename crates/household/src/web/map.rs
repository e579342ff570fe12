//! What the maps of the register draw: areas in the colour of their freshness, houses as points.

use axum::{
    Json,
    extract::Query,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_kernel::area::AreaLevel;
use linli_web::{Access, Ctx, Route, WebResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, tone};
use crate::read;

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

async fn areas(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    let level = match at.level() {
        AreaLevel::District => AreaLevel::Street,
        AreaLevel::Street => AreaLevel::Community,
        AreaLevel::Community | AreaLevel::Grid => AreaLevel::Grid,
    };
    let figures = read::freshness(&mut ctx.read().await?, &desk.scope, &at, level, ctx.now()).await?;
    let shown = desk.atlas.within(&at).filter(|a| a.level() == level);
    let features = shown.filter_map(|area| {
        let polygons = &area.shape.as_ref()?.polygons().0;
        let rings = polygons.iter().map(|polygon| {
            let all = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            all.map(|ring| ring.0.iter().map(|c| [metre(c.x), metre(c.y)]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        });
        let own = figures.iter().find(|f| f.area == area.code);
        let share = own.and_then(read::Freshness::share);
        let note = own.map(|f| {
            let percent = format!("{:.1}", f.share().unwrap_or(0.0) * 100.0);
            ctx.locale.t_with("household-map-note", &[("percent", percent), ("stale", f.stale().to_string())])
        });
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": rings.collect::<Vec<_>>() },
            "properties": {
                "kind": area.level().as_str(), "name": area.name, "code": area.code, "tone": tone(share),
                "note": note, "url": format!("/homes?at={}", area.code),
            },
        }))
    });
    Ok(answer(features.collect()))
}

async fn houses(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult<Response> {
    let desk = Desk::of(&ctx, "household.list")?;
    let at = desk.area(&ctx, &asked.at)?;
    if at.level() != AreaLevel::Grid {
        return Ok(answer(Vec::new()));
    }
    let found = read::buildings(&mut ctx.read().await?, &desk.scope, &at, ctx.now(), HOUSES).await?;
    let features = found.into_iter().filter_map(|house| {
        let (lat, lng) = house.lat.zip(house.lng)?;
        let share = (house.homes > 0).then(|| house.fresh as f64 / house.homes as f64);
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [lng, lat] },
            "properties": {
                "title": format!("{}{}", house.place, house.name),
                "no": ctx.locale.t_with("household-homes-n", &[("n", house.homes.to_string())]),
                "url": format!("/homes/house/{}", house.id), "tone": tone(share),
            },
        }))
    });
    Ok(answer(features.collect()))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/map/areas.geojson", Access::May("household.list"), areas),
        Route::get("/homes/map/houses.geojson", Access::May("household.list"), houses),
    ]
}
