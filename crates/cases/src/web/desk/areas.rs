//! What the maps of the desks draw: areas around a place, and cases as points.

use axum::{
    Json,
    extract::Query,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_grid::{Atlas, atlas::Area};
use linli_kernel::{AreaCode, Timestamp, area::AreaLevel};
use linli_web::{Access, Ctx, Route, WebResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{room::Room, wanted::Wanted};
use crate::{model::CaseState, read};

#[derive(Deserialize)]
struct Around {
    r#in: Option<String>,
}

/// Five decimals are one metre, enough for a screen.
fn metre(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

fn feature(area: &Area) -> Option<Value> {
    let shape = area.shape.as_ref()?;
    let rings = shape.polygons().0.iter().map(|polygon| {
        let all = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        all.map(|ring| ring.0.iter().map(|c| [metre(c.x), metre(c.y)]).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    });
    Some(json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": rings.collect::<Vec<_>>() },
        "properties": {
            "kind": area.level().as_str(),
            "name": area.name,
            "code": area.code,
            "url": format!("/desk/cases?area={}&open=yes", area.code),
        },
    }))
}

/// The areas to draw around `code`: itself and what lies in it, two levels at most for a large one.
fn around(atlas: &Atlas, code: &AreaCode) -> Vec<Value> {
    let root = code.at(AreaLevel::Community).unwrap_or_else(|| code.clone());
    let shown = |level: AreaLevel| match root.level() {
        AreaLevel::District => matches!(level, AreaLevel::Street | AreaLevel::Grid),
        _ => level >= AreaLevel::Community,
    };
    atlas.within(&root).filter(|a| a.code == root || shown(a.level())).filter_map(feature).collect()
}

async fn areas(ctx: Ctx, Query(wish): Query<Around>) -> WebResult<Response> {
    let room = Room::enter(&ctx).await?;
    let code = wish.r#in.and_then(|c| c.parse().ok()).unwrap_or_else(|| ctx.district.area.clone());
    let features = around(&room.atlas, &code);
    let mut response = Json(json!({ "type": "FeatureCollection", "features": features })).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    // Borders change rarely, and a page asks for them at each opening.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"));
    Ok(response)
}

/// The colour of a point: what has broken, what is about to, what is done.
fn tone(properties: &Value, now: Timestamp) -> &'static str {
    let state = properties["state"].as_str().and_then(|s| s.parse::<CaseState>().ok());
    let due = properties["next_due"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    match due {
        _ if state.is_some_and(CaseState::is_over) => "ok",
        Some(due) if due < now => "bad",
        Some(due) if due.millis_since(now) < 3_600_000 => "warn",
        _ => "info",
    }
}

async fn cases(ctx: Ctx, Query(wanted): Query<Wanted>) -> WebResult<Response> {
    let mut room = Room::enter(&ctx).await?;
    let scope = room.scope(&ctx, "case.list");
    let filter = wanted.filter(&ctx, &room.access)?;
    let mut points = read::points(&mut room.conn, &scope, &filter).await?;
    if let Some(features) = points["features"].as_array_mut() {
        for feature in features {
            let properties = &mut feature["properties"];
            let tone = tone(properties, room.now);
            let id = properties["id"].as_str().unwrap_or_default().to_owned();
            properties["url"] = format!("/desk/cases/{id}").into();
            properties["no"] = properties["number"].take();
            properties["tone"] = tone.into();
        }
    }
    let mut response = Json(points).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    Ok(response)
}

pub(super) fn routes() -> Vec<Route> {
    let map = Access::May("map.view");
    vec![
        Route::get("/desk/map/areas.geojson", map, areas),
        Route::get("/desk/map/cases.geojson", Access::May("case.list"), cases),
    ]
}
