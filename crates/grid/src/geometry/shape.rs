//! An area's shape (范围): one or several polygons with holes, in WGS-84, checked when read.

use geo::{
    Area as _, BoundingRect as _, Centroid as _, Contains as _, Coord, InteriorPoint as _, LineString,
    MultiPolygon, Polygon,
};

use super::{Datum, Gcj02, Wgs84};

/// A checked shape: every ring closed, with area, without crossings, inside the bounds of lon and lat.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape(MultiPolygon<f64>);

impl Shape {
    /// Takes polygons over that [`super::parse`] or a generator has made sound.
    pub(crate) const fn sound(polygons: MultiPolygon<f64>) -> Self {
        Self(polygons)
    }

    /// The polygons.
    pub const fn polygons(&self) -> &MultiPolygon<f64> {
        &self.0
    }

    /// Whether the place lies inside (on the border counts as neither in nor out).
    pub fn contains(&self, place: Wgs84) -> bool {
        self.0.contains(&place.coord())
    }

    /// The smallest box around it: south-west and north-east corner.
    pub fn bounds(&self) -> (Wgs84, Wgs84) {
        let zero = Wgs84 { lon: 0.0, lat: 0.0 };
        self.0.bounding_rect().map_or((zero, zero), |rect| (wgs84(rect.min()), wgs84(rect.max())))
    }

    /// The middle of the area (重心); for a bent shape it may lie outside.
    pub fn centroid(&self) -> Wgs84 {
        self.0.centroid().map_or_else(|| self.bounds().0, |point| wgs84(point.0))
    }

    /// A place that surely lies inside: where a label or a marker goes.
    pub fn label_point(&self) -> Wgs84 {
        let centre = self.centroid();
        if self.contains(centre) {
            return centre;
        }
        self.0.interior_point().map_or(centre, |point| wgs84(point.0))
    }

    /// Square metres, on a plane that touches the Earth at the shape's own latitude.
    pub fn square_metres(&self) -> f64 {
        square_metres(&self.0)
    }
}

/// Square metres of polygons in degrees; good to a thousandth for anything smaller than a city.
pub(crate) fn square_metres(polygons: &MultiPolygon<f64>) -> f64 {
    let Some(rect) = polygons.bounding_rect() else { return 0.0 };
    let (east, north) = metres_per_degree(rect.center().y);
    polygons.unsigned_area() * east * north
}

/// Metres of one degree to the east and to the north at `lat` (WGS-84 series).
pub fn metres_per_degree(lat: f64) -> (f64, f64) {
    let lat = lat.to_radians();
    let east = 111_412.84 * lat.cos() - 93.5 * (3.0 * lat).cos() + 0.118 * (5.0 * lat).cos();
    let north = 111_132.92 - 559.82 * (2.0 * lat).cos() + 1.175 * (4.0 * lat).cos();
    (east, north)
}

/// The same rings for `datum`, as coordinates for GeoJSON.
pub(crate) fn rings_in(shape: &Shape, datum: Datum) -> Vec<Vec<Vec<[f64; 2]>>> {
    let point = |c: &Coord<f64>| match datum {
        Datum::Wgs84 => [seven(c.x), seven(c.y)],
        Datum::Gcj02 => {
            let Gcj02 { lon, lat } = wgs84(*c).to_gcj02();
            [seven(lon), seven(lat)]
        }
    };
    let ring = |r: &LineString<f64>| r.0.iter().map(point).collect::<Vec<_>>();
    let polygon =
        |p: &Polygon<f64>| std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect::<Vec<_>>();
    shape.0.iter().map(polygon).collect()
}

/// Seven decimals are one centimetre: more is noise in a file.
fn seven(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

pub(crate) const fn wgs84(c: Coord<f64>) -> Wgs84 {
    Wgs84 { lon: c.x, lat: c.y }
}
