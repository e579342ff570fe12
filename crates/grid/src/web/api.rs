//! Maps and places for programs, and for the map on our own pages.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse as _,
};
use linli_kernel::{AreaCode, Error, Result, area::AreaLevel, error::Check};
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asks, Operation, schema},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Atlas, AtlasPort,
    geometry::{Datum, Wgs84},
};

/// What this file serves.
pub(super) fn operations() -> Vec<Operation> {
    let crs = |o: Operation| o.query("crs", "datum of the positions", schema::words(Datum::ALL));
    let within = |o: Operation| o.query("within", "only inside this area", schema::area());
    let geojson = |o: Operation| {
        o.file("A FeatureCollection", &["application/geo+json"])
            .answers_nothing(304, "Unchanged since If-None-Match")
    };
    let levels = schema::words(&["district", "street", "community", "grid"]);
    let of_areas =
        Operation::get("/api/v1/areas.geojson", Access::Public, "Areas of one level with their land", areas);
    let of_grids = Operation::get("/api/v1/grids.geojson", Access::Public, "Grids with their land", grids);
    let of_place =
        Operation::get("/api/v1/locate", Access::Public, "The grid of a place and who serves there", locate)
            .query("lat", "latitude in degrees", schema::number())
            .query("lng", "longitude in degrees", schema::number())
            .answers(200, "The grid", schema::named("Located"));
    vec![
        geojson(crs(within(of_areas.query("level", "which level", levels)))),
        geojson(crs(within(of_grids))),
        crs(of_place),
    ]
}

#[derive(Debug, Deserialize)]
struct Wish {
    level: Option<String>,
    within: Option<String>,
    crs: Option<String>,
}

fn level(word: &str) -> Option<AreaLevel> {
    use AreaLevel::{Community, District, Grid, Street};
    [District, Street, Community, Grid].into_iter().find(|l| l.as_str() == word)
}

async fn areas(ctx: Ctx, headers: HeaderMap, Asks(wish): Asks<Wish>) -> WebResult {
    file(ctx, headers, wish, AreaLevel::Street).await
}

async fn grids(ctx: Ctx, headers: HeaderMap, Asks(wish): Asks<Wish>) -> WebResult {
    file(ctx, headers, Wish { level: None, ..wish }, AreaLevel::Grid).await
}

async fn file(ctx: Ctx, headers: HeaderMap, wish: Wish, usual: AreaLevel) -> WebResult {
    let mut check = Check::new();
    let mut level_of = |word: &str| check.parse("level", "grid-error-level", level(word));
    let level = wish.level.as_deref().map_or(Some(usual), &mut level_of);
    let datum = datum(&mut check, wish.crs.as_deref());
    let within = match wish.within.as_deref() {
        Some(text) => check.parse("within", "grid-error-area-code", text.parse::<AreaCode>().ok()),
        None => Some(ctx.district.area.clone()),
    };
    check.done()?;
    let (Some(level), Some(datum), Some(within)) = (level, datum, within) else {
        return Err(Error::field("level", "grid-error-level").into());
    };
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    // The first asking writes megabytes: not on a thread that answers others.
    let made = tokio::task::spawn_blocking(move || atlas.files().get(&atlas, level, &within, datum));
    let file = made.await.map_err(Error::internal)?.ok_or(Error::NotFound)?;
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|tags| tags.split(',').any(|tag| tag.trim() == file.tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/geo+json")], file.text.clone()).into_response()
    };
    let head = response.headers_mut();
    head.insert(header::ETAG, HeaderValue::from_str(&file.tag).map_err(Error::internal)?);
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    Ok(response)
}

fn datum(check: &mut Check, word: Option<&str>) -> Option<Datum> {
    word.map_or(Some(Datum::Wgs84), |word| check.parse("crs", "grid-error-crs", word.parse().ok()))
}

#[derive(Debug, Deserialize)]
struct Place {
    lat: Option<String>,
    lng: Option<String>,
    crs: Option<String>,
}

/// Which grid a place lies in, and who serves there: what hangs on its board.
#[derive(Debug, Serialize)]
pub struct Located {
    /// Code of the grid.
    pub code: AreaCode,
    /// Its name.
    pub name: String,
    /// With its community and street.
    pub path: String,
    /// The grid worker on the board.
    pub worker: Option<String>,
    /// The duty phone on the board.
    pub phone: Option<String>,
}

/// The grid of a place with its board; [`Error::NotFound`] outside every grid.
pub fn located(atlas: &Atlas, place: Wgs84) -> Result<Located> {
    // People stand on piers and borders: what lies within ten metres counts.
    let code = atlas.index().nearest(place, 10.0).ok_or(Error::NotFound)?;
    let area = atlas.area(code).ok_or(Error::NotFound)?;
    Ok(Located {
        code: code.clone(),
        name: area.name.clone(),
        path: atlas.path(code),
        worker: area.worker.as_ref().map(|w| w.name.clone()),
        phone: area.worker.as_ref().and_then(|w| w.phone.clone()),
    })
}

async fn locate(ctx: Ctx, Asks(asked): Asks<Place>) -> WebResult<Json<Located>> {
    let mut check = Check::new();
    let number = |text: Option<&String>| text.and_then(|t| t.trim().parse::<f64>().ok());
    let lat = check.parse("lat", "grid-error-coordinate", number(asked.lat.as_ref()));
    let lng = check.parse("lng", "grid-error-coordinate", number(asked.lng.as_ref()));
    let datum = datum(&mut check, asked.crs.as_deref());
    check.done()?;
    let place = lat.zip(lng).zip(datum).and_then(|((lat, lng), datum)| Wgs84::labelled(datum, lng, lat));
    let place = place.ok_or_else(|| Error::field("lat", "grid-error-coordinate"))?;
    let atlas: Arc<Atlas> = ctx.district.port::<AtlasPort>()?.get();
    Ok(Json(located(&atlas, place)?))
}

/// What is described by name.
pub(super) fn schemas() -> Value {
    json!({ "Located": schema::object([
        ("code", schema::area()),
        ("name", schema::text()),
        ("path", schema::text()),
        ("worker", schema::maybe(schema::text())),
        ("phone", schema::maybe(schema::text())),
    ]) })
}

/// Where the file of `level` inside `within` is, for the map of a page.
pub fn map_source(level: AreaLevel, within: &AreaCode) -> String {
    format!("/api/v1/areas.geojson?level={}&within={within}", level.as_str())
}
