//! GeoJSON in and out. What comes in is checked ring by ring, so that the person who imports
//! hears which polygon is wrong, where, and in which way.

use geo::{Area as _, Coord, LineString, MultiPolygon, Orient as _, Polygon, orient::Direction};
use serde_json::{Map, Value, json};

use super::{Datum, Shape, Wgs84, shape::rings_in};

/// Why a geometry is refused. `key()` is its sentence in the locale files.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but no Polygon, MultiPolygon, Feature or FeatureCollection of them.
    #[error("not a polygon: {0}")]
    NotPolygon(String),
    /// A ring has fewer than three different corners.
    #[error("ring {ring} has fewer than three corners")]
    TooFewPoints {
        /// Counted from 1 through all rings.
        ring: usize,
    },
    /// A ring does not end where it began.
    #[error("ring {ring} is not closed")]
    NotClosed {
        /// Counted from 1 through all rings.
        ring: usize,
    },
    /// A number that can be no longitude or latitude.
    #[error("ring {ring} has a position outside the bounds: {lon}, {lat}")]
    OutOfBounds {
        /// Counted from 1 through all rings.
        ring: usize,
        /// As given.
        lon: f64,
        /// As given.
        lat: f64,
    },
    /// Two edges of a ring cross each other.
    #[error("ring {ring} crosses itself near {lon}, {lat}")]
    Crossing {
        /// Counted from 1 through all rings.
        ring: usize,
        /// Near here.
        lon: f64,
        /// Near here.
        lat: f64,
    },
    /// All corners on one line.
    #[error("ring {ring} has no area")]
    NoArea {
        /// Counted from 1 through all rings.
        ring: usize,
    },
}

impl ShapeError {
    /// The locale key of the sentence.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "grid-shape-not-json",
            Self::NotPolygon(_) => "grid-shape-not-polygon",
            Self::TooFewPoints { .. } => "grid-shape-too-few-points",
            Self::NotClosed { .. } => "grid-shape-not-closed",
            Self::OutOfBounds { .. } => "grid-shape-out-of-bounds",
            Self::Crossing { .. } => "grid-shape-crossing",
            Self::NoArea { .. } => "grid-shape-no-area",
        }
    }
}

/// One feature of a file: its properties and its shape, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// As the file says; an importer looks here for the code.
    pub properties: Map<String, Value>,
    /// The checked shape.
    pub shape: Result<Shape, ShapeError>,
}

impl Shape {
    /// Reads one geometry or feature whose positions are in `datum`.
    pub fn from_geojson(text: &str, datum: Datum) -> Result<Self, ShapeError> {
        shape_of(&json_of(text)?, datum)
    }

    /// A GeoJSON geometry in `datum`.
    pub fn to_geojson(&self, datum: Datum) -> Value {
        let mut polygons = rings_in(self, datum);
        if polygons.len() == 1 {
            return json!({ "type": "Polygon", "coordinates": polygons.remove(0) });
        }
        json!({ "type": "MultiPolygon", "coordinates": polygons })
    }

    /// Checks rings (outer first, then holes) of several polygons given in WGS-84.
    pub fn from_rings(polygons: Vec<Vec<Vec<Wgs84>>>) -> Result<Self, ShapeError> {
        let mut number = 0;
        let mut out = Vec::with_capacity(polygons.len());
        for rings in polygons {
            let mut lines = Vec::with_capacity(rings.len());
            for ring in rings {
                number += 1;
                lines.push(checked(number, &ring)?);
            }
            let mut lines = lines.into_iter();
            let Some(outer) = lines.next() else { return Err(ShapeError::TooFewPoints { ring: number + 1 }) };
            out.push(Polygon::new(outer, lines.collect()));
        }
        if out.is_empty() {
            return Err(ShapeError::NotPolygon("empty".to_owned()));
        }
        Ok(Self::sound(MultiPolygon(out).orient(Direction::Default)))
    }
}

/// Reads every feature of a file (a bare geometry counts as one feature without properties).
pub fn read_features(text: &str, datum: Datum) -> Result<Vec<Feature>, ShapeError> {
    let value = json_of(text)?;
    let one = |feature: &Value| Feature {
        properties: feature.get("properties").and_then(Value::as_object).cloned().unwrap_or_default(),
        shape: shape_of(feature, datum),
    };
    match value.get("features").and_then(Value::as_array) {
        Some(features) => Ok(features.iter().map(one).collect()),
        None if value.get("type").is_some() => Ok(vec![one(&value)]),
        None => Err(ShapeError::NotPolygon("no type".to_owned())),
    }
}

fn json_of(text: &str) -> Result<Value, ShapeError> {
    serde_json::from_str(text.trim_start_matches('\u{FEFF}')).map_err(|e| ShapeError::NotJson(e.to_string()))
}

fn shape_of(value: &Value, datum: Datum) -> Result<Shape, ShapeError> {
    let geometry = value.get("geometry").filter(|g| !g.is_null()).unwrap_or(value);
    let kind = geometry.get("type").and_then(Value::as_str).unwrap_or("nothing");
    let coordinates = geometry.get("coordinates").unwrap_or(&Value::Null);
    let polygons: Vec<Vec<Vec<Vec<f64>>>> = match kind {
        "Polygon" => serde_json::from_value(coordinates.clone()).map(|p| vec![p]),
        "MultiPolygon" => serde_json::from_value(coordinates.clone()),
        other => return Err(ShapeError::NotPolygon(other.to_owned())),
    }
    .map_err(|e| ShapeError::NotPolygon(e.to_string()))?;
    let mut number = 0;
    let mut read = Vec::with_capacity(polygons.len());
    for polygon in polygons {
        let mut rings = Vec::with_capacity(polygon.len());
        for ring in polygon {
            number += 1;
            rings.push(positions(number, &ring, datum)?);
        }
        read.push(rings);
    }
    Shape::from_rings(read)
}

fn positions(ring: usize, given: &[Vec<f64>], datum: Datum) -> Result<Vec<Wgs84>, ShapeError> {
    given
        .iter()
        .map(|position| match position.as_slice() {
            [lon, lat, ..] => Wgs84::labelled(datum, *lon, *lat).ok_or(ShapeError::OutOfBounds {
                ring,
                lon: *lon,
                lat: *lat,
            }),
            _ => Err(ShapeError::NotPolygon(format!("ring {ring}: a position needs two numbers"))),
        })
        .collect()
}

fn checked(ring: usize, given: &[Wgs84]) -> Result<LineString<f64>, ShapeError> {
    let mut corners: Vec<Coord<f64>> = given.iter().map(|place| place.coord()).collect();
    for place in given {
        if Wgs84::new(place.lon, place.lat).is_none() {
            return Err(ShapeError::OutOfBounds { ring, lon: place.lon, lat: place.lat });
        }
    }
    if corners.len() > 1 && corners.first() != corners.last() {
        return Err(ShapeError::NotClosed { ring });
    }
    corners.dedup();
    if corners.len() < 4 {
        return Err(ShapeError::TooFewPoints { ring });
    }
    if let Some(at) = first_crossing(&corners) {
        return Err(ShapeError::Crossing { ring, lon: at.x, lat: at.y });
    }
    let line = LineString(corners);
    if Polygon::new(line.clone(), Vec::new()).unsigned_area() <= 0.0 {
        return Err(ShapeError::NoArea { ring });
    }
    Ok(line)
}

/// Where two edges that are not neighbours meet, or an edge runs back over the one before.
///
/// A sweep over the edges sorted by their western end: near linear for the rings that people draw.
fn first_crossing(closed: &[Coord<f64>]) -> Option<Coord<f64>> {
    let count = closed.len() - 1;
    let edge = |i: usize| (closed[i], closed[i + 1]);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| west(edge(*a)).total_cmp(&west(edge(*b))));
    for (nth, &i) in order.iter().enumerate() {
        let east = closed[i].x.max(closed[i + 1].x);
        for &j in order[nth + 1..].iter().take_while(|j| west(edge(**j)) <= east) {
            let (first, second) = if i < j { (i, j) } else { (j, i) };
            let (a, b) = (edge(first), edge(second));
            let neighbours = second == first + 1 || (first == 0 && second == count - 1);
            let met = if neighbours {
                let (tip, back) = if second == first + 1 { (a.0, b.1) } else { (a.1, b.0) };
                let joint = if second == first + 1 { a.1 } else { a.0 };
                runs_back(joint, tip, back)
            } else {
                meet(a, b)
            };
            if met {
                return Some(a.1);
            }
        }
    }
    None
}

fn west(edge: (Coord<f64>, Coord<f64>)) -> f64 {
    edge.0.x.min(edge.1.x)
}

/// Whether `p` lies left (> 0) or right (< 0) of the way from `a` to `b`.
fn side(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> f64 {
    (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
}

fn runs_back(joint: Coord<f64>, tip: Coord<f64>, back: Coord<f64>) -> bool {
    let along = (tip.x - joint.x) * (back.x - joint.x) + (tip.y - joint.y) * (back.y - joint.y);
    side(joint, tip, back) == 0.0 && along > 0.0
}

fn meet(a: (Coord<f64>, Coord<f64>), b: (Coord<f64>, Coord<f64>)) -> bool {
    let low = |e: (Coord<f64>, Coord<f64>)| e.0.y.min(e.1.y);
    let high = |e: (Coord<f64>, Coord<f64>)| e.0.y.max(e.1.y);
    if low(a) > high(b) || low(b) > high(a) || west(a) > b.0.x.max(b.1.x) || west(b) > a.0.x.max(a.1.x) {
        return false;
    }
    let (b0, b1) = (side(a.0, a.1, b.0), side(a.0, a.1, b.1));
    let (a0, a1) = (side(b.0, b.1, a.0), side(b.0, b.1, a.1));
    b0 * b1 <= 0.0 && a0 * a1 <= 0.0
}
