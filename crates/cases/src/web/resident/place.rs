//! Where somebody is: the grid of a position, of a QR code at a door, and its board.

use askama::Template;
use axum::{
    Json,
    extract::{Path, Query},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use linli_grid::{Area, Atlas, AtlasPort, geometry::Wgs84};
use linli_kernel::{AreaCode, Error, Result, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult, qr};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{card::Card, memory};

#[derive(Deserialize)]
struct Position {
    lat: Option<f64>,
    lng: Option<f64>,
}

/// The grid of a position: for scripts its name, for people its board.
async fn at(ctx: Ctx, headers: HeaderMap, Query(position): Query<Position>) -> WebResult {
    let place = position.lat.zip(position.lng).and_then(|(lat, lng)| Wgs84::new(lng, lat));
    let place = place.ok_or_else(|| Error::field("lat", "resident-error-position"))?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let code = atlas.locate(place).ok_or(Error::NotFound)?;
    let json = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("json"));
    if json {
        return Ok(Json(json!({ "code": code, "name": atlas.path(code) })).into_response());
    }
    Ok(Redirect::to(&format!("/g/{code}")).into_response())
}

fn outline(area: &Area) -> Option<Value> {
    let polygons: Vec<Vec<Vec<[f64; 2]>>> = area
        .shape
        .as_ref()?
        .polygons()
        .iter()
        .map(|polygon| {
            std::iter::once(polygon.exterior())
                .chain(polygon.interiors())
                .map(|ring| ring.coords().map(|c| [round(c.x), round(c.y)]).collect())
                .collect()
        })
        .collect();
    Some(json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": polygons },
        "properties": { "kind": area.level().as_str(), "name": area.name, "code": area.code },
    }))
}

/// Ten centimetres are enough for a line on a phone.
fn round(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

/// The outlines around a place, for picking on a map: the grids of its street, else the streets.
fn around(atlas: &Atlas, district: &AreaCode, near: Option<&AreaCode>) -> Value {
    let street = near.and_then(|code| code.at(AreaLevel::Street));
    let features: Vec<Value> = match &street {
        Some(street) => {
            atlas.within(street).filter(|a| a.level() == AreaLevel::Grid).filter_map(outline).collect()
        }
        None => atlas.children(district).filter_map(outline).collect(),
    };
    json!({ "type": "FeatureCollection", "features": features })
}

#[derive(Deserialize)]
struct Near {
    near: Option<String>,
}

async fn outlines(ctx: Ctx, Query(near): Query<Near>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let near: Option<AreaCode> = near.near.and_then(|code| code.parse().ok());
    let body = around(&atlas, &ctx.district.area, near.as_ref());
    Ok(([(header::CACHE_CONTROL, "private, max-age=3600")], Json(body)).into_response())
}

/// A grid or a larger area of this district.
pub(super) fn known<'a>(atlas: &'a Atlas, district: &AreaCode, code: &str) -> Option<&'a Area> {
    let code: AreaCode = code.parse().ok()?;
    district.contains(&code).then(|| atlas.area(&code)).flatten()
}

#[derive(Template)]
#[template(path = "resident/grid.html")]
struct Board {
    chrome: Chrome,
    card: Card,
    is_grid: bool,
    /// The areas inside, to go on to the own grid.
    parts: Vec<(String, String)>,
    qr: Markup,
}

async fn board(ctx: Ctx, jar: CookieJar, Path(code): Path<String>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let area = known(&atlas, &ctx.district.area, &code).ok_or(Error::NotFound)?;
    let mut chrome = ctx.chrome("resident-grid-title");
    chrome.title.clone_from(&area.name);
    let page = Board {
        card: Card::of(&atlas, area),
        is_grid: area.level() == AreaLevel::Grid,
        parts: atlas.children(&area.code).map(|a| (a.code.to_string(), a.name.clone())).collect(),
        qr: qr::drawing(&format!("{}/q/{}", ctx.origin, area.code), &chrome.t("resident-grid-qr"))?,
        chrome,
    };
    Ok((memory::keep_grid(&ctx, jar, area), ctx.page(&page)?).into_response())
}

#[derive(Deserialize)]
struct Spot {
    /// Where exactly the code hangs, in words.
    at: Option<String>,
}

/// A QR code at a door or on a lamp post: straight to the report, with the place filled in.
async fn scanned(
    ctx: Ctx,
    jar: CookieJar,
    Path(code): Path<String>,
    Query(spot): Query<Spot>,
) -> WebResult<Response> {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let area = known(&atlas, &ctx.district.area, &code).ok_or(Error::NotFound)?;
    let mut target = format!("/report?area={}", area.code);
    if let Some(at) = spot.at.as_deref().map(str::trim).filter(|at| !at.is_empty()) {
        target.push_str("&at=");
        target.push_str(&encoded(at)?);
    }
    Ok((memory::keep_grid(&ctx, jar, area), Redirect::to(&target)).into_response())
}

/// One value of a query, encoded.
fn encoded(text: &str) -> Result<String> {
    askama::filters::urlencode_strict(text).map(|t| t.to_string()).map_err(Error::internal)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/where", Access::Public, at),
        Route::get("/where/outlines.geojson", Access::Public, outlines),
        Route::get("/g/{code}", Access::Public, board),
        Route::get("/q/{code}", Access::Public, scanned),
    ]
}
