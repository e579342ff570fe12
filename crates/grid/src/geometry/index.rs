//! Which grid is this place in (落格)? Answered in memory, in microseconds.

use geo::{
    BoundingRect as _, Contains as _, Coord, Distance as _, Euclidean, Line, LinesIter as _, Point, Polygon,
};
use linli_kernel::AreaCode;
use rstar::{AABB, Envelope as _, PointDistance, RTree, RTreeObject};

use super::{Shape, Wgs84, shape::metres_per_degree};

/// One polygon of a grid in the tree. The polygon is shared with nothing, so a look-up follows no pointers.
#[derive(Debug)]
struct Leaf {
    /// Index into `codes`.
    grid: usize,
    envelope: AABB<[f64; 2]>,
    polygon: Polygon<f64>,
}

impl RTreeObject for Leaf {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

impl PointDistance for Leaf {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        Euclidean.distance(&Point::new(point[0], point[1]), &self.polygon).powi(2)
    }
    fn contains_point(&self, point: &[f64; 2]) -> bool {
        self.polygon.contains(&Coord { x: point[0], y: point[1] })
    }
}

/// The grids of a district by place.
#[derive(Debug, Default)]
pub struct GridIndex {
    codes: Vec<AreaCode>,
    tree: RTree<Leaf>,
}

impl GridIndex {
    /// Builds the tree; later codes do not hide earlier ones, an overlap answers the smallest code.
    pub fn build<'a>(grids: impl IntoIterator<Item = (AreaCode, &'a Shape)>) -> Self {
        let mut codes = Vec::new();
        let mut leaves = Vec::new();
        for (code, shape) in grids {
            for polygon in shape.polygons() {
                let Some(rect) = polygon.bounding_rect() else { continue };
                let envelope = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
                leaves.push(Leaf { grid: codes.len(), envelope, polygon: polygon.clone() });
            }
            codes.push(code);
        }
        Self { codes, tree: RTree::bulk_load(leaves) }
    }

    /// How many grids it holds.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The grid that the place lies in; none outside every grid (the case then goes to the district centre).
    pub fn locate(&self, place: Wgs84) -> Option<&AreaCode> {
        self.tree.locate_all_at_point(&[place.lon, place.lat]).map(|leaf| &self.codes[leaf.grid]).min()
    }

    /// The nearest grid within `metres`: for a place on a border, on a pier, or a little off the shore.
    pub fn nearest(&self, place: Wgs84, metres: f64) -> Option<&AreaCode> {
        if let Some(inside) = self.locate(place) {
            return Some(inside);
        }
        let (east, _) = metres_per_degree(place.lat);
        // A degree east is the shorter one here, so this radius is never too small.
        let degrees = metres / east;
        self.tree
            .locate_within_distance([place.lon, place.lat], degrees * degrees)
            .map(|leaf| (ground_distance(&leaf.polygon, place), &self.codes[leaf.grid]))
            .filter(|(distance, _)| *distance <= metres)
            .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))
            .map(|(_, code)| code)
    }

    /// The grids that share a border of more than a metre with `code` (邻格), in order of code.
    ///
    /// Drawn by different hands, two borders rarely have the same corners: edges count as shared
    /// where they run within `slack` metres of each other.
    pub fn neighbours(&self, code: &AreaCode, slack: f64) -> Vec<AreaCode> {
        let mut found: Vec<AreaCode> = Vec::new();
        for own in self.tree.iter().filter(|leaf| self.codes[leaf.grid] == *code) {
            let (east, north) = metres_per_degree(own.envelope.center()[1]);
            let (low, high) = (own.envelope.lower(), own.envelope.upper());
            let (dx, dy) = (slack / east, slack / north);
            let wide = AABB::from_corners([low[0] - dx, low[1] - dy], [high[0] + dx, high[1] + dy]);
            for other in self.tree.locate_in_envelope_intersecting(&wide) {
                let name = &self.codes[other.grid];
                if name != code
                    && !found.contains(name)
                    && share_border(&own.polygon, &other.polygon, (east, north), slack)
                {
                    found.push(name.clone());
                }
            }
        }
        found.sort();
        found
    }
}

/// Metres from the place to the polygon's border.
fn ground_distance(polygon: &Polygon<f64>, place: Wgs84) -> f64 {
    let scale = metres_per_degree(place.lat);
    let flat = |c: Coord<f64>| flatten(c, place.coord(), scale);
    let here = Point::new(0.0, 0.0);
    polygon
        .lines_iter()
        .map(|line| Euclidean.distance(&here, &Line::new(flat(line.start), flat(line.end))))
        .fold(f64::INFINITY, f64::min)
}

fn flatten(c: Coord<f64>, origin: Coord<f64>, (east, north): (f64, f64)) -> Coord<f64> {
    Coord { x: (c.x - origin.x) * east, y: (c.y - origin.y) * north }
}

fn share_border(a: &Polygon<f64>, b: &Polygon<f64>, scale: (f64, f64), slack: f64) -> bool {
    let Some(origin) = a.exterior().0.first().copied() else { return false };
    let edges = |p: &Polygon<f64>| -> Vec<Line<f64>> {
        p.lines_iter()
            .map(|l| Line::new(flatten(l.start, origin, scale), flatten(l.end, origin, scale)))
            .collect()
    };
    let (a, b) = (edges(a), edges(b));
    // A long edge beside several short ones shows only from the short side, so both ways are counted.
    beside(&a, &b, slack) > 1.0 || beside(&b, &a, slack) > 1.0
}

/// Metres of those `edges` that run beside one of `others` from end to end.
fn beside(edges: &[Line<f64>], others: &[Line<f64>], slack: f64) -> f64 {
    let near = |c: Coord<f64>, line: &Line<f64>| Euclidean.distance(&Point::from(c), line) <= slack;
    edges
        .iter()
        .filter(|edge| others.iter().any(|other| near(edge.start, other) && near(edge.end, other)))
        .map(|edge| edge.dx().hypot(edge.dy()))
        .filter(|length| *length > 2.0 * slack)
        .sum()
}
